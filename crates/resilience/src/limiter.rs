//! The rate limit: an exact sliding window for each key, decided and counted in one step.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::Hash;

use kernel::Timestamp;

/// How much a limiter lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// Calls that pass within any window.
    pub limit: u32,
    /// Length of the window, in milliseconds.
    pub window_ms: i64,
    /// Keys that are remembered at once.
    pub keys: usize,
}

/// For the orchestrator, by person and endpoint: 10 calls a minute.
pub const ORCHESTRATOR: Params = Params { limit: 10, window_ms: 60_000, keys: 100_000 };

/// Whether a call passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It passes, and has been counted.
    Allowed {
        /// Calls that would still pass now.
        remaining: u32,
        /// When the first of the counted calls leaves the window and `remaining` grows.
        reset: Timestamp,
    },
    /// It does not pass, and has not been counted.
    Refused {
        /// After how many milliseconds it would pass, if nothing else comes in between; at least 1.
        retry_after_ms: u64,
    },
}

/// A sliding-window limiter over keys such as a person and an endpoint.
///
/// When all places for keys are taken by keys with a call in their window, a new key is *refused* until the first of
/// them is free. The other choice, to forget the key used least recently, would let whoever can make up keys wash
/// off their own record, and so break the one promise that a limiter makes.
#[derive(Debug, Clone)]
pub struct Limiter<K> {
    params: Params,
    passed: HashMap<K, VecDeque<Timestamp>>,
    /// Every key by its latest call, which is what frees its place.
    by_latest: BTreeSet<(Timestamp, K)>,
    /// The latest instant seen, to notice a clock that was set back.
    seen: Timestamp,
}

impl<K: Hash + Ord + Clone> Limiter<K> {
    /// A limiter that has seen no call.
    #[must_use]
    pub fn new(params: Params) -> Self {
        Self { params, passed: HashMap::new(), by_latest: BTreeSet::new(), seen: Timestamp(i64::MIN) }
    }

    /// Decides on a call of `key` now, and counts it if it passes.
    pub fn check(&mut self, key: &K, now: Timestamp) -> Verdict {
        self.heed(now);
        let window = self.params.window_ms;
        let free_at = |at: Timestamp| at.plus_millis(window);
        if !self.passed.contains_key(key) {
            if self.params.limit == 0 {
                return refused(now, free_at(now));
            }
            if self.passed.len() >= self.params.keys {
                let first = self.by_latest.first().map_or(now, |(latest, _)| *latest);
                return refused(now, free_at(first));
            }
        }
        let passed = self.passed.entry(key.clone()).or_default();
        while passed.front().is_some_and(|at| free_at(*at) <= now) {
            passed.pop_front();
        }
        if let Some(first) = passed.front()
            && passed.len() >= self.params.limit as usize
        {
            return refused(now, free_at(*first));
        }
        if let Some(latest) = passed.back() {
            self.by_latest.remove(&(*latest, key.clone()));
        }
        passed.push_back(now);
        self.by_latest.insert((now, key.clone()));
        let remaining = self.params.limit.saturating_sub(u32::try_from(passed.len()).unwrap_or(u32::MAX));
        Verdict::Allowed { remaining, reset: free_at(passed.front().copied().unwrap_or(now)) }
    }

    /// Takes back a call of `key` that passed at `at`, as if it had not been made: it turned out not to count.
    pub fn take_back(&mut self, key: &K, at: Timestamp) {
        let Some(passed) = self.passed.get_mut(key) else { return };
        let Some(place) = passed.iter().rposition(|passed| *passed == at) else { return };
        let latest = passed.back().copied();
        passed.remove(place);
        let left = passed.back().copied();
        if left == latest {
            return;
        }
        if let Some(latest) = latest {
            self.by_latest.remove(&(latest, key.clone()));
        }
        match left {
            Some(left) => drop(self.by_latest.insert((left, key.clone()))),
            None => drop(self.passed.remove(key)),
        }
    }

    /// Keys that are remembered.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.passed.len()
    }

    /// Forgets the keys whose calls have all left the window. Each was put in once, so this costs a call O(log n).
    fn heed(&mut self, now: Timestamp) {
        if now < self.seen {
            self.set_back(now);
        }
        self.seen = now;
        while let Some((latest, _)) = self.by_latest.first()
            && latest.plus_millis(self.params.window_ms) <= now
        {
            if let Some((_, key)) = self.by_latest.pop_first() {
                self.passed.remove(&key);
            }
        }
    }

    /// The clock was set back: what lies in the future is taken as happening now. So nobody passes too early, and
    /// nobody waits longer than one window.
    fn set_back(&mut self, now: Timestamp) {
        self.by_latest.clear();
        for (key, passed) in &mut self.passed {
            passed.iter_mut().for_each(|at| *at = (*at).min(now));
            if let Some(latest) = passed.back() {
                self.by_latest.insert((*latest, key.clone()));
            }
        }
    }
}

fn refused(now: Timestamp, free_at: Timestamp) -> Verdict {
    Verdict::Refused { retry_after_ms: u64::try_from(free_at.since(now)).unwrap_or(0).max(1) }
}
