//! What is kept of a conversation with an agent, so that a later task may go on with it.

use std::io;
use std::sync::{Arc, OnceLock};

use agent_client_protocol::v1::schema::SessionId;
use kernel::StepId;

use crate::workshop::conversations::{Changes, Conversation, Spent};
use crate::workshop::engines::Job;
use crate::workshop::{Shared, on_disk};

/// The conversation of a task.
#[derive(Clone)]
pub(super) struct Memory {
    shared: Arc<Shared>,
    step: StepId,
    /// As it was before the task, if it goes on with one; where it is, in any case.
    before: Conversation,
    /// The session that it goes on with.
    session: Option<SessionId>,
    goes_on: bool,
    /// What was changed before.
    changes: Changes,
    /// As it was when its session began, without what is asked in it; nothing as long as there is none.
    begun: Arc<OnceLock<Conversation>>,
}

impl Memory {
    pub(super) fn of(job: &Job<'_>, agent: &str) -> Self {
        let before = job.earlier.map(|earlier| earlier.conversation.clone());
        let mut before = before.unwrap_or_else(|| Conversation::new(job.project, agent));
        let checkout = job.ground.checkout.as_ref();
        before.place = checkout.and_then(|one| Some(one.work.file_name()?.to_str()?.to_owned()));
        before.start = checkout.map(|one| one.start.clone());
        let changes = std::mem::take(&mut before.changes);
        Self {
            shared: Arc::clone(job.shared),
            step: job.task.step_id,
            session: before.session.take().map(SessionId::new),
            goes_on: job.earlier.is_some(),
            changes,
            begun: Arc::default(),
            before,
        }
    }

    /// Whether it goes on with another conversation.
    pub(super) fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// The session to go on with.
    pub(super) fn session(&self) -> Option<SessionId> {
        self.session.clone()
    }

    /// What that used before.
    pub(super) fn spent(&self) -> Spent {
        self.before.spent
    }

    /// What an agent is told first, if it goes on with something, by whether it knows what was said there.
    pub(super) fn told(&self, knows: bool) -> Option<String> {
        let before = Conversation { changes: self.changes, ..self.before.clone() };
        self.goes_on.then(|| before.told(knows)).flatten()
    }

    /// Keeps that there is a session now, so that it can be gone on with also if nothing is heard of this task any more.
    ///
    /// # Errors
    /// When the disk fails.
    pub(super) async fn begin(&self, session: &str, knows: bool, asked: &str) -> io::Result<()> {
        let mut conversation = Conversation { session: Some(session.to_owned()), ..self.before.clone() };
        if !knows {
            conversation.spent = Spent::default();
        }
        self.put(self.begun.get_or_init(|| conversation).clone(), asked, b"").await
    }

    /// Keeps what was said in the end, if a session had begun: else what was there before stays as it is.
    ///
    /// # Errors
    /// When the disk fails.
    pub(super) async fn end(&self, asked: &str, answered: &[u8], spent: Spent) -> io::Result<()> {
        let Some(begun) = self.begun.get() else { return Ok(()) };
        self.put(Conversation { spent, ..begun.clone() }, asked, answered).await
    }

    async fn put(&self, mut conversation: Conversation, asked: &str, answered: &[u8]) -> io::Result<()> {
        conversation.says(asked, answered);
        let (shared, step) = (Arc::clone(&self.shared), self.step);
        on_disk(move || shared.conversations.put(step, &conversation)).await
    }
}
