//! What records and scenes say of a person's age, hair, eyes and clothes, and where two of them cannot both be so.
//!
//! A sentence speaks of a person if it names no other; who has no name but a word for people (`Woman`) may be several, and
//! is left alone, as are flashbacks and other years. Ages are compared as ranges (`late 60s` is 60 to 69); colours by families (`ginger` is red), so that only what excludes each other contradicts.
//! Clothes are compared within one day of the story.

use serde::{Deserialize, Serialize};

use super::cited::Citation;
use super::film::{Film, Person};
use super::scene::Scene;
use super::things::is_people;
use super::words::{Word, words};
use crate::film::breakdown::capitals::runs;
use crate::film::breakdown::names::key;
use crate::film::breakdown::sentences::sentences;

/// Two places that cannot both be so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contradiction {
    /// Of whom.
    pub person: String,
    /// `age`, `hair`, `eyes`, or a piece of clothing: `coat`.
    pub attribute: String,
    #[allow(missing_docs)]
    pub one: String,
    #[allow(missing_docs)]
    pub other: String,
    /// Where the one and where the other stands.
    pub sources: [Citation; 2],
}

/// Something that is said of a person.
#[derive(Debug, Clone, PartialEq)]
struct Trait {
    person: usize,
    attribute: String,
    value: String,
    /// The scene's place; nothing if the record says it.
    scene: Option<usize>,
    source: Citation,
}

/// Colours that can be meant by each other.
const COLOURS: &[&[&str]] = &[
    &["black", "dark", "brown", "brunette", "chestnut"],
    &["blond", "blonde", "fair", "golden", "yellow"],
    &["red", "ginger", "auburn", "crimson", "scarlet"],
    &["grey", "gray", "silver", "white"],
    &["blue", "navy"],
    &["green", "olive"],
    &["hazel", "amber"],
    &["pink"],
    &["purple", "violet"],
    &["orange"],
];

const GARMENTS: &[&str] = &[
    "coat", "jacket", "dress", "shirt", "suit", "hat", "cap", "scarf", "apron", "boots", "gloves",
    "trousers", "skirt", "uniform", "robe", "sweater", "tie", "blouse", "cloak", "shoes",
];

/// What cannot be: of the body in all of the film, of clothes within a day of the story. The first that is said of a
/// person is held against every later one that excludes it, each pair of values once.
pub(super) fn contradictions(film: &Film) -> Vec<Contradiction> {
    let traits = traits(film);
    let days = film.days();
    let mut found: Vec<Contradiction> = Vec::new();
    for (at, other) in traits.iter().enumerate() {
        let clothing = GARMENTS.contains(&other.attribute.as_str());
        let same_day = |one: &Trait| match (one.scene, other.scene) {
            (Some(a), Some(b)) => days[a] == days[b],
            _ => false,
        };
        let one = traits[..at].iter().find(|one| {
            one.person == other.person
                && one.attribute == other.attribute
                && (!clothing || same_day(one))
                && excludes(&one.attribute, &one.value, &other.value)
        });
        let Some(one) = one else { continue };
        let person = film.people[one.person].name.clone();
        let known = found.iter().any(|known| {
            known.person == person && known.attribute == one.attribute && known.other == other.value
        });
        if !known {
            found.push(Contradiction {
                person,
                attribute: one.attribute.clone(),
                one: one.value.clone(),
                other: other.value.clone(),
                sources: [one.source.clone(), other.source.clone()],
            });
        }
    }
    found
}

impl Contradiction {
    /// Whether it is of clothes, which people change and own several of.
    pub(super) fn is_of_clothes(&self) -> bool {
        GARMENTS.contains(&self.attribute.as_str())
    }
}

/// How many people have something said of them that could contradict.
pub(super) fn described(film: &Film) -> usize {
    let mut people: Vec<usize> = traits(film).into_iter().map(|said| said.person).collect();
    people.sort_unstable();
    people.dedup();
    people.len()
}

fn excludes(attribute: &str, one: &str, other: &str) -> bool {
    if attribute == "age" {
        return match (years(one), years(other)) {
            (Some(a), Some(b)) => a.1 < b.0 || b.1 < a.0,
            _ => false,
        };
    }
    let family = |colour: &str| COLOURS.iter().position(|family| family.contains(&colour));
    match (family(one), family(other)) {
        (Some(a), Some(b)) => a != b,
        _ => one != other,
    }
}

/// The years that an age as written spans: `34`, `late 60s`, `mid-teens`, `forties`.
fn years(age: &str) -> Option<(u32, u32)> {
    const DECADES: [&str; 8] =
        ["teens", "twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties"];
    let lower = age.to_lowercase();
    let decade = DECADES.iter().position(|name| lower.contains(name.trim_end_matches('s')));
    if let Some(at) = decade {
        let from = u32::try_from(at + 1).ok()? * 10;
        return Some((from, from + 9));
    }
    let digits: String =
        lower.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    let number: u32 = digits.parse().ok()?;
    let behind = lower.split(&digits).nth(1).unwrap_or_default();
    let decade = behind.trim_start_matches(['\'', '’']).starts_with('s');
    Some(if decade { (number, number + 9) } else { (number, number) })
}

fn traits(film: &Film) -> Vec<Trait> {
    let mut found = Vec::new();
    for (who, person) in film.people.iter().enumerate() {
        of_record(who, person, &mut found);
    }
    for (at, scene) in film.scenes.iter().enumerate() {
        if !scene.is_elsewhen() {
            of_scene(film, at, scene, &mut found);
        }
    }
    found.retain(|said| !is_people(&film.people[said.person].name));
    found
}

fn of_record(who: usize, person: &Person, found: &mut Vec<Trait>) {
    if let Some(age) = &person.age {
        let (attribute, value, source) = ("age".to_owned(), age.clone(), person.cite(age));
        found.push(Trait { person: who, attribute, value, scene: None, source });
    }
    for sentence in sentences(&person.appearance) {
        for (attribute, value) in colours(&words(&sentence)) {
            // What a record says is worn is worn always, and no scene can say otherwise.
            if !GARMENTS.contains(&attribute) {
                let (attribute, source) = (attribute.to_owned(), person.cite(&sentence));
                found.push(Trait { person: who, attribute, value, scene: None, source });
            }
        }
    }
}

fn of_scene(film: &Film, at: usize, scene: &Scene, found: &mut Vec<Trait>) {
    for (place, paragraph) in scene.action() {
        for run in runs(&paragraph.sentences) {
            let Some(age) = run.age else { continue };
            let person = film.people.iter().position(|person| {
                std::iter::once(&person.name).chain(&person.aliases).any(|name| key(name) == run.key)
            });
            let sentence = paragraph.sentences.get(run.sentence).map_or("", String::as_str);
            found.extend(person.map(|person| Trait {
                person,
                attribute: "age".to_owned(),
                value: age,
                scene: Some(at),
                source: scene.cite(place, sentence),
            }));
        }
    }
    for (place, sentence, named) in scene.sentences() {
        let [person] = named else { continue };
        for (attribute, value) in colours(&words(sentence)) {
            let (attribute, source) = (attribute.to_owned(), scene.cite(place, sentence));
            found.push(Trait { person: *person, attribute, value, scene: Some(at), source });
        }
    }
}

/// What a sentence gives a colour to: `red hair`, `blue-eyed`, `a grey wool coat`; and `bald`.
fn colours(words: &[Word<'_>]) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let attribute = match word.lower.as_str() {
            "hair" | "haired" | "beard" | "bearded" => Some("hair"),
            "eyes" | "eyed" => Some("eyes"),
            "bald" => {
                found.push(("hair", "bald".to_owned()));
                None
            }
            other => GARMENTS.iter().find(|garment| **garment == other).copied(),
        };
        let before = words[at.saturating_sub(2)..at].iter().rev();
        let colour =
            before.map(|word| word.lower.as_str()).find(|word| COLOURS.iter().any(|f| f.contains(word)));
        if let (Some(attribute), Some(colour)) = (attribute, colour) {
            found.push((attribute, colour.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{film, sample};
    use super::*;

    fn of(script: &str) -> Vec<(String, String, String)> {
        contradictions(&film(script)).into_iter().map(|c| (c.attribute, c.one, c.other)).collect()
    }

    #[test]
    fn two_ages_that_do_not_meet_contradict_and_both_are_cited() {
        let script =
            "INT. A - DAY\n\nMARA (34) waits.\n\nMARA\nYes.\n\nINT. B - DAY\n\nMARA (late 40s) sleeps.\n";
        let found = contradictions(&film(script));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].one.as_str(), found[0].other.as_str()), ("34", "late 40s"));
        assert_eq!(found[0].sources[0].collection, "characters");
        assert_eq!(found[0].sources[1].scene.as_deref(), Some("2"));
        assert!(of(&script.replace("late 40s", "30s")).is_empty());
        assert!(of(&script.replace("INT. B - DAY", "INT. B - TEN YEARS LATER")).is_empty());
    }

    #[test]
    fn hair_of_two_colours_contradicts_and_of_one_family_does_not() {
        let script = |colour: &str| {
            format!(
                "INT. A - DAY\n\nMara has red hair.\n\nMARA\nYes.\n\nINT. B - DAY\n\n{colour}-haired Mara sleeps.\n"
            )
        };
        assert_eq!(of(&script("Blond")), [("hair".to_owned(), "red".to_owned(), "blond".to_owned())]);
        assert!(of(&script("Ginger")).is_empty());
    }

    #[test]
    fn clothes_may_change_overnight_and_not_within_a_day() {
        let script = |time: &str| {
            format!(
                "INT. A - DAY\n\nMara wears a red coat.\n\nMARA\nYes.\n\nINT. B - {time}\n\nMara's face. Mara drops her blue wool coat.\n"
            )
        };
        assert_eq!(of(&script("CONTINUOUS")), [("coat".to_owned(), "red".to_owned(), "blue".to_owned())]);
        assert!(of(&script("THE NEXT DAY")).is_empty());
    }

    #[test]
    fn a_sentence_that_names_two_people_speaks_of_neither() {
        assert!(of("INT. A - DAY\n\nMara sees Joss's red coat, and Joss waits.\n\nMARA\nYes.\n\nJOSS\nNo.\n\nINT. B - DAY\n\nMara's blue coat hangs; Mara and Joss wait.\n").is_empty());
    }

    #[test]
    fn the_sample_contradicts_nothing() {
        assert_eq!(contradictions(&sample()), []);
    }
}
