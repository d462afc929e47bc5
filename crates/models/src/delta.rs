//! What comes back from a model, piece by piece, and what it cost.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Kind;
use crate::price::Cost;
use crate::provider::ProviderKind;
use crate::request::Echo;

/// One piece of an answer. A stream is `Start`, then any of the middle ones, then `Spent`, then `Done`; or it ends
/// with an error, before which there is a `Spent` if the model had begun to answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Delta {
    /// The model has begun to answer: who it is, and whether it stands in for another.
    Start(Served),
    /// More of the answer.
    Text {
        /// What to append.
        text: String,
    },
    /// More of the model's thoughts, as far as it shows them; never a part of the answer.
    Thinking {
        /// What to append.
        text: String,
    },
    /// More of a tool call.
    ToolCall(ToolFragment),
    /// What has to be handed back with this turn.
    Echo(Echo),
    /// What the answer took.
    Spent(Spent),
    /// The answer is whole.
    Done {
        /// Why the model stopped.
        stop: Stop,
    },
}

/// A part of a tool call. The first of each call has its id and name; the arguments are JSON cut anywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolFragment {
    /// Which of the turn's calls, from 0.
    pub index: u32,
    /// The call's id, in its first fragment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The tool's name, in its first fragment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What to append to the arguments' text.
    #[serde(default)]
    pub arguments: String,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// It had said what it had to say.
    End,
    /// It reached the most tokens that it might use.
    MaxTokens,
    /// It waits for the results of its tool calls.
    ToolCalls,
    /// It, or its maker's filter, declined.
    Declined,
    /// For a reason that this version does not know.
    Other,
}

/// Tokens that an answer took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All tokens of the request, those of a cache included.
    pub input_tokens: u64,
    /// Of these, the ones that the provider read from its cache.
    #[serde(default)]
    pub cached_tokens: u64,
    /// Of these, the ones that the provider wrote to its cache.
    #[serde(default)]
    pub cache_write_tokens: u64,
    /// All tokens of the answer, thoughts included.
    pub output_tokens: u64,
    /// Whether the numbers are our estimate, because the provider gave none.
    #[serde(default)]
    pub estimated: bool,
}

impl Usage {
    /// Both together, as for an answer that took two calls.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            cached_tokens: self.cached_tokens.saturating_add(other.cached_tokens),
            cache_write_tokens: self.cache_write_tokens.saturating_add(other.cache_write_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            estimated: self.estimated || other.estimated,
        }
    }
}

/// Tokens and their price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// The tokens.
    pub usage: Usage,
    /// What they cost.
    pub cost: Cost,
}

impl Spent {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { usage: self.usage.plus(other.usage), cost: self.cost.plus(other.cost) }
    }
}

/// A model by its provider and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Named {
    /// Whose it is.
    pub provider: ProviderKind,
    /// Its name there.
    pub model: String,
}

/// Who answered, and what had to be done for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// The model that answered.
    pub by: Named,
    /// For whom it stands in, if it was not the first choice.
    pub fallback: Option<Fallback>,
    /// Calls that it took, failed ones included.
    pub attempts: u32,
    /// What was changed in the request because the model would not take it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjusted: Vec<Adjustment>,
}

/// That another model answered than the one that was asked first. Never silent: it is part of every result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback {
    /// The first choice.
    pub instead_of: Named,
    /// Why it did not answer.
    pub because: Kind,
}

/// A change to a request that a model refused as it was. Newer models take fewer settings; which, only their
/// refusal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// The temperature was left out.
    NoTemperature,
    /// The bound on tokens was sent under its newer name.
    NewerTokenLimit,
    /// The model was told not to reason, which it cannot do together with tools.
    NoReasoning,
    /// The request for token counts was left out, so that they are estimated.
    NoTokenCounts,
}

/// A piece as a provider's file yields it; the service adds who, what it cost, and the ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Thinking(String),
    ToolCall(ToolFragment),
    Echo(Value),
    Usage(Usage),
    Done(Stop),
}

impl Piece {
    /// Whether a person sees it, so that the call can no longer be repeated unnoticed.
    pub(crate) fn is_seen(&self) -> bool {
        match self {
            Self::Text(text) | Self::Thinking(text) => !text.is_empty(),
            Self::ToolCall(_) | Self::Done(_) => true,
            Self::Echo(_) | Self::Usage(_) => false,
        }
    }
}
