//! API keys: kept as hashes, scoped, expiring.

use kernel::{KeyId, PersonId, Result, Timestamp};
use wire::auth::{Key, KeyScope};

use crate::db::{DbError, Row, Tx, args};

/// How precisely the last use of a key is noted: once a minute, so that reading does not turn into writing.
const USE_NOTED_EVERY_MS: i64 = 60_000;

/// Whose key it is, and what it may be used for.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Holder {
    pub key: KeyId,
    pub person: PersonId,
    pub scope: KeyScope,
    /// Whether its use should be noted with [`used`].
    pub note_use: bool,
}

const COLUMNS: &str = "id, name, scope, hint, created_at, expires_at, last_used_at";

fn read(row: &Row<'_>) -> Result<Key, DbError> {
    Ok(Key {
        id: row.id(0)?,
        name: row.get(1)?,
        scope: row.tag(2)?,
        hint: row.get(3)?,
        created_at: row.get(4)?,
        expires_at: row.get(5)?,
        last_used_at: row.get(6)?,
    })
}

/// Makes a key from its hash.
///
/// # Errors
/// When the database fails.
pub fn create(
    tx: &mut Tx<'_>,
    person: PersonId,
    name: &str,
    scope: KeyScope,
    hash: &str,
    hint: &str,
    expires_at: Timestamp,
) -> Result<Key> {
    let key = Key {
        id: tx.id(),
        name: name.to_owned(),
        scope,
        hint: hint.to_owned(),
        created_at: tx.now(),
        expires_at,
        last_used_at: None,
    };
    let scope = match scope {
        KeyScope::Read => "read",
        KeyScope::Write => "write",
    };
    tx.execute(
        "INSERT INTO api_keys (id, person_id, name, scope, hash, hint, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![key.id, person, name, scope, hash, hint, key.created_at, expires_at],
    )?;
    Ok(key)
}

/// Whose key has that hash, if it has not ended.
///
/// # Errors
/// When the database fails.
pub fn holder(tx: &mut Tx<'_>, hash: &str) -> Result<Option<Holder>> {
    let now = tx.now();
    Ok(tx.query_opt(
        "SELECT id, person_id, scope, last_used_at FROM api_keys WHERE hash = $1 AND expires_at > $2",
        args![hash, now],
        |row| {
            let last: Option<Timestamp> = row.get(3)?;
            Ok(Holder {
                key: row.id(0)?,
                person: row.id(1)?,
                scope: row.tag(2)?,
                note_use: last.is_none_or(|last| now.since(last) >= USE_NOTED_EVERY_MS),
            })
        },
    )?)
}

/// Notes that a key was used.
///
/// # Errors
/// When the database fails.
pub fn used(tx: &mut Tx<'_>, id: KeyId) -> Result<()> {
    tx.execute("UPDATE api_keys SET last_used_at = $2 WHERE id = $1", args![id, tx.now()])?;
    Ok(())
}

/// A person's keys, newest first.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut Tx<'_>, person: PersonId) -> Result<Vec<Key>> {
    Ok(tx.query(
        &format!("SELECT {COLUMNS} FROM api_keys WHERE person_id = $1 ORDER BY created_at DESC, id"),
        args![person],
        read,
    )?)
}

/// Takes a key back. False if the person has none of that id.
///
/// # Errors
/// When the database fails.
pub fn remove(tx: &mut Tx<'_>, person: PersonId, id: KeyId) -> Result<bool> {
    Ok(tx.execute("DELETE FROM api_keys WHERE person_id = $1 AND id = $2", args![person, id])? == 1)
}
