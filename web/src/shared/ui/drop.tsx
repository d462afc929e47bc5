/** A place to drop a document on, or to choose one from the disk. */
import clsx from "clsx";
import { FileText } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import { Button } from "./button";

/** What the import reads; PDF and plain text as well as they can be. */
const KINDS = ".fountain,.spmd,.fdx,.txt,.pdf,.md";

export function DropZone({
  onFile,
  disabled = false,
  children,
}: {
  onFile: (file: File) => void;
  disabled?: boolean;
  children?: ReactNode;
}) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const take = (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (file && !disabled) onFile(file);
  };
  return (
    <div
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files);
      }}
      className={clsx(
        "flex flex-col items-center gap-2 rounded-lg border border-dashed px-6 py-8 text-center text-sm transition-colors",
        over ? "border-accent bg-accent-soft" : "border-line-strong/60 bg-surface",
      )}
    >
      <FileText className="size-6 stroke-[1.5] text-ink-3" />
      <p className="font-medium">Drop a screenplay here</p>
      <p className="text-ink-3">Fountain or Final Draft (.fdx); plain text and PDF as well as they can be read.</p>
      <div className="mt-1 flex flex-wrap justify-center gap-2">
        <Button disabled={disabled} onClick={() => input.current?.click()}>
          Choose a file
        </Button>
        {children}
      </div>
      <input
        ref={input}
        type="file"
        accept={KINDS}
        aria-label="Screenplay file"
        className="sr-only"
        tabIndex={-1}
        onChange={(event) => {
          take(event.target.files);
          event.target.value = "";
        }}
      />
    </div>
  );
}
