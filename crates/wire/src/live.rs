//! What goes over the socket: closed enums, one variant a message.

use kernel::{EntityId, PersonId, ProjectId, ReviewId, Role, RunId, StepId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::runs::{self, Reason, StepState};

/// What a client sends when it connects.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    /// An access token or an API key.
    pub token: String,
    /// The project to be live in.
    pub project_id: ProjectId,
    /// The last `seq` that the client saw: it gets what it missed, in order, once.
    pub last_seq: Option<i64>,
}

/// What a client says.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum ToServer {
    /// Volatile: where the person is, so that others see it.
    #[serde(rename = "presence:update")]
    Presence(PresenceState),
    /// Follows a run: its agents' and departments' events come, too.
    #[serde(rename = "subscribe:execution")]
    Follow(Follow),
    /// Follows a run no longer.
    #[serde(rename = "unsubscribe:execution")]
    Unfollow(Unfollow),
}

/// Which run to follow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Follow {
    #[allow(missing_docs)]
    pub execution_id: RunId,
    /// Of these departments only; of all if absent or empty.
    #[serde(default)]
    pub departments: Vec<String>,
}

/// Which run to follow no longer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Unfollow {
    pub execution_id: RunId,
}

/// Where a person is in the project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PresenceState {
    /// The screen: a path within the project, at most 200 characters.
    pub view: Option<String>,
    /// The record that is open.
    pub record: Option<EntityId>,
}

/// A person who is in the project now. Several tabs of a person are one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Present {
    pub user_id: PersonId,
    pub user_name: String,
    /// Of the interface's palette: 0 to 7.
    pub color: u8,
    pub state: PresenceState,
}

/// What the server says. The socket event's name is the `type`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum ToClient {
    /// Reliable: a record was created, changed, removed or restored.
    #[serde(rename = "entity:updated", rename_all = "camelCase")]
    #[allow(missing_docs)]
    EntityUpdated {
        seq: i64,
        /// `character`, `scene` …; `agent` for what a project says of who works in it.
        entity_type: String,
        entity_id: EntityId,
        /// What changed: `action`, `name`, `version` and the changed fields' names.
        #[schema(value_type = Object)]
        changes: serde_json::Value,
        user_id: Option<PersonId>,
        timestamp: Timestamp,
    },
    /// Reliable: someone joined, left or got another role.
    #[serde(rename = "member:updated", rename_all = "camelCase")]
    #[allow(missing_docs)]
    MemberUpdated {
        seq: i64,
        user_id: PersonId,
        /// Whether they are no member any more.
        #[serde(default)]
        removed: bool,
        timestamp: Timestamp,
    },
    /// Reliable: the project itself was changed.
    #[serde(rename = "project:updated", rename_all = "camelCase")]
    #[allow(missing_docs)]
    ProjectUpdated { seq: i64, user_id: Option<PersonId>, timestamp: Timestamp },
    /// Reliable: a proposal was made or decided.
    #[serde(rename = "review:updated", rename_all = "camelCase")]
    #[allow(missing_docs)]
    ReviewUpdated {
        seq: i64,
        review_id: ReviewId,
        state: String,
        user_id: Option<PersonId>,
        timestamp: Timestamp,
    },
    /// Reliable: a run was made, paused or resumed.
    #[serde(rename = "run:updated", rename_all = "camelCase")]
    #[allow(missing_docs)]
    RunUpdated {
        seq: i64,
        #[serde(flatten)]
        run: RunStanding,
        user_id: Option<PersonId>,
        timestamp: Timestamp,
    },
    /// Reliable: a step of a run has another state; how its run stands since then is told with it.
    #[serde(rename = "step:updated", rename_all = "camelCase")]
    #[allow(missing_docs)]
    StepUpdated {
        seq: i64,
        run_id: RunId,
        step_id: StepId,
        name: String,
        state: StepState,
        reason: Option<Reason>,
        attempt: i64,
        run: RunStanding,
        timestamp: Timestamp,
    },
    /// To those who follow a run: an agent has begun.
    #[serde(rename = "agent:started", rename_all = "camelCase")]
    #[allow(missing_docs)]
    AgentStarted { execution_id: RunId, agent_id: String, department: String, timestamp: Timestamp },
    /// To those who follow a run: how far it is, as an agent begins or ends.
    #[serde(rename = "agent:progress", rename_all = "camelCase")]
    #[allow(missing_docs)]
    AgentProgress { execution_id: RunId, agent_id: String, step: AgentStep, timestamp: Timestamp },
    /// To those who follow a run: an agent has called a tool.
    #[serde(rename = "agent:tool_call", rename_all = "camelCase")]
    #[allow(missing_docs)]
    AgentToolCall {
        execution_id: RunId,
        agent_id: String,
        tool: String,
        /// What it was called with.
        #[schema(value_type = Object)]
        input: serde_json::Value,
        timestamp: Timestamp,
    },
    /// To those who follow a run: an agent is done.
    #[serde(rename = "agent:complete", rename_all = "camelCase")]
    #[allow(missing_docs)]
    AgentComplete {
        execution_id: RunId,
        agent_id: String,
        department: String,
        #[schema(value_type = Object)]
        result: serde_json::Value,
        /// 0 to 1.
        quality_score: f64,
        timestamp: Timestamp,
    },
    /// To those who follow a run: an agent has failed.
    #[serde(rename = "agent:error", rename_all = "camelCase")]
    #[allow(missing_docs)]
    AgentError {
        execution_id: RunId,
        agent_id: String,
        error: String,
        /// Whether it will be tried again.
        recoverable: bool,
        timestamp: Timestamp,
    },
    /// To those who follow a run: how far it is.
    #[serde(rename = "task:update", rename_all = "camelCase")]
    #[allow(missing_docs)]
    TaskUpdate {
        task_id: RunId,
        status: TaskStatus,
        /// 0 to 100.
        progress: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        current_department: Option<String>,
        timestamp: Timestamp,
    },
    /// To those who follow a run: a department has put together what its agents did.
    #[serde(rename = "department:complete", rename_all = "camelCase")]
    #[allow(missing_docs)]
    DepartmentComplete {
        task_id: RunId,
        department: String,
        #[schema(value_type = Vec<Object>)]
        outputs: Vec<serde_json::Value>,
        /// 0 to 1.
        quality_score: f64,
        timestamp: Timestamp,
    },
    /// Volatile, to those who follow a run: what a step of it writes on a runner has grown. A few times a second at most.
    #[serde(rename = "stream:grown", rename_all = "camelCase")]
    #[allow(missing_docs)]
    StreamGrown { execution_id: RunId, step_id: StepId, fence: i64 },
    /// Reliable: something that people should be told.
    #[serde(rename = "notification", rename_all = "camelCase")]
    #[allow(missing_docs)]
    Notification {
        seq: i64,
        level: Level,
        title: String,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        action: Option<NotificationAction>,
        /// Whom it concerns: members with at least this role; everyone if absent.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        least: Option<Role>,
        user_id: Option<PersonId>,
        timestamp: Timestamp,
    },
    /// Volatile: a person came.
    #[serde(rename = "user:joined", rename_all = "camelCase")]
    #[allow(missing_docs)]
    UserJoined { user_id: PersonId, user_name: String, project_id: ProjectId },
    /// Volatile: a person's last tab closed.
    #[serde(rename = "user:left", rename_all = "camelCase")]
    #[allow(missing_docs)]
    UserLeft { user_id: PersonId, project_id: ProjectId },
    /// Volatile: everyone who is there; sent on connection and on change.
    #[serde(rename = "presence:state", rename_all = "camelCase")]
    #[allow(missing_docs)]
    Presence { present: Vec<Present> },
    /// What was missed is more than is kept for catching up: read everything anew.
    #[serde(rename = "resync", rename_all = "camelCase")]
    #[allow(missing_docs)]
    Resync { seq: i64 },
    /// The client's message could not be read; nothing else changed.
    #[serde(rename = "problem", rename_all = "camelCase")]
    #[allow(missing_docs)]
    Problem { error: String, code: kernel::Code },
}

impl ToClient {
    /// The socket event's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::EntityUpdated { .. } => "entity:updated",
            Self::MemberUpdated { .. } => "member:updated",
            Self::ProjectUpdated { .. } => "project:updated",
            Self::ReviewUpdated { .. } => "review:updated",
            Self::RunUpdated { .. } => "run:updated",
            Self::StepUpdated { .. } => "step:updated",
            Self::AgentStarted { .. } => "agent:started",
            Self::AgentProgress { .. } => "agent:progress",
            Self::AgentToolCall { .. } => "agent:tool_call",
            Self::AgentComplete { .. } => "agent:complete",
            Self::AgentError { .. } => "agent:error",
            Self::TaskUpdate { .. } => "task:update",
            Self::DepartmentComplete { .. } => "department:complete",
            Self::StreamGrown { .. } => "stream:grown",
            Self::Notification { .. } => "notification",
            Self::UserJoined { .. } => "user:joined",
            Self::UserLeft { .. } => "user:left",
            Self::Presence { .. } => "presence:state",
            Self::Resync { .. } => "resync",
            Self::Problem { .. } => "problem",
        }
    }
}

/// How a run stands, as events tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct RunStanding {
    pub run_id: RunId,
    pub kind: String,
    pub title: String,
    pub state: runs::RunState,
    /// Why it is paused, if it is.
    pub paused: Option<String>,
    /// Steps in all, and how many of them have ended how.
    pub total: i64,
    pub complete: i64,
    pub failed: i64,
    pub cancelled: i64,
}

/// Where a run is when one of its agents begins or ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentStep {
    /// How many steps have ended, this one included.
    pub number: i64,
    /// Steps in all.
    pub total: i64,
    /// The step's name.
    pub description: String,
    #[allow(missing_docs)]
    pub status: AgentStatus,
}

/// Where an agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum AgentStatus {
    Pending,
    Running,
    Complete,
}

/// Where a task is. One that was cancelled counts as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum TaskStatus {
    Queued,
    Running,
    Complete,
    Failed,
}

impl From<runs::RunState> for TaskStatus {
    fn from(state: runs::RunState) -> Self {
        match state {
            runs::RunState::Queued => Self::Queued,
            runs::RunState::Running => Self::Running,
            runs::RunState::Complete => Self::Complete,
            runs::RunState::Failed | runs::RunState::Cancelled => Self::Failed,
        }
    }
}

/// How grave a notification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Level {
    Info,
    Warning,
    Error,
    Success,
}

/// What a notification offers to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationAction {
    #[allow(missing_docs)]
    pub label: String,
    /// A path within this server.
    pub url: String,
}
