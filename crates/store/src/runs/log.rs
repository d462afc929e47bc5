//! The log of a run: pieces of text by the offset in bytes at which each begins.

use kernel::{Result, RunId, StepId};
use wire::runs::LogEntry;

use crate::db::{Arg, DbError, Row, Tx, args};
use crate::scope::Tenant;

/// Writes pieces whose offsets were given out.
///
/// # Errors
/// When the database fails, or an offset was given out twice.
pub fn append(tx: &mut Tx<'_>, entries: &[(RunId, LogEntry)]) -> Result<()> {
    let rows: Vec<[Arg<'_>; 7]> = entries
        .iter()
        .map(|(run, entry)| {
            [
                (*run).into(),
                entry.start.into(),
                entry.step_id.into(),
                entry.fence.into(),
                (&entry.kind).into(),
                (&entry.text).into(),
                entry.at.into(),
            ]
        })
        .collect();
    Ok(tx.insert_many("run_log (run_id, start, step_id, fence, kind, text, at)", &rows)?)
}

/// At most `limit` pieces of a run's log from the offset `from` on. An offset within a piece gives that piece whole.
///
/// # Errors
/// `NOT_FOUND` when the run is not in this project.
pub fn log(t: &mut Tenant<'_, '_>, run: RunId, from: i64, limit: u32) -> Result<Vec<LogEntry>> {
    super::get(t, run)?;
    let first: i64 = t
        .query_opt(
            "SELECT start FROM run_log WHERE run_id = $1 AND start <= $2 ORDER BY start DESC LIMIT 1",
            args![run, from],
            |row| row.get(0),
        )?
        .unwrap_or(0);
    let found = t.query(
        "SELECT start, step_id, fence, kind, text, at FROM run_log WHERE run_id = $1 AND start >= $2
         ORDER BY start LIMIT $3",
        args![run, first, i64::from(limit) + 1],
        entry,
    )?;
    let later = found.into_iter().filter(|entry| entry.start + entry.text.len() as i64 > from);
    Ok(later.take(limit as usize).collect())
}

/// The newest pieces of these kinds, `limit` at most, that the steps' newest leases wrote; in the order in which they were
/// written. What a step wrote under an earlier lease is left out, since it is done again.
///
/// # Errors
/// `NOT_FOUND` when the run is not in this project.
pub fn said(t: &mut Tenant<'_, '_>, run: RunId, kind: Told, limit: u32) -> Result<Vec<LogEntry>> {
    super::get(t, run)?;
    let mut found = t.query(
        &format!(
            "SELECT run_log.start, run_log.step_id, run_log.fence, run_log.kind, run_log.text, run_log.at FROM run_log
             JOIN steps ON steps.id = run_log.step_id AND steps.fence = run_log.fence
             WHERE run_log.run_id = $1 AND run_log.kind = '{}' ORDER BY run_log.start DESC LIMIT $2",
            kind.as_str()
        ),
        args![run, i64::from(limit)],
        entry,
    )?;
    found.reverse();
    Ok(found)
}

/// All pieces of a kind that a step wrote, under whichever lease, oldest first; `limit` at most.
///
/// # Errors
/// `NOT_FOUND` when the run is not in this project.
pub fn noted(
    t: &mut Tenant<'_, '_>,
    run: RunId,
    step: StepId,
    kind: Told,
    limit: u32,
) -> Result<Vec<LogEntry>> {
    of_step(t, (run, step), kind, "start", limit)
}

/// The newest pieces of a kind that a step wrote, under whichever lease, newest first; `limit` at most.
///
/// # Errors
/// `NOT_FOUND` when the run is not in this project.
pub fn newest(
    t: &mut Tenant<'_, '_>,
    run: RunId,
    step: StepId,
    kind: Told,
    limit: u32,
) -> Result<Vec<LogEntry>> {
    of_step(t, (run, step), kind, "start DESC", limit)
}

fn of_step(
    t: &mut Tenant<'_, '_>,
    (run, step): (RunId, StepId),
    kind: Told,
    order: &'static str,
    limit: u32,
) -> Result<Vec<LogEntry>> {
    super::get(t, run)?;
    Ok(t.query(
        &format!(
            "SELECT start, step_id, fence, kind, text, at FROM run_log
             WHERE run_id = $1 AND kind = '{}' AND step_id = $2 ORDER BY {order} LIMIT $3",
            kind.as_str()
        ),
        args![run, step, i64::from(limit)],
        entry,
    )?)
}

/// Whether a piece is for people to read. What a step keeps for its next lease is not: it is sealed.
#[must_use]
pub fn is_told(entry: &LogEntry) -> bool {
    entry.kind != Told::Kept.as_str()
}

/// Kinds of pieces that are looked for by their kind. Indexes name them, so they stand in the statements as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// What agents say to each other.
    Message,
    /// What people are asked to allow, and what became of it.
    Approval,
    /// What a step that asks keeps until it is answered.
    Kept,
}

impl Told {
    /// The kind in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Approval => "approval",
            Self::Kept => "kept",
        }
    }
}

fn entry(row: &Row<'_>) -> Result<LogEntry, DbError> {
    Ok(LogEntry {
        start: row.get(0)?,
        step_id: row.id(1)?,
        fence: row.get(2)?,
        kind: row.get(3)?,
        text: row.get(4)?,
        at: row.get(5)?,
    })
}
