//! Recall: a question goes to graph, text and vectors; what they find is fused into one ranked list with sources.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use kernel::{EntityId, ProjectId, Result};
use store::passages::{self, Passage, Wanted};
use store::{Scope, Store, Tenant, entities};
use wire::orchestrator::{
    QueryAnalysis, QueryFilters, QueryRelationship, QueryResponse, QueryResult, QuerySource,
};
use wire::records::Record;

use crate::analysis::{Analysis, Intent, analyse};
use crate::answer::{Answer, answer};
use crate::excerpt::excerpt;
use crate::graph::Graph;
use crate::lexicon::Lexicon;
use crate::words::keys;

/// Projects whose graph is kept in memory; beyond that the one that was not asked for longest is read anew when it is.
const GRAPHS: usize = 32;
/// Passages that the text arm looks at.
const TEXT_CANDIDATES: u32 = 200;
/// Relationships that a result names.
const RELATIONSHIPS: usize = 6;
/// The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009).
const RRF_K: f64 = 60.0;

/// The memory of all projects. A cheap clone of one shared thing.
#[derive(Clone)]
pub struct Brain {
    pub(crate) store: Store,
    graphs: Arc<Mutex<Graphs>>,
}

#[derive(Default)]
struct Graphs {
    by_project: HashMap<ProjectId, (Arc<Graph>, u64)>,
    uses: u64,
}

impl Graphs {
    fn get(&mut self, project: ProjectId) -> Option<Arc<Graph>> {
        self.uses += 1;
        let (graph, used) = self.by_project.get_mut(&project)?;
        *used = self.uses;
        Some(graph.clone())
    }

    fn keep(&mut self, project: ProjectId, graph: Arc<Graph>) {
        self.uses += 1;
        self.by_project.insert(project, (graph, self.uses));
        if self.by_project.len() > GRAPHS {
            let oldest =
                self.by_project.iter().min_by_key(|(_, (_, used))| *used).map(|(project, _)| *project);
            if let Some(oldest) = oldest {
                self.by_project.remove(&oldest);
            }
        }
    }
}

/// What recall found, before it is dressed for the wire.
struct Found {
    analysis: Analysis,
    sentence: Option<String>,
    /// Entities with their relevance, best first.
    ranked: Vec<(EntityId, f64)>,
    /// The best passage of those that the text arm found.
    passages: HashMap<EntityId, Passage>,
    arms: Vec<String>,
}

impl Brain {
    /// The memory over a store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, graphs: Arc::default() }
    }

    /// The project's graph as it is now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn graph(&self, scope: &Scope, lexicon: &'static Lexicon) -> Result<Arc<Graph>> {
        let known = self.known(scope.project());
        let graph = self.store.read_in(scope, move |t| Graph::current(t, lexicon, known.as_ref())).await?;
        self.keep(scope.project(), &graph);
        Ok(graph)
    }

    pub(crate) fn known(&self, project: ProjectId) -> Option<Arc<Graph>> {
        self.graphs.lock().unwrap_or_else(PoisonError::into_inner).get(project)
    }

    pub(crate) fn keep(&self, project: ProjectId, graph: &Arc<Graph>) {
        self.graphs.lock().unwrap_or_else(PoisonError::into_inner).keep(project, graph.clone());
    }

    /// Answers a question from the project's memory.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn query(
        &self,
        scope: &Scope,
        lexicon: &'static Lexicon,
        question: &str,
        filters: QueryFilters,
        limit: usize,
    ) -> Result<QueryResponse> {
        let known = self.known(scope.project());
        let question = question.to_owned();
        let (graph, response) = self
            .store
            .read_in(scope, move |t| {
                let graph = Graph::current(t, lexicon, known.as_ref())?;
                let response = respond(t, &graph, lexicon, &question, &filters, limit)?;
                Ok((graph, response))
            })
            .await?;
        self.keep(scope.project(), &graph);
        Ok(response)
    }
}

fn respond(
    t: &mut Tenant<'_, '_>,
    graph: &Graph,
    lexicon: &Lexicon,
    question: &str,
    filters: &QueryFilters,
    limit: usize,
) -> Result<QueryResponse> {
    let mut found = find(t, graph, lexicon, question)?;
    narrow(t, graph, lexicon, filters, &mut found.ranked)?;
    let total = found.ranked.len() as i64;
    found.ranked.truncate(limit);
    let sentence = found.sentence.take();
    let (results, described) = dress(t, graph, lexicon, question, &found)?;
    Ok(QueryResponse {
        answer: sentence.or(described),
        results,
        total,
        query_analysis: QueryAnalysis {
            intent: found.analysis.intent.as_str().to_owned(),
            entities: named(&found.analysis, graph),
            confidence: (found.analysis.confidence * 100.0).round() / 100.0,
        },
        arms: found.arms,
    })
}

fn named(analysis: &Analysis, graph: &Graph) -> Vec<String> {
    let ids = analysis.mentions.iter().flat_map(|mention| &mention.ids);
    ids.filter_map(|id| graph.node(*id)).map(|node| node.name.clone()).collect()
}

fn find(t: &mut Tenant<'_, '_>, graph: &Graph, lexicon: &Lexicon, question: &str) -> Result<Found> {
    let analysis = analyse(question, graph, lexicon);
    let Answer { sentence, hits, within } = answer(&analysis, graph, lexicon);
    let by_graph = !hits.is_empty() || sentence.is_some();
    let relational = matches!(analysis.intent, Intent::Relation | Intent::Recall | Intent::Lookup);
    let needs_words = relational && (!analysis.rest.is_empty() || hits.is_empty());
    let mut found = Found {
        analysis,
        sentence,
        ranked: hits,
        passages: HashMap::new(),
        arms: if by_graph { vec!["graph".to_owned()] } else { Vec::new() },
    };
    if !needs_words {
        return Ok(found);
    }
    let words = if found.ranked.is_empty() || found.analysis.rest.is_empty() {
        let mut all = found.analysis.rest.clone();
        all.extend(found.analysis.mentions.iter().flat_map(|mention| keys(&mention.text)));
        all.extend(found.analysis.attributes.iter().map(|(_, value)| (*value).to_owned()));
        all
    } else {
        found.analysis.rest.clone()
    };
    let within: Option<Vec<EntityId>> =
        within.filter(|set| !set.is_empty()).map(|set| set.into_iter().collect());
    let collections = lexicon.names();
    let wanted =
        Wanted { words: &words, typing: false, collections: &collections, within: within.as_deref() };
    let passages = passages::search(t, &wanted, TEXT_CANDIDATES)?;
    if passages.is_empty() {
        return Ok(found);
    }
    found.arms.push("text".to_owned());
    let mut by_text: Vec<EntityId> = Vec::new();
    for (passage, _) in passages {
        if let Entry::Vacant(place) = found.passages.entry(passage.entity) {
            by_text.push(passage.entity);
            place.insert(passage);
        }
    }
    // What the words say is what was asked; the list of all that stands in relation would only hide it.
    if !found.analysis.rest.is_empty() && matches!(found.analysis.intent, Intent::Relation) {
        found.sentence = None;
    }
    found.ranked = fuse(&found.ranked, &by_text);
    Ok(found)
}

/// Weighted reciprocal rank fusion, scaled so that the first has at most 1. What the graph holds to be equally relevant
/// is ordered by the words.
fn fuse(by_graph: &[(EntityId, f64)], by_text: &[EntityId]) -> Vec<(EntityId, f64)> {
    let mut scores: Vec<(EntityId, f64)> =
        by_graph.iter().map(|(id, relevance)| (*id, 0.5 * relevance)).collect();
    let (floor, room) = if by_graph.is_empty() { (0.0, 0.9) } else { (0.0, 0.5) };
    for (rank, id) in by_text.iter().enumerate() {
        let score = floor + room * (RRF_K + 1.0) / (RRF_K + 1.0 + rank as f64);
        match scores.iter_mut().find(|(known, _)| known == id) {
            Some((_, known)) => *known += score,
            None => scores.push((*id, score)),
        }
    }
    scores.sort_by(|a, b| b.1.total_cmp(&a.1));
    scores
}

/// Keeps what passes the filters.
fn narrow(
    t: &mut Tenant<'_, '_>,
    graph: &Graph,
    lexicon: &Lexicon,
    filters: &QueryFilters,
    ranked: &mut Vec<(EntityId, f64)>,
) -> Result<()> {
    if let Some(types) = filters.entity_types.as_ref().filter(|types| !types.is_empty()) {
        ranked.retain(|(id, _)| {
            let collection = graph.node(*id).map_or("", |node| node.collection.as_str());
            types.iter().any(|wanted| wanted == lexicon.singular(collection) || wanted == collection)
        });
    }
    if let Some(range) = &filters.date_range {
        let changed: HashSet<EntityId> =
            entities::changed_between(t, range.start, range.end)?.into_iter().collect();
        ranked.retain(|(id, _)| changed.contains(id));
    }
    if let Some(tags) = filters.tags.as_ref().filter(|tags| !tags.is_empty()) {
        let ids: Vec<EntityId> = ranked.iter().map(|(id, _)| *id).collect();
        let bears = |record: &Record| {
            let own = record.metadata.get("tags").and_then(|value| value.as_array());
            own.is_some_and(|own| {
                own.iter().any(|tag| tags.iter().any(|wanted| tag.as_str() == Some(wanted)))
            })
        };
        let tagged: HashSet<EntityId> =
            entities::many(t, &ids)?.iter().filter(|record| bears(record)).map(|record| record.id).collect();
        ranked.retain(|(id, _)| tagged.contains(id));
    }
    Ok(())
}

/// Gives each found entity its excerpt, relationships and source; and, for a question who someone is, a sentence.
fn dress(
    t: &mut Tenant<'_, '_>,
    graph: &Graph,
    lexicon: &Lexicon,
    question: &str,
    found: &Found,
) -> Result<(Vec<QueryResult>, Option<String>)> {
    let ids: Vec<EntityId> = found.ranked.iter().map(|(id, _)| *id).collect();
    let records: HashMap<EntityId, Record> =
        entities::many(t, &ids)?.into_iter().map(|record| (record.id, record)).collect();
    let mut texts: HashMap<EntityId, Vec<Passage>> = HashMap::new();
    for passage in passages::of(t, &ids)? {
        texts.entry(passage.entity).or_default().push(passage);
    }
    let wanted: Vec<String> = keys(question).into_iter().filter(|key| !crate::words::is_empty(key)).collect();
    let mut results = Vec::with_capacity(ids.len());
    for (id, relevance) in &found.ranked {
        let Some(record) = records.get(id) else { continue };
        let own = texts.get(id).map_or(&[][..], Vec::as_slice);
        let (text, field) = excerpt(own, found.passages.get(id), &wanted);
        results.push(QueryResult {
            id: *id,
            r#type: lexicon.singular(&record.collection).to_owned(),
            title: record.name.clone(),
            excerpt: text,
            relevance_score: (relevance.clamp(0.0, 1.0) * 1000.0).round() / 1000.0,
            metadata: record.metadata.clone(),
            relationships: relationships(graph, lexicon, *id),
            source: QuerySource { collection: record.collection.clone(), record_id: *id, field },
        });
    }
    let described = match found.analysis.intent {
        Intent::Lookup => results.first().and_then(|first| describe(first, &records, graph, lexicon)),
        _ => None,
    };
    Ok((results, described))
}

fn relationships(graph: &Graph, lexicon: &Lexicon, id: EntityId) -> Vec<QueryRelationship> {
    let mut edges: Vec<&crate::graph::Edge> = graph.edges(id).iter().collect();
    edges.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let others = edges.into_iter().filter_map(|edge| {
        let other = graph.node(if edge.subject == id { edge.object } else { edge.subject })?;
        Some(QueryRelationship {
            r#type: edge.predicate.clone(),
            target: other.name.clone(),
            target_type: lexicon.singular(&other.collection).to_owned(),
        })
    });
    others.take(RELATIONSHIPS).collect()
}

fn describe(
    first: &QueryResult,
    records: &HashMap<EntityId, Record>,
    graph: &Graph,
    lexicon: &Lexicon,
) -> Option<String> {
    let record = records.get(&first.id)?;
    let mut parts = vec![record.name.clone()];
    if !record.description.is_empty() {
        parts.push(format!(": {}", record.description.trim_end_matches('.')));
    }
    let hubs: HashSet<EntityId> = lexicon
        .relations
        .iter()
        .filter(|relation| relation.with == record.collection)
        .flat_map(|relation| graph.across(record.id, relation.predicate))
        .map(|(id, _)| id)
        .collect();
    if !hubs.is_empty() {
        let noun = if hubs.len() == 1 { lexicon.singular(lexicon.hub) } else { lexicon.hub };
        parts.push(format!(". In {} {noun}", hubs.len()));
    }
    parts.push(".".to_owned());
    Some(parts.concat())
}
