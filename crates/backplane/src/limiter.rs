//! Rate limits that all servers count together: an exact sliding window for each key.
//!
//! With Redis one script decides and counts in one step, by Redis's clock. Without it, and while it is lost, each server
//! lets the whole limit through by itself: calls go on, and of n servers at most n times the limit. What passed with
//! Redis is counted here too, so a loss gives nobody a fresh start on this server.
//!
//! Keys in Redis go a window after their last call; their number is bounded by Redis's memory, and when that is full the
//! script fails and the limit counts here. Redis must not evict keys (`maxmemory-policy noeviction`): an evicted key is
//! a fresh start.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use kernel::Ambient;
use redis::Script;
use resilience::limiter::{self, Params, Verdict};

use crate::link::Link;
use crate::{Backend, Unreachable};

static CHECK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("limiter/check.lua")));

/// A limit; a cheap clone.
#[derive(Clone)]
pub struct Limiter {
    name: &'static str,
    params: Params,
    ambient: Ambient,
    backend: Backend,
    here: Arc<Mutex<limiter::Limiter<String>>>,
}

impl Limiter {
    pub(crate) fn new(name: &'static str, params: Params, ambient: Ambient, backend: Backend) -> Self {
        let here = Arc::new(Mutex::new(limiter::Limiter::new(params)));
        Self { name, params, ambient, backend, here }
    }

    /// Decides on a call of `key` now, and counts it if it passes.
    pub async fn check(&self, key: &str) -> Verdict {
        let Backend::Redis(link) = &self.backend else { return self.check_here(key) };
        match self.check_shared(link, key).await {
            Ok(verdict) => {
                if let Verdict::Allowed { .. } = verdict {
                    self.check_here(key);
                }
                verdict
            }
            Err(Unreachable) => self.check_here(key),
        }
    }

    fn check_here(&self, key: &str) -> Verdict {
        let now = self.ambient.now();
        self.here.lock().unwrap_or_else(PoisonError::into_inner).check(&key.to_owned(), now)
    }

    async fn check_shared(&self, link: &Link, key: &str) -> Result<Verdict, Unreachable> {
        let mut call = CHECK.key(link.key(&format!("limit:{}:{key}", self.name)));
        call.arg(self.params.limit).arg(self.params.window_ms);
        let (passes, remaining, wait_ms): (bool, u32, i64) = link.invoke(&call).await?;
        Ok(if passes {
            Verdict::Allowed { remaining, reset: self.ambient.now().plus_millis(wait_ms) }
        } else {
            Verdict::Refused { retry_after_ms: wait_ms.unsigned_abs().max(1) }
        })
    }
}
