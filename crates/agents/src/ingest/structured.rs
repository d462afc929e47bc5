//! Named values (JSON, CSV, YAML, `key: value` lines) as a proposal.

use serde_json::Value;
use wire::records::Metadata;

use super::fields::{self, Role};
use super::kinds::{Clues, detect};
use super::known::Known;
use super::phrases::{VERBS, noun};
use super::proposal::{Proposal, Source};
use super::words::{key, lower_words, snake};
use super::{links, proposal};
use crate::catalogue::{Catalogue, Collection, Kind};

/// The most attributes that a proposal takes: a record may have 64.
const MOST_ATTRIBUTES: usize = 60;

/// The proposal that these values make.
pub(super) fn propose(
    kind: Option<&str>,
    values: &Metadata,
    suggested: Option<&'static Collection>,
    catalogue: &Catalogue,
    known: &Known,
) -> Option<Proposal> {
    let named_kind = named_kind(values, catalogue);
    let called = suggested
        .or_else(|| kind.and_then(|kind| fields::collection_called(catalogue, kind)))
        .or(named_kind.map(|(_, collection)| collection));
    let text = whole_text(values);
    let name = values.iter().find(|(name, _)| ["name", "title"].contains(&key(name).as_str()));
    let name = name.and_then(|(_, value)| fields::text(value)).unwrap_or_default();
    let clues = Clues { called, name: &name, text: &text, fields: Some(values) };
    let (collection, confidence) = detect(&clues, catalogue, known)?;
    let mut proposal = Proposal::blank(collection, &text);
    proposal.kind_confidence = confidence;
    let kind_key = named_kind.map(|(name, _)| name);
    // The name first: a relationship with oneself is none.
    if !name.is_empty() {
        proposal.set_name(&name, Source::Said);
    }
    for (raw, value) in values {
        match fields::role(collection, raw) {
            _ if Some(raw.as_str()) == kind_key => {
                // `Character: Mara` says the name as well, `type: character` does not.
                let is_name = !fields::names_kind(raw) && proposal.name.is_empty();
                if let Some(name) = fields::text(value).filter(|_| is_name) {
                    proposal.set_name(&name, Source::Said);
                }
            }
            Role::Name => {
                if let Some(name) = fields::text(value).filter(|_| proposal.name.is_empty()) {
                    proposal.set_name(&name, Source::Said);
                }
            }
            Role::Description => {
                let text = match value {
                    Value::String(text) => Some(text.clone()),
                    other => fields::text(other),
                };
                if let Some(text) = text {
                    let joined = format!("{}\n{text}", proposal.description);
                    proposal.set_description(&joined, Source::Said);
                }
            }
            Role::Field(field) => {
                put(&mut proposal, collection, field.name, value);
                if matches!(field.kind, Kind::Text | Kind::List) {
                    relate(&mut proposal, catalogue, known, raw, value);
                }
            }
            Role::Kind | Role::Free => {
                let related = relate(&mut proposal, catalogue, known, raw, value);
                if !related {
                    keep(&mut proposal, raw, value);
                }
            }
        }
    }
    if proposal.name.is_empty()
        && let Some(number) = proposal.metadata.get("number").and_then(fields::text)
    {
        let name = format!("{} {number}", collection.singular);
        let name = name[..1].to_uppercase() + &name[1..];
        proposal.set_name(&name, Source::Derived);
    }
    Some(proposal)
}

/// Sets a field that the collection knows, or notes why it does not fit. What is empty was not said.
pub(super) fn put(proposal: &mut Proposal, collection: &Collection, name: &str, value: &Value) {
    let Some(field) = collection.field(name) else { return };
    if fields::text(value).is_none() {
        return;
    }
    match fields::fit(field.kind, value) {
        Ok(value) => proposal.set(field.name, value, Source::Said),
        Err(reason) => {
            proposal
                .misfits
                .insert(field.name.to_owned(), format!("{} {reason}; it was left out.", field.label));
        }
    }
}

/// Keeps a field that nobody knows, as it was given.
fn keep(proposal: &mut Proposal, raw: &str, value: &Value) {
    let name = snake(raw);
    let Some(value) = fields::free(value).filter(|_| !name.is_empty()) else { return };
    if proposal.metadata.len() < MOST_ATTRIBUTES {
        proposal.set(&name, value, Source::Said);
    } else if !proposal.remarks.iter().any(|remark| remark.starts_with("More than")) {
        proposal
            .remarks
            .push(format!("More than {MOST_ATTRIBUTES} attributes were given; the rest was left out."));
    }
}

/// The key that says what kind of record this is, with the collection: `type: character`, or `Character: Mara` where
/// nothing else is the name.
fn named_kind<'v>(values: &'v Metadata, catalogue: &Catalogue) -> Option<(&'v str, &'static Collection)> {
    let typed = values.iter().filter(|(name, _)| fields::names_kind(name)).find_map(|(name, value)| {
        let collection = fields::collection_called(catalogue, value.as_str()?)?;
        Some((name.as_str(), collection))
    });
    typed.or_else(|| {
        let named = values.keys().any(|name| ["name", "title"].contains(&key(name).as_str()));
        let (first, value) = values.iter().next()?;
        let collection =
            fields::collection_called(catalogue, first).filter(|c| key(c.singular) == key(first))?;
        (!named && value.is_string()).then_some((first.as_str(), collection))
    })
}

/// Reads a value as relationships, if its key or what it names says so; whether it did.
fn relate(proposal: &mut Proposal, catalogue: &Catalogue, known: &Known, raw: &str, value: &Value) -> bool {
    if ["relationships", "relations", "related"].contains(&key(raw).as_str()) {
        return related(proposal, catalogue, known, value);
    }
    let words = lower_words(&raw.replace('_', " "));
    let verb = VERBS.iter().find(|(phrase, predicate, _)| *predicate == snake(raw) || words == *phrase);
    let kin = words.last().and_then(|word| noun(word).or_else(|| noun(word.strip_suffix('s')?)));
    let collection = fields::collection_called(catalogue, raw);
    let predicate = match (verb, kin, collection) {
        (Some((_, predicate, _)), ..) => (*predicate).to_owned(),
        // `sister of: Joss` and `sister: Joss` are two different things.
        (None, None, _) if words.last().is_some_and(|word| word == "of") && words.len() == 2 => {
            let Some(noun) = noun(&words[0]) else { return false };
            format!("{noun}_of")
        }
        (None, Some(noun), _) => noun,
        (None, None, Some(collection)) => catalogue
            .lexicon
            .relations
            .iter()
            .find(|relation| {
                let other = if proposal.collection == catalogue.lexicon.hub {
                    relation.with
                } else {
                    catalogue.lexicon.hub
                };
                other == collection.name
            })
            .map_or_else(|| "related_to".to_owned(), |relation| relation.predicate.to_owned()),
        (None, None, None) => return false,
    };
    let entries = fields::entries(value);
    for entry in &entries {
        let numbered = collection.and_then(|collection| {
            let number = entry.rsplit(' ').next().unwrap_or_default();
            known.numbered(collection.name, number)
        });
        match numbered {
            Some(found) => {
                let link = links::to(proposal, catalogue, found, &predicate, 0.95, Source::Said);
                proposal.link(link);
            }
            None => links::say(proposal, catalogue, known, &predicate, entry, 0.95),
        }
    }
    !entries.is_empty()
}

/// `relationships: [{type, target}]`, or a map from kinds to names.
fn related(proposal: &mut Proposal, catalogue: &Catalogue, known: &Known, value: &Value) -> bool {
    let before = proposal.links.len();
    match value {
        Value::Array(entries) => {
            for entry in entries.iter().filter_map(Value::as_object).take(proposal::MOST_LINKS) {
                let get = |names: &[&str]| {
                    let found = entry.iter().find(|(name, _)| names.contains(&key(name).as_str()));
                    found.and_then(|(_, value)| fields::text(value))
                };
                let kind = get(&["type", "kind", "relation", "relationship", "predicate"]);
                if let Some(target) = get(&["target", "to", "with", "name", "object"]) {
                    let predicate = kind.map_or_else(|| "related_to".into(), |kind| snake(&kind));
                    links::say(proposal, catalogue, known, &predicate, &target, 0.95);
                }
            }
        }
        Value::Object(kinds) => {
            for (kind, targets) in kinds.iter().take(proposal::MOST_LINKS) {
                for target in fields::entries(targets) {
                    links::say(proposal, catalogue, known, &snake(kind), &target, 0.95);
                }
            }
        }
        _ => {}
    }
    proposal.links.len() > before
}

/// All that is said, as text, for cues and for the source of facts.
fn whole_text(values: &Metadata) -> String {
    let parts = values.iter().filter_map(|(name, value)| Some(format!("{name}: {}", fields::text(value)?)));
    parts.collect::<Vec<_>>().join("; ")
}
