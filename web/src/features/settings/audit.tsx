/** Who did what in the project, for its owners. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useProjectId } from "@/shared/place";
import { auditQuery } from "@/shared/queries";
import { exact } from "@/shared/time";
import { More } from "@/shared/ui/paged";
import { Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Block } from "./sections";

/** The server's words for what was done in a project. */
const ACTIONS: Record<string, string> = {
  "project.created": "Made the project",
  "project.removed": "Removed the project",
  "member.invited": "Invited",
  "invitation.withdrawn": "Withdrew an invitation",
  "member.joined": "Joined",
  "member.role": "Changed a role",
  "member.removed": "Removed a member",
  "slack.channel_set": "Gave a channel of Slack the project",
  "tool_server.set": "Set a server of tools",
  "tool_server.removed": "Removed a server of tools",
  "command.do": "Ordered a command",
  "command.ask": "Ordered an agent’s work",
  "command.answer": "Answered a run",
  "command.cancel": "Cancelled a run",
  "command.retry": "Did a run again",
  "command.schedule_pause": "Paused a schedule",
  "command.schedule_resume": "Resumed a schedule",
  "command.health_reset": "Gave a resting runner work",
};

export function Audit() {
  const audit = useInfiniteQuery(auditQuery(useProjectId()));
  const rows = audit.data?.pages.flatMap((page) => page.docs) ?? [];
  return (
    <Block title="Audit" lead="What was done that matters for who may see and change what. It cannot be edited.">
      {audit.isPending && <Skeleton />}
      {audit.error && <Failure error={audit.error} onRetry={() => void audit.refetch()} />}
      {audit.isSuccess && rows.length === 0 && <p className="text-sm text-ink-3">Nothing yet.</p>}
      {rows.length > 0 && (
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Audit log">
          <table className="w-full text-left text-sm">
            <thead className="text-xs text-ink-3">
              <tr className="border-b border-line">
                <th scope="col" className="py-1.5 pr-4 font-medium">
                  When
                </th>
                <th scope="col" className="py-1.5 pr-4 font-medium">
                  Who
                </th>
                <th scope="col" className="py-1.5 pr-4 font-medium">
                  What
                </th>
                <th scope="col" className="py-1.5 font-medium">
                  More
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id} className="border-b border-line last:border-0">
                  <td className="py-1.5 pr-4 whitespace-nowrap text-ink-2">{exact(row.at)}</td>
                  <td className="py-1.5 pr-4 whitespace-nowrap">{row.personName ?? "Atelier"}</td>
                  <td className="py-1.5 pr-4 font-medium whitespace-nowrap">{ACTIONS[row.action] ?? row.action}</td>
                  <td className="max-w-48 truncate py-1.5 text-ink-2" title={row.target}>
                    {whom(row)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <More list={audit}>Earlier</More>
    </Block>
  );
}

/** What is known of it beside who did it: an address, a name, a role. */
function whom({ details }: Schemas["AuditEntry"]): string {
  const { email, name, role, from, to, program, agent } = details;
  const change = typeof from === "string" && typeof to === "string" ? `${from} → ${to}` : null;
  const where = from === "slack" ? "in Slack" : null;
  return [email, name, role, change, program, agent, where].filter((part) => typeof part === "string").join(", ");
}
