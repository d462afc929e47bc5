//! What a row of elements says, apart from where and how it is written: for tests that compare.

use super::model::{Element, Kind, PieceKind, Side, Style};

/// An element without its place in a source. Text is split where its style changes, and white space has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) kind: Kind,
    pub(super) number: Option<String>,
    pub(super) dual: Option<Side>,
    pub(super) runs: Vec<(PieceKind, String, Style)>,
}

/// What the elements say. A summary that stands in a heading is a synopsis after it.
pub(super) fn said(elements: &[Element]) -> Vec<Said> {
    let mut out = Vec::new();
    for element in elements {
        let empty = !element.has_text() && !element.has_remarks();
        if element.kind.is_trivia()
            || element.kind == Kind::TitleField
            || (empty && element.kind == Kind::Action)
        {
            continue;
        }
        let mut runs: Vec<(PieceKind, String, Style)> = Vec::new();
        for piece in &element.pieces {
            if piece.kind != PieceKind::Text {
                runs.push((piece.kind, piece.text.clone(), Style::default()));
                continue;
            }
            for c in piece.text.chars() {
                let style = if c.is_whitespace() { Style::default() } else { piece.style };
                match runs.last_mut() {
                    Some((PieceKind::Text, text, last)) if *last == style => text.push(c),
                    _ => runs.push((PieceKind::Text, c.to_string(), style)),
                }
            }
        }
        out.push(Said { kind: element.kind, number: element.number.clone(), dual: element.dual, runs });
        for line in element.scene.iter().flat_map(|scene| &scene.synopsis) {
            let runs = vec![(PieceKind::Text, line.clone(), Style::default())];
            out.push(Said { kind: Kind::Synopsis, number: None, dual: None, runs });
        }
    }
    out
}
