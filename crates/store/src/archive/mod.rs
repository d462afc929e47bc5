//! Backups: the whole database in one file that both databases write and read.
//!
//! A backup is gzip over lines of JSON: a [`Header`], then for each table a line that names its columns and a line for each
//! row, and at the end a [`Trailer`] with the number of rows of each table and the SHA-256 of all lines before it. Blobs
//! are base64. Text indexes and counts are left out, since the databases make them anew, and so is what a server has reserved for
//! some milliseconds: a step whose claim is not written is ready.

mod read;
mod restore;
mod retired;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kernel::{Code, Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::db::{Tx, args};

pub use read::verify;
pub use restore::restore;
pub use retired::verify_runs;

/// What the first line says that the file is.
const FORMAT: &str = "atelier-backup";
/// Which version of the format this program writes and reads.
const VERSION: u32 = 1;

/// A table, and what its rows are ordered by.
struct Table {
    name: &'static str,
    order: &'static [&'static str],
}

const fn table(name: &'static str, order: &'static [&'static str]) -> Table {
    Table { name, order }
}

/// All tables, each behind those that it points to.
const TABLES: &[Table] = &[
    table("people", &["id"]),
    table("identities", &["provider", "subject"]),
    table("sessions", &["id"]),
    table("api_keys", &["id"]),
    table("runners", &["id"]),
    table("settings", &["name"]),
    table("projects", &["id"]),
    table("members", &["project_id", "person_id"]),
    table("runner_projects", &["project_id", "runner_id"]),
    table("invitations", &["id"]),
    table("audit", &["id"]),
    table("events", &["project_id", "seq"]),
    table("changes", &["id"]),
    table("entities", &["id"]),
    table("entity_versions", &["entity_id", "version"]),
    table("facts", &["id"]),
    table("passages", &[PLACE]),
    table("embeddings", &["project_id", "hash"]),
    table("reviews", &["id"]),
    table("uploads", &["id"]),
    table("upload_chunks", &["upload_id", "ordinal"]),
    table("conversations", &["id"]),
    table("messages", &["id"]),
    table("runs", &["id"]),
    table("steps", &["id"]),
    table("step_edges", &["child_id", "parent_id"]),
    table("turns", &["queue"]),
    table("attempts", &["step_id", "fence"]),
    table("run_log", &["run_id", "start"]),
    table("executions", &["step_id", "fence"]),
    table("streams", &["step_id", "fence", "name"]),
    table("stream_pieces", &["step_id", "fence", "name", "start"]),
    table("asks", &["step_id", "fence", "ask_id"]),
    table("said", &["step_id", "fence", "said_id"]),
    table("fleet_days", &["project_id", "day", "runner_id", "agent", "person_id"]),
    table("fleet_policies", &["project_id"]),
    table("schedules", &["id"]),
    table("occurrences", &["schedule_id", "at"]),
    table("usage", &["id"]),
    table("budgets", &["project_id"]),
    table("budget_raises", &["project_id", "step_id", "answered_at", "level"]),
    table("project_secrets", &["project_id", "name"]),
    table("tool_servers", &["project_id", "name"]),
    table("slack_seen", &["id"]),
    table("slack_people", &["team", "member"]),
    table("slack_codes", &["id"]),
    table("slack_channels", &["team", "channel"]),
    table("slack_threads", &["team", "channel", "thread"]),
];

/// The column that ties a passage to the text index; every database counts it by itself, in the same order.
const PLACE: &str = "num";

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Int,
    Real,
    Text,
    Blob,
}

/// The first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    /// The newest migration of the database that was backed up.
    migration: i64,
    backend: String,
    created: Timestamp,
}

/// The line before the rows of a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct TableLine {
    table: String,
    columns: Vec<(String, Kind)>,
}

/// The last line.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Trailer {
    rows: BTreeMap<String, u64>,
    sha256: String,
}

/// How far a backup is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The table that is being written.
    pub table: &'static str,
    /// Rows written so far, of all tables.
    pub rows: u64,
    /// Rows of all tables.
    pub total: u64,
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    /// When it was made.
    pub created: Timestamp,
    /// The newest migration of the database that it was made of.
    pub migration: i64,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    /// The file's size in bytes.
    pub bytes: u64,
}

impl Store {
    /// Writes a consistent snapshot of the whole database to `path` while the server goes on, and reads it back before it
    /// gets that name. Until then it is beside it, as `….partial`. `progress` is told at every table and every thousand rows.
    ///
    /// # Errors
    /// `CONFLICT` when there is a file of that name; `UNAVAILABLE` when the file cannot be written. Then nothing is left.
    pub async fn backup(
        &self,
        path: &Path,
        progress: impl Fn(Progress) + Send + 'static,
    ) -> Result<BackupReport> {
        if path.exists() {
            return Err(Error::new(
                Code::Conflict,
                format!("There is a file {} already. Nothing was written.", path.display()),
            ));
        }
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let (path, partial) = (path.to_owned(), PathBuf::from(partial));
        let (to, backend) = (partial.clone(), self.backend());
        let written = self.read(move |tx| write::write(tx, &to, backend, &progress)).await;
        let finish = move || {
            let done = written.and_then(|()| {
                let report = verify(&partial)?;
                std::fs::rename(&partial, &path).map_err(|error| unwritable(&path, error))?;
                sync_folder(&path).map_err(|error| unwritable(&path, error))?;
                Ok(report)
            });
            if done.is_err() {
                // There may be none; the error that counts is the first one.
                let _ = std::fs::remove_file(&partial);
            }
            done
        };
        tokio::task::spawn_blocking(finish).await.map_err(Error::internal)?
    }
}

/// Makes the new name survive the loss of power.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}

fn unwritable(path: &Path, error: std::io::Error) -> Error {
    Error::new(
        Code::Unavailable,
        format!("The backup could not be written to {}: {error}. Nothing was left there.", path.display()),
    )
    .caused_by(error)
}

/// The columns of a table by name, without those that the database fills by itself.
fn columns(tx: &mut Tx<'_>, table: &str) -> Result<Vec<(String, Kind)>> {
    let sql = if tx.is_sqlite() {
        "SELECT name, LOWER(type) FROM pragma_table_info($1) WHERE name <> $2 ORDER BY name"
    } else {
        "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM information_schema.columns
         WHERE table_schema = current_schema() AND CAST(table_name AS TEXT) = $1 AND CAST(column_name AS TEXT) <> $2
           AND is_generated = 'NEVER'
         ORDER BY CAST(column_name AS TEXT) COLLATE \"C\""
    };
    let found =
        tx.query(sql, args![table, PLACE], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)))?;
    found
        .into_iter()
        .map(|(name, kind)| match kind.as_str() {
            "bigint" | "integer" => Ok((name, Kind::Int)),
            "double precision" => Ok((name, Kind::Real)),
            "text" => Ok((name, Kind::Text)),
            "bytea" => Ok((name, Kind::Blob)),
            kind => {
                Err(Error::internal(format!("{table}.{name} is of the type {kind}, which no backup holds")))
            }
        })
        .collect()
}
