//! A fleet: thousands of runners on one server, which join, beat, and come back when the server was killed. They are the protocol
//! alone; what a real runner does besides is on its own machine.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use kernel::{Ambient, Random};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::Result;
use crate::atelier::Atelier;
use crate::client::Ask;

/// How often a runner beats, and how long one that lost its server waits at least and at most: `wire::runner`, `runner`.
const BEAT: Duration = Duration::from_secs(30);
const AGAIN: (u64, u64) = (1_000, 30_000);
/// How long a runner waits for an answer before it takes the server for dead.
const SILENCE: Duration = Duration::from_secs(75);
/// How long they beat: each of them three times.
const TIME: Duration = Duration::from_secs(90);
/// How long all are left alone before memory is read: longer than the server keeps what is free.
const REST: Duration = Duration::from_secs(20);
/// How many join at the same time when the fleet is gathered for the first time.
const AT_ONCE: usize = 64;

/// What a fleet showed.
pub(crate) struct Seen {
    /// How long all took to join, one after the other of each of 64 lines.
    pub(crate) joined: Duration,
    /// Resident memory of the server for each, in KiB.
    pub(crate) each: f64,
    /// Beats that were said, those that were answered, and the longest answer.
    pub(crate) beats: (u64, u64, Duration),
    /// How long all took to be there again after the server was killed and started anew: from its first answer.
    pub(crate) storm: Duration,
}

/// What the runners have in common.
struct Fleet {
    address: SocketAddr,
    ambient: Ambient,
    project: String,
    there: AtomicUsize,
    said: AtomicU64,
    answered: AtomicU64,
    longest: AtomicU64,
    changed: Notify,
}

/// Gathers a fleet on an empty folder.
pub(crate) async fn gather(data: &Path, runners: usize) -> Result<Seen> {
    let server = Atelier::start(data, &[]).await?;
    let mut ada = server.client().await?;
    let film = ada.json(&Ask::post("/api/v1/projects", &json!({ "name": "Tides", "type": "movie" }))).await?;
    let mut keys = Vec::with_capacity(runners);
    for number in 0..runners {
        let made =
            ada.json(&Ask::post("/api/v1/runners", &json!({ "name": format!("forge {number}") }))).await?;
        keys.push(text(&made["key"])?);
    }
    let fleet = Arc::new(Fleet {
        address: server.address,
        ambient: Ambient::system(),
        project: text(&film["id"])?,
        there: AtomicUsize::new(0),
        said: AtomicU64::new(0),
        answered: AtomicU64::new(0),
        longest: AtomicU64::new(0),
        changed: Notify::new(),
    });
    sleep(REST).await;
    let before = server.memory()?.0;
    let began = Instant::now();
    let mut all = JoinSet::new();
    for part in keys.chunks(AT_ONCE) {
        let expected = fleet.there.load(Ordering::Relaxed) + part.len();
        for key in part {
            all.spawn(run(fleet.clone(), key.clone()));
        }
        fleet.until(expected).await?;
    }
    let joined = began.elapsed();
    sleep(REST).await;
    let each = (server.memory()?.0 - before) * 1024.0 / runners as f64;
    sleep(TIME).await;
    let longest = Duration::from_micros(fleet.longest.load(Ordering::Relaxed));
    // A beat that was said just now is answered in a moment.
    sleep(Duration::from_secs(1)).await;
    let beats = (fleet.said.load(Ordering::Relaxed), fleet.answered.load(Ordering::Relaxed), longest);
    if fleet.there.load(Ordering::Relaxed) != runners {
        return Err("runners were lost while they beat".into());
    }
    let address = server.address.to_string();
    server.kill().await?;
    fleet.until(0).await?;
    let server = Atelier::start_at(data, &address, &[]).await?;
    let back = Instant::now();
    fleet.until(runners).await?;
    let storm = back.elapsed();
    all.abort_all();
    server.stop().await?;
    Ok(Seen { joined, each, beats, storm })
}

impl Fleet {
    /// Waits until so many are there.
    async fn until(&self, there: usize) -> Result<()> {
        let waited = timeout(2 * SILENCE, async {
            while self.there.load(Ordering::Relaxed) != there {
                let _ = timeout(Duration::from_millis(20), self.changed.notified()).await;
            }
        });
        Ok(waited
            .await
            .map_err(|_| format!("{} of {there} are there", self.there.load(Ordering::Relaxed)))?)
    }

    /// A number below `most`.
    fn below(&self, most: u64) -> u64 {
        let mut bytes = [0; 8];
        self.ambient.fill(&mut bytes);
        u64::from_le_bytes(bytes) % most.max(1)
    }
}

/// Is a runner, for ever.
async fn run(fleet: Arc<Fleet>, key: String) {
    let mut attempt = 0;
    loop {
        if let Ok(socket) = join(&fleet, &key).await {
            attempt = 0;
            fleet.there.fetch_add(1, Ordering::Relaxed);
            fleet.changed.notify_one();
            // However it ends, it tries again.
            let _ = beat(&fleet, socket).await;
            fleet.there.fetch_sub(1, Ordering::Relaxed);
            fleet.changed.notify_one();
        }
        // As `runner` does: the pause doubles, and is a second at least.
        let most = (AGAIN.0 << attempt.min(10)).min(AGAIN.1 - AGAIN.0);
        sleep(Duration::from_millis(AGAIN.0 + fleet.below(most))).await;
        attempt += 1;
    }
}

type Socket = WebSocketStream<TcpStream>;

async fn join(fleet: &Fleet, key: &str) -> Result<Socket> {
    let stream = TcpStream::connect(fleet.address).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = client_async(format!("ws://{}/ws/runner", fleet.address), stream).await?;
    let challenge = hear(&mut socket).await?;
    let hello = json!({
        "nonce": challenge["payload"]["nonce"], "key": key, "runnerId": null, "version": "0.1.0",
        "platform": "bench", "slots": 2, "projects": [fleet.project], "commands": true, "agents": [], "tasks": [],
    });
    say(fleet, &mut socket, "AUTH", &hello).await?;
    let welcome = hear(&mut socket).await?;
    if welcome["type"] == "AUTH_OK" { Ok(socket) } else { Err("it was not let in".into()) }
}

async fn beat(fleet: &Fleet, mut socket: Socket) -> Result<()> {
    // Not all of them at once: they did not begin at once, either.
    let first = Duration::from_millis(fleet.below(BEAT.as_millis() as u64));
    let mut clock = interval_at(Instant::now() + first, BEAT);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = clock.tick() => {}
            // The server says nothing by itself but its end.
            heard = socket.next() => return heard.map(|_| ()).ok_or_else(|| "it ended".into()),
        }
        fleet.said.fetch_add(1, Ordering::Relaxed);
        let said = Instant::now();
        say(fleet, &mut socket, "HEARTBEAT", &json!({})).await?;
        hear(&mut socket).await?;
        fleet.answered.fetch_add(1, Ordering::Relaxed);
        fleet.longest.fetch_max(said.elapsed().as_micros() as u64, Ordering::Relaxed);
    }
}

async fn say(fleet: &Fleet, socket: &mut Socket, kind: &str, payload: &Value) -> Result<()> {
    let envelope = json!({ "id": 1, "type": kind, "payload": payload, "timestamp": fleet.ambient.now() });
    Ok(socket.send(Message::text(envelope.to_string())).await?)
}

async fn hear(socket: &mut Socket) -> Result<Value> {
    let heard = timeout(SILENCE, socket.next()).await?.ok_or("it ended")??;
    Ok(serde_json::from_str(heard.to_text()?)?)
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().ok_or("no text where one was expected")?.to_owned())
}
