//! Rate limits that all servers count together: an exact sliding window for each key.
//!
//! With Redis one script decides and counts in one step, by Redis's clock. Without it, and while it is lost, each server
//! lets the whole limit through by itself: calls go on, and of n servers at most n times the limit. What passed with
//! Redis is counted here too, so a loss gives nobody a fresh start on this server.
//!
//! Keys in Redis go a window after their last call; their number is bounded by Redis's memory, and when that is full the
//! script fails and the limit counts here. Redis must not evict keys (`maxmemory-policy noeviction`): an evicted key is
//! a fresh start.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use kernel::{Ambient, Timestamp};
use redis::Script;
use resilience::limiter::{self, Params, Verdict};

use crate::link::Link;
use crate::{Backend, Unreachable};

static CHECK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("limiter/check.lua")));
static TAKE_BACK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("limiter/take_back.lua")));

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
        self.decide(key).await.0
    }

    /// Lets a call of `key` through and counts it, as [`Limiter::check`] does; it can be taken back.
    ///
    /// # Errors
    /// After how many milliseconds it would pass, if nothing else comes in between; at least 1.
    pub async fn pass(&self, key: &str) -> Result<Passed, u64> {
        match self.decide(key).await {
            (Verdict::Allowed { .. }, passed) => Ok(passed),
            (Verdict::Refused { retry_after_ms }, _) => Err(retry_after_ms),
        }
    }

    /// Takes a call back, as if it had not been made: it turned out not to count. While Redis is lost, what was counted
    /// there stays until it leaves the window.
    pub async fn take_back(&self, passed: &Passed) {
        self.here().take_back(&passed.key, passed.here);
        if let (Backend::Redis(link), Some(at)) = (&self.backend, &passed.shared) {
            let mut call = TAKE_BACK.key(self.key(link, &passed.key));
            let _: Result<(), Unreachable> = link.invoke(call.arg(at)).await;
        }
    }

    async fn decide(&self, key: &str) -> (Verdict, Passed) {
        let mut passed = Passed { key: key.to_owned(), here: self.ambient.now(), shared: None };
        let Backend::Redis(link) = &self.backend else { return (self.check_here(&passed), passed) };
        let verdict = match self.check_shared(link, key).await {
            Ok((verdict, at)) => {
                if let Verdict::Allowed { .. } = verdict {
                    self.check_here(&passed);
                    passed.shared = Some(at);
                }
                verdict
            }
            Err(Unreachable) => self.check_here(&passed),
        };
        (verdict, passed)
    }

    fn check_here(&self, call: &Passed) -> Verdict {
        self.here().check(&call.key, call.here)
    }

    /// The verdict, and when the call passed by Redis's clock.
    async fn check_shared(&self, link: &Link, key: &str) -> Result<(Verdict, String), Unreachable> {
        let mut call = CHECK.key(self.key(link, key));
        call.arg(self.params.limit).arg(self.params.window_ms);
        let (passes, remaining, wait_ms, at): (bool, u32, i64, String) = link.invoke(&call).await?;
        let verdict = if passes {
            Verdict::Allowed { remaining, reset: self.ambient.now().plus_millis(wait_ms) }
        } else {
            Verdict::Refused { retry_after_ms: wait_ms.unsigned_abs().max(1) }
        };
        Ok((verdict, at))
    }

    fn key(&self, link: &Link, key: &str) -> String {
        link.key(&format!("limit:{}:{key}", self.name))
    }

    fn here(&self) -> MutexGuard<'_, limiter::Limiter<String>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that passed and was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    key: String,
    /// When, by this server's clock.
    here: Timestamp,
    /// When, by Redis's, if it was counted there.
    shared: Option<String>,
}
