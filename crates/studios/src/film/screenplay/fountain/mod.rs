//! Reads and writes Fountain 1.1 (<https://fountain.io/syntax>) without losing a byte.
//!
//! Where the syntax leaves room, or writers leave the syntax, this is what is read:
//!
//! - A heading needs an empty line before it, or the start of the text, or an element of a single line (section,
//!   synopsis, page break, note, transition). It needs an empty line after it, unless it is in capitals.
//! - A backslash takes the meaning from any ASCII punctuation after it, not only from `*` and `_`.
//! - `!` is also read at the start of a later line of a paragraph; so any text can be written as action.
//! - A forced cue (`@`) needs no speech after it.
//! - A cue must have a capital letter: in scripts without capitals, cues are forced.

mod inline;
mod masks;
mod paragraph;
mod rules;
mod scan;
mod title;
mod visible;
mod write;
mod write_inline;

#[cfg(test)]
mod tests;

pub(in crate::film) use rules::{heading_prefix, is_upper};
pub(super) use scan::{Fragment, fragment};
pub(super) use write::{Writer, title_page_text};

use super::error::{MAX_BYTES, MAX_ELEMENTS, ParseError, Reason, Warning, WarningKind};
use super::fdx::Tags;
use super::model::{Format, Kind, Part, Piece, Screenplay, Source, Span};

/// Reads a whole document. Only its size can make that fail.
///
/// # Errors
/// If the text or the number of its paragraphs is beyond the bounds.
pub(super) fn parse(text: &str) -> Result<Screenplay, ParseError> {
    if text.len() > MAX_BYTES {
        let reason = Reason::TooLarge { what: "bytes", found: text.len(), limit: MAX_BYTES };
        return Err(ParseError::whole(reason));
    }
    let Fragment { elements, title_page, mut warnings, .. } = fragment(text, true)?;
    let mut parts: Vec<Part> = Vec::new();
    let mut front = Vec::new();
    let mut starts = Vec::new();
    for element in elements {
        if element.kind == Kind::SceneHeading {
            starts.push(element.span.start);
            parts.push(Part { source: Source::fountain(""), elements: Vec::new() });
        }
        let target = parts.last_mut().map_or(&mut front, |part| &mut part.elements);
        target.push(element);
    }
    let first = starts.first().copied().unwrap_or(text.len());
    for (at, part) in parts.iter_mut().enumerate() {
        let end = starts.get(at + 1).copied().unwrap_or(text.len());
        text[starts[at]..end].clone_into(&mut part.source.text);
        for element in &mut part.elements {
            element.move_back(starts[at]);
        }
    }
    if parts.is_empty() {
        warnings.push(Warning::new(
            WarningKind::NoScene,
            "There is no scene heading (such as `INT. HARBOUR - NIGHT`); all of the text stands before the first scene.",
        ));
    }
    Ok(Screenplay {
        format: Format::Fountain,
        title_page,
        front: Part { source: Source::fountain(&text[..first]), elements: front },
        scenes: parts,
        back: Source::fountain(""),
        tags: Tags::default(),
        warnings,
    })
}

/// Where an unclosed boneyard begins that text after it could close by accident.
pub(super) fn open_boneyard(text: &str) -> Option<usize> {
    let (masks, warnings) = masks::masks(text);
    if !warnings.iter().any(|w| w.kind == WarningKind::UnclosedBoneyard) {
        return None;
    }
    let bytes = text.as_bytes();
    let mut at = masks
        .iter()
        .rposition(|m| m.kind == super::model::PieceKind::Boneyard)
        .map_or(0, |i| masks[i].span.end);
    while at + 1 < bytes.len() {
        if let Some(mask) = masks.get(masks.partition_point(|m| m.span.start < at))
            && mask.span.start == at
        {
            at = mask.span.end;
        } else if bytes[at] == b'\\' && bytes[at + 1].is_ascii_punctuation() {
            at += 2;
        } else if bytes[at..].starts_with(b"/*") {
            return Some(at);
        } else {
            at += 1;
        }
    }
    None
}

fn too_many(count: usize) -> ParseError {
    ParseError::whole(Reason::TooLarge { what: "paragraphs", found: count, limit: MAX_ELEMENTS })
}

/// Pieces as lines of text with Fountain's marks in them.
pub(super) fn marked_lines(pieces: &[Piece]) -> Vec<String> {
    let lines = write_inline::lines(pieces, write_inline::Careful::default());
    lines.into_iter().map(|written| written.line.trim().to_owned()).collect()
}

/// The pieces of a line with Fountain's marks in it. Their spans are offsets in the line.
pub(super) fn marked_pieces(line: &str) -> Vec<Piece> {
    let (masks, _) = masks::masks(line);
    let mut pieces = Vec::new();
    inline::Inline { source: line, masks: &masks }.read(Span::new(0, line.len()), 0, &[], &mut pieces);
    pieces
}

/// A line of plain text, written so that Fountain reads it as it is.
pub(super) fn escaped(line: &str) -> String {
    marked_lines(&[Piece::plain(line)]).join(" ")
}
