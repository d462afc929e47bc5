//! Puts the parts of a screenplay together again, in their own format or in the other.

use super::error::{ParseError, Warning, WarningKind};
use super::fdx::{self, Furniture, Paragraphs, RangedNote};
use super::fountain::{self, Fragment, Writer};
use super::model::{Element, Format, Kind, Part, Piece, PieceKind, Screenplay, Source, Span, Style};

/// A file, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The file.
    pub text: String,
    /// What the other format had no place for.
    pub warnings: Vec<Warning>,
}

/// Writes a file of the format `target` from its parts. Parts that are in that format stand in it byte for byte, so
/// what was not edited comes out as it went in; the others are read and written anew.
///
/// # Errors
/// If a part cannot be read and would have to be.
pub fn export(
    front: &Source,
    scenes: &[Source],
    back: &Source,
    target: Format,
) -> Result<Exported, ParseError> {
    match target {
        Format::Fountain => to_fountain(front, scenes, back),
        Format::Fdx => to_fdx(front, scenes, back),
    }
}

impl Screenplay {
    /// Reads a screenplay from parts that were kept apart. They may be in different formats.
    ///
    /// # Errors
    /// If a part cannot be read.
    pub fn from_parts(front: Source, scenes: Vec<Source>, back: Source) -> Result<Self, ParseError> {
        let furniture = furniture(&front, &back)?;
        let mut title_page = furniture.title_page;
        let (front_elements, mut warnings) = match front.format {
            Format::Fdx if front.text.is_empty() => (Vec::new(), Vec::new()),
            Format::Fdx => (fdx::front_elements(&front.text)?, Vec::new()),
            Format::Fountain => {
                let fragment = fountain::fragment(&front.text, true)?;
                if !fragment.title_page.is_empty() {
                    title_page = fragment.title_page;
                }
                (fragment.elements, fragment.warnings)
            }
        };
        let scenes = scenes
            .into_iter()
            .map(|source| {
                let part = Part::scene(source)?;
                Ok(part)
            })
            .collect::<Result<Vec<Part>, ParseError>>()?;
        if scenes.is_empty() {
            warnings.push(Warning::new(WarningKind::NoScene, "There is no scene yet."));
        }
        Ok(Self {
            format: front.format,
            title_page,
            front: Part { source: front, elements: front_elements },
            scenes,
            back,
            tags: furniture.tags,
            warnings,
        })
    }

    /// Writes a file of the format `target`; see [`export`].
    ///
    /// # Errors
    /// If a part cannot be read and would have to be.
    pub fn export(&self, target: Format) -> Result<Exported, ParseError> {
        let scenes: Vec<Source> = self.scenes.iter().map(|scene| scene.source.clone()).collect();
        export(&self.front.source, &scenes, &self.back, target)
    }
}

impl Part {
    /// Reads a single scene from its fragment.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn scene(source: Source) -> Result<Self, ParseError> {
        let elements = match source.format {
            Format::Fountain => fountain::fragment(&source.text, false)?.elements,
            Format::Fdx => fdx::scene(&source.text)?,
        };
        Ok(Self { source, elements })
    }

    /// Cuts a fragment in which someone wrote more than one scene into its scenes. What stands before the first heading
    /// stays with the first.
    #[must_use]
    pub fn split(self) -> Vec<Self> {
        let starts: Vec<usize> = self
            .elements
            .iter()
            .filter(|element| element.kind == Kind::SceneHeading && element.dual.is_none())
            .map(|element| element.span.start)
            .skip(1)
            .collect();
        let mut out =
            vec![Self { source: Source { text: String::new(), ..self.source }, elements: Vec::new() }];
        let mut cuts = starts.iter().copied().peekable();
        let mut from = 0;
        for mut element in self.elements {
            if cuts.next_if_eq(&element.span.start).is_some() {
                from = element.span.start;
                let source = Source { format: out[0].source.format, text: String::new() };
                out.push(Self { source, elements: Vec::new() });
            }
            if let Some(part) = out.last_mut() {
                part.source.text.push_str(element.span.of(&self.source.text));
                element.move_back(from);
                part.elements.push(element);
            }
        }
        out
    }
}

/// What stands around the paragraphs of a Final Draft document, wherever its front and back are.
fn furniture(front: &Source, back: &Source) -> Result<Furniture, ParseError> {
    if back.format != Format::Fdx || back.text.is_empty() {
        return Ok(Furniture::default());
    }
    match front.format {
        Format::Fdx => Furniture::read(&front.text, &back.text),
        Format::Fountain => Furniture::read(&fdx::front(), &back.text),
    }
}

fn to_fountain(front: &Source, scenes: &[Source], back: &Source) -> Result<Exported, ParseError> {
    let all = || std::iter::once(front).chain(scenes);
    let is_windows =
        all().filter(|part| part.format == Format::Fountain).any(|part| part.text.contains("\r\n"));
    let mut writer = Writer::new(if is_windows { "\r\n" } else { "\n" });
    let furniture = furniture(front, back)?;
    let mut warnings = Vec::new();
    let mut notes = Notes::new(&furniture.notes);
    // Raw text is joined to what follows only if that can begin there.
    let mut ends_open = true;
    let mut open_boneyard = false;
    for (at, part) in all().enumerate() {
        match part.format {
            Format::Fountain => {
                if part.text.is_empty() {
                    continue;
                }
                if at > 0 {
                    writer.close(ends_open);
                }
                if open_boneyard && part.text.contains("*/") {
                    warnings.push(unclosed_boneyard());
                }
                let Fragment { ends_open: open, .. } = fountain::fragment(&part.text, at == 0)?;
                ends_open = open;
                let later_closes = || scenes.iter().skip(at).any(|later| later.text.contains("*/"));
                match fountain::open_boneyard(&part.text) {
                    Some(start) if later_closes() => {
                        // An edit left a boneyard open that a later scene would close: the scenes between would vanish.
                        warnings.push(unclosed_boneyard());
                        writer.raw(&format!("{}\\{}", &part.text[..start], &part.text[start..]));
                    }
                    found => {
                        open_boneyard |= found.is_some();
                        writer.raw(&part.text);
                    }
                }
                notes.lose_count();
            }
            Format::Fdx => {
                if part.text.is_empty() {
                    continue;
                }
                if at > 0 {
                    writer.close(ends_open);
                }
                let mut elements = if at == 0 {
                    writer.raw(&fountain::title_page_text(&furniture.title_page, "\n"));
                    fdx::front_elements(&part.text)?
                } else {
                    fdx::scene(&part.text)?
                };
                notes.place(&mut elements);
                count_losses(&elements, &part.text, &mut warnings);
                writer.elements(&elements);
                ends_open = false;
            }
        }
    }
    for note in notes.rest() {
        let mut element = Element::new(Kind::Note, Span::default());
        element.pieces.push(note);
        writer.elements(&[element]);
    }
    if back.format == Format::Fountain {
        writer.raw(&back.text);
    }
    if !furniture.tags.is_empty() {
        warnings.push(Warning::new(
            WarningKind::Conversion,
            "Final Draft's tags have no place in Fountain and were left out.",
        ));
    }
    let (text, mut written) = writer.finish();
    warnings.append(&mut written);
    merge(&mut warnings);
    Ok(Exported { text, warnings })
}

fn unclosed_boneyard() -> Warning {
    Warning::new(
        WarningKind::UnclosedBoneyard,
        "A scene has a `/*` that is never closed; it was written as text, so that no later scene is cut.",
    )
}

/// Says what of these elements Fountain cannot carry.
fn count_losses(elements: &[Element], raw: &str, warnings: &mut Vec<Warning>) {
    let mut lose = |message: &str| warnings.push(Warning::new(WarningKind::Conversion, message));
    if elements.iter().any(|element| element.kind == Kind::Shot) {
        lose("Fountain knows no shots; they became action.");
    }
    if elements.iter().any(|e| matches!(e.kind, Kind::General | Kind::CastList | Kind::Other) && e.has_text())
    {
        lose("Paragraphs of kinds that Fountain does not know became action.");
    }
    if elements.iter().any(|e| e.scene.as_ref().is_some_and(|scene| scene.title.is_some())) {
        lose("Scene titles have no place in Fountain and were left out.");
    }
    if raw.contains("<OmittedScene") {
        lose("The text of omitted scenes was left out.");
    }
}

/// Warnings that say the same are said once.
fn merge(warnings: &mut Vec<Warning>) {
    let mut seen: Vec<Warning> = Vec::new();
    for warning in warnings.drain(..) {
        if !seen.contains(&warning) {
            seen.push(warning);
        }
    }
    *warnings = seen;
}

/// Final Draft's notes that point at characters, on their way to the paragraphs that hold these.
struct Notes<'n> {
    waiting: std::iter::Peekable<std::slice::Iter<'n, RangedNote>>,
    /// The character that the next paragraph begins at, as long as it is known.
    at: Option<usize>,
}

impl<'n> Notes<'n> {
    fn new(notes: &'n [RangedNote]) -> Self {
        Self { waiting: notes.iter().peekable(), at: Some(0) }
    }

    /// A part was edited: where characters stand from here on is not known.
    fn lose_count(&mut self) {
        self.at = None;
    }

    /// Puts notes into the paragraphs that they point at. Final Draft counts a paragraph's characters, two for each
    /// object in it such as dual dialogue, and one for its end.
    fn place(&mut self, elements: &mut [Element]) {
        let Some(mut at) = self.at else { return };
        let mut in_dual = false;
        for element in elements {
            if element.kind.is_trivia() {
                continue;
            }
            if element.dual.is_some() {
                at += if in_dual { 0 } else { 3 };
                in_dual = true;
                continue;
            }
            in_dual = false;
            let end = at + element.text().chars().count() + 1;
            while let Some(note) = self.waiting.next_if(|note| note.start < end) {
                element.pieces.push(piece(note));
            }
            at = end;
        }
        self.at = Some(at);
    }

    fn rest(self) -> impl Iterator<Item = Piece> {
        self.waiting.map(piece)
    }
}

fn piece(note: &RangedNote) -> Piece {
    let (style, span) = (Style::default(), Span::default());
    Piece { kind: PieceKind::Note, text: note.text.clone(), style, span, tag: None }
}

fn to_fdx(front: &Source, scenes: &[Source], back: &Source) -> Result<Exported, ParseError> {
    let all = || std::iter::once(front).chain(scenes).chain(std::iter::once(back));
    let notes =
        all().filter(|part| part.format == Format::Fdx).map(|p| p.text.matches("<ScriptNote").count());
    let mut paragraphs = Paragraphs::new(notes.sum());
    let mut warnings = Vec::new();
    let mut title_page = Vec::new();
    let mut text = match front.format {
        Format::Fdx if !front.text.is_empty() => front.text.clone(),
        Format::Fdx => fdx::front(),
        Format::Fountain => {
            let fragment = fountain::fragment(&front.text, true)?;
            title_page = fragment.title_page;
            paragraphs.elements(&fragment.elements);
            fdx::front() + &paragraphs.take()
        }
    };
    let mut back_text = match back.format {
        Format::Fdx if back.text.is_empty() => fdx::back(&title_page),
        Format::Fountain => fdx::back(&title_page),
        Format::Fdx if title_page.is_empty() => back.text.clone(),
        Format::Fdx => fdx::replace_title_page(&back.text, &title_page),
    };
    if !scenes.is_empty()
        && let Some(opened) = text.strip_suffix("/>")
    {
        // The document had nothing in it: `<Content/>`.
        text = format!("{}>\n", opened.trim_end());
        back_text = format!("</Content>{back_text}");
    }
    let mut edited = false;
    for scene in scenes {
        match scene.format {
            Format::Fdx => text.push_str(&scene.text),
            Format::Fountain => {
                edited = true;
                if !text.ends_with('\n') {
                    // The line before holds the indent of the paragraph that this one takes the place of.
                    let kept = text.trim_end_matches([' ', '\t']).len();
                    text.truncate(kept);
                    if !text.ends_with('\n') {
                        text.push('\n');
                    }
                }
                paragraphs.elements(&Part::scene(scene.clone())?.elements);
                text.push_str(&paragraphs.take());
            }
        }
    }
    if edited && back.format == Format::Fdx && !furniture(front, back)?.notes.is_empty() {
        warnings.push(Warning::new(
            WarningKind::Conversion,
            "Final Draft's notes point at characters by number; after an edited scene they may point beside their words.",
        ));
    }
    text.push_str(&back_text);
    Ok(Exported { text, warnings })
}
