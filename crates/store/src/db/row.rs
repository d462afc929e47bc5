//! A row of either database, read column by column.

use std::str::FromStr;

use kernel::{Id, Timestamp};
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;

use super::DbError;

/// A row that a query found.
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r postgres::Row),
}

/// What can stand in a column.
pub(crate) trait Column: Sized {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, DbError>;
}

macro_rules! columns {
    ($($kind:ty),*) => {$(
        impl Column for $kind {
            fn read(row: &Row<'_>, column: usize) -> Result<Self, DbError> {
                match row {
                    Row::Sqlite(row) => Ok(row.get(column)?),
                    Row::Postgres(row) => Ok(row.try_get(column)?),
                }
            }
        }
    )*};
}
columns!(i64, f64, String, Vec<u8>, Option<i64>, Option<f64>, Option<String>, Option<Vec<u8>>);

impl Column for bool {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, DbError> {
        Ok(i64::read(row, column)? != 0)
    }
}

impl Column for Timestamp {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, DbError> {
        i64::read(row, column).map(Self)
    }
}

impl Column for Option<Timestamp> {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, DbError> {
        Ok(Option::<i64>::read(row, column)?.map(Timestamp))
    }
}

fn bad(column: usize, reason: impl ToString) -> DbError {
    DbError::Column { column, reason: reason.to_string() }
}

impl Row<'_> {
    /// The value of a column.
    pub(crate) fn get<T: Column>(&self, column: usize) -> Result<T, DbError> {
        T::read(self, column)
    }

    /// The text in a column, where it lies.
    fn text(&self, column: usize) -> Result<&str, DbError> {
        self.opt_text(column)?.ok_or_else(|| bad(column, "no text"))
    }

    fn opt_text(&self, column: usize) -> Result<Option<&str>, DbError> {
        match self {
            Row::Sqlite(row) => row.get_ref(column)?.as_str_or_null().map_err(|error| bad(column, error)),
            Row::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// The id in a column.
    pub(crate) fn id<I: Id>(&self, column: usize) -> Result<I, DbError> {
        self.text(column)?.parse().map_err(|error| bad(column, error))
    }

    /// The id in a column that may be empty.
    pub(crate) fn opt_id<I: Id>(&self, column: usize) -> Result<Option<I>, DbError> {
        self.opt_text(column)?.map(|text| text.parse().map_err(|error| bad(column, error))).transpose()
    }

    /// A value that is stored by its name.
    pub(crate) fn named<T: FromStr>(&self, column: usize) -> Result<T, DbError> {
        let text = self.text(column)?;
        text.parse().map_err(|_| bad(column, format!("unknown name {text:?}")))
    }

    /// A value that is stored as JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, DbError> {
        serde_json::from_str(self.text(column)?).map_err(|error| bad(column, error))
    }

    /// A value that is stored as JSON in a column that may be empty.
    pub(crate) fn opt_json<T: serde::de::DeserializeOwned>(
        &self,
        column: usize,
    ) -> Result<Option<T>, DbError> {
        let text = self.opt_text(column)?;
        text.map(|text| serde_json::from_str(text).map_err(|error| bad(column, error))).transpose()
    }

    /// A unit variant that is stored by the name that serde gives it.
    pub(crate) fn tag<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, DbError> {
        let text: StrDeserializer<'_, serde::de::value::Error> = self.text(column)?.into_deserializer();
        T::deserialize(text).map_err(|error| bad(column, error))
    }
}
