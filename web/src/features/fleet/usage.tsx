/** What the fleet took in a project: by day, by who ordered it, by runner or by agent. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { thousands, usd } from "@/engines/money";
import { took } from "@/engines/reasons";
import { fleetUsageQuery, type FleetUsageBy } from "@/shared/fleet";
import { Choice } from "@/shared/ui/field";
import { Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";

type Row = Schemas["FleetUsageRow"];

const BY: Record<FleetUsageBy, string> = { day: "Day", person: "Person", runner: "Runner", agent: "Agent" };
/** What stands for a row without a name. */
const NAMELESS: Record<FleetUsageBy, string> = { day: "", person: "Nobody", runner: "A runner", agent: "Commands" };
const DAYS = [1, 7, 30, 90, 366];

export function FleetUsage({ project }: { project: string }) {
  const [by, setBy] = useState<FleetUsageBy>("day");
  const [days, setDays] = useState(30);
  const usage = useQuery({ ...fleetUsageQuery(project, by, days), placeholderData: keepPreviousData });
  const rows = usage.data ?? [];
  return (
    <div className="flex max-w-4xl flex-col gap-4 p-6">
      <p className="text-sm text-ink-2">
        Tasks that have ended, by days of universal time; tokens and money are what coding agents say.
      </p>
      <div className="grid max-w-sm grid-cols-2 gap-3">
        <Choice label="By" value={by} onChange={({ target }) => setBy(target.value as FleetUsageBy)}>
          {Object.entries(BY).map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </Choice>
        <Choice label="Over" value={days} onChange={({ target }) => setDays(Number(target.value))}>
          {DAYS.map((many) => (
            <option key={many} value={many}>
              {many === 1 ? "today" : `the last ${many} days`}
            </option>
          ))}
        </Choice>
      </div>
      {usage.error && <Failure error={usage.error} onRetry={() => void usage.refetch()} />}
      {usage.isPending && <Skeleton />}
      {usage.data && rows.length === 0 && <p className="text-sm text-ink-3">The fleet did nothing in this time.</p>}
      {rows.length > 0 && <Table by={by} rows={rows} />}
    </div>
  );
}

const COLUMNS = ["Tasks", "Failed", "Time", "Tokens in", "Tokens out", "Cost"];
const NUMBER = "py-1.5 pl-4 text-right tabular-nums whitespace-nowrap";

function Table({ by, rows }: { by: FleetUsageBy; rows: readonly Row[] }) {
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={`The fleet by ${BY[by].toLowerCase()}`}>
      <table className="w-full text-left text-sm">
        <thead className="text-xs text-ink-3">
          <tr className="border-b border-line">
            <th scope="col" className="py-1.5 font-medium">
              {BY[by]}
            </th>
            {COLUMNS.map((column) => (
              <th key={column} scope="col" className="py-1.5 pl-4 text-right font-medium whitespace-nowrap">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Line key={row.key} name={row.label ?? (row.key || NAMELESS[by])} row={row} />
          ))}
        </tbody>
        <tfoot className="font-medium">
          <Line name="In all" row={rows.reduce(plus)} />
        </tfoot>
      </table>
    </div>
  );
}

function Line({ name, row }: { name: string; row: Row }) {
  return (
    <tr className="border-b border-line last:border-0">
      <th scope="row" className="min-w-24 py-1.5 font-normal wrap-anywhere in-[tfoot]:font-medium">
        {name}
      </th>
      <td className={NUMBER}>{thousands(row.tasks)}</td>
      <td className={NUMBER}>{thousands(row.failed)}</td>
      <td className={NUMBER}>{took(row.ranMs)}</td>
      <td className={NUMBER}>{thousands(row.inputTokens)}</td>
      <td className={NUMBER}>{thousands(row.outputTokens)}</td>
      <td className={NUMBER}>{usd(row.costMicros)}</td>
    </tr>
  );
}

function plus(one: Row, other: Row): Row {
  return {
    key: "",
    tasks: one.tasks + other.tasks,
    failed: one.failed + other.failed,
    ranMs: one.ranMs + other.ranMs,
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    costMicros: one.costMicros + other.costMicros,
  };
}
