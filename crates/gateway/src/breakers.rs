//! The breakers before the runners: a runner's is at work on the server that it is connected to, and kept in its row, from which
//! all servers tell of it and the next one that it connects to goes on with it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use kernel::{Error, Result, RunnerId, Timestamp};
use resilience::breaker::{self, Breaker, Position, State};
use resilience::registry::Saved;
use store::runners;
use wire::fleet::{BreakerState, RunnerBreaker, ServingRunner};

use crate::{Gateway, Word};

/// How long the next try waits when one could not be kept.
const AGAIN: Duration = Duration::from_secs(10);

impl Gateway {
    /// Keeps how the breakers of the runners stand that are connected here, as they change, until it is dropped.
    pub async fn keep_breakers(self) {
        let mut changes = self.inner.breakers.changes();
        let mut kept = BTreeMap::new();
        while changes.changed().await.is_ok() {
            while let Err(error) = self.keep(&mut kept).await {
                tracing::warn!(%error, "how runners' breakers stand could not be kept");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    /// Keeps those that are not as they were kept last. One without a failure is as good as new, whatever else went well.
    async fn keep(&self, kept: &mut BTreeMap<RunnerId, String>) -> Result<()> {
        for Saved { key: runner, state } in self.inner.breakers.saved() {
            // Of one that has gone elsewhere nothing is known here any more.
            if !self.seats().contains_key(&runner) {
                kept.remove(&runner);
                continue;
            }
            let text = (state.trouble() > 0).then(|| serde_json::to_string(&state)).transpose();
            let text = text.map_err(Error::internal)?;
            if kept.get(&runner) == text.as_ref() {
                continue;
            }
            let keep = text.clone();
            let keeps =
                self.inner.store.transact(move |tx| runners::keep_breaker(tx, runner, keep.as_deref()));
            keeps.await?;
            match text {
                Some(text) => drop(kept.insert(runner, text)),
                None => drop(kept.remove(&runner)),
            }
        }
        Ok(())
    }

    /// Goes on with what is kept of the breaker of a runner that connects here.
    pub(crate) fn go_on(&self, runner: RunnerId, kept: Option<&str>) {
        self.inner.breakers.put(&runner, kept.and_then(read));
    }

    /// A person lets a runner be given work again that was given none because too much failed there, whichever server it is
    /// connected to.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn reset(&self, runner: RunnerId) -> Result<()> {
        self.inner.store.transact(move |tx| runners::keep_breaker(tx, runner, None)).await?;
        self.spread(Word::Reset(runner));
        Ok(())
    }
}

/// Tells of runners how their breakers stand, by what is kept of them.
pub(crate) fn tell(serving: &mut [ServingRunner], kept: &HashMap<RunnerId, String>, now: Timestamp) {
    for runner in serving {
        let Some(state) = kept.get(&runner.id).and_then(|kept| read(kept)) else { continue };
        let view = Breaker::restore(breaker::RUNNERS, state).view(now);
        let state = match view.position {
            Position::Closed => BreakerState::Closed,
            Position::Open => BreakerState::Open,
            Position::HalfOpen => BreakerState::HalfOpen,
        };
        let until = view.retry_at.filter(|_| state == BreakerState::Open);
        runner.breaker = RunnerBreaker { state, until };
    }
}

/// What another Atelier has kept in another form begins anew.
fn read(kept: &str) -> Option<State> {
    serde_json::from_str(kept)
        .inspect_err(|error| tracing::warn!(%error, "a kept breaker cannot be read"))
        .ok()
}
