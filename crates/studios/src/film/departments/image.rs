//! Image quality: whether those who draw and shoot know what every main character and location looks like.
//!
//! A *main* character says a twentieth of all words or is in a quarter of the scenes; a main location has two scenes or
//! an eighth of the film's length. Each should have a description, words on its look (`appearance` of a character,
//! `atmosphere` of a location) and a reference: what its attributes `reference`, `references`, `image` or `images` name.

use kernel::EntityId;
use serde::{Deserialize, Serialize};

use super::attributes::{contradictions, described};
use super::cited::Citation;
use super::film::Film;
use super::scores::{Scores, Tally};

pub use super::attributes::Contradiction;

/// What is known of looks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// Main characters, then main locations.
    pub checks: Vec<Check>,
    /// What is said of a person's age, hair, eyes or clothes in two ways.
    pub contradictions: Vec<Contradiction>,
    #[allow(missing_docs)]
    pub scores: Scores,
}

/// What is there of a main character or location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// `characters` or `locations`.
    pub collection: String,
    /// The record; nothing for a location that only headings name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record: Option<EntityId>,
    #[allow(missing_docs)]
    pub name: String,
    /// How many scenes show it.
    pub scenes: usize,
    /// Whether it has a description.
    pub described: bool,
    /// Whether it has words on its look.
    pub look: bool,
    /// The references.
    pub references: Vec<String>,
    /// What is missing, in words.
    pub missing: Vec<String>,
    /// The first scene that shows it.
    pub source: Citation,
}

/// Checks the references.
#[must_use]
pub fn image(film: &Film) -> Image {
    let mut checks: Vec<Check> = people(film);
    checks.extend(places(film));
    let with = |has: fn(&&Check) -> bool| checks.iter().filter(has).count();
    let contradictions = contradictions(film);
    let mut people: Vec<&str> = contradictions.iter().map(|found| found.person.as_str()).collect();
    people.sort_unstable();
    people.dedup();
    let described = described(film);
    let scores = Tally::default()
        .complete(with(|check| check.described), checks.len(), "main characters and locations are described")
        .complete(
            with(|check| check.look),
            checks.len(),
            "main characters and locations have words on their look",
        )
        .complete(
            with(|check| !check.references.is_empty()),
            checks.len(),
            "main characters and locations have a picture as a reference",
        )
        .consistent(described - people.len(), described, "characters are described one way")
        .scores();
    Image { checks, contradictions, scores }
}

fn check(
    (collection, record, name): (&str, Option<EntityId>, &str),
    (description, look, look_is): (&str, &str, &str),
    references: &[String],
    (scenes, source): (usize, Citation),
) -> Check {
    let mut missing = Vec::new();
    for (has, what) in [
        (!description.is_empty(), "a description".to_owned()),
        (!look.is_empty(), format!("words on the look, as `{look_is}`")),
        (!references.is_empty(), "a picture, as `references`".to_owned()),
    ] {
        missing.extend((!has).then_some(what));
    }
    Check {
        collection: collection.to_owned(),
        record,
        name: name.to_owned(),
        scenes,
        described: !description.is_empty(),
        look: !look.is_empty(),
        references: references.to_vec(),
        missing,
        source,
    }
}

fn people(film: &Film) -> Vec<Check> {
    let mut checks = Vec::new();
    for who in film.main_people() {
        let person = &film.people[who];
        let Some((_, first, _)) = film.scenes_of(who).next() else { continue };
        let place = first.sentences().find(|(_, _, named)| named.contains(&who));
        let source = place.map_or_else(|| first.cite_heading(), |(at, text, _)| first.cite(at, text));
        checks.push(check(
            ("characters", Some(person.id), &person.name),
            (&person.description, &person.appearance, "appearance"),
            &person.references,
            (film.scenes_of(who).count(), source),
        ));
    }
    checks
}

fn places(film: &Film) -> Vec<Check> {
    let mut checks = Vec::new();
    for (at, place) in film.places.iter().enumerate() {
        let own: Vec<_> = film.scenes.iter().filter(|scene| scene.place == Some(at)).collect();
        let eighths: u32 = own.iter().map(|scene| scene.eighths).sum();
        let Some(first) = own.first() else { continue };
        if own.len() > 1 || eighths * 8 >= film.eighths() {
            checks.push(check(
                ("locations", place.id, &place.name),
                (&place.description, &place.atmosphere, "atmosphere"),
                &place.references,
                (own.len(), first.cite_heading()),
            ));
        }
    }
    checks
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::film::Film;
    use super::super::scripted::rows;
    use super::*;

    const SCRIPT: &str =
        "INT. BAR - DAY\n\nMARA (34) waits.\n\nMARA\nOne two.\n\nINT. BAR - NIGHT\n\nMARA\nThree.\n";

    #[test]
    fn what_is_missing_of_a_main_character_and_location_is_told() {
        let image = image(&Film::of(&rows(SCRIPT)));
        let told: Vec<(&str, usize)> =
            image.checks.iter().map(|check| (check.name.as_str(), check.missing.len())).collect();
        assert_eq!(told, [("Mara", 2), ("Bar", 2)]);
        assert_eq!(image.checks[0].source.line, Some(3));
        assert!((image.scores.completeness - 0.33).abs() < 1e-9);
    }

    #[test]
    fn references_and_looks_complete_a_check() {
        let mut rows = rows(SCRIPT);
        for record in rows.characters.iter_mut().chain(&mut rows.locations) {
            record.metadata.insert("appearance".into(), json!("Red hair."));
            record.metadata.insert("atmosphere".into(), json!("Smoky."));
            record.metadata.insert("references".into(), json!(["mara.png"]));
        }
        let image = image(&Film::of(&rows));
        assert!(image.checks.iter().all(|check| check.missing.is_empty()));
        assert_eq!(image.scores.completeness, 1.0);
        assert_eq!(image.checks[0].references, ["mara.png"]);
    }

    #[test]
    fn a_record_that_says_otherwise_than_a_scene_contradicts_it() {
        let mut rows = rows(&SCRIPT.replace("MARA (34) waits.", "MARA (34) has black hair."));
        rows.characters[0].metadata.insert("appearance".into(), json!("Her hair? Blond hair."));
        let image = image(&Film::of(&rows));
        assert_eq!(image.contradictions.len(), 1);
        assert_eq!(image.contradictions[0].sources[0].collection, "characters");
        assert_eq!(image.scores.consistency, 0.0);
    }
}
