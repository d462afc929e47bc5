//! Continuity: what cannot be as it is written, each finding with the places that it follows from.
//!
//! - *Time runs backwards*: a scene that goes on from the one before (`CONTINUOUS`, `LATER`, `MOMENTS LATER`, `SAME`), or
//!   the next scene at the same place on the same day of the story, has an earlier time of day.
//! - *Two places at once*: of two scenes next to each other that the script sets at one time (`SAME TIME`, `MEANWHILE`,
//!   `INTERCUT WITH:`), somebody is on the set of both (of an intercut: is named by the action of both), and the places
//!   differ.
//! - *Prop before its introduction*: action speaks of a prop as known (`the key`) that a later scene introduces in capitals
//!   as new (`a KEY`).
//! - *Contradiction*: ages, hair and eyes that exclude each other; see [`Contradiction`](super::image::Contradiction).
//! - *Wardrobe*: a piece of clothing in two colours within a day of the story.
//! - *Speaker who is not there*: someone speaks in a scene that, by the relationships, they are not in.
//! - *Unknown speaker*: no record bears the name of a cue.
//!
//! Times, props and wardrobe are doubts; an unknown speaker is a note; the others are errors.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::attributes::contradictions;
use super::cited::Citation;
use super::film::{Daypart, Film};
use super::scene::Scene;
use super::scores::{Scores, Tally};
use super::things::{Article, article, is_people};
use crate::film::breakdown::capitals::runs;
use crate::film::breakdown::names::key;
use crate::film::screenplay::Kind;

/// The most findings that are told.
const MOST: usize = 500;

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Continuity {
    /// Errors first, then doubts, then notes; at most 500.
    pub findings: Vec<Finding>,
    #[allow(missing_docs)]
    pub scores: Scores,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// It cannot be.
    Error,
    /// It may be meant.
    Doubt,
    /// Something to tidy.
    Note,
}

/// What a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Fault {
    TwoPlacesAtOnce,
    Contradiction,
    SpeakerNotThere,
    TimeRunsBackwards,
    PropBeforeIntroduction,
    Wardrobe,
    UnknownSpeaker,
}

impl Fault {
    /// How sure a finding of this kind is.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::TwoPlacesAtOnce | Self::Contradiction | Self::SpeakerNotThere => Severity::Error,
            Self::TimeRunsBackwards | Self::PropBeforeIntroduction | Self::Wardrobe => Severity::Doubt,
            Self::UnknownSpeaker => Severity::Note,
        }
    }

    /// In words.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::TwoPlacesAtOnce => "two places at once",
            Self::Contradiction => "contradiction",
            Self::SpeakerNotThere => "speaker who is not there",
            Self::TimeRunsBackwards => "time runs backwards",
            Self::PropBeforeIntroduction => "prop before its introduction",
            Self::Wardrobe => "wardrobe",
            Self::UnknownSpeaker => "unknown speaker",
        }
    }
}

/// Something that cannot be, or may not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Finding {
    pub fault: Fault,
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// The places that it follows from, at least one.
    pub sources: Vec<Citation>,
}

/// Checks the film.
#[must_use]
pub fn continuity(film: &Film) -> Continuity {
    let mut findings = Vec::new();
    let mut add = |fault: Fault, message: String, sources: Vec<Citation>| {
        findings.push(Finding { fault, severity: fault.severity(), message, sources });
    };
    backwards(film, &mut add);
    at_once(film, &mut add);
    early_props(film, &mut add);
    speakers(film, &mut add);
    for found in contradictions(film) {
        let message = format!("{}’s {} is {} and {}.", found.person, found.attribute, found.one, found.other);
        let fault = if found.is_of_clothes() { Fault::Wardrobe } else { Fault::Contradiction };
        add(fault, message, found.sources.into());
    }
    findings.sort_by_key(|finding| (finding.severity, finding.fault));
    findings.truncate(MOST);
    let faulty: BTreeSet<&str> = findings
        .iter()
        .filter(|finding| finding.severity < Severity::Note)
        .flat_map(|finding| finding.sources.iter().filter_map(|source| source.scene.as_deref()))
        .collect();
    let scenes = film.scenes.len();
    let checkable =
        film.scenes.iter().filter(|scene| scene.daypart.is_some() && scene.place.is_some()).count();
    let speeches = || film.scenes.iter().flat_map(|scene| &scene.speeches);
    let known = speeches().filter(|speech| !speech.speakers.is_empty()).count();
    let scores = Tally::default()
        .complete(checkable, scenes, "scenes have a place and a time of day to check")
        .complete(known, speeches().count(), "speeches are of someone with a record")
        .consistent(scenes - faulty.len().min(scenes), scenes, "scenes have neither error nor doubt")
        .scores();
    Continuity { findings, scores }
}

fn goes_on(scene: &Scene) -> bool {
    ["CONTINUOUS", "LATER", "MOMENTS", "SAME"].iter().any(|word| scene.time.contains(word))
        && !["DAYS", "WEEKS", "MONTHS", "YEARS", "NEXT"].iter().any(|word| scene.time.contains(word))
}

fn backwards(film: &Film, add: &mut impl FnMut(Fault, String, Vec<Citation>)) {
    let days = film.days();
    for (at, pair) in film.scenes.windows(2).enumerate() {
        let [before, scene] = pair else { continue };
        let (Some(then), Some(now)) = (before.daypart, scene.daypart) else { continue };
        let same_place = before.place.is_some() && before.place == scene.place && days[at] == days[at + 1];
        let earlier = now < then && !(is_vague(then) && now == Daypart::Morning);
        let apart = before.is_elsewhen() || scene.is_elsewhen();
        if earlier && !apart && (goes_on(scene) || same_place) {
            let (then, now) = (then.as_str(), now.as_str());
            let message = format!("Scene {} goes back from {then} to {now}.", scene.number);
            add(Fault::TimeRunsBackwards, message, vec![before.cite_heading(), scene.cite_heading()]);
        }
    }
}

/// `DAY` says nothing of the hour: a morning may follow it in the same light.
fn is_vague(time: Daypart) -> bool {
    time == Daypart::Day
}

/// Whether the script sets a scene at the same time as the one before it.
fn is_simultaneous(scene: &Scene) -> bool {
    let heading = scene.heading.to_uppercase();
    scene.time.contains("SAME") || heading.contains("MEANWHILE") || heading.contains("SIMULTANEOUS")
}

/// Whether a scene ends by going to and fro with the next.
fn is_intercut(scene: &Scene) -> bool {
    let last = scene.paragraphs.iter().rfind(|paragraph| !paragraph.text.is_empty());
    last.is_some_and(|p| p.kind != Kind::Dialogue && p.text.to_uppercase().starts_with("INTERCUT"))
}

/// Whether action names someone in a scene.
fn is_shown(scene: &Scene, who: usize) -> bool {
    scene.sentences().any(|(_, _, named)| named.contains(&who))
}

fn at_once(film: &Film, add: &mut impl FnMut(Fault, String, Vec<Citation>)) {
    for pair in film.scenes.windows(2) {
        let [before, scene] = pair else { continue };
        let elsewhere = before.place.is_some() && scene.place.is_some() && before.place != scene.place;
        let apart = before.is_elsewhen() || scene.is_elsewhen();
        let intercut = is_intercut(before);
        if !elsewhere || apart || !(intercut || is_simultaneous(scene)) {
            continue;
        }
        for who in before.on_set().filter(|who| scene.on_set().any(|other| other == *who)) {
            // Of a talk over the telephone each scene has the speeches of both.
            if intercut && !(is_shown(before, who) && is_shown(scene, who)) {
                continue;
            }
            let (name, there, here) =
                (&film.people[who].name, film.place_name(before), film.place_name(scene));
            let message = format!("{name} is at {there} and at {here} at the same time.");
            add(Fault::TwoPlacesAtOnce, message, vec![seen(before, who), seen(scene, who)]);
        }
    }
}

/// Where a scene first shows someone.
fn seen(scene: &Scene, who: usize) -> Citation {
    let named = scene.sentences().find(|(_, _, named)| named.contains(&who));
    let spoken = scene.speeches.iter().find(|speech| speech.speakers.contains(&who));
    match (named, spoken) {
        (Some((at, sentence, _)), _) => scene.cite(at, sentence),
        (None, Some(speech)) => scene.cite(speech.cue, &scene.said(speech)),
        (None, None) => scene.cite_heading(),
    }
}

fn early_props(film: &Film, add: &mut impl FnMut(Fault, String, Vec<Citation>)) {
    let mut done: BTreeSet<String> = BTreeSet::new();
    for (at, scene) in film.scenes.iter().enumerate() {
        for prop in &scene.props {
            let name = key(prop);
            if done.contains(&name) || is_people(prop) {
                continue;
            }
            let introduced = scene.action().find_map(|(place, paragraph)| {
                let run = runs(&paragraph.sentences).into_iter().find(|run| run.key == name)?;
                Some((place, paragraph.sentences.get(run.sentence)?))
            });
            let Some((place, sentence)) = introduced else { continue };
            done.insert(name);
            if article(sentence, prop) != Some(Article::New) {
                continue;
            }
            let early = film.scenes[..at].iter().find_map(|scene| {
                let (place, sentence) = scene.sentence_with(prop)?;
                (article(sentence, prop) == Some(Article::Known)).then_some((scene, place, sentence))
            });
            if let Some((earlier, there, used)) = early {
                let message = format!(
                    "{prop} is used in scene {} and introduced only in scene {}.",
                    earlier.number, scene.number
                );
                add(
                    Fault::PropBeforeIntroduction,
                    message,
                    vec![earlier.cite(there, used), scene.cite(place, sentence)],
                );
            }
        }
    }
}

fn speakers(film: &Film, add: &mut impl FnMut(Fault, String, Vec<Citation>)) {
    for scene in &film.scenes {
        let mut done: BTreeSet<&str> = BTreeSet::new();
        for speech in &scene.speeches {
            if !done.insert(&speech.name) {
                continue;
            }
            let source = || vec![scene.cite(speech.cue, &scene.said(speech))];
            if speech.speakers.is_empty() && !speech.name.is_empty() {
                let message = format!("No character bears the name {}.", speech.name);
                add(Fault::UnknownSpeaker, message, source());
            }
            for who in &speech.speakers {
                if scene.present.iter().any(|presence| presence.person == *who && !presence.listed) {
                    let message = format!(
                        "{} speaks in scene {}, whose cast lacks them.",
                        film.people[*who].name, scene.number
                    );
                    add(Fault::SpeakerNotThere, message, source());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{film, rows, sample};
    use super::*;
    use crate::film::lexicon::APPEARS_IN;

    fn of(script: &str) -> Vec<(Fault, Vec<u32>)> {
        continuity(&film(script)).findings.into_iter().map(told).collect()
    }

    fn told(finding: Finding) -> (Fault, Vec<u32>) {
        (finding.fault, finding.sources.iter().filter_map(|source| source.line).collect())
    }

    #[test]
    fn the_sample_has_no_fault() {
        let continuity = continuity(&sample());
        assert_eq!(continuity.findings, []);
        assert_eq!(continuity.scores.consistency, 1.0);
    }

    #[test]
    fn a_time_that_goes_back_within_a_day_at_one_place_is_a_doubt() {
        let script = "INT. A - DUSK\n\nX.\n\nINT. A - AFTERNOON\n\nX.\n";
        assert_eq!(of(script), [], "after dusk a new day may begin");
        let script = "INT. A - AFTERNOON\n\nX.\n\nINT. A - DAY\n\nX.\n";
        assert_eq!(of(script), [(Fault::TimeRunsBackwards, vec![1, 1])]);
        let script = "INT. A - NIGHT\n\nX.\n\nINT. B - LATER THAT AFTERNOON\n\nX.\n";
        assert_eq!(of(script), [(Fault::TimeRunsBackwards, vec![1, 1])]);
        assert_eq!(of("INT. A - NIGHT\n\nX.\n\nINT. A - MORNING\n\nX.\n"), []);
    }

    #[test]
    fn nobody_is_in_two_places_at_once() {
        let script = "INT. A - DAY\n\nMara waits.\n\nMARA\nOne.\n\nINT. B - SAME TIME\n\nMara runs.\n";
        assert_eq!(of(script), [(Fault::TwoPlacesAtOnce, vec![3, 3])]);
        assert_eq!(of(&script.replace("SAME TIME", "CONTINUOUS")), [], "she may have walked");
        assert_eq!(of(&script.replace("INT. B", "INT. B (FLASHBACK)")), [], "it was another time");
        assert_eq!(
            of(&script.replace("Mara runs.", "Rain.\n\nMARA (V.O.)\nTwo.")),
            [],
            "only her voice is there"
        );
        let intercut = "INT. A - DAY\n\nMARA\nOne.\n\nINTERCUT WITH:\n\nINT. B - DAY\n\nMARA\nTwo.\n";
        assert_eq!(of(intercut), [], "one of them may be at the other end of a telephone");
        let shown = intercut.replace("MARA\n", "Mara waits.\n\nMARA\n");
        assert_eq!(of(&shown)[0].0, Fault::TwoPlacesAtOnce);
    }

    #[test]
    fn a_prop_that_is_used_before_it_is_introduced_is_a_doubt() {
        let script =
            "INT. A - DAY\n\nShe opens it with the brass key.\n\nINT. B - DAY\n\nHe finds a BRASS KEY.\n";
        assert_eq!(of(script), [(Fault::PropBeforeIntroduction, vec![3, 3])]);
        assert_eq!(of(&script.replace("the brass", "a brass")), [], "it may be another");
        assert_eq!(of(&script.replace("a BRASS KEY", "the BRASS KEY")), [], "it is not introduced there");
        assert_eq!(of("INT. A - DAY\n\nA BRASS KEY.\n\nINT. B - DAY\n\nThe brass key.\n"), []);
    }

    #[test]
    fn who_speaks_must_be_of_the_scenes_cast() {
        let mut rows = rows("INT. A - DAY\n\nRain.\n\nMARA\nOne.\n");
        rows.facts.retain(|fact| fact.predicate != APPEARS_IN);
        let findings = continuity(&Film::of(&rows)).findings;
        assert_eq!(findings.into_iter().map(told).collect::<Vec<_>>(), [(Fault::SpeakerNotThere, vec![5])]);
        rows.characters.clear();
        let findings = continuity(&Film::of(&rows)).findings;
        assert_eq!(findings[0].message, "No character bears the name Mara.");
    }

    #[test]
    fn clothes_in_two_colours_on_one_day_are_a_doubt() {
        let script = "INT. A - DAY\n\nMara wears a red coat.\n\nMARA\nOne.\n\nINT. B - DAY\n\nMara's blue coat drips on Mara.\n";
        let findings = continuity(&film(script)).findings;
        assert_eq!((findings[0].fault, findings[0].severity), (Fault::Wardrobe, Severity::Doubt));
        assert_eq!(findings[0].sources.len(), 2);
    }

    #[test]
    fn a_contradiction_cites_both_its_places() {
        let script = "INT. A - DAY\n\nMARA (34) waits.\n\nMARA\nOne.\n\nINT. B - DAY\n\nMARA (60) waits.\n";
        let findings = continuity(&film(script)).findings;
        assert_eq!((findings[0].fault, findings[0].sources.len()), (Fault::Contradiction, 2));
        assert_eq!(findings[0].message, "Mara’s age is 34 and 60.");
    }
}
