//! Reviews: what waits for a person's decision, whoever proposed it; and deliverables, which departments propose.

use kernel::{Code, EntityId, PersonId, ReviewId, RunId, StepId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::imports::{Decided, QualityScores, Recommendation, ReviewState};

/// What is proposed, and with it where it is looked at and decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReviewKind {
    /// A document's records: `/projects/{id}/imports/{import}`.
    Import,
    /// A record from a person's words: `/orchestrator/ingest/{preview}`.
    Ingest,
    /// What an agent of a department made: `/projects/{id}/reviews/{review}`.
    Deliverable,
}

/// A row of the list of all that waits, or was decided.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Review {
    pub review_id: ReviewId,
    pub kind: ReviewKind,
    pub title: String,
    pub state: ReviewState,
    /// 0 to 1; absent if it was made before scores were kept.
    pub score: Option<f64>,
    /// What the gate advises at that score.
    pub recommendation: Option<Recommendation>,
    /// Of a deliverable: the run that it comes from, and who made it.
    pub origin: Option<ReviewOrigin>,
    pub created_at: Timestamp,
    pub created_by: Option<PersonId>,
    pub decided_at: Option<Timestamp>,
    /// Who decided; nobody if it was saved because the order asked for that, or if its step was done again.
    pub decided_by: Option<PersonId>,
    /// Takes back what was saved.
    pub change_id: Option<kernel::ChangeId>,
    /// The record that it was saved as.
    pub entity_id: Option<EntityId>,
}

/// Where a deliverable comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ReviewOrigin {
    pub run_id: RunId,
    /// The order; absent when the run is gone.
    pub run_title: Option<String>,
    pub step_id: StepId,
    pub department: String,
    pub agent: String,
    /// The form of its content: `film.cast` …
    pub form: String,
}

/// Which reviews are wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReviewsQuery {
    /// Only those in this state.
    pub state: Option<ReviewState>,
    /// Only of this kind.
    pub kind: Option<ReviewKind>,
    /// Only of this run.
    pub run: Option<RunId>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `nextCursor` of the page before.
    #[param(max_length = 80)]
    pub cursor: Option<String>,
}

/// What an agent of a department made, as it waits or was decided.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Deliverable {
    pub review: Review,
    pub summary: String,
    /// What a person adds to it.
    pub notes: String,
    /// Who made it: `rules`, or the language model's name.
    pub made_by: String,
    /// What a model added to it, or why none did; absent where none is set.
    pub added: Option<Added>,
    /// All of it, without the parts that are left out, in the form that `review.origin.form` names.
    #[schema(value_type = Object)]
    pub content: serde_json::Value,
    /// The parts of the content that can be left out.
    pub parts: Vec<DeliverablePart>,
    /// The records that it rests on.
    pub citations: Vec<CitedRecord>,
    /// What it lacks, in words.
    pub lacks: Vec<String>,
    /// Its head's grade.
    pub grade: Grade,
    pub quality_scores: QualityScores,
    /// The gate's advice in one sentence.
    pub reasoning: String,
    /// Why the work was done again, if it was: a person's reasons, or its head's.
    pub reasons: Vec<String>,
    /// The record of which it would be, or is, a version.
    pub version_of: Option<CitedRecord>,
    /// The files that it can be had as, under `…/exports/{file}`.
    pub exports: Vec<ExportFile>,
}

/// What a language model added to an agent's work, or why none did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Added {
    /// The model that made it; nobody if it is the work of rules alone.
    pub by: Option<String>,
    /// What people should know of it: that another model stood in, or why none took part.
    pub note: Option<String>,
    /// What stands out, is missing or doubtful.
    pub remarks: Vec<Claim>,
    /// What could be done.
    pub suggestions: Vec<Claim>,
    /// Claims of the model that cited nothing that it was given, and were left out.
    pub dropped: usize,
    /// The summary by rules, if the model wrote another.
    pub summary_by_rules: Option<String>,
}

/// A sentence or two of a model, and the records that they rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[allow(missing_docs)]
pub struct Claim {
    pub text: String,
    pub sources: Vec<EntityId>,
}

/// A part of a deliverable's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliverablePart {
    /// The field of the content.
    pub name: String,
    /// How many it has.
    pub count: usize,
    /// Whether it is left out.
    pub omitted: bool,
}

/// A record that something rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct CitedRecord {
    pub entity_id: EntityId,
    pub collection: String,
    pub name: String,
}

/// What a head says of an agent's work, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Grade {
    pub quality: f64,
    pub relevance: f64,
    pub consistency: f64,
    pub creativity: f64,
    pub overall: f64,
}

/// A file that a deliverable can be had as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportFile {
    /// `shot-list.csv`, `call-sheets.pdf` …
    pub file: String,
    /// For people.
    pub title: String,
}

/// On which paper.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Paper {
    /// 210 × 297 mm.
    #[default]
    A4,
    /// 8.5 × 11 in.
    Letter,
}

/// How an export is wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportQuery {
    /// The paper of a PDF; `a4` if absent.
    #[param(inline)]
    pub paper: Option<Paper>,
}

/// What a person decides on a deliverable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliverableDecision {
    /// Save it as a record, or as the next version of the one that there is.
    Ingest,
    /// Change it by what is sent along, and look again.
    Modify,
    /// Drop it.
    Discard,
    /// Send it back with reasons: its step, and all that builds on it, is done again.
    Revise,
}

/// Decides on a deliverable.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliverableDecisionRequest {
    #[allow(missing_docs)]
    pub decision: DeliverableDecision,
    /// With `modify`: what to change.
    pub changes: Option<DeliverableChanges>,
    /// With `revise`: why, in words; 1 to 10, each of at most 1,000 characters.
    #[schema(min_items = 1, max_items = 10)]
    pub reasons: Option<Vec<String>>,
}

/// What a person changes in a deliverable; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct DeliverableChanges {
    #[schema(min_length = 1, max_length = 200)]
    pub title: Option<String>,
    #[schema(max_length = 4000)]
    pub summary: Option<String>,
    #[schema(max_length = 3000)]
    pub notes: Option<String>,
    /// The parts to leave out, all of them by name; an empty list takes all of them in again.
    #[schema(max_items = 50)]
    pub omit: Option<Vec<String>>,
}

/// What a decision on a deliverable led to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliverableDecided {
    #[serde(flatten)]
    #[allow(missing_docs)]
    pub decided: Decided,
    /// The record that was made or changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<EntityId>,
    /// After `modify`: the deliverable as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliverable: Option<Deliverable>,
}

/// Decides on all that waits of a run.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunDecisionRequest {
    #[allow(missing_docs)]
    pub decision: RunDecision,
}

/// What a person decides on all that waits of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunDecision {
    /// Save all of it.
    Ingest,
    /// Save what the gate advises to save; the rest goes on waiting.
    Advised,
    /// Drop all of it.
    Discard,
}

/// What the decision on all of a run led to, one by one: each was decided in a transaction of its own.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunDecided {
    #[allow(missing_docs)]
    pub outcomes: Vec<ReviewOutcome>,
    /// How many of the run still wait.
    pub waiting: i64,
}

/// What became of one review.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ReviewOutcome {
    pub review_id: ReviewId,
    pub title: String,
    /// What it led to, if it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<EntityId>,
    /// Why it was not: `ALREADY_DECIDED` when someone was faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
}

/// Why something was not done.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Refusal {
    pub code: Code,
    pub error: String,
}
