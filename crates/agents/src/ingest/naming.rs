//! Names within sentences: which run of words is one, and which words never are.

use super::words::Token;

/// The most words of a name.
pub(super) const NAME_WORDS: usize = 8;
pub(super) const PRONOUNS: &[&str] =
    &["she", "he", "they", "it", "her", "his", "their", "its", "this", "these", "who"];
pub(super) const POSSESSIVES: &[&str] = &["her", "his", "its", "their"];
pub(super) const COPULAS: &[&str] = &["is", "was", "are", "were"];
pub(super) const ARTICLES: &[&str] = &["a", "an", "the"];
/// Words that begin a sentence with a capital and name nobody.
const OPENINGS: &[&str] = &[
    "a",
    "about",
    "after",
    "all",
    "also",
    "although",
    "an",
    "and",
    "another",
    "as",
    "at",
    "because",
    "before",
    "both",
    "but",
    "by",
    "during",
    "each",
    "every",
    "everyone",
    "finally",
    "for",
    "from",
    "here",
    "how",
    "however",
    "i",
    "if",
    "in",
    "inside",
    "into",
    "later",
    "like",
    "many",
    "meanwhile",
    "my",
    "near",
    "no",
    "not",
    "nobody",
    "now",
    "of",
    "on",
    "once",
    "one",
    "only",
    "or",
    "our",
    "outside",
    "over",
    "please",
    "since",
    "so",
    "some",
    "someone",
    "soon",
    "suddenly",
    "than",
    "that",
    "then",
    "there",
    "those",
    "though",
    "through",
    "to",
    "today",
    "under",
    "until",
    "we",
    "what",
    "when",
    "where",
    "while",
    "why",
    "with",
    "without",
    "you",
    "your",
];
/// Words within a name that have no capital.
const CONNECTORS: &[&str] =
    &["of", "the", "de", "del", "da", "di", "du", "la", "le", "van", "von", "der", "den", "bin", "al", "y"];

/// The run of words from `at` that is a name, as a range of words. An article before it is passed over.
pub(super) fn name_run(words: &[Token<'_>], at: usize) -> Option<(usize, usize)> {
    let from = at + usize::from(words.get(at).is_some_and(|word| word.is("the")));
    let starts = |word: &Token<'_>| {
        let opening = OPENINGS.iter().chain(PRONOUNS).any(|opening| word.is(opening));
        word.is_nameish() && !opening
    };
    words.get(from).filter(|word| starts(word))?;
    let mut end = from + 1;
    while end < words.len() && end - from < NAME_WORDS && !words[end - 1].is_possessive() {
        let word = &words[end];
        // `de la Cruz`: connectors count if a name follows them.
        let next = words[end..].iter().find(|next| !CONNECTORS.contains(&next.text));
        let connector = CONNECTORS.contains(&word.text)
            && next.is_some_and(|next| next.is_nameish() && !next.after_break);
        let numeral = word.text.chars().all(|c| c.is_ascii_digit());
        // `Dr. Okoye`: the full stop of a title is no break.
        let title = word.after_break && words[end - 1].text.len() <= 4 && is_title(words[end - 1].text);
        if (word.after_break && !title) || !(word.is_nameish() || connector || numeral) {
            break;
        }
        end += 1;
    }
    Some((from, end))
}

fn is_title(word: &str) -> bool {
    ["mr", "mrs", "ms", "dr", "st", "prof", "capt"].contains(&word.to_lowercase().as_str())
}

/// A run of words as the sentence spells it, without a final possessive.
pub(super) fn spell(sentence: &str, words: &[Token<'_>], from: usize, end: usize) -> String {
    let last = &words[end - 1];
    sentence[words[from].start..last.start + last.bare().len()].to_owned()
}

pub(super) fn join(words: &[Token<'_>], from: usize, end: usize) -> String {
    words[from..end].iter().map(|word| word.bare()).collect::<Vec<_>>().join(" ")
}

/// Whether a word numbers a record: `12`, `12A`.
pub(super) fn is_number_label(text: &str) -> bool {
    text.chars().next().is_some_and(|c| c.is_ascii_digit()) && text.len() <= 6
}
