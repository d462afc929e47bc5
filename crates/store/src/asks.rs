//! What coding agents on runners ask people: each is asked once, and answered once.

use kernel::{Code, Error, EventKind, PersonId, ProjectId, Result, RunnerId, StepId, Timestamp};
use serde_json::json;
use wire::fleet::{AgentAsk, AgentAskOption};
use wire::runner::Ask;

use crate::db::{DbError, Row, Tx, args};
use crate::events::emit;
use crate::executions::Lease;
use crate::scope::{Scope, Tenant};

/// Asks that are listed at once, the oldest of those that are open, the newest of a run.
const LISTED: i64 = 200;
/// The most asks of a lease.
pub const OF_A_LEASE: usize = 500;

/// Whether an ask's task goes on: the step has the lease, and its runner has not said how it ended.
const LIVE: &str = "steps.fence = asks.fence AND steps.worker IS NOT NULL AND executions.ended_at IS NULL";
/// An ask with what it belongs to.
const FROM: &str =
    "asks JOIN executions ON executions.step_id = asks.step_id AND executions.fence = asks.fence
    JOIN steps ON steps.id = asks.step_id LEFT JOIN people ON people.id = asks.answered_by";

/// An answer. Without an option, there is none any more.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Answered {
    pub ask: u32,
    pub option: Option<String>,
}

/// Keeps what a runner asks, and tells the project of it; gives its answer, if it has one. What is there already stays as it is.
///
/// # Errors
/// `CONFLICT` when the task does not go on; `VALIDATION_ERROR` when it has asked too much.
pub fn ask(tx: &mut Tx<'_>, ask: &Ask) -> Result<Option<Answered>> {
    let (now, step, fence) = (tx.now(), ask.task.step_id, ask.task.fence);
    let asked = tx.query_opt(
        "SELECT answered_at, answer FROM asks WHERE step_id = $1 AND fence = $2 AND ask_id = $3",
        args![step, fence, i64::from(ask.ask_id)],
        |row| Ok((row.get::<Option<Timestamp>>(0)?, row.get(1)?)),
    )?;
    if let Some((at, option)) = asked {
        return Ok(at.map(|_| Answered { ask: ask.ask_id, option }));
    }
    let others: i64 = tx.query_one(
        "SELECT COUNT(*) FROM asks WHERE step_id = $1 AND fence = $2",
        args![step, fence],
        |row| row.get(0),
    )?;
    if others >= OF_A_LEASE as i64 {
        return Err(Error::field("askId", format!("there may be {OF_A_LEASE} asks of a task")));
    }
    let about = tx.query_opt(
        "SELECT steps.project_id, runs.title FROM executions
         JOIN steps ON steps.id = executions.step_id JOIN runs ON runs.id = steps.run_id
         WHERE executions.step_id = $1 AND executions.fence = $2 AND steps.run_id = $3
           AND steps.fence = $2 AND steps.worker IS NOT NULL AND executions.ended_at IS NULL",
        args![step, fence, ask.task.task_id],
        |row| Ok((row.id::<ProjectId>(0)?, row.get::<String>(1)?)),
    )?;
    let (project, run_title) = about.ok_or_else(over)?;
    let options = serde_json::to_string(&ask.options).map_err(Error::internal)?;
    let new = tx.execute(
        "INSERT INTO asks (step_id, fence, ask_id, project_id, title, detail, options, asked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (step_id, fence, ask_id) DO NOTHING",
        args![step, fence, i64::from(ask.ask_id), project, &ask.title, &ask.detail, options, now],
    )?;
    if new > 0 {
        let told = json!({
            "level": "warning",
            "title": format!("“{run_title}” asks for permission"),
            "message": ask.title,
            "action": { "label": "Answer", "url": link(project, ask) },
            "least": "editor",
        });
        emit(&mut Tenant::new(tx, Scope::server(project)), &[(EventKind::Notification, told)])?;
    }
    Ok(None)
}

fn link(project: ProjectId, ask: &Ask) -> String {
    format!("/projects/{project}/runs/{}?step={}", ask.task.task_id, ask.task.step_id)
}

fn over() -> Error {
    Error::new(Code::Conflict, "The task that asked this is over. Nothing was done.")
}

/// Answers an ask, once, and tells the project of it; gives the runner that waits for it.
///
/// # Errors
/// `NOT_FOUND` when it is not in this project, `ALREADY_DECIDED` when someone was faster, `CONFLICT` when its task is over,
/// `VALIDATION_ERROR` when it has no such option.
pub fn answer(
    t: &mut Tenant<'_, '_>,
    lease: Lease,
    ask: u32,
    option: Option<&str>,
) -> Result<Option<RunnerId>> {
    let (project, actor, now) = (t.project(), t.scope().actor(), t.now());
    let (asked, runner) = find(t, lease, ask)?.ok_or_else(|| Error::not_found("ask"))?;
    if asked.answered_at.is_some() {
        return Err(decided(&asked));
    }
    if asked.withdrawn_at.is_some() {
        return Err(withdrawn());
    }
    if !asked.open {
        return Err(over());
    }
    let chosen = match option {
        Some(id) => {
            let found = asked.options.iter().find(|option| option.id == id);
            let wrong = || Error::field("option", "must be one of those that it asks for");
            found.ok_or_else(wrong)?.name.as_str()
        }
        None => "no answer",
    };
    let claimed = t.execute(
        "UPDATE asks SET answered_at = $4, answered_by = $5, answer = $6
         WHERE step_id = $1 AND fence = $2 AND ask_id = $3 AND answered_at IS NULL AND withdrawn_at IS NULL",
        args![lease.step, lease.fence, i64::from(ask), now, actor, option],
    )?;
    if claimed == 0 {
        let asked = find(t, lease, ask)?.ok_or_else(|| Error::not_found("ask"))?.0;
        return Err(if asked.withdrawn_at.is_some() { withdrawn() } else { decided(&asked) });
    }
    let url = format!("/projects/{project}/runs/{}?step={}", lease.run, lease.step);
    let told = json!({
        "level": "info",
        "title": format!("“{}” was answered", asked.title),
        "message": chosen,
        "action": { "label": "Open", "url": url },
        "least": "editor",
    });
    emit(t, &[(EventKind::Notification, told)])?;
    Ok(runner)
}

/// Notes that an agent asks something no more, and tells the project of it, unless it was answered.
///
/// # Errors
/// When the database fails.
pub fn withdraw(t: &mut Tenant<'_, '_>, lease: Lease, ask: u32) -> Result<()> {
    let (project, now) = (t.project(), t.now());
    let title = t.query_opt(
        "UPDATE asks SET withdrawn_at = $5 WHERE step_id = $1 AND fence = $2 AND ask_id = $3 AND project_id = $4
           AND answered_at IS NULL AND withdrawn_at IS NULL RETURNING title",
        args![lease.step, lease.fence, i64::from(ask), project, now],
        |row| row.get::<String>(0),
    )?;
    let Some(title) = title else { return Ok(()) };
    let told = json!({
        "level": "info",
        "title": format!("“{title}” is not asked any more"),
        "message": "The agent has withdrawn it.",
        "action": { "label": "Open", "url": format!("/projects/{project}/runs/{}?step={}", lease.run, lease.step) },
        "least": "editor",
    });
    emit(t, &[(EventKind::Notification, told)])?;
    Ok(())
}

fn withdrawn() -> Error {
    Error::new(Code::Conflict, "The agent has withdrawn this. Nothing was done.")
}

fn decided(asked: &AgentAsk) -> Error {
    let details =
        json!({ "answer": asked.answer, "decidedBy": asked.answered_by, "decidedAt": asked.answered_at });
    let by = asked.answered_by_name.as_deref().unwrap_or("someone");
    let told = format!("This was answered before, by {by}. Nothing more was done.");
    Error::new(Code::AlreadyDecided, told).with_details(details)
}

/// The answers that a lease has got.
///
/// # Errors
/// When the database fails.
pub fn answers(tx: &mut Tx<'_>, step: StepId, fence: i64) -> Result<Vec<Answered>> {
    Ok(tx.query(
        "SELECT ask_id, answer FROM asks WHERE step_id = $1 AND fence = $2 AND answered_at IS NOT NULL
         ORDER BY ask_id",
        args![step, fence],
        |row| Ok(Answered { ask: number(row, 0)?, option: row.get(1)? }),
    )?)
}

/// What a run's agents asked, the latest last: at most 200.
///
/// # Errors
/// `NOT_FOUND` when the run is not in this project.
pub fn of_run(t: &mut Tenant<'_, '_>, run: kernel::RunId) -> Result<Vec<AgentAsk>> {
    crate::runs::get(t, run)?;
    let sql = format!(
        "SELECT {} FROM {FROM} WHERE steps.run_id = $1
         ORDER BY asks.asked_at DESC, asks.step_id DESC, asks.fence DESC, asks.ask_id DESC LIMIT $2",
        columns()
    );
    let mut found = t.query(&sql, args![run, LISTED], read)?;
    found.reverse();
    Ok(found)
}

/// What is asked in the project and has no answer, the oldest first: at most 200.
///
/// # Errors
/// When the database fails.
pub fn of_project(t: &mut Tenant<'_, '_>) -> Result<Vec<AgentAsk>> {
    let project = t.project();
    let sql = format!(
        "SELECT {} FROM {FROM} WHERE asks.project_id = $1 AND asks.answered_at IS NULL AND asks.withdrawn_at IS NULL AND {LIVE}
         ORDER BY asks.asked_at, asks.step_id, asks.fence, asks.ask_id LIMIT $2",
        columns()
    );
    Ok(t.query(&sql, args![project, LISTED], read)?)
}

fn find(t: &mut Tenant<'_, '_>, lease: Lease, ask: u32) -> Result<Option<(AgentAsk, Option<RunnerId>)>> {
    let sql = format!(
        "SELECT {}, executions.runner_id FROM {FROM} WHERE asks.step_id = $1 AND asks.fence = $2 AND asks.ask_id = $3
           AND asks.project_id = $4 AND steps.run_id = $5",
        columns()
    );
    let project = t.project();
    Ok(t.query_opt(&sql, args![lease.step, lease.fence, i64::from(ask), project, lease.run], |row| {
        Ok((read(row)?, row.opt_id(15)?))
    })?)
}

fn columns() -> String {
    format!(
        "steps.run_id, asks.step_id, asks.fence, asks.ask_id, executions.runner_name, asks.title, asks.detail,
         asks.options, asks.asked_at, asks.answered_at, asks.answered_by, people.name, asks.answer,
         CASE WHEN {LIVE} THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END, asks.withdrawn_at"
    )
}

fn number(row: &Row<'_>, column: usize) -> Result<u32, DbError> {
    let number: i64 = row.get(column)?;
    Ok(u32::try_from(number).unwrap_or(0))
}

fn read(row: &Row<'_>) -> Result<AgentAsk, DbError> {
    let options: Option<Vec<AgentAskOption>> = row.opt_json(7)?;
    let (answered_at, withdrawn_at): (Option<Timestamp>, Option<Timestamp>) = (row.get(9)?, row.get(14)?);
    Ok(AgentAsk {
        run_id: row.id(0)?,
        step_id: row.id(1)?,
        fence: row.get(2)?,
        ask_id: number(row, 3)?,
        runner_name: row.get(4)?,
        title: row.get(5)?,
        detail: row.get(6)?,
        options: options.unwrap_or_default(),
        asked_at: row.get(8)?,
        open: answered_at.is_none() && withdrawn_at.is_none() && row.get(13)?,
        withdrawn_at,
        answered_at,
        answered_by: row.opt_id::<PersonId>(10)?,
        answered_by_name: row.get(11)?,
        answer: row.get(12)?,
    })
}
