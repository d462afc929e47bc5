//! The bus: bytes published under a topic, heard by whoever subscribed to it on any server.
//!
//! Delivery is at most once, and in the order of publishing from each server; between servers there is no order. What a
//! subscriber may have missed it is told in its place ([`Delivery::Missed`]), so that it reads anew what the messages
//! were hints of. That happens when its own queue was full, when this server had lost Redis, and when another server
//! could not send. It is not told of what a server wanted to say that was cut off and then ended for good.
//!
//! Subscribers on the same server hear a message at once, not by way of Redis, and also while Redis is lost.
//! In Redis each topic is one channel, and each server listens to all of them.

mod queue;
mod topic;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use kernel::NodeId;
use tokio::sync::Notify;

use crate::bus::queue::Queue;
pub use crate::bus::topic::{BadTopic, Pattern, is_topic};

/// Bytes of a message at most. What is larger belongs in the store, and a hint of it on the bus.
pub const MESSAGE_BYTES: usize = 64 * 1024;

/// A message as a subscriber gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it was published under.
    pub topic: Arc<str>,
    /// What was published.
    pub payload: Bytes,
    /// The server that published it.
    pub node: NodeId,
}

/// What a subscriber is handed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A message.
    Message(Message),
    /// At this place messages may be missing.
    Missed(Missed),
}

/// Why messages may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// The subscriber was slower than the messages came, and its queue was full.
    Lagged,
    /// Servers could not reach each other.
    Link,
}

/// Why a message was not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is larger than [`MESSAGE_BYTES`].
    #[error("a message has at most {MESSAGE_BYTES} bytes")]
    TooLarge,
    /// Nothing can be published under such a topic.
    #[error(transparent)]
    Topic(#[from] BadTopic),
}

/// The bus; a cheap clone.
#[derive(Clone)]
pub struct Bus {
    node: NodeId,
    bound: usize,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// There is something to send.
    waiting: Notify,
}

struct State {
    subscribers: BTreeMap<u64, (Pattern, Arc<Queue>)>,
    next: u64,
    outgoing: Outgoing,
}

/// What is on its way to other servers.
enum Outgoing {
    /// There are none.
    Alone,
    /// They cannot be reached. `missed`: something was published all the same.
    Down { missed: bool },
    /// These messages wait to be sent. `missed`: there were more than the bound.
    Up { waiting: VecDeque<Message>, missed: bool },
}

/// What is to be sent to other servers next.
pub(crate) struct Batch {
    pub(crate) messages: Vec<Message>,
    /// After these messages some are missing, which the others must be told.
    pub(crate) missed: bool,
}

impl Bus {
    pub(crate) fn new(node: NodeId, bound: usize, shared: bool) -> Self {
        let outgoing = if shared { Outgoing::Down { missed: false } } else { Outgoing::Alone };
        let state = Mutex::new(State { subscribers: BTreeMap::new(), next: 0, outgoing });
        Self { node, bound, shared: Arc::new(Shared { state, waiting: Notify::new() }) }
    }

    /// This server's name: who reads it in a message has published that message itself.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Publishes a message, and never waits. Subscribers of this server have it in their queues when this returns.
    /// Others get it if they can be reached; at the bound, or without Redis, they are told later that they missed
    /// something.
    ///
    /// # Errors
    /// When it is too large, or there can be no such topic.
    pub fn publish(&self, topic: &str, payload: impl Into<Bytes>) -> Result<(), Refused> {
        let payload = payload.into();
        if !topic::is_topic(topic) {
            return Err(BadTopic.into());
        }
        if payload.len() > MESSAGE_BYTES {
            return Err(Refused::TooLarge);
        }
        let message = Message { topic: topic.into(), payload, node: self.node };
        let mut state = self.lock();
        state.deliver(&message);
        match &mut state.outgoing {
            Outgoing::Alone => {}
            Outgoing::Down { missed } => *missed = true,
            Outgoing::Up { waiting, missed } if waiting.len() >= self.bound => *missed = true,
            Outgoing::Up { waiting, .. } => waiting.push_back(message),
        }
        drop(state);
        self.shared.waiting.notify_one();
        Ok(())
    }

    /// Hears all that is published from now on under the topics of `pattern`. Each message is matched against each
    /// subscriber: what serves many connections subscribes once, and hands out itself.
    #[must_use]
    pub fn subscribe(&self, pattern: Pattern) -> Subscription {
        let queue = Arc::new(Queue::new(self.bound));
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        state.subscribers.insert(id, (pattern, queue.clone()));
        Subscription { id, queue, bus: self.clone() }
    }

    /// From now on what is published is sent. All subscribers are told that they may have missed something.
    pub(crate) fn link_up(&self) {
        let mut state = self.lock();
        let missed = matches!(state.outgoing, Outgoing::Down { missed: true });
        state.outgoing = Outgoing::Up { waiting: VecDeque::new(), missed };
        state.miss();
        drop(state);
        self.shared.waiting.notify_one();
    }

    /// From now on what is published reaches this server only. What waits is lost, and perhaps what was being sent.
    pub(crate) fn link_down(&self) {
        let mut state = self.lock();
        if let Outgoing::Up { .. } = state.outgoing {
            state.outgoing = Outgoing::Down { missed: true };
        }
    }

    /// What is to be sent now, if anything.
    pub(crate) fn batch(&self) -> Option<Batch> {
        match &mut self.lock().outgoing {
            Outgoing::Up { waiting, missed } if *missed || !waiting.is_empty() => {
                Some(Batch { messages: waiting.drain(..).collect(), missed: std::mem::take(missed) })
            }
            _ => None,
        }
    }

    /// Waits until there may be something to send.
    pub(crate) async fn waiting(&self) {
        self.shared.waiting.notified().await;
    }

    /// A message of another server has arrived.
    pub(crate) fn heard(&self, message: &Message) {
        self.lock().deliver(message);
    }

    /// Another server could not send all that it had to say.
    pub(crate) fn missed(&self) {
        self.lock().miss();
    }

    /// Every change under the lock is whole, so a panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn deliver(&self, message: &Message) {
        for (pattern, queue) in self.subscribers.values() {
            if pattern.matches(&message.topic) {
                queue.put(message.clone());
            }
        }
    }

    fn miss(&self) {
        self.subscribers.values().for_each(|(_, queue)| queue.miss(Missed::Link));
    }
}

/// A subscriber's place on the bus; dropped, it hears nothing more.
pub struct Subscription {
    id: u64,
    queue: Arc<Queue>,
    bus: Bus,
}

impl Subscription {
    /// The next message, or the place where some may be missing. When it is dropped before it is ready, nothing is lost.
    pub async fn next(&mut self) -> Delivery {
        self.queue.take().await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.bus.lock().subscribers.remove(&self.id);
    }
}
