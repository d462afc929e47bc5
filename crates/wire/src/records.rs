//! Records: the episodes, characters, scenes, locations and concepts of a project, their relationships and history.

use kernel::{ChangeId, EntityId, FactId, PersonId, ProjectId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Free and known attributes of a record; the collection's schema says which are known, and of what type.
pub type Metadata = serde_json::Map<String, serde_json::Value>;

/// A record of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    #[allow(missing_docs)]
    pub id: EntityId,
    #[allow(missing_docs)]
    pub project_id: ProjectId,
    /// `characters`, `scenes` …
    pub collection: String,
    #[allow(missing_docs)]
    pub name: String,
    /// The name as it stands in addresses; unique within project and collection.
    pub slug: String,
    #[allow(missing_docs)]
    pub description: String,
    /// Attributes.
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    /// A long text that belongs to the record (a scene's script in Fountain); left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Place within the collection; scenes are in the order of the script.
    pub position: i64,
    /// Counts the changes; send it back to change the record.
    pub version: i64,
    #[allow(missing_docs)]
    pub created_at: Timestamp,
    #[allow(missing_docs)]
    pub updated_at: Timestamp,
    /// Who made the last change; nobody if the server did.
    pub updated_by: Option<PersonId>,
    /// Where the record came from: `person`, `import`, `ingest`; `model` marks what a language model wrote.
    pub origin: Origin,
}

/// Where a record or a fact came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A person wrote it.
    Person,
    /// It was read from a document.
    Import,
    /// It was derived from a person's words by rules, through a gate.
    Ingest,
    /// A language model wrote it, or a part of it.
    Model,
}

impl Origin {
    /// The origin's name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Import => "import",
            Self::Ingest => "ingest",
            Self::Model => "model",
        }
    }
}

/// Makes a record. Only the name is needed.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct CreateRecord {
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    #[schema(max_length = 20000)]
    pub description: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    #[schema(max_length = 200000)]
    pub body: Option<String>,
}

/// Changes a record. What is absent stays; `metadata` is merged key by key, and a key set to `null` goes.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct UpdateRecord {
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    #[schema(max_length = 20000)]
    pub description: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    #[schema(max_length = 200000)]
    pub body: Option<String>,
    /// The version that the change was made from. If the record has moved on, the answer is a 409 with both; if absent,
    /// the change is made on whatever is there.
    pub version: Option<i64>,
}

/// A record as a change left it, and how to take the change back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordChanged {
    /// The record as it is now.
    #[serde(flatten)]
    pub record: Record,
    /// Takes the change back: `POST /projects/{id}/changes/{changeId}/undo`.
    pub change_id: ChangeId,
}

/// What a change did, and how to take it back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    /// Takes the change back: `POST /projects/{id}/changes/{changeId}/undo`.
    pub change_id: ChangeId,
    /// The records that it touched.
    pub records: Vec<EntityId>,
}

/// Which records are wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordQuery {
    /// Rows on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `nextCursor` of the page before.
    #[param(max_length = 80)]
    pub cursor: Option<String>,
    /// A page by number.
    #[param(minimum = 1, maximum = 1000)]
    pub page: Option<u32>,
    /// Only records whose name begins with this, whatever the case.
    #[param(max_length = 200)]
    pub name: Option<String>,
    /// Removed records instead of live ones: the bin.
    pub removed: Option<bool>,
}

/// Brings a record back.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestoreRecord {
    /// An earlier version of a live record; out of the bin as it was if absent.
    #[schema(minimum = 1)]
    pub version: Option<i64>,
}

/// What is searched for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SearchQuery {
    /// Words, or the beginning of one.
    #[param(min_length = 1, max_length = 200)]
    pub q: String,
    /// Hits at most.
    #[param(minimum = 1, maximum = 50, default = 20)]
    pub limit: Option<u32>,
}

/// How two records are related.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Relationship {
    pub id: FactId,
    /// `appears_in`, `speaks_in`, `set_in`, `related_to` …
    pub r#type: String,
    pub source: EntityId,
    pub source_type: String,
    pub source_name: String,
    pub target: EntityId,
    pub target_type: String,
    pub target_name: String,
    /// How much: words spoken, for `speaks_in`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    pub confidence: f64,
    pub origin: Origin,
    pub recorded_at: Timestamp,
}

/// Relates two records.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct CreateRelationship {
    /// Lower-case letters and `_`.
    #[schema(pattern = "^[a-z][a-z_]{0,39}$")]
    pub r#type: String,
    pub source: EntityId,
    pub target: EntityId,
}

/// One earlier state of a record.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct RecordVersion {
    pub version: i64,
    pub at: Timestamp,
    pub by: Option<PersonId>,
    pub by_name: Option<String>,
    pub change_id: ChangeId,
    /// `created`, `changed`, `removed` or `restored`.
    pub action: String,
    /// The record as it was after the change.
    pub name: String,
    pub description: String,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// A field that a collection knows.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct FieldSchema {
    pub name: String,
    pub label: String,
    /// `text`, `number`, `boolean`, `list` or `choice`.
    pub r#type: String,
    /// For `choice`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub choices: Vec<String>,
    pub help: String,
}

/// A collection that a project's studio has.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct CollectionSchema {
    pub name: String,
    pub singular: String,
    pub label: String,
    pub fields: Vec<FieldSchema>,
}

/// One thing that a search found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct SearchHit {
    pub id: EntityId,
    pub collection: String,
    pub name: String,
    pub excerpt: String,
}

/// What a search found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct SearchResults {
    pub hits: Vec<SearchHit>,
}

/// One event of the project, for the activity feed and for catching up.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Activity {
    pub seq: i64,
    pub kind: String,
    pub at: Timestamp,
    pub person_id: Option<PersonId>,
    pub person_name: Option<String>,
    #[schema(value_type = Object)]
    pub payload: serde_json::Value,
}
