//! What can be wrong with a file, where, and how large a file may be.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest file that is read, in bytes. A long screenplay has half a megabyte; Final Draft embeds pictures.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;
/// The most paragraphs that are read. A screenplay of 120 pages has about 3,000.
pub const MAX_ELEMENTS: usize = 250_000;
/// The most XML nodes that are read.
pub const MAX_XML_NODES: usize = 2_000_000;
/// The deepest nesting of XML that is read. Final Draft's own is less than a dozen.
pub const MAX_XML_DEPTH: usize = 64;
/// The most attributes that one XML tag may have.
pub const MAX_XML_ATTRIBUTES: usize = 256;
/// The most pages of a PDF that are read.
pub const MAX_PDF_PAGES: usize = 1_000;
/// The most bytes that the text of one PDF page may unpack to.
pub const MAX_PDF_PAGE_BYTES: usize = 16 * 1024 * 1024;

/// A file that cannot be read: where and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// Why.
    pub reason: Reason,
}

/// Why a file cannot be read, in a sentence for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// Nothing is in it.
    #[error("the document is empty")]
    Empty,
    /// More than a bound allows.
    #[error("the document has {found} {what}; at most {limit} are read")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How many there are, or how many were counted before reading stopped.
        found: usize,
        /// The bound.
        limit: usize,
    },
    /// Not text, and nothing else that can be read.
    #[error("this is {0}, not a screenplay in Fountain, Final Draft, plain text or PDF")]
    NotText(&'static str),
    /// XML, but of another program.
    #[error("this XML begins with <{0}>; a Final Draft document begins with <FinalDraft>")]
    NotFinalDraft(String),
    /// A Final Draft document without the element that holds the script.
    #[error("this Final Draft document has no <Content>")]
    NoContent,
    /// The XML is broken.
    #[error("the XML is broken: {0}")]
    Xml(String),
    /// The XML declares a document type. Final Draft never does, and entities in one can be a bomb.
    #[error("the XML declares a document type (DTD), which is refused")]
    Dtd,
    /// Tags within tags beyond the bound.
    #[error("the XML nests deeper than {MAX_XML_DEPTH} tags")]
    TooDeep,
    /// The PDF asks for a password.
    #[error("the PDF is encrypted; save it without a password")]
    Encrypted,
    /// The PDF is broken.
    #[error("the PDF cannot be read: {0}")]
    Pdf(String),
    /// The PDF holds pictures of pages, not text.
    #[error("the PDF holds no text; it may be a scan, which needs text recognition first")]
    PdfWithoutText,
}

impl ParseError {
    pub(super) fn at(text: &str, offset: usize, reason: Reason) -> Self {
        let (line, column) = position(text, offset);
        Self { line, column, reason }
    }

    pub(super) fn whole(reason: Reason) -> Self {
        Self { line: 1, column: 1, reason }
    }
}

/// The line and column, from 1, of a byte offset. A line ends at `\n`, `\r\n` or `\r`.
pub(super) fn position(text: &str, offset: usize) -> (u32, u32) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let bytes = before.as_bytes();
    let (mut line, mut start) = (1_u32, 0);
    for (at, byte) in bytes.iter().enumerate() {
        let ends = *byte == b'\n' || (*byte == b'\r' && text.as_bytes().get(at + 1) != Some(&b'\n'));
        if ends {
            line = line.saturating_add(1);
            start = at + 1;
        }
    }
    let column = before[start..].chars().count() + 1;
    (line, u32::try_from(column).unwrap_or(u32::MAX))
}

/// What a reader of a file should know although it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What kind of thing it is.
    pub kind: WarningKind,
    /// The line in the file, from 1, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// A sentence for a person.
    pub message: String,
}

/// The kinds of warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WarningKind {
    /// `/*` without `*/`.
    UnclosedBoneyard,
    /// `[[` without `]]`.
    UnclosedNote,
    /// There is no scene heading.
    NoScene,
    /// The bytes were not UTF-8 and were converted.
    Encoding,
    /// The structure was guessed from layout.
    BestEffort,
    /// A single place in a best-effort reading that should be checked.
    Uncertain,
    /// The other format has no place for something, and it was left out or written as something else.
    Conversion,
}

impl Warning {
    pub(super) fn new(kind: WarningKind, message: impl Into<String>) -> Self {
        Self { kind, line: None, message: message.into() }
    }

    pub(super) fn on_line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_lines_of_every_kind_and_columns_in_characters() {
        let text = "a\r\nbé\rc\nd";
        assert_eq!(position(text, 0), (1, 1));
        assert_eq!(position(text, text.find('b').unwrap()), (2, 1));
        assert_eq!(position(text, text.find('\r').unwrap() + 5), (2, 3));
        assert_eq!(position(text, text.find('c').unwrap()), (3, 1));
        assert_eq!(position(text, text.len()), (4, 2));
        assert_eq!(position(text, 999), (4, 2));
    }
}
