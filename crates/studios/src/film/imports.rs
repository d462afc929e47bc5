//! Imports as a project sees them: proposed, looked at, modified, and decided once.

use std::collections::{BTreeMap, HashMap};

use kernel::{Code, EntityId, Error, PageRequest, Result, ReviewId};
use serde_json::json;
use store::changes::{self, Applied};
use store::events::Listed;
use store::reviews::{self, Kind, Review};
use store::slug::name_key;
use store::{Scope, Store, Tenant, entities};
use wire::imports::{
    Decided, Decision, DecisionRequest, Import, ImportDecided, ImportSummary, Modification, ReviewState,
};

use super::import::{Prepared, State, prepare, scripts};

/// The most modifications in one decision.
const MAX_MODIFICATIONS: usize = 1_000;

/// Reads a file against what the project has, and proposes what to make of it. Nothing is saved but the proposal.
///
/// # Errors
/// `UNREADABLE_DOCUMENT` with line and reason, `TOO_LARGE`; or when the database fails.
pub async fn propose(store: &Store, scope: &Scope, filename: &str, bytes: Vec<u8>) -> Result<Import> {
    let filename = filename.to_owned();
    let reading = tokio::task::spawn_blocking(move || super::import::read(&filename, &bytes));
    let reading = reading.await.map_err(Error::internal)??;
    let (title, filename) = (reading.title().to_owned(), reading.filename().to_owned());
    let state = store.read_in(scope, move |t| State::read(t, &title, &filename)).await?;
    let (prepared, payload) = tokio::task::spawn_blocking(move || {
        let prepared = prepare(reading, &state);
        let payload = serde_json::to_string(&prepared).map_err(Error::internal)?;
        Ok::<_, Error>((prepared, payload))
    })
    .await
    .map_err(Error::internal)??;
    let (title, score) = (prepared.filename().to_owned(), prepared.preview().quality_scores.overall);
    let review =
        store.transact_in(scope, move |t| reviews::create(t, Kind::Import, &title, &payload, score)).await?;
    Ok(import(&review, &prepared))
}

/// The import of that id, with its preview.
///
/// # Errors
/// `NOT_FOUND` when there is none.
pub async fn get(store: &Store, scope: &Scope, id: ReviewId) -> Result<Import> {
    store
        .read_in(scope, move |t| {
            let review = reviews::get(t, Kind::Import, id)?;
            Ok(import(&review, &read(&review)?))
        })
        .await
}

/// The project's imports, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(store: &Store, scope: &Scope, page: PageRequest) -> Result<Listed<ImportSummary>> {
    let filter = reviews::Filter { kind: Some(Kind::Import), ..reviews::Filter::default() };
    let listed = store.read_in(scope, move |t| reviews::list(t, &filter, &page)).await?;
    Ok(listed.map(|review| ImportSummary {
        import_id: review.id,
        filename: review.title,
        state: review.state,
        created_at: review.created_at,
        decided_at: review.decided_at,
        decided_by: review.decided_by,
    }))
}

/// Decides on an import, in one transaction: all of it is saved, or nothing.
///
/// # Errors
/// `NOT_FOUND`; `ALREADY_DECIDED`, with who and when in `details`; `CONFLICT` when the project has moved on since the
/// preview, or the proposal was modified meanwhile; `VALIDATION_ERROR` naming a modification.
pub async fn decide(
    store: &Store,
    scope: &Scope,
    id: ReviewId,
    request: DecisionRequest,
) -> Result<ImportDecided> {
    let modifications = request.modifications.unwrap_or_default();
    if modifications.len() > MAX_MODIFICATIONS {
        return Err(Error::field("modifications", format!("must be at most {MAX_MODIFICATIONS}")));
    }
    if !modifications.is_empty() && request.decision != Decision::Modify {
        return Err(Error::field("modifications", "belong to the decision `modify`; send that first"));
    }
    match request.decision {
        Decision::Ingest => store.transact_in(scope, move |t| ingest(t, id)).await,
        Decision::Modify => store.transact_in(scope, move |t| modify(t, id, &modifications)).await,
        Decision::Discard => store.transact_in(scope, move |t| discard(t, id)).await,
    }
}

/// Saves a pending import within a transaction.
fn ingest(t: &mut Tenant<'_, '_>, id: ReviewId) -> Result<ImportDecided> {
    let review = pending(t, id)?;
    reviews::decide(t, id, ReviewState::Ingested)?;
    let prepared = read(&review)?;
    let applied = save(t, &prepared)?;
    reviews::decided(t, id, ReviewState::Ingested, Some(applied.change))?;
    let (created, changed) = prepared.counts();
    let decided = Decided { state: ReviewState::Ingested, change_id: Some(applied.change), created, changed };
    Ok(ImportDecided { decided, preview: None })
}

/// Writes what a proposal proposes, if the project is still as it was for it.
pub(super) fn save(t: &mut Tenant<'_, '_>, prepared: &Prepared) -> Result<Applied> {
    still_fits(t, prepared)?;
    let draft = prepared.draft(|| t.id::<EntityId>())?;
    changes::apply(t, &draft)
}

/// Records that would be changed are fenced by their versions; this looks at what no version tells of.
fn still_fits(t: &mut Tenant<'_, '_>, prepared: &Prepared) -> Result<()> {
    let moved = |what: String| {
        Error::new(
            Code::Conflict,
            format!(
                "{what} since this preview was made. Nothing was saved; import the file anew to see what it does now."
            ),
        )
    };
    let scripts = scripts(t)?;
    let same = match prepared.script_before() {
        Some(before) => scripts.iter().any(|script| script.record == before),
        None => !scripts.iter().any(|script| {
            let series = script.known.episode.is_some();
            !series || name_key(&script.known.title) == name_key(prepared.title())
        }),
    };
    if !same {
        return Err(moved("Another draft of this script was imported".to_owned()));
    }
    let mut made: BTreeMap<&str, HashMap<String, &str>> = BTreeMap::new();
    for (collection, name) in prepared.to_create().filter(|(collection, _)| *collection != "scenes") {
        made.entry(collection).or_default().insert(name_key(name), name);
    }
    for (collection, names) in made {
        let keys: Vec<&str> = names.keys().map(String::as_str).collect();
        if let Some(key) = entities::borne(t, collection, &keys)?.first() {
            let name = names.get(key).copied().unwrap_or(key);
            return Err(moved(format!("“{name}” was made")));
        }
    }
    Ok(())
}

fn modify(t: &mut Tenant<'_, '_>, id: ReviewId, modifications: &[Modification]) -> Result<ImportDecided> {
    let mut review = pending(t, id)?;
    let mut prepared = read(&review)?;
    prepared.modify(modifications)?;
    let preview = prepared.preview();
    review.payload = serde_json::to_string(&prepared).map_err(Error::internal)?;
    review.score = Some(preview.quality_scores.overall);
    reviews::modify(t, &review)?;
    let decided = Decided { state: ReviewState::Pending, change_id: None, created: 0, changed: 0 };
    Ok(ImportDecided { decided, preview: Some(preview) })
}

fn discard(t: &mut Tenant<'_, '_>, id: ReviewId) -> Result<ImportDecided> {
    pending(t, id)?;
    reviews::decide(t, id, ReviewState::Discarded)?;
    reviews::decided(t, id, ReviewState::Discarded, None)?;
    let decided = Decided { state: ReviewState::Discarded, change_id: None, created: 0, changed: 0 };
    Ok(ImportDecided { decided, preview: None })
}

/// The proposal, if nobody has decided on it yet.
fn pending(t: &mut Tenant<'_, '_>, id: ReviewId) -> Result<Review> {
    let review = reviews::get(t, Kind::Import, id)?;
    if review.state == ReviewState::Pending {
        return Ok(review);
    }
    let done = if review.state == ReviewState::Ingested { "saved" } else { "discarded" };
    Err(Error::new(Code::AlreadyDecided, format!("This import was {done} before. Nothing more was done."))
        .with_details(json!({
            "state": review.state,
            "decidedBy": review.decided_by,
            "decidedAt": review.decided_at,
            "changeId": review.change,
        })))
}

fn read(review: &Review) -> Result<Prepared> {
    serde_json::from_str(&review.payload).map_err(Error::internal)
}

fn import(review: &Review, prepared: &Prepared) -> Import {
    Import {
        import_id: review.id,
        state: review.state,
        created_at: review.created_at,
        created_by: review.created_by,
        preview: prepared.preview(),
    }
}
