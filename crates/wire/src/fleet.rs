//! The fleet: machines that do steps, and the keys by which they are known.

use std::fmt;

use kernel::{PersonId, RunnerId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Lets a machine join the fleet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateRunner {
    /// What people call the machine.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
}

/// A machine that may join the fleet, as it is listed: never its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Runner {
    pub id: RunnerId,
    pub name: String,
    /// The key's first characters, to recognise it by.
    pub hint: String,
    pub created_at: Timestamp,
    /// Until when the key before this one is good as well.
    pub former_key_until: Option<Timestamp>,
    /// When it was last heard of; told once a minute while it is there.
    pub seen_at: Option<Timestamp>,
    /// Whether it is there now.
    pub present: bool,
    /// The program's version, and the system that it runs on, as it says; empty before it has joined.
    pub version: String,
    pub platform: String,
    /// How many steps it does at a time.
    pub slots: u32,
}

/// A runner that serves a project, there or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ServingRunner {
    pub id: RunnerId,
    pub name: String,
    /// Whose it is.
    pub owner_id: PersonId,
    pub owner_name: String,
    /// When it was last heard of; told once a minute while it is there.
    pub seen_at: Option<Timestamp>,
    /// Whether it is there now.
    pub present: bool,
    pub version: String,
    pub platform: String,
    /// How many steps it does at a time.
    pub slots: u32,
}

/// A runner with its key, which is shown this once.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedRunner {
    /// What the machine joins with; it says which runner it is.
    pub key: String,
    /// What the list will show of it.
    #[serde(flatten)]
    pub about: Runner,
}

// What bears a secret prints without it.
impl fmt::Debug for CreatedRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedRunner").field("about", &self.about).finish_non_exhaustive()
    }
}
