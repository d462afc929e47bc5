//! Runs and their steps as rows. What may become of them is decided by `tasks`; here they are only kept and found.
//!
//! The functions on a [`Tx`] are for the ledger of `tasks`, which works for the server across projects and compares each
//! row's project with the caller's; those on a [`Tenant`] are for people who look.

mod claim;
mod log;
mod read;
mod reserved;
mod write;

use kernel::{ProjectId, RunId, StepId, Timestamp};
use wire::runs::{Answer, Limits, Priority, Reason, Run, StepState};

use crate::db::{DbError, Row};

pub use claim::{
    Claimable, Coming, Taken, claimable, due, held_by, inputs, is_in_turn, next, next_wake, ready_among,
    take, take_steps, turn, turn_is_free,
};
pub use log::{Told, append, is_told, log, newest, noted, said};
pub use read::{
    Detail, Family, Waiting, Which, attempts, beginning_with, by_key, failed_steps, family, get,
    given_before, input, list, outputs, step_of, steps_of, waiting,
};
pub use reserved::{Reserved, redeem, release, reserve, reserved, reserved_before, reserved_by};
pub use write::{
    NewAttempt, NewEdge, NewRunRow, NewStepRow, create, create_once, save_attempts, save_runs, save_steps,
    save_turns,
};

/// How many columns [`RUN`] has.
const RUN_WIDTH: usize = 17;
const RUN: &str =
    "id, project_id, kind, title, state, paused, asked_at, asked_by, total, complete, failed, cancelled,
  log_end, created_at, created_by, started_at, ended_at";

fn run(row: &Row<'_>) -> Result<Run, DbError> {
    run_from(row, 0)
}

/// Reads the columns of [`RUN`] from the column `at` on.
fn run_from(row: &Row<'_>, at: usize) -> Result<Run, DbError> {
    Ok(Run {
        id: row.id(at)?,
        project_id: row.id(at + 1)?,
        kind: row.get(at + 2)?,
        title: row.get(at + 3)?,
        state: row.tag(at + 4)?,
        paused: row.get(at + 5)?,
        asked_at: row.get(at + 6)?,
        asked_by: row.opt_id(at + 7)?,
        total: row.get(at + 8)?,
        complete: row.get(at + 9)?,
        failed: row.get(at + 10)?,
        cancelled: row.get(at + 11)?,
        log_end: row.get(at + 12)?,
        created_at: row.get(at + 13)?,
        created_by: row.opt_id(at + 14)?,
        started_at: row.get(at + 15)?,
        ended_at: row.get(at + 16)?,
    })
}

/// A step, without what it was given and gave.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Step {
    pub id: StepId,
    pub run: RunId,
    pub project: ProjectId,
    /// Its place in the run.
    pub ordinal: i64,
    /// Its name, of which a run has no two.
    pub name: String,
    /// Whose workers may claim it.
    pub queue: String,
    pub priority: Priority,
    pub limits: Limits,
    /// It was asked to start no earlier.
    pub delay_until: Option<Timestamp>,
    pub state: StepState,
    pub reason: Option<Reason>,
    pub open_parents: i64,
    /// Attempts that were begun.
    pub attempt: i64,
    /// How often its worker was gone before it was done.
    pub lost: i64,
    /// The number of the newest lease.
    pub fence: i64,
    /// The lease whose outcome was accepted last.
    pub settled: i64,
    /// Who has it.
    pub worker: Option<String>,
    /// Its turn, in milliseconds; only while it is ready to be claimed.
    pub rank: Option<i64>,
    /// When the clock has something to say about it.
    pub wake_at: Option<Timestamp>,
    /// Not claimed before.
    pub not_before: Option<Timestamp>,
    /// It fails if it was not done by then.
    pub expires_at: Option<Timestamp>,
    pub leased_at: Option<Timestamp>,
    pub lease_until: Option<Timestamp>,
    pub progressed_at: Option<Timestamp>,
    /// Since when its worker is asked to stop.
    pub asked_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub answer: Option<Answer>,
}

/// How many columns [`STEP`] has.
const STEP_WIDTH: usize = 27;
const STEP: &str = "id, run_id, project_id, ordinal, name, queue, priority, limits, delay_until, state, reason,
  open_parents, attempt, fence, settled, worker, rank, wake_at, not_before, expires_at, leased_at, lease_until,
  progressed_at, asked_at, ended_at, answer, lost";

fn step(row: &Row<'_>) -> Result<Step, DbError> {
    step_from(row, 0)
}

/// Reads the columns of [`STEP`] from the column `at` on.
fn step_from(row: &Row<'_>, at: usize) -> Result<Step, DbError> {
    let rank: Option<i64> = row.get(at + 16)?;
    Ok(Step {
        id: row.id(at)?,
        run: row.id(at + 1)?,
        project: row.id(at + 2)?,
        ordinal: row.get(at + 3)?,
        name: row.get(at + 4)?,
        queue: row.get(at + 5)?,
        priority: row.tag(at + 6)?,
        limits: row.json(at + 7)?,
        delay_until: row.get(at + 8)?,
        state: row.tag(at + 9)?,
        // A step that has a turn is ready: there are many, so that is not read.
        reason: if rank.is_some() { Some(Reason::Ready) } else { row.opt_json(at + 10)? },
        open_parents: row.get(at + 11)?,
        attempt: row.get(at + 12)?,
        fence: row.get(at + 13)?,
        settled: row.get(at + 14)?,
        worker: row.get(at + 15)?,
        rank,
        wake_at: row.get(at + 17)?,
        not_before: row.get(at + 18)?,
        expires_at: row.get(at + 19)?,
        leased_at: row.get(at + 20)?,
        lease_until: row.get(at + 21)?,
        progressed_at: row.get(at + 22)?,
        asked_at: row.get(at + 23)?,
        ended_at: row.get(at + 24)?,
        answer: row.opt_json(at + 25)?,
        lost: row.get(at + 26)?,
    })
}

/// The columns of a list, named with their table.
fn of(table: &str, columns: &str) -> String {
    let columns: Vec<String> =
        columns.split(',').map(|column| format!("{table}.{}", column.trim())).collect();
    columns.join(", ")
}
