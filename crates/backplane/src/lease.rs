//! Leases: the exclusive right to a name for a time, for what only one server should do at once.
//!
//! A lease is no lock. Its holder may be stopped for longer than the lease lasts and go on unaware; Redis may lose it in a
//! restart, or in a change to a replica; clocks may run at different speeds. So two may believe that they hold it. What
//! must never be done twice is guarded where it is written: each lease has a fence, a number larger than that of every
//! lease before it, and the store refuses a write with a fence smaller than one that it has seen. The fence grows even
//! when Redis has lost its data, unless its clock was set back as well.
//!
//! Without Redis no lease is given, and one that is held ends with its time.

mod hold;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use kernel::{Ambient, Timestamp};
use redis::Script;

pub use crate::lease::hold::Hold;
use crate::link::Link;
use crate::{Backend, Unreachable};

/// Names that are leased at once at most, in memory. At the bound no further name is leased.
const NAMES: usize = 10_000;

static ACQUIRE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lease/acquire.lua")));
static RENEW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lease/renew.lua")));
static RELEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lease/release.lua")));

/// Gives leases; a cheap clone.
#[derive(Clone)]
pub struct Leases {
    ambient: Ambient,
    place: Place,
}

#[derive(Clone)]
enum Place {
    Memory(Arc<Mutex<Memory>>),
    Redis(Link),
}

#[derive(Default)]
struct Memory {
    latest: u64,
    held: BTreeMap<String, (u64, Timestamp)>,
}

/// The right to a name. Dropped without a word, it ends with its time.
pub struct Lease {
    leases: Leases,
    name: String,
    fence: u64,
    ttl_ms: i64,
    until: Timestamp,
}

impl Leases {
    pub(crate) fn new(ambient: Ambient, backend: &Backend) -> Self {
        let place = match backend {
            Backend::Memory => Place::Memory(Arc::default()),
            Backend::Redis(link) => Place::Redis(link.clone()),
        };
        Self { ambient, place }
    }

    /// Leases `name` for `ttl_ms` milliseconds, unless it is leased already.
    ///
    /// # Errors
    /// When Redis cannot be reached. The name may be leased to nobody then, for that time.
    pub async fn acquire(&self, name: &str, ttl_ms: u32) -> Result<Option<Lease>, Unreachable> {
        // From before it was asked for: here it ends no later than there.
        let (now, ttl_ms) = (self.ambient.now(), i64::from(ttl_ms));
        let until = now.plus_millis(ttl_ms);
        let fence = match &self.place {
            Place::Memory(memory) => lock(memory).acquire(name, now, until),
            Place::Redis(link) => {
                let mut call = ACQUIRE.key(key(link, name));
                call.key(link.key("fence")).arg(ttl_ms);
                link.invoke(&call).await?
            }
        };
        let lease = |fence| Lease { leases: self.clone(), name: name.to_owned(), fence, ttl_ms, until };
        Ok(fence.map(lease))
    }

    /// A hold on `name`, which is to be taken, by leases of `ttl_ms` milliseconds.
    #[must_use]
    pub fn hold(&self, name: impl Into<String>, ttl_ms: u32) -> Hold {
        Hold::new(self.clone(), name.into(), ttl_ms)
    }
}

impl Lease {
    /// What is leased.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Larger than that of every lease before. Writes that must not be done twice carry it.
    #[must_use]
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// When it ends, unless it is renewed. Who holds it stops its work then.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Begins its time anew. `false`: it is no longer held, and never will be again.
    ///
    /// # Errors
    /// When Redis cannot be reached; it is still held until its time is over.
    pub async fn renew(&mut self) -> Result<bool, Unreachable> {
        let now = self.leases.ambient.now();
        let until = now.plus_millis(self.ttl_ms);
        let renewed = match &self.leases.place {
            Place::Memory(memory) => lock(memory).renew(&self.name, self.fence, now, until),
            Place::Redis(link) => {
                let mut call = RENEW.key(key(link, &self.name));
                link.invoke(call.arg(self.fence).arg(self.ttl_ms)).await?
            }
        };
        if renewed {
            self.until = until;
        }
        Ok(renewed)
    }

    /// Ends it now. One that is no longer held stays as it is, with whoever holds it.
    ///
    /// # Errors
    /// When Redis cannot be reached; it then ends with its time.
    pub async fn release(self) -> Result<(), Unreachable> {
        match &self.leases.place {
            Place::Memory(memory) => lock(memory).release(&self.name, self.fence),
            Place::Redis(link) => {
                let mut call = RELEASE.key(key(link, &self.name));
                let _: bool = link.invoke(call.arg(self.fence)).await?;
            }
        }
        Ok(())
    }
}

impl Memory {
    fn acquire(&mut self, name: &str, now: Timestamp, until: Timestamp) -> Option<u64> {
        if self.held.len() >= NAMES {
            self.held.retain(|_, (_, until)| *until > now);
        }
        let taken = self.held.get(name).is_some_and(|(_, until)| *until > now);
        if taken || self.held.len() >= NAMES {
            return None;
        }
        // By time, so that it also grows over a restart.
        let micros = now.0.unsigned_abs().saturating_mul(1_000);
        self.latest = micros.max(self.latest.saturating_add(1));
        self.held.insert(name.to_owned(), (self.latest, until));
        Some(self.latest)
    }

    fn renew(&mut self, name: &str, fence: u64, now: Timestamp, until: Timestamp) -> bool {
        match self.held.get_mut(name) {
            Some(held) if held.0 == fence && held.1 > now => {
                held.1 = until;
                true
            }
            _ => false,
        }
    }

    fn release(&mut self, name: &str, fence: u64) {
        if self.held.get(name).is_some_and(|held| held.0 == fence) {
            self.held.remove(name);
        }
    }
}

fn key(link: &Link, name: &str) -> String {
    link.key(&format!("lease:{name}"))
}

/// Every change under the lock is whole, so a panic elsewhere leaves nothing half done.
fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_bound_no_further_name_is_leased_until_a_lease_ends() {
        let (mut memory, now, until) = (Memory::default(), Timestamp(0), Timestamp(10));
        for n in 0..NAMES {
            assert!(memory.acquire(&n.to_string(), now, until).is_some());
        }
        assert_eq!(memory.acquire("one more", now, until), None);
        memory.release("7", memory.held["7"].0);
        assert!(memory.acquire("one more", now, until).is_some());
        assert!(memory.acquire("another", until, Timestamp(20)).is_some());
        assert_eq!(memory.held.len(), 1);
    }
}
