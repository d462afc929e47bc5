//! OpenAI's chat completions, as its own service and many other servers speak them.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use serde_json::{Map, Value, json};

use super::{Billing, Call, Decoder, Pieces, ProviderKind, decoded, json, own_echo, reported};
use crate::base::{self, Base};
use crate::delta::{Adjustment, Piece, Stop, ToolFragment, Usage};
use crate::error::Fault;
use crate::frames::events;
use crate::key::ApiKey;
use crate::request::{Message, Tool, Turn};

/// What thoughts are called by the servers that show them.
const THOUGHTS: [&str; 2] = ["reasoning_content", "reasoning"];

/// A server that speaks OpenAI's chat completions.
#[derive(Debug, Clone)]
pub struct OpenAi {
    base: Base,
    key: Option<ApiKey>,
    free: bool,
}

impl OpenAi {
    /// OpenAI's own service.
    #[must_use]
    pub fn hosted(key: ApiKey) -> Self {
        Self { base: base::OPENAI, key: Some(key), free: false }
    }

    /// Another server, such as llama.cpp or vLLM. What it costs is unknown.
    #[must_use]
    pub fn at(base: Base, key: Option<ApiKey>) -> Self {
        Self { base, key, free: false }
    }

    /// Says that nobody asks money for it, as for a server of one's own.
    #[must_use]
    pub fn free(mut self) -> Self {
        self.free = true;
        self
    }

    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    pub(super) fn is_hosted(&self) -> bool {
        self.base.same_host(&base::OPENAI)
    }

    pub(super) fn billing(&self) -> Billing {
        match (self.free, self.is_hosted()) {
            (true, _) => Billing::Free,
            (false, true) => Billing::OpenAi,
            (false, false) => Billing::Unknown,
        }
    }

    pub(super) async fn open(&self, call: &Call<'_>) -> Result<Pieces, Fault> {
        let mut headers = HeaderMap::new();
        if let Some(value) = self.key.as_ref().and_then(|key| key.header("Bearer ")) {
            headers.insert(AUTHORIZATION, value);
        }
        let body = body(call, self.is_hosted());
        let response =
            call.http.post(&self.base, "chat/completions", headers, self.key.as_ref(), &body).await?;
        refuse_pages(response.headers())?;
        Ok(decoded(events(response.bytes_stream(), call.bounds), Chunks::default()))
    }
}

/// A success that is no stream: the address is that of a web page, or the server cannot stream.
pub(super) fn refuse_pages(headers: &HeaderMap) -> Result<(), Fault> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if ["text/html", "application/json"].iter().any(|page| kind.starts_with(page)) {
        return Err(Fault::unreadable(format!("it answered with {kind}, not with a stream")));
    }
    Ok(())
}

fn body(call: &Call<'_>, hosted: bool) -> Value {
    let request = call.request;
    let messages: Vec<Value> = request.messages.iter().map(|message| write(message, call.model)).collect();
    let mut body = json!({ "model": call.model, "messages": messages, "stream": true });
    if !call.is_adjusted(Adjustment::NoTokenCounts) {
        body["stream_options"] = json!({ "include_usage": true });
    }
    if let Some(tokens) = request.max_tokens {
        let newer = hosted || call.is_adjusted(Adjustment::NewerTokenLimit);
        body[if newer { "max_completion_tokens" } else { "max_tokens" }] = json!(tokens);
    }
    if let Some(temperature) = request.temperature.filter(|_| !call.is_adjusted(Adjustment::NoTemperature)) {
        body["temperature"] = json!(temperature);
    }
    if call.is_adjusted(Adjustment::NoReasoning) {
        body["reasoning_effort"] = json!("none");
    }
    if let Some(schema) = &request.schema {
        body["response_format"] = json!({
            "type": "json_schema",
            "json_schema": { "name": schema.name(), "schema": schema.json(), "strict": schema.is_strict() },
        });
    }
    if !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(write_tool).collect();
    }
    body
}

/// The form in which Ollama too takes its tools.
pub(super) fn write_tool(tool: &Tool) -> Value {
    json!({
        "type": "function",
        "function": {
            "name": tool.name(),
            "description": tool.description,
            "parameters": tool.arguments.json(),
        },
    })
}

fn write(message: &Message, model: &str) -> Value {
    match message {
        Message::System { text } => json!({ "role": "system", "content": text }),
        Message::User { text } => json!({ "role": "user", "content": text }),
        Message::Assistant(turn) => write_turn(turn, model),
        Message::Tool(result) => {
            let text = if result.failed { format!("Error: {}", result.text) } else { result.text.clone() };
            json!({ "role": "tool", "tool_call_id": result.call, "content": text })
        }
    }
}

fn write_turn(turn: &Turn, model: &str) -> Value {
    let mut message = json!({ "role": "assistant", "content": turn.text });
    if !turn.tool_calls.is_empty() {
        let write_call = |call: &crate::request::ToolCall| {
            json!({
                "id": call.id,
                "type": "function",
                "function": { "name": call.name, "arguments": call.arguments.to_string() },
            })
        };
        message["tool_calls"] = turn.tool_calls.iter().map(write_call).collect();
        if turn.text.is_empty() {
            message["content"] = Value::Null;
        }
        // Models that think aloud want their thoughts back while they work with tools, and only then.
        if let Some(Value::Object(thoughts)) = own_echo(turn.echo.as_ref(), ProviderKind::OpenAi, model) {
            for (name, value) in thoughts {
                message[name] = value.clone();
            }
        }
    }
    message
}

/// Reads `chat.completion.chunk` objects up to `[DONE]`.
#[derive(Default)]
struct Chunks {
    stop: Option<Stop>,
    called: bool,
    declined: bool,
    /// Thoughts so far, under the name that the server gives them.
    thoughts: Map<String, Value>,
}

impl Chunks {
    fn farewell(&mut self) -> Vec<Piece> {
        let Some(stop) = self.stop.take() else { return Vec::new() };
        let mut pieces = Vec::new();
        if self.called && !self.thoughts.is_empty() {
            pieces.push(Piece::Echo(Value::Object(std::mem::take(&mut self.thoughts))));
        }
        // Some servers say `stop` where they mean `tool_calls`.
        let stop = if self.called && stop == Stop::End { Stop::ToolCalls } else { stop };
        pieces.push(Piece::Done(stop));
        pieces
    }

    fn delta(&mut self, delta: &Value, pieces: &mut Vec<Piece>) {
        for name in THOUGHTS {
            if let Some(text) = delta[name].as_str().filter(|text| !text.is_empty()) {
                pieces.push(Piece::Thinking(text.to_owned()));
                match self.thoughts.get_mut(name) {
                    Some(Value::String(so_far)) => so_far.push_str(text),
                    _ => drop(self.thoughts.insert(name.to_owned(), json!(text))),
                }
                break;
            }
        }
        for name in ["content", "refusal"] {
            if let Some(text) = delta[name].as_str().filter(|text| !text.is_empty()) {
                pieces.push(Piece::Text(text.to_owned()));
            }
        }
        for (place, call) in delta["tool_calls"].as_array().into_iter().flatten().enumerate() {
            self.called = true;
            let text = |value: &Value| value.as_str().map(str::to_owned);
            pieces.push(Piece::ToolCall(ToolFragment {
                index: call["index"].as_u64().unwrap_or(place as u64).try_into().unwrap_or(u32::MAX),
                id: text(&call["id"]),
                name: text(&call["function"]["name"]),
                arguments: text(&call["function"]["arguments"]).unwrap_or_default(),
            }));
        }
        self.declined |= delta["refusal"].is_string();
    }
}

impl Decoder for Chunks {
    fn frame(&mut self, frame: &str) -> Result<Vec<Piece>, Fault> {
        if frame.trim() == "[DONE]" {
            let pieces = self.farewell();
            return if pieces.is_empty() { Err(Fault::Cut { received: 0 }) } else { Ok(pieces) };
        }
        let chunk = json(frame)?;
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            let name = error["code"].as_str().or(error["type"].as_str()).unwrap_or_default();
            return Err(reported(name, error["message"].as_str().unwrap_or_default()));
        }
        let mut pieces = Vec::new();
        if let Some(choice) =
            chunk["choices"].get(0).filter(|choice| choice["index"].as_u64().unwrap_or(0) == 0)
        {
            self.delta(&choice["delta"], &mut pieces);
            if let Some(reason) = choice["finish_reason"].as_str() {
                self.stop = Some(match reason {
                    _ if self.declined => Stop::Declined,
                    "stop" => Stop::End,
                    "length" => Stop::MaxTokens,
                    "tool_calls" | "function_call" => Stop::ToolCalls,
                    "content_filter" => Stop::Declined,
                    _ => Stop::Other,
                });
            }
        }
        let usage = &chunk["usage"];
        if let Some(input) = usage["prompt_tokens"].as_u64() {
            let details = &usage["prompt_tokens_details"];
            pieces.push(Piece::Usage(Usage {
                input_tokens: input,
                cached_tokens: details["cached_tokens"].as_u64().unwrap_or(0),
                cache_write_tokens: details["cache_write_tokens"].as_u64().unwrap_or(0),
                output_tokens: usage["completion_tokens"].as_u64().unwrap_or(0),
                estimated: false,
            }));
        }
        Ok(pieces)
    }

    /// Some servers leave `[DONE]` out; that they gave a reason to stop is enough.
    fn end(&mut self) -> Vec<Piece> {
        self.farewell()
    }
}
