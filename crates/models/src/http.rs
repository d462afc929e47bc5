//! Calls to a provider over HTTP: one client, no redirects, and every failure told by its kind.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use kernel::{Ambient, Timestamp};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use serde_json::Value;

use crate::base::Base;
use crate::error::{Fault, Wait};
use crate::key::ApiKey;
use crate::options::Timeouts;
use crate::schema::clip;

/// Bytes of an error's body that are read.
const MAX_ERROR_BODY: usize = 16 << 10;
/// Bytes of a provider's words that are kept for the log.
const MAX_MESSAGE: usize = 500;

/// The clients that all calls share.
#[derive(Clone)]
pub(crate) struct Http {
    /// By the environment's proxy, if it names one.
    outside: Client,
    /// For this machine's own servers, which no proxy can reach.
    inside: Client,
    ambient: Ambient,
}

/// The TLS or HTTP library refused its own settings.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made: {0}")]
pub struct NoClient(String);

impl Http {
    pub(crate) fn new(timeouts: &Timeouts, ambient: Ambient) -> Result<Self, NoClient> {
        let tls = tls()?;
        let builder = || {
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .http1_only()
                .redirect(redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(timeouts.connect)
                .tcp_keepalive(Duration::from_secs(30))
                .user_agent(concat!("Atelier/", env!("CARGO_PKG_VERSION")))
        };
        let broken = |error: reqwest::Error| NoClient(error.to_string());
        let outside = builder().build().map_err(broken)?;
        let inside = builder().no_proxy().build().map_err(broken)?;
        Ok(Self { outside, inside, ambient })
    }

    /// Sends `body` as JSON and gives the response, if it is a success. `key` is scrubbed from what is kept of an
    /// error.
    pub(crate) async fn post(
        &self,
        base: &Base,
        path: &str,
        headers: HeaderMap,
        key: Option<&ApiKey>,
        body: &Value,
    ) -> Result<Response, Fault> {
        let client = if base.is_loopback() { &self.inside } else { &self.outside };
        let response = client
            .post(base.join(path))
            .headers(headers)
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string())
            .send()
            .await
            .map_err(unreached)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_bounded(response).await;
        let words = provider_words(&body);
        let message = key.map_or_else(|| words.clone(), |key| key.scrub(&words));
        Err(refusal(status, retry_after(&headers, self.ambient.now()), &body, clip(&message, MAX_MESSAGE)))
    }
}

/// The operating system's trust, by *ring*. Without any trusted root (a bare container) local servers still work
/// and every `https` call fails.
fn tls() -> Result<ClientConfig, NoClient> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| NoClient(error.to_string()))
    };
    Ok(match builder()?.with_platform_verifier() {
        Ok(verified) => verified.with_no_client_auth(),
        Err(error) => {
            tracing::warn!(%error, "no trusted certificates on this machine: providers on https cannot be reached");
            builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
        }
    })
}

fn unreached(error: reqwest::Error) -> Fault {
    if error.is_connect() && error.is_timeout() {
        return Fault::Timeout(Wait::Connect);
    }
    // Without the address: it can hold what an administrator would not show.
    let error = error.without_url();
    let mut cause = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        cause = format!("{cause}: {inner}");
        source = inner.source();
    }
    Fault::Network { cause: clip(&cause, MAX_MESSAGE).to_owned() }
}

async fn read_bounded(response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        let room = MAX_ERROR_BODY - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == MAX_ERROR_BODY {
            break;
        }
    }
    body
}

/// What the provider says is wrong: `error.message`, `error`, or the body as it is.
fn provider_words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let Ok(json) = serde_json::from_str::<Value>(&text) else { return text.into_owned() };
    let error = &json["error"];
    error["message"].as_str().or_else(|| error.as_str()).map_or_else(|| text.into_owned(), str::to_owned)
}

/// Words by which providers say, under several statuses, that the account is empty.
const NO_CREDIT: [&str; 3] = ["insufficient_quota", "credit balance", "billing_error"];

fn refusal(status: StatusCode, retry_after: Option<Duration>, body: &[u8], message: &str) -> Fault {
    let body = String::from_utf8_lossy(body);
    let no_credit = NO_CREDIT.iter().any(|words| body.contains(words));
    match status.as_u16() {
        402 => Fault::QuotaSpent,
        400 | 403 | 429 if no_credit => Fault::QuotaSpent,
        401 | 403 => Fault::Unauthorised,
        429 => Fault::RateLimited { retry_after },
        code @ (408 | 425 | 500..) => Fault::Overloaded { status: Some(code), retry_after },
        code => Fault::BadRequest { message: format!("status {code}: {message}") },
    }
}

/// `Retry-After` in seconds or as a date, or its finer cousin in milliseconds.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(millis) = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(millis / 1_000.0).ok();
    }
    let text = text(RETRY_AFTER.as_str())?;
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(at.saturating_sub(Duration::from_millis(u64::try_from(now.0).unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(name: &'static str, value: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        // 1994-11-06T08:49:07Z
        retry_after(&headers, Timestamp(784_111_747_000))
    }

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        assert_eq!(after("retry-after", "20"), Some(Duration::from_secs(20)));
        assert_eq!(after("retry-after", "0.5"), Some(Duration::from_millis(500)));
        assert_eq!(after("retry-after-ms", "1500"), Some(Duration::from_millis(1_500)));
        assert_eq!(after("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(after("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        for nonsense in ["soon", "-1", "nan", "inf", ""] {
            assert_eq!(after("retry-after", nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_refusal_is_told_by_its_kind() {
        let fault = |status: u16, body: &str| {
            refusal(StatusCode::from_u16(status).unwrap(), None, body.as_bytes(), "words").kind()
        };
        use crate::error::Kind;
        assert_eq!(fault(401, ""), Kind::Unauthorised);
        assert_eq!(fault(403, ""), Kind::Unauthorised);
        assert_eq!(fault(429, ""), Kind::RateLimited);
        assert_eq!(fault(429, r#"{"error":{"code":"insufficient_quota"}}"#), Kind::QuotaSpent);
        assert_eq!(fault(400, "Your credit balance is too low"), Kind::QuotaSpent);
        assert_eq!(fault(402, ""), Kind::QuotaSpent);
        assert_eq!(fault(400, ""), Kind::BadRequest);
        assert_eq!(fault(404, ""), Kind::BadRequest);
        assert_eq!(fault(307, ""), Kind::BadRequest, "redirects are not followed");
        assert_eq!(fault(500, ""), Kind::Overloaded);
        assert_eq!(fault(529, ""), Kind::Overloaded);
    }

    #[test]
    fn the_providers_words_are_found_in_their_usual_places() {
        assert_eq!(provider_words(br#"{"error":{"message":"a"}}"#), "a");
        assert_eq!(provider_words(br#"{"error":"b"}"#), "b");
        assert_eq!(provider_words(b"<html>"), "<html>");
    }
}
