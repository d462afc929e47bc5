//! Slack: how people are known there, and by what Atelier is.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A code that a person says in Slack to be known there: `/atelier link CODE`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlackCode {
    /// It is shown this once.
    pub code: String,
    /// Until when it is good.
    pub until: Timestamp,
}

/// By what Atelier is known at Slack; secrets are never given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlackSettings {
    /// Whether a signing secret is kept. Without one Slack is not heard over HTTP.
    pub has_signing_secret: bool,
    /// Whether a bot's token is kept. Without one nothing is told in Slack, but commands are answered.
    pub has_bot_token: bool,
    /// Whether a token for sockets is kept. With one the server asks Slack for a socket, and Slack need not be able to reach it.
    pub has_app_token: bool,
    /// Whether this server has such a socket now.
    pub socket_is_open: bool,
}

/// Sets by what Atelier is known at Slack. What is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateSlackSettings {
    /// The signing secret, sealed to the server's public key, base64.
    #[schema(max_length = 4000)]
    pub sealed_signing_secret: Option<String>,
    /// The bot's token, likewise.
    #[schema(max_length = 4000)]
    pub sealed_bot_token: Option<String>,
    /// The token for sockets, likewise; an empty text takes it away.
    #[schema(max_length = 4000)]
    pub sealed_app_token: Option<String>,
}
