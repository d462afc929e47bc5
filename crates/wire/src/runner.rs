//! What goes over a runner's socket, `/ws/runner`: JSON texts, each an envelope of one message.
//!
//! The server challenges, the runner says who it is and what it declares, the server says what of that it takes. From then on
//! the runner beats, and the server answers each beat, so that both know a dead connection.

use std::fmt;

use kernel::{ProjectId, RunnerId, Timestamp};
use serde::{Deserialize, Serialize};

/// How often a runner beats, in milliseconds.
pub const BEAT_MS: u64 = 30_000;
/// After how long a silence either side takes the connection for dead, in milliseconds: two beats and a half.
pub const SILENCE_MS: u64 = 75_000;
/// The most bytes of a message.
pub const LARGEST: usize = 64 * 1024;
/// The most projects that a runner declares.
pub const PROJECTS: usize = 100;
/// The most steps that a runner does at a time.
pub const SLOTS: u32 = 64;
/// The most characters of what a runner says of itself.
pub const WORDS: usize = 100;

/// A message with what is said of every message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<M> {
    /// Tells the messages of one side of a connection apart.
    pub id: u64,
    /// The message: `type` and `payload`.
    #[serde(flatten)]
    pub message: M,
    /// When it was sent, by the sender's clock.
    pub timestamp: Timestamp,
}

/// What a runner says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "payload", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FromRunner {
    /// Who it is, and what it can do: the answer to the challenge, and said once.
    Auth(Hello),
    /// It is alive.
    Heartbeat {},
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "payload", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ToRunner {
    /// Say who you are.
    AuthChallenge(Challenge),
    /// The runner has joined.
    AuthOk(Welcome),
    /// The server is alive: the answer to each beat.
    Heartbeat {},
}

/// What a runner has to say back, so that what it said on another connection is worth nothing on this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Challenge {
    pub nonce: String,
}

/// A runner's answer to the challenge.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hello {
    /// That of the challenge.
    pub nonce: String,
    /// Which runner it is.
    pub key: String,
    /// Which runner it takes itself for, if it knows; the key alone says which it is, and another id is refused.
    pub runner_id: Option<RunnerId>,
    /// The program's version.
    pub version: String,
    /// The system and the processor: `linux/x86_64` …
    pub platform: String,
    /// How many steps it does at a time.
    pub slots: u32,
    /// The projects that it has a folder for, and will work in.
    pub projects: Vec<ProjectId>,
}

/// What the server takes of what a runner declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Welcome {
    /// Which runner it is.
    pub runner_id: RunnerId,
    /// What people call it.
    pub name: String,
    /// The projects that it serves.
    pub projects: Vec<ProjectId>,
    /// Those that its owner may not work in, or that there are not. It is not told which of the two.
    pub refused: Vec<ProjectId>,
}

// What bears a secret prints without it.
impl fmt::Debug for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hello").field("runner_id", &self.runner_id).finish_non_exhaustive()
    }
}

/// Why a server closed a runner's connection, as the socket's close codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// The key is good for nothing, or no longer; or the runner takes itself for another one.
    Unknown,
    /// What it said is no message, too long, or comes at the wrong time.
    Malformed,
    /// Nothing was heard of it for too long.
    Silent,
    /// The same runner has joined by another connection.
    Replaced,
}

impl Close {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Malformed, Self::Silent, Self::Replaced];

    /// The code: 4001 to 4004.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Unknown => 4001,
            Self::Malformed => 4002,
            Self::Silent => 4003,
            Self::Replaced => 4004,
        }
    }

    /// What people are told.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unknown => "This key is not good, or not any more. Give the runner another one.",
            Self::Malformed => {
                "What the runner said was not understood. It may be of another version than the server."
            }
            Self::Silent => "Nothing was heard of the runner for too long.",
            Self::Replaced => "Another program has joined with this runner's key.",
        }
    }

    /// The one of that code.
    #[must_use]
    pub fn of(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|close| close.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_an_envelope_with_its_type_and_payload() {
        let beat = Envelope { id: 7, message: FromRunner::Heartbeat {}, timestamp: Timestamp(0) };
        let text =
            json!({ "id": 7, "type": "HEARTBEAT", "payload": {}, "timestamp": "1970-01-01T00:00:00.000Z" });
        assert_eq!(serde_json::to_value(&beat).unwrap(), text);
        assert_eq!(serde_json::from_value::<Envelope<FromRunner>>(text).unwrap(), beat);
        let challenge = ToRunner::AuthChallenge(Challenge { nonce: "n".into() });
        let text = json!({ "type": "AUTH_CHALLENGE", "payload": { "nonce": "n" } });
        assert_eq!(serde_json::to_value(&challenge).unwrap(), text);
    }

    #[test]
    fn what_is_no_message_of_the_protocol_is_none() {
        for text in [
            json!({ "id": 1, "type": "SHELL", "payload": {}, "timestamp": "1970-01-01T00:00:00.000Z" }),
            json!({ "id": 1, "type": "AUTH", "payload": { "key": "k" }, "timestamp": "1970-01-01T00:00:00.000Z" }),
            json!({ "type": "HEARTBEAT", "payload": {} }),
            json!([]),
        ] {
            assert!(serde_json::from_value::<Envelope<FromRunner>>(text.clone()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_bears_the_key_prints_without_it() {
        let hello = Hello {
            nonce: "n".into(),
            key: "atn_secret".into(),
            runner_id: None,
            version: "1".into(),
            platform: "linux".into(),
            slots: 1,
            projects: Vec::new(),
        };
        assert!(!format!("{:?}", FromRunner::Auth(hello)).contains("secret"));
    }
}
