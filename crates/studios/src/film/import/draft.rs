//! From a proposal to the writes that save it: one change, which can be undone as one.

use std::collections::{HashMap, HashSet};

use kernel::{EntityId, Result};
use store::changes::{Draft, New, Patch, Write};
use store::facts::NewFact;
use store::passages::hash;
use wire::imports::ProposedAction;
use wire::records::Origin;

use super::state::{Kept, RawScene};
use super::{Planned, Prepared, Target};
use crate::film::catalogue::SCREENPLAYS;

impl Prepared {
    /// The writes. `id` gives new ids.
    ///
    /// # Errors
    /// When what is kept cannot be written as JSON.
    pub fn draft(&self, mut id: impl FnMut() -> EntityId) -> Result<Draft> {
        let mut draft = Draft { summary: format!("Imported {}", self.filename), ..Draft::default() };
        let mut ids: HashMap<&str, EntityId> = HashMap::new();
        let mut written: HashMap<EntityId, i64> = HashMap::new();
        let mut raw: HashMap<EntityId, RawScene> = HashMap::new();
        for record in self.records.iter().filter(|record| !record.omitted) {
            let own = record.target.map_or_else(&mut id, |target| target.id);
            if let Some(write) = record.write(own) {
                draft.writes.push(write);
            }
            if record.action == ProposedAction::Remove {
                continue;
            }
            ids.insert(&record.key, own);
            // Where a person had a hand in it, no version counts as the import's.
            written.insert(own, if record.touched { 0 } else { record.version_after() });
            if let (Some(fdx), Some(body)) = (&record.raw, &record.body) {
                raw.insert(own, RawScene { fdx: fdx.clone(), shown: hash(body) });
            }
        }
        let kept = Kept {
            filename: self.filename.clone(),
            title: self.title.clone(),
            title_page: self.title_page.clone(),
            front: self.front.clone(),
            back: self.back.clone(),
            episode: ids.get("episodes/1").copied(),
            raw,
            written,
        };
        draft.writes.push(self.script(&kept, &mut id)?);
        self.relate(&ids, &mut draft);
        Ok(draft)
    }

    fn script(&self, kept: &Kept, id: &mut impl FnMut() -> EntityId) -> Result<Write> {
        let metadata = kept.to_metadata()?;
        Ok(match self.before {
            Some(Target { id, version }) => Write::Change {
                id,
                expected: Some(version),
                patch: Patch {
                    name: Some(self.title.clone()),
                    metadata: Some(metadata),
                    replace_metadata: true,
                    ..Patch::default()
                },
            },
            None => Write::Create(New {
                id: id(),
                collection: SCREENPLAYS.to_owned(),
                name: self.title.clone(),
                description: String::new(),
                metadata,
                body: None,
                position: None,
                origin: Origin::Import,
            }),
        })
    }

    /// Facts that are new, and those of earlier imports that hold no longer.
    fn relate(&self, ids: &HashMap<&str, EntityId>, draft: &mut Draft) {
        let mut kept = HashSet::new();
        for link in &self.links {
            let (Some(subject), Some(object)) =
                (ids.get(link.subject.as_str()), ids.get(link.object.as_str()))
            else {
                continue;
            };
            let stands = self.standing.iter().find(|fact| {
                fact.subject == *subject
                    && fact.object == *object
                    && fact.predicate == link.predicate
                    && fact.weight == link.weight
            });
            match stands {
                Some(fact) => {
                    kept.insert(fact.id);
                }
                None => draft.facts.push(NewFact {
                    subject: *subject,
                    predicate: link.predicate.clone(),
                    object: Some(*object),
                    value: None,
                    weight: link.weight,
                    confidence: link.confidence,
                    origin: Origin::Import,
                    source: Some(link.source.clone()),
                }),
            }
        }
        draft.ended = self.standing.iter().map(|fact| fact.id).filter(|id| !kept.contains(id)).collect();
    }

    /// The names, by collection, of the records that would be made: nobody may have made one of them meanwhile.
    pub(in crate::film) fn to_create(&self) -> impl Iterator<Item = (&str, &str)> {
        let made = |record: &&Planned| !record.omitted && record.action == ProposedAction::Create;
        self.records.iter().filter(made).map(|record| (record.collection.as_str(), record.name.as_str()))
    }

    /// The script that this is a new draft of.
    pub(in crate::film) fn script_before(&self) -> Option<Target> {
        self.before
    }

    /// How many records would be made, and how many changed or removed.
    pub(in crate::film) fn counts(&self) -> (i64, i64) {
        let of = |wanted: &[ProposedAction]| {
            let those =
                self.records.iter().filter(|record| !record.omitted && wanted.contains(&record.action));
            i64::try_from(those.count()).unwrap_or(i64::MAX)
        };
        (of(&[ProposedAction::Create]), of(&[ProposedAction::Change, ProposedAction::Remove]))
    }
}

impl Planned {
    fn version_after(&self) -> i64 {
        match (self.action, self.target) {
            (ProposedAction::Change, Some(target)) => target.version + 1,
            (_, Some(target)) => target.version,
            (_, None) => 1,
        }
    }

    fn write(&self, id: EntityId) -> Option<Write> {
        match (self.action, self.target) {
            (ProposedAction::Keep, _) | (ProposedAction::Change | ProposedAction::Remove, None) => None,
            (ProposedAction::Remove, Some(target)) => Some(Write::Remove(target.id)),
            (ProposedAction::Change, Some(target)) => Some(Write::Change {
                id,
                expected: Some(target.version),
                patch: Patch {
                    name: Some(self.name.clone()),
                    description: Some(self.description.clone()),
                    metadata: Some(self.metadata.clone()),
                    replace_metadata: true,
                    body: self.body.clone(),
                    position: self.position,
                    // A record that a person made stays theirs.
                    origin: None,
                },
            }),
            (ProposedAction::Create, _) => Some(Write::Create(New {
                id,
                collection: self.collection.clone(),
                name: self.name.clone(),
                description: self.description.clone(),
                metadata: self.metadata.clone(),
                body: self.body.clone(),
                position: self.position,
                origin: Origin::Import,
            })),
        }
    }
}
