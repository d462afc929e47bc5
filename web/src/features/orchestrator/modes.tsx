/** The mode switch: four modes, of which the input below bears the colour. */
import clsx from "clsx";
import { layout } from "@/shared/layout";
import { MODE_LOOKS } from "@/shared/modes";
import { Tip } from "@/shared/ui/tip";
import type { Mode } from "@/shared/wire";

export function Modes({ mode }: { mode: Mode }) {
  return (
    <fieldset className="flex min-w-0 gap-0.5 rounded-md bg-sunken p-0.5">
      <legend className="sr-only">Mode</legend>
      {MODE_LOOKS.map(({ mode: value, name, icon: Icon, hint }, at) => (
        <Tip key={value} text={hint} shortcut={`Mod+${at + 1}`}>
          <label
            data-mode={value}
            className={clsx(
              "relative flex h-7 cursor-pointer items-center gap-1 rounded-sm px-1.5 text-sm font-medium transition-colors has-focus-visible:outline-2 has-focus-visible:outline-accent",
              value === mode ? "bg-raised text-mode shadow-[0_0_0_1px_var(--line)]" : "text-ink-2 hover:text-ink",
            )}
          >
            <input
              type="radio"
              name="mode"
              value={value}
              checked={value === mode}
              onChange={() => layout.choose(value)}
              className="absolute inset-0 cursor-pointer opacity-0"
            />
            <Icon aria-hidden className="size-3.5" />
            {name}
          </label>
        </Tip>
      ))}
    </fieldset>
  );
}
