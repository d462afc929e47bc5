//! Recall: a question goes to graph, text and vectors; what they find is fused into one ranked list with sources.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};

use embedding::Vector;
use kernel::{EntityId, PassageId, Result};
use store::passages::{self, Hit, Wanted};
use store::{Scope, Tenant};
use wire::orchestrator::{DateRange, QueryAnalysis, QueryFilters, QueryResponse};

use crate::analysis::{Analysis, Intent, analyse};
use crate::answer::{Answer, answer};
use crate::brain::Brain;
use crate::dress::dress;
use crate::fusion::{Arms, Kind};
use crate::graph::{Graph, Node};
use crate::lexicon::Lexicon;
use crate::vectors::Vectors;
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
    pub(crate) passages: HashMap<EntityId, PassageId>,
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
                let found = find(t, &graph, lexicon, &question, vector, &Admitted::by(lexicon, &filters))?;
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
                let none = QueryFilters::default();
                Ok(find(t, &graph, lexicon, &question, vector, &Admitted::by(lexicon, &none))?.arms)
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
        answer: match (sentence, described) {
            (Some(sentence), Some(described)) => Some(format!("{sentence}\n\n{described}")),
            (sentence, described) => sentence.or(described),
        },
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
        Intent::Relation | Intent::Lookup if answer.hits.is_empty() || !analysis.rest.is_empty() => {
            let mut all = analysis.rest.clone();
            all.extend(analysis.mentions.iter().flat_map(|mention| keys(&mention.text)));
            all.extend(analysis.attributes.iter().map(|(_, value)| (*value).to_owned()));
            all
        }
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
    admitted: &Admitted<'_>,
) -> Result<Found> {
    let Reading { analysis, answer: Answer { mut sentence, hits, within }, words } =
        read(question, graph, lexicon);
    let mut arms = Arms {
        kind: if analysis.mentions.is_empty() { Kind::Described } else { Kind::Named },
        graph: hits,
        related: HashSet::new(),
        text: Vec::new(),
        vectors: None,
    };
    let mut passages: HashMap<EntityId, PassageId> = HashMap::new();
    if !words.is_empty() {
        let by_text = by_words(t, graph, admitted, &words)?;
        // Names say nothing: half of the passages hold them.
        let names: HashSet<String> = analysis.mentions.iter().flat_map(|m| keys(&m.text)).collect();
        let own: Vec<&String> = words.iter().filter(|word| !names.contains(*word)).collect();
        let best: Vec<PassageId> = by_text.iter().map(|hit| hit.passage).take(1).collect();
        if passages::many(t, &best)?.iter().any(|best| holds(&best.text, &own)) {
            arms.kind = Kind::Verbatim;
        }
        // Who asks what named records are related to knows these.
        let known: HashSet<EntityId> = match analysis.intent {
            Intent::Relation => {
                let others =
                    analysis.mentions.iter().filter(|m| Some(m.collection.as_str()) != analysis.target);
                others.flat_map(|mention| &mention.ids).copied().collect()
            }
            _ => HashSet::new(),
        };
        for hit in by_text.iter().filter(|hit| !known.contains(&hit.entity)) {
            if let Entry::Vacant(place) = passages.entry(hit.entity) {
                arms.text.push(hit.entity);
                place.insert(hit.passage);
            }
        }
        let near = match vector {
            Some((vector, vectors)) => vectors.search(t, lexicon, vector, |entity| {
                !known.contains(&entity) && graph.node(entity).is_some_and(|node| admitted.lets_in(node))
            })?,
            None => Vec::new(),
        };
        if !near.is_empty() {
            arms.vectors = Some(near.iter().map(|near| near.entity).collect());
            // The passages for which the vectors found what the text did not.
            for near in &near {
                passages.entry(near.entity).or_insert(near.passage);
            }
        }
        // What the words say is what was asked: the list of all that stands in relation would only hide it, so that list
        // is preferred within what the words find. It is not all there is: people are also called `she`, and `the
        // captain`.
        let asks_more = match analysis.intent {
            Intent::Relation => !analysis.rest.is_empty(),
            intent => intent == Intent::Recall,
        };
        if asks_more && !passages.is_empty() {
            arms.related = within.unwrap_or_default();
            arms.graph.clear();
            sentence = None;
        }
    }
    let named = arms.taking_part(sentence.is_some());
    arms.graph.retain(|(id, _)| graph.node(*id).is_some_and(|node| admitted.lets_in(node)));
    let ranked = arms.fused(arms.kind.weights());
    Ok(Found { analysis, sentence, arms, named, ranked, passages })
}

/// What a question's filters let in. Every arm asks before it ranks, so that what is left out takes no one's place.
struct Admitted<'f> {
    collections: Vec<&'static str>,
    changed: Option<&'f DateRange>,
    tags: &'f [String],
}

impl<'f> Admitted<'f> {
    /// Collections are meant by their own names or by what one of their records is called.
    fn by(lexicon: &Lexicon, filters: &'f QueryFilters) -> Self {
        let types = filters.entity_types.as_deref().unwrap_or_default();
        let meant = |name: &str, singular: &str| {
            types.is_empty() || types.iter().any(|wanted| wanted == name || wanted == singular)
        };
        let all = lexicon.collections.iter();
        Self {
            collections: all.filter(|c| meant(c.name, c.singular)).map(|c| c.name).collect(),
            changed: filters.date_range.as_ref(),
            tags: filters.tags.as_deref().unwrap_or_default(),
        }
    }

    fn lets_in(&self, node: &Node) -> bool {
        let within = |range: &DateRange| (range.start..=range.end).contains(&node.updated_at);
        self.collections.contains(&node.collection.as_str())
            && self.changed.is_none_or(within)
            && (self.tags.is_empty() || node.tags.iter().any(|tag| self.tags.contains(tag)))
    }
}

fn by_words(
    t: &mut Tenant<'_, '_>,
    graph: &Graph,
    admitted: &Admitted<'_>,
    words: &[String],
) -> Result<Vec<Hit>> {
    let wanted = Wanted { words, typing: false, collections: &admitted.collections };
    if admitted.changed.is_none() && admitted.tags.is_empty() {
        return passages::search(t, &wanted, TEXT_CANDIDATES);
    }
    let mut hits = passages::search(t, &wanted, passages::RANKED)?;
    hits.retain(|hit| graph.node(hit.entity).is_some_and(|node| admitted.lets_in(node)));
    hits.truncate(TEXT_CANDIDATES as usize);
    Ok(hits)
}

/// Whether a passage's text holds so many of the words that it is what the person remembers.
fn holds(text: &str, words: &[&String]) -> bool {
    let (share, least) = VERBATIM;
    let has: HashSet<String> = keys(text).into_iter().collect();
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
