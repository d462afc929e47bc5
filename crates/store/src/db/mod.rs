//! The closed door: one enum over the databases, the only place that tells them apart.

mod args;
mod postgres;
mod row;
mod sqlite;
mod workers;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Ambient, Code, Error, Id, ProjectId, Result, Timestamp};

pub(crate) use args::{Arg, args};
pub(crate) use row::Row;

/// Told of each project that a committed transaction wrote events to.
pub(crate) type Publish = Arc<dyn Fn(ProjectId) + Send + Sync>;

/// How much a commit survives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// A committed transaction survives the loss of power.
    #[default]
    Full,
    /// It survives a crash of the program; the loss of power may take the last few.
    Normal,
}

/// Where the database is, and how it is used.
#[derive(Debug, Clone)]
pub struct Options {
    /// `postgres://…`, or none for SQLite.
    pub url: Option<String>,
    /// The SQLite file.
    pub file: PathBuf,
    /// For SQLite; Postgres has its own `synchronous_commit`.
    pub durability: Durability,
    /// The most connections at once (Postgres) or readers (SQLite uses at most 4).
    pub connections: usize,
    /// How long an idle Postgres connection is kept.
    pub idle: Duration,
    /// How long to wait for a Postgres connection to be made.
    pub connect: Duration,
}

impl Options {
    /// SQLite in `file`, with the defaults.
    #[must_use]
    pub fn sqlite(file: impl Into<PathBuf>) -> Self {
        Self {
            url: None,
            file: file.into(),
            durability: Durability::Full,
            connections: 20,
            idle: Duration::from_secs(30),
            connect: Duration::from_secs(2),
        }
    }

    /// Postgres at `url`, with the defaults.
    #[must_use]
    pub fn postgres(url: impl Into<String>) -> Self {
        Self { url: Some(url.into()), ..Self::sqlite("") }
    }
}

/// What a database says when it fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DbError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Postgres(#[from] ::postgres::Error),
    #[error("column {column}: {reason}")]
    Column { column: usize, reason: String },
    #[error("the transaction that this was committed with failed: {0}")]
    Batch(String),
}

impl DbError {
    /// Whether a unique index refused the row.
    pub(crate) fn is_unique(&self) -> bool {
        match self {
            Self::Sqlite(error) => matches!(
                error.sqlite_error().map(|e| e.extended_code),
                Some(rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
            ),
            Self::Postgres(error) => error.code() == Some(&::postgres::error::SqlState::UNIQUE_VIOLATION),
            Self::Column { .. } | Self::Batch(_) => false,
        }
    }

    /// Whether the same work may succeed when it is done again.
    fn is_transient(&self) -> bool {
        use ::postgres::error::SqlState;
        match self {
            Self::Postgres(error) => {
                error.is_closed()
                    || matches!(
                        error.code(),
                        Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
                    )
            }
            _ => false,
        }
    }

    fn is_full(&self) -> bool {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            Self::Postgres(error) => error.code() == Some(&::postgres::error::SqlState::DISK_FULL),
            Self::Column { .. } | Self::Batch(_) => false,
        }
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        if error.is_full() {
            return Error::new(
                Code::Unavailable,
                "The server's disk is full. Nothing of this request was saved; what was saved before is safe.",
            )
            .caused_by(error);
        }
        Error::internal(error)
    }
}

/// The cause of `error`, if it is a database's.
pub(crate) fn cause(error: &Error) -> Option<&DbError> {
    std::error::Error::source(error)?.downcast_ref()
}

#[derive(Clone)]
pub(crate) enum Db {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Db {
    pub(crate) fn open(options: &Options, ambient: &Ambient, publish: Publish) -> Result<Self> {
        match &options.url {
            None => Ok(Self::Sqlite(sqlite::Sqlite::open(options, ambient, publish)?)),
            Some(url) => Ok(Self::Postgres(postgres::Postgres::open(url, options, ambient, publish)?)),
        }
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match self {
            Self::Sqlite(db) => db.write(work).await,
            Self::Postgres(db) => db.transact(false, work).await,
        }
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match self {
            Self::Sqlite(db) => db.read(work).await,
            Self::Postgres(db) => db.transact(true, work).await,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

enum Conn<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(postgres::Connection<'c>),
}

/// A running transaction.
pub struct Tx<'c> {
    conn: Conn<'c>,
    ambient: &'c Ambient,
    touched: Vec<ProjectId>,
}

impl<'c> Tx<'c> {
    fn new(conn: Conn<'c>, ambient: &'c Ambient) -> Self {
        Self { conn, ambient, touched: Vec::new() }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.ambient.now()
    }

    /// A new id.
    #[must_use]
    pub fn id<I: Id>(&self) -> I {
        self.ambient.id()
    }

    /// Notes that this transaction wrote to the project's stream, so that listeners are told once it is committed.
    pub(crate) fn touch(&mut self, project: ProjectId) {
        if !self.touched.contains(&project) {
            self.touched.push(project);
        }
    }

    /// Runs a statement that returns no rows; gives the number of rows that it changed.
    pub(crate) fn execute(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<u64, DbError> {
        match &mut self.conn {
            Conn::Sqlite(conn) => {
                let mut statement = conn.prepare_cached(&numbered(sql))?;
                Ok(statement.execute(rusqlite::params_from_iter(args))? as u64)
            }
            Conn::Postgres(conn) => conn.execute(sql, args),
        }
    }

    /// Runs a query and reads each row with `read`.
    pub(crate) fn query<T>(
        &mut self,
        sql: &str,
        args: &[Arg<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        match &mut self.conn {
            Conn::Sqlite(conn) => {
                let mut statement = conn.prepare_cached(&numbered(sql))?;
                let mut rows = statement.query(rusqlite::params_from_iter(args))?;
                let mut out = Vec::new();
                while let Some(row) = rows.next()? {
                    out.push(read(&Row::Sqlite(row))?);
                }
                Ok(out)
            }
            Conn::Postgres(conn) => {
                conn.query(sql, args)?.iter().map(|row| read(&Row::Postgres(row))).collect()
            }
        }
    }

    /// Runs a query for its first row, if it has one.
    pub(crate) fn query_opt<T>(
        &mut self,
        sql: &str,
        args: &[Arg<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        Ok(self.query(sql, args, read)?.into_iter().next())
    }

    /// Runs a query that always has a row, such as a count.
    pub(crate) fn query_one<T>(
        &mut self,
        sql: &str,
        args: &[Arg<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        self.query_opt(sql, args, read)?
            .ok_or_else(|| DbError::Column { column: 0, reason: "a row was expected, none came".into() })
    }

    /// Inserts rows in statements of at most 100 (and at most 900 arguments, which both databases take).
    pub(crate) fn insert_many<const N: usize>(
        &mut self,
        into: &str,
        rows: &[[Arg<'_>; N]],
    ) -> Result<(), DbError> {
        for part in rows.chunks(100.min(900 / N).max(1)) {
            let mut sql = format!("INSERT INTO {into} VALUES ");
            for row in 0..part.len() {
                sql.push_str(if row == 0 { "(" } else { ", (" });
                for column in 0..N {
                    let comma = if column == 0 { "" } else { ", " };
                    sql.push_str(&format!("{comma}${}", row * N + column + 1));
                }
                sql.push(')');
            }
            let args: Vec<Arg<'_>> = part.iter().flatten().cloned().collect();
            self.execute(&sql, &args)?;
        }
        Ok(())
    }

    /// Whether this is SQLite; for the few texts that the databases do not share.
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.conn, Conn::Sqlite(_))
    }

    /// Runs a script of statements without arguments.
    fn script(&mut self, sql: &str) -> Result<(), DbError> {
        match &mut self.conn {
            Conn::Sqlite(conn) => Ok(conn.execute_batch(sql)?),
            Conn::Postgres(conn) => conn.script(sql),
        }
    }

    /// Applies what is missing of the migrations.
    fn migrate(&mut self) -> Result<()> {
        crate::migrations::apply(self)
    }

    pub(crate) fn run_script(&mut self, sql: &str) -> Result<(), DbError> {
        self.script(sql)
    }
}

/// `$2` as SQLite writes the second argument, `?2`: there `$2` would be a name, numbered by where it first stands.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}
