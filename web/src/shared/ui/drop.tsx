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
  slim = false,
  children,
}: {
  onFile: (file: File) => void;
  disabled?: boolean;
  /** One line, for where there is something already. */
  slim?: boolean;
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
        "flex gap-x-3 gap-y-2 rounded-lg border border-dashed text-sm transition-colors",
        slim ? "flex-wrap items-center px-4 py-2.5" : "flex-col items-center px-6 py-8 text-center",
        over ? "border-accent bg-accent-soft" : "border-line-strong/60 bg-surface",
      )}
    >
      <FileText className={clsx("shrink-0 stroke-[1.5] text-ink-3", slim ? "size-5" : "size-6")} />
      <p className={clsx("font-medium", slim && "grow")}>
        {slim ? "Drop a new version, or another screenplay" : "Drop a screenplay here"}
      </p>
      {!slim && (
        <p className="text-balance text-ink-3">
          Fountain or Final Draft (.fdx); plain text and PDF as well as they can be read.
        </p>
      )}
      <div className={clsx("flex flex-wrap gap-2", !slim && "mt-1 justify-center")}>
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
