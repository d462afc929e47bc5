//! Who may tell the fleet what in a project, and how much it may take.

use kernel::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who may tell the fleet what in a project, and how much it may take. What is absent is not bounded; a day is one of universal
/// time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FleetPolicy {
    /// The least role that may have runners run commands, or call tools: editor or owner.
    pub commands: Role,
    /// The least role that may have coding agents on runners do something: editor or owner.
    pub agents: Role,
    /// The least role whose orders may push what they changed: editor or owner.
    pub push: Role,
    /// How long all tasks of a day may run together, in minutes.
    #[schema(minimum = 0, maximum = 1_440)]
    pub day_minutes: Option<u64>,
    /// Tokens of coding agents in a day, as they say.
    #[schema(minimum = 0, maximum = 1_000_000_000_000i64)]
    pub day_tokens: Option<u64>,
    /// What coding agents may cost in a day, as they say, in millionths of a US dollar.
    #[schema(minimum = 0, maximum = 1_000_000_000_000i64)]
    pub day_cost_micros: Option<u64>,
    /// How long a task may run, in minutes.
    #[schema(minimum = 1, maximum = 1_440)]
    pub task_minutes: Option<u32>,
    /// Tokens of one task.
    #[schema(minimum = 1, maximum = 1_000_000_000_000i64)]
    pub task_tokens: Option<u64>,
    /// What one task may cost, in millionths of a US dollar.
    #[schema(minimum = 1, maximum = 1_000_000_000_000i64)]
    pub task_cost_micros: Option<u64>,
}

impl Default for FleetPolicy {
    fn default() -> Self {
        Self {
            commands: Role::Editor,
            agents: Role::Editor,
            push: Role::Editor,
            day_minutes: None,
            day_tokens: None,
            day_cost_micros: None,
            task_minutes: None,
            task_tokens: None,
            task_cost_micros: None,
        }
    }
}
