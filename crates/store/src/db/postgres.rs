//! Postgres: a pool of threads that own a connection each, made when needed and closed when idle.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvError, Sender, bounded};
use kernel::{Ambient, Code, Error, ProjectId, Result};
use postgres::config::SslMode;
use postgres::fallible_iterator::FallibleIterator;
use postgres::{Client, Config, NoTls, Statement};
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::sync::oneshot;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::workers::{Door, answer, panicked};
use super::{Arg, Conn, DbError, Fault, Options, Publish, Tx, cause};

/// Statements that each connection keeps prepared; beyond that it forgets all and begins anew.
const STATEMENTS: usize = 256;
/// How often a transaction is tried when the database asks for it to be done again.
const TRIES: u32 = 4;
/// How long the other side may be silent before the connection counts as lost.
const SILENCE: Duration = Duration::from_secs(30);
/// For disks that find any page as fast as the next one; with the default, which is for disks that turn, a few rows by their
/// ids are looked for by reading the whole table. So they are, too, by a plan that was made while the table was small and is
/// kept, as generic ones are, until the database has counted its rows anew, up to a minute later. Where an index has what is
/// asked for, it is used; a statement that wants all rows still reads them in their order.
const PLANNING: &str = "SET random_page_cost = 1.1; SET enable_seqscan = off";
/// Names the lock that lets one server at a time migrate: "atelier" in ASCII.
const MIGRATION_LOCK: i64 = 0x61_74_65_6c_69_65_72;

type Job = Box<dyn FnOnce(&mut Line<'_>, &Ambient) + Send>;

/// Jobs that no thread is free for, or threads that no job is there for.
#[derive(Default)]
struct Turns {
    jobs: VecDeque<Job>,
    /// The one that was busy last is the next to be: so there are as few connections as there is work for, with the
    /// database's caches and plans of each warm, and the others close.
    free: Vec<Sender<Job>>,
}

/// What is done under this lock cannot fail midway.
fn locked(turns: &Mutex<Turns>) -> MutexGuard<'_, Turns> {
    turns.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A thread's next job; or else where it gets one, now that it is noted as free.
fn next(turns: &Mutex<Turns>) -> Result<Job, Receiver<Job>> {
    let mut turns = locked(turns);
    turns.jobs.pop_front().ok_or_else(|| {
        let (to, mine) = bounded(1);
        turns.free.push(to);
        mine
    })
}

#[derive(Clone)]
pub(crate) struct Postgres {
    turns: Arc<Mutex<Turns>>,
    door: Door,
    publish: Publish,
}

/// A connection with its prepared statements.
pub(super) struct Connected {
    client: Client,
    statements: HashMap<String, Statement>,
    /// Left in the middle of a transaction.
    spoiled: bool,
}

impl Connected {
    fn is_over(&self) -> bool {
        self.spoiled || self.client.is_closed()
    }
}

/// Where the database is, and whether the way there is sealed.
#[derive(Clone)]
struct Address {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Address {
    /// Finds out how the database can be reached, by reaching it.
    fn find(config: Config) -> Result<(Self, Connected)> {
        let plain = Self { config, tls: None };
        let mode = plain.config.get_ssl_mode();
        if mode == SslMode::Disable {
            let connected = plain.connect()?;
            return Ok((plain, connected));
        }
        let sealed = rustls::ClientConfig::with_platform_verifier().map_err(unreachable).and_then(|tls| {
            let sealed = Self { tls: Some(MakeRustlsConnect::new(tls)), ..plain.clone() };
            let connected = sealed.connect()?;
            Ok((sealed, connected))
        });
        match sealed {
            // `prefer` is a wish: a server whose certificate nobody vouches for, as Debian sets one up, is spoken to all
            // the same. Whoever wants more says `sslmode=require`.
            Err(error) if mode == SslMode::Prefer => {
                let connected = plain.connect()?;
                let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
                let why = causes.last().map(ToString::to_string);
                tracing::warn!(
                    why,
                    "the connection to the database is not encrypted, which `sslmode=prefer` allows: say \
                     `sslmode=require` to insist, or `sslmode=disable` if it should not be"
                );
                Ok((plain, connected))
            }
            sealed => sealed,
        }
    }

    fn connect(&self) -> Result<Connected> {
        let client = match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.connect(NoTls),
        };
        let mut client = client.map_err(unreachable)?;
        client.batch_execute(PLANNING).map_err(unreachable)?;
        Ok(Connected { client, statements: HashMap::new(), spoiled: false })
    }
}

fn unreachable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Code::Unavailable, "The database cannot be reached. Nothing of this request was saved.")
        .caused_by(cause)
}

/// A thread's line to the database: a connection that is made when it is needed, and anew when it was lost.
struct Line<'c> {
    address: &'c Address,
    connected: Option<Connected>,
}

impl Line<'_> {
    fn live(&mut self) -> Result<&mut Connected> {
        if self.connected.as_ref().is_none_or(Connected::is_over) {
            self.connected = Some(self.address.connect()?);
        }
        self.connected.as_mut().ok_or_else(|| Error::internal("a connection that was just made is gone"))
    }
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

    /// Inserts rows of `width` arguments each, as an array for each column. `one` inserts one row; what it asks for are the
    /// columns' types.
    pub(super) fn insert(
        &mut self,
        into: &str,
        one: &str,
        width: usize,
        args: &[Arg<'_>],
    ) -> Result<(), DbError> {
        let types = self.prepared(one)?.params().to_vec();
        let arrays: Vec<String> =
            (1..).zip(&types).map(|(n, kind)| format!("${n}::{}[]", kind.name())).collect();
        let sql = format!("INSERT INTO {into} SELECT * FROM UNNEST({})", arrays.join(", "));
        self.execute_arrays(&sql, width, args).map(drop)
    }

    /// Runs a statement on rows of `width` arguments each, as an array for each column.
    pub(super) fn execute_arrays(
        &mut self,
        sql: &str,
        width: usize,
        args: &[Arg<'_>],
    ) -> Result<u64, DbError> {
        let columns: Vec<Vec<&Arg<'_>>> =
            (0..width).map(|column| args.iter().skip(column).step_by(width).collect()).collect();
        let statement = self.prepared(sql)?;
        let columns: Vec<_> = columns.iter().map(|column| column as _).collect();
        Ok(self.on.client.execute(&statement, &columns)?)
    }

    pub(super) fn query(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<Vec<postgres::Row>, DbError> {
        let statement = self.prepared(sql)?;
        Ok(self.on.client.query(&statement, &refs(args))?)
    }

    /// Shows each row to `see` as it comes.
    pub(super) fn each(
        &mut self,
        sql: &str,
        mut see: impl FnMut(&postgres::Row) -> Result<()>,
    ) -> Result<()> {
        let statement = self.prepared(sql)?;
        let mut rows = self.on.client.query_raw(&statement, [] as [&str; 0]).map_err(DbError::from)?;
        while let Some(row) = rows.next().map_err(DbError::from)? {
            see(&row)?;
        }
        Ok(())
    }

    pub(super) fn script(&mut self, sql: &str) -> Result<(), DbError> {
        Ok(self.on.client.batch_execute(sql)?)
    }
}

fn refs<'a>(args: &'a [Arg<'a>]) -> Vec<&'a (dyn postgres::types::ToSql + Sync)> {
    args.iter().map(|arg| arg as _).collect()
}

impl Postgres {
    pub(super) fn open(
        url: &str,
        options: &Options,
        ambient: &Ambient,
        publish: Publish,
        prepare: impl FnOnce(&mut Tx<'_>) -> Result<()>,
    ) -> Result<Self> {
        let mut config = Config::from_str(url).map_err(|error| {
            Error::new(Code::ValidationError, "The database address is not one of Postgres.").caused_by(error)
        })?;
        config.connect_timeout(options.connect);
        config.application_name("atelier");
        // A server that is gone without a word is noticed.
        config.keepalives_idle(SILENCE).tcp_user_timeout(SILENCE);
        let (address, mut first) = Address::find(config)?;
        ready(&mut first, ambient, prepare)?;
        drop(first);
        let turns = Arc::new(Mutex::new(Turns::default()));
        for number in 0..options.connections.max(1) {
            let (turns, address, ambient, idle) =
                (Arc::downgrade(&turns), address.clone(), ambient.clone(), options.idle);
            std::thread::Builder::new()
                .name(format!("store-postgres-{number}"))
                .spawn(move || serve(&turns, &address, &ambient, idle))
                .map_err(Error::internal)?;
        }
        Ok(Self { turns, door: Door::new(), publish })
    }

    fn give(&self, job: Job) {
        let mut turns = locked(&self.turns);
        match turns.free.pop() {
            // A thread is free once, and has room for one. If it were gone, so would be the job, and its caller be told.
            Some(thread) => drop(thread.try_send(job)),
            None => turns.jobs.push_back(job),
        }
    }

    pub(super) async fn transact<T: Send + 'static>(
        &self,
        read_only: bool,
        work: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = self.door.enter().await?;
        let (told, tells) = oneshot::channel();
        let publish = self.publish.clone();
        let job: Job = Box::new(move |line, ambient| {
            // A caller that is gone does not want to know.
            let _ = told.send(transaction(line, ambient, read_only, &work, &publish));
        });
        self.give(job);
        answer(tells).await
    }
}

/// Makes the database ready under a lock, so that servers that start together do not do it twice.
fn ready(
    connected: &mut Connected,
    ambient: &Ambient,
    prepare: impl FnOnce(&mut Tx<'_>) -> Result<()>,
) -> Result<()> {
    connected.client.batch_execute("BEGIN").map_err(DbError::from)?;
    connected
        .client
        .execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK])
        .map_err(DbError::from)?;
    // What is not committed when the connection is dropped is rolled back.
    prepare(&mut Tx::new(Conn::Postgres(Connection { on: connected }), ambient))?;
    connected.client.batch_execute("COMMIT").map_err(DbError::from)?;
    Ok(())
}

/// Takes jobs until the store is dropped; keeps a connection while there is work, and for `idle` after.
fn serve(turns: &Weak<Mutex<Turns>>, address: &Address, ambient: &Ambient, idle: Duration) {
    let mut line = Line { address, connected: None };
    while let Some(next) = turns.upgrade().map(|turns| next(&turns)) {
        match next.or_else(|mine| wait(&mine, &mut line, idle)) {
            Ok(job) => job(&mut line, ambient),
            Err(_) => return,
        }
    }
}

/// Waits for a job; none comes once the store is dropped. The connection is closed meanwhile if that takes longer than `idle`.
fn wait(mine: &Receiver<Job>, line: &mut Line<'_>, idle: Duration) -> Result<Job, RecvError> {
    mine.recv_timeout(idle).or_else(|_| {
        line.connected = None;
        mine.recv()
    })
}

/// Does `work` in a transaction; again if it collided with another, or if the connection was lost before the commit, for
/// then nothing of it was kept.
fn transaction<T>(
    line: &mut Line<'_>,
    ambient: &Ambient,
    read_only: bool,
    work: &impl Fn(&mut Tx<'_>) -> Result<T>,
    publish: &Publish,
) -> Result<T> {
    let mut tries = 0;
    loop {
        tries += 1;
        let tried = attempt(line.live()?, ambient, read_only, work);
        let Err(error) = tried else {
            let (value, touched) = tried?;
            touched.into_iter().for_each(|project| publish(project));
            return Ok(value);
        };
        let lost = line.connected.as_ref().is_none_or(Connected::is_over)
            || cause(&error).is_some_and(|cause| matches!(cause.fault(), Fault::Lost | Fault::Unknown));
        if lost {
            line.connected = None;
        }
        let unknown = cause(&error).is_some_and(|cause| cause.fault() == Fault::Unknown);
        let again = !unknown && (lost || cause(&error).is_some_and(DbError::is_transient));
        if !again || tries == TRIES {
            return Err(error);
        }
    }
}

/// Does `work` once. Gives what came of it, and the projects whose streams it wrote to.
fn attempt<T>(
    connected: &mut Connected,
    ambient: &Ambient,
    read_only: bool,
    work: &impl Fn(&mut Tx<'_>) -> Result<T>,
) -> Result<(T, Vec<ProjectId>)> {
    let begin = if read_only { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" } else { "BEGIN" };
    connected.client.batch_execute(begin).map_err(DbError::from)?;
    let mut tx = Tx::new(Conn::Postgres(Connection { on: connected }), ambient);
    let result = catch_unwind(AssertUnwindSafe(|| work(&mut tx))).unwrap_or_else(|_| Err(panicked()));
    let (result, touched) = tx.end(result);
    match result {
        Ok(value) => match connected.client.batch_execute("COMMIT").map_err(DbError::from) {
            Ok(()) => Ok((value, touched)),
            Err(error) if read_only || error.fault() != Fault::Lost => Err(error.into()),
            Err(error) => Err(DbError::Commit(Box::new(error)).into()),
        },
        Err(error) => {
            if let Err(rollback) = connected.client.batch_execute("ROLLBACK") {
                tracing::warn!(error = %rollback, "a transaction could not be rolled back; its connection is closed");
                connected.spoiled = true;
            }
            Err(error)
        }
    }
}
