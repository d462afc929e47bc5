//! Changes: sets of writes to entities and facts that are made, told of and undone together.

mod slugs;
mod undo;
mod write;

use std::collections::HashSet;

use kernel::{ChangeId, EntityId, EventKind, FactId, Result};
use serde_json::{Value, json};
use wire::records::{Metadata, Origin, Record};

use crate::db::args;
use crate::entities;
use crate::events::emit;
use crate::facts::{self, NewFact};
use crate::scope::Tenant;

pub use undo::{back_to, undo};
pub use write::merge;

use write::{Action, Written, finish, write_all};

/// The room between two neighbours in a collection, so that one can be put between them.
pub const POSITION_STEP: i64 = 1024;

/// One write to an entity.
#[derive(Debug, Clone)]
pub enum Write {
    /// Makes an entity, under an id that the caller chose so that facts can name it.
    Create(New),
    /// Changes an entity; what is absent stays.
    Change {
        /// Which one.
        id: EntityId,
        /// The version that it was read at; if it has moved on, the whole change is refused.
        expected: Option<i64>,
        /// What is to be different.
        patch: Patch,
    },
    /// Puts an entity into the bin.
    Remove(EntityId),
    /// Takes an entity out of the bin.
    Restore(EntityId),
}

/// An entity that is to be made.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct New {
    pub id: EntityId,
    pub collection: String,
    pub name: String,
    pub description: String,
    pub metadata: Metadata,
    pub body: Option<String>,
    /// At the end if absent.
    pub position: Option<i64>,
    pub origin: Origin,
}

/// What is to be different about an entity.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Patch {
    pub name: Option<String>,
    pub description: Option<String>,
    /// Merged key by key; `null` takes a key out.
    pub metadata: Option<Metadata>,
    /// Takes the place of all keys, instead of being merged.
    pub replace_metadata: bool,
    /// An empty text takes the body away.
    pub body: Option<String>,
    pub position: Option<i64>,
    pub origin: Option<Origin>,
}

/// Writes that belong together.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Draft {
    /// A few words for the history: `Imported tides.fountain`.
    pub summary: String,
    pub writes: Vec<Write>,
    pub facts: Vec<NewFact>,
    /// Facts that hold no longer.
    pub ended: Vec<FactId>,
}

/// What a change did.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Applied {
    pub change: ChangeId,
    /// The entities that were written, as they are now, in the order of the writes.
    pub records: Vec<Record>,
    /// The facts of the draft, in its order; one that held already, word for word, is the one that it was.
    pub facts: Vec<FactId>,
}

/// Makes a change, all of it or nothing: entities, versions, passages, facts and events.
///
/// # Errors
/// `NOT_FOUND` when an entity is not there, be it that a fact names it; `CONFLICT`, with both versions in `details`, when
/// one has moved on.
pub fn apply(t: &mut Tenant<'_, '_>, draft: &Draft) -> Result<Applied> {
    let change = begin(t, &draft.summary)?;
    let written = write_all(t, &draft.writes)?;
    finish(t, change, &written)?;
    facts::end(t, change, &draft.ended)?;
    let facts = facts::record(t, change, &draft.facts)?;
    tell(t, change, &written)?;
    tell_related(t, change, &written)?;
    Ok(Applied { change, records: written.into_iter().map(|written| written.record).collect(), facts })
}

fn begin(t: &mut Tenant<'_, '_>, summary: &str) -> Result<ChangeId> {
    // Changes of a project follow one another, so that two cannot take the same slug or end the same fact.
    t.one_at_a_time()?;
    let (id, project, actor, now): (ChangeId, _, _, _) = (t.id(), t.project(), t.scope().actor(), t.now());
    t.execute(
        "INSERT INTO changes (id, project_id, person_id, summary, at) VALUES ($1, $2, $3, $4, $5)",
        args![id, project, actor, summary, now],
    )?;
    Ok(id)
}

fn tell(t: &mut Tenant<'_, '_>, change: ChangeId, written: &[Written]) -> Result<()> {
    let events: Vec<(EventKind, Value)> = written
        .iter()
        .map(|w| {
            let payload = json!({
                "collection": w.record.collection,
                "entityId": w.record.id,
                "changes": {
                    "action": w.action.as_str(),
                    "name": w.record.name,
                    "version": w.record.version,
                    "fields": w.fields,
                    "changeId": change,
                },
            });
            (EventKind::EntityUpdated, payload)
        })
        .collect();
    emit(t, &events)
}

/// Tells of the entities that were not written themselves, but of which facts were recorded or ended: graphs are kept by
/// these events.
fn tell_related(t: &mut Tenant<'_, '_>, change: ChangeId, written: &[Written]) -> Result<()> {
    let told: HashSet<EntityId> = written.iter().map(|w| w.record.id).collect();
    let mut related = facts::touched(t, change)?;
    related.retain(|id| !told.contains(id));
    related.sort_unstable();
    related.dedup();
    let events: Vec<(EventKind, Value)> = entities::many(t, &related)?
        .into_iter()
        .map(|record| {
            let changes = json!({
                "action": "related", "name": record.name, "version": record.version, "fields": [], "changeId": change,
            });
            let payload = json!({ "collection": record.collection, "entityId": record.id, "changes": changes });
            (EventKind::EntityUpdated, payload)
        })
        .collect();
    emit(t, &events)
}

/// How many records a change made, and how many it changed otherwise.
///
/// # Errors
/// When the database fails.
pub fn counts(t: &mut Tenant<'_, '_>, change: ChangeId) -> Result<(i64, i64)> {
    let project = t.project();
    let rows = t.query(
        "SELECT action, COUNT(*) FROM entity_versions WHERE project_id = $1 AND change_id = $2 GROUP BY action",
        args![project, change],
        |row| Ok((row.get::<String>(0)?, row.get::<i64>(1)?)),
    )?;
    let made = |created: bool| {
        let rows = rows.iter().filter(|(action, _)| (action == Action::Created.as_str()) == created);
        rows.map(|(_, count)| count).sum()
    };
    Ok((made(true), made(false)))
}
