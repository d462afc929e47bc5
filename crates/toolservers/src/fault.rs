//! What goes wrong with a server, in words that help and tell no secret.

use std::error::Error;
use std::time::Duration;

use resilience::breaker::Outcome;
use resilience::breakers::Resting;
use rmcp::ServiceError;
use rmcp::service::ClientInitializeError;
use rmcp::transport::streamable_http_client::StreamableHttpError;

use crate::address::{BadAddress, NotAllowed};

/// Characters of a server's own words that are told.
const LONGEST: usize = 300;

/// Why a server, or one of its tools, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Its address may not be reached.
    #[error("{0}")]
    Address(BadAddress),
    /// There is no command of that name.
    #[error("the server's configuration has no command {0}")]
    NoCommand(String),
    /// Nobody answers there.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// It wants another token, or one at all.
    #[error("it does not accept the token, or wants one")]
    Unauthorised,
    /// It did not answer in time.
    #[error("it did not answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// Its answer is too large.
    #[error("its answer has more than {0} bytes")]
    TooLarge(usize),
    /// What it answers is not of the protocol.
    #[error("it does not answer as a server of tools should: {0}")]
    Malformed(String),
    /// It says that it is out of order.
    #[error("it answered with the status {0}")]
    Broken(u16),
    /// It does not do what it was asked.
    #[error("it refused: {0}")]
    Refused(String),
    /// It failed too often, and is left alone for a while.
    #[error("it failed several times in a row, and is not asked for another {seconds} s")]
    Resting {
        #[allow(missing_docs)]
        seconds: u64,
    },
    /// It wants something that no agent gives.
    #[error("it wants more of its caller than a call")]
    WantsMore,
}

impl From<Resting> for Fault {
    fn from(resting: Resting) -> Self {
        Self::Resting { seconds: resting.wait_ms.div_ceil(1_000) }
    }
}

/// What a fault says of the server's health.
pub(crate) fn outcome(fault: Option<&Fault>) -> Outcome {
    match fault {
        None | Some(Fault::Refused(_) | Fault::WantsMore) => Outcome::Success,
        Some(Fault::Unreachable(_) | Fault::Slow(_) | Fault::Malformed(_) | Fault::Broken(_)) => {
            Outcome::Failure
        }
        Some(_) => Outcome::Neutral,
    }
}

/// Why a server could not be opened.
pub(crate) fn of_opening(error: &ClientInitializeError) -> Fault {
    match error {
        ClientInitializeError::TransportError { error, .. } => of_transport(error.error.as_ref()),
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => of_opening(fallback),
        ClientInitializeError::JsonRpcError(refused) => Fault::Refused(told(&refused.message)),
        other => Fault::Malformed(told(&other.to_string())),
    }
}

/// Why a call was not answered.
pub(crate) fn of_call(error: &ServiceError) -> Fault {
    match error {
        ServiceError::McpError(refused) => Fault::Refused(told(&refused.message)),
        ServiceError::TransportSend(error) => of_transport(error.error.as_ref()),
        ServiceError::TransportClosed => Fault::Unreachable("the connection was closed".into()),
        other => Fault::Malformed(told(&other.to_string())),
    }
}

fn of_transport(error: &(dyn Error + Send + Sync + 'static)) -> Fault {
    for error in chain(error) {
        if error.downcast_ref::<NotAllowed>().is_some() {
            return Fault::Address(BadAddress::Private);
        }
        if let Some(error) = error.downcast_ref::<StreamableHttpError<reqwest::Error>>()
            && let Some(fault) = of_http(error)
        {
            return fault;
        }
    }
    Fault::Unreachable(told(&error.to_string()))
}

fn of_http(error: &StreamableHttpError<reqwest::Error>) -> Option<Fault> {
    Some(match error {
        StreamableHttpError::AuthRequired(_) | StreamableHttpError::InsufficientScope(_) => {
            Fault::Unauthorised
        }
        StreamableHttpError::ResponseBodyTooLarge { max_size } => Fault::TooLarge(*max_size),
        StreamableHttpError::HttpStatus(status) => Fault::Broken(status.status),
        StreamableHttpError::UnexpectedServerResponse(said) => {
            match said
                .strip_prefix("HTTP ")
                .and_then(|rest| rest.get(..3))
                .and_then(|status| status.parse().ok())
            {
                Some(401 | 403) => Fault::Unauthorised,
                Some(status) => Fault::Broken(status),
                None => Fault::Malformed(told(said)),
            }
        }
        // What is behind it says more: a name that may not be reached, for one.
        StreamableHttpError::Client(error) => {
            if chain(error).any(|error| error.downcast_ref::<NotAllowed>().is_some()) {
                Fault::Address(BadAddress::Private)
            } else {
                Fault::Unreachable(cause(error))
            }
        }
        StreamableHttpError::Deserialize(_)
        | StreamableHttpError::UnexpectedContentType(_)
        | StreamableHttpError::Sse(_)
        | StreamableHttpError::UnexpectedEndOfStream => Fault::Malformed(told(&error.to_string())),
        _ => return None,
    })
}

/// An error and those behind it.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let this = next?;
        next = this.source();
        Some(this)
    })
}

/// The last cause, without the address: it may be nobody's business.
fn cause(error: &reqwest::Error) -> String {
    chain(error).skip(1).last().map_or_else(|| "no answer".into(), |last| told(&last.to_string()))
}

/// A server's own words, on one line and not too long.
fn told(words: &str) -> String {
    words.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(LONGEST).collect()
}
