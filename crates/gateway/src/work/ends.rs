//! What an end means: for the runner's health, and for the step.

use kernel::Result;
use resilience::breaker;
use resilience::retry::Kind;
use serde_json::json;
use tasks::machine::Failure;
use wire::fleet::{End, Outcome};

/// What an end says of the runner's health. That a command ends badly is no fault of the runner; that an agent does may be.
pub(super) fn health(outcome: &Outcome, is_command: bool) -> breaker::Outcome {
    match outcome.end {
        End::Complete => breaker::Outcome::Success,
        End::Failed if is_command => breaker::Outcome::Success,
        End::Failed | End::Memory | End::Broken | End::Lost => breaker::Outcome::Failure,
        End::Refused | End::Timeout | End::Budget | End::Cancelled => breaker::Outcome::Neutral,
    }
}

/// Ends a lease as its runner says.
pub(super) async fn settle(lease: tasks::Lease, outcome: &Outcome) -> Result<()> {
    let failed = |kind| Failure { error: told(outcome), kind };
    match outcome.end {
        End::Complete => lease.complete(json!(outcome)).await,
        End::Lost => lease.give_back().await,
        End::Broken => lease.fail(failed(Kind::Retryable)).await,
        End::Failed | End::Refused | End::Timeout | End::Memory | End::Budget | End::Cancelled => {
            lease.fail(failed(Kind::Fatal)).await
        }
    }
}

fn told(outcome: &Outcome) -> String {
    if outcome.message.is_empty() { "the runner could not do it".into() } else { outcome.message.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_runners_own_fault_speaks_against_it() {
        let of = |end, is_command| health(&Outcome::of(end, ""), is_command);
        assert_eq!(of(End::Failed, true), breaker::Outcome::Success);
        assert_eq!(of(End::Failed, false), breaker::Outcome::Failure);
        for (end, expected) in [
            (End::Complete, breaker::Outcome::Success),
            (End::Broken, breaker::Outcome::Failure),
            (End::Lost, breaker::Outcome::Failure),
            (End::Memory, breaker::Outcome::Failure),
            (End::Budget, breaker::Outcome::Neutral),
            (End::Refused, breaker::Outcome::Neutral),
            (End::Timeout, breaker::Outcome::Neutral),
            (End::Cancelled, breaker::Outcome::Neutral),
        ] {
            assert_eq!((of(end, true), of(end, false)), (expected, expected), "{end:?}");
        }
    }
}
