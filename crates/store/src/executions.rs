//! What runners did: which lease was given to which, what it has written, and how it ended.

use std::collections::HashMap;

use kernel::{Code, Error, Result, RunId, RunnerId, StepId};
use wire::fleet::{Execution, Outcome, Stream};

use crate::db::{Arg, DbError, Row, Tx, args};
use crate::fleet::days;
use crate::scope::Tenant;

/// Executions of one run that are told of, the newest.
const OF_A_RUN: i64 = 500;

/// A lease on a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Lease {
    pub run: RunId,
    pub step: StepId,
    pub fence: i64,
}

/// The leases that a worker elsewhere has on steps which are done in turn, of those projects' queues.
///
/// # Errors
/// When the database fails.
pub fn held(tx: &mut Tx<'_>, worker: &str, turns: &[String]) -> Result<Vec<Lease>> {
    let sql = format!(
        "SELECT steps.run_id, steps.id, steps.fence FROM turns JOIN steps ON steps.id = turns.step_id
         WHERE turns.queue {} AND steps.worker = $2 ORDER BY steps.id",
        tx.among(1)
    );
    Ok(tx.query(&sql, &[Arg::Texts(turns.to_vec()), worker.into()], |row| {
        Ok(Lease { run: row.id(0)?, step: row.id(1)?, fence: row.get(2)? })
    })?)
}

/// Notes that a runner is given a lease. One that is there already stays as it is.
///
/// # Errors
/// When the database fails.
pub fn begin(tx: &mut Tx<'_>, lease: Lease, runner: RunnerId) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "INSERT INTO executions (step_id, fence, project_id, runner_id, runner_name, began_at)
         SELECT steps.id, $2, steps.project_id, runners.id, runners.name, $4 FROM steps CROSS JOIN runners
         WHERE steps.id = $1 AND runners.id = $3 ON CONFLICT (step_id, fence) DO NOTHING",
        args![lease.step, lease.fence, runner, now],
    )?;
    Ok(())
}

/// Notes how it ended, and counts it among what was done that day. What was noted first stays.
///
/// # Errors
/// When the database fails.
pub fn end(tx: &mut Tx<'_>, lease: Lease, outcome: &Outcome) -> Result<()> {
    let (now, text) = (tx.now(), serde_json::to_string(outcome).map_err(Error::internal)?);
    let ended = tx.execute(
        "UPDATE executions SET ended_at = $3, outcome = $4 WHERE step_id = $1 AND fence = $2 AND ended_at IS NULL",
        args![lease.step, lease.fence, now, text],
    )?;
    if ended == 0 { Ok(()) } else { days::add(tx, lease, outcome) }
}

/// A part of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Part {
    pub lease: Lease,
    pub stream: String,
    /// Where it begins.
    pub offset: u64,
    pub bytes: Vec<u8>,
}

/// The most that a lease may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Most {
    /// Streams.
    pub streams: i64,
    /// Bytes of one.
    pub bytes: u64,
}

/// Keeps parts of streams, in their order; gives for each how far its stream is stored after it. What was stored before is not
/// stored again. That a lease is the present one is for its holder to know: what an older one writes belongs to that alone.
///
/// # Errors
/// `CONFLICT` when a part would leave a gap; `VALIDATION_ERROR` when there is more of something than there may be; `NOT_FOUND` when
/// the lease was not noted.
pub fn append<'p>(tx: &mut Tx<'_>, parts: impl IntoIterator<Item = (&'p Part, Most)>) -> Result<Vec<u64>> {
    let mut lengths: HashMap<(StepId, i64, &str), u64> = HashMap::new();
    let mut stored = Vec::new();
    let mut rows: Vec<[Arg<'_>; 5]> = Vec::new();
    for (part, most) in parts {
        let Part { lease: Lease { step, fence, .. }, stream, offset, bytes } = part;
        let key = (*step, *fence, stream.as_str());
        let length = match lengths.get(&key) {
            Some(length) => *length,
            None => length_of(tx, part, most)?,
        };
        let skip = length.checked_sub(*offset).ok_or_else(|| gap(length))?;
        let new = usize::try_from(skip).ok().and_then(|skip| bytes.get(skip..)).unwrap_or_default();
        let after = length + new.len() as u64;
        if after > most.bytes {
            return Err(Error::field("data", format!("the stream {stream} may have {} bytes", most.bytes)));
        }
        if !new.is_empty() {
            let start = i64::try_from(length).map_err(Error::internal)?;
            rows.push([(*step).into(), (*fence).into(), stream.into(), start.into(), new.into()]);
        }
        lengths.insert(key, after);
        stored.push(after);
    }
    tx.insert_many("stream_pieces (step_id, fence, name, start, bytes)", &rows)?;
    for ((step, fence, name), length) in lengths {
        let length = i64::try_from(length).map_err(Error::internal)?;
        tx.execute(
            "UPDATE streams SET length = $4 WHERE step_id = $1 AND fence = $2 AND name = $3",
            args![step, fence, name, length],
        )?;
    }
    Ok(stored)
}

fn gap(length: u64) -> Error {
    Error::new(Code::Conflict, format!("The stream is stored up to {length}, and goes on from there."))
}

/// How much of a part's stream there is; the stream is made if there is none.
fn length_of(tx: &mut Tx<'_>, part: &Part, most: Most) -> Result<u64> {
    let Lease { step, fence, .. } = part.lease;
    // The execution's row keeps two writers of one lease apart, and its streams from being more than they may be.
    let lock = if tx.is_sqlite() { "" } else { "FOR UPDATE" };
    let found = format!("SELECT 1 FROM executions WHERE step_id = $1 AND fence = $2 {lock}");
    tx.query_opt(&found, args![step, fence], |_| Ok(()))?.ok_or_else(|| Error::not_found("execution"))?;
    let length = tx.query_opt(
        "SELECT length FROM streams WHERE step_id = $1 AND fence = $2 AND name = $3",
        args![step, fence, &part.stream],
        length,
    )?;
    if let Some(length) = length {
        return Ok(length);
    }
    let others: i64 = tx.query_one(
        "SELECT COUNT(*) FROM streams WHERE step_id = $1 AND fence = $2",
        args![step, fence],
        |row| row.get(0),
    )?;
    if others >= most.streams {
        return Err(Error::field("stream", format!("there may be {} streams", most.streams)));
    }
    tx.execute(
        "INSERT INTO streams (step_id, fence, name, length) VALUES ($1, $2, $3, 0)",
        args![step, fence, &part.stream],
    )?;
    Ok(0)
}

fn length(row: &Row<'_>) -> Result<u64, DbError> {
    let length: i64 = row.get(0)?;
    Ok(u64::try_from(length).unwrap_or(0))
}

/// What a lease has written, by the streams' names.
///
/// # Errors
/// When the database fails.
pub fn streams(tx: &mut Tx<'_>, lease: Lease) -> Result<Vec<Stream>> {
    Ok(tx.query(
        "SELECT length, name FROM streams WHERE step_id = $1 AND fence = $2 ORDER BY name",
        args![lease.step, lease.fence],
        |row| Ok(Stream { length: length(row)?, name: row.get(1)? }),
    )?)
}

/// What runners did for a run, the latest last.
///
/// # Errors
/// `NOT_FOUND` when the run is not in this project.
pub fn of_run(t: &mut Tenant<'_, '_>, run: RunId) -> Result<Vec<Execution>> {
    crate::runs::get(t, run)?;
    let mut found = t.query(
        "SELECT executions.step_id, executions.fence, executions.runner_id, executions.runner_name, executions.began_at,
           executions.ended_at, executions.outcome
         FROM steps JOIN executions ON executions.step_id = steps.id
         WHERE steps.run_id = $1 ORDER BY executions.began_at DESC, executions.step_id, executions.fence DESC LIMIT $2",
        args![run, OF_A_RUN],
        |row| {
            Ok(Execution {
                run_id: run,
                step_id: row.id(0)?,
                fence: row.get(1)?,
                runner_id: row.opt_id(2)?,
                runner_name: row.get(3)?,
                began_at: row.get(4)?,
                ended_at: row.get(5)?,
                outcome: row.opt_json(6)?,
                streams: Vec::new(),
            })
        },
    )?;
    let mut streams: HashMap<(StepId, i64), Vec<Stream>> = HashMap::new();
    let all = t.query(
        "SELECT streams.length, streams.name, streams.step_id, streams.fence
         FROM steps JOIN streams ON streams.step_id = steps.id WHERE steps.run_id = $1 ORDER BY streams.name",
        args![run],
        |row| Ok((row.id(2)?, row.get(3)?, Stream { length: length(row)?, name: row.get(1)? })),
    )?;
    for (step, fence, stream) in all {
        streams.entry((step, fence)).or_default().push(stream);
    }
    for execution in &mut found {
        execution.streams = streams.remove(&(execution.step_id, execution.fence)).unwrap_or_default();
    }
    found.reverse();
    Ok(found)
}

/// Which runner did a step last; none if none did, or there is none of that id any more.
///
/// # Errors
/// When the database fails.
pub fn latest(t: &mut Tenant<'_, '_>, step: StepId) -> Result<Option<RunnerId>> {
    let project = t.project();
    let found = t.query_opt(
        "SELECT runner_id FROM executions WHERE step_id = $1 AND project_id = $2 ORDER BY fence DESC LIMIT 1",
        args![step, project],
        |row| row.opt_id(0),
    )?;
    Ok(found.flatten())
}

/// At most `most` bytes of a stream from `from` on, and how long it is so far.
///
/// # Errors
/// `NOT_FOUND` when it is not in this project.
pub fn read(
    t: &mut Tenant<'_, '_>,
    lease: Lease,
    stream: &str,
    from: u64,
    most: usize,
) -> Result<(Vec<u8>, u64)> {
    let (project, Lease { run, step, fence }) = (t.project(), lease);
    let whole = t
        .query_opt(
            "SELECT streams.length FROM streams JOIN steps ON steps.id = streams.step_id
             WHERE streams.step_id = $1 AND streams.fence = $2 AND streams.name = $3
               AND steps.project_id = $4 AND steps.run_id = $5",
            args![step, fence, stream, project, run],
            length,
        )?
        .ok_or_else(|| Error::not_found("stream"))?;
    let first: Option<i64> = t.query_opt(
        "SELECT start FROM stream_pieces WHERE step_id = $1 AND fence = $2 AND name = $3 AND start <= $4
         ORDER BY start DESC LIMIT 1",
        args![step, fence, stream, i64::try_from(from).unwrap_or(i64::MAX)],
        |row| row.get(0),
    )?;
    let mut next = first.unwrap_or(0);
    let mut bytes = Vec::new();
    // Pieces are read a few at a time: they are small, and there may be thousands.
    while bytes.len() < most && (next as u64) < whole {
        let pieces: Vec<(i64, Vec<u8>)> = t.query(
            "SELECT start, bytes FROM stream_pieces WHERE step_id = $1 AND fence = $2 AND name = $3 AND start >= $4
             ORDER BY start LIMIT 16",
            args![step, fence, stream, next],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        if pieces.is_empty() {
            break;
        }
        for (start, piece) in pieces {
            let skip = usize::try_from(from.saturating_sub(start.unsigned_abs())).unwrap_or(usize::MAX);
            let room = most - bytes.len();
            let part = piece.get(skip..).unwrap_or_default();
            bytes.extend_from_slice(&part[..part.len().min(room)]);
            next = start + piece.len() as i64;
        }
    }
    Ok((bytes, whole))
}
