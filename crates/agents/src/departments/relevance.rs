//! Relevance: which departments a request concerns, and how much.

use std::collections::BTreeMap;

use super::Departments;

/// A department of less relevance is not involved (F5).
pub const LEAST: f64 = 0.3;
/// What the first word that speaks for a department is worth; each further one gets the same share of what is left.
const WORD: f64 = 0.45;
/// Words that ask for all departments.
const ALL: &[&str] = &[
    "everything",
    "all departments",
    "whole film",
    "whole episode",
    "for shooting",
    "for production",
    "shoot",
];

/// How much a request concerns each department, from 0 to 1. What a department needs of others does not count here.
#[must_use]
pub fn of(request: &str, departments: &Departments) -> BTreeMap<String, f64> {
    let text = folded(request);
    let whole = ALL.iter().any(|phrase| has(&text, phrase));
    let scored = departments.all().iter().map(|department| {
        // Nobody is there who could do anything.
        if department.specialists.is_empty() {
            return (department.name.clone(), 0.0);
        }
        if whole {
            return (department.name.clone(), 1.0);
        }
        let own = folded(&department.name);
        let agents = std::iter::once(&department.head).chain(&department.specialists);
        let mut cues: Vec<String> = agents.flat_map(|agent| &agent.cues).map(|cue| folded(cue)).collect();
        cues.sort_unstable();
        cues.dedup();
        let heard = cues.iter().filter(|cue| has(&text, cue.trim())).count();
        // Its own name is worth as much as two words.
        let heard = heard + if has(&text, own.trim()) { 2 } else { 0 };
        (department.name.clone(), 1.0 - (1.0 - WORD).powi(i32::try_from(heard).unwrap_or(i32::MAX)))
    });
    scored.collect()
}

/// In small letters, words parted by one space, with a space at both ends.
fn folded(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let words: Vec<String> = plain.split_whitespace().map(str::to_lowercase).collect();
    format!(" {} ", words.join(" "))
}

/// Whether a phrase stands in a folded text, as it is or in the plural.
fn has(text: &str, phrase: &str) -> bool {
    !phrase.is_empty() && (text.contains(&format!(" {phrase} ")) || text.contains(&format!(" {phrase}s ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::departments::tests::three;

    #[test]
    fn a_request_concerns_those_whose_words_it_uses() {
        let relevance = of("Who is in the cast, and which sounds do we need?", &three());
        assert!(relevance["character"] >= LEAST && relevance["audio"] >= LEAST, "{relevance:?}");
        assert!(relevance["production"] < LEAST);
    }

    #[test]
    fn more_words_make_it_more_relevant_and_never_more_than_certain() {
        let departments = three();
        let one = of("a cast list", &departments)["character"];
        let more = of("the cast of actors: the character department", &departments)["character"];
        assert!(one < more && more <= 1.0, "{one} {more}");
    }

    #[test]
    fn preparing_all_concerns_everyone() {
        assert!(of("Prepare episode 1 for shooting", &three()).values().all(|relevance| *relevance == 1.0));
    }

    #[test]
    fn a_word_within_another_is_not_that_word() {
        assert!(of("Broadcasting rights", &three())["character"] < LEAST);
    }
}
