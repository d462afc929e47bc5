//! Reads a message that comes from outside: what does not keep to the form is refused, and names the field.

use kernel::{Error, Result};
use wire::messages::AgentMessage;

/// The longest message, in bytes of JSON.
pub const LONGEST: usize = 32 * 1024;
/// The longest name of an agent, in bytes.
const LONGEST_NAME: usize = 130;
/// Agents that a message names at most.
const MOST_RECIPIENTS: usize = 20;
/// The longest correlation id, in bytes.
const LONGEST_CORRELATION: usize = 80;
/// The longest key in the memory, in bytes.
const LONGEST_KEY: usize = 120;
/// The highest priority.
const HIGHEST: u8 = 10;
/// Numbers of a vector at most.
const MOST_NUMBERS: usize = 1_536;

/// Reads a message.
///
/// # Errors
/// `VALIDATION_ERROR` naming the field.
pub fn read(json: &str) -> Result<AgentMessage> {
    if json.len() > LONGEST {
        return Err(Error::field("message", format!("must have at most {LONGEST} bytes")));
    }
    let message = serde_json::from_str(json).map_err(|error| Error::field("message", error.to_string()))?;
    check(&message)?;
    Ok(message)
}

/// Checks what types cannot say.
pub(super) fn check(message: &AgentMessage) -> Result<()> {
    let name = |name: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-./_".contains(&byte);
        (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(plain)
    };
    if !name(&message.from) {
        return Err(Error::field("from", "must be the name of an agent"));
    }
    if let Some(to) = &message.to
        && (to.names().is_empty()
            || to.names().len() > MOST_RECIPIENTS
            || !to.names().iter().all(|to| name(to)))
    {
        return Err(Error::field("to", format!("must be 1 to {MOST_RECIPIENTS} names of agents")));
    }
    if !backplane::bus::is_topic(&message.topic) {
        return Err(Error::field("topic", backplane::bus::BadTopic.to_string()));
    }
    let plain = |text: &str, longest: usize| {
        (1..=longest).contains(&text.len()) && !text.chars().any(char::is_control)
    };
    if !plain(&message.correlation_id, LONGEST_CORRELATION) {
        return Err(Error::field(
            "correlation_id",
            format!("must have 1 to {LONGEST_CORRELATION} characters"),
        ));
    }
    if message.priority > HIGHEST {
        return Err(Error::field("priority", format!("must be from 0 to {HIGHEST}")));
    }
    if message.memory_key.as_ref().is_some_and(|key| !plain(key, LONGEST_KEY)) {
        return Err(Error::field("memory_key", format!("must have 1 to {LONGEST_KEY} characters")));
    }
    if let Some(vector) = &message.vector
        && (vector.is_empty()
            || vector.len() > MOST_NUMBERS
            || !vector.iter().all(|number| number.is_finite()))
    {
        return Err(Error::field("vector", format!("must be 1 to {MOST_NUMBERS} finite numbers")));
    }
    let length = serde_json::to_string(message).map_err(Error::internal)?.len();
    if length > LONGEST {
        return Err(Error::field("payload", format!("is too long: a message has at most {LONGEST} bytes")));
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use wire::messages::{MessagePayload, MessageType, Recipients};

    use super::*;

    /// A notification to everybody.
    pub(crate) fn message(topic: &str) -> AgentMessage {
        AgentMessage {
            from: "character/cast".into(),
            to: None,
            topic: topic.into(),
            r#type: MessageType::Notification,
            payload: MessagePayload::default(),
            timestamp: 1,
            correlation_id: "c1".into(),
            priority: 5,
            memory_key: None,
            vector: None,
        }
    }

    fn whole() -> Value {
        json!({
            "from": "beat", "to": ["melody", "harmony"], "topic": "beat.created", "type": "notification",
            "payload": { "pattern_id": "p1", "action": "create", "data": [1], "context": { "key": "C" }, "bpm": 120 },
            "timestamp": 1_700_000_000_000_i64, "correlation_id": "c1", "priority": 10, "memory_key": "swarm/beat/p1",
            "vector": [0.5, -1.0],
        })
    }

    #[test]
    fn a_message_has_the_fields_of_its_source_and_is_written_as_it_was_read() {
        let message = read(&whole().to_string()).unwrap();
        assert_eq!(message.to, Some(Recipients::Many(vec!["melody".into(), "harmony".into()])));
        assert_eq!(message.payload.other["bpm"], 120);
        assert_eq!(serde_json::to_value(&message).unwrap(), whole());
        let mut short = whole();
        for absent in ["to", "memory_key", "vector"] {
            short.as_object_mut().unwrap().remove(absent);
        }
        short["payload"] = json!({});
        assert_eq!(serde_json::to_value(read(&short.to_string()).unwrap()).unwrap(), short);
        let mut one = whole();
        one["to"] = json!("melody");
        assert_eq!(read(&one.to_string()).unwrap().to, Some(Recipients::One("melody".into())));
    }

    #[test]
    fn what_is_no_message_is_refused_and_the_field_is_named() {
        for (field, wrong) in [
            ("from", json!("")),
            ("from", json!("a b")),
            ("to", json!([])),
            ("to", json!(vec!["melody"; 21])),
            ("topic", json!("beat.*")),
            ("topic", json!("")),
            ("correlation_id", json!("x".repeat(81))),
            ("priority", json!(11)),
            ("memory_key", json!("")),
            ("vector", json!([])),
            ("vector", json!(vec![0.5; 1_537])),
        ] {
            let mut message = whole();
            message[field] = wrong;
            let refused = read(&message.to_string()).unwrap_err();
            assert!(
                refused.to_string().contains(field) || format!("{:?}", refused.details()).contains(field),
                "{field}: {refused:?}"
            );
        }
        for (field, wrong) in [
            ("type", json!("shout")),
            ("priority", json!("high")),
            ("priority", json!(-1)),
            ("colour", json!("red")),
        ] {
            let mut message = whole();
            message[field] = wrong;
            assert!(read(&message.to_string()).is_err(), "{field}");
        }
        let mut long = whole();
        long["payload"] = json!({ "data": "x".repeat(LONGEST) });
        assert!(read(&long.to_string()).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = read(&text);
        }
    }
}
