//! What waits for one subscriber: a bounded queue that marks the place where something is missing.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::bus::{Delivery, Message, Missed};

/// A queue of messages and of places where some are missing. It holds one more than its bound: the mark at its end.
pub(crate) struct Queue {
    bound: usize,
    waiting: Mutex<VecDeque<Delivery>>,
    arrived: Notify,
}

impl Queue {
    pub(crate) fn new(bound: usize) -> Self {
        Self { bound, waiting: Mutex::default(), arrived: Notify::new() }
    }

    /// Appends a message. At the bound it is lost, and the place is marked.
    pub(crate) fn put(&self, message: Message) {
        let mut waiting = self.lock();
        if waiting.len() < self.bound {
            waiting.push_back(Delivery::Message(message));
            drop(waiting);
            self.arrived.notify_one();
        } else {
            drop(waiting);
            self.miss(Missed::Lagged);
        }
    }

    /// Marks that here something may be missing.
    pub(crate) fn miss(&self, why: Missed) {
        let mut waiting = self.lock();
        if !matches!(waiting.back(), Some(Delivery::Missed(_))) {
            waiting.push_back(Delivery::Missed(why));
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    /// The next one, as soon as there is one. Only one may wait here.
    pub(crate) async fn take(&self) -> Delivery {
        loop {
            let next = self.lock().pop_front();
            match next {
                Some(delivery) => return delivery,
                None => self.arrived.notified().await,
            }
        }
    }

    /// Every change under the lock is whole, so a panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Delivery>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
