/** The parts that two people changed at once, side by side; one click chooses. */
import { GitMerge } from "lucide-react";
import { get } from "@/engines/changes";
import { Button } from "@/shared/ui/button";
import type { CollectionSchema } from "@/shared/wire";
import type { Editing } from "./draft";
import { labelOf } from "./labels";
import { shown } from "./values";

export function Clashes({ editing, schema }: { editing: Editing; schema: CollectionSchema }) {
  if (editing.clashes.length === 0) return null;
  return (
    <section aria-label="Changes of both" className="m-6 mb-0 rounded-lg border border-line bg-warn-soft p-4 text-sm">
      <h2 className="flex items-center gap-2 font-medium">
        <GitMerge className="size-4 text-warn" /> Someone else changed the same while you were writing
      </h2>
      <ul className="mt-3 flex flex-col gap-3">
        {editing.clashes.map((clash) => {
          const label = labelOf(schema, clash.path);
          return (
            <li key={clash.path} className="grid gap-2 sm:grid-cols-2">
              {(["mine", "theirs"] as const).map((side) => (
                <div key={side} className="flex flex-col gap-2 rounded-md border border-line bg-surface p-3">
                  <p className="text-xs text-ink-3">
                    {label}: {side === "mine" ? "yours" : "theirs"}
                  </p>
                  <p className="line-clamp-6 grow whitespace-pre-wrap">
                    {shown(side === "mine" ? get(editing.draft, clash.path) : clash.theirs) || "nothing"}
                  </p>
                  <div>
                    <Button onClick={() => editing.settle(clash, side)}>
                      {side === "mine" ? "Keep mine" : "Take theirs"}
                    </Button>
                  </div>
                </div>
              ))}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
