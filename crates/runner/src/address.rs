//! Where a server is, and how a runner gets there.

use std::str::FromStr;
use std::sync::Arc;

use rustls_platform_verifier::ConfigVerifierExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};
use wire::runner::LARGEST;

use crate::connection::Lost;

/// Where a server is, for its runners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// As people open it.
    page: String,
    /// Where runners join.
    socket: String,
}

impl Address {
    /// As people open it in the browser, without a slash at its end.
    #[must_use]
    pub fn page(&self) -> &str {
        &self.page
    }
}

/// A text that is no server's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server's address begins with https:// or http://, and names nothing but the server")]
pub struct NoAddress;

impl FromStr for Address {
    type Err = NoAddress;

    /// Reads `https://atelier.example.org`, as people open it in the browser.
    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let (scheme, host) = text.split_once("://").ok_or(NoAddress)?;
        let socket = match scheme {
            "https" => "wss",
            "http" => "ws",
            _ => return Err(NoAddress),
        };
        let host = host.trim_end_matches('/');
        if host.is_empty() || host.contains(['?', '#', '@', ' ']) {
            return Err(NoAddress);
        }
        Ok(Self { page: format!("{scheme}://{host}"), socket: format!("{socket}://{host}/ws/runner") })
    }
}

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Connects to a server.
///
/// # Errors
/// Why that cannot be.
pub(crate) async fn dial(server: &Address) -> Result<Socket, Lost> {
    let tls = if server.socket.starts_with("wss:") {
        let tls = rustls::ClientConfig::with_platform_verifier();
        Connector::Rustls(Arc::new(tls.map_err(|error| Lost::Broken(error.to_string()))?))
    } else {
        Connector::Plain
    };
    let config = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
    // Small messages go out at once.
    let (socket, _) = connect_async_tls_with_config(&server.socket, Some(config), true, Some(tls)).await?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_as_people_open_it() {
        let read = |text: &str| text.parse::<Address>().map(|address| address.socket);
        assert_eq!(read("https://atelier.example.org/"), Ok("wss://atelier.example.org/ws/runner".into()));
        assert_eq!(read("http://127.0.0.1:4400"), Ok("ws://127.0.0.1:4400/ws/runner".into()));
        assert_eq!(read("https://example.org/atelier"), Ok("wss://example.org/atelier/ws/runner".into()));
        for wrong in ["", "127.0.0.1:4400", "ftp://a", "https://", "https://a?key=b", "https://me:you@a"] {
            assert_eq!(read(wrong), Err(NoAddress), "{wrong}");
        }
    }
}
