//! Makes elements of lines: takes the marks off and reads what is inside.

use super::inline::Inline;
use super::masks::{Line, Mask};
use super::rules;
use super::visible::Visible;
use crate::film::screenplay::model::{Element, Kind, Piece, PieceKind, Span, Style};

/// The text and its masks.
#[derive(Clone, Copy)]
pub(super) struct Text<'t> {
    pub(super) source: &'t str,
    pub(super) masks: &'t [Mask],
}

/// Which part of a line's visible text is the element's own, as offsets in the visible text.
struct Own {
    start: usize,
    end: usize,
}

impl Text<'_> {
    /// An element of a single line.
    pub(super) fn single(self, kind: Kind, line: &Line, visible: &Visible<'_>) -> Element {
        let mut element = Element::new(kind, Span::new(line.span.start, line.next));
        let text = visible.text.as_ref();
        let lead = text.len() - text.trim_start().len();
        let trimmed = text.trim();
        let (mut start, mut end) = (lead, lead + trimmed.len());
        match kind {
            Kind::SceneHeading => {
                if trimmed.starts_with('.') {
                    start += 1;
                }
                if let Some((open, number)) = rules::scene_number(&text[start..end]) {
                    element.number = Some(number.to_owned());
                    end = start + open;
                }
            }
            Kind::Section(_) => start += trimmed.len() - trimmed.trim_start_matches('#').len(),
            Kind::Synopsis | Kind::Lyrics => start += 1,
            Kind::Transition if trimmed.starts_with('>') => start += 1,
            Kind::Centered => {
                start += 1;
                end -= 1;
            }
            Kind::PageBreak => start = end,
            Kind::Character => {
                if trimmed.starts_with('@') {
                    start += 1;
                }
                if rules::ends_unescaped(&text[start..end], '^') {
                    end -= 1;
                }
            }
            _ => {}
        }
        let own = &text[start..end];
        let kept = Own {
            start: start + (own.len() - own.trim_start().len()),
            end: (start + own.trim_end().len()).max(start),
        };
        self.read_line(line, visible, &kept, &mut element.pieces);
        element
    }

    /// Adds a line to a paragraph of several: action, dialogue, or what stands in parentheses.
    pub(super) fn add_line(self, element: &mut Element, line: &Line, visible: &Visible<'_>) {
        element.span.end = line.next;
        let text = visible.text.as_ref();
        let lead = text.len() - text.trim_start().len();
        let end = text.trim_end().len();
        let start = if element.kind == Kind::Action {
            // Action keeps its indent; the mark that forces it is taken out where it stands.
            if rules::is_marked(&text[lead..], '!') { lead + 1 } else { 0 }
        } else {
            lead
        };
        self.read_line(line, visible, &Own { start: start.min(end), end }, &mut element.pieces);
    }

    /// Adds the line end between two lines of a paragraph.
    pub(super) fn add_break(self, element: &mut Element, line: &Line) {
        let span = Span::new(line.span.end, line.next);
        element.pieces.push(Piece {
            kind: PieceKind::Text,
            text: "\n".to_owned(),
            style: Style::default(),
            span,
            tag: None,
        });
    }

    /// A line of nothing but notes or boneyards, on its own.
    pub(super) fn remarks(self, line: &Line, visible: &Visible<'_>) -> Element {
        let mut element = Element::new(Kind::Note, Span::new(line.span.start, line.next));
        let nothing = Own { start: 0, end: 0 };
        self.read_line(line, visible, &nothing, &mut element.pieces);
        if !element.pieces.iter().any(|piece| piece.kind == PieceKind::Note) {
            element.kind = Kind::Boneyard;
        }
        element
    }

    fn read_line(self, line: &Line, visible: &Visible<'_>, own: &Own, out: &mut Vec<Piece>) {
        let text = visible.text.as_ref();
        let inline = Inline { source: self.source, masks: self.masks };
        if own.start >= own.end {
            inline.read(line.span, line.first_mask, &[line.span], out);
            return;
        }
        let kept = visible.span_of(own.start, own.end);
        let skips = if own.start == 0 && own.end == text.len() {
            [Span::default(); 2]
        } else {
            [Span::new(line.span.start, kept.start), Span::new(kept.end, line.span.end)]
        };
        inline.read(line.span, line.first_mask, &skips, out);
    }
}
