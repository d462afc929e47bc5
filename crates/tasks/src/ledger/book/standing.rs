//! How a run stands by its steps (G6), and what those who look on are told of both.

use kernel::Timestamp;
use serde_json::{Value, json};
use store::runs::Step;
use wire::runs::{Run, RunState, StepState};

/// Counts a step's state in its run.
pub(super) fn count(run: &mut Run, state: StepState, by: i64) {
    match state {
        StepState::Complete => run.complete += by,
        StepState::Failed => run.failed += by,
        StepState::Cancelled => run.cancelled += by,
        StepState::Queued | StepState::Leased | StepState::Running | StepState::Waiting => {}
    }
}

/// Whether a run has another state, now that one of its steps has `step` (G6).
pub(super) fn turn(run: &mut Run, step: StepState, now: Timestamp) -> bool {
    let before = run.state;
    run.state = match run.complete + run.failed + run.cancelled {
        ended if ended < run.total && (step.is_held() || before.has_ended()) => RunState::Running,
        ended if ended < run.total => before,
        _ if run.complete == run.total => RunState::Complete,
        _ if run.asked_at.is_some() => RunState::Cancelled,
        _ => RunState::Failed,
    };
    if run.state == RunState::Running {
        run.started_at.get_or_insert(now);
    }
    run.ended_at = run.state.has_ended().then_some(now);
    run.state != before
}

pub(super) fn told_of_run(run: &Run) -> Value {
    json!({
        "runId": run.id, "kind": run.kind, "title": run.title, "state": run.state, "paused": run.paused,
        "total": run.total, "complete": run.complete, "failed": run.failed, "cancelled": run.cancelled,
    })
}

/// What has become of a step, and what of its run.
pub(super) fn told_of_step(step: &Step, run: &Run) -> Value {
    json!({
        "run": told_of_run(run),
        "runId": step.run, "stepId": step.id, "name": step.name, "queue": step.queue, "state": step.state,
        "reason": step.reason, "attempt": step.attempt, "stop": step.asked_at.is_some(),
    })
}
