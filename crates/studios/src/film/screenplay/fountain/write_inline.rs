//! Writes what stands inside a line so that it reads as it was meant.

use super::inline::Inline;
use super::masks::masks;
use crate::film::screenplay::model::{Piece, PieceKind, Span, Style};

/// A character with its style, or a note or boneyard between characters.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Atom {
    Char(char, Style),
    Remark(PieceKind, String),
}

/// A line that is ready to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct Written {
    /// The line.
    pub(super) line: String,
    /// The line without notes and boneyards: what decides how it is read.
    pub(super) shown: String,
}

impl Written {
    pub(super) fn is_blank(&self) -> bool {
        self.line.trim().is_empty()
    }

    /// Whether it holds notes or boneyards and nothing else.
    pub(super) fn is_remark(&self) -> bool {
        self.shown.trim().is_empty() && !self.is_blank()
    }

    pub(super) fn append(&mut self, other: &Self) {
        self.line.push_str(&other.line);
        self.shown.push_str(&other.shown);
    }

    /// Takes white space off both ends.
    pub(super) fn trimmed(&self) -> Self {
        Self { line: self.line.trim().to_owned(), shown: self.shown.trim().to_owned() }
    }
}

/// What is to be escaped even where it could stand.
#[derive(Clone, Copy, Default)]
pub(super) struct Careful {
    /// `(` and `)`.
    pub(super) parentheses: bool,
    pub(super) marks: bool,
    pub(super) adjacent: bool,
}

/// The lines of an element.
pub(super) fn lines(pieces: &[Piece], careful: Careful) -> Vec<Written> {
    let mut lines = vec![Vec::new()];
    for piece in pieces {
        if piece.kind != PieceKind::Text {
            if let Some(line) = lines.last_mut() {
                line.push(Atom::Remark(piece.kind, piece.text.clone()));
            }
            continue;
        }
        for (at, part) in piece.text.split('\n').enumerate() {
            if at > 0 {
                lines.push(Vec::new());
            }
            if let Some(line) = lines.last_mut() {
                line.extend(part.chars().map(|c| Atom::Char(c, piece.style)));
            }
        }
    }
    lines.iter_mut().for_each(|line| trim_styles(line));
    lines.iter().map(|line| write(line, careful)).collect()
}

/// Takes the style off white space at the edges of a styled stretch, where Fountain has no way to say it.
fn trim_styles(line: &mut [Atom]) {
    let flags: [fn(&mut Style) -> &mut bool; 3] = [|s| &mut s.bold, |s| &mut s.italic, |s| &mut s.underline];
    for flag in flags {
        for forward in [true, false] {
            let mut inside = false;
            let mut visit = |atom: &mut Atom| {
                let Atom::Char(c, style) = atom else { return };
                let on = flag(style);
                if !*on {
                    inside = false;
                } else if !inside {
                    if c.is_whitespace() {
                        *on = false;
                    } else {
                        inside = true;
                    }
                }
            };
            if forward {
                line.iter_mut().for_each(&mut visit);
            } else {
                line.iter_mut().rev().for_each(&mut visit);
            }
        }
    }
}

/// Writes a line with as few escapes as it can bear: it is read again, and written more carefully if that differs.
fn write(line: &[Atom], careful: Careful) -> Written {
    let is_simple = |atom: &Atom| match atom {
        Atom::Char(c, style) => style.is_plain() && !matches!(c, '*' | '_' | '\\' | '/' | '[' | '(' | ')'),
        Atom::Remark(..) => false,
    };
    if line.iter().all(is_simple) {
        let text: String =
            line.iter().filter_map(|a| if let Atom::Char(c, _) = a { Some(*c) } else { None }).collect();
        return Written { line: text.clone(), shown: text };
    }
    let first = emit(line, careful);
    if read(&first.line) == line {
        return first;
    }
    let second = emit(line, Careful { marks: true, ..careful });
    if read(&second.line) == line {
        return second;
    }
    emit(line, Careful { marks: true, adjacent: true, ..careful })
}

/// Reads a written line back.
fn read(line: &str) -> Vec<Atom> {
    let (masks, _) = masks(line);
    let mut pieces = Vec::new();
    Inline { source: line, masks: &masks }.read(Span::new(0, line.len()), 0, &[], &mut pieces);
    let mut atoms = Vec::new();
    for piece in pieces {
        if piece.kind == PieceKind::Text {
            atoms.extend(piece.text.chars().map(|c| Atom::Char(c, piece.style)));
        } else {
            atoms.push(Atom::Remark(piece.kind, piece.text));
        }
    }
    trim_styles(&mut atoms);
    atoms
}

/// One way in which text is set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flag {
    Bold,
    Italic,
    Underline,
}

impl Flag {
    const ALL: [Self; 3] = [Self::Underline, Self::Bold, Self::Italic];

    fn of(self, style: Style) -> bool {
        match self {
            Self::Bold => style.bold,
            Self::Italic => style.italic,
            Self::Underline => style.underline,
        }
    }

    fn mark(self) -> &'static str {
        match self {
            Self::Bold => "**",
            Self::Italic => "*",
            Self::Underline => "_",
        }
    }
}

/// A character of the text that could join with what is written after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    Nothing,
    Slash,
    Bracket,
    Backslash,
}

struct Emitter {
    written: Written,
    tail: Tail,
    open: Vec<Flag>,
    careful: Careful,
}

fn emit(line: &[Atom], careful: Careful) -> Written {
    let mut emitter = Emitter { written: Written::default(), tail: Tail::Nothing, open: Vec::new(), careful };
    let ends = ends(line);
    let mut pending: Vec<(PieceKind, &str)> = Vec::new();
    for (at, atom) in line.iter().enumerate() {
        match atom {
            // Held back until it is known which styles end before it.
            Atom::Remark(kind, text) => pending.push((*kind, text)),
            Atom::Char(c, style) => {
                emitter.close(*style);
                for (kind, text) in pending.drain(..) {
                    emitter.remark(kind, text);
                }
                if !c.is_whitespace() {
                    emitter.open(*style, ends[at]);
                }
                emitter.char(*c);
            }
        }
    }
    emitter.close(Style::default());
    for (kind, text) in pending {
        emitter.remark(kind, text);
    }
    emitter.written
}

/// For each atom, where each style that it has ends: whoever ends last is opened first.
fn ends(line: &[Atom]) -> Vec<[usize; 3]> {
    let mut out = vec![[0; 3]; line.len()];
    let mut end = [line.len(); 3];
    for (at, atom) in line.iter().enumerate().rev() {
        if let Atom::Char(_, style) = atom {
            for (slot, flag) in Flag::ALL.into_iter().enumerate() {
                if !flag.of(*style) {
                    end[slot] = at;
                }
            }
        }
        out[at] = end;
    }
    out
}

impl Emitter {
    /// Ends the styles that do not go on. One that lies inside an ending one ends too, and is opened again later.
    fn close(&mut self, style: Style) {
        let mut closed_stars = false;
        while self.open.iter().any(|flag| !flag.of(style)) {
            if let Some(flag) = self.open.pop() {
                if self.careful.adjacent && closed_stars && flag != Flag::Underline {
                    self.separator();
                }
                closed_stars = flag != Flag::Underline;
                self.mark(flag);
            }
        }
    }

    fn open(&mut self, style: Style, ends: [usize; 3]) {
        let mut wanted: Vec<(usize, Flag)> = Flag::ALL
            .into_iter()
            .enumerate()
            .filter(|(_, flag)| flag.of(style) && !self.open.contains(flag))
            .map(|(slot, flag)| (ends[slot], flag))
            .collect();
        wanted.sort_by_key(|(end, _)| std::cmp::Reverse(*end));
        for (_, flag) in wanted {
            if self.careful.adjacent && flag != Flag::Underline && self.written.line.ends_with('*') {
                self.separator();
            }
            self.mark(flag);
            self.open.push(flag);
        }
    }

    /// An empty boneyard: it keeps stars apart and says nothing.
    fn separator(&mut self) {
        self.written.line.push_str("/**/");
        self.tail = Tail::Nothing;
    }

    fn mark(&mut self, flag: Flag) {
        for c in flag.mark().chars() {
            self.raw(c);
        }
        self.tail = Tail::Nothing;
    }

    fn char(&mut self, c: char) {
        let escape = match c {
            '*' | '_' => self.careful.marks,
            '(' | ')' => self.careful.parentheses,
            _ => false,
        };
        if escape {
            self.raw('\\');
            self.tail = Tail::Nothing;
        }
        self.raw(c);
        self.tail = match c {
            _ if escape => Tail::Nothing,
            '/' => Tail::Slash,
            '[' => Tail::Bracket,
            '\\' => Tail::Backslash,
            _ => Tail::Nothing,
        };
    }

    /// Writes a character, after it is made sure that it does not join with the text before.
    fn raw(&mut self, c: char) {
        let joins = match self.tail {
            Tail::Nothing => false,
            Tail::Slash => c == '*',
            Tail::Bracket => c == '[',
            Tail::Backslash => c.is_ascii_punctuation(),
        };
        for out in [&mut self.written.line, &mut self.written.shown] {
            if joins && let Some(last) = out.pop() {
                out.push('\\');
                out.push(last);
            }
            out.push(c);
        }
    }

    fn remark(&mut self, kind: PieceKind, text: &str) {
        if self.tail == Tail::Bracket && kind == PieceKind::Note {
            for out in [&mut self.written.line, &mut self.written.shown] {
                out.pop();
                out.push_str("\\[");
            }
        } else if self.tail == Tail::Backslash {
            self.written.line.push('\\');
            self.written.shown.push('\\');
        }
        self.written.line.push_str(&remark(kind, text));
        self.tail = Tail::Nothing;
    }
}

/// A note or boneyard in its brackets. What would close it early is spaced out.
pub(super) fn remark(kind: PieceKind, text: &str) -> String {
    let text = text.trim();
    if kind == PieceKind::Boneyard {
        return format!("/*{}*/", text.replace("*/", "* /"));
    }
    let mut inner = text.replace("]]", "] ]");
    if inner.contains('\n') {
        let lines: Vec<&str> =
            inner.split('\n').map(|l| if l.trim().is_empty() { "  " } else { l }).collect();
        inner = lines.join("\n");
    }
    let before = if inner.starts_with('[') { " " } else { "" };
    let after = if inner.ends_with(']') { " " } else { "" };
    format!("[[{before}{inner}{after}]]")
}
