//! A catalogue like that of films, and projects to read texts against.

use brain::lexicon::{Collection as Words, Lexicon, NamedBy, Relation};
use kernel::{EntityId, Id, Timestamp};
use serde_json::{Value, json};
use store::entities::Outline;

use super::super::Known;
use crate::catalogue::{Catalogue, Collection, Field, Kind};

const fn field(
    name: &'static str,
    label: &'static str,
    kind: Kind,
    aliases: &'static [&'static str],
) -> Field {
    Field { name, label, kind, help: "", aliases }
}

static LEXICON: Lexicon = Lexicon {
    collections: &[
        Words {
            name: "characters",
            singular: "character",
            words: &["character", "characters", "who"],
            named_by: NamedBy::Words,
        },
        Words { name: "scenes", singular: "scene", words: &["scene", "scenes"], named_by: NamedBy::Number },
        Words {
            name: "locations",
            singular: "location",
            words: &["location", "locations", "where"],
            named_by: NamedBy::Words,
        },
        Words { name: "concepts", singular: "concept", words: &["concept"], named_by: NamedBy::Name },
    ],
    hub: "scenes",
    prose: str::to_owned,
    relations: &[
        Relation { predicate: "appears_in", with: "characters", from_hub: false },
        Relation { predicate: "speaks_in", with: "characters", from_hub: false },
        Relation { predicate: "set_in", with: "locations", from_hub: true },
    ],
    measures: &[],
    attributes: &[],
};

/// The catalogue.
pub(crate) static FILM: Catalogue = Catalogue {
    work: &[],
    collections: &[
        Collection {
            name: "characters",
            singular: "character",
            label: "Characters",
            fields: &[
                field("age", "Age", Kind::Number, &[]),
                field("role", "Role", Kind::Text, &["occupation", "job"]),
                field("traits", "Traits", Kind::List, &["personality"]),
                field("goal", "Goal", Kind::Text, &["wants", "motivation"]),
                field("hair", "Hair", Kind::Text, &["hair colour"]),
                field("alive", "Alive", Kind::Boolean, &[]),
                field("aliases", "Aliases", Kind::List, &["also known as"]),
            ],
            cues: &["protagonist", "captain", "sister", "brother", "year-old"],
            departments: &["character", "story"],
        },
        Collection {
            name: "scenes",
            singular: "scene",
            label: "Scenes",
            fields: &[
                field("number", "Number", Kind::Text, &["no"]),
                field("setting", "Setting", Kind::Choice(&["interior", "exterior"]), &["int/ext"]),
                field("time", "Time of day", Kind::Text, &[]),
            ],
            cues: &["cut to", "fade in", "takes place"],
            departments: &["story"],
        },
        Collection {
            name: "locations",
            singular: "location",
            label: "Locations",
            fields: &[
                field("address", "Address", Kind::Text, &[]),
                field("owner", "Owner", Kind::Text, &[]),
                field("setting", "Setting", Kind::Choice(&["interior", "exterior"]), &[]),
            ],
            cues: &["building", "street", "lighthouse", "place", "harbour"],
            departments: &["visual"],
        },
        Collection {
            name: "concepts",
            singular: "concept",
            label: "Concepts",
            fields: &[field("theme", "Theme", Kind::Text, &[])],
            cues: &["idea", "theme", "symbol"],
            departments: &["story"],
        },
    ],
    lexicon: &LEXICON,
};

/// A project's records: collection, name, attributes.
pub(super) fn project(records: &[(&str, &str, Value)]) -> Known {
    let outlines = records.iter().zip(1..).map(|((collection, name, metadata), bits)| Outline {
        id: EntityId::from_bits(bits),
        collection: (*collection).to_owned(),
        name: (*name).to_owned(),
        position: 0,
        version: 1,
        updated_at: Timestamp(0),
        metadata: metadata.to_string(),
    });
    Known::of(outlines.collect(), &FILM)
}

/// A project with a few people, places and scenes.
pub(super) fn tides() -> Known {
    project(&[
        ("characters", "Joss", json!({ "age": 29 })),
        ("characters", "Ana Okoye", json!({ "role": "doctor", "aliases": ["the Doctor"] })),
        ("locations", "Harbour", json!({})),
        ("locations", "The Old Mill", json!({})),
        ("scenes", "INT. MILL - DAY", json!({ "number": "4" })),
        ("scenes", "EXT. HARBOUR - NIGHT", json!({ "number": "7" })),
    ])
}
