//! What a studio tells the brain of its words: collections, relationships, measures and attributes, as people name them.

use std::borrow::Cow;

use store::passages::Passage;

/// The words of a studio.
#[derive(Debug, Clone)]
pub struct Lexicon {
    /// The collections, with the words that stand for one of their records.
    pub collections: &'static [Collection],
    /// The collection that ties the others together: scenes.
    pub hub: &'static str,
    /// What people read of the bodies of the hub's records: without the marks of the notation that they are kept in.
    pub prose: fn(&str) -> String,
    /// Relationships between the hub and the others.
    pub relations: &'static [Relation],
    /// What can be compared and counted.
    pub measures: &'static [Measure],
    /// Attributes of the hub that a question can name by value.
    pub attributes: &'static [Attribute],
}

/// A collection as people speak of it.
#[derive(Debug, Clone, Copy)]
pub struct Collection {
    /// `characters`.
    pub name: &'static str,
    /// `character`.
    pub singular: &'static str,
    /// Words that ask for records of it: `character`, `characters`, `who`.
    pub words: &'static [&'static str],
    /// How a question names one of its records.
    pub named_by: NamedBy,
}

/// How a question names a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// By the name or a significant word of it: `Mara`, `harbour`.
    Words,
    /// By the whole name.
    Name,
    /// By the singular and a number, which the record has in `metadata.number`: `scene 12`.
    Number,
}

/// A relationship between the hub and a collection.
#[derive(Debug, Clone, Copy)]
pub struct Relation {
    /// `appears_in`.
    pub predicate: &'static str,
    /// The collection at the other end.
    pub with: &'static str,
    /// Whether the fact's subject is the hub's record (`set_in`) or the other one (`appears_in`).
    pub from_hub: bool,
}

/// Something that can be compared: words spoken, scenes, length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// What is measured: records of this collection.
    pub of: &'static str,
    /// By what.
    pub by: MeasureBy,
    /// Words that name it: `dialogue`, `lines`, `talks`.
    pub words: &'static [&'static str],
    /// The unit, for one and for many.
    pub unit: (&'static str, &'static str),
}

/// What a measure adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeasureBy {
    /// The weights of facts with this predicate.
    Weight(&'static str),
    /// The number of hub records related by this predicate.
    Count(&'static str),
    /// A number in the record's metadata.
    Field(&'static str),
}

/// An attribute of the hub.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// The key in the metadata.
    pub field: &'static str,
    /// Its values, as they are stored, with the words that name them.
    pub values: &'static [(&'static str, &'static [&'static str])],
}

impl Lexicon {
    /// The collection of that name.
    #[must_use]
    pub fn collection(&self, name: &str) -> Option<&'static Collection> {
        self.collections.iter().find(|collection| collection.name == name)
    }

    /// The collection whose singular is `singular`.
    #[must_use]
    pub fn of_type(&self, singular: &str) -> Option<&'static Collection> {
        self.collections.iter().find(|collection| collection.singular == singular)
    }

    /// The names of the collections: what the memory finds. A studio's collections that are not among them stay hidden.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.collections.iter().map(|collection| collection.name).collect()
    }

    /// A passage as people read it.
    pub(crate) fn shown<'p>(&self, passage: &'p Passage) -> Cow<'p, str> {
        if passage.collection == self.hub && passage.field == "body" {
            (self.prose)(&passage.text).into()
        } else {
            passage.text.as_str().into()
        }
    }

    /// What one record of a collection is called; the collection's own name if the lexicon does not know it.
    #[must_use]
    pub fn singular<'n>(&self, collection: &'n str) -> &'n str {
        self.collection(collection).map_or(collection, |found| found.singular)
    }
}
