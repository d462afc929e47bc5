//! How a run stands by its steps (G6), and what those who look on are told of both.

use kernel::{RunId, StepId, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use store::runs::Step;
use wire::runs::{Reason, Run, RunState, StepState};

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
        // Nothing is cancelled unless a step failed or someone asked for it: perhaps before a step was done again (R5).
        _ if run.asked_at.is_some() || run.failed == 0 => RunState::Cancelled,
        _ => RunState::Failed,
    };
    if run.state == RunState::Running {
        run.started_at.get_or_insert(now);
    }
    run.ended_at = run.state.has_ended().then_some(now);
    run.state != before
}

/// What those who look on are told of a run, as `wire::live::RunStanding` has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToldOfRun<'r> {
    run_id: RunId,
    kind: &'r str,
    title: &'r str,
    state: RunState,
    paused: Option<&'r str>,
    total: i64,
    complete: i64,
    failed: i64,
    cancelled: i64,
}

/// What has become of a step, and what of its run.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToldOfStep<'s> {
    run: ToldOfRun<'s>,
    run_id: RunId,
    step_id: StepId,
    name: &'s str,
    queue: &'s str,
    state: StepState,
    reason: Option<&'s Reason>,
    attempt: i64,
    stop: bool,
}

pub(super) fn told_of_run(run: &Run) -> ToldOfRun<'_> {
    ToldOfRun {
        run_id: run.id,
        kind: &run.kind,
        title: &run.title,
        state: run.state,
        paused: run.paused.as_deref(),
        total: run.total,
        complete: run.complete,
        failed: run.failed,
        cancelled: run.cancelled,
    }
}

pub(super) fn told_of_step<'s>(step: &'s Step, run: &'s Run) -> ToldOfStep<'s> {
    ToldOfStep {
        run: told_of_run(run),
        run_id: step.run,
        step_id: step.id,
        name: &step.name,
        queue: &step.queue,
        state: step.state,
        reason: step.reason.as_ref(),
        attempt: step.attempt,
        stop: step.asked_at.is_some(),
    }
}

/// What people are told who may answer, when a step asks (W4).
pub(super) fn told_of_question(step: &Step, run: &Run) -> Option<String> {
    let Some(Reason::Person { question }) = &step.reason else { return None };
    let url = format!("/projects/{}/runs/{}?step={}", step.project, step.run, step.id);
    let told = json!({
        "level": "warning",
        "title": format!("“{}” has a question", run.title),
        "message": question,
        "action": { "label": "Answer", "url": url },
        "least": "editor",
    });
    Some(told.to_string())
}

/// What followers of a run are told of a tool call, if it is one.
pub(super) fn told_of_call(run: RunId, text: &str) -> Option<String> {
    let call: Value = serde_json::from_str(text).ok()?;
    let told =
        json!({ "executionId": run, "agentId": call["agent"], "tool": call["tool"], "input": call["input"] });
    Some(told.to_string())
}
