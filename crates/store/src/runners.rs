//! Machines that may join the fleet: whose they are, the hashes of their keys, whether they are there, and what they serve.

use std::collections::HashMap;

use kernel::{Error, PageRequest, PersonId, ProjectId, Result, RunnerId, Timestamp};
use serde_json::json;
use wire::fleet::{Runner, RunnerBreaker, ServingRunner};

use crate::audit;
use crate::db::{Arg, DbError, Row, Tx, args};
use crate::events::Listed;
use crate::fleet::days;
use crate::members;
use crate::scope::Tenant;

/// How long a runner is taken for present after it was last heard of, in milliseconds. Its server notes it once a minute.
const PRESENT_MS: i64 = 150_000;

/// Days of which it is told what runners did, today included.
const DAYS: u32 = 7;

/// Runners of one project that are told of.
const SERVING: i64 = 500;

/// Who bears a runner's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Bearer {
    pub runner: RunnerId,
    pub owner: PersonId,
}

/// What a runner says of itself when it joins.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Joining {
    /// Tells this connection from all others.
    pub connection: String,
    pub version: String,
    pub platform: String,
    pub slots: u32,
    /// Whether it runs commands that the server names.
    pub commands: bool,
    /// The coding agents that it can start.
    pub agents: Vec<String>,
    /// The servers of tools that it can start.
    pub tools: Vec<String>,
    /// What it declares; what its owner may not work in is left out.
    pub projects: Vec<ProjectId>,
}

const COLUMNS: &str =
    "id, name, hint, created_at, former_until, seen_at, connection, version, platform, slots";

/// Reads the columns; the runner is there at `now` if it is connected and was heard of lately.
fn read(now: Timestamp) -> impl Fn(&Row<'_>) -> Result<Runner, DbError> {
    move |row| {
        let seen_at: Option<Timestamp> = row.get(5)?;
        Ok(Runner {
            id: row.id(0)?,
            name: row.get(1)?,
            hint: row.get(2)?,
            created_at: row.get(3)?,
            former_key_until: row.get(4)?,
            seen_at,
            present: row.get::<Option<String>>(6)?.is_some() && is_recent(seen_at, now),
            version: row.get(7)?,
            platform: row.get(8)?,
            slots: slots(row, 9)?,
        })
    }
}

fn is_recent(seen_at: Option<Timestamp>, now: Timestamp) -> bool {
    seen_at.is_some_and(|seen| now.since(seen) < PRESENT_MS)
}

fn slots(row: &Row<'_>, column: usize) -> Result<u32, DbError> {
    let slots: i64 = row.get(column)?;
    Ok(u32::try_from(slots).unwrap_or(0))
}

/// Makes a runner from its key's hash.
///
/// # Errors
/// When the database fails.
pub fn create(tx: &mut Tx<'_>, owner: PersonId, name: &str, hash: &str, hint: &str) -> Result<Runner> {
    let (id, now): (RunnerId, _) = (tx.id(), tx.now());
    tx.execute(
        "INSERT INTO runners (id, owner_id, name, hash, hint, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        args![id, owner, name, hash, hint, now],
    )?;
    Ok(Runner {
        id,
        name: name.to_owned(),
        hint: hint.to_owned(),
        created_at: now,
        former_key_until: None,
        seen_at: None,
        present: false,
        version: String::new(),
        platform: String::new(),
        slots: 0,
    })
}

/// A person's runners, newest first.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut Tx<'_>, owner: PersonId, page: &PageRequest) -> Result<Listed<Runner>> {
    let (key, id) = page.after.as_ref().map_or((i64::MAX, "~"), |cursor| (cursor.key, cursor.id.as_str()));
    let (total, now) = (count(tx, owner)?, tx.now());
    let rows = tx.query(
        &format!(
            "SELECT {COLUMNS} FROM runners
             WHERE owner_id = $1 AND (created_at < $2 OR (created_at = $2 AND id < $3))
             ORDER BY created_at DESC, id DESC LIMIT $4"
        ),
        args![owner, key, id, i64::from(page.limit) + 1],
        read(now),
    )?;
    Ok(Listed::of(rows, total, page, |runner| (runner.created_at.0, runner.id.to_string())))
}

/// How many runners a person has.
///
/// # Errors
/// When the database fails.
pub fn count(tx: &mut Tx<'_>, owner: PersonId) -> Result<i64> {
    Ok(tx.query_one("SELECT COUNT(*) FROM runners WHERE owner_id = $1", args![owner], |row| row.get(0))?)
}

/// Who bears the key of that hash: a runner's present one, or the one before it while that is good.
///
/// # Errors
/// When the database fails.
pub fn bearer(tx: &mut Tx<'_>, hash: &str) -> Result<Option<Bearer>> {
    let now = tx.now();
    Ok(tx.query_opt(
        "SELECT id, owner_id FROM runners WHERE hash = $1 OR (former_hash = $1 AND former_until > $2)",
        args![hash, now],
        |row| Ok(Bearer { runner: row.id(0)?, owner: row.id(1)? }),
    )?)
}

/// What comes of a runner's joining.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Joined {
    pub name: String,
    pub serves: Vec<ProjectId>,
    /// If it declares none, those that it served last or was meant for.
    pub offered: Vec<ProjectId>,
}

/// Notes in the server's audit log, and in that of each project that the runner serves, what its owner did about it.
///
/// # Errors
/// When the database fails.
pub fn note(tx: &mut Tx<'_>, bearer: Bearer, action: &str) -> Result<()> {
    let projects = served(tx, bearer.runner)?;
    note_in(tx, bearer, action, [None].into_iter().chain(projects.into_iter().map(Some)))
}

fn note_in(
    tx: &mut Tx<'_>,
    Bearer { runner, owner }: Bearer,
    action: &str,
    logs: impl IntoIterator<Item = Option<ProjectId>>,
) -> Result<()> {
    let named = tx.query_opt("SELECT name FROM runners WHERE id = $1", args![runner], |row| row.get(0))?;
    let details = json!({ "name": named.unwrap_or_else(String::new) });
    for log in logs {
        audit::write(tx, log, Some(owner), action, &runner.to_string(), &details)?;
    }
    Ok(())
}

/// Notes which projects a runner is meant for that has not joined yet, as far as its owner may change things there.
///
/// # Errors
/// When the database fails.
pub fn mean(tx: &mut Tx<'_>, bearer: Bearer, projects: &[ProjectId]) -> Result<()> {
    serve(tx, bearer, projects).map(drop)
}

/// Notes that a runner has joined, and what it serves: those of the projects that it declares in which its owner may change
/// things. What one that declares nothing is meant for stays.
///
/// # Errors
/// `NOT_FOUND` when there is no such runner any more.
pub fn join(tx: &mut Tx<'_>, bearer: Bearer, joining: &Joining) -> Result<Joined> {
    let id = bearer.runner;
    let list = |names: &[String]| serde_json::to_string(names).map_err(Error::internal);
    let (agents, tools) = (list(&joining.agents)?, list(&joining.tools)?);
    let name = tx.query_opt(
        "UPDATE runners SET seen_at = $2, connection = $3, version = $4, platform = $5, slots = $6, commands = $7,
           agents = $8, tools = $9 WHERE id = $1 RETURNING name",
        args![
            id,
            tx.now(),
            &joining.connection,
            &joining.version,
            &joining.platform,
            joining.slots,
            joining.commands,
            agents,
            tools
        ],
        |row| row.get(0),
    )?;
    let name = name.ok_or_else(|| Error::not_found("runner"))?;
    if joining.projects.is_empty() {
        let before = served(tx, id)?;
        let offered = members::changing(tx, bearer.owner, &before)?;
        return Ok(Joined { name, serves: Vec::new(), offered });
    }
    Ok(Joined { name, serves: serve(tx, bearer, &joining.projects)?, offered: Vec::new() })
}

/// Notes that a runner is still there, if it is so by this connection, and what it serves, as [`join`] does. Gives that;
/// nothing if it has joined by another connection since.
///
/// # Errors
/// When the database fails.
pub fn stay(
    tx: &mut Tx<'_>,
    bearer: Bearer,
    connection: &str,
    projects: &[ProjectId],
) -> Result<Option<Vec<ProjectId>>> {
    let id = bearer.runner;
    let stays = tx.execute(
        "UPDATE runners SET seen_at = $2 WHERE id = $1 AND connection = $3",
        args![id, tx.now(), connection],
    )?;
    if stays == 0 {
        return Ok(None);
    }
    if projects.is_empty() { Ok(Some(Vec::new())) } else { serve(tx, bearer, projects).map(Some) }
}

/// Notes that a runner is gone, unless it has joined by another connection since.
///
/// # Errors
/// When the database fails.
pub fn leave(tx: &mut Tx<'_>, id: RunnerId, connection: &str) -> Result<()> {
    let gone = "UPDATE runners SET connection = NULL, seen_at = $3 WHERE id = $1 AND connection = $2";
    tx.execute(gone, args![id, connection, tx.now()])?;
    Ok(())
}

/// Keeps which projects a runner serves, if they are others than before. Whoever is no member learns nothing of a project,
/// nor does their runner.
fn serve(tx: &mut Tx<'_>, bearer: Bearer, declared: &[ProjectId]) -> Result<Vec<ProjectId>> {
    let Bearer { runner, owner } = bearer;
    let serves = members::changing(tx, owner, declared)?;
    let before = served(tx, runner)?;
    if before == serves {
        return Ok(serves);
    }
    tx.execute("DELETE FROM runner_projects WHERE runner_id = $1", args![runner])?;
    let rows: Vec<[Arg<'_>; 2]> = serves.iter().map(|project| [(*project).into(), runner.into()]).collect();
    tx.insert_many("runner_projects (project_id, runner_id)", &rows)?;
    let new: Vec<_> =
        serves.iter().filter(|project| !before.contains(project)).map(|one| Some(*one)).collect();
    if !new.is_empty() {
        note_in(tx, bearer, "runner.serves", new)?;
    }
    Ok(serves)
}

/// What a runner served last, or is meant for.
fn served(tx: &mut Tx<'_>, runner: RunnerId) -> Result<Vec<ProjectId>> {
    let sql = "SELECT project_id FROM runner_projects WHERE runner_id = $1";
    let mut served: Vec<ProjectId> = tx.query(sql, args![runner], |row| row.id(0))?;
    served.sort_unstable();
    Ok(served)
}

/// The runners that serve the project, those that are there first, then by their names. How their breakers stand
/// is told by [`breakers`]: here they are closed.
///
/// # Errors
/// When the database fails.
pub fn of_project(t: &mut Tenant<'_, '_>) -> Result<Vec<ServingRunner>> {
    let (project, now) = (t.project(), t.now());
    let mut serving = t.query(
        "SELECT runners.id, runners.name, people.id, people.name, runners.seen_at, runners.connection,
           runners.version, runners.platform, runners.slots, runners.commands, runners.agents, runners.tools
         FROM runner_projects JOIN runners ON runners.id = runner_projects.runner_id
         JOIN people ON people.id = runners.owner_id
         WHERE runner_projects.project_id = $1 ORDER BY runners.name, runners.id LIMIT $2",
        args![project, SERVING],
        |row| {
            let seen_at = row.get(4)?;
            Ok(ServingRunner {
                id: row.id(0)?,
                name: row.get(1)?,
                owner_id: row.id(2)?,
                owner_name: row.get(3)?,
                seen_at,
                present: row.get::<Option<String>>(5)?.is_some() && is_recent(seen_at, now),
                version: row.get(6)?,
                platform: row.get(7)?,
                slots: slots(row, 8)?,
                commands: row.get(9)?,
                agents: row.json(10)?,
                tools: row.json(11)?,
                busy: 0,
                breaker: RunnerBreaker::default(),
                done: 0,
                failed: 0,
                mean_ms: None,
            })
        },
    )?;
    if serving.is_empty() {
        return Ok(serving);
    }
    let (busy, did) = (busy(t, &serving)?, days::of_runners(t, DAYS)?);
    for runner in &mut serving {
        runner.busy = busy.get(&worker(runner.id)).copied().unwrap_or(0);
        let did = did.get(&runner.id).copied().unwrap_or_default();
        (runner.done, runner.failed) = (did.complete, did.failed);
        runner.mean_ms = did.ran_ms.checked_div(did.tasks);
    }
    serving.sort_by_key(|runner| !runner.present);
    Ok(serving)
}

/// What is kept of a runner's breaker, as JSON; nothing if it is as good as new.
///
/// # Errors
/// When the database fails.
pub fn breaker(tx: &mut Tx<'_>, id: RunnerId) -> Result<Option<String>> {
    let kept = tx.query_opt("SELECT breaker FROM runners WHERE id = $1", args![id], |row| row.get(0))?;
    Ok(kept.flatten())
}

/// Keeps how a runner's breaker stands.
///
/// # Errors
/// When the database fails.
pub fn keep_breaker(tx: &mut Tx<'_>, id: RunnerId, breaker: Option<&str>) -> Result<()> {
    tx.execute("UPDATE runners SET breaker = $2 WHERE id = $1", args![id, breaker])?;
    Ok(())
}

/// What is kept of the breakers of the runners that serve the project, of those that are not as good as new.
///
/// # Errors
/// When the database fails.
pub fn breakers(t: &mut Tenant<'_, '_>) -> Result<HashMap<RunnerId, String>> {
    let project = t.project();
    let kept = t.query(
        "SELECT runners.id, runners.breaker FROM runner_projects JOIN runners ON runners.id = runner_projects.runner_id
         WHERE runner_projects.project_id = $1 AND runners.breaker IS NOT NULL",
        args![project],
        |row| Ok((row.id(0)?, row.get(1)?)),
    )?;
    Ok(kept.into_iter().collect())
}

/// What a runner is called as a worker of `tasks`. No name of a worker of a server begins like that: those have a slash.
#[must_use]
pub fn worker(runner: RunnerId) -> String {
    format!("@{runner}")
}

/// How many steps each of the runners has, by what it is called as a worker. Whatever runners have has a turn, and of those
/// there are no more than runners have slots.
fn busy(tx: &mut Tx<'_>, runners: &[ServingRunner]) -> Result<HashMap<String, u32>> {
    let workers = runners.iter().map(|runner| worker(runner.id)).collect();
    let sql = format!(
        "SELECT steps.worker, COUNT(*) FROM turns JOIN steps ON steps.id = turns.step_id
         WHERE steps.worker {} GROUP BY steps.worker",
        tx.among(1)
    );
    let has = tx.query(&sql, &[Arg::Texts(workers)], |row| Ok((row.get(0)?, slots(row, 1)?)))?;
    Ok(has.into_iter().collect())
}

/// Gives a person's runner another key; the present one is good until `until`, one before that no longer. Nothing if the
/// person has no such runner.
///
/// # Errors
/// When the database fails.
pub fn renew(
    tx: &mut Tx<'_>,
    owner: PersonId,
    id: RunnerId,
    (hash, hint): (&str, &str),
    until: Timestamp,
) -> Result<Option<Runner>> {
    let now = tx.now();
    Ok(tx.query_opt(
        &format!(
            "UPDATE runners SET former_hash = hash, former_until = $5, hash = $3, hint = $4
             WHERE owner_id = $1 AND id = $2 RETURNING {COLUMNS}"
        ),
        args![owner, id, hash, hint, until],
        read(now),
    )?)
}

/// Takes a person's runner out of the fleet, with its keys. False if the person has none of that id.
///
/// # Errors
/// When the database fails.
pub fn remove(tx: &mut Tx<'_>, owner: PersonId, id: RunnerId) -> Result<bool> {
    Ok(tx.execute("DELETE FROM runners WHERE owner_id = $1 AND id = $2", args![owner, id])? == 1)
}
