//! How others speak to the service: people's wishes, workers, and the leases that workers hold.

use std::sync::Arc;

use kernel::{Code, Error, PersonId, Result, RunId, StepId};
use serde_json::Value;
use store::Scope;
use store::runs::Step;
use tokio::sync::{Notify, broadcast, mpsc, oneshot, watch};

use crate::graph::NewRun;
use crate::ledger::{Claim, Order, Refused, Reply};
use crate::machine::{Command, Failure};

/// What the service is told.
pub(crate) enum Message {
    /// Something to write.
    Order(Order, oneshot::Sender<Result<Reply, Refused>>),
    /// A worker goes on with a step.
    Keep(Order, oneshot::Sender<Result<Lease, Refused>>),
    /// A worker wants steps.
    Join(Joining),
    /// Another server has more steps than it can do.
    Look,
}

/// A worker that wants steps.
pub(crate) struct Joining {
    /// Its name, if it has one that outlives the server; the service gives it one otherwise.
    pub(crate) name: Option<String>,
    pub(crate) queues: Vec<String>,
    pub(crate) slots: u32,
    /// Boxed: a channel has room for 32 from the beginning, and of workers elsewhere there may be thousands that get none.
    pub(crate) to: mpsc::UnboundedSender<Box<Lease>>,
}

/// The handle to the service. A cheap clone.
#[derive(Clone)]
pub struct Tasks {
    to: mpsc::Sender<Message>,
    logged: broadcast::Sender<RunId>,
    left_over: Arc<Notify>,
}

impl Tasks {
    pub(crate) fn new(
        to: mpsc::Sender<Message>,
        logged: broadcast::Sender<RunId>,
        left_over: Arc<Notify>,
    ) -> Self {
        Self { to, logged, left_over }
    }

    /// Makes a run. Gives its id, and whether it had been made before under the same idempotency key.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` when its graph makes no sense, `CONFLICT` when another run has its key.
    pub async fn make(&self, new: NewRun) -> Result<(RunId, bool)> {
        match order(&self.to, Order::Make(new)).await? {
            Reply::Made { run, again } => Ok((run, again)),
            Reply::Done { .. } | Reply::Logged { .. } | Reply::Kept(_) => {
                Err(Error::internal("a run was made, but has no id"))
            }
        }
    }

    /// Ends a run before it is done: at once what no worker has, the rest when their workers hear of it.
    ///
    /// # Errors
    /// `NOT_FOUND` when it is not in the project.
    pub async fn cancel(&self, scope: &Scope, run: RunId) -> Result<()> {
        self.wish(Order::Cancel { project: scope.project(), run, by: scope.actor() }).await
    }

    /// Starts nothing more of a run until it is resumed.
    ///
    /// # Errors
    /// `NOT_FOUND` when it is not in the project.
    pub async fn pause(&self, scope: &Scope, run: RunId, why: impl Into<String>) -> Result<()> {
        self.wish(Order::Pause { project: scope.project(), run, why: Some(why.into()) }).await
    }

    /// Goes on with a paused run.
    ///
    /// # Errors
    /// `NOT_FOUND` when it is not in the project.
    pub async fn resume(&self, scope: &Scope, run: RunId) -> Result<()> {
        self.wish(Order::Pause { project: scope.project(), run, why: None }).await
    }

    /// Does a step, and all that come after it, again.
    ///
    /// # Errors
    /// `NOT_FOUND` when it is not in the project.
    pub async fn retry(&self, scope: &Scope, run: RunId, step: StepId) -> Result<()> {
        self.wish(Order::Retry { project: scope.project(), run, step }).await
    }

    /// Answers a step that asked a person.
    ///
    /// # Errors
    /// `NOT_FOUND`; `ALREADY_DECIDED` when someone was faster; `CONFLICT` when it asks nothing.
    pub async fn answer(&self, scope: &Scope, run: RunId, step: StepId, value: Value) -> Result<()> {
        let (project, by): (_, Option<PersonId>) = (scope.project(), scope.actor());
        self.wish(Order::Answer { project, run, step, by, value }).await
    }

    async fn wish(&self, wish: Order) -> Result<()> {
        order(&self.to, wish).await?;
        Ok(())
    }

    /// A worker for the steps of a queue that does `slots` of them at a time.
    ///
    /// # Errors
    /// `UNAVAILABLE` when the service has ended.
    pub async fn worker(&self, queue: impl Into<String>, slots: u32) -> Result<Worker> {
        self.join(None, vec![queue.into()], slots).await
    }

    /// A worker that is elsewhere, and whose work goes on when this server ends or does not see it for a while: it is known by a
    /// name of its own, without a slash, and has its leases until their time is over (L7). Those that it [keeps](Self::keep)
    /// count among its `slots`. Another worker of that name takes its place.
    ///
    /// # Errors
    /// `UNAVAILABLE` when the service has ended.
    pub async fn worker_elsewhere(&self, name: String, queues: Vec<String>, slots: u32) -> Result<Worker> {
        self.join(Some(name), queues, slots).await
    }

    async fn join(&self, name: Option<String>, queues: Vec<String>, slots: u32) -> Result<Worker> {
        let (to, leases) = mpsc::unbounded_channel();
        let join = Message::Join(Joining { name, queues, slots, to });
        self.to.send(join).await.map_err(|_| ended())?;
        Ok(Worker { leases })
    }

    /// A worker that is elsewhere is back with a step that it has: its lease as it is seen from here, from now on.
    ///
    /// # Errors
    /// `CONFLICT` when the lease is over, or another worker's; `NOT_FOUND` when there is no such step.
    pub async fn keep(&self, worker: &str, run: RunId, step: StepId, fence: i64) -> Result<Lease> {
        let (answer, answers) = oneshot::channel();
        let order = Order::Keep { run, step, fence, worker: worker.to_owned() };
        self.to.send(Message::Keep(order, answer)).await.map_err(|_| ended())?;
        Ok(answers.await.map_err(|_| ended())??)
    }

    /// Waits until steps may be ready that this server's workers have no slot for, so that others can be told. For one who
    /// waits at a time.
    pub async fn left_over(&self) {
        self.left_over.notified().await;
    }

    /// Tells that another server has steps left over, so that they are looked for now rather than with the next poll.
    pub fn look(&self) {
        // A full queue means that the service is at work anyhow.
        let _ = self.to.try_send(Message::Look);
    }

    /// Tells which runs' logs have grown on this server. A listener that lags reads the log.
    #[must_use]
    pub fn logged(&self) -> broadcast::Receiver<RunId> {
        self.logged.subscribe()
    }
}

fn ended() -> Error {
    Error::new(Code::Unavailable, "The server is stopping. Nothing of this was saved.")
}

async fn order(to: &mpsc::Sender<Message>, order: Order) -> Result<Reply, Refused> {
    let (answer, answers) = oneshot::channel();
    to.send(Message::Order(order, answer)).await.map_err(|_| ended())?;
    answers.await.map_err(|_| ended())?
}

/// Gets the steps of a queue, one after the other, never more at a time than it has slots. When it is dropped it gets no
/// more; what it has got goes on.
pub struct Worker {
    leases: mpsc::UnboundedReceiver<Box<Lease>>,
}

impl Worker {
    /// The next step; none when the service has ended.
    pub async fn next(&mut self) -> Option<Lease> {
        let mut lease = self.leases.recv().await?;
        lease.heard = true;
        Some(*lease)
    }
}

/// A lease that was dropped without an outcome.
pub(crate) struct Dropped {
    pub(crate) step: StepId,
    pub(crate) hold: u64,
    /// Whether its worker knew of it.
    pub(crate) heard: bool,
}

/// A step to be done, for as long as nobody else has it. Dropped without an outcome, it is given back; but one of a worker that
/// is elsewhere is only not seen any more.
#[derive(Debug)]
pub struct Lease {
    claim: Claim,
    to: mpsc::WeakSender<Message>,
    stop: watch::Receiver<bool>,
    give_back: mpsc::UnboundedSender<Dropped>,
    /// Tells it from others of the same step.
    hold: u64,
    /// Whether its worker knows of it.
    heard: bool,
    over: bool,
}

impl Lease {
    pub(crate) fn new(
        claim: Claim,
        to: mpsc::WeakSender<Message>,
        stop: watch::Receiver<bool>,
        give_back: mpsc::UnboundedSender<Dropped>,
        (hold, heard): (u64, bool),
    ) -> Self {
        Self { claim, to, stop, give_back, hold, heard, over: false }
    }

    /// The step as it was when it was claimed: its name, its attempt, the answer to what it asked.
    #[must_use]
    pub fn step(&self) -> &Step {
        &self.claim.step
    }

    /// What the step was given.
    #[must_use]
    pub fn input(&self) -> &Value {
        &self.claim.input
    }

    /// What all steps of its run were given.
    #[must_use]
    pub fn run_input(&self) -> &Value {
        &self.claim.run_input
    }

    /// Comes when the step should be stopped: someone cancelled it, or the lease is over.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stop = self.stop.clone();
        async move {
            // A service that is gone has ended the lease, too.
            let _ = stop.wait_for(|stop| *stop).await;
        }
    }

    /// Whether the step should be stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Says that the work begins.
    ///
    /// # Errors
    /// `CONFLICT` when the lease is over.
    pub fn start(&self) -> impl Future<Output = Result<()>> + Send + use<> {
        let said = self.say(Command::Start { fence: self.claim.step.fence }, None);
        async move { said.await.map(drop).map_err(Error::from) }
    }

    /// Says that the work gets on, where nothing is logged for long.
    ///
    /// # Errors
    /// `CONFLICT` when the lease is over.
    pub fn progress(&self) -> impl Future<Output = Result<()>> + Send + use<> {
        let said = self.say(Command::Progress { fence: self.claim.step.fence }, None);
        async move { said.await.map(drop).map_err(Error::from) }
    }

    /// Writes into the run's log, at most 64 KiB; gives the offset at which it ends, once it is stored.
    ///
    /// # Errors
    /// `CONFLICT` when the lease is over.
    pub fn log<K: Into<String>, T: Into<String>>(
        &self,
        kind: K,
        text: T,
    ) -> impl Future<Output = Result<i64>> + Send + use<K, T> {
        let Step { run, id: step, fence, .. } = self.claim.step;
        let entry = Order::Log { run, step, fence, kind: kind.into(), text: text.into() };
        let to = self.to.clone();
        async move {
            match order(&to.upgrade().ok_or_else(ended)?, entry).await? {
                Reply::Logged { end } => Ok(end),
                Reply::Made { .. } | Reply::Done { .. } | Reply::Kept(_) => {
                    Err(Error::internal("what was logged has no end"))
                }
            }
        }
    }

    /// The step is done, and gives `output`.
    ///
    /// # Errors
    /// `CONFLICT` when the lease is over: what was done is not accepted. When it could not be written the step is given back.
    pub async fn complete(mut self, output: Value) -> Result<()> {
        self.settle(Command::Complete { fence: self.claim.step.fence }, Some(output)).await
    }

    /// The step could not be done.
    ///
    /// # Errors
    /// As [`Lease::complete`].
    pub async fn fail(mut self, failure: Failure) -> Result<()> {
        self.settle(Command::Fail { fence: self.claim.step.fence, failure }, None).await
    }

    /// The worker ends without having done it: another may, or the same one later.
    ///
    /// # Errors
    /// As [`Lease::complete`].
    pub async fn give_back(mut self) -> Result<()> {
        self.settle(Command::GiveBack { fence: self.claim.step.fence }, None).await
    }

    /// It is not begun now: another worker may have it, and it has cost the step nothing.
    ///
    /// # Errors
    /// As [`Lease::complete`].
    pub async fn decline(mut self) -> Result<()> {
        self.settle(Command::Decline { fence: self.claim.step.fence }, None).await
    }

    /// A person has to answer first; the step comes again with the answer.
    ///
    /// # Errors
    /// As [`Lease::complete`].
    pub async fn ask(mut self, question: impl Into<String>) -> Result<()> {
        let question = question.into();
        self.settle(Command::Ask { fence: self.claim.step.fence, question }, None).await
    }

    async fn settle(&mut self, command: Command, output: Option<Value>) -> Result<()> {
        let said = self.say(command, output).await;
        self.over = !matches!(said, Err(Refused::Order(_)));
        said?;
        Ok(())
    }

    fn say(
        &self,
        command: Command,
        output: Option<Value>,
    ) -> impl Future<Output = Result<Reply, Refused>> + Send + use<> {
        let (Step { run, id: step, .. }, to) = (&self.claim.step, self.to.clone());
        let say = Order::Say { run: *run, step: *step, command, output };
        async move { order(&to.upgrade().ok_or_else(ended)?, say).await }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.over {
            // A service that is gone frees what it held when it starts anew.
            let _ =
                self.give_back.send(Dropped { step: self.claim.step.id, hold: self.hold, heard: self.heard });
        }
    }
}
