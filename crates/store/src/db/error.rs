//! What a database says when it fails, and what a caller is told of it: what was kept, and what to do.

use kernel::{Code, Error};
use postgres::error::SqlState;

/// What a database says when it fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DbError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
    #[error("column {column}: {reason}")]
    Column { column: usize, reason: String },
    /// SQLite commits the jobs that wait together; this is what the others are told when one breaks the commit.
    #[error("the transaction that this was committed with failed: {why}")]
    Batch { fault: Fault, why: String },
    /// Nobody knows whether the server got as far as the commit.
    #[error("the connection was lost during the commit: {0}")]
    Commit(Box<DbError>),
    #[error("a text holds U+0000")]
    Nul,
}

/// The failures that a caller is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is no room to write.
    Full,
    /// Another program holds the database.
    Busy,
    /// The connection is gone, and with it all that was not committed.
    Lost,
    /// The connection went during the commit.
    Unknown,
    /// A row points to one that is not there.
    Orphan,
    /// A text that cannot be kept.
    Text,
    /// Anything else is a fault of our own.
    Ours,
}

impl DbError {
    /// Whether a unique index refused the row.
    pub(crate) fn is_unique(&self) -> bool {
        match self {
            Self::Sqlite(error) => matches!(
                error.sqlite_error().map(|e| e.extended_code),
                Some(rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
            ),
            Self::Postgres(error) => error.code() == Some(&SqlState::UNIQUE_VIOLATION),
            _ => false,
        }
    }

    /// Whether the same work may succeed when it is done again on the same connection.
    pub(super) fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Postgres(error) if matches!(
                error.code(),
                Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
            )
        )
    }

    /// What happened, as far as a caller is told.
    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::Sqlite(error) => sqlite(error),
            Self::Postgres(error) => postgres(error),
            Self::Batch { fault, .. } => *fault,
            Self::Commit(_) => Fault::Unknown,
            Self::Nul => Fault::Text,
            Self::Column { .. } => Fault::Ours,
        }
    }
}

fn sqlite(error: &rusqlite::Error) -> Fault {
    use rusqlite::ErrorCode;
    if error.sqlite_error().is_some_and(|e| e.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY) {
        return Fault::Orphan;
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Fault::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::Busy,
        _ => Fault::Ours,
    }
}

fn postgres(error: &postgres::Error) -> Fault {
    let Some(code) = error.code() else {
        let broken = std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>());
        return if error.is_closed() || broken { Fault::Lost } else { Fault::Ours };
    };
    match *code {
        SqlState::DISK_FULL => Fault::Full,
        SqlState::FOREIGN_KEY_VIOLATION => Fault::Orphan,
        SqlState::LOCK_NOT_AVAILABLE | SqlState::TOO_MANY_CONNECTIONS => Fault::Busy,
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Fault::Lost,
        // Class 08: connection exception.
        _ if code.code().starts_with("08") => Fault::Lost,
        _ => Fault::Ours,
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        let (code, told) = match error.fault() {
            Fault::Full => (
                Code::Unavailable,
                "The server's disk is full. Nothing of this request was saved; what was saved before is safe.",
            ),
            Fault::Busy => (
                Code::Unavailable,
                "Another program is holding the database. Nothing of this request was saved; try again in a moment.",
            ),
            Fault::Lost => (
                Code::Unavailable,
                "The connection to the database was lost. Nothing of this request was saved; try again in a moment.",
            ),
            Fault::Unknown => (
                Code::Unavailable,
                "The connection to the database was lost at the last moment, so this request may have been saved or \
                 not. Look before you send it again.",
            ),
            Fault::Orphan => (
                Code::NotFound,
                "Something that this belongs to is not there, or no longer. Nothing of this request was saved.",
            ),
            Fault::Text => (
                Code::ValidationError,
                "A text holds the character U+0000, which cannot be kept. Nothing of this request was saved.",
            ),
            Fault::Ours => return Self::internal(error),
        };
        Self::new(code, told).caused_by(error)
    }
}

/// The cause of `error`, if it is a database's.
pub(super) fn cause(error: &Error) -> Option<&DbError> {
    std::error::Error::source(error)?.downcast_ref()
}
