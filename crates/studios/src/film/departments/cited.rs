//! Where a line of an output comes from, so that a reader can go and look.

use kernel::EntityId;
use serde::{Deserialize, Serialize};

use crate::film::breakdown::sentences::shortened;
use crate::film::screenplay::Span;

/// The longest quotation, in characters.
const QUOTED: usize = 160;

/// A place in a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Citation {
    /// `scenes`, `characters` or `locations`.
    pub collection: String,
    /// The record.
    pub record: EntityId,
    /// The scene's number, of a place in a scene.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene: Option<String>,
    /// The line of the record's body, counted from 1; absent if it is not the body that says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The paragraph in the record's body, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// What stands there, shortened.
    pub quote: String,
}

impl Citation {
    /// A place in a record that is no scene.
    pub(super) fn of_record(collection: &str, record: EntityId, quote: &str) -> Self {
        let quote = shortened(quote, QUOTED);
        Self { collection: collection.to_owned(), record, scene: None, line: None, span: None, quote }
    }

    /// A place in a scene; the heading's line if `place` is absent.
    pub(super) fn of_scene(record: EntityId, number: &str, place: Option<(u32, Span)>, quote: &str) -> Self {
        Self {
            scene: Some(number.to_owned()),
            line: place.map(|(line, _)| line),
            span: place.map(|(_, span)| span),
            ..Self::of_record("scenes", record, quote)
        }
    }

    /// The place in words: `scene 7, line 12`.
    #[must_use]
    pub fn place(&self) -> String {
        match (&self.scene, self.line) {
            (Some(scene), Some(line)) => format!("scene {scene}, line {line}"),
            (Some(scene), None) => format!("scene {scene}"),
            (None, _) => format!("record in {}", self.collection),
        }
    }
}
