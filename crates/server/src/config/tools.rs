//! What is configured of servers of others whose tools agents may use.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Servers of others whose tools agents may use, by the Model Context Protocol. A command's environment may hold secrets, so this
/// is never logged.
#[derive(Clone, confique::Config)]
pub struct Tools {
    /// Whether owners of projects may name servers on this machine and in its networks, and over plain HTTP. Everybody who owns a
    /// project can then have this server ask whatever answers there.
    #[config(env = "ATELIER_TOOLS_PRIVATE_ADDRESSES", default = false)]
    pub private_addresses: bool,

    /// How long a call of such a tool may take, in seconds; at most 600.
    #[config(env = "ATELIER_TOOLS_CALL_SECONDS", default = 60)]
    pub call_seconds: u16,

    /// Commands that are such servers on their standard input and output, a table each: `name`, `program`, `args`, `env`. Owners of
    /// projects can name them, and no others. Of this server's environment they get `PATH` alone.
    #[config(default = [])]
    pub commands: Vec<ToolCommand>,
}

/// A command that is a server of tools.
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCommand {
    /// As projects name it.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// What its environment has besides.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}
