//! A crowd: a thousand connections that follow one run, at Atelier and at npm's socket.io, by the same client in one run.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::atelier::{self, Atelier};
use crate::client::{Ask, Client};
use crate::load::{Latencies, latencies, record};
use crate::{Result, film, process};

/// Connections.
pub(crate) const SOCKETS: usize = 1_000;
/// Messages a second that each of them hears.
pub(crate) const RATE: f64 = 20.0;
/// How long they hear them.
const TIME: Duration = Duration::from_secs(20);
/// How long both are left alone before memory is read: longer than the server keeps what is free.
const REST: Duration = Duration::from_secs(20);
/// How long a message may take to arrive before the run gives up.
const PATIENCE: Duration = Duration::from_secs(20);
/// Engine.IO's sign of life, and the answer to it.
const PING: &str = "2";
const PONG: &str = "3";

type Socket = WebSocketStream<TcpStream>;

/// What a crowd showed.
pub(crate) struct Seen {
    /// From when a message was to be told to its arrival at each connection.
    pub(crate) latencies: Latencies,
    /// Messages that arrived, at all connections together.
    pub(crate) deliveries: u64,
    /// Over how long.
    pub(crate) took: Duration,
    /// The server's processor time for one of them, in microseconds.
    pub(crate) cpu: f64,
    /// What an idle connection takes, in KiB of the server's resident memory.
    pub(crate) idle: f64,
    /// A turn's messages, with `@@` for its number.
    pub(crate) messages: Vec<(String, String)>,
}

/// Whom the crowd listens to.
struct Stage {
    process: u32,
    address: SocketAddr,
    client: Client,
    handshake: Value,
    /// The run that is followed, and its project.
    run: String,
    project: String,
}

/// A run of Atelier's that is paused again and again, each time for another reason.
pub(crate) async fn ours() -> Result<Seen> {
    let (_folder, server, stage) = paused().await?;
    let seen = gather(stage).await?;
    server.stop().await?;
    Ok(seen)
}

/// What an idle connection to Atelier takes, in KiB, of so many.
pub(crate) async fn idle(sockets: usize) -> Result<f64> {
    let (_folder, server, stage) = paused().await?;
    let (mut listening, idle) = seat(&stage, sockets, &Heard::nothing()?).await?;
    drop(stage);
    listening.abort_all();
    while listening.join_next().await.is_some() {}
    server.stop().await?;
    Ok(idle)
}

/// A server with a run that waits.
async fn paused() -> Result<(TempDir, Atelier, Stage)> {
    let folder = tempfile::tempdir()?;
    atelier::set_up(folder.path()).await?;
    let server = Atelier::start(folder.path(), &[("ATELIER_LIMITS_AGENTS", "1".into())]).await?;
    let mut client = server.client().await?;
    let project = film::with_script(&mut client).await?;
    let order = json!({ "projectId": project, "task": "List sounds and music", "departments": ["audio"], "async": true });
    let ordered = client.json(&Ask::post("/api/v1/orchestrator/task", &order)).await?;
    let run = ordered["taskId"].as_str().ok_or_else(|| format!("no run: {ordered}"))?.to_owned();
    // Before it has ended: what is not begun by then waits for as long as it is paused.
    let path = format!("/api/v1/projects/{project}/runs/{run}");
    client.send(&Ask::post(format!("{path}/pause"), &json!({ "why": "It is to be looked at." }))).await?;
    let handshake = json!({ "token": server.sign_in().await?, "projectId": project });
    let stage = Stage { process: server.id()?, address: server.address, client, handshake, run, project };
    Ok((folder, server, stage))
}

/// The same messages, told by socket.io.
pub(crate) async fn theirs(messages: &[(String, String)]) -> Result<Seen> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let mut child: Child = Command::new("node")
        .args(["socketio.mjs", &serde_json::to_string(messages)?])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = child.stdout.take().ok_or("the peer says nothing")?;
    let said = BufReader::new(output).lines().next_line().await?.ok_or("the peer ended at its start")?;
    let address = said.trim_start_matches("http://").trim_end_matches('/').parse()?;
    let client = Client::connect(address, None).await?;
    let process = child.id().ok_or("the peer has ended")?;
    let stage =
        Stage { process, address, client, handshake: json!({}), run: String::new(), project: String::new() };
    let seen = gather(stage).await?;
    child.kill().await?;
    Ok(seen)
}

/// What all connections heard so far.
struct Heard {
    latencies: Latencies,
    deliveries: u64,
    /// When each turn was to be told.
    due: Vec<Instant>,
    /// What the first connection heard in the turn that is looked at.
    first: Vec<String>,
}

type Shared = Arc<Mutex<Heard>>;

impl Heard {
    fn nothing() -> Result<Shared> {
        let latencies = latencies()?;
        Ok(Arc::new(Mutex::new(Self { latencies, deliveries: 0, due: Vec::new(), first: Vec::new() })))
    }
}

impl Stage {
    /// Has a turn's messages told.
    async fn tell(&mut self, turn: usize) -> Result<()> {
        let ask = if self.run.is_empty() {
            Ask::post(format!("/tell/{turn}"), &json!({}))
        } else {
            let pause = format!("/api/v1/projects/{}/runs/{}/pause", self.project, self.run);
            Ask::post(pause, &json!({ "why": format!("@{turn}@") }))
        };
        self.client.send(&ask).await.map(drop)
    }
}

/// Seats so many connections. What an idle one takes, in KiB of the server's resident memory.
async fn seat(stage: &Stage, sockets: usize, heard: &Shared) -> Result<(JoinSet<Result<()>>, f64)> {
    tokio::time::sleep(REST).await;
    let before = process::memory(stage.process)?.0;
    let mut listening = JoinSet::new();
    for number in 0..sockets {
        let mut socket = join(stage.address, &stage.handshake).await?;
        let follow = json!(["subscribe:execution", { "executionId": stage.run }]);
        socket.send(Message::text(format!("42{follow}"))).await?;
        listening.spawn(listen(socket, number == 0, heard.clone()));
    }
    tokio::time::sleep(REST).await;
    let idle = (process::memory(stage.process)?.0 - before) * 1024.0 / sockets as f64;
    if let Some(cut) = listening.try_join_next() {
        return Err(format!("a connection was cut while the crowd gathered: {cut:?}").into());
    }
    Ok((listening, idle))
}

async fn gather(mut stage: Stage) -> Result<Seen> {
    let heard = Heard::nothing()?;
    let (mut listening, idle) = seat(&stage, SOCKETS, &heard).await?;
    let each = settled(&mut stage, &heard).await?;
    let messages = lock(&heard).first.iter().map(|text| template(text)).collect::<Result<Vec<_>>>()?;
    let turns = (TIME.as_secs_f64() * RATE / each as f64).ceil() as usize;
    let apart = Duration::from_secs_f64(each as f64 / RATE);
    let first = {
        let mut heard = lock(&heard);
        (heard.latencies, heard.deliveries) = (latencies()?, 0);
        heard.due.len()
    };
    let (began, busy) = (Instant::now(), process::busy(stage.process)?);
    for turn in 0..turns {
        let due = began + apart * turn as u32;
        tokio::time::sleep_until(due).await;
        lock(&heard).due.push(due);
        stage.tell(first + turn).await?;
    }
    arrived(&heard, (turns * each * SOCKETS) as u64).await?;
    let (took, busy) = (began.elapsed(), process::busy(stage.process)? - busy);
    listening.abort_all();
    while listening.join_next().await.is_some() {}
    let heard = lock(&heard);
    let (latencies, deliveries) = (heard.latencies.clone(), heard.deliveries);
    let cpu = busy.as_secs_f64() * 1e6 / deliveries as f64;
    Ok(Seen { latencies, deliveries, took, cpu, idle, messages })
}

/// Tells turns until one of them brought as many messages as the one before: all follow by then, and the run rests. How
/// many each connection heard of it.
async fn settled(stage: &mut Stage, heard: &Shared) -> Result<usize> {
    let mut before = 0;
    for turn in 0..20 {
        {
            let mut heard = lock(heard);
            (heard.deliveries, heard.first) = (0, Vec::new());
            heard.due.push(Instant::now());
        }
        stage.tell(turn).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (deliveries, first) = {
            let heard = lock(heard);
            (heard.deliveries, heard.first.len())
        };
        if first > 0 && first == before && deliveries == (first * SOCKETS) as u64 {
            return Ok(first);
        }
        before = first;
    }
    let heard = lock(heard);
    Err(format!(
        "the crowd did not come to rest: {} messages, of which the first connection heard {:?}",
        heard.deliveries, heard.first
    )
    .into())
}

async fn arrived(heard: &Shared, deliveries: u64) -> Result<()> {
    let patience = Instant::now() + PATIENCE;
    while lock(heard).deliveries < deliveries {
        if Instant::now() > patience {
            return Err(format!("{} of {deliveries} messages arrived", lock(heard).deliveries).into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// A message's name and body, with `@@` for the number of its turn.
fn template(text: &str) -> Result<(String, String)> {
    let event: Value = serde_json::from_str(text)?;
    let name = event[0].as_str().ok_or("an event without a name")?.to_owned();
    let body = event[1].to_string();
    Ok((
        name,
        match marker(&body) {
            Some(turn) => body.replace(&format!("@{turn}@"), "@@"),
            None => body,
        },
    ))
}

/// The number of the turn that a message tells of.
fn marker(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once('@')?;
    rest.split_once('@')?.0.parse().ok()
}

/// Takes a seat, in the protocol of Socket.IO 5 over Engine.IO 4.
async fn join(address: SocketAddr, handshake: &Value) -> Result<Socket> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) =
        client_async(format!("ws://{address}/socket.io/?EIO=4&transport=websocket"), stream).await?;
    next(&mut socket, "0").await?;
    socket.send(Message::text(format!("40{handshake}"))).await?;
    next(&mut socket, "40").await?;
    Ok(socket)
}

/// Waits for the message that begins so; answers the server's pings meanwhile.
async fn next(socket: &mut Socket, begins: &str) -> Result<()> {
    loop {
        match tokio::time::timeout(PATIENCE, socket.next()).await {
            Ok(Some(Ok(message))) if message.to_text()?.starts_with(begins) => return Ok(()),
            Ok(Some(Ok(message))) if message.to_text()? == PING => socket.send(Message::text(PONG)).await?,
            other => return Err(format!("instead of “{begins}…” came {other:?}").into()),
        }
    }
}

/// Counts what comes, until the connection ends.
async fn listen(mut socket: Socket, is_first: bool, heard: Shared) -> Result<()> {
    while let Some(message) = socket.next().await {
        let message = message?;
        let text = message.to_text()?;
        if text == PING {
            socket.send(Message::text(PONG)).await?;
            continue;
        }
        // Who is there is told as well, and is no part of this.
        let Some(event) = text.strip_prefix("42").filter(|event| !event.starts_with("[\"presence")) else {
            continue;
        };
        let at = Instant::now();
        let mut heard = lock(&heard);
        heard.deliveries += 1;
        if is_first {
            heard.first.push(event.to_owned());
        }
        if let Some(turn) = marker(event)
            && let Some(due) = heard.due.get(turn).copied()
        {
            record(&mut heard.latencies, at.saturating_duration_since(due));
        }
    }
    Ok(())
}

fn lock(heard: &Shared) -> std::sync::MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}
