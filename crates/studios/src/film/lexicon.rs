//! How people speak of a film: the words by which the brain reads their questions.

use brain::lexicon::{Attribute, Collection, Lexicon, Measure, MeasureBy, NamedBy, Relation};

/// A character is seen or heard in a scene.
pub const APPEARS_IN: &str = "appears_in";
/// A character says something in a scene; the weight counts the words.
pub const SPEAKS_IN: &str = "speaks_in";
/// A scene plays at a location.
pub const SET_IN: &str = "set_in";
/// A scene belongs to an episode.
pub const PART_OF: &str = "part_of";

/// The words of the film studio. What ties all together is the scene.
pub static LEXICON: Lexicon = Lexicon {
    collections: &[
        Collection {
            name: "scenes",
            singular: "scene",
            words: &["scene", "scenes"],
            named_by: NamedBy::Number,
        },
        Collection {
            name: "characters",
            singular: "character",
            words: &["character", "characters", "who", "whom", "people", "cast"],
            named_by: NamedBy::Words,
        },
        Collection {
            name: "locations",
            singular: "location",
            words: &["location", "locations", "where", "places"],
            named_by: NamedBy::Words,
        },
        Collection {
            name: "episodes",
            singular: "episode",
            words: &["episode", "episodes"],
            named_by: NamedBy::Name,
        },
        Collection {
            name: "concepts",
            singular: "concept",
            words: &["concept", "concepts", "theme", "themes"],
            named_by: NamedBy::Name,
        },
        Collection {
            name: agents::deliverables::COLLECTION,
            singular: "deliverable",
            words: &["deliverable", "deliverables"],
            named_by: NamedBy::Name,
        },
        // A question for notes asks for those that people wrote at a scene; agents' are found by what they say.
        Collection {
            name: agents::messages::COLLECTION,
            singular: "note",
            words: &[],
            named_by: NamedBy::Name,
        },
    ],
    hub: "scenes",
    prose: super::screenplay::prose,
    relations: &[
        Relation { predicate: APPEARS_IN, with: "characters", from_hub: false },
        Relation { predicate: SET_IN, with: "locations", from_hub: true },
        Relation { predicate: PART_OF, with: "episodes", from_hub: true },
    ],
    measures: &[
        Measure {
            of: "characters",
            by: MeasureBy::Weight(SPEAKS_IN),
            words: &[
                "dialogue",
                "dialog",
                "words",
                "lines",
                "say",
                "says",
                "speak",
                "speaks",
                "spoken",
                "talk",
                "talks",
                "talkative",
            ],
            unit: ("word of dialogue", "words of dialogue"),
        },
        Measure {
            of: "characters",
            by: MeasureBy::Count(APPEARS_IN),
            words: &["scene", "scenes", "appearance", "appearances", "appears", "appear"],
            unit: ("scene", "scenes"),
        },
        Measure {
            of: "locations",
            by: MeasureBy::Count(SET_IN),
            words: &["scene", "scenes", "used"],
            unit: ("scene", "scenes"),
        },
        Measure {
            of: "scenes",
            by: MeasureBy::Field("pageEighths"),
            words: &["length", "long", "longest", "shortest", "page", "pages", "eighths"],
            unit: ("eighth of a page", "eighths of a page"),
        },
        Measure {
            of: "scenes",
            by: MeasureBy::Weight(SPEAKS_IN),
            words: &["dialogue", "dialog", "words", "lines", "talk", "spoken"],
            unit: ("word of dialogue", "words of dialogue"),
        },
        Measure {
            of: "scenes",
            by: MeasureBy::Count(APPEARS_IN),
            words: &["character", "characters", "people", "cast"],
            unit: ("character", "characters"),
        },
    ],
    attributes: &[
        Attribute {
            field: "timeOfDay",
            values: &[
                ("dawn", &["dawn", "sunrise", "daybreak"]),
                ("morning", &["morning", "mornings"]),
                ("day", &["day", "daytime", "daylight", "noon", "midday"]),
                ("afternoon", &["afternoon", "afternoons"]),
                ("dusk", &["dusk", "sunset", "twilight"]),
                ("evening", &["evening", "evenings"]),
                ("night", &["night", "nights", "nighttime", "midnight"]),
            ],
        },
        Attribute {
            field: "intExt",
            values: &[
                ("int", &["int", "interior", "interiors", "indoor", "indoors", "inside"]),
                ("ext", &["ext", "exterior", "exteriors", "outdoor", "outdoors", "outside"]),
            ],
        },
    ],
};
