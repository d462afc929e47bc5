/** What a text was understood as: one proposal, and the others that the same text speaks of. */
import { useQuery } from "@tanstack/react-query";
import { percent } from "@/engines/units";
import { useProjectId } from "@/shared/place";
import { proposalQuery } from "@/shared/queries";
import { ADVICE, STATES } from "@/shared/reviews";
import { Badge, Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { nameOf, Proposal } from "./proposal";

type Read = Schemas["IngestResponse"];

/** A proposal outside of its conversation, by its id. */
export function ProposalOf({ id }: { id: string }) {
  const read = useQuery(proposalQuery(useProjectId(), id));
  if (read.error) return <Failure error={read.error} onRetry={() => void read.refetch()} />;
  if (!read.data) return <Skeleton />;
  return <Proposals read={read.data} />;
}

/** `read` is what the message keeps: the proposals as they were first made. */
export function Proposals({ read }: { read: Read }) {
  const project = useProjectId();
  // They may have been changed or decided since, here or elsewhere.
  const { data = read } = useQuery({ ...proposalQuery(project, read.previewId), placeholderData: read });
  const others = data.others ?? [];
  return (
    <div className="flex flex-col gap-2">
      <Proposal main={data.previewId} proposal={data} />
      {others.map((other) => (
        <details
          key={other.previewId}
          className="group rounded-lg border border-line bg-surface open:border-0 open:bg-transparent"
        >
          <summary className="flex items-center gap-2 rounded-lg px-3 py-2 text-sm group-open:px-1">
            <span className="min-w-0 grow truncate font-medium">{nameOf(other)}</span>
            <span className="text-ink-3">{other.preview.entityType}</span>
            {other.decided ? (
              <Badge tone={STATES[other.decided.state].tone}>{STATES[other.decided.state].name}</Badge>
            ) : (
              <Badge tone={ADVICE[other.recommendation].tone}>{percent(other.qualityScores.overall)}</Badge>
            )}
          </summary>
          <Proposal main={data.previewId} proposal={other} />
        </details>
      ))}
    </div>
  );
}
