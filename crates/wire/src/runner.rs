//! What goes over a runner's socket, `/ws/runner`: JSON texts, each an envelope of one message.
//!
//! The server challenges, the runner says who it is, what it declares and what it has, the server says what of that it takes.
//! From then on the runner beats, and the server answers each beat, so that both know a dead connection. Work is a lease on a
//! step ([`Task`]): it is submitted and acknowledged; what it writes goes by streams, each acknowledged by the offset up to which
//! it is stored; its end is said until it is settled. Whatever is said of a lease may be said again on the next connection.

use std::collections::BTreeMap;
use std::fmt;

use kernel::{ProjectId, RunId, RunnerId, StepId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fleet::{AgentAskOption, Outcome, RemoteOrder, Used, Verb};

/// How often a runner beats, in milliseconds.
pub const BEAT_MS: u64 = 30_000;
/// After how long a silence either side takes the connection for dead, in milliseconds: two beats and a half.
pub const SILENCE_MS: u64 = 75_000;
/// The most bytes of a message.
pub const LARGEST: usize = 256 * 1024;
/// The most projects that a runner declares.
pub const PROJECTS: usize = 100;
/// The most steps that a runner does at a time.
pub const SLOTS: u32 = 64;
/// The most characters of what a runner says of itself.
pub const WORDS: usize = 100;
/// The most coding agents that a runner declares.
pub const AGENTS: usize = 20;
/// The most servers of tools that a runner declares.
pub const TOOLS: usize = 20;
/// The most bytes of a stream in one message, before they are written in base64.
pub const CHUNK: usize = 32 * 1024;
/// The most bytes of a runner's streams that are sent and not yet acknowledged, all together.
pub const WINDOW: usize = 8 * CHUNK;
/// The most tasks that a runner has, those among them of which it could not say the end yet.
pub const TASKS: usize = 400;
/// The most streams of a lease.
pub const STREAMS: usize = 64;
/// The most characters of a stream's name, and of a sentence that a runner says.
pub const NAME: usize = 200;
/// The most asks of a task that wait for an answer.
pub const ASKS: usize = 8;
/// The most options of an ask.
pub const OPTIONS: usize = 8;
/// The most things that are said to a task in all.
pub const SAYS: usize = 64;
/// The most characters of what an ask says in full.
pub const DETAIL: usize = 4_000;

/// The most characters of a coding agent's name.
pub const AGENT_CHARS: usize = 40;

/// Whether a coding agent, or a server of tools, may be called so: with letters, digits, and `-`, `_` and `.`.
#[must_use]
pub fn is_agent(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=AGENT_CHARS).contains(&name.len()) && name.chars().all(fits)
}

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "payload", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FromRunner {
    /// Who it is, and what it can do: the answer to the challenge, and said once.
    Auth(Hello),
    /// It is alive.
    Heartbeat {},
    /// It has the task on its disk, and does it.
    TaskAck(Task),
    /// How far it is.
    TaskProgress(Progress),
    /// What the task has written.
    TaskStream(Chunk),
    /// The task asks people something, and goes on when it is answered. Said once on each connection, until then.
    TaskAsk(Ask),
    /// The task asks that no more: its agent has withdrawn it. Said once on each connection.
    TaskWithdraw(Withdrawn),
    /// It has what was said to the task, on its disk and for the agent. Said again whenever that is said again.
    TaskHeard(HeardSay),
    /// The task is done; all its streams were acknowledged before.
    TaskComplete(Ended),
    /// The task could not be done; all its streams were acknowledged before.
    TaskError(Ended),
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
    /// Do this.
    TaskSubmit(Box<Submit>),
    /// End this, and say what became of it.
    TaskCancel(Task),
    /// What the task has asked is answered. Said again on each connection on which it is asked again.
    TaskAnswer(Answer),
    /// Bring this into the task's conversation. Said again on each connection until it is heard; a runner that has heard it
    /// does not do it twice.
    TaskSay(Say),
    /// A stream is stored up to an offset.
    TaskStreamAck(Stored),
    /// The task is over for this runner, by what it said or by its lease's end: forget it.
    TaskSettled(Task),
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
    /// Whether it runs commands that the server names.
    pub commands: bool,
    /// The coding agents that it can start, by the names that it gives them.
    pub agents: Vec<String>,
    /// The servers of tools that it can start, by the names that it gives them.
    #[serde(default)]
    pub tools: Vec<String>,
    /// What it has: tasks that it does, and tasks whose end it could not say yet.
    pub tasks: Vec<Task>,
}

/// A lease on a step, which a runner holds. `taskId` is the run, as everywhere in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// The run.
    pub task_id: RunId,
    /// Its step.
    pub step_id: StepId,
    /// The lease's number.
    pub fence: i64,
}

/// A task to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Submit {
    #[serde(flatten)]
    pub task: Task,
    pub project_id: ProjectId,
    pub order: RemoteOrder,
}

/// How far a task is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Which.
    #[serde(flatten)]
    pub task: Task,
    /// In percent, if that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<f32>,
    /// In a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What it has done, each in a few words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// What its agent used until now, as far as it has said that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Used>,
}

/// A part of a stream. Its name is `output` for what the task wrote as it ran, `answer` for what its agent said to people
/// in its last turn, `diff` for what it changed, and `file:` with the path for a file that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chunk {
    /// Whose.
    #[serde(flatten)]
    pub task: Task,
    /// The stream's name.
    pub stream: String,
    /// Where the part begins, in bytes.
    pub offset: u64,
    /// At most [`CHUNK`] bytes, in base64 (RFC 4648, section 4).
    pub data: String,
}

/// What a task asks people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    /// Which.
    #[serde(flatten)]
    pub task: Task,
    /// Tells it from the others of the task.
    pub ask_id: u32,
    /// In a sentence.
    pub title: String,
    /// In full: at most [`DETAIL`] characters.
    pub detail: String,
    /// What may be answered: at most [`OPTIONS`], whose ids differ.
    pub options: Vec<AgentAskOption>,
}

/// What a task asks no more, though it has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Withdrawn {
    /// Which.
    #[serde(flatten)]
    pub task: Task,
    /// What it has asked.
    pub ask_id: u32,
}

/// What a task is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Which.
    #[serde(flatten)]
    pub task: Task,
    /// What it has asked.
    pub ask_id: u32,
    /// The option's id. Without one, there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option_id: Option<String>,
}

/// What people say to the agent of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Say {
    /// Which.
    #[serde(flatten)]
    pub task: Task,
    /// Tells it from what else is said to the task, from 1 to [`SAYS`]; what was said later has a greater one.
    pub said_id: u32,
    /// When it is brought in.
    pub verb: Verb,
    /// At most [`crate::fleet::SAY_BYTES`].
    pub text: String,
    /// What the person is called who says it.
    pub by_name: String,
}

/// What a runner has heard that was said to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeardSay {
    /// Which.
    #[serde(flatten)]
    pub task: Task,
    /// What was said.
    pub said_id: u32,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Ended {
    #[serde(flatten)]
    pub task: Task,
    pub outcome: Outcome,
}

/// A stream's part that the server has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    /// Whose.
    #[serde(flatten)]
    pub task: Task,
    /// The stream's name.
    pub stream: String,
    /// What lies before it is stored, in bytes.
    pub offset: u64,
}

/// A task that a runner has and goes on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// Which.
    #[serde(flatten)]
    pub task: Task,
    /// How much of its streams the server has, in bytes; of those that are not named, nothing.
    pub streams: BTreeMap<String, u64>,
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
    /// If it declares none, those that it served last or was meant for.
    pub offered: Vec<ProjectId>,
    /// Which of the tasks that it has are still its own. It forgets the others.
    pub tasks: Vec<Kept>,
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
    fn what_is_said_of_a_task_names_its_run_its_step_and_its_lease() {
        use kernel::Id;
        let task = Task { task_id: RunId::from_bits(1), step_id: StepId::from_bits(2), fence: 3 };
        let chunk = Chunk { task, stream: "output".into(), offset: 4, data: "aGk=".into() };
        let text = json!({ "type": "TASK_STREAM", "payload": {
            "taskId": RunId::from_bits(1), "stepId": StepId::from_bits(2), "fence": 3,
            "stream": "output", "offset": 4, "data": "aGk="
        } });
        assert_eq!(serde_json::to_value(FromRunner::TaskStream(chunk)).unwrap(), text);
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
            commands: false,
            agents: Vec::new(),
            tools: Vec::new(),
            tasks: Vec::new(),
        };
        assert!(!format!("{:?}", FromRunner::Auth(hello)).contains("secret"));
    }
}
