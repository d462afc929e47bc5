/** What a gate advises. */
import { ADVICE } from "../reviews";
import { Badge } from "./parts";

export function Advised({ advice }: { advice: keyof typeof ADVICE }) {
  return <Badge tone={ADVICE[advice].tone}>Advice: {ADVICE[advice].name.toLowerCase()}</Badge>;
}
