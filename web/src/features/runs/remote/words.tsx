/** A field for what people tell an agent, and a button that sends it. What was not taken stays in the field. */
import { type FormEvent, type KeyboardEvent, type ReactNode, useState } from "react";
import { sentence } from "@/shared/problem";
import { Button } from "@/shared/ui/button";
import { TextArea } from "@/shared/ui/field";

/** The most characters; the server counts 32 KiB. */
const MOST = 32_000;

interface WordsProps {
  /** Of the form, of the field and of the button. */
  names: [string, string, string];
  placeholder: string;
  help: string;
  error: Error | null;
  busy: boolean;
  /** Calls back once the words were taken. */
  onSend: (text: string, taken: () => void) => void;
  /** What is chosen besides. */
  children?: ReactNode;
}

export function Words({ names: [form, field, button], placeholder, help, error, busy, onSend, children }: WordsProps) {
  const [text, setText] = useState("");
  const send = () => {
    if (text.trim() !== "" && !busy) onSend(text.trim(), () => setText(""));
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    send();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send();
  };
  return (
    <form aria-label={form} onSubmit={onSubmit} className="flex flex-wrap items-start gap-2">
      {children}
      <div className="min-w-0 grow basis-60">
        <TextArea
          label={field}
          rows={1}
          maxLength={MOST}
          value={text}
          placeholder={placeholder}
          help={help}
          error={error ? sentence(error) : null}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={onKey}
          className="field-sizing-content max-h-40 min-h-9"
        />
      </div>
      <Button type="submit" className="mt-6 h-9" disabled={text.trim() === ""} busy={busy}>
        {button}
      </Button>
    </form>
  );
}
