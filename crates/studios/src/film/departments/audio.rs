//! Audio: what is heard and when, the sound of each place, and how much everybody says.
//!
//! A *sound* is a word of action that sounds; one that the script sets in capitals is marked, one in small letters is a
//! suggestion, unless its sentence has a marked one. *Music* is what is sung, and action that speaks of it. A *voice* is a speech from off screen or elsewhere.
//! The *bed* of a place follows from inside or outside and the time of day, words of its name, and what its action says of
//! weather, animals and crowds.

use kernel::EntityId;
use serde::{Deserialize, Serialize};

use super::cited::Citation;
use super::film::{Daypart, Film, Side};
use super::scene::{Scene, Voice};
use super::scores::{Scores, Tally};
use super::words::words;
use crate::film::breakdown::candidates::sounds;
use crate::film::breakdown::capitals::runs;
use crate::film::breakdown::names::titled;

/// What is heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Audio {
    /// In the order of the script.
    pub cues: Vec<Cue>,
    /// One for each place in each light.
    pub ambience: Vec<Ambience>,
    /// Who says how much, most words first; of those who say as much, by name.
    pub sheet: Vec<Spoken>,
    #[allow(missing_docs)]
    pub scores: Scores,
}

/// What kind of thing is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum CueKind {
    Sound,
    Music,
    Voice,
}

impl CueKind {
    /// As a cue list writes it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Music => "music",
            Self::Voice => "voice",
        }
    }
}

/// Something that is heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Cue {
    /// The scene's number.
    pub scene: String,
    pub record: EntityId,
    pub kind: CueKind,
    /// `Foghorn`; of a voice, whose and how: `Old Tam (V.O.)`.
    pub name: String,
    /// Whether the script asks for it; else it is a suggestion.
    pub marked: bool,
    pub source: Citation,
}

/// How a place sounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Ambience {
    pub place: String,
    pub side: Option<Side>,
    pub daypart: Option<Daypart>,
    /// The numbers of the scenes.
    pub scenes: Vec<String>,
    /// What lies under the scene.
    pub bed: Vec<String>,
    /// What the script says of it.
    pub sources: Vec<Citation>,
}

/// How much somebody says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Spoken {
    pub name: String,
    /// The numbers of the scenes in which they speak.
    pub scenes: Vec<String>,
    pub lines: usize,
    pub words: u32,
    /// Of the lines, those from off screen.
    pub off_screen: usize,
    /// Of the lines, those from elsewhere.
    pub voice_over: usize,
    /// The first line.
    pub source: Citation,
}

const MUSIC: &[&str] = &[
    "music",
    "song",
    "songs",
    "sings",
    "sing",
    "singing",
    "melody",
    "tune",
    "orchestra",
    "piano",
    "guitar",
    "violin",
    "accordion",
    "choir",
    "jukebox",
];

/// Words that sound when they are shouted, and in small letters mostly mean something else.
const UNHEARD: &[&str] = &["RING", "SOUND", "SHOT", "POP", "STATIC", "SNAP", "CRACKED", "TICK"];

/// Words of a place's name, and what they bring to its bed.
const PLACES: &[(&str, &[&str])] = &[
    (
        "water against stone and wood",
        &["harbour", "harbor", "pier", "quay", "dock", "jetty", "boat", "ferry", "ship", "river", "lake"],
    ),
    ("open sea", &["sea", "strait", "ocean", "beach"]),
    ("engine hum", &["engine", "wheelhouse"]),
    ("cups and low talk", &["café", "cafe", "bar", "restaurant", "diner", "pub"]),
    ("traffic", &["street", "road", "avenue", "highway", "city"]),
    ("motor and road", &["car", "truck", "bus", "taxi", "van"]),
    ("wheels on rails", &["train", "tram", "subway"]),
    ("paper, a clock, a building's hum", &["office", "archive", "library", "station"]),
    ("leaves and birds", &["forest", "woods", "park", "garden", "field"]),
    ("a large room's echo", &["church", "cathedral", "hall", "warehouse", "hangar"]),
];

/// Words of action, and what they bring to the bed.
const HEARD: &[(&str, &[&str])] = &[
    ("waves", &["waves", "surf", "breakers"]),
    ("gulls", &["gulls", "gull", "seagulls"]),
    ("rain", &["rain", "rains", "raining", "downpour"]),
    ("wind", &["wind", "winds", "windy", "gale", "storm"]),
    ("steam", &["steam"]),
    ("a generator", &["generator", "machinery"]),
    ("traffic", &["traffic"]),
    ("a crowd", &["crowd", "crowds", "audience", "queue", "passengers"]),
];

/// Makes the cue list, the beds and the dialogue sheet.
#[must_use]
pub fn audio(film: &Film) -> Audio {
    let cues: Vec<Cue> = film.scenes.iter().flat_map(cues).collect();
    let sheet = sheet(film);
    let ambience = ambience(film);
    let scenes = film.scenes.len();
    let placed = film.scenes.iter().filter(|scene| scene.place.is_some() && scene.daypart.is_some()).count();
    let known: Vec<&String> = film.scenes.iter().flat_map(|scene| &scene.sounds).collect();
    let found = film.scenes.iter().flat_map(|scene| {
        scene
            .sounds
            .iter()
            .filter(|sound| cues.iter().any(|cue| cue.record == scene.id && cue.name == **sound))
    });
    let speeches: Vec<_> = film.scenes.iter().flat_map(|scene| &scene.speeches).collect();
    let told = speeches.iter().filter(|speech| speech.words > 0).count();
    let scores = Tally::default()
        .complete(placed, scenes, "scenes have a place and a time to build a bed from")
        .complete(told, speeches.len(), "speeches have words")
        .consistent(found.count(), known.len(), "sounds of the scenes' records stand in their text")
        .scores();
    Audio { cues, ambience, sheet, scores }
}

fn cues(scene: &Scene) -> Vec<Cue> {
    let mut found: Vec<Cue> = Vec::new();
    let mut add = |kind, name: String, marked, source: Citation| {
        let known =
            found.iter().any(|cue| cue.kind == kind && cue.name == name && cue.source.line == source.line);
        if !known {
            let (number, record) = (scene.number.clone(), scene.id);
            found.push(Cue { scene: number, record, kind, name, marked, source });
        }
    };
    let mut speeches = scene.speeches.iter().peekable();
    for (at, paragraph) in scene.paragraphs.iter().enumerate() {
        if let Some(speech) = speeches.next_if(|speech| speech.cue == at) {
            let source = scene.cite(at, &scene.said(speech));
            match speech.voice {
                Voice::OnScreen => {}
                Voice::OffScreen => {
                    add(CueKind::Voice, format!("{} (O.S.)", speech.name), true, source.clone())
                }
                Voice::VoiceOver => {
                    add(CueKind::Voice, format!("{} (V.O.)", speech.name), true, source.clone())
                }
            }
            if speech.sung {
                add(CueKind::Music, format!("{} sings", speech.name), true, source);
            }
        } else if paragraph.kind.reads_as_action() {
            let runs = runs(&paragraph.sentences);
            for (number, sentence) in paragraph.sentences.iter().enumerate() {
                let source = || scene.cite(at, sentence);
                let mut marked = runs
                    .iter()
                    .filter(|run| run.sentence == number && run.key.split(' ').any(sounds))
                    .peekable();
                let suggests = marked.peek().is_none();
                for run in marked {
                    add(CueKind::Sound, titled(&run.key), true, source());
                }
                for word in words(sentence) {
                    let shout = word.text.to_uppercase();
                    if MUSIC.contains(&word.lower.as_str()) {
                        add(CueKind::Music, titled(&shout), false, source());
                    } else if suggests
                        && word.text != shout
                        && !UNHEARD.contains(&shout.as_str())
                        && sounds(&shout)
                    {
                        add(CueKind::Sound, titled(&shout), false, source());
                    }
                }
            }
        }
    }
    found
}

fn ambience(film: &Film) -> Vec<Ambience> {
    let mut found: Vec<Ambience> = Vec::new();
    for scene in &film.scenes {
        let place = film.place_name(scene);
        let at = found
            .iter()
            .position(|bed| bed.place == place && bed.side == scene.side && bed.daypart == scene.daypart);
        let at = at.unwrap_or_else(|| {
            let bed = vec![under(scene.side, scene.daypart).to_owned()];
            let (place, scenes, sources) = (place.to_owned(), Vec::new(), Vec::new());
            found.push(Ambience { place, side: scene.side, daypart: scene.daypart, scenes, bed, sources });
            found.len() - 1
        });
        let ambience = &mut found[at];
        ambience.scenes.push(scene.number.clone());
        let heading = scene.cite_heading();
        let set = film.set(scene);
        let texts = std::iter::once((set.as_str(), heading, PLACES))
            .chain(scene.sentences().map(|(at, sentence, _)| (sentence, scene.cite(at, sentence), HEARD)));
        for (text, source, beds) in texts {
            let named = words(text);
            for (bed, nouns) in beds {
                let says = named.iter().any(|word| nouns.contains(&word.lower.as_str()));
                if says && !ambience.bed.iter().any(|known| known == bed) {
                    ambience.bed.push((*bed).to_owned());
                    ambience.sources.push(source.clone());
                }
            }
        }
    }
    found
}

/// What lies under a scene by its side and time alone.
fn under(side: Option<Side>, daypart: Option<Daypart>) -> &'static str {
    match (side, daypart) {
        (Some(Side::Int), _) => "room tone",
        (_, Some(Daypart::Dawn | Daypart::Morning)) => "morning air, first birds",
        (_, Some(Daypart::Dusk | Daypart::Evening)) => "evening air",
        (_, Some(Daypart::Night)) => "night air",
        _ => "open air",
    }
}

/// The order of the dialogue sheet.
pub(super) fn most_words_first(sheet: &mut [Spoken]) {
    sheet.sort_by(|one, other| (other.words, &one.name).cmp(&(one.words, &other.name)));
}

fn sheet(film: &Film) -> Vec<Spoken> {
    let mut found: Vec<Spoken> = Vec::new();
    for scene in &film.scenes {
        for speech in &scene.speeches {
            let names: Vec<&str> = match speech.speakers.as_slice() {
                [] => vec![speech.name.as_str()],
                known => known.iter().map(|who| film.people[*who].name.as_str()).collect(),
            };
            for name in names {
                let at = found.iter().position(|spoken| spoken.name == name).unwrap_or_else(|| {
                    let source = scene.cite(speech.cue, &scene.said(speech));
                    let (name, scenes) = (name.to_owned(), Vec::new());
                    found.push(Spoken {
                        name,
                        scenes,
                        lines: 0,
                        words: 0,
                        off_screen: 0,
                        voice_over: 0,
                        source,
                    });
                    found.len() - 1
                });
                let spoken = &mut found[at];
                spoken.lines += 1;
                spoken.words += speech.words;
                spoken.off_screen += usize::from(speech.voice == Voice::OffScreen);
                spoken.voice_over += usize::from(speech.voice == Voice::VoiceOver);
                if spoken.scenes.last() != Some(&scene.number) {
                    spoken.scenes.push(scene.number.clone());
                }
            }
        }
    }
    most_words_first(&mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{film, sample};
    use super::*;

    fn told(script: &str) -> Vec<(CueKind, String, bool)> {
        audio(&film(script)).cues.into_iter().map(|cue| (cue.kind, cue.name, cue.marked)).collect()
    }

    #[test]
    fn marked_sounds_voices_and_songs_are_cues_and_small_words_are_suggestions() {
        let cues = told(
            "INT. A - DAY\n\nA FOGHORN sounds. The door slams.\n\nMARA (V.O.)\nHm.\n\nTAM\n~Haul away\n\nJOSS (O.S.)\nYes.\n",
        );
        let of = |kind, name: &str, marked| (kind, name.to_owned(), marked);
        assert_eq!(
            cues,
            [
                of(CueKind::Sound, "Foghorn", true),
                of(CueKind::Sound, "Slams", false),
                of(CueKind::Voice, "Mara (V.O.)", true),
                of(CueKind::Music, "Tam sings", true),
                of(CueKind::Voice, "Joss (O.S.)", true),
            ]
        );
    }

    #[test]
    fn every_sound_of_the_samples_records_is_a_cue_with_its_line() {
        let film = sample();
        let audio = audio(&film);
        for scene in &film.scenes {
            for sound in &scene.sounds {
                let cue = audio.cues.iter().find(|cue| cue.record == scene.id && cue.name == *sound);
                assert!(cue.is_some_and(|cue| cue.source.line.is_some()), "{sound}");
            }
        }
    }

    #[test]
    fn a_bed_follows_from_the_place_the_time_and_what_the_script_says() {
        let audio =
            audio(&film("EXT. HARBOUR - NIGHT\n\nRain. Gulls argue.\n\nINT. OFFICE - DAY\n\nNothing.\n"));
        assert_eq!(audio.ambience[0].bed, ["night air", "water against stone and wood", "rain", "gulls"]);
        assert_eq!(audio.ambience[0].sources[1].quote, "Rain.");
        assert_eq!(audio.ambience[1].bed[0], "room tone");
    }

    #[test]
    fn the_dialogue_sheet_counts_every_line_of_the_sample() {
        let film = sample();
        let sheet = audio(&film).sheet;
        let tam = sheet.iter().find(|spoken| spoken.name == "Old Tam").unwrap();
        let own =
            film.scenes.iter().flat_map(|scene| &scene.speeches).filter(|speech| speech.name == "Old Tam");
        assert_eq!((tam.lines, tam.voice_over), (own.count(), 2));
        assert!(sheet.windows(2).all(|pair| pair[0].words >= pair[1].words));
    }
}
