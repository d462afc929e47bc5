//! Ollama's own chat: lines of JSON.

use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Value, json};

use super::openai::write_tool;
use super::{Billing, Call, Decoder, Pieces, ProviderKind, decoded, json, own_echo, reported};
use crate::base::{self, Base};
use crate::delta::{Piece, Stop, ToolFragment, Usage};
use crate::error::Fault;
use crate::frames::lines;
use crate::key::ApiKey;
use crate::request::{Message, Turn};

const CLOUD: &str = "ollama.com";

/// An Ollama server.
#[derive(Debug, Clone)]
pub struct Ollama {
    base: Base,
    key: Option<ApiKey>,
}

impl Ollama {
    /// The server on this machine, at its usual port.
    #[must_use]
    pub fn local() -> Self {
        Self { base: base::OLLAMA, key: None }
    }

    /// A server elsewhere, perhaps behind a key.
    #[must_use]
    pub fn at(base: Base, key: Option<ApiKey>) -> Self {
        Self { base, key }
    }

    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    /// A server of one's own is free, but passes models with this ending on to its maker's cloud.
    pub(super) fn billing(&self, model: &str) -> Billing {
        let in_cloud = model.ends_with("-cloud") || model.ends_with(":cloud") || self.base.is_host(CLOUD);
        if in_cloud { Billing::Unknown } else { Billing::Free }
    }

    pub(super) async fn open(&self, call: &Call<'_>) -> Result<Pieces, Fault> {
        let mut headers = HeaderMap::new();
        if let Some(value) = self.key.as_ref().and_then(|key| key.header("Bearer ")) {
            headers.insert(AUTHORIZATION, value);
        }
        let response =
            call.http.post(&self.base, "api/chat", headers, self.key.as_ref(), &body(call)).await?;
        Ok(decoded(lines(response.bytes_stream(), call.bounds), Lines::default()))
    }
}

fn body(call: &Call<'_>) -> Value {
    let request = call.request;
    let messages: Vec<Value> = request.messages.iter().map(|message| write(message, call.model)).collect();
    let mut body = json!({ "model": call.model, "messages": messages, "stream": true });
    let mut options = serde_json::Map::new();
    if let Some(temperature) = request.temperature {
        options.insert("temperature".into(), json!(temperature));
    }
    if let Some(tokens) = request.max_tokens {
        options.insert("num_predict".into(), json!(tokens));
    }
    if !options.is_empty() {
        body["options"] = Value::Object(options);
    }
    if let Some(schema) = &request.schema {
        body["format"] = schema.json().clone();
    }
    if !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(write_tool).collect();
    }
    body
}

fn write(message: &Message, model: &str) -> Value {
    match message {
        Message::System { text } => json!({ "role": "system", "content": text }),
        Message::User { text } => json!({ "role": "user", "content": text }),
        Message::Assistant(turn) => write_turn(turn, model),
        Message::Tool(result) => {
            let text = if result.failed { format!("Error: {}", result.text) } else { result.text.clone() };
            json!({ "role": "tool", "tool_name": result.name, "content": text })
        }
    }
}

fn write_turn(turn: &Turn, model: &str) -> Value {
    let mut message = json!({ "role": "assistant", "content": turn.text });
    if !turn.tool_calls.is_empty() {
        let write = |call: &crate::request::ToolCall| json!({ "function": { "name": call.name, "arguments": call.arguments } });
        message["tool_calls"] = turn.tool_calls.iter().map(write).collect();
    }
    if let Some(thoughts) = own_echo(turn.echo.as_ref(), ProviderKind::Ollama, model) {
        message["thinking"] = thoughts.clone();
    }
    message
}

/// Reads lines up to the one that says `done`.
#[derive(Default)]
struct Lines {
    calls: u32,
    thoughts: String,
}

impl Decoder for Lines {
    fn frame(&mut self, frame: &str) -> Result<Vec<Piece>, Fault> {
        let line = json(frame)?;
        if let Some(error) = line["error"].as_str() {
            return Err(reported("", error));
        }
        let message = &line["message"];
        let mut pieces = Vec::new();
        if let Some(text) = message["thinking"].as_str().filter(|text| !text.is_empty()) {
            self.thoughts.push_str(text);
            pieces.push(Piece::Thinking(text.to_owned()));
        }
        if let Some(text) = message["content"].as_str().filter(|text| !text.is_empty()) {
            pieces.push(Piece::Text(text.to_owned()));
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            // Older servers write the arguments as an object, some imitations as its text.
            let arguments = match &function["arguments"] {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            pieces.push(Piece::ToolCall(ToolFragment {
                index: self.calls,
                id: call["id"].as_str().map(str::to_owned),
                name: function["name"].as_str().map(str::to_owned),
                arguments,
            }));
            self.calls += 1;
        }
        if line["done"] == true {
            if let Some(output) = line["eval_count"].as_u64() {
                pieces.push(Piece::Usage(Usage {
                    // Left out when the whole prompt was still in the server's memory.
                    input_tokens: line["prompt_eval_count"].as_u64().unwrap_or(0),
                    output_tokens: output,
                    ..Usage::default()
                }));
            }
            if self.calls > 0 && !self.thoughts.is_empty() {
                pieces.push(Piece::Echo(json!(std::mem::take(&mut self.thoughts))));
            }
            pieces.push(Piece::Done(match line["done_reason"].as_str() {
                Some("stop") | None if self.calls > 0 => Stop::ToolCalls,
                Some("stop") | None => Stop::End,
                Some("length") => Stop::MaxTokens,
                _ => Stop::Other,
            }));
        }
        Ok(pieces)
    }

    fn end(&mut self) -> Vec<Piece> {
        Vec::new()
    }
}
