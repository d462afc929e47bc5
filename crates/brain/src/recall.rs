//! Recall: a question goes to graph, text and vectors; what they find is fused into one ranked list with sources.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};

use embedding::Vector;
use kernel::{EntityId, Result};
use store::passages::{self, Passage, Wanted};
use store::{Scope, Tenant};
use wire::orchestrator::{QueryAnalysis, QueryFilters, QueryResponse};

use crate::analysis::{Analysis, Intent, analyse};
use crate::answer::{Answer, answer};
use crate::brain::Brain;
use crate::dress::{dress, narrow};
use crate::fusion::{Arms, Kind};
use crate::graph::Graph;
use crate::lexicon::Lexicon;
use crate::vectors::{Near, Vectors};
use crate::words::{is_empty, keys};

/// Passages that the text arm looks at.
const TEXT_CANDIDATES: u32 = 200;
/// How many of a question's words a passage must hold to be what the person remembers, and how many there must be to tell.
const VERBATIM: (f64, usize) = (0.8, 3);

/// What recall found, before it is dressed for the wire.
pub(crate) struct Found {
    pub(crate) analysis: Analysis,
    sentence: Option<String>,
    arms: Arms,
    /// The arms that took part, by their names in the API.
    named: Vec<String>,
    /// Entities with their relevance, best first.
    pub(crate) ranked: Vec<(EntityId, f64)>,
    /// The passage for which an entity was found.
    pub(crate) passages: HashMap<EntityId, Passage>,
}

/// A question that was read, and what the graph says to it.
struct Reading {
    analysis: Analysis,
    answer: Answer,
    /// What to look for in the text; nothing when the graph's answer is all that is asked for.
    words: Vec<String>,
}

impl Brain {
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
        let (graph, vector) = self.prepare(scope, lexicon, question).await?;
        let (vectors, question) = (self.vectors.clone(), question.to_owned());
        self.store
            .read_in(scope, move |t| {
                let vector = vector.as_ref().map(|vector| (vector, &*vectors));
                let mut found = find(t, &graph, lexicon, &question, vector)?;
                narrow(t, &graph, lexicon, &filters, &mut found.ranked)?;
                respond(t, &graph, lexicon, &question, found, limit)
            })
            .await
    }

    /// What each arm finds for a question, before it is fused: for evaluations.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn arms(&self, scope: &Scope, lexicon: &'static Lexicon, question: &str) -> Result<Arms> {
        let (graph, vector) = self.prepare(scope, lexicon, question).await?;
        let (vectors, question) = (self.vectors.clone(), question.to_owned());
        self.store
            .read_in(scope, move |t| {
                let vector = vector.as_ref().map(|vector| (vector, &*vectors));
                Ok(find(t, &graph, lexicon, &question, vector)?.arms)
            })
            .await
    }

    /// The graph as it is now, and the question's vector if there is an embedder and the question needs it.
    async fn prepare(
        &self,
        scope: &Scope,
        lexicon: &'static Lexicon,
        question: &str,
    ) -> Result<(Arc<Graph>, Option<Vector>)> {
        let graph = self.graph(scope, lexicon).await?;
        let model = self.model.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(model) = model else { return Ok((graph, None)) };
        if read(question, &graph, lexicon).words.is_empty() {
            return Ok((graph, None));
        }
        let question = question.to_owned();
        let embedded = tokio::task::spawn_blocking(move || model.vectors(&[&question])).await;
        let vector = match embedded.map_err(kernel::Error::internal)? {
            Ok(vectors) => vectors.into_iter().next(),
            Err(error) => {
                // Text and graph carry recall, and the answer says that they did.
                tracing::warn!(%error, "a question could not be embedded");
                None
            }
        };
        Ok((graph, vector))
    }
}

fn respond(
    t: &mut Tenant<'_, '_>,
    graph: &Graph,
    lexicon: &Lexicon,
    question: &str,
    mut found: Found,
    limit: usize,
) -> Result<QueryResponse> {
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
        arms: found.named,
    })
}

fn named(analysis: &Analysis, graph: &Graph) -> Vec<String> {
    let ids = analysis.mentions.iter().flat_map(|mention| &mention.ids);
    ids.filter_map(|id| graph.node(*id)).map(|node| node.name.clone()).collect()
}

fn read(question: &str, graph: &Graph, lexicon: &Lexicon) -> Reading {
    let analysis = analyse(question, graph, lexicon);
    let answer = answer(&analysis, graph, lexicon);
    let words = match analysis.intent {
        // Words that questions are made of can be the very ones that are remembered: "what a piece of work".
        Intent::Recall => keys(question).into_iter().filter(|key| !is_empty(key)).collect(),
        Intent::Relation | Intent::Lookup if answer.hits.is_empty() => {
            let mut all = analysis.rest.clone();
            all.extend(analysis.mentions.iter().flat_map(|mention| keys(&mention.text)));
            all.extend(analysis.attributes.iter().map(|(_, value)| (*value).to_owned()));
            all
        }
        Intent::Relation | Intent::Lookup => analysis.rest.clone(),
        _ => Vec::new(),
    };
    Reading { analysis, answer, words }
}

fn find(
    t: &mut Tenant<'_, '_>,
    graph: &Graph,
    lexicon: &Lexicon,
    question: &str,
    vector: Option<(&Vector, &Vectors)>,
) -> Result<Found> {
    let Reading { analysis, answer: Answer { mut sentence, hits, within }, words } =
        read(question, graph, lexicon);
    let by_graph = !hits.is_empty() || sentence.is_some();
    let mut named = if by_graph { vec!["graph".to_owned()] } else { Vec::new() };
    let within = within.filter(|set| !set.is_empty());
    // What a question asks of named records is kept to what they are related to; a memory that only names them is not:
    // people are also called `she`, and `the captain`.
    let (only, related) = match analysis.intent {
        Intent::Recall => (None, within.unwrap_or_default()),
        _ => (within, HashSet::new()),
    };
    let mut arms = Arms {
        kind: if analysis.mentions.is_empty() { Kind::Described } else { Kind::Named },
        graph: hits,
        related,
        text: Vec::new(),
        vectors: None,
    };
    let mut passages: HashMap<EntityId, Passage> = HashMap::new();
    if !words.is_empty() {
        let by_text = by_words(t, lexicon, &words, only.as_ref())?;
        if by_text.first().is_some_and(|best| holds(best, &words)) {
            arms.kind = Kind::Verbatim;
        }
        for passage in by_text {
            if let Entry::Vacant(place) = passages.entry(passage.entity) {
                arms.text.push(passage.entity);
                place.insert(passage);
            }
        }
        let near = match vector {
            Some((vector, vectors)) => vectors.search(t, vector, |entity| {
                graph.node(entity).is_some() && only.as_ref().is_none_or(|only| only.contains(&entity))
            })?,
            None => Vec::new(),
        };
        if !near.is_empty() {
            arms.vectors = Some(near.iter().map(|near| near.entity).collect());
            show(t, &near, &mut passages)?;
        }
        let weights = arms.kind.weights();
        let has_vectors = arms.vectors.is_some() && weights.vectors > 0.0;
        if !arms.related.is_empty() && weights.graph > 0.0 && named.is_empty() {
            named.push("graph".to_owned());
        }
        if !arms.text.is_empty() && (weights.text > 0.0 || !has_vectors) {
            named.push("text".to_owned());
        }
        if has_vectors {
            named.push("vectors".to_owned());
        }
        // What the words say is what was asked; the list of all that stands in relation would only hide it.
        let found_by_words = !passages.is_empty();
        if found_by_words && !analysis.rest.is_empty() && matches!(analysis.intent, Intent::Relation) {
            sentence = None;
        }
    }
    let ranked = arms.fused(arms.kind.weights());
    Ok(Found { analysis, sentence, arms, named, ranked, passages })
}

fn by_words(
    t: &mut Tenant<'_, '_>,
    lexicon: &Lexicon,
    words: &[String],
    only: Option<&HashSet<EntityId>>,
) -> Result<Vec<Passage>> {
    let collections = lexicon.names();
    let within: Option<Vec<EntityId>> = only.map(|only| only.iter().copied().collect());
    let wanted = Wanted { words, typing: false, collections: &collections, within: within.as_deref() };
    let found = passages::search(t, &wanted, TEXT_CANDIDATES)?;
    Ok(found.into_iter().map(|(passage, _)| passage).collect())
}

/// Reads the passages for which the vectors found what the text did not.
fn show(t: &mut Tenant<'_, '_>, near: &[Near], passages: &mut HashMap<EntityId, Passage>) -> Result<()> {
    let new = near.iter().filter(|near| !passages.contains_key(&near.entity));
    let ids: Vec<_> = new.map(|near| near.passage).collect();
    for passage in passages::many(t, &ids)? {
        passages.insert(passage.entity, passage);
    }
    Ok(())
}

/// Whether a passage holds so many of the words that it is what the person remembers.
fn holds(passage: &Passage, words: &[String]) -> bool {
    let (share, least) = VERBATIM;
    let has: HashSet<String> = keys(&passage.text).into_iter().collect();
    // Endings differ: `waits` is `waited`. Four letters in common are taken for the same word.
    let alike = |word: &str| {
        has.contains(word)
            || has.iter().any(|other| {
                let common = word.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
                common >= 4 && common + 3 >= word.chars().count().max(other.chars().count())
            })
    };
    let held = words.iter().filter(|word| alike(word)).count();
    words.len() >= least && held as f64 >= share * words.len() as f64
}
