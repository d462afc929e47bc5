//! Schedules: orders that are given at their time, once or again and again, without anybody being there.

use kernel::{PersonId, ProjectId, RunId, RunnerId, ScheduleId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::fleet::RemoteOrder;
use crate::runs::Priority;

/// When an order is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum When {
    /// At one moment.
    Once {
        /// The moment.
        at: Timestamp,
    },
    /// Whenever the clocks of a time zone show what a pattern says.
    #[serde(rename_all = "camelCase")]
    Cron {
        /// Minute, hour, day of the month, month, day of the week: `30 9 * * mon-fri`.
        #[schema(min_length = 1, max_length = 100)]
        cron: String,
        /// Its name in the IANA database: `Europe/Berlin`, `UTC`.
        #[schema(min_length = 1, max_length = 64)]
        time_zone: String,
    },
}

/// What is ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ScheduledOrder {
    /// Work of the departments, as `POST /orchestrator/task` takes it.
    #[serde(rename_all = "camelCase")]
    Task {
        /// What is to be done, in words.
        #[schema(min_length = 1, max_length = 10000)]
        task: String,
        /// How urgent its steps are.
        #[serde(default)]
        priority: Priority,
        /// Departments that are involved whatever the words say.
        #[serde(default)]
        #[schema(max_items = 20)]
        departments: Vec<String>,
        /// Save what scores above 0.75 without asking.
        #[serde(default)]
        auto_ingest: bool,
        /// Work that can be done scene by scene gets a step for each scene that there is at the time.
        #[serde(default)]
        one_by_one: bool,
    },
    /// Work of the fleet, as `POST /projects/{id}/fleet/runs` takes it.
    #[serde(rename_all = "camelCase")]
    Fleet {
        /// What it is called; made of the order if it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(max_length = 200)]
        title: Option<String>,
        /// What is to be done.
        order: Box<RemoteOrder>,
        /// The only runner that may do it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runner: Option<RunnerId>,
        /// How urgent it is.
        #[serde(default)]
        priority: Priority,
        /// Whether the coding agent first says which tasks this is made of.
        #[serde(default)]
        decompose: bool,
    },
}

/// What happens when no server ran at the time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Missed {
    /// The order is given once as soon as a server runs, however many times were missed.
    #[default]
    Run,
    /// It is not given; the next time is waited for.
    Skip,
}

impl Missed {
    /// The name, as the API and the database have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Skip => "skip",
        }
    }
}

/// Where a schedule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleState {
    /// It waits for its next time.
    Active,
    /// It gives nothing until it is resumed.
    Paused,
    /// It has no next time.
    Ended,
}

impl ScheduleState {
    /// The name, as the API and the database have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Ended => "ended",
        }
    }
}

/// An order and when it is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Schedule {
    pub id: ScheduleId,
    pub project_id: ProjectId,
    pub name: String,
    pub order: ScheduledOrder,
    pub when: When,
    pub missed: Missed,
    pub state: ScheduleState,
    /// Why it is paused, if the server paused it.
    pub reason: Option<String>,
    /// When the order is given next.
    pub next_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// Who wrote it last. Its runs are theirs, so they have to be an editor still when it is given.
    pub set_by: Option<PersonId>,
    pub set_at: Timestamp,
}

/// What became of an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The order is about to be given.
    Due,
    /// It became a run.
    Started,
    /// No server ran at the time, and no run was started for it.
    Missed,
    /// The run before it had not ended.
    Skipped,
    /// The order was refused.
    Refused,
}

impl Outcome {
    /// The name, as the API and the database have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Started => "started",
            Self::Missed => "missed",
            Self::Skipped => "skipped",
            Self::Refused => "refused",
        }
    }
}

/// A time at which an order was to be given, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Occurrence {
    pub at: Timestamp,
    pub outcome: Outcome,
    /// How many times in a row this stands for, the last of them at `at`; 1,000 stands for that many or more.
    pub times: i64,
    pub run_id: Option<RunId>,
    /// Why no run was started, or why it was started late.
    pub reason: Option<String>,
    pub noted_at: Timestamp,
}

/// A schedule with its latest occurrences, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ScheduleDetail {
    pub schedule: Schedule,
    pub occurrences: Vec<Occurrence>,
}

/// A schedule to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct NewSchedule {
    #[schema(min_length = 1, max_length = 120)]
    pub name: String,
    pub order: ScheduledOrder,
    pub when: When,
    #[serde(default)]
    pub missed: Missed,
}

/// What is to be different about a schedule; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ChangeSchedule {
    #[schema(min_length = 1, max_length = 120)]
    pub name: Option<String>,
    pub order: Option<ScheduledOrder>,
    pub when: Option<When>,
    pub missed: Option<Missed>,
    /// Whether it gives nothing until it is resumed.
    pub paused: Option<bool>,
}
