//! Reads what stands inside a line: emphasis, escapes, notes and boneyards.

use super::masks::Mask;
use crate::film::screenplay::model::{Piece, PieceKind, Span, Style};

/// How many marks may wait to be closed. The oldest is forgotten beyond that, so that a line full of marks takes no
/// more than linear time.
const MOST_OPENERS: usize = 32;

/// A stretch of a line.
#[derive(Debug)]
enum Token {
    /// Text as it stands.
    Text(Span),
    /// A character behind a backslash.
    Escape(char, Span),
    /// `*`, `**`, `***` or `_`. `opens` and `closes` are how many of them do so.
    Marks { mark: u8, span: Span, closes: Vec<u8>, opens: Vec<u8> },
    /// A note or a boneyard.
    Mask(usize),
}

/// A mark that may still be closed.
struct Opener {
    token: usize,
    mark: u8,
    left: u8,
    content_before: usize,
}

/// What a line is read with.
pub(super) struct Inline<'t> {
    pub(super) source: &'t str,
    pub(super) masks: &'t [Mask],
}

impl Inline<'_> {
    /// Adds the pieces of the stretch `span`, in which the masks from `first_mask` on stand, to `out`. What lies in
    /// `skips` (marks of the element itself) is left out; a mask never is.
    pub(super) fn read(&self, span: Span, first_mask: usize, skips: &[Span], out: &mut Vec<Piece>) {
        let mut tokens = self.tokens(span, first_mask, skips);
        resolve(self.source, &mut tokens);
        self.pieces(&tokens, out);
    }

    fn tokens(&self, span: Span, first_mask: usize, skips: &[Span]) -> Vec<Token> {
        let bytes = self.source.as_bytes();
        let mut tokens = Vec::new();
        let mut mask = first_mask;
        let mut at = span.start;
        let mut text_from = at;
        let flush = |tokens: &mut Vec<Token>, from: usize, to: usize| {
            if from < to {
                tokens.push(Token::Text(Span::new(from, to)));
            }
        };
        while at < span.end {
            if let Some(found) = self.masks.get(mask).filter(|m| m.span.start == at) {
                flush(&mut tokens, text_from, at);
                tokens.push(Token::Mask(mask));
                at = found.span.end;
                text_from = at;
                mask += 1;
                continue;
            }
            if let Some(skip) = skips.iter().find(|skip| skip.start <= at && at < skip.end) {
                flush(&mut tokens, text_from, at);
                let next_mask = self.masks.get(mask).map_or(skip.end, |m| m.span.start);
                at = skip.end.min(next_mask.max(at + 1));
                text_from = at;
                continue;
            }
            match bytes[at] {
                b'\\' if at + 1 < span.end && bytes[at + 1].is_ascii_punctuation() => {
                    flush(&mut tokens, text_from, at);
                    tokens.push(Token::Escape(char::from(bytes[at + 1]), Span::new(at, at + 2)));
                    at += 2;
                    text_from = at;
                }
                mark @ (b'*' | b'_') => {
                    flush(&mut tokens, text_from, at);
                    let run = self.run(at, span.end, mask, skips);
                    tokens.push(Token::Marks {
                        mark,
                        span: Span::new(at, run),
                        closes: Vec::new(),
                        opens: Vec::new(),
                    });
                    at = run;
                    text_from = at;
                }
                _ => at += 1,
            }
        }
        flush(&mut tokens, text_from, at);
        tokens
    }

    /// Where the run of equal marks that starts at `at` ends.
    fn run(&self, at: usize, end: usize, mask: usize, skips: &[Span]) -> usize {
        let bytes = self.source.as_bytes();
        let end = self.masks.get(mask).map_or(end, |m| m.span.start.min(end));
        let end = skips.iter().filter(|s| s.start > at).fold(end, |end, skip| end.min(skip.start));
        (at..end).find(|i| bytes[*i] != bytes[at]).unwrap_or(end)
    }

    fn pieces(&self, tokens: &[Token], out: &mut Vec<Piece>) {
        let (mut bold, mut italic, mut underline) = (0_u32, 0_u32, 0_u32);
        let mut turn = |mark: u8, stars: u8, on: bool| {
            let step = |depth: &mut u32| *depth = if on { *depth + 1 } else { depth.saturating_sub(1) };
            match (mark, stars) {
                (b'_', _) => step(&mut underline),
                (_, 1) => step(&mut italic),
                (_, 2) => step(&mut bold),
                _ => {
                    step(&mut bold);
                    step(&mut italic);
                }
            }
            Style { bold: bold > 0, italic: italic > 0, underline: underline > 0 }
        };
        let mut style = Style::default();
        for token in tokens {
            match token {
                Token::Text(span) => push_text(out, span.of(self.source), style, *span),
                Token::Escape(c, span) => push_text(out, c.encode_utf8(&mut [0; 4]), style, *span),
                Token::Marks { mark, span, closes, opens } => {
                    for stars in closes {
                        style = turn(*mark, *stars, false);
                    }
                    let closed: usize = closes.iter().map(|n| usize::from(*n)).sum();
                    let opened: usize = opens.iter().map(|n| usize::from(*n)).sum();
                    let literal = Span::new(span.start + closed, span.end - opened);
                    if !literal.is_empty() {
                        push_text(out, literal.of(self.source), style, literal);
                    }
                    for stars in opens {
                        style = turn(*mark, *stars, true);
                    }
                }
                Token::Mask(index) => {
                    let mask = &self.masks[*index];
                    let text = remark(mask.inner.of(self.source));
                    let style = Style::default();
                    out.push(Piece { kind: mask.kind, text, style, span: mask.span, tag: None });
                }
            }
        }
    }
}

/// Adds text, to the piece before if it goes on there.
fn push_text(out: &mut Vec<Piece>, text: &str, style: Style, span: Span) {
    if let Some(last) = out.last_mut()
        && last.kind == PieceKind::Text
        && last.style == style
        && last.span.end == span.start
        && last.text.len() == last.span.len()
        && text.len() == span.len()
    {
        last.text.push_str(text);
        last.span.end = span.end;
        return;
    }
    out.push(Piece { kind: PieceKind::Text, text: text.to_owned(), style, span, tag: None });
}

/// The text of a note or a boneyard: trimmed, lines ending with `\n`, and the two spaces that hold an empty line gone.
fn remark(inner: &str) -> String {
    let inner = inner.trim();
    if !inner.contains(['\r', '\n']) {
        return inner.to_owned();
    }
    let unified = inner.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> =
        unified.split('\n').map(|line| if line.trim().is_empty() { "" } else { line }).collect();
    lines.join("\n")
}

/// Pairs the marks. A mark opens if something visible follows it at once, and closes if something visible stands right
/// before it. Marks of one, two and three stars pair with their like; three stars also take one and two.
fn resolve(source: &str, tokens: &mut [Token]) {
    let followed = followed_by_text(source, tokens);
    let mut openers: Vec<Opener> = Vec::new();
    // How many openers of each mark are on the stack, so that a search which would fail is not made.
    let (mut stars_open, mut lines_open) = (0_usize, 0_usize);
    let (mut before, mut content) = (None::<char>, 0_usize);
    for at in 0..tokens.len() {
        let (mark, length) = match &tokens[at] {
            Token::Text(span) => {
                before = span.of(source).chars().next_back();
                content += 1;
                continue;
            }
            Token::Escape(c, _) => {
                before = Some(*c);
                content += 1;
                continue;
            }
            Token::Mask(_) => continue,
            Token::Marks { mark, span, .. } => (*mark, span.len()),
        };
        let can_close = before.is_some_and(|c| !c.is_whitespace());
        let can_open = followed[at];
        before = Some(char::from(mark));
        let most = if mark == b'*' { 3 } else { 1 };
        if length > most {
            content += 1;
            continue;
        }
        let mut left = u8::try_from(length).unwrap_or(0);
        if can_close {
            let open = if mark == b'*' { &mut stars_open } else { &mut lines_open };
            let mut other_dropped = 0;
            while left > 0 && *open > 0 {
                let Some(found) = openers.iter().rposition(|o| o.mark == mark) else { break };
                let opener = &mut openers[found];
                if opener.content_before == content {
                    break;
                }
                let taken = match (opener.left, left) {
                    (a, b) if a == b => a,
                    (3, b) => b,
                    (a, 3) => a,
                    _ => break,
                };
                opener.left -= taken;
                left -= taken;
                let (token, exhausted) = (opener.token, opener.left == 0);
                other_dropped += openers.len() - found - 1;
                openers.truncate(if exhausted { found } else { found + 1 });
                *open -= usize::from(exhausted);
                if let Token::Marks { opens, .. } = &mut tokens[token] {
                    // The inner of two marks that opened together closes first, so it comes last.
                    opens.insert(0, taken);
                }
                if let Token::Marks { closes, .. } = &mut tokens[at] {
                    closes.push(taken);
                }
            }
            if mark == b'*' {
                lines_open -= other_dropped;
            } else {
                stars_open -= other_dropped;
            }
        }
        if left > 0 && can_open {
            if openers.len() == MOST_OPENERS {
                let forgotten = openers.remove(0);
                if forgotten.mark == b'*' {
                    stars_open -= 1;
                } else {
                    lines_open -= 1;
                }
            }
            openers.push(Opener { token: at, mark, left, content_before: content });
            if mark == b'*' {
                stars_open += 1;
            } else {
                lines_open += 1;
            }
        }
    }
}

/// For each token, whether a visible character that is not white space follows it at once. Masks are looked through.
fn followed_by_text(source: &str, tokens: &[Token]) -> Vec<bool> {
    let mut out = vec![false; tokens.len()];
    let mut next = None::<char>;
    for (at, token) in tokens.iter().enumerate().rev() {
        out[at] = next.is_some_and(|c| !c.is_whitespace());
        match token {
            Token::Text(span) => next = span.of(source).chars().next(),
            Token::Escape(c, _) => next = Some(*c),
            Token::Marks { mark, .. } => next = Some(char::from(*mark)),
            Token::Mask(_) => {}
        }
    }
    out
}
