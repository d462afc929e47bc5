//! Health: whether the database can be read, looked at once a second at most, so that strangers who ask load nothing; and
//! whether other servers can be reached, if there may be any.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use kernel::{Ambient, Timestamp};
use store::Store;
use tokio::sync::Mutex;
use wire::settings::Health;

use crate::app::App;

/// How long a look at the database is good for, in milliseconds.
const GOOD_FOR_MS: i64 = 1000;
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Feels the database's pulse.
pub(crate) struct Pulse {
    store: Store,
    ambient: Ambient,
    last: Mutex<Look>,
}

#[derive(Clone, Copy)]
struct Look {
    at: Timestamp,
    well: bool,
}

impl Pulse {
    /// For a store that has just been opened, and so is well.
    pub(crate) fn new(store: Store, ambient: Ambient) -> Self {
        let last = Mutex::new(Look { at: ambient.now(), well: true });
        Self { store, ambient, last }
    }

    /// Whether the database can be read. Those who ask while it is looked at wait for the same look.
    async fn well(&self) -> bool {
        let mut last = self.last.lock().await;
        let now = self.ambient.now();
        if (0..GOOD_FOR_MS).contains(&now.since(last.at)) {
            return last.well;
        }
        // Noted before it is looked, so that those who ask and go at once do not begin a look each.
        last.at = now;
        let looked = tokio::time::timeout(PATIENCE, self.store.probe()).await;
        let why = match looked {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                Some(std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string))
            }
            Err(_) => Some(format!("it did not answer within {} s", PATIENCE.as_secs())),
        };
        match &why {
            Some(why) if last.well => tracing::error!(why, "the database cannot be read"),
            None if !last.well => tracing::info!("the database can be read again"),
            _ => {}
        }
        last.well = why.is_none();
        last.well
    }
}

/// Whether the server, its database and its link to other servers are well. Says no more than that to whoever asks. A server
/// without that link is degraded but serves, so nobody is to be sent elsewhere for it.
pub(crate) async fn health(State(app): State<App>) -> (StatusCode, Json<Health>) {
    let (well, linked) = (app.pulse.well().await, app.backplane.is_linked());
    let code = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let status = if well && linked { "ok" } else { "degraded" };
    let mut checks = serde_json::Map::new();
    checks.insert("database".into(), if well { "ok" } else { "unreadable" }.into());
    if app.backplane.is_shared() {
        checks.insert("redis".into(), if linked { "ok" } else { "unreachable" }.into());
    }
    (code, Json(Health { status: status.into(), version: env!("CARGO_PKG_VERSION").into(), checks }))
}

/// Whether the server can serve.
pub(crate) async fn ready(State(app): State<App>) -> StatusCode {
    if app.pulse.well().await { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
