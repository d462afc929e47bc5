//! Walks over the lines of a fragment and decides what each one is.

use super::masks::{Line, lines, masks};
use super::paragraph::Text;
use super::visible::Visible;
use super::{rules, title, too_many};
use crate::film::screenplay::error::{MAX_ELEMENTS, ParseError, Warning};
use crate::film::screenplay::model::{Element, Kind, Side, Span, TitleField};

/// What was read from a fragment.
pub(in crate::film::screenplay) struct Fragment {
    pub(in crate::film::screenplay) elements: Vec<Element>,
    pub(in crate::film::screenplay) title_page: Vec<TitleField>,
    pub(in crate::film::screenplay) warnings: Vec<Warning>,
    /// Whether a heading could follow at once, without an empty line.
    pub(in crate::film::screenplay) ends_open: bool,
}

/// Reads a fragment: a whole document, its front, or a scene. Only the head of a document has a title page.
pub(in crate::film::screenplay) fn fragment(text: &str, is_head: bool) -> Result<Fragment, ParseError> {
    let (masks, warnings) = masks(text);
    let mut elements = Vec::with_capacity(text.len() / 48);
    let mut title_page = Vec::new();
    let mut from = 0;
    if text.starts_with('\u{feff}') {
        from = '\u{feff}'.len_utf8();
        elements.push(Element::new(Kind::Blank, Span::new(0, from)));
    }
    if is_head {
        let (title_elements, fields) = title::title_page(text, from);
        let end = title_elements.last().map_or(from, |last| last.span.end);
        // A boneyard that goes on beyond the first empty line is no part of a title page.
        if !masks.iter().any(|mask| mask.span.start < end && end < mask.span.end) {
            from = end;
            elements.extend(title_elements);
            title_page = fields;
        }
    }
    let lines = lines(text, from, &masks);
    let mut scan =
        Scan { text: Text { source: text, masks: &masks }, lines: &lines, elements, state: State::Open };
    scan.run()?;
    let ends_open =
        scan.state == State::Open && scan.elements.last().is_none_or(|last| last.kind != Kind::TitleField);
    Ok(Fragment { elements: scan.elements, title_page, warnings, ends_open })
}

/// What the line before allows this one to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Anything may begin.
    Open,
    /// A paragraph of action goes on.
    Action,
    /// A speech goes on.
    Speech,
}

/// What a line holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Nothing,
    Remarks,
    Text,
}

struct Scan<'t> {
    text: Text<'t>,
    lines: &'t [Line],
    elements: Vec<Element>,
    state: State,
}

impl<'t> Scan<'t> {
    fn run(&mut self) -> Result<(), ParseError> {
        let mut at = 0;
        while at < self.lines.len() {
            if self.elements.len() > MAX_ELEMENTS {
                return Err(too_many(self.elements.len()));
            }
            let line = &self.lines[at];
            let visible = Visible::of(self.text.source, line, self.text.masks);
            at = match self.holds(line, &visible) {
                Holds::Nothing => self.blank(at),
                Holds::Remarks => self.remarks(at, &visible),
                Holds::Text => {
                    self.line(at, &visible);
                    at + 1
                }
            };
        }
        Ok(())
    }

    fn visible(&self, line: &Line) -> Visible<'t> {
        Visible::of(self.text.source, line, self.text.masks)
    }

    #[expect(clippy::unused_self, reason = "reads as a question to the scan")]
    fn holds(&self, line: &Line, visible: &Visible<'_>) -> Holds {
        if !visible.text.trim().is_empty() {
            Holds::Text
        } else if line.first_mask < line.last_mask {
            Holds::Remarks
        } else {
            Holds::Nothing
        }
    }

    /// Empty lines, from the line `at` on. A line of two spaces keeps a speech together.
    fn blank(&mut self, at: usize) -> usize {
        let is_empty = |line: &&Line| {
            line.first_mask == line.last_mask && line.span.of(self.text.source).trim().is_empty()
        };
        let run = self.lines[at..].iter().take_while(is_empty).count();
        let end = at + run;
        let connects = self.state == State::Speech
            && self.lines[at..end].iter().all(|line| line.span.len() >= 2)
            && self.lines.get(end).is_some_and(|line| self.holds(line, &self.visible(line)) == Holds::Text)
            && self.elements.last().is_some_and(|last| last.kind == Kind::Dialogue);
        if connects {
            let text = self.text;
            let lines = self.lines;
            let next = self.visible(&lines[end]);
            let is_dialogue = speech_kind(next.text.trim()) == Kind::Dialogue;
            if let Some(last) = self.elements.last_mut() {
                // The end of the line before, and of each empty line but the last, whose own the next line adds.
                for line in lines[at - 1..end - 1].iter().filter(|_| is_dialogue) {
                    text.add_break(last, line);
                }
                last.span.end = lines[end - 1].next;
            }
            return end;
        }
        let span = Span::new(self.lines[at].span.start, self.lines[end - 1].next);
        self.elements.push(Element::new(Kind::Blank, span));
        self.state = State::Open;
        end
    }

    /// A line of notes and boneyards only: part of the paragraph that goes on, or an element of its own.
    fn remarks(&mut self, at: usize, visible: &Visible<'_>) -> usize {
        let line = &self.lines[at];
        let text = self.text;
        match self.state {
            State::Open => self.elements.push(text.remarks(line, visible)),
            State::Action => self.go_on(at, visible),
            State::Speech => self.speech(Kind::Dialogue, at, visible),
        }
        at + 1
    }

    fn line(&mut self, at: usize, visible: &Visible<'_>) {
        let trimmed = visible.text.trim();
        match self.state {
            State::Speech => {
                self.speech(speech_kind(trimmed), at, visible);
            }
            State::Action if rules::is_page_break(trimmed) => self.single(Kind::PageBreak, at, visible),
            State::Action if rules::is_centered(trimmed) => self.single(Kind::Centered, at, visible),
            State::Action => self.go_on(at, visible),
            State::Open => {
                let kind = self.begins(trimmed, at);
                if kind == Kind::Action {
                    let mut element = Element::new(kind, self.lines[at].span);
                    self.text.add_line(&mut element, &self.lines[at], visible);
                    self.elements.push(element);
                    self.state = State::Action;
                } else {
                    self.single(kind, at, visible);
                }
            }
        }
    }

    /// What a line begins when anything may begin.
    fn begins(&self, line: &str, at: usize) -> Kind {
        if rules::is_marked(line, '!') {
            return Kind::Action;
        }
        if rules::is_marked(line, '@') {
            return Kind::Character;
        }
        if rules::is_page_break(line) {
            return Kind::PageBreak;
        }
        if line.starts_with('#') {
            let depth = line.bytes().take_while(|b| *b == b'#').count();
            return Kind::Section(u8::try_from(depth).unwrap_or(u8::MAX));
        }
        if line.starts_with('=') {
            return Kind::Synopsis;
        }
        if line.starts_with('~') {
            return Kind::Lyrics;
        }
        if rules::is_forced_heading(line) || self.is_heading(line, at) {
            return Kind::SceneHeading;
        }
        if rules::is_centered(line) {
            return Kind::Centered;
        }
        if rules::is_marked(line, '>') || self.is_transition(line, at) {
            return Kind::Transition;
        }
        if rules::is_cue(line) && self.speech_follows(at) {
            return Kind::Character;
        }
        Kind::Action
    }

    fn is_heading(&self, line: &str, at: usize) -> bool {
        rules::heading_prefix(line).is_some() && (rules::is_upper(line) || !self.text_follows(at))
    }

    /// A transition stands alone; but a heading may follow at once.
    fn is_transition(&self, line: &str, at: usize) -> bool {
        rules::is_transition(line)
            && (!self.text_follows(at)
                || self.lines.get(at + 1).is_some_and(|next| {
                    let next_line = self.visible(next);
                    let next_line = next_line.text.trim();
                    rules::is_forced_heading(next_line) || self.is_heading(next_line, at + 1)
                }))
    }

    fn text_follows(&self, at: usize) -> bool {
        self.lines.get(at + 1).is_some_and(|next| self.holds(next, &self.visible(next)) == Holds::Text)
    }

    /// Whether the speech of a cue follows, perhaps after notes.
    fn speech_follows(&self, at: usize) -> bool {
        let next = self.lines[at + 1..]
            .iter()
            .map(|line| self.holds(line, &self.visible(line)))
            .find(|holds| *holds != Holds::Remarks);
        next == Some(Holds::Text)
    }

    fn single(&mut self, kind: Kind, at: usize, visible: &Visible<'_>) {
        let mut element = self.text.single(kind, &self.lines[at], visible);
        if kind == Kind::Character {
            if rules::ends_unescaped(visible.text.trim(), '^') && self.pair() {
                element.dual = Some(Side::Right);
            }
            self.state = State::Speech;
        } else {
            self.state = State::Open;
        }
        self.elements.push(element);
    }

    /// Makes the speech before, if nothing but empty lines stands between, the left one of two at once.
    fn pair(&mut self) -> bool {
        let block = self.elements.iter().rposition(|e| e.kind != Kind::Blank).and_then(|last| {
            let cue = self.elements[..=last].iter().rposition(|e| !e.kind.is_speech())?;
            let cue_element = &self.elements[cue];
            (cue_element.kind == Kind::Character && cue_element.dual.is_none()).then_some(cue..=last)
        });
        let Some(block) = block else { return false };
        for element in &mut self.elements[block] {
            element.dual = Some(Side::Left);
        }
        true
    }

    /// Another line of the paragraph of action.
    fn go_on(&mut self, at: usize, visible: &Visible<'_>) {
        let (text, lines) = (self.text, self.lines);
        if let Some(last) = self.elements.last_mut() {
            text.add_break(last, &lines[at - 1]);
            text.add_line(last, &lines[at], visible);
        }
    }

    /// Another line of a speech.
    fn speech(&mut self, kind: Kind, at: usize, visible: &Visible<'_>) {
        let (text, lines) = (self.text, self.lines);
        if kind == Kind::Lyrics {
            let dual = self.elements.last().and_then(|last| last.dual);
            let mut element = text.single(kind, &lines[at], visible);
            element.dual = dual;
            self.elements.push(element);
            return;
        }
        match self.elements.last_mut() {
            Some(last) if last.kind == kind && kind == Kind::Dialogue => {
                text.add_break(last, &lines[at - 1]);
                text.add_line(last, &lines[at], visible);
            }
            last => {
                let mut element = Element::new(kind, Span::new(lines[at].span.start, lines[at].next));
                element.dual = last.and_then(|last| last.dual);
                text.add_line(&mut element, &lines[at], visible);
                self.elements.push(element);
            }
        }
    }
}

/// What a line is within a speech.
fn speech_kind(line: &str) -> Kind {
    if rules::is_parenthetical(line) {
        Kind::Parenthetical
    } else if line.starts_with('~') {
        Kind::Lyrics
    } else {
        Kind::Dialogue
    }
}
