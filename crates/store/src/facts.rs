//! Facts: what the brain knows of entities, from when, by whom, until when. Superseded, never overwritten.

use kernel::{ChangeId, EntityId, Error, FactId, PageRequest, Result, Timestamp};
use wire::records::{Origin, Relationship};

use crate::db::{Arg, DbError, Row, args};
use crate::events::Listed;
use crate::scope::Tenant;

/// A fact that is to be recorded.
#[derive(Debug, Clone)]
pub struct NewFact {
    /// Of whom.
    pub subject: EntityId,
    /// `appears_in`, `set_in`, `alias` …
    pub predicate: String,
    /// The other entity, if it is a relationship.
    pub object: Option<EntityId>,
    /// The value, if it is an attribute.
    pub value: Option<String>,
    /// How much, where that has a meaning: words spoken.
    pub weight: Option<f64>,
    /// 0 to 1.
    pub confidence: f64,
    #[allow(missing_docs)]
    pub origin: Origin,
    /// Where it stands: a few words of the source.
    pub source: Option<String>,
}

/// A fact that holds.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Fact {
    pub id: FactId,
    pub subject: EntityId,
    pub predicate: String,
    pub object: Option<EntityId>,
    pub value: Option<String>,
    pub weight: Option<f64>,
    pub confidence: f64,
    pub origin: Origin,
    pub source: Option<String>,
    pub recorded_at: Timestamp,
}

const COLUMNS: &str =
    "facts.id, facts.subject_id, facts.predicate, facts.object_id, facts.value, facts.weight,
  facts.confidence, facts.origin, facts.source, facts.recorded_at";

/// Facts that hold, of entities that are live.
const HOLDING: &str = "FROM facts JOIN entities s ON s.id = facts.subject_id AND s.removed_at IS NULL
  LEFT JOIN entities o ON o.id = facts.object_id
  WHERE facts.project_id = $1 AND facts.valid_to IS NULL AND (facts.object_id IS NULL OR o.removed_at IS NULL)";

fn read(row: &Row<'_>) -> Result<Fact, DbError> {
    Ok(Fact {
        id: row.id(0)?,
        subject: row.id(1)?,
        predicate: row.get(2)?,
        object: row.opt_id(3)?,
        value: row.get(4)?,
        weight: row.get(5)?,
        confidence: row.get(6)?,
        origin: row.tag(7)?,
        source: row.get(8)?,
        recorded_at: row.get(9)?,
    })
}

/// Records facts as part of a change. One that holds already, word for word, is not recorded twice.
pub(crate) fn record(t: &mut Tenant<'_, '_>, change: ChangeId, facts: &[NewFact]) -> Result<Vec<FactId>> {
    let (project, now) = (t.project(), t.now());
    let ids: Vec<FactId> = facts.iter().map(|_| t.id()).collect();
    let rows: Vec<[Arg<'_>; 12]> = facts
        .iter()
        .zip(&ids)
        .map(|(fact, id)| {
            [
                (*id).into(),
                project.into(),
                fact.subject.into(),
                fact.predicate.as_str().into(),
                fact.object.into(),
                fact.value.as_deref().into(),
                fact.weight.into(),
                fact.confidence.into(),
                fact.origin.as_str().into(),
                fact.source.as_deref().into(),
                change.into(),
                now.into(),
            ]
        })
        .collect();
    t.insert_many(
        "facts (id, project_id, subject_id, predicate, object_id, value, weight, confidence, origin, source, change_id,
           recorded_at)",
        &rows,
    )?;
    Ok(ids)
}

/// Ends facts as part of a change: they were true until now.
pub(crate) fn end(t: &mut Tenant<'_, '_>, change: ChangeId, facts: &[FactId]) -> Result<u64> {
    let (project, now, mut ended) = (t.project(), t.now(), 0);
    for part in facts.chunks(200) {
        let mut values: Vec<Arg<'_>> = vec![project.into(), change.into(), now.into()];
        values.extend(part.iter().map(|id| Arg::from(*id)));
        let places = crate::entities::places(4, part.len());
        ended += t.execute(
            &format!(
                "UPDATE facts SET valid_to = $3, ended_by = $2
                 WHERE project_id = $1 AND valid_to IS NULL AND id IN ({places})"
            ),
            &values,
        )?;
    }
    Ok(ended)
}

/// Of whom some facts are, whether they hold or not.
pub(crate) fn subjects(t: &mut Tenant<'_, '_>, facts: &[FactId]) -> Result<Vec<EntityId>> {
    let (project, mut found) = (t.project(), Vec::new());
    for part in facts.chunks(200) {
        let mut values: Vec<Arg<'_>> = vec![project.into()];
        values.extend(part.iter().map(|id| Arg::from(*id)));
        let places = crate::entities::places(2, part.len());
        found.extend(t.query(
            &format!("SELECT subject_id FROM facts WHERE project_id = $1 AND id IN ({places})"),
            &values,
            |row| row.id::<EntityId>(0),
        )?);
    }
    Ok(found)
}

/// Takes back what `undone` recorded and ended, as part of `change`.
pub(crate) fn undo(t: &mut Tenant<'_, '_>, change: ChangeId, undone: ChangeId) -> Result<()> {
    let (project, now) = (t.project(), t.now());
    t.execute(
        "UPDATE facts SET valid_to = $3, ended_by = $2 WHERE project_id = $1 AND change_id = $4 AND valid_to IS NULL",
        args![project, change, now, undone],
    )?;
    t.execute(
        "UPDATE facts SET valid_to = NULL, ended_by = NULL WHERE project_id = $1 AND ended_by = $2",
        args![project, undone],
    )?;
    Ok(())
}

/// All facts that hold with one of `predicates`.
///
/// # Errors
/// When the database fails.
pub fn with(t: &mut Tenant<'_, '_>, predicates: &[&str]) -> Result<Vec<Fact>> {
    let mut values: Vec<Arg<'_>> = vec![t.project().into()];
    values.extend(predicates.iter().map(|predicate| Arg::from(*predicate)));
    let places = crate::entities::places(2, predicates.len());
    Ok(t.query(&format!("SELECT {COLUMNS} {HOLDING} AND facts.predicate IN ({places})"), &values, read)?)
}

/// All facts that hold of, or point to, one of `entities`.
///
/// # Errors
/// When the database fails.
pub fn about(t: &mut Tenant<'_, '_>, entities: &[EntityId]) -> Result<Vec<Fact>> {
    let project = t.project();
    let mut found = Vec::new();
    for part in entities.chunks(100) {
        let mut values: Vec<Arg<'_>> = vec![project.into()];
        values.extend(part.iter().map(|id| Arg::from(*id)));
        let places = crate::entities::places(2, part.len());
        found.extend(t.query(
            &format!(
                "SELECT {COLUMNS} {HOLDING} AND facts.subject_id IN ({places})
                 UNION SELECT {COLUMNS} {HOLDING} AND facts.object_id IN ({places})"
            ),
            &values,
            read,
        )?);
    }
    Ok(found)
}

/// The relationships of an entity with live ones, heaviest first.
///
/// # Errors
/// When the database fails.
pub fn relationships(
    t: &mut Tenant<'_, '_>,
    entity: EntityId,
    page: &PageRequest,
) -> Result<Listed<Relationship>> {
    let project = t.project();
    let rows = t.query(
        &format!(
            "SELECT {COLUMNS}, s.collection, s.name, o.collection, o.name {HOLDING} AND facts.object_id IS NOT NULL
               AND (facts.subject_id = $2 OR facts.object_id = $2)
             ORDER BY COALESCE(facts.weight, 0) DESC, facts.predicate, facts.id"
        ),
        args![project, entity],
        |row| {
            let fact = read(row)?;
            Ok(Relationship {
                id: fact.id,
                r#type: fact.predicate,
                source: fact.subject,
                source_type: row.get(10)?,
                source_name: row.get(11)?,
                target: fact.object.unwrap_or(fact.subject),
                target_type: row.get(12)?,
                target_name: row.get(13)?,
                weight: fact.weight,
                confidence: fact.confidence,
                origin: fact.origin,
                recorded_at: fact.recorded_at,
            })
        },
    )?;
    // An entity has few relationships beside its scenes; they are ordered by weight, which no index holds, so a page is
    // cut from all of them.
    let skip = page.after.as_ref().map_or(0, |cursor| usize::try_from(cursor.key).unwrap_or(0));
    let total = rows.len() as i64;
    let rows: Vec<Relationship> = rows.into_iter().skip(skip).take(page.limit as usize + 1).collect();
    let next = (skip + page.limit as usize) as i64;
    Ok(Listed::of(rows, total, page, |_| (next, String::from("0"))))
}

/// The fact of that id, if it holds.
///
/// # Errors
/// `NOT_FOUND` when there is none.
pub fn get(t: &mut Tenant<'_, '_>, id: FactId) -> Result<Fact> {
    let project = t.project();
    t.query_opt(&format!("SELECT {COLUMNS} {HOLDING} AND facts.id = $2"), args![project, id], read)?
        .ok_or_else(|| Error::not_found("relationship"))
}
