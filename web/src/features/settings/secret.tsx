/** Something that is shown this once: a new key, an invitation's link. */
import { Copy } from "@/shared/ui/copy";
import { inputClass } from "@/shared/ui/field";

export function ShownOnce({ label, value }: { label: string; value: string }) {
  return (
    <div className="rounded-lg border border-line bg-good-soft p-3 text-sm">
      <p className="mb-2 font-medium">{label}</p>
      <div className="flex gap-2">
        <input
          readOnly
          aria-label={label}
          value={value}
          onFocus={(event) => event.target.select()}
          className={`${inputClass} h-8 w-full min-w-0 font-mono text-xs`}
        />
        <Copy value={value} />
      </div>
    </div>
  );
}
