//! Deliverables as a project sees them: listed, looked at, changed, sent back, and decided once.

use kernel::{Code, EntityId, Error, PageRequest, Result, ReviewId, RunId};
use serde_json::Value;
use store::events::Listed;
use store::reviews::{self, Filter, Kind, Review};
use store::{Scope, Store, Tenant, entities};
use tasks::Tasks;
use wire::imports::{Decided, Recommendation, ReviewState};
use wire::reviews::{
    CitedRecord, Deliverable, DeliverableChanges, DeliverableDecided, DeliverableDecision,
    DeliverableDecisionRequest, ExportFile, Refusal, ReviewOutcome, RunDecided, RunDecision,
};

use super::offer::{Offer, told};
use super::{COLLECTION, gate, saving};

/// Where deliverables are looked at and decided. A cheap clone.
#[derive(Clone)]
pub struct Deliverables {
    store: Store,
    tasks: Tasks,
    exports: fn(&str) -> Vec<ExportFile>,
}

/// What a deliverable holds.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Content {
    pub title: String,
    /// The name of its form: `film.cast` …
    pub form: String,
    /// Without the parts that are left out.
    pub content: Value,
}

impl Deliverables {
    /// Deliverables of this store, whose steps `tasks` does again. `exports` says which files a form can be had as.
    #[must_use]
    pub fn new(store: Store, tasks: Tasks, exports: fn(&str) -> Vec<ExportFile>) -> Self {
        Self { store, tasks, exports }
    }

    /// All reviews of a project, of every kind, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        scope: &Scope,
        filter: Filter,
        page: PageRequest,
    ) -> Result<Listed<wire::reviews::Review>> {
        let listed = self.store.read_in(scope, move |t| reviews::list(t, &filter, &page)).await?;
        Ok(listed.map(|review| told(&review)))
    }

    /// A deliverable with its content.
    ///
    /// # Errors
    /// `NOT_FOUND` when there is none of that id, be it that the review is of another kind.
    pub async fn get(&self, scope: &Scope, id: ReviewId) -> Result<Deliverable> {
        let exports = self.exports;
        self.store.read_in(scope, move |t| show(t, id, exports)).await
    }

    /// What a deliverable holds.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub async fn content(&self, scope: &Scope, id: ReviewId) -> Result<Content> {
        self.store.read_in(scope, move |t| content(t, id)).await
    }

    /// What a record holds that was saved from a deliverable, as it is now.
    ///
    /// # Errors
    /// `NOT_FOUND` when there is no such record, or no deliverable was saved as it.
    pub async fn content_of(&self, scope: &Scope, record: EntityId) -> Result<Content> {
        let read = move |t: &mut Tenant<'_, '_>| {
            let record = entities::get(t, COLLECTION, record)?;
            let id = record.metadata.get("review").and_then(Value::as_str).and_then(|id| id.parse().ok());
            let held = content(t, id.ok_or_else(|| Error::not_found("content"))?)?;
            Ok(Content { title: record.name, ..held })
        };
        self.store.read_in(scope, read).await
    }

    /// Takes a person's decision on a deliverable.
    ///
    /// # Errors
    /// `NOT_FOUND`; `ALREADY_DECIDED` for whoever comes second, with who and when in `details`; `CONFLICT` when someone else
    /// changed it meanwhile; `VALIDATION_ERROR` when what is sent along does not fit the decision.
    pub async fn decide(
        &self,
        scope: &Scope,
        id: ReviewId,
        request: DeliverableDecisionRequest,
    ) -> Result<DeliverableDecided> {
        let DeliverableDecisionRequest { decision, changes, reasons } = request;
        if changes.is_some() && decision != DeliverableDecision::Modify {
            return Err(Error::field("changes", "belong to the decision `modify`"));
        }
        if reasons.is_some() && decision != DeliverableDecision::Revise {
            return Err(Error::field("reasons", "belong to the decision `revise`"));
        }
        match decision {
            DeliverableDecision::Ingest => self.store.transact_in(scope, move |t| ingest(t, id)).await,
            DeliverableDecision::Discard => self.store.transact_in(scope, move |t| discard(t, id)).await,
            DeliverableDecision::Modify => {
                let changes = changes.ok_or_else(|| Error::field("changes", "must say what to change"))?;
                let exports = self.exports;
                self.store.transact_in(scope, move |t| modify(t, id, &changes, exports)).await
            }
            DeliverableDecision::Revise => self.revise(scope, id, cleaned(reasons)?).await,
        }
    }

    /// Sends a deliverable back, and has its step done again with the reasons. If the server is ended between the two, the
    /// reasons are kept, and whoever retries the step gives them to it.
    async fn revise(&self, scope: &Scope, id: ReviewId, reasons: Vec<String>) -> Result<DeliverableDecided> {
        let sent_back = self.store.transact_in(scope, move |t| {
            reviews::decide(t, id, ReviewState::Returned)?;
            let review = reviews::get(t, Kind::Deliverable, id)?;
            let origin = review.origin.ok_or_else(|| Error::internal("a deliverable of no run"))?;
            // A run that is gone cannot be done again.
            store::runs::get(t, origin.run)?;
            reviews::sent_back(t, id, &reasons)?;
            reviews::decided(t, id, ReviewState::Returned, None)?;
            Ok(origin)
        });
        let origin = sent_back.await?;
        self.tasks.retry(scope, origin.run, origin.step).await?;
        Ok(only(ReviewState::Returned))
    }

    /// Takes a decision on all that waits of a run, each in a transaction of its own.
    ///
    /// # Errors
    /// `NOT_FOUND` when there is no such run; or when the database fails: what was decided until then stays decided.
    pub async fn decide_run(&self, scope: &Scope, run: RunId, decision: RunDecision) -> Result<RunDecided> {
        let read = self.store.read_in(scope, move |t| {
            store::runs::get(t, run)?;
            reviews::of_run(t, run, ReviewState::Pending)
        });
        let mut outcomes = Vec::new();
        for review in read.await? {
            let advised = review.score.map(gate::recommend) == Some(Recommendation::Ingest);
            if decision == RunDecision::Advised && !advised {
                continue;
            }
            let id = review.id;
            let taken = self.store.transact_in(scope, move |t| match decision {
                RunDecision::Ingest | RunDecision::Advised => ingest(t, id),
                RunDecision::Discard => discard(t, id),
            });
            outcomes.push(outcome(&review, taken.await)?);
        }
        let waiting =
            self.store.read_in(scope, move |t| reviews::of_run(t, run, ReviewState::Pending)).await?;
        Ok(RunDecided { outcomes, waiting: waiting.len() as i64 })
    }
}

/// What became of one of many; an error that is not about this one ends all.
fn outcome(review: &Review, taken: Result<DeliverableDecided>) -> Result<ReviewOutcome> {
    let (decided, entity_id, refused) = match taken {
        Ok(done) => (Some(done.decided), done.entity_id, None),
        Err(error) => match error.code() {
            Code::AlreadyDecided | Code::Conflict | Code::NotFound => {
                (None, None, Some(Refusal { code: error.code(), error: error.message().to_owned() }))
            }
            _ => return Err(error),
        },
    };
    Ok(ReviewOutcome { review_id: review.id, title: review.title.clone(), decided, entity_id, refused })
}

fn cleaned(reasons: Option<Vec<String>>) -> Result<Vec<String>> {
    let missing = || Error::field("reasons", "must say why it is to be done again");
    let reasons: Vec<String> = reasons.ok_or_else(missing)?.iter().map(|reason| clean(reason)).collect();
    if reasons.is_empty() || reasons.iter().any(|reason| reason.is_empty() || reason.chars().count() > 1_000)
    {
        return Err(Error::field("reasons", "must each have 1 to 1000 characters"));
    }
    Ok(reasons)
}

fn clean(text: &str) -> String {
    text.replace('\0', "").trim().to_owned()
}

fn only(state: ReviewState) -> DeliverableDecided {
    let decided = Decided { state, change_id: None, created: 0, changed: 0 };
    DeliverableDecided { decided, entity_id: None, deliverable: None }
}

/// Saves a deliverable that waits. The claim comes first, so that what is read after it is what is decided on.
pub(super) fn ingest(t: &mut Tenant<'_, '_>, id: ReviewId) -> Result<DeliverableDecided> {
    reviews::decide(t, id, ReviewState::Ingested)?;
    let review = reviews::get(t, Kind::Deliverable, id)?;
    let saved = saving::save(t, &review, &Offer::read(&review)?)?;
    reviews::saved_as(t, id, saved.entity)?;
    reviews::decided(t, id, ReviewState::Ingested, Some(saved.change))?;
    let (created, changed) = if saved.created { (1, 0) } else { (0, 1) };
    let decided = Decided { state: ReviewState::Ingested, change_id: Some(saved.change), created, changed };
    Ok(DeliverableDecided { decided, entity_id: Some(saved.entity), deliverable: None })
}

fn discard(t: &mut Tenant<'_, '_>, id: ReviewId) -> Result<DeliverableDecided> {
    reviews::decide(t, id, ReviewState::Discarded)?;
    reviews::get(t, Kind::Deliverable, id)?;
    reviews::decided(t, id, ReviewState::Discarded, None)?;
    Ok(only(ReviewState::Discarded))
}

fn modify(
    t: &mut Tenant<'_, '_>,
    id: ReviewId,
    changes: &DeliverableChanges,
    exports: fn(&str) -> Vec<ExportFile>,
) -> Result<DeliverableDecided> {
    let mut review = reviews::get(t, Kind::Deliverable, id)?;
    let mut offer = Offer::read(&review)?;
    if let Some(title) = &changes.title {
        review.title = clean(title);
        if review.title.is_empty() {
            return Err(Error::field("changes.title", "must not be blank"));
        }
    }
    if let Some(summary) = &changes.summary {
        offer.done.summary = clean(summary);
    }
    if let Some(notes) = &changes.notes {
        offer.notes = clean(notes);
    }
    if let Some(omit) = &changes.omit {
        if let Some(unknown) = omit.iter().find(|name| offer.parts.iter().all(|(part, _)| part != *name)) {
            return Err(Error::field("changes.omit", format!("it has no part {unknown}")));
        }
        offer.omit =
            offer.parts.iter().map(|(part, _)| part.clone()).filter(|part| omit.contains(part)).collect();
    }
    review.payload = offer.write()?;
    reviews::modify(t, &review)?;
    Ok(DeliverableDecided { deliverable: Some(show(t, id, exports)?), ..only(ReviewState::Pending) })
}

fn content(t: &mut Tenant<'_, '_>, id: ReviewId) -> Result<Content> {
    let review = reviews::get(t, Kind::Deliverable, id)?;
    let held = Offer::read(&review)?.content(&reviews::content(t, id)?)?;
    let form = told(&review).origin.map(|origin| origin.form).unwrap_or_default();
    Ok(Content { title: review.title, form, content: held })
}

fn show(t: &mut Tenant<'_, '_>, id: ReviewId, exports: fn(&str) -> Vec<ExportFile>) -> Result<Deliverable> {
    let review = reviews::get(t, Kind::Deliverable, id)?;
    let offer = Offer::read(&review)?;
    let content = offer.content(&reviews::content(t, id)?)?;
    let record = match (review.entity, &review.origin) {
        (Some(saved), _) => Some(saved),
        (None, Some(origin)) if review.state == ReviewState::Pending => {
            reviews::last_of_line(t, &origin.line)?
        }
        _ => None,
    };
    let record = match record {
        Some(id) => entities::outlines_of(t, &[id])?.pop(),
        None => None,
    };
    let version_of = record.map(|record| CitedRecord {
        entity_id: record.id,
        collection: record.collection,
        name: record.name,
    });
    Ok(offer.told(&review, content, version_of, exports))
}
