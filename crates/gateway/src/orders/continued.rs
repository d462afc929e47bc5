//! An order that goes on with the conversation of an earlier one. The runner that did that has it, and the changes.

use kernel::{Code, Error, Result, RunId, StepId};
use store::runs::Detail;
use store::{Tenant, executions, runners, runs};
use wire::fleet::{Continued, CreateRemote, Engine, RemoteOrder};

use crate::plans;

/// Nothing of what a step gave is wanted.
const NOTHING: i64 = 0;

/// Sees that an order can go on with what it is to go on with, and has the runner do it that did that.
///
/// # Errors
/// `VALIDATION_ERROR` when such an order cannot; `NOT_FOUND` when there is nothing that it could go on with; `CONFLICT` when
/// that is not over, or its runner is not there for the project any more.
pub(super) fn place(t: &mut Tenant<'_, '_>, wanted: &mut CreateRemote) -> Result<()> {
    let Some(Continued { run_id, step_id }) = wanted.order.continues else { return Ok(()) };
    let field = |why: &str| Error::field("order.continues", why);
    let Engine::Agent { name, .. } = &wanted.order.engine else {
        return Err(field("is for coding agents: nothing else has a conversation"));
    };
    if wanted.decompose {
        return Err(field("is not for an order that is planned first"));
    }
    let before = runs::step_of(t, run_id, step_id)?;
    if agent(&before).is_none_or(|(agent, _)| agent != *name) {
        return Err(field("must be a step that the same coding agent did"));
    }
    let conflict = |why: &str| Err(Error::new(Code::Conflict, format!("{why} Nothing was ordered.")));
    if !before.step.state.has_ended() {
        return conflict("Its agent is not done yet: say it to that one.");
    }
    let (runner, serving) = (executions::latest(t, step_id)?, runners::of_project(t)?);
    let Some(runner) = runner.filter(|runner| serving.iter().any(|one| one.id == *runner)) else {
        return conflict(
            "No runner that serves the project has that conversation: it was not begun, or its runner is gone. Order it anew.",
        );
    };
    if wanted.runner.is_some_and(|on| on != runner) {
        return Err(Error::field("runner", "must be the one that has the conversation, if it is said"));
    }
    wanted.runner = Some(runner);
    Ok(())
}

/// The order that a person means who says more to what a coding agent did in a run last: the same, with these words.
///
/// # Errors
/// `NOT_FOUND` when the run is not in this project; `CONFLICT` when no agent did anything in it that can be gone on with.
pub(crate) fn more(t: &mut Tenant<'_, '_>, run: RunId, prompt: String) -> Result<RemoteOrder> {
    let nothing = |why: &str| Error::new(Code::Conflict, format!("{run} {why} Nothing was ordered."));
    if runs::get(t, run)?.kind == plans::PLANS {
        return Err(nothing("only made a plan. Its tasks are a run of their own."));
    }
    let last = executions::of_run(t, run)?;
    let steps = runs::steps_of(t, run, NOTHING)?;
    let did = |step: StepId| steps.iter().find(|detail| detail.step.id == step).and_then(agent);
    let found = last.iter().rev().find_map(|done| Some((done.step_id, did(done.step_id)?)));
    let waits = steps.iter().any(|detail| agent(detail).is_some() && !detail.step.state.has_ended());
    let (step_id, (name, order)) = found.ok_or_else(|| {
        nothing(if waits {
            "was not begun by its coding agent yet. Say it once that is at work."
        } else {
            "has nothing that a coding agent did."
        })
    })?;
    Ok(RemoteOrder {
        engine: Engine::Agent { name, prompt },
        continues: Some(Continued { run_id: run, step_id }),
        ..order
    })
}

/// The coding agent of a step, with all that it was ordered.
pub(crate) fn agent(detail: &Detail) -> Option<(String, RemoteOrder)> {
    let order: RemoteOrder = serde_json::from_str(&detail.input).ok()?;
    match &order.engine {
        Engine::Agent { name, .. } => Some((name.clone(), order)),
        Engine::Command { .. } | Engine::Mcp { .. } => None,
    }
}
