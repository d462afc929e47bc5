//! Documents on their way in: uploads in chunks, imports with preview and decision.

use kernel::{ChangeId, PersonId, ReviewId, Timestamp, UploadId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::records::Metadata;

/// Begins an upload in chunks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateUpload {
    /// The file's name, which helps to tell its format.
    #[schema(min_length = 1, max_length = 200)]
    pub filename: String,
    /// The whole file's size in bytes.
    #[schema(minimum = 1, maximum = 67108864)]
    pub size: i64,
    /// The whole file's SHA-256 in hex; checked when the last chunk has come.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub sha256: Option<String>,
}

/// How far an upload is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Upload {
    pub id: UploadId,
    pub filename: String,
    pub size: i64,
    /// Bytes in every chunk but the last.
    pub chunk_size: i64,
    pub total_chunks: i64,
    /// Indexes, from 0, of the chunks that are still missing; at most the first 1,000.
    pub missing: Vec<i64>,
    /// Whether all is there and the checksum, if one was given, is right.
    pub complete: bool,
}

/// Imports a document that is sent as text, or that was uploaded in chunks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateImport {
    /// The file's name, which helps to tell its format.
    #[schema(min_length = 1, max_length = 200)]
    pub filename: String,
    /// The document as text.
    #[schema(max_length = 16777216)]
    pub content: Option<String>,
    /// The upload that holds the document.
    pub upload_id: Option<UploadId>,
}

/// How a proposed record relates to what is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProposedAction {
    /// A new record.
    Create,
    /// A change of a record that is there.
    Change,
    /// Already there as it is; nothing to do.
    Keep,
    /// In the draft before but not in this one: it goes to the bin.
    Remove,
}

/// A record that the import would make or change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ProposedRecord {
    /// Names the proposal within the preview, for `modify`.
    pub key: String,
    pub collection: String,
    pub action: ProposedAction,
    pub name: String,
    pub description: String,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
}

/// A remark of the reader on the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Remark {
    /// Counted from 1; absent if it concerns the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    pub message: String,
}

/// How good a proposal is, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct QualityScores {
    pub data_completeness: f64,
    pub brain_consistency: f64,
    pub relationship_quality: f64,
    pub overall: f64,
}

/// What a gate advises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Recommendation {
    /// Overall at least 0.75.
    Ingest,
    /// 0.50 to 0.75.
    Modify,
    /// Below 0.50.
    Discard,
}

/// What an import would do.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ImportPreview {
    pub filename: String,
    /// `fountain`, `fdx`, `text` or `pdf`.
    pub format: String,
    /// The title page, in its order.
    pub title_page: Vec<TitlePageEntry>,
    /// Length in eighths of a page.
    pub page_eighths: i64,
    pub scenes: i64,
    pub characters: i64,
    pub locations: i64,
    /// What would be made and changed.
    pub records: Vec<ProposedRecord>,
    pub relationships: i64,
    pub warnings: Vec<Remark>,
    pub quality_scores: QualityScores,
    pub recommendation: Recommendation,
    /// One reason, in words.
    pub reasoning: String,
}

/// A key of a title page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct TitlePageEntry {
    pub key: String,
    pub values: Vec<String>,
}

/// How far a proposal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum ReviewState {
    Pending,
    Ingested,
    Discarded,
    /// Its step is done again, because a person sent it back or had it retried; what comes of that is another proposal.
    Returned,
}

impl ReviewState {
    /// The name, as the API and the database have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ingested => "ingested",
            Self::Discarded => "discarded",
            Self::Returned => "returned",
        }
    }
}

/// An import with its preview.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Import {
    pub import_id: ReviewId,
    pub state: ReviewState,
    pub created_at: Timestamp,
    pub created_by: Option<PersonId>,
    pub preview: ImportPreview,
}

/// A row of the list of imports.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ImportSummary {
    pub import_id: ReviewId,
    pub filename: String,
    pub state: ReviewState,
    pub created_at: Timestamp,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<PersonId>,
}

/// What a person decides on a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Save it.
    Ingest,
    /// Change the proposal by what is sent along, and look again.
    Modify,
    /// Drop it.
    Discard,
}

/// A change that a person makes to one proposed record before it is saved.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Modification {
    /// The proposal's `key`.
    #[schema(max_length = 100)]
    pub key: String,
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    #[schema(max_length = 20000)]
    pub description: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    /// True leaves the record out.
    pub omit: Option<bool>,
}

/// Decides on a proposal.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecisionRequest {
    #[allow(missing_docs)]
    pub decision: Decision,
    /// With `modify`: what to change; at most 1,000.
    #[schema(max_items = 1000)]
    pub modifications: Option<Vec<Modification>>,
}

/// What a decision led to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Decided {
    pub state: ReviewState,
    /// Takes what was saved back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_id: Option<ChangeId>,
    /// How many records were made and changed.
    pub created: i64,
    pub changed: i64,
}

/// What a decision on an import led to: the end of it, or the preview anew.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportDecided {
    #[serde(flatten)]
    #[allow(missing_docs)]
    pub decided: Decided,
    /// After `modify`: the preview as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<ImportPreview>,
}
