/** A schedule: what it orders, when it does so next, what became of it, and what can be done about it. */
import { Link } from "@tanstack/react-router";
import { ChevronDown, Pause, Pencil, Play, Send, Trash2 } from "lucide-react";
import { useState } from "react";
import { particulars } from "@/engines/order";
import { inWords } from "@/engines/rhythm";
import { joined } from "@/engines/shell";
import { useMay } from "@/shared/place";
import { exact } from "@/shared/time";
import { Button, buttonClass } from "@/shared/ui/button";
import { Badge } from "@/shared/ui/parts";
import { Sure } from "@/shared/ui/sure";
import type { Schedule, ScheduledOrder, Schemas } from "@/shared/wire";
import { useScheduleActs } from "./acts";
import { ScheduleForm } from "./form";
import { Occurrences } from "./occurrences";

const STATES = {
  active: { name: "Active", tone: "good" },
  paused: { name: "Paused", tone: "warn" },
  ended: { name: "Ended", tone: "plain" },
} as const;

/** Where this browser is: times that are not a pattern's are told in its zone. */
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function Row({ project, schedule }: { project: string; schedule: Schedule }) {
  const editor = useMay("editor");
  const [open, setOpen] = useState(false);
  const [changing, setChanging] = useState(false);
  const [removing, setRemoving] = useState(false);
  const { pause, runNow, remove } = useScheduleActs(project, schedule);
  const { id, name, order, when, missed, state, reason, nextAt } = schedule;
  return (
    <li aria-label={name} className="flex flex-col gap-2 px-6 py-3 text-sm">
      <div className="flex flex-wrap items-start gap-x-4 gap-y-2">
        <div className="min-w-0 grow basis-60">
          <h2 className="flex items-center gap-2 font-medium">
            <span className="min-w-0 wrap-anywhere">{name}</span>
            <Badge tone={STATES[state].tone}>{STATES[state].name}</Badge>
          </h2>
          <p className="text-ink-2 wrap-anywhere">{whatOf(order)}</p>
          {order.kind === "fleet" && <p className="text-ink-3 wrap-anywhere">{particulars(order).join(" · ")}</p>}
          <p className="text-ink-3">
            <Time when={when} />
            {nextAt && (
              <>
                {" · next "}
                <time dateTime={nextAt} className="text-ink-2">
                  {exact(nextAt)}
                </time>
                {when.kind === "cron" && when.timeZone !== HERE && " your time"}
              </>
            )}
            {missed === "skip" && " · left out if no server runs then"}
            {order.kind === "task" && order.oneByOne && " · scene by scene"}
            {order.kind === "task" && order.autoIngest && " · saves what scores above 75 %"}
          </p>
        </div>
        {editor && (
          <div className="flex flex-wrap gap-2">
            <Button busy={runNow.isPending} onClick={() => runNow.mutate()}>
              <Send /> Run now
            </Button>
            {state === "active" && (
              <Button busy={pause.isPending} onClick={() => pause.mutate(true)}>
                <Pause /> Pause
              </Button>
            )}
            {state === "paused" && (
              <Button busy={pause.isPending} onClick={() => pause.mutate(false)}>
                <Play /> Resume
              </Button>
            )}
            {order.kind === "task" ? (
              <Button onClick={() => setChanging(true)}>
                <Pencil /> Change
              </Button>
            ) : (
              <Link
                to="/projects/$project/fleet"
                params={{ project }}
                search={{ schedule: id }}
                className={buttonClass()}
              >
                <Pencil /> Change
              </Link>
            )}
            <Button look="danger" onClick={() => setRemoving(true)}>
              <Trash2 /> Remove
            </Button>
          </div>
        )}
      </div>
      {reason && <p className="rounded-md bg-bad-soft px-2.5 py-1.5 wrap-anywhere">It was paused: {reason}</p>}
      <div>
        <Button look="quiet" className="-ml-2 h-7 px-2" aria-expanded={open} onClick={() => setOpen(!open)}>
          <ChevronDown className={open ? "rotate-180" : ""} /> What became of it
        </Button>
        {open && <Occurrences project={project} schedule={id} />}
      </div>
      {changing && <ScheduleForm project={project} schedule={schedule} onClose={() => setChanging(false)} />}
      {removing && (
        <Sure title={`Remove ${name}`} act="Remove" mutation={remove} onClose={() => setRemoving(false)}>
          Its order is given no more, and what became of its times is forgotten. The runs that it started stay.
        </Sure>
      )}
    </li>
  );
}

/** What is ordered: of departments by its words, of the fleet by its title, its command or its prompt. */
function whatOf(order: ScheduledOrder): string {
  if (order.kind === "task") return order.task;
  const { engine } = order.order;
  if (order.title) return order.title;
  if (engine.kind === "command") return joined(engine.argv);
  return engine.kind === "agent" ? engine.prompt : `${engine.server}: ${engine.tool}`;
}

function Time({ when }: { when: Schemas["When"] }) {
  if (when.kind === "once") return <>Once, {exact(when.at)}</>;
  const words = inWords(when.cron);
  return (
    <>
      {words ?? <code className="font-mono text-xs">{when.cron}</code>}, {when.timeZone}
    </>
  );
}
