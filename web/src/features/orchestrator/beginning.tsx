/** Before the first word: what a mode is for, with examples made of the project's own records. */
import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { examples } from "@/engines/examples";
import { MODE_LOOKS } from "@/shared/modes";
import { useMay, useProjectId } from "@/shared/place";
import { firstRecordsQuery } from "@/shared/queries";
import type { Mode } from "@/shared/wire";
import type { Talk } from "./talk";

const LEADS: Record<Mode, { title: string; text: string }> = {
  query: { title: "Ask the project", text: "Answers come from its records, and each one links to its source." },
  data: {
    title: "Tell it something",
    text: "In your own words, or as “key: value” lines, JSON, CSV or YAML; a text file can be dropped here. You see what was understood, and how good it is, before anything is saved.",
  },
  task: {
    title: "Order work",
    text: "The departments that your words concern work through it side by side. You see which those are while you write, and what each of them does as it happens.",
  },
  chat: {
    title: "Talk of anything",
    text: "The project stays out of it. Without a language model it can only tell of Atelier itself.",
  },
};

const COLLECTIONS = ["characters", "locations", "scenes"] as const;
export function Beginning({ talk, mode }: { talk: Talk; mode: Mode }) {
  const project = useProjectId();
  const editor = useMay("editor");
  const [characters, locations, scenes] = useQueries({
    queries: COLLECTIONS.map((collection) => firstRecordsQuery(project, collection)),
    combine: (results) => results.map(({ data }) => data?.docs.map(({ name }) => name) ?? []),
  });
  const known = { characters: characters ?? [], locations: locations ?? [], scenes: scenes ?? [] };
  const tries = (mode === "data" || mode === "task") && !editor ? [] : examples(mode, known);
  const { title, text } = LEADS[mode];
  const Icon = MODE_LOOKS.find((look) => look.mode === mode)?.icon;
  return (
    <div className="flex min-h-0 grow flex-col justify-end gap-3 overflow-y-auto p-4">
      {Icon && <Icon aria-hidden className="size-6 stroke-[1.5] text-mode" />}
      <h2 className="text-base font-semibold">{title}</h2>
      <p className="text-ink-2">{text}</p>
      {mode === "query" && tries.length === 0 && (
        <p className="text-ink-2">
          There is little to ask about yet.{" "}
          {editor && (
            <Link
              to="/projects/$project/imports/new"
              params={{ project }}
              className="text-accent underline underline-offset-2"
            >
              Bring in a screenplay
            </Link>
          )}
        </p>
      )}
      <ul className="flex flex-col items-start gap-1.5">
        {tries.map((words) => (
          <li key={words} className="max-w-full">
            <button
              type="button"
              // What would be kept or begun is looked over first; a question can be asked at once.
              onClick={() => (mode === "data" || mode === "task" ? talk.write(words) : void talk.say(mode, words))}
              className="max-w-full rounded-md border border-line bg-surface px-2.5 py-1.5 text-left text-sm whitespace-pre-wrap text-ink-2 wrap-anywhere transition-colors hover:border-mode hover:text-ink"
            >
              {words}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
