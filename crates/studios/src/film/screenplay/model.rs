//! What a screenplay is, whichever file it came from: fragments of source, and the elements read from them.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::error::Warning;
use super::fdx::Tags;

/// The two formats in which a screenplay is stored and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Fountain 1.1, plain text.
    Fountain,
    /// Final Draft, XML.
    Fdx,
}

/// A stretch of source text in bytes, `end` not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// The span from `start` up to `end`.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// How many bytes it covers.
    #[must_use]
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether it covers nothing.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The text that it covers, or nothing if it does not fit `source`.
    #[must_use]
    pub fn of(self, source: &str) -> &str {
        source.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn moved_back(self, by: usize) -> Self {
        Self { start: self.start.saturating_sub(by), end: self.end.saturating_sub(by) }
    }

    pub(super) fn moved_on(self, by: usize) -> Self {
        Self { start: self.start + by, end: self.end + by }
    }
}

/// A fragment exactly as it stands in a file. What a record keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// How `text` is to be read.
    pub format: Format,
    /// The raw fragment.
    pub text: String,
}

impl Source {
    /// A fragment of Fountain.
    pub fn fountain(text: impl Into<String>) -> Self {
        Self { format: Format::Fountain, text: text.into() }
    }

    /// A fragment of Final Draft XML.
    pub fn fdx(text: impl Into<String>) -> Self {
        Self { format: Format::Fdx, text: text.into() }
    }
}

/// How a stretch of text is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Style {
    /// Bold.
    pub bold: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined.
    pub underline: bool,
}

impl Style {
    /// Whether the text is set like any other.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// What a piece of an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PieceKind {
    /// Text that a reader reads.
    Text,
    /// A remark between writers: `[[so]]`, or a script note.
    Note,
    /// Text that was cut but kept: `/* so */`.
    Boneyard,
}

/// A stretch of one element that is set in one way.
///
/// A piece either stands in the source byte for byte, or is a single character that the source spells otherwise
/// (an escape, an entity, a line end). So any offset in its text can be traced to the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Text, note or boneyard.
    pub kind: PieceKind,
    /// The text, without marks.
    pub text: String,
    /// How it is set.
    #[serde(default, skip_serializing_if = "Style::is_plain")]
    pub style: Style,
    /// Where it stands in the fragment.
    pub span: Span,
    /// The number of the Final Draft tag on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<u32>,
}

impl Piece {
    /// Text that stands in no source.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        let (kind, style, span) = (PieceKind::Text, Style::default(), Span::default());
        Self { kind, text: text.into(), style, span, tag: None }
    }
}

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Empty lines, a byte order mark, white space between paragraphs.
    Blank,
    /// XML that holds no text of the screenplay; kept as it is.
    Markup,
    /// One key of the title page.
    TitleField,
    /// `INT. HARBOUR - NIGHT`: it begins a scene.
    SceneHeading,
    /// What is seen and heard.
    Action,
    /// The cue: who speaks.
    Character,
    /// `(quietly)`, within a speech.
    Parenthetical,
    /// What is said.
    Dialogue,
    /// What is sung.
    Lyrics,
    /// `CUT TO:`
    Transition,
    /// Action in the middle of the page.
    Centered,
    /// A new page begins.
    PageBreak,
    /// A division that is not printed, with its depth.
    Section(u8),
    /// A summary that is not printed.
    Synopsis,
    /// A note that stands alone.
    Note,
    /// A boneyard that stands alone.
    Boneyard,
    /// A shot (Final Draft).
    Shot,
    /// A paragraph of no kind (Final Draft).
    General,
    /// The cast of an act or a scene (Final Draft).
    CastList,
    /// A paragraph of a kind that a writer defined (Final Draft).
    Other,
}

impl Kind {
    /// Whether it stands within a speech, below the cue.
    #[must_use]
    pub fn is_speech(self) -> bool {
        matches!(self, Self::Parenthetical | Self::Dialogue | Self::Lyrics)
    }

    /// Whether it is nothing that a writer wrote.
    #[must_use]
    pub fn is_trivia(self) -> bool {
        matches!(self, Self::Blank | Self::Markup)
    }

    /// Whether it is printed as a paragraph of action.
    #[must_use]
    pub fn reads_as_action(self) -> bool {
        matches!(
            self,
            Self::Action | Self::Centered | Self::Shot | Self::General | Self::CastList | Self::Other
        )
    }
}

/// The column of a speech that is spoken at the same time as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Who begins.
    Left,
    /// Who speaks at the same time.
    Right,
}

/// What Final Draft says of a scene beside its text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SceneProperties {
    /// Its length as Final Draft laid it out, in eighths of a page.
    pub eighths: Option<u32>,
    /// The page it begins on.
    pub page: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its summary, a line each.
    pub synopsis: Vec<String>,
}

/// A paragraph of a screenplay, or what stands between two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// What it is.
    pub kind: Kind,
    /// Where it stands. The spans of a fragment's elements follow each other without gap and cover it whole.
    pub span: Span,
    /// Its text and notes, in order.
    pub pieces: Vec<Piece>,
    /// The scene number, of a heading that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The column, of a speech that is one of two at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dual: Option<Side>,
    /// Whether it begins a new page.
    #[serde(default)]
    pub new_page: bool,
    /// What else is known of the scene that this heading begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene: Option<Box<SceneProperties>>,
}

impl Element {
    pub(super) fn new(kind: Kind, span: Span) -> Self {
        Self { kind, span, pieces: Vec::new(), number: None, dual: None, new_page: false, scene: None }
    }

    /// What a reader reads, without notes and marks; lines end with `\n`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for piece in self.pieces.iter().filter(|piece| piece.kind == PieceKind::Text) {
            out.push_str(&piece.text);
        }
        out
    }

    /// What a reader reads, and how to find it in the source.
    #[must_use]
    pub fn reading(&self) -> Reading<'_> {
        Reading { text: self.text(), pieces: &self.pieces }
    }

    /// Whether there is anything to read in it.
    #[must_use]
    pub fn has_text(&self) -> bool {
        self.pieces.iter().any(|piece| piece.kind == PieceKind::Text && !piece.text.trim().is_empty())
    }

    pub(super) fn has_remarks(&self) -> bool {
        self.pieces.iter().any(|piece| piece.kind != PieceKind::Text)
    }

    pub(super) fn move_on(&mut self, by: usize) {
        self.span = self.span.moved_on(by);
        for piece in &mut self.pieces {
            piece.span = piece.span.moved_on(by);
        }
    }

    pub(super) fn move_back(&mut self, by: usize) {
        self.span = self.span.moved_back(by);
        for piece in &mut self.pieces {
            piece.span = piece.span.moved_back(by);
        }
    }
}

/// The text of an element, with the way back to the source.
#[derive(Debug)]
pub struct Reading<'e> {
    /// What a reader reads.
    pub text: String,
    pieces: &'e [Piece],
}

impl Reading<'_> {
    /// Where a stretch of `text` stands in the source of the fragment.
    #[must_use]
    pub fn anchor(&self, range: Range<usize>) -> Span {
        let start = self.trace(range.start, false);
        let end = if range.is_empty() { start } else { self.trace(range.end, true) };
        Span::new(start, end.max(start))
    }

    fn trace(&self, offset: usize, is_end: bool) -> usize {
        let mut passed = 0;
        let mut last = self.pieces.first().map_or(0, |piece| piece.span.start);
        for piece in self.pieces.iter().filter(|piece| piece.kind == PieceKind::Text) {
            let within = offset - passed;
            let length = piece.text.len();
            if within < length || (is_end && within == length) {
                return if length == piece.span.len() {
                    piece.span.start + within
                } else if is_end && within > 0 {
                    piece.span.end
                } else {
                    piece.span.start
                };
            }
            passed += length;
            last = piece.span.end;
        }
        last
    }
}

/// A key of the title page with its lines, in Fountain's marks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TitleField {
    /// The key as written: `Title`, `Draft date`.
    pub key: String,
    /// Its lines, marks included, white space around them not.
    pub lines: Vec<String>,
}

/// One part of a screenplay: its raw text and what was read from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The raw fragment.
    pub source: Source,
    /// What it holds. Spans are offsets in `source.text`.
    pub elements: Vec<Element>,
}

impl Part {
    /// The heading, of a part that is a scene.
    #[must_use]
    pub fn heading(&self) -> Option<&Element> {
        self.elements.iter().find(|element| element.kind == Kind::SceneHeading)
    }
}

/// A screenplay in parts. The sources of front, scenes and back, put one after the other, are the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screenplay {
    /// The format of the file, or of the front when the parts differ.
    pub format: Format,
    /// The title page, in order.
    pub title_page: Vec<TitleField>,
    /// Everything before the first scene heading.
    pub front: Part,
    /// The scenes, in order. Each begins with its heading.
    pub scenes: Vec<Part>,
    /// What stands after the last scene: in Final Draft from `</Content>` on, in Fountain nothing.
    pub back: Source,
    /// What Final Draft's tags say.
    #[serde(default)]
    pub tags: Tags,
    /// What a reader of the file should know.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

impl Screenplay {
    /// All elements in order, with the scene they stand in (`None`: the front).
    pub fn elements(&self) -> impl Iterator<Item = (Option<usize>, &Element)> {
        let front = self.front.elements.iter().map(|element| (None, element));
        let scenes = self.scenes.iter().enumerate();
        front.chain(scenes.flat_map(|(at, scene)| scene.elements.iter().map(move |e| (Some(at), e))))
    }
}
