//! Reads the paragraphs of a Final Draft document: kinds, styles, notes, dual dialogue, scene properties.

use super::xml::{Is, Node, Tree};
use crate::film::screenplay::model::{Element, Kind, Piece, PieceKind, SceneProperties, Side, Span, Style};

/// Kinds of paragraph by the name that Final Draft gives them, both ways.
pub(super) const TYPES: [(&str, Kind); 12] = [
    ("Scene Heading", Kind::SceneHeading),
    ("Action", Kind::Action),
    ("Character", Kind::Character),
    ("Parenthetical", Kind::Parenthetical),
    ("Dialogue", Kind::Dialogue),
    ("Lyrics", Kind::Lyrics),
    ("Singing", Kind::Lyrics),
    ("Transition", Kind::Transition),
    ("Shot", Kind::Shot),
    ("General", Kind::General),
    ("Cast List", Kind::CastList),
    ("Summary", Kind::Synopsis),
];

/// The type that a script note bears if it carries a boneyard.
pub(super) const BONEYARD: &str = "Boneyard";
/// The type that a script note bears if it carries a synopsis.
pub(super) const SYNOPSIS: &str = "Synopsis";
/// The type that a script note bears if it carries a section; its depth follows.
pub(super) const SECTION: &str = "Section";

/// Reads nodes that stand side by side, as those in `<Content>` do. Their spans cover the source.
pub(super) fn elements<'t, 'n>(
    tree: &'n Tree<'t>,
    nodes: impl Iterator<Item = &'n Node<'t>>,
    out: &mut Vec<Element>,
) where
    't: 'n,
{
    for node in nodes {
        if node.is_tag("Paragraph") {
            match tree.child(node, "DualDialogue") {
                Some(dual) => dual_dialogue(tree, node, dual, out),
                None => out.push(paragraph(tree, node)),
            }
        } else if node.is_tag("DualDialogue") {
            dual_dialogue(tree, node, node, out);
        } else {
            trivia(tree, node.span, out);
        }
    }
}

/// Adds what holds no text of the screenplay; stretches that touch become one.
pub(super) fn trivia(tree: &Tree<'_>, span: Span, out: &mut Vec<Element>) {
    if span.is_empty() {
        return;
    }
    let is_blank = span.of(tree.source).trim_start_matches('\u{feff}').trim().is_empty();
    let kind = if is_blank { Kind::Blank } else { Kind::Markup };
    match out.last_mut() {
        Some(last) if last.kind == kind && last.span.end == span.start => last.span.end = span.end,
        _ => out.push(Element::new(kind, span)),
    }
}

/// Two speeches side by side: the wrapper is markup, its paragraphs are elements.
fn dual_dialogue(tree: &Tree<'_>, wrapper: &Node<'_>, dual: &Node<'_>, out: &mut Vec<Element>) {
    let mut at = wrapper.span.start;
    let mut cues = 0;
    for node in tree.children(dual).filter(|node| node.is_tag("Paragraph")) {
        trivia(tree, Span::new(at, node.span.start), out);
        let mut element = paragraph(tree, node);
        cues += usize::from(element.kind == Kind::Character);
        element.dual = Some(if cues < 2 { Side::Left } else { Side::Right });
        at = node.span.end;
        out.push(element);
    }
    trivia(tree, Span::new(at, wrapper.span.end), out);
}

fn paragraph(tree: &Tree<'_>, node: &Node<'_>) -> Element {
    let type_name = node.attribute("Type");
    let named = type_name.as_deref().map(|name| TYPES.iter().find(|(known, _)| *known == name.trim()));
    let mut kind = match named {
        Some(Some((_, kind))) => *kind,
        Some(None) => Kind::Other,
        None => Kind::General,
    };
    let mut element = Element::new(kind, node.span);
    let mut carries = None;
    for child in tree.children(node) {
        if child.is_tag("Text") {
            text(tree, child, &mut element.pieces);
        } else if child.is_tag("ScriptNote") {
            let note_type = child.attribute("Type").unwrap_or_default();
            let carried = carried_kind(&note_type);
            if carried.is_some() {
                // What it carries is the text of the element.
                let inner = tree.children(child).filter(|inner| inner.is_tag("Paragraph"));
                for run in inner.flat_map(|inner| tree.children(inner)).filter(|run| run.is_tag("Text")) {
                    text(tree, run, &mut element.pieces);
                }
            } else {
                let kind = if note_type == BONEYARD { PieceKind::Boneyard } else { PieceKind::Note };
                let text = paragraphs_text(tree, child);
                element.pieces.push(Piece {
                    kind,
                    text,
                    style: Style::default(),
                    span: child.span,
                    tag: None,
                });
            }
            carries = carries.or(carried);
        } else if child.is_tag("SceneProperties") {
            element.scene = Some(Box::new(scene_properties(tree, child)));
        }
    }
    if kind == Kind::SceneHeading {
        element.number = node.attribute("Number").filter(|number| !number.trim().is_empty());
    }
    element.new_page = node.attribute("StartsNewPage").is_some_and(|value| value == "Yes");
    let is_centered = node.attribute("Alignment").is_some_and(|a| a.starts_with("Center"));
    if matches!(kind, Kind::Action | Kind::General) {
        if let Some(carried) = carries {
            kind = carried;
        } else if element.has_text() {
            if is_centered {
                kind = Kind::Centered;
            }
        } else if element.new_page {
            kind = Kind::PageBreak;
            element.new_page = false;
        } else if element.has_remarks() {
            let is_note = element.pieces.iter().any(|piece| piece.kind == PieceKind::Note);
            kind = if is_note { Kind::Note } else { Kind::Boneyard };
        }
        if matches!(kind, Kind::PageBreak | Kind::Note | Kind::Boneyard) {
            element.pieces.retain(|piece| piece.kind != PieceKind::Text);
        }
    }
    trim_ends(&mut element.pieces);
    element.kind = kind;
    element
}

/// The kind of element that a script note carries: what Fountain does not print is kept in these.
fn carried_kind(note_type: &str) -> Option<Kind> {
    if note_type == SYNOPSIS {
        return Some(Kind::Synopsis);
    }
    let depth = note_type.strip_prefix(SECTION)?;
    depth.trim().parse().ok().map(Kind::Section)
}

/// The text of a run, character for character traceable.
fn text(tree: &Tree<'_>, node: &Node<'_>, out: &mut Vec<Piece>) {
    let names = node.attribute("Style").unwrap_or_default();
    let has = |name: &str| names.split('+').any(|style| style.trim() == name);
    let style = Style { bold: has("Bold"), italic: has("Italic"), underline: has("Underline") };
    let tag = node.attribute("TagNumber").and_then(|number| number.trim().parse().ok());
    let mut push = |text: &str, span: Span| {
        if let Some(last) = out.last_mut()
            && last.kind == PieceKind::Text
            && (last.style, last.tag, last.span.end) == (style, tag, span.start)
            && last.text.len() == last.span.len()
            && text.len() == span.len()
        {
            last.text.push_str(text);
            last.span.end = span.end;
            return;
        }
        out.push(Piece { kind: PieceKind::Text, text: text.to_owned(), style, span, tag });
    };
    for child in tree.children(node) {
        match child.is {
            Is::Char('\r') => push("\n", child.span),
            Is::Char(c) => push(c.encode_utf8(&mut [0; 4]), child.span),
            Is::Text => {
                let mut rest = child.inner;
                while !rest.is_empty() {
                    let content = rest.of(tree.source);
                    let end = content.find(is_break).unwrap_or(content.len());
                    if end > 0 {
                        push(&content[..end], Span::new(rest.start, rest.start + end));
                    }
                    let after = &content[end..];
                    let length = if after.starts_with("\r\n") {
                        2
                    } else {
                        after.chars().next().map_or(0, char::len_utf8)
                    };
                    if length > 0 {
                        push("\n", Span::new(rest.start + end, rest.start + end + length));
                    }
                    rest.start += end + length;
                }
            }
            _ => {}
        }
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// Takes line ends off both ends of a paragraph: indented XML has them, the text has not.
fn trim_ends(pieces: &mut Vec<Piece>) {
    while let Some(last) = pieces.last_mut()
        && last.kind == PieceKind::Text
        && last.text.ends_with('\n')
    {
        let kept = last.text.trim_end_matches('\n').len();
        if kept == 0 || last.text.len() != last.span.len() {
            pieces.pop();
        } else {
            last.span.end -= last.text.len() - kept;
            last.text.truncate(kept);
        }
    }
    while let Some(first) = pieces.first_mut()
        && first.kind == PieceKind::Text
        && first.text.starts_with('\n')
    {
        let lead = first.text.len() - first.text.trim_start_matches('\n').len();
        if lead == first.text.len() || first.text.len() != first.span.len() {
            pieces.remove(0);
        } else {
            first.text.drain(..lead);
            first.span.start += lead;
        }
    }
}

/// The text of the paragraphs inside a note or a summary, a line each.
pub(super) fn paragraphs_text(tree: &Tree<'_>, node: &Node<'_>) -> String {
    let mut lines: Vec<String> = tree
        .children(node)
        .filter(|child| child.is_tag("Paragraph"))
        .map(|paragraph| {
            let runs = tree.children(paragraph).filter(|run| run.is_tag("Text"));
            runs.map(|run| tree.text(run)).collect::<String>()
        })
        .collect();
    if lines.is_empty() {
        lines.push(tree.text(node));
    }
    let text = lines.join("\n").replace("\r\n", "\n");
    text.trim().to_owned()
}

fn scene_properties(tree: &Tree<'_>, node: &Node<'_>) -> SceneProperties {
    let value = |name: &str| node.attribute(name).filter(|value| !value.trim().is_empty());
    let mut synopsis: Vec<String> = value("Synopsis").into_iter().collect();
    if let Some(summary) = tree.child(node, "Summary") {
        let is_paragraph = |child: &&Node<'_>| child.is_tag("Paragraph");
        for paragraph in tree.children(summary).filter(is_paragraph) {
            let runs = tree.children(paragraph).filter(|run| run.is_tag("Text"));
            let text: String = runs.map(|run| tree.text(run)).collect();
            if !text.trim().is_empty() {
                synopsis.push(text.trim().to_owned());
            }
        }
    }
    SceneProperties {
        eighths: value("Length").as_deref().and_then(eighths),
        page: value("Page"),
        title: value("Title"),
        synopsis,
    }
}

/// `1 3/8` as a number of eighths.
fn eighths(length: &str) -> Option<u32> {
    let mut sum = 0_u32;
    for part in length.split_whitespace() {
        sum = sum.checked_add(match part.split_once('/') {
            Some((eighths, "8")) => eighths.parse().ok()?,
            Some(_) => return None,
            None => part.parse::<u32>().ok()?.checked_mul(8)?,
        })?;
    }
    (sum > 0).then_some(sum)
}
