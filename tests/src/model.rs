//! A language model for tests: it speaks the protocol of OpenAI's chat completions, and says what the test tells it to, when
//! it tells it to.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::{Actor, within};

/// A model that waits to be asked.
pub struct Model {
    url: String,
    calls: mpsc::Receiver<Call>,
}

impl Model {
    /// Begins to listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let (asked, calls) = mpsc::channel(16);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                if asked.send(Call::take(socket).await).await.is_err() {
                    return;
                }
            }
        });
        Self { url, calls }
    }

    /// Makes it the model of an administrator's server.
    pub async fn serve(&self, admin: &Actor) {
        let body = json!({ "provider": "openai", "model": "understudy", "baseUrl": self.url });
        let (status, answer) = admin.send_json(reqwest::Method::PUT, "/settings/model", &body).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Lets a project ask it in spite of its price, which nobody knows.
    pub async fn allow(&self, owner: &Actor, project: &str) {
        let path = format!("/projects/{project}/budgets");
        let (status, answer) =
            owner.send_json(reqwest::Method::PUT, &path, &json!({ "unpriced": true })).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// The next question.
    pub async fn asked(&mut self) -> Call {
        within("a question to the model", self.calls.recv()).await.expect("the listener lives")
    }
}

/// A question that is being answered. Dropped, the answer breaks off.
pub struct Call {
    socket: BufReader<TcpStream>,
    /// What was asked.
    pub body: Value,
}

impl Call {
    async fn take(socket: TcpStream) -> Self {
        let mut socket = BufReader::new(socket);
        let mut length = 0;
        loop {
            let mut line = String::new();
            socket.read_line(&mut line).await.expect("a header");
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        socket.read_exact(&mut body).await.expect("a body");
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        socket.get_mut().write_all(head.as_bytes()).await.expect("it listens");
        Self { socket, body: serde_json::from_slice(&body).expect("JSON") }
    }

    async fn tell(&mut self, frame: &str) {
        // Whoever stopped the answer hears no more of it.
        let _ = self.socket.get_mut().write_all(format!("data: {frame}\n\n").as_bytes()).await;
    }

    /// Says a piece of the answer.
    pub async fn say(&mut self, text: &str) {
        self.tell(&json!({ "choices": [{ "index": 0, "delta": { "content": text } }] }).to_string()).await;
    }

    /// Calls a tool, as its answer or a part of it.
    pub async fn use_tool(&mut self, id: &str, name: &str, arguments: &Value) {
        let function = json!({ "name": name, "arguments": arguments.to_string() });
        let call = json!({ "index": 0, "id": id, "type": "function", "function": function });
        let delta = json!({ "choices": [{ "index": 0, "delta": { "tool_calls": [call] } }] });
        self.tell(&delta.to_string()).await;
    }

    /// Says how many tokens the question and the answer had.
    pub async fn count(&mut self, input: u64, output: u64) {
        let usage = json!({ "prompt_tokens": input, "completion_tokens": output });
        self.tell(&json!({ "choices": [], "usage": usage }).to_string()).await;
    }

    /// Says that this was the answer.
    pub async fn end(mut self) {
        let last = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
        self.tell(&last.to_string()).await;
        self.tell("[DONE]").await;
    }
}
