//! What the fleet did on each day: sums that stay when runs go, so that no report counts tasks one by one.

use std::collections::HashMap;

use kernel::{Error, PersonId, ProjectId, Result, RunnerId, Timestamp};
use wire::fleet::{End, Outcome};

use crate::db::{Tx, args};
use crate::executions::Lease;
use crate::scope::Tenant;
use crate::usage::DAY_MS;

/// The number of the day of universal time on which a moment is.
fn day(at: Timestamp) -> i64 {
    at.0.div_euclid(DAY_MS)
}

/// What an execution belongs to.
struct Whose {
    project: ProjectId,
    runner: Option<RunnerId>,
    runner_name: String,
    person: Option<PersonId>,
    /// What the step was given: JSON.
    input: String,
}

/// Adds an execution that has ended now to its day.
pub(crate) fn add(tx: &mut Tx<'_>, lease: Lease, outcome: &Outcome) -> Result<()> {
    let whose = tx.query_opt(
        "SELECT executions.project_id, executions.runner_id, executions.runner_name, runs.created_by, steps.input
         FROM executions JOIN steps ON steps.id = executions.step_id JOIN runs ON runs.id = steps.run_id
         WHERE executions.step_id = $1 AND executions.fence = $2",
        args![lease.step, lease.fence],
        |row| {
            Ok(Whose {
                project: row.id(0)?,
                runner: row.opt_id(1)?,
                runner_name: row.get(2)?,
                person: row.opt_id(3)?,
                input: row.get(4)?,
            })
        },
    )?;
    let Some(whose) = whose else { return Ok(()) };
    let id = |id: Option<String>| id.unwrap_or_default();
    let used = outcome.used.unwrap_or_default();
    // What a runner says has no bound of its own; a sum of it is to stay a number of the database.
    let bounded = |number: u64| i64::try_from(number).unwrap_or(i64::MAX).min(MOST);
    tx.execute(
        "INSERT INTO fleet_days (project_id, day, runner_id, agent, person_id, runner_name, tasks, complete, failed, ran_ms,
           input_tokens, output_tokens, cost_micros)
         VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (project_id, day, runner_id, agent, person_id) DO UPDATE SET runner_name = excluded.runner_name,
           tasks = fleet_days.tasks + 1, complete = fleet_days.complete + excluded.complete,
           failed = fleet_days.failed + excluded.failed, ran_ms = fleet_days.ran_ms + excluded.ran_ms,
           input_tokens = fleet_days.input_tokens + excluded.input_tokens,
           output_tokens = fleet_days.output_tokens + excluded.output_tokens,
           cost_micros = fleet_days.cost_micros + excluded.cost_micros",
        args![
            whose.project,
            day(tx.now()),
            id(whose.runner.map(|id| id.to_string())),
            agent(&whose.input)?,
            id(whose.person.map(|id| id.to_string())),
            whose.runner_name,
            outcome.end == End::Complete,
            is_failure(outcome.end),
            bounded(outcome.duration_ms),
            bounded(used.input_tokens),
            bounded(used.output_tokens),
            bounded(used.cost_micros),
        ],
    )?;
    Ok(())
}

/// The most that one execution adds to a sum: a million of them still fit.
const MOST: i64 = 1_000_000_000_000;

/// Whether an end is a bad one. That it would not, or should not, is none.
fn is_failure(end: End) -> bool {
    match end {
        End::Failed | End::Timeout | End::Memory | End::Budget | End::Broken | End::Lost => true,
        End::Complete | End::Refused | End::Cancelled => false,
    }
}

/// The agent that an order is for; empty if it is a command.
fn agent(input: &str) -> Result<String> {
    let order: serde_json::Value = serde_json::from_str(input).map_err(Error::internal)?;
    Ok(order["engine"]["name"].as_str().unwrap_or_default().to_owned())
}

/// What a runner did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Did {
    pub tasks: i64,
    pub complete: i64,
    pub failed: i64,
    pub ran_ms: i64,
}

/// What each runner did in the project in the last days of universal time, `days` of them with today.
///
/// # Errors
/// When the database fails.
pub fn of_runners(t: &mut Tenant<'_, '_>, days: u32) -> Result<HashMap<RunnerId, Did>> {
    let (project, since) = (t.project(), day(t.now()) - i64::from(days) + 1);
    let did = t.query(
        "SELECT runner_id, CAST(SUM(tasks) AS BIGINT), CAST(SUM(complete) AS BIGINT), CAST(SUM(failed) AS BIGINT),
           CAST(SUM(ran_ms) AS BIGINT)
         FROM fleet_days WHERE project_id = $1 AND day >= $2 AND runner_id <> '' GROUP BY runner_id",
        args![project, since],
        |row| {
            let did =
                Did { tasks: row.get(1)?, complete: row.get(2)?, failed: row.get(3)?, ran_ms: row.get(4)? };
            Ok((row.id(0)?, did))
        },
    )?;
    Ok(did.into_iter().collect())
}
