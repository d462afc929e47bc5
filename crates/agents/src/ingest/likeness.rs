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
    let own: Vec<String> =
        std::iter::once(proposal.name.as_str()).chain(aliases(proposal)).map(name_key).collect();
    let mut found: Vec<(&Entry, f64)> = known
        .of_collection(&proposal.collection)
        .map(|entry| (entry, likeness(proposal, &own, entry, numbered)))
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

/// How alike a proposal, whose names have the keys `own`, and a record are.
fn likeness(proposal: &Proposal, own: &[String], entry: &Entry, numbered: bool) -> f64 {
    let number = |metadata: &wire::records::Metadata| metadata.get("number").map(plain);
    let by_name = match (numbered, number(&proposal.metadata), number(&entry.metadata)) {
        // Scenes share names; their numbers tell them apart.
        (true, Some(own), Some(other)) => f64::from(u8::from(own == other)),
        _ => {
            let pairs =
                own.iter().flat_map(|own| entry.keys.iter().map(move |other| key_likeness(own, other)));
            pairs.fold(0.0, f64::max)
        }
    };
    // The number is what they were matched by, and of lists one may simply name more.
    let shared: Vec<bool> = proposal
        .metadata
        .iter()
        .filter(|(name, value)| !(value.is_array() || numbered && name.as_str() == "number"))
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

/// How alike two names are, 0 to 1, by their keys. Below [`REVIEW_FROM`] it is only known to be below.
pub(super) fn key_likeness(one: &str, other: &str) -> f64 {
    if one.is_empty() || other.is_empty() {
        return 0.0;
    }
    if one == other {
        return 1.0;
    }
    // `Zoë` and `Zoe` differ by what keyboards lack.
    let latin = |name: &str| name.chars().all(|c| !c.is_alphabetic() || is_latin(c));
    let accents = !(one.is_ascii() && other.is_ascii());
    if accents && latin(one) && store::slug::slug(one) == store::slug::slug(other) {
        return 0.99;
    }
    let count = |name: &str| name.split(' ').count();
    let (short, long) = if count(one) <= count(other) { (one, other) } else { (other, one) };
    let even = count(short) == count(long);
    if !even
        && short.split(' ').all(|word| word.chars().count() > 2 && long.split(' ').any(|other| other == word))
    {
        return PART;
    }
    let whole = strsim::jaro_winkler(one, other);
    if whole < REVIEW_FROM {
        return whole;
    }
    // Whole names that share a beginning look alike to Jaro-Winkler, so every word must have its like.
    let worst = |from: &str, to: &str| {
        let best =
            |word: &str| to.split(' ').map(|other| strsim::jaro_winkler(word, other)).fold(0.0, f64::max);
        from.split(' ').map(best).fold(1.0, f64::min)
    };
    let least = whole.min(worst(short, long));
    if even { least.min(worst(long, short)) } else { least * PART }
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
