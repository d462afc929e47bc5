/** Saying something to a coding agent while it works, and what was said to it: by whom, when, and whether it was heard. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { saidQuery } from "@/shared/fleet";
import { useMay } from "@/shared/place";
import { clock, exact } from "@/shared/time";
import { Choice } from "@/shared/ui/field";
import { Badge } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Words } from "./words";

type Verb = Schemas["SayVerb"];

const VERBS: Record<Verb, { name: string; what: string }> = {
  queue: { name: "Queue", what: "It turns to this when it is done with what it does now." },
  steer: { name: "Steer", what: "It turns to this as soon as the tool call is over that it makes now." },
  interrupt: { name: "Interrupt", what: "It turns to this at once: what it does now is broken off." },
};

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
  const say = useMutation({
    mutationFn: (body: Schemas["SayToAgent"]) => api.post(`/projects/${project}/runs/${run}/steps/${step}/say`, body),
    onSettled: () => client.invalidateQueries({ queryKey: saidQuery(project, run, true).queryKey }),
  });
  return (
    <Words
      names={["Say something to the agent", "Say to the agent", "Say it"]}
      placeholder="Leave the tests as they are"
      help={`${VERBS[verb].what} It knows what it did before.`}
      error={say.error}
      busy={say.isPending}
      onSend={(text, taken) => say.mutate({ verb, text }, { onSuccess: taken })}
    >
      <div className="w-36">
        <Choice label="How" value={verb} onChange={({ target }) => setVerb(target.value as Verb)}>
          {Object.entries(VERBS).map(([key, { name }]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </Choice>
      </div>
    </Words>
  );
}
