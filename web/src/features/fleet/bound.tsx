/** How much something may take, as a number in a field; an empty one bounds nothing. */
import { TextField } from "@/shared/ui/field";

interface BoundProps {
  label: string;
  name: string;
  min?: number;
  max: number;
  /** What holds while it is empty, in a word or two. */
  open?: string;
  /** What stands in it: a count, or an amount as it is written. */
  value: number | string | null | undefined;
  error: string | null;
}

export function Bound({ value, open = "no bound", ...field }: BoundProps) {
  const step = field.name.endsWith("Micros") ? "any" : 1;
  return <TextField min={0} {...field} type="number" step={step} placeholder={open} defaultValue={value ?? ""} />;
}
