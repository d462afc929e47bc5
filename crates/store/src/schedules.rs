//! Schedules and their occurrences as rows. When a schedule is due is decided by `tasks`; here it is only kept and found.

use kernel::{Code, Error, PageRequest, Result, RunId, ScheduleId, Timestamp};
use wire::schedules::{NewSchedule, Occurrence, Outcome, Schedule, ScheduleState};

use crate::db::{DbError, Row, Tx, args};
use crate::events::Listed;
use crate::scope::Tenant;

/// The most schedules of a project.
const MOST: i64 = 100;
/// As many occurrences of a schedule are kept.
const KEPT: i64 = 100;

const COLUMNS: &str =
    "id, project_id, name, gives, cadence, missed, state, reason, next_at, created_at, set_by, set_at";

fn schedule(row: &Row<'_>) -> Result<Schedule, DbError> {
    Ok(Schedule {
        id: row.id(0)?,
        project_id: row.id(1)?,
        name: row.get(2)?,
        order: row.json(3)?,
        when: row.json(4)?,
        missed: row.tag(5)?,
        state: row.tag(6)?,
        reason: row.get(7)?,
        next_at: row.get(8)?,
        created_at: row.get(9)?,
        set_by: row.opt_id(10)?,
        set_at: row.get(11)?,
    })
}

const OCCURRENCE: &str = "at, outcome, times, run_id, reason, noted_at";

fn occurrence(row: &Row<'_>) -> Result<Occurrence, DbError> {
    Ok(Occurrence {
        at: row.get(0)?,
        outcome: row.tag(1)?,
        times: row.get(2)?,
        run_id: row.opt_id(3)?,
        reason: row.get(4)?,
        noted_at: row.get(5)?,
    })
}

/// Makes a schedule that is due at `next`.
///
/// # Errors
/// `CONFLICT` when the project has as many as it may have.
pub fn create(t: &mut Tenant<'_, '_>, new: &NewSchedule, next: Timestamp) -> Result<Schedule> {
    t.one_at_a_time()?;
    let project = t.project();
    let there: i64 =
        t.query_one("SELECT COUNT(*) FROM schedules WHERE project_id = $1", args![project], |row| {
            row.get(0)
        })?;
    if there >= MOST {
        let full = format!("A project has at most {MOST} schedules. Remove one that is not needed any more.");
        return Err(Error::new(Code::Conflict, full));
    }
    let made = Schedule {
        id: t.id(),
        project_id: project,
        name: new.name.clone(),
        order: new.order.clone(),
        when: new.when.clone(),
        missed: new.missed,
        state: ScheduleState::Active,
        reason: None,
        next_at: Some(next),
        created_at: t.now(),
        set_by: t.scope().actor(),
        set_at: t.now(),
    };
    t.execute(
        &format!("INSERT INTO schedules ({COLUMNS}) VALUES ({})", crate::entities::places(1, 12)),
        args![
            made.id,
            project,
            &made.name,
            json(&made.order)?,
            json(&made.when)?,
            made.missed.as_str(),
            made.state.as_str(),
            None::<&str>,
            made.next_at,
            made.created_at,
            made.set_by,
            made.set_at
        ],
    )?;
    Ok(made)
}

/// The schedule of that id.
///
/// # Errors
/// `NOT_FOUND` when it is not in this project.
pub fn get(t: &mut Tenant<'_, '_>, id: ScheduleId) -> Result<Schedule> {
    find(t, id, "")
}

/// The schedule of that id, held until the transaction ends.
///
/// # Errors
/// As [`get`].
pub fn hold(t: &mut Tenant<'_, '_>, id: ScheduleId) -> Result<Schedule> {
    let lock = if t.is_sqlite() { "" } else { "FOR UPDATE" };
    find(t, id, lock)
}

fn find(t: &mut Tenant<'_, '_>, id: ScheduleId, lock: &str) -> Result<Schedule> {
    let project = t.project();
    t.query_opt(
        &format!("SELECT {COLUMNS} FROM schedules WHERE project_id = $1 AND id = $2 {lock}"),
        args![project, id],
        schedule,
    )?
    .ok_or_else(|| Error::not_found("schedule"))
}

/// The project's schedules, newest first.
///
/// # Errors
/// When the database fails.
pub fn list(t: &mut Tenant<'_, '_>, page: &PageRequest) -> Result<Listed<Schedule>> {
    let (key, id) = page.after.as_ref().map_or((i64::MAX, "~"), |cursor| (cursor.key, cursor.id.as_str()));
    let project = t.project();
    let total =
        t.query_one("SELECT COUNT(*) FROM schedules WHERE project_id = $1", args![project], |row| {
            row.get(0)
        })?;
    let rows = t.query(
        &format!(
            "SELECT {COLUMNS} FROM schedules
             WHERE project_id = $1 AND (created_at < $2 OR (created_at = $2 AND id < $3))
             ORDER BY created_at DESC, id DESC LIMIT $4"
        ),
        args![project, key, id, i64::from(page.limit) + 1],
        schedule,
    )?;
    Ok(Listed::of(rows, total, page, |schedule| (schedule.created_at.0, schedule.id.to_string())))
}

/// Keeps all that may change of a schedule.
///
/// # Errors
/// When the database fails.
pub fn save(tx: &mut Tx<'_>, schedule: &Schedule) -> Result<()> {
    tx.execute(
        "UPDATE schedules SET name = $2, gives = $3, cadence = $4, missed = $5, state = $6, reason = $7, next_at = $8,
           set_by = $9, set_at = $10 WHERE id = $1",
        args![
            schedule.id,
            &schedule.name,
            json(&schedule.order)?,
            json(&schedule.when)?,
            schedule.missed.as_str(),
            schedule.state.as_str(),
            schedule.reason.as_deref(),
            schedule.next_at,
            schedule.set_by,
            schedule.set_at
        ],
    )?;
    Ok(())
}

/// Removes a schedule with what is known of its occurrences; their runs stay.
///
/// # Errors
/// `NOT_FOUND` when it is not in this project.
pub fn remove(t: &mut Tenant<'_, '_>, id: ScheduleId) -> Result<()> {
    let project = t.project();
    match t.execute("DELETE FROM schedules WHERE project_id = $1 AND id = $2", args![project, id])? {
        0 => Err(Error::not_found("schedule")),
        _ => Ok(()),
    }
}

/// The latest occurrences of a schedule, newest first.
///
/// # Errors
/// `NOT_FOUND` when the schedule is not in this project.
pub fn occurrences(t: &mut Tenant<'_, '_>, id: ScheduleId) -> Result<Vec<Occurrence>> {
    get(t, id)?;
    Ok(t.query(
        &format!("SELECT {OCCURRENCE} FROM occurrences WHERE schedule_id = $1 ORDER BY at DESC LIMIT $2"),
        args![id, KEPT],
        occurrence,
    )?)
}

/// A schedule whose time has come, held until the transaction ends. One that another server holds is passed over.
///
/// # Errors
/// When the database fails.
pub fn due(tx: &mut Tx<'_>, now: Timestamp) -> Result<Option<Schedule>> {
    let lock = if tx.is_sqlite() { "" } else { "FOR UPDATE SKIP LOCKED" };
    Ok(tx.query_opt(
        &format!("SELECT {COLUMNS} FROM schedules WHERE next_at <= $1 ORDER BY next_at, id LIMIT 1 {lock}"),
        args![now],
        schedule,
    )?)
}

/// When the next schedule is due.
///
/// # Errors
/// When the database fails.
pub fn next(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    Ok(tx.query_opt(
        "SELECT next_at FROM schedules WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1",
        args![],
        |row| row.get(0),
    )?)
}

/// Whether the order was given before, and what came of it has not ended.
///
/// # Errors
/// When the database fails.
pub fn is_busy(tx: &mut Tx<'_>, id: ScheduleId) -> Result<bool> {
    let busy = tx.query_opt(
        "SELECT 1 FROM occurrences LEFT JOIN runs ON runs.id = occurrences.run_id
         WHERE occurrences.schedule_id = $1 AND (occurrences.outcome = 'due'
           OR (occurrences.outcome = 'started' AND runs.id IS NOT NULL AND runs.ended_at IS NULL)) LIMIT 1",
        args![id],
        |_| Ok(()),
    )?;
    Ok(busy.is_some())
}

/// Notes an occurrence, unless it was noted before, and forgets those that are too many.
///
/// # Errors
/// When the database fails.
pub fn note(tx: &mut Tx<'_>, id: ScheduleId, new: &Occurrence) -> Result<()> {
    tx.execute(
        "INSERT INTO occurrences (schedule_id, at, outcome, times, run_id, reason, noted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (schedule_id, at) DO NOTHING",
        args![id, new.at, new.outcome.as_str(), new.times, new.run_id, new.reason.as_deref(), new.noted_at],
    )?;
    tx.execute(
        "DELETE FROM occurrences WHERE schedule_id = $1 AND outcome <> 'due' AND at < (
           SELECT MIN(at) FROM (SELECT at FROM occurrences WHERE schedule_id = $1 ORDER BY at DESC LIMIT $2) AS kept)",
        args![id, KEPT],
    )?;
    Ok(())
}

/// Orders that are to be given, each with the time that it is for; the oldest first.
///
/// # Errors
/// When the database fails.
pub fn to_give(tx: &mut Tx<'_>, limit: u32) -> Result<Vec<(Schedule, Timestamp)>> {
    let columns: Vec<String> =
        COLUMNS.split(',').map(|column| format!("schedules.{}", column.trim())).collect();
    Ok(tx.query(
        &format!(
            "SELECT {}, occurrences.at FROM occurrences JOIN schedules ON schedules.id = occurrences.schedule_id
             WHERE occurrences.outcome = 'due' ORDER BY occurrences.noted_at, schedules.id LIMIT $1",
            columns.join(", ")
        ),
        args![limit],
        |row| Ok((schedule(row)?, row.get(12)?)),
    )?)
}

/// Keeps what came of an order that was to be given; tells whether nobody did so before.
///
/// # Errors
/// When the database fails.
pub fn settle(
    tx: &mut Tx<'_>,
    id: ScheduleId,
    at: Timestamp,
    outcome: Outcome,
    run: Option<RunId>,
    reason: Option<&str>,
) -> Result<bool> {
    let settled = tx.execute(
        "UPDATE occurrences SET outcome = $3, run_id = $4, reason = COALESCE($5, reason)
         WHERE schedule_id = $1 AND at = $2 AND outcome = 'due'",
        args![id, at, outcome.as_str(), run, reason],
    )?;
    Ok(settled == 1)
}

fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}
