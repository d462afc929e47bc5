//! What can go wrong with a model, typed inside; and what a person is told of it.

use std::fmt;
use std::time::Duration;

use kernel::{Code, Timestamp};
use resilience::breaker::Outcome;
use resilience::retry;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::delta::{Named, Spent};

/// Which of the waits was too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// For a connection.
    Connect,
    /// For the first word.
    FirstToken,
    /// For the next word.
    BetweenTokens,
    /// For the whole answer, with all attempts.
    Overall,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The key is missing, wrong, or may not use this model.
    #[error("the key was not accepted")]
    Unauthorised,
    /// The account has no credit left.
    #[error("the account has no credit left")]
    QuotaSpent,
    /// Too many calls.
    #[error("too many calls, retry after {retry_after:?}")]
    RateLimited {
        /// How long the provider, or our own pacing, asks to stay away.
        retry_after: Option<Duration>,
    },
    /// The provider cannot serve the call now.
    #[error("overloaded or failing (status {status:?})")]
    Overloaded {
        /// Its HTTP status, if it answered with one.
        status: Option<u16>,
        /// How long it asks to stay away.
        retry_after: Option<Duration>,
    },
    /// It took too long.
    #[error("timed out: {0:?}")]
    Timeout(Wait),
    /// The request is not one that this model takes.
    #[error("refused: {message}")]
    BadRequest {
        /// The provider's words, for the log only: bounded, and without the key.
        message: String,
    },
    /// What came back is not what was asked for, or not to be understood.
    #[error("not usable: {reason}")]
    InvalidOutput {
        /// What is wrong with it, for the log only.
        reason: String,
    },
    /// The connection broke off before the answer was whole.
    #[error("cut off after {received} bytes of answer")]
    Cut {
        /// Bytes of answer that had been passed on.
        received: usize,
    },
    /// The provider could not be reached.
    #[error("not reached: {cause}")]
    Network {
        /// Why, without address or key.
        cause: String,
    },
    /// The breaker is open: the provider failed too often, and was not asked.
    #[error("not asked: the breaker is open until {retry_at}")]
    Refused {
        /// When it will be asked again.
        retry_at: Timestamp,
    },
}

/// The kind of a fault, for programs: results, metrics, events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// See [`Fault::Unauthorised`].
    Unauthorised,
    /// See [`Fault::QuotaSpent`].
    QuotaSpent,
    /// See [`Fault::RateLimited`].
    RateLimited,
    /// See [`Fault::Overloaded`].
    Overloaded,
    /// See [`Fault::Timeout`].
    Timeout,
    /// See [`Fault::BadRequest`].
    BadRequest,
    /// See [`Fault::InvalidOutput`].
    InvalidOutput,
    /// See [`Fault::Cut`].
    Cut,
    /// See [`Fault::Network`].
    Network,
    /// See [`Fault::Refused`].
    Refused,
}

impl Fault {
    pub(crate) fn unreadable(reason: impl Into<String>) -> Self {
        Self::InvalidOutput { reason: reason.into() }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Unauthorised => Kind::Unauthorised,
            Self::QuotaSpent => Kind::QuotaSpent,
            Self::RateLimited { .. } => Kind::RateLimited,
            Self::Overloaded { .. } => Kind::Overloaded,
            Self::Timeout(_) => Kind::Timeout,
            Self::BadRequest { .. } => Kind::BadRequest,
            Self::InvalidOutput { .. } => Kind::InvalidOutput,
            Self::Cut { .. } => Kind::Cut,
            Self::Network { .. } => Kind::Network,
            Self::Refused { .. } => Kind::Refused,
        }
    }

    /// What it says of the provider's health. A provider that refuses one key or one request is not ill.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Overloaded { .. }
            | Self::Timeout(Wait::Connect | Wait::FirstToken | Wait::BetweenTokens)
            | Self::InvalidOutput { .. }
            | Self::Cut { .. }
            | Self::Network { .. } => Outcome::Failure,
            // The caller's own deadline: the provider may have been quick, and the retries long.
            Self::Timeout(Wait::Overall)
            | Self::Unauthorised
            | Self::QuotaSpent
            | Self::RateLimited { .. }
            | Self::BadRequest { .. }
            | Self::Refused { .. } => Outcome::Neutral,
        }
    }

    /// Whether the same call may succeed later, as long as nothing of it has been passed on.
    pub(crate) fn retry(&self) -> retry::Kind {
        match self {
            Self::RateLimited { retry_after: Some(after) }
            | Self::Overloaded { retry_after: Some(after), .. } => {
                retry::Kind::After { millis: millis(*after) }
            }
            Self::RateLimited { retry_after: None }
            | Self::Overloaded { retry_after: None, .. }
            | Self::Timeout(Wait::Connect | Wait::FirstToken)
            | Self::Cut { .. }
            | Self::Network { .. } => retry::Kind::Retryable,
            _ => retry::Kind::Fatal,
        }
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A fault, the model that it happened with, and what was spent all the same.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelError {
    fault: Fault,
    by: Named,
    spent: Option<Spent>,
}

impl ModelError {
    pub(crate) fn new(fault: Fault, by: Named) -> Self {
        Self { fault, by, spent: None }
    }

    /// The same error, after this was spent too.
    pub(crate) fn after(mut self, spent: Option<Spent>) -> Self {
        self.spent = match (self.spent, spent) {
            (Some(a), Some(b)) => Some(a.plus(b)),
            (a, b) => a.or(b),
        };
        self
    }

    /// What was spent all the same, if a model had begun to answer. A budget has to count it.
    #[must_use]
    pub fn spent(&self) -> Option<Spent> {
        self.spent
    }

    /// What went wrong.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.fault.kind()
    }

    /// The model that it went wrong with; of several that were tried, the first choice.
    #[must_use]
    pub fn by(&self) -> &Named {
        &self.by
    }

    /// What happened and what to do, for the person whose request it was.
    #[must_use]
    pub fn advice(&self) -> String {
        let who = self.by.provider.title();
        let model = &self.by.model;
        match &self.fault {
            Fault::Unauthorised => format!(
                "{who} did not accept the key for {model}. An administrator can set a valid one in the settings."
            ),
            Fault::QuotaSpent => format!(
                "The account with {who} has no credit left. Top it up there, or choose another model in the settings."
            ),
            Fault::RateLimited { retry_after: Some(after) } => {
                let seconds = millis(*after).div_ceil(1_000);
                format!("{who} takes no more calls at the moment. Try again in {seconds} seconds.")
            }
            Fault::RateLimited { retry_after: None } => {
                format!("{who} takes no more calls at the moment. Try again in a minute.")
            }
            Fault::Overloaded { .. } => format!("{who} cannot answer at the moment. Try again in a minute."),
            Fault::Timeout(Wait::Connect) | Fault::Network { .. } => format!(
                "{who} could not be reached. Check that the address in the settings is right and its server runs."
            ),
            Fault::Timeout(Wait::FirstToken) => {
                format!("{who} did not begin to answer in time. Try again, or choose a faster model.")
            }
            Fault::Timeout(Wait::BetweenTokens) => {
                format!("{who} fell silent in the middle of its answer. What had arrived is kept; try again.")
            }
            Fault::Timeout(Wait::Overall) => {
                format!("{model} took too long to answer. Try again, or ask for less at once.")
            }
            Fault::BadRequest { .. } => format!(
                "{who} refused this request for {model}. The server's log has its reason; perhaps the model's name is \
                 wrong or the text too long."
            ),
            Fault::InvalidOutput { .. } => {
                format!("The answer of {model} was not usable, and nothing of it was saved. Try again.")
            }
            Fault::Cut { .. } => {
                format!("The answer of {model} broke off. What had arrived is kept; try again.")
            }
            Fault::Refused { retry_at } => format!(
                "{who} has failed several times and is left in peace until {retry_at}. Try again then, or choose \
                 another model."
            ),
        }
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.by.provider.as_str(), self.by.model, self.fault)
    }
}

impl std::error::Error for ModelError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.fault)
    }
}

impl From<ModelError> for kernel::Error {
    fn from(error: ModelError) -> Self {
        let mut details = json!({
            "kind": error.kind(),
            "provider": error.by.provider,
            "model": error.by.model,
        });
        match &error.fault {
            Fault::RateLimited { retry_after: Some(after) }
            | Fault::Overloaded { retry_after: Some(after), .. } => {
                details["retryAfterMs"] = json!(millis(*after));
            }
            Fault::Refused { retry_at } => details["retryAt"] = json!(retry_at.to_rfc3339()),
            Fault::Timeout(wait) => details["wait"] = json!(wait),
            _ => {}
        }
        Self::new(Code::ProviderError, error.advice()).with_details(details).caused_by(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::ProviderKind;

    #[test]
    fn a_person_learns_what_to_do_and_nothing_of_the_providers_words() {
        for fault in [
            Fault::BadRequest { message: "inner secret".into() },
            Fault::unreadable("inner secret"),
            Fault::Network { cause: "inner secret".into() },
        ] {
            let by = Named { provider: ProviderKind::OpenAi, model: "gpt".into() };
            let told: kernel::Error = ModelError::new(fault, by).into();
            assert_eq!(told.code(), Code::ProviderError);
            assert!(!told.to_string().contains("secret"));
            assert!(!told.details().unwrap().to_string().contains("secret"));
            assert!(std::error::Error::source(&told).unwrap().to_string().contains("inner secret"));
        }
    }

    #[test]
    fn only_faults_of_the_provider_count_against_it() {
        assert_eq!(Fault::Unauthorised.outcome(), Outcome::Neutral);
        assert_eq!(Fault::RateLimited { retry_after: None }.outcome(), Outcome::Neutral);
        assert_eq!(Fault::BadRequest { message: String::new() }.outcome(), Outcome::Neutral);
        assert_eq!(Fault::Timeout(Wait::FirstToken).outcome(), Outcome::Failure);
        assert_eq!(Fault::Overloaded { status: Some(500), retry_after: None }.outcome(), Outcome::Failure);
    }
}
