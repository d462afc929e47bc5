//! Reading a backup: line by line, in bounded memory, and never beyond what the trailer vouches for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;
use kernel::{Code, Error, Result};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::write::hex;
use super::{BackupReport, FORMAT, Header, TABLES, TableLine, Trailer, VERSION};

/// The longest line that is read: a document of 64 MiB, twice over for what JSON escapes.
const LONGEST: u64 = 256 * 1024 * 1024;

/// What a backup tells next.
pub(super) enum Item {
    Table(TableLine),
    Row(Vec<Value>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Row(Vec<Value>),
    Table(TableLine),
    End(Trailer),
}

pub(super) struct Reader {
    pub(super) header: Header,
    lines: BufReader<GzDecoder<BufReader<File>>>,
    /// Of all lines so far.
    sum: Sha256,
    line: Vec<u8>,
    rows: BTreeMap<String, u64>,
    table: Option<TableLine>,
    bytes: u64,
}

/// Says that the file is no good, and why.
pub(super) fn damaged(why: impl std::fmt::Display) -> Error {
    Error::new(
        Code::UnreadableDocument,
        format!("This backup is damaged or incomplete: {why}. Nothing was restored from it."),
    )
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Self::open_as(FORMAT, path)
    }

    fn open_as(format: &str, path: &Path) -> Result<Self> {
        let unreadable = |error: std::io::Error| {
            Error::new(Code::NotFound, format!("The backup {} cannot be read: {error}.", path.display()))
        };
        let file = File::open(path).map_err(unreadable)?;
        let bytes = file.metadata().map_err(unreadable)?.len();
        let mut reader = Self {
            header: Header {
                format: String::new(),
                version: 0,
                migration: 0,
                backend: String::new(),
                created: kernel::Timestamp(0),
            },
            lines: BufReader::new(GzDecoder::new(BufReader::new(file))),
            sum: Sha256::new(),
            line: Vec::new(),
            rows: BTreeMap::new(),
            table: None,
            bytes,
        };
        reader.read_line()?;
        reader.header = serde_json::from_slice(&reader.line)
            .ok()
            .filter(|header: &Header| header.format == format)
            .ok_or_else(|| damaged("it does not begin as a backup does"))?;
        if reader.header.version != VERSION {
            return Err(damaged(format!(
                "it is of the format {}, and this program reads {VERSION}",
                reader.header.version
            )));
        }
        reader.sum.update(&reader.line);
        Ok(reader)
    }

    fn read_line(&mut self) -> Result<()> {
        self.line.clear();
        (&mut self.lines).take(LONGEST).read_until(b'\n', &mut self.line).map_err(damaged)?;
        if self.line.ends_with(b"\n") { Ok(()) } else { Err(damaged("it ends in the middle")) }
    }

    /// The next table or row; `None` once the trailer has vouched for all that was read.
    pub(super) fn next(&mut self) -> Result<Option<Item>> {
        self.read_line()?;
        match serde_json::from_slice(&self.line).map_err(damaged)? {
            Line::Row(row) => {
                let table = self.table.as_ref().ok_or_else(|| damaged("a row stands before any table"))?;
                if row.len() != table.columns.len() {
                    return Err(damaged(format!("a row of {} has {} columns", table.table, row.len())));
                }
                *self.rows.entry(table.table.clone()).or_default() += 1;
                self.sum.update(&self.line);
                Ok(Some(Item::Row(row)))
            }
            Line::Table(table) => {
                if !TABLES.iter().any(|known| known.name == table.table)
                    || self.rows.contains_key(&table.table)
                {
                    return Err(damaged(format!("the table {} is unknown, or there twice", table.table)));
                }
                self.rows.insert(table.table.clone(), 0);
                self.sum.update(&self.line);
                self.table = Some(table.clone());
                Ok(Some(Item::Table(table)))
            }
            Line::End(trailer) => {
                if trailer.sha256 != hex(std::mem::take(&mut self.sum)) || trailer.rows != self.rows {
                    return Err(damaged("its checksum is not that of its content"));
                }
                self.at_end()?;
                Ok(None)
            }
        }
    }

    /// Nothing may stand behind the trailer.
    fn at_end(&mut self) -> Result<()> {
        let more = self.lines.read(&mut [0]).map_err(damaged)?;
        let behind = self.lines.get_mut().get_mut().fill_buf().map_err(damaged)?;
        if more == 0 && behind.is_empty() { Ok(()) } else { Err(damaged("something stands behind its end")) }
    }

    pub(super) fn report(self) -> BackupReport {
        BackupReport {
            created: self.header.created,
            migration: self.header.migration,
            rows: self.rows,
            bytes: self.bytes,
        }
    }
}

/// Reads the whole backup and says what it holds. Blocks.
///
/// # Errors
/// `NOT_FOUND` when the file cannot be read; `UNREADABLE_DOCUMENT` when it was cut short or altered.
pub fn verify(path: &Path) -> Result<BackupReport> {
    verify_as(FORMAT, path)
}

/// Reads a whole file of some format of the same lines.
pub(super) fn verify_as(format: &str, path: &Path) -> Result<BackupReport> {
    let mut reader = Reader::open_as(format, path)?;
    while reader.next()?.is_some() {}
    Ok(reader.report())
}
