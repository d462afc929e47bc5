/** The review inbox: all that waits for a decision, whoever proposed it, and what was decided; gone through by keys. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import clsx from "clsx";
import { ChevronDown, ChevronUp, Inbox as InboxIcon, ListChecks } from "lucide-react";
import { type ReactNode, useCallback, useMemo } from "react";
import { capital } from "@/engines/run";
import { percent } from "@/engines/units";
import { type Action, useOffer } from "@/shared/actions";
import { layout } from "@/shared/layout";
import { useMay, useProject, useProjectId } from "@/shared/place";
import { reviewsQuery } from "@/shared/queries";
import { ADVICE, KINDS, STATES } from "@/shared/reviews";
import { ago, exact } from "@/shared/time";
import { Button, buttonClass } from "@/shared/ui/button";
import { More, rowsOf } from "@/shared/ui/paged";
import { Badge, Empty, Failure, PageHead, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { AllOfRun } from "./all-of-run";
import { DeliverableReview } from "./deliverable";

type Review = Schemas["Review"];

/** What a list is of, as it stands in the address. */
export interface ReviewSearch {
  review?: string;
  run?: string;
  decided?: boolean;
}

/** `proposal` shows what was told in data mode. */
export function ReviewInbox({ proposal }: { proposal: (id: string) => ReactNode }) {
  const project = useProjectId();
  const editor = useMay("editor");
  const { review, run, decided = false }: ReviewSearch = useSearch({ strict: false });
  const list = useInfiniteQuery(
    reviewsQuery(project, { ...(!decided && { state: "pending" }), ...(run !== undefined && { run }) }),
  );
  const { data } = list;
  const rows = useMemo(() => rowsOf({ data }).filter(({ state }) => !decided || state !== "pending"), [data, decided]);
  const place = rows.findIndex(({ reviewId }) => reviewId === review);
  const open = rows[place] ?? rows[0];
  const navigate = useNavigate();
  const show = useCallback(
    (search: ReviewSearch) => void navigate({ to: ".", search, replace: true, resetScroll: false }),
    [navigate],
  );
  const within = useMemo(() => ({ ...(run !== undefined && { run }), ...(decided && { decided }) }), [run, decided]);
  const actions = useMemo<Action[]>(() => {
    const at = Math.max(0, place);
    const move = (by: number) => {
      const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
      if (next) show({ ...within, review: next.reviewId });
    };
    return [
      { id: "review.next", name: "Next review", group: "View", icon: ChevronDown, shortcut: "J", run: () => move(1) },
      { id: "review.back", name: "Review before", group: "View", icon: ChevronUp, shortcut: "K", run: () => move(-1) },
    ];
  }, [rows, place, within, show]);
  useOffer(actions);
  const title = run === undefined ? undefined : rows.find(({ origin }) => origin?.runId === run)?.origin?.runTitle;
  return (
    <div className="@container flex h-full flex-col">
      <PageHead title="Reviews" note={title ?? undefined}>
        {run !== undefined && (
          <Button look="quiet" onClick={() => show(decided ? { decided } : {})}>
            Show all work
          </Button>
        )}
        {run !== undefined && !decided && <AllOfRun project={project} run={run} waiting={rows.length} />}
        <Button aria-pressed={decided} onClick={() => show({ ...(run !== undefined && { run }), decided: !decided })}>
          {decided ? "What waits" : "What was decided"}
        </Button>
      </PageHead>
      {list.isPending && <Skeleton className="p-6" />}
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && rows.length === 0 && !list.hasNextPage && (
        <Empty icon={<InboxIcon />} title={decided ? "Nothing was decided yet" : "Nothing waits for you"}>
          <p className="max-w-md">
            What departments make, what an import found and what somebody told the project waits here until it is saved
            or dropped.
          </p>
          {editor && !decided && (
            <Button look="main" onClick={() => layout.speak("task")}>
              <ListChecks /> Order work
            </Button>
          )}
        </Empty>
      )}
      {/* Of what was read none was decided yet; older ones may have been. */}
      {!open && <More list={list} className="m-6" />}
      {open && (
        <div className="flex min-h-0 grow flex-col @3xl:flex-row">
          <nav
            aria-label="Reviews"
            className="max-h-64 shrink-0 overflow-y-auto border-b border-line p-2 @3xl:max-h-none @3xl:w-72 @3xl:border-r @3xl:border-b-0"
          >
            <ul className="flex flex-col gap-0.5">
              {rows.map((row) => (
                <Row key={row.reviewId} row={row} open={row === open} search={{ ...within, review: row.reviewId }} />
              ))}
            </ul>
            <More list={list} look="quiet" />
          </nav>
          <div className="min-w-0 grow bg-surface @3xl:overflow-y-auto">
            <Shown key={open.reviewId} project={project} review={open} proposal={proposal} />
          </div>
        </div>
      )}
    </div>
  );
}

function Row({ row, open, search }: { row: Review; open: boolean; search: ReviewSearch }) {
  const { title, kind, origin, score, recommendation, state, createdAt } = row;
  const project = useProjectId();
  const name = useProject()?.name ?? "";
  return (
    <li>
      <Link
        to="/projects/$project/reviews"
        params={{ project }}
        search={search}
        replace
        aria-current={open || undefined}
        className={clsx("flex flex-col rounded-md px-2.5 py-1.5 text-sm hover:bg-hover", open && "bg-pressed")}
      >
        <span className="flex items-center gap-2">
          <span title={title} className="min-w-0 grow truncate font-medium">
            {withoutName(title, name)}
          </span>
          {state !== "pending" ? (
            <Badge tone={STATES[state].tone}>{STATES[state].name}</Badge>
          ) : (
            typeof score === "number" && (
              <Badge tone={recommendation ? ADVICE[recommendation].tone : "plain"}>{percent(score)}</Badge>
            )
          )}
        </span>
        <span className="flex items-center gap-2 text-xs text-ink-3">
          <span className="min-w-0 grow truncate">{origin ? capital(origin.department) : KINDS[kind]}</span>
          <time dateTime={createdAt} title={exact(createdAt)} className="shrink-0">
            {ago(createdAt)}
          </time>
        </span>
      </Link>
    </li>
  );
}

/** `Cue list: The Long Tide` as `Cue list`: all of a project's would end with its name. */
function withoutName(title: string, project: string): string {
  const ending = `: ${project}`;
  return title.endsWith(ending) && title !== ending ? title.slice(0, -ending.length) : title;
}

interface ShownProps {
  project: string;
  review: Review;
  proposal: (id: string) => ReactNode;
}

function Shown({ project, review, proposal }: ShownProps) {
  switch (review.kind) {
    case "deliverable":
      return <DeliverableReview project={project} review={review} />;
    case "ingest":
      return <div className="max-w-2xl p-4">{proposal(review.reviewId)}</div>;
    case "import":
      return (
        <Empty title={review.title}>
          <p>Its records are looked over on a page of their own.</p>
          <Link
            to="/projects/$project/imports/$import"
            params={{ project, import: review.reviewId }}
            className={buttonClass("main")}
          >
            Look it over
          </Link>
        </Empty>
      );
  }
}
