//! Makes Fountain of text that is laid out like a printed screenplay: by columns, capitals and page furniture.
//!
//! This is a best effort, and says so in its warnings: where a screenplay was typed with spaces, pasted, scanned or taken
//! from a PDF, the columns are all there is.

use super::error::{Warning, WarningKind};
use super::fountain::{self, Writer};
use super::model::{Element, Kind, Piece, Span};
use super::title_guess::{GuessedLine, guess};

/// A tab reaches to the next multiple of this.
const TAB: usize = 8;
/// A line at least this long is taken to be wrapped, so that the next one goes on where it ends.
const WRAPPED: usize = 44;
/// How much deeper than action a speech must stand.
const SPEECH_DEPTH: usize = 4;
/// How many places are named as uncertain before they would only repeat themselves.
const MOST_UNCERTAIN: usize = 20;
/// The most lines that a title page has.
const TITLE_LINES: usize = 30;

/// Transitions that do not end with `TO:`.
const TRANSITIONS: [&str; 8] = [
    "FADE IN:",
    "FADE IN.",
    "FADE OUT.",
    "FADE OUT:",
    "FADE OUT",
    "FADE TO BLACK.",
    "CUT TO BLACK.",
    "THE END",
];

/// The indent of a line in columns.
pub(super) fn indent(line: &str) -> usize {
    let mut columns = 0;
    for c in line.chars() {
        match c {
            '\t' => columns = (columns / TAB + 1) * TAB,
            c if c.is_whitespace() => columns += 1,
            _ => break,
        }
    }
    columns
}

/// A line of the page.
#[derive(Debug, Clone)]
struct Line {
    indent: usize,
    text: String,
    number: u32,
}

impl Line {
    fn is_blank(&self) -> bool {
        self.text.is_empty()
    }
}

/// Where the kinds of paragraph stand on the page.
#[derive(Debug, Clone, Copy)]
struct Columns {
    action: usize,
    cue: usize,
}

/// Fountain made of laid-out text, and what is uncertain about it.
pub(super) fn to_fountain(text: &str) -> (String, Vec<Warning>) {
    let mut warnings = vec![Warning::new(
        WarningKind::BestEffort,
        "The structure was guessed from the layout of the text; read it through once.",
    )];
    let pages = pages(text);
    let (title, body) = split_title(pages);
    let columns = columns(&body);
    let mut reader = Reader { columns, elements: Vec::new(), warnings: &mut warnings, state: State::None };
    for (at, line) in body.iter().enumerate() {
        reader.line(line, body.get(at + 1));
    }
    let elements = reader.elements;
    let mut writer = Writer::new("\n");
    if !title.is_empty() {
        let fields = guess(title);
        writer.raw(&fountain::title_page_text(&fields, "\n"));
    }
    writer.elements(&elements);
    (writer.finish().0, warnings)
}

/// The lines, page by page, without page numbers, "CONTINUED" and running heads.
fn pages(text: &str) -> Vec<Vec<Line>> {
    let mut number = 0_u32;
    let mut pages: Vec<Vec<Line>> = vec![Vec::new()];
    for raw in text.split('\n') {
        number = number.saturating_add(1);
        for (at, part) in raw.split('\u{c}').enumerate() {
            if at > 0 {
                pages.push(Vec::new());
            }
            let line = Line { indent: indent(part), text: part.trim().replace('\t', " "), number };
            if let Some(page) = pages.last_mut() {
                page.push(line);
            }
        }
    }
    let heads = running_heads(&pages);
    for page in &mut pages {
        let first = page.iter().position(|line| !line.is_blank());
        if let Some(first) = first
            && heads.contains(&without_digits(&page[first].text))
        {
            page.remove(first);
        }
        page.retain(|line| !is_furniture(&line.text));
        // Empty lines at the edges of a page are margins.
        let end = page.iter().rposition(|line| !line.is_blank()).map_or(0, |at| at + 1);
        page.truncate(end);
        let start = page.iter().position(|line| !line.is_blank()).unwrap_or(0);
        page.drain(..start);
    }
    pages.retain(|page| !page.is_empty());
    pages
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// First lines that three pages or more share but for their numbers.
fn running_heads(pages: &[Vec<Line>]) -> Vec<String> {
    let mut heads: Vec<String> = pages
        .iter()
        .filter_map(|page| page.iter().find(|line| !line.is_blank()))
        .map(|line| without_digits(&line.text))
        .filter(|head| fountain::heading_prefix(head.trim_start()).is_none())
        .collect();
    heads.sort();
    let shared = heads.chunk_by(|a, b| a == b).filter(|same| same.len() >= 3);
    shared.map(|same| same[0].clone()).collect()
}

/// Page numbers and what scripts print where a page ends.
fn is_furniture(text: &str) -> bool {
    let bare = text.trim_matches(|c: char| matches!(c, '(' | ')' | '-' | '.' | ' ' | ':' | '*'));
    let is_number = !text.is_empty()
        && bare.len() <= 4
        && text.ends_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'))
        && bare.trim_end_matches(|c: char| c.is_ascii_uppercase()).bytes().all(|b| b.is_ascii_digit())
        && bare.bytes().any(|b| b.is_ascii_digit());
    let mut words = bare.split_whitespace();
    let first = words.next().unwrap_or_default();
    let is_continued = matches!(first, "CONTINUED" | "MORE" | "CONT'D")
        && words.all(|word| word.trim_matches(['(', ')', '.']).bytes().all(|b| b.is_ascii_digit()));
    is_number || is_continued
}

/// The title page, if the first page holds no scene and is no more than one, and everything else.
fn split_title(mut pages: Vec<Vec<Line>>) -> (Vec<GuessedLine>, Vec<Line>) {
    let is_title = pages.len() > 1
        && pages.first().is_some_and(|page| {
            let lines = page.iter().filter(|line| !line.is_blank()).count();
            lines <= TITLE_LINES
                && !page.iter().any(|line| heading(&line.text).is_some() || is_transition(&line.text))
        });
    let title = if is_title { pages.remove(0) } else { Vec::new() };
    let title = title
        .into_iter()
        .map(|line| GuessedLine { centered: line.indent >= 12, text: fountain::escaped(&line.text) })
        .collect();
    let mut body = Vec::new();
    for page in pages {
        let goes_on = body.last().is_some_and(|last: &Line| {
            // A paragraph that a page cuts goes on; a full stop ends it.
            !last.text.ends_with(['.', '!', '?', ':', ')', '"', '”'])
        });
        if !goes_on && let Some(number) = body.last().map(|last: &Line| last.number) {
            body.push(Line { indent: 0, text: String::new(), number });
        }
        body.extend(page);
    }
    (title, body)
}

/// Finds the columns: action stands where headings stand, cues well inside.
fn columns(lines: &[Line]) -> Columns {
    let mode = |indents: Vec<usize>| -> Option<usize> {
        let mut indents = indents;
        indents.sort_unstable();
        indents.chunk_by(|a, b| a == b).max_by_key(|same| same.len()).map(|same| same[0])
    };
    let headings = lines.iter().filter(|line| fountain::heading_prefix(&line.text).is_some());
    let action = mode(headings.map(|line| line.indent).collect())
        .or_else(|| lines.iter().filter(|line| !line.is_blank()).map(|line| line.indent).min())
        .unwrap_or(0);
    let deep = lines.windows(2).filter(|pair| {
        let [cue, speech] = pair else { return false };
        cue.indent >= action + 8
            && fountain::is_upper(&cue.text)
            && !is_transition(&cue.text)
            && speech.indent > action + 1
            && speech.indent < cue.indent
    });
    let cue = mode(deep.map(|pair| pair[0].indent).collect()).unwrap_or(usize::MAX);
    Columns { action, cue }
}

/// A heading without the scene numbers in its margins, and the number.
fn heading(text: &str) -> Option<(&str, Option<&str>)> {
    if fountain::heading_prefix(text).is_some() {
        return Some((text, None));
    }
    let (number, rest) = text.split_once(char::is_whitespace)?;
    let is_number = number.len() <= 6
        && number.bytes().any(|b| b.is_ascii_digit())
        && number.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    let rest = rest.trim();
    if !is_number || fountain::heading_prefix(rest).is_none() {
        return None;
    }
    let rest = rest.strip_suffix(number).map_or(rest, str::trim_end);
    Some((rest, Some(number.trim_end_matches('.'))))
}

fn is_transition(text: &str) -> bool {
    TRANSITIONS.contains(&text) || (text.ends_with("TO:") && fountain::is_upper(text))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A new paragraph begins.
    None,
    Action,
    Speech,
    /// A parenthetical that is not closed yet.
    Parenthetical,
}

struct Reader<'w> {
    columns: Columns,
    elements: Vec<Element>,
    warnings: &'w mut Vec<Warning>,
    state: State,
}

impl Reader<'_> {
    fn line(&mut self, line: &Line, next: Option<&Line>) {
        if line.is_blank() {
            if self.state != State::Parenthetical {
                self.state = if self.speech_goes_on(next) { State::Speech } else { State::None };
            }
            return;
        }
        let text = line.text.as_str();
        if self.state == State::Parenthetical {
            self.append(text, " ");
            self.state = if text.ends_with(')') { State::Speech } else { State::Parenthetical };
            return;
        }
        if let Some((heading, number)) = heading(text)
            && (fountain::is_upper(heading) || self.state == State::None)
        {
            let number = number.map(str::to_owned);
            self.add(Kind::SceneHeading, heading);
            if let Some(last) = self.elements.last_mut() {
                last.number = number;
            }
            self.state = State::None;
        } else if is_transition(text) {
            self.add(Kind::Transition, text);
            self.state = State::None;
        } else if self.is_cue(line, next) {
            self.add(Kind::Character, text);
            self.state = State::Speech;
        } else if self.state == State::Speech && self.is_speech(line) {
            self.speech(text);
        } else {
            self.action(line, next);
        }
    }

    fn speech(&mut self, text: &str) {
        let after_dialogue = self.elements.last().is_some_and(|last| last.kind == Kind::Dialogue);
        if text.starts_with('(') && !(after_dialogue && text.contains(") ")) {
            self.add(Kind::Parenthetical, text);
            self.state = if text.contains(')') { State::Speech } else { State::Parenthetical };
        } else if after_dialogue {
            self.append(text, " ");
        } else {
            self.add(Kind::Dialogue, text);
        }
    }

    fn action(&mut self, line: &Line, next: Option<&Line>) {
        let text = line.text.as_str();
        let looks_like_cue = self.state == State::None && fountain::is_upper(text) && text.len() <= 30;
        let speech_below = next.is_some_and(|next| !next.is_blank() && !fountain::is_upper(&next.text));
        if looks_like_cue && speech_below {
            self.doubt(line, "looks like a cue but does not stand where cues stand; it was read as action");
        } else if has_two_columns(text) {
            self.doubt(line, "may be two speeches side by side; it was read as action");
        }
        if self.state == State::Action {
            let is_wrapped = self.elements.last().is_some_and(|last| {
                last.text().rsplit('\n').next().is_some_and(|last| last.chars().count() >= WRAPPED)
            });
            self.append(text, if is_wrapped { " " } else { "\n" });
        } else {
            self.add(Kind::Action, text);
            self.state = State::Action;
        }
    }

    fn is_cue(&self, line: &Line, next: Option<&Line>) -> bool {
        let name = line.text.split('(').next().unwrap_or_default();
        let in_column =
            line.indent + 4 >= self.columns.cue && line.indent <= self.columns.cue.saturating_add(14);
        let is_name = fountain::is_upper(name) && line.text.chars().count() <= 45;
        let speaks = next.is_some_and(|next| {
            !next.is_blank() && next.indent > self.columns.action && next.indent < line.indent + 4
        });
        is_name && in_column && speaks
    }

    fn is_speech(&self, line: &Line) -> bool {
        line.indent >= self.columns.action + SPEECH_DEPTH
    }

    /// Whether the line after an empty one still belongs to the speech before it.
    fn speech_goes_on(&self, next: Option<&Line>) -> bool {
        let after_speech = self
            .elements
            .last()
            .is_some_and(|last| matches!(last.kind, Kind::Character | Kind::Parenthetical | Kind::Dialogue));
        after_speech
            && next.is_some_and(|next| {
                !next.is_blank() && self.is_speech(next) && next.indent + 4 < self.columns.cue
            })
    }

    fn add(&mut self, kind: Kind, text: &str) {
        let mut element = Element::new(kind, Span::default());
        element.pieces.push(Piece::plain(text));
        self.elements.push(element);
    }

    fn append(&mut self, text: &str, joint: &str) {
        if let Some(piece) = self.elements.last_mut().and_then(|last| last.pieces.last_mut()) {
            piece.text.push_str(joint);
            piece.text.push_str(text);
        }
    }

    fn doubt(&mut self, line: &Line, why: &str) {
        if self.warnings.len() <= MOST_UNCERTAIN {
            let start: String = line.text.chars().take(40).collect();
            let warning = Warning::new(WarningKind::Uncertain, format!("\"{start}\" {why}."));
            self.warnings.push(warning.on_line(line.number));
        }
    }
}

/// Two names in capitals with a wide gap between them.
fn has_two_columns(text: &str) -> bool {
    text.split_once("      ")
        .is_some_and(|(left, right)| fountain::is_upper(left) && fountain::is_upper(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fountain_of(text: &str) -> String {
        to_fountain(text).0
    }

    #[test]
    fn columns_tell_cues_from_speeches_from_action() {
        let text = "\
     12  EXT. HARBOUR - NIGHT                                  12

     Rain on the quay. A lamp swings over the water and nobody
     is there to see it.

                         MARA (V.O.)
                    (quietly, to
                     herself)
               I said I would come back. I did not
               say when.

                                                   CUT TO:

                                                              3.
     INT. SHED - DAY

     A ROPE.
";
        assert_eq!(
            fountain_of(text),
            "EXT. HARBOUR - NIGHT #12#\n\nRain on the quay. A lamp swings over the water and nobody is there to see it.\n\nMARA (V.O.)\n(quietly, to herself)\nI said I would come back. I did not say when.\n\nCUT TO:\n\nINT. SHED - DAY\n\nA ROPE.\n"
        );
    }

    #[test]
    fn a_page_that_ends_inside_a_speech_does_not_end_the_speech() {
        let text = "INT. A - DAY\n\n               MARA\n          One two three\n               (MORE)\n\u{c}                                   2.\n          four.\n\n               JOSS\n          Yes.\n";
        assert_eq!(fountain_of(text), "INT. A - DAY\n\nMARA\nOne two three four.\n\nJOSS\nYes.\n");
    }

    #[test]
    fn what_may_be_read_wrongly_is_named_with_its_line() {
        let (_, warnings) = to_fountain("INT. A - DAY\n\nMARA\nHello there.\n");
        assert_eq!(warnings[0].kind, WarningKind::BestEffort);
        assert_eq!(warnings[1].kind, WarningKind::Uncertain);
        assert_eq!(warnings[1].line, Some(3));
    }

    #[test]
    fn action_that_looks_like_markup_stays_action() {
        assert_eq!(fountain_of("INT. A - DAY\n\n# 5 is alive.\n"), "INT. A - DAY\n\n!# 5 is alive.\n");
    }
}
