//! One connection to the server: the greeting, then a beat every half minute.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use kernel::Ambient;
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};
use wire::runner::{
    BEAT_MS, Challenge, Close, Envelope, FromRunner, Hello, LARGEST, SILENCE_MS, ToRunner, Welcome,
};

use crate::Options;

/// How long a server may take to let a runner in.
const PATIENCE: Duration = Duration::from_secs(20);
const BEAT: Duration = Duration::from_millis(BEAT_MS);
const SILENCE: Duration = Duration::from_millis(SILENCE_MS);

/// Where a server's runners join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

/// A text that is no server's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server's address begins with https:// or http://, and names nothing but the server")]
pub struct NoAddress;

impl FromStr for Address {
    type Err = NoAddress;

    /// Reads `https://atelier.example.org`, as people open it in the browser.
    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let (scheme, host) = text.split_once("://").ok_or(NoAddress)?;
        let scheme = match scheme {
            "https" => "wss",
            "http" => "ws",
            _ => return Err(NoAddress),
        };
        let host = host.trim_end_matches('/');
        if host.is_empty() || host.contains(['?', '#', '@', ' ']) {
            return Err(NoAddress);
        }
        Ok(Self(format!("{scheme}://{host}/ws/runner")))
    }
}

/// Why a connection is over, or never was.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The server closed it, and said why.
    Closed(Close),
    /// The server closed it for a reason of its own.
    Ended(String),
    /// Nothing was heard for too long.
    Silent,
    /// The server says what no server of this version does.
    Strange,
    /// It could not be made, or broke.
    Broken(String),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(close) => f.write_str(close.reason()),
            Self::Ended(why) if why.is_empty() => f.write_str("The server closed the connection."),
            Self::Ended(why) => f.write_str(why),
            Self::Silent => f.write_str("Nothing was heard of the server for too long."),
            Self::Strange => f.write_str("What answers there is no Atelier, or one of another version."),
            Self::Broken(why) => write!(f, "The server cannot be reached: {why}."),
        }
    }
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        match error {
            // A proxy whose server is away.
            Error::Http(answer) if answer.status().is_server_error() => {
                Self::Broken(format!("it answers {}", answer.status()))
            }
            Error::Http(_) => Self::Strange,
            error => Self::Broken(error.to_string()),
        }
    }
}

/// Joins and stays, until the connection is lost.
pub(crate) async fn keep(options: &Options, ambient: &Ambient, joined: impl FnOnce(Welcome)) -> Lost {
    let kept = async {
        let dialled = timeout(PATIENCE, dial(&options.server)).await.map_err(|_| Lost::Silent)??;
        let mut line = Line { socket: dialled, ambient, sent: 0 };
        joined(line.greet(options).await?);
        line.stay().await
    };
    match kept.await {
        Ok(never) => match never {},
        Err(lost) => lost,
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn dial(server: &Address) -> Result<Socket, Lost> {
    let tls = if server.0.starts_with("wss:") {
        let tls = rustls::ClientConfig::with_platform_verifier();
        Connector::Rustls(Arc::new(tls.map_err(|error| Lost::Broken(error.to_string()))?))
    } else {
        Connector::Plain
    };
    let config = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
    // Small messages go out at once.
    let (socket, _) = connect_async_tls_with_config(&server.0, Some(config), true, Some(tls)).await?;
    Ok(socket)
}

/// A connection that is there.
struct Line<'a> {
    socket: Socket,
    ambient: &'a Ambient,
    /// Messages that were sent.
    sent: u64,
}

/// What nothing is of.
enum Never {}

impl Line<'_> {
    /// Says who this is.
    async fn greet(&mut self, options: &Options) -> Result<Welcome, Lost> {
        let until = Instant::now() + PATIENCE;
        let ToRunner::AuthChallenge(Challenge { nonce }) = self.hear(until).await? else {
            return Err(Lost::Strange);
        };
        let hello = Hello {
            nonce,
            key: options.key.clone(),
            runner_id: None,
            version: options.version.to_owned(),
            platform: format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
            slots: options.slots,
            projects: options.folders.projects(),
        };
        self.say(FromRunner::Auth(hello)).await?;
        match self.hear(until).await? {
            ToRunner::AuthOk(welcome) => Ok(welcome),
            _ => Err(Lost::Strange),
        }
    }

    /// Beats, and hears that the server is alive.
    async fn stay(&mut self) -> Result<Never, Lost> {
        let mut beat = interval_at(Instant::now() + BEAT, BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent_at = Instant::now() + SILENCE;
        loop {
            tokio::select! {
                heard = self.hear(silent_at) => match heard? {
                    ToRunner::Heartbeat {} => silent_at = Instant::now() + SILENCE,
                    _ => return Err(Lost::Strange),
                },
                _ = beat.tick() => self.say(FromRunner::Heartbeat {}).await?,
            }
        }
    }

    async fn hear(&mut self, until: Instant) -> Result<ToRunner, Lost> {
        loop {
            match timeout_at(until, self.socket.next()).await {
                Err(_) => return Err(Lost::Silent),
                Ok(Some(Ok(Message::Text(text)))) => {
                    let heard: Envelope<ToRunner> = serde_json::from_str(&text).map_err(|_| Lost::Strange)?;
                    return Ok(heard.message);
                }
                // Answered by the library.
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                Ok(Some(Ok(Message::Close(frame)))) => return Err(closed(frame)),
                Ok(Some(Ok(Message::Binary(_) | Message::Frame(_)))) => return Err(Lost::Strange),
                Ok(Some(Err(error))) => return Err(error.into()),
                Ok(None) => return Err(Lost::Ended(String::new())),
            }
        }
    }

    async fn say(&mut self, message: FromRunner) -> Result<(), Lost> {
        self.sent += 1;
        let envelope = Envelope { id: self.sent, message, timestamp: self.ambient.now() };
        // What it is made of cannot fail to be JSON.
        let text = serde_json::to_string(&envelope).unwrap_or_default();
        match timeout(PATIENCE, self.socket.send(Message::text(text))).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(Lost::Silent),
        }
    }
}

fn closed(frame: Option<CloseFrame>) -> Lost {
    let Some(CloseFrame { code, reason }) = frame else { return Lost::Ended(String::new()) };
    Close::of(code.into()).map_or_else(|| Lost::Ended(reason.to_string()), Lost::Closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_as_people_open_it() {
        let read = |text: &str| text.parse::<Address>().map(|address| address.0);
        assert_eq!(read("https://atelier.example.org/"), Ok("wss://atelier.example.org/ws/runner".into()));
        assert_eq!(read("http://127.0.0.1:4400"), Ok("ws://127.0.0.1:4400/ws/runner".into()));
        assert_eq!(read("https://example.org/atelier"), Ok("wss://example.org/atelier/ws/runner".into()));
        for wrong in ["", "127.0.0.1:4400", "ftp://a", "https://", "https://a?key=b", "https://me:you@a"] {
            assert_eq!(read(wrong), Err(NoAddress), "{wrong}");
        }
    }
}
