/** Says that the connection is lost, and what still works. */
import { CloudOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useLive } from "@/shared/live";

/** A connection that comes back within this time was not worth a banner, in milliseconds. */
const PATIENCE = 1500;

export function Banner() {
  const lost = useLive((live) => live.state === "lost");
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(lost), lost ? PATIENCE : 0);
    return () => clearTimeout(timer);
  }, [lost]);
  return (
    <div role="status">
      {shown && (
        <p className="flex items-center justify-center gap-2 border-b border-line bg-warn-soft px-4 py-1.5 text-sm text-ink">
          <CloudOff className="size-4 text-warn" />
          The connection is lost; trying again. You can read what is already here. Changes are not sent until it is
          back.
        </p>
      )}
    </div>
  );
}
