//! Projects: the units of tenancy.

use kernel::{Error, EventKind, PageRequest, PersonId, ProjectId, Result, Role};
use serde_json::json;
use wire::projects::{Project, ProjectMetadata, ProjectStats, ProjectStatus, ProjectType, UpdateProject};

use crate::audit;
use crate::db::{DbError, Row, Tx, args};
use crate::events::{Listed, emit};
use crate::scope::{Scope, Tenant};
use crate::slug::slug;

const COLUMNS: &str =
    "projects.id, projects.name, projects.slug, projects.type, projects.status, projects.metadata,
  projects.created_at, projects.updated_at, members.role";

fn read(row: &Row<'_>) -> Result<Project, DbError> {
    Ok(Project {
        id: row.id(0)?,
        name: row.get(1)?,
        slug: row.get(2)?,
        r#type: row.tag(3)?,
        status: row.tag(4)?,
        metadata: row.json(5)?,
        stats: ProjectStats::default(),
        role: row.named(8)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
    })
}

/// Makes a project, whose maker owns it.
///
/// # Errors
/// When the database fails.
pub fn create(tx: &mut Tx<'_>, person: PersonId, name: &str, kind: ProjectType) -> Result<Project> {
    let (id, now): (ProjectId, _) = (tx.id(), tx.now());
    tx.execute(
        "INSERT INTO projects (id, name, slug, type, status, metadata, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        args![id, name, &slug(name), kind.as_str(), ProjectStatus::Active.as_str(), "{}", now],
    )?;
    tx.execute(
        "INSERT INTO members (project_id, person_id, role, joined_at) VALUES ($1, $2, $3, $4)",
        args![id, person, Role::Owner, now],
    )?;
    audit::write(tx, Some(id), Some(person), "project.created", &id.to_string(), &json!({ "name": name }))?;
    let scope = Scope::admit(tx, person, id, Role::Owner)?;
    get(&mut Tenant::new(tx, scope))
}

/// The project of the scope, as its actor sees it.
///
/// # Errors
/// `NOT_FOUND` when it is gone.
pub fn get(t: &mut Tenant<'_, '_>) -> Result<Project> {
    let (project, actor) = (t.project(), t.scope().actor());
    let found = t.query_opt(
        &format!(
            "SELECT {COLUMNS} FROM projects
             JOIN members ON members.project_id = projects.id AND members.person_id = $2 WHERE projects.id = $1"
        ),
        args![project, actor],
        read,
    )?;
    let mut found = found.ok_or_else(|| Error::not_found("project"))?;
    found.stats = stats(t)?;
    Ok(found)
}

/// The name of the project of the scope.
///
/// # Errors
/// `NOT_FOUND` when it is gone.
pub fn name(t: &mut Tenant<'_, '_>) -> Result<String> {
    let project = t.project();
    t.query_opt("SELECT name FROM projects WHERE id = $1", args![project], |row| row.get(0))?
        .ok_or_else(|| Error::not_found("project"))
}

/// What is made in the project of the scope.
///
/// # Errors
/// `NOT_FOUND` when it is gone.
pub fn kind(t: &mut Tenant<'_, '_>) -> Result<ProjectType> {
    let project = t.project();
    t.query_opt("SELECT type FROM projects WHERE id = $1", args![project], |row| row.tag(0))?
        .ok_or_else(|| Error::not_found("project"))
}

fn count(stats: &mut ProjectStats, collection: &str, n: i64) {
    match collection {
        "episodes" => stats.episodes = n,
        "characters" => stats.characters = n,
        "scenes" => stats.scenes = n,
        "locations" => stats.locations = n,
        "concepts" => stats.concepts = n,
        _ => {}
    }
}

/// How many records the project has.
///
/// # Errors
/// When the database fails.
pub fn stats(t: &mut Tenant<'_, '_>) -> Result<ProjectStats> {
    let (project, mut stats) = (t.project(), ProjectStats::default());
    let counts =
        t.query("SELECT collection, live FROM counts WHERE project_id = $1", args![project], |row| {
            Ok((row.get::<String>(0)?, row.get::<i64>(1)?))
        })?;
    counts.iter().for_each(|(collection, n)| count(&mut stats, collection, *n));
    Ok(stats)
}

/// The projects that a person is in, the newest first.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut Tx<'_>, person: PersonId, page: &PageRequest) -> Result<Listed<Project>> {
    let (key, id) = page.after.as_ref().map_or((i64::MAX, "~"), |cursor| (cursor.key, cursor.id.as_str()));
    let total =
        tx.query_one("SELECT COUNT(*) FROM members WHERE person_id = $1", args![person], |row| row.get(0))?;
    let mut rows = tx.query(
        &format!(
            "SELECT {COLUMNS} FROM members JOIN projects ON projects.id = members.project_id
             WHERE members.person_id = $1
               AND (projects.created_at < $2 OR (projects.created_at = $2 AND projects.id < $3))
             ORDER BY projects.created_at DESC, projects.id DESC LIMIT $4"
        ),
        args![person, key, id, i64::from(page.limit) + 1],
        read,
    )?;
    let counts = tx.query(
        "SELECT counts.project_id, counts.collection, counts.live FROM members
         JOIN counts ON counts.project_id = members.project_id WHERE members.person_id = $1",
        args![person],
        |row| Ok((row.id::<ProjectId>(0)?, row.get::<String>(1)?, row.get::<i64>(2)?)),
    )?;
    for (project, collection, n) in &counts {
        if let Some(row) = rows.iter_mut().find(|row| row.id == *project) {
            count(&mut row.stats, collection, *n);
        }
    }
    Ok(Listed::of(rows, total, page, |row| (row.created_at.0, row.id.to_string())))
}

/// Changes the project; what is absent stays.
///
/// # Errors
/// `NOT_FOUND` when it is gone.
pub fn update(t: &mut Tenant<'_, '_>, change: &UpdateProject) -> Result<Project> {
    let (project, now, before) = (t.project(), t.now(), get(t)?);
    let name = change.name.as_deref().unwrap_or(&before.name);
    let metadata: &ProjectMetadata = change.metadata.as_ref().unwrap_or(&before.metadata);
    let metadata = serde_json::to_string(metadata).map_err(Error::internal)?;
    t.execute(
        "UPDATE projects SET name = $2, slug = $3, status = $4, metadata = $5, updated_at = $6 WHERE id = $1",
        args![project, name, &slug(name), change.status.unwrap_or(before.status).as_str(), &metadata, now],
    )?;
    emit(t, &[(EventKind::ProjectUpdated, json!({}))])?;
    get(t)
}

/// Removes the project and all that is in it.
///
/// # Errors
/// When the database fails.
pub fn remove(t: &mut Tenant<'_, '_>) -> Result<()> {
    let (project, actor, before) = (t.project(), t.scope().actor(), get(t)?);
    t.execute("DELETE FROM projects WHERE id = $1", args![project])?;
    // The project's own log went with it; that it was removed, and by whom, stays.
    audit::write(t, None, actor, "project.removed", &project.to_string(), &json!({ "name": before.name }))
}
