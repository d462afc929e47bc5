//! Servers of others that agents use tools of: made as the configuration says, and as their breakers were kept.

use std::time::Duration;

use kernel::{Ambient, Error, Result};
use store::Store;
use toolservers::{Command, Options, ToolServers};

use crate::breakers;
use crate::config::Config;

/// What reaches the servers, with the breakers as they were kept.
///
/// # Errors
/// When the store fails, or this machine has no TLS.
pub(crate) async fn open(store: &Store, config: &Config, ambient: Ambient) -> Result<ToolServers> {
    let breakers = breakers::kept(store, breakers::TOOL_SERVERS).await?;
    let commands = config.tools.commands.iter().map(|command| Command {
        name: command.name.clone(),
        program: command.program.clone(),
        args: command.args.clone(),
        env: command.env.clone(),
    });
    let options = Options {
        private_addresses: config.tools.private_addresses,
        commands: commands.collect(),
        call: Duration::from_secs(config.tools.call_seconds.into()),
        breakers,
        ..Options::default()
    };
    ToolServers::new(options, ambient).map_err(Error::internal)
}
