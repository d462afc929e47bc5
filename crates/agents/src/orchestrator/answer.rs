//! Makes one answer from beginning to end: by its mode, until it is whole, stopped, or broken off.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use backplane::lease::Hold;
use futures_util::FutureExt;
use kernel::{Code, ConversationId, Error, Result};
use store::Scope;
use wire::orchestrator::{ChatHints, MessageState, Mode};

use super::live::{Halt, Live, Pen};
use super::rooms::Floor;
use super::{Shared, data, query, talk};
use crate::catalogue::Catalogue;

/// An answer that is to be made.
pub(super) struct Job {
    pub(super) shared: Arc<Shared>,
    pub(super) scope: Scope,
    pub(super) catalogue: &'static Catalogue,
    pub(super) conversation: ConversationId,
    /// What the person said.
    pub(super) content: String,
    pub(super) hints: ChatHints,
}

impl Job {
    /// Makes the answer. Whatever happens on the way, it ends, and what was written is stored.
    pub(super) async fn run(self, floor: Floor, mut claim: Hold, live: Arc<Live>, mut pen: Pen) {
        let state = tokio::select! {
            biased;
            halt = live.halted() => Err(halt),
            done = AssertUnwindSafe(self.write(&mut pen)).catch_unwind() => Ok(done),
            // It has no end.
            () = claim.keep() => Err(Halt::Server),
        };
        let state = match state {
            Ok(Ok(Ok(()))) => MessageState::Complete,
            Ok(Ok(Err(error))) => {
                tracing::warn!(%error, cause = std::error::Error::source(&error), "an answer broke off");
                could_not(&mut pen, error.message())
            }
            Ok(Err(_)) => could_not(
                &mut pen,
                "Something went wrong on the server while this answer was being written. What was written is kept; ask \
                 again.",
            ),
            Err(Halt::Person) => {
                pen.note("The answer was stopped. What was written is kept.");
                MessageState::Stopped
            }
            Err(Halt::Server) => {
                pen.note("The server stopped while this answer was being written. What was written is kept; ask again.");
                MessageState::Failed
            }
        };
        pen.finish(state, claim, floor).await;
    }

    async fn write(&self, pen: &mut Pen) -> Result<()> {
        match pen.mode() {
            Mode::Query => query::answer(self, pen).await,
            Mode::Chat => talk::answer(self, pen).await,
            Mode::Data => data::answer(self, pen).await,
            Mode::Task => Err(Error::new(Code::OrchestrationError, "This server does no tasks yet.")),
        }
    }
}

/// Notes that the agent who answers could not, and why.
fn could_not(pen: &mut Pen, why: &str) -> MessageState {
    pen.metadata.error = Some(Code::AgentError);
    pen.note(why);
    MessageState::Failed
}
