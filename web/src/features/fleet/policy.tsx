/** Who may tell the fleet what in a project, and how much it may take: owners set it, all members see it. */
import { useMutation, useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { count, micro, written } from "@/engines/money";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { fleetPolicyQuery } from "@/shared/fleet";
import { useMay } from "@/shared/place";
import { fieldProblem } from "@/shared/problem";
import { toast } from "@/shared/toasts";
import { Choice } from "@/shared/ui/field";
import { OwnersSave } from "@/shared/ui/owners";
import { Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Bound } from "./bound";

type Limits = Schemas["FleetPolicy"];

const ROLES = [
  { field: "commands", label: "Commands may be ordered by" },
  { field: "agents", label: "Coding agents may be told by" },
  { field: "push", label: "What changed may be pushed by" },
] as const;

const BOUNDS = [
  { title: "All tasks of a day", minutes: "dayMinutes", tokens: "dayTokens", cost: "dayCostMicros" },
  { title: "One task", minutes: "taskMinutes", tokens: "taskTokens", cost: "taskCostMicros" },
] as const;

/** The most minutes that anything may take: a day. */
const DAY = 1_440;

export function Policy({ project }: { project: string }) {
  const policy = useQuery(fleetPolicyQuery(project));
  if (policy.error) return <Failure error={policy.error} onRetry={() => void policy.refetch()} />;
  if (!policy.data) return <Skeleton className="p-6" />;
  return <Form project={project} policy={policy.data} />;
}

function Form({ project, policy }: { project: string; policy: Limits }) {
  const owner = useMay("owner");
  const save = useMutation({
    mutationFn: (body: Limits) => api.put<Limits>(`/projects/${project}/fleet/policy`, body),
    onSuccess: (saved) => {
      client.setQueryData(fleetPolicyQuery(project).queryKey, saved);
      toast({ level: "success", title: "The fleet’s policy is saved", message: "It holds from the next order on." });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    save.mutate(read(new FormData(event.currentTarget)));
  };
  const problem = (field: string) => fieldProblem(save.error, field);
  return (
    <form onSubmit={submit} className="flex max-w-3xl flex-col gap-5 p-6">
      <p className="text-sm text-ink-2">
        What is empty is not bounded. When a day is used up, what is ordered waits for the next day of universal time,
        or until an owner adds to it here.
      </p>
      <fieldset disabled={!owner} className="flex min-w-0 flex-col gap-5">
        <legend className="sr-only">Policy of the fleet</legend>
        <div className="grid gap-3 sm:grid-cols-3">
          {ROLES.map(({ field, label }) => (
            <Choice
              key={field}
              label={label}
              name={field}
              defaultValue={policy[field] ?? "editor"}
              error={problem(field)}
            >
              <option value="editor">editors and owners</option>
              <option value="owner">owners</option>
            </Choice>
          ))}
        </div>
        {BOUNDS.map(({ title, minutes, tokens, cost }) => (
          <div key={title} role="group" aria-label={title} className="flex flex-col gap-2">
            <h2 className="text-sm font-semibold">{title}</h2>
            <div className="grid gap-3 sm:grid-cols-3">
              <Bound label="Minutes" name={minutes} max={DAY} value={policy[minutes]} error={problem(minutes)} />
              <Bound label="Tokens of agents" name={tokens} max={1e12} value={policy[tokens]} error={problem(tokens)} />
              <Bound
                label="US dollars of agents"
                name={cost}
                max={1e6}
                value={written(policy[cost])}
                error={problem(cost)}
              />
            </div>
          </div>
        ))}
      </fieldset>
      <OwnersSave save={save} />
    </form>
  );
}

/** What stands in the form; an empty field bounds nothing, which is another thing than 0. */
function read(data: FormData): Limits {
  const text = (name: string) => String(data.get(name) ?? "");
  const role = (name: string) => (text(name) === "owner" ? "owner" : "editor");
  return {
    ...{ commands: role("commands"), agents: role("agents"), push: role("push") },
    ...{ dayMinutes: count(text("dayMinutes")), dayTokens: count(text("dayTokens")) },
    ...{ taskMinutes: count(text("taskMinutes")), taskTokens: count(text("taskTokens")) },
    ...{ dayCostMicros: micro(text("dayCostMicros")), taskCostMicros: micro(text("taskCostMicros")) },
  };
}
