//! Refusals: how an error becomes an answer. The cause goes to the log, the sentence and the code to the caller.

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::{Code, Error, RequestId};
use wire::Problem;

tokio::task_local! {
    /// The request that is being answered, so that every problem can name it.
    pub(crate) static REQUEST: RequestId;
}

/// An answer that is not a success.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) Error);

/// What a handler gives back.
pub(crate) type Answer<T> = Result<T, Refusal>;

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// The HTTP status of a code.
pub(crate) fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidMode | Code::MissingProject | Code::ValidationError => StatusCode::BAD_REQUEST,
        Code::UnreadableDocument => StatusCode::UNPROCESSABLE_ENTITY,
        Code::AuthError => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::Conflict | Code::AlreadyDecided => StatusCode::CONFLICT,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::ProviderError => StatusCode::BAD_GATEWAY,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::AgentError | Code::OrchestrationError | Code::UnknownError => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = self.0;
        let status = status(error.code());
        if status.is_server_error() {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(code = error.code().as_str(), cause, "{}", error.message());
        }
        let told = |name: &str| error.details().and_then(|details| details.get(name)?.as_u64());
        let (retry_after, limit, remaining) = (told("retryAfter"), told("limit"), told("remaining"));
        let problem = Problem {
            error: error.message().to_owned(),
            code: error.code(),
            details: error.details().cloned(),
            request_id: REQUEST.try_with(|id| *id).ok(),
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let (Some(limit), Some(remaining), Some(reset)) = (limit, remaining, retry_after) {
            headers.extend(quota(limit, remaining, reset));
        }
        if let Some(seconds) = retry_after.or((status == StatusCode::SERVICE_UNAVAILABLE).then_some(1)) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The headers that say what is left of a quota, and in how many seconds there is more of it
/// (draft-ietf-httpapi-ratelimit-headers-07).
pub(crate) fn quota(limit: u64, remaining: u64, reset: u64) -> HeaderMap {
    let names = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(HeaderName::from_static);
    names.into_iter().zip([limit, remaining, reset].map(HeaderValue::from)).collect()
}

/// The refusal of a caller who is not known.
pub(crate) fn unknown_caller() -> Error {
    Error::new(Code::AuthError, "Sign in first, or send a valid access token or API key.")
}
