//! What an operator can set: how long to wait, how much to take, how often to try.

use std::collections::BTreeMap;
use std::time::Duration;

use resilience::breaker::{self, Params};
use resilience::registry::Saved;
use resilience::retry::Policy;

use crate::engines::Engine;
use crate::price::Prices;
use crate::provider::ProviderKind;

/// How the models' service behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How much to take.
    pub bounds: Bounds,
    /// How often to try before the first word.
    pub retry: Policy,
    /// When to stop asking a provider that fails.
    pub breaker: Params,
    /// Least interval between two calls to a provider, in milliseconds, where it is not the provider's default.
    pub pace_ms: BTreeMap<ProviderKind, u64>,
    /// What tokens cost.
    pub prices: Prices,
    /// The breakers as they were saved before a restart.
    pub breakers: Vec<Saved<Engine>>,
}

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the first word, from when the call is sent. A model may think, or be loaded, for minutes.
    pub first_token: Duration,
    /// For the next sign of life after the first.
    pub between_tokens: Duration,
    /// For the whole answer: all attempts, pauses and fallbacks.
    pub overall: Duration,
    /// For the small call of the settings screen.
    pub probe: Duration,
}

/// How much to take, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Text of a request. At the bound it is refused.
    pub request: usize,
    /// One line or event of a provider's stream. At the bound the stream is given up.
    pub frame: usize,
    /// One whole stream, as it comes over the wire. At the bound it is given up.
    pub stream: usize,
    /// Text, thoughts and tool arguments of one answer. At the bound the stream is given up.
    pub answer: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            bounds: Bounds::default(),
            retry: Policy::PROVIDERS,
            breaker: breaker::ENGINES,
            pace_ms: BTreeMap::new(),
            prices: Prices::bundled(),
            breakers: Vec::new(),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_token: Duration::from_secs(120),
            between_tokens: Duration::from_secs(60),
            overall: Duration::from_secs(600),
            probe: Duration::from_secs(30),
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self { request: 8 << 20, frame: 1 << 20, stream: 64 << 20, answer: 4 << 20 }
    }
}
