/** A diff as it is read: the rows that are seen, each with its number before and after, and what came and went in colour. */
import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { useEffect, useRef } from "react";
import type { Diff, DiffKind, DiffRow } from "@/engines/diff";

const ROW = 20;

const LOOKS: Record<DiffKind, string> = {
  file: "border-y border-line bg-sunken font-semibold",
  hunk: "bg-accent-soft text-ink-2",
  added: "bg-good-soft",
  removed: "bg-bad-soft",
  same: "",
  note: "text-ink-3 italic",
};

const SIGNS: Partial<Record<DiffKind, string>> = { added: "+", removed: "−" };

interface DiffViewProps {
  diff: Diff;
  /** The row that is to be on top; another object each time it is asked for. */
  goal: { row: number } | null;
}

export function DiffView({ diff: { rows, widest }, goal }: DiffViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  useEffect(() => {
    if (!goal) return;
    box.current?.scrollTo({ top: goal.row * ROW });
    box.current?.scrollIntoView({ block: "nearest" });
  }, [goal]);
  return (
    <div
      ref={box}
      tabIndex={0}
      role="region"
      aria-label="Diff"
      className="max-h-[60dvh] overflow-auto overscroll-contain rounded-md border border-line bg-surface font-mono text-xs leading-5"
    >
      <div className="relative min-w-full" style={{ height: rows.length * ROW, width: `calc(${widest + 2}ch + 7rem)` }}>
        {virtualizer.getVirtualItems().map(({ index, start }) => {
          const row = rows[index];
          return row && <Line key={index} row={row} start={start} />;
        })}
      </div>
    </div>
  );
}

function Line({ row: { kind, text, before, after }, start }: { row: DiffRow; start: number }) {
  const lines = kind === "added" || kind === "removed" || kind === "same";
  return (
    <div
      className={clsx("absolute inset-x-0 flex h-5 whitespace-pre", LOOKS[kind])}
      style={{ transform: `translateY(${start}px)` }}
    >
      {lines && (
        <span aria-hidden className="flex w-24 shrink-0 text-ink-2 tabular-nums select-none">
          <span className="w-10 text-right">{before}</span>
          <span className="w-10 text-right">{after}</span>
        </span>
      )}
      <span className={clsx("shrink-0", lines ? "w-4" : "w-2")}>{SIGNS[kind]}</span>
      {text}
    </div>
  );
}
