/** What a person should know of a project: what waits for somebody's decision, and what was told or has ended. */
import type { components } from "../generated/api";
import { asked as takenApart } from "./answers";
import { grouped } from "./grouped";
import { hasEnded, type Run, type RunDetail, titleOf } from "./run";

type Schemas = components["schemas"];
export type Level = Schemas["Level"];

/** One thing to know, with what can be done about it. */
export interface Item {
  id: string;
  /** When it happened, as the server has it. */
  at: string;
  level: Level;
  title: string;
  message: string;
  action: { label: string; url: string } | null;
  /** The step that asks, for who answers at once. */
  asks?: { run: string; step: string; question: string };
}

export interface Inbox {
  /** Oldest first: it waits longest. */
  waiting: Item[];
  /** Newest first. */
  told: Item[];
}

export interface Sources {
  project: string;
  me: string | null;
  activity: readonly Schemas["Activity"][];
  runs: readonly Run[];
  /** Of runs that go on. */
  details: readonly RunDetail[];
  /** What waits for a decision. */
  reviews: readonly Schemas["Review"][];
}

export function inbox({ project, me, activity, runs, details, reviews }: Sources): Inbox {
  const waiting = [...details.flatMap((detail) => asked(project, detail)), ...undecided(project, reviews)];
  const told = [...activity.flatMap((one) => notice(one, me)), ...runs.flatMap((run) => ended(project, run))];
  // A question that still waits is not told a second time.
  const open = new Set(waiting.flatMap(({ asks, action }) => (asks && action ? [action.url] : [])));
  return {
    waiting: waiting.sort((a, b) => order(a.at, b.at)),
    told: told.filter(({ action }) => !action || !open.has(action.url)).sort((a, b) => order(b.at, a.at)),
  };
}

/** How many of them came after what was seen last; null if nothing was ever seen. */
export function unseen(told: readonly Item[], seen: string | null): number {
  return seen === null ? 0 : told.filter(({ at }) => at > seen).length;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Steps that a person has to answer. */
function asked(project: string, { run, steps }: RunDetail): Item[] {
  return steps.flatMap((step) =>
    step.state === "waiting" && step.reason?.kind === "person"
      ? [
          {
            id: step.id,
            at: run.createdAt,
            level: "warning" as const,
            title: `${titleOf(step)} asks`,
            message: takenApart(step.reason.question).words,
            action: { label: "Answer", url: `/projects/${project}/runs/${run.id}?step=${step.id}` },
            asks: { run: run.id, step: step.id, question: step.reason.question },
          },
        ]
      : [],
  );
}

/** What waits for a decision: what came of one order at one stroke, everything else by itself. */
function undecided(project: string, reviews: readonly Schemas["Review"][]): Item[] {
  const url = `/projects/${project}/reviews`;
  const runs = grouped(
    reviews.filter(({ origin }) => origin),
    ({ origin }) => origin?.runId ?? "",
  );
  const outputs = [...runs].map(([run, own]): Item => {
    const [first] = own;
    const many = own.length === 1 ? "An output waits" : `${own.length} outputs wait`;
    return {
      id: run,
      at: first?.createdAt ?? "",
      level: "info",
      title: `${many} to be looked at`,
      message: first?.origin?.runTitle ?? first?.title ?? "",
      action: { label: "Review", url: `${url}?run=${run}` },
    };
  });
  const others = reviews.flatMap(({ reviewId, kind, title, createdAt, origin }): Item[] => {
    if (origin) return [];
    const imported = kind === "import";
    return [
      {
        id: reviewId,
        at: createdAt,
        level: "info",
        title,
        message: imported ? "It was read and waits for a decision." : "It was told and waits for a decision.",
        action: {
          label: "Look it over",
          url: imported ? `/projects/${project}/imports/${reviewId}` : `${url}?review=${reviewId}`,
        },
      },
    ];
  });
  return [...outputs, ...others];
}

const ENDS = {
  complete: { level: "success", words: "is complete" },
  failed: { level: "error", words: "has failed" },
  cancelled: { level: "info", words: "was cancelled" },
} as const;

function ended(project: string, { id, title, state, endedAt, total, complete, failed, askedBy }: Run): Item[] {
  if (!hasEnded(state) || !endedAt) return [];
  const { level, words } = ENDS[state as keyof typeof ENDS];
  const steps = `${complete} of ${total} ${total === 1 ? "step" : "steps"} done`;
  const message =
    failed > 0 ? `${steps}, ${failed} failed. What was done is kept; a step that failed can be retried.` : `${steps}.`;
  const action = {
    label: state === "complete" ? "See the result" : askedBy ? "Open the run" : "See what went wrong",
    url: `/projects/${project}/runs/${id}`,
  };
  return [{ id, at: endedAt, level, title: `“${title}” ${words}`, message, action }];
}

/** What the server told people. What one did oneself was told by the click that did it; what failed is told in any case. */
function notice({ kind, seq, at, personId, payload }: Schemas["Activity"], me: string | null): Item[] {
  if (kind !== "notification") return [];
  const { level, title, message, action } = payload as unknown as Item;
  if (level === "success" && personId !== null && personId === me) return [];
  return [{ id: String(seq), at, level, title, message, action: action ?? null }];
}
