//! Where tools are asked: the API of this process, or that of a server elsewhere.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::StreamExt;
use http::{HeaderValue, Method, Request, header};
use rustls_platform_verifier::ConfigVerifierExt;
use tower::ServiceExt;

/// The longest answer that an agent is given, in bytes.
const LONGEST: usize = 256 << 10;
/// How long a server elsewhere may take: longer than the longest that it waits for a run.
const PATIENCE: Duration = Duration::from_secs(120);

/// An API.
#[derive(Clone)]
pub(super) enum Api {
    /// The router of this process.
    Here(Router),
    /// A server elsewhere, and the key for it.
    There { client: reqwest::Client, url: String, key: HeaderValue },
}

/// What is asked of it.
pub(super) struct Asked {
    pub(super) method: Method,
    /// Path and query, beginning with a slash.
    pub(super) address: String,
    /// JSON, if there is a body.
    pub(super) body: Option<String>,
}

/// What it answered.
pub(super) struct Answer {
    pub(super) is_success: bool,
    pub(super) text: String,
}

impl Api {
    /// A server elsewhere.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the key, or with TLS on this machine.
    pub(super) fn there(url: &str, key: &str) -> Result<Self, String> {
        let mut key = HeaderValue::from_str(&format!("Bearer {key}"))
            .map_err(|_| String::from("The key has signs that no key has."))?;
        key.set_sensitive(true);
        let tls = rustls::ClientConfig::with_platform_verifier().map_err(|error| error.to_string())?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // The key goes to the address that was named, and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self::There { client, url: url.trim_end_matches('/').to_owned(), key })
    }

    /// Asks. Whoever calls over HTTP asks with their own `bearer`.
    ///
    /// # Errors
    /// A sentence for the agent, when there is no answer or it is too long.
    pub(super) async fn ask(&self, asked: Asked, bearer: Option<HeaderValue>) -> Result<Answer, String> {
        match self {
            Self::Here(router) => {
                let mut request = Request::builder().method(asked.method).uri(asked.address);
                if let Some(bearer) = bearer {
                    request = request.header(header::AUTHORIZATION, bearer);
                }
                let body = asked.body.map_or_else(Body::empty, Body::from);
                let request = request.header(header::CONTENT_TYPE, "application/json").body(body);
                let request = request.map_err(|error| format!("This cannot be asked: {error}."))?;
                let response = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
                let is_success = response.status().is_success();
                Ok(Answer { is_success, text: text(response.into_body().into_data_stream()).await? })
            }
            Self::There { client, url, key } => {
                let mut request = client
                    .request(asked.method, format!("{url}{}", asked.address))
                    .header(header::AUTHORIZATION, key.clone());
                if let Some(body) = asked.body {
                    request = request.header(header::CONTENT_TYPE, "application/json").body(body);
                }
                let response = request
                    .send()
                    .await
                    .map_err(|error| format!("{url} cannot be reached: {}.", error.without_url()))?;
                let is_success = response.status().is_success();
                Ok(Answer { is_success, text: text(response.bytes_stream()).await? })
            }
        }
    }
}

/// A body as text, up to the bound.
async fn text<E: std::fmt::Display>(
    body: impl futures_util::Stream<Item = Result<bytes::Bytes, E>>,
) -> Result<String, String> {
    let mut body = std::pin::pin!(body);
    let mut all = Vec::new();
    while let Some(piece) = body.next().await {
        all.extend_from_slice(&piece.map_err(|error| format!("The answer broke off: {error}."))?);
        if all.len() > LONGEST {
            return Err(format!(
                "The answer has more than {LONGEST} bytes. Ask for less: a smaller `limit`, or one record or step by itself."
            ));
        }
    }
    String::from_utf8(all).map_err(|_| String::from("The answer is not text."))
}
