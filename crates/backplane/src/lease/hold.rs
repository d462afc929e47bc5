//! A lease that is kept: renewed in time, and taken anew once Redis is back after a loss.

use std::time::Duration;

use tokio::runtime;
use tokio::time::sleep;

use crate::Unreachable;
use crate::lease::{Lease, Leases};

/// The wish to have a name to oneself for long. Dropped, the name is given back soon; released, at once.
pub struct Hold {
    leases: Leases,
    name: String,
    ttl_ms: u32,
    lease: Option<Lease>,
}

impl Hold {
    pub(crate) fn new(leases: Leases, name: String, ttl_ms: u32) -> Self {
        Self { leases, name, ttl_ms, lease: None }
    }

    /// Takes the lease, unless it is held already: whether it is now, or somebody else has it.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn take(&mut self) -> Result<bool, Unreachable> {
        if self.lease.is_none() {
            // By a task of its own: whoever stops waiting would not know of a lease that was given already. What nobody waits
            // for any more is dropped, and so given back.
            let mut taking = Self::new(self.leases.clone(), self.name.clone(), self.ttl_ms);
            let taken = tokio::spawn(async move {
                taking.lease = taking.leases.acquire(&taking.name, taking.ttl_ms).await?;
                Ok(taking)
            });
            // A runtime that ends gives no lease.
            self.lease = taken.await.map_or(Ok(None), |taken| taken.map(|mut taken| taken.lease.take()))?;
        }
        Ok(self.lease.is_some())
    }

    /// Keeps the lease for as long as this is polled: renews it, and tries to take it when it is not held. It has no end.
    pub async fn keep(&mut self) {
        loop {
            sleep(Duration::from_millis(u64::from(self.ttl_ms / 3))).await;
            if let Some(lease) = &mut self.lease
                && lease.renew().await == Ok(false)
            {
                self.lease = None;
            }
            if self.take().await == Ok(false) {
                tracing::warn!(name = self.name, "a lease was lost, and somebody else has it");
            }
        }
    }

    /// Gives the name to the next.
    pub async fn release(mut self) {
        if let Some(lease) = self.lease.take() {
            // Without Redis it ends with its time.
            let _ = lease.release().await;
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let (Some(lease), Ok(runtime)) = (self.lease.take(), runtime::Handle::try_current()) {
            runtime.spawn(lease.release());
        }
    }
}
