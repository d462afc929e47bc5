//! What a head tells the others of its run: which work it accepted, and which it did not keep.

use kernel::Result;
use serde_json::{Value, json};
use store::Store;
use tasks::Lease;
use wire::messages::MessagePayload;

use super::grading::Verdict;
use super::outputs::Headed;
use crate::messages::{Messages, Said, Seat};

/// The topic of work that was accepted.
pub(super) const ACCEPTED: &str = "work.accepted";
/// The topic of work that was not kept.
pub(super) const DISCARDED: &str = "work.discarded";
/// Characters of a summary.
const SUMMARY: usize = 600;

/// Tells the others. It stands in the run's log before any department that builds on this one begins.
///
/// # Errors
/// When the lease is over.
pub(super) async fn of_work(
    messages: &Messages,
    store: &Store,
    lease: &Lease,
    headed: &Headed,
) -> Result<()> {
    let seat = Seat::take(messages, store, lease)?;
    let outputs = |accepted: bool| -> Vec<Value> {
        let of = headed.outputs.iter().filter(|graded| (graded.verdict == Verdict::Accept) == accepted);
        of.map(|graded| {
            let summary: String = graded.summary.chars().take(SUMMARY).collect();
            json!({ "agent": graded.agent, "title": graded.title, "summary": summary, "score": graded.overall })
        })
        .collect()
    };
    for (topic, action, outputs) in
        [(ACCEPTED, "accepted", outputs(true)), (DISCARDED, "discarded", outputs(false))]
    {
        if outputs.is_empty() {
            continue;
        }
        let data = json!({ "department": headed.department, "score": headed.score, "outputs": outputs });
        let payload =
            MessagePayload { action: Some(action.into()), data: Some(data), ..MessagePayload::default() };
        seat.tell(Said { topic: topic.into(), payload, ..Said::default() }).await?;
    }
    Ok(())
}
