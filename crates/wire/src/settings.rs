//! The server's settings: language models and the memory's embedder.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The key that browsers seal secrets to.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SealingKey {
    /// An X25519 public key, base64, for a libsodium sealed box.
    pub public_key: String,
}

/// Who speaks which protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// OpenAI, or any server that speaks its chat-completions protocol.
    Openai,
    /// Anthropic's Messages API.
    Anthropic,
    /// Ollama on this machine or another.
    Ollama,
}

/// The language model that the server uses.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelSettings {
    /// Absent: no model; everything works by rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// The model's name at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The provider's usual address if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Whether a key is kept; the key itself is never given back.
    pub has_key: bool,
}

/// Sets the language model.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct UpdateModelSettings {
    /// `null` turns the model off.
    pub provider: Option<Provider>,
    #[schema(max_length = 200)]
    pub model: Option<String>,
    #[schema(max_length = 500)]
    pub base_url: Option<String>,
    /// The key, sealed to the server's public key, base64. Absent keeps the one there is.
    #[schema(max_length = 4000)]
    pub sealed_key: Option<String>,
}

/// What a test of the model found.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ModelTest {
    pub ok: bool,
    /// What the provider said, or what went wrong and what to do.
    pub message: String,
    pub milliseconds: u64,
}

/// Where the embedder's weights are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EmbedderState {
    /// Not on this machine: recall is by text and graph.
    Absent,
    /// On their way.
    Fetching,
    /// Here.
    Ready,
    /// They could not be fetched or read.
    Failed,
}

/// How the memory's embedder is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmbedderStatus {
    #[allow(missing_docs)]
    pub state: EmbedderState,
    /// Bytes fetched.
    pub fetched: u64,
    /// Bytes in all; 0 if not known yet.
    pub total: u64,
    /// Passages that still wait for their embedding.
    pub waiting: i64,
    /// What went wrong and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Whether the server is well.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok` or `degraded`.
    pub status: String,
    #[allow(missing_docs)]
    pub version: String,
    /// Each part: `ok`, or what is wrong.
    #[schema(value_type = Object)]
    pub checks: serde_json::Map<String, serde_json::Value>,
}
