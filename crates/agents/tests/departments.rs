//! Departments at work: orders become runs, and runs become graded results, with no model.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use agents::departments::desk::Desk;
use agents::departments::engine::{Engine, Job, Work};
use agents::departments::grading::{Advice, Verdict};
use agents::departments::outputs::{Compiled, Headed};
use agents::departments::plan::{self, Order};
use agents::departments::roster::Roster;
use agents::departments::slots::Slots;
use agents::departments::studio::Studio;
use futures_util::future::BoxFuture;
use kernel::{Ambient, Code, Error, Result, RunId};
use resilience::pool::AGENTS;
use serde_json::{Value, json};
use store::runs::{self, Detail};
use store::{Options, Scope, Store, people, projects};
use tasks::{Service, Tasks};
use tokio::sync::oneshot;
use wire::projects::ProjectType;
use wire::runs::{Priority, RunState, StepState};

/// Gives work of the quality that it was made with, and notes what it was given.
struct Scripted {
    name: &'static str,
    first: f64,
    again: f64,
    error: Option<Code>,
    calls: AtomicU32,
    jobs: Mutex<Vec<(Vec<Value>, Vec<String>)>>,
}

fn scripted(name: &'static str, first: f64, again: f64) -> Arc<Scripted> {
    let (calls, jobs) = (AtomicU32::new(0), Mutex::default());
    Arc::new(Scripted { name, first, again, error: None, calls, jobs })
}

impl Engine for Scripted {
    fn name(&self) -> &'static str {
        self.name
    }

    fn work<'j>(&'j self, job: &'j Job) -> BoxFuture<'j, Result<Work>> {
        Box::pin(async move {
            self.calls.fetch_add(1, Ordering::Relaxed);
            self.jobs.lock().unwrap().push((job.before.clone(), job.reasons.clone()));
            if let Some(code) = self.error {
                return Err(Error::new(code, "the lamp broke"));
            }
            let score = if job.reasons.is_empty() { self.first } else { self.again };
            Ok(Work {
                title: self.name.to_owned(),
                summary: format!("{} for: {}.", self.name, job.request),
                content: json!({ "rows": [] }),
                citations: Vec::new(),
                quality: score,
                consistency: score,
                creativity: score,
                lacks: vec![format!("{} wants more", self.name)],
            })
        })
    }
}

struct Stage {
    store: Store,
    tasks: Tasks,
    scope: Scope,
    desk: Arc<Desk>,
    _end: oneshot::Sender<()>,
    _folder: tempfile::TempDir,
}

fn studio(engines: impl IntoIterator<Item = Arc<dyn Engine>>) -> Studio {
    let agent = |department: &str, name: &str, role: &str| {
        format!(
            "---\nname: {name}\ntitle: {name}\ndepartment: {department}\nrole: {role}\nengine: {department}.{name}\n\
             limits:\n  attempts: 1\n---\n"
        )
    };
    let agents = [
        agent("character", "head", "head"),
        agent("character", "cast", "specialist"),
        agent("character", "arcs", "specialist"),
        agent("audio", "head", "head"),
        agent("audio", "cues", "specialist"),
    ];
    Studio::of(&[("character", &[]), ("audio", &["character"])], agents, engines).unwrap()
}

async fn stage(engines: [Arc<Scripted>; 3]) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let store =
        Store::open(Options::sqlite(folder.path().join("atelier.db")), Ambient::system()).await.unwrap();
    let scope = store.transact(|tx| {
        let ada = people::create(tx, "ada@example.org", "Ada", None, false)?.id;
        Ok(Scope::server(projects::create(tx, ada, "Tides", ProjectType::Movie)?.id))
    });
    let scope = scope.await.unwrap();
    let (service, tasks) = Service::new(store.clone(), Ambient::system(), tasks::Options::new("test"));
    let (end, ended) = oneshot::channel::<()>();
    tokio::spawn(service.run(async move { drop(ended.await) }));
    let engines = engines.into_iter().map(|engine| engine as Arc<dyn Engine>);
    let roster = Roster::new(store.clone(), studio(engines));
    let slots = Slots::new(Ambient::system(), AGENTS, 10);
    let desk = Arc::new(Desk::new(store.clone(), roster, slots));
    tokio::spawn(desk.clone().serve(tasks.worker(plan::QUEUE, 4).await.unwrap()));
    Stage { store, tasks, scope, desk, _end: end, _folder: folder }
}

impl Stage {
    /// Has an order done; gives the run's steps once it has ended.
    async fn ordered(&self, request: &str) -> (RunState, Vec<Detail>) {
        let order = Order {
            project: self.scope.project(),
            by: None,
            request: request.into(),
            priority: Priority::Medium,
            departments: Vec::new(),
            auto_ingest: false,
        };
        let departments = self.desk.roster().departments(&self.scope).await.unwrap();
        let new = plan::plan(&order, &departments, &plan::Parts::default()).unwrap();
        let (run, _) = self.tasks.make(new).await.unwrap();
        self.ended(run).await
    }

    async fn ended(&self, run: RunId) -> (RunState, Vec<Detail>) {
        loop {
            let read = self
                .store
                .read_in(&self.scope, move |t| Ok((runs::get(t, run)?, runs::steps_of(t, run, i64::MAX)?)));
            let (row, steps) = read.await.unwrap();
            if row.state.has_ended() {
                return (row.state, steps);
            }
            tokio::task::yield_now().await;
        }
    }
}

fn output<T: serde::de::DeserializeOwned>(steps: &[Detail], name: &str) -> T {
    let detail = steps.iter().find(|detail| detail.step.name == name).unwrap();
    serde_json::from_str(detail.output.as_deref().unwrap()).unwrap()
}

#[tokio::test]
async fn an_order_is_done_by_all_whom_it_concerns_and_put_together() {
    let (cast, arcs, cues) = (
        scripted("character.cast", 0.9, 0.9),
        scripted("character.arcs", 0.7, 0.7),
        scripted("audio.cues", 0.8, 0.8),
    );
    let stage = stage([cast, arcs, cues.clone()]).await;
    let (state, steps) = stage.ordered("Prepare everything").await;
    assert_eq!(state, RunState::Complete);
    let character: Headed = output(&steps, "character/head");
    assert!(character.passed);
    // 0.4, 0.2 and 0.1 of the work's own scores and 0.3 of the relevance, which is 1.
    let overall: Vec<f64> = character.outputs.iter().map(|graded| graded.overall).collect();
    assert!((overall[0] - 0.93).abs() < 1e-9 && (overall[1] - 0.79).abs() < 1e-9, "{overall:?}");
    assert!((character.score - (0.5 * 0.93 + 0.5 * 0.79)).abs() < 1e-9);
    let result: Compiled = output(&steps, "result");
    assert_eq!((result.advice, result.departments.len()), (Advice::Ingest, 2));
    assert!(result.summary.contains("audio: audio.cues for: Prepare everything."));
    // The department that builds on another was given what that one gave.
    let jobs = cues.jobs.lock().unwrap();
    assert_eq!(jobs[0].0[0]["department"], "character");
}

#[tokio::test]
async fn work_that_may_become_better_is_done_once_more_with_the_reasons() {
    let (cast, arcs) = (scripted("character.cast", 0.3, 0.9), scripted("character.arcs", 0.3, 0.35));
    let stage = stage([cast.clone(), arcs, scripted("audio.cues", 0.8, 0.8)]).await;
    let (_, steps) = stage.ordered("Prepare everything").await;
    let head: Headed = output(&steps, "character/head");
    let [best, worst] = &head.outputs[..] else { panic!("{head:?}") };
    assert_eq!((best.agent.as_str(), best.verdict), ("cast", Verdict::Accept));
    assert_eq!(best.reasons, ["character.cast wants more"]);
    assert!(best.again.is_some());
    assert_eq!((worst.verdict, worst.again.is_some()), (Verdict::Discard, true));
    assert_eq!(cast.calls.load(Ordering::Relaxed), 2);
    assert_eq!(cast.jobs.lock().unwrap()[1].1, ["character.cast wants more"]);
    // What was discarded counts for nothing, and the revision is in the log.
    assert!((head.score - best.overall).abs() < 1e-9);
    let run = steps[0].step.run;
    let log = stage.store.read_in(&stage.scope, move |t| runs::log(t, run, 0, 10)).await.unwrap();
    assert_eq!(log.iter().filter(|entry| entry.kind == "revise").count(), 2);
}

#[tokio::test]
async fn work_of_no_worth_is_not_done_again() {
    let cast = scripted("character.cast", 0.1, 0.9);
    let stage =
        stage([cast.clone(), scripted("character.arcs", 0.9, 0.9), scripted("audio.cues", 0.9, 0.9)]).await;
    let (_, steps) = stage.ordered("Prepare everything").await;
    let head: Headed = output(&steps, "character/head");
    let graded = head.outputs.iter().find(|graded| graded.agent == "cast").unwrap();
    // 0.3 for its relevance and 0.07 for itself.
    assert_eq!((graded.verdict, graded.again.is_some()), (Verdict::Discard, false), "{graded:?}");
    assert_eq!(cast.calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_engine_that_fails_stops_what_builds_on_it_and_says_why() {
    let mut broken = scripted("character.cast", 0.9, 0.9);
    Arc::get_mut(&mut broken).unwrap().error = Some(Code::Unavailable);
    let stage = stage([broken, scripted("character.arcs", 0.9, 0.9), scripted("audio.cues", 0.9, 0.9)]).await;
    let (state, steps) = stage.ordered("Prepare everything").await;
    assert_eq!(state, RunState::Failed);
    let states: Vec<StepState> = steps.iter().map(|detail| detail.step.state).collect();
    use StepState::{Cancelled, Complete, Failed};
    assert_eq!(states, [Failed, Complete, Cancelled, Cancelled, Cancelled, Cancelled]);
    let reason = serde_json::to_value(&steps[0].step.reason).unwrap();
    assert_eq!(reason["error"], "the lamp broke");
}
