//! Files on their way in, in chunks that may come in any order and again.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use identity::Editor;
use kernel::{Code, Error, ProjectId, UploadId};
use store::uploads::{self, CHUNK};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::imports::{CreateUpload, Upload};

use crate::app::App;
use crate::body::{Body, Path, unread};
use crate::caller::Permit;
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(get)).routes(routes!(put))
}

/// Begin an upload in chunks
#[utoipa::path(post, path = "/projects/{id}/uploads", tag = "imports", params(("id" = ProjectId, Path)),
    request_body = CreateUpload, responses((status = 201, body = Upload)))]
async fn create(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Body(request): Body<CreateUpload>,
) -> Answer<impl IntoResponse> {
    if request.size > app.config.limits.import_bytes as i64 {
        return Err(too_large(&app).into());
    }
    let upload = app
        .store
        .transact_in(permit.scope(), move |t| {
            uploads::create(t, &request.filename, request.size, request.sha256.as_deref())
        })
        .await?;
    Ok((StatusCode::CREATED, Json(upload)))
}

/// How far an upload is
#[utoipa::path(get, path = "/projects/{id}/uploads/{upload}", tag = "imports",
    params(("id" = ProjectId, Path), ("upload" = UploadId, Path)), responses((status = 200, body = Upload)),
    extensions(("x-refuses" = json!(["FORBIDDEN"]))))]
async fn get(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, upload)): Path<(ProjectId, UploadId)>,
) -> Answer<Json<Upload>> {
    Ok(Json(app.store.read_in(permit.scope(), move |t| uploads::get(t, upload)).await?))
}

/// Send a chunk
#[utoipa::path(put, path = "/projects/{id}/uploads/{upload}/chunks/{index}", tag = "imports",
    params(("id" = ProjectId, Path), ("upload" = UploadId, Path), ("index" = i64, Path),
        ("Content-Range" = Option<String>, Header, description = "`bytes first-last/size`; checked if sent"),
        ("X-Chunk-Index" = Option<i64>, Header, description = "The same as in the path; checked if sent"),
        ("X-Total-Chunks" = Option<i64>, Header, description = "Checked if sent")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Upload)))]
async fn put(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, upload, index)): Path<(ProjectId, UploadId, i64)>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Answer<Json<Upload>> {
    let bytes = bytes.map_err(|rejection| unread(&rejection))?;
    let said = Said::of(&headers)?;
    let kept = app
        .store
        .transact_in(permit.scope(), move |t| {
            said.check(&uploads::get(t, upload)?, index, bytes.len() as i64)?;
            uploads::put(t, upload, index, &bytes)
        })
        .await?;
    Ok(Json(kept))
}

/// What the headers say of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    /// First byte, last byte, bytes in all.
    range: Option<(i64, i64, i64)>,
    index: Option<i64>,
    total: Option<i64>,
}

impl Said {
    fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let text = |name: &'static str| match headers.get(name).map(|value| value.to_str()) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text.trim())),
            Some(Err(_)) => Err(Error::field(name, "must be plain text")),
        };
        let number = |name: &'static str| {
            text(name)?
                .map(|text| text.parse::<i64>().map_err(|_| Error::field(name, "must be a whole number")))
                .transpose()
        };
        let range = text("Content-Range")?
            .map(|text| {
                range(text).ok_or_else(|| Error::field("Content-Range", "must be `bytes first-last/size`"))
            })
            .transpose()?;
        Ok(Self { range, index: number("X-Chunk-Index")?, total: number("X-Total-Chunks")? })
    }

    fn check(&self, upload: &Upload, index: i64, length: i64) -> Result<(), Error> {
        if self.index.is_some_and(|said| said != index) {
            return Err(Error::field("X-Chunk-Index", "is not the one in the path"));
        }
        if self.total.is_some_and(|said| said != upload.total_chunks) {
            return Err(Error::field("X-Total-Chunks", format!("must be {}", upload.total_chunks)));
        }
        let first = index.saturating_mul(CHUNK);
        let expected = (first, first.saturating_add(length) - 1, upload.size);
        if self.range.is_some_and(|said| said != expected) {
            let (first, last, size) = expected;
            return Err(Error::field("Content-Range", format!("must be `bytes {first}-{last}/{size}`")));
        }
        Ok(())
    }
}

fn range(text: &str) -> Option<(i64, i64, i64)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?, size.parse().ok()?))
}

/// The refusal of a document that is larger than this server takes.
pub(super) fn too_large(app: &App) -> Error {
    let most = app.config.limits.import_bytes;
    Error::new(Code::TooLarge, format!("Documents may have at most {most} bytes here. Nothing was saved."))
        .with_details(serde_json::json!({ "limit": most }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_is_read_or_refused() {
        assert_eq!(range("bytes 0-1048575/2000000"), Some((0, 1_048_575, 2_000_000)));
        for text in ["bytes */10", "0-1/2", "bytes 1-/2", "bytes a-b/c"] {
            assert_eq!(range(text), None, "{text}");
        }
    }
}
