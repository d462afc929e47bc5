//! What follows from what a runner says: a pure function of how far the greeting has come.

use kernel::Timestamp;
use wire::runner::{
    AGENTS, Challenge, Close, Envelope, FromRunner, Hello, PROJECTS, SLOTS, TASKS, TOOLS, ToRunner, WORDS,
    is_agent,
};

/// One side of a conversation with a runner.
pub(crate) struct Session {
    /// What the runner has to say back, until it has joined.
    nonce: Option<String>,
    /// Messages that were sent.
    sent: u64,
}

/// What is to be done about a message.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// See whether who greets so may join.
    Admit(Hello),
    /// Answer.
    Say(ToRunner),
    /// Note what it says of a task.
    Note(FromRunner),
}

impl Session {
    /// A conversation that begins with that challenge.
    pub(crate) fn new(nonce: String) -> Self {
        Self { nonce: Some(nonce), sent: 0 }
    }

    /// What the server says first.
    pub(crate) fn challenge(&self) -> ToRunner {
        ToRunner::AuthChallenge(Challenge { nonce: self.nonce.clone().unwrap_or_default() })
    }

    /// Decides what is to be done about a text.
    ///
    /// # Errors
    /// Why the connection is to be closed.
    pub(crate) fn hear(&mut self, text: &str) -> Result<Next, Close> {
        let heard: Envelope<FromRunner> = serde_json::from_str(text).map_err(|_| Close::Malformed)?;
        match (heard.message, self.nonce.take()) {
            (FromRunner::Auth(hello), Some(nonce)) => {
                // Chance that is good for one connection: to compare it takes no care.
                if hello.nonce != nonce {
                    return Err(Close::Unknown);
                }
                sensible(&hello).then_some(Next::Admit(hello)).ok_or(Close::Malformed)
            }
            (FromRunner::Heartbeat {}, None) => Ok(Next::Say(ToRunner::Heartbeat {})),
            (FromRunner::Auth(_), None) | (_, Some(_)) => Err(Close::Malformed),
            (said, None) => Ok(Next::Note(said)),
        }
    }

    /// A message as it is sent.
    pub(crate) fn write(&mut self, message: ToRunner, timestamp: Timestamp) -> String {
        self.sent += 1;
        // What it is made of cannot fail to be JSON.
        serde_json::to_string(&Envelope { id: self.sent, message, timestamp }).unwrap_or_default()
    }
}

/// Whether a runner says no more of itself than is kept.
fn sensible(hello: &Hello) -> bool {
    (1..=SLOTS).contains(&hello.slots)
        && hello.projects.len() <= PROJECTS
        && hello.tasks.len() <= TASKS
        && hello.agents.len() <= AGENTS
        && hello.tools.len() <= TOOLS
        && hello.agents.iter().chain(&hello.tools).all(|name| is_agent(name))
        && [&hello.version, &hello.platform]
            .iter()
            .all(|said| said.chars().count() <= WORDS && !said.contains('\0'))
}

#[cfg(test)]
mod tests {
    use kernel::{Id, ProjectId};
    use serde_json::json;

    use super::*;

    fn said(message: &FromRunner) -> String {
        serde_json::to_string(&Envelope { id: 1, message, timestamp: Timestamp(0) }).unwrap()
    }

    fn hello(nonce: &str) -> Hello {
        Hello {
            nonce: nonce.into(),
            key: "atn_key".into(),
            runner_id: None,
            version: "1.0".into(),
            platform: "linux/x86_64".into(),
            slots: 2,
            projects: vec![ProjectId::from_bits(1)],
            commands: true,
            agents: Vec::new(),
            tools: Vec::new(),
            tasks: Vec::new(),
        }
    }

    fn session() -> Session {
        Session::new("once".into())
    }

    #[test]
    fn who_answers_the_challenge_is_looked_at_and_beats_are_answered_from_then_on() {
        let mut session = session();
        assert_eq!(session.challenge(), ToRunner::AuthChallenge(Challenge { nonce: "once".into() }));
        assert_eq!(session.hear(&said(&FromRunner::Auth(hello("once")))), Ok(Next::Admit(hello("once"))));
        for _ in 0..3 {
            assert_eq!(session.hear(&said(&FromRunner::Heartbeat {})), Ok(Next::Say(ToRunner::Heartbeat {})));
        }
    }

    #[test]
    fn a_greeting_that_was_heard_on_another_connection_is_worth_nothing() {
        assert_eq!(session().hear(&said(&FromRunner::Auth(hello("twice")))), Err(Close::Unknown));
    }

    #[test]
    fn what_comes_at_the_wrong_time_or_is_no_message_ends_the_connection() {
        assert_eq!(session().hear(&said(&FromRunner::Heartbeat {})), Err(Close::Malformed));
        let mut joined = session();
        joined.hear(&said(&FromRunner::Auth(hello("once")))).unwrap();
        assert_eq!(joined.hear(&said(&FromRunner::Auth(hello("once")))), Err(Close::Malformed));
        for text in ["", "{", "[]", "null", &json!({ "id": 1, "type": "SHELL" }).to_string()] {
            assert_eq!(session().hear(text), Err(Close::Malformed), "{text}");
        }
    }

    #[test]
    fn a_runner_says_no_more_of_itself_than_is_kept() {
        let wrong = [
            Hello { slots: 0, ..hello("once") },
            Hello { slots: SLOTS + 1, ..hello("once") },
            Hello { agents: vec!["a b".into()], ..hello("once") },
            Hello { agents: vec!["a".into(); AGENTS + 1], ..hello("once") },
            Hello { tools: vec!["a/b".into()], ..hello("once") },
            Hello { tools: vec!["a".into(); TOOLS + 1], ..hello("once") },
            Hello { projects: vec![ProjectId::from_bits(1); PROJECTS + 1], ..hello("once") },
            Hello { version: "v".repeat(WORDS + 1), ..hello("once") },
            Hello { platform: "a\0b".into(), ..hello("once") },
        ];
        for hello in wrong {
            assert_eq!(session().hear(&said(&FromRunner::Auth(hello))), Err(Close::Malformed));
        }
    }

    #[test]
    fn messages_are_numbered_from_one() {
        let mut session = session();
        for id in 1..=3 {
            let text = session.write(ToRunner::Heartbeat {}, Timestamp(0));
            let read: Envelope<ToRunner> = serde_json::from_str(&text).unwrap();
            assert_eq!(read.id, id);
        }
    }
}
