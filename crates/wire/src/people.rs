//! Who is in a project, who is invited, and what was done.

use kernel::{AuditId, InvitationId, PersonId, ProjectId, Role, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person in a project.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Member {
    pub id: PersonId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub joined_at: Timestamp,
}

/// Gives a member another role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct UpdateMember {
    pub role: Role,
}

/// Invites a person to a project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct CreateInvitation {
    #[schema(max_length = 254)]
    pub email: String,
    pub role: Role,
}

/// An invitation that is open.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Invitation {
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A new invitation; the link is shown this once.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedInvitation {
    /// What to send to the person. Its token stands behind `#`, where servers and their logs do not see it.
    pub link: String,
    #[serde(flatten)]
    #[allow(missing_docs)]
    pub invitation: Invitation,
}

/// Accepts an invitation. A new person also says who they are; someone with an account signs in first.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptInvitation {
    /// The token of the link.
    #[schema(max_length = 100)]
    pub token: String,
    /// How others see the new person.
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// The new person's password.
    #[schema(min_length = 12, max_length = 200)]
    pub password: Option<String>,
}

/// What an invitation led to.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedInvitation {
    /// The project that the person is now in.
    pub project_id: ProjectId,
    /// Present when a new person was made, who is now signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_in: Option<crate::auth::SignedIn>,
}

/// A row of the audit log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct AuditEntry {
    pub id: AuditId,
    pub at: Timestamp,
    pub person_id: Option<PersonId>,
    pub person_name: Option<String>,
    /// What was done: `member.invited`, `record.removed` …
    pub action: String,
    /// To what: an id.
    pub target: String,
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
}
