//! An agent's seat on the floor of its run, for the length of a lease: what it says is written into the run's log and then
//! published, and it hears what others say, earlier or now.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backplane::bus::Pattern;
use kernel::{Ambient, Code, Error, Result};
use store::runs::{self, Told};
use store::{Scope, Store};
use tasks::Lease;
use wire::messages::{AgentMessage, MessagePayload, MessageType, Recipients};

use super::{Floor, Heard, Listening, Messages, memory, reading};

/// The kind under which a run's log keeps them.
pub const MESSAGE: &str = "message";
/// What one lease says at most.
const SAID: u32 = 64;
/// Messages of a run that are read anew at most, the newest.
const EARLIER: u32 = 100;
/// How urgent a message is that does not say.
const USUAL: u8 = 5;

/// What a message is known by: who said it, its correlation id and its type.
pub type Key = (String, String, MessageType);

/// What is to be said; the seat adds who, when and, if there is none, a correlation id.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Said {
    pub to: Option<Recipients>,
    pub topic: String,
    pub payload: MessagePayload,
    pub memory_key: Option<String>,
}

/// A seat.
pub struct Seat<'l> {
    lease: &'l Lease,
    store: Store,
    ambient: Ambient,
    floor: Floor,
    listening: Listening,
    said: AtomicU32,
    /// What was heard: nothing is heard twice.
    heard: Mutex<HashSet<Key>>,
}

impl<'l> Seat<'l> {
    /// Takes the seat of the agent whose step this is.
    ///
    /// # Errors
    /// `UNAVAILABLE` when too many listen on this floor.
    pub fn take(messages: &Messages, store: &Store, lease: &'l Lease) -> Result<Self> {
        let step = lease.step();
        let floor = messages.floor(&Scope::server(step.project), step.run);
        let all = Pattern::parse("**").map_err(Error::internal)?;
        let listening = floor.listen(&step.name, all)?;
        let (store, ambient) = (store.clone(), messages.ambient.clone());
        Ok(Self { lease, store, ambient, floor, listening, said: AtomicU32::new(0), heard: Mutex::default() })
    }

    /// The agent whose seat it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.lease.step().name
    }

    /// The floor.
    #[must_use]
    pub fn floor(&self) -> &Floor {
        &self.floor
    }

    /// Tells others something.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` when it cannot be said so; `RATE_LIMITED` when this lease has said as much as it may; `CONFLICT` when
    /// the lease is over, or the project's memory has no room for it.
    pub async fn tell(&self, said: Said) -> Result<AgentMessage> {
        let message = self.message(MessageType::Notification, said, None)?;
        self.say(&message).await?;
        Ok(message)
    }

    /// Asks somebody, and waits for the response.
    ///
    /// # Errors
    /// As [`Self::tell`].
    pub async fn ask(&self, said: Said, patience: Duration) -> Result<(AgentMessage, Option<AgentMessage>)> {
        let query = self.message(MessageType::Query, said, None)?;
        self.keep(&query).await?;
        let response = self.floor.request(&query, patience).await?;
        Ok((query, response))
    }

    /// Asks somebody on whose behalf the answer is given here.
    ///
    /// # Errors
    /// As [`Self::tell`].
    pub async fn query(&self, said: Said) -> Result<AgentMessage> {
        let query = self.message(MessageType::Query, said, None)?;
        self.say(&query).await?;
        Ok(query)
    }

    /// Answers a question. `from` may be another agent than the seat's, on whose behalf it answers.
    ///
    /// # Errors
    /// As [`Self::tell`].
    pub async fn respond(
        &self,
        query: &AgentMessage,
        from: &str,
        payload: MessagePayload,
    ) -> Result<AgentMessage> {
        let to = Some(Recipients::One(query.from.clone()));
        let said = Said { to, topic: query.topic.clone(), payload, memory_key: None };
        let response = self.message(MessageType::Response, said, Some(query.correlation_id.clone()))?;
        let response = AgentMessage { from: from.to_owned(), priority: query.priority, ..response };
        self.say(&response).await?;
        Ok(response)
    }

    /// What was said to this agent or to everybody since it was asked last; the first time, since the run began. At most the
    /// newest of it: what waits is bounded, and where something was missed the log is read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hear(&self, first: bool) -> Result<Vec<AgentMessage>> {
        let (mut found, mut missed) = (Vec::new(), first);
        while let Some(heard) = self.listening.now() {
            match heard {
                Heard::Message(message) => found.push((*message).clone()),
                Heard::Missed(_) => missed = true,
            }
        }
        if missed {
            let (run, scope) = (self.lease.step().run, Scope::server(self.lease.step().project));
            let kept =
                self.store.read_in(&scope, move |t| runs::said(t, run, Told::Message, EARLIER)).await?;
            // What cannot be read was written by another version.
            let mut earlier: Vec<AgentMessage> =
                kept.iter().filter_map(|entry| reading::read(&entry.text).ok()).collect();
            earlier.append(&mut found);
            found = earlier;
        }
        let own = self.name().to_owned();
        let mut known = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        found.retain(|message| {
            let to_us = message.to.as_ref().is_none_or(|to| to.names().contains(&own));
            let key = (message.from.clone(), message.correlation_id.clone(), message.r#type);
            to_us && message.from != own && known.insert(key)
        });
        drop(known);
        Ok(found)
    }

    /// What was heard so far.
    #[must_use]
    pub fn known(&self) -> Vec<Key> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Takes up what was heard under an earlier lease.
    pub fn knows(&self, known: Vec<Key>) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).extend(known);
    }

    fn message(
        &self,
        r#type: MessageType,
        said: Said,
        correlation_id: Option<String>,
    ) -> Result<AgentMessage> {
        let number = self.said.fetch_add(1, Ordering::Relaxed);
        if number >= SAID {
            let enough = format!("That is more than {SAID} messages in one step. Say less.");
            return Err(Error::new(Code::RateLimited, enough));
        }
        let step = self.lease.step();
        let message = AgentMessage {
            from: step.name.clone(),
            to: said.to,
            topic: said.topic,
            r#type,
            payload: said.payload,
            timestamp: self.ambient.now().0,
            correlation_id: correlation_id.unwrap_or_else(|| format!("{}.{}.{number}", step.id, step.fence)),
            priority: USUAL,
            memory_key: said.memory_key,
            vector: None,
        };
        reading::check(&message)?;
        Ok(message)
    }

    async fn say(&self, message: &AgentMessage) -> Result<()> {
        self.keep(message).await?;
        self.floor.publish(message)
    }

    /// Writes a message into the run's log, and into the memory if it has a key.
    async fn keep(&self, message: &AgentMessage) -> Result<()> {
        if let Some(key) = message.memory_key.clone() {
            let (scope, message) = (Scope::server(self.lease.step().project), message.clone());
            self.store.transact_in(&scope, move |t| memory::keep(t, &key, &message)).await?;
        }
        let text = serde_json::to_string(message).map_err(Error::internal)?;
        self.lease.log(MESSAGE, text).await?;
        Ok(())
    }
}
