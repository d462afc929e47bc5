/** What an agent of a department made, as it waits: its content, its scores with one reason, and the decisions. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check, Download, Trash2 } from "lucide-react";
import { type FormEvent, useMemo, useState } from "react";
import { called, termsOf } from "@/engines/terms";
import { capital } from "@/engines/run";
import { type Action, useOffer } from "@/shared/actions";
import { download } from "@/shared/api";
import { useMay } from "@/shared/place";
import { deliverableQuery } from "@/shared/queries";
import { STATES } from "@/shared/reviews";
import { ago, exact } from "@/shared/time";
import { toastError } from "@/shared/toasts";
import { MadeBy, OwnSummary } from "@/shared/ui/added";
import { Advised } from "@/shared/ui/advised";
import { Button } from "@/shared/ui/button";
import { Cited } from "@/shared/ui/cited";
import { TextArea, TextField } from "@/shared/ui/field";
import { Menu, MenuItem } from "@/shared/ui/menu";
import { Badge, Failure, Skeleton } from "@/shared/ui/parts";
import { GateScores } from "@/shared/ui/scores";
import { Work } from "@/shared/ui/work";
import type { Schemas } from "@/shared/wire";
import { useDeciding } from "./deciding";

type Deliverable = Schemas["Deliverable"];

export function DeliverableReview({ project, review }: { project: string; review: Schemas["Review"] }) {
  const whole = useQuery(deliverableQuery(project, review.reviewId));
  if (whole.error) return <Failure error={whole.error} onRetry={() => void whole.refetch()} />;
  if (!whole.data) return <Skeleton className="p-6" lines={8} />;
  return <Whole project={project} deliverable={whole.data} />;
}

function Whole({ project, deliverable }: { project: string; deliverable: Deliverable }) {
  const { review, madeBy, added, summary, notes, reasons, content, citations, lacks, grade, qualityScores, reasoning } =
    deliverable;
  const origin = review.origin;
  const agent = agentOf(review);
  return (
    <article aria-label={review.title} className="flex max-w-4xl flex-col gap-4 p-5 text-sm">
      <header className="flex flex-wrap items-start gap-3">
        <div className="min-w-0 grow basis-64">
          <h2 className="text-base font-semibold wrap-anywhere">{review.title}</h2>
          <p className="text-ink-3">
            {origin && (
              <Link
                to="/projects/$project/runs/$run"
                params={{ project, run: origin.runId }}
                search={{ step: origin.stepId }}
                className="underline decoration-line-strong underline-offset-2 hover:text-ink"
              >
                {origin.runTitle ?? capital(origin.department)}
              </Link>
            )}{" "}
            · {madeBy === "rules" ? "by rules" : <MadeBy model={madeBy} />} ·{" "}
            <time dateTime={review.createdAt} title={exact(review.createdAt)}>
              {ago(review.createdAt)}
            </time>
          </p>
        </div>
        <Files project={project} deliverable={deliverable} />
      </header>
      {review.state === "pending" ? (
        <Decisions project={project} deliverable={deliverable} />
      ) : (
        <p className="flex items-center gap-2">
          <Badge tone={STATES[review.state].tone}>{STATES[review.state].name}</Badge>
          {review.decidedAt && <span className="text-ink-3">{ago(review.decidedAt)}</span>}
          {review.entityId && (
            <Cited collection="deliverables" record={review.entityId} quote="">
              Open the record
            </Cited>
          )}
        </p>
      )}
      <div>
        <p className="text-ink-2">{summary}</p>
        {added?.summaryByRules && <OwnSummary text={added.summaryByRules} />}
      </div>
      {reasons.length > 0 && (
        <div>
          <h3 className="text-xs font-medium text-ink-3">Done again because</h3>
          <ul className="list-disc pl-4 text-ink-2">
            {reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </div>
      )}
      {notes !== "" && <p className="rounded-md bg-sunken px-2.5 py-1.5 whitespace-pre-wrap">{notes}</p>}
      <Work
        agent={agent}
        scores={
          <div className="flex flex-col gap-2">
            <GateScores scores={qualityScores} grade={grade.overall} />
            <p className="text-ink-2">{reasoning}</p>
          </div>
        }
        lacks={lacks}
        added={added ?? null}
        content={content}
        citations={citations}
      />
    </article>
  );
}

/** The files that it can be had as. */
function Files({ project, deliverable: { review, exports } }: { project: string; deliverable: Deliverable }) {
  if (exports.length === 0) return null;
  const save = (file: string) =>
    void download(`/projects/${project}/reviews/${review.reviewId}/exports/${file}`).catch((error: unknown) =>
      toastError("The file could not be made", error),
    );
  return (
    <Menu
      align="end"
      trigger={
        <Button>
          <Download /> Files
        </Button>
      }
    >
      {exports.map(({ file, title }) => (
        <MenuItem key={file} onSelect={() => save(file)}>
          {title}
          <span className="ml-auto text-xs text-ink-3">{file.slice(file.lastIndexOf(".") + 1).toUpperCase()}</span>
        </MenuItem>
      ))}
    </Menu>
  );
}

/** Who made it, as `department/name`. */
function agentOf({ origin }: Schemas["Review"]): string {
  return origin ? `${origin.department}/${origin.agent}` : "";
}

function Decisions({ project, deliverable }: { project: string; deliverable: Deliverable }) {
  const { review, versionOf } = deliverable;
  const editor = useMay("editor");
  const decide = useDeciding(project, review);
  const [doing, setDoing] = useState<"modify" | "revise" | null>(null);
  const { mutate } = decide;
  const actions = useMemo<Action[]>(
    () =>
      editor
        ? [
            {
              id: "review.save",
              name: "Save what is reviewed",
              group: "Make",
              icon: Check,
              shortcut: "I",
              run: () => mutate({ decision: "ingest" }),
            },
            {
              id: "review.drop",
              name: "Discard what is reviewed",
              group: "Make",
              icon: Trash2,
              shortcut: "D",
              run: () => mutate({ decision: "discard" }),
            },
          ]
        : [],
    [editor, mutate],
  );
  useOffer(actions);
  const advice = review.recommendation;
  if (!editor) return advice ? <Advised advice={advice} /> : null;
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <Button look="main" busy={decide.isPending} onClick={() => mutate({ decision: "ingest" })}>
          Ingest
        </Button>
        <Button aria-expanded={doing === "modify"} onClick={() => setDoing(doing === "modify" ? null : "modify")}>
          Modify
        </Button>
        <Button aria-expanded={doing === "revise"} onClick={() => setDoing(doing === "revise" ? null : "revise")}>
          Send back
        </Button>
        <Button look="danger" busy={decide.isPending} onClick={() => mutate({ decision: "discard" })}>
          Discard
        </Button>
        {advice && <Advised advice={advice} />}
        {versionOf && <span className="text-xs text-ink-3">A new version of {versionOf.name}</span>}
      </div>
      {doing === "modify" && (
        <Modify
          deliverable={deliverable}
          busy={decide.isPending}
          onDone={(changes) => mutate({ decision: "modify", changes }, { onSuccess: () => setDoing(null) })}
        />
      )}
      {doing === "revise" && (
        <SendBack busy={decide.isPending} onDone={(reasons) => mutate({ decision: "revise", reasons })} />
      )}
    </div>
  );
}

interface ModifyProps {
  deliverable: Deliverable;
  busy: boolean;
  onDone: (changes: Schemas["DeliverableChanges"]) => void;
}

function Modify({ deliverable: { review, summary, notes, parts }, busy, onDone }: ModifyProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const kept = new Set(form.getAll("part").map(String));
    onDone({
      title: String(form.get("title")).trim(),
      summary: String(form.get("summary")).trim(),
      notes: String(form.get("notes")).trim(),
      omit: parts.filter(({ name }) => !kept.has(name)).map(({ name }) => name),
    });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 rounded-lg border border-line bg-ground p-3">
      <TextField label="Title" name="title" required maxLength={200} defaultValue={review.title} autoFocus />
      <TextArea label="Summary" name="summary" rows={3} maxLength={4000} defaultValue={summary} />
      <TextArea label="Notes" name="notes" rows={2} maxLength={3000} defaultValue={notes} />
      {parts.length > 0 && (
        <fieldset className="flex flex-wrap gap-x-4 gap-y-1">
          <legend className="pb-1 font-medium text-ink-2">What is kept</legend>
          {parts.map(({ name, count, omitted }) => (
            <label key={name} className="flex min-h-6 items-center gap-1.5">
              <input type="checkbox" name="part" value={name} defaultChecked={!omitted} className="accent-accent" />
              {called(termsOf(agentOf(review)), "", name)} <span className="text-ink-3 tabular-nums">{count}</span>
            </label>
          ))}
        </fieldset>
      )}
      <Button type="submit" look="main" busy={busy} className="self-end">
        Keep the changes
      </Button>
    </form>
  );
}

function SendBack({ busy, onDone }: { busy: boolean; onDone: (reasons: string[]) => void }) {
  const [text, setText] = useState("");
  const reasons = text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onDone(reasons);
      }}
      className="flex flex-col gap-3 rounded-lg border border-line bg-ground p-3"
    >
      <TextArea
        label="What is to be done differently"
        help="A reason on each line, ten at most. An agent that works by rules cannot weigh them; it reads the film anew."
        rows={3}
        value={text}
        autoFocus
        onChange={({ target }) => setText(target.value)}
      />
      <Button type="submit" busy={busy} disabled={reasons.length === 0 || reasons.length > 10} className="self-end">
        Send it back
      </Button>
    </form>
  );
}
