//! Facts: what the brain knows of entities, from when, by whom, until when. Superseded, never overwritten.

use std::collections::{BTreeSet, HashMap};

use kernel::{ChangeId, EntityId, Error, FactId, PageRequest, Result, Timestamp};
use wire::records::{Origin, Relationship};

use crate::db::{Arg, DbError, Row, args};
use crate::entities::{OWN, by_ids, places};
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

/// What tells a fact from another, word for word.
type Words =
    (EntityId, String, Option<EntityId>, Option<String>, Option<u64>, u64, &'static str, Option<String>);

impl NewFact {
    fn words(&self) -> Words {
        (
            self.subject,
            self.predicate.clone(),
            self.object,
            self.value.clone(),
            self.weight.map(f64::to_bits),
            self.confidence.to_bits(),
            self.origin.as_str(),
            self.source.clone(),
        )
    }
}

impl From<Fact> for NewFact {
    fn from(fact: Fact) -> Self {
        Self {
            subject: fact.subject,
            predicate: fact.predicate,
            object: fact.object,
            value: fact.value,
            weight: fact.weight,
            confidence: fact.confidence,
            origin: fact.origin,
            source: fact.source,
        }
    }
}

/// Records facts as part of a change. One that holds already, word for word, is not recorded twice.
pub(crate) fn record(t: &mut Tenant<'_, '_>, change: ChangeId, facts: &[NewFact]) -> Result<Vec<FactId>> {
    belong(t, facts)?;
    let mut known = holding(t, facts)?;
    let mut ids = Vec::with_capacity(facts.len());
    let mut fresh = Vec::new();
    for fact in facts {
        ids.push(*known.entry(fact.words()).or_insert_with(|| {
            let id = t.id();
            fresh.push((id, fact));
            id
        }));
    }
    insert(t, change, &fresh)?;
    Ok(ids)
}

/// Whom a fact names is of this project: the tables would take any entity.
fn belong(t: &mut Tenant<'_, '_>, facts: &[NewFact]) -> Result<()> {
    let named: BTreeSet<EntityId> =
        facts.iter().flat_map(|fact| [Some(fact.subject), fact.object]).flatten().collect();
    let named: Vec<EntityId> = named.into_iter().collect();
    let sql = |places: &str| format!("SELECT id FROM entities WHERE {OWN} AND id IN ({places})");
    let found = by_ids(t, &[], &named, sql, |row| row.id::<EntityId>(0))?;
    if found.len() == named.len() { Ok(()) } else { Err(Error::not_found("record")) }
}

/// Those of `facts` that hold already, be their entities live or not.
fn holding(t: &mut Tenant<'_, '_>, facts: &[NewFact]) -> Result<HashMap<Words, FactId>> {
    let alone: BTreeSet<EntityId> =
        facts.iter().filter(|fact| fact.object.is_none()).map(|fact| fact.subject).collect();
    let sql = |places: &str| {
        format!(
            "SELECT {COLUMNS} FROM facts
             WHERE project_id = $1 AND valid_to IS NULL AND object_id IS NULL AND subject_id IN ({places})"
        )
    };
    let mut found = by_ids(t, &[], &alone.into_iter().collect::<Vec<_>>(), sql, read)?;
    // By both ends: who is in thousands of scenes has thousands of facts.
    let pairs: BTreeSet<(EntityId, EntityId)> =
        facts.iter().filter_map(|fact| Some((fact.subject, fact.object?))).collect();
    let project = t.project();
    for part in pairs.into_iter().collect::<Vec<_>>().chunks(100) {
        let mut values: Vec<Arg<'_>> = vec![project.into()];
        values.extend(part.iter().flat_map(|(subject, object)| [Arg::from(*subject), Arg::from(*object)]));
        found.extend(t.query(&between(part.len()), &values, read)?);
    }
    let keyed = found.into_iter().map(|fact| {
        let id = fact.id;
        (NewFact::from(fact).words(), id)
    });
    Ok(keyed.collect())
}

/// The facts that hold between so many pairs: `$1` is the project, then come subject and object of each. A cross join,
/// because that is the order in which SQLite then looks: it would read all facts of the project instead.
fn between(pairs: usize) -> String {
    let asked: Vec<String> = (0..pairs).map(|n| format!("(${}, ${})", 2 * n + 2, 2 * n + 3)).collect();
    format!(
        "WITH asked (subject, object) AS (VALUES {})
         SELECT {COLUMNS} FROM asked CROSS JOIN facts WHERE facts.project_id = $1 AND facts.valid_to IS NULL
           AND facts.subject_id = asked.subject AND facts.object_id = asked.object",
        asked.join(", ")
    )
}

fn insert(t: &mut Tenant<'_, '_>, change: ChangeId, facts: &[(FactId, &NewFact)]) -> Result<()> {
    let (project, now) = (t.project(), t.now());
    let rows: Vec<[Arg<'_>; 12]> = facts
        .iter()
        .map(|(id, fact)| {
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
    Ok(())
}

/// Ends facts as part of a change: they were true until now.
pub(crate) fn end(t: &mut Tenant<'_, '_>, change: ChangeId, facts: &[FactId]) -> Result<()> {
    let sql = |places: &str| {
        format!(
            "UPDATE facts SET valid_to = $3, ended_by = $2
             WHERE {OWN} AND valid_to IS NULL AND id IN ({places}) RETURNING id"
        )
    };
    let now = t.now();
    by_ids(t, &[change.into(), now.into()], facts, sql, |_| Ok(())).map(drop)
}

/// The entities of which a change recorded or ended facts, on either side of them.
pub(crate) fn touched(t: &mut Tenant<'_, '_>, change: ChangeId) -> Result<Vec<EntityId>> {
    let project = t.project();
    let pairs = t.query(
        "SELECT subject_id, object_id FROM facts WHERE project_id = $1 AND change_id = $2
         UNION SELECT subject_id, object_id FROM facts WHERE project_id = $1 AND ended_by = $2",
        args![project, change],
        |row| Ok([Some(row.id(0)?), row.opt_id(1)?]),
    )?;
    Ok(pairs.into_iter().flatten().flatten().collect())
}

/// Takes back what `undone` recorded and ended, as part of `change`: what it recorded ends, what it ended is recorded
/// anew, because what was said at a time stays said. Gives the facts that were recorded; or, if some of what `undone`
/// recorded holds no longer, the names of the entities that those are of.
pub(crate) fn undo(
    t: &mut Tenant<'_, '_>,
    change: ChangeId,
    undone: ChangeId,
) -> Result<Result<Vec<FactId>, Vec<String>>> {
    let project = t.project();
    let recorded = t.query(
        &format!(
            "SELECT {COLUMNS}, CASE WHEN facts.valid_to IS NULL THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END,
               s.name
             FROM facts JOIN entities s ON s.id = facts.subject_id
             WHERE facts.project_id = $1 AND facts.change_id = $2"
        ),
        args![project, undone],
        |row| Ok((read(row)?, row.get::<bool>(10)?, row.get::<String>(11)?)),
    )?;
    let mut ending = Vec::with_capacity(recorded.len());
    let mut lost = BTreeSet::new();
    for (fact, holds, name) in recorded {
        // One that a change ended which was itself taken back holds again under another id.
        let now = if holds {
            Some(fact.id)
        } else {
            let fact = NewFact::from(fact);
            holding(t, std::slice::from_ref(&fact))?.remove(&fact.words())
        };
        match now {
            Some(id) => ending.push(id),
            None => drop(lost.insert(name)),
        }
    }
    if !lost.is_empty() {
        return Ok(Err(lost.into_iter().collect()));
    }
    let again: Vec<NewFact> = t
        .query(
            &format!("SELECT {COLUMNS} FROM facts WHERE facts.project_id = $1 AND facts.ended_by = $2 ORDER BY facts.id"),
            args![project, undone],
            read,
        )?
        .into_iter()
        .map(NewFact::from)
        .collect();
    end(t, change, &ending)?;
    record(t, change, &again).map(Ok)
}

/// All facts that hold with one of `predicates`.
///
/// # Errors
/// When the database fails.
pub fn with(t: &mut Tenant<'_, '_>, predicates: &[&str]) -> Result<Vec<Fact>> {
    if predicates.is_empty() {
        return Ok(Vec::new());
    }
    let mut values: Vec<Arg<'_>> = vec![t.project().into()];
    values.extend(predicates.iter().map(|predicate| Arg::from(*predicate)));
    let places = places(2, predicates.len());
    Ok(t.query(&format!("SELECT {COLUMNS} {HOLDING} AND facts.predicate IN ({places})"), &values, read)?)
}

/// What rests on records of a collection by a predicate, as (what rests, on what, when that was last changed or removed).
///
/// # Errors
/// When the database fails.
pub fn resting(
    t: &mut Tenant<'_, '_>,
    predicate: &str,
    collection: &str,
) -> Result<Vec<(EntityId, EntityId, Timestamp)>> {
    let project = t.project();
    Ok(t.query(
        "SELECT s.id, o.id, o.updated_at FROM facts JOIN entities s ON s.id = facts.subject_id AND s.removed_at IS NULL
         JOIN entities o ON o.id = facts.object_id
         WHERE facts.project_id = $1 AND facts.valid_to IS NULL AND facts.predicate = $2 AND o.collection = $3",
        args![project, predicate, collection],
        |row| Ok((row.id(0)?, row.id(1)?, row.get(2)?)),
    )?)
}

/// Those of `entities` that are live and related to another, other than by the predicate `but`.
///
/// # Errors
/// When the database fails.
pub fn related(t: &mut Tenant<'_, '_>, entities: &[EntityId], but: &str) -> Result<Vec<EntityId>> {
    let sql = |places: &str| {
        format!(
            "SELECT id FROM entities WHERE project_id || '' = $1 AND removed_at IS NULL AND id IN ({places}) AND (
               EXISTS (SELECT 1 FROM facts WHERE facts.subject_id = entities.id AND facts.object_id IS NOT NULL
                 AND facts.valid_to IS NULL AND facts.predicate <> $2)
               OR EXISTS (SELECT 1 FROM facts WHERE facts.object_id = entities.id
                 AND facts.valid_to IS NULL AND facts.predicate <> $2))"
        )
    };
    by_ids(t, &[but.into()], entities, sql, |row| row.id(0))
}

/// All facts that hold of, or point to, one of `entities`, each once, the oldest first.
///
/// # Errors
/// When the database fails.
pub fn about(t: &mut Tenant<'_, '_>, entities: &[EntityId]) -> Result<Vec<Fact>> {
    let sql = |places: &str| {
        format!(
            "SELECT {COLUMNS} {HOLDING} AND facts.subject_id IN ({places})
             UNION SELECT {COLUMNS} {HOLDING} AND facts.object_id IN ({places})"
        )
    };
    let mut found = by_ids(t, &[], entities, sql, read)?;
    // One whose ends were asked for by different statements was found by both.
    found.sort_by_key(|fact| fact.id);
    found.dedup_by_key(|fact| fact.id);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_facts_between_two_records_are_found_by_both_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let options = crate::Options::sqlite(folder.path().join("atelier.db"));
        let store = crate::Store::open(options, kernel::Ambient::system()).await.unwrap();
        let plan = store.read(|tx| {
            let args: Vec<Arg<'_>> = (0..201).map(|n| Arg::from(n.to_string())).collect();
            let sql = format!("EXPLAIN QUERY PLAN {}", between(100));
            Ok(tx.query(&sql, &args, |row| row.get::<String>(3))?)
        });
        let plan = plan.await.unwrap();
        let seek = "SEARCH facts USING INDEX facts_subject (project_id=? AND subject_id=? AND object_id=?)";
        assert_eq!(plan.last().map(String::as_str), Some(seek), "{plan:?}");
    }
}
