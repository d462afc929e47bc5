//! What the orchestrator does besides answering, with an eye on other servers: it hears what they say of conversations, finds the
//! answers that a server's end broke off, and ends those that another server writes.

use std::time::Duration;

use kernel::{Code, ConversationId, Error, Result};
use store::{Scope, conversations};
use tokio::time::{Instant, MissedTickBehavior};
use wire::orchestrator::MessageState;

use super::live::Halt;
use super::others::{Others, Word};
use super::{Orchestrator, Shared, newest};

/// How often broken-off answers are looked for, and what other servers said unheard.
const LOOK: Duration = Duration::from_secs(5);
/// How long an answer that another server writes may take to end. A server that died is known to have by then.
const HALTED: Duration = Duration::from_secs(20);
impl Orchestrator {
    /// Marks the answers that the end of a server broke off, and gives their number: those that are stored as being
    /// written, and that nobody writes. To be done before the first request is taken; what cannot be known then, because
    /// Redis cannot be reached or a server died just now, is found by [`Self::keep`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recover(&self) -> Result<u64> {
        let Shared { store, rooms, others, .. } = &*self.shared;
        let mut broken_off = 0;
        for (conversation, message) in store.read(conversations::under_way).await? {
            if rooms.live(conversation).is_some() {
                continue;
            }
            let Some(claim) = others.claim_if_free(conversation).await else { continue };
            if store.transact(move |tx| conversations::break_off(tx, message)).await? {
                broken_off += 1;
                rooms.touch(conversation);
                others.changed(conversation);
            }
            claim.release().await;
        }
        Ok(broken_off)
    }

    /// Hears what other servers say of conversations, and looks after what none of them says any more, until it is dropped.
    pub async fn keep(self) {
        let Shared { rooms, others, .. } = &*self.shared;
        let mut words = others.hear();
        let mut clock = tokio::time::interval_at(Instant::now() + LOOK, LOOK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                word = words.next() => match word {
                    Word::Changed(conversation) => rooms.touch(conversation),
                    Word::Halt(conversation) => {
                        if let Some(live) = rooms.live(conversation) {
                            live.halt(Halt::Person);
                        }
                    }
                    Word::Missed => {
                        rooms.touch_all();
                        // Whoever writes has to claim it anew first.
                        clock.reset_after(Others::unsure());
                    }
                },
                _ = clock.tick() => {
                    if others.are_there() {
                        rooms.touch_all();
                    }
                    if let Err(error) = self.recover().await {
                        tracing::warn!(%error, "answers that were broken off could not be looked for");
                    }
                }
            }
        }
    }

    /// Ends the answer that another server writes, if one does.
    pub(super) async fn stop_elsewhere(&self, scope: &Scope, conversation: ConversationId) -> Result<()> {
        let Shared { store, rooms, others, .. } = &*self.shared;
        let mut seat = rooms.sit(conversation)?;
        let ended = async {
            let mut asked = false;
            loop {
                let gone = seat.now().gone;
                let newest = newest(store, scope, conversation).await?;
                if gone || newest.is_none_or(|newest| newest.state != MessageState::Streaming) {
                    return Ok(());
                }
                if !std::mem::replace(&mut asked, true) {
                    others.halt(conversation);
                }
                seat.changed().await;
            }
        };
        tokio::time::timeout(HALTED, ended).await.unwrap_or_else(|_| {
            Err(Error::new(
                Code::Unavailable,
                "The server that writes this answer cannot be reached. Nothing was stopped; try again in a moment.",
            ))
        })
    }
}
