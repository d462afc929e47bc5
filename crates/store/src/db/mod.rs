//! The closed door: one enum over the databases, the only place that tells them apart.

mod args;
mod bound;
mod error;
mod postgres;
mod row;
mod sqlite;
mod workers;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Ambient, Error, Id, ProjectId, Result, Timestamp};

pub(crate) use args::{Arg, args};
pub(crate) use error::DbError;
pub(crate) use row::Row;

use error::{Fault, cause};

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

#[derive(Clone)]
pub(crate) enum Db {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Db {
    /// Opens the database once `prepare` has made it ready, in a transaction of its own that no other server shares.
    pub(crate) fn open(
        options: &Options,
        ambient: &Ambient,
        publish: Publish,
        prepare: impl FnOnce(&mut Tx<'_>) -> Result<()>,
    ) -> Result<Self> {
        match &options.url {
            None => Ok(Self::Sqlite(sqlite::Sqlite::open(options, ambient, publish, prepare)?)),
            Some(url) => {
                Ok(Self::Postgres(postgres::Postgres::open(url, options, ambient, publish, prepare)?))
            }
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

    /// Looks at the database itself, past all that is kept of it in memory.
    pub(crate) async fn probe(&self) -> Result<()> {
        match self {
            Self::Sqlite(db) => db.probe().await,
            Self::Postgres(db) => {
                let count = "SELECT COUNT(*) FROM migrations";
                db.transact(true, move |tx| Ok(tx.query_one(count, args![], |_| Ok(()))?)).await
            }
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

/// Postgres keeps no U+0000 in a text; what one database refuses, the other must not take.
fn keepable(args: &[Arg<'_>]) -> Result<(), DbError> {
    if args.iter().any(Arg::has_nul) {
        return Err(DbError::Nul);
    }
    Ok(())
}

/// A running transaction.
pub struct Tx<'c> {
    conn: Conn<'c>,
    ambient: &'c Ambient,
    touched: Vec<ProjectId>,
    /// Whether a statement failed. Postgres then keeps nothing of the transaction, whatever comes after.
    failed: bool,
}

impl<'c> Tx<'c> {
    fn new(conn: Conn<'c>, ambient: &'c Ambient) -> Self {
        Self { conn, ambient, touched: Vec::new(), failed: false }
    }

    /// The result that counts, and the projects whose streams were written to. Work that went on after a statement had
    /// failed is refused on both databases, since one of them would keep it and the other would not.
    fn end<T>(&mut self, result: Result<T>) -> (Result<T>, Vec<ProjectId>) {
        let result = match result {
            Ok(_) if self.failed => Err(Error::internal("the work went on after a statement had failed")),
            result => result,
        };
        (result, std::mem::take(&mut self.touched))
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
        keepable(args)?;
        let done = match &mut self.conn {
            Conn::Sqlite(conn) => {
                bound::prepared(conn, sql, args).and_then(|mut statement| Ok(statement.raw_execute()? as u64))
            }
            Conn::Postgres(conn) => conn.execute(sql, args),
        };
        self.failed |= done.is_err();
        done
    }

    /// Runs a query and reads each row with `read`.
    pub(crate) fn query<T>(
        &mut self,
        sql: &str,
        args: &[Arg<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        keepable(args)?;
        let found = self.rows(sql, args, read);
        self.failed |= found.is_err();
        found
    }

    fn rows<T>(
        &mut self,
        sql: &str,
        args: &[Arg<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        match &mut self.conn {
            Conn::Sqlite(conn) => {
                let mut statement = bound::prepared(conn, sql, args)?;
                let mut rows = statement.raw_query();
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

    /// Runs a query and shows each row to `see` as it comes, so that a table of any size can be read.
    pub(crate) fn each(&mut self, sql: &str, mut see: impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
        match &mut self.conn {
            Conn::Sqlite(conn) => {
                let mut statement = conn.prepare_cached(sql).map_err(DbError::from)?;
                let mut rows = statement.query(()).map_err(DbError::from)?;
                while let Some(row) = rows.next().map_err(DbError::from)? {
                    see(&Row::Sqlite(row))?;
                }
                Ok(())
            }
            Conn::Postgres(conn) => conn.each(sql, |row| see(&Row::Postgres(row))),
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

    /// Inserts rows.
    pub(crate) fn insert_many<const N: usize>(
        &mut self,
        into: &str,
        rows: &[[Arg<'_>; N]],
    ) -> Result<(), DbError> {
        self.insert_flat(into, N, rows.as_flattened())
    }

    /// Inserts rows of `width` arguments each. SQLite runs one prepared statement for each of them; Postgres, where each run
    /// is a way there and back, gets them as an array for each column.
    pub(crate) fn insert_flat(&mut self, into: &str, width: usize, args: &[Arg<'_>]) -> Result<(), DbError> {
        if args.is_empty() {
            return Ok(());
        }
        keepable(args)?;
        let sql = format!("INSERT INTO {into} VALUES ({})", crate::entities::places(1, width));
        let done = match &mut self.conn {
            Conn::Sqlite(conn) => bound::execute_each(conn, &sql, args.chunks(width)).map(drop),
            Conn::Postgres(conn) => conn.insert(into, &sql, width, args),
        };
        self.failed |= done.is_err();
        done
    }

    /// Sets `columns` of the rows of `table` by their ids. Each column has its type, which Postgres asks for; each row begins
    /// with its id. SQLite runs one prepared statement for each row, Postgres one for all. Gives the number of rows that there
    /// were.
    pub(crate) fn update_many(
        &mut self,
        table: &str,
        columns: &[(&str, &str)],
        rows: &[Vec<Arg<'_>>],
    ) -> Result<u64, DbError> {
        if rows.is_empty() {
            return Ok(0);
        }
        if let Conn::Sqlite(conn) = &self.conn {
            let set: Vec<String> =
                (2..).zip(columns).map(|(n, (name, _))| format!("{name} = ${n}")).collect();
            let sql = format!("UPDATE {table} SET {} WHERE id = $1", set.join(", "));
            let done = rows
                .iter()
                .try_for_each(|row| keepable(row))
                .and_then(|()| bound::execute_each(conn, &sql, rows.iter().map(Vec::as_slice)));
            self.failed |= done.is_err();
            return done;
        }
        let args: Vec<Arg<'_>> = rows.iter().flatten().cloned().collect();
        self.execute_arrays(&update_sql(table, columns), columns.len() + 1, &args)
    }

    /// Runs a statement of Postgres on an array for each column.
    fn execute_arrays(&mut self, sql: &str, width: usize, args: &[Arg<'_>]) -> Result<u64, DbError> {
        keepable(args)?;
        let Conn::Postgres(conn) = &mut self.conn else { return Ok(0) };
        let done = conn.execute_arrays(sql, width, args);
        self.failed |= done.is_err();
        done
    }

    /// The text that says "is one of the list `$place`", after the name of a column.
    pub(crate) fn among(&self, place: usize) -> String {
        match self.conn {
            Conn::Sqlite(_) => format!("IN (SELECT value FROM json_each(${place}))"),
            Conn::Postgres(_) => format!("= ANY(${place})"),
        }
    }

    /// Whether this is SQLite; for the few texts that the databases do not share.
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.conn, Conn::Sqlite(_))
    }

    /// Runs a script of statements without arguments.
    pub(crate) fn script(&mut self, sql: &str) -> Result<(), DbError> {
        match &mut self.conn {
            Conn::Sqlite(conn) => Ok(conn.execute_batch(sql)?),
            Conn::Postgres(conn) => conn.script(sql),
        }
    }
}

/// Postgres' statement that sets `columns` of many rows, from an array for the ids and one for each column.
fn update_sql(table: &str, columns: &[(&str, &str)]) -> String {
    let types = std::iter::once("TEXT").chain(columns.iter().map(|(_, kind)| *kind));
    let arrays: Vec<String> = types.zip(1..).map(|(kind, n)| format!("${n}::{kind}[]")).collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let set: Vec<String> = names.iter().map(|name| format!("{name} = new.{name}")).collect();
    format!(
        "UPDATE {table} SET {} FROM UNNEST({}) AS new (id, {}) WHERE {table}.id = new.id",
        set.join(", "),
        arrays.join(", "),
        names.join(", ")
    )
}
