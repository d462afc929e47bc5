/** What a project's agents may spend on language models; owners set it, all members see it. */
import { useMutation, useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { count, micro, thousands, written } from "@/engines/money";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { useMay, useProjectId } from "@/shared/place";
import { budgetsQuery, usageQuery } from "@/shared/queries";
import { toast } from "@/shared/toasts";
import { Check, inputClass } from "@/shared/ui/field";
import { OwnersSave } from "@/shared/ui/owners";
import { Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Block } from "./sections";
import { FIRST, Usage } from "./usage";

type Limits = Schemas["Budgets"];

/** Tokens that the server lets through where an owner has set nothing; `agents::budget`. */
const RUN_TOKENS = 400_000;
const DAY_TOKENS = 2_000_000;

const SCOPES = [
  { name: "A run", tokens: "runTokens", money: "runMicroUsd", open: thousands(RUN_TOKENS) },
  { name: "A day", tokens: "dayTokens", money: "dayMicroUsd", open: thousands(DAY_TOKENS) },
  { name: "The project, in all", tokens: "projectTokens", money: "projectMicroUsd", open: "no bound" },
] as const;

export function Budgets() {
  const project = useProjectId();
  const budgets = useQuery(budgetsQuery(project));
  const usage = useQuery(usageQuery(project, ...FIRST));
  // One that came after the other would move it.
  if (budgets.isPending || usage.isPending) return <Skeleton lines={12} />;
  return (
    <>
      <Block
        title="Budgets"
        lead="The most that language models may take. While a field is empty, what stands in it in grey holds. When a budget is used up, the step asks whether to add to it, to go on by rules, or to end the run."
      >
        {budgets.error ? (
          <Failure error={budgets.error} onRetry={() => void budgets.refetch()} />
        ) : (
          <Form project={project} budgets={budgets.data} />
        )}
      </Block>
      <Usage project={project} />
    </>
  );
}

function Form({ project, budgets }: { project: string; budgets: Limits }) {
  const owner = useMay("owner");
  const save = useMutation({
    mutationFn: (body: Limits) => api.put<Limits>(`/projects/${project}/budgets`, body),
    onSuccess: (saved) => {
      client.setQueryData(budgetsQuery(project).queryKey, saved);
      toast({ level: "success", title: "The budgets are saved", message: "They hold from the next call on." });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    save.mutate(read(new FormData(event.currentTarget)));
  };
  const noMoney = SCOPES.every(({ money }) => budgets[money] == null);
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <fieldset disabled={!owner} className="flex min-w-0 flex-col gap-4">
        <legend className="sr-only">Budgets</legend>
        <table className="w-full text-left text-sm">
          <thead className="text-xs text-ink-3">
            <tr>
              <th scope="col" className="py-1.5 pr-4 font-medium">
                For
              </th>
              <th scope="col" className="py-1.5 pr-4 font-medium">
                Tokens
              </th>
              <th scope="col" className="py-1.5 font-medium">
                US dollars
              </th>
            </tr>
          </thead>
          <tbody>
            {SCOPES.map(({ name, tokens, money, open }) => (
              <tr key={name}>
                <th scope="row" className="w-1/4 py-1.5 pr-4 font-normal text-ink-2">
                  {name}
                </th>
                <td className="py-1.5 pr-4">
                  <input
                    type="number"
                    name={tokens}
                    min={0}
                    max={1e12}
                    step={1}
                    aria-label={`${name}: tokens`}
                    placeholder={open}
                    defaultValue={budgets[tokens] ?? ""}
                    className={`${inputClass} h-9 w-full tabular-nums`}
                  />
                </td>
                <td className="py-1.5">
                  <input
                    type="number"
                    name={money}
                    min={0}
                    max={1e6}
                    step="any"
                    aria-label={`${name}: US dollars`}
                    placeholder="none"
                    defaultValue={written(budgets[money])}
                    className={`${inputClass} h-9 w-full tabular-nums`}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <Check name="unpriced" defaultChecked={budgets.unpriced ?? false}>
          Ask models whose price nobody here knows, such as one behind an address of your own; only tokens bound those.
        </Check>
      </fieldset>
      {noMoney && (
        <p className="rounded-md bg-sunken px-2.5 py-1.5 text-sm text-ink-2">
          No budget of money is set: no model that costs money is asked, and agents work by rules.
        </p>
      )}
      <OwnersSave save={save} />
    </form>
  );
}

/** What stands in the form; an empty field sets nothing, which is another thing than 0. */
function read(data: FormData): Limits {
  const text = (name: string) => String(data.get(name) ?? "");
  return {
    runTokens: count(text("runTokens")),
    dayTokens: count(text("dayTokens")),
    projectTokens: count(text("projectTokens")),
    runMicroUsd: micro(text("runMicroUsd")),
    dayMicroUsd: micro(text("dayMicroUsd")),
    projectMicroUsd: micro(text("projectMicroUsd")),
    unpriced: data.get("unpriced") !== null,
  };
}
