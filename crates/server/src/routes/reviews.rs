//! Reviews: all that waits in a project, and what its departments made, decided on and had as files.

use agents::deliverables::Content;
use axum::Json;
use axum::extract::State;
use identity::{Editor, Viewer};
use kernel::{EntityId, Error, ProjectId, Result, ReviewId, RunId};
use store::reviews::Filter;
use studios::film::departments::{exports, pages};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::reviews::{
    Deliverable, DeliverableDecided, DeliverableDecisionRequest, ExportQuery, Paper, Review, ReviewsQuery,
    RunDecided, RunDecisionRequest,
};
use wire::{Page, PageQuery};

use super::Paging;
use crate::app::App;
use crate::body::{Body, Path, Query};
use crate::caller::Permit;
use crate::download::Download;
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(decide))
        .routes(routes!(decide_run))
        .routes(routes!(export))
        .routes(routes!(export_record))
}

/// All that waits for a decision or was decided, of every kind, newest first
#[utoipa::path(get, path = "/projects/{id}/reviews", tag = "reviews",
    params(("id" = ProjectId, Path), ReviewsQuery), responses((status = 200, body = Page<Review>)))]
async fn list(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Query(query): Query<ReviewsQuery>,
) -> Answer<Json<Page<Review>>> {
    let paging = Paging::of(&PageQuery { limit: query.limit, cursor: query.cursor })?;
    let filter = Filter { kind: query.kind, state: query.state, run: query.run };
    let listed = app.deliverables.list(permit.scope(), filter, paging.request.clone()).await?;
    Ok(Json(paging.page(listed)))
}

/// What an agent of a department made
///
/// Imports and previews of data mode, which the list has too, are looked at and decided where they were made.
#[utoipa::path(get, path = "/projects/{id}/reviews/{review}", tag = "reviews",
    params(("id" = ProjectId, Path), ("review" = ReviewId, Path)), responses((status = 200, body = Deliverable)))]
async fn get(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, review)): Path<(ProjectId, ReviewId)>,
) -> Answer<Json<Deliverable>> {
    Ok(Json(app.deliverables.get(permit.scope(), review).await?))
}

/// Decide on a deliverable: save it, change it first, drop it, or send it back with reasons
///
/// The first decision counts. What is saved becomes a record, or the next version of the record that the same agent's work
/// became before; what is sent back is done again with all that builds on it, and comes as another review.
#[utoipa::path(post, path = "/projects/{id}/reviews/{review}/decision", tag = "reviews",
    params(("id" = ProjectId, Path), ("review" = ReviewId, Path)), request_body = DeliverableDecisionRequest,
    responses((status = 200, body = DeliverableDecided)),
    extensions(("x-refuses" = json!(["ALREADY_DECIDED", "CONFLICT"]))))]
async fn decide(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, review)): Path<(ProjectId, ReviewId)>,
    Body(request): Body<DeliverableDecisionRequest>,
) -> Answer<Json<DeliverableDecided>> {
    Ok(Json(app.deliverables.decide(permit.scope(), review, request).await?))
}

/// Decide on all that waits of a run at once
///
/// Each is decided by itself: what someone else decided meanwhile is told in its outcome, and holds up none of the others.
#[utoipa::path(post, path = "/projects/{id}/runs/{run}/decision", tag = "reviews",
    params(("id" = ProjectId, Path), ("run" = RunId, Path)), request_body = RunDecisionRequest,
    responses((status = 200, body = RunDecided)))]
async fn decide_run(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, run)): Path<(ProjectId, RunId)>,
    Body(request): Body<RunDecisionRequest>,
) -> Answer<Json<RunDecided>> {
    Ok(Json(app.deliverables.decide_run(permit.scope(), run, request.decision).await?))
}

/// A deliverable as a file
#[utoipa::path(get, path = "/projects/{id}/reviews/{review}/exports/{file}", tag = "reviews",
    params(("id" = ProjectId, Path), ("review" = ReviewId, Path),
        ("file" = String, Path, description = "One of the deliverable's `exports`: `shot-list.csv`, `call-sheets.pdf` …"),
        ExportQuery),
    responses((status = 200, content((String = "text/csv"), (Vec<u8> = "application/pdf")))),
    extensions(("x-refuses" = json!(["UNREADABLE_DOCUMENT"]))))]
async fn export(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, review, file)): Path<(ProjectId, ReviewId, String)>,
    Query(query): Query<ExportQuery>,
) -> Answer<Download> {
    let content = app.deliverables.content(permit.scope(), review).await?;
    Ok(written(content, file, query.paper.unwrap_or_default()).await?)
}

/// A record that was saved from a deliverable, as a file
#[utoipa::path(get, path = "/projects/{id}/deliverables/{record}/exports/{file}", tag = "reviews",
    params(("id" = ProjectId, Path), ("record" = EntityId, Path),
        ("file" = String, Path, description = "`shot-list.csv`, `call-sheets.pdf` …"), ExportQuery),
    responses((status = 200, content((String = "text/csv"), (Vec<u8> = "application/pdf")))),
    extensions(("x-refuses" = json!(["UNREADABLE_DOCUMENT"]))))]
async fn export_record(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, record, file)): Path<(ProjectId, EntityId, String)>,
    Query(query): Query<ExportQuery>,
) -> Answer<Download> {
    let content = app.deliverables.content_of(permit.scope(), record).await?;
    Ok(written(content, file, query.paper.unwrap_or_default()).await?)
}

/// Writes a file on a thread that may take its time.
async fn written(content: Content, file: String, paper: Paper) -> Result<Download> {
    let size = match paper {
        Paper::A4 => pages::Size::A4,
        Paper::Letter => pages::Size::Letter,
    };
    let kind = if file.ends_with(".pdf") { "application/pdf" } else { "text/csv; charset=utf-8" };
    let Content { title, form, content } = content;
    let named = exports::files(&form).into_iter().find(|known| known.file == file);
    let named = named.ok_or_else(|| Error::not_found("export"))?;
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    let name = format!("{title} – {}.{ending}", named.title);
    let writing = tokio::task::spawn_blocking(move || exports::file(&form, content, &file, size));
    Ok(Download { name, kind, bytes: writing.await.map_err(Error::internal)?? })
}
