//! Words that belong to a project: each with the project's mark before it, as SQLite's text index has them.

/// How many characters of the project's id make the mark. They are random, so two projects hardly ever share one; if they
/// do, the search still gives each only its own.
const MARK: usize = 8;
/// Letters for the mark: no vowels, since the stemmer counts those, and so stems a marked word as it does the bare one.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz";

/// The mark of the project with that id.
fn mark(project: &str) -> String {
    let tail = &project.as_bytes()[project.len().saturating_sub(MARK)..];
    tail.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

/// The text with the project's mark before every word.
pub(crate) fn scoped(project: &str, text: &str) -> String {
    let mark = mark(project);
    let mut out = String::with_capacity(text.len() * 2);
    let mut within = false;
    for letter in text.chars() {
        // An accent that stands by itself is a part of the word.
        let of_word = letter.is_alphanumeric() || (within && matches!(letter, '\u{300}'..='\u{36f}'));
        if of_word && !within {
            out.push_str(&mark);
        }
        within = of_word;
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_word_gets_the_mark_and_nothing_else_changes() {
        let project = "prj_01kb0000000000000000000bcd";
        let mark = mark(project);
        assert_eq!(mark.len(), MARK);
        assert_eq!(
            scoped(project, "Zoë’s 2nd e\u{301}tude—«雨»!"),
            format!("{mark}Zoë’{mark}s {mark}2nd {mark}e\u{301}tude—«{mark}雨»!")
        );
    }

    proptest! {
        #[test]
        fn without_its_marks_a_text_is_as_it_was(text in "[ -~À-ÿ\n]{0,200}") {
            let project = "prj_01kb0000000000000000000bcd";
            let marked = scoped(project, &text);
            // The text may hold the mark by itself; then there is nothing to learn from it.
            prop_assume!(!text.contains(&mark(project)));
            prop_assert_eq!(marked.replace(&mark(project), ""), text);
        }
    }
}
