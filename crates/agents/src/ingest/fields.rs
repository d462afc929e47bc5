//! Fields as people name and fill them, matched to those that the catalogue knows and to their types.

use serde_json::{Number, Value};

use super::words::{key, number};
use crate::catalogue::{Catalogue, Collection, Field, Kind};

/// The longest text of an attribute, in characters: well below the catalogue's bound in bytes.
const LONGEST_TEXT: usize = 900;
/// The most entries of a list.
const MOST_ENTRIES: usize = 50;

const NAMES: &[&str] = &["name", "title", "fullname", "called", "heading"];
const DESCRIPTIONS: &[&str] = &[
    "description",
    "desc",
    "summary",
    "about",
    "notes",
    "note",
    "synopsis",
    "logline",
    "bio",
    "biography",
    "details",
];
const KINDS: &[&str] = &["type", "kind", "entitytype", "recordtype", "collection", "category"];

/// What a key in a text stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Role {
    /// The record's name.
    Name,
    /// Its description.
    Description,
    /// What kind of record it is.
    Kind,
    /// A field that the collection knows.
    Field(&'static Field),
    /// A field that nobody knows.
    Free,
}

/// What `raw` stands for in a record of `collection`.
pub(super) fn role(collection: &Collection, raw: &str) -> Role {
    let wanted = key(raw);
    let named = |names: &[&str]| names.contains(&wanted.as_str());
    if let Some(field) = field(collection, raw) {
        return Role::Field(field);
    }
    if named(NAMES) {
        Role::Name
    } else if named(DESCRIPTIONS) {
        Role::Description
    } else if named(KINDS) {
        Role::Kind
    } else {
        Role::Free
    }
}

/// The field of a collection that people call `raw`.
pub(super) fn field(collection: &Collection, raw: &str) -> Option<&'static Field> {
    let wanted = key(raw);
    if wanted.is_empty() {
        return None;
    }
    let exact =
        collection.fields.iter().find(|field| key(field.name) == wanted || key(field.label) == wanted);
    exact.or_else(|| {
        collection.fields.iter().find(|field| field.aliases.iter().any(|alias| key(alias) == wanted))
    })
}

/// Whether any collection, or records as such, have something that people call `raw`.
pub(super) fn is_known(catalogue: &Catalogue, raw: &str) -> bool {
    let wanted = key(raw);
    [NAMES, DESCRIPTIONS, KINDS].iter().any(|names| names.contains(&wanted.as_str()))
        || collection_called(catalogue, raw).is_some()
        || catalogue.collections.iter().any(|collection| field(collection, raw).is_some())
}

/// Whether `raw` names the kind of a record.
pub(super) fn names_kind(raw: &str) -> bool {
    KINDS.contains(&key(raw).as_str())
}

/// The collection that people call `raw`: by its name, its singular or its label.
pub(super) fn collection_called(catalogue: &Catalogue, raw: &str) -> Option<&'static Collection> {
    let wanted = key(raw);
    catalogue
        .collections
        .iter()
        .find(|c| [c.name, c.singular, c.label].iter().any(|name| key(name) == wanted))
}

/// `value` as a field of that kind holds it.
///
/// # Errors
/// What is wrong with it, in words that follow the field's name.
pub(super) fn fit(kind: Kind, value: &Value) -> Result<Value, String> {
    let shown = || text(value).unwrap_or_else(|| "what was given".into());
    match kind {
        Kind::Text => text(value).map(Value::from).ok_or_else(|| "is not a text".into()),
        Kind::Number => match value {
            Value::Number(_) => Ok(value.clone()),
            _ => text(value)
                .and_then(|text| amount(&text))
                .and_then(plain_number)
                .ok_or_else(|| format!("“{}” is not a number", shown())),
        },
        Kind::Boolean => match text(value).map(|text| key(&text)).as_deref() {
            Some("yes" | "true" | "y" | "1" | "on") => Ok(true.into()),
            Some("no" | "false" | "n" | "0" | "off") => Ok(false.into()),
            _ => Err(format!("“{}” is neither yes nor no", shown())),
        },
        Kind::List => {
            let entries = entries(value);
            if entries.is_empty() { Err("is empty".into()) } else { Ok(entries.into()) }
        }
        Kind::Choice(choices) => {
            let wanted = text(value).map(|text| key(&text)).unwrap_or_default();
            let exact = choices.iter().find(|choice| key(choice) == wanted);
            let begins = |choice: &&&str| wanted.len() >= 3 && key(choice).starts_with(&wanted);
            exact
                .or_else(|| choices.iter().find(begins))
                .map(|choice| Value::from(*choice))
                .ok_or_else(|| format!("“{}” is none of {}", shown(), choices.join(", ")))
        }
    }
}

/// A value of a field that nobody knows, as records take it: plain, or a list of plain values.
pub(super) fn free(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Bool(_) | Value::Number(_) => Some(value.clone()),
        Value::Array(_) => {
            let entries = entries(value);
            (!entries.is_empty()).then(|| entries.into())
        }
        _ => text(value).map(Value::from),
    }
}

/// The entries of a list, or of a text that lists them.
pub(super) fn entries(value: &Value) -> Vec<String> {
    let entries: Vec<String> = match value {
        Value::Array(values) => values.iter().filter_map(text).collect(),
        _ => text(value).map(|text| listed(&text)).unwrap_or_default(),
    };
    let kept = entries.into_iter().map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty());
    kept.take(MOST_ENTRIES).collect()
}

/// `a, b and c` as its parts.
pub(super) fn listed(text: &str) -> Vec<String> {
    let rough = text.split([',', ';', '|', '\n']);
    rough
        .flat_map(|part| part.split(" and "))
        .map(|part| part.trim().trim_start_matches("and ").trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

/// A plain value, or a list of them, as text without control characters; nothing for what is empty.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.trim().to_owned(),
        Value::Array(values) => values.iter().filter_map(text_of_entry).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let parts =
                fields.iter().filter_map(|(name, value)| Some(format!("{name}: {}", text_of_entry(value)?)));
            parts.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    (!text.is_empty()).then(|| super::proposal::first_chars(&text, LONGEST_TEXT).to_owned())
}

/// An entry of a list as text; what lies deeper stays JSON, so that depth costs nothing.
fn text_of_entry(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

/// The number that a text gives, perhaps with a unit behind it: `34 years`, `thirty-four`.
fn amount(text: &str) -> Option<f64> {
    let bare = text.trim().trim_end_matches('.');
    let first = bare.split_whitespace().next()?;
    let unit_only = bare.split_whitespace().skip(1).all(|word| number(word).is_none());
    number(bare).or_else(|| number(first).filter(|_| unit_only))
}

/// A number as JSON: whole where it is whole.
fn plain_number(value: f64) -> Option<Value> {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Some(Value::from(value as i64));
    }
    Number::from_f64(value).map(Value::Number)
}
