//! What is asked of a model: the conversation, the tools it may call, and the form that its answer must have.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::provider::ProviderKind;
use crate::schema::Schema;

/// Characters that a tool's name has at most; the narrowest of the providers' limits.
pub const MAX_TOOL_NAME: usize = 64;

/// One message of the conversation with a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// What the model is to be and to heed.
    System {
        /// The instruction.
        text: String,
    },
    /// What a person, or the agent on their behalf, says.
    User {
        /// The text.
        text: String,
    },
    /// What the model said before.
    Assistant(Turn),
    /// What a tool that the model called has answered.
    Tool(ToolResult),
}

impl Message {
    /// An instruction to the model.
    pub fn system(text: impl Into<String>) -> Self {
        Self::System { text: text.into() }
    }

    /// A person's text.
    pub fn user(text: impl Into<String>) -> Self {
        Self::User { text: text.into() }
    }

    /// The model's own earlier text.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::Assistant(Turn { text: text.into(), ..Turn::default() })
    }

    /// The text of the message, whoever said it.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::System { text } | Self::User { text } => text,
            Self::Assistant(turn) => &turn.text,
            Self::Tool(result) => &result.text,
        }
    }
}

/// One turn of the model, as it has to be handed back to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// What it said.
    pub text: String,
    /// The tools that it called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The turn in the provider's own form, if the provider wants it back word for word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo: Option<Echo>,
}

/// A part of a turn that only its maker can read, such as signed thoughts. It is handed back to the same model and
/// left out for any other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Echo {
    /// Whose it is.
    pub provider: ProviderKind,
    /// Which model's it is.
    pub model: String,
    /// What is handed back, in a form that only the provider's file knows.
    pub content: Value,
}

/// A call of a tool by the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// What its result must refer to; unique within the conversation.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// What it is called with. The model made this: check it with [`Tool::check`] before use.
    pub arguments: Value,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The id of the call.
    pub call: String,
    /// The tool's name.
    pub name: String,
    /// The answer, or what went wrong.
    pub text: String,
    /// Whether the tool failed.
    #[serde(default)]
    pub failed: bool,
}

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// What it does and when to use it, for the model.
    pub description: String,
    /// Its name and the schema of its arguments.
    pub arguments: Schema,
}

impl Tool {
    /// The tool's name: letters, digits, `_` and `-`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.arguments.name()
    }

    /// Whether a call's arguments fit; the error says what does not, in words for the model.
    pub fn check(&self, call: &ToolCall) -> Result<(), String> {
        self.arguments.check(&call.arguments)
    }
}

/// What is asked of a model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// The form that the answer must have. The answer is then JSON, and is checked.
    pub schema: Option<Schema>,
    /// Tools that the model may call.
    pub tools: Vec<Tool>,
    /// 0 (the likeliest word) to 2. Many models no longer take it: leave it out unless it matters.
    pub temperature: Option<f32>,
    /// Tokens that the answer has at most, thoughts included.
    pub max_tokens: Option<u32>,
}

impl Request {
    /// A request that says these messages and asks nothing special.
    #[must_use]
    pub fn new(messages: Vec<Message>) -> Self {
        Self { messages, ..Self::default() }
    }

    /// Asks for JSON of this form.
    #[must_use]
    pub fn with_schema(mut self, schema: Schema) -> Self {
        self.schema = Some(schema);
        self
    }

    /// Lets the model call these tools.
    #[must_use]
    pub fn with_tools(mut self, tools: Vec<Tool>) -> Self {
        self.tools = tools;
        self
    }

    /// Bounds the answer.
    #[must_use]
    pub fn with_max_tokens(mut self, tokens: u32) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// Sets the temperature.
    #[must_use]
    pub fn with_temperature(mut self, temperature: f32) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// The first thing that no provider would take, before any is asked. `bound` is the most bytes of text.
    pub(crate) fn check(&self, bound: usize) -> Result<(), String> {
        match self.messages.last() {
            None => return Err("there is no message".into()),
            Some(Message::User { .. } | Message::Tool(_)) => {}
            Some(_) => return Err("the last message must be the person's or a tool's".into()),
        }
        let size: usize = self.messages.iter().map(|message| message.text().len()).sum();
        if size > bound {
            return Err(format!("the messages have {size} bytes, more than {bound}"));
        }
        if self.temperature.is_some_and(|t| !(0.0..=2.0).contains(&t)) {
            return Err("the temperature is not within 0 and 2".into());
        }
        if self.max_tokens == Some(0) {
            return Err("max_tokens is 0".into());
        }
        let mut names = BTreeSet::new();
        for tool in &self.tools {
            let name = tool.name();
            if name.len() > MAX_TOOL_NAME {
                return Err(format!("the name of tool {name} is too long"));
            }
            if !names.insert(name) {
                return Err(format!("two tools are named {name}"));
            }
        }
        self.check_results()
    }

    /// Every provider refuses results without calls and calls without results, with errors that are hard to
    /// understand.
    fn check_results(&self) -> Result<(), String> {
        let mut open = BTreeSet::new();
        for message in &self.messages {
            match message {
                Message::Tool(result) => {
                    if !open.remove(result.call.as_str()) {
                        return Err(format!("the result {} answers no call", result.call));
                    }
                }
                Message::System { .. } => {}
                Message::User { .. } | Message::Assistant(_) => {
                    if let Some(call) = open.first() {
                        return Err(format!("the call {call} has no result"));
                    }
                    if let Message::Assistant(turn) = message {
                        open.extend(turn.tool_calls.iter().map(|call| call.id.as_str()));
                    }
                }
            }
        }
        open.first().map_or(Ok(()), |call| Err(format!("the call {call} has no result")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_provider_would_take_is_refused_before_any_is_asked() {
        let tool = Tool {
            description: "d".into(),
            arguments: Schema::new("look", json!({"type": "object"})).unwrap(),
        };
        let call = ToolCall { id: "c1".into(), name: "look".into(), arguments: json!({}) };
        let called = Message::Assistant(Turn { tool_calls: vec![call], ..Turn::default() });
        let orphan = ToolResult { call: "c1".into(), name: "look".into(), text: "x".into(), failed: false };
        for (request, why) in [
            (Request::default(), "no message"),
            (Request::new(vec![Message::assistant("hi")]), "the last message"),
            (Request::new(vec![Message::user("x".repeat(101))]), "101 bytes"),
            (Request::new(vec![Message::user("x")]).with_temperature(2.1), "temperature"),
            (Request::new(vec![Message::user("x")]).with_max_tokens(0), "max_tokens"),
            (Request::new(vec![Message::user("x")]).with_tools(vec![tool.clone(), tool]), "two tools"),
            (Request::new(vec![Message::Tool(orphan)]), "answers no call"),
            (Request::new(vec![called, Message::user("x")]), "has no result"),
        ] {
            let error = request.check(100).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_request_survives_being_stored() {
        let schema = Schema::new("scene", json!({"type": "object"})).unwrap();
        let request = Request::new(vec![Message::user("x")]).with_schema(schema).with_max_tokens(5);
        let stored = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&stored).unwrap(), request);
    }
}
