//! Single flight: a lock for each key. Who has it fetches, the others wait in line, and find what was fetched.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

type Line = Arc<tokio::sync::Mutex<()>>;

/// The lines that someone stands in. There are as many places as callers; who bounds those bounds these.
#[derive(Default)]
pub(crate) struct Flights {
    lines: Mutex<HashMap<Arc<str>, Line>>,
}

/// The turn of one caller. Dropped, it is the next one's, also if nothing was fetched.
pub(crate) struct Turn<'a> {
    // Before the place: a line goes when nobody holds it.
    _lock: OwnedMutexGuard<()>,
    _place: Place<'a>,
}

struct Place<'a> {
    flights: &'a Flights,
    key: Arc<str>,
}

impl Flights {
    /// Waits for the caller's turn to fetch `key`, in the order of asking.
    pub(crate) async fn turn(&self, key: &str) -> Turn<'_> {
        let key: Arc<str> = key.into();
        let line = self.lock().entry(key.clone()).or_default().clone();
        let place = Place { flights: self, key };
        Turn { _lock: line.lock_owned().await, _place: place }
    }

    /// Every change under the lock is whole, so a panic elsewhere leaves nothing half done.
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut lines = self.flights.lock();
        // Lines are handed out under this lock only, so one that nobody else has is not about to be stood in.
        if lines.get(&self.key).is_some_and(|line| Arc::strong_count(line) == 1) {
            lines.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn polled<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        match std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    #[test]
    fn turns_come_in_the_order_of_asking_and_a_line_that_all_have_left_is_forgotten() {
        let flights = Flights::default();
        let [mut one, mut two, mut three, mut four] = [(); 4].map(|()| Box::pin(flights.turn("key")));
        let first = polled(&mut one);
        assert!(first.is_some());
        assert!(polled(&mut two).is_none() && polled(&mut three).is_none() && polled(&mut four).is_none());
        // The second goes before its turn.
        drop(two);
        drop(first);
        assert!(polled(&mut four).is_none());
        let third = polled(&mut three);
        assert!(third.is_some());
        drop(third);
        assert_eq!(flights.lock().len(), 1);
        drop(polled(&mut four));
        assert!(flights.lock().is_empty());
    }
}
