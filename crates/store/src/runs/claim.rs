//! Which steps may be taken, and whose time has come. Runs are locked before their steps, in the order of their ids, by
//! everyone; whoever finds a run locked passes it over, so that servers never wait in a circle.

use kernel::{Result, RunId, StepId, Timestamp};

use wire::runs::Run;

use super::{RUN, STEP, Step, run, step};
use crate::db::{Arg, Tx, args};

/// A step that may be claimed, with what it is given, which never changes.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Claimable {
    pub run: RunId,
    pub step: StepId,
    /// JSON.
    pub input: String,
    /// The input of its run; JSON.
    pub run_input: String,
}

/// The ready steps of a queue whose turn is next.
///
/// # Errors
/// When the database fails.
pub fn claimable(tx: &mut Tx<'_>, queue: &str, limit: u32) -> Result<Vec<Claimable>> {
    Ok(tx.query(
        "SELECT steps.run_id, steps.id, steps.input, runs.input FROM steps JOIN runs ON runs.id = steps.run_id
         WHERE steps.queue = $1 AND steps.rank IS NOT NULL ORDER BY steps.rank, steps.id LIMIT $2",
        args![queue, limit],
        |row| {
            Ok(Claimable { run: row.id(0)?, step: row.id(1)?, input: row.get(2)?, run_input: row.get(3)? })
        },
    )?)
}

/// The steps about which the clock has something to say at `now`, the most overdue first.
///
/// # Errors
/// When the database fails.
pub fn due(tx: &mut Tx<'_>, now: Timestamp, limit: u32) -> Result<Vec<(RunId, StepId)>> {
    Ok(tx.query(
        "SELECT run_id, id FROM steps WHERE wake_at <= $1 ORDER BY wake_at LIMIT $2",
        args![now, limit],
        |row| Ok((row.id(0)?, row.id(1)?)),
    )?)
}

/// Steps that are with workers whose names begin with `server` and not with `present`.
///
/// # Errors
/// When the database fails.
pub fn held_by(tx: &mut Tx<'_>, server: &str, present: &str, limit: u32) -> Result<Vec<(RunId, StepId)>> {
    Ok(tx.query(
        "SELECT run_id, id FROM steps WHERE wake_at IS NOT NULL AND worker IS NOT NULL AND SUBSTR(worker, 1, LENGTH($1)) = $1
           AND SUBSTR(worker, 1, LENGTH($2)) <> $2 LIMIT $3",
        args![server, present, limit],
        |row| Ok((row.id(0)?, row.id(1)?)),
    )?)
}

/// When the clock next has something to say about a step.
///
/// # Errors
/// When the database fails.
pub fn next_wake(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    Ok(tx.query_opt(
        "SELECT wake_at FROM steps WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1",
        args![],
        |row| row.get(0),
    )?)
}

/// Reads runs and holds them until the transaction ends. Those that another transaction holds are waited for, or, with
/// `skip`, passed over.
///
/// # Errors
/// When the database fails.
pub fn take(tx: &mut Tx<'_>, runs: &[RunId], skip: bool) -> Result<Vec<Run>> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let lock = match (tx.is_sqlite(), skip) {
        (true, _) => "",
        (false, true) => "FOR UPDATE SKIP LOCKED",
        (false, false) => "FOR UPDATE",
    };
    let sql = format!("SELECT {RUN} FROM runs WHERE id {} ORDER BY id {lock}", tx.among(1));
    Ok(tx.query(&sql, &[list(runs)], run)?)
}

impl Step {
    /// Reads steps by their ids.
    ///
    /// # Errors
    /// When the database fails.
    pub fn many(tx: &mut Tx<'_>, ids: &[StepId]) -> Result<Vec<Self>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!("SELECT {STEP} FROM steps WHERE id {}", tx.among(1));
        Ok(tx.query(&sql, &[list(ids)], step)?)
    }

    /// Reads the steps that follow on these, each with the one that it follows.
    ///
    /// # Errors
    /// When the database fails.
    pub fn children(tx: &mut Tx<'_>, parents: &[StepId]) -> Result<Vec<(StepId, StepId)>> {
        let sql = format!(
            "SELECT parent_id, child_id FROM step_edges WHERE parent_id {} ORDER BY parent_id, child_id",
            tx.among(1)
        );
        Ok(tx.query(&sql, &[list(parents)], |row| Ok((row.id(0)?, row.id(1)?)))?)
    }
}

fn list(ids: &[impl ToString]) -> Arg<'static> {
    Arg::Texts(ids.iter().map(ToString::to_string).collect())
}
