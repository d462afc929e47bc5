//! Records that a model suggests by itself: kept as reviews like all others, marked as the model's, never saved unasked.

use kernel::{Error, Result, ReviewId};
use serde_json::Value;
use store::reviews::{self, Kind};
use store::{Scope, Tenant};

use super::gate::assess;
use super::known::Known;
use super::proposal::{LONGEST_NAME, Proposal, Source, first_chars};
use super::service::{Ingest, keep};
use super::{Prepared, fields};
use crate::catalogue::Catalogue;

/// A record that a model suggests.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// `character` …
    pub kind: String,
    #[allow(missing_docs)]
    pub name: String,
    #[allow(missing_docs)]
    pub description: String,
    /// Attributes by name; those that the collection does not know, or that do not fit, are left out.
    pub fields: Vec<(String, Value)>,
    /// The model.
    pub by: String,
}

impl Ingest {
    /// Keeps a suggestion as a review. One of the same name that nobody has decided yet stands for it: a step that is done
    /// again suggests nothing twice.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` when there is no such kind of record, or the name is blank.
    pub async fn suggest(
        &self,
        scope: &Scope,
        catalogue: &'static Catalogue,
        suggestion: Suggestion,
    ) -> Result<ReviewId> {
        self.store.transact_in(scope, move |t| kept(t, catalogue, &suggestion)).await
    }
}

fn kept(t: &mut Tenant<'_, '_>, catalogue: &Catalogue, suggestion: &Suggestion) -> Result<ReviewId> {
    let proposal = read(catalogue, suggestion)?;
    if let Some(waiting) = reviews::waiting(t, Kind::Ingest, &proposal.name)? {
        return Ok(waiting);
    }
    let mut known = Known::read(t, catalogue)?;
    known.look_up(t, catalogue, &proposal.name)?;
    let assessment = assess(&proposal, catalogue, &known);
    Ok(keep(t, catalogue, &[Prepared { proposal, assessment }], false)?.preview_id)
}

fn read(catalogue: &Catalogue, suggestion: &Suggestion) -> Result<Proposal> {
    let collection = catalogue
        .of_type(&suggestion.kind)
        .ok_or_else(|| Error::field("type", "must be a kind of record of this project"))?;
    let plain = |text: &str| text.replace('\0', "");
    let mut proposal = Proposal::blank(collection, "");
    proposal.set_name(first_chars(&plain(&suggestion.name), LONGEST_NAME), Source::Model);
    if proposal.name.is_empty() {
        return Err(Error::field("name", "must not be blank"));
    }
    proposal.set_description(&plain(&suggestion.description), Source::Model);
    for (name, value) in &suggestion.fields {
        if let Some(field) = fields::field(collection, name)
            && fields::text(value).is_some()
            && let Ok(value) = fields::fit(field.kind, value)
        {
            proposal.set(field.name, value, Source::Model);
        }
    }
    suggestion.by.clone_into(&mut proposal.read_by);
    Ok(proposal)
}
