//! Servers, their workers and the people around them, all driven by chance.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use kernel::{Ambient, Error, ManualClock, RunId, SeededRandom, StepId, Timestamp};
use resilience::retry::Kind;
use serde_json::json;
use store::runs::{self, Detail};
use store::{Durability, Options, Scope, Store, events, people, projects};
use tasks::graph::{NewRun, NewStep};
use tasks::ledger::{self, Claim, Demand, Order, Outcome, Refused, Reply, Unwritten};
use tasks::machine::{Command, Failure};
use wire::projects::ProjectType;
use wire::runs::{Limits, Priority, Run, StepState};

use crate::chance::Chance;
use crate::place::Place;
use crate::witness::{Said, Witness};

const WORKERS: usize = 4;
/// The workers before this one are the servers' own, in turn, and end when those do; the others are elsewhere.
const ELSEWHERE: usize = 2;
const SLOTS: usize = 5;
/// Runs that are open at a time.
const OPEN: usize = 20;
/// The steps of the last one are done one at a time.
const QUEUES: [&str; 3] = ["q", "r", TURN];
const TURN: &str = "one/t";

pub(crate) struct World {
    chance: Chance,
    clock: Arc<ManualClock>,
    ambient: Ambient,
    place: Place,
    servers: Vec<Server>,
    scope: Scope,
    witness: Witness,
    /// What each worker holds, as far as it knows.
    workers: Vec<Vec<Claim>>,
    /// What the servers' own workers were given since those started, whether they know or not, and by which.
    own: Vec<(usize, Claim)>,
    /// What was said and has not arrived, and by whom.
    under_way: Vec<(usize, Order)>,
    /// All runs that were made.
    made: Vec<RunId>,
    open: Vec<RunId>,
}

/// One of those that work on the database.
struct Server {
    store: Store,
    unwritten: Unwritten,
}

impl Server {
    async fn start(place: &Place, ambient: &Ambient) -> Self {
        let options = Options { durability: Durability::Normal, ..place.options() };
        let unwritten = if options.url.is_none() { Unwritten::alone() } else { Unwritten::reserved() };
        Self { store: Store::open(options, ambient.clone()).await.unwrap(), unwritten }
    }
}

/// What the names of a server's own workers begin with.
fn own(server: usize) -> String {
    format!("sim{server}/")
}

impl World {
    /// One server on SQLite, or two on Postgres.
    pub(crate) async fn begin(seed: u64, place: Place) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(1_800_000_000_000)));
        let ambient = Ambient::new(clock.clone(), Arc::new(SeededRandom::new(seed)));
        let mut servers = vec![Server::start(&place, &ambient).await];
        if servers[0].store.backend() != "sqlite" {
            servers.push(Server::start(&place, &ambient).await);
        }
        let scope = servers[0].store.transact(|tx| {
            let ada = people::create(tx, "ada@example.org", "Ada", None, false)?.id;
            Ok(Scope::server(projects::create(tx, ada, "Tides", ProjectType::Movie)?.id))
        });
        let scope = scope.await.unwrap();
        Self {
            chance: Chance::new(seed),
            clock,
            ambient,
            place,
            servers,
            scope,
            witness: Witness::default(),
            workers: vec![Vec::new(); WORKERS],
            own: Vec::new(),
            under_way: Vec::new(),
            made: Vec::new(),
            open: Vec::new(),
        }
    }

    fn are_several(&self) -> bool {
        self.servers.len() > 1
    }

    /// A server; there is no chance in it if there is but one.
    fn any(&self) -> usize {
        if self.are_several() { self.chance.below(self.servers.len()) } else { 0 }
    }

    /// The server that a worker speaks to.
    fn server_of(&self, worker: usize) -> usize {
        if worker < ELSEWHERE { worker % self.servers.len() } else { self.any() }
    }

    fn name(&self, worker: usize) -> String {
        if worker < ELSEWHERE {
            format!("{}{worker}", own(self.server_of(worker)))
        } else {
            worker.to_string()
        }
    }

    /// One thing happens.
    pub(crate) async fn act(&mut self) {
        match self.chance.below(100) {
            0..6 => self.make().await,
            6..26 => self.claim().await,
            26..58 => self.say(),
            58..80 => self.arrive().await,
            80..82 => self.crash(),
            82..92 => self.pass().await,
            92..97 => self.person().await,
            97..99 => self.lose().await,
            _ => self.look().await,
        }
        if self.chance.once_in(if self.are_several() { 40 } else { 150 }) {
            self.restart().await;
        }
    }

    async fn write(&self, orders: Vec<Order>) -> Outcome {
        self.transact(self.any(), orders, BTreeSet::new(), Demand::default()).await
    }

    async fn transact(
        &self,
        server: usize,
        orders: Vec<Order>,
        ready: BTreeSet<String>,
        demand: Demand,
    ) -> Outcome {
        let (orders, wanted) = (Arc::new(orders), (ready, demand));
        let Server { store, unwritten } = &self.servers[server];
        ledger::transact(store, &self.ambient, unwritten, &orders, wanted).await.unwrap()
    }

    /// A server is killed and starts again. Its own workers are gone, and what they have said, and claims that were neither
    /// written nor reserved never were.
    async fn restart(&mut self) {
        let server = self.any();
        self.servers[server] = Server::start(&self.place, &self.ambient).await;
        let servers = self.servers.len();
        let is_own = |worker: usize| worker < ELSEWHERE && worker % servers == server;
        (0..WORKERS).filter(|worker| is_own(*worker)).for_each(|worker| self.workers[worker].clear());
        self.under_way.retain(|(worker, _)| !is_own(*worker));
        let (gone, others) = std::mem::take(&mut self.own).into_iter().partition(|(of, _)| *of == server);
        self.own = others;
        for (_, claim) in gone {
            let (_, family) = self.family(claim.step.run).await;
            self.witness.forgets(&claim, &family, self.are_several());
        }
        if self.chance.once_in(2) {
            let name = own(server);
            let disown = Order::Disown { present: format!("{name}new/"), server: name };
            self.transact(server, vec![disown], BTreeSet::new(), Demand::default()).await;
        }
    }

    async fn family(&self, run: RunId) -> (Run, Vec<Detail>) {
        self.servers[0]
            .store
            .read_in(&self.scope, move |t| Ok((runs::get(t, run)?, runs::steps_of(t, run, i64::MAX)?)))
            .await
            .unwrap()
    }

    /// A run with a graph at random, sometimes asked for twice. Or many of one step each, more than there are workers for.
    async fn make(&mut self) {
        if self.open.len() >= OPEN {
            return;
        }
        let many = self.chance.once_in(3);
        let counts = if many { vec![1; 12] } else { vec![1 + self.chance.below(10)] };
        let queue = many.then(|| QUEUES[self.chance.below(3)]);
        let times = if self.chance.once_in(4) { 2 } else { 1 };
        let new = |(place, count): (usize, &usize)| {
            Order::Make(self.run_of(*count, queue, self.made.len() + place))
        };
        let orders: Vec<Order> =
            counts.iter().enumerate().map(new).flat_map(|order| vec![order; times]).collect();
        let made = |reply: Result<Reply, Refused>| match reply {
            Ok(Reply::Made { run, .. }) => run,
            other => panic!("{other:?}"),
        };
        let ids: Vec<RunId> = self.write(orders).await.replies.into_iter().map(made).collect();
        for same in ids.chunks(times) {
            assert!(same.iter().all(|id| *id == same[0]));
            self.made.push(same[0]);
            self.open.push(same[0]);
        }
    }

    /// A run of so many steps, of that queue or of any.
    fn run_of(&self, count: usize, queue: Option<&str>, number: usize) -> NewRun {
        let chance = &self.chance;
        let steps = (0..count).map(|n| {
            let parents: Vec<String> =
                (0..n).filter(|_| chance.once_in(3)).map(|parent| parent.to_string()).collect();
            let queue = queue.unwrap_or(QUEUES[chance.below(3)]);
            let mut step = NewStep::new(n.to_string(), queue, json!(n)).after(parents);
            step.priority =
                [Priority::Low, Priority::Medium, Priority::High, Priority::Critical][chance.below(4)];
            step.limits =
                Limits { attempts: 1 + chance.below(4) as u32, quiet_ms: 90_000, ..Limits::default() };
            if chance.once_in(8) {
                step.delay_until = Some(self.ambient.now().plus_millis(chance.below(60_000) as i64));
            }
            step
        });
        NewRun {
            project: self.scope.project(),
            by: None,
            kind: "simulation".into(),
            title: "by chance".into(),
            input: json!(null),
            idempotency_key: Some(format!("key {number}")),
            steps: steps.collect(),
        }
    }

    /// A worker takes steps; one of a server's own also such as that has read ahead.
    async fn claim(&mut self) {
        let (worker, queue) = (self.chance.below(WORKERS), QUEUES[self.chance.below(3)]);
        let is_own = worker < ELSEWHERE;
        if !is_own || self.chance.once_in(2) {
            self.take(worker, queue, false).await;
        }
        if is_own {
            self.take(worker, queue, true).await;
        }
    }

    /// A worker is given steps; now and then it never hears of them.
    async fn take(&mut self, worker: usize, queue: &str, is_ahead: bool) {
        let free = SLOTS - self.workers[worker].len().min(SLOTS);
        let slots = free.min(1 + self.chance.below(SLOTS));
        let mut demand = Demand::default();
        demand.add(&self.name(worker), slots as u32, [queue]);
        let server = self.server_of(worker);
        let claims = if is_ahead {
            let Server { unwritten, .. } = &self.servers[server];
            ledger::give_ahead(unwritten, &self.ambient, &mut demand).claims
        } else {
            self.transact(server, Vec::new(), BTreeSet::from([queue.to_owned()]), demand).await.claims
        };
        assert!(claims.len() <= slots);
        for claim in &claims {
            let (_, family) = self.family(claim.step.run).await;
            self.witness.claimed(claim, &family);
        }
        if worker < ELSEWHERE {
            self.own.extend(claims.iter().map(|claim| (server, claim.clone())));
        }
        if is_ahead && !claims.is_empty() {
            self.given_ahead(queue, &claims).await;
        }
        if claims.iter().any(|claim| claim.step.queue == TURN) {
            self.in_turn().await;
        }
        if !self.chance.once_in(10) {
            self.workers[worker].extend(claims);
        }
    }

    /// C12: such claims are not written yet, and come before all that nobody was given.
    async fn given_ahead(&mut self, queue: &str, claims: &[Claim]) {
        let (mut ready, mut ranks) = (Vec::new(), HashMap::new());
        for run in &self.open {
            for Detail { step, .. } in self.family(*run).await.1 {
                let of_it = |(_, claim): &&(usize, Claim)| {
                    (claim.step.id, claim.step.fence) == (step.id, step.fence + 1)
                };
                match self.own.iter().find(of_it) {
                    Some(_) => drop(ranks.insert(step.id, step.rank)),
                    None if step.queue == queue => ready.push(step),
                    None => {}
                }
            }
        }
        for claim in claims {
            self.witness.given_ahead(ranks[&claim.step.id].unwrap(), claim, &ready);
        }
    }

    /// C8.
    async fn in_turn(&self) {
        let mut held = 0;
        for run in &self.open {
            let (_, steps) = self.family(*run).await;
            held +=
                steps.iter().filter(|Detail { step, .. }| step.queue == TURN && step.state.is_held()).count();
        }
        assert_eq!(held, 1, "steps that are done one at a time");
    }

    /// A worker says something of a step that it holds, or thinks that it does.
    fn say(&mut self) {
        let worker = self.chance.below(WORKERS);
        if self.workers[worker].is_empty() {
            return;
        }
        let place = self.chance.below(self.workers[worker].len());
        let claim = self.workers[worker][place].clone();
        let (run, step, fence) = (claim.step.run, claim.step.id, claim.step.fence);
        let say = |command, output| Order::Say { run, step, command, output };
        let (order, ends) = match self.chance.below(21) {
            0..3 => (say(Command::Start { fence }, None), false),
            3..7 => (say(Command::Beat { fence }, None), false),
            7..11 => {
                let text = "é".repeat(1 + self.chance.below(20));
                (Order::Log { run, step, fence, kind: "text".into(), text }, false)
            }
            11..17 => (say(Command::Complete { fence }, Some(json!(fence))), true),
            17 => {
                let kind = match self.chance.below(4) {
                    0 => Kind::Fatal,
                    1 => Kind::After { millis: 5_000 },
                    _ => Kind::Retryable,
                };
                (say(Command::Fail { fence, failure: Failure { error: "chance".into(), kind } }, None), true)
            }
            18 => (say(Command::Ask { fence, question: "May I?".into() }, None), true),
            19 => (say(Command::GiveBack { fence }, None), true),
            _ => (say(Command::Decline { fence }, None), true),
        };
        // A worker that has said its last word forgets the step; some go on talking.
        if ends && !self.chance.once_in(10) {
            self.workers[worker].remove(place);
        }
        if !self.chance.once_in(15) {
            if self.chance.once_in(8) {
                self.under_way.push((worker, order.clone()));
            }
            self.under_way.push((worker, order));
        }
    }

    /// Some of what is under way arrives, in any order.
    async fn arrive(&mut self) {
        let count = (1 + self.chance.below(6)).min(self.under_way.len());
        let next = |_| self.under_way.swap_remove(self.chance.below(self.under_way.len()));
        let orders: Vec<(usize, Order)> = (0..count).map(next).collect();
        self.deliver(orders).await;
    }

    /// What workers said arrives, at each server together.
    async fn deliver(&mut self, orders: Vec<(usize, Order)>) {
        let mut by_server = vec![Vec::new(); self.servers.len()];
        for (worker, order) in orders {
            by_server[self.server_of(worker)].push(order);
        }
        for (server, orders) in by_server.into_iter().enumerate().filter(|(_, orders)| !orders.is_empty()) {
            self.deliver_to(server, orders).await;
        }
    }

    async fn deliver_to(&mut self, server: usize, orders: Vec<Order>) {
        let outcome = self.transact(server, orders.clone(), BTreeSet::new(), Demand::default()).await;
        for (order, reply) in orders.iter().zip(&outcome.replies) {
            let accepted = match reply {
                Ok(_) => true,
                Err(Refused::Step(_)) => false,
                Err(other) => panic!("{other:?}"),
            };
            let said = match order {
                Order::Log { step, fence, .. } => {
                    self.witness.heard(*step, *fence, accepted);
                    continue;
                }
                Order::Say { step, command, .. } => (*step, command),
                _ => unreachable!("workers say nothing else"),
            };
            self.hear(said.0, said.1, accepted);
        }
    }

    fn hear(&mut self, step: StepId, command: &Command, accepted: bool) {
        match command {
            Command::Start { fence } | Command::Beat { fence } => self.witness.heard(step, *fence, accepted),
            Command::Complete { fence } => self.witness.settled(step, *fence, Said::Complete, accepted),
            Command::Fail { fence, .. } => self.witness.settled(step, *fence, Said::Failed, accepted),
            Command::Ask { fence, .. } => self.witness.settled(step, *fence, Said::Asked, accepted),
            Command::GiveBack { fence } | Command::Decline { fence } => {
                self.witness.settled(step, *fence, Said::Returned, accepted)
            }
            _ => unreachable!("workers say nothing else"),
        }
    }

    /// A worker forgets all that it held. What it said before may still arrive.
    fn crash(&mut self) {
        let worker = self.chance.below(WORKERS);
        self.workers[worker].clear();
    }

    /// Time passes, mostly a little, sometimes a lot; and now and then the clock is set back.
    async fn pass(&mut self) {
        let millis = match self.chance.below(20) {
            0 => -(self.chance.below(5_000) as i64),
            1..15 => self.chance.below(3_000) as i64,
            _ => self.chance.below(45_000) as i64,
        };
        self.clock.advance(millis);
        let order = if self.chance.once_in(2) { Order::Tick } else { Order::Flush };
        self.write(vec![order]).await;
    }

    /// A person does something with a run.
    async fn person(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let place = self.chance.below(self.open.len());
        let run = self.open[place];
        let (project, by) = (self.scope.project(), None);
        let (row, steps) = self.family(run).await;
        // Now and then something is done with one that is over.
        if row.state.has_ended() && !self.chance.once_in(4) {
            self.open.swap_remove(place);
            return;
        }
        let order = match self.chance.below(12) {
            0 => Order::Cancel { project, run, by },
            1..3 => Order::Pause { project, run, why: Some("so".into()) },
            3..7 => Order::Pause { project, run, why: None },
            7 => {
                let step = steps[self.chance.below(steps.len())].step.id;
                Order::Retry { project, run, step }
            }
            _ => match steps.iter().find(|detail| detail.step.state == StepState::Waiting) {
                Some(asking) => Order::Answer { project, run, step: asking.step.id, by, value: json!("yes") },
                None => return,
            },
        };
        let reply = self.write(vec![order]).await.replies.remove(0);
        assert!(reply.is_ok(), "{reply:?}");
    }

    /// A server ends before a transaction is committed: nobody hears of it, and nothing of it is kept. Or, among several, what it
    /// claimed is kept, and nobody hears of that.
    async fn lose(&mut self) {
        let unheard = self.are_several() && self.chance.once_in(2);
        let orders: Vec<Order> = match unheard {
            true => Vec::new(),
            false => self.under_way.iter().take(3).map(|(_, order)| order.clone()).collect(),
        };
        let (mut demand, worker) = (Demand::default(), self.chance.below(WORKERS));
        demand.add(&self.name(worker), 3, ["q"]);
        let (ready, ambient) = (BTreeSet::from(["q".to_owned()]), self.ambient.clone());
        let Server { store, unwritten } = &self.servers[self.server_of(worker)];
        let writing = unwritten.begin();
        let ended = writing.clone();
        let lost = store.transact(move |tx| {
            ledger::write(tx, &orders, &ready, &demand, &writing, &ambient)?;
            if unheard { Ok(()) } else { Err(Error::internal("the server ended")) }
        });
        assert_eq!(lost.await.is_ok(), unheard);
        ended.end(false);
    }

    async fn look(&mut self) {
        if !self.made.is_empty() {
            let run = self.made[self.chance.below(self.made.len())];
            let (run, steps) = self.family(run).await;
            Witness::looks(&run, &steps);
        }
    }

    /// Everyone does their best from here on, and nothing goes wrong any more: all must end.
    pub(crate) async fn end(mut self, deeds: u32) {
        let late = std::mem::take(&mut self.under_way);
        self.deliver(late).await;
        self.workers.iter_mut().for_each(Vec::clear);
        let (project, by) = (self.scope.project(), None);
        for _ in 0..400 {
            let mut orders = Vec::new();
            let mut left = Vec::new();
            for run in self.open.clone() {
                let (row, steps) = self.family(run).await;
                if row.state.has_ended() {
                    continue;
                }
                left.push(run);
                if row.paused.is_some() {
                    orders.push(Order::Pause { project, run, why: None });
                }
                let asking = steps.iter().filter(|detail| detail.step.state == StepState::Waiting);
                orders.extend(asking.map(|detail| Order::Answer {
                    project,
                    run,
                    step: detail.step.id,
                    by,
                    value: json!("yes"),
                }));
            }
            self.open = left;
            if self.open.is_empty() {
                break;
            }
            self.write(orders).await;
            self.clock.advance(20_000);
            self.write(vec![Order::Tick]).await;
            for worker in 0..WORKERS {
                self.claim().await;
                for Claim { step, .. } in std::mem::take(&mut self.workers[worker]) {
                    let (run, fence, step) = (step.run, step.fence, step.id);
                    let (command, output) = (Command::Complete { fence }, Some(json!(fence)));
                    self.deliver(vec![(worker, Order::Say { run, step, command, output })]).await;
                }
            }
        }
        let mut all = Vec::new();
        for run in &self.made {
            let (id, scope) = (*run, self.scope);
            let (row, steps) = self.family(id).await;
            let kept = self.servers[0]
                .store
                .read_in(&scope, move |t| Ok((runs::attempts(t, id)?, runs::log(t, id, 0, 100_000)?)));
            let (attempts, log) = kept.await.unwrap();
            self.witness.judges(&row, &steps, &attempts, &log);
            all.push((row, steps));
        }
        let mut stream = Vec::new();
        loop {
            let last = stream.last().map_or(0, |event: &kernel::Event| event.seq);
            let next = self.servers[0]
                .store
                .read_in(&self.scope, move |t| events::after(t, last, 10_000))
                .await
                .unwrap();
            if next.is_empty() {
                break;
            }
            stream.extend(next);
        }
        Witness::reads(&stream, &all);
        // A world in which little happened proves little.
        let Witness { claims, refusals, repeats, unwritten, ahead, .. } = self.witness;
        let more = |times: u32, than: u32| times > than * deeds / crate::DEEDS;
        let enough = more(claims, 500) && more(refusals, 50) && more(repeats, 10) && more(unwritten, 5);
        // Only the one server of a database reads ahead.
        assert!(
            enough && (self.are_several() || more(ahead, 10)),
            "{claims} {refusals} {repeats} {unwritten} {ahead} {}",
            all.len()
        );
    }
}
