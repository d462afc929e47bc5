//! The steps that runners do or are to do in a project, in the order in which they will be done.

use kernel::{PersonId, Result, RunId, StepId, Timestamp};
use wire::runs::{Priority, Reason, StepState};

use crate::db::args;
use crate::scope::Tenant;

/// A step that has not ended, of a queue that is done in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Standing {
    pub run: RunId,
    pub step: StepId,
    pub title: String,
    pub name: String,
    pub queue: String,
    pub by: Option<PersonId>,
    pub by_name: Option<String>,
    pub state: StepState,
    pub reason: Option<Reason>,
    pub priority: Priority,
    /// Who has it.
    pub worker: Option<String>,
    pub created_at: Timestamp,
}

/// The project's steps of a turn that have not ended, `limit` at most: those that are done, those that are ready in the order
/// of their turns, then the others.
///
/// # Errors
/// When the database fails.
pub fn standing(t: &mut Tenant<'_, '_>, turn: &str, limit: u32) -> Result<Vec<Standing>> {
    let (project, prefix) = (t.project(), format!("{turn}#"));
    Ok(t.query(
        "SELECT runs.id, steps.id, runs.title, steps.name, steps.queue, runs.created_by, people.name, steps.state, steps.reason,
           steps.priority, steps.worker, runs.created_at
         FROM runs JOIN steps ON steps.run_id = runs.id LEFT JOIN people ON people.id = runs.created_by
         WHERE runs.project_id = $1 AND runs.ended_at IS NULL AND SUBSTR(steps.queue, 1, LENGTH($2)) = $2
           AND steps.state IN ('queued', 'leased', 'running')
         ORDER BY CASE WHEN steps.worker IS NOT NULL THEN 0 WHEN steps.rank IS NOT NULL THEN 1 ELSE 2 END,
           steps.rank, CASE WHEN steps.rank IS NULL THEN runs.created_at END, steps.id LIMIT $3",
        args![project, prefix, limit],
        |row| {
            Ok(Standing {
                run: row.id(0)?,
                step: row.id(1)?,
                title: row.get(2)?,
                name: row.get(3)?,
                queue: row.get(4)?,
                by: row.opt_id(5)?,
                by_name: row.get(6)?,
                state: row.tag(7)?,
                reason: row.opt_json(8)?,
                priority: row.tag(9)?,
                worker: row.get(10)?,
                created_at: row.get(11)?,
            })
        },
    )?)
}
