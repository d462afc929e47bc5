//! Sentences of a paragraph, so that a record can be described in the script's own words.

/// Shortened words after which a full stop ends nothing.
const SHORTENED: &[&str] =
    &["mr", "mrs", "ms", "dr", "st", "jr", "sr", "int", "ext", "vs", "sgt", "lt", "capt", "prof", "etc"];

/// The sentences of a text, in order, without line ends.
pub(in crate::film) fn sentences(text: &str) -> Vec<String> {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = Vec::new();
    let mut from = 0;
    let chars: Vec<(usize, char)> = flat.char_indices().collect();
    for (place, (at, c)) in chars.iter().enumerate() {
        if !matches!(c, '.' | '!' | '?' | '…') {
            continue;
        }
        // Closing quotes and brackets belong to the sentence.
        let closes =
            chars[place + 1..].iter().take_while(|(_, c)| matches!(c, '"' | '”' | '’' | ')' | ']')).count();
        let Some((end, ' ')) = chars.get(place + 1 + closes) else { continue };
        let begins = chars.get(place + 2 + closes).is_some_and(|(_, c)| !c.is_lowercase());
        let word = flat[from..*at].rsplit(' ').next().unwrap_or_default();
        let word = word.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let shortened = *c == '.' && (SHORTENED.contains(&word.as_str()) || word.chars().count() == 1);
        if begins && !shortened {
            out.push(flat[from..*end].to_owned());
            from = end + 1;
        }
    }
    if from < flat.len() {
        out.push(flat[from..].to_owned());
    }
    out
}

/// The first sentences of a text, at most two and about `longest` characters; at least one.
pub(super) fn opening(text: &str, longest: usize) -> String {
    let mut out = String::new();
    for sentence in sentences(text).into_iter().take(2) {
        if !out.is_empty() && out.chars().count() + sentence.chars().count() > longest {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&sentence);
    }
    shortened(&out, longest.max(1) * 2)
}

/// The text, cut at a word if it is longer than `longest` characters.
pub(in crate::film) fn shortened(text: &str, longest: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(longest) else { return text.to_owned() };
    let at = text[..end].rfind(' ').unwrap_or(end);
    format!("{} …", text[..at].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_a_reader_would_pause() {
        let text = "Dr. Quill waits. He says \"No.\" Then…\nnothing! 40 gulls\nrise";
        assert_eq!(
            sentences(text),
            ["Dr. Quill waits.", "He says \"No.\"", "Then… nothing!", "40 gulls rise"]
        );
    }

    #[test]
    fn an_opening_has_two_sentences_at_most() {
        assert_eq!(opening("One. Two. Three.", 80), "One. Two.");
        assert_eq!(opening("A first sentence. A second one.", 20), "A first sentence.");
        assert_eq!(opening("", 20), "");
    }
}
