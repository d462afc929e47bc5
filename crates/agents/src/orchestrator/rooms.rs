//! Who speaks and who listens in which conversation: one answer at a time in each, and a bound on both in all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::{Code, ConversationId, Error, MessageId, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::live::{Halt, Live};

/// What goes on in a conversation.
#[derive(Debug, Clone, Default)]
pub(super) struct Now {
    /// Whether an answer is being made, from before it is stored until after it has ended.
    pub(super) taken: bool,
    /// The answer that is being written.
    pub(super) live: Option<Arc<Live>>,
    /// The newest answer that has begun since the room is there.
    pub(super) newest: Option<MessageId>,
    /// How often something may have been stored that this server did not write.
    pub(super) touched: u64,
    /// Whether nothing more will be said: the conversation was removed, or the server stops.
    pub(super) gone: bool,
}

/// The conversations in which someone speaks or listens. Others have no room, and cost nothing.
pub(super) struct Rooms {
    inner: Mutex<Inner>,
    max_live: u32,
    answers: Arc<Semaphore>,
    seats: Arc<Semaphore>,
}

struct Inner {
    open: bool,
    rooms: HashMap<ConversationId, watch::Sender<Now>>,
}

impl Rooms {
    /// Rooms for so many answers and so many listeners at once.
    pub(super) fn new(max_live: usize, max_listeners: usize) -> Arc<Self> {
        let max_live = u32::try_from(max_live.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        Arc::new(Self {
            inner: Mutex::new(Inner { open: true, rooms: HashMap::new() }),
            max_live,
            answers: Arc::new(Semaphore::new(max_live as usize)),
            seats: Arc::new(Semaphore::new(max_listeners.clamp(1, Semaphore::MAX_PERMITS))),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // What is under the lock is whole between any two statements.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to answer in a conversation, until it is dropped.
    ///
    /// # Errors
    /// `CONFLICT` when an answer is under way there; `UNAVAILABLE` when there are as many answers as there may be, or
    /// the server stops.
    pub(super) fn take(self: &Arc<Self>, conversation: ConversationId) -> Result<Floor> {
        let permit = Arc::clone(&self.answers).try_acquire_owned().map_err(|_| {
            Error::new(
                Code::Unavailable,
                "The server is writing as many answers as it can. Nothing was saved; try again in a moment.",
            )
        })?;
        let mut inner = self.lock();
        if !inner.open {
            return Err(stopping());
        }
        let room = inner.rooms.entry(conversation).or_default();
        if room.borrow().taken {
            return Err(Error::new(
                Code::Conflict,
                "An answer is still being written in this conversation. Wait for its end, or stop it.",
            ));
        }
        room.send_modify(|now| now.taken = true);
        Ok(Floor { rooms: Arc::clone(self), conversation, _permit: permit })
    }

    /// A seat in a conversation's room.
    ///
    /// # Errors
    /// `UNAVAILABLE` when there are as many listeners as there may be, or the server stops.
    pub(super) fn sit(self: &Arc<Self>, conversation: ConversationId) -> Result<Seat> {
        let permit = Arc::clone(&self.seats).try_acquire_owned().map_err(|_| {
            Error::new(
                Code::Unavailable,
                "As many people listen as the server can serve. Try again in a moment.",
            )
        })?;
        let mut inner = self.lock();
        if !inner.open {
            return Err(stopping());
        }
        let now = inner.rooms.entry(conversation).or_default().subscribe();
        Ok(Seat { rooms: Arc::clone(self), conversation, now: Some(now), _permit: permit })
    }

    /// The answer that is being written in a conversation.
    pub(super) fn live(&self, conversation: ConversationId) -> Option<Arc<Live>> {
        self.lock().rooms.get(&conversation)?.borrow().live.clone()
    }

    /// Tells those who listen to a conversation that what is stored of it may have changed.
    pub(super) fn touch(&self, conversation: ConversationId) {
        if let Some(room) = self.lock().rooms.get(&conversation) {
            room.send_modify(|now| now.touched += 1);
        }
    }

    /// The same for all conversations.
    pub(super) fn touch_all(&self) {
        for room in self.lock().rooms.values() {
            room.send_modify(|now| now.touched += 1);
        }
    }

    /// Tells those who listen that the conversation is gone.
    pub(super) fn dismiss(&self, conversation: ConversationId) {
        if let Some(room) = self.lock().rooms.remove(&conversation) {
            room.send_modify(|now| now.gone = true);
        }
    }

    /// Ends all answers, sends all listeners home, and waits until every answer is stored.
    pub(super) async fn close(&self) {
        {
            let mut inner = self.lock();
            inner.open = false;
            for room in inner.rooms.values() {
                room.send_modify(|now| {
                    now.gone = true;
                    if let Some(live) = &now.live {
                        live.halt(Halt::Server);
                    }
                });
            }
        }
        // Every floor holds a permit until its answer is stored. The semaphore is never closed, so this cannot fail.
        let _ = self.answers.acquire_many(self.max_live).await;
    }

    fn leave(&self, conversation: ConversationId) {
        let mut inner = self.lock();
        let empty = inner
            .rooms
            .get(&conversation)
            .is_some_and(|room| room.receiver_count() == 0 && !room.borrow().taken);
        if empty {
            inner.rooms.remove(&conversation);
        }
    }
}

fn stopping() -> Error {
    Error::new(Code::Unavailable, "The server is stopping. Nothing was saved; try again when it is back.")
}

/// The right to answer in a conversation. Dropped, it leaves the conversation to the next.
pub(super) struct Floor {
    rooms: Arc<Rooms>,
    conversation: ConversationId,
    _permit: OwnedSemaphorePermit,
}

impl Floor {
    /// Tells those who listen of an answer that has been stored as begun.
    pub(super) fn announce(&self, live: &Arc<Live>) {
        let inner = self.rooms.lock();
        match inner.rooms.get(&self.conversation) {
            Some(room) => room.send_modify(|now| {
                now.live = Some(Arc::clone(live));
                now.newest = Some(live.id);
                if now.gone {
                    live.halt(Halt::Server);
                }
            }),
            // It was removed in the meantime.
            None => live.halt(Halt::Person),
        }
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        if let Some(room) = self.rooms.lock().rooms.get(&self.conversation) {
            room.send_modify(|now| {
                now.taken = false;
                now.live = None;
            });
        }
        self.rooms.leave(self.conversation);
    }
}

/// A listener's place in a conversation's room.
pub(super) struct Seat {
    rooms: Arc<Rooms>,
    conversation: ConversationId,
    /// Absent only while it is dropped.
    now: Option<watch::Receiver<Now>>,
    _permit: OwnedSemaphorePermit,
}

impl Seat {
    /// What goes on. Changes from here on end the wait of [`Self::changed`].
    pub(super) fn now(&mut self) -> Now {
        self.now
            .as_mut()
            .map_or_else(|| Now { gone: true, ..Now::default() }, |now| now.borrow_and_update().clone())
    }

    /// Waits until something else goes on.
    pub(super) async fn changed(&mut self) {
        if let Some(now) = &mut self.now {
            // An error means that the room was dismissed, which its last value says too.
            let _ = now.changed().await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // The room counts its receivers.
        self.now = None;
        self.rooms.leave(self.conversation);
    }
}
