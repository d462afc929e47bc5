/** Says an answer aloud as it is written, a sentence at a time, to those who hear the page. */
import { useMemo } from "react";
import { sentences } from "@/engines/sentences";
import type { Row } from "@/engines/transcript";

/** Markdown's signs are not read out. */
const SIGNS = /[*_`#>|]+/g;

export function Spoken({ row }: { row: Row | null }) {
  const said = useMemo(() => (row ? sentences(row.content.replace(SIGNS, ""), row.state !== "streaming") : []), [row]);
  return (
    <div role="log" aria-live="polite" aria-label="Answer" className="sr-only">
      {row && said.map((sentence, at) => <p key={`${row.id}.${at}`}>{sentence}</p>)}
      {row?.error && <p>{row.error}</p>}
    </div>
  );
}
