//! The fleet's queue in a project: what is done there now, what waits, and for what.

use kernel::{PersonId, RunId, RunnerId, StepId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::runs::Priority;

/// A step that a runner does, or is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Queued {
    pub run_id: RunId,
    pub step_id: StepId,
    /// What the run is called.
    pub title: String,
    /// What the step is called within the run: `do`, if the run is this one order.
    pub step: String,
    /// Who ordered it; nobody if that person is gone.
    pub by: Option<PersonId>,
    pub by_name: Option<String>,
    pub state: QueuedState,
    pub priority: Priority,
    /// When it was ordered.
    pub queued_at: Timestamp,
    /// Which runner does it; of one that waits, the only one that may.
    pub runner_id: Option<RunnerId>,
    pub runner_name: Option<String>,
    /// Why it waits, if it does.
    pub reason: Option<QueuedReason>,
}

/// Where a step of the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueuedState {
    /// No runner has it.
    Waiting,
    /// A runner has it.
    Running,
}

/// Why a step of the queue waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueuedReason {
    /// In a word.
    pub kind: QueuedWhy,
    /// In a sentence, for people; it names the runners.
    pub message: String,
    /// Until when, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Why a step of the queue waits, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum QueuedWhy {
    /// Another step of the project is done, or is to be done before it.
    Turn,
    /// No runner that serves the project can do it.
    NoRunner,
    /// Those that can are not there.
    Away,
    /// Those that can are given nothing for a while, since much failed there.
    Resting,
    /// Those that can do as much as they can at a time.
    Busy,
    /// It is not to begin yet: it is tried again later, its run is paused, or it comes after other steps of its run.
    Later,
    /// What the fleet may take of the day is used up.
    Budget,
}
