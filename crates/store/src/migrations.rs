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

const ALL: &[Migration] = &[
    Migration {
        number: 1,
        name: "house",
        both: include_str!("../migrations/0001_house.sql"),
        sqlite: include_str!("../migrations/0001_house.sqlite.sql"),
        postgres: include_str!("../migrations/0001_house.postgres.sql"),
    },
    Migration {
        number: 2,
        name: "indexes",
        both: include_str!("../migrations/0002_indexes.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 3,
        name: "words",
        both: "",
        sqlite: include_str!("../migrations/0003_words.sqlite.sql"),
        postgres: "",
    },
    Migration {
        number: 4,
        name: "counts",
        both: include_str!("../migrations/0004_counts.sql"),
        sqlite: include_str!("../migrations/0004_counts.sqlite.sql"),
        postgres: include_str!("../migrations/0004_counts.postgres.sql"),
    },
    Migration {
        number: 5,
        name: "lookups",
        both: include_str!("../migrations/0005_lookups.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 6,
        name: "runs",
        both: include_str!("../migrations/0006_runs.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 7,
        name: "deliverables",
        both: include_str!("../migrations/0007_deliverables.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 8,
        name: "schedules",
        both: include_str!("../migrations/0008_schedules.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 9,
        name: "usage",
        both: include_str!("../migrations/0009_usage.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 11,
        name: "talk",
        both: include_str!("../migrations/0011_talk.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 12,
        name: "narrow",
        both: "",
        sqlite: include_str!("../migrations/0012_narrow.sqlite.sql"),
        postgres: "",
    },
    Migration {
        number: 13,
        name: "kept",
        both: include_str!("../migrations/0013_kept.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 14,
        name: "turns",
        both: include_str!("../migrations/0014_turns.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 15,
        name: "runners",
        both: include_str!("../migrations/0015_runners.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 16,
        name: "executions",
        both: include_str!("../migrations/0016_executions.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 17,
        name: "slack",
        both: include_str!("../migrations/0017_slack.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 18,
        name: "asks",
        both: include_str!("../migrations/0018_asks.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 19,
        name: "said",
        both: include_str!("../migrations/0019_said.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 20,
        name: "fleet",
        both: include_str!("../migrations/0020_fleet.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 21,
        name: "fleet policies",
        both: include_str!("../migrations/0021_fleet_policies.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 22,
        name: "cascades",
        both: "",
        sqlite: "",
        postgres: include_str!("../migrations/0022_cascades.postgres.sql"),
    },
    Migration {
        number: 23,
        name: "slack words",
        both: include_str!("../migrations/0023_slack_words.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 24,
        name: "runner breakers",
        both: include_str!("../migrations/0024_runner_breakers.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 25,
        name: "asks withdrawn",
        both: include_str!("../migrations/0025_asks_withdrawn.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 26,
        name: "slack roots",
        both: include_str!("../migrations/0026_slack_roots.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 27,
        name: "claims",
        both: "",
        sqlite: include_str!("../migrations/0027_claims.sqlite.sql"),
        postgres: include_str!("../migrations/0027_claims.postgres.sql"),
    },
    Migration {
        number: 28,
        name: "room",
        both: "",
        sqlite: "",
        postgres: include_str!("../migrations/0028_room.postgres.sql"),
    },
];

/// The number of the newest migration that this program knows.
pub(crate) fn newest() -> i64 {
    ALL.last().map_or(0, |migration| migration.number)
}

/// The number of the newest migration that was applied; 0 if the database is new.
pub(crate) fn applied(tx: &mut Tx<'_>) -> Result<i64> {
    tx.script(
        "CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, at BIGINT NOT NULL)",
    )?;
    Ok(tx.query_one("SELECT COALESCE(MAX(number), 0) FROM migrations", args![], |row| row.get(0))?)
}

/// Refuses what a newer program wrote.
pub(crate) fn known(number: i64) -> Result<()> {
    if number <= newest() {
        return Ok(());
    }
    Err(Error::new(
        Code::Unavailable,
        format!(
            "This was written by a newer Atelier (migration {number}). Nothing was changed; run that one."
        ),
    ))
}

/// Applies what is missing, as far as `last`.
///
/// # Errors
/// When the database was written by a newer program, or a statement fails; then nothing is applied.
pub(crate) fn apply(tx: &mut Tx<'_>, last: i64) -> Result<()> {
    let applied = applied(tx)?;
    known(applied)?;
    for migration in ALL.iter().filter(|migration| (applied + 1..=last).contains(&migration.number)) {
        tx.script(migration.both)?;
        tx.script(if tx.is_sqlite() { migration.sqlite } else { migration.postgres })?;
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
    fn migrations_stand_in_the_order_of_their_numbers() {
        assert!(super::ALL.is_sorted_by(|one, next| one.number < next.number));
    }
}
