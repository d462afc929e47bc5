/** What the fleet took in a project: by day, by who ordered it, by runner or by agent. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { thousands, usd } from "@/engines/money";
import { took } from "@/engines/reasons";
import { fleetUsageQuery, type FleetUsageBy } from "@/shared/fleet";
import { Failure, Skeleton } from "@/shared/ui/parts";
import { UsageChoice, UsageTable } from "@/shared/ui/usage";
import type { Schemas } from "@/shared/wire";

type Row = Schemas["FleetUsageRow"];

const BY: Record<FleetUsageBy, string> = { day: "Day", person: "Person", runner: "Runner", agent: "Agent" };
/** What stands for a row without a name. */
const NAMELESS: Record<FleetUsageBy, string> = { day: "", person: "Nobody", runner: "A runner", agent: "Commands" };
const COLUMNS: Record<string, (row: Row) => string> = {
  Tasks: ({ tasks }) => thousands(tasks),
  Failed: ({ failed }) => thousands(failed),
  Time: ({ ranMs }) => took(ranMs),
  "Tokens in": ({ inputTokens }) => thousands(inputTokens),
  "Tokens out": ({ outputTokens }) => thousands(outputTokens),
  Cost: ({ costMicros }) => usd(costMicros),
};

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
      <UsageChoice names={BY} by={by} onBy={setBy} days={days} onDays={setDays} />
      {usage.error && <Failure error={usage.error} onRetry={() => void usage.refetch()} />}
      {usage.isPending && <Skeleton />}
      {usage.data && rows.length === 0 && <p className="text-sm text-ink-3">The fleet did nothing in this time.</p>}
      {rows.length > 0 && (
        <UsageTable
          label={`The fleet by ${BY[by].toLowerCase()}`}
          by={BY[by]}
          rows={rows}
          called={({ label, key }) => label ?? (key || NAMELESS[by])}
          columns={COLUMNS}
          plus={plus}
        />
      )}
    </div>
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
