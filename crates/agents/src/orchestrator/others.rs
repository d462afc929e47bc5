//! The other servers: which of them writes in a conversation, and what they tell each other of it.
//!
//! Who writes an answer holds a claim on its conversation, a lease. An answer that is stored as being written, and whose
//! conversation nobody claims, was broken off by its server's end. While Redis is lost nobody can tell, and nothing is
//! broken off; two servers may answer in one conversation then, one after the other as far as each knows.

use std::time::Duration;

use backplane::Unreachable;
use backplane::bus::{Delivery, Pattern, Subscription};
use backplane::lease::Hold;
use kernel::{Code, ConversationId, Error, Result};

/// How long a claim is good, in milliseconds: so long answers of a server that died seem to be under way.
const CLAIM_MS: u32 = 10_000;
/// What is stored of a conversation has changed.
const CHANGED: &str = "conversation.changed";
/// The answer that is being written is to be ended.
const HALT: &str = "conversation.halt";

/// The other servers, as far as conversations concern them. A cheap clone.
#[derive(Clone)]
pub(super) struct Others(backplane::Handle);

/// What another server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Changed(ConversationId),
    Halt(ConversationId),
    /// Some of their words may be missing here.
    Missed,
}

impl Others {
    pub(super) fn new(backplane: backplane::Handle) -> Self {
        Self(backplane)
    }

    /// Whether there may be any.
    pub(super) fn are_there(&self) -> bool {
        self.0.is_shared()
    }

    /// How long after the servers lost each other claims may be missing that are still good.
    pub(super) fn unsure() -> Duration {
        Duration::from_millis(CLAIM_MS.into())
    }

    /// The right to write in a conversation, on all servers.
    ///
    /// # Errors
    /// `CONFLICT` when another writes there.
    pub(super) async fn claim(&self, conversation: ConversationId) -> Result<Hold> {
        let mut claim = self.hold(conversation);
        match claim.take().await {
            Ok(false) => Err(Error::new(
                Code::Conflict,
                "An answer is still being written in this conversation. Wait for its end, or stop it.",
            )),
            // Without Redis a conversation goes on.
            Ok(true) | Err(Unreachable) => Ok(claim),
        }
    }

    /// A claim on a conversation in which nobody writes: nothing if somebody does, or may.
    pub(super) async fn claim_if_free(&self, conversation: ConversationId) -> Option<Hold> {
        let mut claim = self.hold(conversation);
        (claim.take().await == Ok(true)).then_some(claim)
    }

    fn hold(&self, conversation: ConversationId) -> Hold {
        self.0.leases().hold(format!("conversation:{conversation}"), CLAIM_MS)
    }

    /// Tells that more of an answer is stored, or that the conversation is gone.
    pub(super) fn changed(&self, conversation: ConversationId) {
        self.tell(CHANGED, conversation);
    }

    /// Asks whoever writes in a conversation to end.
    pub(super) fn halt(&self, conversation: ConversationId) {
        self.tell(HALT, conversation);
    }

    fn tell(&self, topic: &str, conversation: ConversationId) {
        if let Err(refused) = self.0.bus().publish(topic, conversation.to_string()) {
            tracing::error!(%refused, "the other servers were not told of a conversation");
        }
    }

    /// What they say from now on.
    pub(super) fn hear(&self) -> Words {
        Words { others: self.clone(), changed: self.subscribe(CHANGED), halt: self.subscribe(HALT) }
    }

    fn subscribe(&self, topic: &'static str) -> Subscription {
        self.0.bus().subscribe(Pattern::topic(topic))
    }
}

/// What other servers say, in the order in which it came for each kind.
pub(super) struct Words {
    others: Others,
    changed: Subscription,
    halt: Subscription,
}

impl Words {
    /// The next word. When it is dropped before it is ready, nothing is lost.
    pub(super) async fn next(&mut self) -> Word {
        loop {
            let (delivery, word): (_, fn(ConversationId) -> Word) = tokio::select! {
                delivery = self.changed.next() => (delivery, Word::Changed),
                delivery = self.halt.next() => (delivery, Word::Halt),
            };
            let message = match delivery {
                Delivery::Missed(_) => return Word::Missed,
                Delivery::Message(message) if message.node == self.others.0.node() => continue,
                Delivery::Message(message) => message,
            };
            if let Some(id) = std::str::from_utf8(&message.payload).ok().and_then(|id| id.parse().ok()) {
                return word(id);
            }
        }
    }
}
