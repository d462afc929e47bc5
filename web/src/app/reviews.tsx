/** The review inbox with what was told in data mode, which the orchestrator knows how to show. */
import { ProposalOf } from "@/features/orchestrator/proposals";
import { ReviewInbox } from "@/features/reviews/inbox";

const proposal = (id: string) => <ProposalOf id={id} />;

export function Reviews() {
  return <ReviewInbox proposal={proposal} />;
}
