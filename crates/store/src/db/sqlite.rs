//! SQLite: one writer that drains waiting jobs into one transaction (group commit), and a few readers beside it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use kernel::{Ambient, Error, ProjectId, Result};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

use super::workers::{Door, answer, panicked};
use super::{Conn, DbError, Durability, Options, Publish, Tx};

/// The most jobs that share one commit.
const BATCH: usize = 512;
/// How long a batch may go on taking in jobs.
const BATCH_TIME: Duration = Duration::from_millis(20);
/// Reader threads.
const READERS: usize = 4;
/// Statements that each connection keeps prepared.
const STATEMENTS: usize = 128;

/// A job of the writer: does its work in the open transaction, and answers once it is known whether that was committed.
/// Gets the reason instead when no transaction could be opened for it.
type WriteJob = Box<dyn FnOnce(Result<&mut Tx<'_>, DbError>) -> Done + Send>;
type ReadJob = Box<dyn FnOnce(&mut Tx<'_>) + Send>;

struct Done {
    /// Whether the job's writes are to be kept.
    keep: bool,
    /// Tells the caller; the argument says whether the commit failed.
    tell: Box<dyn FnOnce(Option<String>) + Send>,
}

#[derive(Clone)]
pub(crate) struct Sqlite {
    writer: Sender<WriteJob>,
    readers: Sender<ReadJob>,
    door: Door,
}

impl Sqlite {
    pub(super) fn open(options: &Options, ambient: &Ambient, publish: Publish) -> Result<Self> {
        let connection = connect(&options.file, options.durability).map_err(DbError::from)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(DbError::from)?;
        {
            let mut tx = Tx::new(Conn::Sqlite(&connection), ambient);
            connection.execute_batch("BEGIN IMMEDIATE").map_err(DbError::from)?;
            let migrated = tx.migrate();
            let end = if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" };
            connection.execute_batch(end).map_err(DbError::from)?;
            migrated?;
        }
        let (writer, jobs) = unbounded::<WriteJob>();
        spawn("store-writer", {
            let ambient = ambient.clone();
            move || write_jobs(&connection, &jobs, &ambient, &publish)
        })?;
        let (readers, jobs) = unbounded::<ReadJob>();
        for _ in 0..READERS.min(options.connections.max(1)) {
            let connection = connect(&options.file, options.durability).map_err(DbError::from)?;
            connection.pragma_update(None, "query_only", true).map_err(DbError::from)?;
            let (jobs, ambient) = (jobs.clone(), ambient.clone());
            spawn("store-reader", move || read_jobs(&connection, &jobs, &ambient))?;
        }
        Ok(Self { writer, readers, door: Door::new() })
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = self.door.enter().await?;
        let (told, tells) = oneshot::channel();
        let job: WriteJob = Box::new(move |tx| {
            let result = match tx {
                Ok(tx) => catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|_| Err(panicked())),
                Err(error) => Err(error.into()),
            };
            Done {
                keep: result.is_ok(),
                tell: Box::new(move |failed| {
                    let result = match failed {
                        Some(why) if result.is_ok() => Err(DbError::Batch(why).into()),
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

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new().name(name.into()).spawn(run).map(drop).map_err(Error::internal)
}

/// A connection with the settings that every one of them has.
fn connect(file: &Path, durability: Durability) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
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
    // 8 MiB a connection: five of them stay within the memory that an idle server may take.
    connection.pragma_update(None, "cache_size", -8 * 1024)?;
    Ok(connection)
}

fn write_jobs(connection: &Connection, jobs: &Receiver<WriteJob>, ambient: &Ambient, publish: &Publish) {
    while let Ok(first) = jobs.recv() {
        let (done, touched, outcome) = batch(connection, first, jobs, ambient);
        let failed = outcome.err().map(|error| {
            tracing::error!(%error, "a batch of writes was not committed");
            error.to_string()
        });
        if failed.is_none() {
            touched.into_iter().for_each(|project| publish(project));
        }
        for done in done {
            (done.tell)(failed.clone());
        }
    }
}

/// Does `first` and whatever else waits in one transaction. Gives what is to be told, and whether it was committed.
fn batch(
    connection: &Connection,
    first: WriteJob,
    jobs: &Receiver<WriteJob>,
    ambient: &Ambient,
) -> (Vec<Done>, Vec<ProjectId>, Result<(), DbError>) {
    let mut done = Vec::new();
    let mut touched = Vec::new();
    let started = Instant::now();
    if let Err(error) = connection.execute_batch("BEGIN IMMEDIATE") {
        done.push(first(Err(error.into())));
        return (done, touched, Err(DbError::Batch("no transaction could be begun".into())));
    }
    let mut outcome = Ok(());
    let mut next = Some(first);
    while let Some(job) = next.take() {
        if let Err(error) = connection.execute_batch("SAVEPOINT job") {
            done.push(job(Err(error.into())));
            outcome = Err(DbError::Batch("no savepoint could be set".into()));
            break;
        }
        let mut tx = Tx::new(Conn::Sqlite(connection), ambient);
        let finished = job(Ok(&mut tx));
        let (keep, mut wrote) = (finished.keep, std::mem::take(&mut tx.touched));
        done.push(finished);
        if connection.is_autocommit() {
            // A full disk or an IO error makes SQLite end the whole transaction by itself.
            outcome = Err(DbError::Batch("SQLite ended the transaction".into()));
            break;
        }
        if let Err(error) =
            connection.execute_batch(if keep { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" })
        {
            outcome = Err(error.into());
            break;
        }
        if keep {
            touched.append(&mut wrote);
        }
        if done.len() < BATCH && started.elapsed() < BATCH_TIME {
            next = jobs.try_recv().ok();
        }
    }
    if outcome.is_ok() {
        outcome = connection.execute_batch("COMMIT").map_err(DbError::from);
    }
    if outcome.is_err()
        && !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a failed batch could not be rolled back");
    }
    (done, touched, outcome)
}

fn read_jobs(connection: &Connection, jobs: &Receiver<ReadJob>, ambient: &Ambient) {
    while let Ok(job) = jobs.recv() {
        // One snapshot for all that the job reads. If it cannot be opened, the job's own queries say why.
        let opened = connection.execute_batch("BEGIN").is_ok();
        job(&mut Tx::new(Conn::Sqlite(connection), ambient));
        if opened && let Err(error) = connection.execute_batch("COMMIT") {
            tracing::error!(%error, "a read could not be closed");
        }
    }
}
