//! Work that is done part by part: each part is a step of its own, and what comes of all is one output of its agent.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use agents::deliverables::Deliverables;
use agents::departments::desk::Desk;
use agents::departments::engine::{ByParts, Citation, Engine, Job, Part, Work};
use agents::departments::outputs::{Done, Headed};
use agents::departments::plan::{self, Order, Parts};
use agents::departments::roster::Roster;
use agents::departments::slots::Slots;
use agents::departments::studio::Studio;
use futures_util::future::BoxFuture;
use kernel::{Ambient, Code, EntityId, Error, Result, ReviewId, Role, RunId};
use resilience::pool::AGENTS;
use serde_json::json;
use store::changes::{self, Draft, New, Write};
use store::runs::{self, Detail};
use store::{Options, Scope, Store, people, projects, reviews};
use tasks::{Service, Tasks};
use tokio::sync::oneshot;
use wire::imports::ReviewState;
use wire::records::{Metadata, Origin};
use wire::reviews::{DeliverableDecision, DeliverableDecisionRequest};
use wire::runs::{Priority, StepState};

/// Counts the scenes that it was given, and notes what it was asked for.
#[derive(Default)]
struct Counting {
    /// The name of the part, or `whole`, with the reasons.
    asked: Mutex<Vec<(String, Vec<String>)>>,
    /// The part that it cannot do.
    broken: Mutex<Option<String>>,
}

fn work(title: &str, scenes: usize, citations: Vec<Citation>) -> Work {
    Work {
        title: title.to_owned(),
        summary: format!("{scenes} scenes."),
        content: json!({ "scenes": scenes }),
        citations,
        quality: 1.0,
        consistency: 1.0,
        creativity: 1.0,
        lacks: Vec::new(),
    }
}

impl Engine for Counting {
    fn name(&self) -> &'static str {
        "sound.cues"
    }

    fn work<'j>(&'j self, job: &'j Job) -> BoxFuture<'j, Result<Work>> {
        Box::pin(async move {
            let name = job.part.as_ref().map_or("whole", |part| &part.name);
            self.asked.lock().unwrap().push((name.to_owned(), job.reasons.clone()));
            if self.broken.lock().unwrap().as_deref() == Some(name) {
                return Err(Error::new(Code::ValidationError, "the tape is torn"));
            }
            let cited = job.part.iter().map(|part| Citation {
                entity_id: part.id,
                collection: "scenes".into(),
                name: part.name.clone(),
            });
            Ok(work(name, 1, cited.collect()))
        })
    }

    fn by_parts(&self) -> Option<&dyn ByParts> {
        Some(self)
    }
}

impl ByParts for Counting {
    fn together<'j>(&'j self, _job: &'j Job, parts: Vec<Work>) -> BoxFuture<'j, Result<Work>> {
        let scenes = parts.iter().map(|part| part.content["scenes"].as_u64().unwrap()).sum::<u64>();
        let citations = parts.into_iter().flat_map(|part| part.citations).collect();
        Box::pin(async move { Ok(work("All", usize::try_from(scenes).unwrap(), citations)) })
    }
}

struct Stage {
    store: Store,
    tasks: Tasks,
    scope: Scope,
    engine: Arc<Counting>,
    desk: Arc<Desk>,
    deliverables: Deliverables,
    _end: oneshot::Sender<()>,
    _folder: tempfile::TempDir,
}

fn studio(engine: Arc<dyn Engine>) -> Studio {
    let agent = |name: &str, role: &str| {
        format!(
            "---\nname: {name}\ntitle: {name}\ndepartment: sound\nrole: {role}\nengine: sound.{name}\n---\n"
        )
    };
    Studio::of(&[("sound", &[])], [agent("head", "head"), agent("cues", "specialist")], [engine]).unwrap()
}

async fn stage() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let store =
        Store::open(Options::sqlite(folder.path().join("atelier.db")), Ambient::system()).await.unwrap();
    let scope = store.transact(|tx| {
        let ada = people::create(tx, "ada@example.org", "Ada", None, false)?.id;
        let project = projects::create(tx, ada, "Tides", wire::projects::ProjectType::Movie)?;
        Scope::admit(tx, ada, project.id, Role::Owner)
    });
    let scope = scope.await.unwrap();
    let (service, tasks) = Service::new(store.clone(), Ambient::system(), tasks::Options::new("test"));
    let (end, ended) = oneshot::channel::<()>();
    tokio::spawn(service.run(async move { drop(ended.await) }));
    let engine = Arc::new(Counting::default());
    let roster = Roster::new(store.clone(), studio(engine.clone()));
    let desk = Arc::new(Desk::new(store.clone(), roster, Slots::new(Ambient::system(), AGENTS, 10)));
    for queue in [plan::QUEUE, plan::PARTS] {
        tokio::spawn(desk.clone().serve(tasks.worker(queue, 4).await.unwrap()));
    }
    let deliverables = Deliverables::new(store.clone(), tasks.clone(), |_| Vec::new());
    Stage { store, tasks, scope, engine, desk, deliverables, _end: end, _folder: folder }
}

impl Stage {
    /// Makes three scenes.
    async fn scenes(&self) -> Vec<Part> {
        let names = ["INT. BAR", "EXT. PIER", "INT. BOAT"];
        let parts = names.map(|name| Part { id: Ambient::system().id(), name: name.to_owned() });
        let new = |part: &Part| New {
            id: part.id,
            collection: "scenes".into(),
            name: part.name.clone(),
            description: String::new(),
            metadata: Metadata::new(),
            body: None,
            position: None,
            origin: Origin::Import,
        };
        self.write(parts.iter().map(|part| Write::Create(new(part))).collect()).await;
        parts.to_vec()
    }

    async fn write(&self, writes: Vec<Write>) {
        let draft = Draft { writes, ..Draft::default() };
        self.store.transact_in(&self.scope, move |t| changes::apply(t, &draft)).await.unwrap();
    }

    /// Orders the work of all parts one by one, and waits for the end.
    async fn ordered(&self, parts: Vec<Part>) -> RunId {
        let order = Order {
            project: self.scope.project(),
            by: self.scope.actor(),
            request: "Prepare everything".into(),
            priority: Priority::Medium,
            departments: Vec::new(),
            auto_ingest: false,
        };
        let parts = Parts { parts, engines: self.desk.roster().studio().by_parts() };
        let departments = self.desk.roster().departments(&self.scope).await.unwrap();
        let (run, _) = self.tasks.make(plan::plan(&order, &departments, &parts).unwrap()).await.unwrap();
        self.ended(run, |_| true).await;
        run
    }

    /// The steps of a run that has ended so.
    async fn ended(&self, run: RunId, so: impl Fn(&[Detail]) -> bool) -> Vec<Detail> {
        loop {
            let read = self
                .store
                .read_in(&self.scope, move |t| Ok((runs::get(t, run)?, runs::steps_of(t, run, i64::MAX)?)));
            let (row, steps) = read.await.unwrap();
            if row.state.has_ended() && so(&steps) {
                return steps;
            }
            tokio::task::yield_now().await;
        }
    }

    /// What waits for a person.
    async fn waiting(&self, run: RunId) -> Vec<ReviewId> {
        let read = self.store.read_in(&self.scope, move |t| reviews::of_run(t, run, ReviewState::Pending));
        read.await.unwrap().into_iter().map(|review| review.id).collect()
    }

    /// What the engine was asked for since this was looked at last.
    fn asked(&self) -> Vec<(String, Vec<String>)> {
        std::mem::take(&mut *self.engine.asked.lock().unwrap())
    }
}

fn of<'d>(steps: &'d [Detail], name: &str) -> &'d Detail {
    steps.iter().find(|detail| detail.step.name == name).unwrap()
}

fn output<T: serde::de::DeserializeOwned>(steps: &[Detail], name: &str) -> T {
    serde_json::from_str(of(steps, name).output.as_deref().unwrap()).unwrap()
}

fn is_complete(steps: &[Detail]) -> bool {
    steps.iter().all(|detail| detail.step.state == StepState::Complete)
}

#[tokio::test]
async fn each_part_is_a_step_and_what_comes_of_them_is_one_output() {
    let stage = stage().await;
    let scenes = stage.scenes().await;
    let run = stage.ordered(scenes.clone()).await;
    let steps = stage.ended(run, is_complete).await;
    let asked: BTreeSet<String> = stage.asked().into_iter().map(|(name, _)| name).collect();
    assert_eq!(asked, BTreeSet::from(["INT. BAR", "EXT. PIER", "INT. BOAT"].map(str::to_owned)));
    let all: Done = output(&steps, "sound/cues");
    let cited: Vec<EntityId> = all.citations.iter().map(|citation| citation.entity_id).collect();
    assert_eq!((all.content["scenes"].as_u64(), all.creativity), (Some(3), 1.0));
    assert_eq!(cited, scenes.iter().map(|scene| scene.id).collect::<Vec<_>>());
    // It is as old as the part that was begun first.
    let begun =
        ["sound/cues/1", "sound/cues/2", "sound/cues/3"].map(|name| output::<Done>(&steps, name).as_of);
    assert_eq!(all.as_of, begun.into_iter().min().unwrap());
    let head: Headed = output(&steps, "sound/head");
    assert_eq!(head.outputs.len(), 1);
    assert_eq!(stage.waiting(run).await.len(), 1);
}

#[tokio::test]
async fn a_part_that_failed_is_done_again_alone() {
    let stage = stage().await;
    let scenes = stage.scenes().await;
    *stage.engine.broken.lock().unwrap() = Some("EXT. PIER".into());
    let run = stage.ordered(scenes).await;
    let steps = stage.ended(run, |_| true).await;
    let state = |name: &str| of(&steps, name).step.state;
    assert_eq!(
        ["sound/cues/1", "sound/cues/2", "sound/cues/3", "sound/cues"].map(state),
        [StepState::Complete, StepState::Failed, StepState::Complete, StepState::Cancelled]
    );
    *stage.engine.broken.lock().unwrap() = None;
    stage.asked();
    stage.tasks.retry(&stage.scope, run, of(&steps, "sound/cues/2").step.id).await.unwrap();
    let steps = stage.ended(run, is_complete).await;
    assert_eq!(stage.asked(), [("EXT. PIER".to_owned(), vec![])]);
    assert_eq!(output::<Done>(&steps, "sound/cues").content["scenes"], 3);
}

#[tokio::test]
async fn a_part_that_was_removed_is_passed_over_and_that_is_said() {
    let stage = stage().await;
    let scenes = stage.scenes().await;
    stage.write(vec![Write::Remove(scenes[1].id)]).await;
    let run = stage.ordered(scenes).await;
    let steps = stage.ended(run, is_complete).await;
    let gone: serde_json::Value = output(&steps, "sound/cues/2");
    assert_eq!(gone["passedOver"], "EXT. PIER was removed after this was ordered.");
    let all: Done = output(&steps, "sound/cues");
    assert_eq!(all.content["scenes"], 2);
    assert!(all.lacks[0].starts_with("1 of 3 parts were passed over"), "{:?}", all.lacks);
}

#[tokio::test]
async fn what_is_sent_back_is_done_anew_as_a_whole_with_the_reasons() {
    let stage = stage().await;
    let run = stage.ordered(stage.scenes().await).await;
    stage.asked();
    let review = stage.waiting(run).await[0];
    let request = DeliverableDecisionRequest {
        decision: DeliverableDecision::Revise,
        changes: None,
        reasons: Some(vec!["The gulls are missing.".into()]),
    };
    stage.deliverables.decide(&stage.scope, review, request).await.unwrap();
    let steps = stage.ended(run, |steps| output::<Done>(steps, "sound/cues").title == "whole").await;
    assert!(is_complete(&steps));
    assert_eq!(stage.asked(), [("whole".to_owned(), vec!["The gulls are missing.".to_owned()])]);
}
