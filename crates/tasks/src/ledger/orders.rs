//! What the ledger is asked to do.

use kernel::{PersonId, ProjectId, RunId, StepId};
use serde_json::Value;

use crate::graph::NewRun;
use crate::machine::Command;

/// The most bytes of a run's log (T3).
pub const LOG_BYTES: i64 = 16 * 1024 * 1024;

/// The kind of what is logged when an agent calls a tool: JSON with `agent`, `tool` and `input`. It is told on the stream, too.
pub const TOOL_CALL: &str = "tool_call";

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Make a run.
    Make(NewRun),
    /// What a worker says of the step that it holds.
    Say {
        /// The step's run.
        run: RunId,
        /// The step.
        step: StepId,
        /// What is said.
        command: Command,
        /// What the step gives, if it is complete.
        output: Option<Value>,
    },
    /// A worker that was out of sight goes on with a step.
    Keep {
        /// The step's run.
        run: RunId,
        /// The step.
        step: StepId,
        /// The lease.
        fence: i64,
        /// Who has it.
        worker: String,
    },
    /// What a worker writes into the run's log.
    Log {
        /// The step's run.
        run: RunId,
        /// The step.
        step: StepId,
        /// The lease.
        fence: i64,
        /// What it is: `text`, `tool_call` …
        kind: String,
        /// Not empty.
        text: String,
    },
    /// A person answers a step that asked.
    Answer {
        /// The project that the person was let into.
        project: ProjectId,
        /// The step's run.
        run: RunId,
        /// The step.
        step: StepId,
        /// Who answers.
        by: Option<PersonId>,
        /// What they say.
        value: Value,
    },
    /// End a run before it is done.
    Cancel {
        /// The project that the person was let into.
        project: ProjectId,
        /// The run.
        run: RunId,
        /// Who asks.
        by: Option<PersonId>,
    },
    /// Start nothing more of a run for now, for this reason; or, with none, go on.
    Pause {
        /// The project that the person was let into.
        project: ProjectId,
        /// The run.
        run: RunId,
        /// Why, in a sentence.
        why: Option<String>,
    },
    /// Do a step, and all that come after it, again.
    Retry {
        /// The project that the person was let into.
        project: ProjectId,
        /// The run.
        run: RunId,
        /// The step.
        step: StepId,
    },
    /// Free what the workers of a server held before it started anew.
    Disown {
        /// What the names of the server's workers begin with.
        server: String,
        /// What the names of its present workers begin with.
        present: String,
    },
    /// Find out which of these queues have ready steps.
    Look {
        /// Their names.
        queues: Vec<String>,
    },
    /// Write the claims that were held back for a while.
    Flush,
    /// Look at the clock.
    Tick,
}

impl Order {
    /// The run that it is about, if it is about one that is there.
    #[must_use]
    pub fn run(&self) -> Option<RunId> {
        match self {
            Self::Say { run, .. }
            | Self::Keep { run, .. }
            | Self::Log { run, .. }
            | Self::Answer { run, .. }
            | Self::Cancel { run, .. }
            | Self::Pause { run, .. }
            | Self::Retry { run, .. } => Some(*run),
            Self::Make(_) | Self::Disown { .. } | Self::Look { .. } | Self::Flush | Self::Tick => None,
        }
    }

    /// Whether it is what a person wishes of a run.
    #[must_use]
    pub fn is_wish(&self) -> bool {
        match self {
            Self::Answer { .. } | Self::Cancel { .. } | Self::Pause { .. } | Self::Retry { .. } => true,
            Self::Make(_)
            | Self::Say { .. }
            | Self::Keep { .. }
            | Self::Log { .. }
            | Self::Disown { .. }
            | Self::Look { .. }
            | Self::Flush
            | Self::Tick => false,
        }
    }

    /// Whether it has to do with steps that it does not name.
    #[must_use]
    pub fn is_of_all(&self) -> bool {
        match self {
            Self::Disown { .. } | Self::Tick => true,
            Self::Make(_)
            | Self::Say { .. }
            | Self::Keep { .. }
            | Self::Log { .. }
            | Self::Answer { .. }
            | Self::Cancel { .. }
            | Self::Pause { .. }
            | Self::Retry { .. }
            | Self::Look { .. }
            | Self::Flush => false,
        }
    }

    /// The step that it is about, if it is about one.
    #[must_use]
    pub fn step(&self) -> Option<StepId> {
        match self {
            Self::Say { step, .. }
            | Self::Keep { step, .. }
            | Self::Log { step, .. }
            | Self::Answer { step, .. }
            | Self::Retry { step, .. } => Some(*step),
            Self::Make(_)
            | Self::Cancel { .. }
            | Self::Pause { .. }
            | Self::Disown { .. }
            | Self::Look { .. }
            | Self::Flush
            | Self::Tick => None,
        }
    }
}
