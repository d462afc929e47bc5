/** The keys of a run's page, offered to palette and help: from step to step, back to all, and what can be done. */
import { ChevronDown, ChevronUp, ListTree, Pause, Play, RotateCcw, Square } from "lucide-react";
import { useMemo } from "react";
import { hasEnded, titleOf } from "@/engines/run";
import { type Action, useOffer } from "@/shared/actions";
import { useMay } from "@/shared/place";
import type { RunActions } from "./actions";
import type { RunView } from "./view";

export function useRunKeys({ detail: { run }, steps, byId, selected, select }: RunView, actions: RunActions): void {
  const editor = useMay("editor");
  const { cancel, pause, resume, retry } = actions;
  const offered = useMemo<Action[]>(() => {
    const ended = hasEnded(run.state);
    const place = steps.findIndex(({ id }) => id === selected);
    const move = (by: number) => select(steps[Math.min(steps.length - 1, Math.max(0, place + by))]?.id ?? null);
    const step = selected === null ? undefined : byId.get(selected);
    const all: (Action | false)[] = [
      { id: "run.next", name: "Next step", group: "View", icon: ChevronDown, shortcut: "J", run: () => move(1) },
      { id: "run.back", name: "Step before", group: "View", icon: ChevronUp, shortcut: "K", run: () => move(-1) },
      step !== undefined && {
        id: "run.all",
        name: "All steps of the run",
        group: "View",
        icon: ListTree,
        shortcut: "Escape",
        run: () => select(null),
      },
      editor &&
        step !== undefined &&
        hasEnded(step.state) && {
          id: "run.retry",
          name: `Do “${titleOf(step)}” again`,
          group: "Make",
          icon: RotateCcw,
          shortcut: "R",
          words: "retry repeat",
          run: () => retry.mutate(step.id),
        },
      editor &&
        !ended &&
        (run.paused
          ? {
              id: "run.resume",
              name: "Go on with the run",
              group: "Make",
              icon: Play,
              shortcut: "P",
              run: () => resume.mutate(),
            }
          : {
              id: "run.pause",
              name: "Pause the run",
              group: "Make",
              icon: Pause,
              shortcut: "P",
              run: () => pause.mutate(),
            }),
      editor &&
        !ended && {
          id: "run.cancel",
          name: "Cancel the run",
          group: "Make",
          icon: Square,
          words: "stop end",
          run: () => cancel.mutate(),
        },
    ];
    return all.filter((one) => one !== false);
  }, [run.state, run.paused, steps, byId, selected, select, editor, cancel, pause, resume, retry]);
  useOffer(offered);
}
