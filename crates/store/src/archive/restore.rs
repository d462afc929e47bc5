//! Restoring a backup into an empty database, all of it or nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::{Ambient, Code, Error, Result};
use serde_json::Value;

use super::read::{Item, Reader, damaged};
use super::{BackupReport, Kind, TABLES, TableLine, columns};
use crate::db::{Arg, Db, Options, Tx, args};
use crate::migrations;

/// The most rows that one statement writes.
const ROWS: usize = 100;
/// How many bytes of rows go into one statement at most, but for a row that is longer by itself.
const BATCH: usize = 4 * 1024 * 1024;

/// Restores the backup at `path` into the empty database that `options` name, in one transaction that is committed once
/// the whole backup was read and its checksum is right. A backup of an older program is then brought up to date.
///
/// # Errors
/// `CONFLICT` when the database is not empty; `NOT_FOUND`, `UNREADABLE_DOCUMENT` as [`super::verify`]. Then the database
/// is as it was.
pub async fn restore(options: Options, ambient: Ambient, path: &Path) -> Result<BackupReport> {
    let path = path.to_owned();
    let work = move || {
        let made = options.url.is_none() && !options.file.exists();
        let mut report = None;
        let opened = Db::open(&options, &ambient, Arc::new(|_| ()), |tx| {
            report = Some(fill(tx, &path)?);
            Ok(())
        });
        match (opened, report) {
            (Ok(_), Some(report)) => Ok(report),
            (Ok(_), None) => Err(Error::internal("the database was opened without being filled")),
            (Err(error), _) => {
                if made {
                    take_away(&options.file);
                }
                Err(error)
            }
        }
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

/// Takes away the file that this made, and what SQLite keeps beside it.
fn take_away(file: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        // There may be none.
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
}

fn fill(tx: &mut Tx<'_>, path: &Path) -> Result<BackupReport> {
    let mut reader = Reader::open(path)?;
    let migration = reader.header.migration;
    migrations::known(migration)?;
    make_room(tx, migration)?;
    let mut rows: Option<Rows> = None;
    while let Some(item) = reader.next()? {
        match item {
            Item::Table(line) => {
                if let Some(mut full) = rows.take() {
                    full.flush(tx)?;
                }
                rows = Some(Rows::begin(tx, line)?);
            }
            Item::Row(row) => {
                if let Some(rows) = &mut rows {
                    rows.add(tx, row)?;
                }
            }
        }
    }
    if let Some(mut full) = rows {
        full.flush(tx)?;
    }
    migrations::apply(tx, migrations::newest())?;
    Ok(reader.report())
}

/// Sees to it that the database is empty and has the tables as they were when the backup was made.
fn make_room(tx: &mut Tx<'_>, migration: i64) -> Result<()> {
    let applied = migrations::applied(tx)?;
    let taken = |what: String| {
        Err(Error::new(Code::Conflict, format!("{what} Nothing was changed; name an empty database.")))
    };
    if applied == 0 {
        return migrations::apply(tx, migration);
    }
    if applied != migration {
        return taken(format!("The database is at migration {applied}, the backup at {migration}."));
    }
    for table in TABLES {
        let row = tx.query_opt(&format!("SELECT 1 FROM {} LIMIT 1", table.name), args![], |_| Ok(()))?;
        if row.is_some() {
            return taken(format!("The database is not empty: there are {}.", table.name.replace('_', " ")));
        }
    }
    Ok(())
}

/// A value on its way into a row.
enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl Cell {
    fn read(kind: Kind, value: Value) -> Option<Self> {
        Some(match (kind, value) {
            (_, Value::Null) => Self::Null,
            (Kind::Int, value) => Self::Int(value.as_i64()?),
            (Kind::Real, value) => Self::Real(value.as_f64()?),
            (Kind::Text, Value::String(text)) => Self::Text(text),
            (Kind::Blob, Value::String(text)) => Self::Blob(STANDARD.decode(text).ok()?),
            _ => return None,
        })
    }

    fn arg(&self) -> Arg<'_> {
        match self {
            Self::Null => Arg::Null,
            Self::Int(value) => Arg::Int(*value),
            Self::Real(value) => Arg::Real(*value),
            Self::Text(text) => Arg::Text(text),
            Self::Blob(bytes) => Arg::Blob(bytes),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Null | Self::Int(_) | Self::Real(_) => 8,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        }
    }
}

/// Rows of one table that wait to be inserted together.
struct Rows {
    table: TableLine,
    into: String,
    cells: Vec<Cell>,
    size: usize,
}

impl Rows {
    fn begin(tx: &mut Tx<'_>, table: TableLine) -> Result<Self> {
        let known = columns(tx, &table.table)?;
        if table.columns.is_empty() || table.columns.iter().any(|column| !known.contains(column)) {
            return Err(damaged(format!("the columns of {} are not those of its migration", table.table)));
        }
        let names: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
        let into = format!("{} ({})", table.table, names.join(", "));
        Ok(Self { table, into, cells: Vec::new(), size: 0 })
    }

    fn add(&mut self, tx: &mut Tx<'_>, row: Vec<Value>) -> Result<()> {
        for (value, (name, kind)) in row.into_iter().zip(&self.table.columns) {
            let cell = Cell::read(*kind, value).ok_or_else(|| {
                damaged(format!("a value of {}.{name} is of another kind", self.table.table))
            })?;
            self.size += cell.size();
            self.cells.push(cell);
        }
        if self.cells.len() / self.table.columns.len() >= ROWS || self.size >= BATCH {
            self.flush(tx)
        } else {
            Ok(())
        }
    }

    fn flush(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        if !self.cells.is_empty() {
            let args: Vec<Arg<'_>> = self.cells.iter().map(Cell::arg).collect();
            tx.insert_flat(&self.into, self.table.columns.len(), &args)?;
            self.cells.clear();
            self.size = 0;
        }
        Ok(())
    }
}
