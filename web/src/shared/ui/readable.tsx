/** A value of any shape, readable: as facts, lists and tables; long ones begin with what can be looked over. */
import clsx from "clsx";
import { memo, type ReactNode, useMemo, useState } from "react";
import { type Cell, type Part, readable } from "@/engines/readable";
import { termsOf } from "@/engines/terms";
import { useRevealed } from "@/shared/revealed";
import { Button } from "./button";
import { Cited } from "./cited";

/** Rows and items that are shown before more are asked for. */
const FIRST = 12;

interface ReadableProps {
  value: unknown;
  /** Who made it, as `department/name`: what it tells of is called by its own terms, in their units. */
  agent?: string;
  /** In the place of what says nothing. */
  empty?: ReactNode;
}

export function Readable({ value, agent = "", empty = <p className="text-sm text-ink-3">Nothing.</p> }: ReadableProps) {
  const parts = useMemo(() => readable(value, termsOf(agent)), [value, agent]);
  if (parts.length === 0) return empty;
  return <All parts={parts} />;
}

function All({ parts }: { parts: Part[] }) {
  return (
    <div className="flex flex-col gap-4 text-sm">
      {parts.map((part, at) => (
        <One key={`${at}.${part.title}`} part={part} />
      ))}
    </div>
  );
}

function One({ part }: { part: Part }) {
  if (part.kind === "section") return <Section title={part.title} parts={part.parts} />;
  return (
    <div className="min-w-0">
      {part.title !== "" && <h3 className="mb-1 font-medium">{part.title}</h3>}
      <Content part={part} />
    </div>
  );
}

function Content({ part }: { part: Exclude<Part, { kind: "section" }> }) {
  switch (part.kind) {
    case "text":
      return <p className="whitespace-pre-wrap text-ink-2">{part.text}</p>;
    case "facts":
      return (
        <dl className="grid grid-cols-[minmax(6rem,auto)_1fr] gap-x-4 gap-y-1">
          {part.facts.map(({ label, cell }) => (
            <div key={label} className="contents">
              <dt className="text-ink-3">{label}</dt>
              <dd className="wrap-anywhere">
                <Shown cell={cell} />
              </dd>
            </div>
          ))}
        </dl>
      );
    case "list":
      return <Items items={part.items} />;
    case "table":
      return <Table title={part.title} columns={part.columns} rows={part.rows} />;
    case "raw":
      return <pre className="max-h-72 overflow-auto rounded-md bg-sunken p-2 font-mono text-xs">{part.json}</pre>;
  }
}

function Items({ items }: { items: Cell[] }) {
  const { shown, rest, reveal } = useRevealed(items.length, FIRST);
  return (
    <>
      <ul className="list-disc pl-4 text-ink-2">
        {items.slice(0, shown).map((cell, at) => (
          <li key={at}>
            <Shown cell={cell} />
          </li>
        ))}
      </ul>
      <More rest={rest} onAll={reveal} />
    </>
  );
}

function Table({ title, columns, rows }: { title: string; columns: string[]; rows: Cell[][] }) {
  const { shown, rest, reveal } = useRevealed(rows.length, FIRST);
  const look = useMemo(() => columns.map((_, column) => (isCount(rows, column) ? "text-right" : "")), [columns, rows]);
  return (
    <>
      <div
        tabIndex={0}
        role="region"
        aria-label={title || "Table"}
        className="edges overflow-x-auto rounded-md border border-line"
      >
        <table className="w-max min-w-full text-left">
          <thead>
            <tr className="border-b border-line text-xs text-ink-3">
              {columns.map((name, column) => (
                <th
                  key={name}
                  scope="col"
                  className={clsx("px-2.5 py-1.5 font-medium whitespace-nowrap", look[column])}
                >
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="divide-y divide-line">
            {rows.slice(0, shown).map((row, at) => (
              <Row key={at} cells={row} look={look} />
            ))}
          </tbody>
        </table>
      </div>
      <More rest={rest} onAll={reveal} />
    </>
  );
}

/** Drawn once, however many rows come after it. */
const Row = memo(function Row({ cells, look }: { cells: Cell[]; look: string[] }) {
  return (
    <tr>
      {cells.map((cell, column) => (
        <td key={column} className={clsx("max-w-80 px-2.5 py-1.5 align-top tabular-nums", look[column])}>
          <Shown cell={cell} />
        </td>
      ))}
    </tr>
  );
});

/** Whether a column has only numbers and times in it, which are compared by their last digits. */
function isCount(rows: readonly Cell[][], column: number): boolean {
  const told = rows.flatMap((row) => (row[column] && row[column].text !== "" ? [row[column]] : []));
  return told.length > 0 && told.every(({ kind, text }) => kind === "text" && /^[\d:.]+( %)?$/.test(text));
}

/** A section is open while there are few of its kind; what lies deeper is drawn when it is opened. */
function Section({ title, parts }: { title: string; parts: Part[] }) {
  const [open, setOpen] = useState(false);
  if (title === "") return <All parts={parts} />;
  return (
    <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className="w-fit rounded-sm font-medium">
        {title} <span className="font-normal text-ink-3 tabular-nums">{parts.length > 1 && parts.length}</span>
      </summary>
      <div className="border-l border-line pt-2 pl-3">{open && <All parts={parts} />}</div>
    </details>
  );
}

function Shown({ cell }: { cell: Cell }) {
  switch (cell.kind) {
    case "text":
      return cell.text;
    case "link":
      return (
        <Cited collection={cell.collection} record={cell.record} quote={cell.quote}>
          {cell.text}
        </Cited>
      );
    case "several":
      return (
        <>
          {cell.cells.map((one, at) => (
            <span key={one.text}>
              {at > 0 && ", "}
              <Shown cell={one} />
            </span>
          ))}
          {cell.more > 0 && <span className="text-ink-3"> and {cell.more} more</span>}
        </>
      );
    case "course":
      return <Course values={cell.values} words={cell.text} />;
  }
}

/** The size of one value's bar, in pixels. */
const COURSE = { width: 7, gap: 2, height: 18 };

/** How something runs, as bars from the beginning to the end; the words for who cannot see them. */
function Course({ values, words }: { values: readonly number[]; words: string }) {
  const { width, gap, height } = COURSE;
  return (
    <svg
      role="img"
      aria-label={words}
      width={values.length * (width + gap)}
      height={height}
      className="block text-accent"
      fill="currentColor"
    >
      <title>{words}</title>
      {values.map((value, at) => {
        const tall = Math.max(1, Math.round(Math.min(1, Math.max(0, value)) * height));
        return <rect key={at} x={at * (width + gap)} y={height - tall} width={width} height={tall} rx={1} />;
      })}
    </svg>
  );
}

function More({ rest, onAll }: { rest: number; onAll: () => void }) {
  if (rest <= 0) return null;
  return (
    <Button look="quiet" className="mt-1 -ml-2 h-7 px-2" onClick={onAll}>
      {rest} more
    </Button>
  );
}
