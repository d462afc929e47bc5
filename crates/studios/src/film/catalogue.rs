//! What a film's records are: episodes, characters, scenes, locations and concepts, with the fields that they know.

use agents::catalogue::{Catalogue, Collection, Field, Kind};

use super::lexicon::LEXICON;

/// The collection that keeps what a script has beside its scenes: front and back matter, and what an import wrote. It is
/// in no catalogue and no lexicon, so no route, schema or search finds it; it is versioned and undone like all others.
pub(super) const SCREENPLAYS: &str = "screenplays";

/// The times of day that a scene can have.
pub(super) const TIMES: &[&str] = &["dawn", "morning", "day", "afternoon", "dusk", "evening", "night"];

/// The collections of the film studio.
pub static CATALOGUE: Catalogue = Catalogue {
    collections: &[EPISODES, SCENES, CHARACTERS, LOCATIONS, CONCEPTS],
    work: &[DELIVERABLES, NOTES],
    lexicon: &LEXICON,
};

const EPISODES: Collection = Collection {
    name: "episodes",
    singular: "episode",
    label: "Episodes",
    fields: &[
        field("number", "Number", Kind::Number, "Place in the season", &["episodeNumber", "episode"]),
        field("season", "Season", Kind::Number, "Which season it belongs to", &["series"]),
        field("synopsis", "Synopsis", Kind::Text, "What happens, in a few sentences", &["summary", "plot"]),
        TAGS,
    ],
    cues: &["episode", "season", "pilot", "finale", "instalment"],
    departments: &["story"],
};

const SCENES: Collection = Collection {
    name: "scenes",
    singular: "scene",
    label: "Scenes",
    fields: &[
        field("number", "Number", Kind::Text, "As the script counts: 12 or 12A", &["sceneNumber", "no"]),
        field(
            "intExt",
            "Int./Ext.",
            Kind::Choice(&["INT", "EXT", "INT/EXT"]),
            "Inside or outside",
            &["setting", "interior", "exterior"],
        ),
        field("location", "Location", Kind::Text, "Where it plays", &["place", "set"]),
        field("area", "Area", Kind::Text, "The part of the location", &["subLocation"]),
        field(
            "timeOfDay",
            "Time of day",
            Kind::Choice(TIMES),
            "Follows the scene before if continuous",
            &["time of day", "daypart", "light"],
        ),
        field("time", "Time as written", Kind::Text, "The words of the heading: CONTINUOUS", &["when"]),
        field("pageEighths", "Length", Kind::Number, "In eighths of a page", &["eighths", "length", "pages"]),
        field("dialogueWords", "Dialogue", Kind::Number, "Words that are spoken", &["words"]),
        field("synopsis", "Synopsis", Kind::Text, "The writer's own summary", &["summary", "logline"]),
        field("props", "Props", Kind::List, "Candidates that the script sets in capitals", &["objects"]),
        field(
            "sounds",
            "Sounds",
            Kind::List,
            "Candidates that the script sets in capitals",
            &["sfx", "sound effects"],
        ),
        field("format", "Format", Kind::Choice(&["fountain", "fdx"]), "The file it came from", &[]),
        TAGS,
    ],
    cues: &["scene", "sequence", "takes place", "set in", "int", "ext", "interior", "exterior", "moment"],
    departments: &["story", "production"],
};

const CHARACTERS: Collection = Collection {
    name: "characters",
    singular: "character",
    label: "Characters",
    fields: &[
        field(
            "role",
            "Role",
            Kind::Text,
            "What they do or are in the story",
            &["occupation", "job", "profession", "position"],
        ),
        field("age", "Age", Kind::Text, "As written: 34, or 60s", &["years", "years old"]),
        field("gender", "Gender", Kind::Text, "As the script has it", &["sex", "pronouns"]),
        field(
            "traits",
            "Traits",
            Kind::List,
            "What they are like",
            &["personality", "qualities", "characteristics"],
        ),
        field("motivation", "Motivation", Kind::Text, "What they want", &["goal", "wants", "want", "desire"]),
        field("backstory", "Backstory", Kind::Text, "What was before", &["background", "history", "past"]),
        field("appearance", "Appearance", Kind::Text, "How they look", &["looks", "look", "physical"]),
        field(
            "aliases",
            "Also called",
            Kind::List,
            "Other names in the script",
            &["alias", "nickname", "aka", "fullName"],
        ),
        field("dialogueWords", "Dialogue", Kind::Number, "Words that they say", &["words", "lines"]),
        field("sceneCount", "Scenes", Kind::Number, "How many they are in", &["appearances"]),
        TAGS,
    ],
    cues: &[
        "character",
        "protagonist",
        "antagonist",
        "hero",
        "heroine",
        "villain",
        "mother",
        "father",
        "sister",
        "brother",
        "daughter",
        "son",
        "friend",
        "named",
        "called",
        "played by",
        "years old",
        "plays",
        "works as",
        "captain",
        "detective",
        "doctor",
    ],
    departments: &["character", "casting", "story"],
};

const LOCATIONS: Collection = Collection {
    name: "locations",
    singular: "location",
    label: "Locations",
    fields: &[
        field("intExt", "Int./Ext.", Kind::List, "How the script shows it: INT, EXT", &["setting"]),
        field("areas", "Areas", Kind::List, "Parts of it that the script names", &["subLocations", "rooms"]),
        field("address", "Address", Kind::Text, "Where it can be found", &["street", "city"]),
        field("atmosphere", "Atmosphere", Kind::Text, "How it feels", &["mood", "feel", "ambience"]),
        field("period", "Period", Kind::Text, "Which time it belongs to", &["era", "year"]),
        field("sceneCount", "Scenes", Kind::Number, "How many play there", &["scenes"]),
        TAGS,
    ],
    cues: &[
        "location", "place", "house", "street", "harbour", "harbor", "building", "room", "city", "town",
        "village", "island", "bar", "café", "office", "located",
    ],
    departments: &["production design", "locations"],
};

const CONCEPTS: Collection = Collection {
    name: "concepts",
    singular: "concept",
    label: "Concepts",
    fields: &[
        field("kind", "Kind", Kind::Text, "Theme, motif, rule of the world …", &["type", "category"]),
        field("meaning", "Meaning", Kind::Text, "What it stands for", &["definition", "explanation"]),
        TAGS,
    ],
    cues: &["concept", "theme", "motif", "symbol", "idea", "tone", "world", "rule", "style"],
    departments: &["story"],
};

const NOTES: Collection = Collection {
    name: agents::messages::COLLECTION,
    singular: "note",
    label: "Agents\u{2019} notes",
    fields: &[
        field("memoryKey", "Key", Kind::Text, "Under which agents keep it", &[]),
        field("agent", "Agent", Kind::Text, "Who wrote it", &[]),
        field("topic", "Topic", Kind::Text, "What it was said about", &[]),
    ],
    cues: &[],
    departments: &[],
};

const DELIVERABLES: Collection = Collection {
    name: agents::deliverables::COLLECTION,
    singular: "deliverable",
    label: "Deliverables",
    fields: &[
        field("department", "Department", Kind::Text, "Which department made it", &[]),
        field("agent", "Agent", Kind::Text, "Who in the department", &[]),
        field("form", "Form", Kind::Text, "What its content is", &[]),
        field("madeBy", "Made by", Kind::Text, "Rules, or a language model's name", &[]),
        field("score", "Score", Kind::Number, "How good it is, 0 to 1", &[]),
        field("notes", "Notes", Kind::Text, "What a person adds", &[]),
        TAGS,
    ],
    cues: &[],
    departments: &["production"],
};

const TAGS: Field = field("tags", "Tags", Kind::List, "Words to filter by", &["labels", "keywords"]);

const fn field(
    name: &'static str,
    label: &'static str,
    kind: Kind,
    help: &'static str,
    aliases: &'static [&'static str],
) -> Field {
    Field { name, label, kind, help, aliases }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalogue_and_lexicon_know_the_same_collections() {
        let of_catalogue: Vec<_> = CATALOGUE.all().map(|c| (c.name, c.singular)).collect();
        for collection in LEXICON.collections {
            assert!(of_catalogue.contains(&(collection.name, collection.singular)), "{}", collection.name);
        }
        assert_eq!(of_catalogue.len(), LEXICON.collections.len());
    }

    #[test]
    fn the_screenplays_are_hidden() {
        assert!(CATALOGUE.collection(SCREENPLAYS).is_err());
        assert!(CATALOGUE.schema().iter().all(|collection| collection.name != SCREENPLAYS));
        assert!(LEXICON.collection(SCREENPLAYS).is_none());
    }

    #[test]
    fn every_attribute_of_the_lexicon_is_a_choice_of_the_scenes() {
        for attribute in LEXICON.attributes {
            let Kind::Choice(choices) = SCENES.field(attribute.field).unwrap().kind else {
                panic!("{}", attribute.field)
            };
            for (value, _) in attribute.values {
                assert!(choices.iter().any(|choice| choice.to_lowercase() == *value), "{value}");
            }
        }
    }
}
