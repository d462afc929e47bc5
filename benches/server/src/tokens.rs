//! Tokens of a language model: from the moment at which a provider says one until it has come to a listener of the run's log,
//! beside a client that asks the same provider by itself.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::Result;
use crate::atelier::Atelier;
use crate::client::{Ask, Client};
use crate::load::{Latencies, latencies, record};

/// Answers that are heard.
const ANSWERS: usize = 50;
/// Tokens of each.
const TOKENS: usize = 20;
/// How long a token may take to arrive before the run gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long tokens took to come.
pub(crate) struct Heard {
    /// The first ones of an answer.
    pub(crate) first: Latencies,
    /// Those after them.
    pub(crate) later: Latencies,
}

/// Tokens by way of the server: from the provider through the run's log, where they are stored, to who listens.
pub(crate) async fn through(atelier: &Atelier) -> Result<Heard> {
    let provider = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}/v1", provider.local_addr()?);
    let mut client = atelier.client().await?;
    let model = json!({ "provider": "openai", "model": "understudy", "baseUrl": base });
    client.send(&Ask::put("/api/v1/settings/model", &model)).await?;
    let project = client.json(&Ask::post("/api/v1/projects/sample", &json!({}))).await?;
    let project = project["id"].as_str().ok_or("a project without an id")?.to_owned();
    let path = format!("/api/v1/projects/{project}");
    let most: i64 = 1_000_000_000;
    let budgets = json!({ "unpriced": true, "dayTokens": most });
    client.send(&Ask::put(format!("{path}/budgets"), &budgets)).await?;
    let mut heard = Heard { first: latencies()?, later: latencies()? };
    for _ in 0..ANSWERS {
        let order =
            json!({ "projectId": project, "task": "Which sounds and music cues do we need?", "async": true });
        let task = client.json(&Ask::post("/api/v1/orchestrator/task", &order)).await?;
        let run = format!("{path}/runs/{}", task["taskId"].as_str().ok_or("a task without an id")?);
        let mut call = asked(&provider).await?;
        let mut listener = atelier.client().await?;
        let mut body = listener.stream(&Ask::get(format!("{run}/stream"))).await?;
        // What the model was told comes before what it says.
        arrived(&mut body, "\"prompt\"").await?;
        hear(&mut call, &mut body, &mut heard).await?;
        end(call).await?;
    }
    Ok(heard)
}

/// The same tokens, straight from the provider.
pub(crate) async fn direct() -> Result<Heard> {
    let provider = TcpListener::bind("127.0.0.1:0").await?;
    let mut heard = Heard { first: latencies()?, later: latencies()? };
    for _ in 0..ANSWERS {
        let mut client = Client::connect(provider.local_addr()?, None).await?;
        let question = tokio::spawn(async move {
            let body = client.stream(&Ask::post("/v1/chat/completions", &json!({}))).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((client, body))
        });
        let mut call = asked(&provider).await?;
        let (_client, mut body) = question.await??;
        hear(&mut call, &mut body, &mut heard).await?;
        end(call).await?;
    }
    Ok(heard)
}

/// Takes a question, and begins to answer.
async fn asked(provider: &TcpListener) -> Result<TcpStream> {
    let (socket, _) = tokio::time::timeout(PATIENCE, provider.accept()).await??;
    socket.set_nodelay(true)?;
    let mut socket = BufReader::new(socket);
    let mut length = 0;
    loop {
        let mut line = String::new();
        socket.read_line(&mut line).await?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    socket.read_exact(&mut vec![0; length]).await?;
    let mut socket = socket.into_inner();
    socket
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        .await?;
    Ok(socket)
}

/// Says tokens, each when the one before it has come.
async fn hear(call: &mut TcpStream, body: &mut Incoming, heard: &mut Heard) -> Result<()> {
    for number in 0..TOKENS {
        // Space before JSON is a part of the answer that says nothing.
        let token = " ".repeat(number + 1);
        let delta = json!({ "choices": [{ "index": 0, "delta": { "content": token } }] });
        let said = Instant::now();
        call.write_all(format!("data: {delta}\n\n").as_bytes()).await?;
        arrived(body, &format!("\"{token}\"")).await?;
        record(if number == 0 { &mut heard.first } else { &mut heard.later }, said.elapsed());
    }
    Ok(())
}

/// Ends the answer, which says nothing.
async fn end(mut call: TcpStream) -> Result<()> {
    let nothing =
        json!({ "summary": { "text": "", "sources": [] }, "remarks": [], "suggestions": [] }).to_string();
    let answer = json!({ "choices": [{ "index": 0, "delta": { "content": nothing } }] });
    let last = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
    call.write_all(format!("data: {answer}\n\ndata: {last}\n\ndata: [DONE]\n\n").as_bytes()).await?;
    Ok(())
}

/// Waits until what comes holds this.
async fn arrived(body: &mut Incoming, what: &str) -> Result<()> {
    let mut seen: Vec<u8> = Vec::new();
    loop {
        let frame =
            tokio::time::timeout(PATIENCE, body.frame()).await.map_err(|_| format!("no {what} came"))?;
        let data = frame.ok_or_else(|| format!("the stream ended before {what}"))??.into_data();
        seen.extend_from_slice(&data.unwrap_or(Bytes::new()));
        if String::from_utf8_lossy(&seen).contains(what) {
            return Ok(());
        }
    }
}
