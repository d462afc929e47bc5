//! Which steps may be taken, and whose time has come. A step is read together with its run, and both are held until the
//! transaction ends.
//!
//! Everyone locks a run before its steps, and runs in the order of their ids; whoever looks for work passes over what
//! another holds. So servers never wait in a circle. A row that changed while it was waited for is read as it is now.

use kernel::{Result, RunId, StepId, Timestamp};
use wire::runs::Run;

use super::{RUN, RUN_WIDTH, STEP, STEP_WIDTH, Step, of, run, run_from, step, step_from};
use crate::db::{Arg, DbError, Row, Tx, args};

/// A step with its run.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Taken {
    pub run: Run,
    pub step: Step,
}

/// A step that may be claimed, with what it is given, which never changes.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Claimable {
    pub taken: Taken,
    /// JSON.
    pub input: String,
    /// The input of its run; JSON.
    pub run_input: String,
}

/// A step whose turn is to come.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Coming {
    pub taken: Taken,
    /// What it and its run are given, as JSON, unless that is long.
    pub inputs: Option<(String, String)>,
}

/// What becomes of a row that another transaction holds.
#[derive(Clone, Copy)]
pub(super) enum Locked {
    Awaited,
    PassedOver,
}

pub(super) fn lock(tx: &Tx<'_>, locked: Locked, tables: &str) -> String {
    match (tx.is_sqlite(), locked) {
        // It has one writer.
        (true, _) => String::new(),
        (false, Locked::Awaited) => format!("FOR NO KEY UPDATE OF {tables}"),
        (false, Locked::PassedOver) => format!("FOR NO KEY UPDATE OF {tables} SKIP LOCKED"),
    }
}

/// The statement that reads steps with their runs, and `more`.
fn joined(more: &str, which: &str, lock: &str) -> String {
    format!(
        "SELECT {}, {}{more} FROM steps JOIN runs ON runs.id = steps.run_id WHERE {which} {lock}",
        of("runs", RUN),
        of("steps", STEP)
    )
}

fn taken(row: &Row<'_>) -> Result<Taken, DbError> {
    Ok(Taken { run: run_from(row, 0)?, step: step_from(row, RUN_WIDTH)? })
}

/// Takes the ready steps of a queue whose turn is next, but for some, and for those that are reserved.
///
/// # Errors
/// When the database fails.
pub fn claimable(tx: &mut Tx<'_>, queue: &str, limit: u32, but: &[StepId]) -> Result<Vec<Claimable>> {
    let but_for = if tx.is_sqlite() {
        "steps.id NOT IN (SELECT value FROM json_each($3))"
    } else {
        // As `NOT EXISTS` it would be a join, and to plan one Postgres looks for the ends of the index, which the rows that are
        // gone have made long.
        "steps.id <> ALL($3) AND (SELECT claims.fence FROM claims
           WHERE claims.run_id = steps.run_id AND claims.step_id = steps.id) IS NULL"
    };
    let which = format!(
        "steps.queue = $1 AND steps.rank IS NOT NULL AND {but_for} ORDER BY steps.rank, steps.id LIMIT $2"
    );
    let lock = lock(tx, Locked::PassedOver, "runs, steps");
    let given = [queue.into(), limit.into(), list(but)];
    Ok(tx.query(&joined(", steps.input, runs.input", &which, &lock), &given, |row| {
        let inputs = RUN_WIDTH + STEP_WIDTH;
        Ok(Claimable { taken: taken(row)?, input: row.get(inputs)?, run_input: row.get(inputs + 1)? })
    })?)
}

/// Inputs of a step and its run that are longer than that in all are not read ahead, in bytes.
const SHORT: i64 = 4_096;

/// Reads the ready steps of a queue whose turns come after that one. SQLite's alone, where nobody else can take them.
///
/// # Errors
/// When the database fails.
pub fn next(tx: &mut Tx<'_>, queue: &str, after: Option<(i64, StepId)>, limit: u32) -> Result<Vec<Coming>> {
    let more = ", CASE WHEN OCTET_LENGTH(steps.input) + OCTET_LENGTH(runs.input) <= $5 THEN steps.input END, runs.input";
    let which = "steps.queue = $1 AND steps.rank IS NOT NULL AND (steps.rank, steps.id) > ($2, $3)
      ORDER BY steps.rank, steps.id LIMIT $4";
    let (rank, id) = after.map_or((i64::MIN, String::new()), |(rank, id)| (rank, id.to_string()));
    Ok(tx.query(&joined(more, which, ""), args![queue, rank, id, limit, SHORT], |row| {
        let inputs = RUN_WIDTH + STEP_WIDTH;
        let input: Option<String> = row.get(inputs)?;
        let inputs = input.map(|input| Ok::<_, DbError>((input, row.get(inputs + 1)?))).transpose()?;
        Ok(Coming { taken: taken(row)?, inputs })
    })?)
}

/// What the names of queues begin with whose steps are done one at a time.
const ONE_AT_A_TIME: &str = "one/";

/// Whether the steps of a queue are done one at a time.
#[must_use]
pub fn is_in_turn(queue: &str) -> bool {
    queue.starts_with(ONE_AT_A_TIME)
}

/// What the queues have in common whose steps are done one at a time, all of them: the name as far as a `#`. What comes after that
/// says what it takes to do the steps.
#[must_use]
pub fn turn(queue: &str) -> &str {
    queue.split_once('#').map_or(queue, |(turn, _)| turn)
}
/// Names the locks on their turns: "turn" in ASCII.
const TURNS: i64 = 0x74_75_72_6e;

/// Whether the turn of such a queue is free. If so, nobody else takes it before the transaction
/// ends.
///
/// # Errors
/// When the database fails.
pub fn turn_is_free(tx: &mut Tx<'_>, queue: &str) -> Result<bool> {
    // SQLite has one writer. Such locks are of the whole database, in which there may be other schemas with queues of that name.
    let mine = tx.is_sqlite()
        || tx.query_one(
            "SELECT pg_try_advisory_xact_lock($1::BIGINT::INT, hashtext(current_schema() || '/' || $2))::INT::BIGINT",
            args![TURNS, turn(queue)],
            |row| row.get(0),
        )?;
    // Looked at with the lock, and not before: whoever had that may have taken the turn.
    let taken = "SELECT 1 FROM turns WHERE queue = $1";
    Ok(mine && tx.query_opt(taken, args![turn(queue)], |_| Ok(()))?.is_none())
}

/// What a step and its run are given, as JSON.
///
/// # Errors
/// When the database fails, or there is no such step.
pub fn inputs(tx: &mut Tx<'_>, step: StepId) -> Result<(String, String)> {
    let sql =
        "SELECT steps.input, runs.input FROM steps JOIN runs ON runs.id = steps.run_id WHERE steps.id = $1";
    Ok(tx.query_one(sql, args![step], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Those of the queues that have ready steps.
///
/// # Errors
/// When the database fails.
pub fn ready_among(tx: &mut Tx<'_>, queues: &[String]) -> Result<Vec<String>> {
    let from = if tx.is_sqlite() { "json_each($1)" } else { "UNNEST($1::TEXT[]) AS given (value)" };
    let sql = format!(
        "SELECT value FROM {from}
         WHERE EXISTS (SELECT 1 FROM steps WHERE steps.queue = value AND steps.rank IS NOT NULL)"
    );
    Ok(tx.query(&sql, &[list(queues)], |row| row.get(0))?)
}

/// Takes the steps about which the clock has something to say at `now`, the most overdue first.
///
/// # Errors
/// When the database fails.
pub fn due(tx: &mut Tx<'_>, now: Timestamp, limit: u32) -> Result<Vec<Taken>> {
    let lock = lock(tx, Locked::PassedOver, "runs, steps");
    let sql = joined("", "steps.wake_at <= $1 ORDER BY steps.wake_at LIMIT $2", &lock);
    Ok(tx.query(&sql, args![now, limit], taken)?)
}

/// Takes steps that are with workers whose names begin with `server` and not with `present`.
///
/// # Errors
/// When the database fails.
pub fn held_by(tx: &mut Tx<'_>, server: &str, present: &str, limit: u32) -> Result<Vec<Taken>> {
    let which = "steps.wake_at IS NOT NULL AND steps.worker IS NOT NULL
      AND SUBSTR(steps.worker, 1, LENGTH($1)) = $1 AND SUBSTR(steps.worker, 1, LENGTH($2)) <> $2 LIMIT $3";
    let lock = lock(tx, Locked::PassedOver, "runs, steps");
    Ok(tx.query(&joined("", which, &lock), args![server, present, limit], taken)?)
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

/// Takes runs. Those that another transaction holds are waited for.
///
/// # Errors
/// When the database fails.
pub fn take(tx: &mut Tx<'_>, runs: &[RunId]) -> Result<Vec<Run>> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let lock = lock(tx, Locked::Awaited, "runs");
    let sql = format!("SELECT {RUN} FROM runs WHERE id {} ORDER BY id {lock}", tx.among(1));
    Ok(tx.query(&sql, &[list(runs)], run)?)
}

/// Takes steps with their runs. Those that another transaction holds are waited for.
///
/// # Errors
/// When the database fails.
pub fn take_steps(tx: &mut Tx<'_>, steps: &[StepId]) -> Result<Vec<Taken>> {
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let (among, lock) = (tx.among(1), lock(tx, Locked::Awaited, "runs, steps"));
    let order = if tx.is_sqlite() { "" } else { "ORDER BY runs.id, steps.id" };
    Ok(tx.query(&joined("", &format!("steps.id {among} {order}"), &lock), &[list(steps)], taken)?)
}

impl Step {
    /// Reads steps by their ids, whose runs are held.
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

pub(super) fn list(ids: &[impl ToString]) -> Arg<'static> {
    Arg::Texts(ids.iter().map(ToString::to_string).collect())
}
