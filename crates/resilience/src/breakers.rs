//! A registry of breakers as many callers share it: tickets instead of permits, and word of every change.

use std::borrow::Borrow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::{Ambient, Timestamp};
use tokio::sync::watch;

use crate::breaker::{Admission, Outcome, Params, Permit, State, View};
use crate::registry::{Registry, Saved};

/// The breakers of a service. Clones share everything.
pub struct Breakers<K>(Arc<Shared<K>>);

struct Shared<K> {
    ambient: Ambient,
    registry: Mutex<Registry<K>>,
    changes: watch::Sender<u64>,
}

/// The right to make one call. Dropped without a word, it says nothing of the dependency.
#[must_use]
pub struct Ticket<K: Ord + Clone> {
    breakers: Breakers<K>,
    key: K,
    permit: Option<Permit>,
}

/// A call was not admitted: its dependency failed too often, or is being probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resting {
    /// When it is worth asking again.
    pub retry_at: Timestamp,
    /// Milliseconds until then.
    pub wait_ms: u64,
}

impl<K> Clone for Breakers<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Ord + Clone> Breakers<K> {
    /// Breakers for at most `most` keys, as they were [`Self::saved`]. Whoever was probing went with the old process.
    #[must_use]
    pub fn new(ambient: Ambient, params: Params, most: usize, saved: Vec<Saved<K>>) -> Self {
        let mut registry = Registry::restore(params, most, saved);
        registry.release_probes();
        let changes = watch::Sender::new(registry.changes());
        Self(Arc::new(Shared { ambient, registry: Mutex::new(registry), changes }))
    }

    /// Asks to make a call of `key` now.
    ///
    /// # Errors
    /// When it may not be made, and when it is worth asking again.
    pub fn admit(&self, key: &K) -> Result<Ticket<K>, Resting> {
        match self.does(|registry, now| registry.admit(key, now)) {
            Admission::Permit(permit) => {
                Ok(Ticket { breakers: self.clone(), key: key.clone(), permit: Some(permit) })
            }
            Admission::Refused { retry_at } => {
                let wait_ms = u64::try_from(retry_at.since(self.0.ambient.now())).unwrap_or(0);
                Err(Resting { retry_at, wait_ms })
            }
        }
    }

    /// Closes a key's breaker, because a person knows better.
    pub fn reset<Q: Ord + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.does(|registry, _| registry.reset(key));
    }

    /// Has a key's breaker be what was kept of it elsewhere, or a new one.
    pub fn put(&self, key: &K, kept: Option<State>) {
        self.does(|registry, _| registry.put(key, kept));
    }

    /// How the breaker of a key stands; nothing if it was not asked yet.
    #[must_use]
    pub fn view<Q: Ord + ?Sized>(&self, key: &Q) -> Option<View>
    where
        K: Borrow<Q>,
    {
        self.lock().view(key, self.0.ambient.now())
    }

    /// How all of them stand, by their keys.
    #[must_use]
    pub fn views(&self) -> Vec<(K, View)> {
        let registry = self.lock();
        registry.views(self.0.ambient.now()).map(|(key, view)| (key.clone(), view)).collect()
    }

    /// Tells when something has changed, so that [`Self::saved`] is worth storing. Several changes may be told as one.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// What has to be stored, and given to [`Self::new`] after a restart.
    #[must_use]
    pub fn saved(&self) -> Vec<Saved<K>> {
        self.lock().saved()
    }

    /// Does something, and tells of it if it has changed anything.
    fn does<T>(&self, what: impl FnOnce(&mut Registry<K>, Timestamp) -> T) -> T {
        let now = self.0.ambient.now();
        let mut registry = self.lock();
        let before = registry.changes();
        let done = what(&mut registry, now);
        let changes = registry.changes();
        if changes != before {
            self.0.changes.send_replace(changes);
        }
        done
    }

    /// Every change under the lock is whole, so a panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, Registry<K>> {
        self.0.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord + Clone> Ticket<K> {
    /// Says how the call went.
    pub fn record(mut self, outcome: Outcome) {
        self.settle(outcome);
    }

    fn settle(&mut self, outcome: Outcome) {
        if let Some(permit) = self.permit.take() {
            self.breakers.does(|registry, now| registry.record(&self.key, permit, outcome, now));
        }
    }
}

impl<K: Ord + Clone> Drop for Ticket<K> {
    fn drop(&mut self) {
        self.settle(Outcome::Neutral);
    }
}
