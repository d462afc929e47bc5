//! Slack's "Socket Mode": a server that Slack cannot reach asks for a socket, and hears over it what would come by HTTP.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use identity::Secret;
use kernel::{Code, Error, Result};
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, connect_async_tls_with_config};

use super::said::{Frame, frame};
use super::{APP_TOKEN, Inner};

/// How long to wait before another socket is asked for, at the least and at the most.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How often it is looked whether there is a token, or another one: another server may have been told it.
const LOOK: Duration = Duration::from_secs(60);
/// How long a socket may take to open.
const OPENS: Duration = Duration::from_secs(20);
/// Slack pings every few seconds. A socket that is silent so long is dead.
const SILENCE: Duration = Duration::from_secs(90);
/// The most bytes of a message.
const LARGEST: usize = 1024 * 1024;

/// Hears Slack over sockets for as long as there is a token for that.
pub(super) async fn listen(inner: &Arc<Inner>) -> Infallible {
    let mut pause = AGAIN.0;
    loop {
        let wait = match inner.client.token(APP_TOKEN).await {
            Ok(None) => LOOK,
            Ok(Some(token)) => {
                let heard = hear(inner, &token).await;
                let was_open = inner.is_open.swap(false, Ordering::Relaxed);
                match heard {
                    Ok(()) => pause = AGAIN.0,
                    Err(error) => {
                        tracing::warn!(%error, "the socket to Slack is not open");
                        pause = if was_open { AGAIN.0 } else { (pause * 2).min(AGAIN.1) };
                    }
                }
                pause
            }
            Err(error) => {
                tracing::warn!(%error, "the token for a socket to Slack could not be read");
                LOOK
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = inner.changed.notified() => pause = AGAIN.0,
        }
    }
}

/// Hears Slack over one socket, until Slack closes it or the token is another one.
async fn hear(inner: &Inner, token: &Secret) -> Result<()> {
    let failed = |error: tokio_tungstenite::tungstenite::Error| {
        Error::new(Code::ProviderError, "The socket to Slack failed.").caused_by(error)
    };
    let late = |_| Error::new(Code::ProviderError, "Slack was silent for too long.");
    let url = inner.client.open_socket(token).await?;
    let bounds = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
    let tls = Connector::Rustls(inner.client.tls());
    let opened = connect_async_tls_with_config(url, Some(bounds), true, Some(tls));
    let (mut socket, _) = timeout(OPENS, opened).await.map_err(late)?.map_err(failed)?;
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    look.reset();
    inner.is_open.store(true, Ordering::Relaxed);
    loop {
        let message = tokio::select! {
            message = timeout(SILENCE, socket.next()) => message.map_err(late)?,
            () = inner.changed.notified() => if is_still(inner, token).await? { continue } else { return Ok(()) },
            _ = look.tick() => if is_still(inner, token).await? { continue } else { return Ok(()) },
        };
        let Some(message) = message else { return Ok(()) };
        let Message::Text(text) = message.map_err(failed)? else { continue };
        match frame(&text) {
            Some(Frame::Disconnect) => return Ok(()),
            Some(Frame::Said(envelope, said)) => {
                if let Some(said) = said {
                    // What is not acknowledged is said again.
                    if let Err(error) = inner.hear(said).await {
                        tracing::warn!(%error, "what was said in Slack could not be taken in");
                        continue;
                    }
                }
                let acknowledged = json!({ "envelope_id": envelope }).to_string();
                timeout(OPENS, socket.send(Message::text(acknowledged)))
                    .await
                    .map_err(late)?
                    .map_err(failed)?;
            }
            Some(Frame::Nothing) | None => {}
        }
    }
}

/// Whether the token is what it was.
async fn is_still(inner: &Inner, token: &Secret) -> Result<bool> {
    let now = inner.client.token(APP_TOKEN).await?;
    Ok(now.is_some_and(|now| now.expose() == token.expose()))
}
