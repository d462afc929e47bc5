/** How urgent something is, as a field of a form. */
import { capital } from "@/engines/run";
import type { Schemas } from "../wire";
import { Choice } from "./field";

type Priority = Schemas["Priority"];

const PRIORITIES: readonly Priority[] = ["low", "medium", "high", "critical"];

export function PriorityChoice({ given = "medium" }: { given?: Priority | undefined }) {
  return (
    <Choice label="Priority" name="priority" defaultValue={given}>
      {PRIORITIES.map((one) => (
        <option key={one} value={one}>
          {capital(one)}
        </option>
      ))}
    </Choice>
  );
}
