//! Postgres: a pool of threads that own a connection each, made when needed and closed when idle.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use kernel::{Ambient, Code, Error, Result};
use postgres::{Client, Config, Statement};
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::sync::oneshot;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::workers::{Door, answer, panicked};
use super::{Arg, Conn, DbError, Options, Publish, Tx, cause};

/// Statements that each connection keeps prepared; beyond that it forgets all and begins anew.
const STATEMENTS: usize = 256;
/// How often a transaction is tried when the database asks for it to be done again.
const TRIES: u32 = 4;
/// Names the lock that lets one server at a time migrate: "atelier" in ASCII.
const MIGRATION_LOCK: i64 = 0x61_74_65_6c_69_65_72;

type Job = Box<dyn FnOnce(Result<&mut Connected>, &Ambient) + Send>;

#[derive(Clone)]
pub(crate) struct Postgres {
    jobs: Sender<Job>,
    door: Door,
    publish: Publish,
}

/// A connection with its prepared statements.
pub(super) struct Connected {
    client: Client,
    statements: HashMap<String, Statement>,
}

/// A connection lent to a transaction.
pub(super) struct Connection<'c> {
    on: &'c mut Connected,
}

impl Connection<'_> {
    fn prepared(&mut self, sql: &str) -> Result<Statement, DbError> {
        if let Some(statement) = self.on.statements.get(sql) {
            return Ok(statement.clone());
        }
        if self.on.statements.len() >= STATEMENTS {
            self.on.statements.clear();
        }
        let statement = self.on.client.prepare(sql)?;
        self.on.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(super) fn execute(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<u64, DbError> {
        let statement = self.prepared(sql)?;
        Ok(self.on.client.execute(&statement, &refs(args))?)
    }

    pub(super) fn query(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<Vec<postgres::Row>, DbError> {
        let statement = self.prepared(sql)?;
        Ok(self.on.client.query(&statement, &refs(args))?)
    }

    pub(super) fn script(&mut self, sql: &str) -> Result<(), DbError> {
        Ok(self.on.client.batch_execute(sql)?)
    }
}

fn refs<'a>(args: &'a [Arg<'a>]) -> Vec<&'a (dyn postgres::types::ToSql + Sync)> {
    args.iter().map(|arg| arg as _).collect()
}

impl Postgres {
    pub(super) fn open(url: &str, options: &Options, ambient: &Ambient, publish: Publish) -> Result<Self> {
        let mut config = Config::from_str(url).map_err(|error| {
            Error::new(Code::ValidationError, "The database address is not one of Postgres.").caused_by(error)
        })?;
        config.connect_timeout(options.connect);
        config.application_name("atelier");
        let mut first = connect(&config)?;
        migrate(&mut first, ambient)?;
        let (jobs, queue) = unbounded::<Job>();
        for number in 0..options.connections.max(1) {
            let (queue, config, ambient, idle) =
                (queue.clone(), config.clone(), ambient.clone(), options.idle);
            std::thread::Builder::new()
                .name(format!("store-postgres-{number}"))
                .spawn(move || serve(&queue, &config, &ambient, idle))
                .map_err(Error::internal)?;
        }
        Ok(Self { jobs, door: Door::new(), publish })
    }

    pub(super) async fn transact<T: Send + 'static>(
        &self,
        read_only: bool,
        work: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = self.door.enter().await?;
        let (told, tells) = oneshot::channel();
        let publish = self.publish.clone();
        let job: Job = Box::new(move |connected, ambient| {
            let result = connected.and_then(|connected| {
                catch_unwind(AssertUnwindSafe(|| transaction(connected, ambient, read_only, &work, &publish)))
                    .unwrap_or_else(|_| Err(panicked()))
            });
            // A caller that is gone does not want to know.
            let _ = told.send(result);
        });
        let _ = self.jobs.send(job);
        answer(tells).await
    }
}

fn connect(config: &Config) -> Result<Connected> {
    let unreachable = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(Code::Unavailable, "The database cannot be reached. Nothing of this request was saved.")
            .caused_by(error)
    };
    let tls = rustls::ClientConfig::with_platform_verifier().map_err(|error| unreachable(error.into()))?;
    let client = config.connect(MakeRustlsConnect::new(tls)).map_err(|error| unreachable(error.into()))?;
    Ok(Connected { client, statements: HashMap::new() })
}

/// Migrates under a lock, so that servers that start together do not do it twice.
fn migrate(connected: &mut Connected, ambient: &Ambient) -> Result<()> {
    connected.client.batch_execute("BEGIN").map_err(DbError::from)?;
    connected
        .client
        .execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK])
        .map_err(DbError::from)?;
    Tx::new(Conn::Postgres(Connection { on: connected }), ambient).migrate()?;
    connected.client.batch_execute("COMMIT").map_err(DbError::from)?;
    connected.statements.clear();
    Ok(())
}

/// Takes jobs until the store is dropped; keeps a connection while there is work, and for `idle` after.
fn serve(queue: &Receiver<Job>, config: &Config, ambient: &Ambient, idle: Duration) {
    let mut connected: Option<Connected> = None;
    loop {
        let job = if connected.is_some() {
            match queue.recv_timeout(idle) {
                Ok(job) => job,
                Err(RecvTimeoutError::Timeout) => {
                    connected = None;
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        } else {
            match queue.recv() {
                Ok(job) => job,
                Err(_) => return,
            }
        };
        if connected.as_ref().is_some_and(|c| c.client.is_closed()) {
            connected = None;
        }
        match connected.take().map_or_else(|| connect(config), Ok) {
            Ok(mut live) => {
                job(Ok(&mut live), ambient);
                connected = Some(live);
            }
            Err(error) => job(Err(error), ambient),
        }
    }
}

/// Does `work` in a transaction, again if the database says that it collided with another.
fn transaction<T>(
    connected: &mut Connected,
    ambient: &Ambient,
    read_only: bool,
    work: &impl Fn(&mut Tx<'_>) -> Result<T>,
    publish: &Publish,
) -> Result<T> {
    let begin = if read_only { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" } else { "BEGIN" };
    let mut tries = 0;
    loop {
        tries += 1;
        connected.client.batch_execute(begin).map_err(DbError::from)?;
        let mut tx = Tx::new(Conn::Postgres(Connection { on: connected }), ambient);
        let result = work(&mut tx);
        let touched = std::mem::take(&mut tx.touched);
        let result = match result {
            Ok(value) => match connected.client.batch_execute("COMMIT").map_err(DbError::from) {
                Ok(()) => {
                    touched.into_iter().for_each(|project| publish(project));
                    return Ok(value);
                }
                Err(error) => Err(Error::from(error)),
            },
            Err(error) => {
                if !connected.client.is_closed() {
                    connected.client.batch_execute("ROLLBACK").map_err(DbError::from)?;
                }
                Err(error)
            }
        };
        match result {
            Err(error)
                if tries < TRIES
                    && !connected.client.is_closed()
                    && cause(&error).is_some_and(DbError::is_transient) => {}
            other => return other,
        }
    }
}
