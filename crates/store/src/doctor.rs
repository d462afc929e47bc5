//! The doctor: looks for what must not be, and says it in words; changes nothing.

use kernel::{EntityId, ProjectId, Result};

use crate::Store;
use crate::db::{Tx, args};
use crate::entities;
use crate::passages;
use crate::{Scope, Tenant};

/// Records whose passages are compared at a time.
const AT_ONCE: u32 = 200;
/// How many findings of one kind are told.
const TOLD: usize = 100;

/// What kind of fault was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Check {
    /// The database's own structures.
    Integrity,
    /// A row that points to one that is not there.
    ForeignKeys,
    /// A stream with a gap, or whose counter is not at its newest event.
    Stream,
    /// A fact that leads nowhere.
    Facts,
    /// Passages that are not those of their record.
    Passages,
    /// The text index has other passages than there are.
    Index,
    /// A record whose version is not the newest of its history.
    Versions,
    /// A collection of another size than its count.
    Counts,
}

/// A fault that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Of what kind it is.
    pub check: Check,
    /// What is wrong, and where.
    pub message: String,
}

impl Store {
    /// Examines the whole database, which may take a while, from one snapshot. No finding means that all is well; of one
    /// kind at most the first hundred are told.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn check(&self) -> Result<Vec<Finding>> {
        self.read(|tx| {
            let mut found = Vec::new();
            if tx.is_sqlite() {
                sqlite(tx, &mut found)?;
            } else {
                postgres(tx, &mut found)?;
            }
            for (check, sql) in QUERIES {
                tell(tx, &mut found, *check, sql)?;
            }
            texts(tx, &mut found)?;
            Ok(found)
        })
        .await
    }
}

/// What must find nothing: each gives a sentence about every fault.
const QUERIES: &[(Check, &str)] = &[
    (
        Check::Stream,
        "SELECT 'project ' || p.id || ' counts ' || p.event_seq || ' events; ' || COUNT(e.seq) || ' are there, the newest is '
           || COALESCE(MAX(e.seq), 0)
         FROM projects p LEFT JOIN events e ON e.project_id = p.id GROUP BY p.id, p.event_seq
         HAVING COUNT(e.seq) <> p.event_seq OR COALESCE(MAX(e.seq), 0) <> p.event_seq",
    ),
    (
        Check::Facts,
        "SELECT 'fact ' || f.id || ' is of another project than its subject' FROM facts f
         JOIN entities s ON s.id = f.subject_id WHERE s.project_id <> f.project_id",
    ),
    (
        Check::Facts,
        "SELECT 'fact ' || f.id || ' is of another project than its object' FROM facts f
         JOIN entities o ON o.id = f.object_id WHERE o.project_id <> f.project_id",
    ),
    (
        Check::Facts,
        "SELECT 'fact ' || f.id || ' was recorded by the change ' || f.change_id || ', which is not there' FROM facts f
         WHERE NOT EXISTS (SELECT 1 FROM changes c WHERE c.id = f.change_id AND c.project_id = f.project_id)",
    ),
    (
        Check::Facts,
        "SELECT 'fact ' || f.id || ' ended, but no change says so' FROM facts f
         WHERE (f.valid_to IS NULL AND f.ended_by IS NOT NULL) OR (f.valid_to IS NOT NULL AND NOT EXISTS (
           SELECT 1 FROM changes c WHERE c.id = f.ended_by AND c.project_id = f.project_id))",
    ),
    (
        Check::Versions,
        "SELECT 'record ' || e.id || ' is at version ' || e.version || ', its history at ' || COALESCE(MAX(v.version), 0)
         FROM entities e LEFT JOIN entity_versions v ON v.entity_id = e.id GROUP BY e.id, e.version
         HAVING COALESCE(MAX(v.version), 0) <> e.version OR COUNT(v.version) <> e.version",
    ),
    (
        Check::Counts,
        "SELECT 'project ' || e.project_id || ' has ' || e.live || ' ' || e.collection || ' and ' || e.removed
           || ' in the bin; counted are ' || COALESCE(c.live, 0) || ' and ' || COALESCE(c.removed, 0)
         FROM (SELECT project_id, collection, COUNT(*) - COUNT(removed_at) AS live, COUNT(removed_at) AS removed
           FROM entities GROUP BY project_id, collection) e
         LEFT JOIN counts c ON c.project_id = e.project_id AND c.collection = e.collection
         WHERE COALESCE(c.live, 0) <> e.live OR COALESCE(c.removed, 0) <> e.removed",
    ),
    (
        Check::Passages,
        "SELECT 'passage ' || p.id || ' is of another project than its record' FROM passages p
         JOIN entities e ON e.id = p.entity_id WHERE e.project_id <> p.project_id",
    ),
    (
        Check::Passages,
        "SELECT 'passage ' || p.id || ' is of another collection than its record' FROM passages p
         JOIN entities e ON e.id = p.entity_id WHERE e.collection <> p.collection",
    ),
    (
        Check::Passages,
        "SELECT 'passage ' || p.id || ' has a vector and waits for it, or has none and does not' FROM passages p
         LEFT JOIN embeddings v ON v.project_id = p.project_id AND v.hash = p.hash
         WHERE (p.waiting = 1) <> (v.hash IS NULL)",
    ),
    (
        Check::Passages,
        "SELECT 'record ' || e.id || ' was removed, and can still be found' FROM entities e
         WHERE e.removed_at IS NOT NULL AND EXISTS (SELECT 1 FROM passages p WHERE p.entity_id = e.id)",
    ),
];

fn tell(tx: &mut Tx<'_>, found: &mut Vec<Finding>, check: Check, sql: &str) -> Result<()> {
    let limited = format!("{sql} LIMIT {TOLD}");
    let messages = tx.query(&limited, args![], |row| row.get::<String>(0))?;
    found.extend(messages.into_iter().map(|message| Finding { check, message }));
    Ok(())
}

fn sqlite(tx: &mut Tx<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let told = format!("PRAGMA integrity_check({TOLD})");
    let said = tx.query(&told, args![], |row| row.get::<String>(0))?;
    let faults = said.into_iter().filter(|line| line != "ok");
    found.extend(faults.map(|message| Finding { check: Check::Integrity, message }));
    tell(
        tx,
        found,
        Check::ForeignKeys,
        "SELECT 'a row of ' || \"table\" || ' points to a row of ' || parent || ' that is not there'
         FROM pragma_foreign_key_check",
    )?;
    tell(
        tx,
        found,
        Check::Index,
        "SELECT 'passage ' || p.id || ' is not in the text index' FROM passages p
         WHERE NOT EXISTS (SELECT 1 FROM passages_fts_docsize d WHERE d.id = p.num)",
    )?;
    tell(
        tx,
        found,
        Check::Index,
        "SELECT 'the text index has a passage ' || d.id || ' that is not there' FROM passages_fts_docsize d
         WHERE NOT EXISTS (SELECT 1 FROM passages p WHERE p.num = d.id)",
    )
}

/// Postgres checks its own pages (`initdb --data-checksums`); what can be asked from here is whether its indexes and
/// constraints are in force, and whether every foreign key leads somewhere.
fn postgres(tx: &mut Tx<'_>, found: &mut Vec<Finding>) -> Result<()> {
    tell(
        tx,
        found,
        Check::Integrity,
        "SELECT 'the index ' || CAST(CAST(i.indexrelid AS regclass) AS text) || ' is not valid' FROM pg_index i
         JOIN pg_class c ON c.oid = i.indrelid
         WHERE NOT i.indisvalid AND c.relnamespace = CAST(current_schema() AS regnamespace)",
    )?;
    tell(
        tx,
        found,
        Check::Integrity,
        "SELECT 'the constraint ' || CAST(conname AS text) || ' is not valid' FROM pg_constraint
         WHERE NOT convalidated AND connamespace = CAST(current_schema() AS regnamespace)",
    )?;
    let keys = tx.query(
        "SELECT CAST(CAST(k.conrelid AS regclass) AS text), CAST(a.attname AS text),
           CAST(CAST(k.confrelid AS regclass) AS text), CAST(b.attname AS text)
         FROM pg_constraint k
         JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
         JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
         WHERE k.contype = 'f' AND k.connamespace = CAST(current_schema() AS regnamespace)",
        args![],
        |row| Ok([row.get::<String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?]),
    )?;
    for [table, column, parent, key] in keys {
        let sql = format!(
            "SELECT 'a row of {table} points to a row of {parent} that is not there: ' || c.{column} FROM {table} c
             WHERE c.{column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.{key} = c.{column})"
        );
        tell(tx, found, Check::ForeignKeys, &sql)?;
    }
    Ok(())
}

/// Compares the passages of every live record with those that its text gives.
fn texts(tx: &mut Tx<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let (mut last, mut told) = (String::new(), 0);
    loop {
        let ids: Vec<(ProjectId, EntityId)> = tx.query(
            "SELECT project_id, id FROM entities WHERE removed_at IS NULL AND id > $1 ORDER BY id LIMIT $2",
            args![&last, AT_ONCE],
            |row| Ok((row.id(0)?, row.id(1)?)),
        )?;
        let Some((_, end)) = ids.last() else { return Ok(()) };
        last = end.to_string();
        for (project, id) in &ids {
            let mut t = Tenant::new(tx, Scope::server(*project));
            let record = entities::any(&mut t, *id)?;
            if !passages::are_in_step(&mut t, &record)? {
                told += 1;
                if told <= TOLD {
                    let message = format!("record {id} is found by other words than it has");
                    found.push(Finding { check: Check::Passages, message });
                }
            }
        }
    }
}
