//! From a breakdown and what is already there to the records and relationships that an import proposes.

use std::collections::HashSet;

use kernel::EntityId;
use serde_json::json;
use store::changes::POSITION_STEP;
use store::slug::name_key;
use wire::imports::{ProposedAction, Remark};
use wire::projects::ProjectType;
use wire::records::{Metadata, Origin, Record};

use super::matching::{self, Compared};
use super::state::{Script, State};
use super::{Link, Planned, Standing, Target};
use crate::film::breakdown::{Breakdown, Character, Location, Scene};
use crate::film::lexicon::{APPEARS_IN, PART_OF, SET_IN, SPEAKS_IN};
use crate::film::screenplay::{Format, Screenplay};

/// The room that each episode has for its scenes in the order of all scenes.
const EPISODE_ROOM: i64 = 1 << 32;

/// A file, read.
pub(super) struct File<'a> {
    pub(super) breakdown: &'a Breakdown,
    /// Each scene in Fountain.
    pub(super) bodies: &'a [String],
    pub(super) title: &'a str,
    pub(super) filename: &'a str,
    pub(super) screenplay: &'a Screenplay,
}

/// What an import proposes.
pub(super) struct Plan {
    pub(super) records: Vec<Planned>,
    pub(super) links: Vec<Link>,
    pub(super) standing: Vec<Standing>,
    pub(super) remarks: Vec<Remark>,
    pub(super) before: Option<Target>,
    /// Records of the draft before.
    pub(super) before_count: usize,
    /// How many of them the draft continues.
    pub(super) continued: usize,
}

/// Compares the file with the project.
pub(super) fn plan(file: &File<'_>, state: &State) -> Plan {
    let script = state.script_before(file.title, file.filename);
    let mut planner =
        Planner { file, state, script, records: Vec::new(), links: Vec::new(), remarks: Vec::new() };
    let episode = (state.kind == ProjectType::Series).then(|| planner.episode());
    planner.scenes(episode.unwrap_or(0));
    planner.characters();
    planner.locations();
    planner.relate(episode.is_some());
    let continued = planner.records.iter().filter(|record| record.target.is_some()).count();
    let removed = planner.removals();
    if removed > 0 {
        let message = format!("{removed} records of the draft before are not in this one and go to the bin.");
        planner.remarks.push(Remark { line: None, message });
    }
    let standing = planner.standing();
    let before = script.map(|script| script.record);
    let before_count = if script.is_some() { continued + removed } else { 0 };
    let Planner { records, links, remarks, .. } = planner;
    Plan { records, links, standing, remarks, before, before_count, continued }
}

struct Planner<'a> {
    file: &'a File<'a>,
    state: &'a State,
    script: Option<&'a Script>,
    records: Vec<Planned>,
    links: Vec<Link>,
    remarks: Vec<Remark>,
}

/// A record as the file has it.
struct Wanted<'a> {
    key: String,
    collection: &'static str,
    name: String,
    description: String,
    /// What the script alone says: it takes the place of what is there.
    told: Metadata,
    /// What a person may know better: it takes the place of what is there only if nobody touched the record.
    guessed: Metadata,
    /// All keys of `told`: those that the script no longer says go.
    owned: &'static [&'static str],
    body: Option<&'a str>,
    raw: Option<&'a str>,
    position: Option<i64>,
}

impl<'a> Planner<'a> {
    /// The scenes of the script before, in its order.
    fn scenes_before(&self) -> Vec<&'a Record> {
        let Some(script) = self.script else { return Vec::new() };
        self.state.scenes.iter().filter(|scene| script.known.written.contains_key(&scene.id)).collect()
    }

    /// Proposes the episode; gives where its scenes begin.
    fn episode(&mut self) -> i64 {
        let (file, state) = (self.file, self.state);
        let known = self.script.and_then(|script| script.known.episode);
        let title = name_key(file.title);
        let before = state
            .episodes
            .iter()
            .find(|record| Some(record.id) == known)
            .or_else(|| state.episodes.iter().find(|record| name_key(&record.name) == title));
        let last = state.episodes.iter().map(|record| record.position).max().unwrap_or(0);
        let position = before.map_or(last + POSITION_STEP, |record| record.position);
        let guessed = Metadata::from_iter([("number".to_owned(), json!(state.episodes.len() + 1))]);
        let wanted = Wanted {
            key: "episodes/1".to_owned(),
            collection: "episodes",
            name: file.title.to_owned(),
            description: String::new(),
            told: Metadata::new(),
            guessed: if before.is_some() { Metadata::new() } else { guessed },
            owned: &[],
            body: None,
            raw: None,
            position: Some(position),
        };
        self.propose(wanted, before);
        (position / POSITION_STEP).max(0) * EPISODE_ROOM
    }

    fn scenes(&mut self, room: i64) {
        let file = self.file;
        let before = self.scenes_before();
        let text = |record: &'_ Record, key: &str| {
            record.metadata.get(key).and_then(|v| v.as_str()).map(str::to_owned)
        };
        let numbers: Vec<Option<String>> = before.iter().map(|record| text(record, "number")).collect();
        let old: Vec<Compared<'_>> = before
            .iter()
            .zip(&numbers)
            .map(|(record, number)| Compared {
                heading: &record.name,
                number: number.as_deref(),
                body: record.body.as_deref().unwrap_or_default(),
            })
            .collect();
        let new: Vec<Compared<'_>> = file
            .breakdown
            .scenes
            .iter()
            .zip(file.bodies)
            .map(|(scene, body)| Compared { heading: &scene.heading, number: scene.number.as_deref(), body })
            .collect();
        // Numbers that were only counted say nothing of which scene is which.
        let numbered =
            file.screenplay.scenes.iter().any(|scene| scene.heading().is_some_and(|h| h.number.is_some()));
        let found = matching::scenes(&old, &new, numbered);
        for (at, scene) in file.breakdown.scenes.iter().enumerate() {
            let before = found[at].map(|at| before[at]);
            if let Some(record) = before
                && self.state.is_touched(record)
                && record.body.as_deref() != Some(file.bodies[at].as_str())
            {
                let message = format!("“{}” was edited here; this draft replaces its text.", record.name);
                self.remarks.push(Remark { line: None, message });
            }
            let place = i64::try_from(at + 1).unwrap_or(i64::MAX);
            let wanted = self.scene(at, scene, room + place * POSITION_STEP);
            self.propose(wanted, before);
        }
    }

    fn scene(&self, at: usize, scene: &Scene, position: i64) -> Wanted<'a> {
        let source = &self.file.screenplay.scenes[at].source;
        let mut told = Metadata::new();
        let mut put = |key: &str, value: serde_json::Value| {
            told.insert(key.to_owned(), value);
        };
        if let Some(number) = &scene.number {
            put("number", json!(number));
        }
        if let Some(side) = scene.int_ext {
            put("intExt", json!(side));
        }
        if let Some(location) = scene.location.and_then(|at| self.file.breakdown.locations.get(at)) {
            put("location", json!(location.name));
        }
        if let Some(area) = &scene.area {
            put("area", json!(area));
        }
        if let Some(time) = &scene.time {
            put("time", json!(time));
        }
        if let Some(time) = scene.time_of_day {
            put("timeOfDay", json!(time));
        }
        put("pageEighths", json!(scene.eighths));
        put("dialogueWords", json!(scene.words));
        put("format", json!(if source.format == Format::Fdx { "fdx" } else { "fountain" }));
        let mut guessed = Metadata::new();
        if let Some(synopsis) = &scene.synopsis {
            guessed.insert("synopsis".to_owned(), json!(synopsis));
        }
        for (key, list) in [("props", &scene.props), ("sounds", &scene.sounds)] {
            if !list.is_empty() {
                guessed.insert(key.to_owned(), json!(list));
            }
        }
        let heading: String = scene.heading.chars().take(200).collect();
        Wanted {
            key: format!("scenes/{}", at + 1),
            collection: "scenes",
            name: if heading.is_empty() { format!("Scene {}", at + 1) } else { heading },
            description: scene.description.clone(),
            told,
            guessed,
            owned: &[
                "number",
                "intExt",
                "location",
                "area",
                "time",
                "timeOfDay",
                "pageEighths",
                "dialogueWords",
                "format",
            ],
            body: Some(&self.file.bodies[at]),
            raw: (source.format == Format::Fdx).then_some(source.text.as_str()),
            position: Some(position),
        }
    }

    fn characters(&mut self) {
        let mut taken = HashSet::new();
        let file = self.file;
        for (at, character) in file.breakdown.characters.iter().enumerate() {
            let before = self.character_before(character, &taken);
            taken.extend(before.map(|record| record.id));
            let mut told = Metadata::new();
            // In a series these are the numbers of one episode of many; there the relationships count.
            if self.state.kind == ProjectType::Movie {
                told.insert("dialogueWords".to_owned(), json!(character.words));
                told.insert("sceneCount".to_owned(), json!(character.scenes));
            }
            let mut guessed = Metadata::new();
            if let Some(age) = &character.age {
                guessed.insert("age".to_owned(), json!(age));
            }
            if !character.aliases.is_empty() {
                guessed.insert("aliases".to_owned(), json!(character.aliases));
            }
            let wanted = Wanted {
                key: format!("characters/{}", at + 1),
                collection: "characters",
                name: character.name.clone(),
                description: character.introduction.clone(),
                told,
                guessed,
                owned: &["dialogueWords", "sceneCount"],
                body: None,
                raw: None,
                position: None,
            };
            self.propose(wanted, before);
        }
    }

    /// The record of a character: one that bears the name, or else one that is also called so.
    fn character_before(&self, character: &Character, taken: &HashSet<EntityId>) -> Option<&'a Record> {
        let own: Vec<String> =
            std::iter::once(&character.name).chain(&character.aliases).map(|n| name_key(n)).collect();
        let free = || self.state.characters.iter().filter(|record| !taken.contains(&record.id));
        let aliases = |record: &Record| -> Vec<String> {
            let list = record.metadata.get("aliases").and_then(|value| value.as_array());
            list.into_iter().flatten().filter_map(|alias| alias.as_str()).map(name_key).collect()
        };
        free()
            .find(|record| name_key(&record.name) == own[0])
            .or_else(|| free().find(|record| own.contains(&name_key(&record.name))))
            .or_else(|| free().find(|record| aliases(record).contains(&own[0])))
    }

    fn locations(&mut self) {
        let (file, state) = (self.file, self.state);
        for (at, location) in file.breakdown.locations.iter().enumerate() {
            let name = name_key(&location.name);
            let before = state.locations.iter().find(|record| name_key(&record.name) == name);
            let wanted = self.location(at, location, before);
            self.propose(wanted, before);
        }
    }

    fn location(&self, at: usize, location: &Location, before: Option<&Record>) -> Wanted<'static> {
        // Another episode may show more of a place; nothing that it showed goes.
        let joined = |key: &str, own: Vec<String>| {
            let known = before.filter(|_| self.state.kind == ProjectType::Series);
            let known = known.and_then(|record| record.metadata.get(key)?.as_array());
            let known = known.into_iter().flatten().filter_map(|value| value.as_str()).map(str::to_owned);
            let mut all: Vec<String> = known.collect();
            all.extend(own.into_iter().filter(|value| !all.contains(value)).collect::<Vec<_>>());
            all
        };
        let mut told = Metadata::new();
        let sides = joined("intExt", location.int_ext.iter().map(|side| (*side).to_owned()).collect());
        let areas = joined("areas", location.areas.clone());
        for (key, list) in [("intExt", sides), ("areas", areas)] {
            if !list.is_empty() {
                told.insert(key.to_owned(), json!(list));
            }
        }
        if self.state.kind == ProjectType::Movie {
            told.insert("sceneCount".to_owned(), json!(location.scenes));
        }
        Wanted {
            key: format!("locations/{}", at + 1),
            collection: "locations",
            name: location.name.clone(),
            description: location.description.clone(),
            told,
            guessed: Metadata::new(),
            owned: &["intExt", "areas", "sceneCount"],
            body: None,
            raw: None,
            position: None,
        }
    }

    fn propose(&mut self, wanted: Wanted<'_>, before: Option<&Record>) {
        let Some(before) = before else {
            let mut metadata = wanted.told;
            metadata.extend(wanted.guessed);
            self.records.push(Planned {
                key: wanted.key,
                collection: wanted.collection.to_owned(),
                action: ProposedAction::Create,
                name: wanted.name,
                description: wanted.description,
                metadata,
                body: wanted.body.map(str::to_owned),
                raw: wanted.raw.map(str::to_owned),
                position: wanted.position,
                target: None,
                touched: false,
                omitted: false,
            });
            return;
        };
        let touched = self.state.is_touched(before);
        let mut metadata = before.metadata.clone();
        for key in wanted.owned.iter().filter(|key| !wanted.told.contains_key(**key)) {
            metadata.shift_remove(*key);
        }
        metadata.extend(wanted.told);
        for (key, value) in wanted.guessed {
            if !touched || !metadata.contains_key(&key) {
                metadata.insert(key, value);
            }
        }
        // A person's words stand; the heading of a scene is the script's.
        let name = if wanted.collection == "scenes" { wanted.name } else { before.name.clone() };
        let describe = !wanted.description.is_empty() && (!touched || before.description.is_empty());
        let description = if describe { wanted.description } else { before.description.clone() };
        let body = wanted.body.map(str::to_owned);
        let same = name == before.name
            && description == before.description
            && metadata == before.metadata
            && (body.is_none() || body == before.body)
            && wanted.position.is_none_or(|position| position == before.position);
        self.records.push(Planned {
            key: wanted.key,
            collection: wanted.collection.to_owned(),
            action: if same { ProposedAction::Keep } else { ProposedAction::Change },
            name,
            description,
            metadata,
            body,
            raw: wanted.raw.map(str::to_owned),
            position: wanted.position,
            target: Some(Target { id: before.id, version: before.version }),
            touched,
            omitted: false,
        });
    }

    fn relate(&mut self, episode: bool) {
        let file = self.file;
        for (at, scene) in file.breakdown.scenes.iter().enumerate() {
            let key = format!("scenes/{}", at + 1);
            let source: String = scene.heading.chars().take(120).collect();
            let mut link = |subject: String, predicate: &str, object: String, weight, confidence| {
                let (predicate, source) = (predicate.to_owned(), source.clone());
                self.links.push(Link { subject, predicate, object, weight, confidence, source });
            };
            for appearance in &scene.cast {
                let who = format!("characters/{}", appearance.character + 1);
                // A cue is certain; a name in action could be another's.
                let confidence = if appearance.speaks { 1.0 } else { 0.9 };
                link(who.clone(), APPEARS_IN, key.clone(), None, confidence);
                if appearance.speaks {
                    link(who, SPEAKS_IN, key.clone(), Some(f64::from(appearance.words)), 1.0);
                }
            }
            if let Some(location) = scene.location {
                link(key.clone(), SET_IN, format!("locations/{}", location + 1), None, 1.0);
            }
            if episode {
                link(key.clone(), PART_OF, "episodes/1".to_owned(), None, 1.0);
            }
        }
    }

    /// Proposes to remove what the draft before had and this one has not: its scenes, and characters and locations that
    /// no person touched and no other script has.
    fn removals(&mut self) -> usize {
        let Some(script) = self.script else { return 0 };
        let found: HashSet<EntityId> =
            self.records.iter().filter_map(|record| Some(record.target?.id)).collect();
        let elsewhere = |id: &EntityId| {
            self.state
                .scripts
                .iter()
                .any(|other| other.record.id != script.record.id && other.known.written.contains_key(id))
        };
        let gone = |record: &&Record| {
            script.known.written.contains_key(&record.id)
                && !found.contains(&record.id)
                && !elsewhere(&record.id)
        };
        let scenes = self.state.scenes.iter().filter(gone);
        let others = self.state.characters.iter().chain(&self.state.locations).filter(gone);
        let others = others.filter(|record| !self.state.is_touched(record));
        let removed: Vec<Planned> = scenes
            .chain(others)
            .map(|record| Planned {
                key: format!("{}/{}", record.collection, record.id),
                collection: record.collection.clone(),
                action: ProposedAction::Remove,
                name: record.name.clone(),
                description: record.description.clone(),
                metadata: record.metadata.clone(),
                body: None,
                raw: None,
                position: None,
                target: Some(Target { id: record.id, version: record.version }),
                touched: false,
                omitted: false,
            })
            .collect();
        let count = removed.len();
        self.records.extend(removed);
        count
    }

    /// The relationships that imports made of the scenes that this one continues.
    fn standing(&self) -> Vec<Standing> {
        let continued: HashSet<EntityId> = self
            .records
            .iter()
            .filter(|record| record.collection == "scenes" && record.action != ProposedAction::Remove)
            .filter_map(|record| Some(record.target?.id))
            .collect();
        let facts = self.state.facts.iter().filter(|fact| fact.origin == Origin::Import);
        facts
            .filter_map(|fact| {
                let object = fact.object?;
                let of_scene = continued.contains(&fact.subject) || continued.contains(&object);
                let predicate = fact.predicate.clone();
                of_scene.then_some(Standing {
                    id: fact.id,
                    subject: fact.subject,
                    predicate,
                    object,
                    weight: fact.weight,
                })
            })
            .collect()
    }
}
