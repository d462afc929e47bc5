//! Commands that people type, in the UI and in Slack: what there are, and what they answer.

use kernel::{Role, RunId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What is typed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunCommand {
    /// A command with its arguments: `do --on forge -- cargo test`.
    #[schema(min_length = 1, max_length = 40_000)]
    pub line: String,
}

/// What a command answers: the same in the UI and in Slack, which show it each in their way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandReply {
    /// In a few words.
    pub title: String,
    /// Lines of plain text.
    pub lines: Vec<String>,
    /// What is best read as a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<CommandTable>,
    /// The run that it made, or is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
}

/// A table of plain texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandTable {
    /// What the columns are called.
    pub columns: Vec<String>,
    /// Each as long as `columns`; at most 100.
    pub rows: Vec<Vec<String>>,
}

/// A command that there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// One word, or two: `health reset`.
    pub name: String,
    /// How it is typed: `logs RUN [LINES]`.
    pub usage: String,
    /// What it does, in a sentence.
    pub help: String,
    /// The least role that may give it.
    pub needs: Role,
    /// Whether who asks has that role.
    pub allowed: bool,
    /// Whether it changes something, so that it stands in the audit log.
    pub changes: bool,
}

/// The commands that there are, and how a line may go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Commands {
    #[allow(missing_docs)]
    pub commands: Vec<Command>,
    /// Whole lines that the given one may become, at most 20; none if no line was given.
    pub completions: Vec<String>,
}

/// What was typed so far.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CommandsQuery {
    /// A line that is to be completed.
    #[param(max_length = 1_000)]
    pub line: Option<String>,
}
