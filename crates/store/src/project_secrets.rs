//! Secrets of projects, by name. They come and go sealed.

use kernel::Result;

use crate::db::{Tx, args};
use crate::scope::Tenant;

/// A secret of the project, sealed.
///
/// # Errors
/// When the database fails.
pub fn get(t: &mut Tenant<'_, '_>, name: &str) -> Result<Option<String>> {
    let project = t.project();
    Ok(t.query_opt(
        "SELECT value FROM project_secrets WHERE project_id = $1 AND name = $2",
        args![project, name],
        |row| row.get(0),
    )?)
}

/// The names of the project's secrets.
///
/// # Errors
/// When the database fails.
pub fn names(t: &mut Tenant<'_, '_>) -> Result<Vec<String>> {
    let project = t.project();
    Ok(t.query(
        "SELECT name FROM project_secrets WHERE project_id = $1 ORDER BY name",
        args![project],
        |row| row.get(0),
    )?)
}

/// Keeps a sealed secret, or forgets the one of that name.
///
/// # Errors
/// When the database fails.
pub fn set(t: &mut Tenant<'_, '_>, name: &str, value: Option<&str>) -> Result<()> {
    let (project, actor, now) = (t.project(), t.scope().actor(), t.now());
    match value {
        None => t.execute("DELETE FROM project_secrets WHERE project_id = $1 AND name = $2", args![project, name])?,
        Some(value) => t.execute(
            "INSERT INTO project_secrets (project_id, name, value, updated_at, updated_by) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (project_id, name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at,
               updated_by = excluded.updated_by",
            args![project, name, value, now, actor],
        )?,
    };
    Ok(())
}

/// All sealed secrets of all projects: project, name, value. For sealing them anew.
///
/// # Errors
/// When the database fails.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<(String, String, String)>> {
    let sql = "SELECT project_id, name, value FROM project_secrets ORDER BY project_id, name";
    Ok(tx.query(sql, args![], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}

/// Puts a newly sealed value in the place of another.
///
/// # Errors
/// When the database fails.
pub fn reseal(tx: &mut Tx<'_>, project: &str, name: &str, value: &str) -> Result<()> {
    tx.execute(
        "UPDATE project_secrets SET value = $3 WHERE project_id = $1 AND name = $2",
        args![project, name, value],
    )?;
    Ok(())
}
