/** One step: what it gave, what it was given, how often it was tried, what it logged; and what can be done about it. */
import * as Tabs from "@radix-ui/react-tabs";
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft, RotateCcw } from "lucide-react";
import { type FormEvent, lazy, Suspense, useEffect, useRef, useState } from "react";
import { asked } from "@/engines/answers";
import { thousands, usd } from "@/engines/money";
import { isRemote } from "@/engines/queue";
import { why } from "@/engines/reasons";
import { capital, departmentOf, hasEnded, type RunDetail, type Step, titleOf } from "@/engines/run";
import { percent, told } from "@/engines/units";
import { useNow } from "@/shared/now";
import { useMay } from "@/shared/place";
import { stepQuery } from "@/shared/runs";
import { Answers } from "@/shared/ui/answers";
import { Button, IconButton } from "@/shared/ui/button";
import { TextArea } from "@/shared/ui/field";
import { Failure, Skeleton } from "@/shared/ui/parts";
import { Readable } from "@/shared/ui/readable";
import { StateIcon, stateName } from "@/shared/ui/run-state";
import { TAB } from "@/shared/ui/tab";
import type { Schemas } from "@/shared/wire";
import type { RunActions } from "./actions";
import { Attempts } from "./attempts";
import { Log } from "./log";
import { Output } from "./output";
import { Duration } from "./row";
import type { RunView } from "./view";

/** What only steps on runners have. */
const Executed = lazy(() => import("./remote/execution").then((module) => ({ default: module.Executed })));

const PARTS = ["output", "input", "attempts", "log"];
/** What a runner's program wrote is its output; what the step gave is the result of that. */
const REMOTE = ["terminal", "changes", "output", "input", "attempts", "log"];
const NAMES: Record<string, string> = { terminal: "Output", output: "Result" };

interface InspectorProps {
  project: string;
  view: RunView;
  step: Step;
  actions: RunActions;
}

export function Inspector({ project, view, step, actions }: InspectorProps) {
  const editor = useMay("editor");
  const department = departmentOf(step.name);
  const now = useNow(step.reason?.kind === "retry" || step.reason?.kind === "delay");
  const attempts = view.detail.attempts.filter(({ stepId }) => stepId === step.id);
  const score = view.scores.get(step.id);
  const usage = view.detail.usage.find(({ stepId }) => stepId === step.id);
  const live = view.time === null;
  const remote = isRemote(step);
  // Why no runner has it yet stands where its output will be.
  const reason = remote && step.reason?.kind === "ready" ? null : why(step, view.byId, now);
  // The run's own head says all of its only step.
  const only = remote && view.steps.length === 1;
  const again = editor && live && hasEnded(step.state);
  const [fence, setFence] = useState<number | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return (
    <section aria-label={`Step ${titleOf(step)}`} className="flex flex-col">
      <header className={only && !again && !reason ? "sr-only" : "flex flex-col gap-2 px-4 pt-3 pb-2"}>
        <div className="flex items-start gap-2">
          {!only && (
            <IconButton label="All steps" shortcut="Escape" className="-ml-2" onClick={() => view.select(null)}>
              <ArrowLeft />
            </IconButton>
          )}
          <div className={only ? "sr-only" : "min-w-0 grow pt-1"}>
            <h2 ref={heading} className="leading-snug font-semibold wrap-anywhere">
              {titleOf(step)}
            </h2>
            <p className="flex flex-wrap items-center gap-x-1.5 text-sm text-ink-2">
              <StateIcon state={step.state} hidden className="size-3.5" />
              {stateName(step.state)}
              {department !== null && <span className="text-ink-3">· {capital(department)}</span>}
              <Duration step={step} took={view.durations.get(step.id)} dotted />
              {score !== undefined && <span className="text-ink-3 tabular-nums">· score {percent(score)}</span>}
              {live && usage && <span className="text-ink-3 tabular-nums">· {taken(usage)}</span>}
              {step.attempt > 1 && <span className="text-ink-3">· attempt {step.attempt}</span>}
            </p>
          </div>
          {again && (
            <Button className="ml-auto" busy={actions.retry.isPending} onClick={() => actions.retry.mutate(step.id)}>
              <RotateCcw /> {step.state === "complete" ? "Do it again" : "Retry"}
            </Button>
          )}
        </div>
        {reason && (
          <p
            className={`rounded-md px-2.5 py-1.5 text-sm wrap-anywhere ${step.state === "failed" ? "bg-bad-soft" : "bg-sunken"}`}
          >
            {reason}
          </p>
        )}
        {editor && live && step.reason?.kind === "person" && (
          <Question project={project} view={view} step={step} question={step.reason.question} actions={actions} />
        )}
      </header>
      <Tabs.Root defaultValue={remote ? "terminal" : "output"}>
        <Tabs.List aria-label="Parts of the step" className="flex gap-4 overflow-x-auto border-b border-line px-4">
          {(remote ? REMOTE : PARTS).map((part) => (
            <Tabs.Trigger key={part} value={part} className={TAB}>
              {(remote && NAMES[part]) || capital(part)}
              {part === "attempts" && attempts.length > 1 && <span className="text-ink-3"> {attempts.length}</span>}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {remote &&
          (["terminal", "changes"] as const).map((part) => (
            // What was read of an output stays while something else is looked at.
            <Tabs.Content
              key={part}
              value={part}
              forceMount={part === "terminal" || undefined}
              className="p-4 data-[state=inactive]:hidden"
            >
              <Suspense fallback={<Skeleton />}>
                <Executed
                  project={project}
                  run={view.detail.run}
                  step={step}
                  part={part}
                  fence={fence}
                  onFence={setFence}
                />
              </Suspense>
            </Tabs.Content>
          ))}
        <Tabs.Content value="output" className="p-4">
          <Given project={project} view={view} step={step} />
        </Tabs.Content>
        <Tabs.Content value="input" className="p-4">
          <Input view={view} step={step} />
        </Tabs.Content>
        <Tabs.Content value="attempts" className="p-4">
          <Attempts attempts={attempts} />
        </Tabs.Content>
        <Tabs.Content value="log" className="p-4">
          <Log project={project} run={view.detail.run} step={step.id} />
        </Tabs.Content>
      </Tabs.Root>
    </section>
  );
}

/** `12,800 tokens for $0.03`; what costs nothing, or has no known price, is told in tokens alone. */
function taken({ inputTokens, outputTokens, costMicroUsd }: Schemas["StepUsage"]): string {
  const tokens = `${thousands(inputTokens + outputTokens)} tokens`;
  return costMicroUsd > 0 ? `${tokens} for ${usd(costMicroUsd)}` : tokens;
}

/** What a step gave, all of it. */
function Given({ project, view, step }: { project: string; view: RunView; step: Step }) {
  const complete = step.state === "complete";
  const whole = useQuery({ ...stepQuery(project, view.detail.run.id, step.id, step.attempt), enabled: complete });
  if (!complete) {
    return <p className="text-sm text-ink-3">{hasEnded(step.state) ? "It gave nothing." : "Nothing yet."}</p>;
  }
  if (whole.error) return <Failure error={whole.error} onRetry={() => void whole.refetch()} />;
  if (!whole.data) return <Skeleton />;
  return <Output output={whole.data.output ?? null} />;
}

/** An order as its step has it; what else stands in its input follows. */
function given({ title: order }: RunDetail["run"], { input, priority, limits }: Step): object {
  const { title: _title, agent: _agent, department: _department, ...rest } = (input as Step["input"] | null) ?? {};
  const { attempts = 1, runMs = 0 } = limits;
  const tries = attempts === 1 ? "one" : `up to ${attempts}`;
  return { order, priority, tries: runMs > 0 ? `${tries}, each of at most ${told(runMs, "lasting")}` : tries, ...rest };
}

/** What a step was given: its order, and the steps that it builds on. */
function Input({ view, step }: { view: RunView; step: Step }) {
  const before = step.after.flatMap((id) => view.byId.get(id) ?? []);
  return (
    <div className="flex flex-col gap-4 text-sm">
      <Readable value={given(view.detail.run, step)} />
      {before.length > 0 && (
        <div>
          <h3 className="mb-1 text-xs font-medium text-ink-3">What these gave</h3>
          <ul>
            {before.map((one) => (
              <li key={one.id}>
                <button
                  type="button"
                  onClick={() => view.select(one.id)}
                  className="flex items-center gap-2 rounded-md px-1.5 py-1 hover:bg-hover"
                >
                  <StateIcon state={one.state} />
                  {titleOf(one)}
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

/** A step that asks goes on once somebody has answered; the first answer counts. */
function Question({ project, view, step, question, actions }: InspectorProps & { question: string }) {
  const [text, setText] = useState("");
  const offered = asked(question).offered.length > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    actions.answer.mutate({ step: step.id, text: text.trim() });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-2">
      <Answers project={project} run={view.detail.run.id} step={step.id} question={question} />
      <TextArea
        label={offered ? "Or answer in words" : "Your answer"}
        help={offered ? "Such as “raise 50000 tokens” or “raise 2.50 usd”." : undefined}
        rows={offered ? 1 : 3}
        maxLength={10_000}
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
      <Button
        type="submit"
        look="main"
        className="self-end"
        disabled={text.trim() === ""}
        busy={actions.answer.isPending}
      >
        Answer
      </Button>
    </form>
  );
}
