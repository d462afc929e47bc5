//! Relationships of a proposal with the records of the project: found by name, and derived from what is known.

use super::known::{Entry, Known};
use super::likeness::key_likeness;
use super::proposal::{Link, Proposal, Source};
use super::words::{Token, name_key, tokens};
use crate::catalogue::Catalogue;

/// How like a known name must be for what is probably a slip of the pen.
const SLIP: f64 = 0.93;
/// The most relationships that are derived from mentions.
const MOST_MENTIONS: usize = 12;
/// How sure a relationship is that rests on a mention in the hub's text alone.
const MENTIONED: f64 = 0.75;
/// How sure it is that two records have to do with each other because one's text names the other.
const NAMED: f64 = 0.5;

/// Adds what was said: `{proposal} {predicate} {target}`. The target becomes the record that it names, if there is one.
pub(super) fn say(
    proposal: &mut Proposal,
    catalogue: &Catalogue,
    known: &Known,
    predicate: &str,
    target: &str,
    confidence: f64,
) {
    let target = target.trim();
    if predicate.is_empty() || target.is_empty() || name_key(target) == name_key(&proposal.name) {
        return;
    }
    let link = match known.find(target, other_end(catalogue, predicate, &proposal.collection)) {
        Some((entry, certainty)) => {
            to(proposal, catalogue, entry, predicate, confidence * certainty, Source::Said)
        }
        None => Link {
            predicate: predicate.to_owned(),
            target: super::proposal::first_chars(target, super::proposal::LONGEST_NAME).to_owned(),
            target_id: None,
            target_collection: None,
            confidence: confidence * 0.6,
            of_target: false,
            source: Source::Said,
        },
    };
    proposal.link(link);
}

/// A link to a known record. Between the hub and the others the studio's own predicates hold.
pub(super) fn to(
    proposal: &Proposal,
    catalogue: &Catalogue,
    entry: &Entry,
    predicate: &str,
    confidence: f64,
    source: Source,
) -> Link {
    let (predicate, of_target) = hub_relation(catalogue, &proposal.collection, &entry.collection, predicate)
        .unwrap_or_else(|| (predicate.to_owned(), false));
    Link {
        predicate,
        target: entry.name.clone(),
        target_id: Some(entry.id),
        target_collection: Some(entry.collection.clone()),
        confidence,
        of_target,
        source,
    }
}

/// The studio's predicate between records of two collections, and whether its subject is the second one's.
fn hub_relation(catalogue: &Catalogue, own: &str, other: &str, said: &str) -> Option<(String, bool)> {
    let hub = catalogue.lexicon.hub;
    let (with, own_is_hub) = if own == hub && other != hub {
        (other, true)
    } else if other == hub && own != hub {
        (own, false)
    } else {
        return None;
    };
    let mut fitting = catalogue.lexicon.relations.iter().filter(|relation| relation.with == with);
    let first = fitting.clone().next()?;
    let relation = fitting.find(|relation| relation.predicate == said).unwrap_or(first);
    Some((relation.predicate.to_owned(), relation.from_hub != own_is_hub))
}

/// The collection at the other end of a studio's predicate.
fn other_end(catalogue: &Catalogue, predicate: &str, own: &str) -> Option<&'static str> {
    let relation = catalogue.lexicon.relations.iter().find(|relation| relation.predicate == predicate)?;
    Some(if own == catalogue.lexicon.hub { relation.with } else { catalogue.lexicon.hub })
}

/// Adds what follows from the project: names that are nearly those of records, records that the text names without
/// saying how they are related, and scenes in which the name is mentioned.
pub(super) fn derive(proposal: &mut Proposal, catalogue: &Catalogue, known: &Known) {
    mend(proposal, catalogue, known);
    for entry in named_in(&proposal.description, known) {
        let own = name_key(&entry.name) == name_key(&proposal.name);
        let linked = proposal.links.iter().any(|link| link.target_id == Some(entry.id));
        if !own && !linked {
            let related = hub_relation(catalogue, &proposal.collection, &entry.collection, "");
            let confidence = if related.is_some() { MENTIONED } else { NAMED };
            let link = to(proposal, catalogue, entry, "related_to", confidence, Source::Derived);
            proposal.link(link);
        }
    }
    if proposal.name.is_empty() || proposal.collection == catalogue.lexicon.hub {
        return;
    }
    for entry in known.mentioning(&proposal.name.clone()).take(MOST_MENTIONS) {
        if hub_relation(catalogue, &proposal.collection, &entry.collection, "").is_some()
            && !proposal.links.iter().any(|link| link.target_id == Some(entry.id))
        {
            let link = to(proposal, catalogue, entry, "related_to", MENTIONED, Source::Derived);
            proposal.link(link);
        }
    }
}

/// Takes a name that is nearly that of one record for that record's.
fn mend(proposal: &mut Proposal, catalogue: &Catalogue, known: &Known) {
    let open: Vec<usize> =
        (0..proposal.links.len()).filter(|at| proposal.links[*at].target_id.is_none()).collect();
    for at in open {
        let said = proposal.links[at].clone();
        let key = name_key(&said.target);
        let mut near = known
            .entries()
            .map(|entry| (entry, entry.keys.first().map_or(0.0, |other| key_likeness(&key, other))))
            .filter(|(_, likeness)| *likeness >= SLIP);
        if let (Some((entry, likeness)), None) = (near.next(), near.next()) {
            let confidence = (said.confidence / 0.6 * likeness * 0.9).min(1.0);
            proposal.links[at] = to(proposal, catalogue, entry, &said.predicate, confidence, Source::Derived);
        }
    }
}

/// The records whose whole names stand in a text, with a capital where the name has one.
fn named_in<'k>(text: &str, known: &'k Known) -> Vec<&'k Entry> {
    let words: Vec<Token<'_>> = tokens(text);
    let keys: Vec<String> = words.iter().map(|word| word.bare().to_lowercase().replace('’', "'")).collect();
    let mut found: Vec<&Entry> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match known.beginning(&keys[at..]).filter(|_| words[at].is_nameish()) {
            Some((entry, count)) => {
                if !found.iter().any(|other| other.id == entry.id) {
                    found.push(entry);
                }
                at += count;
            }
            None => at += 1,
        }
    }
    found
}
