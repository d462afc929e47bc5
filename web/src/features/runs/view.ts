/** What the parts of a run's page show: the run as it is now, or as it was at a time that is looked at. */
import type { RunDetail, Step } from "@/engines/run";

export interface RunView {
  detail: RunDetail;
  /** Null for now; else milliseconds since 1970. */
  time: number | null;
  steps: readonly Step[];
  byId: ReadonlyMap<string, Step>;
  /** 0 to 1, by step. */
  scores: ReadonlyMap<string, number>;
  /** How long each step's last attempt took, in milliseconds. */
  durations: ReadonlyMap<string, number>;
  selected: string | null;
  select: (step: string | null) => void;
}
