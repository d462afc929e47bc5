//! A live connection that stops reading: Socket.IO by hand over a TCP socket with the smallest buffer, which fills soon.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::{Actor, Atelier, within};

/// A listener who hears only when told to.
pub struct Deaf {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Deaf {
    /// Connects a person to a project, hears that they are let in, and from then on reads nothing.
    pub async fn join(actor: &Actor, app: &Atelier, project: &str) -> Self {
        let address = app.url.strip_prefix("http://").expect("an address without TLS");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4 << 10).expect("a small buffer");
        let stream = socket.connect(address.parse().expect("an address")).await.expect("a connection");
        let mut deaf = Self { stream, heard: Vec::new() };
        let upgrade = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        deaf.stream.write_all(upgrade.as_bytes()).await.expect("the server lives");
        deaf.until("pingInterval").await;
        let handshake = json!({ "token": actor.token, "projectId": project });
        deaf.say(&format!("40{handshake}")).await;
        deaf.until("presence:state").await;
        deaf
    }

    /// Says something: one masked frame of text (RFC 6455, 5.2), with a mask of zeros.
    async fn say(&mut self, text: &str) {
        let length = u16::try_from(text.len()).expect("a short text");
        let mut frame = vec![0x81, 0xfe];
        frame.extend(length.to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.stream.write_all(&frame).await.expect("the server lives");
    }

    /// Reads until an event of that name has come, and gives what it says. What came before it is forgotten.
    pub async fn hear(&mut self, name: &str) -> Value {
        let begins = format!("[\"{name}\",");
        let at = self.until(&begins).await + begins.len();
        // The rest of the frame may still be on its way.
        loop {
            let mut values = serde_json::Deserializer::from_slice(&self.heard[at..]).into_iter::<Value>();
            if let Some(Ok(value)) = values.next() {
                self.heard.drain(..at);
                return value;
            }
            self.read().await;
        }
    }

    /// Reads until `what` has come; where it begins.
    async fn until(&mut self, what: &str) -> usize {
        let mut seen = 0;
        loop {
            let rest = &self.heard[seen..];
            if let Some(at) = rest.windows(what.len()).position(|window| window == what.as_bytes()) {
                return seen + at;
            }
            seen = self.heard.len().saturating_sub(what.len());
            self.read().await;
        }
    }

    async fn read(&mut self) {
        let read = within("something over the socket", self.stream.read_buf(&mut self.heard)).await;
        assert_ne!(read.expect("readable"), 0, "the server cut the connection");
    }
}
