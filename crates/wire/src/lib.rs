//! Every HTTP body and live message. OpenAPI and the browser's types come from here; nothing here knows the database.

pub mod agents;
pub mod auth;
pub mod fleet;
pub mod imports;
pub mod live;
pub mod messages;
pub mod orchestrator;
pub mod people;
pub mod problem;
pub mod projects;
pub mod readiness;
pub mod records;
pub mod reviews;
pub mod runner;
pub mod runs;
pub mod schedules;
pub mod settings;
pub mod slack;
mod text;
pub mod tools;
pub mod usage;

pub use problem::Problem;
pub use text::{MAX_MESSAGE_CHARS, clean_message};

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A page of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The rows of this page.
    pub docs: Vec<T>,
    /// How many rows the whole list has.
    pub total_docs: i64,
    /// How many rows a page holds at most.
    pub limit: u32,
    /// This page's number, from 1.
    pub page: u32,
    /// Whether a next page has rows.
    pub has_next_page: bool,
    /// What to send as `cursor` to get the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Which page of a list is wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PageQuery {
    /// Rows on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `nextCursor` of the page before.
    #[param(max_length = 80)]
    pub cursor: Option<String>,
}
