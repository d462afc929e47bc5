//! What a project's day has left for the next step, and when it is looked at again after nothing was left.

use std::time::Duration;

use kernel::{ProjectId, Result, RunnerId};
use store::executions::{self, Lease};
use store::{Scope, Store};

use super::{Done, Work};
use crate::budget::{self, Left};

/// How often it is looked whether something is left again. An owner who gives more says so besides.
pub(super) const LOOK: Duration = Duration::from_secs(60);

/// Notes that a runner is given a lease, and gives what its project's day has left for it; nothing is noted if nothing is left.
pub(super) async fn begin(
    store: &Store,
    project: ProjectId,
    lease: Lease,
    runner: RunnerId,
) -> Result<Option<Left>> {
    let scope = Scope::server(project);
    let begins = store.transact_in(&scope, move |t| {
        let left = budget::left(t)?;
        if left.used_up().is_some() {
            return Ok(None);
        }
        executions::begin(t, lease, runner)?;
        Ok(Some(left))
    });
    begins.await
}

impl Work {
    /// Looks of which days something is left again that were used up.
    pub(super) fn look_at_days(&mut self) {
        if self.used_up.is_empty() {
            return;
        }
        let (store, projects) = (self.gateway.inner.store.clone(), self.used_up.clone());
        self.doing.push(Box::pin(async move {
            let mut left = Vec::new();
            for project in projects {
                match store.read_in(&Scope::server(project), budget::left).await {
                    Ok(of_day) if of_day.used_up().is_none() => left.push(project),
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "what is left of a day could not be looked at"),
                }
            }
            Ok(vec![Done::Left(left)])
        }));
    }
}
