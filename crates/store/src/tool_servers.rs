//! Servers of others whose tools a project's agents may use.

use kernel::{Code, Error, Result, Timestamp};

use crate::db::args;
use crate::scope::Tenant;

/// The most servers of a project.
const MOST: i64 = 20;

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Row {
    pub name: String,
    pub url: Option<String>,
    pub command: Option<String>,
    pub trusted: Vec<String>,
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "name, url, command, trusted, updated_at";

/// The project's servers, by name.
///
/// # Errors
/// When the database fails.
pub fn list(t: &mut Tenant<'_, '_>) -> Result<Vec<Row>> {
    let project = t.project();
    let sql = format!("SELECT {COLUMNS} FROM tool_servers WHERE project_id = $1 ORDER BY name");
    Ok(t.query(&sql, args![project], row)?)
}

/// The server of that name.
///
/// # Errors
/// `NOT_FOUND` when the project has none.
pub fn get(t: &mut Tenant<'_, '_>, name: &str) -> Result<Row> {
    let project = t.project();
    let sql = format!("SELECT {COLUMNS} FROM tool_servers WHERE project_id = $1 AND name = $2");
    t.query_opt(&sql, args![project, name], row)?.ok_or_else(|| Error::not_found("tool server"))
}

fn row(row: &crate::db::Row<'_>) -> Result<Row, crate::db::DbError> {
    Ok(Row {
        name: row.get(0)?,
        url: row.get(1)?,
        command: row.get(2)?,
        trusted: row.json(3)?,
        updated_at: row.get(4)?,
    })
}

/// Names a server, or puts it in the place of the one of that name.
///
/// # Errors
/// `CONFLICT` when the project has as many as it may.
pub fn put(t: &mut Tenant<'_, '_>, new: &Row) -> Result<()> {
    t.one_at_a_time()?;
    let (project, actor) = (t.project(), t.scope().actor());
    let others: i64 = t.query_one(
        "SELECT COUNT(*) FROM tool_servers WHERE project_id = $1 AND name <> $2",
        args![project, &new.name],
        |row| row.get(0),
    )?;
    if others >= MOST {
        let full =
            format!("A project has at most {MOST} tool servers. Remove one that is not needed any more.");
        return Err(Error::new(Code::Conflict, full));
    }
    let trusted = serde_json::to_string(&new.trusted).map_err(Error::internal)?;
    t.execute(
        "INSERT INTO tool_servers (project_id, name, url, command, trusted, updated_at, updated_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (project_id, name) DO UPDATE SET url = excluded.url, command = excluded.command,
           trusted = excluded.trusted, updated_at = excluded.updated_at, updated_by = excluded.updated_by",
        args![project, &new.name, new.url.as_deref(), new.command.as_deref(), trusted, new.updated_at, actor],
    )?;
    Ok(())
}

/// Forgets the server of that name.
///
/// # Errors
/// `NOT_FOUND` when the project has none.
pub fn remove(t: &mut Tenant<'_, '_>, name: &str) -> Result<()> {
    let project = t.project();
    match t.execute("DELETE FROM tool_servers WHERE project_id = $1 AND name = $2", args![project, name])? {
        0 => Err(Error::not_found("tool server")),
        _ => Ok(()),
    }
}
