//! A deliverable becomes a record, or the next version of the one that the same agent's work became before.

use std::collections::HashSet;

use kernel::{ChangeId, EntityId, Error, FactId, Result};
use serde_json::{Value, json};
use store::changes::{self, Applied, Draft, New, Patch, Write};
use store::facts::{self, NewFact};
use store::reviews::{self, Review};
use store::{Tenant, entities};
use wire::records::{Metadata, Origin};

use super::offer::Offer;
use super::{CITES, COLLECTION};

/// The most bytes of an attribute that is a list of texts.
const LONGEST_LIST: usize = 3_500;

/// What was saved.
pub(super) struct Saved {
    pub(super) change: ChangeId,
    pub(super) entity: EntityId,
    pub(super) created: bool,
}

/// Saves what a review proposes as one change: the record, and its relationships to what it rests on.
pub(super) fn save(t: &mut Tenant<'_, '_>, review: &Review, offer: &Offer) -> Result<Saved> {
    let origin = review.origin.as_ref().ok_or_else(|| Error::internal("a deliverable of no run"))?;
    // Of two that are saved at once, the second is a version of the first.
    t.one_at_a_time()?;
    let before = reviews::last_of_line(t, &origin.line)?;
    let (name, description) = (review.title.clone(), offer.done.summary.clone());
    let (metadata, made) = (metadata(review, origin, offer), made(offer));
    let entity = before.unwrap_or_else(|| t.id());
    let write = match before {
        None => Write::Create(New {
            id: entity,
            collection: COLLECTION.to_owned(),
            name,
            description,
            metadata,
            body: None,
            position: None,
            origin: made,
        }),
        Some(id) => Write::Change {
            id,
            expected: None,
            patch: Patch {
                name: Some(name),
                description: Some(description),
                metadata: Some(metadata),
                origin: Some(made),
                ..Patch::default()
            },
        },
    };
    let (facts, ended) = citations(t, entity, before.is_some(), offer, made)?;
    let draft = Draft { summary: format!("Saved {}", review.title), writes: vec![write], facts, ended };
    let Applied { change, .. } = changes::apply(t, &draft)?;
    Ok(Saved { change, entity, created: before.is_none() })
}

/// Where a record that was made so came from.
fn made(offer: &Offer) -> Origin {
    if offer.made_by == "rules" { Origin::Ingest } else { Origin::Model }
}

/// What stands in the record's attributes. `review` names where its content is kept.
fn metadata(review: &Review, origin: &reviews::Origin, offer: &Offer) -> Metadata {
    let mut form = origin.line.splitn(3, '/').skip(2);
    let attributes = [
        ("department", json!(offer.done.department)),
        ("agent", json!(offer.done.agent)),
        ("form", json!(form.next())),
        ("madeBy", json!(offer.made_by)),
        ("score", json!(offer.gate.overall)),
        ("dataCompleteness", json!(offer.gate.data_completeness)),
        ("brainConsistency", json!(offer.gate.brain_consistency)),
        ("relationshipQuality", json!(offer.gate.relationship_quality)),
        ("run", json!(origin.run)),
        ("step", json!(origin.step)),
        ("review", json!(review.id)),
        ("asOf", json!(offer.done.as_of)),
        ("lacks", bounded(&offer.done.lacks)),
        ("omitted", bounded(&offer.omit)),
        ("notes", if offer.notes.is_empty() { Value::Null } else { json!(offer.notes) }),
    ];
    // What is empty takes the attribute out of a version that had it, but for the notes: those are a person's.
    let kept = attributes.into_iter().filter(|(name, value)| !(value.is_null() && *name == "notes"));
    kept.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// As many of the texts as an attribute may hold; nothing if there are none.
fn bounded(texts: &[String]) -> Value {
    let mut left = LONGEST_LIST;
    let fitting = texts.iter().take_while(|text| {
        let fits = text.len() <= left;
        left = left.saturating_sub(text.len() + 3);
        fits
    });
    let fitting: Vec<&String> = fitting.collect();
    if fitting.is_empty() { Value::Null } else { json!(fitting) }
}

/// The relationships to record, and those that hold no longer.
fn citations(
    t: &mut Tenant<'_, '_>,
    entity: EntityId,
    version: bool,
    offer: &Offer,
    made: Origin,
) -> Result<(Vec<NewFact>, Vec<FactId>)> {
    let cited: Vec<EntityId> = offer.done.citations.iter().map(|citation| citation.entity_id).collect();
    let live: HashSet<EntityId> =
        entities::outlines_of(t, &cited)?.into_iter().map(|outline| outline.id).collect();
    let mut ended = Vec::new();
    let mut holding = HashSet::new();
    if version {
        for fact in facts::about(t, &[entity])? {
            match fact.object {
                Some(object) if fact.predicate == CITES && fact.subject == entity => {
                    if live.contains(&object) {
                        holding.insert(object);
                    } else {
                        ended.push(fact.id);
                    }
                }
                _ => {}
            }
        }
    }
    let mut new: Vec<EntityId> = live.difference(&holding).copied().filter(|id| *id != entity).collect();
    new.sort_unstable();
    let fact = |object: EntityId| NewFact {
        subject: entity,
        predicate: CITES.to_owned(),
        object: Some(object),
        value: None,
        weight: None,
        confidence: 1.0,
        origin: made,
        source: None,
    };
    Ok((new.into_iter().map(fact).collect(), ended))
}
