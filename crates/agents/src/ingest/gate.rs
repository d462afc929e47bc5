//! The gate: how good a proposal is, what speaks against it, and what a person is advised to do.

use serde::{Deserialize, Serialize};
use wire::imports::{QualityScores, Recommendation};
use wire::orchestrator::{Duplicate, Validation};

use super::known::Known;
use super::likeness::{MERGE_FROM, contradictions, duplicates};
use super::proposal::{Proposal, rounded};
use crate::catalogue::{Catalogue, Collection};

/// From this overall score on a proposal is good to be saved; automatically only above it.
pub const INGEST_FROM: f64 = 0.75;
/// From this overall score on a proposal is worth mending.
pub const MODIFY_FROM: f64 = 0.50;

/// The weights of completeness, consistency and relationships in the overall score.
const WEIGHTS: (f64, f64, f64) = (0.45, 0.30, 0.25);
/// The attributes that make a record complete; few records need all that a studio knows.
const ENOUGH_FIELDS: usize = 3;
/// The score of relationships where none is spoken of: nothing is wrong, but the record stands alone.
const ALONE: f64 = 0.60;
/// The same in a project without records, where there is nothing to relate to.
const FIRST: f64 = 0.75;
/// How sure the kind must be to go without a remark.
const SURE_KIND: f64 = 0.45;

/// What the gate thinks of a proposal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Assessment {
    pub validation: Validation,
    pub scores: QualityScores,
    pub recommendation: Recommendation,
    /// One sentence.
    pub reasoning: String,
    pub duplicates: Vec<Duplicate>,
}

/// Weighs a proposal against what the project knows.
#[must_use]
pub(super) fn assess(proposal: &Proposal, catalogue: &Catalogue, known: &Known) -> Assessment {
    let duplicates = duplicates(proposal, catalogue, known);
    let collection = catalogue.collection(&proposal.collection).ok();
    let mut warnings: Vec<String> = proposal.remarks.clone();
    warnings.extend(proposal.misfits.values().cloned());
    let errors = errors(proposal, collection);
    let data_completeness = completeness(proposal, collection);
    let brain_consistency = consistency(proposal, catalogue, known, &duplicates, &mut warnings);
    let relationship_quality = relationships(proposal, known, &mut warnings);
    let (complete, consistent, related) = WEIGHTS;
    let mut overall =
        complete * data_completeness + consistent * brain_consistency + related * relationship_quality;
    let nothing_new = duplicates.first().is_some_and(|first| first.advice == "skip");
    if nothing_new || !errors.is_empty() && proposal.name.is_empty() && proposal.metadata.is_empty() {
        // There is nothing to save: already there, or not understood.
        overall = overall.min(MODIFY_FROM - 0.01);
    } else if !errors.is_empty() {
        overall = overall.min(INGEST_FROM - 0.01);
    }
    let scores = QualityScores {
        data_completeness: rounded(data_completeness),
        brain_consistency: rounded(brain_consistency),
        relationship_quality: rounded(relationship_quality),
        overall: rounded(overall),
    };
    let recommendation = recommend(scores.overall);
    let reasoning = reason(proposal, collection, &scores, recommendation, &errors, &warnings, &duplicates);
    let validation = Validation { is_valid: errors.is_empty(), errors, warnings };
    Assessment { validation, scores, recommendation, reasoning, duplicates }
}

/// What the gate advises at an overall score.
fn recommend(overall: f64) -> Recommendation {
    if overall >= INGEST_FROM {
        Recommendation::Ingest
    } else if overall >= MODIFY_FROM {
        Recommendation::Modify
    } else {
        Recommendation::Discard
    }
}

/// What makes it impossible to save.
fn errors(proposal: &Proposal, collection: Option<&Collection>) -> Vec<String> {
    let mut errors = Vec::new();
    if proposal.name.is_empty() {
        let what = collection.map_or("record", |collection| collection.singular);
        errors.push(format!("The {what} has no name."));
    }
    match collection.map(|collection| collection.check(&proposal.metadata)) {
        Some(Err(error)) => errors.push(error.message().to_owned()),
        Some(Ok(())) => {}
        None => errors.push(format!("The project has no {}.", proposal.collection)),
    }
    errors
}

fn completeness(proposal: &Proposal, collection: Option<&Collection>) -> f64 {
    let fields = collection.map_or(0, |collection| collection.fields.len());
    let filled = collection.map_or(0, |collection| {
        collection.fields.iter().filter(|field| proposal.metadata.contains_key(field.name)).count()
    });
    let wanted = fields.min(ENOUGH_FIELDS);
    let part = if wanted == 0 { 1.0 } else { (filled as f64 / wanted as f64).min(1.0) };
    let has = |text: &str| f64::from(u8::from(!text.is_empty()));
    0.5 * has(&proposal.name) + 0.2 * has(&proposal.description) + 0.3 * part
}

/// How well it goes together with what is known; each reason against it is a warning.
fn consistency(
    proposal: &Proposal,
    catalogue: &Catalogue,
    known: &Known,
    duplicates: &[Duplicate],
    warnings: &mut Vec<String>,
) -> f64 {
    let mut consistency: f64 = 1.0;
    // Above the bound of `review`: a record whose attributes all differ never comes as far as `merge`.
    let same = duplicates.first().and_then(|first| known.get(first.id));
    for (field, said, stands) in same.into_iter().flat_map(|entry| contradictions(proposal, entry)) {
        consistency -= 0.25;
        let name = same.map_or("", |entry| entry.name.as_str());
        warnings.push(format!("{name} is known with {field} “{stands}”; the text says “{said}”."));
    }
    for duplicate in duplicates.iter().filter(|duplicate| duplicate.similarity < MERGE_FROM) {
        warnings.push(format!("It may be the same as {}.", duplicate.name));
    }
    let elsewhere = known.named(&proposal.name).find(|entry| entry.collection != proposal.collection);
    if let Some(entry) = elsewhere.filter(|_| !proposal.name.is_empty()) {
        consistency -= 0.3;
        let kind = catalogue.lexicon.singular(&entry.collection);
        warnings.push(format!("{} is already the name of a {kind}.", entry.name));
    }
    if proposal.kind_confidence < SURE_KIND {
        consistency -= 0.2;
        let kind = catalogue.lexicon.singular(&proposal.collection);
        warnings.push(format!("Nothing says clearly what this is; it was taken for a {kind}."));
    }
    consistency -= 0.15 * proposal.misfits.len() as f64;
    consistency.max(0.0)
}

fn relationships(proposal: &Proposal, known: &Known, warnings: &mut Vec<String>) -> f64 {
    for link in proposal.links.iter().filter(|link| link.target_id.is_none()) {
        warnings.push(format!(
            "The project has no record of {}, so “{}” is not saved unless one is made first.",
            link.target,
            link.predicate.replace('_', " ")
        ));
    }
    if proposal.links.is_empty() {
        return if known.is_empty() { FIRST } else { ALONE };
    }
    let sum: f64 = proposal.links.iter().map(|link| link.confidence.clamp(0.0, 1.0)).sum();
    let mean = sum / proposal.links.len() as f64;
    // What is not known yet is no fault of a project's first records.
    if known.is_empty() { mean.max(FIRST) } else { mean }
}

/// The advice in one sentence, by what weighs most.
fn reason(
    proposal: &Proposal,
    collection: Option<&Collection>,
    scores: &QualityScores,
    recommendation: Recommendation,
    errors: &[String],
    warnings: &[String],
    duplicates: &[Duplicate],
) -> String {
    let what = collection.map_or("record", |collection| collection.singular);
    if let Some(error) = errors.first() {
        return format!("It cannot be saved yet: {}", lower_first(error));
    }
    if let Some(same) = duplicates.first() {
        match same.advice.as_str() {
            "skip" => return format!("{} is already known, and nothing here is new.", same.name),
            "merge" => {
                return format!(
                    "This is most likely {} ({:.0} % alike), so merge it rather than make a second record.",
                    same.name,
                    same.similarity * 100.0
                );
            }
            _ => return format!("Look first whether this is {}, which is much alike.", same.name),
        }
    }
    let name = &proposal.name;
    match recommendation {
        Recommendation::Ingest => {
            let links = proposal.links.iter().filter(|link| link.target_id.is_some()).count();
            let related = match links {
                0 => "nothing speaks against it".to_owned(),
                1 => "it is related to one record of the project".to_owned(),
                many => format!("it is related to {many} records of the project"),
            };
            format!("{name} is understood as a {what}, and {related}.")
        }
        Recommendation::Modify | Recommendation::Discard => match warnings.first() {
            Some(warning) => format!("{name} needs a look: {}", lower_first(warning)),
            None if scores.data_completeness < 0.7 => {
                format!("Little is said of {name}; a description and a few fields would make it whole.")
            }
            None => format!("{name} stands alone: it is related to no record of the project."),
        },
    }
}

/// Sentences that begin with a name keep their capital; ours begin with an article or a pronoun.
fn lower_first(sentence: &str) -> String {
    for (upper, lower) in [("The ", "the "), ("It ", "it "), ("Nothing ", "nothing ")] {
        if let Some(rest) = sentence.strip_prefix(upper) {
            return format!("{lower}{rest}");
        }
    }
    sentence.to_owned()
}
