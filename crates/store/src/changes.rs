//! Changes: sets of writes to entities and facts that are made, told of and undone together.

use std::collections::{HashMap, HashSet};

use kernel::{ChangeId, Code, EntityId, Error, EventKind, FactId, Result, Timestamp};
use serde_json::{Value, json};
use wire::records::{Metadata, Origin, Record};

use crate::db::{Arg, args};
use crate::entities;
use crate::events::emit;
use crate::facts::{self, NewFact};
use crate::passages;
use crate::scope::Tenant;
use crate::slug::{name_key, slug};

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
    /// The facts that were recorded, in the order of the draft.
    pub facts: Vec<FactId>,
}

/// What was done to an entity, as its history names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Created,
    Changed,
    Removed,
    Restored,
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Restored => "restored",
        }
    }
}

struct Written {
    record: Record,
    action: Action,
    /// The fields that differ.
    fields: Vec<&'static str>,
}

/// Makes a change, all of it or nothing: entities, versions, passages, facts and events.
///
/// # Errors
/// `NOT_FOUND` when an entity is not there; `CONFLICT`, with both versions in `details`, when one has moved on.
pub fn apply(t: &mut Tenant<'_, '_>, draft: &Draft) -> Result<Applied> {
    let change = begin(t, &draft.summary)?;
    let written = write_all(t, &draft.writes)?;
    finish(t, change, &written)?;
    facts::end(t, change, &draft.ended)?;
    let facts = facts::record(t, change, &draft.facts)?;
    tell(t, change, &written)?;
    tell_related(t, change, &written, draft)?;
    Ok(Applied { change, records: written.into_iter().map(|written| written.record).collect(), facts })
}

fn begin(t: &mut Tenant<'_, '_>, summary: &str) -> Result<ChangeId> {
    let (id, project, actor, now): (ChangeId, _, _, _) = (t.id(), t.project(), t.scope().actor(), t.now());
    t.execute(
        "INSERT INTO changes (id, project_id, person_id, summary, at) VALUES ($1, $2, $3, $4, $5)",
        args![id, project, actor, summary, now],
    )?;
    Ok(id)
}

fn write_all(t: &mut Tenant<'_, '_>, writes: &[Write]) -> Result<Vec<Written>> {
    let mut slugs = Slugs::read(t, writes)?;
    let mut ends: HashMap<String, i64> = HashMap::new();
    let mut written = Vec::with_capacity(writes.len());
    for write in writes {
        written.push(match write {
            Write::Create(new) => {
                let position = match new.position {
                    Some(position) => position,
                    None => next_position(t, &mut ends, &new.collection)?,
                };
                let slug = slugs.take(t, &new.collection, &new.name)?;
                create(t, new, slug, position)
            }
            Write::Change { id, expected, patch } => alter(t, &mut slugs, *id, *expected, patch)?,
            Write::Remove(id) => {
                let record = entities::any(t, *id)?;
                Written { record: next_version(t, record), action: Action::Removed, fields: Vec::new() }
            }
            Write::Restore(id) => {
                let record = find_removed(t, *id)?;
                let slug = slugs.take(t, &record.collection, &record.name)?;
                Written {
                    record: Record { slug, ..next_version(t, record) },
                    action: Action::Restored,
                    fields: Vec::new(),
                }
            }
        });
    }
    insert(t, &written)?;
    Ok(written)
}

fn next_position(t: &mut Tenant<'_, '_>, ends: &mut HashMap<String, i64>, collection: &str) -> Result<i64> {
    if let Some(end) = ends.get_mut(collection) {
        *end += POSITION_STEP;
        return Ok(*end);
    }
    let project = t.project();
    let last: i64 = t.query_one(
        "SELECT COALESCE(MAX(position), 0) FROM entities WHERE project_id = $1 AND collection = $2",
        args![project, collection],
        |row| row.get(0),
    )?;
    ends.insert(collection.to_owned(), last + POSITION_STEP);
    Ok(last + POSITION_STEP)
}

fn create(t: &Tenant<'_, '_>, new: &New, slug: String, position: i64) -> Written {
    let now = t.now();
    Written {
        record: Record {
            id: new.id,
            project_id: t.project(),
            collection: new.collection.clone(),
            name: new.name.clone(),
            slug,
            description: new.description.clone(),
            metadata: new.metadata.clone(),
            body: new.body.clone(),
            position,
            version: 1,
            created_at: now,
            updated_at: now,
            updated_by: t.scope().actor(),
            origin: new.origin,
        },
        action: Action::Created,
        fields: Vec::new(),
    }
}

fn next_version(t: &Tenant<'_, '_>, record: Record) -> Record {
    Record { version: record.version + 1, updated_at: t.now(), updated_by: t.scope().actor(), ..record }
}

fn find_removed(t: &mut Tenant<'_, '_>, id: EntityId) -> Result<Record> {
    let project = t.project();
    let collection: Option<String> = t.query_opt(
        "SELECT collection FROM entities WHERE project_id = $1 AND id = $2 AND removed_at IS NOT NULL",
        args![project, id],
        |row| row.get(0),
    )?;
    let collection = collection.ok_or_else(|| Error::not_found("removed record"))?;
    entities::removed(t, &collection, id)
}

fn alter(
    t: &mut Tenant<'_, '_>,
    slugs: &mut Slugs,
    id: EntityId,
    expected: Option<i64>,
    patch: &Patch,
) -> Result<Written> {
    let before = entities::any(t, id)?;
    if expected.is_some_and(|expected| expected != before.version) {
        return Err(conflict(&before, expected));
    }
    let mut after = before.clone();
    if let Some(name) = &patch.name {
        after.name.clone_from(name);
    }
    if let Some(description) = &patch.description {
        after.description.clone_from(description);
    }
    if let Some(metadata) = &patch.metadata {
        if patch.replace_metadata {
            after.metadata.clone_from(metadata);
        } else {
            merge(&mut after.metadata, metadata);
        }
    }
    if patch.body.is_some() {
        after.body.clone_from(&patch.body);
    }
    after.position = patch.position.unwrap_or(after.position);
    after.origin = patch.origin.unwrap_or(after.origin);
    let differs = [
        ("name", after.name != before.name),
        ("description", after.description != before.description),
        ("metadata", after.metadata != before.metadata),
        ("body", after.body != before.body),
        ("position", after.position != before.position),
    ];
    if slug(&after.name) != slug(&before.name) {
        after.slug = slugs.take(t, &after.collection, &after.name)?;
    }
    let fields = differs.iter().filter(|(_, differs)| *differs).map(|(field, _)| *field).collect();
    Ok(Written { record: next_version(t, after), action: Action::Changed, fields })
}

/// Two people changed the same record: both versions are told, nothing is overwritten.
fn conflict(theirs: &Record, yours: Option<i64>) -> Error {
    Error::new(
        Code::Conflict,
        "Someone else changed this record meanwhile. Your change was not saved; theirs is in `details`.",
    )
    .with_details(json!({ "yours": { "version": yours }, "theirs": theirs }))
}

/// Merges `patch` into `metadata` key by key; a key set to `null` goes.
pub fn merge(metadata: &mut Metadata, patch: &Metadata) {
    for (key, value) in patch {
        if value.is_null() {
            metadata.shift_remove(key);
        } else {
            metadata.insert(key.clone(), value.clone());
        }
    }
}

/// Writes the rows: new ones together, changed ones each.
fn insert(t: &mut Tenant<'_, '_>, written: &[Written]) -> Result<()> {
    let project = t.project();
    let texts: Vec<(String, String)> = written
        .iter()
        .map(|w| (name_key(&w.record.name), Value::Object(w.record.metadata.clone()).to_string()))
        .collect();
    let mut rows: Vec<[Arg<'_>; 15]> = Vec::new();
    for (w, (key, metadata)) in written.iter().zip(&texts) {
        let r = &w.record;
        if w.action == Action::Created {
            rows.push([
                r.id.into(),
                project.into(),
                r.collection.as_str().into(),
                r.slug.as_str().into(),
                r.name.as_str().into(),
                key.into(),
                r.description.as_str().into(),
                metadata.into(),
                r.body.as_deref().into(),
                r.position.into(),
                r.version.into(),
                r.origin.as_str().into(),
                r.created_at.into(),
                r.updated_at.into(),
                r.updated_by.into(),
            ]);
            continue;
        }
        let removed_at: Option<Timestamp> = (w.action == Action::Removed).then_some(r.updated_at);
        // The version in the condition is the fence: on Postgres two may have read the same one.
        let changed = t.execute(
            "UPDATE entities SET slug = $3, name = $4, name_key = $5, description = $6, metadata = $7, body = $8,
               position = $9, version = $10, origin = $11, updated_at = $12, updated_by = $13, removed_at = $14
             WHERE project_id = $1 AND id = $2 AND version = $10 - 1",
            args![
                project,
                r.id,
                &r.slug,
                &r.name,
                key,
                &r.description,
                metadata,
                r.body.as_deref(),
                r.position,
                r.version,
                r.origin.as_str(),
                r.updated_at,
                r.updated_by,
                removed_at
            ],
        )?;
        if changed == 0 {
            let now = entities::any(t, r.id)?;
            return Err(conflict(&now, Some(r.version - 1)));
        }
    }
    t.insert_many(
        "entities (id, project_id, collection, slug, name, name_key, description, metadata, body, position, version,
           origin, created_at, updated_at, updated_by)",
        &rows,
    )?;
    Ok(())
}

/// Keeps the versions and the text index in step with the rows.
fn finish(t: &mut Tenant<'_, '_>, change: ChangeId, written: &[Written]) -> Result<()> {
    let project = t.project();
    let metadata: Vec<String> =
        written.iter().map(|w| Value::Object(w.record.metadata.clone()).to_string()).collect();
    let rows: Vec<[Arg<'_>; 13]> = written
        .iter()
        .zip(&metadata)
        .map(|(w, metadata)| {
            let r = &w.record;
            [
                r.id.into(),
                r.version.into(),
                project.into(),
                change.into(),
                w.action.as_str().into(),
                r.name.as_str().into(),
                r.description.as_str().into(),
                metadata.into(),
                r.body.as_deref().into(),
                r.position.into(),
                r.origin.as_str().into(),
                r.updated_at.into(),
                r.updated_by.into(),
            ]
        })
        .collect();
    t.insert_many(
        "entity_versions (entity_id, version, project_id, change_id, action, name, description, metadata, body,
           position, origin, at, person_id)",
        &rows,
    )?;
    let gone: Vec<EntityId> = of(written, |action| action == Action::Removed).map(|r| r.id).collect();
    passages::forget(t, &gone)?;
    let live: Vec<&Record> = of(written, |action| action != Action::Removed).collect();
    passages::replace(t, &live)
}

fn of(written: &[Written], wanted: impl Fn(Action) -> bool) -> impl Iterator<Item = &Record> {
    written.iter().filter(move |w| wanted(w.action)).map(|w| &w.record)
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

/// Tells of the entities that were not written themselves, but whose relationships were: graphs are kept by these events.
fn tell_related(t: &mut Tenant<'_, '_>, change: ChangeId, written: &[Written], draft: &Draft) -> Result<()> {
    let told: HashSet<EntityId> = written.iter().map(|w| w.record.id).collect();
    let ended = facts::subjects(t, &draft.ended)?;
    let mut related: Vec<EntityId> =
        draft.facts.iter().map(|fact| fact.subject).chain(ended).filter(|id| !told.contains(id)).collect();
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
        rows.iter()
            .filter(|(action, _)| (action == Action::Created.as_str()) == created)
            .map(|(_, count)| count)
            .sum()
    };
    Ok((made(true), made(false)))
}

/// Takes a change back, as a change of its own. What it made goes to the bin, what it changed is as before, and so on.
///
/// # Errors
/// `NOT_FOUND`; `ALREADY_DECIDED` when it was taken back before; `CONFLICT`, naming the records, when one of them has
/// been changed since.
pub fn undo(t: &mut Tenant<'_, '_>, undone: ChangeId) -> Result<Applied> {
    let project = t.project();
    let summary: String = t
        .query_opt(
            "SELECT summary FROM changes WHERE project_id = $1 AND id = $2",
            args![project, undone],
            |row| row.get(0),
        )?
        .ok_or_else(|| Error::not_found("change"))?;
    let change = begin(t, &format!("Undid: {summary}"))?;
    let claimed = t.execute(
        "UPDATE changes SET undone_by = $3 WHERE project_id = $1 AND id = $2 AND undone_by IS NULL",
        args![project, undone, change],
    )?;
    if claimed == 0 {
        return Err(Error::new(Code::AlreadyDecided, "This change was taken back before. Nothing was done."));
    }
    let touched = t.query(
        "SELECT v.entity_id, v.version, v.action, e.version, e.name FROM entity_versions v
         JOIN entities e ON e.id = v.entity_id
         WHERE v.project_id = $1 AND v.change_id = $2 ORDER BY v.entity_id, v.version DESC",
        args![project, undone],
        |row| {
            Ok((
                row.id::<EntityId>(0)?,
                row.get::<i64>(1)?,
                row.get::<String>(2)?,
                row.get::<i64>(3)?,
                row.get::<String>(4)?,
            ))
        },
    )?;
    let moved: Vec<&str> = touched
        .iter()
        .filter(|(_, version, _, now, _)| version != now)
        .map(|(.., name)| name.as_str())
        .collect();
    if !moved.is_empty() {
        return Err(Error::new(
            Code::Conflict,
            format!("Changed since, so it was not taken back: {}. Nothing was done.", moved.join(", ")),
        )
        .with_details(json!({ "records": moved })));
    }
    let mut writes = Vec::with_capacity(touched.len());
    for (id, version, action, ..) in &touched {
        writes.push(match action.as_str() {
            "created" | "restored" => Write::Remove(*id),
            "removed" => Write::Restore(*id),
            _ => back_to(t, *id, version - 1)?,
        });
    }
    let written = write_all(t, &writes)?;
    finish(t, change, &written)?;
    facts::undo(t, change, undone)?;
    tell(t, change, &written)?;
    Ok(Applied { change, records: written.into_iter().map(|w| w.record).collect(), facts: Vec::new() })
}

/// The write that brings a live entity back to what it was at `version`.
///
/// # Errors
/// `NOT_FOUND` when it never had that version.
pub fn back_to(t: &mut Tenant<'_, '_>, id: EntityId, version: i64) -> Result<Write> {
    let project = t.project();
    let patch = t.query_opt(
        "SELECT name, description, metadata, body, position, origin FROM entity_versions
         WHERE project_id = $1 AND entity_id = $2 AND version = $3",
        args![project, id, version],
        |row| {
            Ok(Patch {
                name: Some(row.get(0)?),
                description: Some(row.get(1)?),
                metadata: Some(row.json(2)?),
                replace_metadata: true,
                body: row.get(3)?,
                position: Some(row.get(4)?),
                origin: Some(row.tag(5)?),
            })
        },
    )?;
    let patch = patch.ok_or_else(|| Error::not_found("version"))?;
    Ok(Write::Change { id, expected: None, patch })
}

/// The slugs that are taken, as far as this change has looked.
struct Slugs {
    /// Pairs of collection and slug that are taken.
    taken: HashSet<(String, String)>,
    /// Pairs that the database was asked for.
    asked: HashSet<(String, String)>,
}

impl Slugs {
    /// Asks, in as few queries as can be, which slugs of the entities to be made are taken.
    fn read(t: &mut Tenant<'_, '_>, writes: &[Write]) -> Result<Self> {
        let mut asked = HashSet::new();
        let mut wanted: HashMap<&str, Vec<String>> = HashMap::new();
        for write in writes {
            if let Write::Create(new) = write {
                let slug = slug(&new.name);
                if asked.insert((new.collection.clone(), slug.clone())) {
                    wanted.entry(&new.collection).or_default().push(slug);
                }
            }
        }
        let project = t.project();
        let mut taken = HashSet::new();
        for (collection, slugs) in wanted {
            for part in slugs.chunks(200) {
                let mut values: Vec<Arg<'_>> = vec![project.into(), collection.into()];
                values.extend(part.iter().map(Arg::from));
                let places = entities::places(3, part.len());
                let found = t.query(
                    &format!(
                        "SELECT slug FROM entities
                         WHERE project_id = $1 AND collection = $2 AND removed_at IS NULL AND slug IN ({places})"
                    ),
                    &values,
                    |row| row.get::<String>(0),
                )?;
                taken.extend(found.into_iter().map(|slug| (collection.to_owned(), slug)));
            }
        }
        Ok(Self { taken, asked })
    }

    /// A slug for `name` that nobody has: with a number behind it, if need be.
    fn take(&mut self, t: &mut Tenant<'_, '_>, collection: &str, name: &str) -> Result<String> {
        let base = slug(name);
        let mut candidate = base.clone();
        let mut number = 1;
        while !self.is_free(t, collection, &candidate)? {
            number += 1;
            candidate =
                if number <= 20 { format!("{base}-{number}") } else { t.id::<EntityId>().to_string() };
        }
        self.taken.insert((collection.to_owned(), candidate.clone()));
        Ok(candidate)
    }

    fn is_free(&self, t: &mut Tenant<'_, '_>, collection: &str, slug: &str) -> Result<bool> {
        let pair = (collection.to_owned(), slug.to_owned());
        if self.taken.contains(&pair) || self.asked.contains(&pair) {
            return Ok(!self.taken.contains(&pair));
        }
        let project = t.project();
        let taken = t.query_opt(
            "SELECT 1 FROM entities WHERE project_id = $1 AND collection = $2 AND removed_at IS NULL AND slug = $3",
            args![project, collection, slug],
            |_| Ok(()),
        )?;
        Ok(taken.is_none())
    }
}
