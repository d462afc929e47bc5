//! What was found, dressed for the wire: filtered, with excerpts, relationships, sources, and a sentence on who someone is.

use std::collections::{HashMap, HashSet};

use kernel::{EntityId, Result};
use store::passages::{self, Passage};
use store::{Tenant, entities};
use wire::orchestrator::{QueryFilters, QueryRelationship, QueryResult, QuerySource};
use wire::records::Record;

use crate::analysis::Intent;
use crate::excerpt::excerpt;
use crate::graph::Graph;
use crate::lexicon::Lexicon;
use crate::recall::Found;
use crate::words::keys;

/// Relationships that a result names.
const RELATIONSHIPS: usize = 6;

/// Keeps what passes the filters on times and tags.
pub(crate) fn narrow(
    t: &mut Tenant<'_, '_>,
    filters: &QueryFilters,
    ranked: &mut Vec<(EntityId, f64)>,
) -> Result<()> {
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
pub(crate) fn dress(
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
