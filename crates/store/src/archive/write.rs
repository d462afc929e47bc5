//! Writing a backup, row by row, from one snapshot.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use kernel::{Error, Result, Timestamp};
use serde::Serialize;
use serde_json::{Number, Value};
use sha2::{Digest, Sha256};

use super::{
    FORMAT, Header, Kind, Progress, TABLES, Table, TableLine, Trailer, VERSION, columns, unwritable,
};
use crate::db::{DbError, Row, Tx, args};
use crate::migrations;

/// Rows between two reports of progress.
const REPORTED_EVERY: u64 = 1000;

/// Writes all tables to `path`, over what may be there, and sees to it that the disk has them.
pub(super) fn write(tx: &mut Tx<'_>, path: &Path, backend: &str, progress: &impl Fn(Progress)) -> Result<()> {
    let mut lines = Lines::begin(path, FORMAT, backend, tx.now())?;
    let mut total = 0u64;
    for table in TABLES {
        let count = format!("SELECT COUNT(*) FROM {}", table.name);
        total += tx.query_one(&count, args![], |row| row.get::<i64>(0))?.unsigned_abs();
    }
    for table in TABLES {
        lines.table(tx, table, "", |rows| progress(Progress { table: table.name, rows, total }))?;
    }
    lines.end()
}

/// The rows of a table, in an order that is the same on both databases.
fn select(tx: &Tx<'_>, table: &Table, columns: &[(String, Kind)], which: &str) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let by_bytes = |column: &&str| columns.iter().any(|(name, kind)| name == column && *kind == Kind::Text);
    let order: Vec<String> = table
        .order
        .iter()
        .map(|column| {
            if !tx.is_sqlite() && by_bytes(column) {
                format!("{column} COLLATE \"C\"")
            } else {
                (*column).into()
            }
        })
        .collect();
    format!("SELECT {} FROM {} {which} ORDER BY {}", names.join(", "), table.name, order.join(", "))
}

fn cells(row: &Row<'_>, columns: &[(String, Kind)]) -> Result<Vec<Value>, DbError> {
    let cell = |(place, (_, kind)): (usize, &(String, Kind))| {
        Ok(match kind {
            Kind::Int => row.get::<Option<i64>>(place)?.map_or(Value::Null, Value::from),
            Kind::Real => {
                row.get::<Option<f64>>(place)?.and_then(Number::from_f64).map_or(Value::Null, Value::Number)
            }
            Kind::Text => row.get::<Option<String>>(place)?.map_or(Value::Null, Value::String),
            Kind::Blob => {
                row.get::<Option<Vec<u8>>>(place)?.map_or(Value::Null, |bytes| STANDARD.encode(bytes).into())
            }
        })
    };
    columns.iter().enumerate().map(cell).collect()
}

pub(super) fn hex(sum: Sha256) -> String {
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The lines of a backup on their way to the file.
pub(super) struct Lines<'p> {
    path: &'p Path,
    out: GzEncoder<BufWriter<File>>,
    /// Of all lines so far.
    sum: Sha256,
    line: Vec<u8>,
    /// Rows so far, by table.
    counts: BTreeMap<String, u64>,
}

impl<'p> Lines<'p> {
    /// Begins a file, over what may be there.
    pub(super) fn begin(path: &'p Path, format: &str, backend: &str, now: Timestamp) -> Result<Self> {
        let file = File::create(path).map_err(|error| unwritable(path, error))?;
        let mut lines = Self {
            path,
            out: GzEncoder::new(BufWriter::new(file), Compression::default()),
            sum: Sha256::new(),
            line: Vec::new(),
            counts: BTreeMap::new(),
        };
        lines.put(&Header {
            format: format.into(),
            version: VERSION,
            migration: migrations::newest(),
            backend: backend.into(),
            created: now,
        })?;
        Ok(lines)
    }

    /// Writes the rows of a table for which `which`, a `WHERE` or nothing, holds; `seen` is told the number of rows of all
    /// tables so far.
    pub(super) fn table(
        &mut self,
        tx: &mut Tx<'_>,
        table: &Table,
        which: &str,
        seen: impl Fn(u64),
    ) -> Result<()> {
        let before: u64 = self.counts.values().sum();
        let mut rows = before;
        seen(rows);
        let columns = columns(tx, table.name)?;
        let sql = select(tx, table, &columns, which);
        self.put(&TableLine { table: table.name.into(), columns: columns.clone() })?;
        tx.each(&sql, |row| {
            self.put(&cells(row, &columns)?)?;
            rows += 1;
            if rows.is_multiple_of(REPORTED_EVERY) {
                seen(rows);
            }
            Ok(())
        })?;
        self.counts.insert(table.name.to_owned(), rows - before);
        Ok(())
    }

    fn put(&mut self, value: &impl Serialize) -> Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value).map_err(Error::internal)?;
        self.line.push(b'\n');
        self.sum.update(&self.line);
        self.out.write_all(&self.line).map_err(|error| unwritable(self.path, error))
    }

    /// Writes what vouches for it all, and sees to it that the disk has it.
    pub(super) fn end(mut self) -> Result<()> {
        let trailer = Trailer { rows: std::mem::take(&mut self.counts), sha256: hex(self.sum.clone()) };
        self.put(&trailer)?;
        let path = self.path;
        let file = self.out.finish().and_then(|buffered| Ok(buffered.into_inner()?));
        file.and_then(|file| file.sync_all()).map_err(|error| unwritable(path, error))
    }
}
