//! What kind of record a text speaks of, by its words, its fields and its name.

use brain::lexicon::NamedBy;
use wire::records::Metadata;

use super::fields;
use super::known::Known;
use super::words::{key, lower_words};
use crate::catalogue::{Catalogue, Collection};

/// The score from which the kind of a record is sure enough not to be remarked on.
const SURE: f64 = 0.5;

/// What there is to tell the kind from.
#[derive(Debug, Default)]
pub(super) struct Clues<'c> {
    /// What the text or the caller calls it.
    pub(super) called: Option<&'static Collection>,
    /// The record's name.
    pub(super) name: &'c str,
    /// The text about it.
    pub(super) text: &'c str,
    /// The fields that it fills.
    pub(super) fields: Option<&'c Metadata>,
}

/// The collection that the clues speak for, and how sure that is.
pub(super) fn detect(
    clues: &Clues<'_>,
    catalogue: &Catalogue,
    known: &Known,
) -> Option<(&'static Collection, f64)> {
    if let Some(called) = clues.called {
        return Some((called, 1.0));
    }
    let words = lower_words(clues.text);
    let mut scored: Vec<(&'static Collection, f64)> = catalogue
        .collections
        .iter()
        .map(|collection| (collection, score(collection, clues, &words, catalogue, known)))
        .collect();
    // Stable: of equals, the one that the studio shows first.
    scored.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (best, most) = *scored.first()?;
    let second = scored.get(1).map_or(0.0, |(_, score)| *score);
    if most <= 0.0 {
        return Some((guess(clues.name, catalogue)?, 0.2));
    }
    let lead = (most - second) / most;
    Some((best, ((0.5 + 0.5 * lead) * (most / SURE).min(1.0)).clamp(0.0, 0.99)))
}

fn score(
    collection: &'static Collection,
    clues: &Clues<'_>,
    words: &[String],
    catalogue: &Catalogue,
    known: &Known,
) -> f64 {
    let mut score = 0.0;
    for name in clues.fields.into_iter().flat_map(|fields| fields.keys()) {
        let knowing = catalogue.collections.iter().filter(|c| fields::field(c, name).is_some()).count();
        if knowing > 0 && fields::field(collection, name).is_some() {
            score += 0.5 / knowing as f64;
        }
    }
    let cue = |cue: &&&str| {
        let wanted = lower_words(cue);
        !wanted.is_empty() && words.windows(wanted.len()).any(|run| run == wanted)
    };
    score += 0.3 * collection.cues.iter().filter(cue).take(3).count() as f64;
    let singular = key(collection.singular);
    if let Some(at) = words.iter().position(|word| *word == singular) {
        let article = at > 0 && ["a", "an", "new", "the", "another"].contains(&words[at - 1].as_str());
        // `scene 4` in the middle of a text is where something happens, not what the text is about.
        score += if at == 0 || (article && at < 6) { 0.6 } else { 0.05 };
    }
    let lexicon = catalogue.lexicon.collection(collection.name);
    let spoken_of = |word: &str| lexicon.is_some_and(|c| c.words.contains(&word));
    if spoken_of("who") && words.iter().any(|word| PERSONAL.contains(&word.as_str())) {
        score += 0.4;
    }
    if lexicon.is_some_and(|c| c.named_by == NamedBy::Number) && is_slug_line(clues.name) {
        score += 0.8;
    }
    if !clues.name.is_empty() && known.named(clues.name).any(|entry| entry.collection == collection.name) {
        score += 0.6;
    }
    score
}

const PERSONAL: &[&str] = &["he", "she", "him", "his", "her", "hers", "himself", "herself", "who", "whose"];

/// Whether a text is a scene heading.
pub(super) fn is_slug_line(text: &str) -> bool {
    let upper = text.trim_start().to_uppercase();
    ["INT.", "EXT.", "INT ", "EXT ", "INT/", "I/E", "EST."].iter().any(|mark| upper.starts_with(mark))
}

/// Without any clue: who, if it has the name of a person; else the last that the studio names, its most general.
fn guess(name: &str, catalogue: &Catalogue) -> Option<&'static Collection> {
    let words = name.split_whitespace().count();
    let people = catalogue
        .collections
        .iter()
        .find(|c| catalogue.lexicon.collection(c.name).is_some_and(|known| known.words.contains(&"who")));
    people.filter(|_| (2..=3).contains(&words)).or(catalogue.collections.last())
}
