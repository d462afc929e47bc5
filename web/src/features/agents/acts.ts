/** What owners may do about an agent; each can be undone. */
import { useMutation } from "@tanstack/react-query";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { agentsQuery, keys } from "@/shared/queries";
import { toastUndo } from "@/shared/records";
import { toastError } from "@/shared/toasts";
import type { Agent, Schemas } from "@/shared/wire";

type Put = Schemas["PutAgent"];
type Changed = Schemas["AgentChanged"];

const pathOf = (project: string, { department, name }: Pick<Agent, "department" | "name">) =>
  `/projects/${project}/agents/${department}/${name}`;

/** Who works in a project decides what it is asked, how ready it is, and what an order concerns. */
const again = (project: string) => client.invalidateQueries({ queryKey: keys.project(project) });

/** Puts an agent that the server gave into the list, so that the screen that sent it does not take it for another's. */
function place(project: string, agent: Agent): void {
  client.setQueryData(agentsQuery(project).queryKey, (old) => {
    if (!old) return old;
    const is = (one: Agent) => one.department === agent.department && one.name === agent.name;
    const there = old.agents.some(is);
    return { ...old, agents: there ? old.agents.map((one) => (is(one) ? agent : one)) : [...old.agents, agent] };
  });
}

/** Saves a definition, or adds an agent. What is wrong with it is for the caller to show. */
export function useSaveAgent(project: string) {
  return useMutation({
    mutationFn: ({ agent, body }: { agent: Pick<Agent, "department" | "name">; body: Put }) =>
      api.put<Changed>(pathOf(project, agent), body),
    onSuccess: ({ changeId, ...agent }) => {
      place(project, agent);
      toastUndo(project, `${agent.title} was saved`, changeId);
    },
    onSettled: () => again(project),
  });
}

export function useSwitch(project: string, agent: Agent) {
  const off = !agent.off;
  const { definition, origin, version } = agent;
  return useMutation({
    mutationFn: (): Promise<{ changeId: string }> =>
      origin === "built-in" && !off
        ? api.delete<Schemas["Changed"]>(pathOf(project, agent))
        : api.put<Changed>(pathOf(project, agent), { ...(origin !== "built-in" && { definition }), off, version }),
    onSuccess: ({ changeId }) => toastUndo(project, `${agent.title} is switched ${off ? "off" : "on"}`, changeId),
    onError: (error) => toastError(`${agent.title} is as it was`, error),
    onSettled: () => again(project),
  });
}

/** Puts back what is built in, or takes out what was added. */
export function usePutBack(project: string, agent: Agent) {
  return useMutation({
    mutationFn: () => api.delete<Schemas["Changed"]>(pathOf(project, agent)),
    onSuccess: ({ changeId }) =>
      toastUndo(
        project,
        agent.choices.remove ? `${agent.title} was removed` : `${agent.title} is as built in`,
        changeId,
      ),
    onError: (error) => toastError(`${agent.title} is as it was`, error),
    onSettled: () => again(project),
  });
}
