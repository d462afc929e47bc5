//! Fusion: what the arms of recall found becomes one ranked list, by weights that depend on the kind of question.

use std::collections::{HashMap, HashSet};

use kernel::EntityId;

/// The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009), smaller than theirs: two arms that
/// are weighed against each other differ more in their first ranks than dozens of equal ones do.
const RRF_K: f64 = 10.0;

/// What kind of words a question has, as far as its arms should be weighed by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A passage holds nearly all of its words: it is remembered word for word.
    Verbatim,
    /// It names records whose relationships say where to look.
    Named,
    /// It is in the person's own words.
    Described,
}

/// How much each arm counts.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub struct Weights {
    pub text: f64,
    pub vectors: f64,
    /// For standing in relation to what the question names.
    pub graph: f64,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Verbatim, Self::Named, Self::Described];

    /// The weights that did best on the tuning half of `benches/recall`; its results say by how much.
    #[must_use]
    pub fn weights(self) -> Weights {
        match self {
            Self::Verbatim => Weights { text: 1.0, vectors: 0.0, graph: 0.0 },
            Self::Named => Weights { text: 0.5, vectors: 1.0, graph: 0.1 },
            Self::Described => Weights { text: 1.0, vectors: 1.0, graph: 0.0 },
        }
    }
}

/// What the arms found for a question, each best first.
#[derive(Debug, Clone)]
pub struct Arms {
    /// What kind of words the question has.
    pub kind: Kind,
    /// What the graph answers, with its relevance from 0 to 1.
    pub graph: Vec<(EntityId, f64)>,
    /// What stands in relation to all that the question names.
    pub related: HashSet<EntityId>,
    /// By words.
    pub text: Vec<EntityId>,
    /// By meaning; `None` when there is no embedder, or nothing is embedded.
    pub vectors: Option<Vec<EntityId>>,
}

impl Arms {
    /// The arms that have a say in the one list, by their names in the API.
    pub(crate) fn taking_part(&self, answered: bool) -> Vec<String> {
        let weights = self.kind.weights();
        let vectors = self.vectors.is_some() && weights.vectors > 0.0;
        let text = !self.text.is_empty() && (weights.text > 0.0 || !vectors);
        let graph = answered || !self.graph.is_empty() || (!self.related.is_empty() && weights.graph > 0.0);
        let named = [("graph", graph), ("text", text), ("vectors", vectors)];
        named.into_iter().filter(|(_, takes_part)| *takes_part).map(|(name, _)| name.to_owned()).collect()
    }

    /// One list, best first, with relevances from 0 to 1. What the graph answers has half of the relevance for itself.
    #[must_use]
    pub fn fused(&self, weights: Weights) -> Vec<(EntityId, f64)> {
        let vectors = self.vectors.as_deref().unwrap_or_default();
        // Without vectors the text has all the say.
        let by_vectors = if self.vectors.is_some() { weights.vectors } else { 0.0 };
        let by_text = if by_vectors > 0.0 { weights.text } else { 1.0 };
        let lists = [(self.text.as_slice(), by_text), (vectors, by_vectors)];
        let most = lists.iter().map(|(_, weight)| weight).sum::<f64>();
        let mut scores: HashMap<EntityId, f64> = HashMap::new();
        for (list, weight) in lists.into_iter().filter(|(_, weight)| *weight > 0.0) {
            for (rank, id) in list.iter().enumerate() {
                *scores.entry(*id).or_default() +=
                    weight / most * (RRF_K + 1.0) / (RRF_K + 1.0 + rank as f64);
            }
        }
        for (id, score) in &mut scores {
            if self.related.contains(id) {
                *score += weights.graph;
            }
            *score /= 1.0 + if self.related.is_empty() { 0.0 } else { weights.graph };
        }
        if !self.graph.is_empty() {
            scores.values_mut().for_each(|score| *score *= 0.5);
            for (id, relevance) in &self.graph {
                *scores.entry(*id).or_default() += 0.5 * relevance;
            }
        }
        // Among equals the graph's order, then the text's.
        let mut order: HashMap<EntityId, usize> = HashMap::new();
        for id in self.graph.iter().map(|(id, _)| id).chain(&self.text).chain(vectors) {
            let next = order.len();
            order.entry(*id).or_insert(next);
        }
        let mut ranked: Vec<(EntityId, f64)> = scores.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(order[&a.0].cmp(&order[&b.0])));
        ranked
    }
}

#[cfg(test)]
mod tests {
    use kernel::Ambient;

    use super::*;

    fn ids() -> [EntityId; 4] {
        let ambient = Ambient::system();
        std::array::from_fn(|_| ambient.id())
    }

    fn order(ranked: &[(EntityId, f64)]) -> Vec<EntityId> {
        ranked.iter().map(|(id, _)| *id).collect()
    }

    #[test]
    fn what_two_arms_find_comes_before_what_one_finds() {
        let [a, b, c, _] = ids();
        let arms = Arms {
            kind: Kind::Described,
            graph: Vec::new(),
            related: HashSet::new(),
            text: vec![a, b],
            vectors: Some(vec![c, b]),
        };
        let ranked = arms.fused(Weights { text: 1.0, vectors: 1.0, graph: 0.0 });
        assert_eq!(order(&ranked), [b, a, c]);
        assert!(ranked.iter().all(|(_, score)| (0.0..=1.0).contains(score)));
    }

    #[test]
    fn an_arm_without_weight_adds_nothing() {
        let [a, b, c, _] = ids();
        let arms = Arms {
            kind: Kind::Described,
            graph: Vec::new(),
            related: HashSet::new(),
            text: vec![a, b],
            vectors: Some(vec![c]),
        };
        assert_eq!(order(&arms.fused(Weights { text: 0.0, vectors: 1.0, graph: 0.0 })), [c]);
        assert_eq!(order(&arms.fused(Weights { text: 1.0, vectors: 0.0, graph: 0.0 })), [a, b]);
    }

    #[test]
    fn without_an_embedder_the_text_has_all_the_say() {
        let [a, b, ..] = ids();
        let arms = Arms {
            kind: Kind::Described,
            graph: Vec::new(),
            related: HashSet::new(),
            text: vec![a, b],
            vectors: None,
        };
        let ranked = arms.fused(Weights { text: 0.0, vectors: 1.0, graph: 0.0 });
        assert_eq!(order(&ranked), [a, b]);
        assert_eq!(ranked[0].1, 1.0);
    }

    #[test]
    fn words_order_what_the_graph_holds_to_be_equal() {
        let [a, b, c, d] = ids();
        let arms = Arms {
            kind: Kind::Named,
            graph: vec![(a, 1.0), (b, 1.0), (c, 1.0)],
            related: HashSet::new(),
            text: vec![c, d],
            vectors: None,
        };
        assert_eq!(order(&arms.fused(Kind::Named.weights())), [c, a, b, d]);
    }

    #[test]
    fn what_is_related_to_the_named_is_preferred() {
        let [a, b, ..] = ids();
        let arms = Arms {
            kind: Kind::Named,
            graph: Vec::new(),
            related: HashSet::from([b]),
            text: vec![a, b],
            vectors: None,
        };
        assert_eq!(order(&arms.fused(Weights { text: 1.0, vectors: 0.0, graph: 0.2 })), [b, a]);
        assert_eq!(order(&arms.fused(Weights { text: 1.0, vectors: 0.0, graph: 0.0 })), [a, b]);
    }
}
