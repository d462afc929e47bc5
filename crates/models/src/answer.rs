//! Puts the pieces of an answer together, under a bound.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::delta::{Delta, Named, Served, Spent, Stop, ToolFragment};
use crate::provider::Route;
use crate::request::{Echo, ToolCall, Turn};

/// Tool calls of one turn at most.
const MAX_CALLS: usize = 128;

/// What has been said so far. Keep one beside a stream: if the stream breaks, this is what arrived.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    text: String,
    calls: BTreeMap<u32, Call>,
    echo: Option<Echo>,
    served: Option<Served>,
    spent: Option<Spent>,
    stop: Option<Stop>,
    bytes: usize,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// What the model said, and what to hand back to it in the next request.
    pub turn: Turn,
    /// The answer as JSON, if a schema was given and no tool was called: it fits.
    pub value: Option<Value>,
    /// Why the model stopped.
    pub stop: Stop,
    /// What it took in all.
    pub spent: Spent,
    /// Who answered.
    pub served: Served,
    /// Whether the first answer did not fit the schema and this is the second.
    pub repaired: bool,
}

/// The answer has grown beyond its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl Answer {
    /// Appends a piece. More than `bound` bytes of answer in all are refused.
    pub fn push(&mut self, delta: &Delta, bound: usize) -> Result<(), TooLong> {
        match delta {
            Delta::Start(served) => self.served = Some(served.clone()),
            Delta::Text { text } => {
                self.grow(text.len(), bound)?;
                self.text.push_str(text);
            }
            // Thoughts are passed on but not kept; they count, so that they too have a bound.
            Delta::Thinking { text } => self.grow(text.len(), bound)?,
            Delta::ToolCall(fragment) => self.call(fragment, bound)?,
            Delta::Echo(echo) => self.echo = Some(echo.clone()),
            Delta::Spent(spent) => self.spent = Some(*spent),
            Delta::Done { stop } => self.stop = Some(*stop),
        }
        Ok(())
    }

    /// The text so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of answer so far: text, thoughts and arguments.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a fragment of the call with this index has come.
    #[must_use]
    pub fn has_call(&self, index: u32) -> bool {
        self.calls.contains_key(&index)
    }

    /// The turn, to be used and handed back; the error names the call whose arguments are no JSON.
    pub fn turn(&self) -> Result<Turn, String> {
        let mut tool_calls = Vec::with_capacity(self.calls.len());
        for call in self.calls.values() {
            let text = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
            let arguments = serde_json::from_str(text)
                .map_err(|error| format!("the arguments for {} are not JSON: {error}", call.name))?;
            tool_calls.push(ToolCall { id: call.id.clone(), name: call.name.clone(), arguments });
        }
        Ok(Turn { text: self.text.clone(), tool_calls, echo: self.echo.clone() })
    }

    /// The whole answer, once `Done` has come; `value` is what a schema has read from it.
    pub(crate) fn complete(self, turn: Turn, value: Option<Value>) -> Option<Completion> {
        let (stop, spent, served) = (self.stop?, self.spent?, self.served?);
        Some(Completion { turn, value, stop, spent, served, repaired: false })
    }

    /// Who answered; the first choice, if nobody has yet.
    pub(crate) fn by(&self, route: &Route) -> Named {
        self.served.as_ref().map_or_else(|| route.first().named(), |served| served.by.clone())
    }

    pub(crate) fn stop(&self) -> Option<Stop> {
        self.stop
    }

    pub(crate) fn spent(&self) -> Option<Spent> {
        self.spent
    }

    fn call(&mut self, fragment: &ToolFragment, bound: usize) -> Result<(), TooLong> {
        let (id, name) = (fragment.id.as_deref().unwrap_or(""), fragment.name.as_deref().unwrap_or(""));
        self.grow(id.len() + name.len() + fragment.arguments.len(), bound)?;
        if self.calls.len() == MAX_CALLS && !self.calls.contains_key(&fragment.index) {
            return Err(TooLong);
        }
        let call = self.calls.entry(fragment.index).or_default();
        // Some servers repeat id and name in every fragment: they are set, not appended.
        if !id.is_empty() {
            id.clone_into(&mut call.id);
        }
        if !name.is_empty() {
            name.clone_into(&mut call.name);
        }
        call.arguments.push_str(&fragment.arguments);
        Ok(())
    }

    fn grow(&mut self, by: usize, bound: usize) -> Result<(), TooLong> {
        self.bytes = self.bytes.saturating_add(by);
        if self.bytes > bound { Err(TooLong) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fragment(index: u32, id: Option<&str>, name: Option<&str>, arguments: &str) -> Delta {
        Delta::ToolCall(ToolFragment {
            index,
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
            arguments: arguments.to_owned(),
        })
    }

    #[test]
    fn fragments_of_several_calls_are_put_together_by_their_index() {
        let mut answer = Answer::default();
        for delta in [
            fragment(0, Some("a"), Some("look"), ""),
            fragment(1, Some("b"), Some("take"), ""),
            fragment(0, None, None, "{\"at\":"),
            fragment(0, Some("a"), Some("look"), "1}"),
        ] {
            answer.push(&delta, 100).unwrap();
        }
        let turn = answer.turn().unwrap();
        assert_eq!(turn.tool_calls[0].arguments, json!({"at": 1}));
        assert_eq!((turn.tool_calls[0].name.as_str(), turn.tool_calls[1].id.as_str()), ("look", "b"));
        assert_eq!(turn.tool_calls[1].arguments, json!({}), "no arguments are no arguments");
    }

    #[test]
    fn arguments_that_are_no_json_are_named() {
        let mut answer = Answer::default();
        answer.push(&fragment(0, None, Some("look"), "{\"at\":"), 100).unwrap();
        assert!(answer.turn().unwrap_err().contains("look"));
    }

    #[test]
    fn an_answer_does_not_grow_beyond_its_bound() {
        let mut answer = Answer::default();
        let text = Delta::Text { text: "12345".into() };
        answer.push(&text, 10).unwrap();
        answer.push(&text, 10).unwrap();
        assert_eq!(answer.push(&text, 10), Err(TooLong));
        assert_eq!(answer.text(), "1234512345");
    }

    #[test]
    fn a_turn_does_not_hold_endlessly_many_calls() {
        let mut answer = Answer::default();
        let refused = (0..).find(|&i| answer.push(&fragment(i, None, Some("x"), ""), 1_000_000).is_err());
        assert_eq!(refused, Some(128));
    }
}
