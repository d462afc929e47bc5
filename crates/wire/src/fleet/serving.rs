//! The runners that serve a project: what they can do, how much they have to do, and how they do.

use kernel::{PersonId, RunnerId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
    /// Whether it runs commands that the server names, as it said when it joined last.
    pub commands: bool,
    /// The coding agents that it can start, as it said then.
    pub agents: Vec<String>,
    /// The servers of tools that it can start, as it said then.
    pub tools: Vec<String>,
    /// How many steps it has now, of all projects that it serves.
    pub busy: u32,
    /// Whether it is given work.
    pub breaker: RunnerBreaker,
    /// What it did in this project today and in the six days of universal time before: tasks that ended well.
    pub done: i64,
    /// Tasks that ended badly: a program or an agent failed, or the runner did.
    pub failed: i64,
    /// How long a task took, in milliseconds of the runner's clock; nothing if it did none.
    pub mean_ms: Option<i64>,
}

/// What keeps work from a runner on which much failed lately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunnerBreaker {
    /// Whether it does.
    pub state: BreakerState,
    /// When it is tried again, if it rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Whether a runner is given work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum BreakerState {
    /// It is.
    #[default]
    Closed,
    /// It rests.
    Open,
    /// It is given a few tasks, to see.
    HalfOpen,
}
