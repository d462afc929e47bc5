//! The event envelope: a fact with a sequence number, written in the same transaction as the row that it tells of.

use serde::{Deserialize, Serialize};

use crate::{PersonId, ProjectId, Timestamp};

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// A record was created, changed, removed or restored.
    #[serde(rename = "entity:updated")]
    EntityUpdated,
    /// A member joined, left or got another role.
    #[serde(rename = "member:updated")]
    MemberUpdated,
    /// The project itself was changed.
    #[serde(rename = "project:updated")]
    ProjectUpdated,
    /// A proposal was made or decided.
    #[serde(rename = "review:updated")]
    ReviewUpdated,
    /// A run was made, started, paused or ended.
    #[serde(rename = "run:updated")]
    RunUpdated,
    /// A step of a run changed its state.
    #[serde(rename = "step:updated")]
    StepUpdated,
    /// An agent has called a tool.
    #[serde(rename = "agent:tool_call")]
    AgentToolCall,
    /// Something that a person should be told.
    #[serde(rename = "notification")]
    Notification,
}

impl EventKind {
    const ALL: [Self; 8] = [
        Self::EntityUpdated,
        Self::MemberUpdated,
        Self::ProjectUpdated,
        Self::ReviewUpdated,
        Self::RunUpdated,
        Self::StepUpdated,
        Self::AgentToolCall,
        Self::Notification,
    ];

    /// The event's name on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EntityUpdated => "entity:updated",
            Self::MemberUpdated => "member:updated",
            Self::ProjectUpdated => "project:updated",
            Self::ReviewUpdated => "review:updated",
            Self::RunUpdated => "run:updated",
            Self::StepUpdated => "step:updated",
            Self::AgentToolCall => "agent:tool_call",
            Self::Notification => "notification",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One event of a project's stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Whose stream it is on.
    pub project: ProjectId,
    /// Its place on the stream: 1, 2, 3 … without a gap.
    pub seq: i64,
    /// What happened.
    pub kind: EventKind,
    /// Who did it; nobody if the server did.
    pub actor: Option<PersonId>,
    /// When it was written.
    pub at: Timestamp,
    /// What it tells, as the wire's type for its kind has it.
    pub payload: serde_json::Value,
}
