//! The providers: a closed enum with one file each. What differs between them is known here and nowhere else.

mod anthropic;
mod ollama;
mod openai;
mod scripted;

use std::collections::BTreeSet;
use std::fmt;
use std::pin::Pin;

use async_stream::try_stream;
use futures_util::{Stream, StreamExt};
use resilience::pacing;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::anthropic::Anthropic;
pub use self::ollama::Ollama;
pub use self::openai::OpenAi;
pub use self::scripted::{Act, Breakage, Scene, Script, Scripted};
use crate::delta::{Adjustment, Named, Piece};
use crate::engines::Engine;
use crate::error::Fault;
use crate::frames::FrameError;
use crate::http::Http;
use crate::options::Bounds;
use crate::request::{Echo, Request};
use crate::schema::clip;

/// Fallbacks of a route at most.
pub const MAX_FALLBACKS: usize = 3;

/// Which provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// OpenAI's chat completions, and every server that speaks them.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
    /// Ollama's own chat.
    Ollama,
    /// A script: no model at all.
    Scripted,
}

impl ProviderKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Anthropic, Self::Ollama, Self::Scripted];

    /// As settings and the API write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Ollama => "ollama",
            Self::Scripted => "scripted",
        }
    }

    /// As a person reads it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::OpenAi => "OpenAI",
            Self::Anthropic => "Anthropic",
            Self::Ollama => "Ollama",
            Self::Scripted => "The scripted model",
        }
    }
}

impl fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A provider, with what is needed to reach it.
#[derive(Debug, Clone)]
pub enum Provider {
    /// OpenAI, or a server that speaks like it.
    OpenAi(OpenAi),
    /// Anthropic.
    Anthropic(Anthropic),
    /// Ollama.
    Ollama(Ollama),
    /// A script.
    Scripted(Scripted),
}

impl Provider {
    /// Which provider it is.
    #[must_use]
    pub fn kind(&self) -> ProviderKind {
        match self {
            Self::OpenAi(_) => ProviderKind::OpenAi,
            Self::Anthropic(_) => ProviderKind::Anthropic,
            Self::Ollama(_) => ProviderKind::Ollama,
            Self::Scripted(_) => ProviderKind::Scripted,
        }
    }
}

/// A model of a provider.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it is served.
    pub provider: Provider,
    /// Its name there.
    pub model: String,
}

/// A model, and those that stand in for it, in this order, when it cannot answer.
#[derive(Debug, Clone)]
pub struct Route {
    first: Target,
    fallbacks: Vec<Target>,
}

impl Route {
    /// Only this model.
    #[must_use]
    pub fn new(first: Target) -> Self {
        Self { first, fallbacks: Vec::new() }
    }

    /// This model too, if those before it cannot answer. More than [`MAX_FALLBACKS`] are left out.
    #[must_use]
    pub fn or(mut self, fallback: Target) -> Self {
        if self.fallbacks.len() < MAX_FALLBACKS {
            self.fallbacks.push(fallback);
        }
        self
    }

    /// The first choice.
    #[must_use]
    pub fn first(&self) -> &Target {
        &self.first
    }

    pub(crate) fn targets(&self) -> impl Iterator<Item = &Target> {
        std::iter::once(&self.first).chain(&self.fallbacks)
    }
}

impl From<Target> for Route {
    fn from(target: Target) -> Self {
        Self::new(target)
    }
}

/// Who asks for money, and by which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Billing {
    /// Nobody.
    Free,
    /// Nobody here knows.
    Unknown,
    /// By OpenAI's prices.
    OpenAi,
    /// By Anthropic's prices.
    Anthropic,
}

/// One call, as a provider's file sees it.
pub(crate) struct Call<'a> {
    pub(crate) http: &'a Http,
    pub(crate) bounds: Bounds,
    pub(crate) model: &'a str,
    pub(crate) request: &'a Request,
    /// What has been learnt about the model's refusals.
    pub(crate) adjusted: &'a BTreeSet<Adjustment>,
}

impl Call<'_> {
    pub(crate) fn is_adjusted(&self, by: Adjustment) -> bool {
        self.adjusted.contains(&by)
    }
}

/// The pieces of an answer, one batch for each frame. An empty batch is a sign of life.
pub(crate) type Pieces = Pin<Box<dyn Stream<Item = Result<Vec<Piece>, Fault>> + Send>>;

impl Target {
    /// That model of that provider.
    pub fn new(provider: Provider, model: impl Into<String>) -> Self {
        Self { provider, model: model.into() }
    }

    /// Its provider and name.
    #[must_use]
    pub fn named(&self) -> Named {
        Named { provider: self.provider.kind(), model: self.model.clone() }
    }

    /// What its breaker and pace belong to.
    #[must_use]
    pub fn engine(&self) -> Engine {
        let base = match &self.provider {
            Provider::OpenAi(openai) => openai.base().to_string(),
            Provider::Anthropic(anthropic) => anthropic.base().to_string(),
            Provider::Ollama(ollama) => ollama.base().to_string(),
            Provider::Scripted(scripted) => scripted.name().to_owned(),
        };
        Engine { provider: self.provider.kind(), base }
    }

    pub(crate) fn billing(&self) -> Billing {
        match &self.provider {
            Provider::OpenAi(openai) => openai.billing(),
            Provider::Anthropic(anthropic) => anthropic.billing(),
            Provider::Ollama(ollama) => ollama.billing(&self.model),
            Provider::Scripted(_) => Billing::Free,
        }
    }

    /// The provider's own pace, in milliseconds. Only OpenAI's hosted service has one.
    pub(crate) fn default_pace_ms(&self) -> u64 {
        match &self.provider {
            Provider::OpenAi(openai) if openai.is_hosted() => pacing::OPENAI_MS,
            _ => 0,
        }
    }

    /// Sends the request; the answer's first frame may be a long time coming.
    pub(crate) async fn open(&self, call: &Call<'_>) -> Result<Pieces, Fault> {
        match &self.provider {
            Provider::OpenAi(openai) => openai.open(call).await,
            Provider::Anthropic(anthropic) => anthropic.open(call).await,
            Provider::Ollama(ollama) => ollama.open(call).await,
            Provider::Scripted(scripted) => Ok(scripted.open(call.request)),
        }
    }

    /// What to change in a request so that the model takes it, going by its words of refusal.
    pub(crate) fn adjustment(
        &self,
        message: &str,
        request: &Request,
        made: &BTreeSet<Adjustment>,
    ) -> Option<Adjustment> {
        let has = |word: &str| message.contains(word);
        let openai = matches!(self.provider, Provider::OpenAi(_));
        let sends_temperature = openai || matches!(self.provider, Provider::Anthropic(_));
        [
            (
                Adjustment::NewerTokenLimit,
                openai && request.max_tokens.is_some() && has("max_completion_tokens"),
            ),
            (Adjustment::NoReasoning, openai && !request.tools.is_empty() && has("reasoning_effort")),
            (Adjustment::NoTokenCounts, openai && has("stream_options")),
            (
                Adjustment::NoTemperature,
                sends_temperature && request.temperature.is_some() && has("temperature"),
            ),
        ]
        .into_iter()
        .find(|(adjustment, applies)| *applies && !made.contains(adjustment))
        .map(|(adjustment, _)| adjustment)
    }
}

/// Reads a provider's frames.
pub(crate) trait Decoder: Send + 'static {
    /// The pieces of one frame.
    fn frame(&mut self, frame: &str) -> Result<Vec<Piece>, Fault>;

    /// The pieces that are still owed when the stream has ended without a farewell.
    fn end(&mut self) -> Vec<Piece>;
}

/// Decodes frames until the answer is done, and then lets go of the connection.
pub(crate) fn decoded<S, D>(frames: S, mut decoder: D) -> Pieces
where
    S: Stream<Item = Result<String, FrameError>> + Send + 'static,
    D: Decoder,
{
    Box::pin(try_stream! {
        let mut frames = Box::pin(frames);
        while let Some(frame) = frames.next().await {
            let pieces = decoder.frame(&frame?)?;
            let done = pieces.iter().any(|piece| matches!(piece, Piece::Done(_)));
            yield pieces;
            if done {
                return;
            }
        }
        yield decoder.end();
    })
}

/// One frame as JSON.
pub(crate) fn json(frame: &str) -> Result<Value, Fault> {
    serde_json::from_str(frame)
        .map_err(|error| Fault::unreadable(format!("a frame is not JSON ({error}): {}", clip(frame, 100))))
}

/// What this model wants handed back, if it was this model that said it.
pub(crate) fn own_echo<'a>(echo: Option<&'a Echo>, kind: ProviderKind, model: &str) -> Option<&'a Value> {
    echo.filter(|echo| echo.provider == kind && echo.model == model).map(|echo| &echo.content)
}

/// The fault that a provider reports in the middle of a stream, by the name that it gives it.
pub(crate) fn reported(name: &str, message: &str) -> Fault {
    match name {
        "rate_limit_error" | "rate_limit_exceeded" => Fault::RateLimited { retry_after: None },
        "insufficient_quota" | "billing_error" => Fault::QuotaSpent,
        "authentication_error" | "permission_error" | "invalid_api_key" => Fault::Unauthorised,
        "invalid_request_error" | "not_found_error" | "request_too_large" => {
            Fault::BadRequest { message: clip(message, 500).to_owned() }
        }
        _ => Fault::Overloaded { status: None, retry_after: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_is_written_as_serde_writes_it() {
        for kind in ProviderKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
