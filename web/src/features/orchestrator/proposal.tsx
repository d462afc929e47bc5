/** A proposal as a form: its fields, the records that it may double, its scores with one reason, and three decisions. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { askedFor, written } from "@/engines/proposal";
import { useMay, useProjectId, useSchema } from "@/shared/place";
import { fieldProblem, Problem, sentence } from "@/shared/problem";
import { recordQuery } from "@/shared/queries";
import { undo } from "@/shared/records";
import { Button } from "@/shared/ui/button";
import { Advised } from "@/shared/ui/advised";
import { CollectionIcon } from "@/shared/ui/collection-icon";
import { Badge } from "@/shared/ui/parts";
import { GateScores } from "@/shared/ui/scores";
import type { CollectionSchema, Schemas } from "@/shared/wire";
import { type Choice, useDecision } from "./decision";
import { type Edits, Fields, kindOf, labelOf } from "./proposal-fields";
import { RecordLink } from "./record-link";

type Read = Schemas["IngestResponse"];

export function nameOf({ preview }: Read): string {
  const name = preview.parsedData["name"];
  return typeof name === "string" && name !== "" ? name : "Untitled";
}

export function Proposal({ main, proposal }: { main: string; proposal: Read }) {
  const { preview, decided } = proposal;
  const project = useProjectId();
  const schema = useSchema().find(({ singular }) => singular === preview.entityType);
  const editor = useMay("editor");
  const [edits, setEdits] = useState<Edits>({});
  const form = useRef<HTMLFormElement>(null);
  const decide = useDecision(project, main, proposal, nameOf(proposal));
  const twinId = proposal.duplicates[0]?.id ?? "";
  const twin = useQuery({
    ...recordQuery(project, schema?.name ?? "", twinId),
    enabled: schema !== undefined && twinId !== "" && !decided,
  });

  const { changes, problems } = askedFor(preview.parsedData, edits, (field) => kindOf(schema, field));
  const wrong = Object.keys(problems).length > 0;
  const changed = Object.keys(changes).length > 0;
  const taken = decide.error instanceof Problem && decide.error.status === 409;
  const refused = Object.fromEntries(
    proposal.fields.map(({ field }) => [field, problems[field] ?? fieldProblem(decide.error, `changes.${field}`)]),
  );
  const choose = (choice: Omit<Choice, "changes">) =>
    decide.mutate({ ...choice, changes }, { onSuccess: () => setEdits({}) });
  const modify = () => {
    if (changed) choose({ decision: "modify" });
    else {
      const first = proposal.fields.find(({ state }) => state !== "complete")?.field ?? "name";
      const field = form.current?.elements.namedItem(first);
      if (!(field instanceof HTMLElement)) return;
      field.closest("details")?.setAttribute("open", "");
      field.focus();
    }
  };

  return (
    // Many proposals may be on a page: as groups they are told apart, as landmarks they would crowd it.
    <div role="group" aria-label={`Preview of ${nameOf(proposal)}`}>
      <form
        ref={form}
        onSubmit={(event) => event.preventDefault()}
        className="flex flex-col gap-3 rounded-lg border border-line bg-surface p-3"
      >
        <div className="flex items-center gap-2">
          <CollectionIcon collection={schema?.name ?? ""} className="size-4 shrink-0 text-ink-3" />
          <span className="min-w-0 grow truncate font-medium capitalize">{preview.entityType}</span>
          {!decided && <Advised advice={proposal.recommendation} />}
        </div>
        {decided && (
          <Outcome decided={decided} entity={decide.data?.entityId ?? null} schema={schema} name={nameOf(proposal)} />
        )}
        {decided ? (
          <Understood proposal={proposal} schema={schema} />
        ) : (
          <Fields
            proposal={proposal}
            schema={schema}
            edits={edits}
            problems={refused}
            disabled={!editor || decide.isPending}
            twin={twin.data ?? null}
            onEdit={(field, text) => setEdits((before) => ({ ...before, [field]: text }))}
          />
        )}
        {!decided && <Relationships found={preview.suggestedRelationships} />}
        {!decided && (
          <>
            <Duplicates
              found={proposal.duplicates}
              collection={schema?.name}
              onMerge={editor && !wrong ? (mergeInto) => choose({ decision: "ingest", mergeInto }) : null}
              busy={decide.isPending}
            />
            <Remarks validation={proposal.validation} />
            <GateScores scores={proposal.qualityScores} />
            <p className="text-sm text-ink-2">{proposal.reasoning}</p>
            {decide.error && !taken && (
              <p role="alert" className="text-sm text-bad">
                {sentence(decide.error)}
              </p>
            )}
            {editor && (
              <div className="flex gap-2">
                <Button
                  look="main"
                  disabled={wrong || (!proposal.validation.isValid && !changed)}
                  busy={decide.isPending}
                  onClick={() => choose({ decision: "ingest" })}
                >
                  Ingest
                </Button>
                <Button disabled={wrong} busy={decide.isPending} onClick={modify}>
                  {changed ? "Modify, look again" : "Modify"}
                </Button>
                <Button look="danger" busy={decide.isPending} onClick={() => choose({ decision: "discard" })}>
                  Discard
                </Button>
              </div>
            )}
          </>
        )}
      </form>
    </div>
  );
}

/** What was decided on stays to be read, out of the way. */
function Understood({ proposal, schema }: { proposal: Read; schema: CollectionSchema | undefined }) {
  const { parsedData, suggestedRelationships } = proposal.preview;
  const said = Object.entries(parsedData).filter(([, value]) => written(value) !== "");
  return (
    <details className="text-sm">
      <summary className="w-fit rounded-sm text-xs text-ink-3 hover:text-ink">What was understood</summary>
      <dl className="grid grid-cols-[5.5rem_1fr] gap-x-2 gap-y-1 py-2">
        {said.map(([field, value]) => (
          <div key={field} className="contents">
            <dt className="truncate text-ink-2">{labelOf(schema, field)}</dt>
            <dd className="wrap-anywhere">{written(value)}</dd>
          </div>
        ))}
      </dl>
      <Relationships found={suggestedRelationships} />
    </details>
  );
}

interface OutcomeProps {
  decided: Schemas["Decided"];
  /** Known to whoever decided; others find it by its name. */
  entity: string | null;
  schema: CollectionSchema | undefined;
  name: string;
}

function Outcome({ decided, entity, schema, name }: OutcomeProps) {
  const project = useProjectId();
  const { state, changeId } = decided;
  if (state !== "ingested" || !schema) {
    return <p className="text-sm text-ink-2">{state === "ingested" ? "Saved." : "Discarded. Nothing was saved."}</p>;
  }
  return (
    <p role="status" className="flex items-center gap-2 text-sm">
      <span className="min-w-0 grow">
        Saved:{" "}
        {entity !== null ? (
          <RecordLink collection={schema.name} record={entity}>
            {name}
          </RecordLink>
        ) : (
          <Link
            to="/projects/$project/records/$collection"
            params={{ project, collection: schema.name }}
            search={{ name }}
            className="text-accent hover:underline"
          >
            {name}
          </Link>
        )}
      </span>
      {changeId && (
        <Button look="quiet" className="h-7 px-2" onClick={() => void undo(project, changeId)}>
          Undo
        </Button>
      )}
    </p>
  );
}

function Relationships({ found }: { found: Schemas["SuggestedRelationship"][] }) {
  const schema = useSchema();
  if (found.length === 0) return null;
  return (
    <ul aria-label="Relationships" className="flex flex-wrap gap-1">
      {found.map(({ type, target, targetId, targetType, confidence }) => {
        const collection = schema.find(({ singular }) => singular === targetType)?.name;
        return (
          <li key={`${type}.${target}`} title={`${Math.round(confidence * 100)} % sure`} className="max-w-full">
            <Badge>
              <span className="truncate">
                {type.replaceAll("_", " ")}{" "}
                {targetId && collection !== undefined ? (
                  <RecordLink collection={collection} record={targetId}>
                    {target}
                  </RecordLink>
                ) : (
                  target
                )}
                {!targetId && " (not there yet)"}
              </span>
            </Badge>
          </li>
        );
      })}
    </ul>
  );
}

const SAME: Record<string, string> = { review: "look at it", merge: "likely the same", skip: "the same" };

interface DuplicatesProps {
  found: Schemas["Duplicate"][];
  collection: string | undefined;
  onMerge: ((record: string) => void) | null;
  busy: boolean;
}

function Duplicates({ found, collection, onMerge, busy }: DuplicatesProps) {
  if (found.length === 0) return null;
  return (
    <div className="flex flex-col gap-1 rounded-md bg-warn-soft p-2 text-sm">
      <p className="font-medium">Perhaps there already</p>
      <ul className="flex flex-col gap-1">
        {found.map(({ id, name, similarity, advice }) => (
          <li key={id} className="flex items-center gap-2">
            <span className="min-w-0 grow">
              {collection === undefined ? (
                name
              ) : (
                <RecordLink collection={collection} record={id}>
                  {name}
                </RecordLink>
              )}
              <span className="block text-xs text-ink-2">
                {Math.round(similarity * 100)} % alike, {SAME[advice] ?? advice}
              </span>
            </span>
            {onMerge && (
              <Button
                className="h-7 px-2"
                busy={busy}
                aria-label={`Merge into it: ${name}`}
                onClick={() => onMerge(id)}
              >
                Merge into it
              </Button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Remarks({ validation: { errors, warnings } }: { validation: Schemas["Validation"] }) {
  if (errors.length + warnings.length === 0) return null;
  return (
    <ul aria-label="Remarks" className="flex flex-col gap-0.5 text-sm">
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
