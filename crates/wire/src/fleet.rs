//! The fleet: machines that do steps, the keys by which they are known, what they are told to do, and what came of it.

mod commands;
mod policy;
mod queue;
mod said;
mod serving;
mod usage;

pub use commands::{Command, CommandReply, CommandTable, Commands, CommandsQuery, RunCommand};
pub use policy::FleetPolicy;
pub use queue::{Queued, QueuedReason, QueuedState, QueuedWhy};
pub use said::{SAY_BYTES, Said, SayToAgent, Verb};
pub use serving::{BreakerState, RunnerBreaker, ServingRunner};
pub use usage::{FleetUsageBy, FleetUsageQuery, FleetUsageRow};

use std::fmt;

use kernel::{PersonId, ProjectId, RunId, RunnerId, StepId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::runs::Priority;

/// Lets a machine join the fleet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateRunner {
    /// What people call the machine.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
}

/// Lets a machine join the fleet that has made a key of its own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdmitRunner {
    /// What people call the machine.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// The key's SHA-256, in hexadecimal digits.
    #[schema(min_length = 64, max_length = 64)]
    pub hash: String,
    /// The key's first characters, to recognise it by.
    #[schema(min_length = 4, max_length = 10)]
    pub hint: String,
    /// The projects that it is meant for. It serves them if it declares a folder for each.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub projects: Vec<ProjectId>,
}

/// A machine that may join the fleet, as it is listed: never its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Runner {
    pub id: RunnerId,
    pub name: String,
    /// The key's first characters, to recognise it by.
    pub hint: String,
    pub created_at: Timestamp,
    /// Until when the key before this one is good as well.
    pub former_key_until: Option<Timestamp>,
    /// When it was last heard of; told once a minute while it is there.
    pub seen_at: Option<Timestamp>,
    /// Whether it is there now.
    pub present: bool,
    /// The program's version, and the system that it runs on, as it says; empty before it has joined.
    pub version: String,
    pub platform: String,
    /// How many steps it does at a time.
    pub slots: u32,
}

/// A runner with its key, which is shown this once.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedRunner {
    /// What the machine joins with; it says which runner it is.
    pub key: String,
    /// What the list will show of it.
    #[serde(flatten)]
    pub about: Runner,
}

// What bears a secret prints without it.
impl fmt::Debug for CreatedRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedRunner").field("about", &self.about).finish_non_exhaustive()
    }
}

/// What a runner is told to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemoteOrder {
    /// Who does it there.
    pub engine: Engine,
    /// Where within the project's folder, as a path without `..`; in the folder itself, if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub folder: Option<String>,
    /// Files within the project's folder that are to be brought back when it is done, as paths without `..`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub collect: Vec<String>,
    /// What is done with what it changed, besides the diff.
    #[serde(default)]
    pub deliver: Deliver,
    /// What it may use up.
    #[serde(default)]
    pub bounds: Bounds,
    /// Whether its agent may only look: what would change something is refused without asking people, and what changes all the
    /// same is thrown away. It takes a folder that git keeps.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// What a coding agent did before that this goes on with, on the runner that did that: its agent knows what was said, and finds what
    /// it had changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<Continued>,
}

/// A step that a coding agent did, and that is gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RemoteContinued)]
#[allow(missing_docs)]
pub struct Continued {
    pub run_id: RunId,
    pub step_id: StepId,
}

impl RemoteOrder {
    /// That somebody does something, with nothing else to say of it.
    #[must_use]
    pub fn of(engine: Engine) -> Self {
        Self {
            engine,
            folder: None,
            collect: Vec::new(),
            deliver: Deliver::default(),
            bounds: Bounds::default(),
            read_only: false,
            continues: None,
        }
    }
}

/// Who does a task on a runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[schema(as = RemoteEngine)]
pub enum Engine {
    /// A program. No shell reads its arguments.
    Command {
        /// The program and its arguments, one of each.
        #[schema(min_items = 1, max_items = 200)]
        argv: Vec<String>,
    },
    /// A coding agent that the runner declares.
    Agent {
        /// The name that the runner gives it.
        name: String,
        /// What it is to do.
        #[schema(max_length = 32_768)]
        prompt: String,
    },
    /// A tool of a server that speaks the Model Context Protocol, and that the runner declares.
    Mcp {
        /// The name that the runner gives the server.
        server: String,
        /// The tool's name there.
        #[schema(min_length = 1, max_length = 200)]
        tool: String,
        /// What it is given.
        #[serde(default)]
        #[schema(value_type = Object)]
        arguments: serde_json::Map<String, serde_json::Value>,
    },
}

/// What is done with what a task changed in a folder that git keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RemoteDeliver)]
pub enum Deliver {
    /// The diff is kept, and the project's folder is as it was.
    #[default]
    Diff,
    /// It is committed to a branch of its own in the project's repository, too.
    Branch,
    /// That branch is pushed to `origin`, too.
    Push,
}

/// What a task may use up on a runner. What is not said is as the runner has it; a runner may allow less than it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = RemoteBounds)]
pub struct Bounds {
    /// Minutes from its start; an hour, if it is not said.
    #[schema(minimum = 1, maximum = 1_440)]
    pub minutes: u32,
    /// Memory of all its processes together, in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 16)]
    pub memory_mib: Option<u32>,
    /// What it writes, in MiB; what comes after is dropped, and that is said.
    #[schema(minimum = 1, maximum = 1_024)]
    pub output_mib: u32,
    /// Tokens of a coding agent, as it says itself: all of its turns when one has ended, and meanwhile how full its context is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub tokens: Option<u64>,
    /// Money of a coding agent, in millionths of a US dollar, as it says itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub cost_micros: Option<u64>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { minutes: 60, memory_mib: None, output_mib: 128, tokens: None, cost_micros: None }
    }
}

/// How a task on a runner ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RemoteOutcome)]
pub struct Outcome {
    /// How.
    pub end: End,
    /// For people, if it did not end well: what happened, and what may be done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What its program ended with, if it ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// How long it ran, in milliseconds of the runner's clock.
    pub duration_ms: u64,
    /// What it changed: of at most 500 files; all are in the diff.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ChangedFile>,
    /// The branch that it was committed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// What a coding agent used, as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Used>,
    /// What of it was left out, and why: an output that was too long, a file that was not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Outcome {
    /// That a task ended so, with nothing else to say of it.
    #[must_use]
    pub fn of(end: End, message: impl Into<String>) -> Self {
        Self {
            end,
            message: message.into(),
            exit_code: None,
            duration_ms: 0,
            files: Vec::new(),
            branch: None,
            used: None,
            notes: Vec::new(),
        }
    }
}

/// How a task on a runner ended, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RemoteEnd)]
pub enum End {
    /// Well.
    Complete,
    /// The program ended with another code than 0, or the agent refused.
    Failed,
    /// The runner will not do this, or has not what it takes.
    Refused,
    /// It took longer than it may.
    Timeout,
    /// It took more memory than it may.
    Memory,
    /// Its agent used more tokens or money than it may.
    Budget,
    /// Someone asked for it.
    Cancelled,
    /// The runner could not do its part: its disk is full, git failed.
    Broken,
    /// The runner ended while it was done.
    Lost,
}

/// A file that a task changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedFile {
    /// Within the project's folder.
    pub path: String,
    /// What became of it.
    pub change: Change,
    /// Lines that came; nothing of a file that is no text.
    pub added: Option<u32>,
    /// Lines that went.
    pub removed: Option<u32>,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
#[schema(as = FileChange)]
pub enum Change {
    Added,
    Modified,
    Deleted,
    Renamed,
}

/// What a coding agent used, as it says itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RemoteUsed)]
pub struct Used {
    /// Tokens that it was given.
    pub input_tokens: u64,
    /// Tokens that it made.
    pub output_tokens: u64,
    /// Money, in millionths of a US dollar.
    pub cost_micros: u64,
}

/// Tells the fleet to do something in a project.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateRemote {
    /// What it is called; made of the order if it is not said.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// What is to be done.
    pub order: RemoteOrder,
    /// The only runner that may do it. Any that serves the project and can, if it is not said.
    #[serde(default)]
    pub runner: Option<RunnerId>,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Priority,
    /// Whether the coding agent first says which tasks this is made of. It changes nothing; when a person agrees to its plan, the
    /// tasks become a run of their own.
    #[serde(default)]
    pub decompose: bool,
}

/// What came of a step's lease on a runner, or comes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    /// The run.
    pub run_id: RunId,
    /// Its step.
    pub step_id: StepId,
    /// The lease's number.
    pub fence: i64,
    /// Which runner; absent if there is none of that id any more.
    pub runner_id: Option<RunnerId>,
    /// What it was called.
    pub runner_name: String,
    /// When it was given to the runner.
    pub began_at: Timestamp,
    /// When the server heard of its end.
    pub ended_at: Option<Timestamp>,
    /// How it ended; absent while it goes on, and if its lease ended without a word.
    pub outcome: Option<Outcome>,
    /// What it has written, by the streams' names.
    pub streams: Vec<Stream>,
}

/// What a coding agent on a runner asks people before it does it. It waits, and its lease goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct AgentAsk {
    pub run_id: RunId,
    pub step_id: StepId,
    /// The lease's number.
    pub fence: i64,
    /// Which of those that the lease has asked.
    pub ask_id: u32,
    /// What the runner was called.
    pub runner_name: String,
    /// What it wants to do, in a sentence.
    pub title: String,
    /// What that is, in full: the text, the command, the change.
    pub detail: String,
    pub options: Vec<AgentAskOption>,
    pub asked_at: Timestamp,
    /// Whether an answer is waited for: there is none, it was not withdrawn, and the task goes on.
    pub open: bool,
    /// When its agent withdrew it, so that nobody can answer it any more.
    pub withdrawn_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
    pub answered_by: Option<PersonId>,
    /// What that person is called.
    pub answered_by_name: Option<String>,
    /// The option that was chosen; of what was answered without one, the agent was told that there is no answer.
    pub answer: Option<String>,
}

/// What may be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct AgentAskOption {
    pub id: String,
    pub name: String,
    pub kind: AgentAskKind,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum AgentAskKind {
    /// It may do it.
    AllowOnce,
    /// It may do it, and need not ask for the like.
    AllowAlways,
    /// It may not do it.
    RejectOnce,
    /// It may not do it, nor the like.
    RejectAlways,
}

/// Answers what a coding agent asks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnswerAgentAsk {
    /// The option's id. Without one, the agent is told that nobody answers.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub option: Option<String>,
}

/// Something that a task wrote: `output`, `answer`, `diff`, or `file:` and a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
#[schema(as = RemoteStream)]
pub struct Stream {
    pub name: String,
    /// In bytes, as far as it is stored.
    pub length: u64,
}

/// Which part of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// Where to begin, in bytes; at the beginning, if it is not said.
    pub from: Option<u64>,
    /// The most bytes; 1 MiB, if it is not said.
    #[param(minimum = 1, maximum = 1_048_576)]
    pub limit: Option<u32>,
}
