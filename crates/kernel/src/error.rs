//! Errors: typed inside, coded outside. Every code has a page under `docs/errors/`.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request was not done, as a client can tell it apart. The names are those of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The `mode` is not one that this endpoint has.
    InvalidMode,
    /// No project was named, or none that the caller may see.
    MissingProject,
    /// An agent could not do its step.
    AgentError,
    /// A field is missing, unknown, of the wrong type or out of bounds.
    ValidationError,
    /// Who asks is not known, or the sign-in is over.
    AuthError,
    /// The orchestrator could not answer.
    OrchestrationError,
    /// Who asks is known but may not do this.
    Forbidden,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// The path is there but not with this method.
    MethodNotAllowed,
    /// The thing has changed since the caller read it, or the name is taken.
    Conflict,
    /// The decision was taken before, by someone.
    AlreadyDecided,
    /// More than the limit was sent.
    TooLarge,
    /// The content type is not one that this endpoint reads.
    UnsupportedMedia,
    /// A document could not be read; `details` has line and reason.
    UnreadableDocument,
    /// Too many requests; `Retry-After` says when to come back.
    RateLimited,
    /// A language model or another provider failed.
    ProviderError,
    /// The server is too busy or is stopping; nothing was done.
    Unavailable,
    /// Something went wrong that should not; the request id finds it in the log.
    UnknownError,
}

impl Code {
    /// All codes, for documentation and checks.
    pub const ALL: [Self; 18] = [
        Self::InvalidMode,
        Self::MissingProject,
        Self::AgentError,
        Self::ValidationError,
        Self::AuthError,
        Self::OrchestrationError,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::AlreadyDecided,
        Self::TooLarge,
        Self::UnsupportedMedia,
        Self::UnreadableDocument,
        Self::RateLimited,
        Self::ProviderError,
        Self::Unavailable,
        Self::UnknownError,
    ];

    /// The code as the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidMode => "INVALID_MODE",
            Self::MissingProject => "MISSING_PROJECT",
            Self::AgentError => "AGENT_ERROR",
            Self::ValidationError => "VALIDATION_ERROR",
            Self::AuthError => "AUTH_ERROR",
            Self::OrchestrationError => "ORCHESTRATION_ERROR",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::Conflict => "CONFLICT",
            Self::AlreadyDecided => "ALREADY_DECIDED",
            Self::TooLarge => "TOO_LARGE",
            Self::UnsupportedMedia => "UNSUPPORTED_MEDIA",
            Self::UnreadableDocument => "UNREADABLE_DOCUMENT",
            Self::RateLimited => "RATE_LIMITED",
            Self::ProviderError => "PROVIDER_ERROR",
            Self::Unavailable => "UNAVAILABLE",
            Self::UnknownError => "UNKNOWN_ERROR",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a caller is told. The cause, if any, goes to the log and never further.
#[derive(Debug)]
pub struct Error {
    code: Code,
    message: String,
    details: Option<serde_json::Value>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with a sentence for the person who meets it: what happened, what was kept, what to do.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: None, cause: None }
    }

    /// A field that did not pass, by its path in the request: `metadata.age`.
    pub fn field(path: impl Into<String>, reason: impl Into<String>) -> Self {
        let (path, reason) = (path.into(), reason.into());
        Self::new(Code::ValidationError, format!("{path}: {reason}"))
            .with_details(serde_json::json!({ "field": path, "reason": reason }))
    }

    /// Nothing of that kind is there for this caller.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what}, or it is not yours to see."))
    }

    /// A fault of our own: the caller learns nothing of the cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..Self::new(
                Code::UnknownError,
                "Something went wrong on the server. Nothing of this request was saved.",
            )
        }
    }

    /// Adds what a program can use to tell the reader more.
    #[must_use]
    pub fn with_details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Adds the cause, for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The code that tells this error apart.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The sentence for the person.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What a program can use.
    #[must_use]
    pub fn details(&self) -> Option<&serde_json::Value> {
        self.details.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// A result whose error can be told to the caller.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_written_as_serde_writes_it() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }

    #[test]
    fn a_cause_is_kept_but_not_told() {
        let error = Error::internal("password of the database");
        assert!(!error.to_string().contains("database"));
        assert!(std::error::Error::source(&error).is_some());
    }
}
