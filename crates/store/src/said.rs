//! What people say to coding agents on runners while they work: each is kept for one lease, and said until its runner has heard it.

use kernel::{Code, Error, PersonId, Result, RunId, RunnerId, StepId};
use wire::fleet::{Engine, RemoteOrder, Said, Verb};
use wire::runner::{SAYS, Say, Task};

use crate::db::{Arg, DbError, Row, Tx, args};
use crate::executions::Lease;
use crate::scope::Tenant;

/// What was said in a run that is listed at once, the newest.
const LISTED: i64 = 500;
/// What was said, with who said it.
const FROM: &str = "said JOIN steps ON steps.id = said.step_id LEFT JOIN people ON people.id = said.said_by";
const COLUMNS: &str =
    "steps.run_id, said.step_id, said.fence, said.said_id, said.verb, said.text, said.said_by, people.name,
    said.said_at, said.heard_at";

/// A lease that goes on.
struct Live {
    step: StepId,
    fence: i64,
    input: String,
    runner: Option<RunnerId>,
}

/// Keeps what someone says to the agent that does a step, or the only one that is at work in the run if no step is named;
/// gives it with the runner that is to hear it.
///
/// # Errors
/// `NOT_FOUND` when there is no such run or step in this project; `CONFLICT` when no agent has it now, when several could be meant,
/// or when as much was said to the lease as it hears.
pub fn say(
    t: &mut Tenant<'_, '_>,
    run: RunId,
    step: Option<StepId>,
    verb: Verb,
    text: &str,
) -> Result<(Said, Option<RunnerId>)> {
    let (project, actor, now) = (t.project(), t.scope().actor(), t.now());
    crate::runs::get(t, run)?;
    if let Some(step) = step {
        let found = "SELECT 1 FROM steps WHERE id = $1 AND run_id = $2";
        t.query_opt(found, args![step, run], |_| Ok(()))?.ok_or_else(|| Error::not_found("step"))?;
    }
    let mut live = live(t, run)?;
    live.retain(|one| step.is_none_or(|step| step == one.step));
    let any = !live.is_empty();
    live.retain(|one| is_agents(&one.input));
    let Live { step, fence, runner, .. } = match live.pop() {
        Some(one) if live.is_empty() => one,
        Some(_) => return Err(conflict("Several agents work on this run. Name the step that is meant.")),
        None if any => return Err(conflict("A program does this, and hears nothing.")),
        None => return Err(conflict("No agent has this now: it waits for a runner, or it is over.")),
    };
    let before: i64 = t.query_one(
        "SELECT COUNT(*) FROM said WHERE step_id = $1 AND fence = $2",
        args![step, fence],
        |row| row.get(0),
    )?;
    if before >= SAYS as i64 {
        return Err(conflict(&format!("{SAYS} things were said to this agent already; it hears no more.")));
    }
    // Nothing of a lease is removed but with all of it, so that they are counted from one on.
    let said_id = before + 1;
    t.execute(
        "INSERT INTO said (step_id, fence, said_id, project_id, verb, text, said_by, said_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![step, fence, said_id, project, verb.as_str(), text, actor, now],
    )?;
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE said.step_id = $1 AND said.fence = $2 AND said.said_id = $3"
    );
    Ok((t.query_one(&sql, args![step, fence, said_id], read)?, runner))
}

/// The leases of a run that runners have, which stay as they are until the transaction is over.
fn live(t: &mut Tenant<'_, '_>, run: RunId) -> Result<Vec<Live>> {
    let lock = if t.is_sqlite() { "" } else { "FOR UPDATE OF executions" };
    let sql = format!(
        "SELECT steps.id, steps.fence, steps.input, executions.runner_id FROM steps
         JOIN executions ON executions.step_id = steps.id AND executions.fence = steps.fence
         WHERE steps.run_id = $1 AND steps.project_id = $2 AND steps.worker IS NOT NULL AND executions.ended_at IS NULL
         ORDER BY steps.ordinal {lock}"
    );
    let project = t.project();
    Ok(t.query(&sql, args![run, project], |row| {
        Ok(Live { step: row.id(0)?, fence: row.get(1)?, input: row.get(2)?, runner: row.opt_id(3)? })
    })?)
}

fn is_agents(input: &str) -> bool {
    let order: Option<RemoteOrder> = serde_json::from_str(input).ok();
    order.is_some_and(|order| matches!(order.engine, Engine::Agent { .. }))
}

fn conflict(why: &str) -> Error {
    Error::new(Code::Conflict, format!("{why} Nothing was said."))
}

/// What was said to leases and not heard yet, in its order.
///
/// # Errors
/// When the database fails.
pub fn unheard(tx: &mut Tx<'_>, tasks: &[Task]) -> Result<Vec<Say>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE said.heard_at IS NULL AND said.step_id {} ORDER BY said.step_id, said.said_id",
        tx.among(1)
    );
    let steps = tasks.iter().map(|task| task.step_id.to_string()).collect();
    let all = tx.query(&sql, &[Arg::Texts(steps)], read)?;
    let of = |said: Said| {
        let task = Task { task_id: said.run_id, step_id: said.step_id, fence: said.fence };
        let Said { said_id, verb, text, by_name, .. } = said;
        tasks.contains(&task).then_some(Say { task, said_id, verb, text, by_name })
    };
    Ok(all.into_iter().filter_map(of).collect())
}

/// Notes that a runner has heard something. What was noted first stays.
///
/// # Errors
/// When the database fails.
pub fn heard(tx: &mut Tx<'_>, lease: Lease, said: u32) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "UPDATE said SET heard_at = $4 WHERE step_id = $1 AND fence = $2 AND said_id = $3 AND heard_at IS NULL",
        args![lease.step, lease.fence, i64::from(said), now],
    )?;
    Ok(())
}

/// What was said to a run's agents, the latest last: at most 500.
///
/// # Errors
/// `NOT_FOUND` when the run is not in this project.
pub fn of_run(t: &mut Tenant<'_, '_>, run: RunId) -> Result<Vec<Said>> {
    crate::runs::get(t, run)?;
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE steps.run_id = $1
         ORDER BY said.said_at DESC, said.step_id DESC, said.fence DESC, said.said_id DESC LIMIT $2"
    );
    let mut found = t.query(&sql, args![run, LISTED], read)?;
    found.reverse();
    Ok(found)
}

fn read(row: &Row<'_>) -> Result<Said, DbError> {
    let (number, verb): (i64, String) = (row.get(3)?, row.get(4)?);
    let name: Option<String> = row.get(7)?;
    Ok(Said {
        run_id: row.id(0)?,
        step_id: row.id(1)?,
        fence: row.get(2)?,
        said_id: u32::try_from(number).unwrap_or(0),
        // What a later program wrote is brought in when nothing is broken off by it.
        verb: Verb::of(&verb).unwrap_or(Verb::Queue),
        text: row.get(5)?,
        by: row.opt_id::<PersonId>(6)?,
        by_name: name.unwrap_or_default(),
        at: row.get(8)?,
        heard_at: row.get(9)?,
    })
}
