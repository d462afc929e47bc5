//! The cache: memory, then Redis, then the source; one fetch for many waiters; invalidation by what a value depends on.
//!
//! A value is kept with its *tags*, what it depends on: `project:7:scenes`, `scene:12`. Each tag has a generation, a number
//! that a change of it replaces, here and in Redis. A value is good while all its tags still have the generations that
//! they had before it was fetched. So invalidation replaces as many numbers as there are tags and looks for no keys, and
//! what was fetched before a change is never taken for what was fetched after it. A generation that was forgotten (at a
//! bound, or by Redis) makes misses, never stale values.
//!
//! [`Cache::invalidate`] is called after the change is committed. When it returns, this server and Redis give nothing
//! older; the other servers follow as soon as the bus tells them. Whoever misses something on the bus forgets all. While
//! Redis is lost the source is asked, at most once a second for each key, and what was changed meanwhile is made known
//! when Redis is back. If a server ends for good between commit and invalidation, values last their time at most.
//!
//! Fetches of a key are one at a time on each server; two servers may fetch the same at once.

mod flights;
mod generations;
mod shared;

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use kernel::{Ambient, Timestamp};

use crate::Backend;
use crate::bus::{Bus, Delivery, Pattern, Subscription};
use crate::cache::flights::Flights;
use crate::cache::generations::{EVERYTHING, Generations};
use crate::cache::shared::{Found, Shared};

/// What servers tell each other of changes under; the message is a list of tags in JSON.
const INVALIDATED: &str = "cache.invalidated";
/// Tags that one invalidation names at most. With more of them everything is forgotten.
const TAGS: usize = 256;
/// How long a value is kept that was fetched while Redis was lost, in milliseconds: nobody would tell of its change.
const UNTOLD_MS: i64 = 1_000;

/// Bounds of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// Bytes of keys and values in memory; at the bound what is used least goes.
    pub bytes: u64,
    /// Bytes of a value at most; a larger one is handed on and not kept.
    pub value_bytes: usize,
    /// Tags whose generation is remembered in memory; at the bound values of the one used least are forgotten.
    pub tags: u64,
    /// How long a value is kept in memory, in milliseconds.
    pub memory_ms: i64,
    /// How long a value is kept in Redis, in milliseconds.
    pub shared_ms: i64,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            value_bytes: 1 << 20,
            tags: 100_000,
            memory_ms: 5 * 60_000,
            shared_ms: 3_600_000,
        }
    }
}

/// The cache; a cheap clone.
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
    /// How long a value is kept at most, in milliseconds.
    at_most_ms: i64,
}

struct Inner {
    ambient: Ambient,
    params: Params,
    bus: Bus,
    values: moka::sync::Cache<Arc<str>, Kept>,
    generations: Generations,
    shared: Shared,
    flights: Flights,
}

#[derive(Clone)]
struct Kept {
    value: Bytes,
    until: Timestamp,
    /// The generations of its tags before it was fetched.
    made_of: Arc<[u64]>,
}

impl Cache {
    pub(crate) fn new(ambient: Ambient, bus: Bus, backend: &Backend, params: Params) -> Self {
        let size = |key: &Arc<str>, kept: &Kept| {
            let made_of = size_of_val(&*kept.made_of);
            u32::try_from(key.len() + kept.value.len() + made_of).unwrap_or(u32::MAX)
        };
        let shared = match backend {
            Backend::Memory => Shared::None,
            Backend::Redis(link) => Shared::redis(link.clone(), ambient.clone(), params),
        };
        let inner = Arc::new(Inner {
            ambient,
            params,
            bus,
            values: moka::sync::Cache::builder().weigher(size).max_capacity(params.bytes).build(),
            generations: Generations::new(params.tags),
            shared,
            flights: Flights::default(),
        });
        Self { inner, at_most_ms: i64::MAX }
    }

    /// The same cache, keeping what is fetched through it for so many milliseconds at most, in memory and in Redis: for
    /// values that must not be older, even if a server ends for good before it tells of a change.
    #[must_use]
    pub fn at_most(&self, millis: i64) -> Self {
        Self { inner: self.inner.clone(), at_most_ms: millis }
    }

    /// The value of `key`, which depends on `tags`: from memory, from Redis, or from `fetch`, which is polled only if it
    /// is needed. Of many who ask at once one fetches; when it fails or goes, the next one does.
    ///
    /// A key always comes with the same tags, and names its project if it is of one.
    ///
    /// # Errors
    /// Those of `fetch`.
    pub async fn get<E>(
        &self,
        key: &str,
        tags: &[&str],
        fetch: impl Future<Output = Result<Bytes, E>>,
    ) -> Result<Bytes, E> {
        if let Some(value) = self.kept(key, &self.made_of(tags)) {
            return Ok(value);
        }
        let _turn = self.inner.flights.turn(key).await;
        // Before anything is read: a change from here on makes what is read old.
        let made_of = self.made_of(tags);
        if let Some(value) = self.kept(key, &made_of) {
            return Ok(value);
        }
        let memory_ms = self.inner.params.memory_ms.min(self.at_most_ms);
        let (value, keep_ms) = match self.inner.shared.read(key, tags).await {
            Found::Value { value, left_ms } => (value, memory_ms.min(left_ms)),
            Found::Lost => (fetch.await?, memory_ms.min(UNTOLD_MS)),
            Found::Absent { made_of: shared } => {
                let value = fetch.await?;
                if self.fits(&value) && self.made_of(tags) == made_of {
                    self.inner.shared.write(key, &shared, &value, self.at_most_ms).await;
                }
                (value, memory_ms)
            }
        };
        if self.fits(&value) && self.made_of(tags) == made_of {
            let until = self.inner.ambient.now().plus_millis(keep_ms);
            self.inner
                .values
                .insert(key.into(), Kept { value: value.clone(), until, made_of: made_of.into() });
        }
        Ok(value)
    }

    /// What depends on any of `tags` has changed. It is done even if the caller goes.
    pub async fn invalidate(&self, tags: &[&str]) {
        let tags: Vec<String> = match tags {
            [] => return,
            many if many.len() > TAGS => vec![EVERYTHING.to_owned()],
            few => few.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        let cache = self.clone();
        let done = tokio::spawn(async move {
            // Redis first: from it nothing old may come into a generation that begins here.
            cache.inner.shared.invalidate(&tags).await;
            cache.inner.generations.renew(&tags);
            cache.tell(&tags);
        });
        if done.await.is_err() {
            // The runtime is ending.
            self.inner.generations.renew(&[EVERYTHING]);
        }
    }

    /// What other servers say of changes; heard from now on.
    pub(crate) fn invalidations(&self) -> Subscription {
        self.inner.bus.subscribe(Pattern::topic(INVALIDATED))
    }

    /// Forgets what other servers changed.
    pub(crate) async fn listen(&self, mut invalidations: Subscription) {
        loop {
            let tags: Option<Vec<String>> = match invalidations.next().await {
                Delivery::Message(message) if message.node == self.inner.bus.node() => continue,
                Delivery::Message(message) => serde_json::from_slice(&message.payload).ok(),
                Delivery::Missed(_) => None,
            };
            match tags {
                Some(tags) => self.inner.generations.renew(&tags),
                None => self.inner.generations.renew(&[EVERYTHING]),
            }
        }
    }

    fn tell(&self, tags: &[String]) {
        let told = serde_json::to_vec(tags).ok().map(|tags| self.inner.bus.publish(INVALIDATED, tags));
        if !matches!(told, Some(Ok(()))) {
            tracing::debug!("too much has changed to name it: all servers forget everything");
            let _ = self.inner.bus.publish(INVALIDATED, "[\"\"]");
        }
    }

    fn kept(&self, key: &str, made_of: &[u64]) -> Option<Bytes> {
        let kept = self.inner.values.get(key)?;
        // Longer than this a value is not kept, so it only seems so after the clock was set back.
        let left = kept.until.since(self.inner.ambient.now());
        let good = *kept.made_of == *made_of && left > 0 && left <= self.inner.params.memory_ms;
        good.then_some(kept.value)
    }

    /// The generations of all that a value with these tags depends on.
    fn made_of(&self, tags: &[&str]) -> Vec<u64> {
        let link = self.inner.shared.epoch();
        [link].into_iter().chain(self.inner.generations.of(tags)).collect()
    }

    fn fits(&self, value: &Bytes) -> bool {
        value.len() <= self.inner.params.value_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn memory_holds_no_more_than_its_bytes() {
        let params = Params { bytes: 10_000, ..Params::default() };
        let ambient = Ambient::system();
        let bus = Bus::new(ambient.id(), 1, false);
        let cache = Cache::new(ambient, bus, &Backend::Memory, params);
        for n in 0..100 {
            let fetch = async { Ok::<_, std::convert::Infallible>(Bytes::from(vec![7; 500])) };
            cache.get(&n.to_string(), &["scene:12"], fetch).await.unwrap();
        }
        cache.inner.values.run_pending_tasks();
        let size = cache.inner.values.weighted_size();
        assert!((5_000..=10_000).contains(&size), "{size}");
    }
}
