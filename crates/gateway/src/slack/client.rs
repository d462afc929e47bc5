//! Calls to Slack: one method at a time for each channel that it asked to wait with, a bound on all, and no secret in an error.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use identity::{Identity, Secret};
use kernel::{Code, Error, Result};
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::{BOT_TOKEN, Options};

/// Calls under way at once, those that wait included. One more is refused.
const ROOM: usize = 256;
/// How often a call is tried.
const TRIES: u32 = 5;
/// The longest wait that Slack may ask for.
const LONGEST: Duration = Duration::from_secs(120);
/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The most bytes of an answer.
const ANSWER: usize = 256 * 1024;
/// Where Slack has people answered, and takes files.
const HOOKS: &str = "https://hooks.slack.com/";
const UPLOADS: &str = "https://files.slack.com/";

/// The client. A cheap clone of one shared thing.
#[derive(Clone)]
pub(crate) struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    api: String,
    /// Whether that is on this machine.
    is_here: bool,
    tls: Arc<ClientConfig>,
    identity: Identity,
    room: Semaphore,
    /// Until when a method is not called for a channel.
    holds: Mutex<HashMap<(&'static str, String), Instant>>,
}

/// What became of a try.
enum Tried {
    Answered(Value),
    /// Not now; the next try comes so much later.
    Later(Duration),
}

impl Client {
    pub(crate) fn new(identity: Identity, options: &Options) -> Result<Self> {
        let api = options.api.trim_end_matches('/').to_owned();
        let tls = tls()?;
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .timeout(PATIENCE)
            .user_agent(concat!("Atelier/", env!("CARGO_PKG_VERSION")));
        // No proxy can reach what is on this machine.
        let is_here = ["http://127.0.0.1:", "http://localhost:"].iter().any(|here| api.starts_with(here));
        let http = if is_here { builder.no_proxy() } else { builder }.build().map_err(Error::internal)?;
        let (room, holds, tls) = (Semaphore::new(ROOM), Mutex::default(), Arc::new(tls));
        Ok(Self { inner: Arc::new(Inner { http, api, is_here, tls, identity, room, holds }) })
    }

    /// Calls a method of the API for a channel; gives what it answers.
    ///
    /// # Errors
    /// `UNAVAILABLE` when too much waits, `CONFLICT` when there is no token, `PROVIDER_ERROR` with Slack's word for what it does not
    /// like.
    pub(crate) async fn call(&self, method: &'static str, channel: &str, body: &Value) -> Result<Value> {
        let token = self.bot().await?;
        self.call_as(&token, method, channel, Body::Json(body)).await
    }

    /// Hands a file over, for a channel; gives its id. It is shown nowhere yet.
    ///
    /// # Errors
    /// As [`Self::call`], and `PROVIDER_ERROR` when Slack does not take it.
    pub(crate) async fn upload(&self, channel: &str, name: &str, bytes: Vec<u8>) -> Result<String> {
        let token = self.bot().await?;
        let length = bytes.len().to_string();
        let form = Body::Form(&[("filename", name), ("length", &length)]);
        let place = self.call_as(&token, "files.getUploadURLExternal", channel, form).await?;
        let (Some(url), Some(id)) = (place["upload_url"].as_str(), place["file_id"].as_str()) else {
            return Err(Error::new(Code::ProviderError, "Slack did not say where the file is to go."));
        };
        self.post(url, UPLOADS, Body::Bytes(&bytes)).await?;
        Ok(id.to_owned())
    }

    /// Asks for a socket, by the token that is for nothing else; gives its address.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(crate) async fn open_socket(&self, token: &Secret) -> Result<String> {
        let answer = self.call_as(token, "apps.connections.open", "", Body::Form(&[])).await?;
        let url = answer["url"].as_str().unwrap_or_default();
        let is_safe = url.starts_with("wss://") || self.inner.is_here && url.starts_with("ws://127.0.0.1:");
        is_safe
            .then(|| url.to_owned())
            .ok_or_else(|| Error::new(Code::ProviderError, "Slack gave no socket."))
    }

    async fn bot(&self) -> Result<Secret> {
        self.token(BOT_TOKEN).await?.ok_or_else(|| {
            let why = "Atelier has no token for Slack. Who administers the server can set it.";
            Error::new(Code::Conflict, why)
        })
    }

    /// The token of that name.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) async fn token(&self, name: &str) -> Result<Option<Secret>> {
        self.inner.identity.secret(name).await
    }

    /// What TLS connections to Slack are made with.
    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        self.inner.tls.clone()
    }

    async fn call_as(
        &self,
        token: &Secret,
        method: &'static str,
        channel: &str,
        body: Body<'_>,
    ) -> Result<Value> {
        let Ok(_room) = self.inner.room.try_acquire() else {
            return Err(Error::new(Code::Unavailable, "Too much waits to be told in Slack."));
        };
        let (url, key) = (format!("{}/{method}", self.inner.api), (method, channel.to_owned()));
        for tried in 0..TRIES {
            self.wait(&key).await;
            let request = self.inner.http.post(&url).bearer_auth(token.expose());
            match tried_once(body.on(request), method, tried).await? {
                Tried::Answered(answer) if answer["ok"] == true => return Ok(answer),
                Tried::Answered(answer) => {
                    let word: String =
                        answer["error"].as_str().unwrap_or("no reason").chars().take(100).collect();
                    return Err(Error::new(Code::ProviderError, format!("Slack does not do it: {word}.")));
                }
                Tried::Later(pause) => self.hold(key.clone(), pause),
            }
        }
        Err(Error::new(Code::ProviderError, "Slack could not be reached, or had no time."))
    }

    /// Answers where Slack said that someone is to be answered.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` for an address that is not Slack's, else as [`Self::call`].
    pub(crate) async fn answer(&self, url: &str, body: &Value) -> Result<()> {
        self.post(url, HOOKS, Body::Json(body)).await
    }

    /// Posts to an address that Slack gave, which begins so.
    async fn post(&self, url: &str, begins: &str, body: Body<'_>) -> Result<()> {
        let own = self.inner.api.strip_suffix("/api").unwrap_or(&self.inner.api);
        let is_ours = url.strip_prefix(own).is_some_and(|rest| rest.starts_with('/'));
        if !(is_ours || url.starts_with(begins)) {
            return Err(Error::new(Code::ValidationError, "That address is not Slack's."));
        }
        let Ok(_room) = self.inner.room.try_acquire() else {
            return Err(Error::new(Code::Unavailable, "Too much waits to be told in Slack."));
        };
        for tried in 0..TRIES {
            match tried_once(body.on(self.inner.http.post(url)), "an address of its own", tried).await? {
                Tried::Answered(_) => return Ok(()),
                Tried::Later(pause) => tokio::time::sleep(pause).await,
            }
        }
        Err(Error::new(Code::ProviderError, "Slack could not be reached, or had no time."))
    }

    /// Waits until a method may be called for a channel.
    async fn wait(&self, key: &(&'static str, String)) {
        loop {
            let until = self.holds().get(key).copied();
            match until {
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
                _ => return,
            }
        }
    }

    fn hold(&self, key: (&'static str, String), pause: Duration) {
        let now = Instant::now();
        let mut holds = self.holds();
        holds.retain(|_, until| *until > now);
        let until = holds.entry(key).or_insert(now);
        *until = (*until).max(now + pause);
    }

    /// What is done under this lock cannot fail midway.
    fn holds(&self) -> MutexGuard<'_, HashMap<(&'static str, String), Instant>> {
        self.inner.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is posted.
#[derive(Clone, Copy)]
enum Body<'b> {
    Json(&'b Value),
    /// Not all methods take JSON.
    Form(&'b [(&'b str, &'b str)]),
    Bytes(&'b [u8]),
}

impl Body<'_> {
    fn on(self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let of = |kind: &str, body: Vec<u8>| request.header("content-type", kind).body(body);
        match self {
            Self::Json(value) => of("application/json; charset=utf-8", value.to_string().into_bytes()),
            Self::Form(fields) => {
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                of("application/x-www-form-urlencoded", form.into_bytes())
            }
            Self::Bytes(bytes) => of("application/octet-stream", bytes.to_vec()),
        }
    }
}

/// Tries once. What may have been done is not tried again: nobody wants to read everything twice.
async fn tried_once(request: reqwest::RequestBuilder, what: &str, tried: u32) -> Result<Tried> {
    let failed = |error: reqwest::Error| {
        // Without the address, which may be as good as a secret.
        Error::new(Code::ProviderError, "Slack could not be reached.").caused_by(error.without_url())
    };
    let backoff = Duration::from_secs(1 << tried.min(5));
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_connect() => {
            tracing::warn!(error = %error.without_url(), what, "Slack cannot be reached");
            return Ok(Tried::Later(backoff));
        }
        Err(error) => return Err(failed(error)),
    };
    match response.status() {
        StatusCode::TOO_MANY_REQUESTS => {
            let seconds =
                response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            Ok(Tried::Later(
                seconds.map_or(backoff, Duration::from_secs).clamp(Duration::from_millis(100), LONGEST),
            ))
        }
        status if status.is_success() => {
            let bytes = read(response).await.map_err(failed)?;
            // A hook answers `ok`, or nothing.
            Ok(Tried::Answered(serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
        }
        status => Err(Error::new(Code::ProviderError, format!("Slack answers {status}."))),
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(part) = response.chunk().await? {
        let room = ANSWER - bytes.len();
        bytes.extend_from_slice(&part[..part.len().min(room)]);
        if bytes.len() == ANSWER {
            break;
        }
    }
    Ok(bytes)
}

fn tls() -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(Error::internal)
    };
    Ok(match builder()?.with_platform_verifier() {
        Ok(verified) => verified.with_no_client_auth(),
        Err(error) => {
            tracing::warn!(%error, "no trusted certificates on this machine: Slack cannot be reached");
            builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
        }
    })
}
