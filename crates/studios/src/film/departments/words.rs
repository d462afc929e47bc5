//! Words of a text, and phrases found in it whole, whatever their case.

use std::ops::Range;

/// A word and where it stands, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word<'t> {
    /// As written, without the marks around it and without a possessive's end.
    pub(super) text: &'t str,
    /// In small letters.
    pub(super) lower: String,
    pub(super) at: Range<usize>,
    /// Whether it ended with an apostrophe and an s.
    pub(super) possessive: bool,
}

/// The words of a text, in order.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’');
    let mut found = Vec::new();
    let mut from = None;
    for (at, c) in text.char_indices().chain(std::iter::once((text.len(), ' '))) {
        match (from, inner(c)) {
            (None, true) => from = Some(at),
            (Some(start), false) => {
                found.extend(word(text, start..at));
                from = None;
            }
            _ => {}
        }
    }
    found
}

fn word(text: &str, at: Range<usize>) -> Option<Word<'_>> {
    let bare = text[at.clone()].trim_matches(['\'', '’']);
    let stem = ["'s", "’s", "'S", "’S"].iter().find_map(|end| bare.strip_suffix(end));
    let own = stem.unwrap_or(bare);
    (!own.is_empty()).then(|| Word { text: own, lower: own.to_lowercase(), at, possessive: stem.is_some() })
}

/// Where a phrase stands in words, whole: the place of its first word, and how many words it has.
pub(super) fn find(words: &[Word<'_>], phrase: &str) -> Option<Range<usize>> {
    let wanted: Vec<String> = self::words(phrase).into_iter().map(|word| word.lower).collect();
    let fits = |part: &[Word<'_>]| part.iter().zip(&wanted).all(|(word, wanted)| word.lower == *wanted);
    if wanted.is_empty() {
        return None;
    }
    words.windows(wanted.len()).position(fits).map(|at| at..at + wanted.len())
}

/// Whether a text holds a phrase, whole.
pub(super) fn holds(text: &str, phrase: &str) -> bool {
    find(&words(text), phrase).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_found_whole_and_whatever_its_case() {
        assert!(holds("He lifts the BRASS KEY's ring.", "Brass Key"));
        assert!(!holds("He counts keys.", "key"));
        assert!(!holds("", "key") && !holds("A key.", ""));
        assert_eq!(find(&words("The old café door"), "CAFÉ"), Some(2..3));
    }

    #[test]
    fn a_word_knows_where_it_stands() {
        let text = "Mara’s boat – ‘é’";
        let found = words(text);
        assert_eq!(found.iter().map(|word| word.text).collect::<Vec<_>>(), ["Mara", "boat", "é"]);
        assert!(found[0].possessive && !found[1].possessive);
        assert_eq!(&text[found[1].at.clone()], "boat");
    }
}
