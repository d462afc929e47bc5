/** The runs of a project, newest first, each as far as it is. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ListChecks, Workflow } from "lucide-react";
import { took } from "@/engines/reasons";
import { hasEnded, progress } from "@/engines/run";
import { layout } from "@/shared/layout";
import { useMay, useProjectId } from "@/shared/place";
import { runsQuery } from "@/shared/runs";
import { ago, exact } from "@/shared/time";
import { Button } from "@/shared/ui/button";
import { Paged, rowsOf } from "@/shared/ui/paged";
import { Bar, Empty, PageHead } from "@/shared/ui/parts";
import { seenState, StateIcon, stateName } from "@/shared/ui/run-state";
import type { Schemas } from "@/shared/wire";

export function RunList() {
  const project = useProjectId();
  const editor = useMay("editor");
  const list = useInfiniteQuery(runsQuery(project));
  const order = (
    <Button look="main" onClick={() => layout.speak("task")}>
      <ListChecks /> Order work
    </Button>
  );
  return (
    <>
      <PageHead title="Runs">{editor && rowsOf(list).length > 0 && order}</PageHead>
      <Paged
        list={list}
        label="Runs"
        empty={
          <Empty icon={<Workflow />} title="No work was ordered yet">
            <p className="max-w-md">
              Say what you need, such as “Prepare the film for shooting”. The departments that it concerns work through
              it side by side, and you see each step as it happens.
            </p>
            {editor && order}
          </Empty>
        }
      >
        {(run) => <Row key={run.id} run={run} />}
      </Paged>
    </>
  );
}

function Row({ run }: { run: Schemas["Run"] }) {
  const project = useProjectId();
  const state = seenState(run);
  return (
    <li>
      <Link
        to="/projects/$project/runs/$run"
        params={{ project, run: run.id }}
        className="flex items-center gap-3 px-6 py-2.5 text-sm hover:bg-hover"
      >
        <StateIcon state={state} hidden />
        <span className="min-w-0 grow truncate font-medium">{run.title}</span>
        <span className="w-28 shrink-0 text-right text-ink-3 max-sm:sr-only">{stateName(state)}</span>
        {hasEnded(run.state) ? (
          <span className="w-28 shrink-0 text-right text-xs text-ink-3 tabular-nums max-sm:hidden">{lasted(run)}</span>
        ) : (
          <span className="flex w-28 shrink-0 items-center gap-2">
            <Bar role="progressbar" label={`Progress of ${run.title}`} value={progress(run)} className="grow" />
            <span className="text-xs tabular-nums">{Math.round(progress(run) * 100)} %</span>
          </span>
        )}
        <time
          dateTime={run.createdAt}
          title={exact(run.createdAt)}
          className="w-24 shrink-0 text-right text-xs text-ink-3"
        >
          {ago(run.createdAt)}
        </time>
      </Link>
    </li>
  );
}

function lasted({ total, startedAt, endedAt }: Schemas["Run"]): string {
  const steps = `${total} ${total === 1 ? "step" : "steps"}`;
  return startedAt && endedAt ? `${steps}, ${took(Date.parse(endedAt) - Date.parse(startedAt))}` : steps;
}
