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
    /// What else was stored by then, as the room counts it.
    touched: u64,
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
        let mut this = Self {
            store,
            scope,
            conversation,
            seat,
            after: None,
            caught_up: false,
            touched: 0,
            reading: None,
        };
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
                this.reading = Some(this.read(message).resumed(chars));
            }
        }
        Ok(this)
    }

    /// The next event with its id. Nothing when the conversation is gone, or cannot be read for now: whoever wants to
    /// hear more comes back with the last id.
    pub async fn next(&mut self) -> Option<(String, StreamEvent)> {
        loop {
            let went_on = match &mut self.reading {
                Some(reading) => match reading.next().await {
                    Next::Event(id, event) => return Some((id.to_string(), event)),
                    Next::Over => {
                        self.after = Some(reading.message);
                        self.reading = None;
                        continue;
                    }
                    Next::Behind => self.follow().await,
                },
                None => self.begin().await,
            };
            match went_on {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    if error.code() != Code::NotFound {
                        tracing::warn!(conversation = %self.conversation, %error, "a stream was ended");
                    }
                    return None;
                }
            }
        }
    }

    /// Waits for the answer after the one that was heard last, and begins to read it. False if there will be none.
    async fn begin(&mut self) -> Result<bool> {
        loop {
            let now = self.seat.now();
            if now.gone {
                return Ok(false);
            }
            if !self.caught_up || now.newest > self.after || now.touched != self.touched {
                let (conversation, after) = (self.conversation, self.after);
                let found = self
                    .store
                    .read_in(&self.scope, move |t| conversations::answer_after(t, conversation, after))
                    .await?;
                if let Some(message) = found {
                    self.reading = Some(self.read(message));
                    return Ok(true);
                }
                (self.caught_up, self.touched) = (true, now.touched);
            }
            self.seat.changed().await;
        }
    }

    /// Begins to read an answer, from memory if it is being written here and else from the database.
    fn read(&mut self, message: Message) -> Reading {
        match self.seat.now().live.filter(|live| live.id == message.id) {
            Some(live) if message.state == MessageState::Streaming => Reading::live(&message, live.listen()),
            _ => Reading::stored(message),
        }
    }

    /// Goes on with an answer that another server writes, or whose beginning was read before it was announced here: waits
    /// until more of it is stored than was heard. False if there will be no more.
    async fn follow(&mut self) -> Result<bool> {
        loop {
            // What is noted after this ends the wait below, so nothing that is stored meanwhile is overlooked.
            let now = self.seat.now();
            let Some((id, chars)) = self.reading.as_ref().map(|reading| (reading.message, reading.chars))
            else {
                return Ok(true);
            };
            if now.gone {
                return Ok(false);
            }
            let message = self.message(id).await?;
            let source = match now.live.filter(|live| live.id == id) {
                Some(live) => Source::Live { mode: message.mode, written: live.listen() },
                None if message.state != MessageState::Streaming
                    || message.content.chars().count() > chars =>
                {
                    Source::Stored(Arc::new(message))
                }
                None => {
                    self.seat.changed().await;
                    continue;
                }
            };
            if let Some(reading) = &mut self.reading {
                reading.go_on(source);
            }
            return Ok(true);
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
    /// How far it has been read.
    chars: usize,
    /// The same place in a text that is being written.
    bytes: usize,
}

enum Source {
    Live {
        mode: wire::orchestrator::Mode,
        written: watch::Receiver<Written>,
    },
    /// As it was stored when it was read, perhaps not to its end.
    Stored(Arc<Message>),
}

/// How a reading goes on.
enum Next {
    Event(EventId, StreamEvent),
    /// All of the answer was read.
    Over,
    /// More of it has to be stored first.
    Behind,
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
        (self.started, self.chars) = (true, chars);
        self.find_place();
        self
    }

    /// Goes on at the same place in another source.
    fn go_on(&mut self, source: Source) {
        self.source = source;
        self.find_place();
    }

    fn find_place(&mut self) {
        if let Source::Live { written, .. } = &self.source {
            (self.chars, self.bytes) = place(&written.borrow().text, self.chars);
        }
    }

    fn id(&self) -> EventId {
        EventId { message: self.message, place: Place::Chars(self.chars) }
    }

    async fn next(&mut self) -> Next {
        if self.over {
            return Next::Over;
        }
        if !self.started {
            self.started = true;
            let mode = match &self.source {
                Source::Live { mode, .. } => *mode,
                Source::Stored(message) => message.mode,
            };
            return Next::Event(self.id(), StreamEvent::Start { message_id: self.message, mode });
        }
        let bytes = self.bytes;
        let (delta, end) = match &mut self.source {
            Source::Live { written, .. } => {
                let more = |written: &Written| written.text.len() > bytes || written.end.is_some();
                let Ok(written) = written.wait_for(more).await else { return Next::Over };
                (written.text[bytes..].to_owned(), written.end.clone())
            }
            Source::Stored(message) => {
                let (_, bytes) = place(&message.content, self.chars);
                let end = (message.state != MessageState::Streaming).then(|| Arc::clone(message));
                (message.content[bytes..].to_owned(), end)
            }
        };
        if !delta.is_empty() {
            self.chars += delta.chars().count();
            self.bytes += delta.len();
            return Next::Event(self.id(), StreamEvent::Chunk { content: delta.clone(), delta });
        }
        let Some(end) = end else { return Next::Behind };
        self.over = true;
        Next::Event(EventId { message: self.message, place: Place::End }, last(&end))
    }
}

/// The place after so many characters of a text, in characters and bytes; its end, if there are fewer.
fn place(text: &str, chars: usize) -> (usize, usize) {
    match text.char_indices().nth(chars) {
        Some((bytes, _)) => (chars, bytes),
        None => (text.chars().count(), text.len()),
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
