//! Names as a screenplay shouts them and as a record bears them.

use crate::film::screenplay::is_upper;

/// The longest name of a record, in characters.
const LONGEST: usize = 200;
/// Words that stay small within a name.
const SMALL: &[&str] = &["a", "an", "and", "at", "by", "for", "in", "of", "on", "or", "the", "to", "with"];
/// Words without a vowel that are no initials.
const SHORT: &[&str] = &["mr", "mrs", "ms", "dr", "st", "jr", "sr", "mt", "ft", "sgt", "lt", "cpl"];
/// Roman numbers, which stay in capitals.
const ROMAN: &[&str] = &["II", "III", "IV", "VI", "VII", "VIII", "IX", "XI", "XII"];

/// The key by which names are told apart: capitals, single spaces, straight apostrophes.
pub(in crate::film) fn key(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase().replace('’', "'")
}

/// The name as a record bears it: `MARA VOSS` becomes `Mara Voss`; what is not in capitals stays as it is.
pub(in crate::film) fn titled(name: &str) -> String {
    let name: String = name.split_whitespace().collect::<Vec<_>>().join(" ").replace('\0', "");
    let name: String = name.chars().take(LONGEST).collect();
    if !is_upper(&name) {
        return name;
    }
    let words: Vec<String> =
        name.split(' ').enumerate().map(|(at, word)| word_titled(word, at == 0)).collect();
    words.join(" ")
}

fn word_titled(word: &str, first: bool) -> String {
    if word.contains('-') {
        let parts: Vec<String> = word.split('-').map(|part| word_titled(part, true)).collect();
        return parts.join("-");
    }
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    let lower = bare.to_lowercase();
    let has_vowel = lower.chars().any(|c| !c.is_ascii() || "aeiouy0123456789".contains(c));
    let initials = !has_vowel && bare.chars().count() <= 4 && !SHORT.contains(&lower.as_str());
    if ROMAN.contains(&bare) || (initials && bare.chars().count() > 1) {
        return word.to_owned();
    }
    if !first && SMALL.contains(&lower.as_str()) {
        return word.to_lowercase();
    }
    let mut out = String::with_capacity(word.len());
    let mut raise = true;
    let letters: Vec<char> = word.chars().collect();
    for (at, c) in letters.iter().enumerate() {
        if raise && c.is_alphabetic() {
            out.extend(c.to_uppercase());
            // O'Hara, D'Arcy: one letter, an apostrophe, and more than a possessive. Mc as in McKay.
            let after = letters.get(at + 1).is_some_and(|c| matches!(c, '\'' | '’'));
            raise = false;
            if after && at == 0 && letters.len() > 4 {
                raise = true;
            }
        } else if matches!(c, '\'' | '’') {
            out.push(*c);
        } else {
            out.extend(c.to_lowercase());
            raise = raise && !c.is_alphanumeric();
            raise |= at == 1 && out == "Mc" && letters.len() > 4;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shouted_name_is_written_as_a_name() {
        for (shouted, name) in [
            ("MARA VOSS", "Mara Voss"),
            ("THE HOUSE OF THE HARBOUR-MASTER", "The House of the Harbour-Master"),
            ("O'HARA'S PUB", "O'Hara's Pub"),
            ("DR. MCKAY", "Dr. McKay"),
            ("JOSS'S TV", "Joss's TV"),
            ("HENRY VIII", "Henry VIII"),
            ("GUARD #2", "Guard #2"),
            ("ÉMILE ŻAK", "Émile Żak"),
            ("McAvoy", "McAvoy"),
        ] {
            assert_eq!(titled(shouted), name);
        }
    }
}
