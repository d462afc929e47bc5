/** A message of one agent to others, as the step's log shows it. */
import { MessageCircle } from "lucide-react";
import type { Said } from "@/engines/said";

export function SaidEntry({ said }: { said: Said }) {
  const to = said.to.length > 0 ? said.to.join(", ") : "everybody";
  return (
    <span className="flex min-w-0 flex-col gap-0.5 rounded-md bg-sunken px-2 py-1 font-sans text-sm">
      <span className="flex flex-wrap items-center gap-x-1.5 text-xs text-ink-2">
        <MessageCircle aria-hidden className="size-3.5 shrink-0" />
        <span>
          {said.from} {said.does} {to}
        </span>
        <span className="font-mono text-ink-3">{said.topic}</span>
        {said.by !== null && <span className="text-ink-3">by {said.by}</span>}
        {said.remembered !== null && <span className="text-ink-3">kept as “{said.remembered}”</span>}
      </span>
      {said.words !== "" && <span className="wrap-anywhere">{said.words}</span>}
    </span>
  );
}
