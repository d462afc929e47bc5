//! What people read of a piece of Fountain where no page is laid out: words without the marks of the notation.

use super::fountain;
use super::model::Kind;

/// The text without scene numbers, notes, boneyards, page breaks and the marks of emphasis, synopses, sections and forced
/// elements. Lines and paragraphs stay apart. What is beyond the bounds of Fountain stays as it is.
#[must_use]
pub fn prose(text: &str) -> String {
    if is_marked(text) { unmarked(text) } else { text.to_owned() }
}

/// Whether there is anything that Fountain could read as a mark. Most texts have none, and reading takes longer than looking.
fn is_marked(text: &str) -> bool {
    text.contains(['*', '_', '#', '=', '[', '\\', '~', '@', '^', '<', '>'])
        || text.contains("/*")
        || text.lines().any(|line| line.trim_start().starts_with(['!', '.']))
}

fn unmarked(text: &str) -> String {
    let Ok(fragment) = fountain::fragment(text, false) else { return text.to_owned() };
    let mut out = String::with_capacity(text.len());
    let mut apart = "";
    for element in &fragment.elements {
        if element.kind == Kind::Blank && !out.is_empty() {
            apart = "\n\n";
        }
        if element.has_text() {
            out.push_str(apart);
            out.push_str(element.text().trim());
            apart = "\n";
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_are_taken_out_and_words_stay() {
        let text = "EXT. PIER - NIGHT #7A#\n\n= They wait.\n\n# Act two\n\nThe *lamp* **turns**, _slowly_. [[Cut?]]\n\n\
                    /* an old line */\n\n>THE END<\n\n===\n\n@McAvoy (V.O.) ^\n(low)\nI \\*live\\* here.\n~la la\n\n!MARA stays.\n";
        assert_eq!(
            prose(text),
            "EXT. PIER - NIGHT\n\nThey wait.\n\nAct two\n\nThe lamp turns, slowly.\n\nTHE END\n\n\
             McAvoy (V.O.)\n(low)\nI *live* here.\nla la\n\nMARA stays."
        );
    }

    #[test]
    fn what_is_no_notation_stays_as_it_is() {
        for text in ["Mara waits: 5 * 3 = 15, #7 of 9.", "", "MARA\nWhere is he?"] {
            assert_eq!(prose(text), text);
        }
    }

    proptest! {
        #[test]
        fn of_what_is_not_marked_all_is_read(text in "[A-Za-zé0-9 .!?/()'\":,\n-]{0,200}") {
            prop_assume!(!is_marked(&text));
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&unmarked(&text)), words(&text));
        }
    }
}
