//! Reads the title page at the head of a Fountain document.

use crate::film::screenplay::fountain::rules;
use crate::film::screenplay::model::{Element, Kind, Span, TitleField};

/// Keys by which a title page is known, in lower case. One of them is enough.
const KEYS: [&str; 22] = [
    "title",
    "credit",
    "author",
    "authors",
    "source",
    "draft date",
    "date",
    "contact",
    "copyright",
    "notes",
    "revision",
    "revised",
    "format",
    "episode",
    "series",
    "season",
    "language",
    "font",
    "version",
    "draft",
    "contact info",
    "watermark",
];

/// How many words a key that is not known may have.
const MOST_WORDS: usize = 3;

/// A physical line: its content, and where the next starts.
struct Line {
    span: Span,
    next: usize,
}

/// The title page that begins at `from`: an element and a field for each key. Empty if there is none.
pub(super) fn title_page(text: &str, from: usize) -> (Vec<Element>, Vec<TitleField>) {
    let lines = first_paragraph(text, from);
    let mut keys = 0;
    let mut known = false;
    for (at, line) in lines.iter().enumerate() {
        let content = line.span.of(text);
        if is_indented(content) && at > 0 {
            continue;
        }
        let Some((key, value)) = key_and_value(content) else { return (Vec::new(), Vec::new()) };
        let is_known = KEYS.contains(&key.to_lowercase().as_str());
        let has_value =
            !value.is_empty() || lines.get(at + 1).is_some_and(|next| is_indented(next.span.of(text)));
        // `FADE IN:` has the looks of a key, and is not one.
        if !is_known && (!has_value || rules::is_upper(key) || key.split_whitespace().count() > MOST_WORDS) {
            return (Vec::new(), Vec::new());
        }
        known |= is_known;
        keys += 1;
    }
    if !known && keys < 2 {
        return (Vec::new(), Vec::new());
    }
    let mut elements: Vec<Element> = Vec::with_capacity(keys);
    let mut fields: Vec<TitleField> = Vec::with_capacity(keys);
    for line in &lines {
        let content = line.span.of(text);
        let value = match (key_and_value(content), elements.last_mut(), is_indented(content)) {
            (_, Some(element), true) => {
                element.span.end = line.next;
                content.trim()
            }
            (Some((key, value)), _, _) => {
                elements.push(Element::new(Kind::TitleField, Span::new(line.span.start, line.next)));
                fields.push(TitleField { key: key.to_owned(), lines: Vec::new() });
                value
            }
            (None, ..) => content.trim(),
        };
        if let (Some(field), false) = (fields.last_mut(), value.is_empty()) {
            field.lines.push(value.to_owned());
        }
    }
    (elements, fields)
}

fn first_paragraph(text: &str, from: usize) -> Vec<Line> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut start = from;
    while start < bytes.len() {
        let end =
            bytes[start..].iter().position(|b| matches!(b, b'\n' | b'\r')).map_or(bytes.len(), |n| start + n);
        if text[start..end].trim().is_empty() {
            break;
        }
        let next = match (bytes.get(end), bytes.get(end + 1)) {
            (Some(b'\r'), Some(b'\n')) => end + 2,
            (Some(_), _) => end + 1,
            (None, _) => end,
        };
        out.push(Line { span: Span::new(start, end), next });
        start = next;
    }
    out
}

fn is_indented(line: &str) -> bool {
    line.starts_with('\t') || line.starts_with("  ")
}

/// `Key: value`. A key begins with a letter and holds no marks.
fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let key = key.trim_end();
    let plain = key.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '\'' | '/'));
    let valid = plain && key.starts_with(char::is_alphabetic) && rules::heading_prefix(line).is_none();
    valid.then(|| (key, value.trim()))
}
