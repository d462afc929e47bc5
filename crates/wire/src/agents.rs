//! Agents: who works in the departments of a project, as files that its owners may change; and how many are at work.

use std::collections::BTreeMap;

use kernel::{ChangeId, PersonId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an agent is in its department.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AgentRole {
    /// Grades what the specialists did, and puts it together. Each department has one.
    Head,
    /// Does one kind of work.
    Specialist,
}

/// Where an agent comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AgentOrigin {
    /// It is part of the program.
    BuiltIn,
    /// It is part of the program, and the project has a definition of its own for it.
    Changed,
    /// The project has added it.
    Added,
}

/// What is wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AgentFault {
    /// The line, from 1, if one is to blame.
    pub line: Option<u32>,
    /// The field, if one is to blame.
    pub field: Option<String>,
    #[allow(missing_docs)]
    pub reason: String,
}

/// What an owner may do about an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentChoices {
    /// It can be switched off; heads cannot.
    pub switch_off: bool,
    /// What is built in can be put back.
    pub put_back: bool,
    /// It can be taken out; only what was added can.
    pub remove: bool,
}

/// An agent of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Agent {
    pub department: String,
    /// Names it within its department.
    pub name: String,
    pub title: String,
    pub role: AgentRole,
    pub origin: AgentOrigin,
    /// Whether it is switched off: it gets no work.
    pub off: bool,
    /// Its file: Markdown with front matter.
    pub definition: String,
    /// The file that is built in, where the project has another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub built_in: Option<String>,
    /// Why the project's file cannot be worked by any more. A changed agent then works as built in, an added one not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<AgentFault>,
    /// Counts what the project said of it, 0 if nothing yet; send it back to change the agent.
    pub version: i64,
    pub updated_at: Option<Timestamp>,
    pub updated_by: Option<PersonId>,
    /// What an owner may do about it, besides changing it.
    pub choices: AgentChoices,
}

/// Who works in a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Agents {
    /// Department by department, its head first.
    pub agents: Vec<Agent>,
    /// The engines by which specialists can work.
    pub engines: Vec<String>,
    /// The tools that a model can be given.
    pub tools: Vec<String>,
    /// How many agents a project may have.
    pub most: usize,
    /// The longest definition, in bytes.
    pub longest: usize,
}

/// What an owner says of an agent, in place of all that was said of it before.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutAgent {
    /// Its file: Markdown with front matter, whose `department` and `name` are those of the address. What is built in stands if
    /// absent.
    #[schema(min_length = 1, max_length = 16384)]
    pub definition: Option<String>,
    /// Whether it gets no work.
    #[serde(default)]
    pub off: bool,
    /// The version that the change was made from, 0 if the project had said nothing. If it has moved on, the answer is a 409 with
    /// both; if absent, the change is made on whatever is there.
    #[schema(minimum = 0)]
    pub version: Option<i64>,
}

/// An agent as a change left it, and how to take the change back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentChanged {
    /// The agent as it is now.
    #[serde(flatten)]
    pub agent: Agent,
    /// Takes the change back: `POST /projects/{id}/changes/{changeId}/undo`; only an owner can.
    pub change_id: ChangeId,
}

/// How many agents of a type are there on this server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentPoolStats {
    /// Those that are there.
    pub total: usize,
    /// Those at work.
    pub in_use: usize,
    /// Those that are there and not at work.
    pub idle: usize,
    /// Times that one was given work.
    pub total_requests: u64,
}

/// The agents of this server by type: `department/agent`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct AgentPool(pub BTreeMap<String, AgentPoolStats>);
