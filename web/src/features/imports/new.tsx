/** Bringing a screenplay in: drop it, choose it, or paste it; a look at what it would make comes next. */
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useCallback, useEffect, useRef, useState } from "react";
import type { UploadProgress } from "@/engines/upload";
import { client } from "@/shared/client";
import { takeOver } from "@/shared/handover";
import { useProjectId } from "@/shared/place";
import { passing, Problem } from "@/shared/problem";
import { importQuery, importsQuery } from "@/shared/queries";
import { Button } from "@/shared/ui/button";
import { DropZone } from "@/shared/ui/drop";
import { TextArea, TextField } from "@/shared/ui/field";
import { Failure, PageHead, Progress } from "@/shared/ui/parts";
import { importFile, importText } from "./send";

type Source = { kind: "file"; file: File } | { kind: "text"; filename: string; content: string };

export function NewImport() {
  const project = useProjectId();
  const navigate = useNavigate();
  const [progress, setProgress] = useState<UploadProgress | null>(null);
  const abort = useRef<AbortController | null>(null);
  const bring = useMutation({
    mutationFn: (source: Source) => {
      abort.current = new AbortController();
      const { signal } = abort.current;
      return source.kind === "file"
        ? importFile(project, source.file, setProgress, signal)
        : importText(project, source.filename, source.content, signal);
    },
    onSuccess: (made) => {
      client.setQueryData(importQuery(project, made.importId).queryKey, made);
      void client.invalidateQueries({ queryKey: importsQuery(project).queryKey });
      void navigate({
        to: "/projects/$project/imports/$import",
        params: { project, import: made.importId },
        replace: true,
      });
    },
    onSettled: () => setProgress(null),
  });
  const { mutate } = bring;
  const begin = useCallback((file: File) => mutate({ kind: "file", file }), [mutate]);
  useEffect(() => {
    const waiting = takeOver();
    if (waiting) begin(waiting);
  }, [begin]);

  const paste = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    mutate({
      kind: "text",
      filename: String(form.get("filename")).trim() || "pasted.fountain",
      content: String(form.get("content")),
    });
  };
  const cancelled = bring.error instanceof DOMException && bring.error.name === "AbortError";
  return (
    <>
      <PageHead title="Import a screenplay" note="You see what it would make before anything is saved." />
      <div className="flex max-w-3xl flex-col gap-6 p-6">
        {bring.isPending ? (
          <div className="flex flex-col gap-4 rounded-lg border border-line bg-surface p-6">
            <Step progress={progress} />
            <div>
              <Button onClick={() => abort.current?.abort()}>Cancel</Button>
            </div>
          </div>
        ) : (
          <DropZone onFile={begin} />
        )}
        {bring.error && !cancelled && <Refusal error={bring.error} onRetry={() => mutate(bring.variables)} />}
        {!bring.isPending && (
          <form onSubmit={paste} className="flex flex-col gap-4">
            <TextArea
              label="Or paste the text"
              name="content"
              required
              rows={12}
              placeholder={"INT. FERRY - NIGHT\n\nRain on the windows. MARA counts the lights of the harbour."}
              className="font-script"
            />
            <TextField
              label="File name"
              name="filename"
              placeholder="pasted.fountain"
              maxLength={200}
              help="Its ending tells the format."
            />
            <div>
              <Button look="main" type="submit">
                Look at it
              </Button>
            </div>
          </form>
        )}
      </div>
    </>
  );
}

function Step({ progress }: { progress: UploadProgress | null }) {
  if (!progress || progress.total === 0) return <p role="status">Reading the screenplay…</p>;
  return <Progress value={progress.done / progress.total} label={PHASES[progress.phase]} />;
}

const PHASES: Record<UploadProgress["phase"], string> = {
  reading: "Checking the file",
  sending: "Sending the file",
  waiting: "The connection is lost; trying again",
};

/** A document that could not be read names its line; one that could not be sent goes on where it stopped. */
function Refusal({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const line = error instanceof Problem ? error.details?.["line"] : undefined;
  const later = passing(error);
  return (
    <div className="-mx-4">
      <Failure error={error} {...(later && { onRetry })} />
      {later && (
        <p className="px-4 text-sm text-ink-2">
          What has arrived is kept. “Try again” goes on from there, and for a day so does choosing the same file.
        </p>
      )}
      {typeof line === "number" && (
        <p className="px-4 text-sm text-ink-2">Line {line} of the document. Nothing was saved.</p>
      )}
    </div>
  );
}
