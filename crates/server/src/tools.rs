//! Servers of others that agents use tools of: made as the configuration says, and their breakers kept over restarts.

use std::time::Duration;

use kernel::{Ambient, Error, Result};
use store::Store;
use toolservers::{Command, Options, ToolServers};

use crate::config::Config;

/// Where the breakers stand in the store.
const BREAKERS: &str = "tools.breakers";
/// How long the next try waits when the breakers could not be kept.
const KEPT_AGAIN: Duration = Duration::from_secs(10);

/// What reaches the servers, with the breakers as they were kept.
///
/// # Errors
/// When the store fails, or this machine has no TLS.
pub(crate) async fn open(store: &Store, config: &Config, ambient: Ambient) -> Result<ToolServers> {
    let breakers = store.read(|tx| store::settings::get(tx, BREAKERS)).await?.unwrap_or_default();
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
        // What cannot be read was kept by another version; they begin closed.
        breakers: serde_json::from_str(&breakers).unwrap_or_default(),
        ..Options::default()
    };
    ToolServers::new(options, ambient).map_err(Error::internal)
}

/// Keeps the breakers as they change, until it is dropped. Of several servers on one database the last to see a change is
/// believed.
pub(crate) async fn keep_breakers(store: Store, servers: ToolServers) {
    let mut changes = servers.changes();
    while changes.changed().await.is_ok() {
        while let Err(error) = keep(&store, &servers).await {
            tracing::warn!(%error, "the breakers of tool servers could not be kept");
            tokio::time::sleep(KEPT_AGAIN).await;
        }
    }
}

async fn keep(store: &Store, servers: &ToolServers) -> Result<()> {
    let text = serde_json::to_string(&servers.saved()).map_err(Error::internal)?;
    store.transact(move |tx| store::settings::set(tx, BREAKERS, &text)).await
}
