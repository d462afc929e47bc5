//! What steps give: specialists their work, heads their grades of it, and a run what all of it came to.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::reviews::Added;

use super::definition::Definition;
use super::engine::{Citation, Work};
use super::grading::{Advice, Scores, Verdict};

/// What a specialist gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Done {
    pub department: String,
    pub agent: String,
    pub title: String,
    pub summary: String,
    pub content: Value,
    pub citations: Vec<Citation>,
    pub lacks: Vec<String>,
    /// How good it is, but for its relevance, which its head knows.
    pub quality: f64,
    pub consistency: f64,
    pub creativity: f64,
    /// Who did it: the engine's name.
    pub by: String,
    /// When the agent began to look at the project: what was changed later is not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// What a model added, or why none did; absent where no model is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<Added>,
}

impl Done {
    /// Work by the engine `by`, of an agent that looked at the project from `as_of` on.
    #[must_use]
    pub fn of(work: Work, agent: &Definition, by: &str, as_of: Option<Timestamp>) -> Self {
        let Work { title, summary, content, citations, quality, consistency, creativity, lacks } = work;
        Self {
            department: agent.department.clone(),
            agent: agent.name.clone(),
            title,
            summary,
            content,
            citations,
            lacks,
            quality,
            consistency,
            creativity,
            by: by.to_owned(),
            as_of,
            added: None,
        }
    }
}

/// What the step of a specialist gives who is not at work any more, switched off or taken out since it was ordered; or whose
/// part is not there any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct PassedOver {
    pub department: String,
    pub agent: String,
    /// Why, for people.
    pub passed_over: String,
}

/// What a head says of a specialist's work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Graded {
    pub agent: String,
    pub title: String,
    pub summary: String,
    pub scores: Scores,
    pub overall: f64,
    pub verdict: Verdict,
    /// Why it was done twice, if it was.
    pub reasons: Vec<String>,
    /// The work, if it was done again; else it is what the specialist's own step gave.
    pub again: Option<Done>,
}

/// What a head gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Headed {
    pub department: String,
    pub relevance: f64,
    /// The best work counts half.
    pub score: f64,
    /// Whether the score meets the department's threshold.
    pub passed: bool,
    pub summary: String,
    pub outputs: Vec<Graded>,
}

/// What a run gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Compiled {
    pub score: f64,
    pub advice: Advice,
    pub summary: String,
    pub departments: Vec<Headed>,
}
