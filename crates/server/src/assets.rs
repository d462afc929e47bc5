//! The web UI, which is built into the binary.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use kernel::{Code, Error};
use rust_embed::RustEmbed;

use crate::problem::Refusal;

/// What `npm run build` made.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Dist;

/// Files whose names bear a hash of their content never change.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// Everything else is asked for again, and is answered with 304 while it is the same.
const ASK_AGAIN: &str = "no-cache";

/// A file of the UI; for every other path the UI itself, which knows its own screens.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") || path.starts_with("socket.io/") {
        return Refusal(Error::new(Code::NotFound, "There is no such address in the API.")).into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return Refusal(Error::new(Code::MethodNotAllowed, "Pages are only read, with GET.")).into_response();
    }
    match Dist::get(path) {
        Some(file) if !path.is_empty() => found(path, &file, &headers),
        // A missing file is an error; a missing page is the UI's to tell.
        _ if path.rsplit('/').next().is_some_and(|name| name.contains('.')) => {
            StatusCode::NOT_FOUND.into_response()
        }
        _ => match Dist::get("index.html") {
            Some(page) => found("index.html", &page, &headers),
            None => (
                StatusCode::SERVICE_UNAVAILABLE,
                "This binary was built without its web UI. Build it again with Node 20 or newer installed.\n",
            )
                .into_response(),
        },
    }
}

fn found(path: &str, file: &rust_embed::EmbeddedFile, headers: &HeaderMap) -> Response {
    let hash: String =
        file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{hash}\"");
    let mut answer = HeaderMap::new();
    answer.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(if path.starts_with("assets/") { FOREVER } else { ASK_AGAIN }),
    );
    if let Ok(value) = HeaderValue::from_str(&tag) {
        answer.insert(header::ETAG, value);
    }
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, answer).into_response();
    }
    if let Ok(kind) = HeaderValue::from_str(file.metadata.mimetype()) {
        answer.insert(header::CONTENT_TYPE, kind);
    }
    let body = match &file.data {
        std::borrow::Cow::Borrowed(bytes) => Body::from(*bytes),
        std::borrow::Cow::Owned(bytes) => Body::from(bytes.clone()),
    };
    (answer, body).into_response()
}
