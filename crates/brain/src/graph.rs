//! A project's entities and relationships as a graph in memory, kept in step with the project's stream.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kernel::{EntityId, Result, Timestamp};
use serde_json::Value;
use store::entities::Outline;
use store::facts::Fact;
use store::{Tenant, entities, events, facts};

use crate::lexicon::{Lexicon, NamedBy};
use crate::words::{is_empty, keys};

/// The most events that are followed one by one; beyond that the graph is read anew.
const FOLLOWED: u32 = 500;

/// An entity of the graph.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Node {
    pub id: EntityId,
    pub collection: String,
    pub name: String,
    /// The words of the name, as they are compared.
    pub(crate) words: Vec<String>,
    /// Place within the collection.
    pub position: i64,
    /// Attributes that the lexicon asks for, in lower case.
    pub attributes: HashMap<&'static str, String>,
    /// Numbers that the lexicon measures by.
    pub numbers: HashMap<&'static str, f64>,
    /// The number by which people name it, in lower case: `12a`.
    pub number: Option<String>,
    /// Words to filter by.
    pub tags: Vec<String>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A relationship of the graph.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Edge {
    pub predicate: String,
    pub subject: EntityId,
    pub object: EntityId,
    pub weight: f64,
}

impl Edge {
    /// The entity at the other end than `id`.
    #[must_use]
    pub fn other(&self, id: EntityId) -> EntityId {
        if self.subject == id { self.object } else { self.subject }
    }
}

/// Entities with the words of their names, by the first of these.
type Names = HashMap<String, Vec<(Vec<String>, EntityId)>>;

/// A project's graph as of an event of its stream. The next one shares with it what did not change.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    seq: i64,
    nodes: HashMap<EntityId, Arc<Node>>,
    /// Edges by the entity at either end.
    edges: HashMap<EntityId, Arc<Vec<Edge>>>,
    by_first: Arc<Names>,
    /// Entities by each significant word of their name.
    by_part: Arc<HashMap<String, Vec<EntityId>>>,
    /// Entities by collection and number.
    by_number: Arc<HashMap<(String, String), EntityId>>,
}

impl Graph {
    /// The graph as it is now: `known` if nothing has happened since, else followed or read anew.
    ///
    /// # Errors
    /// When the database fails.
    pub fn current(
        t: &mut Tenant<'_, '_>,
        lexicon: &Lexicon,
        known: Option<&Arc<Self>>,
    ) -> Result<Arc<Self>> {
        let newest = events::newest(t)?;
        if let Some(known) = known {
            if known.seq == newest {
                return Ok(known.clone());
            }
            if newest > known.seq && newest - known.seq <= i64::from(FOLLOWED) {
                return Ok(Arc::new(known.follow(t, lexicon, newest)?));
            }
        }
        let mut graph = Self { seq: newest, ..Self::default() };
        let outlines = entities::outlines(t)?;
        let predicates: Vec<&str> = predicates(lexicon);
        let facts = facts::with(t, &predicates)?;
        outlines.iter().for_each(|outline| graph.put(outline, lexicon));
        facts.iter().for_each(|fact| graph.join(fact));
        Ok(Arc::new(graph))
    }

    fn follow(&self, t: &mut Tenant<'_, '_>, lexicon: &Lexicon, newest: i64) -> Result<Self> {
        let changed: HashSet<EntityId> = events::after(t, self.seq, FOLLOWED)?
            .iter()
            .filter_map(|event| event.payload.get("entityId")?.as_str()?.parse().ok())
            .collect();
        let mut graph = self.clone();
        graph.seq = newest;
        let ids: Vec<EntityId> = changed.iter().copied().collect();
        ids.iter().for_each(|id| graph.take_out(*id));
        entities::outlines_of(t, &ids)?.iter().for_each(|outline| graph.put(outline, lexicon));
        let predicates = predicates(lexicon);
        for fact in facts::about(t, &ids)? {
            if predicates.contains(&fact.predicate.as_str()) {
                graph.join(&fact);
            }
        }
        Ok(graph)
    }

    fn put(&mut self, outline: &Outline, lexicon: &Lexicon) {
        let Some(collection) = lexicon.collection(&outline.collection) else { return };
        let metadata: HashMap<String, Value> = serde_json::from_str(&outline.metadata).unwrap_or_default();
        let text = |field: &str| match metadata.get(field) {
            Some(Value::String(text)) => Some(text.to_lowercase()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let attributes = lexicon.attributes.iter().filter_map(|a| Some((a.field, text(a.field)?))).collect();
        let numbers = lexicon
            .measures
            .iter()
            .filter_map(|measure| match measure.by {
                crate::lexicon::MeasureBy::Field(field) => Some((field, metadata.get(field)?.as_f64()?)),
                _ => None,
            })
            .collect();
        let number = text("number");
        let tags = metadata.get("tags").and_then(Value::as_array).into_iter().flatten();
        let tags = tags.filter_map(|tag| Some(tag.as_str()?.to_owned())).collect();
        let words = keys(&outline.name);
        match collection.named_by {
            NamedBy::Number => {
                if let Some(number) = &number {
                    Arc::make_mut(&mut self.by_number)
                        .insert((outline.collection.clone(), number.clone()), outline.id);
                }
            }
            NamedBy::Name | NamedBy::Words => {
                if let Some(first) = words.first() {
                    let by_first = Arc::make_mut(&mut self.by_first);
                    by_first.entry(first.clone()).or_default().push((words.clone(), outline.id));
                }
                if collection.named_by == NamedBy::Words {
                    for word in words.iter().filter(|word| word.chars().count() > 2 && !is_empty(word)) {
                        Arc::make_mut(&mut self.by_part).entry(word.clone()).or_default().push(outline.id);
                    }
                }
            }
        }
        let node = Node {
            id: outline.id,
            collection: outline.collection.clone(),
            name: outline.name.clone(),
            words,
            position: outline.position,
            attributes,
            numbers,
            number,
            tags,
            updated_at: outline.updated_at,
        };
        self.nodes.insert(outline.id, Arc::new(node));
    }

    fn take_out(&mut self, id: EntityId) {
        let Some(node) = self.nodes.remove(&id) else { return };
        for word in &node.words {
            if self.by_first.contains_key(word)
                && let Some(named) = Arc::make_mut(&mut self.by_first).get_mut(word)
            {
                named.retain(|(_, other)| *other != id);
            }
            if self.by_part.contains_key(word)
                && let Some(named) = Arc::make_mut(&mut self.by_part).get_mut(word)
            {
                named.retain(|other| *other != id);
            }
        }
        if let Some(number) = &node.number {
            Arc::make_mut(&mut self.by_number).remove(&(node.collection.clone(), number.clone()));
        }
        for edge in self.edges.remove(&id).unwrap_or_default().iter() {
            if let Some(edges) = self.edges.get_mut(&edge.other(id)) {
                Arc::make_mut(edges).retain(|edge| edge.subject != id && edge.object != id);
            }
        }
    }

    fn join(&mut self, fact: &Fact) {
        let Some(object) = fact.object else { return };
        let edge = Edge {
            predicate: fact.predicate.clone(),
            subject: fact.subject,
            object,
            weight: fact.weight.unwrap_or(0.0),
        };
        Arc::make_mut(self.edges.entry(fact.subject).or_default()).push(edge.clone());
        if object != fact.subject {
            Arc::make_mut(self.edges.entry(object).or_default()).push(edge);
        }
    }

    /// The entity of that id.
    #[must_use]
    pub fn node(&self, id: EntityId) -> Option<&Node> {
        self.nodes.get(&id).map(Arc::as_ref)
    }

    /// All entities of a collection, in its order.
    #[must_use]
    pub fn of(&self, collection: &str) -> Vec<&Node> {
        let mut found: Vec<&Node> = self.nodes().filter(|node| node.collection == collection).collect();
        found.sort_by_key(|node| (node.position, node.id));
        found
    }

    /// All names, for finding what is like another.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values().map(Arc::as_ref)
    }

    /// The relationships of an entity.
    #[must_use]
    pub fn edges(&self, id: EntityId) -> &[Edge] {
        self.edges.get(&id).map_or(&[], |edges| edges.as_slice())
    }

    /// The entities at the other end of an entity's relationships of some predicate, each once, with the weights added.
    #[must_use]
    pub fn across(&self, id: EntityId, predicate: &str) -> Vec<(EntityId, f64)> {
        let mut found: Vec<(EntityId, f64)> = Vec::new();
        // Who is in thousands of scenes has thousands of edges: looking through what was found would take their square.
        let mut places: HashMap<EntityId, usize> = HashMap::new();
        for edge in self.edges(id).iter().filter(|edge| edge.predicate == predicate) {
            let other = edge.other(id);
            match places.entry(other) {
                Entry::Occupied(place) => found[*place.get()].1 += edge.weight,
                Entry::Vacant(place) => {
                    place.insert(found.len());
                    found.push((other, edge.weight));
                }
            }
        }
        found
    }

    /// Entities whose whole name begins `words`, the longest name first, with the number of words it takes.
    pub(crate) fn named(&self, words: &[&str]) -> Option<(usize, Vec<EntityId>)> {
        let candidates = self.by_first.get(*words.first()?)?;
        let fits = |name: &[String]| {
            name.len() <= words.len() && name.iter().zip(words).all(|(part, word)| part == word)
        };
        let longest = candidates.iter().filter(|(name, _)| fits(name)).map(|(name, _)| name.len()).max()?;
        let ids =
            candidates.iter().filter(|(name, _)| name.len() == longest && fits(name)).map(|(_, id)| *id);
        Some((longest, ids.collect()))
    }

    /// Entities that have `word` in their name.
    pub(crate) fn with_part(&self, word: &str) -> &[EntityId] {
        self.by_part.get(word).map_or(&[], Vec::as_slice)
    }

    /// Entities with a word in their name that is one letter away from `word`.
    pub(crate) fn with_part_like(&self, word: &str) -> Vec<EntityId> {
        let near = self.by_part.iter().filter(|(part, _)| {
            part.chars().count().abs_diff(word.chars().count()) <= 1 && strsim::osa_distance(part, word) == 1
        });
        near.flat_map(|(_, ids)| ids.iter().copied()).collect()
    }

    /// The entity of a collection that has that number.
    pub(crate) fn numbered(&self, collection: &str, number: &str) -> Option<EntityId> {
        self.by_number.get(&(collection.to_owned(), number.to_owned())).copied()
    }
}

fn predicates(lexicon: &Lexicon) -> Vec<&'static str> {
    let measured = lexicon.measures.iter().filter_map(|measure| match measure.by {
        crate::lexicon::MeasureBy::Weight(predicate) | crate::lexicon::MeasureBy::Count(predicate) => {
            Some(predicate)
        }
        crate::lexicon::MeasureBy::Field(_) => None,
    });
    let mut all: Vec<&str> =
        lexicon.relations.iter().map(|relation| relation.predicate).chain(measured).collect();
    all.sort_unstable();
    all.dedup();
    all
}
