//! Steps that a server's own worker has, and whose claim is not written yet: on Postgres a narrow row keeps them from the other
//! servers until it is.
//!
//! Such a row is written, and taken away, only by who holds the row of the run. Whoever takes a run, and finds a row of it here
//! that is not its own to redeem, takes it away and writes the claim. SQLite has one server, and none of this.

use kernel::{Result, RunId, StepId, Timestamp};
use wire::runs::Run;

use super::claim::{Locked, list, lock};
use super::{RUN, run};
use crate::db::{Arg, DbError, Row, Tx, args};

/// A claim that is not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Reserved {
    pub run: RunId,
    pub step: StepId,
    /// Of the lease that it makes.
    pub fence: i64,
    pub worker: String,
    pub at: Timestamp,
}

const COLUMNS: &str = "claims.run_id, claims.step_id, claims.fence, claims.worker, claims.at";

fn row(row: &Row<'_>) -> Result<Reserved, DbError> {
    Ok(Reserved {
        run: row.id(0)?,
        step: row.id(1)?,
        fence: row.get(2)?,
        worker: row.get(3)?,
        at: row.get(4)?,
    })
}

/// Reserves steps of runs that are held.
///
/// # Errors
/// When the database fails, or one is reserved already.
pub fn reserve(tx: &mut Tx<'_>, steps: &[Reserved]) -> Result<()> {
    if tx.is_sqlite() {
        return Ok(());
    }
    let rows: Vec<[Arg<'_>; 5]> = steps
        .iter()
        .map(|new| [new.run.into(), new.step.into(), new.fence.into(), (&new.worker).into(), new.at.into()])
        .collect();
    Ok(tx.insert_many("claims (run_id, step_id, fence, worker, at)", &rows)?)
}

/// Takes the runs, and takes away what is reserved of these leases, each a step with a fence. Gives the steps of those that were
/// there: the claims of the others were written by somebody else. All of `beside` are taken, too, so that everyone takes them in
/// the same order.
///
/// # Errors
/// When the database fails.
pub fn redeem(
    tx: &mut Tx<'_>,
    runs: &[RunId],
    leases: &[(StepId, i64)],
    beside: &[RunId],
) -> Result<Vec<StepId>> {
    let (steps, fences): (Vec<StepId>, Vec<i64>) = leases.iter().copied().unzip();
    if tx.is_sqlite() || leases.is_empty() {
        return Ok(steps);
    }
    let all: Vec<&RunId> = runs.iter().chain(beside).collect();
    let lock = lock(tx, Locked::Awaited, "runs");
    let sql = format!(
        "WITH held AS MATERIALIZED (SELECT id FROM runs WHERE id = ANY($1) ORDER BY id {lock})
         DELETE FROM claims USING held, UNNEST($2::TEXT[], $3::TEXT[]) AS mine (step_id, fence)
         WHERE claims.run_id = held.id AND claims.step_id = mine.step_id AND claims.fence::TEXT = mine.fence
         RETURNING claims.step_id"
    );
    Ok(tx.query(&sql, &[list(&all), list(&steps), list(&fences)], |row| row.id(0))?)
}

/// What is reserved of runs that are held.
///
/// # Errors
/// When the database fails.
pub fn reserved(tx: &mut Tx<'_>, runs: &[RunId]) -> Result<Vec<Reserved>> {
    if tx.is_sqlite() || runs.is_empty() {
        return Ok(Vec::new());
    }
    Ok(tx.query(&format!("SELECT {COLUMNS} FROM claims WHERE run_id = ANY($1)"), &[list(runs)], row)?)
}

/// The same, and it is reserved no more.
///
/// # Errors
/// When the database fails.
pub fn release(tx: &mut Tx<'_>, runs: &[RunId]) -> Result<Vec<Reserved>> {
    if tx.is_sqlite() || runs.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("DELETE FROM claims WHERE run_id = ANY($1) RETURNING {COLUMNS}");
    Ok(tx.query(&sql, &[list(runs)], row)?)
}

/// Takes the runs of which something was reserved before `at`.
///
/// # Errors
/// When the database fails.
pub fn reserved_before(tx: &mut Tx<'_>, at: Timestamp, limit: u32) -> Result<Vec<Run>> {
    take_reserved(tx, "at < $1", args![at, limit])
}

/// Takes the runs of which something is reserved for workers whose names begin with `server` and not with `present`.
///
/// # Errors
/// When the database fails.
pub fn reserved_by(tx: &mut Tx<'_>, server: &str, present: &str, limit: u32) -> Result<Vec<Run>> {
    let which = "SUBSTR(worker, 1, LENGTH($1)) = $1 AND SUBSTR(worker, 1, LENGTH($3)) <> $3";
    take_reserved(tx, which, args![server, limit, present])
}

fn take_reserved(tx: &mut Tx<'_>, which: &str, args: &[Arg<'_>]) -> Result<Vec<Run>> {
    if tx.is_sqlite() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT DISTINCT run_id FROM claims WHERE {which} LIMIT $2");
    let runs: Vec<RunId> = tx.query(&sql, args, |row| row.id(0))?;
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let lock = lock(tx, Locked::PassedOver, "runs");
    let sql = format!("SELECT {RUN} FROM runs WHERE id = ANY($1) ORDER BY id {lock}");
    Ok(tx.query(&sql, &[list(&runs)], run)?)
}
