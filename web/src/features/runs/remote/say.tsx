/** Saying something to a coding agent while it works, and what was said to it: by whom, when, and whether it was heard. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type FormEvent, useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { saidQuery } from "@/shared/fleet";
import { useMay } from "@/shared/place";
import { sentence } from "@/shared/problem";
import { clock, exact } from "@/shared/time";
import { Button } from "@/shared/ui/button";
import { Choice, TextArea } from "@/shared/ui/field";
import { Badge } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";

type Verb = Schemas["SayVerb"];

const VERBS: Record<Verb, { name: string; what: string }> = {
  queue: { name: "Queue", what: "It turns to this when it is done with what it does now." },
  steer: { name: "Steer", what: "It turns to this as soon as the tool call is over that it makes now." },
  interrupt: { name: "Interrupt", what: "It turns to this at once: what it does now is broken off." },
};

/** The most characters of what is said; the server counts 32 KiB. */
const MOST = 32_000;

interface SayProps {
  project: string;
  run: string;
  step: string;
  /** The lease of the agent: what is said is for the one that has the step now. */
  fence: number;
  /** It is at work. */
  live: boolean;
}

export function Say({ project, run, step, fence, live }: SayProps) {
  const editor = useMay("editor");
  const said = useQuery(saidQuery(project, run, live));
  const own = said.data?.filter((one) => one.stepId === step && one.fence === fence) ?? [];
  return (
    <>
      {own.length > 0 && (
        <ol
          aria-label="Said to the agent"
          tabIndex={0}
          className="flex max-h-48 flex-col gap-1.5 overflow-y-auto rounded-md bg-sunken px-3 py-2"
        >
          {own.map((one) => (
            <Word key={one.saidId} said={one} live={live} />
          ))}
        </ol>
      )}
      {live && editor && <Box project={project} run={run} step={step} />}
    </>
  );
}

function Word({ said: { byName, verb, text, at, heardAt }, live }: { said: Schemas["Said"]; live: boolean }) {
  return (
    <li className="flex flex-wrap items-baseline gap-x-2">
      <span className="text-ink-2">
        {byName} · {VERBS[verb].name.toLowerCase()} ·{" "}
        <time dateTime={at} title={exact(at)} className="text-ink-3 tabular-nums">
          {clock(at)}
        </time>
      </span>
      {heardAt ? <Badge tone="good">Heard</Badge> : <Badge tone="warn">{live ? "Not heard yet" : "Not heard"}</Badge>}
      <span className="min-w-0 basis-full whitespace-pre-wrap wrap-anywhere">{text}</span>
    </li>
  );
}

function Box({ project, run, step }: { project: string; run: string; step: string }) {
  const [verb, setVerb] = useState<Verb>("queue");
  const [text, setText] = useState("");
  const say = useMutation({
    mutationFn: (body: Schemas["SayToAgent"]) => api.post(`/projects/${project}/runs/${run}/steps/${step}/say`, body),
    // What was not taken stays in the field.
    onSuccess: () => setText(""),
    onSettled: () => client.invalidateQueries({ queryKey: saidQuery(project, run, true).queryKey }),
  });
  const send = () => {
    if (text.trim() !== "" && !say.isPending) say.mutate({ verb, text: text.trim() });
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
    <form aria-label="Say something to the agent" onSubmit={onSubmit} className="flex flex-wrap items-start gap-2">
      <div className="w-36">
        <Choice label="How" value={verb} onChange={({ target }) => setVerb(target.value as Verb)}>
          {Object.entries(VERBS).map(([key, { name }]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </Choice>
      </div>
      <div className="min-w-0 grow basis-60">
        <TextArea
          label="Say to the agent"
          rows={1}
          maxLength={MOST}
          value={text}
          placeholder="Leave the tests as they are"
          help={`${VERBS[verb].what} It knows what it did before.`}
          error={say.error ? sentence(say.error) : null}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={onKey}
          className="field-sizing-content max-h-40 min-h-9"
        />
      </div>
      <Button type="submit" className="mt-6 h-9" disabled={text.trim() === ""} busy={say.isPending}>
        Say it
      </Button>
    </form>
  );
}
