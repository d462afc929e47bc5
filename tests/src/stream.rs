//! A listener to a conversation, as a browser's `EventSource` reads it: bytes, lines, events, and the last id.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::{Actor, within};

/// One event as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What to send as `Last-Event-ID`.
    pub id: String,
    /// The event's name.
    pub name: String,
    /// What it says.
    pub data: Value,
}

impl Event {
    /// The new characters, if it brings any.
    pub fn delta(&self) -> &str {
        self.data["delta"].as_str().unwrap_or_default()
    }

    /// `start`, `chunk`, `complete` or `error`.
    pub fn kind(&self) -> &str {
        self.data["type"].as_str().unwrap_or_default()
    }

    /// Whether no more of this answer comes after it.
    pub fn is_last(&self) -> bool {
        matches!(self.kind(), "complete" | "error")
    }
}

/// A connection. Dropped, it is cut.
pub struct Stream {
    answer: Response,
    bytes: Vec<u8>,
    /// Bytes that may still come before the line is cut.
    left: usize,
}

impl Stream {
    /// Listens, from behind an event if its id is given.
    pub async fn open(actor: &Actor, conversation: &str, last: Option<&str>) -> Self {
        Self::open_for(actor, conversation, last, usize::MAX).await
    }

    /// Listens over a line that is cut after so many bytes.
    pub async fn open_for(actor: &Actor, conversation: &str, last: Option<&str>, bytes: usize) -> Self {
        let path = format!("/orchestrator/stream?conversationId={conversation}");
        let mut request = actor.request(Method::GET, &path);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        Self { left: bytes, ..Self::of(request).await }
    }

    /// Listens to whatever a request answers with.
    pub async fn of(request: RequestBuilder) -> Self {
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
        assert!(
            answer.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/event-stream"))
        );
        Self { answer, bytes: Vec::new(), left: usize::MAX }
    }

    /// The next whole event; nothing once the line is cut or the stream has ended.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.bytes.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.bytes.drain(..end + 2).collect();
                if let Some(event) = read(&String::from_utf8(block).expect("UTF-8")) {
                    return Some(event);
                }
                continue;
            }
            if self.left == 0 {
                return None;
            }
            let chunk = within("more of the stream", self.answer.chunk()).await.ok().flatten()?;
            let taken = chunk.len().min(self.left);
            self.left -= taken;
            self.bytes.extend_from_slice(&chunk[..taken]);
        }
    }

    /// Everything up to the end of an answer.
    pub async fn whole(mut self) -> Vec<Event> {
        let mut heard = Vec::new();
        while let Some(event) = self.next().await {
            let last = event.is_last();
            heard.push(event);
            if last {
                break;
            }
        }
        heard
    }
}

/// The characters that some events brought.
pub fn text(events: &[Event]) -> String {
    events.iter().map(Event::delta).collect()
}

/// A block of lines as an event; nothing for a comment that only keeps the line alive.
fn read(block: &str) -> Option<Event> {
    let mut event = Event { id: String::new(), name: String::new(), data: Value::Null };
    let mut data = String::new();
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => value.clone_into(&mut event.id),
            "event" => value.clone_into(&mut event.name),
            "data" => data.push_str(value),
            _ => {}
        }
    }
    if data.is_empty() {
        return None;
    }
    event.data = serde_json::from_str(&data).expect("JSON");
    Some(event)
}
