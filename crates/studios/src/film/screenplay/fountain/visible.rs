//! A line without its notes and boneyards, and the way from what is visible back to the source.

use std::borrow::Cow;

use super::masks::{Line, Mask};
use crate::film::screenplay::model::Span;

/// What is visible of a line.
#[derive(Debug)]
pub(super) struct Visible<'t> {
    pub(super) text: Cow<'t, str>,
    /// For each stretch: its offset in `text` and in the source. The first is where the line starts.
    stretches: Vec<(usize, usize)>,
    line_start: usize,
}

impl<'t> Visible<'t> {
    pub(super) fn of(source: &'t str, line: &Line, masks: &[Mask]) -> Self {
        let masks = &masks[line.first_mask..line.last_mask];
        if masks.is_empty() {
            return Self {
                text: Cow::Borrowed(line.span.of(source)),
                stretches: Vec::new(),
                line_start: line.span.start,
            };
        }
        let mut text = String::with_capacity(line.span.len().min(256));
        let mut stretches = Vec::with_capacity(masks.len() + 1);
        let mut at = line.span.start;
        for mask in masks {
            stretches.push((text.len(), at));
            text.push_str(&source[at..mask.span.start]);
            at = mask.span.end;
        }
        stretches.push((text.len(), at));
        text.push_str(&source[at..line.span.end]);
        Self { text: Cow::Owned(text), stretches, line_start: line.span.start }
    }

    /// Where the character at a visible offset stands in the source.
    pub(super) fn source_of(&self, offset: usize) -> usize {
        if self.stretches.is_empty() {
            return self.line_start + offset;
        }
        let after = self.stretches.partition_point(|(visible, _)| *visible <= offset).max(1);
        let (visible, source) = self.stretches[after - 1];
        source + (offset - visible)
    }

    /// The source of a stretch of what is visible; masks inside it are covered.
    pub(super) fn span_of(&self, start: usize, end: usize) -> Span {
        if start == end {
            let at = self.source_of(start);
            return Span::new(at, at);
        }
        // The last character is looked up itself: the offset after it may already lie behind a mask.
        let last = self.text[start..end].chars().next_back().map_or(1, char::len_utf8);
        Span::new(self.source_of(start), self.source_of(end - last) + last)
    }
}
