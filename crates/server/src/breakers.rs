//! Breakers that survive a restart: they stand in the store's settings, and are written whenever they have changed.

use std::time::Duration;

use kernel::{Error, Result};
use resilience::breakers::Breakers;
use resilience::registry::Saved;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::Store;

/// Where those before the providers of models stand.
pub(crate) const PROVIDERS: &str = "model.breakers";
/// Where those before the servers of tools stand.
pub(crate) const TOOL_SERVERS: &str = "tools.breakers";
/// How long the next try waits when they could not be kept.
const KEPT_AGAIN: Duration = Duration::from_secs(10);

/// The breakers as they were kept.
///
/// # Errors
/// When the store fails.
pub(crate) async fn kept<K: DeserializeOwned>(store: &Store, place: &'static str) -> Result<Vec<Saved<K>>> {
    let Some(text) = store.read(move |tx| store::settings::get(tx, place)).await? else {
        return Ok(Vec::new());
    };
    Ok(serde_json::from_str(&text).unwrap_or_else(|error| {
        tracing::warn!(%error, place, "the kept breakers cannot be read; they begin closed");
        Vec::new()
    }))
}

/// Keeps them as they change, until it is dropped, so that a restart does not send calls to where they were seen to fail. Of
/// several servers on one database the last to see a change is believed.
pub(crate) async fn keep<K>(store: Store, place: &'static str, breakers: Breakers<K>)
where
    K: Ord + Clone + Serialize + Send + Sync + 'static,
{
    let mut changes = breakers.changes();
    while changes.changed().await.is_ok() {
        while let Err(error) = write(&store, place, &breakers.saved()).await {
            tracing::warn!(%error, place, "the breakers could not be kept");
            tokio::time::sleep(KEPT_AGAIN).await;
        }
    }
}

async fn write<K: Serialize>(store: &Store, place: &'static str, saved: &[Saved<K>]) -> Result<()> {
    let text = serde_json::to_string(saved).map_err(Error::internal)?;
    store.transact(move |tx| store::settings::set(tx, place, &text)).await
}
