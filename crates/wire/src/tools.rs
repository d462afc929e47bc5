//! Servers of others whose tools a project's agents may use.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A server of others, as the project knows it. Its token is never told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolServer {
    /// As agents' definitions name it: `mcp:NAME`.
    pub name: String,
    /// Its address, if it is reached over HTTP.
    pub url: Option<String>,
    /// The command of the server's configuration, if it is one.
    pub command: Option<String>,
    #[allow(missing_docs)]
    pub has_token: bool,
    /// Tools that agents call without asking a person though they may write; `*` is all of them.
    pub trusted: Vec<String>,
    /// How it has been lately.
    pub health: ToolServerHealth,
    #[allow(missing_docs)]
    pub updated_at: Timestamp,
}

/// Whether a server is asked at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolServerHealth {
    /// How often in a row it failed.
    pub failures: u32,
    /// Until when it is left alone, because it failed too often.
    pub resting_until: Option<Timestamp>,
}

/// All of a project's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolServerList {
    /// By name.
    pub servers: Vec<ToolServer>,
    /// The commands that the server's configuration offers.
    pub commands: Vec<String>,
    /// Whether addresses on the server's machine and in its networks may be named.
    pub private_addresses: bool,
}

/// Names a server of others: by its address, or by a command of the server's configuration.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutToolServer {
    /// Where it is reached by streamable HTTP.
    #[schema(min_length = 1, max_length = 500)]
    pub url: Option<String>,
    /// Or which command it is.
    #[schema(min_length = 1, max_length = 60)]
    pub command: Option<String>,
    /// The token that it asks for, sealed to the server's key. Absent, the one that is kept stays, unless the address is another;
    /// empty, it is forgotten.
    #[schema(max_length = 4000)]
    pub sealed_token: Option<String>,
    /// Tools that agents may call without asking a person though they may write; `*` is all of them.
    #[serde(default)]
    #[schema(max_items = 128)]
    pub trusted: Vec<String>,
}

/// What came of trying a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolServerTest {
    #[allow(missing_docs)]
    pub ok: bool,
    /// What happened, and what to do.
    pub message: String,
    /// Its tools.
    pub tools: Vec<OutsideTool>,
    /// How long it took.
    pub milliseconds: u64,
}

/// A tool of a server of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct OutsideTool {
    pub name: String,
    /// What the server says of it.
    pub description: String,
    /// Whether the server says that it only reads.
    pub only_reads: bool,
    /// Whether agents ask a person before they call it.
    pub asks: bool,
}
