//! The audit log: who did what to whom, in the transaction that did it.

use kernel::{AuditId, PageRequest, PersonId, ProjectId, Result};
use wire::people::{AuditAbout, AuditEntry};

use crate::db::{Tx, args};
use crate::events::Listed;
use crate::scope::Tenant;

/// Writes a row. `details` must hold no secret.
///
/// # Errors
/// When the database fails.
pub fn write(
    tx: &mut Tx<'_>,
    project: Option<ProjectId>,
    person: Option<PersonId>,
    action: &str,
    target: &str,
    details: &serde_json::Value,
) -> Result<()> {
    let id: AuditId = tx.id();
    tx.execute(
        "INSERT INTO audit (id, project_id, person_id, action, target, details, at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![id, project, person, action, target, details.to_string(), tx.now()],
    )?;
    Ok(())
}

/// Which rows are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only what concerns that.
    pub about: Option<AuditAbout>,
    /// Only what that person did.
    pub person: Option<PersonId>,
}

/// The project's log, newest first.
///
/// # Errors
/// When the database fails.
pub fn list(t: &mut Tenant<'_, '_>, filter: Filter, page: &PageRequest) -> Result<Listed<AuditEntry>> {
    let project = t.project();
    of(t, Some(project), filter, page)
}

/// The log of what belongs to no project (sign-ins, keys, secrets), newest first. For who administers the server.
///
/// # Errors
/// When the database fails.
pub fn of_server(tx: &mut Tx<'_>, page: &PageRequest) -> Result<Listed<AuditEntry>> {
    of(tx, None, Filter::default(), page)
}

fn of(
    tx: &mut Tx<'_>,
    project: Option<ProjectId>,
    Filter { about, person }: Filter,
    page: &PageRequest,
) -> Result<Listed<AuditEntry>> {
    let (key, id) = page.after.as_ref().map_or((i64::MAX, "~"), |cursor| (cursor.key, cursor.id.as_str()));
    let whose = if project.is_some() {
        "audit.project_id = $1"
    } else {
        "audit.project_id IS NULL AND CAST($1 AS TEXT) IS NULL"
    };
    let what = match about {
        Some(AuditAbout::Fleet) => {
            " AND (audit.action LIKE 'fleet.%' OR audit.action LIKE 'runner.%' OR audit.action LIKE 'command.%')"
        }
        None => "",
    };
    let whose = format!("{whose} AND (CAST($2 AS TEXT) IS NULL OR audit.person_id = $2){what}");
    let total =
        tx.query_one(&format!("SELECT COUNT(*) FROM audit WHERE {whose}"), args![project, person], |row| {
            row.get(0)
        })?;
    let rows = tx.query(
        &format!(
            "SELECT audit.id, audit.at, audit.person_id, people.name, audit.action, audit.target, audit.details
             FROM audit LEFT JOIN people ON people.id = audit.person_id
             WHERE {whose} AND (audit.at < $3 OR (audit.at = $3 AND audit.id < $4))
             ORDER BY audit.at DESC, audit.id DESC LIMIT $5"
        ),
        args![project, person, key, id, i64::from(page.limit) + 1],
        |row| {
            Ok(AuditEntry {
                id: row.id(0)?,
                at: row.get(1)?,
                person_id: row.opt_id(2)?,
                person_name: row.get(3)?,
                action: row.get(4)?,
                target: row.get(5)?,
                details: row.json(6)?,
            })
        },
    )?;
    Ok(Listed::of(rows, total, page, |entry| (entry.at.0, entry.id.to_string())))
}
