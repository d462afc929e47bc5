//! One answer while it is written: a text that only grows, which any number of listeners read, each at its own pace.

use std::borrow::Cow;
use std::sync::Arc;

use backplane::lease::Hold;
use kernel::{Ambient, MessageId, Timestamp};
use store::{Scope, Store, conversations};
use tokio::sync::watch;
use wire::orchestrator::{ChatMetadata, Message, MessageState, Mode};

use super::Options;
use super::others::Others;
use super::rooms::Floor;

/// What has been written so far.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// It only grows, so a place in it stays right.
    pub(super) text: String,
    /// The text's length in characters, as event ids count it.
    pub(super) chars: usize,
    /// The message as it was stored in the end.
    pub(super) end: Option<Arc<Message>>,
}

/// Why an answer is ended before it is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    /// The person said so.
    Person,
    /// The server stops.
    Server,
}

/// An answer that is being written. Whoever writes it notes what is new and goes on; whoever listens looks at the text
/// when there is more of it. There is no queue between them, so that a slow listener costs nothing.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) id: MessageId,
    written: watch::Sender<Written>,
    halt: watch::Sender<Option<Halt>>,
}

impl Live {
    pub(super) fn new(id: MessageId) -> Arc<Self> {
        Arc::new(Self { id, written: watch::Sender::default(), halt: watch::Sender::default() })
    }

    /// A view of the text, from which the end can be awaited too.
    pub(super) fn listen(&self) -> watch::Receiver<Written> {
        self.written.subscribe()
    }

    /// The text so far.
    pub(super) fn text(&self) -> String {
        self.written.borrow().text.clone()
    }

    /// Asks for the end. The first reason counts.
    pub(super) fn halt(&self, why: Halt) {
        self.halt.send_modify(|halt| {
            halt.get_or_insert(why);
        });
    }

    /// Waits until the end is asked for.
    pub(super) async fn halted(&self) -> Halt {
        let mut halt = self.halt.subscribe();
        loop {
            if let Some(why) = *halt.borrow_and_update() {
                return why;
            }
            if halt.changed().await.is_err() {
                // Not while `self` is borrowed: it owns the sender.
                return Halt::Server;
            }
        }
    }

    /// Waits until it has ended, and gives the message as it was stored.
    pub(super) async fn ended(&self) -> Option<Arc<Message>> {
        let mut written = self.listen();
        let end = written.wait_for(|written| written.end.is_some()).await.ok()?;
        end.end.clone()
    }
}

/// The answer has reached its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// Writes an answer: to those who listen at once, to the database at intervals.
pub(super) struct Pen {
    store: Store,
    others: Others,
    ambient: Ambient,
    scope: Scope,
    options: Options,
    live: Arc<Live>,
    /// The message as it was made.
    message: Message,
    saved_chars: usize,
    saved_at: Timestamp,
    /// What will stand beside the text. Set as it becomes known, so that an answer that is ended early has it too.
    pub(super) metadata: ChatMetadata,
}

impl Pen {
    pub(super) fn new(
        store: Store,
        others: Others,
        ambient: Ambient,
        scope: Scope,
        options: Options,
        live: Arc<Live>,
        message: Message,
    ) -> Self {
        let saved_at = ambient.now();
        let metadata = ChatMetadata::default();
        Self { store, others, ambient, scope, options, live, message, saved_chars: 0, saved_at, metadata }
    }

    pub(super) fn mode(&self) -> Mode {
        self.message.mode
    }

    pub(super) fn is_empty(&self) -> bool {
        self.live.written.borrow().chars == 0
    }

    /// Appends to the text. At the bound it takes what fits, notes in the metadata that the rest is missing, and says so.
    pub(super) async fn write(&mut self, delta: &str) -> Result<(), Full> {
        // No database keeps U+0000 in a text, and one from a model would cost the whole answer.
        let delta: Cow<'_, str> =
            if delta.contains('\0') { delta.replace('\0', "").into() } else { delta.into() };
        if delta.is_empty() {
            return Ok(());
        }
        let before = self.live.written.borrow().chars;
        let room = self.options.max_answer.saturating_sub(before);
        let (fits, chars) = match delta.char_indices().nth(room) {
            Some((cut, _)) => (&delta[..cut], room),
            None => (&*delta, delta.chars().count()),
        };
        if !fits.is_empty() {
            self.live.written.send_modify(|written| {
                written.text.push_str(fits);
                written.chars += chars;
            });
        }
        if fits.len() < delta.len() {
            self.note(format!("The answer was cut at {} characters.", self.options.max_answer));
            return Err(Full);
        }
        self.save_at_intervals(before + chars).await;
        Ok(())
    }

    /// Appends a text that is known whole, word by word, as fast as it can be heard; at the bound what fits.
    pub(super) async fn say(&mut self, text: &str) {
        for word in text.split_inclusive(char::is_whitespace) {
            if self.write(word).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Adds to what is said of why the answer is plainer than it could be.
    pub(super) fn note(&mut self, why: impl Into<String>) {
        let why = why.into();
        match &mut self.metadata.fallback {
            Some(said) => {
                said.push(' ');
                said.push_str(&why);
            }
            none => *none = Some(why),
        }
    }

    /// Keeps most of the text through a crash, without a write to the database for each word.
    async fn save_at_intervals(&mut self, chars: usize) {
        let now = self.ambient.now();
        let due = chars - self.saved_chars >= self.options.save_chars
            || now.since(self.saved_at) >= self.options.save_millis;
        if !due {
            return;
        }
        (self.saved_chars, self.saved_at) = (chars, now);
        let (id, text) = (self.message.id, self.live.text());
        let saved = self.store.transact_in(&self.scope, move |t| {
            conversations::update(t, id, MessageState::Streaming, &text, None)
        });
        match saved.await {
            Ok(()) => self.others.changed(self.message.conversation_id),
            // The text is still in memory, and the next interval tries again.
            Err(error) => tracing::warn!(message = %id, %error, "an answer under way could not be saved"),
        }
    }

    /// Stores the answer as it is, and tells those who listen that it has ended. By then the floor is free, here and on
    /// other servers, so that whoever hears the end can go on at once.
    pub(super) async fn finish(self, state: MessageState, claim: Hold, floor: Floor) {
        let Self { store, others, scope, live, mut message, metadata, .. } = self;
        message.state = state;
        message.content = live.text();
        message.metadata = Some(metadata);
        let stored = message.clone();
        let saved = store.transact_in(&scope, move |t| {
            conversations::update(t, stored.id, stored.state, &stored.content, stored.metadata.as_ref())
        });
        if let Err(error) = saved.await {
            tracing::error!(message = %message.id, %error, "an answer could not be saved");
            message.state = MessageState::Failed;
            let why = "The answer could not be saved; a part of it may be missing when you come back.";
            message.metadata.get_or_insert_default().fallback = Some(why.to_owned());
        }
        claim.release().await;
        drop(floor);
        others.changed(message.conversation_id);
        live.written.send_modify(|written| written.end = Some(Arc::new(message)));
    }
}

#[cfg(test)]
mod tests {
    use kernel::{ManualClock, Role, SeededRandom};
    use store::{people, projects};
    use wire::orchestrator::Author;
    use wire::projects::ProjectType;

    use super::*;

    #[tokio::test]
    async fn an_answer_is_saved_when_it_has_grown_enough_or_long_after_it_was_saved_last() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp(1_800_000_000_000)));
        let ambient = Ambient::new(clock.clone(), Arc::new(SeededRandom::new(1)));
        let database = store::Options::sqlite(folder.path().join("atelier.db"));
        let store = Store::open(database, ambient.clone()).await.unwrap();
        let (scope, message) = store
            .transact(|tx| {
                let ada = people::create(tx, "ada@example.org", "Ada", None, false)?.id;
                let project = projects::create(tx, ada, "Tides", ProjectType::Movie)?.id;
                let scope = Scope::admit(tx, ada, project, Role::Owner)?;
                let mut t = store::Tenant::new(tx, scope);
                let message = Message {
                    id: t.id(),
                    conversation_id: conversations::create(&mut t)?.id,
                    author: Author::Assistant,
                    mode: Mode::Chat,
                    state: MessageState::Streaming,
                    content: String::new(),
                    metadata: None,
                    created_at: t.now(),
                };
                conversations::add(&mut t, &message)?;
                Ok((scope, message))
            })
            .await
            .unwrap();
        let (conversation, id) = (message.conversation_id, message.id);
        let saved = async || {
            let message = store.read_in(&scope, move |t| conversations::message(t, conversation, id));
            message.await.unwrap().content
        };
        let options = Options { save_chars: 4, save_millis: 1_000, ..Options::default() };
        let others = Others::new(backplane::Handle::alone(ambient.clone()));
        let mut pen = Pen::new(store.clone(), others, ambient, scope, options, Live::new(id), message);
        pen.write("äöü").await.unwrap();
        assert_eq!(saved().await, "", "three characters, no time");
        pen.write("ß").await.unwrap();
        assert_eq!(saved().await, "äöüß", "four characters");
        clock.advance(999);
        pen.write("\0x\0").await.unwrap();
        assert_eq!(saved().await, "äöüß", "not a second yet");
        clock.advance(1);
        pen.write("y").await.unwrap();
        assert_eq!(saved().await, "äöüßxy", "a second");
    }
}
