/** What language models took in a project: by day, agent, person or model. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { thousands, usd } from "@/engines/money";
import { type UsageBy, usageQuery } from "@/shared/queries";
import { Failure, Skeleton } from "@/shared/ui/parts";
import { UsageChoice, UsageTable } from "@/shared/ui/usage";
import type { Schemas } from "@/shared/wire";
import { Block } from "./sections";

type Row = Schemas["UsageRow"];

const BY: Record<UsageBy, string> = { day: "Day", agent: "Agent", person: "Person", model: "Model" };
const COLUMNS: Record<string, (row: Row) => string> = {
  Calls: ({ calls }) => thousands(calls),
  "Tokens in": ({ inputTokens }) => thousands(inputTokens),
  "Tokens out": ({ outputTokens }) => thousands(outputTokens),
  Cost: cost,
};
/** What is shown before anything was chosen. */
export const FIRST = ["day", 30] as const;

export function Usage({ project }: { project: string }) {
  const [by, setBy] = useState<UsageBy>(FIRST[0]);
  const [days, setDays] = useState<number>(FIRST[1]);
  const usage = useQuery({ ...usageQuery(project, by, days), placeholderData: keepPreviousData });
  const rows = usage.data?.rows ?? [];
  return (
    <Block title="Usage" lead="What was taken, days by universal time. Calls under way are not in it yet.">
      <UsageChoice names={BY} by={by} onBy={setBy} days={days} onDays={setDays} />
      {usage.error && <Failure error={usage.error} onRetry={() => void usage.refetch()} />}
      {usage.isPending && <Skeleton />}
      {usage.data && rows.length === 0 && (
        <p className="text-sm text-ink-3">No language model was asked in this time.</p>
      )}
      {rows.length > 0 && (
        <UsageTable
          label={`Usage by ${BY[by].toLowerCase()}`}
          by={BY[by]}
          rows={rows}
          called={called}
          columns={COLUMNS}
          plus={plus}
          drawn={{ name: "Tokens", of: tokens }}
        />
      )}
      {usage.data && rows.length > 0 && <p className="text-xs text-ink-3">Prices: {usage.data.prices}</p>}
    </Block>
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
