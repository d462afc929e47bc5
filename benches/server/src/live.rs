//! Live updates: how long it takes from a change until it has come to all who listen.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::Result;
use crate::atelier::Atelier;
use crate::client::Ask;
use crate::film::Film;
use crate::load::{Latencies, latencies, record};

/// How long a change may take to arrive before the run gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Engine.IO's sign of life, and the answer to it.
const PING: &str = "2";
const PONG: &str = "3";

/// Lets `listeners` hear `changes`, one after the other. From the sending of the change to its arrival, for each of them.
pub(crate) async fn fan_out(
    atelier: &Atelier,
    film: &Film,
    listeners: usize,
    changes: usize,
) -> Result<Latencies> {
    let token = atelier.sign_in().await?;
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let mut listening = tokio::task::JoinSet::new();
    for _ in 0..listeners {
        let socket = join(atelier, film, &token).await?;
        listening.spawn(listen(socket, arrived.clone()));
    }
    drop(arrived);
    let mut client = atelier.client().await?;
    let mut took = latencies()?;
    for change in 0..changes {
        let scene = film.path(&format!("scenes/{}", film.scenes[change % film.scenes.len()]));
        let patch = Ask::patch(scene, &json!({ "description": format!("As told the {change}th time") }));
        let sent = Instant::now();
        client.send(&patch).await?;
        let mut first = None;
        for _ in 0..listeners {
            let heard = tokio::time::timeout(PATIENCE, arrivals.recv()).await;
            let (seq, at) =
                heard.map_err(|_| "a change did not come to all")?.ok_or("a listener was cut off")?;
            if *first.get_or_insert(seq) != seq {
                return Err("two changes came where one was made".into());
            }
            record(&mut took, at.saturating_duration_since(sent));
        }
    }
    listening.abort_all();
    Ok(took)
}

type Socket = WebSocketStream<TcpStream>;

/// Takes a seat in the project, in the protocol of Socket.IO 5 over Engine.IO 4.
async fn join(atelier: &Atelier, film: &Film, token: &str) -> Result<Socket> {
    let stream = TcpStream::connect(atelier.address).await?;
    let address = format!("ws://{}/socket.io/?EIO=4&transport=websocket", atelier.address);
    let (mut socket, _) = client_async(address, stream).await?;
    heard(&mut socket, "0").await?;
    let handshake = json!({ "token": token, "projectId": film.project });
    socket.send(Message::text(format!("40{handshake}"))).await?;
    heard(&mut socket, "40").await?;
    // Who is there is told to whoever sits down: the seat is taken.
    heard(&mut socket, "42").await?;
    Ok(socket)
}

/// Waits for the message that begins so; answers the server's pings meanwhile.
async fn heard(socket: &mut Socket, begins: &str) -> Result<()> {
    loop {
        match tokio::time::timeout(PATIENCE, socket.next()).await {
            Ok(Some(Ok(message))) if message.to_text()?.starts_with(begins) => return Ok(()),
            Ok(Some(Ok(message))) if message.to_text()? == PING => socket.send(Message::text(PONG)).await?,
            other => return Err(format!("instead of “{begins}…” came {other:?}").into()),
        }
    }
}

/// Tells of every change that comes, with its number in the stream, until the connection ends.
async fn listen(mut socket: Socket, arrived: mpsc::UnboundedSender<(i64, Instant)>) -> Result<()> {
    while let Some(message) = socket.next().await {
        let message = message?;
        let text = message.to_text()?;
        if text == PING {
            socket.send(Message::text(PONG)).await?;
            continue;
        }
        let Some(event) = text.strip_prefix("42") else { continue };
        let at = Instant::now();
        let event: Value = serde_json::from_str(event)?;
        if event[0] == "entity:updated" {
            let seq = event[1]["seq"].as_i64().ok_or("a change without a number")?;
            arrived.send((seq, at))?;
        }
    }
    Ok(())
}
