//! What agents say to each other while they work on a run: published under a topic, to one, several or everybody, on whichever
//! server they are.
//!
//! - **Who hears.** A message stays on the floor of its run. There everybody hears it whose pattern takes its topic, if it is for
//!   them or for everybody; nobody hears themselves. Patterns are the bus's own ([`Pattern`]): segments between dots, `*` for any
//!   one segment, a last `**` for all that follow.
//! - **In which order.** Of what waits for a listener the highest priority comes first, and of the same priority what was said
//!   first.
//! - **At the bound.** A listener's queue is bounded. When it is full the least urgent message goes, and of those the newest; the
//!   listener is told in the place of the next message how many it missed ([`Heard::Missed`]). Nobody else waits or misses
//!   anything. The same is told, without a number, when servers could not reach each other.
//! - **Requests.** [`Floor::request`] waits for the first response with its correlation id, until its deadline; what comes later
//!   is a message like all others.
//! - **What is kept.** This part keeps nothing. A [`Seat`] writes whatever its agent says into the run's log before it is
//!   published, so whoever missed something reads it there.

mod memory;
mod queue;
mod reading;
mod seat;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backplane::bus::{Bus, Delivery, Pattern};
use kernel::{Ambient, Error, ProjectId, Result, RunId};
use serde::{Deserialize, Serialize};
use store::Scope;
use tokio::sync::oneshot;
use wire::messages::{AgentMessage, MessageType};

pub use memory::COLLECTION;
pub use queue::Heard;
pub use reading::{LONGEST, read};
pub use seat::{Key, MESSAGE, Said, Seat};

use queue::Queue;

/// The topic of the bus under which servers tell each other what agents say.
const TOPIC: &str = "agents.messages";

/// How messages are passed on.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Messages that wait for one listener at most.
    pub queue: usize,
    /// Listeners on one floor, and requests under way there, at most.
    pub listeners: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { queue: 256, listeners: 256 }
    }
}

/// A run of a project, which no message leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Place {
    project: ProjectId,
    run: RunId,
}

/// A message on its way between servers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parcel<M> {
    place: Place,
    message: M,
}

#[derive(Default)]
struct State {
    next: u64,
    listeners: HashMap<Place, Vec<Listener>>,
    /// Requests under way, by who asked and what the response will bear.
    requests: HashMap<(Place, String, String), oneshot::Sender<AgentMessage>>,
}

struct Listener {
    id: u64,
    who: String,
    pattern: Pattern,
    queue: Arc<Queue>,
}

/// Hears what agents on other servers say.
pub struct Service {
    messages: Messages,
    heard: backplane::bus::Subscription,
}

/// The handle; a cheap clone.
#[derive(Clone)]
pub struct Messages {
    options: Options,
    ambient: Ambient,
    bus: Bus,
    state: Arc<Mutex<State>>,
    malformed: Arc<AtomicU64>,
}

impl Service {
    /// The messages of agents on this server, and of those that `bus` reaches.
    #[must_use]
    pub fn new(bus: Bus, ambient: Ambient, options: Options) -> (Self, Messages) {
        let heard = bus.subscribe(Pattern::topic(TOPIC));
        let messages = Messages { options, ambient, bus, state: Arc::default(), malformed: Arc::default() };
        (Self { messages: messages.clone(), heard }, messages)
    }

    /// Passes on what other servers' agents say, until `stop`.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                delivery = self.heard.next() => self.messages.arrived(delivery),
            }
        }
    }
}

impl Messages {
    /// The floor of a run.
    #[must_use]
    pub fn floor(&self, scope: &Scope, run: RunId) -> Floor {
        Floor { messages: self.clone(), place: Place { project: scope.project(), run } }
    }

    /// Messages of other servers that could not be read. They were passed over.
    #[must_use]
    pub fn malformed(&self) -> u64 {
        self.malformed.load(Ordering::Relaxed)
    }

    fn arrived(&self, delivery: Delivery) {
        match delivery {
            // What is said here was delivered when it was said.
            Delivery::Message(message) if message.node == self.bus.node() => {}
            Delivery::Message(message) => match parcel(&message.payload) {
                Ok(parcel) => self.lock().deliver(parcel.place, &Arc::new(parcel.message)),
                Err(error) => {
                    self.malformed.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(%error, node = %message.node, "what an agent on another server said could not be read");
                }
            },
            Delivery::Missed(_) => {
                let state = self.lock();
                state.listeners.values().flatten().for_each(|listener| listener.queue.miss());
            }
        }
    }

    /// Every change under the lock is whole, so a panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parcel(payload: &[u8]) -> Result<Parcel<AgentMessage>> {
    let Parcel { place, message } = serde_json::from_slice::<Parcel<AgentMessage>>(payload)
        .map_err(|error| Error::field("message", error.to_string()))?;
    reading::check(&message)?;
    Ok(Parcel { place, message })
}

impl State {
    fn deliver(&mut self, place: Place, message: &Arc<AgentMessage>) {
        let mut answered = None;
        if message.r#type == MessageType::Response {
            for name in message.to.iter().flat_map(|to| to.names()) {
                let request = (place, name.clone(), message.correlation_id.clone());
                if let Some(waiting) = self.requests.remove(&request)
                    && waiting.send((**message).clone()).is_ok()
                {
                    answered = Some(name.as_str());
                }
            }
        }
        for listener in self.listeners.get(&place).into_iter().flatten() {
            let addressed = message.to.as_ref().is_none_or(|to| to.names().contains(&listener.who));
            if addressed
                && listener.who != message.from
                // Who waited for this response has it.
                && answered != Some(listener.who.as_str())
                && listener.pattern.matches(&message.topic)
            {
                listener.queue.put(message.clone());
            }
        }
    }
}

/// Where the agents of one run speak. A cheap clone.
#[derive(Clone)]
pub struct Floor {
    messages: Messages,
    place: Place,
}

impl Floor {
    /// Says something. Listeners on this server have it in their queues when this returns; it never waits.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` when the message is not one that can be read.
    pub fn publish(&self, message: &AgentMessage) -> Result<()> {
        reading::check(message)?;
        let parcel = serde_json::to_vec(&Parcel { place: self.place, message }).map_err(Error::internal)?;
        self.messages.lock().deliver(self.place, &Arc::new(message.clone()));
        self.messages
            .bus
            .publish(TOPIC, parcel)
            .map_err(|refused| Error::field("message", refused.to_string()))
    }

    /// Hears what is said from now on to `who` or to everybody, under the topics of `pattern`.
    ///
    /// # Errors
    /// `UNAVAILABLE` when as many listen here as may.
    pub fn listen(&self, who: &str, pattern: Pattern) -> Result<Listening> {
        let mut state = self.messages.lock();
        let id = state.next;
        state.next += 1;
        let listeners = state.listeners.entry(self.place).or_default();
        if listeners.len() >= self.messages.options.listeners {
            return Err(full());
        }
        let queue = Arc::new(Queue::new(self.messages.options.queue));
        listeners.push(Listener { id, who: who.to_owned(), pattern, queue: queue.clone() });
        Ok(Listening { floor: self.clone(), id, queue })
    }

    /// Says something that wants a response, and waits for it, `patience` at most; nothing if none came by then.
    ///
    /// # Errors
    /// As [`Self::publish`]; `CONFLICT` when the same agent waits for the same response already.
    pub async fn request(&self, message: &AgentMessage, patience: Duration) -> Result<Option<AgentMessage>> {
        let key = (self.place, message.from.clone(), message.correlation_id.clone());
        let (answer, answered) = oneshot::channel();
        {
            let mut state = self.messages.lock();
            if state.requests.contains_key(&key) {
                return Err(Error::new(
                    kernel::Code::Conflict,
                    "That was asked already, and waits for its answer.",
                ));
            }
            if state.requests.len() >= self.messages.options.listeners.saturating_mul(16) {
                return Err(full());
            }
            state.requests.insert(key.clone(), answer);
        }
        // Whatever ends the waiting, nothing stays behind.
        let _waiting = Waiting { messages: &self.messages, key };
        self.publish(message)?;
        Ok(tokio::time::timeout(patience, answered).await.ok().and_then(std::result::Result::ok))
    }
}

fn full() -> Error {
    Error::new(kernel::Code::Unavailable, "More agents listen or wait at once than may. Try again later.")
}

struct Waiting<'m> {
    messages: &'m Messages,
    key: (Place, String, String),
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.messages.lock().requests.remove(&self.key);
    }
}

/// A listener's place; dropped, it hears nothing more.
pub struct Listening {
    floor: Floor,
    id: u64,
    queue: Arc<Queue>,
}

impl Listening {
    /// The next message, or how many are missing before it. When it is dropped before it is ready, nothing is lost.
    pub async fn next(&mut self) -> Heard {
        self.queue.take().await
    }

    /// The same, if it is there now.
    pub fn now(&self) -> Option<Heard> {
        self.queue.take_now()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut state = self.floor.messages.lock();
        if let Some(listeners) = state.listeners.get_mut(&self.floor.place) {
            listeners.retain(|listener| listener.id != self.id);
            if listeners.is_empty() {
                state.listeners.remove(&self.floor.place);
            }
        }
    }
}
