//! Finds what Fountain does not print, notes and boneyards, and the logical lines between them.

use crate::film::screenplay::error::{Warning, WarningKind, position};
use crate::film::screenplay::model::{PieceKind, Span};

/// How many warnings of one kind are given before they would only repeat themselves.
const MOST_WARNINGS: usize = 20;

/// A note or a boneyard, with its brackets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mask {
    pub(super) kind: PieceKind,
    pub(super) span: Span,
    pub(super) inner: Span,
}

/// All masks in order, and warnings for those that are not closed. One pass over the text.
pub(super) fn masks(text: &str) -> (Vec<Mask>, Vec<Warning>) {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut warnings = Vec::new();
    let mut boneyard_can_close = true;
    let mut no_note_until = 0;
    let mut at = 0;
    while at + 1 < bytes.len() {
        match (bytes[at], bytes[at + 1]) {
            (b'\\', next) if next.is_ascii_punctuation() => at += 2,
            (b'/', b'*') if boneyard_can_close => {
                if let Some(length) = text[at + 2..].find("*/") {
                    let inner = Span::new(at + 2, at + 2 + length);
                    let span = Span::new(at, inner.end + 2);
                    found.push(Mask { kind: PieceKind::Boneyard, span, inner });
                    at = span.end;
                } else {
                    boneyard_can_close = false;
                    let line = position(text, at).0;
                    warnings.push(
                        Warning::new(
                            WarningKind::UnclosedBoneyard,
                            "`/*` is never closed with `*/`; it was read as text.",
                        )
                        .on_line(line),
                    );
                    at += 2;
                }
            }
            (b'[', b'[') if at >= no_note_until => match note_end(bytes, at + 2) {
                Ok(end) => {
                    let span = Span::new(at, end);
                    found.push(Mask { kind: PieceKind::Note, span, inner: Span::new(at + 2, end - 2) });
                    at = end;
                }
                Err(stopped) => {
                    no_note_until = stopped;
                    if warnings.len() < MOST_WARNINGS {
                        let line = position(text, at).0;
                        warnings.push(
                            Warning::new(
                                WarningKind::UnclosedNote,
                                "`[[` is not closed with `]]` before the next empty line; it was read as text.",
                            )
                            .on_line(line),
                        );
                    }
                    at += 2;
                }
            },
            _ => at += 1,
        }
    }
    (found, warnings)
}

/// Where the note that began before `from` ends, or where the search for its end stopped: at an empty line. A line of
/// two spaces does not count as empty, so that a note can hold a gap.
fn note_end(bytes: &[u8], from: usize) -> Result<usize, usize> {
    let mut at = from;
    let mut line_start = None;
    while at < bytes.len() {
        match bytes[at] {
            b']' if bytes.get(at + 1) == Some(&b']') => return Ok(at + 2),
            b'\n' | b'\r' => {
                let end = at;
                if bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n') {
                    at += 1;
                }
                at += 1;
                if let Some(start) = line_start
                    && bytes[start..end].iter().all(|b| matches!(b, b' ' | b'\t'))
                    && end - start < 2
                {
                    return Err(at);
                }
                line_start = Some(at);
            }
            _ => at += 1,
        }
    }
    Err(at)
}

/// A line as a reader sees it: line ends inside notes and boneyards do not end it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Its content, without the line end.
    pub(super) span: Span,
    /// Where the next line starts.
    pub(super) next: usize,
    /// The masks in it, as indices.
    pub(super) first_mask: usize,
    pub(super) last_mask: usize,
}

/// The logical lines of `text` from `from` on. They follow each other without gap.
pub(super) fn lines(text: &str, from: usize, masks: &[Mask]) -> Vec<Line> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(text.len() / 24);
    let mut mask = masks.partition_point(|m| m.span.start < from);
    let (mut start, mut at, mut first_mask) = (from, from, mask);
    while at < bytes.len() {
        if let Some(m) = masks.get(mask)
            && m.span.start == at
        {
            at = m.span.end;
            mask += 1;
            continue;
        }
        match bytes[at] {
            b'\n' | b'\r' => {
                let end = at;
                at += if bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n') { 2 } else { 1 };
                out.push(Line { span: Span::new(start, end), next: at, first_mask, last_mask: mask });
                (start, first_mask) = (at, mask);
            }
            _ => at += 1,
        }
    }
    if start < bytes.len() {
        out.push(Line { span: Span::new(start, at), next: at, first_mask, last_mask: mask });
    }
    out
}
