//! How long a question takes in a project of 10,000 records, without a model: alone, two at once, and after a change.

use std::error::Error;
use std::fmt::Write;
use std::time::{Duration, Instant};

use brain::Brain;
use serde_json::json;
use store::Scope;
use wire::orchestrator::QueryFilters;

use crate::corpus::{LEXICON, TEXTS};
use crate::house::{Draught, House, named};

const SCENES: usize = 7_000;
const CHARACTERS: usize = 2_500;
const LOCATIONS: usize = 500;
/// Questions of each run.
const ROUNDS: usize = 1_000;
/// Questions that come first and are not counted: the caches of the database and the graph are cold then.
const WARM: usize = 20;

/// Measures, and gives the report.
pub(crate) async fn run() -> Result<String, Box<dyn Error>> {
    let house = House::build().await?;
    let scope = house.project("Latency").await?;
    let filling = Instant::now();
    fill(&house, &scope).await?;
    eprintln!("written in {:.1} s", filling.elapsed().as_secs_f64());
    let brain = Brain::new(house.store.clone());
    let cold = Instant::now();
    ask(&brain, &scope, 0).await?;
    let cold = cold.elapsed();
    for round in 0..WARM {
        ask(&brain, &scope, round).await?;
    }
    eprintln!("asking");
    let mut report = format!(
        "{SCENES} scenes with text, {CHARACTERS} characters, {LOCATIONS} locations; the first question, which reads the \
         graph, took {:.0} ms.\n\n| questions | count | p50 | p99 | longest |\n|---|---|---|---|---|\n",
        cold.as_secs_f64() * 1e3
    );
    let mut alone = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        alone.push((ask(&brain, &scope, round).await?, round));
    }
    for (shape, question) in QUESTIONS.iter().enumerate() {
        let of = alone.iter().filter(|(_, round)| round % QUESTIONS.len() == shape);
        row(&mut report, question, of.map(|(took, _)| *took).collect())?;
    }
    row(&mut report, "**all, one after the other**", alone.iter().map(|(took, _)| *took).collect())?;
    let mut two = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS / 2 {
        let (one, other) = tokio::join!(ask(&brain, &scope, 2 * round), ask(&brain, &scope, 2 * round + 1));
        two.extend([one?, other?]);
    }
    row(&mut report, "**all, two at once**", two)?;
    let mut changed = Vec::with_capacity(100);
    for round in 0..100 {
        house.write(&scope, vec![named("characters", &format!("Newcomer {round}"))]).await?;
        changed.push(ask(&brain, &scope, round).await?);
    }
    row(&mut report, "**all, each after a change**", changed)?;
    Ok(report)
}

fn row(report: &mut String, name: &str, mut took: Vec<Duration>) -> std::fmt::Result {
    took.sort_unstable();
    let at = |share: f64| {
        let place = ((took.len() as f64 * share).ceil() as usize).clamp(1, took.len()) - 1;
        took[place].as_secs_f64() * 1e3
    };
    writeln!(
        report,
        "| {name} | {} | {:.1} ms | {:.1} ms | {:.1} ms |",
        took.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    )
}

/// Questions of each shape; `#` is a name.
const QUESTIONS: &[&str] = &[
    "Which scenes is # in?",
    "Who has the most dialogue?",
    "What happens at Harbour 7 at night?",
    "Where does # meet # at night?",
    "How many scenes are at night?",
    "Who is #?",
    "a letter that explains everything about the marriage of her sister",
    "the queen shouted about the croquet ground",
    "What does # say of the ball?",
    "How many lines does # have?",
];

async fn ask(brain: &Brain, scope: &Scope, round: usize) -> Result<Duration, Box<dyn Error>> {
    let mut names = [round * 37 % 300, round * 37 % 300 + 1].into_iter().map(person);
    let mut question = String::new();
    for letter in QUESTIONS[round % QUESTIONS.len()].chars() {
        match letter {
            '#' => question.push_str(&names.next().unwrap_or_default()),
            other => question.push(other),
        }
    }
    let start = Instant::now();
    brain.query(scope, &LEXICON, &question, QueryFilters::default(), 20).await?;
    Ok(start.elapsed())
}

/// Names of two words that no other has both of.
fn person(number: usize) -> String {
    const FIRST: [&str; 25] = [
        "Ada", "Ben", "Cleo", "Dov", "Esme", "Finn", "Gwen", "Hugo", "Iris", "Joss", "Kit", "Lena", "Mara",
        "Nils", "Orla", "Pia", "Quin", "Rhea", "Sten", "Tova", "Ugo", "Vera", "Wim", "Xenia", "Yves",
    ];
    const SYLLABLES: [&str; 10] = ["bar", "cor", "den", "fal", "gul", "hes", "kel", "lom", "mor", "nas"];
    let family = number / FIRST.len();
    format!("{} {}{}ex", FIRST[number % FIRST.len()], capital(SYLLABLES[family / 10]), SYLLABLES[family % 10])
}

fn capital(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}

async fn fill(house: &House, scope: &Scope) -> Result<(), Box<dyn Error>> {
    let bodies: Vec<String> =
        TEXTS.iter().flat_map(|text| text.sections()).map(|section| section.body).collect();
    let mut records: Vec<Draught> = (0..CHARACTERS).map(|n| named("characters", &person(n))).collect();
    records.extend((0..LOCATIONS).map(|n| named("locations", &format!("Harbour {n}"))));
    records.extend((0..SCENES).map(|n| Draught {
        collection: "scenes",
        name: format!("EXT. HARBOUR {} - {}", n % LOCATIONS, if n % 3 == 0 { "NIGHT" } else { "DAY" }),
        body: Some(bodies[n % bodies.len()].clone()),
        metadata: json!({
            "number": (n + 1).to_string(),
            "timeOfDay": if n % 3 == 0 { "night" } else { "day" },
        }),
    }));
    let ids = house.write(scope, records).await?;
    let mut facts = Vec::new();
    for n in 0..SCENES {
        let scene = ids[CHARACTERS + LOCATIONS + n];
        facts.push((scene, "set_in", ids[CHARACTERS + n % LOCATIONS], 1.0));
        // A few are in many scenes, most in few, as in any story.
        for who in [n % 5, n % 300, n % 300 + 1, n % CHARACTERS] {
            facts.push((ids[who], "appears_in", scene, 1.0));
            facts.push((ids[who], "speaks_in", scene, (n % 90) as f64));
        }
    }
    house.relate(scope, &facts).await
}
