//! Screenplays: read from Fountain, Final Draft, plain text and PDF; kept in raw parts; broken down; written back.
//!
//! A screenplay is a *front* (everything before the first scene heading), a row of *scenes* and a *back* (what Final
//! Draft writes after the script). Each part keeps its raw text, so that a server can store parts as records, change
//! one, and put the file together again: what was not changed comes out byte for byte. Everything here is a pure
//! function of its arguments.

mod decode;
mod error;
mod export;
mod fdx;
mod fountain;
mod import;
mod model;
mod pdf;
mod plain;
mod prose;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod round_trip;
mod title_guess;

pub use decode::{FileKind, decode, detect};
pub use error::*;
pub use export::{Exported, export};
pub use fdx::{Tag, Tags};
pub(in crate::film) use fountain::{heading_prefix, is_upper};
pub use import::import;
pub use model::*;
pub use prose::prose;

/// Reads a whole text of a known format.
///
/// # Errors
/// If it is malformed or beyond the bounds. Fountain is never malformed.
pub fn parse(format: Format, text: &str) -> Result<Screenplay, ParseError> {
    match format {
        Format::Fountain => fountain::parse(text),
        Format::Fdx => fdx::parse(text),
    }
}
