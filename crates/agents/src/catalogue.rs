//! What a studio tells the engine of itself: its collections, their fields, and the words that people use for them.

use kernel::{Error, Result};
use serde_json::Value;
use wire::records::{CollectionSchema, FieldSchema, Metadata};

/// The most attributes that a record may have.
const MOST_KEYS: usize = 64;
/// The longest attribute, in bytes of JSON.
const LONGEST_VALUE: usize = 4_000;

/// The collections of a studio.
#[derive(Debug, Clone, Copy)]
pub struct Catalogue {
    /// In the order in which they are shown.
    pub collections: &'static [Collection],
    /// Those that departments fill, shown after the others. No text of a person is read as a record of theirs.
    pub work: &'static [Collection],
    /// How people speak of them.
    pub lexicon: &'static brain::lexicon::Lexicon,
}

/// A collection of a studio.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Collection {
    pub name: &'static str,
    pub singular: &'static str,
    pub label: &'static str,
    pub fields: &'static [Field],
    /// Words in a text that make it likely to speak of such a record.
    pub cues: &'static [&'static str],
    /// Departments that care about it.
    pub departments: &'static [&'static str],
}

/// A field that a collection knows.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: Kind,
    pub help: &'static str,
    /// Other names that people give it: `occupation` for `role`.
    pub aliases: &'static [&'static str],
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
    /// Several texts.
    List,
    /// One of these.
    Choice(&'static [&'static str]),
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Choice(_) => "choice",
        }
    }

    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
            Self::Choice(choices) => value.as_str().is_some_and(|value| choices.contains(&value)),
        }
    }
}

impl Catalogue {
    /// All collections, in the order in which they are shown.
    pub fn all(&self) -> impl Iterator<Item = &'static Collection> {
        self.collections.iter().chain(self.work)
    }

    /// The collection of that name.
    ///
    /// # Errors
    /// `NOT_FOUND` when the studio has none.
    pub fn collection(&self, name: &str) -> Result<&'static Collection> {
        self.all().find(|c| c.name == name).ok_or_else(|| Error::not_found("collection"))
    }

    /// The collection whose records are called `singular`.
    #[must_use]
    pub fn of_type(&self, singular: &str) -> Option<&'static Collection> {
        self.collections.iter().find(|c| c.singular == singular)
    }

    /// The collections as the API tells them.
    #[must_use]
    pub fn schema(&self) -> Vec<CollectionSchema> {
        self.all()
            .map(|collection| CollectionSchema {
                name: collection.name.to_owned(),
                singular: collection.singular.to_owned(),
                label: collection.label.to_owned(),
                fields: collection.fields.iter().map(Field::schema).collect(),
            })
            .collect()
    }
}

impl Field {
    fn schema(&self) -> FieldSchema {
        FieldSchema {
            name: self.name.to_owned(),
            label: self.label.to_owned(),
            r#type: self.kind.as_str().to_owned(),
            choices: match self.kind {
                Kind::Choice(choices) => choices.iter().map(|choice| (*choice).to_owned()).collect(),
                _ => Vec::new(),
            },
            help: self.help.to_owned(),
        }
    }
}

impl Collection {
    /// The field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Checks attributes: known fields by their type, free ones for being plain and small. `null` takes a key out.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` naming the field.
    pub fn check(&self, metadata: &Metadata) -> Result<()> {
        if metadata.len() > MOST_KEYS {
            return Err(Error::field("metadata", format!("must have at most {MOST_KEYS} keys")));
        }
        for (key, value) in metadata {
            let path = format!("metadata.{key}");
            if key.is_empty() || key.chars().count() > 64 {
                return Err(Error::field(path, "a key must have 1 to 64 characters"));
            }
            if value.to_string().len() > LONGEST_VALUE {
                return Err(Error::field(path, format!("must be at most {LONGEST_VALUE} bytes")));
            }
            if value.is_null() {
                continue;
            }
            match self.field(key) {
                Some(field) if !field.kind.fits(value) => {
                    let choices = match field.kind {
                        Kind::Choice(choices) => format!(": {}", choices.join(", ")),
                        _ => String::new(),
                    };
                    return Err(Error::field(path, format!("must be a {}{choices}", field.kind.as_str())));
                }
                Some(_) => {}
                None => {
                    let plain = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
                    let list = value.as_array().is_some_and(|list| list.iter().all(plain));
                    if !plain(value) && !list {
                        return Err(Error::field(
                            path,
                            "must be a text, a number, yes or no, or a list of these",
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}
