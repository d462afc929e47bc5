//! The evaluation: which section each arm finds first, by manner of question, and which weights do best.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write;

use brain::Brain;
use brain::fusion::{Arms, Kind, Weights};
use brain::indexer::{Handle, Indexer, Options};
use kernel::{Ambient, EntityId};
use serde_json::json;
use tokio::sync::oneshot;

use crate::corpus::{LEXICON, Manner, Section, TEXTS, Text, speaks_of};
use crate::house::{Draught, House, named};

/// What was found for a question.
struct Asked {
    text: usize,
    manner: Manner,
    tunes: bool,
    words: &'static str,
    gold: EntityId,
    arms: Arms,
    /// All sections, in their order.
    order: HashMap<EntityId, usize>,
}

/// Something that ranks the sections for a question.
type Ranker<'a> = (&'a str, &'a dyn Fn(&Asked) -> Vec<EntityId>);

/// The share of the questions whose section is among the first ten, and the mean of one through its rank.
#[derive(Default)]
struct Score {
    hits: f64,
    reciprocal: f64,
    count: f64,
}

impl Score {
    fn add(&mut self, rank: Option<usize>) {
        self.count += 1.0;
        if let Some(rank) = rank {
            self.hits += if rank < 10 { 1.0 } else { 0.0 };
            self.reciprocal += 1.0 / (rank as f64 + 1.0);
        }
    }

    fn recall(&self) -> f64 {
        self.hits / self.count.max(1.0)
    }

    fn mrr(&self) -> f64 {
        self.reciprocal / self.count.max(1.0)
    }
}

impl Asked {
    /// Where the section stands in a list of which only sections count.
    fn rank(&self, list: &[EntityId]) -> Option<usize> {
        list.iter().filter(|id| self.order.contains_key(id)).position(|id| *id == self.gold)
    }

    /// The graph alone: what it answers, or else what stands in relation to the named, in the order of the text.
    fn by_graph(&self) -> Vec<EntityId> {
        if !self.arms.graph.is_empty() {
            return self.arms.graph.iter().map(|(id, _)| *id).collect();
        }
        let mut related: Vec<EntityId> = self.arms.related.iter().copied().collect();
        related.sort_by_key(|id| self.order.get(id));
        related
    }

    fn fused(&self, weights: Weights) -> Vec<EntityId> {
        self.arms.fused(weights).into_iter().map(|(id, _)| id).collect()
    }
}

/// Asks everything, and gives the report; with `tune` the weights that do best on the tuning half, too.
pub(crate) async fn run(model: Options, tune: bool) -> Result<String, Box<dyn Error>> {
    let house = House::build().await?;
    let brain = Brain::new(house.store.clone());
    let (indexer, handle) =
        Indexer::new(&brain, backplane::Handle::alone(Ambient::system()), &LEXICON, model);
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(indexer.run(async move {
        // The sender is dropped when all is asked.
        let _ = stopped.await;
    }));
    let mut asked = Vec::new();
    let mut report = String::new();
    for (number, text) in TEXTS.iter().enumerate() {
        let sections = text.sections();
        writeln!(report, "* *{}*: {} sections", text.title, sections.len())?;
        asked.extend(ask(&house, &brain, &handle, number, text, sections).await?);
    }
    drop(stop);
    worker.await?;
    report.push('\n');
    tables(&mut report, &asked)?;
    if tune {
        report.push_str(&best_weights(&asked)?);
    }
    Ok(report)
}

async fn ask(
    house: &House,
    brain: &Brain,
    handle: &Handle,
    number: usize,
    text: &'static Text,
    sections: Vec<Section>,
) -> Result<Vec<Asked>, Box<dyn Error>> {
    let questions = text.questions(&sections)?;
    let scope = house.project(text.title).await?;
    let mut records: Vec<Draught> = text.people.iter().map(|(name, _)| named("characters", name)).collect();
    records.extend(text.places.iter().map(|(name, _)| named("locations", name)));
    let first = records.len();
    records.extend(sections.iter().enumerate().map(|(place, section)| Draught {
        collection: "scenes",
        name: section.name.clone(),
        body: Some(section.body.clone()),
        metadata: json!({ "number": (place + 1).to_string() }),
    }));
    let ids = house.write(&scope, records).await?;
    let (people, rest) = ids.split_at(text.people.len());
    let scenes = &ids[first..];
    let mut facts = Vec::new();
    for (section, scene) in sections.iter().zip(scenes) {
        let who = text.people.iter().zip(people).filter(|(name, _)| speaks_of(section, name));
        facts.extend(who.map(|(_, id)| (*id, "appears_in", *scene, 1.0)));
        let places = text.places.iter().zip(rest).filter(|(name, _)| speaks_of(section, name));
        facts.extend(places.map(|(_, id)| (*scene, "set_in", *id, 1.0)));
    }
    house.relate(&scope, &facts).await?;
    let status = handle.settled().await?;
    if status.waiting > 0 {
        return Err(status.message.unwrap_or_else(|| "there are no weights here".to_owned()).into());
    }
    let order: HashMap<EntityId, usize> = scenes.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    let mut asked = Vec::with_capacity(questions.len());
    for question in questions {
        asked.push(Asked {
            text: number,
            manner: question.manner,
            tunes: question.tunes,
            words: question.words,
            gold: scenes[question.gold],
            arms: brain.arms(&scope, &LEXICON, question.words).await?,
            order: order.clone(),
        });
    }
    Ok(asked)
}

fn score<'a>(asked: impl Iterator<Item = &'a Asked>, ranker: &dyn Fn(&Asked) -> Vec<EntityId>) -> Score {
    let mut score = Score::default();
    asked.for_each(|question| score.add(question.rank(&ranker(question))));
    score
}

fn tables(report: &mut String, asked: &[Asked]) -> std::fmt::Result {
    let text = |asked: &Asked| asked.arms.text.clone();
    let vectors = |asked: &Asked| asked.arms.vectors.clone().unwrap_or_default();
    let graph = Asked::by_graph;
    let without = |asked: &Asked| Arms { vectors: None, ..asked.arms.clone() };
    let plain = |asked: &Asked| {
        let arms = without(asked);
        arms.fused(arms.kind.weights()).into_iter().map(|(id, _)| id).collect()
    };
    let equal = |asked: &Asked| asked.fused(Weights { text: 1.0, vectors: 1.0, graph: 0.0 });
    let fused = |asked: &Asked| asked.fused(asked.arms.kind.weights());
    let rankers: [Ranker<'_>; 6] = [
        ("text", &text),
        ("vectors", &vectors),
        ("graph", &graph),
        ("text and graph (no model)", &plain),
        ("text and vectors, equal weights", &equal),
        ("**fused, as the server answers**", &fused),
    ];
    let held_out: Vec<&Asked> = asked.iter().filter(|asked| !asked.tunes).collect();
    writeln!(report, "## Held-out questions: recall@10 / MRR\n")?;
    table(report, &held_out, &rankers)?;
    writeln!(report, "\n## The questions that the weights were chosen on\n")?;
    let tuned: Vec<&Asked> = asked.iter().filter(|asked| asked.tunes).collect();
    table(report, &tuned, &rankers)?;
    writeln!(
        report,
        "\n## Held-out questions by text, fused\n\n| text | questions | recall@10 | MRR |\n|---|---|---|---|"
    )?;
    for (number, text) in TEXTS.iter().enumerate() {
        let score = score(held_out.iter().copied().filter(|asked| asked.text == number), &fused);
        writeln!(
            report,
            "| {} | {} | {:.2} | {:.3} |",
            text.title,
            score.count,
            score.recall(),
            score.mrr()
        )?;
    }
    writeln!(report, "\n## Questions whose section is not among the first ten\n")?;
    for question in asked.iter().filter(|asked| asked.rank(&fused(asked)).is_none_or(|rank| rank >= 10)) {
        let rank = |list: &[EntityId]| {
            question.rank(list).map_or_else(|| "–".to_owned(), |rank| (rank + 1).to_string())
        };
        writeln!(
            report,
            "* {} ({}; ranks: text {}, vectors {}, fused {})",
            question.words,
            question.manner.as_str(),
            rank(&text(question)),
            rank(&vectors(question)),
            rank(&fused(question))
        )?;
    }
    Ok(())
}

fn table(report: &mut String, asked: &[&Asked], rankers: &[Ranker<'_>]) -> std::fmt::Result {
    let count = |manner: Manner| asked.iter().filter(|asked| asked.manner == manner).count();
    write!(report, "| arm | all ({}) |", asked.len())?;
    for manner in Manner::ALL {
        write!(report, " {} ({}) |", manner.as_str(), count(manner))?;
    }
    writeln!(report, "\n|---|---|---|---|---|")?;
    for (name, ranker) in rankers {
        let all = score(asked.iter().copied(), *ranker);
        write!(report, "| {name} | {:.2} / {:.3} |", all.recall(), all.mrr())?;
        for manner in Manner::ALL {
            let part = score(asked.iter().copied().filter(|asked| asked.manner == manner), *ranker);
            write!(report, " {:.2} / {:.3} |", part.recall(), part.mrr())?;
        }
        report.push('\n');
    }
    Ok(())
}

/// For each kind of question that the brain tells apart, the weights that do best on the tuning half: by MRR and recall
/// together.
fn best_weights(asked: &[Asked]) -> Result<String, std::fmt::Error> {
    let mut report = String::from("\n## Weights on the tuning half\n");
    for kind in Kind::ALL {
        let tuning: Vec<&Asked> =
            asked.iter().filter(|asked| asked.tunes && asked.arms.kind == kind).collect();
        writeln!(report, "\n{kind:?}: {} questions; now {:?}\n", tuning.len(), kind.weights())?;
        let mut tried: Vec<(f64, String)> = Vec::new();
        for (text, vectors) in
            [(1.0, 0.0), (1.0, 0.25), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0), (0.25, 1.0), (0.1, 1.0), (0.0, 1.0)]
        {
            for graph in [0.0, 0.05, 0.1, 0.2, 0.4, 1.0] {
                let weights = Weights { text, vectors, graph };
                let score = score(tuning.iter().copied(), &|asked| asked.fused(weights));
                let line = format!(
                    "text {text}, vectors {vectors}, graph {graph}: {:.3} / {:.3}",
                    score.recall(),
                    score.mrr()
                );
                tried.push((score.recall() + score.mrr(), line));
            }
        }
        tried.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, line) in tried.iter().take(12) {
            writeln!(report, "* {line}")?;
        }
    }
    Ok(report)
}
