//! What is read of reviews: one with all that it proposes, and lists without.

use kernel::{Error, PageRequest, Result, ReviewId, RunId};
use wire::imports::ReviewState;

use super::{Kind, Origin, Review, name};
use crate::db::{DbError, Row, args};
use crate::events::Listed;
use crate::scope::Tenant;

const COLUMNS: &str =
    "reviews.id, reviews.kind, reviews.state, reviews.title, reviews.version, reviews.score,
  reviews.created_at, reviews.created_by, reviews.decided_at, reviews.decided_by, reviews.change_id,
  reviews.entity_id, reviews.run_id, reviews.step_id, reviews.line, reviews.reasons, runs.title";
const FROM: &str = "FROM reviews LEFT JOIN runs ON runs.id = reviews.run_id";

fn read(row: &Row<'_>) -> Result<Review, DbError> {
    let (run, step, line) = (row.opt_id(12)?, row.opt_id(13)?, row.get::<Option<String>>(14)?);
    let run_title = row.get(16)?;
    let origin = match (run, step, line) {
        (Some(run), Some(step), Some(line)) => Some(Origin { run, run_title, step, line }),
        _ => None,
    };
    Ok(Review {
        id: row.id(0)?,
        kind: row.tag(1)?,
        state: row.tag(2)?,
        title: row.get(3)?,
        payload: String::new(),
        version: row.get(4)?,
        score: row.get(5)?,
        created_at: row.get(6)?,
        created_by: row.opt_id(7)?,
        decided_at: row.get(8)?,
        decided_by: row.opt_id(9)?,
        change: row.opt_id(10)?,
        entity: row.opt_id(11)?,
        origin,
        reasons: row.opt_json(15)?.unwrap_or_default(),
    })
}

/// The proposal of that id, with its payload.
///
/// # Errors
/// `NOT_FOUND` when there is none of that kind.
pub fn get(t: &mut Tenant<'_, '_>, kind: Kind, id: ReviewId) -> Result<Review> {
    let project = t.project();
    t.query_opt(
        &format!(
            "SELECT {COLUMNS}, reviews.payload {FROM}
             WHERE reviews.project_id = $1 AND reviews.kind = $2 AND reviews.id = $3"
        ),
        args![project, name(kind), id],
        |row| Ok(Review { payload: row.get(17)?, ..read(row)? }),
    )?
    .ok_or_else(|| Error::not_found("proposal"))
}

/// The content of a proposal of a run, as JSON.
///
/// # Errors
/// `NOT_FOUND` when there is none.
pub fn content(t: &mut Tenant<'_, '_>, id: ReviewId) -> Result<String> {
    let project = t.project();
    let found = t.query_opt(
        "SELECT content FROM reviews WHERE project_id = $1 AND id = $2",
        args![project, id],
        |row| row.get::<Option<String>>(0),
    )?;
    found.flatten().ok_or_else(|| Error::not_found("content"))
}

/// Which proposals are wanted; all that are absent do not matter.
#[derive(Debug, Clone, Copy, Default)]
#[allow(missing_docs)]
pub struct Filter {
    pub kind: Option<Kind>,
    pub state: Option<ReviewState>,
    pub run: Option<RunId>,
}

/// The proposals without their payloads, newest first.
///
/// # Errors
/// When the database fails.
pub fn list(t: &mut Tenant<'_, '_>, filter: &Filter, page: &PageRequest) -> Result<Listed<Review>> {
    let (key, id) = page.after.as_ref().map_or((i64::MAX, "~"), |cursor| (cursor.key, cursor.id.as_str()));
    let project = t.project();
    let (kind, state) = (filter.kind.map(name), filter.state.map(ReviewState::as_str));
    // All arguments are named in any case: Postgres wants to know the type of each.
    let run = if filter.run.is_some() { "reviews.run_id = $4" } else { "CAST($4 AS TEXT) IS NULL" };
    let wanted = format!(
        "reviews.project_id = $1 AND reviews.kind = COALESCE($2, reviews.kind)
         AND reviews.state = COALESCE($3, reviews.state) AND {run}"
    );
    let total = t.query_one(
        &format!("SELECT COUNT(*) FROM reviews WHERE {wanted}"),
        args![project, kind, state, filter.run],
        |row| row.get(0),
    )?;
    let rows = t.query(
        &format!(
            "SELECT {COLUMNS} {FROM} WHERE {wanted}
               AND (reviews.created_at < $5 OR (reviews.created_at = $5 AND reviews.id < $6))
             ORDER BY reviews.created_at DESC, reviews.id DESC LIMIT $7"
        ),
        args![project, kind, state, filter.run, key, id, i64::from(page.limit) + 1],
        read,
    )?;
    Ok(Listed::of(rows, total, page, |review| (review.created_at.0, review.id.to_string())))
}

/// The proposals of a run without their payloads, in the order of their steps; those in `state` only.
///
/// # Errors
/// When the database fails.
pub fn of_run(t: &mut Tenant<'_, '_>, run: RunId, state: ReviewState) -> Result<Vec<Review>> {
    let project = t.project();
    Ok(t.query(
        &format!(
            "SELECT {COLUMNS} {FROM} LEFT JOIN steps ON steps.id = reviews.step_id
             WHERE reviews.project_id = $1 AND reviews.run_id = $2 AND reviews.state = $3
             ORDER BY steps.ordinal, reviews.id"
        ),
        args![project, run, state.as_str()],
        read,
    )?)
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
        args![project, name(kind), title],
        |row| row.id(0),
    )?)
}
