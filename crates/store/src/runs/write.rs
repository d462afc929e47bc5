//! What is written of runs: made whole, and changed many at a time.

use kernel::{Result, RunId, StepId, Timestamp};
use wire::runs::{Limits, Run};

use super::Step;
use crate::db::{Arg, Tx};

/// A run to be made.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct NewRunRow {
    pub run: Run,
    /// JSON.
    pub input: String,
    pub idempotency_key: Option<String>,
    /// What tells two runs of one key apart.
    pub fingerprint: Option<String>,
}

/// A step to be made.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct NewStepRow {
    pub step: Step,
    /// JSON.
    pub input: String,
}

/// That `child` starts only when `parent` is complete.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct NewEdge {
    pub child: StepId,
    pub parent: StepId,
}

const RUN_ROW: &str = "runs (id, project_id, kind, title, input, idempotency_key, fingerprint, state, total, created_at, created_by)";

fn row(new: &NewRunRow) -> [Arg<'_>; 11] {
    let run = &new.run;
    [
        run.id.into(),
        run.project_id.into(),
        (&run.kind).into(),
        (&run.title).into(),
        (&new.input).into(),
        new.idempotency_key.as_deref().into(),
        new.fingerprint.as_deref().into(),
        run.state.as_str().into(),
        run.total.into(),
        run.created_at.into(),
        run.created_by.into(),
    ]
}

/// Makes a run, unless there is one of its key; tells whether it did. Its steps come later in the same transaction.
///
/// # Errors
/// When the database fails.
pub fn create_once(tx: &mut Tx<'_>, new: &NewRunRow) -> Result<bool> {
    let sql = format!(
        "INSERT INTO {RUN_ROW} VALUES ({})
         ON CONFLICT (project_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING",
        crate::entities::places(1, 11)
    );
    Ok(tx.execute(&sql, &row(new))? == 1)
}

fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(kernel::Error::internal)
}

fn opt_json<T: serde::Serialize>(value: Option<&T>) -> Result<Option<String>> {
    value.map(json).transpose()
}

/// Makes runs with their steps and edges.
///
/// # Errors
/// When the database fails, or an idempotency key is taken.
pub fn create(tx: &mut Tx<'_>, runs: &[NewRunRow], steps: &[NewStepRow], edges: &[NewEdge]) -> Result<()> {
    let rows: Vec<[Arg<'_>; 11]> = runs.iter().map(row).collect();
    tx.insert_many(RUN_ROW, &rows)?;
    let rows = steps
        .iter()
        .map(|NewStepRow { step, input }| {
            Ok([
                step.id.into(),
                step.run.into(),
                step.project.into(),
                step.ordinal.into(),
                (&step.name).into(),
                (&step.queue).into(),
                priority(step).into(),
                limits(step)?.into(),
                input.into(),
                step.delay_until.into(),
                step.state.as_str().into(),
                opt_json(step.reason.as_ref())?.into(),
                step.open_parents.into(),
                step.rank.into(),
                step.wake_at.into(),
                step.not_before.into(),
                step.expires_at.into(),
            ])
        })
        .collect::<Result<Vec<[Arg<'_>; 17]>>>()?;
    tx.insert_many(
        "steps (id, run_id, project_id, ordinal, name, queue, priority, limits, input, delay_until, state, reason,
           open_parents, rank, wake_at, not_before, expires_at)",
        &rows,
    )?;
    let rows: Vec<[Arg<'_>; 2]> = edges.iter().map(|edge| [edge.child.into(), edge.parent.into()]).collect();
    tx.insert_many("step_edges (child_id, parent_id)", &rows)?;
    Ok(())
}

/// Most steps have no limits of their own.
fn limits(step: &Step) -> Result<String> {
    if step.limits == Limits::default() { Ok("{}".to_owned()) } else { json(&step.limits) }
}

fn priority(step: &Step) -> &'static str {
    use wire::runs::Priority;
    match step.priority {
        Priority::Low => "low",
        Priority::Medium => "medium",
        Priority::High => "high",
        Priority::Critical => "critical",
    }
}

/// Keeps what changes of runs.
///
/// # Errors
/// When the database fails.
pub fn save_runs<'r>(tx: &mut Tx<'_>, runs: impl IntoIterator<Item = &'r Run>) -> Result<()> {
    const COLUMNS: &[(&str, &str)] = &[
        ("state", "TEXT"),
        ("paused", "TEXT"),
        ("asked_at", "BIGINT"),
        ("asked_by", "TEXT"),
        ("complete", "BIGINT"),
        ("failed", "BIGINT"),
        ("cancelled", "BIGINT"),
        ("log_end", "BIGINT"),
        ("started_at", "BIGINT"),
        ("ended_at", "BIGINT"),
    ];
    let rows: Vec<Vec<Arg<'_>>> = runs
        .into_iter()
        .map(|run| {
            vec![
                run.id.into(),
                run.state.as_str().into(),
                run.paused.as_deref().into(),
                run.asked_at.into(),
                run.asked_by.into(),
                run.complete.into(),
                run.failed.into(),
                run.cancelled.into(),
                run.log_end.into(),
                run.started_at.into(),
                run.ended_at.into(),
            ]
        })
        .collect();
    tx.update_many("runs", COLUMNS, &rows)?;
    Ok(())
}

/// Keeps what changes of steps. Tells how many of them there are.
///
/// # Errors
/// When the database fails.
pub fn save_steps<'s>(tx: &mut Tx<'_>, steps: impl IntoIterator<Item = &'s Step>) -> Result<u64> {
    const COLUMNS: &[(&str, &str)] = &[
        ("state", "TEXT"),
        ("reason", "TEXT"),
        ("open_parents", "BIGINT"),
        ("attempt", "BIGINT"),
        ("lost", "BIGINT"),
        ("fence", "BIGINT"),
        ("settled", "BIGINT"),
        ("worker", "TEXT"),
        ("rank", "BIGINT"),
        ("wake_at", "BIGINT"),
        ("not_before", "BIGINT"),
        ("expires_at", "BIGINT"),
        ("leased_at", "BIGINT"),
        ("lease_until", "BIGINT"),
        ("progressed_at", "BIGINT"),
        ("asked_at", "BIGINT"),
        ("ended_at", "BIGINT"),
        ("answer", "TEXT"),
    ];
    let rows = steps
        .into_iter()
        .map(|step| {
            Ok(vec![
                step.id.into(),
                step.state.as_str().into(),
                opt_json(step.reason.as_ref())?.into(),
                step.open_parents.into(),
                step.attempt.into(),
                step.lost.into(),
                step.fence.into(),
                step.settled.into(),
                step.worker.as_deref().into(),
                step.rank.into(),
                step.wake_at.into(),
                step.not_before.into(),
                step.expires_at.into(),
                step.leased_at.into(),
                step.lease_until.into(),
                step.progressed_at.into(),
                step.asked_at.into(),
                step.ended_at.into(),
                opt_json(step.answer.as_ref())?.into(),
            ])
        })
        .collect::<Result<Vec<Vec<Arg<'_>>>>>()?;
    Ok(tx.update_many("steps", COLUMNS, &rows)?)
}

/// Keeps whose turns are over, and who has those of which queues from now on.
///
/// # Errors
/// When the database fails, or a turn is taken.
pub fn save_turns(tx: &mut Tx<'_>, over: &[StepId], taken: &[(String, StepId)]) -> Result<()> {
    if !over.is_empty() {
        let ids = Arg::Texts(over.iter().map(ToString::to_string).collect());
        let sql = format!("DELETE FROM turns WHERE step_id {}", tx.among(1));
        tx.execute(&sql, &[ids])?;
    }
    let rows: Vec<[Arg<'_>; 2]> = taken.iter().map(|(queue, step)| [queue.into(), (*step).into()]).collect();
    Ok(tx.insert_many("turns (queue, step_id)", &rows)?)
}

/// What came of a lease, to be kept.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct NewAttempt {
    pub step: StepId,
    pub run: RunId,
    pub fence: i64,
    pub attempt: i64,
    pub worker: String,
    /// `complete`, `failed`, `asked`, `lost` …
    pub outcome: &'static str,
    pub error: Option<String>,
    /// What the step gave, as JSON, if it is complete.
    pub output: Option<String>,
    pub began_at: Timestamp,
    pub ended_at: Timestamp,
}

/// Writes what came of leases, once each.
///
/// # Errors
/// When the database fails, or one was written before.
pub fn save_attempts(tx: &mut Tx<'_>, attempts: &[NewAttempt]) -> Result<()> {
    let rows: Vec<[Arg<'_>; 9]> = attempts
        .iter()
        .map(|new| {
            [
                new.step.into(),
                new.fence.into(),
                new.attempt.into(),
                (&new.worker).into(),
                new.outcome.into(),
                new.error.as_deref().into(),
                new.output.as_deref().into(),
                new.began_at.into(),
                new.ended_at.into(),
            ]
        })
        .collect();
    let into = "attempts (step_id, fence, attempt, worker, outcome, error, output, began_at, ended_at)";
    Ok(tx.insert_many(into, &rows)?)
}
