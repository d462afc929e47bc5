//! The service: takes orders from many callers, writes those that wait together, hands steps to workers, beats for them.

mod workers;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use kernel::{Ambient, Code, Error, Result, RunId, StepId, Timestamp};
use store::Store;
use tokio::sync::{Notify, broadcast, mpsc, oneshot};
use tokio::time::Instant;

use self::workers::{Reserved, Workers};
use crate::handle::{Dropped, Lease, Message, Tasks};
use crate::ledger::{self, Claim, Order, Outcome, Refused, Reply, Unwritten};
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
/// How long a claim is held back at least, if it is, so that it is written together with what comes of it; at most twice as
/// long.
const HELD_BACK: Duration = Duration::from_millis(3);

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
    /// Whether no other server works on this database, now or later, as long as this one does: then claims are not written at
    /// once, and a step that is done within milliseconds is written once. On Postgres, where they can be reserved, they are not
    /// written at once either way.
    pub alone: bool,
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
            alone: false,
        }
    }
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
    reserved: Reserved,
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
    messages: mpsc::Receiver<Message>,
    freed: mpsc::UnboundedReceiver<Dropped>,
    logged: broadcast::Sender<RunId>,
    left_over: Arc<Notify>,
    workers: Workers,
    unwritten: Unwritten,
    /// Leases that ended without a word, which could not be written.
    unsaid: Vec<(StepId, i64)>,
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
        let unwritten = match store.backend() {
            "sqlite" if options.alone => Unwritten::alone(),
            "sqlite" => Unwritten::default(),
            _ => Unwritten::reserved(),
        };
        let service = Self {
            store,
            workers: Workers::new(present, sender.downgrade(), give_back),
            messages,
            freed,
            logged: logged.clone(),
            left_over: left_over.clone(),
            unwritten,
            unsaid: Vec::new(),
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
        let mut flush = None;
        let mut flights = FuturesUnordered::new();
        let mut orders = Vec::new();
        while !(self.draining
            && self.workers.held().all(|(_, held)| held.elsewhere)
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
                () = at(flush), if room => {
                    flush = None;
                    orders.push((Order::Flush, None));
                }
                _ = poll.tick(), if room => {
                    self.workers.forget();
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
            if flush.is_none() && !self.unwritten.is_empty() {
                flush = Some(Instant::now() + HELD_BACK);
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
            self.give_ahead();
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
            Message::Order(order, answer) => self.order(order, Some(Answer::Reply(answer)), orders),
            Message::Keep(order, answer) => orders.push((order, Some(Answer::Lease(answer)))),
            Message::Join(joining) => self.workers.join(joining),
            Message::Look => self.look(orders),
        }
    }

    /// Notes an order. If it says what came of a step, its worker can have another one.
    fn order(&mut self, order: Order, answer: Option<Answer>, orders: &mut Vec<Asked>) {
        if let Order::Say { run, step, command, .. } = &order
            && self.workers.said(*step, command)
        {
            self.unwritten.said(*run);
        }
        orders.push((order, answer));
    }

    /// Gives our own workers what was read ahead for them.
    fn give_ahead(&mut self) {
        if self.draining {
            return;
        }
        let Some(mut demand) = self.workers.demand_ahead(&self.unwritten.ahead()) else { return };
        let outcome = ledger::give_ahead(&self.unwritten, &self.ambient, &mut demand);
        self.given(outcome.claims, outcome.wake);
    }

    /// Frees what earlier starts of this server hold. A database may still commit what one of them sent before it was
    /// killed, so this is done twice: at once, and with the first poll (T6).
    fn disown(&self) -> Order {
        Order::Disown {
            server: format!("{}/", self.options.server),
            present: format!("{}/", self.workers.present),
        }
    }

    /// Looks at the clock.
    fn tick(&mut self, orders: &mut Vec<Asked>) {
        self.wake = None;
        orders.push((Order::Tick, None));
    }

    /// Steps may be ready in any queue that our workers do.
    fn look(&self, orders: &mut Vec<Asked>) {
        orders.push((Order::Look { queues: self.workers.queues() }, None));
    }

    /// A lease was dropped without a word. What a worker elsewhere knows of goes on there.
    fn dropped(&mut self, lease: &Dropped, orders: &mut Vec<Asked>) {
        let Some(held) = self.workers.dropped(lease) else { return };
        if held.elsewhere && lease.heard {
            self.workers.release(lease.step);
        } else {
            self.returned(lease.step, held.fence, orders);
        }
    }

    /// A lease ended without a word.
    fn returned(&mut self, step: StepId, fence: i64, orders: &mut Vec<Asked>) {
        if let Some(held) = self.workers.has(step).filter(|held| held.fence == fence) {
            let (run, command) = (held.run, Command::GiveBack { fence });
            self.order(Order::Say { run, step, command, output: None }, None, orders);
        }
    }

    fn beat(&self, orders: &mut Vec<Asked>) {
        orders.extend(self.workers.held().filter(|(_, held)| !held.said).map(|(step, held)| {
            let command = Command::Beat { fence: held.fence };
            (Order::Say { run: held.run, step: *step, command, output: None }, None)
        }));
    }

    /// Gives up what is not done when the server ends.
    fn let_go(&self, orders: &mut Vec<Asked>) {
        orders.extend(self.workers.held().filter(|(_, held)| !held.elsewhere).map(|(step, held)| {
            let failure = Failure {
                error: "the server ended".into(),
                kind: resilience::retry::Kind::After { millis: 0 },
            };
            let command = Command::Fail { fence: held.fence, failure };
            (Order::Say { run: held.run, step: *step, command, output: None }, None)
        }));
    }

    /// Whether something may be had for a worker of ours.
    fn is_wanted(&self) -> bool {
        !self.draining && self.workers.are_wanted()
    }

    /// Begins to write orders together. What fails together is tried one by one, so that nobody suffers for another's order.
    fn fly(&mut self, orders: Vec<Asked>, beside: bool) -> impl Future<Output = Landed> + use<> {
        let (orders, answers): (Vec<Order>, Vec<Option<Answer>>) = orders.into_iter().unzip();
        let (demand, reserved) = if self.draining { Default::default() } else { self.workers.demand() };
        let ready = self.workers.take_ready();
        self.flown += 1;
        self.flying += orders.len();
        let number = self.flown;
        let (store, ambient, unwritten) = (self.store.clone(), self.ambient.clone(), self.unwritten.clone());
        async move {
            let together = Arc::new(orders);
            let outcome =
                ledger::transact(&store, &ambient, &unwritten, &together, (ready.clone(), demand)).await;
            let alone = outcome.as_ref().is_err_and(|error| error.code() != Code::Unavailable);
            let mut parts = Vec::new();
            if alone && together.len() > 1 {
                for (order, answer) in together.iter().zip(answers) {
                    let order = Arc::new(vec![order.clone()]);
                    let outcome =
                        ledger::transact(&store, &ambient, &unwritten, &order, Default::default()).await;
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
        self.workers.unreserve(landed.reserved);
        let overlapped = landed.beside || landed.number != self.flown;
        if overlapped || !matches!(landed.parts.as_slice(), [(_, _, Ok(_))]) {
            self.workers.look_again(landed.ready);
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
        let Outcome { replies, claims, ready, stop, wake, logged } = outcome;
        // What the clock made ready, and what was looked for, the others find by their own, so that two busy servers do not
        // call each other for ever.
        let told = |order: &Order| !matches!(order, Order::Tick | Order::Look { .. });
        if !ready.is_empty() && orders.iter().any(told) {
            self.left_over.notify_one();
        }
        for queue in ready {
            self.workers.readied(queue);
        }
        self.given(claims, wake);
        for step in stop {
            self.workers.stop(step);
        }
        for ((order, reply), answer) in orders.iter().zip(replies).zip(answers) {
            if let Order::Say { step, command, .. } = order {
                self.workers.heard(*step, command, &reply);
            }
            if let Some(answer) = answer.take() {
                self.answer(answer, reply);
            }
        }
        for run in logged {
            // Nobody listens: the log is kept.
            let _ = self.logged.send(run);
        }
    }

    /// Hands steps to those who claimed them, and notes when to look at the clock.
    fn given(&mut self, claims: Vec<Claim>, wake: Option<Timestamp>) {
        self.wake = [self.wake, wake].into_iter().flatten().min();
        for claim in claims {
            self.workers.give(claim);
        }
    }

    fn answer(&mut self, answer: Answer, reply: Result<Reply, Refused>) {
        match (answer, reply) {
            // A caller that is gone does not want to know.
            (Answer::Reply(answer), reply) => drop(answer.send(reply)),
            (Answer::Lease(answer), Ok(Reply::Kept(claim))) => {
                let lease = self.workers.hold(*claim, true, true);
                // If nobody wants it any more, it is not seen from here, as before.
                let _ = answer.send(Ok(lease));
            }
            (answer, Ok(_)) => {
                answer.refuse(Refused::Order(Error::internal("a lease was kept, but is not there")))
            }
            (answer, Err(refused)) => answer.refuse(refused),
        }
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
