//! The few lines of a record that show why it was found.

use store::passages::Passage;

use crate::lexicon::Lexicon;

/// The longest excerpt, in characters.
const LONGEST: usize = 280;

/// The excerpt, and the field that it stands in: around the wanted words in the passage that holds most of them.
pub(crate) fn excerpt(lexicon: &Lexicon, own: &[Passage], wanted: &[String]) -> (String, String) {
    let texts = || own.iter().filter(|passage| passage.field != "name");
    // Among equals the earlier passage: `max_by_key` takes the last, so it goes backwards.
    let chosen = texts().rev().max_by_key(|passage| held(&passage.text, wanted)).or_else(|| own.first());
    match chosen {
        Some(passage) => (cut(&lexicon.shown(passage), wanted), passage.field.clone()),
        None => (String::new(), "name".to_owned()),
    }
}

/// How many of the words a text holds.
fn held(text: &str, words: &[String]) -> usize {
    let text = text.to_lowercase().replace('’', "'");
    let ends = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    let holds = |word: &&String| {
        text.match_indices(word.as_str()).any(|(at, _)| {
            ends(text[..at].chars().next_back()) && ends(text[at + word.len()..].chars().next())
        })
    };
    words.iter().filter(holds).count()
}

/// At most [`LONGEST`] characters of `text`, from a little before the first wanted word.
pub(crate) fn cut(text: &str, wanted: &[String]) -> String {
    let text = text.trim();
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let lower = text.to_lowercase();
    // Lower-casing can change lengths outside ASCII; then the beginning is good enough.
    let first = if lower.len() == text.len() {
        wanted.iter().filter_map(|word| lower.find(word.as_str())).min().unwrap_or(0)
    } else {
        0
    };
    let start = text[..first.min(text.len())]
        .char_indices()
        .rev()
        .nth(60)
        .map_or(0, |(at, _)| text[at..].find(char::is_whitespace).map_or(at, |space| at + space));
    let rest = text[start..].trim_start();
    let end = rest.char_indices().nth(LONGEST).map_or(rest.len(), |(at, _)| at);
    let body = rest[..end]
        .rfind(char::is_whitespace)
        .filter(|_| end < rest.len())
        .map_or(&rest[..end], |at| &rest[..at]);
    format!("{}{}{}", if start > 0 { "… " } else { "" }, body, if end < rest.len() { " …" } else { "" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_excerpt_is_short_and_never_cuts_a_letter(text in "\\PC{0,900}", word in "[a-z]{1,6}") {
            prop_assert!(cut(&text, &[word]).chars().count() <= LONGEST + 4);
        }
    }

    #[test]
    fn an_excerpt_shows_the_wanted_word() {
        let text = format!("{} the lantern swings {}", "quiet water ".repeat(40), "and night ".repeat(40));
        assert!(cut(&text, &["lantern".to_owned()]).contains("lantern"));
    }
}
