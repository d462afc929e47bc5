//! `kill -9` at random moments: departments' runs of 200 steps in all end complete, each result accepted once, and a browser
//! that was there all the time has seen all of it, once and in order.
//!
//! Ten kills on each database; `ATELIER_NIGHTLY=1` does fifty.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kernel::{Random, SeededRandom};
use serde_json::{Value, json};
use tests::{Actor, Atelier, Socket, on_both, socket, within};

/// Steps that the runs have together, at least.
const STEPS: i64 = 200;
/// The longest pause between the moment that was waited for and the kill, in milliseconds.
const PAUSE_MS: u64 = 40;
/// What the moments of the kills are made of. A seed that once failed stays here.
const SEED: u64 = 20_261_121;

fn kills() -> usize {
    let nightly = std::env::var_os("ATELIER_NIGHTLY").is_some_and(|value| value == "1");
    if nightly { 50 } else { 10 }
}

/// After how many complete steps, and so many milliseconds later, the server is killed.
fn moments() -> Vec<(i64, u64)> {
    let random = SeededRandom::new(SEED);
    let below = |most: u64| {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        u64::from_le_bytes(bytes) % most
    };
    let mut moments: Vec<(i64, u64)> =
        (0..kills()).map(|_| (below(STEPS as u64 - 10) as i64, below(PAUSE_MS))).collect();
    moments.sort_unstable();
    moments
}

/// What a browser has made of what it was told.
#[derive(Debug, Default)]
struct View {
    last: i64,
    /// State and attempt of each step.
    steps: BTreeMap<String, (String, i64)>,
    /// State, complete, failed and cancelled of each run.
    runs: BTreeMap<String, (String, i64, i64, i64)>,
    completions: BTreeMap<String, u32>,
}

impl View {
    fn take(&mut self, name: &str, told: &Value) {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let number = |value: &Value| value.as_i64().expect("a number");
        assert!(!matches!(name, "resync" | "problem"), "{name}: {told}");
        let Some(seq) = told["seq"].as_i64() else { return };
        assert_eq!(seq, self.last + 1, "told in order, once and without a gap: {name}");
        self.last = seq;
        let run = match name {
            "run:updated" => told,
            "step:updated" => {
                let (id, state) = (text(&told["stepId"]), text(&told["state"]));
                if state == "complete" {
                    *self.completions.entry(id.clone()).or_default() += 1;
                }
                self.steps.insert(id, (state, number(&told["attempt"])));
                &told["run"]
            }
            _ => return,
        };
        self.runs.insert(text(&run["runId"]), standing(run));
    }

    fn is_over(&self, runs: &BTreeSet<String>) -> bool {
        runs.iter().all(|run| self.runs.get(run).is_some_and(|(state, ..)| state == "complete"))
    }
}

fn standing(run: &Value) -> (String, i64, i64, i64) {
    let count = |name: &str| run[name].as_i64().expect("a count");
    (
        run["state"].as_str().expect("a state").to_owned(),
        count("complete"),
        count("failed"),
        count("cancelled"),
    )
}

/// How many steps are complete, as the server that runs now has it.
async fn complete(ada: &Actor, project: &str) -> i64 {
    let page = ada.get(&format!("/projects/{project}/runs?limit=200")).await;
    page["docs"].as_array().expect("docs").iter().map(|run| run["complete"].as_i64().expect("a count")).sum()
}

/// A run's log has no gap, from its beginning to its end.
async fn log_is_whole(ada: &Actor, path: &str) {
    let mut at = 0;
    loop {
        let part = ada.get(&format!("{path}/log?from={at}&limit=1000")).await;
        for entry in part["entries"].as_array().expect("entries") {
            assert_eq!(entry["start"], at, "{path}");
            at += entry["text"].as_str().expect("a text").len() as i64;
        }
        assert_eq!(part["next"], at);
        if part["end"] == at {
            return;
        }
    }
}

on_both! {
    async fn runs_end_complete_and_each_result_is_accepted_once_however_often_the_server_is_killed(database) {
        if !socket::available().await {
            return;
        }
        let mut app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = ada.post("/projects/sample", &json!({})).await["id"].as_str().unwrap().to_owned();
        let activity = ada.get(&format!("/projects/{project}/activity?limit=1")).await;
        let begun = activity["docs"][0]["seq"].as_i64().unwrap();
        let mut browser = Socket::follow(&ada, &app.url, &project, begun).await;

        let (mut runs, mut steps) = (BTreeSet::new(), 0);
        while steps < STEPS {
            let order = json!({ "projectId": project, "task": "Prepare the film for shooting", "async": true });
            let run = ada.post("/orchestrator/task", &order).await["taskId"].as_str().unwrap().to_owned();
            steps += ada.get(&format!("/projects/{project}/runs/{run}")).await["run"]["total"].as_i64().unwrap();
            runs.insert(run);
        }
        let watching = tokio::spawn({
            let runs = runs.clone();
            async move {
                let mut view = View { last: begun, ..View::default() };
                while !view.is_over(&runs) {
                    let (name, told) = browser.next().await;
                    view.take(&name, &told);
                }
                view
            }
        });

        let mut met = 0;
        for (steps_done, pause) in moments() {
            within("more steps", async { while complete(&ada, &project).await < steps_done {} }).await;
            met += usize::from(complete(&ada, &project).await < steps);
            // Not to wait for anything, but so that the moment has nothing to do with what was just answered.
            tokio::time::sleep(Duration::from_millis(pause)).await;
            app.kill().await;
            app.start_again().await;
        }
        assert_eq!(met, kills(), "each kill meets work");

        let view = within("the end of all runs", watching).await.expect("a view");
        let mut outputs: BTreeMap<String, Value> = BTreeMap::new();
        let mut stored = (BTreeMap::new(), BTreeMap::new());
        let mut lost = 0;
        for run in &runs {
            let path = format!("/projects/{project}/runs/{run}");
            let detail = ada.get(&path).await;
            assert_eq!((&detail["run"]["state"], &detail["run"]["complete"]), (&json!("complete"), &detail["run"]["total"]));
            stored.0.insert(run.clone(), standing(&detail["run"]));
            for step in detail["steps"].as_array().unwrap() {
                let id = step["id"].as_str().unwrap();
                stored.1.insert(id.to_owned(), (step["state"].as_str().unwrap().to_owned(), step["attempt"].as_i64().unwrap()));
                let of_step = |attempt: &&Value| attempt["stepId"] == id;
                let leases: Vec<&Value> = detail["attempts"].as_array().unwrap().iter().filter(of_step).collect();
                let accepted = leases.iter().filter(|lease| lease["outcome"] == "complete").count();
                assert_eq!(accepted, 1, "{step}: {leases:?}");
                assert!(leases.iter().all(|lease| ["complete", "returned", "lost"].contains(&lease["outcome"].as_str().unwrap())));
                lost += leases.len() - 1;
                // The film is the same for all runs, so what a step gives is, too.
                let name = step["name"].as_str().unwrap().to_owned();
                let mut output = ada.get(&format!("{path}/steps/{id}")).await["output"].take();
                timeless(&mut output);
                assert_eq!(outputs.entry(name).or_insert_with(|| output.clone()), &output, "{path} {id}");
            }
            log_is_whole(&ada, &path).await;
        }
        assert!(lost > 0, "no kill has met a step at work");
        assert_eq!((view.runs, view.steps), stored, "what the browser shows is what is stored");
        assert_eq!(view.completions.len() as i64, steps);
        assert!(view.completions.values().all(|times| *times == 1), "{:?}", view.completions);
        app.kill().await;
        assert_eq!(app.store().await.check().await.expect("readable"), [], "the doctor finds nothing");
    }
}

/// Takes out of what a step gave when it was begun, which is another time for each.
fn timeless(output: &mut Value) {
    match output {
        Value::Object(fields) => {
            fields.remove("asOf");
            fields.values_mut().for_each(timeless);
        }
        Value::Array(all) => all.iter_mut().for_each(timeless),
        _ => {}
    }
}
