//! What a run's log keeps of a model's part, so that a step can be shown and replayed: what it was told, said and called, what
//! it was given, and what that cost. `docs/agents-and-budgets.md` names the kinds.

use kernel::Result;
use serde_json::{Value, json};
use tasks::Lease;

/// The most bytes of an entry, below the log's own bound.
const LONGEST: usize = 60_000;
/// Bytes that are kept of what is longer.
const KEPT: usize = 24_000;

/// What the model was told.
pub(super) const PROMPT: &str = "prompt";
/// More of what the model said.
pub(super) const TEXT: &str = "text";
/// What a tool answered.
pub(super) const TOOL_RESULT: &str = "tool_result";
/// What was taken of a model's answer.
pub(super) const OUTPUT: &str = "output";
/// What a call took.
pub(super) const SPENT: &str = "spent";
/// That a budget is used up, or what a person answered.
pub(super) const BUDGET: &str = "budget";
/// That rules stand in for a model, or one model for another.
pub(super) const FALLBACK: &str = "fallback";
/// That the conversation from before a question goes on.
pub(super) const GOES_ON: &str = "goes_on";
/// That it begins anew, and why.
pub(super) const ANEW: &str = "anew";
/// Tools that its definition names and that could not be had.
pub(super) const LACKS: &str = "lacks";
/// The work's scores.
pub(super) const SCORE: &str = "score";

/// Writes an entry.
///
/// # Errors
/// `CONFLICT` when the lease is over.
pub(super) async fn note(lease: &Lease, kind: &str, what: &Value) -> Result<()> {
    let mut text = what.to_string();
    if text.len() > LONGEST {
        text = json!({ "cut": &text[..text.floor_char_boundary(KEPT)] }).to_string();
    }
    lease.log(kind, text).await?;
    Ok(())
}
