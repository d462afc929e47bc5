//! Props and sounds that a scene may need: words in capitals in its action, and what a writer tagged in Final Draft.

use std::collections::HashSet;

use super::capitals::Run;
use super::names::titled;
use crate::film::screenplay::{Element, Tags};

/// The most candidates of a kind that a scene keeps.
const MOST: usize = 40;

/// What a scene may need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Candidates {
    pub(super) props: Vec<String>,
    pub(super) sounds: Vec<String>,
}

/// Stems of words that sound.
const SOUNDING: &[&str] = &[
    "ALARM", "APPLAUSE", "BANG", "BARK", "BEEP", "BELL", "BLARE", "BLAST", "BOOM", "BUZZ", "CHIME", "CLANG",
    "CLANK", "CLATTER", "CLICK", "CRACK", "CRASH", "CREAK", "CRIES", "CRY", "DRONE", "DRUM", "ECHO", "EXPLO",
    "FOGHORN", "FOOTSTEP", "GROAN", "GROWL", "GUNSHOT", "HISS", "HONK", "HOOT", "HORN", "HOWL", "HUM",
    "JINGLE", "KNOCK", "LAUGH", "MUSIC", "NOISE", "PING", "POP", "RATTLE", "RING", "ROAR", "RUMBLE",
    "RUSTLE", "SCRAPE", "SCREAM", "SCREECH", "SHATTER", "SHOT", "SHOUT", "SHRIEK", "SIGH", "SINGS", "SIREN",
    "SIZZLE", "SLAM", "SMASH", "SNAP", "SOUND", "SPLASH", "SPUTTER", "SQUAWK", "SQUEAK", "SQUEAL", "STATIC",
    "THUD", "THUMP", "THUNDER", "TICK", "TOLL", "WAIL", "WHINE", "WHISTLE", "WHOOSH",
];

/// Words of the page and the camera, which are no things.
const DIRECTIONS: &[&str] = &[
    "ANGLE",
    "BACK",
    "BEAT",
    "BEGIN",
    "CAMERA",
    "CLOSE",
    "CLOSER",
    "CLOSEUP",
    "CONTINUED",
    "CREDITS",
    "CU",
    "CUT",
    "DISSOLVE",
    "DOLLY",
    "END",
    "ESTABLISHING",
    "EXT",
    "FADE",
    "FLASHBACK",
    "FOCUS",
    "FRAME",
    "FREEZE",
    "INSERT",
    "INT",
    "INTERCUT",
    "INTO",
    "LATER",
    "MATCH",
    "MONTAGE",
    "MORE",
    "MOS",
    "MOVING",
    "OFF",
    "OMITTED",
    "ON",
    "OS",
    "OVER",
    "PAN",
    "POV",
    "PULL",
    "PUSH",
    "RESUME",
    "REVEAL",
    "REVEALING",
    "REVERSE",
    "SCENE",
    "SCREEN",
    "SEE",
    "SERIES",
    "SFX",
    "SHOTS",
    "SLOW",
    "SMASH",
    "SPLIT",
    "SUPER",
    "SUPERIMPOSE",
    "THEN",
    "TITLE",
    "TITLES",
    "TO",
    "TRACKING",
    "UP",
    "VO",
    "WE",
    "WIDE",
    "WIDER",
    "ZOOM",
    "NOT",
    "NO",
    "NOW",
    "ALL",
    "AND",
    "BUT",
    "SUDDENLY",
    "EVERYTHING",
    "NOTHING",
    "NEVER",
    "VERY",
    "HE",
    "SHE",
    "IT",
    "THEY",
    "IS",
    "ARE",
    "HAS",
    "DOES",
];

/// Looks through a scene: `runs` are those of its action that name nobody.
pub(super) fn of_scene(elements: &[Element], runs: &[Run], tags: &Tags) -> Candidates {
    let mut found = Candidates::default();
    let mut seen = HashSet::new();
    let tagged = elements.iter().flat_map(|element| &element.pieces).filter_map(|piece| tags.get(piece.tag?));
    for tag in tagged {
        let category = tag.category.to_lowercase();
        let label = titled(&tag.label);
        if category.contains("sound") || category.contains("music") {
            add(&mut found.sounds, &mut seen, &label);
        } else if category.contains("prop") {
            add(&mut found.props, &mut seen, &label);
        }
    }
    for run in runs {
        let words: Vec<&str> = run.key.split(' ').collect();
        if words.iter().any(|word| sounds(word)) {
            add(&mut found.sounds, &mut seen, &titled(&run.key));
        } else if is_thing(&words) && !run.possessive {
            add(&mut found.props, &mut seen, &titled(&run.key));
        }
    }
    found
}

fn add(list: &mut Vec<String>, seen: &mut HashSet<String>, name: &str) {
    if !name.is_empty() && list.len() < MOST && seen.insert(name.to_lowercase()) {
        list.push(name.to_owned());
    }
}

/// Whether a word in capitals is one that sounds.
pub(in crate::film) fn sounds(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphabetic());
    SOUNDING.iter().any(|stem| word.strip_prefix(stem).is_some_and(|end| is_ending(stem, end)))
}

/// Whether the word is the stem itself or a form of it: `SLAMMING`, `RINGS`; not `RINGLET`.
fn is_ending(stem: &str, end: &str) -> bool {
    let doubled = stem.chars().last();
    let end = if end.starts_with(|c| Some(c) == doubled) { &end[1..] } else { end };
    matches!(
        end,
        "" | "S" | "ES" | "ED" | "D" | "ING" | "DES" | "DED" | "DING" | "SION" | "SIONS" | "ER" | "TER"
    )
}

fn is_thing(words: &[&str]) -> bool {
    let names_direction =
        words.iter().any(|word| DIRECTIONS.contains(&word.trim_matches(|c: char| !c.is_alphabetic())));
    let adverb = words.len() == 1 && words[0].len() > 4 && words[0].ends_with("LY");
    words.len() <= 4 && !names_direction && !adverb
}

#[cfg(test)]
mod tests {
    use super::super::capitals::runs;
    use super::super::sentences::sentences;
    use super::*;

    fn of(text: &str) -> Candidates {
        of_scene(&[], &runs(&sentences(text)), &Tags::default())
    }

    #[test]
    fn a_thing_is_a_prop_and_a_noise_is_a_sound() {
        let found = of(
            "A FOGHORN moans. She takes the BRASS KEY. The door is SLAMMING. CLOSE ON the key. SLOWLY now.",
        );
        assert_eq!(found.props, ["Brass Key"]);
        assert_eq!(found.sounds, ["Foghorn", "Slamming"]);
    }

    #[test]
    fn each_candidate_is_named_once() {
        assert_eq!(of("A LANTERN. The LANTERN again.").props, ["Lantern"]);
    }
}
