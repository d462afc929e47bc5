//! Readiness: how far a project is prepared, department by department, and what to do next.

use kernel::{EntityId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::reviews::CitedRecord;

/// Which part of a project is looked at.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadinessQuery {
    /// Only what the scenes of this episode need; the whole project if absent.
    pub episode: Option<EntityId>,
}

/// How far a project is prepared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// 0 to 100: the mean of its departments.
    pub score: u32,
    #[allow(missing_docs)]
    pub state: ReadinessState,
    /// In the order in which they work.
    pub departments: Vec<DepartmentReadiness>,
    /// What brings most, first; at most five.
    pub next: Vec<ReadinessNext>,
    /// When it was looked at.
    pub as_of: Timestamp,
}

/// Whether a project can be shot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReadinessState {
    /// 80 and more.
    Ready,
    /// 60 to 79.
    NeedsWork,
    /// Less than 60.
    NotReady,
}

/// How far a department is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentReadiness {
    /// `story`, `character` …
    pub name: String,
    /// 0 to 100.
    pub score: u32,
    /// From this score on it is ready.
    pub threshold: u32,
    #[allow(missing_docs)]
    pub ready: bool,
    /// What it is measured by, what is there and what is lacking.
    pub points: Vec<ReadinessPoint>,
}

/// One thing that a department needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadinessPoint {
    /// In words: `scenes have a time of day`.
    pub what: String,
    /// Its share of the department's score, in hundredths.
    pub weight: u32,
    /// How many there are …
    pub met: usize,
    /// … of how many.
    pub of: usize,
    /// Of those that are not met, how many are there, but out of date: a scene that an output rests on was changed since.
    #[serde(default)]
    pub stale: usize,
    /// Records that lack it, or are out of date; the first ten.
    pub lacking: Vec<CitedRecord>,
    /// What to do about it; absent when nothing is lacking.
    pub next: Option<ReadinessAction>,
}

/// What would help, and by how much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadinessNext {
    #[allow(missing_docs)]
    pub department: String,
    /// How many points of 100 the department would gain.
    pub gain: u32,
    /// In words.
    pub what: String,
    #[allow(missing_docs)]
    pub action: ReadinessAction,
}

/// What a person can do, as the UI can offer it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum ReadinessAction {
    /// Open a record and fill in what it lacks.
    #[serde(rename_all = "camelCase")]
    Open {
        /// Its collection.
        collection: String,
        /// The record.
        entity_id: EntityId,
    },
    /// Make a record of a collection.
    Create {
        /// The collection.
        collection: String,
    },
    /// Import a screenplay.
    Upload,
    /// Order work of a department: the body of `POST /orchestrator/task`.
    Order {
        /// The department.
        department: String,
        /// What to ask for.
        task: String,
    },
    /// Decide on what waits.
    Review {
        /// The department whose work waits.
        department: String,
    },
}
