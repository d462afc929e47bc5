//! Writes elements as Fountain, with forced marks only where the text would otherwise be read as something else.

use super::rules;
use super::write_inline::{Careful, Written, lines};
use crate::film::screenplay::error::{Warning, WarningKind};
use crate::film::screenplay::model::{Element, Kind, Piece, PieceKind, Side, TitleField};

/// A Fountain text in the making.
pub(in crate::film::screenplay) struct Writer {
    out: String,
    eol: &'static str,
    previous: Option<Kind>,
    /// Whether a speech is open, and on which side.
    speech: Option<Option<Side>>,
    orphans: usize,
}

impl Writer {
    /// A writer that ends lines with `eol`.
    pub(in crate::film::screenplay) fn new(eol: &'static str) -> Self {
        Self { out: String::new(), eol, previous: None, speech: None, orphans: 0 }
    }

    /// The text, and what could not be said in it.
    pub(in crate::film::screenplay) fn finish(self) -> (String, Vec<Warning>) {
        let mut warnings = Vec::new();
        if self.orphans > 0 {
            warnings.push(Warning::new(
                WarningKind::Conversion,
                format!(
                    "{} paragraphs of dialogue have no one who speaks them; they became action.",
                    self.orphans
                ),
            ));
        }
        (self.out, warnings)
    }

    /// Writes elements; what they say is kept, white space between them is not.
    pub(in crate::film::screenplay) fn elements(&mut self, elements: &[Element]) {
        for (at, element) in elements.iter().enumerate() {
            let rest = &elements[at + 1..];
            self.element(element, rest);
        }
    }

    fn element(&mut self, element: &Element, rest: &[Element]) {
        if element.kind.is_trivia() || element.kind == Kind::TitleField {
            return;
        }
        if element.new_page && self.previous != Some(Kind::PageBreak) {
            self.paragraph("===");
            self.previous = Some(Kind::PageBreak);
        }
        if !element.has_text() && !element.has_remarks() && is_empty_paragraph(element.kind) {
            self.speech = self.speech.filter(|_| element.kind.is_speech());
            return;
        }
        let in_speech = self.speech == Some(element.dual);
        match element.kind {
            kind if kind.is_speech() && kind != Kind::Lyrics && !in_speech => {
                self.orphans += 1;
                self.action(element);
            }
            Kind::Parenthetical => self.parenthetical(element),
            Kind::Dialogue => self.dialogue(element),
            Kind::Lyrics => self.lyrics(element, in_speech),
            Kind::Character => self.character(element, rest),
            Kind::Note | Kind::Boneyard if in_speech && goes_on(rest) => {
                for written in lines(&element.pieces, Careful::default()) {
                    self.line(&written.line);
                }
                return;
            }
            Kind::SceneHeading => self.heading(element),
            Kind::Transition => self.transition(element),
            Kind::Centered => self.centered(element),
            Kind::PageBreak => {
                let remarks = one_line(element);
                self.paragraph(&format!("==={}", remarks.line));
            }
            Kind::Section(depth) => {
                let text = one_line(element).line;
                let marks = "#".repeat(usize::from(depth.max(1)));
                self.paragraph(format!("{marks} {text}").trim_end());
            }
            Kind::Synopsis => self.paragraph(format!("= {}", one_line(element).line).trim_end()),
            Kind::Note | Kind::Boneyard => {
                let written = one_line(element);
                self.paragraph(&written.line);
            }
            _ => self.action(element),
        }
        if !element.kind.is_speech() && element.kind != Kind::Character {
            self.speech = None;
        }
        self.previous = Some(element.kind);
    }

    fn heading(&mut self, element: &Element) {
        let mut text = one_line(element);
        let number: String = element
            .number
            .iter()
            .flat_map(|number| number.chars())
            .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '.'))
            .collect();
        if number.is_empty() && rules::scene_number(&text.shown).is_some() {
            // A text that only looks as if it ended in a scene number.
            escape_last(&mut text, '#');
        }
        if text.is_blank() && number.is_empty() {
            "UNTITLED".clone_into(&mut text.line);
            text.shown.clone_from(&text.line);
        }
        let forced = rules::heading_prefix(&text.shown).is_none();
        let mut line = String::new();
        if forced {
            line.push('.');
            if text.shown.starts_with('.') {
                line.push('\\');
            }
        }
        line.push_str(&text.line);
        if !number.is_empty() {
            let space = if text.shown.is_empty() { "" } else { " " };
            line.push_str(&format!("{space}#{number}#"));
        }
        self.paragraph(&line);
        for synopsis in element.scene.iter().flat_map(|scene| &scene.synopsis) {
            let text = join(&lines(&[Piece::plain(synopsis)], Careful::default()));
            self.paragraph(format!("= {}", text.line).trim_end());
        }
    }

    fn action(&mut self, element: &Element) {
        let written = lines(&element.pieces, Careful::default());
        for paragraph in written.split(Written::is_blank).filter(|lines| !lines.is_empty()) {
            let mut paragraph = paragraph.to_vec();
            // A note on a line of its own would stand alone: it goes to the line that it stands before.
            while paragraph.len() > 1 && paragraph[0].is_remark() {
                let mut first = paragraph.remove(0);
                first.append(&paragraph[0]);
                paragraph[0] = first;
            }
            self.gap();
            let many = paragraph.len() > 1;
            for (at, written) in paragraph.iter().enumerate() {
                let shown = written.shown.trim();
                let force = if at == 0 {
                    rules::needs_force(shown, many)
                } else {
                    shown.starts_with('!') || rules::is_centered(shown) || rules::is_page_break(shown)
                };
                let mark = if force { "!" } else { "" };
                self.line(&format!("{mark}{}", written.line.trim_end()));
            }
        }
    }

    fn character(&mut self, element: &Element, rest: &[Element]) {
        let mut text = one_line(element);
        if rules::ends_unescaped(&text.shown, '^') {
            escape_last(&mut text, '^');
        }
        let speaks = rest
            .iter()
            .find(|next| !next.kind.is_trivia())
            .is_some_and(|next| next.kind.is_speech() && next.has_text() && next.dual == element.dual);
        let natural = speaks && rules::is_cue(&text.shown) && !rules::needs_force(&text.shown, false);
        let mark = if natural { "" } else { "@" };
        let dual = if element.dual == Some(Side::Right) { " ^" } else { "" };
        self.paragraph(&format!("{mark}{}{dual}", text.line));
        self.speech = Some(element.dual);
    }

    fn parenthetical(&mut self, element: &Element) {
        let mut text = one_line(element);
        if !rules::is_parenthetical(&text.shown) {
            text = one_line_carefully(element);
            text.line = format!("({})", text.line);
        }
        self.line(&text.line);
    }

    fn dialogue(&mut self, element: &Element) {
        let written: Vec<Written> =
            lines(&element.pieces, Careful::default()).iter().map(Written::trimmed).collect();
        let first = written.iter().position(|line| !line.is_blank()).unwrap_or(written.len());
        let last = written.iter().rposition(|line| !line.is_blank()).map_or(first, |at| at + 1);
        for (at, text) in written[..last].iter().enumerate().skip(first) {
            if text.is_blank() {
                // Two spaces hold a speech together, but not before a line of notes only.
                let next = written[at..].iter().find(|line| !line.is_blank());
                if next.is_some_and(|next| !next.is_remark()) {
                    self.line("  ");
                }
                continue;
            }
            let escape = text.shown.starts_with('~') || rules::is_parenthetical(&text.shown);
            let mark = if escape { "\\" } else { "" };
            if escape && !text.line.starts_with(['~', '(']) {
                // A note stands before the character: the escape goes between.
                let at = text.line.len() - text.line.trim_start_matches(|c| c != '~' && c != '(').len();
                let (before, after) = text.line.split_at(at);
                self.line(&format!("{before}\\{after}"));
            } else {
                self.line(&format!("{mark}{}", text.line));
            }
        }
    }

    fn lyrics(&mut self, element: &Element, in_speech: bool) {
        let joins = in_speech || self.previous == Some(Kind::Lyrics);
        if !joins {
            self.gap();
        }
        if !in_speech {
            self.speech = None;
        }
        for written in lines(&element.pieces, Careful::default()) {
            self.line(format!("~{}", written.trimmed().line).trim_end());
        }
    }

    fn transition(&mut self, element: &Element) {
        let mut text = one_line(element);
        if text.shown.is_empty() {
            if !text.is_blank() {
                self.paragraph(&text.line);
            }
            return;
        }
        let plain = !text.shown.starts_with(['!', '@', '.', '>', '~', '#', '='])
            && rules::heading_prefix(&text.shown).is_none();
        if plain && rules::is_transition(&text.shown) {
            self.paragraph(&text.line);
            return;
        }
        if rules::ends_unescaped(&text.shown, '<') {
            escape_last(&mut text, '<');
        }
        self.paragraph(&format!("> {}", text.line));
    }

    fn centered(&mut self, element: &Element) {
        for written in lines(&element.pieces, Careful::default()) {
            let text = written.trimmed();
            if text.is_blank() {
                continue;
            }
            if self.previous != Some(Kind::Centered) {
                self.gap();
            }
            self.line(&format!("> {} <", text.line));
            self.previous = Some(Kind::Centered);
        }
    }

    fn paragraph(&mut self, text: &str) {
        self.gap();
        self.line(text);
    }

    fn line(&mut self, text: &str) {
        if self.eol == "\n" {
            self.out.push_str(text);
        } else {
            self.out.push_str(&text.replace('\n', self.eol));
        }
        self.out.push_str(self.eol);
    }

    /// An empty line, unless there is one or nothing was written.
    fn gap(&mut self) {
        if !self.out.is_empty() && self.out != "\u{feff}" {
            let missing = 2_usize.saturating_sub(trailing_breaks(&self.out));
            for _ in 0..missing {
                self.out.push_str(self.eol);
            }
        }
    }

    /// Adds text that is Fountain already.
    pub(in crate::film::screenplay) fn raw(&mut self, text: &str) {
        self.out.push_str(text);
        self.speech = None;
        self.previous = None;
    }

    /// Makes sure that a heading can begin here. `open` says that the raw text before ends in a way that needs no empty
    /// line, such as with a section.
    pub(in crate::film::screenplay) fn close(&mut self, open: bool) {
        if !open || trailing_breaks(&self.out) == 0 {
            self.gap();
        }
    }
}

/// Whether a paragraph of this kind says nothing when it is empty.
fn is_empty_paragraph(kind: Kind) -> bool {
    kind.reads_as_action()
        || matches!(kind, Kind::Character | Kind::Dialogue | Kind::Parenthetical | Kind::Transition)
}

/// Whether what comes next belongs to the speech before.
fn goes_on(rest: &[Element]) -> bool {
    let next = rest.iter().find(|next| !next.kind.is_trivia());
    next.is_some_and(|next| matches!(next.kind, Kind::Parenthetical | Kind::Dialogue))
}

/// How many line ends the text ends with, counted up to two.
fn trailing_breaks(text: &str) -> usize {
    let mut rest = text;
    let mut count = 0;
    while count < 2 {
        let cut =
            rest.strip_suffix("\r\n").or_else(|| rest.strip_suffix('\n')).or_else(|| rest.strip_suffix('\r'));
        let Some(shorter) = cut else { break };
        count += 1;
        // A line of spaces is an empty line.
        rest = if count == 1 { shorter.trim_end_matches([' ', '\t']) } else { shorter };
    }
    count
}

/// The text of an element that has room for a single line.
fn one_line(element: &Element) -> Written {
    join(&lines(&element.pieces, Careful::default()))
}

fn one_line_carefully(element: &Element) -> Written {
    join(&lines(&element.pieces, Careful { parentheses: true, ..Careful::default() }))
}

fn join(lines: &[Written]) -> Written {
    let mut out = Written::default();
    for line in lines.iter().filter(|line| !line.is_blank()) {
        if !out.line.is_empty() {
            out.line.push(' ');
            out.shown.push(' ');
        }
        out.append(&line.trimmed());
    }
    out.trimmed()
}

/// Puts a backslash before the last `mark` that is shown.
fn escape_last(text: &mut Written, mark: char) {
    for out in [&mut text.line, &mut text.shown] {
        if let Some(at) = last_outside_remarks(out, mark) {
            out.insert(at, '\\');
        }
    }
}

fn last_outside_remarks(line: &str, mark: char) -> Option<usize> {
    let (masks, _) = super::masks::masks(line);
    line.rmatch_indices(mark).map(|(at, _)| at).find(|at| {
        !masks.iter().any(|m| m.kind != PieceKind::Text && m.span.start <= *at && *at < m.span.end)
    })
}

/// The title page as Fountain.
pub(in crate::film::screenplay) fn title_page_text(fields: &[TitleField], eol: &str) -> String {
    let mut out = String::new();
    for field in fields {
        match field.lines.as_slice() {
            [line] => out.push_str(&format!("{}: {line}{eol}", field.key)),
            many => {
                out.push_str(&format!("{}:{eol}", field.key));
                for line in many.iter().filter(|line| !line.trim().is_empty()) {
                    out.push_str(&format!("    {line}{eol}"));
                }
            }
        }
    }
    out
}
