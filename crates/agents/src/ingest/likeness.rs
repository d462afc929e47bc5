//! Which records of a project a proposal may already be: by name, aliases, number and attributes.

use brain::lexicon::NamedBy;
use serde_json::Value;
use wire::orchestrator::Duplicate;

use super::known::{Entry, Known};
use super::proposal::{Proposal, rounded};
use super::words::name_key;
use crate::catalogue::Catalogue;

/// From here on a person should look at both.
pub const REVIEW_FROM: f64 = 0.80;
/// From here on they are likely one, and what is new should be merged.
pub const MERGE_FROM: f64 = 0.90;
/// From here on they are the same; a proposal that adds nothing can be skipped.
pub const SKIP_FROM: f64 = 0.95;

/// The most duplicates that are told.
const MOST: usize = 5;
/// The weight of the name, where there are attributes to compare too.
const BY_NAME: f64 = 0.85;
/// What an equal name alone comes to: enough to merge, not to skip.
const NAME_ALONE: f64 = 0.94;
/// What a part of a name comes to: `Mara` and `Mara Voss`.
const PART: f64 = 0.93;

/// The records that the proposal may be, most alike first.
pub(super) fn duplicates(proposal: &Proposal, catalogue: &Catalogue, known: &Known) -> Vec<Duplicate> {
    let numbered =
        catalogue.lexicon.collection(&proposal.collection).is_some_and(|c| c.named_by == NamedBy::Number);
    let mut found: Vec<(&Entry, f64)> = known
        .of_collection(&proposal.collection)
        .map(|entry| (entry, likeness(proposal, entry, numbered)))
        .filter(|(_, likeness)| *likeness >= REVIEW_FROM)
        .collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.id.cmp(&b.0.id)));
    found
        .into_iter()
        .take(MOST)
        .map(|(entry, likeness)| {
            let similarity = rounded(likeness);
            let advice = if similarity >= SKIP_FROM && !adds(proposal, entry) {
                "skip"
            } else if similarity >= MERGE_FROM {
                "merge"
            } else {
                "review"
            };
            Duplicate { id: entry.id, name: entry.name.clone(), similarity, advice: advice.to_owned() }
        })
        .collect()
}

fn likeness(proposal: &Proposal, entry: &Entry, numbered: bool) -> f64 {
    let number = |metadata: &wire::records::Metadata| metadata.get("number").map(plain);
    let by_name = match (numbered, number(&proposal.metadata), number(&entry.metadata)) {
        // Scenes share names; their numbers tell them apart.
        (true, Some(own), Some(other)) => f64::from(u8::from(own == other)),
        _ => {
            let own = std::iter::once(proposal.name.as_str()).chain(aliases(proposal));
            own.flat_map(|own| {
                std::iter::once(entry.name.as_str())
                    .chain(entry.aliases())
                    .map(move |other| name_likeness(own, other))
            })
            .fold(0.0, f64::max)
        }
    };
    // The number is what they were matched by, and of lists one may simply name more.
    let shared: Vec<bool> = proposal
        .metadata
        .iter()
        .filter(|(name, value)| !value.is_array() && !(numbered && name.as_str() == "number"))
        .filter_map(|(name, value)| Some(plain(value) == plain(entry.metadata.get(name)?)))
        .collect();
    if shared.is_empty() {
        return by_name * NAME_ALONE;
    }
    let agreeing = shared.iter().filter(|same| **same).count() as f64 / shared.len() as f64;
    by_name * (BY_NAME + (1.0 - BY_NAME) * agreeing)
}

fn aliases(proposal: &Proposal) -> impl Iterator<Item = &str> {
    proposal.metadata.get("aliases").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// How alike two names are, 0 to 1.
pub(super) fn name_likeness(one: &str, other: &str) -> f64 {
    let (one_key, other_key) = (name_key(one), name_key(other));
    if one_key.is_empty() || other_key.is_empty() {
        return 0.0;
    }
    if one_key == other_key {
        return 1.0;
    }
    // `Zoë` and `Zoe` differ by what keyboards lack.
    if one_key.chars().all(|c| !c.is_alphabetic() || is_latin(c))
        && store::slug::slug(&one_key) == store::slug::slug(&other_key)
    {
        return 0.99;
    }
    let (one_words, other_words): (Vec<&str>, Vec<&str>) =
        (one_key.split(' ').collect(), other_key.split(' ').collect());
    let (short, long) = if one_words.len() < other_words.len() {
        (&one_words, &other_words)
    } else {
        (&other_words, &one_words)
    };
    if short.len() < long.len() && short.iter().all(|word| long.contains(word) && word.chars().count() > 2) {
        return PART;
    }
    // Whole names that share a beginning look alike to Jaro-Winkler, so every word must have its like.
    let worst = |from: &[&str], to: &[&str]| {
        let best = |word: &&str| to.iter().map(|other| strsim::jaro_winkler(word, other)).fold(0.0, f64::max);
        from.iter().map(best).fold(1.0, f64::min)
    };
    let whole = strsim::jaro_winkler(&one_key, &other_key);
    if short.len() == long.len() {
        whole.min(worst(short, long)).min(worst(long, short))
    } else {
        whole.min(worst(short, long)) * PART
    }
}

fn is_latin(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '\u{00C0}'..='\u{024F}' | '\u{0300}'..='\u{036F}' | '\u{1E00}'..='\u{1EFF}')
}

/// Whether the proposal says anything that the record does not.
fn adds(proposal: &Proposal, entry: &Entry) -> bool {
    proposal.metadata.iter().any(|(name, value)| entry.metadata.get(name).map(plain) != Some(plain(value)))
}

/// Attributes of the proposal that say otherwise than the record does: name, what is said, what is known.
pub(super) fn contradictions<'p>(proposal: &'p Proposal, entry: &Entry) -> Vec<(&'p str, String, String)> {
    let differing = proposal.metadata.iter().filter_map(|(name, value)| {
        let known = entry.metadata.get(name)?;
        // Of lists, one may simply name more.
        let differs = !value.is_array() && plain(known) != plain(value);
        let shown = |value: &Value| super::fields::text(value).unwrap_or_default();
        differs.then(|| (name.as_str(), shown(value), shown(known)))
    });
    differing.collect()
}

/// A value as it is compared: text without case and outer blanks.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_lowercase(),
        other => other.to_string().to_lowercase(),
    }
}
