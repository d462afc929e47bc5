//! What people see of runs.

use std::collections::HashMap;

use kernel::{Error, PageRequest, ProjectId, Result, RunId, StepId};
use wire::runs::{Attempt, FailedStep, Reason, Run, RunState, StepState};

use super::{RUN, STEP, STEP_WIDTH, Step, of, run, step};
use crate::db::{DbError, Row, Tx, args};
use crate::events::Listed;
use crate::scope::Tenant;

/// The run of that id.
///
/// # Errors
/// `NOT_FOUND` when it is not in this project.
pub fn get(t: &mut Tenant<'_, '_>, id: RunId) -> Result<Run> {
    let project = t.project();
    t.query_opt(
        &format!("SELECT {RUN} FROM runs WHERE project_id = $1 AND id = $2"),
        args![project, id],
        run,
    )?
    .ok_or_else(|| Error::not_found("run"))
}

/// Which runs are wanted; all of the project, if nothing is said.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Only those in this state.
    pub state: Option<RunState>,
    /// Only those of this kind: `fleet` stands for `fleet.command`, `fleet.agent` and all others of the fleet.
    pub kind: Option<String>,
}

/// The project's runs, newest first.
///
/// # Errors
/// When the database fails.
pub fn list(t: &mut Tenant<'_, '_>, which: &Which, page: &PageRequest) -> Result<Listed<Run>> {
    const MEANT: &str = "project_id = $1 AND state = COALESCE($2, state)
      AND (kind = COALESCE($3, kind) OR SUBSTR(kind, 1, LENGTH($3) + 1) = $3 || '.')";
    let (key, id) = page.after.as_ref().map_or((i64::MAX, "~"), |cursor| (cursor.key, cursor.id.as_str()));
    let (project, state, kind) = (t.project(), which.state.map(RunState::as_str), which.kind.as_deref());
    let total = t.query_one(
        &format!("SELECT COUNT(*) FROM runs WHERE {MEANT}"),
        args![project, state, kind],
        |row| row.get(0),
    )?;
    let rows = t.query(
        &format!(
            "SELECT {RUN} FROM runs WHERE {MEANT} AND (created_at < $4 OR (created_at = $4 AND id < $5))
             ORDER BY created_at DESC, id DESC LIMIT $6"
        ),
        args![project, state, kind, key, id, i64::from(page.limit) + 1],
        run,
    )?;
    Ok(Listed::of(rows, total, page, |run| (run.created_at.0, run.id.to_string())))
}

/// The project's steps that have failed and may be retried (R3), the latest first.
///
/// # Errors
/// When the database fails.
pub fn failed_steps(t: &mut Tenant<'_, '_>, page: &PageRequest) -> Result<Listed<FailedStep>> {
    let (key, id) = page.after.as_ref().map_or((i64::MAX, "~"), |cursor| (cursor.key, cursor.id.as_str()));
    let project = t.project();
    let total = t.query_one(
        "SELECT COUNT(*) FROM steps WHERE project_id = $1 AND state = 'failed'",
        args![project],
        |row| row.get(0),
    )?;
    let rows = t.query(
        "SELECT steps.run_id, runs.title, steps.id, steps.name, steps.queue, steps.attempt, steps.reason, steps.ended_at
         FROM steps JOIN runs ON runs.id = steps.run_id
         WHERE steps.project_id = $1 AND steps.state = 'failed'
           AND (steps.ended_at < $2 OR (steps.ended_at = $2 AND steps.id < $3))
         ORDER BY steps.ended_at DESC, steps.id DESC LIMIT $4",
        args![project, key, id, i64::from(page.limit) + 1],
        |row| {
            Ok(FailedStep {
                run_id: row.id(0)?,
                run_title: row.get(1)?,
                step_id: row.id(2)?,
                name: row.get(3)?,
                queue: row.get(4)?,
                attempt: row.get(5)?,
                reason: row.opt_json(6)?,
                ended_at: row.get(7)?,
            })
        },
    )?;
    Ok(Listed::of(rows, total, page, |step| (step.ended_at.0, step.step_id.to_string())))
}

/// A step with what it was given and gave.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Detail {
    pub step: Step,
    pub parents: Vec<StepId>,
    /// JSON.
    pub input: String,
    /// JSON; absent if it gave nothing, or more than was asked for.
    pub output: Option<String>,
    /// The length of what it gave, in characters of JSON; 0 if it gave nothing.
    pub output_length: i64,
}

/// The steps of a run in their order, each with what it gave, unless that is longer than `longest` characters.
///
/// # Errors
/// `NOT_FOUND` when the run is not in this project.
pub fn steps_of(t: &mut Tenant<'_, '_>, id: RunId, longest: i64) -> Result<Vec<Detail>> {
    get(t, id)?;
    let sql = details("steps.run_id = $1 ORDER BY steps.ordinal");
    let mut steps = t.query(&sql, args![id, longest], detail)?;
    let mut parents: HashMap<StepId, Vec<StepId>> = HashMap::new();
    for (child, parent) in edges(t, id)? {
        parents.entry(child).or_default().push(parent);
    }
    for detail in &mut steps {
        detail.parents = parents.remove(&detail.step.id).unwrap_or_default();
    }
    Ok(steps)
}

/// A step of a run with all that it gave.
///
/// # Errors
/// `NOT_FOUND` when the run is not in this project, or the step not in the run.
pub fn step_of(t: &mut Tenant<'_, '_>, run: RunId, id: StepId) -> Result<Detail> {
    get(t, run)?;
    let sql = details("steps.run_id = $1 AND steps.id = $3");
    let found = t.query_opt(&sql, args![run, i64::MAX, id], detail)?;
    let mut found = found.ok_or_else(|| Error::not_found("step"))?;
    found.parents =
        t.query("SELECT parent_id FROM step_edges WHERE child_id = $1 ORDER BY 1", args![id], |row| {
            row.id(0)
        })?;
    Ok(found)
}

fn details(which: &str) -> String {
    format!(
        "SELECT {}, steps.input, CAST(COALESCE(LENGTH(attempts.output), 0) AS BIGINT),
           CASE WHEN LENGTH(attempts.output) <= CAST($2 AS BIGINT) THEN attempts.output END
         FROM steps LEFT JOIN attempts ON attempts.step_id = steps.id AND attempts.fence = steps.settled
         WHERE {which}",
        of("steps", STEP)
    )
}

fn detail(row: &Row<'_>) -> Result<Detail, DbError> {
    Ok(Detail {
        step: step(row)?,
        parents: Vec::new(),
        input: row.get(STEP_WIDTH)?,
        output_length: row.get(STEP_WIDTH + 1)?,
        output: row.get(STEP_WIDTH + 2)?,
    })
}

/// The edges of a run, as (child, parent).
fn edges(tx: &mut Tx<'_>, run: RunId) -> Result<Vec<(StepId, StepId)>> {
    Ok(tx.query(
        "SELECT step_edges.child_id, step_edges.parent_id FROM steps
         JOIN step_edges ON step_edges.child_id = steps.id WHERE steps.run_id = $1 ORDER BY 1, 2",
        args![run],
        |row| Ok((row.id(0)?, row.id(1)?)),
    )?)
}

/// All steps of a run, and its edges as (child, parent).
pub type Family = (Vec<Step>, Vec<(StepId, StepId)>);

/// All steps of a run with its edges, for the ledger.
///
/// # Errors
/// When the database fails.
pub fn family(tx: &mut Tx<'_>, run: RunId) -> Result<Family> {
    let steps =
        tx.query(&format!("SELECT {STEP} FROM steps WHERE run_id = $1 ORDER BY ordinal"), args![run], step)?;
    Ok((steps, edges(tx, run)?))
}

/// What came of the leases of a run's steps, in the order in which they ended.
///
/// # Errors
/// `NOT_FOUND` when the run is not in this project.
pub fn attempts(t: &mut Tenant<'_, '_>, id: RunId) -> Result<Vec<Attempt>> {
    get(t, id)?;
    Ok(t.query(
        "SELECT attempts.step_id, attempts.fence, attempts.attempt, attempts.worker, attempts.outcome, attempts.error,
           attempts.began_at, attempts.ended_at
         FROM steps JOIN attempts ON attempts.step_id = steps.id
         WHERE steps.run_id = $1 ORDER BY attempts.ended_at, attempts.step_id, attempts.fence",
        args![id],
        |row| {
            Ok(Attempt {
                step_id: row.id(0)?,
                fence: row.get(1)?,
                attempt: row.get(2)?,
                worker: row.get(3)?,
                outcome: row.get(4)?,
                error: row.get(5)?,
                began_at: row.get(6)?,
                ended_at: row.get(7)?,
            })
        },
    )?)
}

/// The run that was made under a key, with its fingerprint.
///
/// # Errors
/// When the database fails.
pub fn by_key(tx: &mut Tx<'_>, project: ProjectId, key: &str) -> Result<Option<(RunId, Option<String>)>> {
    Ok(tx.query_opt(
        "SELECT id, fingerprint FROM runs WHERE project_id = $1 AND idempotency_key = $2",
        args![project, key],
        |row| Ok((row.id(0)?, row.get(1)?)),
    )?)
}

/// What the steps before a step gave, as (name, JSON), in the order of the run.
///
/// # Errors
/// When the database fails.
pub fn given_before(t: &mut Tenant<'_, '_>, step: StepId) -> Result<Vec<(String, String)>> {
    let project = t.project();
    Ok(t.query(
        "SELECT steps.name, attempts.output FROM step_edges JOIN steps ON steps.id = step_edges.parent_id
         JOIN attempts ON attempts.step_id = steps.id AND attempts.fence = steps.settled
         WHERE step_edges.child_id = $1 AND steps.project_id = $2 AND attempts.output IS NOT NULL ORDER BY steps.ordinal",
        args![step, project],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?)
}

/// What steps gave, as (step, JSON); those of another project, and those that gave nothing, are passed over.
///
/// # Errors
/// When the database fails.
pub fn outputs(t: &mut Tenant<'_, '_>, steps: &[StepId]) -> Result<Vec<(StepId, String)>> {
    let sql = |places: &str| {
        format!(
            "SELECT steps.id, attempts.output FROM steps
             JOIN attempts ON attempts.step_id = steps.id AND attempts.fence = steps.settled
             WHERE steps.project_id || '' = $1 AND steps.id IN ({places}) AND attempts.output IS NOT NULL"
        )
    };
    crate::entities::by_ids(t, &[], steps, sql, |row| Ok((row.id(0)?, row.get(1)?)))
}

/// What a run was made with, as JSON.
///
/// # Errors
/// `NOT_FOUND` when it is not in this project.
pub fn input(t: &mut Tenant<'_, '_>, id: RunId) -> Result<String> {
    let project = t.project();
    t.query_opt("SELECT input FROM runs WHERE project_id = $1 AND id = $2", args![project, id], |row| {
        row.get(0)
    })?
    .ok_or_else(|| Error::not_found("run"))
}

/// A step that is with no worker, and has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Waiting {
    pub run: RunId,
    pub run_title: String,
    pub name: String,
    pub queue: String,
    pub state: StepState,
    pub reason: Option<Reason>,
}

/// The steps of the project that wait: those that are ready in the order of their turns, then the others; `limit` at most.
///
/// # Errors
/// When the database fails.
pub fn waiting(t: &mut Tenant<'_, '_>, limit: u32) -> Result<Vec<Waiting>> {
    let project = t.project();
    Ok(t.query(
        "SELECT runs.id, runs.title, steps.name, steps.queue, steps.state, steps.reason
         FROM runs JOIN steps ON steps.run_id = runs.id
         WHERE runs.project_id = $1 AND runs.ended_at IS NULL AND steps.state IN ('queued', 'waiting')
         ORDER BY CASE WHEN steps.rank IS NULL THEN 1 ELSE 0 END, steps.rank, steps.id LIMIT $2",
        args![project, limit],
        |row| {
            Ok(Waiting {
                run: row.id(0)?,
                run_title: row.get(1)?,
                name: row.get(2)?,
                queue: row.get(3)?,
                state: row.tag(4)?,
                reason: row.opt_json(5)?,
            })
        },
    )?)
}

/// The project's newest runs whose ids begin with a text, `limit` at most.
///
/// # Errors
/// When the database fails.
pub fn beginning_with(t: &mut Tenant<'_, '_>, prefix: &str, limit: u32) -> Result<Vec<(RunId, String)>> {
    let project = t.project();
    // By length and equality: `LIKE` would take `_` for any character, and ordering differs between databases.
    Ok(t.query(
        "SELECT id, title FROM runs WHERE project_id = $1 AND SUBSTR(id, 1, LENGTH($2)) = $2
         ORDER BY created_at DESC, id DESC LIMIT $3",
        args![project, prefix, limit],
        |row| Ok((row.id(0)?, row.get(1)?)),
    )?)
}
