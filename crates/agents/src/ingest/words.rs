//! Words, names and keys as data mode compares them.

/// A key without case, blanks and punctuation: `Hair colour`, `hair_colour` and `hairColour` are one.
pub(super) fn key(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A key as attributes and predicates have it: lower-case words with `_` between them, at most 40 letters.
pub(super) fn snake(text: &str) -> String {
    let mut snake = String::new();
    for letter in store::slug::slug(text).chars() {
        snake.push(if letter == '-' { '_' } else { letter });
    }
    snake.truncate(40);
    snake.trim_matches('_').to_owned()
}

/// A name as names are compared: lower case, without an article, white space and apostrophes folded.
pub(super) fn name_key(name: &str) -> String {
    let key = store::slug::name_key(&name.replace('’', "'"));
    let bare = key.strip_prefix("the ").unwrap_or(&key);
    bare.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

/// The words of a text in lower case: runs of letters and digits, an apostrophe within belonging to them.
pub(super) fn lower_words(text: &str) -> Vec<String> {
    tokens(text).into_iter().map(|token| token.bare().to_lowercase().replace('’', "'")).collect()
}

/// A word of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'t> {
    /// As it is written.
    pub(super) text: &'t str,
    /// Where it begins in the sentence, in bytes.
    pub(super) start: usize,
    /// Whether a comma, colon, dash or bracket stands between it and the word before.
    pub(super) after_break: bool,
}

impl Token<'_> {
    /// Where it ends in the sentence, in bytes.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Without a possessive `'s`.
    pub(super) fn bare(&self) -> &str {
        let text = self.text;
        text.strip_suffix("'s").or_else(|| text.strip_suffix("’s")).unwrap_or(text)
    }

    /// Whether it is a possessive: `Mara's`, `James'`.
    pub(super) fn is_possessive(&self) -> bool {
        self.bare().len() < self.text.len() || self.text.ends_with("s'") || self.text.ends_with("s’")
    }

    /// Whether it is this word, whatever the case.
    pub(super) fn is(&self, word: &str) -> bool {
        self.text.to_lowercase() == word
    }

    /// Whether it could be part of a name: it begins with a capital, or with a letter of a script that has none.
    pub(super) fn is_nameish(&self) -> bool {
        self.text.chars().next().is_some_and(|c| c.is_uppercase() || (c.is_alphabetic() && !c.is_lowercase()))
    }
}

/// The words of a sentence. Hyphens and apostrophes within a word belong to it, and so does a final one of a possessive.
pub(super) fn tokens(sentence: &str) -> Vec<Token<'_>> {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '_') || is_mark(c);
    let mut tokens = Vec::new();
    let (mut start, mut broken) = (None, false);
    for (at, c) in sentence.char_indices().chain([(sentence.len(), ' ')]) {
        match start {
            None if c.is_alphanumeric() => start = Some(at),
            None => {
                broken |= matches!(c, ',' | ';' | ':' | '(' | ')' | '—' | '–' | '"' | '“' | '”' | '.' | '/')
            }
            Some(from) if !inner(c) => {
                let text = sentence[from..at].trim_end_matches(['-', '_']);
                let quoted = !text.ends_with("s'") && !text.ends_with("s’");
                let text = if quoted { text.trim_end_matches(['\'', '’']) } else { text };
                tokens.push(Token { text, start: from, after_break: broken });
                start = None;
                broken = !c.is_whitespace();
            }
            Some(_) => {}
        }
    }
    tokens
}

/// Whether a character only marks the letter before it, as in decomposed Unicode.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{0900}'..='\u{0DFF}' | '\u{0E31}'..='\u{0E4E}' | '\u{200C}' | '\u{200D}')
}

/// The sentences of a text. A full stop ends one only before a capital, a quote or the end, and not after an
/// abbreviation or an initial; a blank line or a line break always does.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    for line in text.lines() {
        let mut from = 0;
        let chars: Vec<(usize, char)> = line.char_indices().collect();
        for (i, (at, c)) in chars.iter().enumerate() {
            if !matches!(c, '.' | '!' | '?' | '。' | '！' | '？') {
                continue;
            }
            let end = at + c.len_utf8();
            let wide = !c.is_ascii();
            let next = chars.get(i + 1).map(|(_, c)| *c);
            let after = chars.get(i + 2).map(|(_, c)| *c);
            let blank = next.is_none_or(char::is_whitespace);
            let begins = after.is_none_or(|c| !c.is_lowercase());
            if wide || (blank && begins && (*c != '.' || !is_abbreviated(&line[from..*at]))) {
                push_trimmed(&mut sentences, &line[from..end]);
                from = end;
            }
        }
        push_trimmed(&mut sentences, &line[from..]);
    }
    sentences
}

fn push_trimmed<'t>(into: &mut Vec<&'t str>, text: &'t str) {
    let text = text.trim().trim_start_matches(['-', '*', '•', '#']).trim_start();
    if text.chars().any(char::is_alphanumeric) {
        into.push(text);
    }
}

fn is_abbreviated(before: &str) -> bool {
    let last = before.rsplit(|c: char| c.is_whitespace() || c == '.').next().unwrap_or_default();
    let initial = last.chars().count() == 1 && last.chars().all(char::is_uppercase);
    initial
        || ["mr", "mrs", "ms", "dr", "st", "prof", "capt", "int", "ext", "no", "jr", "sr", "vs"]
            .contains(&last.to_lowercase().as_str())
}

/// A number in digits or, up to ninety-nine, in words.
pub(super) fn number(text: &str) -> Option<f64> {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let text = text.trim().to_lowercase();
    let digits = text.replace([',', '_'], "");
    if let Ok(number) = digits.parse::<f64>() {
        return number.is_finite().then_some(number);
    }
    let small = |word: &str| SMALL.iter().position(|known| *known == word);
    let tens = |word: &str| TENS.iter().position(|known| *known == word).map(|at| (at + 2) * 10);
    let mut words = text.split(['-', ' ']);
    let (first, second) = (words.next()?, words.next());
    let number = match (tens(first), second) {
        (Some(tens), Some(second)) => tens + small(second).filter(|ones| (1..10).contains(ones))?,
        (Some(tens), None) => tens,
        (None, None) => small(first)?,
        (None, Some(_)) => return None,
    };
    words.next().is_none().then_some(number as f64)
}
