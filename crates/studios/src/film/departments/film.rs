//! One snapshot of a film, as the departments read it: scenes with their paragraphs and speeches, people, places.

use std::collections::{HashMap, HashSet};

use kernel::{EntityId, Result};
use serde::{Deserialize, Serialize};
use store::facts::Fact;
use store::slug::name_key;
use store::{Tenant, entities, facts, projects};
use wire::records::Record;

use super::cited::Citation;
use super::pronouns::{Pronoun, pronouns};
use super::scene::{Presence, Scene};
use crate::film::breakdown::cast::Cast;
use crate::film::lexicon::{APPEARS_IN, PART_OF, SET_IN, SPEAKS_IN};

/// A film, or one episode, at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Film {
    /// The project's name, or the episode's.
    pub title: String,
    /// In the order of the script.
    pub scenes: Vec<Scene>,
    /// The characters, in the order of their records.
    pub people: Vec<Person>,
    /// The locations, in the order of their records; after them those that only a heading names.
    pub places: Vec<Place>,
    /// Which pronoun stands for each of the people, as far as the whole film tells.
    pub(super) pronouns: Vec<Option<Pronoun>>,
}

/// A character.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The record.
    pub id: EntityId,
    /// `Mara`.
    pub name: String,
    /// Other names in the script.
    pub aliases: Vec<String>,
    /// As written.
    pub age: Option<String>,
    /// In the record's words.
    pub gender: String,
    /// How they look, in the record's words.
    pub appearance: String,
    /// Who they are, in the record's words.
    pub description: String,
    /// What pictures show them: what its attributes `reference`, `references`, `image` and
    /// `images` name.
    pub references: Vec<String>,
}

/// A location.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The record; nothing if only headings name the place.
    pub id: Option<EntityId>,
    /// `Harbour`.
    pub name: String,
    /// What it is, in the record's words.
    pub description: String,
    /// How it feels, in the record's words.
    pub atmosphere: String,
    /// What pictures show it.
    pub references: Vec<String>,
}

/// The times of day that a scene can have, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Daypart {
    Dawn,
    Morning,
    Day,
    Afternoon,
    Dusk,
    Evening,
    Night,
}

impl Daypart {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Dawn, Self::Morning, Self::Day, Self::Afternoon, Self::Dusk, Self::Evening, Self::Night];

    /// The name that records use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dawn => "dawn",
            Self::Morning => "morning",
            Self::Day => "day",
            Self::Afternoon => "afternoon",
            Self::Dusk => "dusk",
            Self::Evening => "evening",
            Self::Night => "night",
        }
    }

    /// The time that records name so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|daypart| daypart.as_str() == name)
    }
}

/// Inside or outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Side {
    #[serde(rename = "INT")]
    Int,
    #[serde(rename = "EXT")]
    Ext,
    #[serde(rename = "INT/EXT")]
    Both,
}

impl Side {
    /// The name that headings use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Int => "INT",
            Self::Ext => "EXT",
            Self::Both => "INT/EXT",
        }
    }

    /// The side that records name so.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Int, Self::Ext, Self::Both].into_iter().find(|side| side.as_str() == name)
    }
}

/// The rows that a film is put together from.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    pub(super) title: String,
    pub(super) scenes: Vec<Record>,
    pub(super) characters: Vec<Record>,
    pub(super) locations: Vec<Record>,
    pub(super) facts: Vec<Fact>,
}

impl Film {
    /// Reads the project's film, or one episode of it: six queries, whatever its length.
    ///
    /// # Errors
    /// `NOT_FOUND` when there is no such episode; or when the database fails.
    pub fn read(t: &mut Tenant<'_, '_>, episode: Option<EntityId>) -> Result<Self> {
        let title = match episode {
            Some(episode) => entities::get(t, "episodes", episode)?.name,
            None => projects::name(t)?,
        };
        let mut rows = Rows {
            title,
            scenes: entities::whole(t, "scenes")?,
            characters: entities::whole(t, "characters")?,
            locations: entities::whole(t, "locations")?,
            facts: facts::with(t, &[APPEARS_IN, SPEAKS_IN, SET_IN, PART_OF])?,
        };
        if let Some(episode) = episode {
            rows.keep(episode);
        }
        Ok(Self::of(&rows))
    }

    pub(super) fn of(rows: &Rows) -> Self {
        let people: Vec<Person> = rows.characters.iter().map(Person::of).collect();
        let mut places: Vec<Place> = rows.locations.iter().map(Place::of).collect();
        let cast = Cast::known(people.iter().map(|person| (person.name.as_str(), person.aliases.as_slice())));
        let at: HashMap<EntityId, usize> =
            people.iter().enumerate().map(|(at, person)| (person.id, at)).collect();
        let mut listed: HashMap<EntityId, Vec<usize>> = HashMap::new();
        let mut set_in: HashMap<EntityId, EntityId> = HashMap::new();
        for fact in &rows.facts {
            let Some(object) = fact.object else { continue };
            match (fact.predicate.as_str(), at.get(&fact.subject)) {
                (APPEARS_IN, Some(person)) => listed.entry(object).or_default().push(*person),
                (SET_IN, _) => drop(set_in.insert(fact.subject, object)),
                _ => {}
            }
        }
        let mut scenes = Vec::with_capacity(rows.scenes.len());
        for (index, record) in rows.scenes.iter().enumerate() {
            let place = set_in.get(&record.id).and_then(|id| places.iter().position(|p| p.id == Some(*id)));
            let place = place.or_else(|| named_place(&mut places, &text(record, "location")));
            let mut own = listed.remove(&record.id).unwrap_or_default();
            own.sort_unstable();
            own.dedup();
            scenes.push(Scene::read(record, index, place, &own, &cast));
        }
        let pronouns = pronouns(&people, &scenes);
        Self { title: rows.title.clone(), scenes, people, places, pronouns }
    }

    /// One scene of it by itself, named by its number and heading; with what the whole film tells of people and places.
    #[must_use]
    pub fn alone(&self, scene: EntityId) -> Option<Self> {
        let scene = self.scenes.iter().find(|own| own.id == scene)?;
        Some(Self {
            title: format!("{} {}", scene.number, scene.heading),
            scenes: vec![scene.clone()],
            people: self.people.clone(),
            places: self.places.clone(),
            pronouns: self.pronouns.clone(),
        })
    }

    /// The scenes that someone is in, by their place in the script.
    pub(super) fn scenes_of(&self, person: usize) -> impl Iterator<Item = (usize, &Scene, &Presence)> {
        self.scenes.iter().enumerate().filter_map(move |(at, scene)| {
            let presence = scene.present.iter().find(|presence| presence.person == person)?;
            Some((at, scene, presence))
        })
    }

    /// The day of the story on which each scene plays, counted from 1. A new day begins where the heading says so (`NEXT
    /// MORNING`, `THREE DAYS LATER`), and where the time of day goes back to dawn or morning, or back from dusk or later.
    pub(super) fn days(&self) -> Vec<u32> {
        let mut day = 1;
        let mut before: Option<Daypart> = None;
        let told = |scene: &Scene| {
            ["NEXT", "DAYS", "WEEKS", "MONTHS", "YEARS", "FOLLOWING"]
                .iter()
                .any(|word| scene.time.contains(word))
        };
        self.scenes
            .iter()
            .enumerate()
            .map(|(at, scene)| {
                let back = match (before, scene.daypart) {
                    (Some(before), Some(now)) => {
                        now < before && (now <= Daypart::Morning || before >= Daypart::Dusk)
                    }
                    _ => false,
                };
                if at > 0 && (back || told(scene)) {
                    day += 1;
                }
                before = scene.daypart.or(before);
                day
            })
            .collect()
    }

    /// The length of the whole, in eighths of a page.
    #[must_use]
    pub fn eighths(&self) -> u32 {
        self.scenes.iter().map(|scene| scene.eighths).sum()
    }

    /// The name of a scene's place; nothing if it has none.
    pub(super) fn place_name(&self, scene: &Scene) -> &str {
        scene.place.map_or("", |at| self.places[at].name.as_str())
    }

    /// Where a scene plays, as a call sheet writes it: `Ferry – Engine Room`.
    pub(super) fn set(&self, scene: &Scene) -> String {
        match (&scene.area, self.place_name(scene)) {
            (Some(area), place) if !place.is_empty() => format!("{place} – {area}"),
            (_, "") => scene.heading.clone(),
            (_, place) => place.to_owned(),
        }
    }

    /// The main characters: who says a twentieth of all words, or is in a quarter of the scenes.
    pub(super) fn main_people(&self) -> Vec<usize> {
        let words: Vec<u32> =
            (0..self.people.len()).map(|who| self.scenes_of(who).map(|(.., p)| p.words).sum()).collect();
        let all: u32 = words.iter().sum();
        let is_main = |who: &usize| {
            let scenes = self.scenes_of(*who).count();
            scenes > 0
                && ((all > 0 && words[*who] * 20 >= all) || (scenes > 1 && scenes * 4 >= self.scenes.len()))
        };
        (0..self.people.len()).filter(is_main).collect()
    }
}

/// The place that a heading names; made known if no record bears the name.
fn named_place(places: &mut Vec<Place>, name: &str) -> Option<usize> {
    if name.is_empty() {
        return None;
    }
    let key = name_key(name);
    Some(places.iter().position(|place| name_key(&place.name) == key).unwrap_or_else(|| {
        places.push(Place {
            id: None,
            name: name.to_owned(),
            description: String::new(),
            atmosphere: String::new(),
            references: Vec::new(),
        });
        places.len() - 1
    }))
}

impl Rows {
    /// Keeps the scenes of an episode, and who and what they name.
    fn keep(&mut self, episode: EntityId) {
        let of_episode = |fact: &&Fact| fact.predicate == PART_OF && fact.object == Some(episode);
        let own: HashSet<EntityId> = self.facts.iter().filter(of_episode).map(|fact| fact.subject).collect();
        self.scenes.retain(|scene| own.contains(&scene.id));
        let named: HashSet<EntityId> = self
            .facts
            .iter()
            .filter_map(|fact| {
                let object = fact.object?;
                own.contains(&fact.subject)
                    .then_some(object)
                    .or(own.contains(&object).then_some(fact.subject))
            })
            .collect();
        self.characters.retain(|record| named.contains(&record.id));
        self.locations.retain(|record| named.contains(&record.id));
    }
}

impl Person {
    fn of(record: &Record) -> Self {
        Self {
            id: record.id,
            name: record.name.clone(),
            aliases: list(record, "aliases"),
            age: Some(text(record, "age")).filter(|age| !age.is_empty()),
            gender: text(record, "gender"),
            appearance: text(record, "appearance"),
            description: record.description.clone(),
            references: references(record),
        }
    }

    /// The record, as the source of what it says.
    pub(super) fn cite(&self, quote: &str) -> Citation {
        Citation::of_record("characters", self.id, quote)
    }
}

impl Place {
    fn of(record: &Record) -> Self {
        Self {
            id: Some(record.id),
            name: record.name.clone(),
            description: record.description.clone(),
            atmosphere: text(record, "atmosphere"),
            references: references(record),
        }
    }
}

/// A text or number of a record's metadata; empty if there is none.
pub(super) fn text(record: &Record, key: &str) -> String {
    match record.metadata.get(key) {
        Some(serde_json::Value::String(text)) => text.trim().to_owned(),
        Some(serde_json::Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// A list of texts of a record's metadata.
pub(super) fn list(record: &Record, key: &str) -> Vec<String> {
    let list = record.metadata.get(key).and_then(serde_json::Value::as_array);
    list.into_iter().flatten().filter_map(|value| value.as_str()).map(str::to_owned).collect()
}

/// The pictures that a record points to: what its attributes `reference`, `references`, `image` or `images` name.
fn references(record: &Record) -> Vec<String> {
    ["reference", "references", "image", "images"]
        .into_iter()
        .flat_map(|key| {
            let mut found = list(record, key);
            found.extend(Some(text(record, key)).filter(|text| !text.is_empty()));
            found
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::scripted::film;
    use super::*;
    use crate::film::catalogue::TIMES;

    #[test]
    fn every_time_of_day_of_the_records_is_known() {
        assert_eq!(Daypart::ALL.map(Daypart::as_str), TIMES);
        assert!(TIMES.iter().all(|time| Daypart::named(time).is_some()));
    }

    #[test]
    fn a_film_knows_its_scenes_people_and_places() {
        let film = film(
            "INT. BOATHOUSE - LOFT - DAY\n\nMARA (34) waits for JOSS.\n\nMARA\nLow water.\n\nEXT. PIER - NIGHT\n\nRain.\n",
        );
        assert_eq!(film.people.len(), 1, "nobody speaks but Mara, and Joss has no age");
        let scene = &film.scenes[0];
        assert_eq!((scene.side, scene.daypart), (Some(Side::Int), Some(Daypart::Day)));
        assert_eq!(film.set(scene), "Boathouse – Loft");
        assert_eq!(film.set(&film.scenes[1]), "Pier");
        assert_eq!(scene.present.len(), 1);
        assert!(film.scenes[1].present.is_empty());
    }

    #[test]
    fn a_day_of_the_story_begins_with_its_morning_or_where_the_heading_says_so() {
        let days = |times: &[&str]| {
            let script: Vec<String> = times.iter().map(|time| format!("INT. A - {time}\n\nX.\n\n")).collect();
            film(&script.concat()).days()
        };
        assert_eq!(days(&["DAWN", "DAY", "NIGHT", "DAWN", "NIGHT", "CONTINUOUS"]), [1, 1, 1, 2, 2, 2]);
        assert_eq!(days(&["DAY", "THE NEXT DAY", "AFTERNOON", "DAY", "NIGHT", "DAY"]), [1, 2, 2, 2, 2, 3]);
    }

    #[test]
    fn who_says_little_in_few_scenes_is_no_main_character() {
        let mut script = String::new();
        for _ in 0..5 {
            script.push_str("INT. BAR - DAY\n\nMARA\nOne two three four five six seven eight nine ten.\n\n");
        }
        script.push_str("BARKEEP\nYes.\n");
        let film = film(&script);
        let main: Vec<&str> =
            film.main_people().into_iter().map(|who| film.people[who].name.as_str()).collect();
        assert_eq!(main, ["Mara"]);
    }
}
