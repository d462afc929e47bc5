/** Who did what in the project, for its owners. */
import { useProjectId } from "@/shared/place";
import { AuditLog } from "@/shared/ui/audit";
import { Block } from "./sections";

export function Audit() {
  return (
    <Block title="Audit" lead="What was done that matters for who may see and change what. It cannot be edited.">
      <AuditLog project={useProjectId()} />
    </Block>
  );
}
