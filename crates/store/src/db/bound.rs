//! SQLite's statements with their arguments. It counts `$2` before `$1` if it stands before it, so they are bound by name.

use rusqlite::{CachedStatement, Connection};

use super::{Arg, DbError};

/// A statement with its arguments.
pub(super) fn prepared<'c>(
    connection: &'c Connection,
    sql: &str,
    args: &[Arg<'_>],
) -> Result<CachedStatement<'c>, DbError> {
    let mut statement = connection.prepare_cached(sql)?;
    let places = places(&statement);
    bind(&mut statement, &places, args)?;
    Ok(statement)
}

/// Runs a statement once for each row of arguments. Gives the number of rows that it changed.
pub(super) fn execute_each<'a>(
    connection: &Connection,
    sql: &str,
    rows: impl Iterator<Item = &'a [Arg<'a>]>,
) -> Result<u64, DbError> {
    let mut statement = connection.prepare_cached(sql)?;
    let places = places(&statement);
    let mut changed = 0;
    for row in rows {
        bind(&mut statement, &places, row)?;
        changed += statement.raw_execute()? as u64;
    }
    Ok(changed)
}

/// Which argument each of SQLite's places takes, counted from 0.
fn places(statement: &CachedStatement<'_>) -> Vec<usize> {
    let named = |place| {
        let name = statement.parameter_name(place)?.strip_prefix('$')?;
        name.parse::<usize>().ok()?.checked_sub(1)
    };
    // No row has an argument there, which is told as it is bound.
    (1..=statement.parameter_count()).map(|place| named(place).unwrap_or(usize::MAX)).collect()
}

fn bind(statement: &mut CachedStatement<'_>, places: &[usize], args: &[Arg<'_>]) -> Result<(), DbError> {
    for (place, which) in (1..).zip(places) {
        let arg =
            args.get(*which).ok_or_else(|| rusqlite::Error::InvalidParameterCount(args.len(), place))?;
        statement.raw_bind_parameter(place, arg)?;
    }
    Ok(())
}
