//! Reads what a Final Draft document holds beside its paragraphs: title page, tags, notes that point at ranges.

use serde::{Deserialize, Serialize};

use super::paragraph::paragraphs_text;
use super::xml::{Node, Tree};
use crate::film::screenplay::error::ParseError;
use crate::film::screenplay::fountain;
use crate::film::screenplay::model::{Piece, PieceKind, Span, Style, TitleField};
use crate::film::screenplay::title_guess::{GuessedLine, guess};

/// Something that a writer tagged in Final Draft, by its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// The number that the tagged text bears.
    pub number: u32,
    /// The category: `Props`, `Sound`, `Wardrobe`.
    pub category: String,
    /// What is tagged, as the writer named it.
    pub label: String,
}

/// All tags of a document, ordered by number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(Vec<Tag>);

impl Tags {
    /// The tag of that number.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&Tag> {
        self.0.binary_search_by_key(&number, |tag| tag.number).ok().map(|at| &self.0[at])
    }

    /// All tags.
    pub fn iter(&self) -> impl Iterator<Item = &Tag> {
        self.0.iter()
    }

    /// Whether nothing is tagged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A note that points at a range of characters instead of standing in a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::film::screenplay) struct RangedNote {
    /// The first character, counted over all paragraphs.
    pub(in crate::film::screenplay) start: usize,
    pub(in crate::film::screenplay) text: String,
}

/// What stands around the paragraphs.
#[derive(Debug, Default)]
pub(in crate::film::screenplay) struct Furniture {
    pub(in crate::film::screenplay) title_page: Vec<TitleField>,
    pub(in crate::film::screenplay) tags: Tags,
    pub(in crate::film::screenplay) notes: Vec<RangedNote>,
}

impl Furniture {
    /// Reads it from the front and the back of a document.
    pub(in crate::film::screenplay) fn read(front: &str, back: &str) -> Result<Self, ParseError> {
        let Some(start) = super::content_start(front) else { return Ok(Self::default()) };
        let skeleton = format!("{}{back}", &front[..start]);
        let tree = Tree::read(&skeleton)?;
        let Some(root) = tree.roots().find(|node| node.is_tag("FinalDraft")) else {
            return Ok(Self::default());
        };
        let title = tree.child(root, "TitlePage").and_then(|page| tree.child(page, "Content"));
        let mut notes: Vec<RangedNote> = tree
            .child(root, "ScriptNotes")
            .into_iter()
            .flat_map(|notes| tree.children(notes))
            .filter_map(|note| ranged_note(&tree, note))
            .collect();
        notes.sort_by_key(|note| note.start);
        Ok(Self {
            title_page: title.map(|content| title_page(&tree, content)).unwrap_or_default(),
            tags: tree.child(root, "TagData").map(|data| tags(&tree, data)).unwrap_or_default(),
            notes,
        })
    }
}

fn ranged_note(tree: &Tree<'_>, note: &Node<'_>) -> Option<RangedNote> {
    if !note.is_tag("ScriptNote") {
        return None;
    }
    let range = note.attribute("Range")?;
    let (start, end) = range.split_once(',')?;
    let (start, end): (usize, usize) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
    let text = paragraphs_text(tree, note);
    (!text.is_empty()).then(|| RangedNote { start: start.min(end), text })
}

fn tags(tree: &Tree<'_>, data: &Node<'_>) -> Tags {
    let list = |name: &str, item: &'static str| {
        tree.child(data, name)
            .into_iter()
            .flat_map(|list| tree.children(list))
            .filter(move |node| node.is_tag(item))
            .collect::<Vec<_>>()
    };
    let categories: std::collections::HashMap<String, String> = list("TagCategories", "TagCategory")
        .into_iter()
        .filter_map(|node| Some((node.attribute("Id")?, node.attribute("Name")?)))
        .collect();
    let definitions: std::collections::HashMap<String, (String, String)> =
        list("TagDefinitions", "TagDefinition")
            .into_iter()
            .filter_map(|node| {
                let category = categories.get(&node.attribute("CatId")?).cloned().unwrap_or_default();
                Some((node.attribute("Id")?, (category, node.attribute("Label").unwrap_or_default())))
            })
            .collect();
    let mut tags: Vec<Tag> = list("Tags", "Tag")
        .into_iter()
        .filter_map(|node| {
            let number = node.attribute("Number")?.trim().parse().ok()?;
            let id = tree.text(tree.child(node, "DefId")?);
            let (category, label) = definitions.get(id.trim())?.clone();
            Some(Tag { number, category, label })
        })
        .collect();
    tags.sort_by_key(|tag| tag.number);
    tags.dedup_by_key(|tag| tag.number);
    Tags(tags)
}

fn title_page(tree: &Tree<'_>, content: &Node<'_>) -> Vec<TitleField> {
    let mut lines = Vec::new();
    for paragraph in tree.children(content).filter(|node| node.is_tag("Paragraph")) {
        let mut pieces = Vec::new();
        for run in tree.children(paragraph).filter(|node| node.is_tag("Text")) {
            let names = run.attribute("Style").unwrap_or_default();
            let has = |name: &str| names.split('+').any(|style| style.trim() == name);
            let style = Style { bold: has("Bold"), italic: has("Italic"), underline: has("Underline") };
            let text = tree.text(run).replace("\r\n", "\n");
            pieces.push(Piece { kind: PieceKind::Text, text, style, span: Span::default(), tag: None });
        }
        let key = paragraph.attribute("Type").filter(|name| !is_script_type(name));
        let centered = paragraph.attribute("Alignment").is_some_and(|a| a.starts_with("Center"));
        for text in fountain::marked_lines(&pieces) {
            lines.push((key.clone(), GuessedLine { text, centered }));
        }
    }
    if lines.iter().any(|(key, _)| key.is_some()) {
        keyed_fields(lines)
    } else {
        guess(lines.into_iter().map(|(_, line)| line).collect())
    }
}

fn is_script_type(name: &str) -> bool {
    super::paragraph::TYPES.iter().any(|(known, _)| *known == name)
}

/// The fields of a page whose paragraphs say what they are.
fn keyed_fields(lines: Vec<(Option<String>, GuessedLine)>) -> Vec<TitleField> {
    let mut fields: Vec<TitleField> = Vec::new();
    for (key, line) in lines {
        let Some(key) = key else { continue };
        match fields.last_mut() {
            Some(field) if field.key == key => field.lines.push(line.text),
            _ => fields.push(TitleField { key, lines: vec![line.text] }),
        }
    }
    for field in &mut fields {
        field.lines.retain(|line| !line.is_empty());
    }
    fields
}
