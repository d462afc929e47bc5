/** A definition as a text with numbered lines; what is wrong is marked at its line. */
import clsx from "clsx";
import { useEffect, useId, useRef } from "react";
import { type Fault, inWords, span } from "@/engines/definition";
import { Button } from "@/shared/ui/button";

interface EditorProps {
  label: string;
  value: string;
  fault: Fault | null;
  /** Whether the line that is wrong is to be gone to: it was sent just now. */
  seek: boolean;
  readOnly: boolean;
  onChange: (value: string) => void;
}

export function Editor({ label, value, fault, seek, readOnly, onChange }: EditorProps) {
  const text = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const lines = value.split("\n");
  useEffect(() => {
    if (seek && fault && text.current) select(text.current, fault);
  }, [seek, fault]);
  return (
    <div className="flex flex-col gap-2">
      <div
        className={clsx(
          "flex overflow-hidden rounded-md border bg-surface font-mono text-xs",
          fault ? "border-bad" : "border-line-strong/60",
        )}
      >
        <ol aria-hidden className="shrink-0 border-r border-line bg-sunken py-2 text-right text-ink-3 select-none">
          {lines.map((_, at) => (
            <li
              key={at}
              className={clsx("px-2 leading-5", at + 1 === fault?.line && "bg-bad-soft font-medium text-bad")}
            >
              {at + 1}
            </li>
          ))}
        </ol>
        <textarea
          ref={text}
          aria-label={label}
          aria-invalid={fault !== null || undefined}
          aria-describedby={fault ? id : undefined}
          value={value}
          readOnly={readOnly}
          rows={lines.length}
          wrap="off"
          spellCheck={false}
          autoCapitalize="off"
          onChange={(event) => onChange(event.currentTarget.value)}
          className="min-w-0 grow resize-none overflow-x-auto overflow-y-hidden bg-transparent px-2.5 py-2 leading-5 whitespace-pre focus-visible:-outline-offset-2"
        />
      </div>
      {fault && (
        <p
          id={id}
          role="alert"
          className="flex flex-wrap items-center gap-2 rounded-md bg-bad-soft px-2.5 py-1.5 text-sm"
        >
          <span className="min-w-0 wrap-anywhere">{inWords(fault)}</span>
          {fault.line !== null && (
            <Button look="quiet" className="h-7 px-2" onClick={() => text.current && select(text.current, fault)}>
              Go there
            </Button>
          )}
        </p>
      )}
    </div>
  );
}

/** Puts the cursor around the line that is to blame. */
function select(text: HTMLTextAreaElement, { line }: Fault): void {
  if (line === null) return;
  text.focus();
  text.setSelectionRange(...span(text.value, line));
}
