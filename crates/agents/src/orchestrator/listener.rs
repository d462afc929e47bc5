//! Hears a conversation: each answer from where the listener left off, without a gap or a repeat, then the next one.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use kernel::{Code, ConversationId, Error, Id, MessageId, Result};
use store::{Scope, Store, conversations};
use tokio::sync::watch;
use wire::orchestrator::{Author, Message, MessageState, StreamEvent};

use super::live::Written;
use super::rooms::{Rooms, Seat};
use super::{failure, newest};

/// The id of an event: which answer, and how far in it. Written `msg_….120`, or `msg_….end` after its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct EventId {
    message: MessageId,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// After so many characters.
    Chars(usize),
    /// After everything.
    End,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Chars(chars) => write!(f, "{}.{chars}", self.message),
            Place::End => write!(f, "{}.end", self.message),
        }
    }
}

impl FromStr for EventId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let read = || {
            let (message, place) = text.split_once('.')?;
            let place = if place == "end" { Place::End } else { Place::Chars(place.parse().ok()?) };
            Some(Self { message: message.parse().ok()?, place })
        };
        read().ok_or_else(|| Error::field("Last-Event-ID", "is not the id of an event of this stream"))
    }
}

/// Listens to a conversation until it is removed or the server stops. Dropping it is leaving.
pub struct Listener {
    store: Store,
    scope: Scope,
    conversation: ConversationId,
    seat: Seat,
    /// The answer that was heard last.
    after: Option<MessageId>,
    /// Whether all answers up to the newest that was announced have been heard.
    caught_up: bool,
    reading: Option<Reading>,
}

impl Listener {
    /// Takes a seat. With a last id it goes on behind it; without one it hears the answer that is being written, if
    /// there is one, and else waits for the next.
    pub(super) async fn open(
        store: Store,
        rooms: &Arc<Rooms>,
        scope: Scope,
        conversation: ConversationId,
        last: Option<&str>,
    ) -> Result<Self> {
        let last: Option<EventId> = last.map(str::parse).transpose()?;
        store.read_in(&scope, move |t| conversations::get(t, conversation)).await?;
        // The seat comes before the look at what there is, so that nothing begins unnoticed between the two.
        let seat = rooms.sit(conversation)?;
        let mut this =
            Self { store, scope, conversation, seat, after: None, caught_up: false, reading: None };
        match last {
            None => {
                this.after = newest(&this.store, &scope, conversation).await?.map(|newest| {
                    let under_way =
                        newest.author == Author::Assistant && newest.state == MessageState::Streaming;
                    if under_way {
                        MessageId::from_bits(newest.id.bits().saturating_sub(1))
                    } else {
                        newest.id
                    }
                })
            }
            Some(EventId { message, place: Place::End }) => {
                this.message(message).await?;
                this.after = Some(message);
            }
            Some(EventId { message, place: Place::Chars(chars) }) => {
                let message = this.message(message).await?;
                this.after = Some(message.id);
                this.reading = this.read(message).await?.map(|reading| reading.resumed(chars));
            }
        }
        Ok(this)
    }

    /// The next event with its id. Nothing when the conversation is gone, or cannot be read for now: whoever wants to
    /// hear more comes back with the last id.
    pub async fn next(&mut self) -> Option<(String, StreamEvent)> {
        loop {
            if let Some(reading) = &mut self.reading {
                if let Some((id, event)) = reading.next().await {
                    return Some((id.to_string(), event));
                }
                self.after = Some(reading.message);
                self.reading = None;
            }
            let begun = match self.next_answer().await {
                Ok(Some(message)) => self.read(message).await,
                Ok(None) => return None,
                Err(error) => Err(error),
            };
            match begun {
                Ok(Some(reading)) => self.reading = Some(reading),
                Ok(None) => return None,
                Err(error) => {
                    if error.code() != Code::NotFound {
                        tracing::warn!(conversation = %self.conversation, %error, "a stream was ended");
                    }
                    return None;
                }
            }
        }
    }

    /// Waits for the answer after the one that was heard last.
    async fn next_answer(&mut self) -> Result<Option<Message>> {
        loop {
            let now = self.seat.now();
            if now.gone {
                return Ok(None);
            }
            if !self.caught_up || now.newest > self.after {
                let (conversation, after) = (self.conversation, self.after);
                let found = self
                    .store
                    .read_in(&self.scope, move |t| conversations::answer_after(t, conversation, after))
                    .await?;
                if found.is_some() {
                    return Ok(found);
                }
                self.caught_up = true;
            }
            self.seat.changed().await;
        }
    }

    /// Begins to read an answer, from memory while it is being written and else from the database.
    async fn read(&mut self, mut message: Message) -> Result<Option<Reading>> {
        loop {
            if message.state != MessageState::Streaming {
                return Ok(Some(Reading::stored(message)));
            }
            let now = self.seat.now();
            if let Some(live) = now.live.filter(|live| live.id == message.id) {
                return Ok(Some(Reading::live(&message, live.listen())));
            }
            if now.gone {
                return Ok(None);
            }
            // It has ended since it was read, or it is stored but not announced yet.
            message = self.message(message.id).await?;
            if message.state == MessageState::Streaming {
                if !now.taken {
                    // Nobody writes it any more, and its end could not be stored.
                    message.state = MessageState::Failed;
                    continue;
                }
                self.seat.changed().await;
            }
        }
    }

    async fn message(&self, id: MessageId) -> Result<Message> {
        let conversation = self.conversation;
        self.store.read_in(&self.scope, move |t| conversations::message(t, conversation, id)).await
    }
}

/// One answer, read from a place onwards.
struct Reading {
    message: MessageId,
    source: Source,
    /// Whether the listener knows that it has begun.
    started: bool,
    over: bool,
    /// How far it has been read; the same place twice.
    chars: usize,
    bytes: usize,
}

enum Source {
    Live { mode: wire::orchestrator::Mode, written: watch::Receiver<Written> },
    Stored(Arc<Message>),
}

impl Reading {
    fn new(message: MessageId, source: Source) -> Self {
        Self { message, source, started: false, over: false, chars: 0, bytes: 0 }
    }

    fn live(message: &Message, written: watch::Receiver<Written>) -> Self {
        Self::new(message.id, Source::Live { mode: message.mode, written })
    }

    fn stored(message: Message) -> Self {
        Self::new(message.id, Source::Stored(Arc::new(message)))
    }

    /// Goes on after so many characters. A crash may have taken some that were heard: then nothing is missing.
    fn resumed(mut self, chars: usize) -> Self {
        let place = |text: &str| match text.char_indices().nth(chars) {
            Some((bytes, _)) => (chars, bytes),
            None => (text.chars().count(), text.len()),
        };
        (self.chars, self.bytes) = match &self.source {
            Source::Live { written, .. } => place(&written.borrow().text),
            Source::Stored(message) => place(&message.content),
        };
        self.started = true;
        self
    }

    fn id(&self) -> EventId {
        EventId { message: self.message, place: Place::Chars(self.chars) }
    }

    async fn next(&mut self) -> Option<(EventId, StreamEvent)> {
        if self.over {
            return None;
        }
        if !self.started {
            self.started = true;
            let mode = match &self.source {
                Source::Live { mode, .. } => *mode,
                Source::Stored(message) => message.mode,
            };
            return Some((self.id(), StreamEvent::Start { message_id: self.message, mode }));
        }
        let bytes = self.bytes;
        let (delta, end) = match &mut self.source {
            Source::Live { written, .. } => {
                let more = |written: &Written| written.text.len() > bytes || written.end.is_some();
                let written = written.wait_for(more).await.ok()?;
                (written.text[bytes..].to_owned(), written.end.clone())
            }
            Source::Stored(message) => (message.content[bytes..].to_owned(), Some(Arc::clone(message))),
        };
        if !delta.is_empty() {
            self.chars += delta.chars().count();
            self.bytes += delta.len();
            return Some((self.id(), StreamEvent::Chunk { content: delta.clone(), delta }));
        }
        let end = end?;
        self.over = true;
        Some((EventId { message: self.message, place: Place::End }, last(&end)))
    }
}

/// The last event of an answer.
fn last(message: &Message) -> StreamEvent {
    match failure(message) {
        Some(error) => StreamEvent::Error { error: error.message().to_owned(), code: error.code() },
        None => StreamEvent::Complete {
            message_id: message.id,
            content: message.content.clone(),
            mode: message.mode,
            metadata: message.metadata.clone().map(Box::new),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_event_id_survives_its_text(bits: u128, chars: Option<usize>) {
            let place = chars.map_or(Place::End, Place::Chars);
            let id = EventId { message: MessageId::from_bits(bits), place };
            prop_assert_eq!(id.to_string().parse::<EventId>().unwrap(), id);
        }

        #[test]
        fn a_text_that_is_no_event_id_is_refused_by_name(text: String) {
            if let Err(error) = text.parse::<EventId>() {
                prop_assert_eq!(&error.details().unwrap()["field"], "Last-Event-ID");
            }
        }
    }
}
