//! What people write to the orchestrator: bounded, not blank, free of markup.

use kernel::{Error, Result};

/// The longest message, in characters.
pub const MAX_MESSAGE_CHARS: usize = 10_000;

/// The message without HTML tags and outer white space.
///
/// # Errors
/// `VALIDATION_ERROR` naming `field` when nothing is left, or when it is longer than [`MAX_MESSAGE_CHARS`].
pub fn clean_message(field: &str, text: &str) -> Result<String> {
    if text.chars().count() > MAX_MESSAGE_CHARS {
        return Err(Error::field(field, format!("must be at most {MAX_MESSAGE_CHARS} characters")));
    }
    let clean = strip_tags(text);
    let clean = clean.trim();
    if clean.is_empty() {
        return Err(Error::field(field, "must not be blank"));
    }
    Ok(clean.to_owned())
}

/// Takes out what HTML would read as a tag or a comment: `<` followed by a letter, `/`, `!` or `?`, up to the next `>`.
/// A bare `<` as in "3 < 4" or "<3" stays. Repeats until nothing is left to take out, so that no tag comes together anew.
fn strip_tags(text: &str) -> String {
    let mut clean = strip_once(text);
    loop {
        let next = strip_once(&clean);
        if next.len() == clean.len() {
            return clean;
        }
        clean = next;
    }
}

fn strip_once(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let tag =
            from[1..].chars().next().is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        match from.find('>') {
            Some(close) if tag => rest = &from[close + 1..],
            _ => {
                out.push('<');
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_go_and_comparisons_stay() {
        assert_eq!(clean_message("content", " <b>Mara</b> is 3 < 4 <3 ").unwrap(), "Mara is 3 < 4 <3");
        assert_eq!(clean_message("content", "a<<b>script>b").unwrap(), "ab");
        assert_eq!(clean_message("content", "a<!-- hidden -->b").unwrap(), "ab");
    }

    #[test]
    fn blank_and_overlong_messages_name_the_field() {
        for text in [" \n\t", "<br>", &"x".repeat(MAX_MESSAGE_CHARS + 1)] {
            let error = clean_message("content", text).unwrap_err();
            assert_eq!(error.code(), kernel::Code::ValidationError);
            assert_eq!(error.details().unwrap()["field"], "content");
        }
        assert!(clean_message("content", &"é".repeat(MAX_MESSAGE_CHARS)).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_clean_stays_as_it_is(text in "[<>a/! ]{0,60}") {
            if let Ok(clean) = clean_message("content", &text) {
                prop_assert_eq!(clean_message("content", &clean).unwrap(), clean);
            }
        }
    }
}
