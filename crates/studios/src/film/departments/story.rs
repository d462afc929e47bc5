//! Story: structure and pacing by counting, and what is set up and never seen again.
//!
//! A *loose end* is a prop that action names with an article and of which no later scene speaks, or a character with an age
//! who is in one scene and of whom no later one speaks. The sounds of a scene and people without a name are none.
//!
//! *Tension* of a scene, 0 to 1, is 0.35 × exchange (speeches to the eighth of a page, full at 3) + 0.25 × alarm
//! (exclamation and question marks to the sentence spoken, full at 1) + 0.20 × brevity (1 at an eighth, 0 at a page and a
//! half) + 0.20 × noise (sounds named, full at 3). It measures the page, not the meaning.
//!
//! *Act breaks* are looked for at a quarter, a half and three quarters of the length. A break lies between two scenes; of
//! those within a tenth of the length, the one with the best turn is taken, and of equals the nearest. A turn counts 3 for
//! a section that names an act, 1 for another place, 1 for a time of day that does not go on from the one before, 1 for a
//! transition at the end of the scene before it, and the change of tension.

use kernel::EntityId;
use serde::{Deserialize, Serialize};

use super::cited::Citation;
use super::film::Film;
use super::scene::Scene;
use super::scores::{Scores, Tally};
use super::things::{article, is_thing};
use super::words::words;
use crate::film::screenplay::Kind;

/// What is wanted of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// Up to which share of the film something new is a set-up that should come back, 0 to 1.
    pub set_up_until: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { set_up_until: 0.75 }
    }
}

/// Structure, pacing and loose ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Story {
    /// The whole length in eighths of a page.
    pub eighths: u32,
    /// The share of its lines that is dialogue, 0 to 1, weighted by length.
    pub dialogue_share: f64,
    /// Each scene, in order.
    pub pacing: Vec<Pace>,
    /// The four acts that the breaks make; fewer if there are too few scenes.
    pub acts: Vec<Act>,
    /// What is set up and never seen again.
    pub loose_ends: Vec<LooseEnd>,
    #[allow(missing_docs)]
    pub scores: Scores,
}

/// How a scene runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Pace {
    pub scene: String,
    pub record: EntityId,
    /// Where it begins, in eighths of a page from the start.
    pub starts: u32,
    pub eighths: u32,
    pub speeches: usize,
    /// Words spoken.
    pub words: u32,
    /// The share of its printed lines that is dialogue, 0 to 1.
    pub dialogue_share: f64,
    /// 0 to 1, to the hundredth.
    pub tension: f64,
}

/// A part of the film between two breaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Act {
    /// `Act 1`, `Act 2, first half` …
    pub name: String,
    /// The first scene's number.
    pub from: String,
    /// The last scene's number.
    pub to: String,
    #[allow(missing_docs)]
    pub eighths: u32,
    /// Its mean tension, weighted by length.
    pub tension: f64,
    /// What turns at its beginning; nothing for the first.
    pub turn: Vec<String>,
    /// The heading that begins it.
    pub source: Citation,
}

/// Something that is set up and never seen again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LooseEnd {
    /// `prop` or `character`.
    pub kind: String,
    #[allow(missing_docs)]
    pub name: String,
    /// The only place where it is.
    pub source: Citation,
}

/// Reads the film's structure.
#[must_use]
pub fn story(film: &Film, options: &Options) -> Story {
    let eighths = film.eighths();
    let mut starts = 0;
    let pacing: Vec<Pace> = film
        .scenes
        .iter()
        .map(|scene| {
            let pace = pace(scene, starts);
            starts += scene.eighths;
            pace
        })
        .collect();
    let (props, checked) = loose_props(film, options);
    let people = loose_people(film, options);
    let with = |has: fn(&&Scene) -> bool| film.scenes.iter().filter(has).count();
    let scenes = film.scenes.len();
    let named = film.people.iter().enumerate().filter(|(who, _)| film.scenes_of(*who).next().is_some());
    let scores = Tally::default()
        .complete(with(|scene| scene.daypart.is_some()), scenes, "scenes have a time of day")
        .complete(with(|scene| !scene.summary.is_empty()), scenes, "scenes have a summary or an opening")
        .complete(with(|scene| !scene.paragraphs.is_empty()), scenes, "scenes have a text")
        .consistent(checked - props.len(), checked, "props that are set up come back")
        .consistent(
            named.clone().count() - people.len(),
            named.count(),
            "characters are more than a loose end",
        )
        .scores();
    let dialogue: f64 = pacing.iter().map(|pace| pace.dialogue_share * f64::from(pace.eighths)).sum();
    Story {
        eighths,
        dialogue_share: hundredth(dialogue / f64::from(eighths.max(1))),
        acts: acts(film, &pacing),
        pacing,
        loose_ends: props.into_iter().chain(people).collect(),
        scores,
    }
}

fn hundredth(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn pace(scene: &Scene, starts: u32) -> Pace {
    let sentences_ended = |marks: &[char]| -> usize {
        scene.speeches.iter().map(|speech| scene.said(speech).matches(marks).count()).sum()
    };
    let (alarms, ends) = (sentences_ended(&['!', '?']), sentences_ended(&['.', '!', '?', '…']));
    let share = |count: f64, full: f64| (count / full).clamp(0.0, 1.0);
    let length = f64::from(scene.eighths);
    let tension = 0.35 * share(scene.speeches.len() as f64 / length, 3.0)
        + 0.25 * share(alarms as f64, ends.max(1) as f64)
        + 0.20 * (1.0 - share(length - 1.0, 11.0))
        + 0.20 * share(scene.sounds.len() as f64, 3.0);
    Pace {
        scene: scene.number.clone(),
        record: scene.id,
        starts,
        eighths: scene.eighths,
        speeches: scene.speeches.len(),
        words: scene.words(),
        dialogue_share: hundredth(1.0 - scene.action_share),
        tension: hundredth(tension),
    }
}

/// What turns where a scene begins, and how much.
fn turn(before: &Scene, scene: &Scene, change: f64) -> (f64, Vec<String>) {
    let mut told = Vec::new();
    let names_act = |text: &str| {
        let upper = text.to_uppercase();
        upper.starts_with("ACT ") || upper.starts_with("PART ")
    };
    let sections = before.paragraphs.iter().chain(&scene.paragraphs);
    if let Some(act) = sections.filter(|p| matches!(p.kind, Kind::Section(_))).find(|p| names_act(&p.text)) {
        told.extend([format!("the script begins {}", act.text), String::new(), String::new()]);
    }
    if before.place != scene.place {
        told.push("another place".to_owned());
    }
    let goes_on = before.daypart == scene.daypart || scene.time.contains("CONTINUOUS");
    if !goes_on {
        told.push(scene.daypart.map_or("another time".to_owned(), |time| format!("it is {}", time.as_str())));
    }
    if let Some(last) = before.paragraphs.iter().rfind(|p| p.kind == Kind::Transition) {
        told.push(last.text.clone());
    }
    let score = told.len() as f64 + change.abs();
    told.retain(|reason| !reason.is_empty());
    if change.abs() >= 0.2 {
        told.push(format!("tension {} by {:.2}", if change > 0.0 { "rises" } else { "falls" }, change.abs()));
    }
    (score, told)
}

fn acts(film: &Film, pacing: &[Pace]) -> Vec<Act> {
    const NAMES: [&str; 4] = ["Act 1", "Act 2, first half", "Act 2, second half", "Act 3"];
    if film.scenes.is_empty() {
        return Vec::new();
    }
    let total = f64::from(film.eighths());
    let mut breaks: Vec<(usize, Vec<String>)> = vec![(0, Vec::new())];
    for target in [0.25, 0.5, 0.75] {
        let after = breaks.last().map_or(0, |(at, _)| *at);
        let away = |at: usize| (f64::from(pacing[at].starts) / total - target).abs();
        let mut best: Option<(usize, f64, Vec<String>)> = None;
        for at in after + 1..film.scenes.len() {
            if away(at) > 0.1 {
                continue;
            }
            let change = pacing[at].tension - pacing[at - 1].tension;
            let (score, told) = turn(&film.scenes[at - 1], &film.scenes[at], change);
            let better = best
                .as_ref()
                .is_none_or(|(known, most, _)| score > *most || (score == *most && away(at) < away(*known)));
            if better {
                best = Some((at, score, told));
            }
        }
        breaks.extend(best.map(|(at, _, told)| (at, told)));
    }
    let ends = breaks.iter().skip(1).map(|(at, _)| *at).chain([film.scenes.len()]).collect::<Vec<_>>();
    let whole = breaks.len() == NAMES.len();
    breaks
        .into_iter()
        .zip(ends)
        .enumerate()
        .map(|(number, ((from, turn), end))| {
            let own = &pacing[from..end];
            let eighths: u32 = own.iter().map(|pace| pace.eighths).sum();
            let tension: f64 = own.iter().map(|pace| pace.tension * f64::from(pace.eighths)).sum();
            Act {
                name: if whole { NAMES[number].to_owned() } else { format!("Part {}", number + 1) },
                from: film.scenes[from].number.clone(),
                to: film.scenes[end - 1].number.clone(),
                eighths,
                tension: hundredth(tension / f64::from(eighths.max(1))),
                turn,
                source: film.scenes[from].cite_heading(),
            }
        })
        .collect()
}

/// Whether a scene lies where something new is a set-up.
fn sets_up(film: &Film, at: usize, options: &Options) -> bool {
    let before: u32 = film.scenes[..at].iter().map(|scene| scene.eighths).sum();
    f64::from(before) < options.set_up_until * f64::from(film.eighths())
}

/// Props of which only one scene speaks, in action or dialogue; and how many were looked at.
fn loose_props(film: &Film, options: &Options) -> (Vec<LooseEnd>, usize) {
    let texts: Vec<Vec<String>> = film
        .scenes
        .iter()
        .map(|scene| {
            let all = scene.paragraphs.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join(" ");
            words(&all).into_iter().map(|word| word.lower).collect()
        })
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    let mut found = Vec::new();
    for (at, scene) in film.scenes.iter().enumerate().filter(|(at, _)| sets_up(film, *at, options)) {
        for prop in &scene.props {
            let holding = scene.sentence_with(prop);
            let named = holding.is_some_and(|(_, sentence)| article(sentence, prop).is_some());
            // Without an article it may be a verb that was shouted.
            if !named || !is_thing(prop) || !seen.insert(prop.to_lowercase()) {
                continue;
            }
            // "The brass valve" comes back as "the valve": its last word names it.
            let noun = words(prop).last().map(|word| word.lower.clone()).unwrap_or_default();
            let again = texts[at + 1..].iter().any(|text| text.iter().any(|word| is_form(word, &noun)));
            if let Some((place, sentence)) = holding.filter(|_| !again) {
                let name = prop.clone();
                found.push(LooseEnd { kind: "prop".to_owned(), name, source: scene.cite(place, sentence) });
            }
        }
    }
    (found, seen.len())
}

/// Whether a word is the noun, or its plural.
fn is_form(word: &str, noun: &str) -> bool {
    word.strip_prefix(noun).is_some_and(|end| matches!(end, "" | "s" | "es"))
        || noun.strip_prefix(word).is_some_and(|end| matches!(end, "s" | "es"))
}

/// People whom the script introduces with an age or a speech, and who are in one scene only.
fn loose_people(film: &Film, options: &Options) -> Vec<LooseEnd> {
    let mut found = Vec::new();
    for (who, person) in film.people.iter().enumerate() {
        let mut scenes = film.scenes_of(who);
        let (Some((at, scene, presence)), None) = (scenes.next(), scenes.next()) else { continue };
        if !presence.on_set || person.age.is_none() || !sets_up(film, at, options) {
            continue;
        }
        let later = film.scenes[at + 1..].iter().flat_map(|scene| &scene.paragraphs);
        let spoken_of = later.into_iter().any(|p| super::words::holds(&p.text, &person.name));
        if spoken_of {
            continue;
        }
        let place = scene.sentences().find(|(_, _, named)| named.contains(&who));
        let source = place.map_or_else(|| scene.cite_heading(), |(at, text, _)| scene.cite(at, text));
        found.push(LooseEnd { kind: "character".to_owned(), name: person.name.clone(), source });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{film, sample};
    use super::*;

    #[test]
    fn the_acts_of_the_sample_cover_every_scene_once() {
        let film = sample();
        let story = story(&film, &Options::default());
        assert_eq!(story.acts.iter().map(|act| act.eighths).sum::<u32>(), story.eighths);
        assert_eq!(story.acts.len(), 4);
        assert_eq!((story.acts[0].from.as_str(), story.acts[3].to.as_str()), ("1", "13"));
        assert!(story.acts[1..].iter().all(|act| !act.turn.is_empty()), "{:?}", story.acts);
    }

    #[test]
    fn a_quick_loud_exchange_is_tenser_than_a_long_description() {
        let talk = "MARA\nNo!\n\nJOSS\nYes!\n\n".repeat(3);
        let calm = "The water lies still. Nothing moves upon it.\n\n".repeat(12);
        let film = film(&format!("INT. A - DAY\n\nA BANG.\n\n{talk}EXT. B - DAY\n\n{calm}"));
        let story = story(&film, &Options::default());
        assert!(story.pacing[0].tension > story.pacing[1].tension + 0.3, "{:?}", story.pacing);
        assert!(story.pacing[0].dialogue_share > 0.5 && story.pacing[1].dialogue_share == 0.0);
    }

    #[test]
    fn a_prop_that_never_comes_back_is_a_loose_end_and_is_cited() {
        let script = "INT. A - DAY\n\nShe hides a BRASS KEY. He has a LETTER.\n\nINT. B - DAY\n\nShe opens the letter.\n\nINT. C - DAY\n\nRain. They wait and wait.\n\nINT. D - DAY\n\nEnd.\n";
        let found = story(&film(script), &Options::default()).loose_ends;
        let names: Vec<&str> = found.iter().map(|end| end.name.as_str()).collect();
        assert_eq!(names, ["Brass Key"]);
        assert_eq!(
            (found[0].source.line, found[0].source.quote.as_str()),
            (Some(3), "She hides a BRASS KEY.")
        );
    }

    #[test]
    fn someone_who_is_introduced_and_never_seen_again_is_a_loose_end() {
        let script = "INT. A - DAY\n\nOTTO (40) smiles.\n\nMARA\nHello.\n\nINT. B - DAY\n\nMARA\nHm.\n\nINT. C - DAY\n\nMara waits.\n";
        let found = story(&film(script), &Options::default()).loose_ends;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].kind.as_str(), found[0].name.as_str()), ("character", "Otto"));
    }

    #[test]
    fn a_film_without_scenes_has_no_acts_and_no_score() {
        let story = story(&Film::default(), &Options::default());
        assert!(story.acts.is_empty() && story.scores.completeness == 0.0);
    }
}
