//! The rows of a change: entities, their versions and their passages.

use std::collections::HashMap;

use kernel::{ChangeId, Code, EntityId, Error, Result, Timestamp};
use serde_json::{Value, json};
use wire::records::{Metadata, Record};

use super::slugs::Slugs;
use super::{New, POSITION_STEP, Patch, Write};
use crate::db::{Arg, args};
use crate::entities;
use crate::passages;
use crate::scope::Tenant;
use crate::slug::{name_key, slug};

/// What was done to an entity, as its history names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Created,
    Changed,
    Removed,
    Restored,
}

impl Action {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Restored => "restored",
        }
    }
}

pub(super) struct Written {
    pub(super) record: Record,
    pub(super) action: Action,
    /// The fields that differ.
    pub(super) fields: Vec<&'static str>,
}

pub(super) fn write_all(t: &mut Tenant<'_, '_>, writes: &[Write]) -> Result<Vec<Written>> {
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
        // One query for each of the two indexes, live and removed: without `removed_at` neither serves, and every new
        // record would read all of the project.
        "SELECT COALESCE(MAX(position), 0) FROM (
           SELECT MAX(position) AS position FROM entities
           WHERE project_id = $1 AND collection = $2 AND removed_at IS NULL
           UNION ALL
           SELECT MAX(position) FROM entities
           WHERE project_id = $1 AND collection = $2 AND removed_at IS NOT NULL
         ) AS ends",
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
    if let Some(body) = &patch.body {
        after.body = Some(body.clone()).filter(|body| !body.is_empty());
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
pub(super) fn finish(t: &mut Tenant<'_, '_>, change: ChangeId, written: &[Written]) -> Result<()> {
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
