/** The fields of a proposal: what stands in each, how it came about, and what a record that may be the same says there. */
import { Check, CircleDashed, Eye } from "lucide-react";
import { useId } from "react";
import { type Kind, written } from "@/engines/proposal";
import { inputClass } from "@/shared/ui/field";
import type { CollectionSchema, Entity, Schemas } from "@/shared/wire";

export type Edits = Readonly<Record<string, string>>;

const STATES: Record<string, { name: string; icon: typeof Check; tone: string }> = {
  complete: { name: "Complete", icon: Check, tone: "text-good" },
  incomplete: { name: "Incomplete", icon: CircleDashed, tone: "text-ink-3" },
  review: { name: "Needs review", icon: Eye, tone: "text-warn" },
};
const FROM: Record<string, string> = { said: "as said", derived: "derived from the project", model: "by a model" };

interface FieldsProps {
  proposal: Schemas["IngestResponse"];
  schema: CollectionSchema | undefined;
  edits: Edits;
  problems: Readonly<Record<string, string | null>>;
  disabled: boolean;
  /** A record that may be the same one. */
  twin: Entity | null;
  onEdit: (field: string, text: string) => void;
}

export function Fields({ proposal, ...rest }: FieldsProps) {
  const { fields, preview } = proposal;
  const named = (state: Schemas["FieldState"]) => (
    <Field key={state.field} state={state} value={preview.parsedData[state.field]} {...rest} />
  );
  const missing = ({ field, state }: Schemas["FieldState"]) =>
    state === "incomplete" && field !== "name" && field !== "description";
  const silent = fields.filter(missing);
  return (
    <fieldset disabled={rest.disabled} className="flex min-w-0 flex-col gap-1.5">
      <legend className="sr-only">What was understood</legend>
      {fields.filter((state) => !missing(state)).map(named)}
      {silent.length > 0 && (
        <details>
          <summary className="w-fit rounded-sm py-1 text-xs text-ink-3 hover:text-ink">
            {silent.length === 1 ? "1 field" : `${silent.length} fields`} that nothing was said of
          </summary>
          <div className="flex flex-col gap-1.5 pt-1">{silent.map(named)}</div>
        </details>
      )}
    </fieldset>
  );
}

type FieldProps = Omit<FieldsProps, "proposal"> & { state: Schemas["FieldState"]; value: unknown };

function Field({ state: { field, state, from }, value, schema, edits, problems, twin, onEdit }: FieldProps) {
  const id = useId();
  const known = schema?.fields.find(({ name }) => name === field);
  const edited = edits[field] !== undefined && edits[field].trim() !== written(value).trim();
  const look = STATES[state] ?? { name: state, icon: Eye, tone: "text-ink-3" };
  const Icon = look.icon;
  const said = edited ? "Changed by you" : state === "incomplete" ? look.name : `${look.name}, ${FROM[from] ?? from}`;
  const theirs = twin ? written(twinValue(twin, field)) : "";
  const problem = problems[field];
  const shared = {
    id,
    name: field,
    value: edits[field] ?? written(value),
    "aria-describedby": `${id}-about`,
    "aria-invalid": problem != null || undefined,
    className: `${inputClass} w-full`,
    onChange: (event: { target: { value: string } }) => onEdit(field, event.target.value),
  };
  return (
    <div className="grid grid-cols-[5.5rem_1fr_1rem] items-start gap-x-2 text-sm">
      <label htmlFor={id} className="truncate py-1 text-ink-2" title={known?.help || undefined}>
        {labelOf(schema, field)}
      </label>
      <Input
        kind={kindOf(schema, field)}
        choices={known?.choices ?? []}
        long={field === "description"}
        shared={shared}
      />
      <span title={said} className={`py-1.5 ${edited ? "text-mode" : look.tone}`}>
        <Icon aria-hidden className="size-4" />
      </span>
      <p id={`${id}-about`} className="col-start-2 text-xs text-ink-3">
        {problem != null && <span className="block text-bad">{problem}</span>}
        <span className={from === "said" && !edited ? "sr-only" : undefined}>{said}</span>
        {theirs !== "" && theirs !== shared.value && (
          <span className="line-clamp-2">
            {twin?.name} has: {theirs}
          </span>
        )}
      </p>
    </div>
  );
}

interface InputProps {
  kind: Kind;
  choices: readonly string[];
  long: boolean;
  shared: { value: string; className: string } & Record<string, unknown>;
}

function Input({ kind, choices, long, shared }: InputProps) {
  const options = kind === "boolean" ? ["true", "false"] : kind === "choice" ? choices : null;
  if (options) {
    const all = shared.value === "" || options.includes(shared.value) ? options : [shared.value, ...options];
    return (
      <select {...shared} className={`${shared.className} h-7 px-1.5`}>
        <option value="" />
        {all.map((choice) => (
          <option key={choice} value={choice}>
            {kind === "boolean" ? (choice === "true" ? "Yes" : "No") : choice}
          </option>
        ))}
      </select>
    );
  }
  if (long || shared.value.length > 32) {
    return (
      <textarea
        {...shared}
        rows={1}
        className={`${shared.className} field-sizing-content max-h-40 min-h-7 resize-none px-2 py-1`}
      />
    );
  }
  return (
    <input
      {...shared}
      inputMode={kind === "number" ? "decimal" : undefined}
      className={`${shared.className} h-7 px-2`}
    />
  );
}

/** What a field is called. */
export function labelOf(schema: CollectionSchema | undefined, field: string): string {
  const known = schema?.fields.find(({ name }) => name === field);
  return known?.label ?? field.replace(/^./, (first) => first.toUpperCase());
}

/** How a field of a collection is written. */
export function kindOf(schema: CollectionSchema | undefined, field: string): Kind {
  if (field === "name" || field === "description") return "text";
  const type = schema?.fields.find(({ name }) => name === field)?.type;
  return type === "text" || type === "number" || type === "boolean" || type === "list" || type === "choice"
    ? type
    : "unknown";
}

function twinValue(twin: Entity, field: string): unknown {
  return field === "name" || field === "description" ? twin[field] : (twin.metadata as Record<string, unknown>)[field];
}
