//! Runs and steps: their states, why a step is not running, and what a run is made of.

use kernel::{PersonId, ProjectId, RunId, StepId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::usage::StepUsage;

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// None of its steps has been claimed.
    Queued,
    /// A step was claimed, and not all have ended.
    Running,
    /// All its steps are complete.
    Complete,
    /// All have ended, one of them by failing.
    Failed,
    /// All have ended, and someone asked for that.
    Cancelled,
}

impl RunState {
    /// Whether nothing more will happen to it by itself.
    #[must_use]
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Complete | Self::Failed | Self::Cancelled)
    }

    /// The name, as the API and the database have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Where a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Not with a worker; its reason says what it waits for.
    Queued,
    /// With a worker that has not begun.
    Leased,
    /// Being worked on.
    Running,
    /// A person has to answer.
    Waiting,
    /// Done.
    Complete,
    /// It will not be done unless someone retries it.
    Failed,
    /// It will not be done, because someone or a parent's end said so.
    Cancelled,
}

impl StepState {
    /// Whether nothing more will happen to it by itself.
    #[must_use]
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Complete | Self::Failed | Self::Cancelled)
    }

    /// Whether a worker has it.
    #[must_use]
    pub fn is_held(self) -> bool {
        matches!(self, Self::Leased | Self::Running)
    }

    /// The name, as the API and the database have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Leased => "leased",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How urgent a step is. Counts as time that it has waited already.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Priority {
    Low,
    #[default]
    Medium,
    High,
    Critical,
}

/// Why a step is not running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Reason {
    /// Steps before it have not ended.
    Parents {
        /// How many.
        open: u32,
    },
    /// It was asked to start later.
    Delay {
        /// When it may start.
        until: Timestamp,
    },
    /// Its last attempt failed; another will follow.
    Retry {
        /// When it may start.
        until: Timestamp,
        /// What went wrong.
        error: String,
    },
    /// It may run, and waits for a free worker.
    Ready,
    /// Its run is paused.
    Paused {
        /// Why, in a sentence.
        why: String,
    },
    /// A person has to answer.
    Person {
        /// What is asked.
        question: String,
    },
    /// Its last attempt failed in a way that will not pass, or was the last one.
    Error {
        /// What went wrong.
        error: String,
        /// Whether it had attempts left and failed for good all the same.
        fatal: bool,
    },
    /// It could not be done in the time that it had.
    Expired,
    /// Someone asked for it.
    Asked {
        /// Who; nobody if the server did.
        by: Option<PersonId>,
    },
    /// A step before it failed or was cancelled.
    Parent {
        /// Which one.
        step: StepId,
        /// Its name within the run.
        name: String,
        /// How that one ended.
        state: StepState,
    },
}

/// A person's answer to a step that asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Who answered.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
    /// What they said.
    #[schema(value_type = Object)]
    pub value: serde_json::Value,
}

/// How long a step may take, in milliseconds, and how often it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// Attempts in all.
    pub attempts: u32,
    /// The longest pause after the first failure; it doubles with each further one.
    pub backoff_ms: u64,
    /// A lease without a heartbeat for so long is over.
    pub lease_ms: i64,
    /// A running step that shows no progress for so long is stalled.
    pub quiet_ms: i64,
    /// An attempt that takes longer is timed out.
    pub run_ms: i64,
    /// A worker that was asked to stop has so long to say so.
    pub grace_ms: i64,
    /// A step that was not done in this time since it could first run has expired.
    pub life_ms: i64,
}

impl Default for Limits {
    fn default() -> Self {
        const MINUTE: i64 = 60_000;
        Self {
            attempts: 3,
            backoff_ms: 2_000,
            lease_ms: 30_000,
            quiet_ms: 10 * MINUTE,
            run_ms: 60 * MINUTE,
            grace_ms: 10_000,
            life_ms: 24 * 60 * MINUTE,
        }
    }
}

/// One execution of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Run {
    pub id: RunId,
    pub project_id: ProjectId,
    /// What kind of work it is: `film.task` …
    pub kind: String,
    pub title: String,
    pub state: RunState,
    /// Why it is paused, if it is.
    pub paused: Option<String>,
    /// Since when it is asked to be cancelled, and by whom.
    pub asked_at: Option<Timestamp>,
    pub asked_by: Option<PersonId>,
    /// Steps in all, and how many of them have ended how.
    pub total: i64,
    pub complete: i64,
    pub failed: i64,
    pub cancelled: i64,
    /// The length of its log in bytes.
    pub log_end: i64,
    pub created_at: Timestamp,
    pub created_by: Option<PersonId>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// A run with its steps.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunDetail {
    /// The place on the project's stream up to which this is told at least: events after it go on from here.
    pub seq: i64,
    #[allow(missing_docs)]
    pub run: Run,
    /// In the order in which they were made.
    pub steps: Vec<Step>,
    /// What came of each lease, in the order in which they ended.
    pub attempts: Vec<Attempt>,
    /// What language models took, for each step that asked one.
    pub usage: Vec<StepUsage>,
}

/// One piece of work in a run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Step {
    pub id: StepId,
    pub name: String,
    pub queue: String,
    /// The steps that have to be complete before.
    pub after: Vec<StepId>,
    pub priority: Priority,
    pub limits: Limits,
    pub state: StepState,
    /// Why it is not running, if it is not.
    pub reason: Option<Reason>,
    /// Attempts that were begun.
    pub attempt: i64,
    /// Who has it.
    pub worker: Option<String>,
    pub leased_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// The answer to what it asked a person.
    pub answer: Option<Answer>,
    /// What it was given.
    #[schema(value_type = Object)]
    pub input: serde_json::Value,
    /// What it gave. A run tells only of what is short; all of it comes with the step by itself.
    #[schema(value_type = Option<Object>)]
    pub output: Option<serde_json::Value>,
    /// The length of what it gave, in characters of JSON; 0 if it gave nothing.
    pub output_length: i64,
}

/// A step that failed, and stays so until someone retries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct FailedStep {
    pub run_id: RunId,
    pub run_title: String,
    pub step_id: StepId,
    pub name: String,
    pub queue: String,
    /// Attempts that were used up.
    pub attempt: i64,
    /// What went wrong.
    pub reason: Option<Reason>,
    pub ended_at: Timestamp,
}

/// What came of a lease on a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Attempt {
    pub step_id: StepId,
    /// The number of the lease, which grows with each of the step.
    pub fence: i64,
    pub attempt: i64,
    pub worker: String,
    /// `complete`, `failed`, `asked`, `lost`, `returned`, `stalled`, `timeout`, `unheard` or `reset`.
    pub outcome: String,
    pub error: Option<String>,
    pub began_at: Timestamp,
    pub ended_at: Timestamp,
}

/// A piece of a run's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// The offset in bytes at which it begins.
    pub start: i64,
    #[allow(missing_docs)]
    pub step_id: StepId,
    /// The lease that wrote it.
    pub fence: i64,
    /// What it is: `text`, `tool_call` …
    pub kind: String,
    #[allow(missing_docs)]
    pub text: String,
    #[allow(missing_docs)]
    pub at: Timestamp,
}

/// A part of a run's log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunLog {
    #[allow(missing_docs)]
    pub entries: Vec<LogEntry>,
    /// Where the next part begins.
    pub next: i64,
    /// Where the log ends now.
    pub end: i64,
}

/// What an event of a run's stream tells.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum RunStreamed {
    /// A piece of its log.
    Entry(LogEntry),
    /// How it ended; then nothing more comes.
    End(RunState),
}

/// Which part of a log is wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogQuery {
    /// From this offset in bytes on.
    #[param(minimum = 0, default = 0)]
    pub from: Option<i64>,
    /// Pieces at most.
    #[param(minimum = 1, maximum = 1000, default = 200)]
    pub limit: Option<u32>,
}

/// How a run is wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunQuery {
    /// Wait so many seconds for its end.
    #[param(minimum = 0, maximum = 30, default = 0)]
    pub wait: Option<u32>,
}

/// From where on a log is followed.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunStreamQuery {
    /// From this offset in bytes on, unless `Last-Event-ID` says another.
    #[param(minimum = 0, default = 0)]
    pub from: Option<i64>,
}

/// Which runs are wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunsQuery {
    /// Only those in this state.
    pub state: Option<RunState>,
    /// Only those of this kind; `fleet` stands for all whose kind begins with `fleet.`
    #[param(max_length = 40)]
    pub kind: Option<String>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `nextCursor` of the page before.
    #[param(max_length = 80)]
    pub cursor: Option<String>,
}

/// A department that work can be ordered of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Department {
    #[allow(missing_docs)]
    pub name: String,
    /// The departments that it builds on.
    pub after: Vec<String>,
    /// What its specialists do, in words.
    pub agents: Vec<String>,
    /// How much the order concerns it, 0 to 1.
    pub relevance: f64,
    /// Whether that is enough for it to take part.
    pub involved: bool,
}

/// Which order the departments are asked about.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DepartmentsQuery {
    /// Its words, as far as they are known.
    #[param(max_length = 2000)]
    pub task: Option<String>,
}

/// Why a run is to be paused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PauseRun {
    /// In a sentence, for those who look.
    #[schema(min_length = 1, max_length = 300)]
    pub why: String,
}

/// A person's answer to a step that asks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnswerStep {
    /// The answer.
    #[schema(min_length = 1, max_length = 10000)]
    pub answer: String,
}
