/** Having a coding agent go on after it has ended: where it was, knowing what was said, with what it had changed. */
import type { Step } from "@/engines/run";
import { useOrder } from "@/shared/order";
import { useMay } from "@/shared/place";
import type { RemoteOrder } from "@/shared/wire";
import { Words } from "./words";

interface MoreProps {
  project: string;
  run: string;
  step: Step;
  /** What its runner is called. */
  runner: string;
}

export function More({ project, run, step, runner }: MoreProps) {
  const editor = useMay("editor");
  const order = useOrder(project);
  const { engine, ...rest } = step.input as RemoteOrder;
  if (!editor || engine.kind !== "agent") return null;
  return (
    <Words
      names={["Have the agent go on", "What comes next", "Go on"]}
      placeholder="Now the tests, too"
      help={`${engine.name} goes on with this on ${runner}, as a task of its own: it knows what was said, and has what it changed.`}
      error={order.error}
      busy={order.isPending}
      onSend={(prompt, taken) =>
        order.mutate(
          { order: { ...rest, engine: { ...engine, prompt }, continues: { runId: run, stepId: step.id } } },
          { onSuccess: taken },
        )
      }
    />
  );
}
