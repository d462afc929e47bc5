/** What language models took in a project: by day, agent, person or model. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { thousands, usd } from "@/engines/money";
import { type UsageBy, usageQuery } from "@/shared/queries";
import { Choice } from "@/shared/ui/field";
import { Bar, Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Block } from "./sections";

type Row = Schemas["UsageRow"];

const BY: Record<UsageBy, string> = { day: "Day", agent: "Agent", person: "Person", model: "Model" };
const DAYS = [1, 7, 30, 90, 366];
/** What is shown before anything was chosen. */
export const FIRST = ["day", 30] as const;

export function Usage({ project }: { project: string }) {
  const [by, setBy] = useState<UsageBy>(FIRST[0]);
  const [days, setDays] = useState<number>(FIRST[1]);
  const usage = useQuery({ ...usageQuery(project, by, days), placeholderData: keepPreviousData });
  const rows = usage.data?.rows ?? [];
  return (
    <Block title="Usage" lead="What was taken, days by universal time. Calls under way are not in it yet.">
      <div className="grid max-w-sm grid-cols-2 gap-3">
        <Choice label="By" value={by} onChange={({ target }) => setBy(target.value as UsageBy)}>
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
      {usage.data && rows.length === 0 && (
        <p className="text-sm text-ink-3">No language model was asked in this time.</p>
      )}
      {rows.length > 0 && <Table name={BY[by]} rows={rows} />}
      {usage.data && rows.length > 0 && <p className="text-xs text-ink-3">Prices: {usage.data.prices}</p>}
    </Block>
  );
}

function Table({ name, rows }: { name: string; rows: readonly Row[] }) {
  const greatest = Math.max(1, ...rows.map(tokens));
  const total = rows.reduce(plus);
  const NUMBER = "py-1.5 pl-4 text-right tabular-nums";
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={`Usage by ${name.toLowerCase()}`}>
      <table className="w-full text-left text-sm">
        <thead className="text-xs text-ink-3">
          <tr className="border-b border-line">
            <th scope="col" className="py-1.5 font-medium">
              {name}
            </th>
            <th scope="col" className="w-1/5 py-1.5 pl-4 font-medium">
              <span className="sr-only">Share of the greatest</span>
            </th>
            {["Calls", "Tokens in", "Tokens out", "Cost"].map((column) => (
              <th key={column} scope="col" className="py-1.5 pl-4 text-right font-medium whitespace-nowrap">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key} className="border-b border-line">
              <th scope="row" className="min-w-24 py-1.5 font-normal wrap-anywhere">
                {called(row)}
              </th>
              <td className="py-1.5 pl-4">
                <Bar role="meter" label={`Tokens of ${called(row)}`} value={tokens(row) / greatest} />
              </td>
              <td className={NUMBER}>{thousands(row.calls)}</td>
              <td className={NUMBER}>{thousands(row.inputTokens)}</td>
              <td className={NUMBER}>{thousands(row.outputTokens)}</td>
              <td className={NUMBER}>{cost(row)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot className="font-medium">
          <tr>
            <th scope="row" className="py-1.5 font-medium">
              In all
            </th>
            <td />
            <td className={NUMBER}>{thousands(total.calls)}</td>
            <td className={NUMBER}>{thousands(total.inputTokens)}</td>
            <td className={NUMBER}>{thousands(total.outputTokens)}</td>
            <td className={NUMBER}>{cost(total)}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

function called({ key, label }: Row): string {
  return label ?? (key === "" ? "Nobody" : key);
}

function plus(one: Row, other: Row): Row {
  return {
    key: "",
    calls: one.calls + other.calls,
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    costMicroUsd: one.costMicroUsd + other.costMicroUsd,
    unpricedCalls: one.unpricedCalls + other.unpricedCalls,
  };
}

function tokens({ inputTokens, outputTokens }: Row): number {
  return inputTokens + outputTokens;
}

/** What is known of the cost; calls without a known price are said, not counted as free. */
function cost({ costMicroUsd, unpricedCalls }: Row): string {
  if (unpricedCalls === 0) return usd(costMicroUsd);
  const unknown = `${thousands(unpricedCalls)} of unknown price`;
  return costMicroUsd === 0 ? unknown : `${usd(costMicroUsd)} and ${unknown}`;
}
