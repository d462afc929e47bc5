/** Who did what to the fleet of a project, for its owners: all of them, or one. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { membersQuery } from "@/shared/queries";
import { AuditLog } from "@/shared/ui/audit";
import { Choice } from "@/shared/ui/field";
import { rowsOf } from "@/shared/ui/paged";

export function FleetAudit({ project }: { project: string }) {
  const [person, setPerson] = useState("");
  const members = rowsOf(useInfiniteQuery(membersQuery(project)));
  return (
    <div className="flex max-w-5xl flex-col gap-4 p-6">
      <p className="text-sm text-ink-2">
        Orders, answers and what else people did about them, schedules, the policy, runners with their keys, and
        commands from the console and from Slack. It cannot be edited.
      </p>
      <div className="max-w-xs">
        <Choice label="Who" value={person} onChange={({ target }) => setPerson(target.value)}>
          <option value="">anybody</option>
          {members.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Choice>
      </div>
      <AuditLog project={project} filter={{ about: "fleet", ...(person && { person }) }} />
    </div>
  );
}
