/** Above the input of an order: which departments it concerns, who is added, how urgent it is, how it is divided, and what is saved unasked. */
import clsx from "clsx";
import { capital } from "@/engines/run";
import { sentence } from "@/shared/problem";
import { Tip } from "@/shared/ui/tip";
import type { Schemas } from "@/shared/wire";
import type { Ordering } from "./ordering";

const PRIORITIES: readonly Schemas["Priority"][] = ["low", "medium", "high", "critical"];

export function Concerned({ ordering }: { ordering: Ordering }) {
  const { departments, added, toggle, priority, setPriority, give } = ordering;
  const { autoIngest, setAutoIngest, oneByOne, setOneByOne } = ordering;
  return (
    <div className="flex flex-col gap-2 pb-2 text-xs">
      {give.error && (
        <p role="alert" className="rounded-md border border-line bg-bad-soft px-2 py-1.5 text-sm">
          This was not ordered. {sentence(give.error)}
        </p>
      )}
      <fieldset className="min-w-0">
        <legend className="sr-only">Departments</legend>
        <ul className="flex flex-wrap gap-1">
          {departments.map(({ name, agents, relevance, involved }) => {
            const chosen = added.includes(name);
            return (
              <li key={name}>
                <Tip
                  text={`${agents.join("; ")}${involved ? ` · concerned by your words: ${Math.round(relevance * 100)} %` : ""}`}
                >
                  <button
                    type="button"
                    aria-pressed={involved || chosen}
                    // What the words concern takes part in any case.
                    aria-disabled={involved || undefined}
                    onClick={() => involved || toggle(name)}
                    className={clsx(
                      "h-6 rounded-full border px-2 transition-colors",
                      involved || chosen
                        ? "border-mode bg-surface font-medium text-mode"
                        : "border-line text-ink-3 hover:border-line-strong hover:text-ink",
                      involved && "cursor-default!",
                    )}
                  >
                    {capital(name)}
                  </button>
                </Tip>
              </li>
            );
          })}
        </ul>
      </fieldset>
      <label className="flex items-center gap-1.5 self-start text-ink-3">
        Priority
        <select
          value={priority}
          onChange={({ target }) => setPriority(target.value as Schemas["Priority"])}
          className="h-6 rounded-md border border-line bg-surface px-1 text-ink-2 hover:border-line-strong"
        >
          {PRIORITIES.map((one) => (
            <option key={one} value={one}>
              {capital(one)}
            </option>
          ))}
        </select>
      </label>
      <Check on={oneByOne} onChange={setOneByOne}>
        Scene by scene, where that can be done
      </Check>
      <Check on={autoIngest} onChange={setAutoIngest}>
        Save what scores above 75 % without asking
      </Check>
    </div>
  );
}

function Check({ on, onChange, children }: { on: boolean; onChange: (on: boolean) => void; children: string }) {
  return (
    <label className="flex items-center gap-1.5 self-start text-ink-2">
      <input
        type="checkbox"
        checked={on}
        onChange={({ target }) => onChange(target.checked)}
        className="size-4 accent-mode"
      />
      {children}
    </label>
  );
}
