//! Proposals of runs: made once for what a step gave, however often they are made, and taken back when it is done again.

use std::collections::HashSet;

use kernel::{EntityId, Error, Id, Result, ReviewId, RunId, StepId};
use sha2::{Digest, Sha256};
use wire::imports::ReviewState;
use wire::runs::StepState;

use super::{Kind, name, told};
use crate::db::{Arg, args};
use crate::entities::{OWN, by_ids};
use crate::events::emit;
use crate::scope::Tenant;

/// A proposal of a run that is to be made.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct NewOfRun {
    /// Follows from what it proposes: who makes it again makes the same one.
    pub id: ReviewId,
    pub step: StepId,
    /// Of what it is a version.
    pub line: String,
    pub title: String,
    pub payload: String,
    /// JSON.
    pub content: String,
    pub score: f64,
}

/// The id of a proposal: the same for what a step gave under the lease `fence`, as its head, under the lease `head`, took it.
#[must_use]
pub fn id_of(step: StepId, fence: i64, head: i64) -> ReviewId {
    let digest: [u8; 32] = Sha256::digest(format!("{step} {fence} {head}")).into();
    let (bits, _) = digest.split_at(16);
    ReviewId::from_bits(bits.iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte)))
}

/// Makes the proposals of a run that are not there yet, for whoever holds its step `by` under the lease `fence`, and returns
/// what waits of the same run but is not among them: it was done again. Gives the ids of those that were made.
///
/// # Errors
/// `CONFLICT` when the lease is over: nothing was made.
pub fn propose(
    t: &mut Tenant<'_, '_>,
    run: RunId,
    (by, fence): (StepId, i64),
    new: &[NewOfRun],
) -> Result<Vec<ReviewId>> {
    // The ledger of tasks locks a step before it tells of it, too; in another order two would wait for each other.
    still_held(t, by, fence)?;
    t.one_at_a_time()?;
    let (project, now) = (t.project(), t.now());
    let all: Vec<ReviewId> = new.iter().map(|new| new.id).collect();
    let there: HashSet<ReviewId> = by_ids(
        t,
        &[],
        &all,
        |at| format!("SELECT id FROM reviews WHERE {OWN} AND id IN ({at})"),
        |row| row.id(0),
    )?
    .into_iter()
    .collect();
    let mut events = returned(t, run, &all)?;
    let orderer = t.query_opt("SELECT created_by FROM runs WHERE id = $1", args![run], |row| {
        row.get::<Option<String>>(0)
    })?;
    let orderer = orderer.flatten();
    let made: Vec<&NewOfRun> = new.iter().filter(|new| !there.contains(&new.id)).collect();
    let rows: Vec<[Arg<'_>; 13]> = made
        .iter()
        .map(|new| {
            [
                new.id.into(),
                project.into(),
                name(Kind::Deliverable).into(),
                ReviewState::Pending.as_str().into(),
                (&new.title).into(),
                (&new.payload).into(),
                1i64.into(),
                new.score.into(),
                now.into(),
                orderer.as_deref().into(),
                run.into(),
                new.step.into(),
                (&new.line).into(),
            ]
        })
        .collect();
    t.insert_many(
        "reviews (id, project_id, kind, state, title, payload, version, score, created_at, created_by, run_id,
           step_id, line)",
        &rows,
    )?;
    for new in &made {
        // By itself, because a statement of all contents could be longer than a database takes.
        t.execute("UPDATE reviews SET content = $2 WHERE id = $1", args![new.id, &new.content])?;
    }
    events.extend(made.iter().map(|new| told(new.id, ReviewState::Pending)));
    emit(t, &events)?;
    Ok(made.iter().map(|new| new.id).collect())
}

/// Returns what waits of a run, but for `keep`; gives what is to be told of it.
fn returned(
    t: &mut Tenant<'_, '_>,
    run: RunId,
    keep: &[ReviewId],
) -> Result<Vec<(kernel::EventKind, serde_json::Value)>> {
    let (project, now) = (t.project(), t.now());
    let waiting: Vec<ReviewId> = t.query(
        "SELECT id FROM reviews WHERE project_id = $1 AND run_id = $2 AND state = 'pending'",
        args![project, run],
        |row| row.id(0),
    )?;
    let mut events = Vec::new();
    for id in waiting.into_iter().filter(|id| !keep.contains(id)) {
        let state = ReviewState::Returned;
        let changed = t.execute(
            "UPDATE reviews SET state = $2, decided_at = $3 WHERE id = $1 AND state = 'pending'",
            args![id, state.as_str(), now],
        )?;
        if changed == 1 {
            events.push(told(id, state));
        }
    }
    Ok(events)
}

/// That a lease on a step is not over, and will not be before this transaction ends.
fn still_held(t: &mut Tenant<'_, '_>, step: StepId, fence: i64) -> Result<()> {
    let lock = if t.is_sqlite() { "" } else { "FOR UPDATE" };
    let project = t.project();
    let found = t.query_opt(
        &format!("SELECT state, fence FROM steps WHERE project_id = $1 AND id = $2 {lock}"),
        args![project, step],
        |row| Ok((row.tag::<StepState>(0)?, row.get::<i64>(1)?)),
    )?;
    match found {
        Some((state, now)) if state.is_held() && now == fence => Ok(()),
        _ => Err(Error::new(kernel::Code::Conflict, "The lease is over. Nothing was proposed.")),
    }
}

/// Notes why a proposal is sent back, for who does its step again.
///
/// # Errors
/// When the database fails.
pub fn sent_back(t: &mut Tenant<'_, '_>, id: ReviewId, reasons: &[String]) -> Result<()> {
    let project = t.project();
    let reasons = serde_json::to_string(reasons).map_err(Error::internal)?;
    t.execute(
        "UPDATE reviews SET reasons = $3 WHERE project_id = $1 AND id = $2",
        args![project, id, reasons],
    )?;
    Ok(())
}

/// Why what a step gave was last sent back; nothing if it never was.
///
/// # Errors
/// When the database fails.
pub fn reasons(t: &mut Tenant<'_, '_>, step: StepId) -> Result<Vec<String>> {
    let project = t.project();
    let last = t.query_opt(
        "SELECT reasons FROM reviews WHERE project_id = $1 AND step_id = $2 AND reasons IS NOT NULL
         ORDER BY decided_at DESC, id LIMIT 1",
        args![project, step],
        |row| row.json(0),
    )?;
    Ok(last.unwrap_or_default())
}

/// The record that the last saved proposal of a line became, if it is live.
///
/// # Errors
/// When the database fails.
pub fn last_of_line(t: &mut Tenant<'_, '_>, line: &str) -> Result<Option<EntityId>> {
    let project = t.project();
    Ok(t.query_opt(
        "SELECT entities.id FROM reviews JOIN entities ON entities.id = reviews.entity_id
         WHERE reviews.project_id = $1 AND reviews.line = $2 AND reviews.entity_id IS NOT NULL
           AND entities.removed_at IS NULL
         ORDER BY reviews.decided_at DESC, reviews.id LIMIT 1",
        args![project, line],
        |row| row.id(0),
    )?)
}

/// How many proposals of each line wait.
///
/// # Errors
/// When the database fails.
pub fn waiting_lines(t: &mut Tenant<'_, '_>) -> Result<Vec<(String, usize)>> {
    let project = t.project();
    Ok(t.query(
        "SELECT line, COUNT(*) FROM reviews
         WHERE project_id = $1 AND kind = $2 AND state = 'pending' AND line IS NOT NULL GROUP BY line",
        args![project, name(Kind::Deliverable)],
        |row| Ok((row.get(0)?, usize::try_from(row.get::<i64>(1)?).unwrap_or(0))),
    )?)
}
