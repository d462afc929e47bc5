//! Reviews: scored proposals, each decided once, by whom, when.

use kernel::{ChangeId, Code, Error, EventKind, PageRequest, PersonId, Result, ReviewId, Timestamp};
use serde_json::json;
use wire::imports::ReviewState;

use crate::db::{DbError, Row, Tx, args};
use crate::events::{Listed, emit};
use crate::scope::Tenant;

/// What is proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A document's records.
    Import,
    /// A record from a person's words.
    Ingest,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Ingest => "ingest",
        }
    }
}

/// A proposal. What is proposed stands in `payload`, which belongs to whoever proposed it.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Review {
    pub id: ReviewId,
    pub state: ReviewState,
    pub title: String,
    pub payload: String,
    /// Counts the modifications.
    pub version: i64,
    pub created_at: Timestamp,
    pub created_by: Option<PersonId>,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<PersonId>,
    pub change: Option<ChangeId>,
}

const COLUMNS: &str = "id, state, title, version, created_at, created_by, decided_at, decided_by, change_id";

fn read(row: &Row<'_>) -> Result<Review, DbError> {
    Ok(Review {
        id: row.id(0)?,
        state: row.tag(1)?,
        title: row.get(2)?,
        payload: String::new(),
        version: row.get(3)?,
        created_at: row.get(4)?,
        created_by: row.opt_id(5)?,
        decided_at: row.get(6)?,
        decided_by: row.opt_id(7)?,
        change: row.opt_id(8)?,
    })
}

fn name(state: ReviewState) -> &'static str {
    match state {
        ReviewState::Pending => "pending",
        ReviewState::Ingested => "ingested",
        ReviewState::Discarded => "discarded",
    }
}

/// Makes a proposal.
///
/// # Errors
/// When the database fails.
pub fn create(t: &mut Tenant<'_, '_>, kind: Kind, title: &str, payload: &str) -> Result<Review> {
    let (project, actor) = (t.project(), t.scope().actor());
    let review = Review {
        id: t.id(),
        state: ReviewState::Pending,
        title: title.to_owned(),
        payload: payload.to_owned(),
        version: 1,
        created_at: t.now(),
        created_by: actor,
        decided_at: None,
        decided_by: None,
        change: None,
    };
    t.execute(
        "INSERT INTO reviews (id, project_id, kind, state, title, payload, version, created_at, created_by)
         VALUES ($1, $2, $3, 'pending', $4, $5, 1, $6, $7)",
        args![review.id, project, kind.as_str(), title, payload, review.created_at, actor],
    )?;
    emit(t, &[(EventKind::ReviewUpdated, json!({ "reviewId": review.id, "state": "pending" }))])?;
    Ok(review)
}

/// The proposal of that id, with its payload.
///
/// # Errors
/// `NOT_FOUND` when there is none.
pub fn get(t: &mut Tenant<'_, '_>, kind: Kind, id: ReviewId) -> Result<Review> {
    let project = t.project();
    t.query_opt(
        &format!("SELECT {COLUMNS}, payload FROM reviews WHERE project_id = $1 AND kind = $2 AND id = $3"),
        args![project, kind.as_str(), id],
        |row| Ok(Review { payload: row.get(9)?, ..read(row)? }),
    )?
    .ok_or_else(|| Error::not_found("proposal"))
}

/// The project that a proposal is in, so that the caller's right to it can be checked.
///
/// # Errors
/// `NOT_FOUND` when there is none.
pub fn project_of(tx: &mut Tx<'_>, id: ReviewId) -> Result<kernel::ProjectId> {
    tx.query_opt("SELECT project_id FROM reviews WHERE id = $1", args![id], |row| row.id(0))?
        .ok_or_else(|| Error::not_found("proposal"))
}

/// The proposals of a kind without their payloads, newest first.
///
/// # Errors
/// When the database fails.
pub fn list(t: &mut Tenant<'_, '_>, kind: Kind, page: &PageRequest) -> Result<Listed<Review>> {
    let (key, id) = page.after.as_ref().map_or((i64::MAX, "~"), |cursor| (cursor.key, cursor.id.as_str()));
    let project = t.project();
    let total = t.query_one(
        "SELECT COUNT(*) FROM reviews WHERE project_id = $1 AND kind = $2",
        args![project, kind.as_str()],
        |row| row.get(0),
    )?;
    let rows = t.query(
        &format!(
            "SELECT {COLUMNS} FROM reviews
             WHERE project_id = $1 AND kind = $2 AND (created_at < $3 OR (created_at = $3 AND id < $4))
             ORDER BY created_at DESC, id DESC LIMIT $5"
        ),
        args![project, kind.as_str(), key, id, i64::from(page.limit) + 1],
        read,
    )?;
    Ok(Listed::of(rows, total, page, |review| (review.created_at.0, review.id.to_string())))
}

/// The oldest proposal of that title that waits for a decision, if there is one.
///
/// # Errors
/// When the database fails.
pub fn waiting(t: &mut Tenant<'_, '_>, kind: Kind, title: &str) -> Result<Option<ReviewId>> {
    let project = t.project();
    Ok(t.query_opt(
        "SELECT id FROM reviews WHERE project_id = $1 AND kind = $2 AND state = 'pending' AND title = $3
         ORDER BY created_at, id LIMIT 1",
        args![project, kind.as_str(), title],
        |row| row.id(0),
    )?)
}

/// Puts another payload in the place of the one that was read at `version`.
///
/// # Errors
/// `ALREADY_DECIDED`; `CONFLICT` when someone else modified it meanwhile.
pub fn modify(t: &mut Tenant<'_, '_>, review: &Review, payload: &str) -> Result<()> {
    let project = t.project();
    let changed = t.execute(
        "UPDATE reviews SET payload = $4, version = version + 1
         WHERE project_id = $1 AND id = $2 AND version = $3 AND state = 'pending'",
        args![project, review.id, review.version, payload],
    )?;
    if changed == 1 {
        return emit(t, &[(EventKind::ReviewUpdated, json!({ "reviewId": review.id, "state": "pending" }))]);
    }
    still_pending(t, review.id)?;
    Err(Error::new(
        Code::Conflict,
        "Someone else modified this proposal meanwhile. Your change was not saved.",
    ))
}

fn still_pending(t: &mut Tenant<'_, '_>, id: ReviewId) -> Result<()> {
    let project = t.project();
    let found = t.query_opt(
        "SELECT state, decided_by, decided_at FROM reviews WHERE project_id = $1 AND id = $2",
        args![project, id],
        |row| Ok((row.get::<String>(0)?, row.opt_id::<PersonId>(1)?, row.get::<Option<Timestamp>>(2)?)),
    )?;
    match found {
        None => Err(Error::not_found("proposal")),
        Some((state, ..)) if state == "pending" => Ok(()),
        Some((state, by, at)) => Err(Error::new(
            Code::AlreadyDecided,
            format!("This proposal was decided before: {state}. Nothing more was done."),
        )
        .with_details(json!({ "state": state, "decidedBy": by, "decidedAt": at }))),
    }
}

/// Claims the decision, once: whoever comes second is told so. Comes first in the transaction that acts on it.
///
/// # Errors
/// `ALREADY_DECIDED` when someone was faster.
pub fn decide(t: &mut Tenant<'_, '_>, id: ReviewId, state: ReviewState) -> Result<()> {
    let (project, actor, now) = (t.project(), t.scope().actor(), t.now());
    let claimed = t.execute(
        "UPDATE reviews SET state = $3, decided_at = $4, decided_by = $5
         WHERE project_id = $1 AND id = $2 AND state = 'pending'",
        args![project, id, name(state), now, actor],
    )?;
    if claimed == 0 {
        still_pending(t, id)?;
    }
    Ok(())
}

/// Notes which change a decision led to, and tells of the decision.
///
/// # Errors
/// When the database fails.
pub fn decided(
    t: &mut Tenant<'_, '_>,
    id: ReviewId,
    state: ReviewState,
    change: Option<ChangeId>,
) -> Result<()> {
    let project = t.project();
    t.execute(
        "UPDATE reviews SET change_id = $3 WHERE project_id = $1 AND id = $2",
        args![project, id, change],
    )?;
    emit(t, &[(EventKind::ReviewUpdated, json!({ "reviewId": id, "state": name(state) }))])
}
