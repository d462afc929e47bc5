/** What a question found: each result with its excerpt and relationships, and a link to its record. */
import { useState } from "react";
import { Button } from "@/shared/ui/button";
import { CollectionIcon } from "@/shared/ui/collection-icon";
import { Bar } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { RecordLink } from "./record-link";

/** As many as can be looked over without scrolling past the answer. */
const FIRST = 4;
/** More of a record's relationships are on its own page. */
const RELATED = 4;

export function Sources({ found }: { found: Schemas["QueryResponse"] }) {
  const [all, setAll] = useState(false);
  const { results, total, queryAnalysis: analysis, arms } = found;
  if (results.length === 0) return null;
  const shown = all ? results : results.slice(0, FIRST);
  const rest = results.length - shown.length;
  return (
    <div role="group" aria-label="Sources" className="flex flex-col gap-2">
      <p className="text-xs font-medium text-ink-3">
        {total === 1 ? "1 source" : `${total} sources`}
        {total > results.length && `, the best ${results.length} here`}
      </p>
      <ol className="flex flex-col divide-y divide-line rounded-lg border border-line bg-surface">
        {shown.map((result) => (
          <Result key={`${result.id}.${result.source.field}`} result={result} />
        ))}
      </ol>
      {rest > 0 && (
        <Button look="quiet" className="-ml-2 h-7 self-start px-2" onClick={() => setAll(true)}>
          {rest} more
        </Button>
      )}
      <details className="text-xs text-ink-3">
        <summary className="w-fit rounded-sm hover:text-ink">How this was understood</summary>
        <p className="mt-1">
          {analysis.intent}
          {analysis.entities.length > 0 && `, about ${analysis.entities.join(", ")}`}; {percent(analysis.confidence)}{" "}
          sure. Found by {arms.length > 0 ? arms.join(", ") : "no arm of the memory"}.
        </p>
      </details>
    </div>
  );
}

function Result({ result }: { result: Schemas["QueryResult"] }) {
  const { title, type, excerpt, relevanceScore, relationships, source } = result;
  const number = numberOf(result);
  const related = [...Map.groupBy(relationships, ({ target }) => target)].slice(0, RELATED);
  return (
    <li className="flex flex-col gap-1 px-3 py-2 text-sm">
      <div className="flex items-center gap-2">
        <CollectionIcon collection={source.collection} className="size-4 shrink-0 text-ink-3" />
        <span className="sr-only">{type}</span>
        <RecordLink
          collection={source.collection}
          record={source.recordId}
          className="min-w-0 grow truncate font-medium"
        >
          {number !== null && `${number}. `}
          {title}
        </RecordLink>
        <Bar role="meter" label={`Relevance of ${title}`} value={relevanceScore} className="w-10 shrink-0" />
      </div>
      {excerpt !== "" && source.field !== "name" && (
        <p className={`line-clamp-3 text-ink-2 ${source.field === "body" ? "font-script" : ""}`}>{excerpt}</p>
      )}
      {related.length > 0 && (
        <ul className="truncate text-xs text-ink-3" aria-label={`Relationships of ${title}`}>
          {related.map(([target, ways], at) => {
            const how = ways.map(({ type }) => type.replaceAll("_", " ")).join(", ");
            return (
              <li key={target} title={`${target}: ${how}`} className="inline">
                {at > 0 && " · "}
                {target}
                <span className="sr-only">: {how}</span>
              </li>
            );
          })}
        </ul>
      )}
    </li>
  );
}

/** The number that the script gives a scene; null for everything else. */
export function numberOf({ metadata }: Schemas["QueryResult"]): string | null {
  const number = metadata["number"];
  return typeof number === "string" || typeof number === "number" ? String(number).toUpperCase() : null;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
