//! What the fleet took in a project.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How the fleet's usage is put together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum FleetUsageBy {
    #[default]
    Day,
    /// Who ordered it.
    Person,
    Runner,
    Agent,
}

/// Which usage of the fleet is wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FleetUsageQuery {
    /// How it is put together; by days if absent.
    #[param(inline)]
    pub by: Option<FleetUsageBy>,
    /// Of so many days of universal time, today included.
    #[param(minimum = 1, maximum = 366, default = 30)]
    pub days: Option<u32>,
}

/// What the fleet took on a day, for a person, on a runner or by an agent: of tasks that have ended, as runners and agents say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct FleetUsageRow {
    /// `2026-11-21`, a person's id (empty if nobody ordered it), a runner's id, or an agent's name (empty for commands).
    pub key: String,
    /// What the person or the runner is called.
    pub label: Option<String>,
    pub tasks: i64,
    /// Those among them that ended badly.
    pub failed: i64,
    /// How long they ran together, in milliseconds.
    pub ran_ms: i64,
    pub input_tokens: i64,
    pub output_tokens: i64,
    /// In millionths of a US dollar.
    pub cost_micros: i64,
}
