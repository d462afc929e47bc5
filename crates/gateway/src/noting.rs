//! What people did to the fleet, in the audit log.

use kernel::{Error, Result, RunId};
use serde_json::{Map, Value, json};
use store::{Scope, Tenant, audit, runs};
use wire::fleet::{CreateRemote, Engine};

use crate::Gateway;

/// What the runs of the fleet have in common; `fleet.command`, `fleet.agent` and so on.
const FLEETS: &str = "fleet.";

impl Gateway {
    /// Notes what someone did. Where it could be noted with what it tells of, it was; this is for what `tasks` does.
    ///
    /// # Errors
    /// When the store fails; it was done nevertheless, and that is said.
    pub async fn note(&self, scope: &Scope, action: &str, target: &str, details: Value) -> Result<()> {
        let (who, what, whom) = (*scope, action.to_owned(), target.to_owned());
        let noted = self.inner.store.transact_in(scope, move |t| {
            audit::write(t, Some(who.project()), who.actor(), &what, &whom, &details)
        });
        noted.await.map_err(|error| {
            tracing::error!(%error, action, target, "what was done is not in the audit log");
            Error::new(error.code(), "It was done, but could not be written into the audit log.")
        })
    }

    /// Notes what someone did to a run, if it is one of the fleet. Its title may be made of a command, so the log has none.
    ///
    /// # Errors
    /// As [`Gateway::note`].
    pub async fn note_run(&self, scope: &Scope, run: RunId, action: &str) -> Result<()> {
        let read = move |t: &mut Tenant<'_, '_>| runs::get(t, run);
        if self.inner.store.read_in(scope, read).await?.kind.starts_with(FLEETS) {
            self.note(scope, action, &run.to_string(), json!({})).await?;
        }
        Ok(())
    }
}

/// What the log says of an order: who does it. What is done may hold secrets; the run has it.
#[must_use]
pub fn told(wanted: &CreateRemote) -> Map<String, Value> {
    let (what, name) = match &wanted.order.engine {
        Engine::Command { argv } => ("program", argv.first().cloned().unwrap_or_default()),
        Engine::Agent { name, .. } => ("agent", name.clone()),
        Engine::Mcp { server, tool, .. } => ("tool", format!("{server}: {tool}")),
    };
    let mut told = Map::from_iter([(what.to_owned(), json!(name))]);
    if let Some(runner) = wanted.runner {
        told.insert("runner".into(), json!(runner.to_string()));
    }
    told
}
