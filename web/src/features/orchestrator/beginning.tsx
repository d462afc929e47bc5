/** What each mode is for, with something to try. */
import { MODE_LOOKS } from "@/shared/modes";
import type { Mode } from "@/shared/wire";
import { put } from "./words";

const LEADS: Record<Mode, { title: string; text: string; tries: string[] }> = {
  query: {
    title: "Ask the project",
    text: "Answers come from the records and the script, each with its source.",
    tries: ["Who has the most dialogue?", "Which scenes are at night?", "What happens at the harbour at night?"],
  },
  data: {
    title: "Tell it something",
    text: "Write in your own words, or paste JSON, CSV or YAML. You see what was understood, and how good it is, before anything is saved.",
    tries: ["Ines Falk, 52, is the harbour master. She distrusts Mara and keeps the keys to the old pier."],
  },
  task: {
    title: "Order work",
    text: "Here departments will work for you: story, character, visual and the others. They are not there yet; ask and tell until then.",
    tries: [],
  },
  chat: {
    title: "Talk of anything",
    text: "The project stays out of it. Without a language model it can only tell of Atelier itself; set one under Settings, Model.",
    tries: ["What can you do?"],
  },
};

export function Beginning({ mode }: { mode: Mode }) {
  const { title, text, tries } = LEADS[mode];
  const Icon = MODE_LOOKS.find((look) => look.mode === mode)?.icon;
  return (
    <div className="flex min-h-0 grow flex-col justify-end gap-3 overflow-y-auto p-5 text-sm">
      {Icon && <Icon className="size-6 stroke-[1.5] text-mode" />}
      <h2 className="text-base font-semibold">{title}</h2>
      <p className="text-ink-2">{text}</p>
      <ul className="flex flex-col items-start gap-1.5">
        {tries.map((words) => (
          <li key={words}>
            <button
              type="button"
              onClick={() => put(words)}
              className="rounded-md border border-line px-2.5 py-1.5 text-left text-ink-2 transition-colors hover:border-line-strong hover:text-ink"
            >
              {words}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
