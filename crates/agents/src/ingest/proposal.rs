//! A proposal: one record as it was understood, field by field with where each came from.

use std::collections::BTreeMap;

use kernel::{EntityId, ReviewId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::imports::Decided;
use wire::orchestrator::{FieldState, IngestPreview, IngestResponse, SuggestedRelationship};
use wire::records::{Metadata, Origin};

use super::gate::Assessment;
use crate::catalogue::{Catalogue, Collection};

/// Who read a text, when no language model took part.
pub(super) const RULES: &str = "rules";
/// The longest name, in characters, as records have it.
pub(super) const LONGEST_NAME: usize = 200;
/// The longest description, in characters, as records have it.
pub(super) const LONGEST_DESCRIPTION: usize = 20_000;
/// The most relationships of one proposal.
pub(super) const MOST_LINKS: usize = 32;

/// Where a field or a relationship of a proposal came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The text says it.
    Said,
    /// It follows from what the project knows.
    Derived,
    /// A language model added it.
    Model,
}

impl Source {
    fn as_str(self) -> &'static str {
        match self {
            Self::Said => "said",
            Self::Derived => "derived",
            Self::Model => "model",
        }
    }

    /// The origin of what is saved from it.
    pub(super) fn origin(self) -> Origin {
        match self {
            Self::Said | Self::Derived => Origin::Ingest,
            Self::Model => Origin::Model,
        }
    }
}

/// A relationship of a proposal: `{name} {predicate} {target}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// `sister_of`, `appears_in` …
    pub predicate: String,
    /// The other record's name.
    pub target: String,
    /// The other record, when the project has it.
    pub target_id: Option<EntityId>,
    /// The collection of the other record, when the project has it.
    pub target_collection: Option<String>,
    /// 0 to 1.
    pub confidence: f64,
    /// Whether the fact is the other record's: a scene's `appears_in` is said of the character.
    pub of_target: bool,
    #[allow(missing_docs)]
    pub source: Source,
}

/// One record as it was understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// `characters` …
    pub collection: String,
    /// How sure the kind is, 0 to 1.
    pub kind_confidence: f64,
    /// Empty if the text names nothing.
    pub name: String,
    #[allow(missing_docs)]
    pub description: String,
    /// Attributes, by the catalogue's names where it has them.
    pub metadata: Metadata,
    /// Where `name`, `description` and each attribute came from.
    pub sources: BTreeMap<String, Source>,
    /// Attributes that were said in a way that does not fit, with the reason.
    pub misfits: BTreeMap<String, String>,
    #[allow(missing_docs)]
    pub links: Vec<Link>,
    /// What the reader could not make use of.
    pub remarks: Vec<String>,
    /// The beginning of what was said, which facts name as their source.
    pub excerpt: String,
    /// `rules`, or the model's name.
    pub read_by: String,
}

impl Proposal {
    /// A proposal that says nothing yet.
    pub(super) fn blank(collection: &Collection, excerpt: &str) -> Self {
        Self {
            collection: collection.name.to_owned(),
            kind_confidence: 1.0,
            name: String::new(),
            description: String::new(),
            metadata: Metadata::new(),
            sources: BTreeMap::new(),
            misfits: BTreeMap::new(),
            links: Vec::new(),
            remarks: Vec::new(),
            excerpt: first_chars(excerpt.trim(), 160).to_owned(),
            read_by: RULES.to_owned(),
        }
    }

    /// Sets a name, within its bound.
    pub(super) fn set_name(&mut self, name: &str, source: Source) {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if !name.is_empty() {
            first_chars(&name, LONGEST_NAME).clone_into(&mut self.name);
            self.sources.insert("name".into(), source);
        }
    }

    /// Sets a description, within its bound.
    pub(super) fn set_description(&mut self, text: &str, source: Source) {
        let text = text.trim();
        if !text.is_empty() {
            first_chars(text, LONGEST_DESCRIPTION).clone_into(&mut self.description);
            self.sources.insert("description".into(), source);
        }
    }

    /// Sets an attribute.
    pub(super) fn set(&mut self, key: &str, value: Value, source: Source) {
        self.misfits.remove(key);
        self.metadata.insert(key.to_owned(), value);
        self.sources.insert(key.to_owned(), source);
    }

    /// Adds a relationship, once; of two that say the same the surer stays. Beyond the bound it is left out.
    pub(super) fn link(&mut self, link: Link) {
        let same = |other: &&mut Link| {
            other.predicate == link.predicate && {
                let named = other.target.to_lowercase() == link.target.to_lowercase();
                named || (other.target_id.is_some() && other.target_id == link.target_id)
            }
        };
        let room = self.links.len() < MOST_LINKS;
        match self.links.iter_mut().find(same) {
            Some(known) if known.confidence < link.confidence => *known = link,
            Some(_) => {}
            None if room => self.links.push(link),
            None => {}
        }
    }

    /// The origin of the record that is made from this.
    pub(super) fn origin(&self) -> Origin {
        if self.sources.values().any(|source| *source == Source::Model) {
            Origin::Model
        } else {
            Origin::Ingest
        }
    }

    /// How each field came about: those that are there, those that do not fit, and those that the catalogue knows and
    /// nobody spoke of.
    pub(super) fn fields(&self, collection: Option<&Collection>) -> Vec<FieldState> {
        let state = |field: &str, state: &str, from: Source| FieldState {
            field: field.to_owned(),
            state: state.to_owned(),
            from: from.as_str().to_owned(),
        };
        let whole = |field: &str| {
            let source = self.sources.get(field).copied()?;
            // What a model made is for a person to look at.
            Some(state(field, if source == Source::Model { "review" } else { "complete" }, source))
        };
        let own = ["name", "description"].into_iter();
        let mut states: Vec<FieldState> = own
            .map(|field| whole(field).unwrap_or_else(|| state(field, "incomplete", Source::Said)))
            .chain(self.metadata.keys().filter_map(|key| whole(key)))
            .chain(self.misfits.keys().map(|key| state(key, "review", Source::Said)))
            .collect();
        for field in collection.map_or(&[][..], |collection| collection.fields) {
            if !self.metadata.contains_key(field.name) && !self.misfits.contains_key(field.name) {
                states.push(state(field.name, "incomplete", Source::Said));
            }
        }
        states
    }

    /// The preview of this proposal, as the API tells it.
    pub(super) fn response(
        &self,
        assessment: &Assessment,
        id: ReviewId,
        catalogue: &Catalogue,
        decided: Option<Decided>,
    ) -> IngestResponse {
        let collection = catalogue.collection(&self.collection).ok();
        let mut parsed_data = Metadata::new();
        parsed_data.insert("name".into(), Value::from(self.name.as_str()));
        if !self.description.is_empty() {
            parsed_data.insert("description".into(), Value::from(self.description.as_str()));
        }
        parsed_data.extend(self.metadata.clone());
        let suggested = self.links.iter().map(|link| SuggestedRelationship {
            r#type: link.predicate.clone(),
            target: link.target.clone(),
            target_id: link.target_id,
            target_type: link
                .target_collection
                .as_deref()
                .map(|collection| catalogue.lexicon.singular(collection).to_owned()),
            confidence: rounded(link.confidence),
        });
        IngestResponse {
            preview_id: id,
            preview: IngestPreview {
                entity_type: collection.map_or(self.collection.as_str(), |c| c.singular).to_owned(),
                parsed_data,
                suggested_relationships: suggested.collect(),
            },
            validation: assessment.validation.clone(),
            quality_scores: assessment.scores,
            recommendation: assessment.recommendation,
            reasoning: assessment.reasoning.clone(),
            departments_involved: collection
                .map(|c| c.departments.iter().map(|name| (*name).to_owned()).collect())
                .unwrap_or_default(),
            duplicates: assessment.duplicates.clone(),
            fields: self.fields(collection),
            read_by: self.read_by.clone(),
            decided,
            others: Vec::new(),
        }
    }
}

/// The first `count` characters of a text.
pub(super) fn first_chars(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(at, _)| &text[..at])
}

/// A score as it is told: two decimals.
pub(super) fn rounded(score: f64) -> f64 {
    (score.clamp(0.0, 1.0) * 100.0).round() / 100.0
}
