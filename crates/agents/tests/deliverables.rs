//! What departments made waits once, is decided once, and comes again when it is sent back; with no model.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use std::sync::{Arc, Mutex};

use agents::deliverables::{CITES, COLLECTION, Deliverables};
use agents::departments::desk::Desk;
use agents::departments::engine::{Citation, Engine, Job, Work};
use agents::departments::plan::{self, Order};
use agents::departments::roster::Roster;
use agents::departments::slots::Slots;
use agents::departments::studio::Studio;
use futures_util::future::BoxFuture;
use kernel::{Ambient, Code, EntityId, EventKind, PageRequest, Result, ReviewId, Role, RunId};
use resilience::pool::AGENTS;
use serde_json::json;
use store::changes::{self, Draft, New, Write};
use store::{Options, Scope, Store, entities, events, facts, people, projects, reviews, runs};
use tasks::{Service, Tasks};
use tokio::sync::oneshot;
use wire::imports::ReviewState;
use wire::records::{Metadata, Origin};
use wire::reviews::{
    Deliverable, DeliverableChanges, DeliverableDecided, DeliverableDecision, DeliverableDecisionRequest,
    Review, RunDecision,
};
use wire::runs::Priority;

/// Gives work of one quality, which rests on what it is told to.
#[derive(Default)]
struct Scripted {
    quality: f64,
    cites: Mutex<Vec<EntityId>>,
    reasons: Mutex<Vec<Vec<String>>>,
}

impl Engine for Scripted {
    fn name(&self) -> &'static str {
        "sound.cues"
    }

    fn work<'j>(&'j self, job: &'j Job) -> BoxFuture<'j, Result<Work>> {
        Box::pin(async move {
            self.reasons.lock().unwrap().push(job.reasons.clone());
            let cite = |id: &EntityId| Citation {
                entity_id: *id,
                collection: "scenes".into(),
                name: "INT. BAR".into(),
            };
            Ok(Work {
                title: "Cues".into(),
                summary: "Two foghorns.".into(),
                content: json!({ "cues": ["foghorn", "gull"], "ambience": [], "title": "Tides" }),
                citations: self.cites.lock().unwrap().iter().map(cite).collect(),
                quality: self.quality,
                consistency: self.quality,
                creativity: self.quality,
                lacks: vec!["1 of 2 cues has a time".into()],
            })
        })
    }
}

struct Stage {
    store: Store,
    tasks: Tasks,
    scope: Scope,
    engine: Arc<Scripted>,
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

async fn stage(quality: f64) -> Stage {
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
    let engine = Arc::new(Scripted { quality, ..Scripted::default() });
    let roster = Roster::new(store.clone(), studio(engine.clone()));
    let desk = Arc::new(Desk::new(store.clone(), roster, Slots::new(Ambient::system(), AGENTS, 10)));
    tokio::spawn(desk.clone().serve(tasks.worker(plan::QUEUE, 4).await.unwrap()));
    let deliverables = Deliverables::new(store.clone(), tasks.clone(), |_| Vec::new());
    Stage { store, tasks, scope, engine, desk, deliverables, _end: end, _folder: folder }
}

impl Stage {
    async fn ordered(&self, auto_ingest: bool) -> RunId {
        let order = Order {
            project: self.scope.project(),
            by: self.scope.actor(),
            request: "Prepare everything".into(),
            priority: Priority::Medium,
            departments: Vec::new(),
            auto_ingest,
        };
        let departments = self.desk.roster().departments(&self.scope).await.unwrap();
        let new = plan::plan(&order, &departments, &plan::Parts::default()).unwrap();
        let (run, _) = self.tasks.make(new).await.unwrap();
        self.ended(run, 3).await;
        run
    }

    /// Waits until a run has ended after so many attempts.
    async fn ended(&self, run: RunId, attempts: usize) {
        loop {
            let read = self
                .store
                .read_in(&self.scope, move |t| Ok((runs::get(t, run)?.state, runs::attempts(t, run)?.len())));
            let (state, made) = read.await.unwrap();
            if state.has_ended() && made >= attempts {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn reviews(&self) -> Vec<Review> {
        let page = PageRequest::default();
        self.deliverables.list(&self.scope, reviews::Filter::default(), page).await.unwrap().rows
    }

    async fn waiting(&self) -> Vec<ReviewId> {
        let reviews = self.reviews().await.into_iter();
        reviews.filter(|review| review.state == ReviewState::Pending).map(|review| review.review_id).collect()
    }

    async fn decide(&self, id: ReviewId, decision: DeliverableDecision) -> Result<DeliverableDecided> {
        let request = DeliverableDecisionRequest { decision, changes: None, reasons: None };
        self.deliverables.decide(&self.scope, id, request).await
    }

    async fn notifications(&self) -> Vec<serde_json::Value> {
        let all = self.store.read_in(&self.scope, |t| events::after(t, 0, 1_000)).await.unwrap();
        let told = all.into_iter().filter(|event| event.kind == EventKind::Notification);
        told.map(|event| event.payload).collect()
    }

    async fn scenes(&self, names: &[&str]) -> Vec<EntityId> {
        let new = |name: &&str| New {
            id: Ambient::system().id(),
            collection: "scenes".into(),
            name: (*name).into(),
            description: String::new(),
            metadata: Metadata::new(),
            body: None,
            position: None,
            origin: Origin::Import,
        };
        let writes = names.iter().map(|name| Write::Create(new(name))).collect();
        let draft = Draft { writes, ..Draft::default() };
        let applied = self.store.transact_in(&self.scope, move |t| changes::apply(t, &draft)).await.unwrap();
        let mut made: Vec<EntityId> = applied.records.iter().map(|record| record.id).collect();
        made.sort_unstable();
        made
    }

    async fn cited(&self, record: EntityId) -> Vec<EntityId> {
        let all = self.store.read_in(&self.scope, move |t| facts::about(t, &[record])).await.unwrap();
        let cites = all.into_iter().filter(|fact| fact.predicate == CITES);
        let mut cited: Vec<EntityId> = cites.filter_map(|fact| fact.object).collect();
        cited.sort_unstable();
        cited
    }
}

#[tokio::test]
async fn a_result_that_is_put_together_again_doubles_no_proposal_and_tells_nobody_twice() {
    let stage = stage(1.0).await;
    let run = stage.ordered(false).await;
    let before = stage.waiting().await;
    assert_eq!(before.len(), 1);
    let steps = stage.store.read_in(&stage.scope, move |t| runs::steps_of(t, run, 0)).await.unwrap();
    let result = steps.iter().find(|detail| detail.step.name == plan::RESULT).unwrap().step.id;
    stage.tasks.retry(&stage.scope, run, result).await.unwrap();
    stage.ended(run, 4).await;
    assert_eq!(stage.waiting().await, before);
    let told = stage.notifications().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["title"], "1 output of “Prepare everything” waits for you");
    assert_eq!(told[0]["least"], "editor");
}

#[tokio::test]
async fn what_is_sent_back_is_done_again_with_the_reasons_and_waits_anew() {
    let stage = stage(1.0).await;
    let run = stage.ordered(false).await;
    let first = stage.waiting().await[0];
    let request = DeliverableDecisionRequest {
        decision: DeliverableDecision::Revise,
        changes: None,
        reasons: Some(vec![" The gulls are missing. ".into()]),
    };
    let decided = stage.deliverables.decide(&stage.scope, first, request).await.unwrap();
    assert_eq!(decided.decided.state, ReviewState::Returned);
    stage.ended(run, 6).await;
    let [second] = stage.waiting().await[..] else { panic!("one waits") };
    assert_ne!(first, second);
    assert_eq!(stage.engine.reasons.lock().unwrap().last().unwrap(), &["The gulls are missing."]);
    assert_eq!(
        stage.deliverables.get(&stage.scope, second).await.unwrap().reasons,
        ["The gulls are missing."]
    );
    let late = stage.decide(first, DeliverableDecision::Ingest).await.unwrap_err();
    assert_eq!(
        (late.code(), late.details().unwrap()["state"].as_str()),
        (Code::AlreadyDecided, Some("returned"))
    );
}

#[tokio::test]
async fn only_what_is_above_the_bound_is_saved_without_asking_and_only_when_the_order_asks() {
    for (quality, asked, saved) in [(1.0, true, 1), (1.0, false, 0), (0.8, true, 0)] {
        let stage = stage(quality).await;
        stage.ordered(asked).await;
        let [review] = &stage.reviews().await[..] else { panic!("one review") };
        // No record is cited, so relationships count 0.60: 0.45 · 0.8 + 0.30 · 0.8 + 0.25 · 0.6 is 0.75, which is not above it.
        let score = if quality < 1.0 { 0.75 } else { 0.90 };
        assert_eq!(review.score, Some(score));
        let records = stage.store.read_in(&stage.scope, |t| entities::of(t, COLLECTION)).await.unwrap();
        assert_eq!(records.len(), saved, "{quality} {asked}");
        assert_eq!(review.state == ReviewState::Ingested, saved == 1);
        assert_eq!((review.decided_by, review.change_id.is_some()), (None, saved == 1));
    }
}

#[tokio::test]
async fn the_next_deliverable_of_an_agent_is_a_version_of_the_record_and_cites_what_it_rests_on() {
    let stage = stage(1.0).await;
    let scenes = stage.scenes(&["INT. BAR", "EXT. PIER", "INT. BOAT"]).await;
    *stage.engine.cites.lock().unwrap() = scenes[..2].to_vec();
    stage.ordered(false).await;
    let first = stage.decide(stage.waiting().await[0], DeliverableDecision::Ingest).await.unwrap();
    let record = first.entity_id.unwrap();
    assert_eq!(stage.cited(record).await, scenes[..2]);
    // One scene is gone when it is decided, and another is cited for the first time.
    *stage.engine.cites.lock().unwrap() = scenes.clone();
    stage.ordered(false).await;
    let gone = Draft { writes: vec![Write::Remove(scenes[0])], ..Draft::default() };
    stage.store.transact_in(&stage.scope, move |t| changes::apply(t, &gone)).await.unwrap();
    let second = stage.decide(stage.waiting().await[0], DeliverableDecision::Ingest).await.unwrap();
    assert_eq!((second.entity_id, second.decided.changed), (Some(record), 1));
    let now = stage.store.read_in(&stage.scope, move |t| entities::get(t, COLLECTION, record)).await.unwrap();
    assert_eq!((now.version, now.origin), (2, Origin::Ingest));
    assert_eq!(stage.cited(record).await, scenes[1..]);
    // Taken back, the record is as it was, and so is what it holds.
    let review = |record: &wire::records::Record| record.metadata["review"].clone();
    let change = second.decided.change_id.unwrap();
    stage.store.transact_in(&stage.scope, move |t| changes::undo(t, change)).await.unwrap();
    let back =
        stage.store.read_in(&stage.scope, move |t| entities::get(t, COLLECTION, record)).await.unwrap();
    assert_ne!(review(&back), review(&now));
    assert!(stage.deliverables.content_of(&stage.scope, record).await.is_ok());
}

#[tokio::test]
async fn a_record_that_a_person_has_changed_is_not_overwritten_without_asking() {
    let stage = stage(1.0).await;
    stage.ordered(true).await;
    let record = stage.reviews().await[0].entity_id.unwrap();
    let patch = changes::Patch {
        description: Some("Three foghorns, I counted.".into()),
        origin: Some(Origin::Person),
        ..changes::Patch::default()
    };
    let draft =
        Draft { writes: vec![Write::Change { id: record, expected: None, patch }], ..Draft::default() };
    stage.store.transact_in(&stage.scope, move |t| changes::apply(t, &draft)).await.unwrap();
    stage.ordered(true).await;
    assert_eq!(stage.waiting().await.len(), 1);
    let now = stage.store.read_in(&stage.scope, move |t| entities::get(t, COLLECTION, record)).await.unwrap();
    assert_eq!(now.description, "Three foghorns, I counted.");
}

#[tokio::test]
async fn a_person_changes_the_words_and_leaves_out_parts_before_it_is_saved() {
    let stage = stage(1.0).await;
    stage.ordered(false).await;
    let id = stage.waiting().await[0];
    let modify = async |changes: DeliverableChanges| {
        let decision = DeliverableDecision::Modify;
        let request = DeliverableDecisionRequest { decision, changes: Some(changes), reasons: None };
        stage.deliverables.decide(&stage.scope, id, request).await
    };
    let refused = modify(DeliverableChanges { omit: Some(vec!["title".into()]), ..Default::default() }).await;
    assert_eq!(refused.unwrap_err().details().unwrap()["field"], "changes.omit");
    let changes = DeliverableChanges {
        title: Some("Horns".into()),
        summary: None,
        notes: Some("For the mix".into()),
        omit: Some(vec!["cues".into()]),
    };
    let now: Deliverable = modify(changes).await.unwrap().deliverable.unwrap();
    assert_eq!((now.review.title.as_str(), now.summary.as_str()), ("Horns", "Two foghorns."));
    assert_eq!((&now.content["cues"], &now.content["title"]), (&json!([]), &json!("Tides")));
    assert!(now.parts[0].omitted && now.parts[0].count == 2);
    let back = modify(DeliverableChanges { omit: Some(vec![]), ..Default::default() }).await.unwrap();
    assert_eq!(back.deliverable.unwrap().content["cues"], json!(["foghorn", "gull"]));
    let record = stage.decide(id, DeliverableDecision::Ingest).await.unwrap().entity_id.unwrap();
    let record =
        stage.store.read_in(&stage.scope, move |t| entities::get(t, COLLECTION, record)).await.unwrap();
    assert_eq!((record.name.as_str(), &record.metadata["notes"]), ("Horns", &json!("For the mix")));
}

#[tokio::test]
async fn all_of_a_run_is_decided_at_once_and_what_was_decided_before_is_let_be() {
    let stage = stage(0.7).await;
    let run = stage.ordered(false).await;
    // 0.45 · 0.7 + 0.30 · 0.7 + 0.25 · 0.6 is less than 0.75, so nothing is advised to be saved.
    let none = stage.deliverables.decide_run(&stage.scope, run, RunDecision::Advised).await.unwrap();
    assert_eq!((none.outcomes.len(), none.waiting), (0, 1));
    let all = stage.deliverables.decide_run(&stage.scope, run, RunDecision::Ingest).await.unwrap();
    assert_eq!((all.outcomes.len(), all.waiting), (1, 0));
    assert!(all.outcomes[0].entity_id.is_some());
    let again = stage.deliverables.decide_run(&stage.scope, run, RunDecision::Discard).await.unwrap();
    assert_eq!((again.outcomes.len(), again.waiting), (0, 0));
}

#[tokio::test]
async fn what_does_not_fit_the_decision_is_refused_and_a_review_of_another_kind_is_not_there() {
    let stage = stage(1.0).await;
    stage.ordered(false).await;
    let id = stage.waiting().await[0];
    let field = async |decision, changes, reasons| {
        let request = DeliverableDecisionRequest { decision, changes, reasons };
        let refused = stage.deliverables.decide(&stage.scope, id, request).await.unwrap_err();
        refused.details().unwrap()["field"].as_str().unwrap().to_owned()
    };
    let changes = Some(DeliverableChanges::default());
    assert_eq!(field(DeliverableDecision::Ingest, changes, None).await, "changes");
    assert_eq!(field(DeliverableDecision::Discard, None, Some(vec!["no".into()])).await, "reasons");
    assert_eq!(field(DeliverableDecision::Revise, None, Some(vec![" ".into()])).await, "reasons");
    assert_eq!(field(DeliverableDecision::Revise, None, None).await, "reasons");
    let other = stage.store.transact_in(&stage.scope, |t| {
        Ok(reviews::create(t, reviews::Kind::Import, "tides.fountain", "{}", 0.5)?.id)
    });
    let other = other.await.unwrap();
    for decision in [DeliverableDecision::Ingest, DeliverableDecision::Discard] {
        assert_eq!(stage.decide(other, decision).await.unwrap_err().code(), Code::NotFound);
    }
    assert!(stage.waiting().await.contains(&other));
}
