/** A scene's text as a screenplay page, or as the Fountain that it is written in. */
import { PenLine } from "lucide-react";
import { useMemo, useState } from "react";
import { type LineKind, scriptLines } from "@/engines/script";
import { Button } from "@/shared/ui/button";
import { inputClass } from "@/shared/ui/field";

/** Indents in characters, as the format has them; the page is 61 wide. */
const LOOKS: Record<LineKind, string> = {
  heading: "mt-4 font-bold",
  action: "whitespace-pre-wrap",
  character: "mt-3 pl-[20ch]",
  parenthetical: "pl-[15ch]",
  dialogue: "pl-[10ch] pr-[14ch]",
  transition: "mt-3 text-right",
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
    <div className="flex flex-col gap-3">
      {editable && (
        <div className="flex justify-end">
          <Button look="quiet" aria-pressed={writing} onClick={() => setWriting(!writing)}>
            <PenLine /> {writing ? "Show the page" : "Write"}
          </Button>
        </div>
      )}
      {writing ? (
        <textarea
          aria-label="Script in Fountain"
          value={body}
          maxLength={200_000}
          rows={Math.min(40, Math.max(12, lines.length + 2))}
          onChange={(event) => onChange(event.target.value)}
          className={`${inputClass} script max-w-none p-4`}
        />
      ) : body === "" ? (
        <p className="text-sm text-ink-3">This scene has no text yet.</p>
      ) : (
        <div className="rounded-lg border border-line bg-surface px-[5%] py-6 shadow-sm">
          <div className="script mx-auto">
            {lines.map((line, at) => (
              <p key={at} className={LOOKS[line.kind]}>
                {line.text === "" ? <br /> : line.text}
              </p>
            ))}
          </div>
        </div>
      )}
    </div>
  );
}
