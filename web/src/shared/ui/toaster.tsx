/** Shows toasts; pointing at them or focusing them stops their clock. */
import clsx from "clsx";
import { X } from "lucide-react";
import { useEffect, useState } from "react";
import { dismiss, type Toast, useToasts } from "../toasts";
import { Button, IconButton } from "./button";

/** Milliseconds; errors and undo offers need longer to be read and reached (WCAG 2.2.1). */
const BRIEF = 5000;
const LONG = 12_000;

const EDGE = { info: "border-l-ink-3", success: "border-l-good", warning: "border-l-warn", error: "border-l-bad" };

export function Toaster() {
  const toasts = useToasts((state) => state.toasts);
  return (
    <section
      aria-label="Messages"
      aria-live="polite"
      className="fixed bottom-4 left-4 z-50 flex w-80 max-w-[calc(100vw-2rem)] flex-col gap-2"
    >
      {toasts.map((toast) => (
        <Note key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

function Note({ toast }: { toast: Toast }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => dismiss(toast.id), toast.action || toast.level === "error" ? LONG : BRIEF);
    return () => clearTimeout(timer);
  }, [held, toast]);
  return (
    <div
      role={toast.level === "error" ? "alert" : undefined}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
      className={clsx(
        "slide-in flex gap-2 rounded-lg border border-l-3 border-line bg-raised p-3 text-sm shadow-float",
        toast.message ? "items-start" : "items-center",
        EDGE[toast.level],
      )}
    >
      <div className="min-w-0 grow">
        <p className="font-medium">{toast.title}</p>
        {toast.message && <p className="text-ink-2">{toast.message}</p>}
      </div>
      {toast.action && (
        <Button
          look="plain"
          className="h-7 px-2"
          onClick={() => {
            toast.action?.run();
            dismiss(toast.id);
          }}
        >
          {toast.action.label}
        </Button>
      )}
      <IconButton label="Dismiss" className="-m-1" onClick={() => dismiss(toast.id)}>
        <X />
      </IconButton>
    </div>
  );
}
