/** What a question found, best first, each with its place in the project. */
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Button } from "@/shared/ui/button";
import { CollectionIcon } from "@/shared/ui/collection-icon";
import type { Schemas } from "@/shared/wire";

type Found = Schemas["QueryResponse"];

/** More are one click away. */
const SHOWN = 5;
/** Relationships of a result that are named beneath it. */
const RELATED = 4;

const ARMS: Record<string, string> = { graph: "relationships", text: "words", vectors: "meaning" };

export function QueryResults({ project, found }: { project: string; found: Found }) {
  const [all, setAll] = useState(false);
  const results = all ? found.results : found.results.slice(0, SHOWN);
  if (found.results.length === 0) return null;
  return (
    <section aria-label="Sources" className="rounded-lg border border-line bg-ground">
      <ol className="divide-y divide-line">
        {results.map((result) => {
          return (
            <li key={`${result.id}.${result.source.field}`} className="px-3 py-2">
              <div className="flex items-center gap-2">
                <CollectionIcon collection={result.source.collection} className="size-3.5 shrink-0 text-ink-3" />
                <Link
                  to="/projects/$project/records/$collection/$record"
                  params={{ project, collection: result.source.collection, record: result.id }}
                  className="min-w-0 grow truncate font-medium hover:underline"
                >
                  {result.title}
                </Link>
                <meter
                  aria-label="Relevance"
                  min={0}
                  max={1}
                  value={result.relevanceScore}
                  className="bar h-1 w-10 shrink-0"
                />
              </div>
              {result.excerpt && <p className="mt-0.5 line-clamp-3 text-xs text-ink-2">{result.excerpt}</p>}
              {result.relationships.length > 0 && (
                <p className="mt-0.5 truncate text-xs text-ink-3">
                  {result.relationships
                    .slice(0, RELATED)
                    .map(({ type, target }) => `${type.replaceAll("_", " ")} ${target}`)
                    .join(" · ")}
                </p>
              )}
            </li>
          );
        })}
      </ol>
      <div className="flex items-center justify-between gap-2 border-t border-line px-3 py-1 text-xs text-ink-3">
        <span>
          {found.total} found by {found.arms.map((arm) => ARMS[arm] ?? arm).join(", ")}
        </span>
        {!all && found.results.length > SHOWN && (
          <Button look="quiet" className="h-6 px-1.5 text-xs" onClick={() => setAll(true)}>
            Show {found.results.length}
          </Button>
        )}
      </div>
    </section>
  );
}
