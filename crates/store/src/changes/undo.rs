//! Taking a change back, as a change of its own.

use kernel::{ChangeId, Code, EntityId, Error, Result};
use serde_json::json;

use super::write::{finish, write_all};
use super::{Applied, Patch, Write, begin, tell, tell_related};
use crate::db::args;
use crate::facts;
use crate::scope::Tenant;

/// Takes a change back, as a change of its own, which can itself be taken back. What it made goes to the bin, what it
/// changed is as before, what it ended holds again.
///
/// # Errors
/// `NOT_FOUND`; `ALREADY_DECIDED` when it was taken back before; `CONFLICT`, naming the records, when one of them is
/// no longer as the change left it.
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
    let touched = touched(t, undone)?;
    let moved: Vec<&str> = touched.iter().filter(|at| !at.as_left).map(|at| at.name.as_str()).collect();
    if !moved.is_empty() {
        return Err(conflict(&moved));
    }
    let mut writes = Vec::with_capacity(touched.len());
    for at in &touched {
        writes.push(match at.action.as_str() {
            "created" | "restored" => Write::Remove(at.id),
            "removed" => Write::Restore(at.id),
            _ => back_to(t, at.id, at.version - 1)?,
        });
    }
    let written = write_all(t, &writes)?;
    finish(t, change, &written)?;
    let facts = facts::undo(t, change, undone)?.map_err(|names| conflict(&names))?;
    tell(t, change, &written)?;
    tell_related(t, change, &written)?;
    Ok(Applied { change, records: written.into_iter().map(|w| w.record).collect(), facts })
}

/// An entity as a change left it.
struct Left {
    id: EntityId,
    version: i64,
    action: String,
    name: String,
    /// Whether it still is what the change made of it. Changes that were taken back since do not count.
    as_left: bool,
}

fn touched(t: &mut Tenant<'_, '_>, change: ChangeId) -> Result<Vec<Left>> {
    let project = t.project();
    Ok(t.query(
        "SELECT v.entity_id, v.version, v.action, e.name,
           CASE WHEN v.name = e.name AND v.description = e.description AND v.metadata = e.metadata
             AND COALESCE(v.body, '') = COALESCE(e.body, '') AND v.position = e.position
             AND (v.action = 'removed') = (e.removed_at IS NOT NULL) THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END
         FROM entity_versions v JOIN entities e ON e.id = v.entity_id
         WHERE v.project_id = $1 AND v.change_id = $2 ORDER BY v.entity_id",
        args![project, change],
        |row| {
            Ok(Left {
                id: row.id(0)?,
                version: row.get(1)?,
                action: row.get(2)?,
                name: row.get(3)?,
                as_left: row.get(4)?,
            })
        },
    )?)
}

fn conflict(names: &[impl AsRef<str>]) -> Error {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let message = format!("Changed since, so it was not taken back: {}. Nothing was done.", names.join(", "));
    Error::new(Code::Conflict, message).with_details(json!({ "records": names }))
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
                body: Some(row.get::<Option<String>>(3)?.unwrap_or_default()),
                position: Some(row.get(4)?),
                origin: Some(row.tag(5)?),
            })
        },
    )?;
    let patch = patch.ok_or_else(|| Error::not_found("version"))?;
    Ok(Write::Change { id, expected: None, patch })
}
