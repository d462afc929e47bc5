/** Where one writes to the orchestrator; its edge bears the mode's colour. */
import { useParams } from "@tanstack/react-router";
import { ArrowUp, Square } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { useLayout } from "@/shared/layout";
import { MODE_LOOKS } from "@/shared/modes";
import { useMay } from "@/shared/place";
import { IconButton } from "@/shared/ui/button";
import { say, stop, useTalk } from "./talk";
import { put, useWords } from "./words";

/** The server's limit, in characters. */
const MOST = 10_000;

export function Input() {
  const mode = useLayout((state) => state.mode);
  const busy = useTalk((talk) => talk.busy);
  const words = useWords((state) => state.words);
  const { record } = useParams({ strict: false });
  const editor = useMay("editor");
  const field = useRef<HTMLTextAreaElement>(null);
  const look = MODE_LOOKS.find((one) => one.mode === mode);
  const closed = mode === "task" || (mode === "data" && !editor);
  useEffect(() => field.current?.focus({ preventScroll: true }), [mode]);

  const send = async () => {
    const text = words.trim();
    if (text === "" || busy || closed) return;
    put("");
    const arrived = await say(text, mode, record === undefined || mode === "chat" ? [] : [record]);
    if (!arrived && useWords.getState().words === "") put(text);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  return (
    <div className="h-30 shrink-0 p-3 pt-0">
      <div className="flex h-full items-end gap-1 rounded-lg border-2 border-mode bg-surface p-1.5 pl-3">
        <textarea
          ref={field}
          value={words}
          maxLength={MOST}
          disabled={closed}
          aria-label={`Message, ${look?.name ?? mode} mode`}
          placeholder={mode === "data" && !editor ? "Viewers may ask, not tell" : look?.placeholder}
          onChange={(event) => put(event.target.value)}
          onKeyDown={onKey}
          className="h-full grow resize-none bg-transparent py-1 text-sm outline-none disabled:opacity-70"
        />
        {busy ? (
          <IconButton label="Stop" onClick={() => void stop()} className="bg-pressed">
            <Square />
          </IconButton>
        ) : (
          <IconButton
            label="Send"
            disabled={words.trim() === "" || closed}
            onClick={() => void send()}
            className="bg-pressed"
          >
            <ArrowUp />
          </IconButton>
        )}
      </div>
    </div>
  );
}
