/** What a language model added to an agent's work, marked as its own; or why none did. */
import { Info, Sparkles } from "lucide-react";
import type { Schemas } from "@/shared/wire";
import { Cited } from "./cited";
import { Badge } from "./parts";

/** A record that a work rests on. */
export interface Citation {
  entityId: string;
  collection: string;
  name: string;
}

export type Added = Schemas["Added"];

export function AddedPart({ added, citations }: { added: Added; citations: readonly Citation[] }) {
  const { by, note, remarks, suggestions, dropped } = added;
  return (
    <>
      {note && (
        <p className="flex items-start gap-2 rounded-md bg-sunken px-2.5 py-1.5 text-ink-2 wrap-anywhere">
          <Info aria-hidden className="mt-0.5 size-4 shrink-0 text-ink-3" />
          {note}
        </p>
      )}
      {by && (
        <section aria-label="Added by a model" className="flex flex-col gap-3 rounded-lg border border-line p-3">
          <h3 className="flex flex-wrap items-center gap-2 font-medium">
            Added by a model <MadeBy model={by} />
          </h3>
          <Claims title="Remarks" claims={remarks} citations={citations} />
          <Claims title="Suggestions" claims={suggestions} citations={citations} />
          {remarks.length + suggestions.length === 0 && <p className="text-ink-3">It had nothing to add.</p>}
          {dropped > 0 && (
            <p className="text-xs text-ink-3">
              {dropped === 1 ? "One of its claims was" : `${dropped} of its claims were`} left out, for want of a source
              in the project.
            </p>
          )}
        </section>
      )}
    </>
  );
}

/** The mark of what a model made. */
export function MadeBy({ model }: { model: string }) {
  return (
    <Badge tone="accent">
      <Sparkles aria-hidden className="mr-1 size-3" />
      by {model}
    </Badge>
  );
}

/** The summary that a model's took the place of. */
export function OwnSummary({ text }: { text: string }) {
  return (
    <details className="pt-1 text-ink-2">
      <summary className="w-fit rounded-sm text-xs text-ink-3">The summary by rules</summary>
      <p className="pt-1">{text}</p>
    </details>
  );
}

function Claims({
  title,
  claims,
  citations,
}: {
  title: string;
  claims: readonly Schemas["Claim"][];
  citations: readonly Citation[];
}) {
  if (claims.length === 0) return null;
  return (
    <div>
      <h4 className="mb-1 text-xs font-medium text-ink-3">{title}</h4>
      <ul className="flex list-disc flex-col gap-1.5 pl-4">
        {claims.map(({ text, sources }) => (
          <li key={text} className="wrap-anywhere">
            {text}{" "}
            <span className="text-xs">
              {citations
                .filter(({ entityId }) => sources.includes(entityId))
                .map(({ entityId, collection, name }) => (
                  <span key={entityId} className="mr-2 inline-block">
                    <Cited collection={collection} record={entityId} quote="">
                      {name}
                    </Cited>
                  </span>
                ))}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
