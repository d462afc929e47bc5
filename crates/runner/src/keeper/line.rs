//! The socket between a runner and a keeper, as lines.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// The most bytes of a line: far more than an order's arguments can be.
const LONGEST: u64 = 1024 * 1024;

/// What the other side says.
pub(crate) struct Lines {
    reader: BufReader<OwnedReadHalf>,
    /// What was read of a line, while nobody waited for its rest.
    partial: Vec<u8>,
}

/// What this side says.
pub(crate) struct Say(OwnedWriteHalf);

/// The two directions.
pub(crate) fn split(socket: UnixStream) -> (Lines, Say) {
    let (reader, writer) = socket.into_split();
    (Lines { reader: BufReader::new(reader), partial: Vec::new() }, Say(writer))
}

impl Lines {
    /// The next line; nothing once there is no one to say one, or says what is none. May be given up and called again.
    pub(crate) async fn hear<M: DeserializeOwned>(&mut self) -> Option<M> {
        let most = LONGEST.saturating_sub(u64::try_from(self.partial.len()).unwrap_or(LONGEST));
        (&mut self.reader).take(most).read_until(b'\n', &mut self.partial).await.ok()?;
        serde_json::from_slice(&std::mem::take(&mut self.partial)).ok()
    }
}

impl Say {
    /// Says a line.
    ///
    /// # Errors
    /// When there is nobody to hear it.
    pub(crate) async fn say(&mut self, message: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.0.write_all(&line).await
    }
}
