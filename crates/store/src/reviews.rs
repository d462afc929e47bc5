//! Reviews: scored proposals, each decided once, by whom, when.

mod of_runs;
mod read;

use kernel::{
    ChangeId, Code, EntityId, Error, EventKind, PersonId, Result, ReviewId, RunId, StepId, Timestamp,
};
use serde_json::json;
use wire::imports::ReviewState;

use crate::db::{Tx, args};
use crate::events::emit;
use crate::scope::Tenant;

pub use of_runs::{NewOfRun, id_of, last_of_line, propose, reasons, sent_back, waiting_lines};
pub use read::{Filter, content, get, list, of_run, waiting};
pub use wire::reviews::ReviewKind as Kind;

/// A proposal. What is proposed stands in `payload`, which belongs to whoever proposed it.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Review {
    pub id: ReviewId,
    pub kind: Kind,
    pub state: ReviewState,
    pub title: String,
    pub payload: String,
    /// Counts the modifications.
    pub version: i64,
    /// 0 to 1; absent if it was made before scores were kept.
    pub score: Option<f64>,
    pub created_at: Timestamp,
    pub created_by: Option<PersonId>,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<PersonId>,
    pub change: Option<ChangeId>,
    /// The record that it was saved as, of one that names it.
    pub entity: Option<EntityId>,
    /// Where it comes from, if a run made it.
    pub origin: Option<Origin>,
    /// Why it was sent back.
    pub reasons: Vec<String>,
}

/// Where a proposal of a run comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Origin {
    pub run: RunId,
    /// Absent when the run is gone.
    pub run_title: Option<String>,
    pub step: StepId,
    /// Of what it is a version: proposals of one line become versions of one record.
    pub line: String,
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Import => "import",
        Kind::Ingest => "ingest",
        Kind::Deliverable => "deliverable",
    }
}

/// Makes a proposal with its score, 0 to 1.
///
/// # Errors
/// When the database fails.
pub fn create(t: &mut Tenant<'_, '_>, kind: Kind, title: &str, payload: &str, score: f64) -> Result<Review> {
    let (project, actor) = (t.project(), t.scope().actor());
    let review = Review {
        id: t.id(),
        kind,
        state: ReviewState::Pending,
        title: title.to_owned(),
        payload: payload.to_owned(),
        version: 1,
        score: Some(score),
        created_at: t.now(),
        created_by: actor,
        decided_at: None,
        decided_by: None,
        change: None,
        entity: None,
        origin: None,
        reasons: Vec::new(),
    };
    t.execute(
        "INSERT INTO reviews (id, project_id, kind, state, title, payload, version, score, created_at, created_by)
         VALUES ($1, $2, $3, 'pending', $4, $5, 1, $6, $7, $8)",
        args![review.id, project, name(kind), title, payload, score, review.created_at, actor],
    )?;
    emit(t, &[told(review.id, ReviewState::Pending)])?;
    Ok(review)
}

/// How the stream tells where a proposal is.
fn told(id: ReviewId, state: ReviewState) -> (EventKind, serde_json::Value) {
    (EventKind::ReviewUpdated, json!({ "reviewId": id, "state": state }))
}

/// The project that a proposal is in, so that the caller's right to it can be checked.
///
/// # Errors
/// `NOT_FOUND` when there is none.
pub fn project_of(tx: &mut Tx<'_>, id: ReviewId) -> Result<kernel::ProjectId> {
    tx.query_opt("SELECT project_id FROM reviews WHERE id = $1", args![id], |row| row.id(0))?
        .ok_or_else(|| Error::not_found("proposal"))
}

/// Puts the title, payload and score of a proposal in the place of those that it had when it was read.
///
/// # Errors
/// `ALREADY_DECIDED`; `CONFLICT` when someone else modified it meanwhile.
pub fn modify(t: &mut Tenant<'_, '_>, review: &Review) -> Result<()> {
    let project = t.project();
    let changed = t.execute(
        "UPDATE reviews SET title = $4, payload = $5, score = $6, version = version + 1
         WHERE project_id = $1 AND id = $2 AND version = $3 AND state = 'pending'",
        args![project, review.id, review.version, &review.title, &review.payload, review.score],
    )?;
    if changed == 1 {
        return emit(t, &[told(review.id, ReviewState::Pending)]);
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
        args![project, id, state.as_str(), now, actor],
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
    emit(t, &[told(id, state)])
}

/// Notes as which record a proposal was saved.
///
/// # Errors
/// When the database fails.
pub fn saved_as(t: &mut Tenant<'_, '_>, id: ReviewId, entity: EntityId) -> Result<()> {
    let project = t.project();
    t.execute(
        "UPDATE reviews SET entity_id = $3 WHERE project_id = $1 AND id = $2",
        args![project, id, entity],
    )?;
    Ok(())
}
