//! An import: a file against what is already there becomes a proposal that can be looked at, modified, and drafted into
//! one change. Nothing here touches a database but [`State::read`]; the same file and state give the same proposal.

mod draft;
mod matching;
mod reading;
mod records;
mod score;
mod state;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use kernel::{EntityId, Error, FactId, Result};
use serde::{Deserialize, Serialize};
use wire::imports::{
    ImportPreview, Modification, ProposedAction, ProposedRecord, QualityScores, Recommendation, Remark,
};
use wire::records::Metadata;

pub use reading::{Reading, read};
pub use state::State;
pub(in crate::film) use state::{Kept, kept, scripts};

use super::catalogue::CATALOGUE;
use super::screenplay::Source;

/// A proposal: what an import would do, in a form that can be kept until it is decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Prepared {
    filename: String,
    format: String,
    title: String,
    title_page: Vec<wire::imports::TitlePageEntry>,
    page_eighths: i64,
    scenes: i64,
    characters: i64,
    locations: i64,
    warnings: Vec<Remark>,
    scores: QualityScores,
    recommendation: Recommendation,
    reasoning: String,
    front: Source,
    back: Source,
    records: Vec<Planned>,
    links: Vec<Link>,
    /// Relationships of earlier imports that this one decides anew.
    standing: Vec<Standing>,
    /// The script that this is a new draft of, as it was.
    before: Option<Target>,
}

/// A record as it was when the proposal was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::film) struct Target {
    pub(in crate::film) id: EntityId,
    pub(in crate::film) version: i64,
}

/// A record that the import makes, changes, finds or removes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Planned {
    key: String,
    collection: String,
    action: ProposedAction,
    name: String,
    description: String,
    metadata: Metadata,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// The paragraphs in Final Draft, if the scene came so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<Target>,
    /// Whether a person had a hand in it: then the next import will know it, too.
    touched: bool,
    /// Whether a person left it out of the import.
    #[serde(default)]
    omitted: bool,
}

/// A relationship between two planned records, by their keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Link {
    subject: String,
    predicate: String,
    object: String,
    weight: Option<f64>,
    confidence: f64,
    source: String,
}

/// A relationship that holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Standing {
    id: FactId,
    subject: EntityId,
    predicate: String,
    object: EntityId,
    weight: Option<f64>,
}

/// Compares a file with what the project has.
#[must_use]
pub fn prepare(reading: Reading, state: &State) -> Prepared {
    let Reading { breakdown, bodies, title, title_page, remarks, guessed, filename, format, screenplay } =
        reading;
    let plan = records::plan(
        &records::File {
            breakdown: &breakdown,
            bodies: &bodies,
            title: &title,
            filename: &filename,
            screenplay: &screenplay,
        },
        state,
    );
    let evidence = score::Evidence { guessed, before: plan.before_count, continued: plan.continued };
    let (scores, recommendation, reasoning) = score::score(&breakdown, evidence);
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Prepared {
        filename,
        format: format.to_owned(),
        title,
        title_page,
        page_eighths: breakdown.scenes.iter().map(|scene| i64::from(scene.eighths)).sum(),
        scenes: count(breakdown.scenes.len()),
        characters: count(breakdown.characters.len()),
        locations: count(breakdown.locations.len()),
        warnings: remarks.into_iter().chain(plan.remarks).collect(),
        scores,
        recommendation,
        reasoning,
        front: screenplay.front.source,
        back: screenplay.back,
        records: plan.records,
        links: plan.links,
        standing: plan.standing,
        before: plan.before,
    }
}

impl Prepared {
    /// The script's title, which the proposal bears.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The file's name.
    #[must_use]
    pub fn filename(&self) -> &str {
        &self.filename
    }

    /// What the import would do, as a person sees it.
    #[must_use]
    pub fn preview(&self) -> ImportPreview {
        let omitted: HashSet<&str> = self.omitted().collect();
        let links = self.links.iter().filter(|link| {
            !omitted.contains(link.subject.as_str()) && !omitted.contains(link.object.as_str())
        });
        ImportPreview {
            filename: self.filename.clone(),
            format: self.format.clone(),
            title_page: self.title_page.clone(),
            page_eighths: self.page_eighths,
            scenes: self.scenes,
            characters: self.characters,
            locations: self.locations,
            records: self
                .records
                .iter()
                .filter(|record| !record.omitted)
                .map(|record| ProposedRecord {
                    key: record.key.clone(),
                    collection: record.collection.clone(),
                    action: record.action,
                    name: record.name.clone(),
                    description: record.description.clone(),
                    metadata: record.metadata.clone(),
                })
                .collect(),
            relationships: i64::try_from(links.count()).unwrap_or(i64::MAX),
            warnings: self.warnings.clone(),
            quality_scores: self.scores,
            recommendation: self.recommendation,
            reasoning: self.reasoning.clone(),
        }
    }

    fn omitted(&self) -> impl Iterator<Item = &str> {
        self.records.iter().filter(|record| record.omitted).map(|record| record.key.as_str())
    }

    /// Changes proposed records as a person wishes. Leaving out a record that would be removed keeps it.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` naming the modification and field; then nothing is changed.
    pub fn modify(&mut self, modifications: &[Modification]) -> Result<()> {
        let mut records = self.records.clone();
        for (at, modification) in modifications.iter().enumerate() {
            let path = format!("modifications.{at}");
            let record = records.iter_mut().find(|record| record.key == modification.key);
            let record =
                record.ok_or_else(|| Error::field(format!("{path}.key"), "is no record of this proposal"))?;
            record.modify(modification, &path)?;
        }
        self.records = records;
        Ok(())
    }
}

impl Planned {
    fn modify(&mut self, modification: &Modification, path: &str) -> Result<()> {
        let wants_change = modification.name.is_some()
            || modification.description.is_some()
            || modification.metadata.is_some();
        if wants_change && self.action == ProposedAction::Remove {
            return Err(Error::field(
                format!("{path}.key"),
                "would be removed; it can only be left out of the import",
            ));
        }
        if let Some(name) = &modification.name {
            let name = name.trim();
            if name.is_empty() || name.chars().count() > 200 {
                return Err(Error::field(format!("{path}.name"), "must have 1 to 200 characters"));
            }
            name.clone_into(&mut self.name);
        }
        if let Some(description) = &modification.description {
            if description.chars().count() > 20_000 {
                return Err(Error::field(
                    format!("{path}.description"),
                    "must have at most 20000 characters",
                ));
            }
            self.description.clone_from(description);
        }
        if let Some(metadata) = &modification.metadata {
            CATALOGUE.collection(&self.collection)?.check(metadata)?;
            store::changes::merge(&mut self.metadata, metadata);
        }
        if wants_change {
            self.touched = true;
            if self.action == ProposedAction::Keep {
                self.action = ProposedAction::Change;
            }
        }
        self.omitted = modification.omit.unwrap_or(self.omitted);
        Ok(())
    }
}
