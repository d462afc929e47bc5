//! Signed-in devices: a family of refresh tokens each, of which only the newest is good.

use kernel::{PersonId, Result, SessionId, Timestamp};

use crate::db::{DbError, Row, Tx, args};

/// A signed-in device.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Session {
    pub id: SessionId,
    pub person: PersonId,
    pub device: String,
    pub rotated_at: Timestamp,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
}

/// How a refresh token stands to its session.
#[derive(Debug, Clone)]
pub enum Presented {
    /// It is the newest one.
    Current(Session),
    /// It is the one before: a lost answer, if that is a moment ago, or a stolen token.
    Previous(Session),
    /// It is none that the server knows.
    Unknown,
}

const COLUMNS: &str = "id, person_id, device, rotated_at, created_at, last_seen_at, expires_at";

fn read(row: &Row<'_>) -> Result<Session, DbError> {
    Ok(Session {
        id: row.id(0)?,
        person: row.id(1)?,
        device: row.get(2)?,
        rotated_at: row.get(3)?,
        created_at: row.get(4)?,
        last_seen_at: row.get(5)?,
        expires_at: row.get(6)?,
    })
}

/// Begins a session.
///
/// # Errors
/// When the database fails.
pub fn create(
    tx: &mut Tx<'_>,
    person: PersonId,
    refresh_hash: &str,
    device: &str,
    expires_at: Timestamp,
) -> Result<Session> {
    let now = tx.now();
    let session = Session {
        id: tx.id(),
        person,
        device: device.chars().take(200).collect(),
        rotated_at: now,
        created_at: now,
        last_seen_at: now,
        expires_at,
    };
    tx.execute(
        "INSERT INTO sessions (id, person_id, refresh_hash, device, rotated_at, created_at, last_seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $5, $5, $6)",
        args![session.id, person, refresh_hash, &session.device, now, expires_at],
    )?;
    // What has ended is of no more use; this is when a person's list grows, so it is when it shrinks.
    tx.execute("DELETE FROM sessions WHERE person_id = $1 AND expires_at <= $2", args![person, now])?;
    Ok(session)
}

/// The session that a refresh token's hash belongs to.
///
/// # Errors
/// When the database fails.
pub fn presented(tx: &mut Tx<'_>, refresh_hash: &str) -> Result<Presented> {
    let by = |tx: &mut Tx<'_>, column: &str| {
        tx.query_opt(
            &format!("SELECT {COLUMNS} FROM sessions WHERE {column} = $1"),
            args![refresh_hash],
            read,
        )
    };
    if let Some(session) = by(tx, "refresh_hash")? {
        return Ok(Presented::Current(session));
    }
    Ok(by(tx, "previous_hash")?.map_or(Presented::Unknown, Presented::Previous))
}

/// Puts a new refresh token in the place of the current one. False if another request was faster.
///
/// # Errors
/// When the database fails.
pub fn rotate(
    tx: &mut Tx<'_>,
    id: SessionId,
    current_hash: &str,
    new_hash: &str,
    expires_at: Timestamp,
) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE sessions SET previous_hash = refresh_hash, refresh_hash = $3, rotated_at = $4, last_seen_at = $4,
           expires_at = $5
         WHERE id = $1 AND refresh_hash = $2",
        args![id, current_hash, new_hash, tx.now(), expires_at],
    )?;
    Ok(changed == 1)
}

/// The session of that id, if it has not ended.
///
/// # Errors
/// When the database fails.
pub fn get(tx: &mut Tx<'_>, id: SessionId) -> Result<Option<Session>> {
    Ok(tx.query_opt(
        &format!("SELECT {COLUMNS} FROM sessions WHERE id = $1 AND expires_at > $2"),
        args![id, tx.now()],
        read,
    )?)
}

/// A person's sessions, newest first.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut Tx<'_>, person: PersonId) -> Result<Vec<Session>> {
    Ok(tx.query(
        &format!(
            "SELECT {COLUMNS} FROM sessions WHERE person_id = $1 AND expires_at > $2 ORDER BY last_seen_at DESC, id"
        ),
        args![person, tx.now()],
        read,
    )?)
}

/// Ends one session of a person. False if there is none of that id.
///
/// # Errors
/// When the database fails.
pub fn end(tx: &mut Tx<'_>, person: PersonId, id: SessionId) -> Result<bool> {
    Ok(tx.execute("DELETE FROM sessions WHERE person_id = $1 AND id = $2", args![person, id])? == 1)
}

/// Ends all sessions of a person but the one that may stay.
///
/// # Errors
/// When the database fails.
pub fn end_others(tx: &mut Tx<'_>, person: PersonId, stays: Option<SessionId>) -> Result<()> {
    let stays = stays.map_or_else(String::new, |id| id.to_string());
    tx.execute("DELETE FROM sessions WHERE person_id = $1 AND id <> $2", args![person, &stays])?;
    Ok(())
}
