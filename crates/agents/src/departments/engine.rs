//! Engines: the algorithms that do agents' work with no model.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use kernel::{EntityId, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Scope, Store};

use super::definition::Definition;

/// A part of a project for which some work can be done by itself: a scene of a film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Its record.
    pub id: EntityId,
    /// For people.
    pub name: String,
}

/// What an engine is given.
pub struct Job {
    /// Where the project is.
    pub store: Store,
    /// The project.
    pub scope: Scope,
    /// What the person asked for.
    pub request: String,
    /// Who does it.
    pub agent: Arc<Definition>,
    /// What it is to be done for; the whole project if absent.
    pub part: Option<Part>,
    /// What the departments gave that this one builds on.
    pub before: Vec<Value>,
    /// Why the work is to be done once more; empty the first time.
    pub reasons: Vec<String>,
}

/// What work rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Citation {
    /// The record.
    pub entity_id: EntityId,
    /// Its collection.
    pub collection: String,
    /// Its name.
    pub name: String,
}

/// What an engine gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// For people.
    pub title: String,
    /// What was found, in a few sentences.
    pub summary: String,
    /// All of it, in a form that the studio knows.
    pub content: Value,
    /// The records that it rests on.
    pub citations: Vec<Citation>,
    /// How complete it is, and how well it is backed, from 0 to 1.
    pub quality: f64,
    /// How well it agrees with what is known, from 0 to 1.
    pub consistency: f64,
    /// How much it offers beyond what is written, from 0 to 1.
    pub creativity: f64,
    /// What it lacks, in words; reasons for a lower score.
    pub lacks: Vec<String>,
}

/// An algorithm that does an agent's work.
pub trait Engine: Send + Sync + 'static {
    /// The name by which definitions call it: `film.cast` …
    fn name(&self) -> &'static str;

    /// Does the work. It may be done again, and leaves nothing behind but what it gives.
    fn work<'j>(&'j self, job: &'j Job) -> BoxFuture<'j, Result<Work>>;

    /// How its work is put together that was done part by part; nothing if it can only be done as a whole.
    fn by_parts(&self) -> Option<&dyn ByParts> {
        None
    }
}

/// Work that can be done part by part. Only who has this is given a [`Job`] with a part.
pub trait ByParts: Send + Sync {
    /// Makes one of what was given for each of the parts, in their order; there is at least one.
    fn together<'j>(&'j self, job: &'j Job, parts: Vec<Work>) -> BoxFuture<'j, Result<Work>>;
}
