/** One message: what a person said, or the answer with what belongs to it. */
import { CircleAlert, RotateCcw } from "lucide-react";
import { memo, useMemo } from "react";
import { finder, type Named } from "@/engines/mentions";
import type { Row } from "@/engines/transcript";
import { MODE_LOOKS } from "@/shared/modes";
import { exact } from "@/shared/time";
import { Button } from "@/shared/ui/button";
import type { Schemas } from "@/shared/wire";
import { Markdown } from "./markdown";
import { Notes } from "./notes";
import { Proposals } from "./proposals";
import { numberOf, Sources } from "./sources";

type Query = Schemas["QueryResponse"];

export const Said = memo(function Said({ row }: { row: Row }) {
  const look = MODE_LOOKS.find(({ mode }) => mode === row.mode);
  return (
    <article aria-label="You" data-said data-mode={row.mode} className="ml-8 self-end">
      <p
        title={row.at ? exact(row.at) : undefined}
        className="max-h-72 overflow-y-auto rounded-lg border-l-3 border-mode bg-sunken px-3 py-2 whitespace-pre-wrap wrap-anywhere"
      >
        <span className="sr-only">{look?.name}: </span>
        {row.content}
      </p>
    </article>
  );
});

export const Answer = memo(function Answer({ row, onAgain }: { row: Row; onAgain: ((answer: string) => void) | null }) {
  const { state, metadata } = row;
  const query = metadata?.query ?? null;
  const names = useMemo(() => (query ? named(query) : []), [query]);
  const find = useMemo(() => (names.length > 0 ? finder(names) : null), [names]);
  const writing = state === "streaming";
  const text = writing ? row.content : prose(row, query);
  return (
    <article aria-label="Atelier" data-mode={row.mode} aria-busy={writing} className="flex flex-col gap-3">
      {text === "" && writing ? (
        <p className="caret text-ink-3">
          {row.mode === "query" ? "Looking" : row.mode === "data" ? "Reading" : "Thinking"}
        </p>
      ) : (
        <Markdown text={text} find={find} writing={writing} />
      )}
      {query && !writing && <Sources found={query} />}
      {metadata?.ingest && !writing && <Proposals read={metadata.ingest} />}
      {(state === "failed" || state === "stopped") && <Ended row={row} onAgain={onAgain} />}
      {!writing && <Notes row={row} />}
    </article>
  );
});

/** An answer by rules lists its sources in words too; those are shown below it, with more to each. */
function prose({ content, metadata }: Row, query: Query | null): string {
  if (!query || metadata?.answeredBy !== "rules" || query.results.length === 0) return content;
  return query.answer ?? content.split("\n", 1)[0] ?? content;
}

/** What the results are called; scenes also by their number, as answers name them. */
function named({ results }: Query): Named[] {
  return results.flatMap((result) => {
    const { title, source } = result;
    const record = { collection: source.collection, record: source.recordId };
    const number = numberOf(result);
    return [{ name: title, ...record }, ...(number === null ? [] : [{ name: `${number}. ${title}`, ...record }])];
  });
}

/** An answer that was not written to its end. */
function Ended({ row, onAgain }: { row: Row; onAgain: ((answer: string) => void) | null }) {
  const why = row.error ?? row.metadata?.fallback;
  const stopped = row.state === "stopped";
  return (
    <div
      role={stopped ? undefined : "alert"}
      className={`flex items-start gap-2 rounded-md border border-line p-2 text-sm ${stopped ? "bg-sunken" : "bg-bad-soft"}`}
    >
      <CircleAlert aria-hidden className={`mt-0.5 size-4 shrink-0 ${stopped ? "text-ink-3" : "text-bad"}`} />
      <p className="grow">
        {why ?? (stopped ? "Stopped. What was written is kept." : "The answer broke off. What was written is kept.")}
      </p>
      {onAgain && (
        <Button className="h-7 px-2" onClick={() => onAgain(row.id)}>
          <RotateCcw /> Ask again
        </Button>
      )}
    </div>
  );
}
