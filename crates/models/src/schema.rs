//! The form that an answer, or a tool's arguments, must have: checked here, whatever a provider promises.

use std::fmt;
use std::sync::Arc;

use jsonschema::Validator;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Mistakes that are told at most; a model can mend a few at a time.
const MAX_MISTAKES: usize = 5;
/// Characters of each mistake that are told.
const MAX_MISTAKE: usize = 300;

/// A named JSON schema (draft 2020-12 unless it says otherwise), compiled once. It never reads from the network.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Named", into = "Named")]
pub struct Schema {
    name: Arc<str>,
    json: Arc<Value>,
    validator: Arc<Validator>,
}

#[derive(Serialize, Deserialize)]
struct Named {
    name: String,
    schema: Value,
}

/// Why something is not a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSchema {
    /// The name has other characters than letters, digits, `_` and `-`, or none, or more than 64.
    #[error("the name {0:?} is not 1 to 64 letters, digits, _ or -")]
    Name(String),
    /// The JSON is no schema.
    #[error("not a JSON schema: {0}")]
    Json(String),
}

impl Schema {
    /// Compiles a schema.
    pub fn new(name: impl Into<String>, json: Value) -> Result<Self, BadSchema> {
        let name = name.into();
        let fits = (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if !fits {
            return Err(BadSchema::Name(name));
        }
        let validator =
            jsonschema::validator_for(&json).map_err(|error| BadSchema::Json(error.to_string()))?;
        Ok(Self { name: name.into(), json: Arc::new(json), validator: Arc::new(validator) })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The schema itself.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// Whether `value` fits; the error says what does not, in words for the model.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let mistakes: Vec<String> = self
            .validator
            .iter_errors(value)
            .take(MAX_MISTAKES)
            .map(|error| {
                let place = error.instance_path().to_string();
                let place = if place.is_empty() { "/".to_owned() } else { place };
                clip(&format!("at {place}: {error}"), MAX_MISTAKE).to_owned()
            })
            .collect();
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes.join("; ")) }
    }

    /// Reads `text` as JSON of this form. A fence of backticks around it, as small models like to write, is no
    /// mistake.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        let bare = unfenced(text.trim());
        let value: Value = serde_json::from_str(bare).map_err(|error| format!("it is not JSON: {error}"))?;
        self.check(&value)?;
        Ok(value)
    }

    /// Whether OpenAI's strict mode takes it: every object is closed and requires all that it has.
    pub(crate) fn is_strict(&self) -> bool {
        is_strict(&self.json)
    }

    /// The nearest schema that a provider's grammar takes: objects closed, and bounds that a grammar cannot count
    /// told in the description. Looser in bounds than the schema itself, which is checked afterwards. Nothing if
    /// the schema leaves an object open on purpose or refers to itself.
    pub(crate) fn for_grammar(&self) -> Option<Value> {
        for_grammar(&self.json)
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.json == other.json
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").field("name", &self.name).field("json", &self.json).finish_non_exhaustive()
    }
}

impl TryFrom<Named> for Schema {
    type Error = BadSchema;
    fn try_from(named: Named) -> Result<Self, BadSchema> {
        Self::new(named.name, named.schema)
    }
}

impl From<Schema> for Named {
    fn from(schema: Schema) -> Self {
        Self { name: schema.name.to_string(), schema: Value::clone(&schema.json) }
    }
}

/// The first `max` bytes of `text`, or a little less where a character would be cut.
pub(crate) fn clip(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

fn unfenced(text: &str) -> &str {
    let Some(inside) = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")) else {
        return text;
    };
    inside.strip_prefix("json").unwrap_or(inside).trim()
}

fn is_strict(schema: &Value) -> bool {
    let Value::Object(map) = schema else { return schema.is_boolean() };
    if let Some(Value::Object(properties)) = map.get("properties") {
        let required = map.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let all = properties.keys().all(|name| required.iter().any(|r| r.as_str() == Some(name)));
        if !all || map.get("additionalProperties") != Some(&Value::Bool(false)) {
            return false;
        }
    } else if map.get("type").is_some_and(|kind| kind == "object") {
        return false;
    }
    map.iter().all(|(word, value)| match (word.as_str(), value) {
        ("properties" | "$defs" | "definitions", Value::Object(parts)) => parts.values().all(is_strict),
        ("anyOf", Value::Array(parts)) => parts.iter().all(is_strict),
        ("items", part) => is_strict(part),
        ("oneOf" | "allOf" | "not" | "if" | "patternProperties" | "prefixItems", _) => false,
        _ => true,
    })
}

/// Words that describe and structure, which every grammar knows.
const PLAIN: [&str; 12] = [
    "type",
    "title",
    "description",
    "enum",
    "const",
    "default",
    "required",
    "properties",
    "items",
    "anyOf",
    "additionalProperties",
    "$schema",
];
/// Words that bound a value, which a grammar cannot count.
const BOUNDS: [&str; 14] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

fn for_grammar(schema: &Value) -> Option<Value> {
    let Value::Object(map) = schema else { return None };
    let mut out = Map::new();
    let mut told = Vec::new();
    for (word, value) in map {
        let kept = match (word.as_str(), value) {
            ("properties", Value::Object(parts)) => {
                let parts: Option<Map<_, _>> =
                    parts.iter().map(|(name, part)| Some((name.clone(), for_grammar(part)?))).collect();
                Value::Object(parts?)
            }
            ("items", part) => for_grammar(part)?,
            ("anyOf", Value::Array(parts)) => {
                Value::Array(parts.iter().map(for_grammar).collect::<Option<Vec<_>>>()?)
            }
            ("additionalProperties", Value::Bool(false)) => value.clone(),
            ("additionalProperties", _) => return None,
            (word, _) if PLAIN.contains(&word) => value.clone(),
            (word, _) if BOUNDS.contains(&word) => {
                told.push(format!("{word}: {value}"));
                continue;
            }
            _ => return None,
        };
        out.insert(word.clone(), kept);
    }
    if out.contains_key("properties") {
        out.insert("additionalProperties".into(), Value::Bool(false));
    } else if out.get("type").is_some_and(|kind| kind == "object") {
        return None;
    }
    if !told.is_empty() {
        let before = out.get("description").and_then(Value::as_str).map(|text| format!("{text} "));
        let description = format!("{}({})", before.unwrap_or_default(), told.join(", "));
        out.insert("description".into(), Value::String(description));
    }
    Some(Value::Object(out))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(json: Value) -> Schema {
        Schema::new("form", json).unwrap()
    }

    #[test]
    fn what_does_not_fit_is_told_by_place_and_bounded() {
        let form = schema(
            json!({"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["name"]}),
        );
        let error = form.read(r#"{"age": "old"}"#).unwrap_err();
        assert!(error.contains("/age") && error.contains("name"), "{error}");
        let many = schema(json!({"type": "array", "items": {"type": "integer"}}));
        let error = many.check(&json!(vec!["x".repeat(10_000); 100])).unwrap_err();
        assert!(error.len() <= MAX_MISTAKES * (MAX_MISTAKE + 2));
    }

    #[test]
    fn a_fence_around_the_json_is_no_mistake() {
        let form = schema(json!({"type": "object"}));
        for text in ["{\"a\":1}", " {\"a\":1}\n", "```json\n{\"a\":1}\n```", "```\n{\"a\":1}\n```"] {
            assert_eq!(form.read(text), Ok(json!({"a": 1})), "{text}");
        }
        assert!(form.read("Here you are: {}").is_err());
    }

    #[test]
    fn a_schema_never_reads_from_the_network() {
        assert!(matches!(Schema::new("x", json!({"$ref": "http://localhost:1/x"})), Err(BadSchema::Json(_))));
    }

    #[test]
    fn only_closed_and_fully_required_objects_are_strict() {
        let closed = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
            "additionalProperties": false});
        assert!(schema(closed.clone()).is_strict());
        let mut optional = closed.clone();
        optional["required"] = json!([]);
        assert!(!schema(optional).is_strict());
        let mut open = closed.clone();
        open["additionalProperties"] = json!(true);
        assert!(!schema(open).is_strict());
        assert!(!schema(json!({"type": "array", "items": {"type": "object"}})).is_strict());
    }

    #[test]
    fn a_grammar_gets_closed_objects_and_is_told_the_bounds() {
        let form = schema(json!({"type": "object", "properties": {
            "n": {"type": "integer", "minimum": 1, "description": "how many"}}}));
        assert_eq!(
            form.for_grammar(),
            Some(json!({"type": "object", "additionalProperties": false, "properties": {
                "n": {"type": "integer", "description": "how many (minimum: 1)"}}}))
        );
        assert_eq!(
            schema(json!({"type": "object", "additionalProperties": {"type": "string"}})).for_grammar(),
            None
        );
        assert_eq!(schema(json!({"type": "object"})).for_grammar(), None);
        assert_eq!(
            schema(json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}})).for_grammar(),
            None
        );
    }
}
