//! The roster at work: a project's own agents are kept with versions, can be taken back, and do the work of runs; and what becomes
//! of runs when agents change or go, or when there is no slot for them.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use std::sync::{Arc, Mutex};

use agents::departments::desk::Desk;
use agents::departments::engine::{Engine, Job, Work};
use agents::departments::outputs::{Compiled, Done, Headed, PassedOver};
use agents::departments::plan::{self, Order};
use agents::departments::roster::{Changed, MOST_AGENTS, Origin, Put, Roster};
use agents::departments::slots::Slots;
use agents::departments::studio::Studio;
use futures_util::future::BoxFuture;
use kernel::{Ambient, Code, PageRequest, Result, Role, RunId};
use resilience::pool::{AGENTS, Params};
use serde_json::json;
use store::runs::{self, Detail};
use store::{Options, Scope, Store, changes, entities, people, projects};
use tasks::{Service, Tasks};
use tokio::sync::{Semaphore, oneshot};
use wire::projects::ProjectType;
use wire::runs::{Priority, Reason, RunState, StepState};

/// Works when it is let, and notes by which prompt.
struct Patient {
    let_in: Semaphore,
    prompts: Mutex<Vec<String>>,
}

impl Engine for Patient {
    fn name(&self) -> &'static str {
        "sound.work"
    }

    fn work<'j>(&'j self, job: &'j Job) -> BoxFuture<'j, Result<Work>> {
        Box::pin(async move {
            self.prompts.lock().unwrap().push(job.agent.prompt.clone());
            self.let_in.acquire().await.unwrap().forget();
            Ok(Work {
                title: job.agent.title.clone(),
                summary: format!("{} did it.", job.agent.title),
                content: json!({ "rows": [1] }),
                citations: Vec::new(),
                quality: 0.9,
                consistency: 0.9,
                creativity: 0.9,
                lacks: Vec::new(),
            })
        })
    }
}

struct Stage {
    store: Store,
    tasks: Tasks,
    scope: Scope,
    engine: Arc<Patient>,
    desk: Arc<Desk>,
    _end: oneshot::Sender<()>,
    _folder: tempfile::TempDir,
}

fn file(name: &str, role: &str, prompt: &str) -> String {
    format!(
        "---\nname: {name}\ntitle: The {name}\ndepartment: sound\nrole: {role}\nengine: sound.work\n---\n{prompt}\n"
    )
}

async fn stage(params: Params, steps: u32) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let ambient = Ambient::system();
    let store =
        Store::open(Options::sqlite(folder.path().join("atelier.db")), ambient.clone()).await.unwrap();
    let scope = store.transact(|tx| {
        let ada = people::create(tx, "ada@example.org", "Ada", None, false)?.id;
        let project = projects::create(tx, ada, "Tides", ProjectType::Movie)?;
        Scope::admit(tx, ada, project.id, Role::Owner)
    });
    let scope = scope.await.unwrap();
    let (service, tasks) = Service::new(store.clone(), ambient.clone(), tasks::Options::new("test"));
    let (end, ended) = oneshot::channel::<()>();
    tokio::spawn(service.run(async move { drop(ended.await) }));
    let engine = Arc::new(Patient { let_in: Semaphore::new(0), prompts: Mutex::default() });
    let files = [
        file("head", "head", "Judge."),
        file("cues", "specialist", "Listen."),
        file("noise", "specialist", "Hear."),
    ];
    let studio = Studio::of(&[("sound", &[])], files, [engine.clone() as Arc<dyn Engine>]).unwrap();
    let roster = Roster::new(store.clone(), studio);
    let desk = Arc::new(Desk::new(store.clone(), roster, Slots::new(ambient, params, 100)));
    tokio::spawn(desk.clone().serve(tasks.worker(plan::QUEUE, steps).await.unwrap()));
    Stage { store, tasks, scope, engine, desk, _end: end, _folder: folder }
}

impl Stage {
    fn roster(&self) -> &Roster {
        self.desk.roster()
    }

    async fn put(&self, agent: &str, put: Put) -> Result<Changed> {
        self.roster().put(&self.scope, "sound", agent, put).await
    }

    async fn order(&self) -> RunId {
        let order = Order {
            project: self.scope.project(),
            by: self.scope.actor(),
            request: "Prepare everything".into(),
            priority: Priority::Medium,
            departments: Vec::new(),
            auto_ingest: false,
        };
        let departments = self.roster().departments(&self.scope).await.unwrap();
        self.tasks.make(plan::plan(&order, &departments, &plan::Parts::default()).unwrap()).await.unwrap().0
    }

    /// The run and its steps, once that is so.
    async fn until(
        &self,
        run: RunId,
        is_so: impl Fn(RunState, &[Detail]) -> bool,
    ) -> (RunState, Vec<Detail>) {
        loop {
            let read = self
                .store
                .read_in(&self.scope, move |t| Ok((runs::get(t, run)?, runs::steps_of(t, run, i64::MAX)?)));
            let (row, steps) = read.await.unwrap();
            if is_so(row.state, &steps) {
                return (row.state, steps);
            }
            tokio::task::yield_now().await;
        }
    }

    async fn ended(&self, run: RunId) -> (RunState, Vec<Detail>) {
        self.until(run, |state, _| state.has_ended()).await
    }

    async fn names(&self) -> Vec<String> {
        let departments = self.roster().departments(&self.scope).await.unwrap();
        departments.all()[0].specialists.iter().map(|agent| agent.name.clone()).collect()
    }
}

fn step<'d>(steps: &'d [Detail], name: &str) -> &'d Detail {
    steps.iter().find(|detail| detail.step.name == name).unwrap()
}

fn output<T: serde::de::DeserializeOwned>(steps: &[Detail], name: &str) -> T {
    serde_json::from_str(step(steps, name).output.as_deref().unwrap()).unwrap()
}

fn defined(definition: String) -> Put {
    Put { definition: Some(definition), ..Put::default() }
}

#[tokio::test]
async fn who_works_is_what_the_project_says_with_the_next_order() {
    let stage = stage(AGENTS, 8).await;
    stage.engine.let_in.add_permits(100);
    stage.put("cues", defined(file("cues", "specialist", "Listen to the sea."))).await.unwrap();
    stage.put("music", defined(file("music", "specialist", "Hum."))).await.unwrap();
    stage.put("noise", Put { off: true, ..Put::default() }).await.unwrap();
    assert_eq!(stage.names().await, ["cues", "music"]);
    let (state, steps) = stage.ended(stage.order().await).await;
    assert_eq!(state, RunState::Complete);
    let mut prompts = stage.engine.prompts.lock().unwrap().clone();
    prompts.sort();
    assert_eq!(prompts, ["Hum.", "Listen to the sea."]);
    let head: Headed = output(&steps, "sound/head");
    assert_eq!(head.outputs.len(), 2);
    // Another project is not touched.
    let other = stage.store.transact(|tx| {
        let ben = people::create(tx, "ben@example.org", "Ben", None, false)?.id;
        Ok(Scope::server(projects::create(tx, ben, "Elsewhere", ProjectType::Movie)?.id))
    });
    let other = stage.roster().departments(&other.await.unwrap()).await.unwrap();
    assert_eq!(other, *stage.roster().studio().departments());
}

#[tokio::test]
async fn a_definition_has_versions_is_taken_back_and_is_overwritten_by_nobody_who_has_not_seen_it() {
    let stage = stage(AGENTS, 1).await;
    let first = stage
        .put("cues", Put { version: Some(0), ..defined(file("cues", "specialist", "One.")) })
        .await
        .unwrap();
    assert_eq!(first.standing.unwrap().version, 1);
    let stale =
        stage.put("cues", Put { version: Some(0), ..defined(file("cues", "specialist", "Two.")) }).await;
    let stale = stale.unwrap_err();
    assert_eq!(stale.code(), Code::Conflict);
    let details = stale.details().unwrap();
    assert_eq!((&details["yours"]["version"], &details["theirs"]["version"]), (&json!(0), &json!(1)));
    assert!(details["theirs"]["body"].as_str().unwrap().contains("One."));
    let second = stage
        .put("cues", Put { version: Some(1), ..defined(file("cues", "specialist", "Two.")) })
        .await
        .unwrap();
    stage.roster().put_back(&stage.scope, "sound", "cues").await.unwrap();
    let read = stage.roster().agents(&stage.scope).await.unwrap();
    assert_eq!((read[1].origin, read[1].version), (Origin::BuiltIn, 3));
    assert_eq!(
        stage.roster().put_back(&stage.scope, "sound", "cues").await.unwrap_err().code(),
        Code::NotFound
    );
    // What was put back comes again by undoing, and the change before it cannot be taken back past that.
    let newest = stage.store.read_in(&stage.scope, |t| {
        let page = store::events::after(t, 0, 100)?;
        let change = page.last().unwrap().payload["changes"]["changeId"].as_str().unwrap().parse();
        Ok(change.unwrap())
    });
    let newest = newest.await.unwrap();
    stage.store.transact_in(&stage.scope, move |t| changes::undo(t, newest)).await.unwrap();
    let read = stage.roster().agents(&stage.scope).await.unwrap();
    assert!(read[1].file.contains("Two.") && read[1].version == 4, "{read:?}");
    let change = second.change;
    stage.store.transact_in(&stage.scope, move |t| changes::undo(t, change)).await.unwrap();
    assert!(stage.roster().agents(&stage.scope).await.unwrap()[1].file.contains("One."));
    let roster = stage.roster().clone();
    let history = stage
        .store
        .read_in(&stage.scope, move |t| roster.history(t, "sound", "cues", &PageRequest::default()));
    assert_eq!(history.await.unwrap().total, 5);
}

#[tokio::test]
async fn an_agent_that_was_taken_out_keeps_its_history_when_it_comes_again() {
    let stage = stage(AGENTS, 1).await;
    let music = |prompt: &str| defined(file("music", "specialist", prompt));
    stage.put("music", music("One.")).await.unwrap();
    stage.roster().put_back(&stage.scope, "sound", "music").await.unwrap();
    assert_eq!(stage.names().await, ["cues", "noise"]);
    let gone = stage.put("music", Put { version: Some(1), ..music("Two.") }).await.unwrap_err();
    assert_eq!((gone.code(), &gone.details().unwrap()["theirs"]), (Code::Conflict, &json!(null)));
    let again = stage.put("music", Put { version: Some(0), ..music("Two.") }).await.unwrap();
    assert!(again.standing.unwrap().file.contains("Two."));
    let live = stage.store.read_in(&stage.scope, |t| entities::of(t, "agents")).await.unwrap();
    assert_eq!(live.len(), 1);
    let roster = stage.roster().clone();
    let history = stage
        .store
        .read_in(&stage.scope, move |t| roster.history(t, "sound", "music", &PageRequest::default()));
    let did: Vec<String> = history.await.unwrap().rows.into_iter().map(|version| version.action).collect();
    assert_eq!(did, ["changed", "restored", "removed", "created"]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let stage = stage(AGENTS, 1).await;
    let refused = async |department: &str, agent: &str, put: Put| {
        let refused = stage.roster().put(&stage.scope, department, agent, put).await.unwrap_err();
        (refused.code(), refused.details().map(|details| details["field"].clone()).unwrap_or_default())
    };
    let off = Put { off: true, ..Put::default() };
    let cues = || defined(file("cues", "specialist", "Listen."));
    assert_eq!(refused("sound", "head", off.clone()).await, (Code::ValidationError, json!("off")));
    assert_eq!(refused("sound", "nobody", off.clone()).await, (Code::NotFound, json!(null)));
    assert_eq!(refused("light", "cues", cues()).await, (Code::NotFound, json!(null)));
    assert_eq!(refused("sound", "noise", cues()).await, (Code::UnreadableDocument, json!("name")));
    assert_eq!(refused("sound", "Cues", cues()).await, (Code::ValidationError, json!("agent")));
    assert_eq!(refused("sound", "cues", Put::default()).await, (Code::ValidationError, json!("definition")));
    let head = defined(file("head", "specialist", "Judge."));
    assert_eq!(refused("sound", "head", head).await, (Code::UnreadableDocument, json!("role")));
    assert_eq!(stage.roster().agents(&stage.scope).await.unwrap().len(), 3);
    for n in 3..MOST_AGENTS {
        let name = format!("extra-{n}");
        stage.put(&name, defined(file(&name, "specialist", "Wait."))).await.unwrap();
    }
    let more = defined(file("more", "specialist", "Wait."));
    assert_eq!(refused("sound", "more", more).await, (Code::ValidationError, json!("agent")));
}

#[tokio::test]
async fn a_run_goes_on_without_whom_the_project_switched_off_and_by_what_it_changed() {
    let stage = stage(AGENTS, 1).await;
    let run = stage.order().await;
    // The first of the two is at work; the second waits for the only worker.
    let begun =
        |_: RunState, steps: &[Detail]| steps.iter().any(|detail| detail.step.state == StepState::Running);
    let (_, steps) = stage.until(run, begun).await;
    let first =
        steps.iter().find(|detail| detail.step.state == StepState::Running).unwrap().step.name.clone();
    let (first, second) = if first == "sound/cues" { ("cues", "noise") } else { ("noise", "cues") };
    stage.put(first, defined(file(first, "specialist", "Changed while at work."))).await.unwrap();
    stage.put(second, Put { off: true, ..Put::default() }).await.unwrap();
    stage.engine.let_in.add_permits(100);
    let (state, steps) = stage.ended(run).await;
    assert_eq!(state, RunState::Complete);
    // Whoever was at work ended by what they had begun with.
    assert!(!stage.engine.prompts.lock().unwrap().contains(&"Changed while at work.".to_owned()));
    let passed: PassedOver = output(&steps, &format!("sound/{second}"));
    assert!(passed.passed_over.contains("switched off"), "{passed:?}");
    let done: Done = output(&steps, &format!("sound/{first}"));
    let head: Headed = output(&steps, "sound/head");
    assert_eq!((head.outputs.len(), head.outputs[0].agent.as_str()), (1, done.agent.as_str()));
    let result: Compiled = output(&steps, "result");
    assert!(result.score > 0.5);
    // What was kept is offered, although its agent has another definition by now.
    let waiting = stage.store.read_in(&stage.scope, store::reviews::waiting_lines).await.unwrap();
    assert_eq!(waiting, [(format!("sound/{first}/sound.work"), 1)]);
}

#[tokio::test]
async fn a_step_without_a_slot_waits_comes_back_at_no_cost_and_says_why() {
    let stage = stage(Params { slots: 1, patience_ms: 50, ..AGENTS }, 8).await;
    let (first, second) = (stage.order().await, stage.order().await);
    let given_back = |_: RunState, steps: &[Detail]| {
        steps.iter().any(|detail| matches!(detail.step.reason, Some(Reason::Retry { .. })))
    };
    // Which of the runs has a slot of whom is chance; each of the two agents has one.
    let waits = async {
        tokio::select! {
            found = stage.until(first, given_back) => found,
            found = stage.until(second, given_back) => found,
        }
    };
    let (_, steps) = waits.await;
    let back = steps.iter().find(|detail| matches!(detail.step.reason, Some(Reason::Retry { .. }))).unwrap();
    let Some(Reason::Retry { until, error }) = &back.step.reason else {
        unreachable!("it was found by that")
    };
    assert!(error.contains("The one slot of the agent sound/"), "{error}");
    assert!(*until > kernel::Timestamp(0));
    assert_eq!((back.step.state, back.step.attempt), (StepState::Queued, 0));
    let log = stage.store.read_in(&stage.scope, move |t| {
        Ok(runs::log(t, first, 0, 100)?.into_iter().chain(runs::log(t, second, 0, 100)?).collect::<Vec<_>>())
    });
    assert!(log.await.unwrap().iter().any(|entry| entry.kind == "waits"));
    // Nobody else is held up by that, and the slots come back.
    let at_work = stage.desk.slots().stats().iter().map(|(_, stats, _)| stats.in_use).sum::<usize>();
    assert_eq!(at_work, 2);
    stage.tasks.cancel(&stage.scope, first).await.unwrap();
    stage.tasks.cancel(&stage.scope, second).await.unwrap();
    stage.ended(first).await;
    stage.ended(second).await;
    let idle = stage.desk.slots().stats();
    assert!(idle.iter().all(|(_, stats, waiting)| stats.in_use == 0 && *waiting == 0), "{idle:?}");
}
