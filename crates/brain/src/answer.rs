//! Answers a question from the graph alone: a pure function from what was understood to entities and a sentence.

use std::collections::{BTreeMap, HashSet};

use kernel::EntityId;

use crate::analysis::{Analysis, Intent, Mention};
use crate::graph::{Graph, Node};
use crate::lexicon::{Lexicon, Measure, MeasureBy, Relation};

/// How many names a sentence lists before it only counts the others.
const LISTED: usize = 12;

/// What the graph knows of a question.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The answer in words, if the graph has one.
    pub sentence: Option<String>,
    /// The entities that the answer is made of, best first, each with its relevance from 0 to 1.
    pub hits: Vec<(EntityId, f64)>,
    /// The entities that recall should keep to, because the question names what they stand in relation to.
    pub within: Option<HashSet<EntityId>>,
}

/// Answers what the graph can answer.
#[must_use]
pub fn answer(analysis: &Analysis, graph: &Graph, lexicon: &Lexicon) -> Answer {
    match &analysis.intent {
        Intent::Superlative { measure, least } => superlative(analysis, *measure, *least, graph, lexicon),
        Intent::Amount(measure) => amount(analysis, *measure, graph),
        Intent::Count => count(analysis, graph, lexicon),
        Intent::Edge { last } => edge(analysis, *last, graph, lexicon),
        Intent::Lookup => Answer {
            hits: analysis.mentions.iter().flat_map(|m| m.ids.iter().map(|id| (*id, certainty(m)))).collect(),
            ..Answer::default()
        },
        Intent::Relation => relation(analysis, graph, lexicon),
        Intent::Recall => Answer {
            within: (!analysis.mentions.is_empty())
                .then(|| hub_set(analysis, graph, lexicon).into_iter().collect()),
            ..Answer::default()
        },
    }
}

fn certainty(mention: &Mention) -> f64 {
    if mention.whole && mention.ids.len() == 1 { 1.0 } else { 0.9 }
}

/// The hub's records that stand in relation to everything that the question names, in their order.
fn hub_set(analysis: &Analysis, graph: &Graph, lexicon: &Lexicon) -> Vec<EntityId> {
    let mut set: Vec<&Node> = graph.of(lexicon.hub);
    for mention in &analysis.mentions {
        let fits: HashSet<EntityId> = if mention.collection == lexicon.hub {
            mention.ids.iter().copied().collect()
        } else {
            let relations = lexicon.relations.iter().filter(|relation| relation.with == mention.collection);
            relations
                .flat_map(|relation| mention.ids.iter().flat_map(|id| graph.across(*id, relation.predicate)))
                .map(|(id, _)| id)
                .collect()
        };
        set.retain(|node| fits.contains(&node.id));
    }
    // Several values of one attribute are alternatives: "at dusk or at night".
    let mut by_field: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (field, value) in &analysis.attributes {
        by_field.entry(field).or_default().push(value);
    }
    for (field, values) in by_field {
        set.retain(|node| node.attributes.get(field).is_some_and(|has| values.contains(&has.as_str())));
    }
    set.into_iter().map(|node| node.id).collect()
}

fn relation(analysis: &Analysis, graph: &Graph, lexicon: &Lexicon) -> Answer {
    let hubs = hub_set(analysis, graph, lexicon);
    let within: HashSet<EntityId> = hubs.iter().copied().collect();
    let certainty = analysis.mentions.iter().map(certainty).fold(1.0, f64::min);
    let target = analysis.target.unwrap_or(lexicon.hub);
    let conditions = conditions(analysis, graph, lexicon);
    if hubs.is_empty() {
        let sentence = format!("No {}{conditions}.", lexicon.singular(lexicon.hub));
        return Answer { sentence: Some(sentence), hits: Vec::new(), within: None };
    }
    if target == lexicon.hub {
        let sentence = format!(
            "{}{conditions}: {}.",
            counted(hubs.len(), lexicon, lexicon.hub),
            listed(&hubs, graph, lexicon)
        );
        // With words left over, recall looks among these for what the words say.
        let hits = hubs.iter().map(|id| (*id, certainty)).collect();
        return Answer { sentence: Some(sentence), hits, within: Some(within) };
    }
    let named: HashSet<EntityId> = analysis.mentions.iter().flat_map(|m| m.ids.iter().copied()).collect();
    let found = spokes(&hubs, target, &named, graph, lexicon);
    let asked: Vec<EntityId> = analysis
        .mentions
        .iter()
        .filter(|mention| mention.collection == target)
        .flat_map(|mention| mention.ids.iter().copied())
        .collect();
    if found.is_empty() && !asked.is_empty() {
        // "Where is the lighthouse?": what is named is itself of the kind that is asked for.
        let sentence = format!(
            "{}: {}: {}.",
            listed(&asked, graph, lexicon),
            counted(hubs.len(), lexicon, lexicon.hub),
            listed(&hubs, graph, lexicon)
        );
        let hits =
            asked.iter().map(|id| (*id, certainty)).chain(hubs.iter().map(|id| (*id, certainty * 0.85)));
        return Answer { sentence: Some(sentence), hits: hits.collect(), within: Some(within) };
    }
    if found.is_empty() {
        let sentence = format!("No {}{conditions}.", lexicon.singular(target));
        return Answer { sentence: Some(sentence), hits: Vec::new(), within: Some(within) };
    }
    let ids: Vec<EntityId> = found.iter().map(|(id, _)| *id).collect();
    let sentence = format!(
        "{}: {} ({}{conditions}: {}).",
        counted(ids.len(), lexicon, target),
        listed(&ids, graph, lexicon),
        counted(hubs.len(), lexicon, lexicon.hub),
        listed(&hubs, graph, lexicon)
    );
    let most = found.first().map_or(1, |(_, n)| *n) as f64;
    // What was asked for comes first, and after it the records that prove it.
    let mut hits: Vec<(EntityId, f64)> =
        found.iter().map(|(id, n)| (*id, certainty * (0.9 + 0.1 * *n as f64 / most))).collect();
    hits.extend(hubs.iter().map(|id| (*id, certainty * 0.85)));
    Answer { sentence: Some(sentence), hits, within: Some(within) }
}

/// The records of `target` that stand in relation to `hubs`, with how many of them, most first.
fn spokes(
    hubs: &[EntityId],
    target: &str,
    except: &HashSet<EntityId>,
    graph: &Graph,
    lexicon: &Lexicon,
) -> Vec<(EntityId, usize)> {
    let relations: Vec<&Relation> =
        lexicon.relations.iter().filter(|relation| relation.with == target).collect();
    let mut found: Vec<(EntityId, usize)> = Vec::new();
    for hub in hubs {
        let mut here: HashSet<EntityId> = HashSet::new();
        for relation in &relations {
            for (id, _) in graph.across(*hub, relation.predicate) {
                if !except.contains(&id) && here.insert(id) {
                    match found.iter_mut().find(|(known, _)| *known == id) {
                        Some((_, n)) => *n += 1,
                        None => found.push((id, 1)),
                    }
                }
            }
        }
    }
    // A stable sort keeps the order of first appearance among equals.
    found.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    found
}

fn measured(node: &Node, measure: &Measure, among: Option<&HashSet<EntityId>>, graph: &Graph) -> f64 {
    let counts = |id: &EntityId| among.is_none_or(|among| among.contains(id));
    match measure.by {
        MeasureBy::Weight(predicate) => graph
            .edges(node.id)
            .iter()
            .filter(|edge| edge.predicate == predicate && counts(&edge.other(node.id)))
            .map(|edge| edge.weight)
            .sum(),
        MeasureBy::Count(predicate) => {
            graph.across(node.id, predicate).iter().filter(|(id, _)| counts(id)).count() as f64
        }
        MeasureBy::Field(field) => node.numbers.get(field).copied().unwrap_or(0.0),
    }
}

fn superlative(
    analysis: &Analysis,
    measure: Measure,
    least: bool,
    graph: &Graph,
    lexicon: &Lexicon,
) -> Answer {
    let constrained = !analysis.mentions.is_empty() || !analysis.attributes.is_empty();
    let among: Option<HashSet<EntityId>> =
        constrained.then(|| hub_set(analysis, graph, lexicon).into_iter().collect());
    let mut ranked: Vec<(&Node, f64)> = graph
        .of(measure.of)
        .into_iter()
        .filter(|node| {
            measure.of != lexicon.hub || among.as_ref().is_none_or(|among| among.contains(&node.id))
        })
        .map(|node| (node, measured(node, &measure, among.as_ref(), graph)))
        .filter(|(_, amount)| *amount > 0.0)
        .collect();
    ranked.sort_by(|a, b| if least { a.1.total_cmp(&b.1) } else { b.1.total_cmp(&a.1) });
    let Some((first, top)) = ranked.first() else { return Answer::default() };
    let ties: Vec<String> = ranked
        .iter()
        .take_while(|(_, amount)| amount == top)
        .map(|(node, _)| label(node, lexicon))
        .take(LISTED)
        .collect();
    let which = if least { "least" } else { "most" };
    let mut sentence = if ties.len() > 1 {
        format!("{} have the {which}: {} each.", ties.join(" and "), amount_of(*top, &measure))
    } else {
        format!("{} has the {which}: {}.", label(first, lexicon), amount_of(*top, &measure))
    };
    let next: Vec<String> = ranked
        .iter()
        .skip(ties.len())
        .take(3)
        .map(|(node, amount)| format!("{} ({})", label(node, lexicon), amount_of(*amount, &measure)))
        .collect();
    if !next.is_empty() {
        sentence.push_str(&format!(" Then {}.", next.join(", ")));
    }
    let hits = ranked.iter().map(|(node, amount)| {
        let share = if least { top / amount } else { amount / top };
        (node.id, 0.5 + 0.5 * share)
    });
    Answer { sentence: Some(sentence), hits: hits.collect(), within: None }
}

fn amount_of(amount: f64, measure: &Measure) -> String {
    let unit = if amount == 1.0 { measure.unit.0 } else { measure.unit.1 };
    format!("{amount} {unit}")
}

fn amount(analysis: &Analysis, measure: Measure, graph: &Graph) -> Answer {
    let named = analysis.mentions.iter().filter(|m| m.collection == measure.of).flat_map(|m| &m.ids);
    let found: Vec<(&Node, f64)> = named
        .filter_map(|id| graph.node(*id))
        .map(|node| (node, measured(node, &measure, None, graph)))
        .collect();
    let parts: Vec<String> = found
        .iter()
        .map(|(node, amount)| format!("{}: {}", node.name, amount_of(*amount, &measure)))
        .collect();
    Answer {
        sentence: (!parts.is_empty()).then(|| format!("{}.", parts.join("; "))),
        hits: found.iter().map(|(node, _)| (node.id, 1.0)).collect(),
        within: None,
    }
}

fn count(analysis: &Analysis, graph: &Graph, lexicon: &Lexicon) -> Answer {
    let Some(target) = analysis.target else { return Answer::default() };
    if analysis.mentions.is_empty() && analysis.attributes.is_empty() {
        let all: Vec<EntityId> = graph.of(target).iter().map(|node| node.id).collect();
        let sentence = format!("{}.", counted(all.len(), lexicon, target));
        return Answer {
            sentence: Some(sentence),
            hits: all.iter().map(|id| (*id, 1.0)).collect(),
            within: None,
        };
    }
    relation(analysis, graph, lexicon)
}

fn edge(analysis: &Analysis, last: bool, graph: &Graph, lexicon: &Lexicon) -> Answer {
    let hubs = hub_set(analysis, graph, lexicon);
    let Some(id) = (if last { hubs.last() } else { hubs.first() }) else {
        return relation(analysis, graph, lexicon);
    };
    let which = if last { "last" } else { "first" };
    let sentence = graph.node(*id).map(|node| {
        format!(
            "The {which} {}{}: {}.",
            lexicon.singular(lexicon.hub),
            conditions(analysis, graph, lexicon),
            label(node, lexicon)
        )
    });
    Answer { sentence, hits: vec![(*id, 1.0)], within: None }
}

/// What the question names, in words that follow a noun: ` with Mara and Joss at Harbour (night)`; else nothing.
fn conditions(analysis: &Analysis, graph: &Graph, lexicon: &Lexicon) -> String {
    let mut parts: Vec<String> = Vec::new();
    // A record of the hub is listed by number and name itself.
    for mention in analysis.mentions.iter().filter(|mention| mention.collection != lexicon.hub) {
        let names: Vec<&str> = mention
            .ids
            .iter()
            .filter_map(|id| graph.node(*id))
            .map(|node| node.name.as_str())
            .take(3)
            .collect();
        let names = if names.len() < mention.ids.len() || names.len() > 2 {
            mention.text.clone()
        } else {
            names.join(" or ")
        };
        let from_hub = lexicon.relations.iter().any(|r| r.with == mention.collection && r.from_hub);
        let word = if from_hub { "at" } else { "with" };
        match parts.last_mut().filter(|last| word == "with" && last.starts_with("with ")) {
            Some(last) => last.push_str(&format!(" and {names}")),
            None => parts.push(format!("{word} {names}")),
        }
    }
    let values: Vec<&str> = analysis.attributes.iter().map(|(_, value)| *value).collect();
    if !values.is_empty() {
        parts.push(format!("({})", values.join(", ")));
    }
    parts.iter().map(|part| format!(" {part}")).collect()
}

fn counted(n: usize, lexicon: &Lexicon, collection: &str) -> String {
    if n == 1 { format!("1 {}", lexicon.singular(collection)) } else { format!("{n} {collection}") }
}

fn listed(ids: &[EntityId], graph: &Graph, lexicon: &Lexicon) -> String {
    let names: Vec<String> =
        ids.iter().take(LISTED).filter_map(|id| graph.node(*id)).map(|node| label(node, lexicon)).collect();
    let more = ids.len().saturating_sub(LISTED);
    let separator = if names.iter().any(|name| name.contains(',')) { "; " } else { ", " };
    if more > 0 { format!("{} and {more} more", names.join(separator)) } else { names.join(separator) }
}

/// How a sentence names an entity: scenes with their number.
fn label(node: &Node, lexicon: &Lexicon) -> String {
    match &node.number {
        Some(number) if node.collection == lexicon.hub => format!("{}. {}", number.to_uppercase(), node.name),
        _ => node.name.clone(),
    }
}
