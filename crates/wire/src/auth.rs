//! Set-up, sign-in, sessions and API keys.

use std::fmt;

use kernel::{KeyId, PersonId, SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether the server still waits for its first person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetupStatus {
    /// True until the first person has been made.
    pub required: bool,
}

/// Makes the first person, who administers the server.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetupRequest {
    /// The one-time token from the link on the console.
    #[schema(max_length = 100)]
    pub token: String,
    #[schema(max_length = 254)]
    #[allow(missing_docs)]
    pub email: String,
    /// At least 12 characters.
    #[schema(min_length = 12, max_length = 200)]
    pub password: String,
    /// How others see the person; the e-mail's first part if absent.
    #[schema(max_length = 100)]
    pub name: Option<String>,
}

/// Signs a person in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct LoginRequest {
    #[schema(max_length = 254)]
    pub email: String,
    #[schema(max_length = 200)]
    pub password: String,
}

/// A person as they see themselves.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct User {
    pub id: PersonId,
    pub email: String,
    pub name: String,
    /// Whether they administer the server: models, sign-in, backups.
    pub admin: bool,
}

/// What a sign-in gives. The refresh token is a cookie that scripts cannot read.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// A JWT for `Authorization: Bearer` and the socket's handshake.
    pub access_token: String,
    /// When the access token ends; refresh before.
    pub expires_at: Timestamp,
    #[allow(missing_docs)]
    pub user: User,
}

/// Changes of one's own account. What is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateMe {
    /// How others see the person.
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// The new password; all other sessions end.
    #[schema(min_length = 12, max_length = 200)]
    pub new_password: Option<String>,
    /// Needed with `newPassword`.
    #[schema(max_length = 200)]
    pub current_password: Option<String>,
}

/// A signed-in device.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Session {
    pub id: SessionId,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// The browser, as it names itself, cut to 200 characters.
    pub device: String,
    /// Whether this is the session that asks.
    pub current: bool,
}

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyScope {
    /// Reading only, whatever its owner's role.
    Read,
    /// All that its owner may do, except keys, passwords and administration.
    Write,
}

/// Makes an API key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateKey {
    /// What the key is for.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// `write` if absent.
    pub scope: Option<KeyScope>,
    /// Days until it ends, 1 to 365; 90 if absent.
    #[schema(minimum = 1, maximum = 365)]
    pub expires_in_days: Option<u32>,
}

/// An API key as it is listed: never the key itself.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Key {
    pub id: KeyId,
    pub name: String,
    pub scope: KeyScope,
    /// The key's first characters, to recognise it by.
    pub hint: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// A new key, shown this once.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedKey {
    /// The key for `Authorization: Bearer`.
    pub key: String,
    /// What the list will show of it.
    #[serde(flatten)]
    pub about: Key,
}

/// Another way to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignInProvider {
    /// As addresses name it: `/auth/oidc/{id}/start`.
    pub id: String,
    /// As people know it.
    pub label: String,
}

// What bears a secret prints without it.
impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn").field("user", &self.user).finish_non_exhaustive()
    }
}

impl fmt::Debug for CreatedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedKey").field("about", &self.about).finish_non_exhaustive()
    }
}
