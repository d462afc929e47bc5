/** The agents of a project: who works in which department, and by what definition. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import clsx from "clsx";
import { Plus } from "lucide-react";
import { engineOf } from "@/engines/definition";
import { grouped } from "@/engines/grouped";
import { capital } from "@/engines/run";
import { useMay, useProjectId } from "@/shared/place";
import { agentsQuery } from "@/shared/queries";
import { IconButton } from "@/shared/ui/button";
import { Badge, Failure, PageHead, Skeleton } from "@/shared/ui/parts";
import type { Agent } from "@/shared/wire";
import { AgentDetail } from "./detail";
import { ORIGINS } from "./looks";
import { NewAgent } from "./new";

const keyOf = ({ department, name }: Agent) => `${department}/${name}`;

export function AgentsPage() {
  const project = useProjectId();
  const owner = useMay("owner");
  const { agent: wanted, add }: { agent?: string; add?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const list = useQuery(agentsQuery(project));
  const agents = list.data?.agents ?? [];
  const open = agents.find((one) => keyOf(one) === wanted) ?? agents[0];
  const adding = agents.filter(({ department }) => department === add);
  const show = (search: { agent?: string; add?: string }) =>
    void navigate({ to: "/projects/$project/agents", params: { project }, search, replace: true });
  return (
    <div className="@container flex h-full flex-col">
      <PageHead title="Agents" note="Who works in the departments, and what they are told" />
      {list.isPending && <Skeleton className="p-6" />}
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {open && list.data && (
        <div className="flex min-h-0 grow flex-col @3xl:flex-row">
          <nav
            aria-label="Agents"
            className="max-h-64 shrink-0 overflow-y-auto border-b border-line p-2 @3xl:max-h-none @3xl:w-72 @3xl:border-r @3xl:border-b-0"
          >
            {[...grouped(agents, ({ department }) => department)].map(([department, own]) => (
              <section key={department} aria-label={capital(department)}>
                <div className="flex h-8 items-center justify-between pt-2 pl-2.5">
                  <h2 className="text-xs font-medium text-ink-3">{capital(department)}</h2>
                  {owner && agents.length < list.data.most && (
                    <IconButton
                      label={`Add a specialist to ${capital(department)}`}
                      className="size-6"
                      onClick={() => show({ add: department })}
                    >
                      <Plus />
                    </IconButton>
                  )}
                </div>
                <ul className="flex flex-col gap-0.5">
                  {own.map((agent) => (
                    <Row key={keyOf(agent)} project={project} agent={agent} open={agent === open} />
                  ))}
                </ul>
              </section>
            ))}
          </nav>
          <div className="min-w-0 grow bg-surface @3xl:overflow-y-auto">
            <AgentDetail key={keyOf(open)} project={project} agent={open} tools={list.data.tools} />
          </div>
        </div>
      )}
      {owner && list.data && add !== undefined && adding.length > 0 && (
        <NewAgent
          project={project}
          department={add}
          engines={list.data.engines}
          engine={
            adding.map(({ role, definition }) => (role === "head" ? "" : engineOf(definition))).find(Boolean) ?? ""
          }
          taken={adding.map(({ name }) => name)}
          onClose={() => show({})}
        />
      )}
    </div>
  );
}

function Row({ project, agent, open }: { project: string; agent: Agent; open: boolean }) {
  const { title, role, origin, off, fault } = agent;
  return (
    <li>
      <Link
        to="/projects/$project/agents"
        params={{ project }}
        search={{ agent: keyOf(agent) }}
        replace
        aria-current={open || undefined}
        className={clsx(
          "flex items-center gap-2 rounded-md px-2.5 py-1.5 text-sm hover:bg-hover",
          open && "bg-pressed",
        )}
      >
        <span className={clsx("min-w-0 grow truncate", role === "head" && "font-medium", off && "text-ink-3")}>
          {title}
        </span>
        {fault && <Badge tone="bad">Cannot work</Badge>}
        {off ? (
          <Badge tone="warn">Off</Badge>
        ) : (
          origin !== "built-in" && <Badge tone="accent">{ORIGINS[origin].name}</Badge>
        )}
      </Link>
    </li>
  );
}
