//! Anthropic's Messages API.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::openai::refuse_pages;
use super::{Billing, Call, Decoder, Pieces, ProviderKind, decoded, json, own_echo, reported};
use crate::base::{self, Base};
use crate::delta::{Adjustment, Piece, Stop, ToolFragment, Usage};
use crate::error::Fault;
use crate::frames::events;
use crate::key::ApiKey;
use crate::request::{Message, Request, Turn};

const KEY: HeaderName = HeaderName::from_static("x-api-key");
const VERSION: (HeaderName, HeaderValue) =
    (HeaderName::from_static("anthropic-version"), HeaderValue::from_static("2023-06-01"));
/// The API wants a bound; newer models spend a part of it on thoughts.
const DEFAULT_MAX_TOKENS: u32 = 16_000;

/// Anthropic's service, or a server that speaks like it.
#[derive(Debug, Clone)]
pub struct Anthropic {
    base: Base,
    key: ApiKey,
}

impl Anthropic {
    /// Anthropic's own service.
    #[must_use]
    pub fn hosted(key: ApiKey) -> Self {
        Self { base: base::ANTHROPIC, key }
    }

    /// Another server; `v1/messages` is added to its address. What it costs is unknown.
    #[must_use]
    pub fn at(base: Base, key: ApiKey) -> Self {
        Self { base, key }
    }

    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    pub(super) fn billing(&self) -> Billing {
        if self.base.same_host(&base::ANTHROPIC) { Billing::Anthropic } else { Billing::Unknown }
    }

    pub(super) async fn open(&self, call: &Call<'_>) -> Result<Pieces, Fault> {
        let mut headers = HeaderMap::from_iter([VERSION]);
        if let Some(value) = self.key.header("") {
            headers.insert(KEY, value);
        }
        let response =
            call.http.post(&self.base, "v1/messages", headers, Some(&self.key), &body(call)).await?;
        refuse_pages(response.headers())?;
        Ok(decoded(events(response.bytes_stream(), call.bounds), Events::default()))
    }
}

fn body(call: &Call<'_>) -> Value {
    let request = call.request;
    let mut body = json!({
        "model": call.model,
        "max_tokens": request.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS),
        "messages": write_messages(request, call.model),
        "stream": true,
    });
    let mut system: Vec<String> = request
        .messages
        .iter()
        .filter(|message| matches!(message, Message::System { .. }))
        .map(|message| message.text().to_owned())
        .collect();
    if let Some(schema) = &request.schema {
        // By grammar where the grammar can say it, else by asking: a tool that must be called is no longer
        // accepted by the newest models. The answer is checked in either case.
        match schema.for_grammar() {
            Some(schema) => {
                body["output_config"] = json!({ "format": { "type": "json_schema", "schema": schema } });
            }
            None => system.push(format!(
                "Answer with JSON only, without any other words, that fits this JSON schema: {}",
                schema.json()
            )),
        }
    }
    if !system.is_empty() {
        body["system"] = json!(system.join("\n\n"));
    }
    if let Some(temperature) = request.temperature.filter(|_| !call.is_adjusted(Adjustment::NoTemperature)) {
        // This API's scale ends at 1.
        body["temperature"] = json!(temperature.min(1.0));
    }
    if !request.tools.is_empty() {
        let write = |tool: &crate::request::Tool| {
            json!({
                "name": tool.name(),
                "description": tool.description,
                "input_schema": tool.arguments.json(),
            })
        };
        body["tools"] = request.tools.iter().map(write).collect();
    }
    body
}

/// All but the instructions. Results that follow each other go into one message: the API wants those of one turn
/// together.
fn write_messages(request: &Request, model: &str) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    let mut last_was_result = false;
    for message in &request.messages {
        let is_result = matches!(message, Message::Tool(_));
        match message {
            Message::System { .. } => continue,
            Message::User { text } => out.push(json!({ "role": "user", "content": text })),
            Message::Assistant(turn) => {
                let content = write_turn(turn, model);
                // A turn in which nothing was said is refused, too.
                if content != json!([]) {
                    out.push(json!({ "role": "assistant", "content": content }));
                }
            }
            Message::Tool(result) => {
                let block = json!({
                    "type": "tool_result",
                    "tool_use_id": result.call,
                    "content": result.text,
                    "is_error": result.failed,
                });
                match out.last_mut().and_then(|last| last["content"].as_array_mut()) {
                    Some(blocks) if last_was_result => blocks.push(block),
                    _ => out.push(json!({ "role": "user", "content": [block] })),
                }
            }
        }
        last_was_result = is_result;
    }
    out
}

/// The turn word for word where this model said it, since it signs its thoughts; else what it said and called.
fn write_turn(turn: &Turn, model: &str) -> Value {
    if let Some(content) = own_echo(turn.echo.as_ref(), ProviderKind::Anthropic, model) {
        return content.clone();
    }
    let mut blocks = Vec::new();
    // An empty text block is refused.
    if !turn.text.trim().is_empty() {
        blocks.push(json!({ "type": "text", "text": turn.text }));
    }
    blocks.extend(turn.tool_calls.iter().map(
        |call| json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments }),
    ));
    Value::Array(blocks)
}

/// Reads the events of a message up to `message_stop`.
#[derive(Default)]
struct Events {
    usage: Usage,
    stop: Option<Stop>,
    /// The turn's blocks as they are put together, by their index.
    blocks: BTreeMap<u64, Block>,
    calls: u32,
}

struct Block {
    /// The block as it began.
    content: Value,
    /// What its fields have grown by since.
    grown: BTreeMap<&'static str, String>,
    /// Which of the turn's tool calls it is.
    call: Option<u32>,
    arguments: String,
}

impl Events {
    fn count(&mut self, usage: &Value) {
        let tokens = |name: &str| usage[name].as_u64();
        // The API counts what it took from and wrote to its cache apart from the rest.
        if let Some(plain) = tokens("input_tokens") {
            self.usage.cached_tokens = tokens("cache_read_input_tokens").unwrap_or(0);
            self.usage.cache_write_tokens = tokens("cache_creation_input_tokens").unwrap_or(0);
            self.usage.input_tokens = plain + self.usage.cached_tokens + self.usage.cache_write_tokens;
        }
        if let Some(output) = tokens("output_tokens") {
            self.usage.output_tokens = output;
        }
    }

    fn begin(&mut self, index: u64, content: &Value) -> Vec<Piece> {
        let text = |name: &str| content[name].as_str().unwrap_or_default().to_owned();
        let mut call = None;
        let piece = match content["type"].as_str() {
            Some("tool_use") => {
                call = Some(self.calls);
                self.calls += 1;
                Some(Piece::ToolCall(ToolFragment {
                    index: self.calls - 1,
                    id: Some(text("id")),
                    name: Some(text("name")),
                    arguments: String::new(),
                }))
            }
            Some("text") => Some(Piece::Text(text("text"))),
            Some("thinking") => Some(Piece::Thinking(text("thinking"))),
            _ => None,
        };
        self.blocks.insert(
            index,
            Block { content: content.clone(), grown: BTreeMap::new(), call, arguments: String::new() },
        );
        piece.into_iter().collect()
    }

    fn go_on(&mut self, index: u64, delta: &Value) -> Vec<Piece> {
        let Some(block) = self.blocks.get_mut(&index) else { return Vec::new() };
        let text = |name: &str| delta[name].as_str().unwrap_or_default();
        let mut append = |name: &'static str| {
            block.grown.entry(name).or_default().push_str(text(name));
            text(name).to_owned()
        };
        match delta["type"].as_str() {
            Some("text_delta") => vec![Piece::Text(append("text"))],
            Some("thinking_delta") => vec![Piece::Thinking(append("thinking"))],
            Some("signature_delta") => {
                append("signature");
                Vec::new()
            }
            Some("input_json_delta") => {
                let arguments = text("partial_json").to_owned();
                block.arguments.push_str(&arguments);
                let Some(index) = block.call else { return Vec::new() };
                vec![Piece::ToolCall(ToolFragment { index, arguments, ..ToolFragment::default() })]
            }
            _ => Vec::new(),
        }
    }

    fn farewell(&mut self) -> Vec<Piece> {
        let Some(stop) = self.stop.take() else { return Vec::new() };
        let mut pieces = vec![Piece::Usage(self.usage)];
        let thought =
            |block: &Block| matches!(block.content["type"].as_str(), Some("thinking" | "redacted_thinking"));
        if self.blocks.values().any(thought) {
            let blocks = std::mem::take(&mut self.blocks).into_values().map(Block::whole);
            pieces.push(Piece::Echo(blocks.collect()));
        }
        pieces.push(Piece::Done(stop));
        pieces
    }
}

impl Block {
    fn whole(mut self) -> Value {
        for (name, grown) in self.grown {
            let began = self.content[name].as_str().unwrap_or_default();
            self.content[name] = json!(format!("{began}{grown}"));
        }
        if self.call.is_some() {
            self.content["input"] = serde_json::from_str(&self.arguments).unwrap_or_else(|_| json!({}));
        }
        self.content
    }
}

impl Decoder for Events {
    fn frame(&mut self, frame: &str) -> Result<Vec<Piece>, Fault> {
        let event = json(frame)?;
        let index = event["index"].as_u64().unwrap_or(0);
        Ok(match event["type"].as_str().unwrap_or_default() {
            "message_start" => {
                self.count(&event["message"]["usage"]);
                vec![Piece::Usage(self.usage)]
            }
            "content_block_start" => self.begin(index, &event["content_block"]),
            "content_block_delta" => self.go_on(index, &event["delta"]),
            "message_delta" => {
                self.count(&event["usage"]);
                if let Some(reason) = event["delta"]["stop_reason"].as_str() {
                    self.stop = Some(match reason {
                        "end_turn" | "stop_sequence" => Stop::End,
                        "max_tokens" | "model_context_window_exceeded" => Stop::MaxTokens,
                        "tool_use" => Stop::ToolCalls,
                        "refusal" => Stop::Declined,
                        _ => Stop::Other,
                    });
                }
                Vec::new()
            }
            "message_stop" => {
                let pieces = self.farewell();
                if pieces.is_empty() {
                    return Err(Fault::Cut { received: 0 });
                }
                pieces
            }
            "error" => {
                let error = &event["error"];
                let name = error["type"].as_str().unwrap_or_default();
                return Err(reported(name, error["message"].as_str().unwrap_or_default()));
            }
            // `ping`, `content_block_stop`, and what newer versions may send.
            _ => Vec::new(),
        })
    }

    fn end(&mut self) -> Vec<Piece> {
        self.farewell()
    }
}
