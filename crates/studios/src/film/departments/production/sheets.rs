//! Breakdown sheets: for each scene what it needs, from the script and the records alone.

use std::collections::HashSet;

use kernel::EntityId;
use serde::{Deserialize, Serialize};

use super::{Light, Player};
use crate::film::departments::cited::Citation;
use crate::film::departments::film::{Daypart, Film, Side};
use crate::film::departments::scene::{Scene, Voice};
use crate::film::departments::things::{BACKGROUND, is_people};
use crate::film::departments::words::{holds, words};

/// What a scene needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Sheet {
    /// The scene's number.
    pub scene: String,
    pub record: EntityId,
    pub heading: String,
    pub side: Option<Side>,
    pub set: String,
    pub daypart: Option<Daypart>,
    pub light: Light,
    /// The day of the story, counted from 1.
    pub story_day: u32,
    /// Where it begins in the script, in eighths of a page from the start.
    pub starts: u32,
    pub eighths: u32,
    pub synopsis: String,
    /// Whom it needs on the set.
    pub cast: Vec<Player>,
    /// Whose voice is recorded elsewhere.
    pub voices: Vec<String>,
    /// Words of the action that ask for people without a name.
    pub background: Vec<Needed>,
    pub props: Vec<Needed>,
    pub sounds: Vec<Needed>,
    /// Words of the action that ask for vehicles, animals or effects.
    pub special: Vec<Needed>,
}

/// Something that a scene needs, and where the script says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Needed {
    pub name: String,
    pub source: Citation,
}

const SPECIAL: &[&str] = &[
    "car",
    "cars",
    "truck",
    "boat",
    "boats",
    "train",
    "bus",
    "bicycle",
    "motorcycle",
    "plane",
    "helicopter",
    "dog",
    "dogs",
    "cat",
    "horse",
    "horses",
    "gulls",
    "birds",
    "rain",
    "snow",
    "fog",
    "steam",
    "smoke",
    "fire",
    "explosion",
    "storm",
    "blood",
];

/// Makes a sheet for each scene.
pub(super) fn sheets(film: &Film, cast: &[Player]) -> Vec<Sheet> {
    let days = film.days();
    let mut props: Vec<&String> = film.scenes.iter().flat_map(|scene| &scene.props).collect();
    let mut met = HashSet::new();
    props.retain(|prop| !is_people(prop) && met.insert(prop.to_lowercase()));
    let mut starts = 0;
    film.scenes
        .iter()
        .zip(days)
        .map(|(scene, story_day)| {
            let numbers = super::numbers(scene, cast);
            let sheet = Sheet {
                scene: scene.number.clone(),
                record: scene.id,
                heading: scene.heading.clone(),
                side: scene.side,
                set: film.set(scene),
                daypart: scene.daypart,
                light: Light::of(scene),
                story_day,
                starts,
                eighths: scene.eighths,
                synopsis: scene.summary.clone(),
                cast: cast.iter().filter(|player| numbers.contains(&player.number)).cloned().collect(),
                voices: voices(film, scene),
                background: background(scene),
                props: props_of(scene, &props),
                sounds: listed(scene, &scene.sounds),
                special: named(scene, SPECIAL),
            };
            starts += scene.eighths;
            sheet
        })
        .collect()
}

fn voices(film: &Film, scene: &Scene) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for speech in scene.speeches.iter().filter(|speech| speech.voice == Voice::VoiceOver) {
        let known = speech.speakers.iter().map(|who| film.people[*who].name.clone());
        let names: Vec<String> =
            if speech.speakers.is_empty() { vec![speech.name.clone()] } else { known.collect() };
        for name in names {
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

/// What the record lists, and what another scene lists and this one's action names; people are no props.
fn props_of(scene: &Scene, all: &[&String]) -> Vec<Needed> {
    let mut found = listed(scene, &scene.props);
    found.retain(|needed| !is_people(&needed.name));
    let known: HashSet<String> = scene.props.iter().map(|prop| prop.to_lowercase()).collect();
    let others = all.iter().filter(|prop| !known.contains(&prop.to_lowercase()));
    found.extend(others.filter_map(|prop| {
        let (at, sentence) = scene.sentence_with(prop)?;
        Some(Needed { name: (*prop).clone(), source: scene.cite(at, sentence) })
    }));
    found
}

/// What the record lists, with the first sentence of the text that holds it, or else the heading.
fn listed(scene: &Scene, names: &[String]) -> Vec<Needed> {
    let source = |name: &str| {
        let holding = scene.sentence_with(name);
        holding.map_or_else(|| scene.cite_heading(), |(at, sentence)| scene.cite(at, sentence))
    };
    names.iter().map(|name| Needed { name: name.clone(), source: source(name) }).collect()
}

/// People without a name: those whom the record lists among its props, and those whom the action names.
fn background(scene: &Scene) -> Vec<Needed> {
    let mut found = listed(scene, &scene.props);
    found.retain(|needed| is_people(&needed.name));
    for needed in named(scene, BACKGROUND) {
        if found.iter().all(|known| !holds(&known.name, &needed.name)) {
            found.push(needed);
        }
    }
    found
}

/// The words of a list that action holds, each once.
fn named(scene: &Scene, list: &[&str]) -> Vec<Needed> {
    let mut found: Vec<Needed> = Vec::new();
    for (at, sentence, _) in scene.sentences() {
        for word in words(sentence) {
            let fresh = found.iter().all(|known| known.name != word.lower);
            if fresh && list.contains(&word.lower.as_str()) {
                found.push(Needed { name: word.lower, source: scene.cite(at, sentence) });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Options, production};
    use crate::film::departments::scripted::sample;

    #[test]
    fn a_sheet_holds_what_the_scene_needs_and_where_it_says_so() {
        let sheets = production(&sample(), &Options::default()).sheets;
        let seventh = &sheets[6];
        assert_eq!((seventh.scene.as_str(), seventh.set.as_str()), ("7", "Harbour"));
        let names: Vec<&str> = seventh.cast.iter().map(|player| player.name.as_str()).collect();
        assert_eq!(names, ["Mara", "Joss"]);
        assert!(
            seventh.sounds.iter().any(|sound| sound.name == "Church Bells" && sound.source.line.is_some())
        );
        assert!(seventh.props.iter().any(|prop| prop.name == "Compass"), "another scene introduced it");
        let sixth = &sheets[5];
        assert_eq!(sixth.voices, ["Dr. Quill"]);
        assert!(sixth.background.iter().any(|needed| needed.name == "fishermen"));
        assert!(sheets.windows(2).all(|pair| pair[1].starts == pair[0].starts + pair[0].eighths));
        assert_eq!((sheets[0].story_day, sheets[12].story_day), (1, 2));
    }
}
