/** One agent: its definition to read or to write, what can be done about it, and what was said of it before. */
import * as Tabs from "@radix-ui/react-tabs";
import { GitMerge, Power, PowerOff, RotateCcw, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { faultOf } from "@/engines/definition";
import { capital } from "@/engines/run";
import { client } from "@/shared/client";
import { useMay } from "@/shared/place";
import { Problem } from "@/shared/problem";
import { keys } from "@/shared/queries";
import { toastError } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { Badge } from "@/shared/ui/parts";
import { TAB } from "@/shared/ui/tab";
import type { Agent } from "@/shared/wire";
import { usePutBack, useSaveAgent, useSwitch } from "./acts";
import { useWriting } from "./draft";
import { Editor } from "./editor";
import { History } from "./history";
import { ORIGINS } from "./looks";

export function AgentDetail({ project, agent, tools }: { project: string; agent: Agent; tools: string[] }) {
  const owner = useMay("owner");
  const [tab, setTab] = useState("definition");
  const writing = useWriting(agent);
  const save = useSaveAgent(project);
  const turn = useSwitch(project, agent);
  const putBack = usePutBack(project, agent);
  const { department, name, off, choices } = agent;
  const refused = useMemo(() => (save.error instanceof Problem ? faultOf(save.error.details) : null), [save.error]);
  // What the program can work by no more is marked as long as nobody has mended it.
  const kept = useMemo(() => (agent.fault ? faultOf({ ...agent.fault }) : null), [agent.fault]);
  const send = () =>
    save.mutate(
      { agent, body: { definition: writing.text, off, version: writing.version } },
      {
        onError: (error) => {
          if (error instanceof Problem && error.code === "UNREADABLE_DOCUMENT") return;
          // A newer state shows itself beside what was typed.
          void client.invalidateQueries({ queryKey: keys.agents(project) });
          toastError(`${agent.title} was not saved`, error);
        },
      },
    );
  const write = (text: string) => {
    save.reset();
    writing.write(text);
  };
  return (
    <article aria-label={agent.title} className="flex flex-col">
      <header className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-6 py-3">
        <div className="min-w-0 grow">
          <h2 className="flex flex-wrap items-center gap-2 font-semibold">
            <span className="min-w-0 wrap-anywhere">{agent.title}</span>
            <Badge tone={ORIGINS[agent.origin].tone}>{ORIGINS[agent.origin].name}</Badge>
            {off && <Badge tone="warn">Off</Badge>}
          </h2>
          <p className="text-sm text-ink-3">
            {agent.role === "head" ? "Head" : "Specialist"} of {capital(department)} · {department}/{name}
          </p>
        </div>
        {owner && (
          <div className="flex flex-wrap gap-2">
            {writing.dirty && (
              <Button
                look="quiet"
                onClick={() => {
                  save.reset();
                  writing.reset();
                }}
              >
                Take back
              </Button>
            )}
            <Button
              look="main"
              disabled={!writing.dirty || writing.theirs !== null}
              busy={save.isPending}
              onClick={send}
            >
              Save
            </Button>
            {choices.switchOff && (
              <Button busy={turn.isPending} onClick={() => turn.mutate()}>
                {off ? <Power /> : <PowerOff />} Switch {off ? "on" : "off"}
              </Button>
            )}
            {choices.putBack && agent.builtIn && (
              <Button busy={putBack.isPending} onClick={() => putBack.mutate()}>
                <RotateCcw /> Put back
              </Button>
            )}
            {choices.remove && (
              <Button look="danger" busy={putBack.isPending} onClick={() => putBack.mutate()}>
                <Trash2 /> Remove
              </Button>
            )}
          </div>
        )}
      </header>
      {writing.theirs !== null && (
        <section
          aria-label="Changes of both"
          className="m-6 mb-0 rounded-lg border border-line bg-warn-soft p-4 text-sm"
        >
          <h3 className="flex items-center gap-2 font-medium">
            <GitMerge className="size-4 text-warn" /> Someone else changed this while you were writing
          </h3>
          <pre
            className="my-3 max-h-48 overflow-auto rounded-md border border-line bg-surface p-3 text-xs"
            tabIndex={0}
          >
            {writing.theirs}
          </pre>
          <div className="flex gap-2">
            <Button onClick={() => writing.settle("mine")}>Keep mine</Button>
            <Button onClick={() => writing.settle("theirs")}>Take theirs</Button>
          </div>
        </section>
      )}
      <Tabs.Root value={tab} onValueChange={setTab}>
        <Tabs.List aria-label="Parts of the agent" className="flex gap-5 border-b border-line px-6">
          <Tabs.Trigger value="definition" className={TAB}>
            Definition
          </Tabs.Trigger>
          {agent.builtIn && (
            <Tabs.Trigger value="built-in" className={TAB}>
              As built in
            </Tabs.Trigger>
          )}
          <Tabs.Trigger value="history" className={TAB}>
            History
          </Tabs.Trigger>
        </Tabs.List>
        <Tabs.Content value="definition" className="flex max-w-4xl flex-col gap-3 p-6">
          <Editor
            label={`Definition of ${agent.title}`}
            value={writing.text}
            fault={refused ?? kept}
            seek={refused !== null}
            readOnly={!owner}
            onChange={write}
          />
          <p className="text-sm text-ink-3">
            {owner
              ? `What is saved holds for each attempt at a step that begins from then on. Tools: ${tools.join(", ")}.`
              : "An owner of the project can change this."}
          </p>
        </Tabs.Content>
        <Tabs.Content value="built-in" className="max-w-4xl p-6">
          <pre
            className="overflow-x-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs leading-5"
            tabIndex={0}
          >
            {agent.builtIn}
          </pre>
        </Tabs.Content>
        <Tabs.Content value="history" className="max-w-3xl p-6">
          <History
            project={project}
            agent={agent}
            editable={owner}
            onUse={(text) => {
              write(text);
              setTab("definition");
            }}
          />
        </Tabs.Content>
      </Tabs.Root>
    </article>
  );
}
