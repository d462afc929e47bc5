//! What is known of each provider: its breaker, its pace, and what its models do not take; shared by all calls to it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::{Ambient, Timestamp};
use resilience::breaker::Params;
use resilience::breakers::{Breakers, Resting, Ticket};
use resilience::pacing::{Pacing, Slot};
use resilience::registry::Saved;
use serde::{Deserialize, Serialize};

use crate::delta::Adjustment;
use crate::provider::ProviderKind;

/// Providers that are known at most. Bases are set by administrators, so there are a few; which breaker is forgotten at the
/// bound says [`resilience::registry`], of the paces it is the one booked least recently.
const MOST: usize = 256;
/// Models of which it is remembered what they do not take. At the bound all are forgotten and learnt anew.
const MAX_LESSONS: usize = 256;

/// A provider at one base address: what a breaker and a pace belong to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Engine {
    /// Which provider.
    pub provider: ProviderKind,
    /// Its base address, or a script's name.
    pub base: String,
}

/// All providers.
pub(crate) struct Engines {
    ambient: Ambient,
    breakers: Breakers<Engine>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    paces: HashMap<Engine, Pacing>,
    lessons: HashMap<(Engine, String), BTreeSet<Adjustment>>,
}

/// Why a call is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The breaker is open.
    Breaker { retry_at: Timestamp },
    /// The next free start is further away than the caller would wait.
    Pace { at: Timestamp },
}

impl From<Resting> for Closed {
    fn from(resting: Resting) -> Self {
        Self::Breaker { retry_at: resting.retry_at }
    }
}

/// A booked start. Dropped unused, it is given back.
pub(crate) struct Booking {
    engines: Arc<Engines>,
    engine: Engine,
    at: Option<Timestamp>,
}

impl Engines {
    pub(crate) fn new(ambient: Ambient, params: Params, saved: Vec<Saved<Engine>>) -> Self {
        let breakers = Breakers::new(ambient.clone(), params, MOST, saved);
        Self { ambient, breakers, inner: Mutex::default() }
    }

    pub(crate) fn breakers(&self) -> &Breakers<Engine> {
        &self.breakers
    }

    /// Books a start at the pace of `interval_ms`, unless the breaker is open now.
    pub(crate) fn book(
        self: &Arc<Self>,
        engine: &Engine,
        interval_ms: u64,
        patience_ms: u64,
    ) -> Result<Booking, Closed> {
        if let Some(retry_at) = self.breakers.view(engine).and_then(|view| view.retry_at) {
            return Err(Closed::Breaker { retry_at });
        }
        let mut inner = self.lock();
        let pace = inner.pace(engine);
        pace.set_interval(interval_ms);
        match pace.book(self.ambient.now(), patience_ms) {
            Slot::At(at) => Ok(Booking { engines: Arc::clone(self), engine: engine.clone(), at: Some(at) }),
            Slot::TooFar { at } => Err(Closed::Pace { at }),
        }
    }

    /// Asks the breaker, at the moment of the call.
    pub(crate) fn admit(&self, engine: &Engine) -> Result<Ticket<Engine>, Closed> {
        Ok(self.breakers.admit(engine)?)
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
    fn pace(&mut self, engine: &Engine) -> &mut Pacing {
        if self.paces.len() >= MOST && !self.paces.contains_key(engine) {
            let oldest = self.paces.iter().min_by_key(|(_, pace)| pace.latest());
            let oldest = oldest.map(|(engine, _)| engine.clone());
            oldest.map(|engine| self.paces.remove(&engine));
        }
        self.paces.entry(engine.clone()).or_insert_with(|| Pacing::new(0))
    }
}

impl Booking {
    /// How long until the start, in milliseconds.
    pub(crate) fn pause_ms(&self) -> u64 {
        let now = self.engines.ambient.now();
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
            && let Some(pace) = self.engines.lock().paces.get_mut(&self.engine)
        {
            pace.give_back(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::{ManualClock, SeededRandom};
    use resilience::breaker::{ENGINES, Outcome};

    use super::*;

    fn engines() -> (Arc<Engines>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp(1_000_000)));
        let ambient = Ambient::new(clock.clone(), Arc::new(SeededRandom::new(1)));
        (Arc::new(Engines::new(ambient, ENGINES, Vec::new())), clock)
    }

    fn engine(base: &str) -> Engine {
        Engine { provider: ProviderKind::OpenAi, base: base.to_owned() }
    }

    #[test]
    fn no_start_is_booked_while_the_breaker_is_open_and_other_bases_are_not_touched() {
        let (engines, _) = engines();
        for _ in 0..5 {
            engines.admit(&engine("a")).ok().unwrap().record(Outcome::Failure);
        }
        let refusal = engines.book(&engine("a"), 0, 0).err();
        assert_eq!(refusal, Some(Closed::Breaker { retry_at: Timestamp(1_030_000) }));
        assert!(engines.book(&engine("b"), 0, 0).is_ok());
    }

    #[test]
    fn a_booking_that_is_dropped_frees_its_start() {
        let (engines, _) = engines();
        let book = |patience| engines.book(&engine("a"), 1_000, patience);
        book(0).ok().unwrap().used();
        let waiting = book(5_000).ok().unwrap();
        assert_eq!(waiting.pause_ms(), 1_000);
        assert_eq!(book(1_999).err(), Some(Closed::Pace { at: Timestamp(1_002_000) }));
        drop(waiting);
        assert_eq!(book(1_999).ok().unwrap().pause_ms(), 1_000);
    }

    #[test]
    fn the_number_of_paces_is_bounded_and_the_one_booked_least_recently_is_forgotten() {
        let (engines, clock) = engines();
        for i in 0..2 * MOST {
            engines.book(&engine(&i.to_string()), 3_600_000, 0).ok().unwrap().used();
            clock.advance(1);
        }
        assert_eq!(engines.lock().paces.len(), MOST);
        assert!(engines.book(&engine("0"), 3_600_000, 0).is_ok());
        assert!(engines.book(&engine(&(2 * MOST - 1).to_string()), 3_600_000, 0).is_err());
    }
}
