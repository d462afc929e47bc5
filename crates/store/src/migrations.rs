//! Migrations: numbered, applied once, in order, each in the transaction that records it.

use kernel::{Code, Error, Result};

use crate::db::{Tx, args};

struct Migration {
    number: i64,
    name: &'static str,
    /// What both databases share.
    both: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const ALL: &[Migration] = &[Migration {
    number: 1,
    name: "house",
    both: include_str!("../migrations/0001_house.sql"),
    sqlite: include_str!("../migrations/0001_house.sqlite.sql"),
    postgres: include_str!("../migrations/0001_house.postgres.sql"),
}];

/// Applies what is missing.
///
/// # Errors
/// When the database was written by a newer program, or a statement fails; then nothing is applied.
pub(crate) fn apply(tx: &mut Tx<'_>) -> Result<()> {
    tx.run_script(
        "CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, at BIGINT NOT NULL)",
    )?;
    let newest =
        tx.query_one("SELECT COALESCE(MAX(number), 0) FROM migrations", args![], |row| row.get::<i64>(0))?;
    if newest > ALL.last().map_or(0, |migration| migration.number) {
        return Err(Error::new(
            Code::Unavailable,
            format!(
                "The database was written by a newer Atelier (migration {newest}). Nothing was changed; run that one."
            ),
        ));
    }
    for migration in ALL.iter().filter(|migration| migration.number > newest) {
        tx.run_script(migration.both)?;
        tx.run_script(if tx.is_sqlite() { migration.sqlite } else { migration.postgres })?;
        tx.execute(
            "INSERT INTO migrations (number, name, at) VALUES ($1, $2, $3)",
            args![migration.number, migration.name, tx.now()],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn migrations_are_numbered_one_by_one() {
        for (place, migration) in super::ALL.iter().enumerate() {
            assert_eq!(migration.number, place as i64 + 1);
        }
    }
}
