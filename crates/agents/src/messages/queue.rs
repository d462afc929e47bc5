//! What waits for one listener: the most urgent first, within a bound, with word of what is missing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wire::messages::AgentMessage;

/// What a listener is handed.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A message.
    Message(Arc<AgentMessage>),
    /// So many are missing since the message before; nobody knows how many if it is 0.
    Missed(u64),
}

/// Messages by how urgent they are, and then by when they were said.
pub(super) struct Queue {
    bound: usize,
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    /// The first is the next: less urgent ones have a higher first number.
    messages: BTreeMap<(u8, u64), Arc<AgentMessage>>,
    said: u64,
    missed: Option<u64>,
}

impl Queue {
    pub(super) fn new(bound: usize) -> Self {
        Self { bound: bound.max(1), waiting: Mutex::default(), arrived: Notify::new() }
    }

    /// Adds a message. At the bound the least urgent one goes, of those the newest; it is counted.
    pub(super) fn put(&self, message: Arc<AgentMessage>) {
        let mut waiting = self.lock();
        let place = (u8::MAX - message.priority, waiting.said);
        waiting.said += 1;
        waiting.messages.insert(place, message);
        if waiting.messages.len() > self.bound {
            waiting.messages.pop_last();
            waiting.missed = Some(waiting.missed.unwrap_or(0) + 1);
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Notes that something may be missing.
    pub(super) fn miss(&self) {
        let mut waiting = self.lock();
        waiting.missed = Some(waiting.missed.unwrap_or(0));
        drop(waiting);
        self.arrived.notify_one();
    }

    /// The next one, as soon as there is one. Only one may wait here.
    pub(super) async fn take(&self) -> Heard {
        loop {
            match self.take_now() {
                Some(heard) => return heard,
                None => self.arrived.notified().await,
            }
        }
    }

    /// The next one, if there is one.
    pub(super) fn take_now(&self) -> Option<Heard> {
        let mut waiting = self.lock();
        if let Some(missed) = waiting.missed.take() {
            return Some(Heard::Missed(missed));
        }
        waiting.messages.pop_first().map(|(_, message)| Heard::Message(message))
    }

    /// Every change under the lock is whole, so a panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::tests::message;
    use super::*;

    fn put(queue: &Queue, topic: &str, priority: u8) {
        queue.put(Arc::new(AgentMessage { priority, ..message(topic) }));
    }

    fn taken(queue: &Queue) -> Vec<String> {
        std::iter::from_fn(|| queue.take_now())
            .map(|heard| match heard {
                Heard::Message(message) => message.topic.clone(),
                Heard::Missed(missed) => format!("missed {missed}"),
            })
            .collect()
    }

    #[test]
    fn the_most_urgent_comes_first_and_of_the_same_what_was_said_first() {
        let queue = Queue::new(10);
        for (topic, priority) in [("a", 5), ("b", 10), ("c", 0), ("d", 5), ("e", 10)] {
            put(&queue, topic, priority);
        }
        assert_eq!(taken(&queue), ["b", "e", "a", "d", "c"]);
    }

    #[test]
    fn at_the_bound_the_least_urgent_goes_and_the_listener_is_told() {
        let queue = Queue::new(2);
        for (topic, priority) in [("a", 5), ("b", 5), ("c", 9), ("d", 1)] {
            put(&queue, topic, priority);
        }
        assert_eq!(taken(&queue), ["missed 2", "c", "a"]);
        put(&queue, "e", 5);
        assert_eq!(taken(&queue), ["e"], "what was missed is told once");
        queue.miss();
        assert_eq!(taken(&queue), ["missed 0"]);
    }
}
