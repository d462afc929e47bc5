/** What a project has said of an agent, newest first, and the way back to it. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { agentHistoryQuery } from "@/shared/queries";
import { ago, exact } from "@/shared/time";
import { Button } from "@/shared/ui/button";
import { Badge, Failure, Skeleton } from "@/shared/ui/parts";
import type { Agent, Schemas } from "@/shared/wire";

type Version = Schemas["RecordVersion"];

interface HistoryProps {
  project: string;
  agent: Agent;
  editable: boolean;
  onUse: (definition: string) => void;
}

export function History({ project, agent, editable, onUse }: HistoryProps) {
  const history = useInfiniteQuery(agentHistoryQuery(project, agent.department, agent.name));
  if (history.isPending) return <Skeleton />;
  if (history.error) return <Failure error={history.error} onRetry={() => void history.refetch()} />;
  const versions = history.data.pages.flatMap((page) => page.docs);
  if (versions.length === 0) return <p className="text-sm text-ink-3">It is as it is built in, and always was.</p>;
  return (
    <>
      <ol aria-label="History" className="flex flex-col">
        {versions.map((one) => (
          <li key={one.version} className="flex items-start gap-3 border-b border-line py-2.5 text-sm last:border-0">
            <span className="w-8 shrink-0 text-ink-3 tabular-nums">{one.version}</span>
            <span className="min-w-0 grow">
              <span className="font-medium">{one.byName ?? "Atelier"}</span> {deed(one)}
              <time dateTime={one.at} title={exact(one.at)} className="block text-xs text-ink-3">
                {ago(one.at)}
              </time>
            </span>
            {one.version === agent.version ? (
              <Badge>Now</Badge>
            ) : (
              editable &&
              one.body && (
                <Button onClick={() => onUse(one.body ?? "")}>
                  <RotateCcw /> Use this text
                </Button>
              )
            )}
          </li>
        ))}
      </ol>
      {history.hasNextPage && (
        <Button className="mt-3" busy={history.isFetchingNextPage} onClick={() => void history.fetchNextPage()}>
          Earlier versions
        </Button>
      )}
    </>
  );
}

function deed({ action, body, metadata }: Version): string {
  if (action === "removed") return "took it out";
  if (metadata["off"] === true) return "switched it off";
  return body ? "wrote a definition" : "left it as it is built in";
}
