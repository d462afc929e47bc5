//! How an error is told.

use kernel::{Code, RequestId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of every answer that is not a success.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// What happened, what was kept and what to do, in a sentence.
    pub error: String,
    /// Tells this problem apart; each code has a page in the documentation.
    pub code: Code,
    /// What a program can use: the field, the line, both versions of a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub details: Option<serde_json::Value>,
    /// Finds the request in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
}
