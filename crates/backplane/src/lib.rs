//! What the servers of one installation share: a bus, a layered cache, leases and rate limits, in memory or through Redis.
//!
//! Redis is never the only place of anything. When it is lost, each part goes on with less, and says so where it is
//! described: the bus reaches this server only and tells its subscribers that they may have missed something, the
//! cache asks the source, leases are not given, and limits count on each server by itself.

pub mod bus;
pub mod cache;
pub mod lease;
pub mod limiter;
mod link;

use std::future::Future;

use kernel::{Ambient, NodeId};
use resilience::limiter::Params;

use crate::bus::{Bus, Subscription};
use crate::cache::Cache;
use crate::lease::Leases;
use crate::limiter::Limiter;
use crate::link::Link;

/// Characters of [`Options::prefix`] at most.
const PREFIX_CHARS: usize = 64;

/// How a backplane is made.
#[derive(Clone)]
pub struct Options {
    /// Address of the Redis server (6 or newer; `redis://…` or `unix://…`), or none for a server that is alone.
    pub redis: Option<String>,
    /// Begins every key and channel in Redis, so that installations can share one: letters, digits, `-`, `_`, `:`.
    pub prefix: String,
    /// Messages that wait for one subscriber of the bus, or to be sent, at most.
    pub queue: usize,
    /// Bounds of the cache.
    pub cache: cache::Params,
}

impl Default for Options {
    fn default() -> Self {
        Self { redis: None, prefix: String::from("atelier:"), queue: 1_024, cache: cache::Params::default() }
    }
}

/// Options with which no backplane can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misconfigured {
    /// The address of Redis cannot be read. It is not repeated here, since it may hold a password.
    #[error("the address of Redis is not one like redis://user:password@host:6379/0")]
    Address,
    /// The prefix is too long or has other characters than it may.
    #[error("the prefix has at most {PREFIX_CHARS} letters, digits, '-', '_' and ':'")]
    Prefix,
}

/// Redis cannot be reached, or did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Redis cannot be reached")]
pub struct Unreachable;

/// Where shared things are.
#[derive(Clone)]
enum Backend {
    Memory,
    Redis(Link),
}

/// Keeps the connection to Redis, and tells the cache what other servers changed.
pub struct Service {
    bus: Bus,
    cache: Cache,
    invalidations: Subscription,
    backend: Backend,
}

/// The parts of the backplane; a cheap clone.
#[derive(Clone)]
pub struct Handle {
    ambient: Ambient,
    bus: Bus,
    cache: Cache,
    leases: Leases,
    backend: Backend,
}

impl Service {
    /// A backplane. Redis is first asked for when it runs, and need not be there.
    ///
    /// # Errors
    /// When the options cannot be used.
    pub fn new(options: Options, ambient: Ambient) -> Result<(Self, Handle), Misconfigured> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_:".contains(c);
        if options.prefix.len() > PREFIX_CHARS || !options.prefix.chars().all(allowed) {
            return Err(Misconfigured::Prefix);
        }
        let backend = match &options.redis {
            None => Backend::Memory,
            Some(address) => Backend::Redis(Link::new(address, options.prefix, ambient.clone())?),
        };
        let handle = Handle::over(backend.clone(), options.queue, options.cache, ambient);
        let (bus, cache) = (handle.bus.clone(), handle.cache.clone());
        Ok((Self { invalidations: cache.invalidations(), bus, cache, backend }, handle))
    }

    /// Works until `stop` is done and what was published by then is sent.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { bus, cache, invalidations, backend } = self;
        let linked = async {
            match &backend {
                Backend::Memory => stop.await,
                Backend::Redis(link) => link.run(&bus, stop).await,
            }
        };
        tokio::select! {
            () = linked => {}
            () = cache.listen(invalidations) => {}
        }
    }
}

impl Handle {
    /// The backplane of a process that is alone, in memory, and needs no service.
    #[must_use]
    pub fn alone(ambient: Ambient) -> Self {
        let Options { queue, cache, .. } = Options::default();
        Self::over(Backend::Memory, queue, cache, ambient)
    }

    fn over(backend: Backend, queue: usize, cache: cache::Params, ambient: Ambient) -> Self {
        let bus = Bus::new(ambient.id(), queue, matches!(backend, Backend::Redis(_)));
        let cache = Cache::new(ambient.clone(), bus.clone(), &backend, cache);
        let leases = Leases::new(ambient.clone(), &backend);
        Self { ambient, bus, cache, leases, backend }
    }

    /// The bus between the servers.
    #[must_use]
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The cache.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Leases.
    #[must_use]
    pub fn leases(&self) -> &Leases {
        &self.leases
    }

    /// A limit that all servers count together, under a name of its own. Make it once and keep it: without Redis, the
    /// count is in it.
    #[must_use]
    pub fn limiter(&self, name: &'static str, params: Params) -> Limiter {
        Limiter::new(name, params, self.ambient.clone(), self.backend.clone())
    }

    /// This server's name on the bus; another after each start.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.bus.node()
    }

    /// Whether there may be other servers.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.backend, Backend::Redis(_))
    }

    /// Whether other servers can be reached. A server that is alone always says yes.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        match &self.backend {
            Backend::Memory => true,
            Backend::Redis(link) => link.is_up(),
        }
    }

    /// Waits until [`Handle::is_linked`] answers `linked`.
    pub async fn until_linked(&self, linked: bool) {
        match &self.backend {
            Backend::Memory if linked => {}
            Backend::Memory => std::future::pending().await,
            Backend::Redis(link) => link.until_up(linked).await,
        }
    }
}
