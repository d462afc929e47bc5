//! What was found, dressed for the wire: with excerpts, relationships, sources, and a sentence on who someone is.

use std::collections::{HashMap, HashSet};

use kernel::{EntityId, PassageId, Result};
use store::passages::{self, Passage};
use store::{Tenant, entities};
use wire::orchestrator::{QueryRelationship, QueryResult, QuerySource};
use wire::records::Record;

use crate::analysis::Intent;
use crate::excerpt::excerpt;
use crate::graph::{Graph, Node};
use crate::lexicon::Lexicon;
use crate::recall::Found;
use crate::words::keys;

/// Relationships that a result names.
const RELATIONSHIPS: usize = 6;
/// Records whose happenings are told.
const TOLD: usize = 3;

/// Gives each found entity its excerpt, relationships and source; and, for a question who someone is or what
/// happens, what the records say of it.
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
    let best: Vec<PassageId> = ids.iter().filter_map(|id| found.passages.get(id)).copied().collect();
    let mut texts: HashMap<EntityId, Vec<Passage>> = HashMap::new();
    for passage in passages::many(t, &best)?.into_iter().filter(|passage| passage.field != "name") {
        texts.entry(passage.entity).or_default().push(passage);
    }
    // What was found by its name or by the graph shows what is nearest to the question.
    let others: Vec<EntityId> = ids.iter().filter(|id| !texts.contains_key(id)).copied().collect();
    for passage in passages::of(t, &others)? {
        texts.entry(passage.entity).or_default().push(passage);
    }
    let wanted: Vec<String> = keys(question).into_iter().filter(|key| !crate::words::is_empty(key)).collect();
    let mut results = Vec::with_capacity(ids.len());
    for (id, relevance) in &found.ranked {
        let Some(record) = records.get(id) else { continue };
        let own = texts.get(id).map_or(&[][..], Vec::as_slice);
        let (text, field) = excerpt(lexicon, own, &wanted);
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
        _ if found.analysis.happens => happenings(&results, &records, lexicon),
        Intent::Lookup => results.first().and_then(|first| describe(first, &records, graph, lexicon)),
        _ => None,
    };
    Ok((results, described))
}

/// What happens in the hub's records that were found, as their descriptions tell it.
fn happenings(
    results: &[QueryResult],
    records: &HashMap<EntityId, Record>,
    lexicon: &Lexicon,
) -> Option<String> {
    let told: Vec<&Record> = results
        .iter()
        .filter_map(|result| records.get(&result.id))
        .filter(|record| record.collection == lexicon.hub && !record.description.is_empty())
        .take(TOLD)
        .collect();
    match told.as_slice() {
        [] => None,
        [one] => Some(one.description.clone()),
        several => {
            let lines = several.iter().map(|record| format!("{}: {}", record.name, record.description));
            Some(lines.collect::<Vec<_>>().join("\n\n"))
        }
    }
}

fn relationships(graph: &Graph, lexicon: &Lexicon, id: EntityId) -> Vec<QueryRelationship> {
    // Who is in thousands of scenes has thousands of edges: only those that are shown are put in order.
    let mut heaviest: Vec<(f64, &str, &Node)> = Vec::with_capacity(RELATIONSHIPS + 1);
    for edge in graph.edges(id) {
        let place = heaviest.partition_point(|(weight, ..)| *weight >= edge.weight);
        if place < RELATIONSHIPS
            && let Some(other) = graph.node(edge.other(id))
        {
            heaviest.insert(place, (edge.weight, &edge.predicate, other));
            heaviest.truncate(RELATIONSHIPS);
        }
    }
    let shown = heaviest.into_iter().map(|(_, predicate, other)| QueryRelationship {
        r#type: predicate.to_owned(),
        target: other.name.clone(),
        target_type: lexicon.singular(&other.collection).to_owned(),
    });
    shown.collect()
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
