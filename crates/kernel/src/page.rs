//! Lists are read a page at a time, by a cursor that stays right while rows come and go.

use std::fmt;
use std::str::FromStr;

/// Rows on a page when the caller names no number.
pub const DEFAULT_PAGE: u32 = 50;
/// The most rows that one page may hold.
pub const MAX_PAGE: u32 = 200;

/// Where a page begins: just after the row with this sort key and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The sort key of the last row seen.
    pub key: i64,
    /// The id of the last row seen, which breaks ties.
    pub id: String,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.key, self.id)
    }
}

/// A text that is not a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let (key, id) = text.split_once('.').ok_or(BadCursor)?;
        let fits = id.len() <= 40 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        match key.parse() {
            Ok(key) if fits => Ok(Self { key, id: id.to_owned() }),
            _ => Err(BadCursor),
        }
    }
}

/// Which page of a list is wanted.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// How many rows: 1 to [`MAX_PAGE`].
    pub limit: u32,
    /// Where to begin; the first page if absent.
    pub after: Option<Cursor>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { limit: DEFAULT_PAGE, after: None }
    }
}
