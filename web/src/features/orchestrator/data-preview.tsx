/** What was understood of a person's words, as a form: fields, likely duplicates, scores, one reason, three buttons. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check } from "lucide-react";
import { useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { useMay, useSchema } from "@/shared/place";
import { keys } from "@/shared/queries";
import { toastUndo } from "@/shared/records";
import { toastError } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { CollectionIcon } from "@/shared/ui/collection-icon";
import { TextArea, TextField } from "@/shared/ui/field";
import { Badge, Score } from "@/shared/ui/parts";
import type { CollectionSchema, Schemas } from "@/shared/wire";

type Preview = Schemas["IngestResponse"];
type Decision = Schemas["Decision"];

const ADVICE = { ingest: "good", modify: "warn", discard: "bad" } as const;
const STATES: Record<string, { name: string; tone: "good" | "warn" | "plain" }> = {
  complete: { name: "Complete", tone: "good" },
  incomplete: { name: "Incomplete", tone: "plain" },
  review: { name: "Look at it", tone: "warn" },
};
const FROM: Record<string, string> = {
  said: "you said it",
  derived: "derived from the project",
  model: "written by a model",
};

export function DataPreview({ project, first }: { project: string; first: Preview }) {
  const key = [...keys.project(project), "ingest", first.previewId];
  const preview = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => api.get<Preview>(`/orchestrator/ingest/${first.previewId}`, { signal }),
    // The message keeps the preview as it was first made; it may have been modified or decided since.
    placeholderData: first,
  }).data as Preview;
  const schema = useSchema().find(({ singular }) => singular === preview.preview.entityType);
  const editor = useMay("editor");
  const [edits, setEdits] = useState<Readonly<Record<string, unknown>>>({});
  const [mergeInto, setMergeInto] = useState<string | null>(null);
  const [entity, setEntity] = useState<string | null>(null);

  const decide = useMutation({
    mutationFn: (decision: Decision) =>
      api.post<Schemas["IngestDecided"]>(`/orchestrator/ingest/${preview.previewId}/decision`, {
        decision,
        ...(decision === "modify" && { changes: edits }),
        ...(decision === "ingest" && mergeInto !== null && { mergeInto }),
      } satisfies Schemas["IngestDecisionRequest"]),
    onSuccess: (result, decision) => {
      setEdits({});
      if (decision === "modify") {
        if (result.preview) client.setQueryData(key, result.preview);
        return;
      }
      const { state, changeId, created, changed } = result;
      client.setQueryData<Preview>(key, {
        ...preview,
        decided: { state, changeId: changeId ?? null, created, changed },
      });
      setEntity(result.entityId ?? null);
      if (decision === "ingest") {
        toastUndo(project, `${nameOf(preview)} was saved`, changeId);
        void client.invalidateQueries({ queryKey: keys.project(project) });
      }
    },
    onError: (error) => {
      toastError("The decision was not taken", error);
      void client.invalidateQueries({ queryKey: key });
    },
  });

  const { decided } = preview;
  const open = editor && !decided;
  const edited = Object.keys(edits).length;
  return (
    <form
      aria-label={`Preview of ${nameOf(preview)}`}
      onSubmit={(event) => event.preventDefault()}
      className="flex flex-col gap-3 rounded-lg border border-line bg-ground p-3"
    >
      <div className="flex items-center gap-2">
        <CollectionIcon collection={schema?.name ?? ""} className="size-4 text-ink-3" />
        <span className="grow font-medium capitalize">{preview.preview.entityType}</span>
        <Badge tone={ADVICE[preview.recommendation]}>{preview.recommendation}</Badge>
      </div>
      <fieldset disabled={!open} className="flex flex-col gap-3">
        <legend className="sr-only">What was understood</legend>
        {rows(preview, schema).map(({ name, label, value, state, from }) => (
          <Field
            key={name}
            label={label}
            value={name in edits ? edits[name] : value}
            state={state}
            from={from}
            onChange={(next) => setEdits({ ...edits, [name]: next })}
          />
        ))}
      </fieldset>
      {preview.preview.suggestedRelationships.length > 0 && (
        <ul aria-label="Relationships" className="flex flex-wrap gap-1.5 text-xs">
          {preview.preview.suggestedRelationships.map(({ type, target, targetId, confidence }) => (
            <li key={`${type}.${target}`} className="rounded-sm border border-line bg-surface px-1.5 py-0.5 text-ink-2">
              {type.replaceAll("_", " ")} <span className="font-medium text-ink">{target}</span>
              {targetId == null && " (not there yet)"} <span className="tabular-nums">{confidence.toFixed(2)}</span>
            </li>
          ))}
        </ul>
      )}
      {preview.duplicates.length > 0 && (
        <fieldset disabled={!open} className="rounded-md border border-line bg-warn-soft p-2.5 text-sm">
          <legend className="sr-only">Perhaps already there</legend>
          <p className="mb-1 font-medium">Perhaps already there</p>
          {[{ id: null, name: "Make a new record", similarity: null }, ...preview.duplicates].map(
            ({ id, name, similarity }) => (
              <label key={id ?? "new"} className="flex cursor-pointer items-center gap-2 py-0.5">
                <input
                  type="radio"
                  name={`merge.${preview.previewId}`}
                  checked={mergeInto === id}
                  onChange={() => setMergeInto(id)}
                  className="accent-(--ink)"
                />
                <span className="grow">{id === null ? name : `Merge into ${name}`}</span>
                {similarity !== null && <span className="tabular-nums">{Math.round(similarity * 100)} %</span>}
              </label>
            ),
          )}
        </fieldset>
      )}
      <Remarks validation={preview.validation} />
      <div className="flex flex-col gap-1">
        <Score name="Completeness" value={preview.qualityScores.dataCompleteness} />
        <Score name="Consistency" value={preview.qualityScores.brainConsistency} />
        <Score name="Relationships" value={preview.qualityScores.relationshipQuality} />
      </div>
      <p className="text-ink-2">{preview.reasoning}</p>
      {open && (
        <div className="flex gap-2">
          <Button
            look="main"
            disabled={edited > 0 || !preview.validation.isValid}
            busy={decide.isPending}
            onClick={() => decide.mutate("ingest")}
          >
            Ingest
          </Button>
          <Button disabled={edited === 0} busy={decide.isPending} onClick={() => decide.mutate("modify")}>
            Modify
          </Button>
          <Button look="danger" busy={decide.isPending} onClick={() => decide.mutate("discard")}>
            Discard
          </Button>
        </div>
      )}
      {decided && (
        <p className="flex items-center gap-1.5 font-medium text-good" role="status">
          <Check className="size-4" />
          {decided.state === "ingested" ? "Saved" : "Discarded"}
          {entity !== null && schema && (
            <Link
              to="/projects/$project/records/$collection/$record"
              params={{ project, collection: schema.name, record: entity }}
              className="text-accent underline underline-offset-2"
            >
              Open {nameOf(preview)}
            </Link>
          )}
        </p>
      )}
    </form>
  );
}

function nameOf({ preview }: Preview): string {
  const { name } = preview.parsedData as Record<string, unknown>;
  return typeof name === "string" && name !== "" ? name : `the ${preview.entityType}`;
}

interface Row {
  name: string;
  label: string;
  value: unknown;
  state: string;
  from: string;
}

/** What was parsed, and what the collection knows and nobody said. */
function rows({ preview, fields }: Preview, schema: CollectionSchema | undefined): Row[] {
  const parsed = preview.parsedData as Record<string, unknown>;
  const names = new Set([...Object.keys(parsed), ...fields.map(({ field }) => field)]);
  const first = ["name", "description"].filter((name) => names.has(name));
  return [...first, ...[...names].filter((name) => !first.includes(name))].map((name) => {
    const about = fields.find(({ field }) => field === name);
    const label =
      schema?.fields.find((field) => field.name === name)?.label ??
      name.replace(/^./, (letter) => letter.toUpperCase());
    return { name, label, value: parsed[name], state: about?.state ?? "complete", from: about?.from ?? "said" };
  });
}

interface FieldProps {
  label: string;
  value: unknown;
  state: string;
  from: string;
  onChange: (value: unknown) => void;
}

function Field({ label, value, state, from, onChange }: FieldProps) {
  const list = Array.isArray(value);
  const text = list
    ? value.join("\n")
    : value === null || value === undefined
      ? ""
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value);
  const number = typeof value === "number";
  const read = (next: string): unknown => {
    if (next === "") return null;
    if (list) return next.split("\n");
    return number && Number.isFinite(Number(next)) ? Number(next) : next;
  };
  const look = STATES[state] ?? { name: state, tone: "plain" as const };
  const shared = {
    label,
    value: text,
    aside: (
      <span title={FROM[from] ?? from}>
        <Badge tone={look.tone}>{look.name}</Badge>
      </span>
    ),
  };
  return list || text.length > 60 ? (
    <TextArea
      {...shared}
      rows={Math.min(5, Math.max(2, Math.ceil(text.length / 44)))}
      onChange={(event) => onChange(read(event.target.value))}
    />
  ) : (
    <TextField {...shared} onChange={(event) => onChange(read(event.target.value))} />
  );
}

function Remarks({ validation }: { validation: Schemas["Validation"] }) {
  const { errors, warnings } = validation;
  if (errors.length + warnings.length === 0) return null;
  return (
    <ul className="flex flex-col gap-0.5 text-xs">
      {errors.map((text) => (
        <li key={text} className="text-bad">
          {text}
        </li>
      ))}
      {warnings.map((text) => (
        <li key={text} className="text-warn">
          {text}
        </li>
      ))}
    </ul>
  );
}
