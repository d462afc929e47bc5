//! Reads and writes Final Draft documents (FDX) without losing a byte of what it does not know.
//!
//! A document is cut into a front (the XML up to the first scene), scenes (paragraphs that begin with a heading) and a
//! back (from `</Content>` on). Each is kept raw. A scene's fragment is a row of whole paragraphs and can be read alone.

mod furniture;
mod paragraph;
mod write;
mod xml;

#[cfg(test)]
mod tests;

pub(super) use furniture::{Furniture, RangedNote};
pub use furniture::{Tag, Tags};
pub(super) use write::{Paragraphs, back, front, replace_title_page};

use super::error::{MAX_BYTES, MAX_ELEMENTS, ParseError, Reason, Warning, WarningKind};
use super::model::{Element, Format, Kind, Part, Screenplay, Source, Span};
use xml::{Is, Node, Tree};

/// Reads a whole document.
///
/// # Errors
/// If the XML is broken, is not Final Draft's, or is beyond the bounds.
pub(super) fn parse(text: &str) -> Result<Screenplay, ParseError> {
    if text.len() > MAX_BYTES {
        let reason = Reason::TooLarge { what: "bytes", found: text.len(), limit: MAX_BYTES };
        return Err(ParseError::whole(reason));
    }
    let tree = Tree::read(text)?;
    let content = content(&tree)?;
    let is_heading = |node: &&Node<'_>| {
        node.is_tag("Paragraph")
            && node.attribute("Type").is_some_and(|t| t.trim() == "Scene Heading")
            && tree.child(node, "DualDialogue").is_none()
    };
    let starts: Vec<usize> = tree.children(content).filter(is_heading).map(|node| node.span.start).collect();
    let end = content.inner.end;
    let first = starts.first().copied().unwrap_or(end);
    let front = Source::fdx(&text[..first]);
    let back = Source::fdx(&text[end..]);
    let mut front_elements = Vec::new();
    paragraph::trivia(&tree, Span::new(0, content.inner.start), &mut front_elements);
    let before = tree.children(content).take_while(|node| node.span.start < first);
    paragraph::elements(&tree, before, &mut front_elements);
    let mut count = front_elements.len();
    let mut scenes = Vec::with_capacity(starts.len());
    let mut nodes = tree.children(content).skip_while(|node| node.span.start < first).peekable();
    for (at, start) in starts.iter().enumerate() {
        let end = starts.get(at + 1).copied().unwrap_or(end);
        let mut elements = Vec::new();
        while let Some(node) = nodes.next_if(|node| node.span.start < end) {
            paragraph::elements(&tree, std::iter::once(node), &mut elements);
        }
        elements.iter_mut().for_each(|element| element.move_back(*start));
        count += elements.len();
        if count > MAX_ELEMENTS {
            let reason = Reason::TooLarge { what: "paragraphs", found: count, limit: MAX_ELEMENTS };
            return Err(ParseError::at(text, *start, reason));
        }
        scenes.push(Part { source: Source::fdx(&text[*start..end]), elements });
    }
    let furniture = Furniture::read(&front.text, &back.text)?;
    let mut warnings = Vec::new();
    if scenes.is_empty() {
        warnings.push(Warning::new(
            WarningKind::NoScene,
            "There is no paragraph of the type Scene Heading; all of the text stands before the first scene.",
        ));
    }
    Ok(Screenplay {
        format: Format::Fdx,
        title_page: furniture.title_page,
        front: Part { source: front, elements: front_elements },
        scenes,
        back,
        tags: furniture.tags,
        warnings,
    })
}

/// Reads the fragment of a scene.
pub(super) fn scene(text: &str) -> Result<Vec<Element>, ParseError> {
    let tree = Tree::read(text)?;
    let mut elements = Vec::new();
    paragraph::elements(&tree, tree.roots(), &mut elements);
    Ok(elements)
}

/// Reads a front: the head of a document and the paragraphs before its first scene.
pub(super) fn front_elements(text: &str) -> Result<Vec<Element>, ParseError> {
    let Some(start) = content_start(text) else {
        return Err(ParseError::whole(Reason::NoContent));
    };
    let mut elements = vec![Element::new(Kind::Markup, Span::new(0, start))];
    let mut rest = scene(&text[start..])?;
    rest.iter_mut().for_each(|element| element.move_on(start));
    elements.append(&mut rest);
    Ok(elements)
}

/// Where the paragraphs begin in a front: after the `<Content>` of the document itself.
pub(super) fn content_start(front: &str) -> Option<usize> {
    xml::opening_end(front, "FinalDraft", "Content")
}

fn content<'n, 't>(tree: &'n Tree<'t>) -> Result<&'n Node<'t>, ParseError> {
    let root = tree.roots().find_map(|node| match node.is {
        Is::Tag { name, .. } => Some((node, name)),
        _ => None,
    });
    let Some((root, name)) = root else {
        return Err(ParseError::whole(Reason::Xml("there is no tag in it".to_owned())));
    };
    if name != "FinalDraft" {
        return Err(ParseError::at(tree.source, root.span.start, Reason::NotFinalDraft(name.to_owned())));
    }
    tree.child(root, "Content").ok_or_else(|| ParseError::at(tree.source, root.span.start, Reason::NoContent))
}
