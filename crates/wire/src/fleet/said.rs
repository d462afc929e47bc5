//! What people say to a coding agent on a runner while it works.

use kernel::{PersonId, RunId, StepId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most bytes of what is said at once.
pub const SAY_BYTES: usize = 32 * 1024;

/// When an agent is to turn to what it is told. All of it is said in the session that it has, so it knows what it did before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SayVerb)]
pub enum Verb {
    /// At the next boundary: when a tool call of the agent has ended and none other is in progress, its turn is broken off, and
    /// these words are its next prompt. If the turn ends before, they are so then.
    Steer,
    /// When its turn has ended by itself, behind all that was queued before.
    Queue,
    /// At once: its turn is broken off, whatever it does, what it asks people is answered as cancelled, and these words are its
    /// next prompt.
    Interrupt,
}

impl Verb {
    /// The name in the API and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Steer => "steer",
            Self::Queue => "queue",
            Self::Interrupt => "interrupt",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        [Self::Steer, Self::Queue, Self::Interrupt].into_iter().find(|verb| verb.as_str() == name)
    }
}

/// Says something to the agent that does a step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SayToAgent {
    /// When it is to turn to it.
    pub verb: Verb,
    /// What it is told: at most 32768 bytes.
    #[schema(min_length = 1, max_length = 32_768)]
    pub text: String,
}

/// Something that was said to an agent. It is said to the lease that the step had then; one that comes later does not hear it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Said {
    pub run_id: RunId,
    pub step_id: StepId,
    /// The lease's number.
    pub fence: i64,
    /// Which of those that were said to the lease, from 1 on.
    pub said_id: u32,
    pub verb: Verb,
    pub text: String,
    /// Who said it; absent if there is no such person any more.
    pub by: Option<PersonId>,
    pub by_name: String,
    pub at: Timestamp,
    /// When its runner had it. Without that it was not heard, and never is once the lease is over.
    pub heard_at: Option<Timestamp>,
}
