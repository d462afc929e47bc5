//! Search while someone is typing: names first, then the text.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kernel::{EntityId, PassageId, Result};
use store::passages::{self, Passage, Wanted};
use store::{Scope, Tenant};
use wire::records::{SearchHit, SearchResults};

use crate::brain::Brain;
use crate::excerpt::cut;
use crate::graph::{Graph, Node};
use crate::lexicon::Lexicon;
use crate::words::keys;

impl Brain {
    /// At most `limit` records of the lexicon's collections whose names, or else whose text, hold all of `words`; the last
    /// word may be a beginning. A record can also be called by its kind and number: `scene 12`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search(
        &self,
        scope: &Scope,
        lexicon: &'static Lexicon,
        words: &str,
        limit: usize,
    ) -> Result<SearchResults> {
        let known = self.known(scope.project());
        let wanted = keys(words);
        let (graph, hits) = self
            .store
            .read_in(scope, move |t| {
                let graph = Graph::current(t, lexicon, known.as_ref())?;
                let hits = find(t, &graph, lexicon, &wanted, limit)?;
                Ok((graph, hits))
            })
            .await?;
        self.keep(scope.project(), &graph);
        Ok(SearchResults { hits })
    }
}

fn find(
    t: &mut Tenant<'_, '_>,
    graph: &Arc<Graph>,
    lexicon: &Lexicon,
    wanted: &[String],
    limit: usize,
) -> Result<Vec<SearchHit>> {
    if wanted.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let mut found = by_name(graph, lexicon, wanted);
    found.truncate(limit);
    let mut best: Vec<PassageId> = Vec::new();
    if found.len() < limit {
        let collections = lexicon.names();
        let wanted = Wanted { words: wanted, typing: true, collections: &collections };
        // A record has several passages, and those found by name are found again.
        let enough = u32::try_from(limit.saturating_mul(4)).unwrap_or(u32::MAX);
        let mut seen: HashSet<EntityId> = found.iter().copied().collect();
        for hit in passages::search(t, &wanted, enough)? {
            if found.len() < limit && seen.insert(hit.entity) {
                found.push(hit.entity);
                best.push(hit.passage);
            }
        }
    }
    let by_text = passages::many(t, &best)?.into_iter().filter(|passage| passage.field != "name");
    let mut texts: HashMap<EntityId, Passage> = by_text.map(|passage| (passage.entity, passage)).collect();
    let others: Vec<EntityId> = found.iter().filter(|id| !texts.contains_key(id)).copied().collect();
    texts.extend(passages::openings(t, &others)?.into_iter().map(|passage| (passage.entity, passage)));
    let dress = |id: &EntityId| {
        let node = graph.node(*id)?;
        let text = texts.get(id).map_or(node.name.as_str().into(), |passage| lexicon.shown(passage));
        Some(SearchHit {
            id: *id,
            collection: node.collection.clone(),
            name: node.name.clone(),
            excerpt: cut(&text, wanted),
        })
    };
    Ok(found.iter().filter_map(dress).collect())
}

/// How well a name answers; the less the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Whole,
    Beginning,
    Words,
    KindAndNumber,
}

/// The entities whose names answer, best first; among equals in the lexicon's order and then in the collection's.
fn by_name(graph: &Graph, lexicon: &Lexicon, wanted: &[String]) -> Vec<EntityId> {
    let rank = |node: &Node| lexicon.collections.iter().position(|c| c.name == node.collection);
    let mut found: Vec<_> = graph
        .nodes()
        .filter_map(|node| Some((fit(node, lexicon, wanted)?, rank(node), node.position, node.id)))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(.., id)| id).collect()
}

fn fit(node: &Node, lexicon: &Lexicon, wanted: &[String]) -> Option<Fit> {
    let words = &node.words;
    if words.len() >= wanted.len() && answers(&words[..wanted.len()], wanted) {
        let whole = words.as_slice() == wanted;
        return Some(if whole { Fit::Whole } else { Fit::Beginning });
    }
    let has = |more: [&str; 2]| {
        wanted.iter().enumerate().all(|(place, want)| {
            let is_last = place + 1 == wanted.len();
            let fits = |word: &str| if is_last { word.starts_with(want) } else { word == want };
            words.iter().any(|word| fits(word)) || more.into_iter().any(|word| !word.is_empty() && fits(word))
        })
    };
    if has(["", ""]) {
        return Some(Fit::Words);
    }
    let number = node.number.as_ref()?;
    has([lexicon.singular(&node.collection), number]).then_some(Fit::KindAndNumber)
}

/// Whether `words` are the wanted ones, the last of which may be a beginning.
fn answers(words: &[String], wanted: &[String]) -> bool {
    let last = wanted.len() - 1;
    words[..last] == wanted[..last] && words[last].starts_with(&wanted[last])
}
