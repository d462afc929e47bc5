//! The stream of a project: events in the order of their commits, numbered without a gap.

use kernel::{Cursor, Error, Event, EventKind, PageRequest, PersonId, Result, Role};
use wire::records::Activity;

use crate::db::{Arg, DbError, Row, args};
use crate::scope::Tenant;

/// Events among which the newest change of a record is looked for.
const LOOKED_BACK: i64 = 2_000;

/// A page of a list, before it is dressed for the wire.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Listed<T> {
    pub rows: Vec<T>,
    pub total: i64,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

impl<T> Listed<T> {
    /// Takes the row that was read beyond the page as the sign that there is a next one.
    pub(crate) fn of(
        mut rows: Vec<T>,
        total: i64,
        page: &PageRequest,
        key: impl Fn(&T) -> (i64, String),
    ) -> Self {
        let more = rows.len() > page.limit as usize;
        rows.truncate(page.limit as usize);
        let next = rows.last().filter(|_| more).map(|last| {
            let (key, id) = key(last);
            Cursor { key, id }
        });
        Self { rows, total, next }
    }

    /// The same page with other rows.
    pub fn map<U>(self, to: impl FnMut(T) -> U) -> Listed<U> {
        Listed { rows: self.rows.into_iter().map(to).collect(), total: self.total, next: self.next }
    }
}

/// Writes events to the project's stream. The row lock on the project orders those who write at the same time, so this
/// comes last in a transaction.
///
/// # Errors
/// `NOT_FOUND` when the project is gone.
pub fn emit(t: &mut Tenant<'_, '_>, events: &[(EventKind, serde_json::Value)]) -> Result<()> {
    let by = t.scope().actor();
    let told = events.iter().map(|(kind, payload)| Told { kind: *kind, by, payload: payload.to_string() });
    emit_told(t, &told.collect::<Vec<_>>())
}

/// An event to be written.
#[derive(Debug, Clone)]
pub struct Told {
    /// What it is.
    pub kind: EventKind,
    /// Who did it, if a person did.
    pub by: Option<PersonId>,
    /// JSON.
    pub payload: String,
}

/// As [`emit`], of what several people did.
///
/// # Errors
/// As [`emit`].
pub fn emit_told(t: &mut Tenant<'_, '_>, events: &[Told]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let (project, now) = (t.project(), t.now());
    let count = events.len() as i64;
    let last: Option<i64> = t.query_opt(
        "UPDATE projects SET event_seq = event_seq + $2 WHERE id = $1 RETURNING event_seq",
        args![project, count],
        |row| row.get(0),
    )?;
    let last = last.ok_or_else(|| Error::not_found("project"))?;
    let rows: Vec<[Arg<'_>; 6]> = events
        .iter()
        .zip(last - count + 1..)
        .map(|(Told { kind, by, payload }, seq)| {
            [project.into(), seq.into(), kind.as_str().into(), (*by).into(), now.into(), payload.into()]
        })
        .collect();
    t.insert_many("events (project_id, seq, kind, actor, at, payload)", &rows)?;
    t.touch(project);
    Ok(())
}

/// The number of the newest event; 0 if there is none.
///
/// # Errors
/// When the database fails.
pub fn newest(t: &mut Tenant<'_, '_>) -> Result<i64> {
    let project = t.project();
    Ok(t.query_opt("SELECT event_seq FROM projects WHERE id = $1", args![project], |row| row.get(0))?
        .unwrap_or(0))
}

/// Names the state of the project's records and relationships: whatever follows from those alone follows from them still while
/// this is the same, on whichever server, however old it is. The same state may have two names one after the other.
///
/// # Errors
/// When the database fails.
pub fn records_as_of(t: &mut Tenant<'_, '_>) -> Result<String> {
    let (project, newest) = (t.project(), newest(t)?);
    let last = t.query_opt(
        "SELECT payload FROM events WHERE project_id = $1 AND seq > $2 AND kind = $3 ORDER BY seq DESC LIMIT 1",
        args![project, newest - LOOKED_BACK, EventKind::EntityUpdated.as_str()],
        |row| row.json::<serde_json::Value>(0),
    )?;
    // Every change of records and of relationships is told of, with its id. One that is too long ago to be looked for is
    // older than all that was named while it was not.
    let change = last.as_ref().and_then(|told| told["changes"]["changeId"].as_str());
    Ok(change.map_or_else(|| format!("quiet-{}", newest / LOOKED_BACK), str::to_owned))
}

/// At most `limit` events after `seq`, in order.
///
/// # Errors
/// When the database fails.
pub fn after(t: &mut Tenant<'_, '_>, seq: i64, limit: u32) -> Result<Vec<Event>> {
    let project = t.project();
    Ok(t.query(
        "SELECT seq, kind, actor, at, payload FROM events WHERE project_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        args![project, seq, limit],
        |row| {
            Ok(Event {
                project,
                seq: row.get(0)?,
                kind: kind(row, 1)?,
                actor: row.opt_id(2)?,
                at: row.get(3)?,
                payload: row.json(4)?,
            })
        },
    )?)
}

fn kind(row: &Row<'_>, column: usize) -> Result<EventKind, DbError> {
    let name: String = row.get(column)?;
    EventKind::from_name(&name)
        .ok_or_else(|| DbError::Column { column, reason: format!("unknown kind of event {name:?}") })
}

/// The project's events for people to read, newest first: all but those of runs' single steps and tool
/// calls, which are told by the run, and what only concerns members of a higher role.
///
/// # Errors
/// When the database fails.
pub fn activity(t: &mut Tenant<'_, '_>, page: &PageRequest) -> Result<Listed<Activity>> {
    let before = page.after.as_ref().map_or(i64::MAX, |cursor| cursor.key);
    let project = t.project();
    // What stands in a text has its quotes escaped, so this is found only where it is a field.
    let above = |role: Role| match t.scope().role() < role {
        true => format!("%\"least\":\"{}\"%", role.as_str()),
        false => String::new(),
    };
    let (editors, owners) = (above(Role::Editor), above(Role::Owner));
    let which =
        "events.project_id = $1 AND events.kind <> 'step:updated' AND events.kind <> 'agent:tool_call'
      AND (events.kind <> 'notification' OR (events.payload NOT LIKE $2 AND events.payload NOT LIKE $3))";
    let total = t.query_one(
        &format!("SELECT COUNT(*) FROM events WHERE {which}"),
        args![project, &editors, &owners],
        |row| row.get(0),
    )?;
    let rows = t.query(
        &format!(
            "SELECT events.seq, events.kind, events.at, events.actor, people.name, events.payload
             FROM events LEFT JOIN people ON people.id = events.actor
             WHERE {which} AND events.seq < $4 ORDER BY events.seq DESC LIMIT $5"
        ),
        args![project, &editors, &owners, before, i64::from(page.limit) + 1],
        |row| {
            Ok(Activity {
                seq: row.get(0)?,
                kind: row.get(1)?,
                at: row.get(2)?,
                person_id: row.opt_id(3)?,
                person_name: row.get(4)?,
                payload: row.json(5)?,
            })
        },
    )?;
    Ok(Listed::of(rows, total, page, |row| (row.seq, String::from("0"))))
}
