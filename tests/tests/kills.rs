//! `kill -9` at random moments: a run of more than 200 steps ends complete, each result accepted once, and a browser that was
//! there all the time has seen all of it, once and in order.
//!
//! Ten kills on each database; `ATELIER_NIGHTLY=1` does fifty.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::{Random, SeededRandom};
use serde_json::{Value, json};
use tests::{Actor, Atelier, Socket, on_both, socket, within};

/// Steps that the run has at least. Three agents do each scene by itself.
const STEPS: i64 = 200;
const SCENES: usize = 64;
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
    /// State, complete, failed and cancelled of the run.
    run: Option<(String, i64, i64, i64)>,
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
        self.run = Some(standing(run));
    }

    fn is_over(&self) -> bool {
        self.run.as_ref().is_some_and(|(state, ..)| state == "complete")
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

/// How many steps of the run are complete, as the server that runs now has it.
async fn complete(ada: &Actor, project: &str) -> i64 {
    let page = ada.get(&format!("/projects/{project}/runs?limit=1")).await;
    page["docs"][0]["complete"].as_i64().expect("a count")
}

/// A script of scenes in which people speak, move and are heard.
fn script() -> String {
    let scene = |n: usize| {
        let place = ["BOATHOUSE", "PIER", "FERRY"][n % 3];
        format!(
            "INT. {place} - NIGHT #{n}#\n\nMARA (34) lifts lamp {n}. A BELL rings. JOSS (50) waits.\n\nMARA\nLow water, {n}.\n\n\
             JOSS\nNot yet.\n\n"
        )
    };
    (1..=SCENES).map(scene).collect()
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
    async fn a_run_ends_complete_and_each_result_is_accepted_once_however_often_the_server_is_killed(database) {
        if !socket::available().await {
            return;
        }
        // Few at a time, so that the run is still under way at each kill.
        let limits = [("ATELIER_LIMITS_AGENTS_PER_TYPE", "2"), ("ATELIER_LIMITS_ORCHESTRATOR_PER_MINUTE", "1000")];
        let mut app = Atelier::start_on_with(database, &limits).await;
        let ada = app.first_person().await;
        let project = ada.film("Tides").await;
        ada.import(&project, "tides.fountain", &script()).await;
        let activity = ada.get(&format!("/projects/{project}/activity?limit=1")).await;
        let begun = activity["docs"][0]["seq"].as_i64().unwrap();
        let mut browser = Socket::follow(&ada, &app.url, &project, begun).await;

        let order =
            json!({ "projectId": project, "task": "Prepare the film for shooting", "oneByOne": true, "async": true });
        let run = ada.post("/orchestrator/task", &order).await["taskId"].as_str().unwrap().to_owned();
        let path = format!("/projects/{project}/runs/{run}");
        let steps = ada.get(&path).await["run"]["total"].as_i64().unwrap();
        assert!(steps >= STEPS, "{steps}");
        let watching = tokio::spawn(async move {
            let mut view = View { last: begun, ..View::default() };
            while !view.is_over() {
                let (name, told) = browser.next().await;
                view.take(&name, &told);
            }
            view
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

        let view = within("the end of the run", watching).await.expect("a view");
        let detail = ada.get(&path).await;
        assert_eq!((&detail["run"]["state"], &detail["run"]["complete"]), (&json!("complete"), &json!(steps)));
        let (mut stored, mut lost) = (BTreeMap::new(), 0);
        for step in detail["steps"].as_array().unwrap() {
            let id = step["id"].as_str().unwrap();
            stored.insert(id.to_owned(), (step["state"].as_str().unwrap().to_owned(), step["attempt"].as_i64().unwrap()));
            let of_step = |attempt: &&Value| attempt["stepId"] == id;
            let leases: Vec<&Value> = detail["attempts"].as_array().unwrap().iter().filter(of_step).collect();
            let accepted = leases.iter().filter(|lease| lease["outcome"] == "complete").count();
            assert_eq!(accepted, 1, "{step}: {leases:?}");
            assert!(leases.iter().all(|lease| ["complete", "returned", "lost"].contains(&lease["outcome"].as_str().unwrap())));
            lost += leases.len() - 1;
        }
        assert!(lost > 0, "no kill has met a step at work");
        assert_eq!((view.run, view.steps), (Some(standing(&detail["run"])), stored), "what the browser shows is what is stored");
        assert_eq!(view.completions.len() as i64, steps);
        assert!(view.completions.values().all(|times| *times == 1), "{:?}", view.completions);
        log_is_whole(&ada, &path).await;

        // What came of the scenes is what an order that nothing disturbs makes of all of them at once.
        let order = json!({ "projectId": project, "task": "The shot list, the animatic timing and the sounds" });
        let whole = ada.post("/orchestrator/task", &order).await["taskId"].as_str().unwrap().to_owned();
        for agent in ["visual/shots", "video/animatic", "audio/cues"] {
            let (one, other) = tokio::join!(made(&ada, &project, &run, agent), made(&ada, &project, &whole, agent));
            assert_eq!(one, other, "{agent}");
        }
        app.kill().await;
        assert_eq!(app.store().await.check().await.expect("readable"), [], "the doctor finds nothing");
    }
}

/// What an agent gave in a run, but for its sources.
async fn made(ada: &Actor, project: &str, run: &str, agent: &str) -> Value {
    let path = format!("/projects/{project}/runs/{run}");
    let detail = ada.get(&path).await;
    let step = detail["steps"].as_array().unwrap().iter().find(|step| step["name"] == agent).expect(agent);
    let output = ada.get(&format!("{path}/steps/{}", step["id"].as_str().unwrap())).await["output"].take();
    json!([output["title"], output["summary"], output["content"], output["lacks"]])
}
