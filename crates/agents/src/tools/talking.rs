//! Talking to other agents of the run: asking one, telling all. What comes of it is up to `departments::mind`.

use serde_json::{Value, json};

/// The longest question, in characters.
const LONGEST_QUESTION: u32 = 400;
/// The longest text that is told.
const LONGEST_TEXT: u32 = 2_000;

pub(super) fn describe_ask() -> (&'static str, Value) {
    let description = "Asks another agent of this run, or a department, about what it has found. `of` is `department` or \
        `department/agent`. The answer comes from what that one gave.";
    let arguments = json!({
        "type": "object", "additionalProperties": false, "required": ["of", "question"],
        "properties": {
            "of": { "type": "string", "minLength": 1, "maxLength": 130 },
            "question": { "type": "string", "minLength": 1, "maxLength": LONGEST_QUESTION },
        },
    });
    (description, arguments)
}

pub(super) fn describe_tell() -> (&'static str, Value) {
    let description = "Tells the other agents of this run something that concerns their work. With `to` only these hear it. With \
        `remember` it is kept under that name as a note of the project, which is found later.";
    let arguments = json!({
        "type": "object", "additionalProperties": false, "required": ["text"],
        "properties": {
            "text": { "type": "string", "minLength": 1, "maxLength": LONGEST_TEXT },
            "to": {
                "type": "array", "minItems": 1, "maxItems": 20,
                "items": { "type": "string", "minLength": 1, "maxLength": 130 },
            },
            "remember": { "type": "string", "pattern": "^[a-z0-9-]{1,40}$" },
        },
    });
    (description, arguments)
}
