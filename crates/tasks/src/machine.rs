//! What may become of a step: a pure function from the step, a command and the moment to the step and what follows.
//!
//! A refused command leaves the step as it was. See `SPEC.md`.

use kernel::{Random, StepId, Timestamp};
use resilience::retry::{self, Decision, Policy};
use store::runs::{self, Step};
use wire::runs::{Answer, Priority, Reason, Run, StepState};

/// The longest pause between two attempts that is our own choice, in milliseconds.
const LONGEST_PAUSE_MS: u64 = 60_000;
/// How often a step may lose its worker at no cost.
pub const LOSSES: i64 = 10;
/// The most bytes of an error that are kept with a step.
const ERROR_BYTES: usize = 4_000;

/// What is asked of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A worker takes it.
    Claim {
        /// Who.
        worker: String,
    },
    /// Its worker begins.
    Start {
        /// The lease.
        fence: i64,
    },
    /// Its worker is alive.
    Beat {
        /// The lease.
        fence: i64,
    },
    /// Its worker was out of sight, and is back with it.
    Keep {
        /// The lease.
        fence: i64,
        /// Who.
        worker: String,
    },
    /// Its worker has got on.
    Progress {
        /// The lease.
        fence: i64,
    },
    /// It is done.
    Complete {
        /// The lease.
        fence: i64,
    },
    /// It could not be done.
    Fail {
        /// The lease.
        fence: i64,
        /// Why, and whether that may pass.
        failure: Failure,
    },
    /// A person has to answer before it can go on.
    Ask {
        /// The lease.
        fence: i64,
        /// What is asked.
        question: String,
    },
    /// Its worker ends without having done it.
    GiveBack {
        /// The lease.
        fence: i64,
    },
    /// Its worker will not begin it now; another one may.
    Decline {
        /// The lease.
        fence: i64,
    },
    /// A person answers.
    Answer(Answer),
    /// Someone wants the run to end.
    Cancel,
    /// A step before it has ended.
    ParentEnded {
        /// Which.
        parent: StepId,
        /// Its name.
        name: String,
        /// How.
        state: StepState,
    },
    /// The run was paused or resumed: look again whether it may run.
    Reconsider,
    /// Do it again.
    Reset {
        /// How many of the steps before it have not ended well.
        open_parents: i64,
    },
    /// Look at the clock.
    Tick,
}

/// Why a step could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// For the person who looks.
    pub error: String,
    /// Whether it may pass.
    pub kind: retry::Kind,
}

/// What follows from a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Those who look on are to be told.
    Tell,
    /// A lease is over.
    Settle(Settled),
    /// The step has ended; those after it are to hear of it.
    End,
}

/// What came of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Settled {
    pub fence: i64,
    pub attempt: i64,
    pub worker: String,
    pub outcome: &'static str,
    pub error: Option<String>,
    pub began_at: Timestamp,
}

/// Why a command changes nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The lease that it names is not the present one.
    #[error("the lease on this step is over")]
    Over,
    /// It cannot be claimed now.
    #[error("the step is not ready")]
    NotReady,
    /// Someone was faster.
    #[error("the step was answered before")]
    Answered(Answer),
    /// It asks nothing.
    #[error("the step does not wait for an answer")]
    NotWaiting,
}

/// When a command comes, and to which run.
#[derive(Clone, Copy)]
pub struct Moment<'m> {
    /// The time.
    pub now: Timestamp,
    /// For jitter.
    pub random: &'m dyn Random,
    /// The step's run.
    pub run: &'m Run,
}

/// Decides a command.
///
/// # Errors
/// A refusal; then the step is as it was.
pub fn apply(step: &mut Step, command: &Command, at: Moment<'_>) -> Result<Vec<Action>, Refusal> {
    let mut actions = Vec::new();
    match command {
        Command::Claim { worker } => claim(step, worker, at.now, &mut actions)?,
        Command::Start { fence } => start(held(step, *fence)?, at.now, &mut actions),
        Command::Beat { fence } => beat(held(step, *fence)?, at.now),
        Command::Keep { fence, worker } => {
            let step = held(step, *fence)?;
            if step.worker.as_ref() != Some(worker) {
                return Err(Refusal::Over);
            }
            beat(step, at.now);
        }
        Command::Progress { fence } => held(step, *fence)?.progressed_at = Some(at.now),
        Command::Complete { fence } => {
            if step.settled == *fence && step.state == StepState::Complete {
                return Ok(actions);
            }
            settle(held(step, *fence)?, "complete", None, &mut actions);
            end(step, StepState::Complete, None, at.now, &mut actions);
        }
        Command::Fail { fence, failure } => {
            if repeated(step, *fence) {
                return Ok(actions);
            }
            let step = held(step, *fence)?;
            let free = matches!(failure.kind, retry::Kind::After { .. });
            fail(step, "failed", failure, free, at, &mut actions);
        }
        Command::Ask { fence, question } => {
            if repeated(step, *fence) {
                return Ok(actions);
            }
            ask(held(step, *fence)?, question, at, &mut actions);
        }
        Command::GiveBack { fence } => {
            if repeated(step, *fence) {
                return Ok(actions);
            }
            lose(held(step, *fence)?, "returned", "its worker ended before it was done", at, &mut actions);
        }
        Command::Decline { fence } => {
            if repeated(step, *fence) {
                return Ok(actions);
            }
            decline(held(step, *fence)?, at, &mut actions);
        }
        Command::Answer(answer) => match (step.state, &step.answer) {
            (StepState::Waiting, _) => {
                step.answer = Some(answer.clone());
                queue(step, at);
                actions.push(Action::Tell);
            }
            (_, Some(first)) => return Err(Refusal::Answered(first.clone())),
            (_, None) => return Err(Refusal::NotWaiting),
        },
        Command::Cancel => cancel(step, at, &mut actions),
        Command::ParentEnded { parent, name, state } => {
            parent_ended(step, *parent, name, *state, at, &mut actions);
        }
        Command::Reconsider => {
            if step.state == StepState::Queued {
                let before = step.reason.clone();
                queue(step, at);
                if step.reason != before {
                    actions.push(Action::Tell);
                }
            }
        }
        Command::Reset { open_parents } => reset(step, *open_parents, at, &mut actions),
        Command::Tick => tick(step, at, &mut actions),
    }
    step.wake_at = wake(step, at.run);
    Ok(actions)
}

/// When the clock next has something to say about a step.
#[must_use]
pub fn wake(step: &Step, run: &Run) -> Option<Timestamp> {
    let limits = &step.limits;
    match step.state {
        StepState::Queued if step.open_parents > 0 || run.paused.is_some() => None,
        StepState::Queued if step.rank.is_some() => step.expires_at,
        StepState::Queued => step.not_before.into_iter().chain(step.expires_at).min(),
        StepState::Leased | StepState::Running => {
            let since = |at: Option<Timestamp>, millis: i64| at.map(|at| at.plus_millis(millis));
            let quiet = if step.state == StepState::Running { step.progressed_at } else { None };
            let clocks = [
                step.lease_until,
                since(step.leased_at, limits.run_ms),
                since(quiet, limits.quiet_ms),
                since(step.asked_at, limits.grace_ms),
            ];
            clocks.into_iter().flatten().min()
        }
        StepState::Waiting | StepState::Complete | StepState::Failed | StepState::Cancelled => None,
    }
}

/// Puts a step that no worker has where it belongs: behind its parents, behind its time, or ready (C1, C2, X3).
pub fn queue(step: &mut Step, at: Moment<'_>) {
    step.state = StepState::Queued;
    let was_ready = step.rank.take();
    let until = step.not_before.filter(|until| *until > at.now);
    step.reason = Some(if step.open_parents > 0 {
        Reason::Parents { open: u32::try_from(step.open_parents).unwrap_or(u32::MAX) }
    } else if let Some(why) = &at.run.paused {
        Reason::Paused { why: why.clone() }
    } else if let Some(until) = until {
        match step.reason.take() {
            Some(Reason::Retry { error, .. }) => Reason::Retry { until, error },
            _ => Reason::Delay { until },
        }
    } else {
        step.rank = Some(was_ready.unwrap_or(at.now.0 - head_start(step.priority)));
        step.expires_at.get_or_insert(at.now.plus_millis(step.limits.life_ms));
        Reason::Ready
    });
    step.wake_at = wake(step, at.run);
}

/// How long a priority counts as having waited already, in milliseconds.
fn head_start(priority: Priority) -> i64 {
    match priority {
        Priority::Low => 0,
        Priority::Medium => 30_000,
        Priority::High => 120_000,
        Priority::Critical => 600_000,
    }
}

/// The step, if this is its present lease (C4).
fn held(step: &mut Step, fence: i64) -> Result<&mut Step, Refusal> {
    if step.state.is_held() && step.fence == fence { Ok(step) } else { Err(Refusal::Over) }
}

/// Whether the lease ended with an outcome other than completion, so that what is said now was said before (C5).
fn repeated(step: &Step, fence: i64) -> bool {
    step.settled == fence && step.state != StepState::Complete
}

fn claim(step: &mut Step, worker: &str, now: Timestamp, actions: &mut Vec<Action>) -> Result<(), Refusal> {
    if step.rank.take().is_none() {
        return Err(Refusal::NotReady);
    }
    step.state = StepState::Leased;
    step.reason = None;
    step.attempt += 1;
    step.fence += 1;
    step.worker = Some(worker.to_owned());
    step.not_before = None;
    step.leased_at = Some(now);
    step.lease_until = Some(now.plus_millis(step.limits.lease_ms));
    actions.push(Action::Tell);
    Ok(())
}

fn beat(step: &mut Step, now: Timestamp) {
    let until = now.plus_millis(step.limits.lease_ms);
    step.lease_until = step.lease_until.max(Some(until));
}

fn start(step: &mut Step, now: Timestamp, actions: &mut Vec<Action>) {
    if step.state == StepState::Leased {
        step.state = StepState::Running;
        step.progressed_at = Some(now);
        actions.push(Action::Tell);
    }
}

/// Ends a lease.
fn settle(step: &mut Step, outcome: &'static str, error: Option<String>, actions: &mut Vec<Action>) {
    actions.push(Action::Settle(Settled {
        fence: step.fence,
        attempt: step.attempt,
        worker: step.worker.take().unwrap_or_default(),
        outcome,
        error,
        began_at: step.leased_at.unwrap_or_default(),
    }));
    step.settled = step.fence;
    step.leased_at = None;
    step.lease_until = None;
    step.progressed_at = None;
}

/// Ends a step.
fn end(step: &mut Step, state: StepState, reason: Option<Reason>, now: Timestamp, actions: &mut Vec<Action>) {
    step.state = state;
    step.reason = reason;
    step.rank = None;
    step.asked_at = None;
    step.ended_at = Some(now);
    actions.extend([Action::Tell, Action::End]);
}

fn asked(run: &Run) -> Reason {
    Reason::Asked { by: run.asked_by }
}

/// A lease ended without a result: tried again if that makes sense (R1 to R3), or cancelled if that was asked for. With
/// `free` it uses up no attempt.
fn fail(
    step: &mut Step,
    outcome: &'static str,
    failure: &Failure,
    free: bool,
    at: Moment<'_>,
    actions: &mut Vec<Action>,
) {
    let error = shortened(&failure.error);
    settle(step, outcome, Some(error.clone()), actions);
    if step.asked_at.is_some() {
        return end(step, StepState::Cancelled, Some(asked(at.run)), at.now, actions);
    }
    step.attempt -= i64::from(free);
    let policy = Policy {
        attempts: step.limits.attempts,
        base_ms: step.limits.backoff_ms,
        cap_ms: LONGEST_PAUSE_MS.max(step.limits.backoff_ms),
    };
    // What uses up no attempt is decided as if none had been used up before.
    let attempt = if free { 0 } else { u32::try_from(step.attempt).unwrap_or(u32::MAX) };
    match policy.next(attempt, failure.kind, step.expires_at, at.now, at.random) {
        Decision::Retry { at: until } => {
            step.not_before = Some(until);
            step.reason = Some(Reason::Retry { until, error });
            queue(step, at);
            actions.push(Action::Tell);
        }
        Decision::Stop(why) => {
            let reason = Reason::Error { error, fatal: why == retry::Reason::Fatal };
            end(step, StepState::Failed, Some(reason), at.now, actions);
        }
    }
}

/// A lease was taken away, for a fault of its worker that may pass.
fn revoke(step: &mut Step, outcome: &'static str, error: &str, at: Moment<'_>, actions: &mut Vec<Action>) {
    let failure = Failure { error: error.to_owned(), kind: retry::Kind::Retryable };
    fail(step, outcome, &failure, false, at, actions);
}

/// A worker is gone: no fault of the step, unless that happens to it time and again (L5). Where steps are done in turn, it keeps
/// its place (C9).
fn lose(step: &mut Step, outcome: &'static str, error: &str, at: Moment<'_>, actions: &mut Vec<Action>) {
    step.lost += 1;
    let place = place(step);
    if runs::is_in_turn(&step.queue) && step.lost <= LOSSES && step.asked_at.is_none() && place.is_some() {
        settle(step, outcome, Some(shortened(error)), actions);
        step.attempt -= 1;
        step.rank = place;
        queue(step, at);
        return actions.push(Action::Tell);
    }
    let failure = Failure { error: error.to_owned(), kind: retry::Kind::Retryable };
    fail(step, outcome, &failure, step.lost <= LOSSES, at, actions);
}

/// The rank that a step had when it could first run.
fn place(step: &Step) -> Option<i64> {
    step.expires_at.map(|at| at.0 - step.limits.life_ms - head_start(step.priority))
}

/// A worker does not begin what it was given: that costs the step nothing (C10).
fn decline(step: &mut Step, at: Moment<'_>, actions: &mut Vec<Action>) {
    settle(step, "declined", None, actions);
    if step.asked_at.is_some() {
        return end(step, StepState::Cancelled, Some(asked(at.run)), at.now, actions);
    }
    step.attempt -= 1;
    step.rank = place(step);
    queue(step, at);
    actions.push(Action::Tell);
}

fn ask(step: &mut Step, question: &str, at: Moment<'_>, actions: &mut Vec<Action>) {
    settle(step, "asked", None, actions);
    if step.asked_at.is_some() {
        return end(step, StepState::Cancelled, Some(asked(at.run)), at.now, actions);
    }
    // It goes on with the answer as the same attempt (W3).
    step.attempt -= 1;
    step.answer = None;
    step.state = StepState::Waiting;
    step.reason = Some(Reason::Person { question: question.to_owned() });
    // A person may take longer than a machine.
    step.expires_at = None;
    actions.push(Action::Tell);
}

fn cancel(step: &mut Step, at: Moment<'_>, actions: &mut Vec<Action>) {
    if step.state.is_held() {
        if step.asked_at.is_none() {
            step.asked_at = Some(at.now);
            actions.push(Action::Tell);
        }
    } else if !step.state.has_ended() {
        end(step, StepState::Cancelled, Some(asked(at.run)), at.now, actions);
    }
}

fn parent_ended(
    step: &mut Step,
    parent: StepId,
    name: &str,
    state: StepState,
    at: Moment<'_>,
    actions: &mut Vec<Action>,
) {
    if step.state != StepState::Queued || step.open_parents == 0 {
        return;
    }
    if state == StepState::Complete {
        step.open_parents -= 1;
        queue(step, at);
        if step.open_parents == 0 {
            actions.push(Action::Tell);
        }
    } else {
        let reason = Reason::Parent { step: parent, name: name.to_owned(), state };
        end(step, StepState::Cancelled, Some(reason), at.now, actions);
    }
}

fn reset(step: &mut Step, open_parents: i64, at: Moment<'_>, actions: &mut Vec<Action>) {
    if step.state.is_held() {
        settle(step, "reset", None, actions);
    }
    // What was said of earlier leases has nothing to do with what comes now.
    step.settled = 0;
    step.open_parents = open_parents;
    step.attempt = 0;
    step.lost = 0;
    step.reason = None;
    step.rank = None;
    step.not_before = None;
    step.expires_at = None;
    step.asked_at = None;
    step.ended_at = None;
    step.answer = None;
    queue(step, at);
    actions.push(Action::Tell);
}

/// What the clocks say (L1 to L4, L6, C2).
fn tick(step: &mut Step, at: Moment<'_>, actions: &mut Vec<Action>) {
    let over = |since: Option<Timestamp>, millis: i64| {
        since.is_some_and(|since| since.plus_millis(millis) <= at.now)
    };
    let limits = step.limits;
    match step.state {
        StepState::Queued if step.open_parents > 0 || at.run.paused.is_some() => {}
        StepState::Queued if over(step.expires_at, 0) => {
            end(step, StepState::Failed, Some(Reason::Expired), at.now, actions);
        }
        StepState::Queued if step.rank.is_none() => {
            queue(step, at);
            if step.rank.is_some() {
                actions.push(Action::Tell);
            }
        }
        StepState::Leased | StepState::Running if over(step.asked_at, limits.grace_ms) => {
            revoke(step, "unheard", "its worker did not hear that it should stop", at, actions);
        }
        StepState::Leased | StepState::Running if over(step.lease_until, 0) => {
            lose(step, "lost", "its worker was not heard from any more", at, actions);
        }
        StepState::Leased | StepState::Running if over(step.leased_at, limits.run_ms) => {
            revoke(step, "timeout", "it took longer than it may", at, actions);
        }
        StepState::Running if over(step.progressed_at, limits.quiet_ms) => {
            revoke(step, "stalled", "its worker was there, but did not get on", at, actions);
        }
        _ => {}
    }
}

/// An error as long as one is kept, cut at a character.
fn shortened(error: &str) -> String {
    error[..error.floor_char_boundary(ERROR_BYTES)].to_owned()
}
