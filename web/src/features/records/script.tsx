/** A scene's text as a screenplay page, or as the Fountain that it is written in. */
import { PenLine } from "lucide-react";
import { useMemo, useState } from "react";
import { type LineKind, scriptLines } from "@/engines/script";
import { Button } from "@/shared/ui/button";
import { inputClass } from "@/shared/ui/field";

/** Indents in characters, as the format has them; the page is 61 wide. */
const LOOKS: Record<LineKind, string> = {
  heading: "flex justify-between gap-4 font-bold",
  action: "whitespace-pre-wrap",
  character: "pl-[20ch] max-sm:pl-[12ch]",
  parenthetical: "pl-[15ch] max-sm:pl-[8ch]",
  dialogue: "pl-[10ch] pr-[14ch] max-sm:px-[4ch]",
  transition: "text-right",
  centered: "text-center",
  section: "mt-4 text-ink-3",
  synopsis: "text-ink-3 italic",
  note: "text-ink-3 italic",
  blank: "",
};

export function Script({
  body,
  editable,
  onChange,
}: {
  body: string;
  editable: boolean;
  onChange: (body: string) => void;
}) {
  const [writing, setWriting] = useState(false);
  const lines = useMemo(() => scriptLines(body), [body]);
  return (
    <div className="relative">
      {editable && (
        <Button
          look="quiet"
          aria-pressed={writing}
          className="absolute top-2 right-2"
          onClick={() => setWriting(!writing)}
        >
          <PenLine /> {writing ? "Show the page" : "Write"}
        </Button>
      )}
      {writing ? (
        <textarea
          aria-label="Script in Fountain"
          value={body}
          maxLength={200_000}
          rows={Math.min(40, Math.max(12, lines.length + 2))}
          onChange={(event) => onChange(event.target.value)}
          className={`${inputClass} script w-full max-w-none p-4 pt-12`}
        />
      ) : (
        <div className="rounded-lg border border-line bg-surface px-[5%] pt-12 pb-8 shadow-sm">
          <div className="script mx-auto">
            {body === "" ? (
              <p className="text-ink-3">This scene has no text yet.</p>
            ) : (
              lines.map((line, at) => (
                <p key={at} className={LOOKS[line.kind]}>
                  {line.text === "" ? <br /> : line.text}
                  {line.number !== undefined && <span className="text-ink-3">{line.number}</span>}
                </p>
              ))
            )}
          </div>
        </div>
      )}
    </div>
  );
}
