//! A message in the form in which it goes out: written once, however many hear it.

use serde_json::value::{RawValue, to_raw_value};
use socketioxide::extract::SocketRef;
use wire::live::ToClient;

/// A message to clients, as JSON.
pub(super) struct Spoken {
    name: &'static str,
    body: Box<RawValue>,
}

impl Spoken {
    /// Writes a message. Nothing if it cannot be written, which is logged.
    pub(super) fn new(message: &ToClient) -> Option<Self> {
        let body = to_raw_value(message)
            .inspect_err(|error| tracing::error!(%error, name = message.name(), "a message without a form"))
            .ok()?;
        Some(Self { name: message.name(), body })
    }

    /// Hands it to a connection. False where the connection's queue is full, or it has ended.
    pub(super) fn to(&self, socket: &SocketRef) -> bool {
        socket.emit(self.name, &*self.body).is_ok()
    }

    #[cfg(test)]
    pub(super) fn value(&self) -> serde_json::Value {
        serde_json::from_str(self.body.get()).unwrap()
    }
}
