//! A ledger on a fresh database, with a clock that stands still, and a project.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Ambient, ManualClock, PersonId, Role, RunId, SeededRandom, Timestamp};
use resilience::retry::Kind;
use serde_json::{Value, json};
use store::runs::{self, Detail, Step};
use store::{Scope, Store, people, projects};
use tasks::Tasks;
use tasks::graph::{NewRun, NewStep};
use tasks::ledger::{self, Claim, Demand, Order, Outcome, Refused, Reply, Unwritten};
use tasks::machine::{Command, Failure};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wire::projects::ProjectType;
use wire::runs::{Attempt, LogEntry, Run};

use crate::place::Place;

/// Writes each rule as three tests: on both databases, and for a server that has the database for itself.
macro_rules! on_each {
    ($($rules:tt)*) => {
        on_both! { $($rules)* }

        mod alone {
            use super::*;

            on_alone! { $($rules)* }
        }
    };
}

/// Writes each rule as two tests: for a server that has the database for itself, and for one of several.
macro_rules! on_late {
    ($($rules:tt)*) => {
        mod alone {
            use super::*;

            on_alone! { $($rules)* }
        }

        mod reserved {
            use super::*;

            on_reserved! { $($rules)* }
        }
    };
}

/// Writes each rule as a test of a server that has others beside it, from which it keeps what it claimed.
macro_rules! on_reserved {
    ($(async fn $rule:ident($stage:ident) $body:block)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $rule() {
            let Some(stage) = $crate::stage::Stage::reserved().await else { return };
            let $stage = &stage;
            $body
        }
    )*};
}

/// Writes each rule as a test of a server that has the database for itself.
macro_rules! on_alone {
    ($(async fn $rule:ident($stage:ident) $body:block)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $rule() {
            let $stage = &$crate::stage::Stage::alone().await;
            $body
        }
    )*};
}

pub(crate) struct Stage {
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ambient: Ambient,
    pub(crate) ada: PersonId,
    pub(crate) scope: Scope,
    /// What its own ledger holds back.
    pub(crate) unwritten: Unwritten,
    /// What such a ledger has at the start.
    begins: fn() -> Unwritten,
    is_alone: bool,
    place: Arc<Place>,
    /// The same database, with the machine's own clock.
    real: Store,
}

/// A service that runs.
pub(crate) struct Served {
    pub(crate) tasks: Tasks,
    end: oneshot::Sender<()>,
    running: JoinHandle<kernel::Result<()>>,
}

impl Served {
    /// Ends it in good order.
    pub(crate) async fn end(self) {
        drop(self.end);
        self.running.await.unwrap().unwrap();
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) async fn crash(self) {
        self.running.abort();
        let _ = self.running.await;
    }
}

impl Stage {
    async fn on(place: Place) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(1_800_000_000_000)));
        let ambient = Ambient::new(clock.clone(), Arc::new(SeededRandom::new(7)));
        let store = Store::open(place.options(), ambient.clone()).await.unwrap();
        let ada =
            store.transact(|tx| people::create(tx, "ada@example.org", "Ada", None, false)).await.unwrap().id;
        let scope = project(&store, ada).await;
        let real = Store::open(place.options(), Ambient::system()).await.unwrap();
        let (unwritten, begins, place) =
            (Unwritten::default(), Unwritten::default as fn() -> _, Arc::new(place));
        Self { store, clock, ambient, ada, scope, unwritten, begins, is_alone: false, place, real }
    }

    pub(crate) async fn sqlite() -> Self {
        Self::on(Place::folder()).await
    }

    /// The only server of its database.
    pub(crate) async fn alone() -> Self {
        Self { is_alone: true, ..Self::sqlite().await.beginning(Unwritten::alone) }
    }

    /// A server that has others beside it, from which it keeps what it claimed.
    pub(crate) async fn reserved() -> Option<Self> {
        Some(Self::postgres().await?.beginning(Unwritten::reserved))
    }

    fn beginning(self, begins: fn() -> Unwritten) -> Self {
        Self { unwritten: begins(), begins, ..self }
    }

    /// The server that comes after it, or one beside it: it knows what is stored, and nothing else.
    pub(crate) async fn after(&self) -> Self {
        let store = Store::open(self.place.options(), self.ambient.clone()).await.unwrap();
        let unwritten = (self.begins)();
        let (clock, ambient) = (self.clock.clone(), self.ambient.clone());
        let (real, place) = (self.real.clone(), self.place.clone());
        Self { store, clock, ambient, unwritten, place, real, ..*self }
    }

    pub(crate) async fn postgres() -> Option<Self> {
        Some(Self::on(Place::server().await?).await)
    }

    /// The same database with the machine's own clock, and a service that runs on it.
    pub(crate) fn serve(&self, server: &str) -> Served {
        self.serve_with(tasks::Options::new(server))
    }

    /// The same, by other options than the usual ones.
    pub(crate) fn serve_with(&self, options: tasks::Options) -> Served {
        let options = tasks::Options { grace: Duration::ZERO, alone: self.is_alone, ..options };
        let (service, tasks) = tasks::Service::new(self.real.clone(), Ambient::system(), options);
        let (end, ended) = oneshot::channel::<()>();
        let running = tokio::spawn(service.run(async move { drop(ended.await) }));
        Served { tasks, end, running }
    }

    /// How many claims are reserved.
    pub(crate) async fn reservations(&self) -> usize {
        self.place.rows("SELECT step_id FROM claims").await.len()
    }

    /// How many steps have not ended.
    pub(crate) async fn open_steps(&self) -> usize {
        self.place.rows("SELECT id FROM steps WHERE ended_at IS NULL").await.len()
    }

    /// Another program's connection to the database file.
    pub(crate) fn connection(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.place.options().file).unwrap()
    }

    /// Another project of Ada's.
    pub(crate) async fn other(&self) -> Scope {
        project(&self.store, self.ada).await
    }

    /// A run of those steps.
    pub(crate) fn run_of(&self, steps: Vec<NewStep>) -> NewRun {
        NewRun {
            project: self.scope.project(),
            by: Some(self.ada),
            kind: "test".into(),
            title: "A test".into(),
            input: json!({ "wish": "all of it" }),
            idempotency_key: None,
            steps,
        }
    }

    pub(crate) async fn write(&self, orders: Vec<Order>) -> Outcome {
        self.transact(orders, Default::default()).await
    }

    async fn transact(&self, orders: Vec<Order>, wanted: (BTreeSet<String>, Demand)) -> Outcome {
        let orders = Arc::new(orders);
        ledger::transact(&self.store, &self.ambient, &self.unwritten, &orders, wanted).await.unwrap()
    }

    pub(crate) async fn order(&self, order: Order) -> Result<Reply, Refused> {
        self.write(vec![order]).await.replies.remove(0)
    }

    pub(crate) async fn made(&self, new: NewRun) -> RunId {
        match self.order(Order::Make(new)).await {
            Ok(Reply::Made { run, .. }) => run,
            other => panic!("{other:?}"),
        }
    }

    /// A run of one step in the queue `q`.
    pub(crate) async fn single(&self) -> RunId {
        self.made(self.run_of(vec![NewStep::new("only", "q", json!(null))])).await
    }

    /// Steps of the queue `q`, for workers with so many free slots.
    pub(crate) async fn claims(&self, workers: &[(&str, u32)]) -> Vec<Claim> {
        self.wanted("q", workers, Vec::new()).await.claims
    }

    /// What comes of orders while workers have so many free slots for steps of a queue.
    pub(crate) async fn wanted(&self, queue: &str, workers: &[(&str, u32)], orders: Vec<Order>) -> Outcome {
        self.transact(orders, wants(queue, workers)).await
    }

    /// Steps of the queue `q` that were read ahead, for workers with so many free slots.
    pub(crate) fn ahead(&self, workers: &[(&str, u32)]) -> Vec<Claim> {
        let (_, mut demand) = wants("q", workers);
        ledger::give_ahead(&self.unwritten, &self.ambient, &mut demand).claims
    }

    pub(crate) async fn claim(&self, slots: u32) -> Vec<Claim> {
        self.claims(&[("w", slots)]).await
    }

    pub(crate) async fn one(&self) -> Claim {
        self.claim(1).await.pop().unwrap()
    }

    pub(crate) async fn say(&self, claim: &Claim, command: Command) -> Result<Reply, Refused> {
        let (run, step) = (claim.step.run, claim.step.id);
        self.order(Order::Say { run, step, command, output: None }).await
    }

    pub(crate) async fn complete(&self, claim: &Claim, output: Value) -> Result<Reply, Refused> {
        let (run, step, fence) = (claim.step.run, claim.step.id, claim.step.fence);
        self.order(Order::Say { run, step, command: Command::Complete { fence }, output: Some(output) }).await
    }

    pub(crate) async fn fail(&self, claim: &Claim, kind: Kind) -> Result<Reply, Refused> {
        let failure = Failure { error: "the lamp broke".into(), kind };
        self.say(claim, Command::Fail { fence: claim.step.fence, failure }).await
    }

    pub(crate) async fn log(&self, claim: &Claim, text: &str) -> Result<Reply, Refused> {
        let (run, step, fence) = (claim.step.run, claim.step.id, claim.step.fence);
        self.order(Order::Log { run, step, fence, kind: "text".into(), text: text.into() }).await
    }

    pub(crate) async fn answer(&self, step: &Step, value: Value) -> Result<Reply, Refused> {
        let (project, run, step) = (step.project, step.run, step.id);
        self.order(Order::Answer { project, run, step, by: Some(self.ada), value }).await
    }

    pub(crate) async fn cancel(&self, run: RunId) {
        let order = Order::Cancel { project: self.scope.project(), run, by: Some(self.ada) };
        self.order(order).await.unwrap();
    }

    pub(crate) async fn retry(&self, step: &Step) -> Result<Reply, Refused> {
        self.order(Order::Retry { project: step.project, run: step.run, step: step.id }).await
    }

    /// Lets the time pass, and looks at the clock once.
    pub(crate) async fn pass(&self, millis: i64) {
        self.clock.advance(millis);
        self.order(Order::Tick).await.unwrap();
    }

    pub(crate) async fn run(&self, id: RunId) -> Run {
        self.store.read_in(&self.scope, move |t| runs::get(t, id)).await.unwrap()
    }

    pub(crate) async fn details(&self, id: RunId) -> Vec<Detail> {
        self.store.read_in(&self.scope, move |t| runs::steps_of(t, id, i64::MAX)).await.unwrap()
    }

    pub(crate) async fn step(&self, run: RunId, name: &str) -> Step {
        self.details(run).await.into_iter().find(|detail| detail.step.name == name).unwrap().step
    }

    pub(crate) async fn attempts(&self, run: RunId) -> Vec<Attempt> {
        self.store.read_in(&self.scope, move |t| runs::attempts(t, run)).await.unwrap()
    }

    pub(crate) async fn entries(&self, run: RunId, from: i64) -> Vec<LogEntry> {
        self.store.read_in(&self.scope, move |t| runs::log(t, run, from, 1_000)).await.unwrap()
    }
}

/// A queue that may have ready steps, and workers with so many free slots for them.
pub(crate) fn wants(queue: &str, workers: &[(&str, u32)]) -> (BTreeSet<String>, Demand) {
    let mut demand = Demand::default();
    for (name, slots) in workers {
        demand.add(name, *slots, [queue]);
    }
    (BTreeSet::from([queue.to_owned()]), demand)
}

async fn project(store: &Store, owner: PersonId) -> Scope {
    let made = store.transact(move |tx| {
        let project = projects::create(tx, owner, "Tides", ProjectType::Movie)?;
        Scope::admit(tx, owner, project.id, Role::Owner)
    });
    made.await.unwrap()
}

/// A step in the queue `q`, after those.
pub(crate) fn step(name: &str, after: &[&str]) -> NewStep {
    NewStep::new(name, "q", json!({ "of": name })).after(after.iter().copied())
}
