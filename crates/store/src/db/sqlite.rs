//! SQLite: one writer that drains waiting jobs into one transaction (group commit), and a few readers beside it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use kernel::{Ambient, Code, Error, ProjectId, Result};
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

use super::workers::{Door, answer, panicked};
use crate::scoped::scoped;

use super::{Conn, DbError, Durability, Fault, Options, Publish, Tx, cause};

/// The most jobs that share one commit.
const BATCH: usize = 512;
/// For how many times as long as a commit takes a batch may go on taking in jobs, and how long at most: commits then take a
/// small part of the time, and whoever is done does not wait long for the others.
const BATCH_COMMITS: u32 = 2;
const BATCH_TIME: Duration = Duration::from_millis(20);
/// Reader threads.
const READERS: usize = 4;
/// Statements that each connection keeps prepared.
const STATEMENTS: usize = 128;
/// After how many changed rows the log is moved into the database, beside the writer.
const CHECKPOINT_ROWS: u64 = 10_000;
/// At how many pages the writer finishes that itself, since a log that is written to all the time never begins anew: 32 MiB.
const LOG_PAGES: i64 = 4_096;
/// Bytes of a page of a new database: with 8 KiB, twice SQLite's default, a row that is added splits a page less often.
const PAGE: i64 = 8 * 1024;
/// Memory for pages, in KiB: the writer has its part of the tables at hand; a reader, of which there are four, less. It is taken
/// when it is used, so that an idle server has little.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
const READER_CACHE_KIB: i64 = 8 * 1024;

/// A job of the writer: does its work in the open transaction, and answers once it is known whether that was committed.
/// Gets the reason instead when no transaction could be opened for it.
type WriteJob = Box<dyn FnOnce(Result<&mut Tx<'_>, DbError>) -> Done + Send>;
/// Tells the caller; the argument says whether, and how, the commit failed.
type Tell = Box<dyn FnOnce(Option<(Fault, String)>) + Send>;
type ReadJob = Box<dyn FnOnce(&mut Tx<'_>) + Send>;

struct Done {
    /// The projects whose streams it wrote to.
    touched: Vec<ProjectId>,
    /// Whether the job's writes are to be kept; if not, what happened, as far as that is the database's doing.
    kept: Result<(), Fault>,
    tell: Tell,
}

#[derive(Clone)]
pub(crate) struct Sqlite {
    writer: Sender<WriteJob>,
    readers: Sender<ReadJob>,
    door: Door,
    file: PathBuf,
    /// Which file that was when it was opened.
    opened: Which,
}

impl Sqlite {
    pub(super) fn open(
        options: &Options,
        ambient: &Ambient,
        publish: Publish,
        prepare: impl FnOnce(&mut Tx<'_>) -> Result<()>,
    ) -> Result<Self> {
        let connection = connect(&options.file, options.durability).map_err(DbError::from)?;
        connection.pragma_update(None, "page_size", PAGE).map_err(DbError::from)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(DbError::from)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(DbError::from)?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES).map_err(DbError::from)?;
        {
            let mut tx = Tx::new(Conn::Sqlite(&connection), ambient);
            connection.execute_batch("BEGIN IMMEDIATE").map_err(DbError::from)?;
            let ready = prepare(&mut tx);
            // A full disk ends the transaction by itself.
            if !connection.is_autocommit() {
                let end = if ready.is_ok() { "COMMIT" } else { "ROLLBACK" };
                connection.execute_batch(end).map_err(DbError::from)?;
            }
            ready?;
        }
        // One that waits is enough.
        let (grown, growths) = bounded(1);
        let mover = connect(&options.file, options.durability).map_err(DbError::from)?;
        spawn("store-checkpoint", move || checkpoint(&mover, &growths))?;
        let (writer, jobs) = unbounded::<WriteJob>();
        spawn("store-writer", {
            let ambient = ambient.clone();
            move || write_jobs(&connection, &jobs, &ambient, &publish, &grown)
        })?;
        let (readers, jobs) = unbounded::<ReadJob>();
        for _ in 0..READERS.min(options.connections.max(1)) {
            let connection = connect(&options.file, options.durability).map_err(DbError::from)?;
            connection.pragma_update(None, "query_only", true).map_err(DbError::from)?;
            let (jobs, ambient) = (jobs.clone(), ambient.clone());
            spawn("store-reader", move || read_jobs(&connection, &jobs, &ambient))?;
        }
        let opened = which(&options.file).map_err(Error::internal)?;
        Ok(Self { writer, readers, door: Door::new(), file: options.file.clone(), opened })
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = self.door.enter().await?;
        let (told, tells) = oneshot::channel();
        let job: WriteJob = Box::new(move |tx| {
            let (result, touched) = match tx {
                Ok(tx) => {
                    let result = catch_unwind(AssertUnwindSafe(|| work(tx)));
                    tx.end(result.unwrap_or_else(|_| Err(panicked())))
                }
                Err(error) => (Err(error.into()), Vec::new()),
            };
            Done {
                touched,
                kept: result
                    .as_ref()
                    .map(drop)
                    .map_err(|error| cause(error).map_or(Fault::Ours, DbError::fault)),
                tell: Box::new(move |failed| {
                    let result = match failed {
                        Some((fault, why)) if result.is_ok() => Err(DbError::Batch { fault, why }.into()),
                        _ => result,
                    };
                    // A caller that is gone does not want to know.
                    let _ = told.send(result);
                }),
            }
        });
        // A writer that is gone drops the job, and with it the sender that `answer` waits for.
        let _ = self.writer.send(job);
        answer(tells).await
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = self.door.enter().await?;
        let (told, tells) = oneshot::channel();
        let job: ReadJob = Box::new(move |tx| {
            let _ =
                told.send(catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|_| Err(panicked())));
        });
        let _ = self.readers.send(job);
        answer(tells).await
    }
}

impl Sqlite {
    /// Opens the file anew and reads a table. The connections at hand would read what they have in memory, and a file
    /// that was removed.
    pub(super) async fn probe(&self) -> Result<()> {
        let (file, opened) = (self.file.clone(), self.opened);
        let look = move || {
            if which(&file).map_err(Error::internal)? != opened {
                return Err(Error::new(
                    Code::Unavailable,
                    "Another file stands in the place of the database. Start the server again.",
                ));
            }
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&file, flags).map_err(DbError::from)?;
            let count = "SELECT COUNT(*) FROM migrations";
            connection.query_row(count, (), |_| Ok(())).map_err(DbError::from)?;
            Ok(())
        };
        tokio::task::spawn_blocking(look).await.map_err(Error::internal)?
    }
}

/// A file, whatever its name: where the system numbers them, by its device and its number.
#[cfg(unix)]
type Which = (u64, u64);
#[cfg(not(unix))]
type Which = ();

/// Which file has that name. It is not opened for that: closing it would let go of the locks that SQLite holds on it
/// (sqlite.org/howtocorrupt.html, 2.2).
fn which(file: &Path) -> std::io::Result<Which> {
    let about = std::fs::metadata(file)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Ok((about.dev(), about.ino()))
    }
    #[cfg(not(unix))]
    Ok(drop(about))
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new().name(name.into()).spawn(run).map(drop).map_err(Error::internal)
}

/// A connection with the settings that every one of them has.
fn connect(file: &Path, durability: Durability) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // A statement is planned once, not anew for each value of an argument.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // What the text index's triggers call.
    connection.create_scalar_function(
        "scoped",
        2,
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS,
        |call| Ok(scoped(call.get_raw(0).as_str()?, call.get_raw(1).as_str()?)),
    )?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.pragma_update(
        None,
        "synchronous",
        match durability {
            Durability::Full => "FULL",
            Durability::Normal => "NORMAL",
        },
    )?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    Ok(connection)
}

/// Moves the log into the database each time that it has grown, until the writer is gone.
fn checkpoint(connection: &Connection, growths: &Receiver<()>) {
    while growths.recv().is_ok() {
        let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()));
        if let Err(error) = moved {
            tracing::warn!(%error, "the log was not moved into the database; the writer will try");
        }
    }
}

fn write_jobs(
    connection: &Connection,
    jobs: &Receiver<WriteJob>,
    ambient: &Ambient,
    publish: &Publish,
    grown: &Sender<()>,
) {
    let (mut moved, mut commit) = (0, BATCH_TIME);
    while let Ok(first) = jobs.recv() {
        let open_for = (commit * BATCH_COMMITS).min(BATCH_TIME);
        let (done, touched, outcome) = batch(connection, first, jobs, open_for, ambient);
        let worked = Instant::now();
        let failed = end(connection, outcome).err().map(|error| {
            tracing::error!(%error, "a batch of writes was not committed");
            (error.fault(), error.to_string())
        });
        commit = worked.elapsed();
        if failed.is_none() {
            touched.into_iter().for_each(|project| publish(project));
        }
        for done in done {
            (done.tell)(failed.clone());
        }
        let changes = connection.total_changes();
        if changes - moved >= CHECKPOINT_ROWS {
            moved = changes;
            // One that waits already will see this growth, too.
            let _ = grown.try_send(());
        }
    }
}

/// Does `first`, and for that long whatever else waits, in one transaction, which stays open. Gives what is to be told, and
/// whether it may be committed.
fn batch(
    connection: &Connection,
    first: WriteJob,
    jobs: &Receiver<WriteJob>,
    open_for: Duration,
    ambient: &Ambient,
) -> (Vec<Done>, Vec<ProjectId>, Result<(), DbError>) {
    let mut done = Vec::new();
    let mut touched = Vec::new();
    let started = Instant::now();
    if let Err(error) = run(connection, "BEGIN IMMEDIATE") {
        let (fault, why) = (error.fault(), error.to_string());
        done.push(first(Err(error)));
        return (done, touched, Err(DbError::Batch { fault, why }));
    }
    let mut outcome = Ok(());
    let mut next = Some(first);
    // As long as nothing in the transaction is to be kept, a job is undone with all of it: beside a savepoint SQLite copies
    // each page that is written to.
    let mut fresh = true;
    while let Some(job) = next.take() {
        if !fresh && let Err(error) = run(connection, "SAVEPOINT job") {
            outcome = Err(DbError::Batch { fault: error.fault(), why: error.to_string() });
            done.push(job(Err(error)));
            break;
        }
        let mut tx = Tx::new(Conn::Sqlite(connection), ambient);
        let mut finished = job(Ok(&mut tx));
        let (kept, mut wrote) = (finished.kept, std::mem::take(&mut finished.touched));
        done.push(finished);
        if connection.is_autocommit() {
            // A full disk or an IO error makes SQLite end the whole transaction by itself.
            let fault = kept.err().unwrap_or(Fault::Ours);
            outcome = Err(DbError::Batch { fault, why: "SQLite ended the transaction".into() });
            break;
        }
        let end: &[&str] = match (fresh, &kept) {
            (true, Ok(())) => &[],
            (true, Err(_)) => &["ROLLBACK", "BEGIN IMMEDIATE"],
            (false, Ok(())) => &["RELEASE job"],
            (false, Err(_)) => &["ROLLBACK TO job", "RELEASE job"],
        };
        if let Err(error) = end.iter().try_for_each(|sql| run(connection, sql)) {
            outcome = Err(error);
            break;
        }
        if kept.is_ok() {
            fresh = false;
            touched.append(&mut wrote);
        }
        if done.len() < BATCH && started.elapsed() < open_for {
            next = jobs.try_recv().ok();
        }
    }
    (done, touched, outcome)
}

/// Ends a transaction. Gives whether it was committed.
fn end(connection: &Connection, outcome: Result<(), DbError>) -> Result<(), DbError> {
    let outcome = outcome.and_then(|()| run(connection, "COMMIT"));
    if outcome.is_err()
        && !connection.is_autocommit()
        && let Err(error) = run(connection, "ROLLBACK")
    {
        tracing::error!(%error, "a failed batch could not be rolled back");
    }
    outcome
}

/// Runs a statement without arguments, of which there are few.
fn run(connection: &Connection, sql: &str) -> Result<(), DbError> {
    connection.prepare_cached(sql)?.execute(())?;
    Ok(())
}

fn read_jobs(connection: &Connection, jobs: &Receiver<ReadJob>, ambient: &Ambient) {
    while let Ok(job) = jobs.recv() {
        // One snapshot for all that the job reads. If it cannot be opened, the job's own queries say why.
        let opened = run(connection, "BEGIN").is_ok();
        job(&mut Tx::new(Conn::Sqlite(connection), ambient));
        if opened && let Err(error) = run(connection, "COMMIT") {
            tracing::error!(%error, "a read could not be closed");
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::Code;
    use tempfile::TempDir;

    use crate::{Options, Store, settings};

    async fn open(folder: &TempDir) -> Store {
        Store::open(Options::sqlite(folder.path().join("atelier.db")), kernel::Ambient::system())
            .await
            .unwrap()
    }

    async fn pragma(store: &Store, pragma: &'static str) {
        store.transact(move |tx| Ok(tx.script(pragma)?)).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_full_disk_is_told_as_such_and_the_server_goes_on_when_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder).await;
        // The database may not grow beyond its present size.
        pragma(&store, "PRAGMA max_page_count = 1").await;
        let all = (0..20).map(|n| {
            let size = if n == 7 { 1_000_000 } else { 10 };
            store.transact(move |tx| settings::set(tx, &format!("{n:02}"), &"x".repeat(size)))
        });
        let done = futures_util::future::join_all(all).await;
        let told = done[7].as_ref().unwrap_err();
        assert!(told.message().contains("disk is full"), "{told}");
        let mut kept = 0;
        for (n, done) in done.iter().enumerate() {
            // Those that were to be committed with it may have failed with it, and are told the same.
            assert!(done.as_ref().err().is_none_or(|error| error.code() == Code::Unavailable));
            let there = store.read(move |tx| settings::get(tx, &format!("{n:02}"))).await.unwrap().is_some();
            assert_eq!(there, done.is_ok(), "what was told of {n} is true");
            kept += usize::from(there);
        }
        pragma(&store, "PRAGMA max_page_count = 1073741823").await;
        store.transact(|tx| settings::set(tx, "later", &"x".repeat(1_000_000))).await.unwrap();
        let count = |tx: &mut crate::Tx<'_>| {
            Ok(tx.query_one("SELECT COUNT(*) FROM settings", crate::db::args![], |row| row.get::<i64>(0))?)
        };
        assert_eq!(store.read(count).await.unwrap(), kept as i64 + 1);
        assert_eq!(store.check().await.unwrap(), []);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_database_that_another_program_holds_is_told_as_busy_until_it_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder).await;
        pragma(&store, "PRAGMA busy_timeout = 0").await;
        let other = rusqlite::Connection::open(folder.path().join("atelier.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let refused = store.transact(|tx| settings::set(tx, "name", "x")).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable);
        assert!(refused.message().contains("Another program"), "{refused}");
        // Who reads is not kept waiting.
        assert_eq!(store.read(|tx| settings::get(tx, "name")).await.unwrap(), None);
        other.execute_batch("ROLLBACK").unwrap();
        store.transact(|tx| settings::set(tx, "name", "x")).await.unwrap();
    }
}
