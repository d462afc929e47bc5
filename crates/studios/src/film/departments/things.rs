//! Which of the words that a script sets in capitals are things: not people, and used as nouns.

use super::words::{find, words};

/// People without a name, whom a scene may need in its background.
pub(super) const BACKGROUND: &[&str] = &[
    "people",
    "crowd",
    "mob",
    "passengers",
    "passersby",
    "children",
    "kids",
    "fishermen",
    "guests",
    "soldiers",
    "customers",
    "audience",
    "villagers",
    "workers",
    "employees",
    "police",
    "tourists",
    "students",
    "sailors",
    "pedestrians",
    "congregation",
    "queue",
    "men",
    "women",
    "nurses",
    "guards",
];

/// Other words for a person.
const PERSON: &[&str] = &[
    "man",
    "woman",
    "boy",
    "girl",
    "guy",
    "lady",
    "guard",
    "nurse",
    "doctor",
    "driver",
    "clerk",
    "waiter",
    "waitress",
    "wife",
    "husband",
    "mother",
    "father",
    "brother",
    "brothers",
    "sister",
    "sisters",
    "son",
    "daughter",
    "boys",
    "girls",
    "baby",
    "officer",
    "soldier",
    "stewardess",
    "judge",
    "principal",
    "professor",
    "teacher",
    "priest",
    "cop",
    "cops",
    "scout",
    "bartender",
    "barkeep",
    "cast",
    "family",
    "friend",
    "friends",
    "neighbour",
    "neighbor",
    "ladies",
    "officers",
];

/// How a sentence points at something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Article {
    /// `a`, `an`, a number: it is new.
    New,
    /// `the`, `his`, `that`: it is known.
    Known,
}

/// Whether a name is a word for people.
pub(super) fn is_people(name: &str) -> bool {
    let noun = words(name).last().map(|word| word.lower.clone()).unwrap_or_default();
    BACKGROUND.contains(&noun.as_str()) || PERSON.contains(&noun.as_str())
}

/// Whether a name in capitals is a thing that somebody can lose sight of: no people, and no doing (`CHIRPING`).
pub(super) fn is_thing(name: &str) -> bool {
    let words = words(name);
    let doing = match words.as_slice() {
        [only] => only.lower.strip_suffix("ing").is_some_and(|stem| stem.contains(['a', 'e', 'i', 'o', 'u'])),
        _ => false,
    };
    !doing && !words.is_empty() && !is_people(name)
}

/// The article before a phrase, with at most two words between: `a heavy old BRASS KEY`.
pub(super) fn article(sentence: &str, phrase: &str) -> Option<Article> {
    let words = words(sentence);
    let at = find(&words, phrase)?;
    // "A flashlight SWEEPS past": after one thing, an end like that of a plural is a verb's.
    let last = words.get(at.end - 1)?;
    let many = last.lower.ends_with('s') && !last.lower.ends_with("ss");
    words[at.start.saturating_sub(3)..at.start].iter().rev().find_map(|word| match word.lower.as_str() {
        "a" | "an" | "another" | "one" => (!many).then_some(Article::New),
        "two" | "three" | "some" => Some(Article::New),
        "the" | "his" | "her" | "their" | "its" | "my" | "your" | "this" | "that" | "these" | "those" => {
            Some(Article::Known)
        }
        _ => word.possessive.then_some(Article::Known),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_says_whether_a_thing_is_new() {
        for (sentence, found) in [
            ("He finds a heavy old BRASS KEY.", Some(Article::New)),
            ("She turns the brass key.", Some(Article::Known)),
            ("Mara's brass key.", Some(Article::Known)),
            ("BRASS KEY.", None),
            ("A man, who never smiled, hides it: brass key.", None),
        ] {
            assert_eq!(article(sentence, "Brass Key"), found, "{sentence}");
        }
    }

    #[test]
    fn people_and_doings_are_no_things() {
        assert!(is_people("Admiring Cub Scout") && is_people("Mob") && !is_people("Brass Key"));
        assert!(is_thing("Brass Key") && is_thing("String") && !is_thing("Chirping") && !is_thing("Mob"));
        assert_eq!(article("A flashlight SWEEPS past.", "Sweeps"), None);
        assert_eq!(article("Two GLOVES.", "Gloves"), Some(Article::New));
    }
}
