//! The gate before each provider: its breaker and its pace, shared by all calls to it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::{Ambient, Timestamp};
use resilience::breaker::{Admission, Breaker, Outcome, Params, Permit, State, View};
use resilience::pacing::{Pacing, Slot};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::delta::Adjustment;
use crate::provider::ProviderKind;

/// Gates that are kept at most. Bases are set by administrators, so there are a few; at the bound the one used
/// least recently is forgotten, and its provider starts with a closed breaker when it is asked again.
const MAX_GATES: usize = 256;
/// Models of which it is remembered what they do not take. At the bound all are forgotten and learnt anew.
const MAX_LESSONS: usize = 256;

/// A provider at one base address: what a breaker and a pace belong to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Engine {
    /// Which provider.
    pub provider: ProviderKind,
    /// Its base address, or a script's name.
    pub base: String,
}

/// A breaker as it is stored over a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedBreaker {
    /// Whose it is.
    pub engine: Engine,
    /// What it remembers.
    pub state: State,
}

/// A provider's health as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Which provider.
    pub engine: Engine,
    /// Its breaker.
    pub breaker: View,
}

/// All gates.
pub(crate) struct Gates {
    ambient: Ambient,
    params: Params,
    inner: Mutex<Inner>,
    /// Counts the changes of breakers.
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    gates: HashMap<Engine, Gate>,
    lessons: HashMap<(Engine, String), BTreeSet<Adjustment>>,
    uses: u64,
}

struct Gate {
    breaker: Breaker,
    pacing: Pacing,
    used: u64,
}

/// Why a gate does not let a call through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The breaker is open.
    Breaker { retry_at: Timestamp },
    /// The next free start is further away than the caller would wait.
    Pace { at: Timestamp },
}

/// A booked start. Dropped unused, it is given back.
pub(crate) struct Booking {
    gates: Arc<Gates>,
    engine: Engine,
    at: Option<Timestamp>,
}

/// The right to make one call. Dropped without a word, it was cancelled.
pub(crate) struct Ticket {
    gates: Arc<Gates>,
    engine: Engine,
    permit: Option<Permit>,
}

impl Gates {
    pub(crate) fn new(ambient: Ambient, params: Params, saved: Vec<SavedBreaker>) -> Self {
        let mut inner = Inner::default();
        for SavedBreaker { engine, state } in saved.into_iter().take(MAX_GATES) {
            let mut breaker = Breaker::restore(params, state);
            // Whoever was probing went with the old process.
            breaker.release_probes();
            inner.gates.insert(engine, Gate { breaker, pacing: Pacing::new(0), used: 0 });
        }
        Self { ambient, params, inner: Mutex::new(inner), changes: watch::Sender::new(0) }
    }

    /// Books a start at the pace of `interval_ms`, unless the breaker is open now.
    pub(crate) fn book(
        self: &Arc<Self>,
        engine: &Engine,
        interval_ms: u64,
        patience_ms: u64,
    ) -> Result<Booking, Closed> {
        let now = self.ambient.now();
        let mut inner = self.lock();
        let gate = inner.gate(engine, self.params);
        if let Some(retry_at) = gate.breaker.view(now).retry_at {
            return Err(Closed::Breaker { retry_at });
        }
        gate.pacing.set_interval(interval_ms);
        match gate.pacing.book(now, patience_ms) {
            Slot::At(at) => Ok(Booking { gates: Arc::clone(self), engine: engine.clone(), at: Some(at) }),
            Slot::TooFar { at } => Err(Closed::Pace { at }),
        }
    }

    /// Asks the breaker, at the moment of the call.
    pub(crate) fn admit(self: &Arc<Self>, engine: &Engine) -> Result<Ticket, Closed> {
        let now = self.ambient.now();
        let mut inner = self.lock();
        match self.change(&mut inner.gate(engine, self.params).breaker, |breaker| breaker.admit(now)) {
            Admission::Refused { retry_at } => Err(Closed::Breaker { retry_at }),
            Admission::Permit(permit) => {
                Ok(Ticket { gates: Arc::clone(self), engine: engine.clone(), permit: Some(permit) })
            }
        }
    }

    pub(crate) fn reset(&self, engine: &Engine) {
        if let Some(gate) = self.lock().gates.get_mut(engine) {
            self.change(&mut gate.breaker, Breaker::reset);
        }
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

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn health(&self) -> Vec<Health> {
        let now = self.ambient.now();
        let mut health: Vec<Health> = self
            .lock()
            .gates
            .iter()
            .map(|(engine, gate)| Health { engine: engine.clone(), breaker: gate.breaker.view(now) })
            .collect();
        health.sort_by(|a, b| (a.engine.provider, &a.engine.base).cmp(&(b.engine.provider, &b.engine.base)));
        health
    }

    pub(crate) fn saved(&self) -> Vec<SavedBreaker> {
        let inner = self.lock();
        let save = |(engine, gate): (&Engine, &Gate)| SavedBreaker {
            engine: engine.clone(),
            state: gate.breaker.state().clone(),
        };
        inner.gates.iter().map(save).collect()
    }

    /// What has been learnt about a model's refusals.
    pub(crate) fn lessons(&self, engine: &Engine, model: &str) -> BTreeSet<Adjustment> {
        self.lock().lessons.get(&(engine.clone(), model.to_owned())).cloned().unwrap_or_default()
    }

    pub(crate) fn learn(&self, engine: &Engine, model: &str, lessons: &BTreeSet<Adjustment>) {
        let mut inner = self.lock();
        if inner.lessons.len() >= MAX_LESSONS {
            inner.lessons.clear();
        }
        inner.lessons.insert((engine.clone(), model.to_owned()), lessons.clone());
    }

    /// Every change under the lock is whole, so a panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn gate(&mut self, engine: &Engine, params: Params) -> &mut Gate {
        if self.gates.len() >= MAX_GATES && !self.gates.contains_key(engine) {
            let oldest =
                self.gates.iter().min_by_key(|(_, gate)| gate.used).map(|(engine, _)| engine.clone());
            oldest.map(|engine| self.gates.remove(&engine));
        }
        self.uses += 1;
        let new = || Gate { breaker: Breaker::new(params), pacing: Pacing::new(0), used: 0 };
        let gate = self.gates.entry(engine.clone()).or_insert_with(new);
        gate.used = self.uses;
        gate
    }
}

impl Booking {
    /// How long until the start, in milliseconds.
    pub(crate) fn pause_ms(&self) -> u64 {
        let now = self.gates.ambient.now();
        self.at.map_or(0, |at| u64::try_from(at.since(now)).unwrap_or(0))
    }

    /// The start is used now.
    pub(crate) fn used(mut self) {
        self.at = None;
    }
}

impl Drop for Booking {
    fn drop(&mut self) {
        if let Some(at) = self.at.take()
            && let Some(gate) = self.gates.lock().gates.get_mut(&self.engine)
        {
            gate.pacing.give_back(at);
        }
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
            if let Some(gate) = inner.gates.get_mut(&self.engine) {
                self.gates.change(&mut gate.breaker, |breaker| breaker.record(permit, outcome, now));
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.settle(Outcome::Neutral);
    }
}

#[cfg(test)]
mod tests {
    use kernel::{ManualClock, SeededRandom};
    use resilience::breaker::{ENGINES, Position};

    use super::*;

    fn gates(saved: Vec<SavedBreaker>) -> (Arc<Gates>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp(1_000_000)));
        let ambient = Ambient::new(clock.clone(), Arc::new(SeededRandom::new(1)));
        (Arc::new(Gates::new(ambient, ENGINES, saved)), clock)
    }

    fn engine(base: &str) -> Engine {
        Engine { provider: ProviderKind::OpenAi, base: base.to_owned() }
    }

    #[test]
    fn a_dropped_ticket_counts_neither_way_and_frees_the_probe() {
        let (gates, clock) = gates(Vec::new());
        let a = engine("a");
        for _ in 0..5 {
            gates.admit(&a).ok().unwrap().record(Outcome::Failure);
        }
        assert!(gates.admit(&a).is_err());
        clock.advance(30_000);
        let probe = gates.admit(&a).ok().unwrap();
        assert!(gates.admit(&a).is_err(), "one probe at a time");
        drop(probe);
        gates.admit(&a).ok().unwrap().record(Outcome::Success);
        assert_eq!(gates.health()[0].breaker.position, Position::Closed);
    }

    #[test]
    fn an_open_breaker_survives_a_restart_and_does_not_touch_other_bases() {
        let (before, _) = gates(Vec::new());
        for _ in 0..5 {
            before.admit(&engine("a")).ok().unwrap().record(Outcome::Failure);
        }
        let stored = serde_json::to_string(&before.saved()).unwrap();
        let (after, _) = gates(serde_json::from_str(&stored).unwrap());
        let refusal = after.book(&engine("a"), 0, 0).err();
        assert_eq!(refusal, Some(Closed::Breaker { retry_at: Timestamp(1_030_000) }));
        assert!(after.admit(&engine("b")).is_ok());
        after.reset(&engine("a"));
        assert!(after.admit(&engine("a")).is_ok());
    }

    #[test]
    fn whoever_keeps_the_breakers_is_told_when_one_is_another_and_only_then() {
        let (gates, _) = gates(Vec::new());
        let mut changes = gates.changes();
        gates.admit(&engine("a")).ok().unwrap().record(Outcome::Success);
        drop(gates.admit(&engine("a")));
        assert!(!changes.has_changed().unwrap(), "a provider that is well changes nothing");
        gates.admit(&engine("a")).ok().unwrap().record(Outcome::Failure);
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        gates.reset(&engine("a"));
        assert!(changes.has_changed().unwrap());
    }

    #[test]
    fn a_booking_that_is_dropped_frees_its_start() {
        let (gates, _) = gates(Vec::new());
        let book = |patience| gates.book(&engine("a"), 1_000, patience);
        book(0).ok().unwrap().used();
        let waiting = book(5_000).ok().unwrap();
        assert_eq!(waiting.pause_ms(), 1_000);
        assert_eq!(book(1_999).err(), Some(Closed::Pace { at: Timestamp(1_002_000) }));
        drop(waiting);
        assert_eq!(book(1_999).ok().unwrap().pause_ms(), 1_000);
    }

    #[test]
    fn the_number_of_gates_is_bounded() {
        let (gates, _) = gates(Vec::new());
        for i in 0..2 * MAX_GATES {
            drop(gates.admit(&engine(&i.to_string())));
        }
        assert_eq!(gates.health().len(), MAX_GATES);
    }
}
