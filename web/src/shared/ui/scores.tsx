/** Scores from 0 to 1: each as a bar with its name, and those that a gate gives, in one order everywhere. */
import { percent } from "@/engines/units";
import type { Schemas } from "../wire";
import { Bar } from "./parts";

/** Coloured by the gate that it would pass. */
export function Score({ name, value }: { name: string; value: number }) {
  return (
    <div className="grid grid-cols-[minmax(5rem,8rem)_1fr_3rem] items-center gap-2 text-sm">
      <span className="text-ink-2 wrap-anywhere">{name}</span>
      <Bar role="meter" label={name} value={value} tone={value >= 0.75 ? "good" : value >= 0.5 ? "warn" : "bad"} />
      <span className="text-right tabular-nums">{percent(value)}</span>
    </div>
  );
}

interface GateScoresProps {
  scores: Schemas["QualityScores"];
  /** Of the head of the department that made it. */
  grade?: number;
}

export function GateScores({ scores, grade }: GateScoresProps) {
  return (
    <div role="group" aria-label="Scores" className="flex flex-col gap-1">
      <div className="font-medium">
        <Score name="Overall" value={scores.overall} />
      </div>
      <Score name="Completeness" value={scores.dataCompleteness} />
      <Score name="Consistency" value={scores.brainConsistency} />
      <Score name="Relationships" value={scores.relationshipQuality} />
      {grade !== undefined && <Score name="Head’s grade" value={grade} />}
    </div>
  );
}
