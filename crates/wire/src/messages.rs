//! What agents say to each other. The names of the fields are those of the source that the messages come from.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What an agent says to others of its run. In the run's log an entry of the kind `message` holds one as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentMessage {
    /// Who says it: `audio/cues`.
    #[schema(min_length = 1, max_length = 130)]
    pub from: String,
    /// To whom; absent if it is for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Recipients>,
    /// What it is about, in words with dots between: `work.accepted`.
    #[schema(min_length = 1, max_length = 200)]
    pub topic: String,
    #[allow(missing_docs)]
    pub r#type: MessageType,
    #[allow(missing_docs)]
    pub payload: MessagePayload,
    /// When it was said, in milliseconds since 1970.
    pub timestamp: i64,
    /// What a request and its response have in common.
    #[schema(min_length = 1, max_length = 80)]
    pub correlation_id: String,
    /// How urgent it is: 10 is the highest.
    #[schema(maximum = 10)]
    pub priority: u8,
    /// Under this name it is kept in the project's memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 120)]
    pub memory_key: Option<String>,
    /// What it means, as an embedding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 1536)]
    pub vector: Option<Vec<f32>>,
}

/// One agent, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum Recipients {
    One(String),
    Many(Vec<String>),
}

impl Recipients {
    /// All of them.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

/// What kind of message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageType {
    /// Asks for something to be done.
    Command,
    /// Asks for an answer.
    Query,
    /// Tells, and wants no answer.
    Notification,
    /// Answers.
    Response,
}

/// What a message carries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MessagePayload {
    /// The record or pattern that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern_id: Option<String>,
    /// What is wanted, or was done: `ask`, `accepted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub data: Option<Value>,
    /// What belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub context: Option<Map<String, Value>>,
    /// Fields that a topic has besides.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub other: Map<String, Value>,
}
