//! Character: who is in the film and where, who is with whom, who speaks to whom, and which names may be slips.
//!
//! A speech is spoken *to* whom its direction names (`(to Joss)`); into a telephone or a tube, to nobody there; or else to
//! who spoke last in the scene, or, if nobody did, to who speaks next. A *presence curve* has ten tenths of the script by
//! length; each holds the share of the tenth's eighths in whose scenes the person is.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use kernel::EntityId;
use serde::{Deserialize, Serialize};

use super::cited::Citation;
use super::film::Film;
use super::scene::{Scene, Speech};
use super::scores::{Scores, Tally};
use super::words::{holds, words};

/// The shortest name that a slip is looked for, in letters.
const SHORTEST: usize = 4;
/// The most slips that are told.
const SLIPS: usize = 50;

/// The people of the film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Characters {
    /// Everybody, who is in most scenes first.
    pub cast: Vec<Member>,
    /// Pairs that are in scenes together, most scenes first: the matrix without its zeros.
    pub together: Vec<Pair>,
    /// Who speaks to whom, most words first.
    pub talks: Vec<Talk>,
    /// Names that may be slips of another.
    pub slips: Vec<Slip>,
    #[allow(missing_docs)]
    pub scores: Scores,
}

/// Someone of the cast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Member {
    pub record: EntityId,
    pub name: String,
    /// The numbers of their scenes, in order.
    pub scenes: Vec<String>,
    /// Speeches, each a cue.
    pub lines: usize,
    /// Words spoken.
    pub words: u32,
    /// The share of all words spoken, 0 to 1.
    pub share: f64,
    /// The first scene's number and heading; absent if they are in none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first: Option<Citation>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last: Option<Citation>,
    /// Ten tenths of the script, each 0 to 1.
    pub presence: Vec<f64>,
}

/// Two who are in scenes together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Pair {
    pub one: String,
    pub other: String,
    /// The numbers of the scenes.
    pub scenes: Vec<String>,
}

/// What one says to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Talk {
    pub from: String,
    pub to: String,
    pub lines: usize,
    pub words: u32,
    /// The first line said.
    pub source: Citation,
}

/// A name that may be a slip of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Slip {
    pub written: String,
    pub meant: String,
    /// Where it stands first.
    pub source: Citation,
}

/// Reads the film's people.
#[must_use]
pub fn characters(film: &Film) -> Characters {
    let mut cast: Vec<Member> = (0..film.people.len()).map(|who| member(film, who)).collect();
    let all: u32 = cast.iter().map(|member| member.words).sum();
    for member in &mut cast {
        member.share = (f64::from(member.words) / f64::from(all.max(1)) * 1000.0).round() / 1000.0;
    }
    cast.sort_by(|a, b| (b.scenes.len(), b.words).cmp(&(a.scenes.len(), a.words)).then(a.name.cmp(&b.name)));
    let slips = slips(film);
    let speeches: Vec<&Speech> = film.scenes.iter().flat_map(|scene| &scene.speeches).collect();
    let known = speeches.iter().filter(|speech| !speech.speakers.is_empty()).count();
    let with = |has: fn(&super::film::Person) -> bool| film.people.iter().filter(|p| has(p)).count();
    let misspelt: HashSet<&str> = slips.iter().map(|slip| slip.meant.as_str()).collect();
    let scores = Tally::default()
        .complete(known, speeches.len(), "speeches are of someone with a record")
        .complete(with(|p| !p.description.is_empty()), film.people.len(), "characters are introduced")
        .complete(with(|p| p.age.is_some()), film.people.len(), "characters have an age")
        .consistent(film.people.len() - misspelt.len(), film.people.len(), "names are written one way")
        .scores();
    Characters { cast, together: together(film), talks: talks(film), slips, scores }
}

fn member(film: &Film, who: usize) -> Member {
    let own: Vec<(usize, &Scene)> = film.scenes_of(who).map(|(at, scene, _)| (at, scene)).collect();
    let speeches =
        || film.scenes.iter().flat_map(|scene| &scene.speeches).filter(|s| s.speakers.contains(&who));
    Member {
        record: film.people[who].id,
        name: film.people[who].name.clone(),
        scenes: own.iter().map(|(_, scene)| scene.number.clone()).collect(),
        lines: speeches().count(),
        words: speeches().map(|speech| speech.words).sum(),
        share: 0.0,
        first: own.first().map(|(_, scene)| scene.cite_heading()),
        last: own.last().map(|(_, scene)| scene.cite_heading()),
        presence: presence(film, &own.iter().map(|(at, _)| *at).collect()),
    }
}

/// The share of each tenth of the script in whose scenes someone is.
fn presence(film: &Film, own: &HashSet<usize>) -> Vec<f64> {
    let total = f64::from(film.eighths().max(1));
    let mut tenths = vec![0.0; 10];
    let mut starts = 0.0;
    for (at, scene) in film.scenes.iter().enumerate() {
        let (from, to) = (starts / total * 10.0, (starts + f64::from(scene.eighths)) / total * 10.0);
        starts += f64::from(scene.eighths);
        for (tenth, share) in tenths.iter_mut().enumerate().filter(|_| own.contains(&at)) {
            *share += (to.min(tenth as f64 + 1.0) - from.max(tenth as f64)).max(0.0);
        }
    }
    tenths.into_iter().map(|share: f64| (share * 100.0).round() / 100.0).collect()
}

fn together(film: &Film) -> Vec<Pair> {
    let mut pairs: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    for scene in &film.scenes {
        for (at, one) in scene.present.iter().enumerate() {
            for other in &scene.present[at + 1..] {
                pairs.entry((one.person, other.person)).or_default().push(scene.number.clone());
            }
        }
    }
    let name = |who: usize| film.people[who].name.clone();
    let mut pairs: Vec<Pair> = pairs
        .into_iter()
        .map(|((one, other), scenes)| Pair { one: name(one), other: name(other), scenes })
        .collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.scenes.len()));
    pairs
}

fn talks(film: &Film) -> Vec<Talk> {
    let mut found: BTreeMap<(usize, usize), Talk> = BTreeMap::new();
    for scene in &film.scenes {
        for (at, speech) in scene.speeches.iter().enumerate() {
            for to in listeners(film, scene, at) {
                for from in speech.speakers.iter().filter(|from| **from != to) {
                    let talk = found.entry((*from, to)).or_insert_with(|| Talk {
                        from: film.people[*from].name.clone(),
                        to: film.people[to].name.clone(),
                        lines: 0,
                        words: 0,
                        source: scene.cite(speech.cue, &scene.said(speech)),
                    });
                    talk.lines += 1;
                    talk.words += speech.words;
                }
            }
        }
    }
    let mut found: Vec<Talk> = found.into_values().collect();
    found.sort_by_key(|talk| std::cmp::Reverse((talk.words, talk.lines)));
    found
}

/// To whom a speech is spoken.
fn listeners(film: &Film, scene: &Scene, at: usize) -> Vec<usize> {
    let speech = &scene.speeches[at];
    let named = |who: &usize| {
        let person = &film.people[*who];
        std::iter::once(&person.name).chain(&person.aliases).any(|name| holds(&speech.direction, name))
    };
    let told: Vec<usize> =
        (0..film.people.len()).filter(|who| !speech.direction.is_empty() && named(who)).collect();
    if !told.is_empty() {
        return told;
    }
    if ["into ", "on phone", "filtered", "to himself", "to herself", "to themself", "to self"]
        .iter()
        .any(|elsewhere| speech.direction.contains(elsewhere))
    {
        return Vec::new();
    }
    let other = |speech_of: &&Speech| {
        !speech_of.speakers.is_empty() && speech_of.speakers.iter().all(|who| !speech.speakers.contains(who))
    };
    let before = scene.speeches[..at].iter().rfind(other);
    let spoken = before.or_else(|| scene.speeches[at + 1..].iter().find(other));
    spoken.map(|speech| speech.speakers.clone()).unwrap_or_default()
}

/// Names that differ from a known one by one letter, and are no word that the script writes small.
fn slips(film: &Film) -> Vec<Slip> {
    let mut small: HashSet<String> = HashSet::new();
    let mut written: Vec<(&Scene, usize, String)> = Vec::new();
    let mut met: HashSet<String> = HashSet::new();
    for scene in &film.scenes {
        for (at, paragraph) in scene.paragraphs.iter().enumerate() {
            for word in words(&paragraph.text) {
                if word.text.chars().next().is_some_and(char::is_lowercase) {
                    small.insert(word.lower);
                } else if met.insert(word.lower.clone()) {
                    written.push((scene, at, word.text.to_owned()));
                }
            }
        }
    }
    let known: BTreeSet<String> = film
        .people
        .iter()
        .flat_map(|person| std::iter::once(&person.name).chain(&person.aliases))
        .flat_map(|name| words(name).into_iter().map(|word| word.lower).collect::<Vec<_>>())
        .collect();
    let mut owner: HashMap<&str, &str> = HashMap::new();
    for person in &film.people {
        for word in words(&person.name) {
            if let Some(known) = known.get(&word.lower) {
                owner.entry(known).or_insert(&person.name);
            }
        }
    }
    let mut found: Vec<Slip> = Vec::new();
    for (scene, at, word) in written {
        let lower = word.to_lowercase();
        let like = known.iter().find(|name| is_slip(&lower, name));
        if let Some(name) = like.filter(|_| !known.contains(&lower) && !small.contains(&lower))
            && let Some(meant) = owner.get(name.as_str())
        {
            let source = scene.cite(at, &scene.paragraphs[at].text);
            found.push(Slip { written: word, meant: (*meant).to_owned(), source });
        }
    }
    // Two records whose whole names are a letter apart are as likely one person.
    for (at, one) in film.people.iter().enumerate() {
        for other in &film.people[at + 1..] {
            if is_slip(&one.name.to_lowercase(), &other.name.to_lowercase()) {
                let (written, meant) = (other.name.clone(), one.name.clone());
                found.push(Slip { written, meant, source: other.cite(&other.description) });
            }
        }
    }
    found.truncate(SLIPS);
    found
}

/// Whether two names begin alike, are long enough, and are one letter (or two swapped) apart.
fn is_slip(written: &str, name: &str) -> bool {
    let digits = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    written != name
        && name.chars().count() >= SHORTEST
        && written.chars().count() >= SHORTEST
        && written.chars().next() == name.chars().next()
        && !digits(written)
        && !digits(name)
        // A plural, a possessive or a pet name (`Scotty`) is no slip.
        && !['s', 'y'].iter().any(|end| {
            written.strip_suffix(*end) == Some(name) || name.strip_suffix(*end) == Some(written)
        })
        && strsim::osa_distance(written, name) == 1
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{film, sample};
    use super::*;

    #[test]
    fn the_words_of_the_cast_are_the_words_of_the_scenes() {
        let film = sample();
        let found = characters(&film);
        let mara = found.cast.iter().find(|member| member.name == "Mara").unwrap();
        let counted: u32 = film.scenes_of(0).map(|(.., presence)| presence.words).sum();
        assert_eq!((mara.record, mara.words), (film.people[0].id, counted));
        assert_eq!(found.cast[0].name, "Mara");
        assert_eq!(mara.first.as_ref().unwrap().scene.as_deref(), Some("1"));
        assert_eq!(mara.last.as_ref().unwrap().scene.as_deref(), Some("13"));
        assert!(found.slips.is_empty(), "{:?}", found.slips);
    }

    #[test]
    fn a_speech_is_to_whom_its_direction_names_or_who_spoke_before() {
        let script = "INT. A - DAY\n\nMARA\nOne.\n\nJOSS\nTwo.\n\nQUILL\n(to Mara)\nThree.\n\nJOSS\n(into phone)\nFour.\n";
        let told: Vec<String> = characters(&film(script))
            .talks
            .iter()
            .map(|talk| format!("{} to {}: {}", talk.from, talk.to, talk.lines))
            .collect();
        let mut sorted = told.clone();
        sorted.sort();
        assert_eq!(sorted, ["Joss to Mara: 1", "Mara to Joss: 1", "Quill to Mara: 1"]);
    }

    #[test]
    fn those_in_a_scene_together_are_a_pair_of_it() {
        let script = "INT. A - DAY\n\nMARA\nOne.\n\nJOSS\nTwo.\n\nINT. B - DAY\n\nMARA\nThree.\n";
        let pairs = characters(&film(script)).together;
        assert_eq!(pairs.len(), 1);
        assert_eq!(pairs[0].scenes, ["1"]);
    }

    #[test]
    fn a_name_one_letter_off_is_told_with_its_place_and_a_word_is_not() {
        let script = "INT. A - DAY\n\nMARAH waits. Mara's boat. Quil laughs. Maras wait. Joss and Jossy.\n\nMARA\nA quill, Quill? Joss!\n\nQUILL\nMara.\n\nJOSS\nBoss jokes.\n";
        let found = characters(&film(script)).slips;
        let told: Vec<(&str, &str)> =
            found.iter().map(|slip| (slip.written.as_str(), slip.meant.as_str())).collect();
        assert_eq!(told, [("MARAH", "Mara"), ("Quil", "Quill")]);
        assert_eq!(found[0].source.line, Some(3));
    }

    #[test]
    fn presence_is_the_share_of_each_tenth() {
        let page = "They wait for it.\n\n".repeat(26);
        let film = film(&format!("INT. A - DAY\n\n{page}MARA\nYes.\n\nINT. B - DAY\n\n{page}JOSS\nNo.\n"));
        let cast = characters(&film).cast;
        let joss = cast.iter().find(|member| member.name == "Joss").unwrap();
        assert_eq!(joss.presence[..4], [0.0; 4]);
        assert_eq!(joss.presence[6..], [1.0; 4]);
    }
}
