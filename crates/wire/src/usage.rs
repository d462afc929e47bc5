//! What language models took in a project, and what they may take.

use kernel::StepId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What a project's agents may spend on language models. A paid call needs a budget of money that an owner has set; without
/// one agents work by rules. Tokens that are not bounded here are bounded by the defaults.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Budgets {
    /// Tokens of one run; 400,000 if absent.
    #[schema(minimum = 0, maximum = 1000000000000i64)]
    pub run_tokens: Option<i64>,
    /// Tokens of a day of universal time; 2,000,000 if absent.
    #[schema(minimum = 0, maximum = 1000000000000i64)]
    pub day_tokens: Option<i64>,
    /// Tokens in all; unbounded if absent.
    #[schema(minimum = 0, maximum = 1000000000000i64)]
    pub project_tokens: Option<i64>,
    /// Money of one run, in millionths of a US dollar.
    #[schema(minimum = 0, maximum = 1000000000000i64)]
    pub run_micro_usd: Option<i64>,
    /// Money of a day of universal time.
    #[schema(minimum = 0, maximum = 1000000000000i64)]
    pub day_micro_usd: Option<i64>,
    /// Money in all.
    #[schema(minimum = 0, maximum = 1000000000000i64)]
    pub project_micro_usd: Option<i64>,
    /// Whether models may be asked whose price nobody here knows, such as one behind an address of your own; only tokens bound
    /// those.
    pub unpriced: bool,
}

/// How usage is put together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum UsageBy {
    #[default]
    Day,
    Agent,
    /// Who ordered the run.
    Person,
    Model,
}

/// Which usage is wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UsageQuery {
    /// How it is put together; by days if absent.
    #[param(inline)]
    pub by: Option<UsageBy>,
    /// Of so many days of universal time, today included.
    #[param(minimum = 1, maximum = 366, default = 30)]
    pub days: Option<u32>,
}

/// What calls of models took together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct UsageSum {
    pub calls: i64,
    pub input_tokens: i64,
    pub output_tokens: i64,
    /// Millionths of a US dollar, of the calls whose price is known.
    pub cost_micro_usd: i64,
    /// Calls whose price nobody here knows.
    pub unpriced_calls: i64,
}

/// The usage of a day, an agent, a person or a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageRow {
    /// `2026-11-21`, `audio/cues`, a person's id (empty if nobody ordered it), or a model's name.
    pub key: String,
    /// The person's name.
    pub label: Option<String>,
    #[allow(missing_docs)]
    #[serde(flatten)]
    pub sum: UsageSum,
}

/// What language models took in a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageReport {
    /// The newest days, else the greatest users, first; at most 1,000.
    pub rows: Vec<UsageRow>,
    /// Where prices are from, and of what day.
    pub prices: String,
}

/// What a step of a run has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct StepUsage {
    pub step_id: StepId,
    #[serde(flatten)]
    pub sum: UsageSum,
}
