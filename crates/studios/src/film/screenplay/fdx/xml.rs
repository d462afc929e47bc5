//! A tree of XML nodes that know where they stand in the source.
//!
//! It is built by `quick-xml`, which knows no entity but the five of XML, and it is bounded in nodes, depth and
//! attributes. A fragment of a document is read like a whole one.

use quick_xml::Reader;
use quick_xml::errors::{Error as XmlError, IllFormedError};
use quick_xml::escape::{resolve_xml_entity, unescape};
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesStart, Event};

use crate::film::screenplay::error::{MAX_XML_ATTRIBUTES, MAX_XML_DEPTH, MAX_XML_NODES, ParseError, Reason};
use crate::film::screenplay::model::Span;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is<'t> {
    /// A tag with its attributes as they are written.
    Tag { name: &'t str, attributes: &'t str },
    /// Text that stands for itself.
    Text,
    /// A character that is written as an entity.
    Char(char),
    /// A comment, a declaration, an instruction.
    Other,
}

/// A node of the tree. Its children are reached through [`Tree::children`].
#[derive(Debug)]
pub(super) struct Node<'t> {
    pub(super) is: Is<'t>,
    /// From `<` of the tag to `>` of its end.
    pub(super) span: Span,
    /// What stands between the tags; of text, the text.
    pub(super) inner: Span,
    first: u32,
    next: u32,
}

const NONE: u32 = u32::MAX;

/// The nodes of a document or a fragment.
#[derive(Debug)]
pub(super) struct Tree<'t> {
    pub(super) source: &'t str,
    nodes: Vec<Node<'t>>,
    first: u32,
}

/// A tag that is not closed yet, with its last child.
struct Open {
    node: u32,
    last: u32,
}

impl<'t> Tree<'t> {
    /// Reads `source`.
    pub(super) fn read(source: &'t str) -> Result<Self, ParseError> {
        let skipped = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut reader = Reader::from_str(&source[skipped..]);
        reader.config_mut().check_end_names = true;
        let mut tree = Self { source, nodes: Vec::new(), first: NONE };
        let mut open: Vec<Open> = Vec::new();
        let mut last_root = NONE;
        loop {
            let start = skipped + offset(reader.buffer_position());
            let event = reader.read_event().map_err(|error| {
                let at = skipped + offset(reader.error_position());
                ParseError::at(source, at, Reason::Xml(sentence(&error)))
            })?;
            let end = skipped + offset(reader.buffer_position());
            let span = Span::new(start, end);
            let (is, inner, opens) = match event {
                Event::Start(tag) => (tree.tag(&tag, span)?, Span::new(end, end), true),
                Event::Empty(tag) => (tree.tag(&tag, span)?, Span::new(end, end), false),
                Event::End(_) => {
                    if let Some(closed) = open.pop()
                        && let Some(node) = tree.nodes.get_mut(closed.node as usize)
                    {
                        node.inner.end = start;
                        node.span.end = end;
                    }
                    continue;
                }
                Event::Text(_) => (Is::Text, span, false),
                Event::CData(text) => {
                    let from = start + "<![CDATA[".len();
                    (Is::Text, Span::new(from, from + text.len()), false)
                }
                Event::GeneralRef(reference) => {
                    let known = match reference.resolve_char_ref() {
                        Ok(Some(c)) => Some(c),
                        Ok(None) => resolve_xml_entity(&reference).and_then(|text| text.chars().next()),
                        Err(_) => None,
                    };
                    let Some(c) = known else {
                        let reason = Reason::Xml(format!("&{}; is not a character", &*reference));
                        return Err(ParseError::at(source, start, reason));
                    };
                    (Is::Char(c), span, false)
                }
                Event::DocType(_) => return Err(ParseError::at(source, start, Reason::Dtd)),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => (Is::Other, span, false),
                Event::Eof => break,
            };
            let id = u32::try_from(tree.nodes.len()).unwrap_or(NONE);
            if tree.nodes.len() >= MAX_XML_NODES {
                let reason =
                    Reason::TooLarge { what: "XML nodes", found: tree.nodes.len() + 1, limit: MAX_XML_NODES };
                return Err(ParseError::at(source, start, reason));
            }
            tree.nodes.push(Node { is, span, inner, first: NONE, next: NONE });
            let last = open.last_mut().map_or(&mut last_root, |parent| &mut parent.last);
            let before = std::mem::replace(last, id);
            if let Some(node) = tree.nodes.get_mut(before as usize) {
                node.next = id;
            } else if let Some(parent) = open.last() {
                tree.nodes[parent.node as usize].first = id;
            } else {
                tree.first = id;
            }
            if opens {
                if open.len() >= MAX_XML_DEPTH {
                    return Err(ParseError::at(source, start, Reason::TooDeep));
                }
                open.push(Open { node: id, last: NONE });
            }
        }
        if let Some(unclosed) = open.last() {
            let node = &tree.nodes[unclosed.node as usize];
            let name = if let Is::Tag { name, .. } = node.is { name } else { "" };
            let reason = Reason::Xml(format!("<{name}> is never closed"));
            return Err(ParseError::at(source, node.span.start, reason));
        }
        Ok(tree)
    }

    fn tag(&self, tag: &BytesStart<'t>, span: Span) -> Result<Is<'t>, ParseError> {
        // The event borrows from the reader; the same text is taken from the source, which lives longer.
        let inside = span.of(self.source);
        let name_length = tag.name().as_ref().len();
        let name = inside.get(1..1 + name_length).unwrap_or_default();
        let from = 1 + name_length;
        let attributes = inside.get(from..from + tag.attributes_raw().len()).unwrap_or_default();
        for (count, attribute) in tag.attributes().with_checks(false).enumerate() {
            if let Err(error) = attribute {
                return Err(ParseError::at(self.source, span.start, Reason::Xml(error.to_string())));
            }
            if count >= MAX_XML_ATTRIBUTES {
                let reason =
                    Reason::TooLarge { what: "attributes", found: count + 1, limit: MAX_XML_ATTRIBUTES };
                return Err(ParseError::at(self.source, span.start, reason));
            }
        }
        Ok(Is::Tag { name, attributes })
    }

    /// The nodes that no other holds.
    pub(super) fn roots(&self) -> Children<'_, 't> {
        Children { tree: self, next: self.first }
    }

    /// The nodes right inside a tag.
    pub(super) fn children(&self, node: &Node<'t>) -> Children<'_, 't> {
        Children { tree: self, next: node.first }
    }

    /// The first tag of that name right inside another.
    pub(super) fn child(&self, node: &Node<'t>, name: &str) -> Option<&Node<'t>> {
        self.children(node).find(|child| child.is_tag(name))
    }

    /// All text inside a node, however deep.
    pub(super) fn text(&self, node: &Node<'t>) -> String {
        let mut out = String::new();
        let mut stack = vec![self.children(node)];
        while let Some(children) = stack.last_mut() {
            match children.next() {
                Some(child) => match child.is {
                    Is::Text => out.push_str(child.inner.of(self.source)),
                    Is::Char(c) => out.push(c),
                    Is::Tag { .. } => stack.push(self.children(child)),
                    Is::Other => {}
                },
                None => {
                    stack.pop();
                }
            }
        }
        out
    }
}

impl Node<'_> {
    /// Whether it is a tag of that name.
    pub(super) fn is_tag(&self, wanted: &str) -> bool {
        matches!(self.is, Is::Tag { name, .. } if name == wanted)
    }

    /// The value of an attribute.
    pub(super) fn attribute(&self, wanted: &str) -> Option<String> {
        let Is::Tag { attributes, .. } = self.is else { return None };
        let mut all = Attributes::new(attributes, 0);
        let found = all.with_checks(false).flatten().find(|attribute| attribute.key.as_ref() == wanted)?;
        Some(unescape(&found.value).map_or_else(|_| found.value.to_string(), |value| value.into_owned()))
    }
}

/// The children of a node, in order.
pub(super) struct Children<'n, 't> {
    tree: &'n Tree<'t>,
    next: u32,
}

impl<'n, 't> Iterator for Children<'n, 't> {
    type Item = &'n Node<'t>;

    fn next(&mut self) -> Option<Self::Item> {
        let node = self.tree.nodes.get(self.next as usize)?;
        self.next = node.next;
        Some(node)
    }
}

/// Where the first `child` right inside `root` opens, or stands if it is empty: the offset after its tag. What comes
/// after is not looked at, so the document may be cut off there.
pub(super) fn opening_end(source: &str, root: &str, child: &str) -> Option<usize> {
    let skipped = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader::from_str(&source[skipped..]);
    let mut depth = 0_usize;
    loop {
        let event = reader.read_event().ok()?;
        let is_wanted = |tag: &BytesStart<'_>, depth: usize| depth == 1 && tag.name().as_ref() == child;
        match event {
            Event::Start(tag) if depth == 0 && tag.name().as_ref() != root => return None,
            Event::Start(tag) | Event::Empty(tag) if is_wanted(&tag, depth) => {
                return Some(skipped + offset(reader.buffer_position()));
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Eof => return None,
            _ => {}
        }
    }
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn sentence(error: &XmlError) -> String {
    match error {
        XmlError::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
            format!("</{found}> stands where </{expected}> belongs")
        }
        XmlError::IllFormed(IllFormedError::UnmatchedEndTag(found)) => {
            format!("</{found}> closes nothing")
        }
        other => other.to_string(),
    }
}
