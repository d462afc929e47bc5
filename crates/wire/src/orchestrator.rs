//! The orchestrator: chat, query, ingest and the stream of a conversation.

use kernel::{ConversationId, EntityId, MessageId, ProjectId, ReviewId, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::imports::{Decided, QualityScores, Recommendation};
use crate::live::TaskStatus;
use crate::records::Metadata;
use crate::runs::Priority;

/// The modes that a person can talk in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Asks the project.
    Query,
    /// Gives the project something to know.
    Data,
    /// Orders work.
    Task,
    /// Talks of anything, without the project.
    Chat,
}

impl Mode {
    /// The mode's name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Data => "data",
            Self::Task => "task",
            Self::Chat => "chat",
        }
    }
}

/// Says something to the orchestrator, in any mode.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatRequest {
    /// At most 10,000 characters, not blank; HTML is taken out.
    #[schema(min_length = 1, max_length = 10000)]
    pub content: String,
    /// `query`, `data` or `chat`.
    #[schema(value_type = Mode)]
    pub mode: String,
    #[allow(missing_docs)]
    pub project_id: ProjectId,
    /// The conversation to go on with; a new one if absent.
    pub conversation_id: Option<ConversationId>,
    /// Hints.
    pub metadata: Option<ChatHints>,
}

/// Hints that come with a message.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatHints {
    /// Records that the message is about.
    #[schema(max_items = 50)]
    pub context_entities: Option<Vec<EntityId>>,
    /// Departments that the person would ask.
    #[schema(max_items = 7)]
    pub suggested_departments: Option<Vec<String>>,
}

/// The orchestrator's answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ChatResponse {
    pub message_id: MessageId,
    pub conversation_id: ConversationId,
    pub content: String,
    pub mode: Mode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<ChatMetadata>,
    pub timestamp: Timestamp,
}

/// What comes with an answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatMetadata {
    /// Departments that took part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub departments: Option<Vec<String>>,
    /// Records that the answer made or changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub entities: Option<Vec<serde_json::Value>>,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality_score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[allow(missing_docs)]
    pub recommendation: Option<Recommendation>,
    /// Query mode: what was found, as `POST …/query` gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<QueryResponse>,
    /// Data mode: the preview that waits for a decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingest: Option<IngestResponse>,
    /// Who answered: `rules`, or the language model's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<String>,
    /// Why an answer is plainer than it could be: no model is set, or the model failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// Why the answer broke off, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<kernel::Code>,
    /// Tokens and cost, when a model answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// What an answer took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Whether the provider did not say, and the counts are our estimate.
    pub estimated: bool,
    /// Millionths of a US dollar; absent when the price is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_micro_usd: Option<u64>,
}

/// Asks the project a question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct QueryRequest {
    #[schema(min_length = 1, max_length = 10000)]
    pub query: String,
    pub project_id: ProjectId,
    pub filters: Option<QueryFilters>,
    /// 1 to 100; 20 if absent.
    #[schema(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u32>,
}

/// Narrows a question.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueryFilters {
    /// `character`, `scene`, `location`, `episode`, `concept`.
    #[schema(max_items = 10)]
    pub entity_types: Option<Vec<String>>,
    /// When the record was last changed.
    pub date_range: Option<DateRange>,
    /// Records that bear one of these in `metadata.tags`.
    #[schema(max_items = 20)]
    pub tags: Option<Vec<String>>,
}

/// From one instant to another.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct DateRange {
    pub start: Timestamp,
    pub end: Timestamp,
}

/// What a question found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueryResponse {
    /// The answer in words, when the question has one that the records can give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Best first.
    pub results: Vec<QueryResult>,
    /// How many there are in all.
    pub total: i64,
    #[allow(missing_docs)]
    pub query_analysis: QueryAnalysis,
    /// Which arms of recall took part: `graph`, `text`, `vectors`.
    pub arms: Vec<String>,
}

/// How a question was understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueryAnalysis {
    /// What is asked for.
    pub intent: String,
    /// The records that the question names.
    pub entities: Vec<String>,
    /// 0 to 1.
    pub confidence: f64,
}

/// One thing that a question found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct QueryResult {
    pub id: EntityId,
    /// `character`, `scene` …
    pub r#type: String,
    pub title: String,
    pub excerpt: String,
    /// 0 to 1.
    pub relevance_score: f64,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    pub relationships: Vec<QueryRelationship>,
    /// Where the excerpt stands.
    pub source: QuerySource,
}

/// A relationship of a found record.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct QueryRelationship {
    pub r#type: String,
    pub target: String,
    pub target_type: String,
}

/// Where an excerpt stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct QuerySource {
    pub collection: String,
    pub record_id: EntityId,
    /// `name`, `description`, `body` or `facts`.
    pub field: String,
}

/// Gives the project something to know.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IngestRequest {
    /// Sentences, `key: value` lines, JSON, CSV or YAML.
    #[schema(min_length = 1, max_length = 10000)]
    pub content: String,
    #[allow(missing_docs)]
    pub project_id: ProjectId,
    /// `character`, `scene`, `location`, `episode` or `concept`; found out if absent.
    #[schema(max_length = 40)]
    pub suggested_type: Option<String>,
    /// Save at once if the overall score is above 0.75.
    pub auto_ingest: Option<bool>,
    /// `standard` if absent.
    pub enrichment_level: Option<EnrichmentLevel>,
}

/// How much is added to what was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EnrichmentLevel {
    /// Only what was said.
    Minimal,
    /// And what the project already knows.
    #[default]
    Standard,
    /// And what a language model adds, if there is one.
    Comprehensive,
}

/// What was understood of a given text, and what a gate thinks of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct IngestResponse {
    /// Takes the decision: `POST /orchestrator/ingest/{previewId}/decision`.
    pub preview_id: ReviewId,
    pub preview: IngestPreview,
    pub validation: Validation,
    pub quality_scores: QualityScores,
    pub recommendation: Recommendation,
    pub reasoning: String,
    pub departments_involved: Vec<String>,
    /// Records that may be the same one.
    pub duplicates: Vec<Duplicate>,
    /// How each field came about.
    pub fields: Vec<FieldState>,
    /// Who read it: `rules`, or the language model's name.
    pub read_by: String,
    /// Present when it was saved at once, because `autoIngest` was asked for and the score allowed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
    /// More records that the same text speaks of, each a preview of its own.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[schema(no_recursion)]
    pub others: Vec<IngestResponse>,
}

/// The record that a text was understood as.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct IngestPreview {
    pub entity_type: String,
    #[schema(value_type = Object)]
    pub parsed_data: Metadata,
    pub suggested_relationships: Vec<SuggestedRelationship>,
}

/// A relationship that a text speaks of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct SuggestedRelationship {
    pub r#type: String,
    /// The other record's name.
    pub target: String,
    /// The other record, when it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_id: Option<EntityId>,
    /// What the other record is, when it exists: `character`, `scene` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_type: Option<String>,
    pub confidence: f64,
}

/// Whether a proposal could be saved.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Validation {
    pub is_valid: bool,
    pub errors: Vec<String>,
    pub warnings: Vec<String>,
}

/// A record that may be the same as the proposed one.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Duplicate {
    pub id: EntityId,
    pub name: String,
    /// 0 to 1: from 0.80 look at it, from 0.90 merge, from 0.95 it is the same.
    pub similarity: f64,
    /// `review`, `merge` or `skip`.
    pub advice: String,
}

/// How a field of a proposal came about.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct FieldState {
    pub field: String,
    /// `complete`, `incomplete` or `review`.
    pub state: String,
    /// `said`, `derived` from the project, or `model`.
    pub from: String,
}

/// Decides on an ingest preview.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IngestDecisionRequest {
    #[allow(missing_docs)]
    pub decision: crate::imports::Decision,
    /// With `modify`: fields to set (`name`, `description` or a metadata key); `null` takes one out.
    #[schema(value_type = Option<Object>)]
    pub changes: Option<Metadata>,
    /// With `ingest`: merge into this duplicate instead of making a new record.
    pub merge_into: Option<EntityId>,
}

/// What a decision on an ingest preview led to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngestDecided {
    #[serde(flatten)]
    #[allow(missing_docs)]
    pub decided: Decided,
    /// The record that was made or changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<EntityId>,
    /// After `modify`: the preview as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<IngestResponse>,
}

/// A conversation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Conversation {
    pub id: ConversationId,
    pub project_id: ProjectId,
    /// The beginning of its first message; empty until there is one.
    pub title: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Begins a conversation, so that its stream can be listened to before anything is said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct CreateConversation {
    pub project_id: ProjectId,
}

/// An answer that has begun; its text comes over the conversation's stream.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Begun {
    pub conversation_id: ConversationId,
    pub message_id: MessageId,
}

/// Which conversation is listened to.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct StreamQuery {
    pub conversation_id: ConversationId,
}

/// Who said a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Author {
    User,
    Assistant,
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageState {
    /// It is still being written.
    Streaming,
    /// It is whole.
    Complete,
    /// The person stopped it; what was written is kept.
    Stopped,
    /// It broke off; what was written is kept.
    Failed,
}

impl MessageState {
    /// The state's name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Streaming => "streaming",
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// A message of a conversation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub author: Author,
    pub mode: Mode,
    pub state: MessageState,
    pub content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<ChatMetadata>,
    pub created_at: Timestamp,
}

/// What the stream of a conversation says. The SSE event's name is `message`, its id `{messageId}.{characters so far}`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum StreamEvent {
    /// An answer begins.
    #[serde(rename_all = "camelCase")]
    #[allow(missing_docs)]
    Start { message_id: MessageId, mode: Mode },
    /// More of the answer.
    #[allow(missing_docs)]
    Chunk {
        /// The same as `delta`.
        content: String,
        /// Only the new characters.
        delta: String,
    },
    /// The answer is whole.
    #[serde(rename_all = "camelCase")]
    #[allow(missing_docs)]
    Complete {
        message_id: MessageId,
        content: String,
        mode: Mode,
        #[serde(skip_serializing_if = "Option::is_none")]
        metadata: Option<Box<ChatMetadata>>,
    },
    /// The answer broke off; what was written is kept.
    #[allow(missing_docs)]
    Error { error: String, code: kernel::Code },
}

/// Orders work of the departments.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskRequest {
    /// What is to be done; at most 10,000 characters, not blank; HTML is taken out.
    #[schema(min_length = 1, max_length = 10000)]
    pub task: String,
    #[allow(missing_docs)]
    pub project_id: ProjectId,
    /// How urgent it is; `medium` if absent.
    pub priority: Option<Priority>,
    /// Whether to answer at once. If not, the answer waits for the end, for at most 30 seconds.
    pub r#async: Option<bool>,
    /// Departments that are to be involved whatever the words say.
    #[schema(max_items = 7)]
    pub departments: Option<Vec<String>>,
    /// Save outputs at once whose overall score is above 0.75; the others wait for a decision.
    pub auto_ingest: Option<bool>,
    /// Work that can be done scene by scene gets a step for each scene, and one that puts them together.
    pub one_by_one: Option<bool>,
}

/// A task that is under way, or has ended.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct TaskResponse {
    /// The run.
    pub task_id: RunId,
    pub status: TaskStatus,
    pub progress: TaskProgress,
    /// Those that are involved, in the order in which they work.
    pub departments: Vec<TaskDepartment>,
    /// What to subscribe to over the socket: `subscribe:execution` with the task's id gives these events.
    pub websocket_channel: String,
}

/// How far a task is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskProgress {
    /// Steps that have ended.
    pub current_step: i64,
    /// Steps in all.
    pub total_steps: i64,
    /// 0 to 100.
    pub percentage: i64,
    /// What is being done, in words.
    pub description: String,
}

/// A department's part in a task.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskDepartment {
    #[allow(missing_docs)]
    pub name: String,
    #[allow(missing_docs)]
    pub status: DepartmentStatus,
    /// How much the order concerns it, 0 to 1.
    pub relevance: f64,
    /// What its head says of each agent's work, the best first; empty until it has ended.
    #[schema(value_type = Vec<Object>)]
    pub outputs: Vec<serde_json::Value>,
}

/// Where a department is with a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum DepartmentStatus {
    Pending,
    Running,
    Complete,
    Failed,
}
