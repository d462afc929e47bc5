//! An agent's standard input and output as lines of the protocol: each of a bounded length, and read no faster than they are
//! acted on, since what speaks the protocol above has queues without an end.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use agent_client_protocol::{Lines, RawJsonRpcMessage, TransportFrame};
use futures_util::{Sink, Stream, sink, stream};
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::Semaphore;

/// The most bytes of a line that an agent says.
pub(super) const LONGEST: u64 = 1024 * 1024;
/// How many of its messages are read before the first of them is acted on.
const AHEAD: usize = 8;
/// How many of its requests may be without an answer that it has read.
const OWED: usize = 64;
/// The most characters of a line that is no message, as people are told of it.
const SHOWN: usize = 80;

/// Holds an agent back that says more than is acted on. A clone is another hold on the same.
#[derive(Clone)]
pub(super) struct Gate(Arc<Gates>);

struct Gates {
    ahead: Semaphore,
    owed: Semaphore,
    fault: Mutex<Option<String>>,
}

impl Gate {
    pub(super) fn new() -> Self {
        let (ahead, owed) = (Semaphore::new(AHEAD), Semaphore::new(OWED));
        Self(Arc::new(Gates { ahead, owed, fault: Mutex::default() }))
    }

    /// A message is acted on now.
    pub(super) fn taken(&self) {
        self.0.ahead.add_permits(1);
    }

    /// A request is acted on now: waits while too many are not answered.
    pub(super) async fn owe(&self) {
        one(&self.0.owed).await;
    }

    /// What the agent has said that it may not.
    pub(super) fn fault(&self) -> Option<String> {
        self.0.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fail(&self, why: String) -> io::Error {
        self.0.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
        io::ErrorKind::InvalidData.into()
    }
}

/// Takes one for good; it is given back elsewhere.
async fn one(of: &Semaphore) {
    // Nobody closes it.
    if let Ok(permit) = of.acquire().await {
        permit.forget();
    }
}

/// The socket as a transport of the protocol.
pub(super) fn lines(
    socket: UnixStream,
    gate: &Gate,
) -> Lines<
    impl Sink<String, Error = io::Error> + Send + 'static,
    impl Stream<Item = io::Result<String>> + Send + 'static,
> {
    let (reader, writer) = socket.into_split();
    let incoming = stream::try_unfold((BufReader::new(reader), gate.clone()), async |(mut reader, gate)| {
        Ok(next(&mut reader, &gate).await?.map(|line| (line, (reader, gate))))
    });
    let outgoing = sink::unfold((writer, gate.clone()), async |(mut writer, gate), mut line: String| {
        let answers = is_answer(&line);
        line.push('\n');
        writer.write_all(line.as_bytes()).await?;
        if answers {
            gate.0.owed.add_permits(1);
        }
        Ok((writer, gate))
    });
    Lines::new(outgoing, incoming)
}

/// The next line that says something; nothing once the agent has closed its end.
async fn next(reader: &mut BufReader<OwnedReadHalf>, gate: &Gate) -> io::Result<Option<String>> {
    loop {
        let mut line = Vec::new();
        let read = (&mut *reader).take(LONGEST + 1).read_until(b'\n', &mut line).await?;
        if read == 0 {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') && read as u64 > LONGEST {
            return Err(gate.fail(format!("It said more than {} MiB in one line.", LONGEST >> 20)));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let strange = |line: &[u8]| {
            let text: String = String::from_utf8_lossy(line).trim().chars().take(SHOWN).collect();
            gate.fail(format!("It wrote what is no message of the Agent Client Protocol: {text}"))
        };
        let Ok(line) = String::from_utf8(line) else { return Err(strange(b"(no text)")) };
        match TransportFrame::parse_json(&line) {
            // It is for somebody who waits for it, or dropped at once.
            TransportFrame::Single(RawJsonRpcMessage::Response(_)) => {}
            TransportFrame::Single(_) => one(&gate.0.ahead).await,
            _ => return Err(strange(line.as_bytes())),
        }
        return Ok(Some(line));
    }
}

/// Whether a line that goes to the agent answers something.
fn is_answer(line: &str) -> bool {
    #[derive(Deserialize)]
    struct Shape {
        method: Option<IgnoredAny>,
    }
    serde_json::from_str::<Shape>(line).is_ok_and(|shape| shape.method.is_none())
}
