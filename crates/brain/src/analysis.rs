//! Reads a question: what it asks for, whom and what it names, and which of its words are left for recall.

use kernel::EntityId;

use crate::graph::Graph;
use crate::lexicon::{Lexicon, Measure, NamedBy};
use crate::words::{Word, is_empty, words};

/// What a question asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Intent {
    /// Records of a collection that stand in a relationship: "Which scenes is Mara in?"
    Relation,
    /// The one with the most or the least: "Who has the most dialogue?"
    Superlative {
        /// By what.
        measure: Measure,
        /// Whether the least is wanted.
        least: bool,
    },
    /// How many: "How many scenes are at night?"
    Count,
    /// How much of something one has: "How many lines does Joss have?"
    Amount(Measure),
    /// The first or last of what stands in a relationship: "When does Mara first appear?"
    Edge {
        /// Whether the last is wanted.
        last: bool,
    },
    /// Who or what someone or something is: "Who is Mara?"
    Lookup,
    /// Anything else: found by words and meaning.
    Recall,
}

impl Intent {
    /// The intent's name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Relation => "relation",
            Self::Superlative { .. } => "superlative",
            Self::Count => "count",
            Self::Amount(_) => "amount",
            Self::Edge { .. } => "edge",
            Self::Lookup => "lookup",
            Self::Recall => "recall",
        }
    }
}

/// A record, or several that may be meant, that a question names.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    /// The words, as they were compared.
    pub text: String,
    /// Their collection.
    pub collection: String,
    /// Those that may be meant.
    pub ids: Vec<EntityId>,
    /// Whether the whole name was given.
    pub whole: bool,
}

/// What a question was understood as.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// What is asked for.
    pub intent: Intent,
    /// The collection that the answer is of, if the question says.
    pub target: Option<&'static str>,
    /// Whom and what it names.
    pub mentions: Vec<Mention>,
    /// Attributes that it names: field and stored value.
    pub attributes: Vec<(&'static str, &'static str)>,
    /// Whether it asks what happens, and so wants to be told.
    pub happens: bool,
    /// Words that are left for recall.
    pub rest: Vec<String>,
    /// 0 to 1.
    pub confidence: f64,
}

const MOST: &[&str] = &["most", "longest", "biggest", "largest", "main", "greatest", "highest"];
const LEAST: &[&str] = &["least", "fewest", "shortest", "smallest", "lowest"];
/// Words that ask but name nothing that could be looked for.
const ASKING: &[&str] = &[
    "amount",
    "appear",
    "appearance",
    "appears",
    "describe",
    "description",
    "find",
    "happen",
    "happened",
    "happening",
    "happens",
    "involve",
    "involved",
    "involves",
    "meet",
    "meeting",
    "meets",
    "met",
    "number",
    "occur",
    "occurs",
    "often",
    "place",
    "play",
    "plays",
    "present",
    "see",
    "seen",
    "set",
    "share",
    "shares",
    "story",
    "take",
    "takes",
    "talk",
    "talking",
    "talks",
    "time",
    "together",
];

/// Reads a question against a project's graph.
#[must_use]
pub fn analyse(question: &str, graph: &Graph, lexicon: &Lexicon) -> Analysis {
    let words = words(question);
    let mut used = vec![false; words.len()];
    let mentions = mentions(&words, &mut used, graph, lexicon);
    let attributes = attributes(&words, &mut used, lexicon);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.key.as_str()));
    let starts = |list: &[&str]| words.first().is_some_and(|word| list.contains(&word.key.as_str()));

    let target = target(&words, &mentions, lexicon);
    let measure = lexicon.measures.iter().find(|measure| has(measure.words));
    let counts =
        words.windows(2).any(|pair| pair[0].key == "how" && matches!(pair[1].key.as_str(), "many" | "much"));
    let least = has(LEAST);
    let superlative = (has(MOST) || least) && !has(&["almost"]);
    let names_hub = mentions.iter().any(|m| m.collection == lexicon.hub);
    let others = mentions.iter().filter(|m| m.collection != lexicon.hub).count();

    let intent = if superlative {
        let of = target.or(measure.map(|measure| measure.of));
        let fits = |measure: &&Measure| of.is_none_or(|of| measure.of == of);
        let chosen = lexicon
            .measures
            .iter()
            .filter(|measure| has(measure.words))
            .find(fits)
            .or_else(|| lexicon.measures.iter().find(|measure| of == Some(measure.of)));
        chosen.map_or(Intent::Recall, |measure| Intent::Superlative { measure: *measure, least })
    } else if counts {
        match measure.filter(|measure| mentions.iter().any(|m| m.collection == measure.of)) {
            Some(measure) if target != Some(lexicon.hub) => Intent::Amount(*measure),
            _ if target.is_some() => Intent::Count,
            _ => Intent::Recall,
        }
    } else if has(&["first", "last", "finally"]) && !mentions.is_empty() {
        Intent::Edge { last: has(&["last", "finally"]) }
    } else if others == 1 && attributes.is_empty() && is_lookup(&words) {
        Intent::Lookup
    } else if (!mentions.is_empty() || !attributes.is_empty())
        && (target.is_some() || others > 1 || names_hub || starts(&["what", "when", "where", "who", "which"]))
    {
        Intent::Relation
    } else {
        Intent::Recall
    };
    let measured: &[&str] = match &intent {
        Intent::Superlative { measure, .. } | Intent::Amount(measure) => measure.words,
        _ => &[],
    };
    let rest: Vec<String> = words
        .iter()
        .zip(&used)
        .filter(|(word, used)| {
            !**used
                && !is_empty(&word.key)
                && !ASKING.contains(&word.key.as_str())
                && !MOST.contains(&word.key.as_str())
                && !LEAST.contains(&word.key.as_str())
                && !measured.contains(&word.key.as_str())
                && !matches!(word.key.as_str(), "first" | "last" | "finally")
                && !lexicon.collections.iter().any(|c| c.words.contains(&word.key.as_str()))
        })
        .map(|(word, _)| word.key.clone())
        .collect();
    let confidence = confidence(&intent, &mentions, &rest);
    Analysis { intent, target, mentions, attributes, happens: happens(&words), rest, confidence }
}

/// How sure the reading is: less for names that were only partly given, and for words that it left over.
fn confidence(intent: &Intent, mentions: &[Mention], rest: &[String]) -> f64 {
    let base: f64 = if matches!(intent, Intent::Recall) { 0.5 } else { 0.95 };
    let partly = mentions.iter().filter(|m| !m.whole || m.ids.len() > 1).count();
    let left = if matches!(intent, Intent::Recall) { 0 } else { rest.len().min(4) };
    (base - 0.08 * partly as f64 - 0.07 * left as f64).max(0.2)
}

fn is_lookup(words: &[Word]) -> bool {
    let keys: Vec<&str> = words.iter().map(|word| word.key.as_str()).collect();
    matches!(
        keys.as_slice(),
        ["who" | "what", "is" | "are" | "was", ..] | ["describe" | "tell", ..] | ["who's", ..]
    ) && !keys.iter().any(|key| matches!(*key, "at" | "in" | "with" | "on" | "say" | "says"))
}

fn happens(words: &[Word]) -> bool {
    words.iter().any(|word| word.key.starts_with("happen") || word.key == "occurs" || word.key == "occur")
}

/// The collection that is asked for: named outright, or by its question word.
fn target(words: &[Word], mentions: &[Mention], lexicon: &Lexicon) -> Option<&'static str> {
    let named = words.iter().enumerate().find_map(|(place, word)| {
        let collection = lexicon.collections.iter().find(|c| c.words.contains(&word.key.as_str()))?;
        // "scene 12" names a scene, it does not ask for scenes.
        let numbered = collection.named_by == NamedBy::Number
            && words.get(place + 1).is_some_and(|next| next.key.starts_with(|c: char| c.is_ascii_digit()));
        (!numbered).then_some(collection.name)
    });
    named.or_else(|| {
        let happens = happens(words);
        let when = words.first().is_some_and(|w| w.key == "when");
        (happens || when || mentions.len() > 1).then_some(lexicon.hub)
    })
}

/// Finds the records that the question names, longest names first, and marks their words as used.
fn mentions(words: &[Word], used: &mut [bool], graph: &Graph, lexicon: &Lexicon) -> Vec<Mention> {
    let keys: Vec<&str> = words.iter().map(|word| word.key.as_str()).collect();
    let mut found: Vec<Mention> = Vec::new();
    let mut place = 0;
    while place < keys.len() {
        let step = numbered(&keys[place..], graph, lexicon)
            .or_else(|| whole(words, place, &keys, graph))
            .or_else(|| part(words, place, graph, lexicon));
        match step {
            Some((length, mention)) => {
                used[place..place + length].iter_mut().for_each(|used| *used = true);
                if !found.iter().any(|known| known.ids == mention.ids) {
                    found.push(mention);
                }
                place += length;
            }
            None => place += 1,
        }
    }
    found
}

fn numbered(keys: &[&str], graph: &Graph, lexicon: &Lexicon) -> Option<(usize, Mention)> {
    let [singular, number, ..] = keys else { return None };
    let collection =
        lexicon.collections.iter().find(|c| c.named_by == NamedBy::Number && c.singular == *singular)?;
    let id = graph.numbered(collection.name, number)?;
    let text = format!("{singular} {number}");
    Some((2, Mention { text, collection: collection.name.to_owned(), ids: vec![id], whole: true }))
}

fn whole(words: &[Word], place: usize, keys: &[&str], graph: &Graph) -> Option<(usize, Mention)> {
    let (length, ids) = graph.named(&keys[place..])?;
    // A character called WILL is meant only where the question writes a capital, and not at its beginning.
    if length == 1 && is_empty(keys[place]) && (place == 0 || !words[place].capital) {
        return None;
    }
    let text = keys[place..place + length].join(" ");
    of_one_collection(text, &ids, graph, true).map(|mention| (length, mention))
}

fn part(words: &[Word], place: usize, graph: &Graph, lexicon: &Lexicon) -> Option<(usize, Mention)> {
    let word = &words[place];
    if is_empty(&word.key) || asks(&word.key, lexicon) {
        return None;
    }
    let ids = graph.with_part(&word.key);
    if !ids.is_empty() {
        return of_one_collection(word.key.clone(), ids, graph, false).map(|mention| (1, mention));
    }
    // A slip of one letter is forgiven in names of some length that are written as names.
    if word.capital && place > 0 && word.key.chars().count() >= 4 {
        let near = graph.with_part_like(&word.key);
        return of_one_collection(word.key.clone(), &near, graph, false).map(|mention| (1, mention));
    }
    None
}

/// Whether the word is one of those that questions are made of.
fn asks(key: &str, lexicon: &Lexicon) -> bool {
    ASKING.contains(&key)
        || MOST.contains(&key)
        || LEAST.contains(&key)
        || lexicon.collections.iter().any(|c| c.words.contains(&key))
        || lexicon.measures.iter().any(|m| m.words.contains(&key))
        || lexicon.attributes.iter().flat_map(|a| a.values).any(|(_, words)| words.contains(&key))
}

/// Several records with the same word in their names are one mention, if they are of one collection; else those of the
/// collection with the most.
fn of_one_collection(text: String, ids: &[EntityId], graph: &Graph, whole: bool) -> Option<Mention> {
    let mut by_collection: Vec<(&str, Vec<EntityId>)> = Vec::new();
    for node in ids.iter().filter_map(|id| graph.node(*id)) {
        match by_collection.iter_mut().find(|(collection, _)| *collection == node.collection) {
            Some((_, ids)) if ids.contains(&node.id) => {}
            Some((_, ids)) => ids.push(node.id),
            None => by_collection.push((&node.collection, vec![node.id])),
        }
    }
    by_collection.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(b.0)));
    let (collection, mut ids) = by_collection.into_iter().next()?;
    ids.sort_unstable();
    Some(Mention { text, collection: collection.to_owned(), ids, whole })
}

fn attributes(words: &[Word], used: &mut [bool], lexicon: &Lexicon) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    for (place, word) in words.iter().enumerate().filter(|(place, _)| !used[*place]).collect::<Vec<_>>() {
        for attribute in lexicon.attributes {
            let value = attribute.values.iter().find(|(_, words)| words.contains(&word.key.as_str()));
            if let Some((value, _)) = value {
                used[place] = true;
                if !found.contains(&(attribute.field, *value)) {
                    found.push((attribute.field, *value));
                }
            }
        }
    }
    found
}
