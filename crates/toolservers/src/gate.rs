//! The breaker before each server, shared by all calls to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::Ambient;
use resilience::breaker::{Admission, Breaker, Outcome, Params, Permit, State, View};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::Fault;

/// Breakers that are kept at most; at the bound the one used least recently is forgotten, and begins closed again.
const MOST: usize = 1_024;

/// A breaker as it is stored over a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedBreaker {
    /// The server's name.
    pub name: String,
    /// What it remembers.
    pub state: State,
}

/// All breakers.
pub(crate) struct Gates {
    ambient: Ambient,
    params: Params,
    inner: Mutex<Inner>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    breakers: HashMap<String, (Breaker, u64)>,
    uses: u64,
}

/// The right to make one call. Dropped without a word, it says nothing of the server.
pub(crate) struct Ticket {
    gates: Arc<Gates>,
    name: String,
    permit: Option<Permit>,
}

impl Gates {
    pub(crate) fn new(ambient: Ambient, params: Params, saved: Vec<SavedBreaker>) -> Self {
        let mut inner = Inner::default();
        for SavedBreaker { name, state } in saved.into_iter().take(MOST) {
            let mut breaker = Breaker::restore(params, state);
            // Whoever was probing went with the old process.
            breaker.release_probes();
            inner.breakers.insert(name, (breaker, 0));
        }
        Self { ambient, params, inner: Mutex::new(inner), changes: watch::Sender::new(0) }
    }

    pub(crate) fn admit(self: &Arc<Self>, name: &str) -> Result<Ticket, Fault> {
        let now = self.ambient.now();
        let mut inner = self.lock();
        match self.change(inner.breaker(name, self.params), |breaker| breaker.admit(now)) {
            Admission::Refused { retry_at } => {
                let seconds = u64::try_from(retry_at.since(now)).unwrap_or(0).div_ceil(1_000);
                Err(Fault::Resting { seconds })
            }
            Admission::Permit(permit) => {
                Ok(Ticket { gates: self.clone(), name: name.to_owned(), permit: Some(permit) })
            }
        }
    }

    pub(crate) fn reset(&self, name: &str) {
        if let Some((breaker, _)) = self.lock().breakers.get_mut(name) {
            self.change(breaker, Breaker::reset);
        }
    }

    pub(crate) fn view(&self, name: &str) -> Option<View> {
        let now = self.ambient.now();
        self.lock().breakers.get(name).map(|(breaker, _)| breaker.view(now))
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn saved(&self) -> Vec<SavedBreaker> {
        let inner = self.lock();
        let saved = inner.breakers.iter();
        saved
            .map(|(name, (breaker, _))| SavedBreaker { name: name.clone(), state: breaker.state().clone() })
            .collect()
    }

    /// Does something to a breaker, and tells those who keep it if it is another one then.
    fn change<T>(&self, breaker: &mut Breaker, what: impl FnOnce(&mut Breaker) -> T) -> T {
        let before = breaker.state().clone();
        let done = what(breaker);
        if *breaker.state() != before {
            self.changes.send_modify(|changes| *changes += 1);
        }
        done
    }

    /// Every change under the lock is whole, so a panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn breaker(&mut self, name: &str, params: Params) -> &mut Breaker {
        if self.breakers.len() >= MOST && !self.breakers.contains_key(name) {
            let oldest =
                self.breakers.iter().min_by_key(|(_, (_, used))| *used).map(|(name, _)| name.clone());
            oldest.map(|name| self.breakers.remove(&name));
        }
        self.uses += 1;
        let breaker = self.breakers.entry(name.to_owned()).or_insert_with(|| (Breaker::new(params), 0));
        breaker.1 = self.uses;
        &mut breaker.0
    }
}

impl Ticket {
    /// Says how the call went.
    pub(crate) fn record(mut self, outcome: Outcome) {
        self.settle(outcome);
    }

    fn settle(&mut self, outcome: Outcome) {
        if let Some(permit) = self.permit.take() {
            let now = self.gates.ambient.now();
            let mut inner = self.gates.lock();
            if let Some((breaker, _)) = inner.breakers.get_mut(&self.name) {
                self.gates.change(breaker, |breaker| breaker.record(permit, outcome, now));
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.settle(Outcome::Neutral);
    }
}
