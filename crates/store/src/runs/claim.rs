//! Which steps may be taken, and whose time has come. Runs are locked before their steps, in the order of their ids, by
//! everyone; whoever finds a run locked passes it over, so that servers never wait in a circle.

use kernel::{Result, RunId, StepId, Timestamp};

use wire::runs::Run;

use super::{RUN, STEP, Step, run, step};
use crate::db::{Arg, Tx, args};
use crate::entities::places;

/// A claimed step's content.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Claimed {
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
pub fn claimable(tx: &mut Tx<'_>, queue: &str, limit: u32) -> Result<Vec<(RunId, StepId)>> {
    Ok(tx.query(
        "SELECT run_id, id FROM steps WHERE queue = $1 AND rank IS NOT NULL ORDER BY rank, id LIMIT $2",
        args![queue, limit],
        |row| Ok((row.id(0)?, row.id(1)?)),
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
    let lock = match (tx.is_sqlite(), skip) {
        (true, _) => "",
        (false, true) => "FOR UPDATE SKIP LOCKED",
        (false, false) => "FOR UPDATE",
    };
    let mut ids = runs.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::with_capacity(ids.len());
    for part in parts(&ids) {
        let values: Vec<Arg<'_>> = part.iter().map(|id| Arg::from(*id)).collect();
        let places = places(1, part.len());
        let sql = format!("SELECT {RUN} FROM runs WHERE id IN ({places}) ORDER BY id {lock}");
        found.extend(tx.query(&sql, &values, run)?);
    }
    Ok(found)
}

impl Step {
    /// Reads steps by their ids.
    ///
    /// # Errors
    /// When the database fails.
    pub fn many(tx: &mut Tx<'_>, ids: &[StepId]) -> Result<Vec<Self>> {
        by_ids(tx, ids, |places| format!("SELECT {STEP} FROM steps WHERE id IN ({places})"), step)
    }

    /// Reads the steps that follow on these, each with the one that it follows.
    ///
    /// # Errors
    /// When the database fails.
    pub fn children(tx: &mut Tx<'_>, parents: &[StepId]) -> Result<Vec<(StepId, StepId)>> {
        let sql = |places: &str| {
            format!(
                "SELECT parent_id, child_id FROM step_edges WHERE parent_id IN ({places}) ORDER BY parent_id, child_id"
            )
        };
        by_ids(tx, parents, sql, |row| Ok((row.id(0)?, row.id(1)?)))
    }

    /// Reads what steps were given.
    ///
    /// # Errors
    /// When the database fails.
    pub fn inputs(tx: &mut Tx<'_>, ids: &[StepId]) -> Result<Vec<Claimed>> {
        let sql = |places: &str| {
            format!(
                "SELECT steps.id, steps.input, runs.input FROM steps JOIN runs ON runs.id = steps.run_id
                 WHERE steps.id IN ({places})"
            )
        };
        by_ids(tx, ids, sql, |row| {
            Ok(Claimed { step: row.id(0)?, input: row.get(1)?, run_input: row.get(2)? })
        })
    }
}

/// Cuts ids into parts of few sizes, so that few statements need to be prepared; where one is too small its first id stands
/// there again, which finds nothing more.
fn parts<I: Copy>(ids: &[I]) -> impl Iterator<Item = Vec<I>> {
    ids.chunks(256).map(|part| {
        let again = std::iter::repeat_n(part[0], part.len().next_power_of_two() - part.len());
        part.iter().copied().chain(again).collect()
    })
}

fn by_ids<I: Copy, T>(
    tx: &mut Tx<'_>,
    ids: &[I],
    sql: impl Fn(&str) -> String,
    read: impl Fn(&crate::db::Row<'_>) -> Result<T, crate::db::DbError>,
) -> Result<Vec<T>>
where
    for<'a> Arg<'a>: From<I>,
{
    let mut found = Vec::with_capacity(ids.len());
    for part in parts(ids) {
        let values: Vec<Arg<'_>> = part.iter().map(|id| Arg::from(*id)).collect();
        found.extend(tx.query(&sql(&places(1, part.len())), &values, &read)?);
    }
    Ok(found)
}
