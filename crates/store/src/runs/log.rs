//! The log of a run: pieces of text by the offset in bytes at which each begins.

use kernel::{Result, RunId};
use wire::runs::LogEntry;

use crate::db::{Arg, Tx, args};
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
        |row| {
            Ok(LogEntry {
                start: row.get(0)?,
                step_id: row.id(1)?,
                fence: row.get(2)?,
                kind: row.get(3)?,
                text: row.get(4)?,
                at: row.get(5)?,
            })
        },
    )?;
    let later = found.into_iter().filter(|entry| entry.start + entry.text.len() as i64 > from);
    Ok(later.take(limit as usize).collect())
}
