//! Slack: what it has told, who its people are here, which project its channels talk of, and threads that tell of runs.

use kernel::{PersonId, ProjectId, Result, RunId, Timestamp};

use crate::db::{Tx, args};
use crate::scope::Tenant;

/// Threads that one server goes on with after a restart.
const UNTOLD: i64 = 200;

/// Where something is said in Slack.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Channel {
    pub team: String,
    pub channel: String,
}

/// Notes that Slack has told something; false if it had told it before.
///
/// # Errors
/// When the database fails.
pub fn is_new(tx: &mut Tx<'_>, id: &str) -> Result<bool> {
    let now = tx.now();
    let new = tx.execute(
        "INSERT INTO slack_seen (id, at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
        args![id, now],
    )?;
    Ok(new == 1)
}

/// Keeps the hash of a code by which someone in Slack is to be known as this person, in the place of one before it.
///
/// # Errors
/// When the database fails.
pub fn offer(tx: &mut Tx<'_>, person: PersonId, hash: &str, until: Timestamp) -> Result<()> {
    tx.execute("DELETE FROM slack_codes WHERE person_id = $1", args![person])?;
    tx.execute(
        "INSERT INTO slack_codes (id, person_id, until) VALUES ($1, $2, $3)",
        args![hash, person, until],
    )?;
    Ok(())
}

/// Links a member of a team to the person whose code has that hash, which is used up. Nothing if there is no such code now.
///
/// # Errors
/// When the database fails.
pub fn link(tx: &mut Tx<'_>, team: &str, member: &str, hash: &str) -> Result<Option<PersonId>> {
    let now = tx.now();
    let person = tx.query_opt(
        "DELETE FROM slack_codes WHERE id = $1 AND until > $2 RETURNING person_id",
        args![hash, now],
        |row| row.id(0),
    )?;
    let Some(person) = person else { return Ok(None) };
    tx.execute(
        "INSERT INTO slack_people (team, member, person_id, linked_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (team, member) DO UPDATE SET person_id = excluded.person_id, linked_at = excluded.linked_at",
        args![team, member, person, now],
    )?;
    Ok(Some(person))
}

/// Who a member of a team is here.
///
/// # Errors
/// When the database fails.
pub fn person(tx: &mut Tx<'_>, team: &str, member: &str) -> Result<Option<PersonId>> {
    Ok(tx.query_opt(
        "SELECT person_id FROM slack_people WHERE team = $1 AND member = $2",
        args![team, member],
        |row| row.id(0),
    )?)
}

/// Has nobody in Slack be known as this person any more; gives how many were.
///
/// # Errors
/// When the database fails.
pub fn unlink(tx: &mut Tx<'_>, person: PersonId) -> Result<u64> {
    tx.execute("DELETE FROM slack_codes WHERE person_id = $1", args![person])?;
    Ok(tx.execute("DELETE FROM slack_people WHERE person_id = $1", args![person])?)
}

/// Has a channel talk of the project, instead of another.
///
/// # Errors
/// When the database fails.
pub fn set_project(t: &mut Tenant<'_, '_>, at: &Channel) -> Result<()> {
    let (project, actor, now) = (t.project(), t.scope().actor(), t.now());
    t.execute(
        "INSERT INTO slack_channels (team, channel, project_id, set_by, set_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (team, channel) DO UPDATE SET project_id = excluded.project_id, set_by = excluded.set_by,
           set_at = excluded.set_at",
        args![&at.team, &at.channel, project, actor, now],
    )?;
    Ok(())
}

/// Which project a channel talks of. Who asks is not let into it by that.
///
/// # Errors
/// When the database fails.
pub fn project(tx: &mut Tx<'_>, at: &Channel) -> Result<Option<ProjectId>> {
    Ok(tx.query_opt(
        "SELECT project_id FROM slack_channels WHERE team = $1 AND channel = $2",
        args![&at.team, &at.channel],
        |row| row.id(0),
    )?)
}

/// A thread that tells of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Thread {
    pub at: Channel,
    /// The message that began it.
    pub thread: String,
    pub project: ProjectId,
    pub run: RunId,
}

/// Notes that a thread was begun for a run, which that server tells of.
///
/// # Errors
/// When the database fails.
pub fn begin(t: &mut Tenant<'_, '_>, thread: &Thread, server: &str) -> Result<()> {
    let (project, now) = (t.project(), t.now());
    t.execute(
        "INSERT INTO slack_threads (team, channel, thread, project_id, run_id, server, at)
         SELECT $1, $2, $3, project_id, id, $6, $7 FROM runs WHERE project_id = $4 AND id = $5
         ON CONFLICT (team, channel, thread) DO NOTHING",
        args![&thread.at.team, &thread.at.channel, &thread.thread, project, thread.run, server, now],
    )?;
    Ok(())
}

/// The run of a thread, if Atelier began it for one.
///
/// # Errors
/// When the database fails.
pub fn thread(tx: &mut Tx<'_>, at: &Channel, thread: &str) -> Result<Option<Thread>> {
    let found = tx.query_opt(
        "SELECT project_id, run_id FROM slack_threads WHERE team = $1 AND channel = $2 AND thread = $3",
        args![&at.team, &at.channel, thread],
        |row| Ok((row.id(0)?, row.id(1)?)),
    )?;
    Ok(found.map(|(project, run)| Thread { at: at.clone(), thread: thread.to_owned(), project, run }))
}

/// Notes that all was told of a thread's run.
///
/// # Errors
/// When the database fails.
pub fn told(tx: &mut Tx<'_>, at: &Channel, thread: &str) -> Result<()> {
    tx.execute(
        "UPDATE slack_threads SET told = 1 WHERE team = $1 AND channel = $2 AND thread = $3",
        args![&at.team, &at.channel, thread],
    )?;
    Ok(())
}

/// The threads that a server has not told to the end, the newest of them.
///
/// # Errors
/// When the database fails.
pub fn untold(tx: &mut Tx<'_>, server: &str) -> Result<Vec<Thread>> {
    Ok(tx.query(
        "SELECT team, channel, thread, project_id, run_id FROM slack_threads WHERE server = $1 AND told = 0
         ORDER BY at DESC, thread DESC LIMIT $2",
        args![server, UNTOLD],
        |row| {
            let at = Channel { team: row.get(0)?, channel: row.get(1)? };
            Ok(Thread { at, thread: row.get(2)?, project: row.id(3)?, run: row.id(4)? })
        },
    )?)
}
