//! Text as it comes: told apart as JSON, CSV, YAML, `key: value` lines or sentences, and taken apart accordingly.

use serde_json::Value;
use wire::records::Metadata;

use super::fields;
use crate::catalogue::Catalogue;

/// The most words of a key in `key: value`.
const KEY_WORDS: usize = 4;
/// Nodes that a YAML text may have, aliases unfolded: far more than 10,000 characters can honestly say.
const YAML_NODES: usize = 20_000;
/// How deep a YAML text may nest.
const YAML_DEPTH: usize = 32;

/// One thing that a text gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    /// Named values. `kind` is what the text calls such records, if it does.
    Fields { kind: Option<String>, fields: Metadata },
    /// Sentences.
    Prose(String),
}

/// A text taken apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Parsed {
    pub(super) items: Vec<Item>,
    /// What could not be used.
    pub(super) remarks: Vec<String>,
}

impl Parsed {
    fn of(items: Vec<Item>) -> Option<Self> {
        (!items.is_empty()).then(|| Self { items, remarks: Vec::new() })
    }
}

/// Takes a text apart.
pub(super) fn parse(content: &str, catalogue: &Catalogue) -> Parsed {
    let text = content.trim().trim_start_matches('\u{feff}');
    let mut remarks = Vec::new();
    let parsed = if text.starts_with(['{', '[']) {
        match serde_json::from_str::<Value>(text) {
            Ok(value) => Parsed::of(items(&value, catalogue)),
            Err(error) => {
                let found = flow_yaml(text, catalogue);
                if found.is_none() {
                    remarks.push(format!(
                        "It begins like JSON but is not: {error}. It was read as plain words."
                    ));
                }
                found
            }
        }
    } else {
        csv(text, catalogue).or_else(|| block_yaml(text, catalogue)).or_else(|| lines(text, catalogue))
    };
    let mut parsed =
        parsed.unwrap_or_else(|| Parsed { items: vec![Item::Prose(text.to_owned())], ..Parsed::default() });
    parsed.remarks.extend(remarks);
    parsed
}

/// The records of a JSON value: an object, a list of objects, or objects and lists under the names of collections.
fn items(value: &Value, catalogue: &Catalogue) -> Vec<Item> {
    match value {
        Value::Array(values) => values.iter().flat_map(|value| one(value, None)).collect(),
        Value::Object(fields) => {
            let nested = |value: &Value| match value {
                Value::Array(values) => !values.is_empty() && values.iter().all(Value::is_object),
                value => value.is_object(),
            };
            let grouped = !fields.is_empty()
                && fields.iter().all(|(name, value)| {
                    nested(value) && fields::collection_called(catalogue, name).is_some()
                });
            if !grouped {
                return one(value, None);
            }
            let groups = fields.iter().flat_map(|(name, group)| match group {
                Value::Array(values) => values.iter().map(|value| (name, value)).collect(),
                value => vec![(name, value)],
            });
            groups.flat_map(|(name, value)| one(value, Some(name))).collect()
        }
        _ => Vec::new(),
    }
}

fn one(value: &Value, kind: Option<&String>) -> Vec<Item> {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            vec![Item::Fields { kind: kind.cloned(), fields: fields.clone() }]
        }
        Value::String(text) if !text.trim().is_empty() => vec![Item::Prose(text.clone())],
        _ => Vec::new(),
    }
}

/// Rows under a header that names at least one thing that records have.
fn csv(text: &str, catalogue: &Catalogue) -> Option<Parsed> {
    let header = text.lines().next()?;
    let delimiter = [b',', b';', b'\t', b'|']
        .into_iter()
        .max_by_key(|d| header.bytes().filter(|byte| byte == d).count())
        .filter(|d| header.bytes().any(|byte| byte == *d))?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().ok()?.iter().map(str::to_owned).collect();
    let known = header.iter().filter(|name| fields::is_known(catalogue, name)).count();
    let short = header.iter().all(|name| !name.is_empty() && name.split_whitespace().count() <= KEY_WORDS);
    if header.len() < 2 || known == 0 || !short {
        return None;
    }
    let mut parsed = Parsed::default();
    for (row, record) in reader.records().enumerate() {
        // The header is the first line.
        let line = row + 2;
        let Ok(record) = record else {
            parsed.remarks.push(format!("Line {line} is not a row that can be read; it was left out."));
            continue;
        };
        if record.len() != header.len() {
            let (got, wanted) = (record.len(), header.len());
            parsed.remarks.push(format!("Line {line} has {got} columns where the header has {wanted}."));
        }
        let cells = header.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
        let fields: Metadata = cells.map(|(name, cell)| (name.clone(), Value::from(cell))).collect();
        if !fields.is_empty() {
            parsed.items.push(Item::Fields { kind: None, fields });
        }
    }
    (!parsed.items.is_empty()).then_some(parsed)
}

fn yaml(text: &str) -> Option<Value> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: YAML_NODES,
            max_nodes: YAML_NODES,
            max_depth: YAML_DEPTH,
            flow_nesting_limit: YAML_DEPTH,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: YAML_NODES,
            max_replay_stack_depth: 8,
        },
    };
    serde_saphyr::from_str_with_options(text, options).ok()
}

fn flow_yaml(text: &str, catalogue: &Catalogue) -> Option<Parsed> {
    Parsed::of(with_fields(items(&yaml(text)?, catalogue)))
}

/// YAML that has more structure than `key: value` lines have: a document mark, lists or indentation.
fn block_yaml(text: &str, catalogue: &Catalogue) -> Option<Parsed> {
    let structured = text.starts_with("---")
        || text.lines().any(|line| line.trim_start().starts_with("- "))
        || text.lines().any(|line| line.starts_with([' ', '\t']) && line.contains(':'))
        || text.lines().any(|line| line.trim_end().ends_with(": |") || line.trim_end().ends_with(": >"));
    if !structured || !text.contains(':') {
        return None;
    }
    let found = with_fields(items(&yaml(text)?, catalogue));
    let known = found.iter().all(|item| match item {
        Item::Fields { kind, fields } => {
            kind.is_some() || fields.keys().any(|name| fields::is_known(catalogue, name))
        }
        Item::Prose(_) => true,
    });
    if known { Parsed::of(found) } else { None }
}

/// All of them if one has named values: a list of bare sentences is prose with dashes.
fn with_fields(items: Vec<Item>) -> Vec<Item> {
    if items.iter().any(|item| matches!(item, Item::Fields { .. })) { items } else { Vec::new() }
}

/// `key: value` lines, if they are at least half of all and one key is known. A blank line, or a key that comes again,
/// begins the next record; lines without a key go on with the value before, or are its description.
fn lines(text: &str, catalogue: &Catalogue) -> Option<Parsed> {
    let full: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let pairs: Vec<(&str, &str)> = full.iter().filter_map(|line| pair(line)).collect();
    if pairs.len() * 2 < full.len() || !pairs.iter().any(|(name, _)| fields::is_known(catalogue, name)) {
        return None;
    }
    let mut parsed = Parsed::default();
    let mut fields = Metadata::new();
    let mut last: Option<String> = None;
    let mut close = |fields: &mut Metadata| {
        if !fields.is_empty() {
            parsed.items.push(Item::Fields { kind: None, fields: std::mem::take(fields) });
        }
    };
    for line in text.lines() {
        if line.trim().is_empty() {
            // A paragraph may follow a record's lines; only another key begins the next record.
            last = None;
            continue;
        }
        match pair(line) {
            Some((name, value)) => {
                let again = fields.keys().any(|known| super::words::key(known) == super::words::key(name));
                if again || (last.is_none() && !fields.is_empty() && begins_record(catalogue, name)) {
                    close(&mut fields);
                }
                fields.insert(name.to_owned(), Value::from(value));
                last = Some(name.to_owned());
            }
            None => {
                let name = last.clone().unwrap_or_else(|| "description".into());
                let before = fields.get(&name).and_then(Value::as_str).unwrap_or_default();
                let joined = format!("{before}\n{}", line.trim());
                fields.insert(name, Value::from(joined.trim()));
            }
        }
    }
    close(&mut fields);
    Some(parsed)
}

/// Whether a record's lines begin with such a key: its name, or what it is.
fn begins_record(catalogue: &Catalogue, name: &str) -> bool {
    let called = ["name", "title"].contains(&super::words::key(name).as_str());
    called || fields::names_kind(name) || fields::collection_called(catalogue, name).is_some()
}

/// The key and the value of a line, if it has the form.
fn pair(line: &str) -> Option<(&str, &str)> {
    let line = line.trim().trim_start_matches(['-', '*', '•']).trim_start();
    let (name, value) = line.split_once(':').or_else(|| line.split_once(" = "))?;
    let name = name.trim().trim_matches(['*', '"', '\'', '`']);
    let words = name.split_whitespace().count();
    let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '\''));
    let value = value.trim().trim_matches('*').trim();
    ((1..=KEY_WORDS).contains(&words) && plain && !value.is_empty())
        .then_some((name, value.trim_matches('"')))
}
