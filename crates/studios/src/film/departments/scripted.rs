//! Films for tests: of a script in Fountain, with records as an import makes them and ids that count.

use kernel::{EntityId, FactId, Id, ProjectId, Timestamp};
use serde_json::json;
use store::facts::Fact;
use wire::records::{Metadata, Origin, Record};

use super::film::{Film, Rows};
use crate::film::breakdown::breakdown;
use crate::film::lexicon::{APPEARS_IN, SET_IN};
use crate::film::screenplay::{Format, parse};

/// The film of a script.
pub(in crate::film) fn film(script: &str) -> Film {
    Film::of(&rows(script))
}

/// The sample film.
pub(in crate::film) fn sample() -> Film {
    film(crate::film::SAMPLE)
}

/// The rows that an import of the script would make.
pub(super) fn rows(script: &str) -> Rows {
    let screenplay = parse(Format::Fountain, script).unwrap();
    let read = breakdown(&screenplay);
    let id = |kind: u128, at: usize| EntityId::from_bits(kind << 32 | at as u128);
    let mut rows = Rows { title: "Tides".to_owned(), ..Rows::default() };
    for (at, (scene, part)) in read.scenes.iter().zip(&screenplay.scenes).enumerate() {
        let mut metadata = Metadata::new();
        let location = scene.location.map(|at| read.locations[at].name.clone());
        for (key, value) in [
            ("number", scene.number.clone()),
            ("intExt", scene.int_ext.map(str::to_owned)),
            ("location", location),
            ("area", scene.area.clone()),
            ("time", scene.time.clone()),
            ("timeOfDay", scene.time_of_day.map(str::to_owned)),
            ("synopsis", scene.synopsis.clone()),
        ] {
            metadata.extend(value.map(|value| (key.to_owned(), json!(value))));
        }
        metadata.insert("pageEighths".to_owned(), json!(scene.eighths));
        metadata.insert("props".to_owned(), json!(scene.props));
        metadata.insert("sounds".to_owned(), json!(scene.sounds));
        let body = Some(part.source.text.clone());
        rows.scenes.push(record(id(1, at), &scene.heading, &scene.description, metadata, body));
        rows.facts.extend(scene.location.map(|place| fact(id(1, at), SET_IN, id(3, place))));
        rows.facts.extend(scene.cast.iter().map(|who| fact(id(2, who.character), APPEARS_IN, id(1, at))));
    }
    for (at, who) in read.characters.iter().enumerate() {
        let mut metadata = Metadata::from_iter([("aliases".to_owned(), json!(who.aliases))]);
        metadata.extend(who.age.as_ref().map(|age| ("age".to_owned(), json!(age))));
        rows.characters.push(record(id(2, at), &who.name, &who.introduction, metadata, None));
    }
    for (at, place) in read.locations.iter().enumerate() {
        rows.locations.push(record(id(3, at), &place.name, &place.description, Metadata::new(), None));
    }
    rows
}

fn record(id: EntityId, name: &str, description: &str, metadata: Metadata, body: Option<String>) -> Record {
    Record {
        id,
        project_id: ProjectId::from_bits(1),
        collection: String::new(),
        name: name.to_owned(),
        slug: String::new(),
        description: description.to_owned(),
        metadata,
        body,
        position: 0,
        version: 1,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
        updated_by: None,
        origin: Origin::Import,
    }
}

fn fact(subject: EntityId, predicate: &str, object: EntityId) -> Fact {
    Fact {
        id: FactId::from_bits(subject.bits() << 64 | object.bits()),
        subject,
        predicate: predicate.to_owned(),
        object: Some(object),
        value: None,
        weight: None,
        confidence: 1.0,
        origin: Origin::Import,
        source: None,
        recorded_at: Timestamp(0),
    }
}
