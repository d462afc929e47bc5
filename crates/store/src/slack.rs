//! Slack: what it has told, who its people are here, which project its channels talk of, and threads that tell of runs.

use kernel::{Code, Error, PersonId, ProjectId, Result, RunId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::db::{Tx, args};
use crate::scope::Tenant;

/// Threads that one server goes on with after a restart.
const UNTOLD: i64 = 200;
/// Things told that may wait to be heeded.
const WAITING: i64 = 1_000;
/// How often it is tried to heed one.
pub(crate) const TRIES: i64 = 3;

/// Where something is said in Slack.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Channel {
    pub team: String,
    pub channel: String,
}

/// Keeps what Slack has told, for a server to heed; false if it had told it before.
///
/// # Errors
/// `UNAVAILABLE` when too much waits: nothing is kept, and Slack says it again. When the database fails.
pub fn hear(tx: &mut Tx<'_>, id: &str, word: &str, server: &str) -> Result<bool> {
    let now = tx.now();
    let new = tx.execute(
        "INSERT INTO slack_seen (id, at, word, server, free_at) VALUES ($1, $2, $3, $4, $2)
         ON CONFLICT (id) DO NOTHING",
        args![id, now, word, server],
    )?;
    let waiting: i64 = tx.query_one(
        "SELECT COUNT(*) FROM slack_seen WHERE word IS NOT NULL AND tries < $1",
        args![TRIES],
        |row| row.get(0),
    )?;
    if new == 1 && waiting > WAITING {
        return Err(Error::new(Code::Unavailable, "Too much is being said at once. It was not taken in."));
    }
    Ok(new == 1)
}

/// Something that Slack has told, and that is to be heeded now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Taken {
    pub id: String,
    pub word: String,
    /// Whether it is not tried again if this fails.
    pub last: bool,
}

/// Takes up to so many things that wait to be heeded, the oldest first. Nobody else takes them before `until`.
///
/// # Errors
/// When the database fails.
pub fn take(tx: &mut Tx<'_>, server: &str, most: u32, until: Timestamp) -> Result<Vec<Taken>> {
    let now = tx.now();
    let ids: Vec<String> = tx.query(
        "SELECT id FROM slack_seen WHERE word IS NOT NULL AND free_at <= $1 AND tries < $2 ORDER BY at, id LIMIT $3",
        args![now, TRIES, most],
        |row| row.get(0),
    )?;
    let mut taken = Vec::with_capacity(ids.len());
    for id in ids {
        // Another server may have taken it since.
        taken.extend(tx.query_opt(
            "UPDATE slack_seen SET server = $2, free_at = $3, tries = tries + 1
             WHERE id = $1 AND word IS NOT NULL AND free_at <= $4 RETURNING word, tries",
            args![&id, server, until, now],
            |row| Ok(Taken { id: id.clone(), word: row.get(0)?, last: row.get::<i64>(1)? >= TRIES }),
        )?);
    }
    Ok(taken)
}

/// Notes that something was heeded: what it says is forgotten, and that it was told is not.
///
/// # Errors
/// When the database fails.
pub fn heeded(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    tx.execute("UPDATE slack_seen SET word = NULL WHERE id = $1", args![id])?;
    Ok(())
}

/// Frees what a server had taken when it ended.
///
/// # Errors
/// When the database fails.
pub fn resume(tx: &mut Tx<'_>, server: &str) -> Result<()> {
    tx.execute("UPDATE slack_seen SET free_at = at WHERE word IS NOT NULL AND server = $1", args![server])?;
    Ok(())
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

/// Where in a thread it is told of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Thread {
    pub at: Channel,
    /// The message that tells of it.
    pub thread: String,
    /// The message that began the thread, which may be the same.
    pub root: String,
    pub project: ProjectId,
    pub run: RunId,
}

/// Notes where a run is told of, and that this server does it.
///
/// # Errors
/// When the database fails.
pub fn begin(t: &mut Tenant<'_, '_>, thread: &Thread, server: &str) -> Result<()> {
    let (project, now) = (t.project(), t.now());
    t.execute(
        "INSERT INTO slack_threads (team, channel, thread, project_id, run_id, server, at, root)
         SELECT $1, $2, $3, project_id, id, $6, $7, $8 FROM runs WHERE project_id = $4 AND id = $5
         ON CONFLICT (team, channel, thread) DO NOTHING",
        args![
            &thread.at.team,
            &thread.at.channel,
            &thread.thread,
            project,
            thread.run,
            server,
            now,
            &thread.root
        ],
    )?;
    Ok(())
}

/// The run that was told of last in the thread which that message began, if one was.
///
/// # Errors
/// When the database fails.
pub fn thread(tx: &mut Tx<'_>, at: &Channel, root: &str) -> Result<Option<Thread>> {
    Ok(tx.query_opt(
        "SELECT thread, project_id, run_id FROM slack_threads WHERE team = $1 AND channel = $2 AND root = $3
         ORDER BY at DESC, thread DESC LIMIT 1",
        args![&at.team, &at.channel, root],
        |row| {
            let (at, root) = (at.clone(), root.to_owned());
            Ok(Thread { at, thread: row.get(0)?, root, project: row.id(1)?, run: row.id(2)? })
        },
    )?)
}

/// Whether a thread in that channel tells of a run, and has not told it to the end.
///
/// # Errors
/// When the database fails.
pub fn tells_of(t: &mut Tenant<'_, '_>, run: RunId, at: &Channel) -> Result<bool> {
    let project = t.project();
    let found: Option<i64> = t.query_opt(
        "SELECT CAST(1 AS BIGINT) FROM slack_threads WHERE run_id = $1 AND project_id = $2 AND team = $3 AND channel = $4 AND told = 0
         LIMIT 1",
        args![run, project, &at.team, &at.channel],
        |row| row.get(0),
    )?;
    Ok(found.is_some())
}

/// Notes that all was told of a run by that message.
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
        "SELECT team, channel, thread, project_id, run_id, root FROM slack_threads WHERE server = $1 AND told = 0
         ORDER BY at DESC, thread DESC LIMIT $2",
        args![server, UNTOLD],
        |row| {
            let at = Channel { team: row.get(0)?, channel: row.get(1)? };
            let (thread, root) = (row.get(2)?, row.get(5)?);
            Ok(Thread { at, thread, root, project: row.id(3)?, run: row.id(4)? })
        },
    )?)
}
