/** Small parts of many screens: empty states, problems, skeletons, bars, badges, avatars. */
import clsx from "clsx";
import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Problem, sentence } from "../problem";
import { Button } from "./button";

/** Nothing is here yet, and this is what to do about it. */
export function Empty({ icon, title, children }: { icon?: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-3 px-6 py-14 text-center text-sm text-ink-2">
      {icon && <div className="text-ink-3 [&_svg]:size-7 [&_svg]:stroke-[1.5]">{icon}</div>}
      <p className="text-base font-medium text-ink">{title}</p>
      {children}
    </div>
  );
}

/** What went wrong, and a way on. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const id = error instanceof Problem ? error.requestId : null;
  // What is not there, or not for this person, is no more so at a second look.
  const final = error instanceof Problem && (error.status === 403 || error.status === 404);
  return (
    <div role="alert" className="m-4 flex items-start gap-3 rounded-lg border border-line bg-bad-soft p-3 text-sm">
      <CircleAlert className="mt-0.5 size-4 shrink-0 text-bad" />
      <div className="grow">
        <p>{sentence(error)}</p>
        {id && <p className="mt-0.5 text-xs text-ink-2">Request {id}</p>}
      </div>
      {onRetry && !final && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}

/** Grey lines in the place of what is on its way. */
export function Skeleton({ lines = 4, className }: { lines?: number; className?: string }) {
  return (
    <div role="status" aria-label="Loading" className={clsx("flex flex-col gap-3", className)}>
      {Array.from({ length: lines }, (_, line) => (
        <div
          key={line}
          className={clsx("skeleton h-4", line % 3 === 2 ? "w-1/2" : line % 3 === 1 ? "w-11/12" : "w-3/4")}
        />
      ))}
    </div>
  );
}

interface BarProps {
  label: string;
  /** From 0 to 1. */
  value: number;
  role: "progressbar" | "meter";
  tone?: "accent" | "good" | "warn" | "bad";
  className?: string;
}

const FILLS = { accent: "bg-accent", good: "bg-good", warn: "bg-warn", bad: "bg-bad" };

/** The bar alone; its width is set from script, which the policy allows, and never in a style attribute of markup. */
export function Bar({ label, value, role, tone = "accent", className }: BarProps) {
  const percent = Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <div
      role={role}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      className={clsx("h-1.5 overflow-hidden rounded-full bg-line", className)}
    >
      <div className={clsx("h-full rounded-full transition-[width]", FILLS[tone])} style={{ width: `${percent}%` }} />
    </div>
  );
}

/** A bar with its number, for anything that takes more than a second. */
export function Progress({ value, label }: { value: number; label: string }) {
  return (
    <div className="flex flex-col gap-1 text-sm">
      <div className="flex justify-between gap-4 text-ink-2">
        <span>{label}</span>
        <span className="tabular-nums">{Math.round(value * 100)} %</span>
      </div>
      <Bar role="progressbar" label={label} value={value} />
    </div>
  );
}

type Tone = "plain" | "good" | "warn" | "bad" | "accent";

const TONES: Record<Tone, string> = {
  plain: "bg-sunken text-ink-2",
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  accent: "bg-accent-soft text-accent",
};

export function Badge({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span
      className={clsx(
        "inline-flex h-5 items-center rounded-sm px-1.5 text-xs font-medium whitespace-nowrap",
        TONES[tone],
      )}
    >
      {children}
    </span>
  );
}

/** The server gives each person one of eight colours. */
const HUES = ["hue-0", "hue-1", "hue-2", "hue-3", "hue-4", "hue-5", "hue-6", "hue-7"];

export function Avatar({ name, color, title }: { name: string; color: number; title?: string }) {
  const initials = name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0] ?? "")
    .join("");
  return (
    <span
      role="img"
      data-initials={initials}
      aria-label={title ?? name}
      title={title ?? name}
      className={clsx(
        "avatar inline-flex size-7 items-center justify-center rounded-full text-xs font-semibold uppercase",
        HUES[color % 8],
      )}
    ></span>
  );
}

/** The head of a page: its name, what to do there. */
export function PageHead({ title, note, children }: { title: ReactNode; note?: ReactNode; children?: ReactNode }) {
  return (
    <header className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-6 py-3">
      <div className="min-w-0 grow basis-48">
        <h1 className="truncate text-lg font-semibold">{title}</h1>
        {note && <p className="text-sm text-ink-3">{note}</p>}
      </div>
      <div className="flex flex-wrap items-center gap-2">{children}</div>
    </header>
  );
}
