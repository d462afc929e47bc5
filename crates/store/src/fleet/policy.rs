//! Who may tell the fleet what in a project, and how much it may take.

use kernel::{Error, Result};
use serde_json::json;
use wire::fleet::FleetPolicy;

use crate::audit;
use crate::db::args;
use crate::scope::Tenant;

/// The project's policy.
///
/// # Errors
/// When the database fails.
pub fn get(t: &mut Tenant<'_, '_>) -> Result<FleetPolicy> {
    let project = t.project();
    let found =
        t.query_opt("SELECT policy FROM fleet_policies WHERE project_id = $1", args![project], |row| {
            row.json(0)
        })?;
    Ok(found.unwrap_or_default())
}

/// Sets the project's policy, and says in the audit log what it was before.
///
/// # Errors
/// When the database fails.
pub fn set(t: &mut Tenant<'_, '_>, policy: &FleetPolicy) -> Result<()> {
    t.one_at_a_time()?;
    let (project, actor, now, before) = (t.project(), t.scope().actor(), t.now(), get(t)?);
    let text = serde_json::to_string(policy).map_err(Error::internal)?;
    t.execute(
        "INSERT INTO fleet_policies (project_id, policy, set_at, set_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (project_id) DO UPDATE SET policy = excluded.policy, set_at = excluded.set_at, set_by = excluded.set_by",
        args![project, text, now, actor],
    )?;
    let details = json!({ "before": before, "after": policy });
    audit::write(t, Some(project), actor, "fleet.policy_set", &project.to_string(), &details)
}
