//! Runs that ended long ago: written to a file, which is read back, and only then deleted.
//!
//! The file has the lines of a backup, of the tables of runs alone; `docs/backup-and-restore.md` says how to read one.

use std::path::{Path, PathBuf};

use kernel::{Code, Error, Result, RunId, Timestamp};

use super::read::verify_as;
use super::write::Lines;
use super::{BackupReport, Table, sync_folder, table, unwritable};
use crate::Store;
use crate::db::{Arg, Tx};
use crate::entities::places;

/// What the first line says that the file is.
const FORMAT: &str = "atelier-runs";
/// The most runs of a file.
const OF_A_FILE: u32 = 500;
/// How many runs one transaction deletes, so that no other waits for long.
const AT_ONCE: usize = 20;

/// What belongs to runs, and which of its rows belong to `{runs}`.
const TABLES: [(Table, &str); 10] = [
    (table("runs", &["id"]), "id IN ({runs})"),
    (table("steps", &["id"]), "run_id IN ({runs})"),
    (
        table("step_edges", &["child_id", "parent_id"]),
        "child_id IN (SELECT id FROM steps WHERE run_id IN ({runs}))",
    ),
    (table("attempts", &["step_id", "fence"]), "step_id IN (SELECT id FROM steps WHERE run_id IN ({runs}))"),
    (table("run_log", &["run_id", "start"]), "run_id IN ({runs})"),
    (
        table("executions", &["step_id", "fence"]),
        "step_id IN (SELECT id FROM steps WHERE run_id IN ({runs}))",
    ),
    (
        table("streams", &["step_id", "fence", "name"]),
        "step_id IN (SELECT id FROM steps WHERE run_id IN ({runs}))",
    ),
    (
        table("stream_pieces", &["step_id", "fence", "name", "start"]),
        "step_id IN (SELECT id FROM steps WHERE run_id IN ({runs}))",
    ),
    (
        table("asks", &["step_id", "fence", "ask_id"]),
        "step_id IN (SELECT id FROM steps WHERE run_id IN ({runs}))",
    ),
    (
        table("said", &["step_id", "fence", "said_id"]),
        "step_id IN (SELECT id FROM steps WHERE run_id IN ({runs}))",
    ),
];

impl Store {
    /// Moves runs that ended before `before` into files in `folder`, at most 500 a file, and tells how many those were. A run
    /// is deleted only once the file that it is in is on the disk and was read back. One that was opened again meanwhile
    /// stays.
    ///
    /// # Errors
    /// `UNAVAILABLE` when a file cannot be written; then all that was to be in it is still there.
    pub async fn retire_runs(&self, folder: &Path, before: Timestamp) -> Result<u64> {
        let mut all = 0;
        loop {
            let runs = self.put_away(folder, before).await?;
            let mut gone = 0;
            for part in runs.chunks(AT_ONCE) {
                let part = part.to_vec();
                gone += self.transact(move |tx| delete(tx, &part, before)).await?;
            }
            all += gone;
            if gone < u64::from(OF_A_FILE) {
                return Ok(all);
            }
        }
    }

    /// Writes the runs that ended first, if there are any, into a new file, and gives their ids.
    async fn put_away(&self, folder: &Path, before: Timestamp) -> Result<Vec<RunId>> {
        let partial = folder.join("runs.partial");
        let (made, to, backend) = (folder.to_owned(), partial.clone(), self.backend());
        let written = self.read(move |tx| {
            let which = ended(before);
            let runs: Vec<RunId> = tx.query(&which, &[], |row| row.id(0))?;
            if !runs.is_empty() {
                std::fs::create_dir_all(&made).map_err(|error| unwritable(&made, error))?;
                write(tx, &to, backend, &which)?;
            }
            Ok((runs, tx.now()))
        });
        let (runs, now) = written.await?;
        if runs.is_empty() {
            return Ok(runs);
        }
        let file = folder.join(format!("runs-{}.jsonl.gz", now.to_rfc3339().replace([':', '.'], "-")));
        let keep = move || keep(&partial, &file).map(|report| report.rows["runs"]);
        let kept = tokio::task::spawn_blocking(keep).await.map_err(Error::internal)??;
        if kept == runs.len() as u64 {
            Ok(runs)
        } else {
            Err(Error::internal(format!("{kept} of {} runs are in the archive", runs.len())))
        }
    }
}

/// The ids of the runs that ended first, before a time.
fn ended(before: Timestamp) -> String {
    format!("SELECT id FROM runs WHERE ended_at < {} ORDER BY ended_at, id LIMIT {OF_A_FILE}", before.0)
}

fn write(tx: &mut Tx<'_>, path: &Path, backend: &str, runs: &str) -> Result<()> {
    let mut lines = Lines::begin(path, FORMAT, backend, tx.now())?;
    for (table, which) in &TABLES {
        lines.table(tx, table, &format!("WHERE {}", which.replace("{runs}", runs)), |_| {})?;
    }
    lines.end()
}

/// Reads a file back, and gives it its name for good.
fn keep(partial: &Path, file: &PathBuf) -> Result<BackupReport> {
    let report = verify_as(FORMAT, partial)?;
    if file.exists() {
        let why = format!("There is a file {} already. Nothing was deleted.", file.display());
        return Err(Error::new(Code::Conflict, why));
    }
    std::fs::rename(partial, file).map_err(|error| unwritable(file, error))?;
    sync_folder(file).map_err(|error| unwritable(file, error))?;
    Ok(report)
}

/// Deletes runs with all that is theirs, but for those that do not count as ended before that time any more.
fn delete(tx: &mut Tx<'_>, runs: &[RunId], before: Timestamp) -> Result<u64> {
    let values: Vec<Arg<'_>> =
        std::iter::once(before.into()).chain(runs.iter().map(|run| Arg::from(*run))).collect();
    let sql = format!("DELETE FROM runs WHERE ended_at < $1 AND id IN ({})", places(2, runs.len()));
    Ok(tx.execute(&sql, &values)?)
}

/// Reads an archive of runs from its beginning to its end, and says what it holds. Blocks.
///
/// # Errors
/// `NOT_FOUND` when the file cannot be read; `UNREADABLE_DOCUMENT` when it was cut short or altered.
pub fn verify_runs(path: &Path) -> Result<BackupReport> {
    verify_as(FORMAT, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_is_not_as_it_was_written_is_not_counted_on() {
        let folder = tempfile::tempdir().unwrap();
        let options = crate::Options::sqlite(folder.path().join("atelier.db"));
        let store = Store::open(options, kernel::Ambient::system()).await.unwrap();
        let (partial, file) = (folder.path().join("runs.partial"), folder.path().join("runs.jsonl.gz"));
        let to = partial.clone();
        let write = store.read(move |tx| write(tx, &to, "sqlite", &ended(Timestamp(0))));
        write.await.unwrap();
        let whole = std::fs::read(&partial).unwrap();
        for place in [whole.len() / 2, whole.len() - 9] {
            let mut altered = whole.clone();
            altered[place] ^= 1;
            std::fs::write(&partial, &altered).unwrap();
            assert_eq!(keep(&partial, &file).unwrap_err().code(), Code::UnreadableDocument);
            std::fs::write(&partial, &whole[..place]).unwrap();
            assert_eq!(keep(&partial, &file).unwrap_err().code(), Code::UnreadableDocument);
            assert!(!file.exists());
        }
        std::fs::write(&partial, &whole).unwrap();
        assert_eq!(keep(&partial, &file).unwrap().rows["runs"], 0);
    }
}
