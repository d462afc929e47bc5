//! The service: takes orders from many callers, writes those that wait together, hands steps to workers, beats for them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use kernel::{Ambient, Code, Error, Result, RunId, StepId, Timestamp};
use store::{Store, runs};
use tokio::sync::{Notify, broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::handle::{Dropped, Joining, Lease, Message, Tasks};
use crate::ledger::{self, Claim, Demand, Order, Outcome, Refused, Reply};
use crate::machine::{Command, Failure};

/// How many messages may wait; beyond that callers do.
const WAITING: usize = 4_096;
/// How many orders share a transaction.
const TOGETHER: usize = 512;
/// How many transactions may be under way at the same time: while one is written, what came of the other is told, and those
/// who hear of it say what is next.
const FLIGHTS: usize = 2;
/// How many orders have to wait before a transaction is begun beside another one: fewer are better written with those that
/// come meanwhile.
const WORTHWHILE: usize = 16;
/// How many hints about grown logs a listener may lag behind before it reads anew.
const HINTS: usize = 1_024;

/// How the service works.
#[derive(Debug, Clone)]
pub struct Options {
    /// Names this server among those on the same database; the same after a restart. Without a slash.
    pub server: String,
    /// How often to look for steps that no hint told of.
    pub poll: Duration,
    /// How often to say that this server's workers are alive. A third of the shortest lease, at most.
    pub beat: Duration,
    /// How long to wait at the end for what workers have to say.
    pub grace: Duration,
}

impl Options {
    /// The defaults, for a server of that name.
    #[must_use]
    pub fn new(server: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            poll: Duration::from_secs(1),
            beat: Duration::from_secs(5),
            grace: Duration::from_secs(10),
        }
    }
}

/// Those that wait for steps.
struct Worker {
    queues: Vec<String>,
    /// Whether its work goes on when it is not seen from here.
    elsewhere: bool,
    /// Its free slots, but for those that a transaction under way may fill.
    free: i64,
    to: mpsc::UnboundedSender<Lease>,
}

/// A step that is with one of our workers.
struct Held {
    run: RunId,
    fence: i64,
    worker: String,
    elsewhere: bool,
    /// Tells it from earlier ones of the same step.
    hold: u64,
    stop: watch::Sender<bool>,
}

/// Who waits for what comes of an order.
enum Answer {
    Reply(oneshot::Sender<Result<Reply, Refused>>),
    /// A worker that wants its lease back.
    Lease(oneshot::Sender<Result<Lease, Refused>>),
}

impl Answer {
    /// Tells what came of it. A caller that is gone does not want to know.
    fn refuse(self, refused: Refused) {
        let _ = match self {
            Self::Reply(answer) => answer.send(Err(refused)).map_err(drop),
            Self::Lease(answer) => answer.send(Err(refused)).map_err(drop),
        };
    }
}

/// An order, and who waits for what comes of it.
type Asked = (Order, Option<Answer>);

/// Orders that were done together, who waits for what comes of each, and what did.
type Part = (Arc<Vec<Order>>, Vec<Option<Answer>>, Result<Outcome>);

/// A transaction that has come back.
struct Landed {
    /// One, unless it failed and its orders were done one by one.
    parts: Vec<Part>,
    /// The queues that were looked into.
    ready: BTreeSet<String>,
    /// The free slots that nobody else was to fill meanwhile, by worker.
    reserved: Vec<(String, i64)>,
    /// Its number.
    number: u64,
    /// Whether another one was under way when it began.
    beside: bool,
}

/// The running part. One task owns it; handles speak to it.
pub struct Service {
    store: Store,
    ambient: Ambient,
    options: Options,
    /// What the names of this start's workers begin with.
    present: String,
    handle: mpsc::WeakSender<Message>,
    messages: mpsc::Receiver<Message>,
    freed: mpsc::UnboundedReceiver<Dropped>,
    give_back: mpsc::UnboundedSender<Dropped>,
    logged: broadcast::Sender<RunId>,
    left_over: Arc<Notify>,
    workers: HashMap<String, Worker>,
    /// The workers of each queue, by their names.
    by_queue: BTreeMap<String, BTreeSet<String>>,
    /// Workers that have joined, and leases that were given to them.
    joined: u64,
    held: HashMap<StepId, Held>,
    /// Leases that ended without a word, which could not be written.
    unsaid: Vec<(StepId, i64)>,
    /// Queues that may have ready steps.
    ready: BTreeSet<String>,
    /// When to look at the clock.
    wake: Option<Timestamp>,
    /// Transactions that were begun.
    flown: u64,
    /// Orders in those that are under way.
    flying: usize,
    draining: bool,
}

impl Service {
    /// The service on `store`, and the handle to it. It does nothing until it runs.
    #[must_use]
    pub fn new(store: Store, ambient: Ambient, options: Options) -> (Self, Tasks) {
        let (sender, messages) = mpsc::channel(WAITING);
        let (give_back, freed) = mpsc::unbounded_channel();
        let (logged, _) = broadcast::channel(HINTS);
        let left_over = Arc::new(Notify::new());
        let present = format!("{}/{}", options.server, boot(&ambient));
        let service = Self {
            store,
            present,
            handle: sender.downgrade(),
            messages,
            freed,
            give_back,
            logged: logged.clone(),
            left_over: left_over.clone(),
            workers: HashMap::new(),
            by_queue: BTreeMap::new(),
            joined: 0,
            held: HashMap::new(),
            unsaid: Vec::new(),
            ready: BTreeSet::new(),
            wake: Some(ambient.now()),
            flown: 0,
            flying: 0,
            draining: false,
            ambient,
            options,
        };
        (service, Tasks::new(sender, logged, left_over))
    }

    /// Works until `drained`, and then for as long as workers have something to say, at most the grace. Steps that are not
    /// done by then are free for the next server, at no cost to them.
    ///
    /// # Errors
    /// When what an earlier start of this server held could not be freed.
    pub async fn run(mut self, drained: impl Future<Output = ()>) -> Result<()> {
        let (freed, frees) = oneshot::channel();
        self.write(vec![(self.disown(), Some(Answer::Reply(freed)))]).await;
        if let Ok(Err(refused)) = frees.await {
            return Err(refused.into());
        }
        let mut poll = tokio::time::interval(self.options.poll);
        let mut beat = tokio::time::interval(self.options.beat);
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tokio::pin!(drained);
        // The first tick of an interval comes at once.
        poll.reset();
        let (mut end, mut gone, mut polled) = (None, false, false);
        let mut flights = FuturesUnordered::new();
        let mut orders = Vec::new();
        while !(self.draining
            && self.held.values().all(|held| held.elsewhere)
            && orders.is_empty()
            && flights.is_empty())
        {
            let until = self.wake.map(|wake| {
                Duration::from_millis(u64::try_from(wake.since(self.ambient.now())).unwrap_or(0))
            });
            let room = orders.len() < TOGETHER;
            tokio::select! {
                message = self.messages.recv(), if !gone && room => match message {
                    Some(message) => self.take(message, &mut orders),
                    // Nobody is left who could want anything, but workers may have something to say.
                    None => {
                        (gone, self.draining) = (true, true);
                        end.get_or_insert(Instant::now() + self.options.grace);
                    }
                },
                Some(landed) = flights.next() => self.land(landed),
                Some(lease) = self.freed.recv(), if room => self.dropped(&lease, &mut orders),
                () = sleep(until), if room => self.tick(&mut orders),
                _ = poll.tick(), if room => {
                    self.forget();
                    for (step, fence) in std::mem::take(&mut self.unsaid) {
                        self.returned(step, fence, &mut orders);
                    }
                    if !std::mem::replace(&mut polled, true) {
                        orders.push((self.disown(), None));
                    }
                    self.look(&mut orders);
                    self.tick(&mut orders);
                }
                () = std::future::ready(()), if flights.is_empty() && self.is_wanted() => {}
                _ = beat.tick(), if room => self.beat(&mut orders),
                () = &mut drained, if !self.draining => {
                    self.draining = true;
                    end = Some(Instant::now() + self.options.grace);
                }
                () = at(end) => break,
            }
            // Whoever else has something to say by now gets a turn to say it, so that it is written together.
            tokio::task::yield_now().await;
            while orders.len() < TOGETHER
                && let Ok(message) = self.messages.try_recv()
            {
                self.take(message, &mut orders);
            }
            while let Ok(lease) = self.freed.try_recv() {
                self.dropped(&lease, &mut orders);
            }
            let beside = !flights.is_empty();
            if !beside && (!orders.is_empty() || self.is_wanted())
                || (1..FLIGHTS).contains(&flights.len()) && orders.len() >= WORTHWHILE
            {
                // Equal parts, or those who wait for one another all wait at the same time.
                let part = if beside { (orders.len() + self.flying).div_ceil(FLIGHTS) } else { orders.len() };
                let later = orders.split_off(part.min(orders.len()));
                flights.push(self.fly(std::mem::replace(&mut orders, later), beside));
            }
        }
        while let Some(landed) = flights.next().await {
            self.land(landed);
        }
        self.let_go(&mut orders);
        if !orders.is_empty() {
            self.write(orders).await;
        }
        Ok(())
    }

    fn take(&mut self, message: Message, orders: &mut Vec<Asked>) {
        match message {
            Message::Order(order, answer) => orders.push((order, Some(Answer::Reply(answer)))),
            Message::Keep(order, answer) => orders.push((order, Some(Answer::Lease(answer)))),
            Message::Join(joining) => self.join(joining),
            Message::Look => self.look(orders),
        }
    }

    fn join(&mut self, Joining { name, queues, slots, to }: Joining) {
        let elsewhere = name.is_some();
        self.joined += 1;
        let name = name.unwrap_or_else(|| format!("{}/{}", self.present, self.joined));
        let has = self.held.values().filter(|held| held.worker == name).count();
        let free = i64::from(slots) - i64::try_from(has).unwrap_or(i64::MAX);
        self.leave(&name);
        for queue in &queues {
            self.ready.insert(queue.clone());
            self.by_queue.entry(queue.clone()).or_default().insert(name.clone());
        }
        self.workers.insert(name, Worker { queues, elsewhere, free, to });
    }

    /// Forgets the workers that have left.
    fn forget(&mut self) {
        let gone = self.workers.iter().filter(|(_, worker)| worker.to.is_closed());
        for name in gone.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            self.leave(&name);
        }
    }

    fn leave(&mut self, name: &str) {
        for queue in self.workers.remove(name).into_iter().flat_map(|worker| worker.queues) {
            if let Entry::Occupied(mut workers) = self.by_queue.entry(queue) {
                workers.get_mut().remove(name);
                if workers.get().is_empty() {
                    workers.remove();
                }
            }
        }
    }

    /// Frees what earlier starts of this server hold. A database may still commit what one of them sent before it was
    /// killed, so this is done twice: at once, and with the first poll (T6).
    fn disown(&self) -> Order {
        Order::Disown { server: format!("{}/", self.options.server), present: format!("{}/", self.present) }
    }

    /// Looks at the clock.
    fn tick(&mut self, orders: &mut Vec<Asked>) {
        self.wake = None;
        orders.push((Order::Tick, None));
    }

    /// Steps may be ready in any queue that our workers do.
    fn look(&self, orders: &mut Vec<Asked>) {
        orders.push((Order::Look { queues: self.by_queue.keys().cloned().collect() }, None));
    }

    /// A lease was dropped without a word. What a worker elsewhere knows of goes on there.
    fn dropped(&mut self, lease: &Dropped, orders: &mut Vec<Asked>) {
        let Some(held) = self.held.get(&lease.step).filter(|held| held.hold == lease.hold) else { return };
        if held.elsewhere && lease.heard {
            self.release(lease.step);
        } else {
            self.returned(lease.step, held.fence, orders);
        }
    }

    /// A lease ended without a word.
    fn returned(&mut self, step: StepId, fence: i64, orders: &mut Vec<Asked>) {
        if let Some(held) = self.held.get(&step).filter(|held| held.fence == fence) {
            let (run, command) = (held.run, Command::GiveBack { fence });
            orders.push((Order::Say { run, step, command, output: None }, None));
        }
    }

    fn beat(&self, orders: &mut Vec<Asked>) {
        orders.extend(self.held.iter().map(|(step, held)| {
            let command = Command::Beat { fence: held.fence };
            (Order::Say { run: held.run, step: *step, command, output: None }, None)
        }));
    }

    /// Gives up what is not done when the server ends.
    fn let_go(&self, orders: &mut Vec<Asked>) {
        orders.extend(self.held.iter().filter(|(_, held)| !held.elsewhere).map(|(step, held)| {
            let failure = Failure {
                error: "the server ended".into(),
                kind: resilience::retry::Kind::After { millis: 0 },
            };
            let command = Command::Fail { fence: held.fence, failure };
            (Order::Say { run: held.run, step: *step, command, output: None }, None)
        }));
    }

    /// Whether a worker has a free slot for a queue that may have ready steps.
    fn is_wanted(&self) -> bool {
        !self.draining
            && self
                .ready
                .iter()
                .flat_map(|queue| self.workers_of(queue))
                .any(|(_, worker)| worker.free > 0 && !worker.to.is_closed())
    }

    /// The workers of a queue.
    fn workers_of(&self, queue: &str) -> impl Iterator<Item = (&String, &Worker)> {
        self.by_queue.get(queue).into_iter().flatten().filter_map(|name| self.workers.get_key_value(name))
    }

    /// What our workers want, once these orders are written; and the slots that are reserved for it.
    fn demand(&mut self, orders: &[Order]) -> (Demand, Vec<(String, i64)>) {
        let (mut demand, mut reserved) = (Demand::default(), Vec::new());
        if self.draining {
            return (demand, reserved);
        }
        let mut freed: HashMap<&str, i64> = HashMap::new();
        for order in orders {
            if let Order::Say { step, command, .. } = order
                && let Some(held) = self.held.get(step).filter(|held| outcome_of(command) == Some(held.fence))
            {
                *freed.entry(held.worker.as_str()).or_default() += 1;
            }
        }
        // Of those elsewhere there may be thousands: they are asked when one of their queues is known to have something.
        let mut asked: BTreeSet<&String> =
            self.ready.iter().flat_map(|queue| self.workers_of(queue)).map(|(name, _)| name).collect();
        asked.extend(self.workers.iter().filter(|(_, worker)| !worker.elsewhere).map(|(name, _)| name));
        for name in asked {
            let Some(worker) = self.workers.get(name).filter(|worker| !worker.to.is_closed()) else {
                continue;
            };
            let free = worker.free + freed.get(name.as_str()).copied().unwrap_or(0);
            if let Ok(free @ 1..) = u32::try_from(free) {
                demand.add(name, free, worker.queues.iter().cloned());
                reserved.push((name.clone(), worker.free));
            }
        }
        for (name, _) in &reserved {
            if let Some(worker) = self.workers.get_mut(name) {
                worker.free = 0;
            }
        }
        (demand, reserved)
    }

    /// Begins to write orders together. What fails together is tried one by one, so that nobody suffers for another's order.
    fn fly(&mut self, orders: Vec<Asked>, beside: bool) -> impl Future<Output = Landed> + use<> {
        let (orders, answers): (Vec<Order>, Vec<Option<Answer>>) = orders.into_iter().unzip();
        let (demand, reserved) = self.demand(&orders);
        let ready = std::mem::take(&mut self.ready);
        self.flown += 1;
        self.flying += orders.len();
        let number = self.flown;
        let (store, ambient) = (self.store.clone(), self.ambient.clone());
        async move {
            let together = Arc::new(orders);
            let outcome = transact(&store, &ambient, &together, (ready.clone(), demand)).await;
            let alone = outcome.as_ref().is_err_and(|error| error.code() != Code::Unavailable);
            let mut parts = Vec::new();
            if alone && together.len() > 1 {
                for (order, answer) in together.iter().zip(answers) {
                    let order = Arc::new(vec![order.clone()]);
                    let outcome = transact(&store, &ambient, &order, Default::default()).await;
                    parts.push((order, vec![answer], outcome));
                }
            } else {
                parts.push((together, answers, outcome));
            }
            Landed { parts, ready, reserved, number, beside }
        }
    }

    /// Tells everyone what came of orders that were written. A queue that was looked into and has no more ready steps need not
    /// be looked into again, unless another transaction was under way that may have held some.
    fn land(&mut self, landed: Landed) {
        for (name, free) in landed.reserved {
            if let Some(worker) = self.workers.get_mut(&name) {
                worker.free += free;
            }
        }
        let overlapped = landed.beside || landed.number != self.flown;
        if overlapped || !matches!(landed.parts.as_slice(), [(_, _, Ok(_))]) {
            self.ready.extend(landed.ready);
        }
        for (orders, mut answers, outcome) in landed.parts {
            self.flying -= orders.len();
            match outcome {
                Ok(outcome) => self.tell(&orders, outcome, &mut answers),
                Err(error) => self.failed(&error, &orders, &mut answers),
            }
        }
    }

    /// Writes orders together, and tells everyone what came of it.
    async fn write(&mut self, orders: Vec<Asked>) {
        let landed = self.fly(orders, false).await;
        self.land(landed);
    }

    fn failed(&mut self, error: &Error, orders: &[Order], answers: &mut [Option<Answer>]) {
        tracing::error!(%error, "orders to runs were not written");
        for (order, answer) in orders.iter().zip(answers) {
            match (answer.take(), order) {
                (Some(answer), _) => answer.refuse(Refused::Order(Error::new(error.code(), error.message()))),
                (None, Order::Say { step, command: Command::GiveBack { fence }, .. }) => {
                    self.unsaid.push((*step, *fence));
                }
                // The clock is looked at, and workers beat, at the next turn.
                (None, _) => {}
            }
        }
    }

    fn tell(&mut self, orders: &[Order], outcome: Outcome, answers: &mut [Option<Answer>]) {
        self.wake = [self.wake, outcome.wake].into_iter().flatten().min();
        // What the clock made ready, and what was looked for, the others find by their own, so that two busy servers do not
        // call each other for ever.
        let told = |order: &Order| !matches!(order, Order::Tick | Order::Look { .. });
        if !outcome.ready.is_empty() && orders.iter().any(told) {
            self.left_over.notify_one();
        }
        for queue in outcome.ready {
            self.readied(queue);
        }
        for claim in outcome.claims {
            self.give(claim);
        }
        for step in outcome.stop {
            self.stop(step);
        }
        for ((order, reply), answer) in orders.iter().zip(outcome.replies).zip(answers) {
            if let Order::Say { step, command, .. } = order {
                self.heard(*step, command, &reply);
            }
            if let Some(answer) = answer.take() {
                self.answer(answer, reply);
            }
        }
        for run in outcome.logged {
            // Nobody listens: the log is kept.
            let _ = self.logged.send(run);
        }
    }

    /// A queue has ready steps, and so may all that take turns with it.
    fn readied(&mut self, queue: String) {
        if runs::is_in_turn(&queue) {
            let turn = runs::turn(&queue);
            let all = self.by_queue.range(turn.to_owned()..).map(|(other, _)| other);
            let all =
                all.take_while(|other| other.starts_with(turn)).filter(|other| runs::turn(other) == turn);
            self.ready.extend(all.cloned());
        }
        self.ready.insert(queue);
    }

    fn answer(&mut self, answer: Answer, reply: Result<Reply, Refused>) {
        match (answer, reply) {
            // A caller that is gone does not want to know.
            (Answer::Reply(answer), reply) => drop(answer.send(reply)),
            (Answer::Lease(answer), Ok(Reply::Kept(claim))) => {
                let lease = self.hold(*claim, true, true);
                // If nobody wants it any more, it is not seen from here, as before.
                let _ = answer.send(Ok(lease));
            }
            (answer, Ok(_)) => {
                answer.refuse(Refused::Order(Error::internal("a lease was kept, but is not there")))
            }
            (answer, Err(refused)) => answer.refuse(refused),
        }
    }

    /// Hands a step to its worker. If that has left, the lease gives itself back as it is dropped.
    fn give(&mut self, claim: Claim) {
        let name = claim.step.worker.clone().unwrap_or_default();
        let elsewhere = self.workers.get(&name).is_some_and(|worker| worker.elsewhere);
        let lease = self.hold(claim, elsewhere, false);
        if let Some(worker) = self.workers.get_mut(&name) {
            let _ = worker.to.send(lease);
        }
    }

    /// Notes that a worker has a step.
    fn hold(&mut self, claim: Claim, elsewhere: bool, heard: bool) -> Lease {
        let (step, run, fence) = (claim.step.id, claim.step.run, claim.step.fence);
        let worker = claim.step.worker.clone().unwrap_or_default();
        self.release(step);
        self.joined += 1;
        let hold = self.joined;
        let (stop, stopped) = watch::channel(claim.step.asked_at.is_some());
        if let Some(worker) = self.workers.get_mut(&worker) {
            worker.free -= 1;
        }
        self.held.insert(step, Held { run, fence, worker, elsewhere, hold, stop });
        Lease::new(claim, self.handle.clone(), stopped, self.give_back.clone(), (hold, heard))
    }

    /// Forgets that a worker has a step.
    fn release(&mut self, step: StepId) {
        if let Some(held) = self.held.remove(&step)
            && let Some(worker) = self.workers.get_mut(&held.worker)
        {
            worker.free += 1;
        }
    }

    fn stop(&self, step: StepId) {
        if let Some(held) = self.held.get(&step) {
            held.stop.send_replace(true);
        }
    }

    /// Follows what a worker said, so that its slot is free when its lease is over.
    fn heard(&mut self, step: StepId, command: &Command, reply: &Result<Reply, Refused>) {
        let (fence, last) = match (outcome_of(command), command) {
            (Some(fence), _) => (fence, is_over(reply)),
            (None, Command::Start { fence } | Command::Beat { fence } | Command::Progress { fence }) => {
                (*fence, false)
            }
            _ => return,
        };
        if self.held.get(&step).is_none_or(|held| held.fence != fence) {
            return;
        }
        if last {
            self.release(step);
        } else if !matches!(reply, Ok(Reply::Done { stop: false })) {
            // Asked to stop, or the lease is over already.
            self.stop(step);
        }
    }
}

/// Does orders in one transaction, and gives workers what they want of the queues that may have ready steps.
async fn transact(
    store: &Store,
    ambient: &Ambient,
    orders: &Arc<Vec<Order>>,
    (ready, demand): (BTreeSet<String>, Demand),
) -> Result<Outcome> {
    let (orders, ambient) = (orders.clone(), ambient.clone());
    store.transact(move |tx| ledger::write(tx, &orders, &ready, &demand, &ambient)).await
}

/// Whether a lease is over after this reply to its last word: it is not if that could not be written, or made no sense.
fn is_over(reply: &Result<Reply, Refused>) -> bool {
    !matches!(reply, Err(Refused::Order(error)) if error.code() != Code::NotFound)
}

/// The lease that a command ends, if it ends one.
fn outcome_of(command: &Command) -> Option<i64> {
    match command {
        Command::Complete { fence }
        | Command::Fail { fence, .. }
        | Command::Ask { fence, .. }
        | Command::GiveBack { fence } => Some(*fence),
        _ => None,
    }
}

/// Tells this start of the server from the others.
fn boot(ambient: &Ambient) -> String {
    ambient.bytes::<8>().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn sleep(until: Option<Duration>) {
    match until {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

async fn at(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}
