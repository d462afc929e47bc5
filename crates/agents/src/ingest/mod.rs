//! Data mode: what people say, paste or send becomes records, looked at through a gate before they are saved.
//!
//! Text is read ([`formats`]), understood as proposals ([`understanding`]), held against what the project knows
//! ([`likeness`], [`gate`]), and kept as a review that a person decides on ([`Ingest`]). All but the last is pure.

mod by_model;
mod fields;
mod formats;
mod gate;
mod kinds;
mod known;
mod likeness;
mod links;
mod modifying;
mod naming;
mod phrases;
mod proposal;
mod prose;
mod saving;
mod service;
mod statements;
mod structured;
mod suggesting;
mod understanding;
mod words;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use by_model::BY_RULES;
pub use gate::{Assessment, INGEST_FROM, MODIFY_FROM};
pub use known::Known;
pub use likeness::{MERGE_FROM, REVIEW_FROM, SKIP_FROM};
pub use proposal::{Link, Proposal, Source};
pub use service::Ingest;
pub use suggesting::Suggestion;

use wire::orchestrator::EnrichmentLevel;

use crate::catalogue::{Catalogue, Collection};

/// The most records that one text is read as; what is beyond is named in a warning.
pub const MOST_RECORDS: usize = 20;

/// A record that a text was understood as, and what the gate thinks of it.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Prepared {
    pub proposal: Proposal,
    pub assessment: Assessment,
}

/// Reads a text and weighs what it says: at least one record, at most [`MOST_RECORDS`]. Never fails: what cannot be
/// understood is a proposal that the gate turns down, with its reasons.
#[must_use]
pub fn prepare(
    content: &str,
    suggested: Option<&'static Collection>,
    catalogue: &Catalogue,
    known: &Known,
    level: EnrichmentLevel,
) -> Vec<Prepared> {
    let mut proposals = understanding::understand(content, suggested, catalogue, known);
    if level != EnrichmentLevel::Minimal {
        proposals.iter_mut().for_each(|proposal| links::derive(proposal, catalogue, known));
    }
    proposals
        .into_iter()
        .map(|proposal| Prepared { assessment: gate::assess(&proposal, catalogue, known), proposal })
        .collect()
}
