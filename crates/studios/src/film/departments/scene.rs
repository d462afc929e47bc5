//! A scene as the departments read it: paragraphs with their lines, speeches with their speakers, who is there.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use kernel::EntityId;
use serde::{Deserialize, Serialize};
use wire::records::Record;

use super::cited::Citation;
use super::film::{Daypart, Side, list, text};
use super::words::{holds, words};
use crate::film::breakdown::cast::{Cast, names_of_cue};
use crate::film::breakdown::names::titled;
use crate::film::breakdown::sentences::sentences;
use crate::film::breakdown::{count_words, flat, length};
use crate::film::screenplay::{Kind, Part, Source, Span};

/// The longest scene that is believed, in eighths: a hundred pages. A person may write any number into a record.
const LONGEST: u64 = 800;

/// A scene.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// The record.
    pub id: EntityId,
    /// As the script counts; `#7`, its place counted from 1, if it has no number.
    pub number: String,
    /// As written.
    pub heading: String,
    #[allow(missing_docs)]
    pub side: Option<Side>,
    /// Its place in [`Film::places`](super::Film::places).
    pub place: Option<usize>,
    /// The part of the place.
    pub area: Option<String>,
    /// The time as written, in capitals: `CONTINUOUS`.
    pub time: String,
    /// The time of day.
    pub daypart: Option<Daypart>,
    /// The length in eighths of a page, 1 to 800.
    pub eighths: u32,
    /// The writer's summary, or else the first sentences.
    pub summary: String,
    /// What the body holds, in order, without empty lines.
    pub paragraphs: Vec<Paragraph>,
    /// What is said, in order.
    pub speeches: Vec<Speech>,
    /// Who is in it, in the order of the people.
    pub present: Vec<Presence>,
    /// Candidates.
    pub props: Vec<String>,
    /// Candidates.
    pub sounds: Vec<String>,
    /// The share of its printed lines that is no speech, 0 to 1.
    pub action_share: f64,
    /// The words of its action, in small letters: what is not here need not be looked for.
    vocabulary: HashSet<String>,
}

/// A paragraph of a scene.
#[derive(Debug, Clone, PartialEq)]
pub struct Paragraph {
    /// What it is.
    pub kind: Kind,
    /// On one line, without marks.
    pub text: String,
    /// Its sentences, if it is action.
    pub sentences: Vec<String>,
    /// The people, by their places, whom each sentence names.
    pub named: Vec<Vec<usize>>,
    /// The line of the body that it begins on, counted from 1.
    pub line: u32,
    /// Where it stands in the body, in bytes.
    pub span: Span,
}

/// How a voice is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Voice {
    /// The speaker is seen.
    OnScreen,
    /// The speaker is there and is not seen: `(O.S.)`, `(O.C.)`.
    OffScreen,
    /// The speaker is elsewhere: `(V.O.)`, a radio, a letter.
    VoiceOver,
}

/// What someone says without a break.
#[derive(Debug, Clone, PartialEq)]
pub struct Speech {
    /// The name as the cue has it, without extensions.
    pub name: String,
    /// Who speaks, by their places among the people: nobody if no record bears the name.
    pub speakers: Vec<usize>,
    #[allow(missing_docs)]
    pub voice: Voice,
    /// The paragraph of the cue.
    pub cue: usize,
    /// The paragraphs that follow the cue.
    pub parts: Range<usize>,
    /// Words spoken or sung.
    pub words: u32,
    /// What stands in parentheses, in small letters: `into phone`.
    pub direction: String,
    /// Whether some of it is sung.
    pub sung: bool,
}

/// Someone in a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    /// Their place among the people.
    pub person: usize,
    /// Words that they say.
    pub words: u32,
    /// Whether the project's relationships say that they are in it.
    pub listed: bool,
    /// Whether they are needed on the set: not if all that the scene has of them is a voice from elsewhere.
    pub on_set: bool,
}

impl Scene {
    pub(super) fn read(
        record: &Record,
        index: usize,
        place: Option<usize>,
        listed: &[usize],
        cast: &Cast,
    ) -> Self {
        let body = record.body.as_deref().unwrap_or_default();
        let part = Part::scene(Source::fountain(body)).ok();
        let elements = part.as_ref().map_or(&[][..], |part| part.elements.as_slice());
        let lines = Lines::of(body);
        let paragraphs: Vec<Paragraph> = elements
            .iter()
            .filter(|element| element.has_text() || element.kind == Kind::PageBreak)
            .map(|element| Paragraph::of(element.kind, &element.text(), element.span, body, &lines, cast))
            .collect();
        let speeches = speeches(&paragraphs, cast);
        let all = length::lines(elements);
        let spoken = length::lines(
            elements.iter().filter(|element| element.kind.is_speech() || element.kind == Kind::Character),
        );
        let eighths = record.metadata.get("pageEighths").and_then(serde_json::Value::as_u64).unwrap_or(1);
        let synopsis = text(record, "synopsis");
        let number = text(record, "number");
        Self {
            id: record.id,
            number: if number.is_empty() { format!("#{}", index + 1) } else { number },
            heading: record.name.clone(),
            side: Side::named(&text(record, "intExt")),
            place,
            area: Some(text(record, "area")).filter(|area| !area.is_empty()),
            time: text(record, "time").to_uppercase(),
            daypart: Daypart::named(&text(record, "timeOfDay")),
            eighths: u32::try_from(eighths.clamp(1, LONGEST)).unwrap_or(1),
            summary: if synopsis.is_empty() { record.description.clone() } else { synopsis },
            present: present(&paragraphs, &speeches, listed),
            vocabulary: vocabulary(&paragraphs),
            paragraphs,
            speeches,
            props: list(record, "props"),
            sounds: list(record, "sounds"),
            action_share: if all == 0 { 1.0 } else { 1.0 - spoken.min(all) as f64 / all as f64 },
        }
    }

    /// The paragraphs of action with their places.
    pub(super) fn action(&self) -> impl Iterator<Item = (usize, &Paragraph)> {
        self.paragraphs.iter().enumerate().filter(|(_, paragraph)| paragraph.kind.reads_as_action())
    }

    /// The sentences of action, with their paragraph and the people whom they name.
    pub(super) fn sentences(&self) -> impl Iterator<Item = (usize, &str, &[usize])> {
        self.action().flat_map(|(at, paragraph)| {
            let named = paragraph.named.iter().map(Vec::as_slice);
            paragraph.sentences.iter().zip(named).map(move |(sentence, named)| (at, sentence.as_str(), named))
        })
    }

    /// The first sentence of action that holds a phrase, whole, with its paragraph.
    pub(super) fn sentence_with(&self, phrase: &str) -> Option<(usize, &str)> {
        if !words(phrase).iter().all(|word| self.vocabulary.contains(&word.lower)) {
            return None;
        }
        self.sentences().find(|(_, sentence, _)| holds(sentence, phrase)).map(|(at, text, _)| (at, text))
    }

    /// Whether the heading sets it apart from the story's time: a flashback, a dream, other years.
    pub(super) fn is_elsewhen(&self) -> bool {
        let heading = self.heading.to_uppercase();
        ["FLASH", "DREAM", "YEARS", "MEMORY", "FANTASY"].iter().any(|word| heading.contains(word))
    }

    /// The words of all speeches.
    pub(super) fn words(&self) -> u32 {
        self.speeches.iter().map(|speech| speech.words).sum()
    }

    /// What a speech says, in one line.
    pub(super) fn said(&self, speech: &Speech) -> String {
        let parts = self.paragraphs[speech.parts.clone()].iter();
        let said = parts.filter(|part| matches!(part.kind, Kind::Dialogue | Kind::Lyrics));
        said.map(|part| part.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// A paragraph, as the source of what it says.
    pub(super) fn cite(&self, paragraph: usize, quote: &str) -> Citation {
        let place = self.paragraphs.get(paragraph).map(|paragraph| (paragraph.line, paragraph.span));
        Citation::of_scene(self.id, &self.number, place, quote)
    }

    /// The heading, as the source of what it says.
    pub(super) fn cite_heading(&self) -> Citation {
        let heading = self.paragraphs.iter().find(|paragraph| paragraph.kind == Kind::SceneHeading);
        let place = heading.map(|heading| (heading.line, heading.span));
        Citation::of_scene(self.id, &self.number, place, &self.heading)
    }

    /// Who is needed on the set.
    pub(super) fn on_set(&self) -> impl Iterator<Item = usize> {
        self.present.iter().filter(|presence| presence.on_set).map(|presence| presence.person)
    }
}

impl Paragraph {
    fn of(kind: Kind, written: &str, span: Span, body: &str, lines: &Lines, cast: &Cast) -> Self {
        let text = flat(written);
        let own = span.of(body);
        let start = span.start + (own.len() - own.trim_start().len());
        let sentences = if kind.reads_as_action() { sentences(&text) } else { Vec::new() };
        let named = sentences
            .iter()
            .map(|sentence| {
                let mut found = HashSet::new();
                cast.named_in(sentence, &mut found);
                let mut found: Vec<usize> = found.into_iter().collect();
                found.sort_unstable();
                found
            })
            .collect();
        Self { kind, text, sentences, named, line: lines.at(start), span }
    }
}

fn vocabulary(paragraphs: &[Paragraph]) -> HashSet<String> {
    let sentences = paragraphs.iter().flat_map(|paragraph| &paragraph.sentences);
    sentences.flat_map(|sentence| words(sentence).into_iter().map(|word| word.lower)).collect()
}

/// Where the lines of a body begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(body: &str) -> Self {
        Self(std::iter::once(0).chain(body.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    fn at(&self, offset: usize) -> u32 {
        u32::try_from(self.0.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }
}

fn speeches(paragraphs: &[Paragraph], cast: &Cast) -> Vec<Speech> {
    let mut found: Vec<Speech> = Vec::new();
    for (at, paragraph) in paragraphs.iter().enumerate() {
        if paragraph.kind == Kind::Character {
            let names = names_of_cue(&paragraph.text);
            let (name, extension) = paragraph.text.split_once('(').unwrap_or((&paragraph.text, ""));
            let speakers = cast.of_cue(&names);
            found.push(Speech {
                name: titled(name.trim_end_matches(['^', ':', ' '])),
                voice: voice(name, extension),
                speakers,
                cue: at,
                parts: at + 1..at + 1,
                words: 0,
                direction: String::new(),
                sung: false,
            });
        } else if let Some(speech) = found.last_mut().filter(|speech| speech.parts.end == at)
            && paragraph.kind.is_speech()
        {
            speech.parts.end = at + 1;
            speech.sung |= paragraph.kind == Kind::Lyrics;
            match paragraph.kind {
                Kind::Parenthetical => {
                    let bare = paragraph.text.trim_matches(['(', ')']).to_lowercase();
                    speech.direction = [speech.direction.as_str(), bare.as_str()].join(" ").trim().to_owned();
                }
                _ => speech.words += count_words(&paragraph.text),
            }
        }
    }
    found
}

/// How a voice is heard: by what stands behind the name (`(V.O.)`), or the name itself (`RADIO VOICE`).
fn voice(name: &str, extension: &str) -> Voice {
    let marks: String =
        extension.to_uppercase().chars().filter(|c| c.is_alphanumeric() || *c == '(').collect();
    if marks.contains("VO") || name.trim_end().to_uppercase().ends_with(" VOICE") {
        Voice::VoiceOver
    } else if marks.contains("OS") || marks.contains("OC") || marks.contains("OFFSCREEN") {
        Voice::OffScreen
    } else {
        Voice::OnScreen
    }
}

fn present(paragraphs: &[Paragraph], speeches: &[Speech], listed: &[usize]) -> Vec<Presence> {
    let named: HashSet<usize> =
        paragraphs.iter().flat_map(|paragraph| paragraph.named.iter().flatten().copied()).collect();
    let mut found: BTreeMap<usize, Presence> = BTreeMap::new();
    for person in listed {
        let presence = Presence { person: *person, words: 0, listed: true, on_set: true };
        found.insert(*person, presence);
    }
    let mut heard: BTreeMap<usize, bool> = BTreeMap::new();
    for speech in speeches {
        for person in &speech.speakers {
            let presence = Presence { person: *person, words: 0, listed: false, on_set: true };
            found.entry(*person).or_insert(presence).words += speech.words;
            *heard.entry(*person).or_insert(true) &= speech.voice == Voice::VoiceOver;
        }
    }
    for presence in found.values_mut() {
        let only_heard = heard.get(&presence.person) == Some(&true);
        presence.on_set = !only_heard || named.contains(&presence.person);
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::super::scripted::film;
    use super::*;

    const SCRIPT: &str = "INT. OFFICE - DAY

MARA (34) waits. The door creaks.

QUILL (V.O.)
(over the radio)
All clear. Go!

MARA (CONT'D)
~Haul away

TAM (O.S.)
Who is there?

RADIO VOICE
Rain.
";

    #[test]
    fn a_speech_knows_its_speaker_its_words_and_how_it_is_heard() {
        let film = film(SCRIPT);
        let heard: Vec<(&str, Voice, u32)> = film.scenes[0]
            .speeches
            .iter()
            .map(|speech| (speech.name.as_str(), speech.voice, speech.words))
            .collect();
        assert_eq!(
            heard,
            [
                ("Quill", Voice::VoiceOver, 3),
                ("Mara", Voice::OnScreen, 2),
                ("Tam", Voice::OffScreen, 3),
                ("Radio Voice", Voice::VoiceOver, 1),
            ]
        );
        let speech = &film.scenes[0].speeches[0];
        assert_eq!(speech.direction, "over the radio");
        assert_eq!(film.scenes[0].said(speech), "All clear. Go!");
        assert!(film.scenes[0].speeches[1].sung);
    }

    #[test]
    fn a_voice_from_elsewhere_needs_nobody_on_the_set() {
        let film = film(SCRIPT);
        let on_set: Vec<&str> = film.scenes[0].on_set().map(|who| film.people[who].name.as_str()).collect();
        assert!(!on_set.contains(&"Quill") && on_set.contains(&"Tam") && on_set.contains(&"Mara"));
    }

    #[test]
    fn a_citation_points_to_the_line_and_the_text() {
        let film = film(SCRIPT);
        let scene = &film.scenes[0];
        let (at, _) = scene.action().next().unwrap();
        let cited = scene.cite(at, "The door creaks.");
        assert_eq!((cited.line, cited.scene.as_deref()), (Some(3), Some("1")));
        assert!(cited.span.unwrap().of(SCRIPT).contains("The door creaks."));
        assert_eq!(scene.cite_heading().line, Some(1));
    }
}
