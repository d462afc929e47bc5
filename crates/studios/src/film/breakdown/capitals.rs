//! Runs of words in capitals within action: how a screenplay introduces people and points at props and sounds.

use super::names::key;

/// A run of words in capitals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::film) struct Run {
    /// The words, as a key.
    pub(in crate::film) key: String,
    /// The age behind it, as written: `34`, `late 60s`.
    pub(in crate::film) age: Option<String>,
    /// Whether something of its own follows: `MARA'S`.
    pub(in crate::film) possessive: bool,
    /// The paragraph's sentence that it stands in, counted from 0.
    pub(in crate::film) sentence: usize,
}

/// The runs of a paragraph that is not itself in capitals; `sentences` are its own.
pub(in crate::film) fn runs(sentences: &[String]) -> Vec<Run> {
    let mut found = Vec::new();
    for (place, sentence) in sentences.iter().enumerate() {
        if !sentence.chars().any(char::is_lowercase) && sentences.len() == 1 {
            // A line that is all in capitals is a shot or a title, and points at nothing.
            continue;
        }
        in_sentence(sentence, place, &mut found);
    }
    found
}

fn in_sentence(sentence: &str, place: usize, found: &mut Vec<Run>) {
    let mut words: Vec<&str> = Vec::new();
    let mut rest = sentence;
    while !rest.is_empty() {
        rest = rest.trim_start();
        let end = rest
            .find([' ', '—', '–'])
            .unwrap_or(rest.len())
            .max(rest.chars().next().map_or(0, char::len_utf8));
        let from = rest;
        let (token, after) = rest.split_at(end);
        rest = after;
        let bare = if token == "&" { token } else { token.trim_matches(|c: char| !is_inner(c)) };
        let opens = bare != "&" && !token.starts_with(is_inner);
        let closes = bare != "&" && !token.ends_with(is_inner) && !is_title(token);
        let joins = is_shouted(bare) || (bare == "&" && !words.is_empty());
        if !words.is_empty() && (opens || !joins) {
            push(&mut words, from, place, found);
        }
        if joins {
            words.push(if is_title(token) { token } else { bare });
            if closes {
                push(&mut words, &from[token.trim_end_matches(|c: char| !is_inner(c)).len()..], place, found);
            }
        }
    }
    push(&mut words, "", place, found);
}

/// Whether a character can begin or end a word.
fn is_inner(c: char) -> bool {
    c.is_alphanumeric() || c == '#'
}

fn push(words: &mut Vec<&str>, tail: &str, sentence: usize, found: &mut Vec<Run>) {
    // A single letter (`A`, `I`) is a shout only within others.
    while words.first().is_some_and(|word| matches!(key(word).as_str(), "A" | "AN" | "THE" | "I" | "&")) {
        words.remove(0);
    }
    while words.last().is_some_and(|word| *word == "&" || word.chars().count() == 1) {
        words.pop();
    }
    let text = key(&words.join(" "));
    words.clear();
    if text.chars().filter(|c| c.is_alphabetic()).count() < 2 {
        return;
    }
    let stem = text.strip_suffix("'S").or_else(|| text.strip_suffix("S'"));
    found.push(Run {
        possessive: stem.is_some(),
        key: stem.unwrap_or(&text).to_owned(),
        age: age(tail),
        sentence,
    });
}

fn is_title(token: &str) -> bool {
    matches!(
        token,
        "DR." | "MR." | "MRS." | "MS." | "ST." | "SGT." | "LT." | "CAPT." | "PROF." | "REV." | "FR."
    )
}

/// Whether a word is in capitals: no small letter but an `s` of the possessive, and a letter at all.
fn is_shouted(word: &str) -> bool {
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
    let upper = word.chars().filter(|c| c.is_uppercase()).count();
    upper > 0 && !word.chars().any(char::is_lowercase) || (upper == 0 && word.starts_with('#'))
}

/// The age that stands behind a name: `(34, tired)`, `(late 60s)`, `, 34,`.
fn age(tail: &str) -> Option<String> {
    let tail = tail.trim_start();
    let list = match tail.strip_prefix('(') {
        Some(inner) => &inner[..inner.find(')')?],
        None => tail.strip_prefix(',')?.split(['.', '—', '–', ';']).next()?,
    };
    // Behind a comma only the first words can be an age; in parentheses it may stand anywhere.
    let parts = list.split(',').take(if tail.starts_with('(') { 4 } else { 1 });
    parts.map(str::trim).find(|part| is_age(part)).map(str::to_owned)
}

fn is_age(part: &str) -> bool {
    const AROUND: &[&str] =
        &["early", "mid", "late", "about", "around", "in", "his", "her", "their", "years", "old"];
    let mut told = false;
    let lower = part.to_lowercase();
    for word in lower.split([' ', '-']).filter(|word| !word.is_empty()) {
        let digits = word.trim_end_matches("'s").trim_end_matches("’s").trim_end_matches(['s', '+', '?']);
        let number = !digits.is_empty() && digits.len() <= 3 && digits.chars().all(|c| c.is_ascii_digit());
        let named = matches!(
            word,
            "teens"
                | "teen"
                | "twenties"
                | "thirties"
                | "forties"
                | "fifties"
                | "sixties"
                | "seventies"
                | "eighties"
        );
        if !number && !named && !AROUND.contains(&word) {
            return false;
        }
        told |= number || named;
    }
    told
}

#[cfg(test)]
mod tests {
    use super::super::sentences::sentences;
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        runs(&sentences(text)).into_iter().map(|run| run.key).collect()
    }

    #[test]
    fn names_props_and_sounds_stand_out_in_capitals() {
        assert_eq!(
            keys("MARA VOSS (34, tired) lifts a BRASS KEY. A HORN sounds — then a CRASH!"),
            ["MARA VOSS", "BRASS KEY", "HORN", "CRASH"]
        );
        assert_eq!(keys("He sees MARA, JOSS and DR. QUILL."), ["MARA", "JOSS", "DR. QUILL"]);
        assert_eq!(keys("I know. A man. U turns."), Vec::<String>::new());
        assert_eq!(keys("CLOSE ON THE KEY"), Vec::<String>::new());
    }

    #[test]
    fn an_age_is_read_behind_a_name() {
        let of = |text: &str| runs(&sentences(text))[0].age.clone();
        assert_eq!(of("MARA VOSS (34, tired) waits."), Some("34".into()));
        assert_eq!(of("JOSS, late 60s, waits."), Some("late 60s".into()));
        assert_eq!(of("A BOY (nervous, mid-teens) waits."), Some("mid-teens".into()));
        assert_eq!(of("JOSS, a pilot of 60 years, waits."), None);
        assert_eq!(of("The KEY (2 of 3) waits."), None);
    }

    #[test]
    fn what_belongs_to_someone_is_marked() {
        let runs = runs(&sentences("MARA'S boat and MARA's dog."));
        assert!(runs.iter().all(|run| run.possessive && run.key == "MARA"), "{runs:?}");
    }
}
