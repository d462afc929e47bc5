/** What was taken: the choice of by what and over how many days it is told, and the table of it with its sum. */
import type { ReactNode } from "react";
import { Choice } from "./field";
import { Bar } from "./parts";

const DAYS = [1, 7, 30, 90, 366];

interface UsageChoiceProps<By extends string> {
  /** By what it can be told, and what that is called. */
  names: Record<By, string>;
  by: By;
  onBy: (by: By) => void;
  days: number;
  onDays: (days: number) => void;
}

export function UsageChoice<By extends string>({ names, by, onBy, days, onDays }: UsageChoiceProps<By>) {
  return (
    <div className="grid max-w-sm grid-cols-2 gap-3">
      <Choice label="By" value={by} onChange={({ target }) => onBy(target.value as By)}>
        {Object.entries<string>(names).map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </Choice>
      <Choice label="Over" value={days} onChange={({ target }) => onDays(Number(target.value))}>
        {DAYS.map((many) => (
          <option key={many} value={many}>
            {many === 1 ? "today" : `the last ${many} days`}
          </option>
        ))}
      </Choice>
    </div>
  );
}

interface UsageTableProps<Row> {
  label: string;
  /** What the rows are: `Day`. */
  by: string;
  rows: readonly Row[];
  called: (row: Row) => string;
  /** What is told of a row, by the columns' names in their order. */
  columns: Record<string, (row: Row) => string>;
  /** Adds two rows. */
  plus: (one: Row, other: Row) => Row;
  /** What a row is drawn by beside its name, against the greatest, if it is drawn. */
  drawn?: { name: string; of: (row: Row) => number };
}

const CELL = "py-1.5 pl-4 text-right whitespace-nowrap tabular-nums";

export function UsageTable<Row extends { key: string }>(props: UsageTableProps<Row>) {
  const { label, by, rows, called, columns, plus, drawn } = props;
  const greatest = drawn && Math.max(1, ...rows.map(drawn.of));
  const line = (key: string, name: string, row: Row, bar: ReactNode) => (
    <tr key={key} className="border-b border-line last:border-0">
      <th scope="row" className="min-w-24 py-1.5 font-normal wrap-anywhere in-[tfoot]:font-medium">
        {name}
      </th>
      {drawn && <td className="py-1.5 pl-4">{bar}</td>}
      {Object.entries(columns).map(([column, told]) => (
        <td key={column} className={CELL}>
          {told(row)}
        </td>
      ))}
    </tr>
  );
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={label}>
      <table className="w-full text-left text-sm">
        <thead className="text-xs text-ink-3">
          <tr className="border-b border-line">
            <th scope="col" className="py-1.5 font-medium">
              {by}
            </th>
            {drawn && (
              <th scope="col" className="w-1/5 py-1.5 pl-4 font-medium">
                <span className="sr-only">Share of the greatest</span>
              </th>
            )}
            {Object.keys(columns).map((column) => (
              <th key={column} scope="col" className="py-1.5 pl-4 text-right font-medium whitespace-nowrap">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="border-b border-line">
          {rows.map((row) =>
            line(
              row.key,
              called(row),
              row,
              drawn && (
                <Bar role="meter" label={`${drawn.name} of ${called(row)}`} value={drawn.of(row) / (greatest ?? 1)} />
              ),
            ),
          )}
        </tbody>
        <tfoot className="font-medium">{line("", "In all", rows.reduce(plus), null)}</tfoot>
      </table>
    </div>
  );
}
