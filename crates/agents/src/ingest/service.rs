//! Proposals kept and decided on: propose, look again, and ingest, modify or discard, each once.

use kernel::{Ambient, Error, Result, ReviewId};
use serde::{Deserialize, Serialize};
use store::reviews::{self, Kind, Review};
use store::{Scope, Store, Tenant, changes};
use wire::imports::{Decided, Decision, ReviewState};
use wire::orchestrator::{
    EnrichmentLevel, IngestDecided, IngestDecisionRequest, IngestRequest, IngestResponse,
};

use super::by_model::{self, Outcome};
use super::gate::{Assessment, INGEST_FROM, assess};
use super::known::Known;
use super::proposal::Proposal;
use super::saving::{self, Saved};
use super::{Prepared, fields, modifying, prepare, understanding};
use crate::budget::Purse;
use crate::catalogue::{Catalogue, Collection};
use crate::language::Language;

/// Who asks models, as reports of usage name it.
const AGENT: &str = "data";

/// Data mode. A cheap clone.
#[derive(Clone)]
pub struct Ingest {
    pub(super) store: Store,
    ambient: Ambient,
    language: Language,
}

/// What a review of ours keeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    proposal: Proposal,
    assessment: Assessment,
    /// The reviews of the other records that the same text speaks of, on the first one's.
    others: Vec<ReviewId>,
}

impl Kept {
    fn read(review: &Review) -> Result<Self> {
        serde_json::from_str(&review.payload).map_err(Error::internal)
    }

    fn write(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }

    fn response(&self, id: ReviewId, catalogue: &Catalogue, decided: Option<Decided>) -> IngestResponse {
        self.proposal.response(&self.assessment, id, catalogue, decided)
    }
}

impl Ingest {
    /// Data mode on this store, made richer by `language` where it has a model.
    #[must_use]
    pub fn new(store: Store, language: Language, ambient: Ambient) -> Self {
        Self { store, ambient, language }
    }

    /// Reads a text and keeps what it says as reviews: one a record, the first with the others in it. Those that the
    /// request and their scores allow are saved at once, as one change.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` when the text is blank or too long, or the suggested type is unknown; `NOT_FOUND` when the
    /// request is for another project than the scope.
    pub async fn propose(
        &self,
        scope: &Scope,
        catalogue: &'static Catalogue,
        request: IngestRequest,
    ) -> Result<IngestResponse> {
        if request.project_id != scope.project() {
            return Err(Error::not_found("project"));
        }
        let content = wire::clean_message("content", &request.content)?.replace('\0', "");
        let suggested =
            request.suggested_type.as_deref().map(|kind| suggested(catalogue, kind)).transpose()?;
        let level = request.enrichment_level.unwrap_or_default();
        let (mut prepared, known) = self.prepare(scope, catalogue, content.clone(), suggested, level).await?;
        if level == EnrichmentLevel::Comprehensive {
            self.enrich(scope, &content, &mut prepared, catalogue, &known).await;
        }
        let automatic = request.auto_ingest.unwrap_or(false);
        self.store.transact_in(scope, move |t| keep(t, catalogue, &prepared, automatic)).await
    }

    async fn prepare(
        &self,
        scope: &Scope,
        catalogue: &'static Catalogue,
        content: String,
        suggested: Option<&'static Collection>,
        level: EnrichmentLevel,
    ) -> Result<(Vec<Prepared>, Known)> {
        let read = move |t: &mut Tenant<'_, '_>| {
            let mut known = Known::read(t, catalogue)?;
            if level != EnrichmentLevel::Minimal {
                // The names must be known before their mentions can be; reading a text twice is cheaper than the search.
                for proposal in understanding::understand(&content, suggested, catalogue, &known) {
                    known.look_up(t, catalogue, &proposal.name)?;
                }
            }
            Ok((prepare(&content, suggested, catalogue, &known, level), known))
        };
        self.store.read_in(scope, read).await
    }

    /// Lets a language model add to the proposals, or says on the first why none did.
    async fn enrich(
        &self,
        scope: &Scope,
        content: &str,
        prepared: &mut [Prepared],
        catalogue: &Catalogue,
        known: &Known,
    ) {
        let mut purse = Purse::of_person(self.store.clone(), self.ambient.clone(), *scope, AGENT);
        let outcome = match self.language.current() {
            Some(voice) => by_model::enrich(&voice, &mut purse, content, prepared, catalogue, known).await,
            None => Outcome::Fallback(
                "No language model is set, so the text was read by rules and nothing was added to it.".into(),
            ),
        };
        if let (Outcome::Fallback(why), Some(first)) = (outcome, prepared.first_mut()) {
            first.proposal.remarks.push(why);
        }
        for prepared in prepared {
            prepared.assessment = assess(&prepared.proposal, catalogue, known);
        }
    }

    /// A preview as it is now.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub async fn get(
        &self,
        scope: &Scope,
        catalogue: &'static Catalogue,
        id: ReviewId,
    ) -> Result<IngestResponse> {
        self.store.read_in(scope, move |t| show(t, catalogue, id)).await
    }

    /// Takes a person's decision on a preview: saves it (as a new record, or merged into one), changes it and weighs it
    /// again, or drops it.
    ///
    /// # Errors
    /// `NOT_FOUND`; `ALREADY_DECIDED` for whoever comes second; `CONFLICT` when someone else modified the preview
    /// meanwhile; `VALIDATION_ERROR` when it cannot be saved as it is, or the request does not fit the decision.
    pub async fn decide(
        &self,
        scope: &Scope,
        catalogue: &'static Catalogue,
        id: ReviewId,
        request: IngestDecisionRequest,
    ) -> Result<IngestDecided> {
        if request.changes.is_some() && request.decision != Decision::Modify {
            return Err(Error::field("changes", "belong to the decision `modify`"));
        }
        if request.merge_into.is_some() && request.decision != Decision::Ingest {
            return Err(Error::field("mergeInto", "belongs to the decision `ingest`"));
        }
        let IngestDecisionRequest { decision, changes, merge_into } = request;
        self.store
            .transact_in(scope, move |t| match decision {
                Decision::Ingest => {
                    let kept = Kept::read(&reviews::get(t, Kind::Ingest, id)?)?;
                    reviews::decide(t, id, ReviewState::Ingested)?;
                    let saved = saving::save(t, catalogue, &[&kept.proposal], merge_into)?;
                    let decided = close(t, id, &saved)?;
                    saving::tell(t, catalogue, &saved)?;
                    Ok(IngestDecided { decided, entity_id: saved.entities.first().copied(), preview: None })
                }
                Decision::Discard => {
                    reviews::get(t, Kind::Ingest, id)?;
                    reviews::decide(t, id, ReviewState::Discarded)?;
                    reviews::decided(t, id, ReviewState::Discarded, None)?;
                    let decided =
                        Decided { state: ReviewState::Discarded, change_id: None, created: 0, changed: 0 };
                    Ok(IngestDecided { decided, entity_id: None, preview: None })
                }
                Decision::Modify => modify(t, catalogue, id, changes.as_ref()),
            })
            .await
    }
}

/// The collection that a caller suggests.
fn suggested(catalogue: &Catalogue, kind: &str) -> Result<&'static Collection> {
    fields::collection_called(catalogue, kind).ok_or_else(|| {
        let kinds: Vec<&str> = catalogue.collections.iter().map(|collection| collection.singular).collect();
        Error::field("suggestedType", format!("must be one of {}", kinds.join(", ")))
    })
}

/// Keeps proposals as reviews, and saves those that may be saved without asking.
pub(super) fn keep(
    t: &mut Tenant<'_, '_>,
    catalogue: &Catalogue,
    prepared: &[Prepared],
    automatic: bool,
) -> Result<IngestResponse> {
    let may = |prepared: &Prepared| {
        let assessment = &prepared.assessment;
        // What may be a record that is there already is for a person to see.
        automatic
            && assessment.validation.is_valid
            && assessment.scores.overall > INGEST_FROM
            && assessment.duplicates.is_empty()
    };
    let Some((first, rest)) = prepared.split_first() else {
        return Err(Error::field("content", "says nothing that could be kept"));
    };
    let mut kept: Vec<(ReviewId, Kept, bool)> = Vec::with_capacity(prepared.len());
    for prepared in rest.iter().chain([first]) {
        let others =
            if kept.len() == rest.len() { kept.iter().map(|(id, ..)| *id).collect() } else { Vec::new() };
        let keeping =
            Kept { proposal: prepared.proposal.clone(), assessment: prepared.assessment.clone(), others };
        let name = if keeping.proposal.name.is_empty() { "Untitled" } else { &keeping.proposal.name };
        let score = keeping.assessment.scores.overall;
        let review = reviews::create(t, Kind::Ingest, name, &keeping.write()?, score)?;
        kept.push((review.id, keeping, may(prepared)));
    }
    let chosen: Vec<&Proposal> =
        kept.iter().filter(|(.., may)| *may).map(|(_, kept, _)| &kept.proposal).collect();
    let mut decided: Option<Decided> = None;
    if !chosen.is_empty() {
        for (id, ..) in kept.iter().filter(|(.., may)| *may) {
            reviews::decide(t, *id, ReviewState::Ingested)?;
        }
        let saved = saving::save(t, catalogue, &chosen, None)?;
        for (id, ..) in kept.iter().filter(|(.., may)| *may) {
            decided = Some(close(t, *id, &saved)?);
        }
        saving::tell(t, catalogue, &saved)?;
    }
    let mut responses: Vec<IngestResponse> = kept
        .iter()
        .map(|(id, kept, may)| kept.response(*id, catalogue, decided.clone().filter(|_| *may)))
        .collect();
    let mut response = responses.pop().ok_or_else(|| Error::not_found("proposal"))?;
    response.others = responses;
    Ok(response)
}

/// Notes what a review led to.
fn close(t: &mut Tenant<'_, '_>, id: ReviewId, saved: &Saved) -> Result<Decided> {
    reviews::decided(t, id, ReviewState::Ingested, Some(saved.change))?;
    Ok(Decided {
        state: ReviewState::Ingested,
        change_id: Some(saved.change),
        created: saved.created,
        changed: saved.changed,
    })
}

fn show(t: &mut Tenant<'_, '_>, catalogue: &Catalogue, id: ReviewId) -> Result<IngestResponse> {
    let review = reviews::get(t, Kind::Ingest, id)?;
    let kept = Kept::read(&review)?;
    let mut response = kept.response(id, catalogue, outcome(t, &review)?);
    for other in kept.others {
        let review = reviews::get(t, Kind::Ingest, other)?;
        let decided = outcome(t, &review)?;
        response.others.push(Kept::read(&review)?.response(other, catalogue, decided));
    }
    Ok(response)
}

/// What a review led to, if it was decided.
fn outcome(t: &mut Tenant<'_, '_>, review: &Review) -> Result<Option<Decided>> {
    if review.state == ReviewState::Pending {
        return Ok(None);
    }
    let (created, changed) = match review.change {
        Some(change) => changes::counts(t, change)?,
        None => (0, 0),
    };
    Ok(Some(Decided { state: review.state, change_id: review.change, created, changed }))
}

fn modify(
    t: &mut Tenant<'_, '_>,
    catalogue: &Catalogue,
    id: ReviewId,
    changes: Option<&wire::records::Metadata>,
) -> Result<IngestDecided> {
    let mut review = reviews::get(t, Kind::Ingest, id)?;
    let mut kept = Kept::read(&review)?;
    let changes = changes
        .filter(|changes| !changes.is_empty())
        .ok_or_else(|| Error::field("changes", "must say what to change"))?;
    modifying::modify(&mut kept.proposal, catalogue, changes)?;
    let known = Known::read(t, catalogue)?;
    kept.assessment = assess(&kept.proposal, catalogue, &known);
    review.title.clone_from(&kept.proposal.name);
    (review.payload, review.score) = (kept.write()?, Some(kept.assessment.scores.overall));
    reviews::modify(t, &review)?;
    let decided = Decided { state: ReviewState::Pending, change_id: None, created: 0, changed: 0 };
    let preview = Some(kept.response(id, catalogue, None));
    Ok(IngestDecided { decided, entity_id: None, preview })
}
