//! Keeps a message that has a memory key in the project's memory: as a record, so that it is found, versioned and taken away like
//! all others. A later message under the same key is its next version.

use kernel::{Code, Error, Result};
use serde_json::{Value, json};
use store::changes::{self, Draft, New, Patch, Write};
use store::{Tenant, entities};
use wire::messages::AgentMessage;
use wire::records::{Metadata, Origin};

/// The collection that keeps them.
pub const COLLECTION: &str = "notes";
/// Notes that a project keeps at most.
const MOST: usize = 200;
/// The longest text of a note, in characters.
const LONGEST: usize = 4_000;
/// Characters of it that stand in lists.
const SHOWN: usize = 400;

/// Keeps a message under its key.
///
/// # Errors
/// `CONFLICT` when the project keeps as many notes as it may.
pub(super) fn keep(t: &mut Tenant<'_, '_>, key: &str, message: &AgentMessage) -> Result<()> {
    // Of two under one key the second is a version of the first.
    t.one_at_a_time()?;
    let notes = entities::outlines_in(t, COLLECTION)?;
    let there = notes.iter().find(|note| {
        serde_json::from_str::<Value>(&note.metadata).is_ok_and(|metadata| metadata["memoryKey"] == key)
    });
    let text = text(message);
    let description: String = text.chars().take(SHOWN).collect();
    let metadata: Metadata =
        [("memoryKey", json!(key)), ("agent", json!(message.from)), ("topic", json!(message.topic))]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
    let (name, body) = (key.to_owned(), Some(text));
    let write = match there {
        Some(note) => Write::Change {
            id: note.id,
            expected: None,
            patch: Patch {
                description: Some(description),
                metadata: Some(metadata),
                body,
                origin: Some(Origin::Model),
                ..Patch::default()
            },
        },
        None if notes.len() >= MOST => {
            let full =
                format!("The project keeps {MOST} notes, which is as many as it may. Remove some first.");
            return Err(Error::new(Code::Conflict, full));
        }
        None => Write::Create(New {
            id: t.id(),
            collection: COLLECTION.to_owned(),
            name,
            description,
            metadata,
            body,
            position: None,
            origin: Origin::Model,
        }),
    };
    let summary = format!("{} noted {key}", message.from);
    changes::apply(t, &Draft { summary, writes: vec![write], ..Draft::default() })?;
    Ok(())
}

/// What a message says, as a text.
fn text(message: &AgentMessage) -> String {
    let payload = &message.payload;
    let said = payload.data.as_ref().map(|data| match data {
        Value::String(text) => text.clone(),
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("text") => {
            fields["text"].as_str().unwrap_or_default().to_owned()
        }
        other => other.to_string(),
    });
    let said = said.unwrap_or_else(|| serde_json::to_string(payload).unwrap_or_default());
    said.replace('\0', "").chars().take(LONGEST).collect()
}
