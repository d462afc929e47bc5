//! Visual: a shot list from the lines of action and the runs of speeches, and notes on the look of each place and light.
//!
//! *Beats.* Each sentence of action is a beat; sentences of one paragraph with the same subject, size and movement are one
//! shot. A sentence that names nobody and begins with `he` or `she` is about whom it means (see `pronouns`), or
//! else keeps the subject before it, as with `they`. Speeches without action between them are one shot. How shots
//! are framed is told in `framing`.

use kernel::EntityId;
use serde::{Deserialize, Serialize};

use super::cited::Citation;
use super::film::{Daypart, Film, Side};
use super::framing::{movement, size};
use super::pronouns::{Pronoun, meant};
use super::scene::{Scene, Voice};
use super::scores::{Scores, Tally};
use super::words::words;

pub use super::framing::{Movement, Size};

/// Shots and looks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Visual {
    /// In the order of the script.
    pub shots: Vec<Shot>,
    /// One for each place in each light, in the order in which they come.
    pub looks: Vec<Look>,
    #[allow(missing_docs)]
    pub scores: Scores,
}

/// A shot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shot {
    /// The scene's number and the shot's, counted from 1: `7-03`.
    pub number: String,
    /// The scene's number.
    pub scene: String,
    /// The scene's record.
    pub record: EntityId,
    #[allow(missing_docs)]
    pub size: Size,
    #[allow(missing_docs)]
    pub movement: Movement,
    /// Whom it shows, by name; nobody if it shows a place or a thing.
    pub subject: Vec<String>,
    /// What happens, in the script's words; of speeches, the first.
    pub description: String,
    /// Words spoken in it; 0 for action.
    pub words: u32,
    /// Where it plays.
    pub set: String,
    #[allow(missing_docs)]
    pub side: Option<Side>,
    #[allow(missing_docs)]
    pub daypart: Option<Daypart>,
    #[allow(missing_docs)]
    pub source: Citation,
}

/// How a place looks in one light.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Look {
    pub place: String,
    pub side: Option<Side>,
    pub daypart: Option<Daypart>,
    /// The numbers of the scenes.
    pub scenes: Vec<String>,
    /// What the time of day gives, by rule.
    pub light: String,
    /// What the script says of light, colour and weather there.
    pub cues: Vec<Citation>,
}

const PRONOUNS: &[&str] = &["he", "she", "they", "his", "her", "their"];
const LOOKS: &[&str] = &[
    "light",
    "lights",
    "lit",
    "unlit",
    "dark",
    "shadow",
    "shadows",
    "sun",
    "sunlight",
    "moon",
    "moonlight",
    "lamp",
    "lamps",
    "lantern",
    "lanterns",
    "candle",
    "candles",
    "neon",
    "glow",
    "glows",
    "fog",
    "mist",
    "rain",
    "snow",
    "steam",
    "smoke",
    "grey",
    "gray",
    "green",
    "red",
    "blue",
    "white",
    "black",
    "golden",
    "brass",
    "rust",
    "colour",
    "color",
    "bright",
    "dim",
    "pale",
    "flicker",
    "silhouette",
];

/// Makes the shot list and the looks.
#[must_use]
pub fn visual(film: &Film) -> Visual {
    let shots: Vec<Shot> = film.scenes.iter().flat_map(|scene| shots(film, scene)).collect();
    let shown = film.scenes.iter().filter(|scene| shots.iter().any(|shot| shot.record == scene.id)).count();
    let scenes = film.scenes.len();
    let with_time = film.scenes.iter().filter(|scene| scene.daypart.is_some()).count();
    let with_place = film.scenes.iter().filter(|scene| scene.place.is_some()).count();
    let strangers = film.scenes.iter().filter(|scene| names_strangers(scene)).count();
    let scores = Tally::default()
        .complete(shown, scenes, "scenes have a shot")
        .complete(with_place, scenes, "scenes have a place")
        .complete(with_time, scenes, "scenes have a light")
        .consistent(scenes - strangers, scenes, "scenes show only people who are in them")
        .scores();
    Visual { shots, looks: looks(film), scores }
}

/// Whether action names someone who, by the relationships, is not in the scene.
fn names_strangers(scene: &Scene) -> bool {
    let listed = |who: &usize| scene.present.iter().any(|p| p.person == *who && p.listed);
    scene.sentences().any(|(_, _, named)| !named.iter().all(listed))
}

/// A shot before it has a number.
struct Beat {
    /// The paragraph, of action; of speeches, the first cue.
    paragraph: usize,
    of_action: bool,
    size: Size,
    movement: Movement,
    subject: Vec<usize>,
    description: String,
    words: u32,
}

fn shots(film: &Film, scene: &Scene) -> Vec<Shot> {
    let mut beats: Vec<Beat> = Vec::new();
    // Those who were named or spoke, the last of them last.
    let mut recent: Vec<usize> = Vec::new();
    let mut speeches = scene.speeches.iter().peekable();
    for (at, paragraph) in scene.paragraphs.iter().enumerate() {
        if let Some(speech) = speeches.next_if(|speech| speech.cue == at) {
            speak(&mut beats, scene, speech);
            recent.extend(&speech.speakers);
        } else if paragraph.kind.reads_as_action() {
            let named = paragraph.named.iter().map(Vec::as_slice);
            for (sentence, named) in paragraph.sentences.iter().zip(named) {
                let meant = Pronoun::leading(sentence)
                    .filter(|_| named.is_empty())
                    .and_then(|pronoun| meant(pronoun, &recent, &film.pronouns));
                let named = meant.as_ref().map_or(named, std::slice::from_ref);
                act(&mut beats, scene, at, sentence, named);
                recent.extend(named);
            }
        }
    }
    let names = |who: &[usize]| who.iter().map(|who| film.people[*who].name.clone()).collect();
    beats
        .into_iter()
        .enumerate()
        .map(|(number, beat)| Shot {
            number: format!("{}-{:02}", scene.number, number + 1),
            scene: scene.number.clone(),
            record: scene.id,
            size: beat.size,
            movement: beat.movement,
            subject: names(&beat.subject),
            source: scene.cite(beat.paragraph, &beat.description),
            description: beat.description,
            words: beat.words,
            set: film.set(scene),
            side: scene.side,
            daypart: scene.daypart,
        })
        .collect()
}

/// A speech joins the speeches before it, or begins a shot of its own.
fn speak(beats: &mut Vec<Beat>, scene: &Scene, speech: &super::scene::Speech) {
    if beats.last().is_none_or(|beat| beat.of_action) {
        beats.push(Beat {
            paragraph: speech.cue,
            of_action: false,
            size: Size::Medium,
            movement: Movement::Static,
            subject: Vec::new(),
            description: format!("{}: “{}”", speech.name, scene.said(speech)),
            words: 0,
        });
    }
    let Some(beat) = beats.last_mut() else { return };
    beat.words += speech.words;
    if speech.voice == Voice::OnScreen {
        let fresh: Vec<usize> =
            speech.speakers.iter().copied().filter(|who| !beat.subject.contains(who)).collect();
        beat.subject.extend(fresh);
    }
    beat.size = match beat.subject.len() {
        1 => Size::MediumClose,
        0 | 2 => Size::Medium,
        _ => Size::Wide,
    };
}

/// A sentence of action joins the beat before it in its paragraph if that shows the same in the same way.
fn act(beats: &mut Vec<Beat>, scene: &Scene, paragraph: usize, sentence: &str, named: &[usize]) {
    let words = words(sentence);
    let before = beats.last().filter(|beat| beat.of_action && beat.paragraph == paragraph);
    let pronoun = words.first().is_some_and(|word| PRONOUNS.contains(&word.lower.as_str()));
    let subject = match before {
        Some(before) if named.is_empty() && pronoun => before.subject.clone(),
        _ => named.to_vec(),
    };
    let size = size(scene, sentence, &words, &subject, beats.is_empty());
    let movement = movement(sentence, &words);
    if let Some(before) = beats.last_mut()
        && before.of_action
        && before.paragraph == paragraph
        && before.subject == subject
        && before.movement == movement
        && (before.size == size || before.size == Size::Wide && size == Size::Medium)
    {
        before.description = format!("{} {sentence}", before.description);
        return;
    }
    let description = sentence.to_owned();
    beats.push(Beat { paragraph, of_action: true, size, movement, subject, description, words: 0 });
}

fn looks(film: &Film) -> Vec<Look> {
    let mut found: Vec<Look> = Vec::new();
    for scene in &film.scenes {
        let place = film.place_name(scene);
        let known = found
            .iter_mut()
            .find(|look| look.place == place && look.side == scene.side && look.daypart == scene.daypart);
        let cues = scene.sentences().filter(|(_, sentence, _)| {
            words(sentence).iter().any(|word| LOOKS.contains(&word.lower.as_str()))
        });
        let cues: Vec<Citation> = cues.map(|(at, sentence, _)| scene.cite(at, sentence)).collect();
        match known {
            Some(look) => {
                look.scenes.push(scene.number.clone());
                look.cues.extend(cues);
            }
            None => found.push(Look {
                place: place.to_owned(),
                side: scene.side,
                daypart: scene.daypart,
                scenes: vec![scene.number.clone()],
                light: light(scene.side, scene.daypart).to_owned(),
                cues,
            }),
        }
    }
    found
}

/// What light a time of day gives, inside and outside.
fn light(side: Option<Side>, daypart: Option<Daypart>) -> &'static str {
    use Daypart::{Afternoon, Dawn, Day, Dusk, Evening, Morning, Night};
    match (side, daypart) {
        (_, None) => "the script gives no time of day: decide it first",
        (Some(Side::Int), Some(Dawn | Dusk)) => "low, cool light through the windows; lamps may still burn",
        (Some(Side::Int), Some(Morning | Day | Afternoon)) => {
            "daylight through the windows leads; lamps fill"
        }
        (Some(Side::Int), Some(Evening | Night)) => "lamps in the picture lead; windows are dark or blue",
        (_, Some(Dawn)) => "before the sun: soft, cool, without hard shadows; a short window to shoot in",
        (_, Some(Morning)) => "low, clear sun and long shadows",
        (_, Some(Day)) => "high sun or even cloud; keep it the same within a scene",
        (_, Some(Afternoon)) => "warm, falling sun",
        (_, Some(Dusk | Evening)) => {
            "after the sun: sky still bright, first lamps lit; a short window to shoot in"
        }
        (_, Some(Night)) => "dark; every light needs a source in the story",
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{film, sample};
    use super::*;

    fn of(text: &str) -> Vec<(String, Size, Movement, Vec<String>)> {
        let script = format!("INT. A - DAY\n\nThe room.\n\n{text}\n\nMARA\nYes.\n\nJOSS\nNo.\n");
        let shots = visual(&film(&script)).shots;
        shots.into_iter().skip(1).map(|s| (s.description, s.size, s.movement, s.subject)).collect()
    }

    #[test]
    fn words_of_the_action_choose_size_and_movement() {
        for (text, size, movement) in [
            ("Mara runs to the door.", Size::Full, Movement::Track),
            ("Mara's hand trembles.", Size::Insert, Movement::Static),
            ("Joss smiles.", Size::MediumClose, Movement::Static),
            ("CLOSE ON the clock.", Size::Close, Movement::Static),
            ("PAN to Joss, who runs.", Size::Full, Movement::Pan),
            ("Fifty people wait.", Size::Wide, Movement::Static),
            ("Joss sings.", Size::Medium, Movement::Static),
            ("A wave.", Size::Wide, Movement::Static),
        ] {
            let shot = &of(text)[0];
            assert_eq!((shot.1, shot.2), (size, movement), "{text}");
        }
    }

    #[test]
    fn sentences_about_the_same_in_the_same_way_are_one_shot() {
        let shots = of("Joss sings. He hums. Mara runs.");
        assert_eq!(shots[0].0, "Joss sings. He hums.");
        assert_eq!((shots[1].0.as_str(), shots[1].1), ("Mara runs.", Size::Full));
    }

    #[test]
    fn he_and_she_are_about_whom_they_mean() {
        let shots = of("Mara lifts her hat.\n\nJoss lifts his hat.\n\nShe waits. He runs.");
        let told: Vec<(&str, &str)> = shots[2..4].iter().map(|s| (s.0.as_str(), s.3[0].as_str())).collect();
        assert_eq!(told, [("She waits.", "Mara"), ("He runs.", "Joss")]);
    }

    #[test]
    fn speeches_without_action_between_are_one_shot_of_those_who_are_seen() {
        let shots = of("Rain.");
        let last = shots.last().unwrap();
        assert_eq!((last.1, last.3.as_slice()), (Size::Medium, &["Mara".to_owned(), "Joss".to_owned()][..]));
    }

    #[test]
    fn every_sentence_and_every_word_of_the_sample_is_in_a_shot() {
        let film = sample();
        let visual = visual(&film);
        for scene in &film.scenes {
            let own: Vec<&Shot> = visual.shots.iter().filter(|shot| shot.record == scene.id).collect();
            assert_eq!(own.iter().map(|shot| shot.words).sum::<u32>(), scene.words());
            for (_, sentence, _) in scene.sentences() {
                let shown = own.iter().filter(|shot| shot.description.contains(sentence)).count();
                assert!(shown >= 1, "{sentence}");
            }
        }
        assert!(visual.shots.iter().all(|shot| shot.source.line.is_some()));
    }

    #[test]
    fn a_place_has_a_look_for_each_light() {
        let visual = visual(&sample());
        let harbour: Vec<Option<Daypart>> =
            visual.looks.iter().filter(|look| look.place == "Harbour").map(|look| look.daypart).collect();
        assert_eq!(
            harbour,
            [Some(Daypart::Dawn), Some(Daypart::Day), Some(Daypart::Night), Some(Daypart::Morning)]
        );
        assert!(visual.looks[0].cues.iter().any(|cue| cue.quote.contains("Grey water")));
    }
}
