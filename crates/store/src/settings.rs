//! What the server keeps for itself, by name. Secret values come and go sealed.

use kernel::Result;

use crate::db::{Tx, args};

/// The value of that name.
///
/// # Errors
/// When the database fails.
pub fn get(tx: &mut Tx<'_>, name: &str) -> Result<Option<String>> {
    Ok(tx.query_opt("SELECT value FROM settings WHERE name = $1", args![name], |row| row.get(0))?)
}

/// The names that begin with `prefix`, which is plain ASCII, and their values, by name.
///
/// # Errors
/// When the database fails.
pub fn beginning_with(tx: &mut Tx<'_>, prefix: &str) -> Result<Vec<(String, String)>> {
    // By length and equality: `LIKE` would take `_` for any character, and ordering differs between databases.
    Ok(tx.query(
        "SELECT name, value FROM settings WHERE SUBSTR(name, 1, LENGTH($1)) = $1 ORDER BY name",
        args![prefix],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?)
}

/// Sets the value of that name.
///
/// # Errors
/// When the database fails.
pub fn set(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO settings (name, value, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        args![name, value, tx.now()],
    )?;
    Ok(())
}

/// Sets the value unless there is one; gives the one that counts. Two servers that start together agree.
///
/// # Errors
/// When the database fails.
pub fn get_or_set(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<String> {
    tx.execute(
        "INSERT INTO settings (name, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        args![name, value, tx.now()],
    )?;
    Ok(get(tx, name)?.unwrap_or_else(|| value.to_owned()))
}

/// Forgets the value of that name.
///
/// # Errors
/// When the database fails.
pub fn remove(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    tx.execute("DELETE FROM settings WHERE name = $1", args![name])?;
    Ok(())
}
