//! Proposals become records: one change with the entities, their relationships, and the notice to everyone.

use std::collections::HashMap;

use kernel::{ChangeId, Code, EntityId, Error, EventKind, Result};
use serde_json::{Value, json};
use store::changes::{Applied, Draft, New, Patch, Write};
use store::facts::{self, NewFact};
use store::{Tenant, changes, entities, events};
use wire::records::{Metadata, Record};

use super::known::Known;
use super::proposal::{LONGEST_DESCRIPTION, Link, Proposal, Source};
use super::words::name_key;
use crate::catalogue::Catalogue;

/// What was saved.
#[derive(Debug, Clone)]
pub(super) struct Saved {
    pub(super) change: ChangeId,
    /// In the order of the proposals.
    pub(super) entities: Vec<EntityId>,
    pub(super) records: Vec<Record>,
    pub(super) created: i64,
    pub(super) changed: i64,
}

/// Saves proposals as one change. With `merge_into`, the only one becomes part of that record.
///
/// # Errors
/// `VALIDATION_ERROR` when one is not fit to be saved, `NOT_FOUND` when the record to merge into is gone.
pub(super) fn save(
    t: &mut Tenant<'_, '_>,
    catalogue: &Catalogue,
    proposals: &[&Proposal],
    merge_into: Option<EntityId>,
) -> Result<Saved> {
    let mut draft = Draft { summary: summary(proposals, merge_into.is_some()), ..Draft::default() };
    let mut ids: Vec<EntityId> = Vec::with_capacity(proposals.len());
    for proposal in proposals {
        if proposal.name.is_empty() {
            return Err(Error::field("name", "must not be blank; set one with the decision `modify`"));
        }
        catalogue.collection(&proposal.collection)?.check(&proposal.metadata)?;
        let (id, write) = match merge_into {
            Some(id) => (id, merge(t, catalogue, proposal, id)?),
            None => {
                let id = t.id();
                (id, Write::Create(new(id, proposal)))
            }
        };
        ids.push(id);
        draft.writes.push(write);
    }
    for (proposal, id) in proposals.iter().zip(&ids) {
        let targets = targets(t, catalogue, proposal, proposals, &ids)?;
        draft.facts.extend(facts_of(proposal, *id, &targets));
    }
    if merge_into.is_some() {
        leave_out_known(t, &ids, &mut draft.facts)?;
    }
    let Applied { change, records, .. } = changes::apply(t, &draft)?;
    let count = i64::try_from(records.len()).unwrap_or(i64::MAX);
    let (created, changed) = if merge_into.is_some() { (0, count) } else { (count, 0) };
    Ok(Saved { change, entities: ids, records, created, changed })
}

fn summary(proposals: &[&Proposal], merged: bool) -> String {
    let name = proposals.first().map_or("", |first| first.name.as_str());
    match (proposals.len(), merged) {
        (_, true) => format!("Added to {name} from words"),
        (1, false) => format!("Added {name} from words"),
        (many, false) => format!("Added {name} and {} more from words", many - 1),
    }
}

fn new(id: EntityId, proposal: &Proposal) -> New {
    New {
        id,
        collection: proposal.collection.clone(),
        name: proposal.name.clone(),
        description: proposal.description.clone(),
        metadata: proposal.metadata.clone(),
        body: None,
        position: None,
        origin: proposal.origin(),
    }
}

/// The change that brings what the proposal says into a record that is there. What was said counts more than what stood
/// there, what was derived or made by a model only fills gaps, and nothing is taken away.
fn merge(t: &mut Tenant<'_, '_>, catalogue: &Catalogue, proposal: &Proposal, id: EntityId) -> Result<Write> {
    let record = entities::any(t, id)?;
    if record.collection != proposal.collection {
        let wanted = catalogue.lexicon.singular(&proposal.collection);
        return Err(Error::field("mergeInto", format!("must be a {wanted}")));
    }
    let mut metadata = Metadata::new();
    for (name, value) in &proposal.metadata {
        let said = proposal.sources.get(name).is_none_or(|source| *source == Source::Said);
        let merged = match (record.metadata.get(name), value) {
            (Some(Value::Array(there)), Value::Array(more)) => {
                let new = more.iter().filter(|value| !there.contains(value));
                Value::Array(there.iter().chain(new).cloned().collect())
            }
            (Some(_), _) if !said => continue,
            _ => value.clone(),
        };
        metadata.insert(name.clone(), merged);
    }
    let mut whole = record.metadata.clone();
    changes::merge(&mut whole, &metadata);
    catalogue.collection(&record.collection)?.check(&whole)?;
    let description = match (record.description.as_str(), proposal.description.as_str()) {
        (_, "") => None,
        ("", more) => Some(more.to_owned()),
        (there, more) if there.contains(more) => None,
        (there, more) => {
            Some(format!("{there}\n\n{more}")).filter(|joined| joined.chars().count() <= LONGEST_DESCRIPTION)
        }
    };
    let by_model = proposal.origin() == wire::records::Origin::Model;
    let origin = by_model.then_some(wire::records::Origin::Model);
    let patch = Patch { description, metadata: Some(metadata), origin, ..Patch::default() };
    Ok(Write::Change { id, expected: Some(record.version), patch })
}

/// The records at the other ends of a proposal's relationships, as they are now: those that it was matched with, those
/// that are saved along with it, and those that came to be since it was read.
fn targets(
    t: &mut Tenant<'_, '_>,
    catalogue: &Catalogue,
    proposal: &Proposal,
    along: &[&Proposal],
    ids: &[EntityId],
) -> Result<HashMap<String, EntityId>> {
    let matched: Vec<EntityId> = proposal.links.iter().filter_map(|link| link.target_id).collect();
    let live: Vec<EntityId> = entities::many(t, &matched)?.into_iter().map(|record| record.id).collect();
    let mut found: HashMap<String, EntityId> = HashMap::new();
    let mut open: Vec<&Link> = Vec::new();
    for link in &proposal.links {
        match link.target_id {
            Some(id) if live.contains(&id) => drop(found.insert(link.target.clone(), id)),
            Some(_) => {}
            None => open.push(link),
        }
    }
    if open.is_empty() {
        return Ok(found);
    }
    let known = Known::read(t, catalogue)?;
    for link in open {
        let together =
            along.iter().zip(ids).find(|(other, _)| name_key(&other.name) == name_key(&link.target));
        let id =
            together.map(|(_, id)| *id).or_else(|| known.find(&link.target, None).map(|(entry, _)| entry.id));
        if let Some(id) = id {
            found.insert(link.target.clone(), id);
        }
    }
    Ok(found)
}

fn facts_of(proposal: &Proposal, id: EntityId, targets: &HashMap<String, EntityId>) -> Vec<NewFact> {
    let facts = proposal.links.iter().filter_map(|link| {
        let target = *targets.get(&link.target)?;
        let (subject, object) = if link.of_target { (target, id) } else { (id, target) };
        (subject != object).then(|| NewFact {
            subject,
            predicate: link.predicate.clone(),
            object: Some(object),
            value: None,
            weight: None,
            confidence: link.confidence.clamp(0.0, 1.0),
            origin: link.source.origin(),
            source: Some(proposal.excerpt.clone()),
        })
    });
    facts.collect()
}

/// Leaves out what is known already, so that a merge says nothing twice.
fn leave_out_known(t: &mut Tenant<'_, '_>, ids: &[EntityId], facts: &mut Vec<NewFact>) -> Result<()> {
    let known = facts::about(t, ids)?;
    facts.retain(|fact| {
        !known.iter().any(|other| {
            other.subject == fact.subject && other.predicate == fact.predicate && other.object == fact.object
        })
    });
    Ok(())
}

/// Tells everyone in the project what was saved.
///
/// # Errors
/// When the database fails.
pub(super) fn tell(t: &mut Tenant<'_, '_>, catalogue: &Catalogue, saved: &Saved) -> Result<()> {
    let Some(first) = saved.records.first() else {
        return Err(Error::new(Code::UnknownError, "Nothing was saved."));
    };
    let kind = catalogue.lexicon.singular(&first.collection);
    let (title, message) = match (saved.records.len(), saved.changed) {
        (_, 1..) => (
            format!("{} updated", first.name),
            format!("What was said was added to the {kind} {}.", first.name),
        ),
        (1, _) => (format!("{} added", first.name), format!("{} is a new {kind}.", first.name)),
        (many, _) => {
            (format!("{many} records added"), format!("{} and {} more are new.", first.name, many - 1))
        }
    };
    let url = format!("/projects/{}/records/{}/{}", first.project_id, first.collection, first.id);
    let payload = json!({
        "level": "success",
        "title": title,
        "message": message,
        "action": { "label": "Open", "url": url },
    });
    events::emit(t, &[(EventKind::Notification, payload)])
}
