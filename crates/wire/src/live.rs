//! What goes over the socket: closed enums, one variant a message.

use kernel::{EntityId, PersonId, ProjectId, ReviewId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
        /// `character`, `scene` …
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
            Self::Notification { .. } => "notification",
            Self::UserJoined { .. } => "user:joined",
            Self::UserLeft { .. } => "user:left",
            Self::Presence { .. } => "presence:state",
            Self::Resync { .. } => "resync",
            Self::Problem { .. } => "problem",
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
