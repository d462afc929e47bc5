/** What an agent made, wherever it is shown: how good it is and why, what a model added, its content, what it rests on. */
import type { ReactNode } from "react";
import { useRevealed } from "@/shared/revealed";
import { type Added, AddedPart, type Citation } from "./added";
import { Button } from "./button";
import { Cited } from "./cited";
import { Readable } from "./readable";

/** Records that are named before more are asked for. */
const NAMED = 24;

interface WorkProps {
  /** Who made it, as `department/name`. */
  agent: string;
  scores: ReactNode;
  /** What its scores rest on, in words. */
  lacks: readonly string[];
  /** What a model said of it, or why none did; nothing where none is set. */
  added?: Added | null;
  content: unknown;
  citations: readonly Citation[];
}

export function Work({ agent, scores, lacks, added, content, citations }: WorkProps) {
  return (
    <div className="flex flex-col gap-4 text-sm">
      {scores}
      {lacks.length > 0 && (
        <details>
          <summary className="w-fit rounded-sm text-ink-2">What the scores rest on</summary>
          <ul className="list-disc pt-1 pl-4 text-ink-2">
            {lacks.map((lack) => (
              <li key={lack}>{lack}</li>
            ))}
          </ul>
        </details>
      )}
      {added && <AddedPart added={added} citations={citations} />}
      <Readable value={content} agent={agent} empty={null} />
      <RestsOn citations={citations} />
    </div>
  );
}

function RestsOn({ citations }: { citations: readonly Citation[] }) {
  const { shown, rest, reveal } = useRevealed(citations.length, NAMED);
  if (citations.length === 0) return null;
  return (
    <section aria-label="Rests on">
      <h3 className="mb-1 text-xs font-medium text-ink-3">Rests on</h3>
      <ul className="flex flex-wrap gap-x-3 leading-6">
        {citations.slice(0, shown).map(({ entityId, collection, name }) => (
          <li key={entityId}>
            <Cited collection={collection} record={entityId} quote="">
              {name}
            </Cited>
          </li>
        ))}
      </ul>
      {rest > 0 && (
        <Button look="quiet" className="-ml-2 h-7 px-2" onClick={reveal}>
          {rest} more
        </Button>
      )}
    </section>
  );
}
