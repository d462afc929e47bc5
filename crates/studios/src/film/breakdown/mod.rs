//! Breaks a screenplay down: scenes, who is in them, where and when, how long, what is needed. It only takes what stands
//! in the script, by rules; nothing is made up.

pub(super) mod candidates;
pub(super) mod capitals;
pub(super) mod cast;
mod heading;
pub(super) mod length;
pub(super) mod names;
pub(super) mod sentences;

use std::collections::{HashMap, HashSet};

use super::screenplay::{Element, Kind, Part, Screenplay};
use candidates::Candidates;
use capitals::Run;
use cast::Cast;
use heading::Setting;

/// About how many characters of action describe a scene.
const OPENING: usize = 240;
/// The longest introduction of a character that is kept.
const INTRODUCTION: usize = 400;

/// What a screenplay consists of. Characters and locations are named by their place in these lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breakdown {
    /// In the order of the script.
    pub scenes: Vec<Scene>,
    /// In the order in which they come.
    pub characters: Vec<Character>,
    /// In the order in which they come.
    pub locations: Vec<Location>,
}

/// A scene.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scene {
    /// The heading as written.
    pub heading: String,
    /// As the script numbers it; its place, counted from 1, if the script numbers no scene.
    pub number: Option<String>,
    /// `INT`, `EXT` or `INT/EXT`.
    pub int_ext: Option<&'static str>,
    /// Where it plays.
    pub location: Option<usize>,
    /// In which part of the location.
    pub area: Option<String>,
    /// The time as written: `CONTINUOUS`.
    pub time: Option<String>,
    /// The time of day: that of the heading, or of the scene before if the heading says that time goes on.
    pub time_of_day: Option<&'static str>,
    /// Length on paper.
    pub eighths: u32,
    /// The writer's own summary.
    pub synopsis: Option<String>,
    /// The summary, or else the first sentences of its action.
    pub description: String,
    /// Words spoken.
    pub words: u32,
    /// Who is in it, in the order in which they come.
    pub cast: Vec<Appearance>,
    /// Candidates.
    pub props: Vec<String>,
    /// Candidates.
    pub sounds: Vec<String>,
}

/// Someone in a scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appearance {
    /// Who.
    pub character: usize,
    /// Whether they have a cue there; else action names them.
    pub speaks: bool,
    /// Words that they say there, and sing.
    pub words: u32,
}

/// A character.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Character {
    /// The name of the cue: `Mara`.
    pub name: String,
    /// Other names in the script: `Mara Voss`.
    pub aliases: Vec<String>,
    /// The age as written.
    pub age: Option<String>,
    /// The sentence that introduces them in capitals, or else the first that names them.
    pub introduction: String,
    /// Words that they say in all.
    pub words: u32,
    /// How many scenes they are in.
    pub scenes: u32,
}

/// A location.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// `Harbour`.
    pub name: String,
    /// Parts of it: `Pier`.
    pub areas: Vec<String>,
    /// `INT`, `EXT`: how the script shows it.
    pub int_ext: Vec<&'static str>,
    /// The first sentences that are set there.
    pub description: String,
    /// How many scenes play there.
    pub scenes: u32,
}

/// Breaks a screenplay down.
#[must_use]
pub fn breakdown(screenplay: &Screenplay) -> Breakdown {
    let drafts: Vec<Draft> = screenplay.scenes.iter().map(Draft::read).collect();
    let cues: Vec<Vec<(Vec<String>, String)>> = drafts
        .iter()
        .map(|draft| {
            draft.speeches.iter().map(|speech| (speech.names.clone(), speech.written.clone())).collect()
        })
        .collect();
    let introductions: Vec<(&Run, &str)> = drafts.iter().flat_map(Draft::introductions).collect();
    let cast = Cast::gather(&cues, &introductions);
    let mut out = Breakdown::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    let numbered = drafts.iter().any(|draft| draft.number.is_some());
    let mut mentions = HashMap::new();
    let mut now = None;
    for (at, (draft, part)) in drafts.iter().zip(&screenplay.scenes).enumerate() {
        let setting = heading::read(&draft.heading);
        // A heading without a time of day, as of a chase through a house, goes on from the one before.
        now = setting.time_of_day.or(setting.time.as_ref().and(now));
        let location =
            setting.location.as_ref().map(|name| place(&mut out, &mut places, name, &setting, draft));
        let runs: Vec<Run> = draft
            .action
            .iter()
            .flat_map(|a| &a.runs)
            .filter(|run| !cast.is_name(&run.key))
            .cloned()
            .collect();
        let Candidates { props, sounds } = candidates::of_scene(&part.elements, &runs, &screenplay.tags);
        let appearances = appearances(draft, &cast, &mut mentions);
        out.scenes.push(Scene {
            heading: draft.heading.clone(),
            number: if numbered { draft.number.clone() } else { Some((at + 1).to_string()) },
            int_ext: setting.int_ext,
            location,
            area: setting.area.as_deref().map(names::titled),
            time: setting.time,
            time_of_day: now,
            eighths: length::eighths(part),
            description: draft.synopsis.clone().unwrap_or_else(|| draft.opening()),
            synopsis: draft.synopsis.clone(),
            words: draft.speeches.iter().map(|speech| speech.words).sum(),
            cast: appearances,
            props,
            sounds,
        });
    }
    out.characters = characters(&cast, &mentions, &out.scenes);
    out
}

/// What is read of a scene before it is known who is who.
struct Draft {
    heading: String,
    number: Option<String>,
    synopsis: Option<String>,
    speeches: Vec<Speech>,
    action: Vec<Action>,
}

struct Speech {
    names: Vec<String>,
    /// The first name as written: `McAvoy`.
    written: String,
    words: u32,
}

struct Action {
    text: String,
    sentences: Vec<String>,
    runs: Vec<Run>,
}

impl Draft {
    fn read(part: &Part) -> Self {
        let mut draft = Self {
            heading: String::new(),
            number: None,
            synopsis: None,
            speeches: Vec::new(),
            action: Vec::new(),
        };
        let mut synopsis: Vec<String> = Vec::new();
        for element in &part.elements {
            match element.kind {
                Kind::SceneHeading if draft.heading.is_empty() => draft.take_heading(element, &mut synopsis),
                Kind::Synopsis => synopsis.push(flat(&element.text())),
                Kind::Character => draft.speeches.push(Speech::begin(&element.text())),
                Kind::Dialogue | Kind::Lyrics => {
                    if let Some(speech) = draft.speeches.last_mut() {
                        speech.words += count_words(&element.text());
                    }
                }
                kind if kind.reads_as_action() && element.has_text() => {
                    draft.action.push(Action::read(element))
                }
                _ => {}
            }
        }
        synopsis.retain(|line| !line.is_empty());
        draft.synopsis = (!synopsis.is_empty()).then(|| synopsis.join(" "));
        draft
    }

    fn take_heading(&mut self, element: &Element, synopsis: &mut Vec<String>) {
        self.heading = flat(&element.text());
        self.number = element.number.as_deref().map(flat).filter(|number| !number.is_empty());
        if let Some(scene) = &element.scene {
            synopsis.extend(scene.synopsis.iter().map(|line| flat(line)));
        }
    }

    fn introductions(&self) -> impl Iterator<Item = (&Run, &str)> {
        self.action.iter().flat_map(|action| {
            action.runs.iter().map(|run| (run, action.sentences.get(run.sentence).map_or("", String::as_str)))
        })
    }

    /// The first sentences of the action.
    fn opening(&self) -> String {
        self.action.first().map(|action| sentences::opening(&action.text, OPENING)).unwrap_or_default()
    }
}

impl Speech {
    fn begin(cue: &str) -> Self {
        let bare = cue.find('(').map_or(cue, |at| &cue[..at]);
        Self { names: cast::names_of_cue(cue), written: flat(bare.trim_end_matches(['^', ' '])), words: 0 }
    }
}

impl Action {
    fn read(element: &Element) -> Self {
        let text = flat(&element.text());
        let sentences = sentences::sentences(&text);
        Self { runs: capitals::runs(&sentences), sentences, text }
    }
}

/// The text on one line, without characters that no database keeps.
pub(super) fn flat(text: &str) -> String {
    text.replace('\0', "").split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn count_words(text: &str) -> u32 {
    let words = text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
    u32::try_from(words).unwrap_or(u32::MAX)
}

/// Who is in a scene; and the first sentence, of all scenes, that names each.
fn appearances<'d>(draft: &'d Draft, cast: &Cast, mentions: &mut HashMap<usize, &'d str>) -> Vec<Appearance> {
    let mut found: Vec<Appearance> = Vec::new();
    for speech in &draft.speeches {
        for character in cast.of_cue(&speech.names) {
            match found.iter_mut().find(|known| known.character == character) {
                Some(known) => known.words += speech.words,
                None => found.push(Appearance { character, speaks: true, words: speech.words }),
            }
        }
    }
    let mut silent: Vec<usize> = Vec::new();
    for sentence in draft.action.iter().flat_map(|action| &action.sentences) {
        let mut named = HashSet::new();
        cast.named_in(sentence, &mut named);
        for character in named {
            mentions.entry(character).or_insert(sentence);
            if !silent.contains(&character) && found.iter().all(|known| known.character != character) {
                silent.push(character);
            }
        }
    }
    silent.sort_unstable();
    found.extend(silent.into_iter().map(|character| Appearance { character, speaks: false, words: 0 }));
    found
}

/// The location of a scene, made known if it is new.
fn place(
    out: &mut Breakdown,
    places: &mut HashMap<String, usize>,
    name: &str,
    setting: &Setting,
    draft: &Draft,
) -> usize {
    let at = *places.entry(names::key(name)).or_insert_with(|| {
        let description = draft.opening();
        out.locations.push(Location { name: names::titled(name), description, ..Location::default() });
        out.locations.len() - 1
    });
    let location = &mut out.locations[at];
    location.scenes += 1;
    if let Some(area) = setting.area.as_deref().map(names::titled)
        && !location.areas.contains(&area)
    {
        location.areas.push(area);
    }
    let shown = match setting.int_ext {
        Some("INT/EXT") => &["INT", "EXT"][..],
        Some("INT") => &["INT"],
        Some(_) => &["EXT"],
        None => &[],
    };
    for side in shown {
        if !location.int_ext.contains(side) {
            location.int_ext.push(side);
        }
    }
    at
}

fn characters(cast: &Cast, mentions: &HashMap<usize, &str>, scenes: &[Scene]) -> Vec<Character> {
    let mut characters: Vec<Character> = cast
        .people
        .iter()
        .enumerate()
        .map(|(at, person)| Character {
            name: person.name.clone(),
            aliases: person.others.iter().map(|other| names::titled(other)).collect(),
            age: person.age.clone(),
            introduction: match person.introduction.as_str() {
                "" => sentences::shortened(mentions.get(&at).copied().unwrap_or_default(), INTRODUCTION),
                told => sentences::shortened(told, INTRODUCTION),
            },
            words: 0,
            scenes: 0,
        })
        .collect();
    for appearance in scenes.iter().flat_map(|scene| &scene.cast) {
        characters[appearance.character].words += appearance.words;
        characters[appearance.character].scenes += 1;
    }
    characters
}

#[cfg(test)]
mod tests {
    use super::super::screenplay::{Format, parse};
    use super::*;

    fn of(text: &str) -> Breakdown {
        breakdown(&parse(Format::Fountain, text).unwrap())
    }

    #[test]
    fn time_goes_on_where_a_heading_says_so_and_nowhere_else() {
        let times = |headings: &[&str]| -> Vec<Option<&'static str>> {
            let text: Vec<String> = headings.iter().map(|heading| format!("{heading}\n\nX.\n")).collect();
            of(&text.join("\n")).scenes.iter().map(|scene| scene.time_of_day).collect()
        };
        let told =
            times(&["INT. A - NIGHT", "INT. B - CONTINUOUS", "INT. C", "INT. D - LATER", "INT. E - DAY"]);
        assert_eq!(told, [Some("night"), Some("night"), None, None, Some("day")]);
    }

    #[test]
    fn scenes_are_counted_only_if_the_script_numbers_none() {
        let numbers = |text: &str| -> Vec<Option<String>> {
            of(text).scenes.into_iter().map(|scene| scene.number).collect()
        };
        assert_eq!(numbers("INT. A\n\nX.\n\nINT. B\n"), [Some("1".into()), Some("2".into())]);
        assert_eq!(numbers("INT. A #7#\n\nX.\n\nINT. B\n"), [Some("7".into()), None]);
    }

    #[test]
    fn a_character_is_introduced_by_the_first_sentence_in_capitals_or_else_that_names_them() {
        let read = of(
            "INT. A\n\nRain. Mara waits. MARA VOSS (34) sighs.\n\nMARA\nHm.\n\nJoss nods.\n\nJOSS\nYes.\n",
        );
        let told: Vec<&str> = read.characters.iter().map(|who| who.introduction.as_str()).collect();
        assert_eq!(told, ["MARA VOSS (34) sighs.", "Joss nods."]);
    }

    #[test]
    fn words_of_a_speech_count_for_all_who_say_them_and_parentheticals_for_none() {
        let read = of(
            "INT. A\n\nMARA\n(to Joss, loud)\nOne two.\n~three\n\nJOSS\nFour.\n\nMARA AND JOSS\nFive, six -- go!\n",
        );
        let words: Vec<u32> = read.characters.iter().map(|who| who.words).collect();
        assert_eq!(words, [6, 4]);
        assert_eq!(read.scenes[0].words, 7);
    }

    #[test]
    fn what_is_in_a_scene_is_told_with_it() {
        let read = of(
            "EXT. PIER - EAST END - DUSK\n\n= They wait.\n\nMara takes the LANTERN. A BELL rings. Joss!\n\nMARA\nJoss?\n",
        );
        let scene = &read.scenes[0];
        assert_eq!((scene.int_ext, scene.area.as_deref(), scene.eighths), (Some("EXT"), Some("East End"), 1));
        assert_eq!(
            (scene.description.as_str(), scene.synopsis.as_deref()),
            ("They wait.", Some("They wait."))
        );
        assert_eq!(
            (scene.props.as_slice(), scene.sounds.as_slice()),
            (&["Lantern".to_owned()][..], &["Bell".to_owned()][..])
        );
        assert_eq!(read.locations[0].areas, ["East End"]);
        assert_eq!(read.characters.len(), 1, "who has neither a cue nor an age is no character");
    }
}
