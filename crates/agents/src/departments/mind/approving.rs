//! Calls of other people's tools that may write are made when a person allowed them, and once. What was asked, answered, called and
//! told stands in the run's log, so a step that is done again knows it: an allowed call that may have been made is not made twice.

use kernel::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Store;
use store::runs::{self, Told};
use tasks::Lease;
use wire::runs::Answer;

use super::notes::{TOOL_RESULT, note};
use crate::outside::{Called, Open};
use crate::tools::clipped;

/// Entries of one step that are read at most.
const MOST: u32 = 400;
/// Characters of the arguments that a person is shown.
const SHOWN: usize = 600;

/// How a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Asked,
    Allowed,
    Refused,
    /// It was made, or was about to be.
    Called,
    Answered,
}

/// An entry of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    state: State,
    tool: String,
    input: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    failed: bool,
    /// When it was written.
    #[serde(skip)]
    at: Timestamp,
}

impl Entry {
    fn new(state: State, tool: &Called, input: &Value) -> Self {
        let (tool, input) = (tool.name.clone(), input.clone());
        Self { state, tool, input, text: None, failed: false, at: Timestamp::default() }
    }
}

/// What becomes of a call.
pub(super) enum Ruling {
    /// The tool's answer, and whether it failed.
    Told(String, bool),
    /// A person is asked this first.
    Ask(String),
}

/// What people have decided about a step's calls.
pub(super) struct Approvals(Vec<Entry>);

impl Approvals {
    /// Reads what was decided, and notes what the person's `answer` decides now. Gives the question once more when it cannot be read.
    ///
    /// # Errors
    /// When the database fails, or the lease is over.
    pub(super) async fn read(store: &Store, lease: &Lease) -> Result<(Self, Option<String>)> {
        let (run, step) = (lease.step().run, lease.step().id);
        let scope = store::Scope::server(lease.step().project);
        let kept = store.read_in(&scope, move |t| runs::noted(t, run, step, Told::Approval, MOST)).await?;
        let mut approvals = Self(Vec::new());
        // What cannot be read was written by another version: its call is asked about again.
        for kept in &kept {
            if let Ok(entry) = serde_json::from_str::<Entry>(&kept.text) {
                approvals.set(Entry { at: kept.at, ..entry });
            }
        }
        let waiting = approvals.0.iter().find(|entry| entry.state == State::Asked).cloned();
        let (Some(waiting), Some(answer)) = (waiting, lease.step().answer.as_ref()) else {
            return Ok((approvals, None));
        };
        // An answer to an earlier question decides nothing about this one.
        if answer.at < waiting.at {
            return Ok((approvals, None));
        }
        let state = match reply(answer) {
            Some(true) => State::Allowed,
            Some(false) => State::Refused,
            None => {
                let again = format!(
                    "That answer was not understood. {}",
                    question(lease, &waiting.tool, &waiting.input)
                );
                return Ok((approvals, Some(again)));
            }
        };
        approvals.note(lease, Entry { state, ..waiting }).await?;
        Ok((approvals, None))
    }

    /// Makes the calls that were allowed and not made yet, and gives what people decided about all of them, for the model.
    ///
    /// # Errors
    /// When the lease is over.
    pub(super) async fn make_allowed(&mut self, lease: &Lease, open: &Open) -> Result<Vec<Value>> {
        let allowed: Vec<Entry> =
            self.0.iter().filter(|entry| entry.state == State::Allowed).cloned().collect();
        for entry in allowed {
            let Some(tool) = open.named(&entry.tool) else { continue };
            let (tool_name, input, agent) = (&tool.name, &entry.input, &lease.step().name);
            let call = json!({ "agent": agent, "tool": tool_name, "input": input, "call": "allowed" });
            note(lease, tasks::TOOL_CALL, &call).await?;
            let (text, failed) = self.make(lease, open, tool, input).await?;
            let result = json!({ "tool": tool_name, "call": "allowed", "failed": failed, "text": text });
            note(lease, TOOL_RESULT, &result).await?;
        }
        Ok(self
            .0
            .iter()
            .map(|entry| json!({ "tool": entry.tool, "input": entry.input, "state": entry.state, "answer": entry.text }))
            .collect())
    }

    /// What becomes of a call that a person has to allow.
    ///
    /// # Errors
    /// When the lease is over.
    pub(super) async fn rule(
        &mut self,
        lease: &Lease,
        open: &Open,
        tool: &Called,
        input: &Value,
    ) -> Result<Ruling> {
        let known = self.0.iter().find(|entry| entry.tool == tool.name && entry.input == *input).cloned();
        Ok(match known.as_ref().map(|entry| entry.state) {
            Some(State::Allowed) => {
                let (text, failed) = self.make(lease, open, tool, input).await?;
                Ruling::Told(text, failed)
            }
            Some(State::Refused) => Ruling::Told("A person refused this call.".into(), true),
            Some(State::Called) => Ruling::Told(
                "This call was made before, and nobody knows what came of it. It is not made again.".into(),
                true,
            ),
            Some(State::Answered) => {
                let (text, failed) = known.map(|entry| (entry.text, entry.failed)).unwrap_or_default();
                Ruling::Told(text.unwrap_or_default(), failed)
            }
            Some(State::Asked) | None => {
                self.note(lease, Entry::new(State::Asked, tool, input)).await?;
                Ruling::Ask(question(lease, &tool.name, input))
            }
        })
    }

    /// Makes a call. That it is made stands in the log before it is.
    async fn make(
        &mut self,
        lease: &Lease,
        open: &Open,
        tool: &Called,
        input: &Value,
    ) -> Result<(String, bool)> {
        let entry = Entry::new(State::Called, tool, input);
        self.note(lease, entry.clone()).await?;
        let (text, failed) = open.call(tool, input).await;
        let text = clipped(text);
        self.note(lease, Entry { state: State::Answered, text: Some(text.clone()), failed, ..entry }).await?;
        Ok((text, failed))
    }

    async fn note(&mut self, lease: &Lease, entry: Entry) -> Result<()> {
        let written = serde_json::to_value(&entry).map_err(kernel::Error::internal)?;
        note(lease, Told::Approval.as_str(), &written).await?;
        self.set(entry);
        Ok(())
    }

    /// The newest word on a call counts.
    fn set(&mut self, entry: Entry) {
        match self.0.iter_mut().find(|known| known.tool == entry.tool && known.input == entry.input) {
            Some(known) => *known = entry,
            None => self.0.push(entry),
        }
    }
}

/// Whether an answer is about a call, and allows it.
pub(super) fn reply(answer: &Answer) -> Option<bool> {
    match answer.value.as_str()?.trim().trim_matches('`').to_lowercase().as_str() {
        "allow" => Some(true),
        "refuse" => Some(false),
        _ => None,
    }
}

fn question(lease: &Lease, tool: &str, input: &Value) -> String {
    // Nothing of what is shown can pass for an answer that is offered.
    let shown: String = input.to_string().replace('`', "'").chars().take(SHOWN).collect();
    let agent = &lease.step().name;
    format!(
        "{agent} wants to call {tool}, which may write, with {shown}. Answer `allow` to have it called so, once, or `refuse`."
    )
}
