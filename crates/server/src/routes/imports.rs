//! Imports: a document is read, shown, and saved only when a person says so.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use identity::{Editor, Viewer};
use kernel::{Code, Error, ProjectId, ReviewId};
use studios::film;
use tracing::Instrument;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::imports::{CreateImport, DecisionRequest, Import, ImportDecided, ImportSummary};
use wire::{Page, PageQuery};

use super::Paging;
use super::uploads::too_large;
use crate::app::App;
use crate::body::{self, Body, Path, Query, unread};
use crate::caller::Permit;
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get)).routes(routes!(decide))
}

/// The imports of a project, newest first
#[utoipa::path(get, path = "/projects/{id}/imports", tag = "imports", params(("id" = ProjectId, Path), PageQuery),
    responses((status = 200, body = Page<ImportSummary>)))]
async fn list(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<ImportSummary>>> {
    let paging = Paging::of(&query)?;
    Ok(Json(paging.page(film::imports::list(&app.store, permit.scope(), paging.request.clone()).await?)))
}

/// Import a document: it is read and shown, and nothing is saved yet
///
/// Send the file as `multipart/form-data` in the field `file`; or JSON with its text or the id of an upload.
#[utoipa::path(post, path = "/projects/{id}/imports", tag = "imports", params(("id" = ProjectId, Path)),
    request_body(content((CreateImport = "application/json"), (Document = "multipart/form-data"))),
    responses((status = 201, body = Import)),
    extensions(("x-refuses" = json!(["CONFLICT", "UNREADABLE_DOCUMENT"]))))]
async fn create(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    mut request: Request,
) -> Answer<impl IntoResponse> {
    // A form says a little more than the document that it brings.
    DefaultBodyLimit::max(app.config.limits.import_bytes + (1 << 16)).apply(&mut request);
    let (filename, bytes) = if body::is_json(request.headers()) {
        let bytes = Bytes::from_request(request, &app).await.map_err(|rejection| unread(&rejection))?;
        let request: CreateImport = body::read(&bytes)?;
        match (request.content, request.upload_id) {
            (Some(content), None) => (request.filename, content.into_bytes()),
            (None, Some(upload)) => {
                let (_, bytes) =
                    app.store.read_in(permit.scope(), move |t| store::uploads::read(t, upload)).await?;
                (request.filename, bytes)
            }
            _ => return Err(Error::field("content", "send either `content` or `uploadId`").into()),
        }
    } else {
        posted(request, &app).await?
    };
    if bytes.len() > app.config.limits.import_bytes {
        return Err(too_large(&app).into());
    }
    let span = tracing::info_span!("import", project = %permit.scope().project(), bytes = bytes.len());
    let proposed = film::imports::propose(&app.store, permit.scope(), &filename, bytes);
    let import = proposed.instrument(span).await?;
    Ok((StatusCode::CREATED, Json(import)))
}

/// A document as a form sends it.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Document {
    /// The document; its name helps to tell its format.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

async fn posted(request: Request, app: &App) -> Result<(String, Vec<u8>), Error> {
    let mut form = Multipart::from_request(request, app).await.map_err(|_| {
        Error::new(Code::UnsupportedMedia, "Send the document as multipart/form-data or application/json.")
    })?;
    let broken = |error: axum::extract::multipart::MultipartError| {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return too_large(app);
        }
        Error::new(Code::ValidationError, "The form did not arrive whole. Nothing was saved.")
            .caused_by(error)
    };
    let field = form.next_field().await.map_err(broken)?.ok_or_else(|| Error::field("file", "is missing"))?;
    if field.name() != Some("file") {
        return Err(Error::field(field.name().unwrap_or("body"), "is not a field of this form"));
    }
    let filename = field.file_name().unwrap_or("untitled").to_owned();
    if filename.chars().count() > 200 || filename.contains('\0') {
        return Err(Error::field("file", "its name must have at most 200 characters"));
    }
    Ok((filename, field.bytes().await.map_err(broken)?.into()))
}

/// An import with its preview
#[utoipa::path(get, path = "/projects/{id}/imports/{import}", tag = "imports",
    params(("id" = ProjectId, Path), ("import" = ReviewId, Path)), responses((status = 200, body = Import)))]
async fn get(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, import)): Path<(ProjectId, ReviewId)>,
) -> Answer<Json<Import>> {
    Ok(Json(film::imports::get(&app.store, permit.scope(), import).await?))
}

/// Decide on an import: save it, change it first, or drop it
#[utoipa::path(post, path = "/projects/{id}/imports/{import}/decision", tag = "imports",
    params(("id" = ProjectId, Path), ("import" = ReviewId, Path)), request_body = DecisionRequest,
    responses((status = 200, body = ImportDecided)),
    extensions(("x-refuses" = json!(["ALREADY_DECIDED", "CONFLICT"]))))]
async fn decide(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, import)): Path<(ProjectId, ReviewId)>,
    Body(request): Body<DecisionRequest>,
) -> Answer<Json<ImportDecided>> {
    let span = tracing::info_span!("import decision", project = %permit.scope().project(), %import);
    let decided = film::imports::decide(&app.store, permit.scope(), import, request);
    Ok(Json(decided.instrument(span).await?))
}
