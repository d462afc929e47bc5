//! Who is in a project, who is invited, and what was done.

use std::fmt;

use kernel::{AuditId, InvitationId, PersonId, ProjectId, Role, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

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
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedInvitation {
    /// The project that the person is now in.
    pub project_id: ProjectId,
    /// Present when a new person was made, who is now signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_in: Option<crate::auth::SignedIn>,
}

/// Which rows of the audit log are wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditQuery {
    /// Only what concerns that.
    #[param(inline)]
    pub about: Option<AuditAbout>,
    /// Only what that person did.
    pub person: Option<PersonId>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `nextCursor` of the page before.
    #[param(max_length = 80)]
    pub cursor: Option<String>,
}

/// What rows of the audit log may concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuditAbout {
    /// Orders to the fleet and what people do about them, its policy, its runners and their keys, and commands.
    Fleet,
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

// The link lets its bearer in.
impl fmt::Debug for CreatedInvitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedInvitation").field("invitation", &self.invitation).finish_non_exhaustive()
    }
}
