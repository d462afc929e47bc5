/** Where one writes to the orchestrator; it bears the colour of the mode. */
import clsx from "clsx";
import { ArrowUp, Square, X } from "lucide-react";
import { type ClipboardEvent, type KeyboardEvent, useEffect, useRef } from "react";
import { useLayout } from "@/shared/layout";
import { MODE_LOOKS } from "@/shared/modes";
import { useMay } from "@/shared/place";
import { IconButton } from "@/shared/ui/button";
import type { Entity, Mode } from "@/shared/wire";
import { Concerned } from "./concerned";
import { MOST } from "./files";
import type { Ordering } from "./ordering";
import { type Talk, useTalk } from "./talk";

/** From here on the number of characters is shown. */
const NEARLY = 9_000;

/** Why there is nothing to write in a mode for those who may only look. */
const CLOSED: Partial<Record<Mode, string>> = {
  data: "Viewers may ask, but not tell",
  task: "Viewers may look on, but not order",
};

interface ComposerProps {
  talk: Talk;
  mode: Mode;
  /** The record that is open beside the panel, and that a question may be about. */
  about: Entity | null;
  onForget: () => void;
  onFile: (file: File) => void;
  /** What is ordered in task mode. */
  ordering: Ordering;
  /** What was said last, for the arrow key. */
  last: string | null;
}

export function Composer({ talk, mode, about, onForget, onFile, ordering, last }: ComposerProps) {
  const draft = useTalk(talk, (state) => state.draft);
  const phase = useTalk(talk, (state) => state.phase);
  const stopping = useTalk(talk, (state) => state.stopping);
  const calls = useLayout((state) => state.calls);
  const editor = useMay("editor");
  const field = useRef<HTMLTextAreaElement>(null);
  const look = MODE_LOOKS.find((one) => one.mode === mode);
  const closed = (mode === "task" || mode === "data") && !editor;
  const length = [...draft].length;
  const ready =
    draft.trim() !== "" && length <= MOST && !closed && (mode === "task" ? !ordering.give.isPending : phase === "idle");

  useEffect(() => {
    // A mode was asked for by its key or from the palette: what follows is meant for the input.
    if (calls > 0) field.current?.focus({ preventScroll: true });
  }, [calls]);

  const send = () => {
    if (!ready) return;
    if (mode === "task") {
      // It stays in the input until the server has taken it.
      ordering.give.mutate(draft.trim());
    } else {
      talk.write("");
      void talk.say(mode, draft.trim(), about?.id ?? null);
    }
    field.current?.focus({ preventScroll: true });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && draft === "" && last !== null) {
      event.preventDefault();
      talk.write(last);
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    const file = event.clipboardData.files[0];
    // A spreadsheet gives a picture of itself along with its text: then the text is meant.
    if (!file || event.clipboardData.getData("text/plain") !== "") return;
    event.preventDefault();
    onFile(file);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      className="flex min-h-30 shrink-0 flex-col border-t border-line p-3"
    >
      {mode === "task" && editor && <Concerned ordering={ordering} />}
      <div
        className={clsx(
          "flex grow flex-col rounded-lg border-2 border-mode bg-surface has-[textarea:focus-visible]:outline-1 has-[textarea:focus-visible]:outline-mode",
          closed && "opacity-80",
        )}
      >
        {about && mode === "query" && (
          <p className="mx-2 mt-1.5 flex max-w-full items-center gap-1 self-start rounded-sm bg-sunken pl-1.5 text-xs text-ink-2">
            <span className="truncate">About {about.name}</span>
            <button
              type="button"
              aria-label={`Not about ${about.name}`}
              onClick={onForget}
              className="grid size-6 shrink-0 place-items-center rounded-sm hover:bg-hover hover:text-ink"
            >
              <X className="size-3" />
            </button>
          </p>
        )}
        <div className="flex grow items-end gap-1 pr-1.5 pb-1.5">
          <textarea
            ref={field}
            data-first
            value={draft}
            rows={2}
            disabled={closed}
            aria-label={`Message in ${look?.name ?? mode} mode`}
            placeholder={closed ? CLOSED[mode] : look?.placeholder}
            onChange={(event) => talk.write(event.target.value)}
            onKeyDown={onKey}
            onPaste={onPaste}
            className="field-sizing-content max-h-60 grow resize-none self-stretch bg-transparent px-3 py-2 outline-none"
          />
          {phase === "idle" || mode === "task" ? (
            <IconButton
              type="submit"
              label="Send"
              shortcut="Enter"
              disabled={!ready}
              className="bg-mode! text-surface! disabled:bg-sunken! disabled:text-ink-3!"
            >
              <ArrowUp />
            </IconButton>
          ) : (
            <IconButton
              label={stopping ? "Stopping" : "Stop"}
              shortcut="Mod+."
              disabled={stopping || phase === "sending"}
              onClick={() => void talk.stop()}
              className="bg-pressed"
            >
              <Square className="fill-current" />
            </IconButton>
          )}
        </div>
      </div>
      {length > NEARLY && (
        <p
          role="status"
          className={clsx("pt-1 text-right text-xs tabular-nums", length > MOST ? "text-bad" : "text-ink-3")}
        >
          {length > MOST ? `${length - MOST} characters too many` : `${MOST - length} characters left`}
        </p>
      )}
    </form>
  );
}
