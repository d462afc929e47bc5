//! A breaker for each key, such as a provider, a server of tools or a runner: a bounded number of them is remembered.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::breaker::{Admission, Breaker, Outcome, Params, Permit, State, View};

/// A key's breaker as it is stored over a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved<K> {
    /// Whose it is.
    pub key: K,
    /// What it remembers.
    pub state: State,
}

/// The breakers of many dependencies that behave alike.
///
/// At the bound a new key takes the place of the one that would be missed least: a breaker that is closed without a failure
/// is as good as a new one, so whoever can make up keys does not wash off that others failed.
#[derive(Debug, Clone)]
pub struct Registry<K> {
    params: Params,
    most: usize,
    known: BTreeMap<K, Known>,
    uses: u64,
    /// Where new breakers begin: later than whatever was forgotten, whose outcomes must find nothing.
    epoch: u64,
    changes: u64,
}

#[derive(Debug, Clone)]
struct Known {
    breaker: Breaker,
    used: u64,
}

impl<K: Ord + Clone> Registry<K> {
    /// A registry without a key, which remembers at most `most` of them, at least one.
    #[must_use]
    pub fn new(params: Params, most: usize) -> Self {
        Self { params, most: most.max(1), known: BTreeMap::new(), uses: 0, epoch: 0, changes: 0 }
    }

    /// The registry that was [`Self::saved`] so.
    #[must_use]
    pub fn restore(params: Params, most: usize, saved: impl IntoIterator<Item = Saved<K>>) -> Self {
        let mut registry = Self::new(params, most);
        for Saved { key, state } in saved {
            registry.make_room(&key);
            registry.uses += 1;
            let known = Known { breaker: Breaker::restore(params, state), used: registry.uses };
            registry.known.insert(key, known);
        }
        registry
    }

    /// Asks to make a call of `key` now.
    pub fn admit(&mut self, key: &K, now: Timestamp) -> Admission {
        self.make_room(key);
        self.uses += 1;
        let new = || Known { breaker: Breaker::starting(self.params, self.epoch), used: 0 };
        let known = self.known.entry(key.clone()).or_insert_with(new);
        known.used = self.uses;
        changing(&mut known.breaker, &mut self.changes, |breaker| breaker.admit(now))
    }

    /// Says how the call of `permit` went. If the key was forgotten meanwhile, it changes nothing.
    pub fn record(&mut self, key: &K, permit: Permit, outcome: Outcome, now: Timestamp) {
        if let Some(known) = self.known.get_mut(key) {
            changing(&mut known.breaker, &mut self.changes, |breaker| breaker.record(permit, outcome, now));
        }
    }

    /// Closes a key's breaker and forgets its history, because a person knows better.
    pub fn reset<Q: Ord + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        if let Some(known) = self.known.get_mut(key) {
            changing(&mut known.breaker, &mut self.changes, Breaker::reset);
        }
    }

    /// Has a key's breaker be what was kept of it elsewhere, or a new one. Whoever was probing was there.
    pub fn put(&mut self, key: &K, kept: Option<State>) {
        self.make_room(key);
        self.uses += 1;
        let mut breaker = match kept {
            Some(state) => Breaker::restore(self.params, state),
            None => Breaker::starting(self.params, self.epoch),
        };
        breaker.release_probes();
        let now = breaker.state().trouble();
        let before = self.known.insert(key.clone(), Known { breaker, used: self.uses });
        self.changes += u64::from(now > 0 || before.is_some_and(|known| known.breaker.state().trouble() > 0));
    }

    /// Gives every probe's slot back: whoever held them is gone, as after a restart.
    pub fn release_probes(&mut self) {
        for known in self.known.values_mut() {
            changing(&mut known.breaker, &mut self.changes, Breaker::release_probes);
        }
    }

    /// A key's breaker as it is at `now`; nothing if it was never asked, or forgotten.
    #[must_use]
    pub fn view<Q: Ord + ?Sized>(&self, key: &Q, now: Timestamp) -> Option<View>
    where
        K: Borrow<Q>,
    {
        self.known.get(key).map(|known| known.breaker.view(now))
    }

    /// All of them as they are at `now`, by their keys.
    pub fn views(&self, now: Timestamp) -> impl Iterator<Item = (&K, View)> {
        self.known.iter().map(move |(key, known)| (key, known.breaker.view(now)))
    }

    /// What has to be stored for the breakers to survive a restart, the one used least recently first.
    #[must_use]
    pub fn saved(&self) -> Vec<Saved<K>> {
        let mut by_use: Vec<_> = self.known.iter().collect();
        by_use.sort_by_key(|(_, known)| known.used);
        let saved = by_use.into_iter();
        saved.map(|(key, known)| Saved { key: key.clone(), state: known.breaker.state().clone() }).collect()
    }

    /// How often something changed that is worth storing. A dependency that is well and fails at nothing changes nothing,
    /// unless its breaker goes by a rate, which successes change, too.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Forgets one if there is no room for `key`.
    fn make_room(&mut self, key: &K) {
        if self.known.len() < self.most || self.known.contains_key(key) {
            return;
        }
        let missed = |known: &Known| (known.breaker.state().trouble(), known.used);
        let least = self.known.iter().min_by_key(|(_, known)| missed(known)).map(|(key, _)| key.clone());
        if let Some(forgotten) = least.and_then(|key| self.known.remove(&key)) {
            let state = forgotten.breaker.state();
            self.epoch = self.epoch.max(state.epoch().saturating_add(1));
            self.changes += u64::from(state.trouble() > 0);
        }
    }
}

/// Does something to a breaker, and counts it if the breaker is another one then.
fn changing<T>(breaker: &mut Breaker, changes: &mut u64, what: impl FnOnce(&mut Breaker) -> T) -> T {
    let before = breaker.state().clone();
    let done = what(breaker);
    *changes += u64::from(*breaker.state() != before);
    done
}
