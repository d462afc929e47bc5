//! The steps that a joined runner has: given to it, cancelled, told of, and ended.
//!
//! The runner is a worker of `tasks` that is elsewhere: it has its leases, whichever server it is connected to. Here they are only
//! seen. Nothing waits for the database or the runner while something else could be said: what takes time is a [`Doing`]. [`hearing`] follows what the
//! runner says, [`ends`] what an end means, [`people`] what is between it and people, [`wanting`] what it may be given, [`days`] what
//! a project's day has left.

mod days;
mod ends;
mod hearing;
mod people;
mod wanting;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use kernel::{Code, Error, ProjectId, Result, RunnerId};
use resilience::breakers::Ticket;
use resilience::retry::Kind;
use store::executions::{self, Part};
use store::runners;
use tasks::machine::Failure;
use tokio::sync::Notify;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use wire::fleet::{Engine, RemoteOrder};
use wire::runner::{Answer, Kept, Say, Submit, Task, ToRunner};

use crate::{End, Gateway, orders};

const MIB: u64 = 1024 * 1024;
/// How often it is looked whether what runners ask was answered on another server, or something was said there, which says so
/// besides.
const LOOK: Duration = Duration::from_secs(10);

/// Something that takes time, and what is to be said then.
type Doing = Pin<Box<dyn Future<Output = Result<Vec<Done>, End>> + Send>>;

/// What came of it.
enum Done {
    /// Tell the runner.
    Say(ToRunner),
    /// What it sent was stored: so many bytes of each task.
    Stored(Vec<(Task, u64)>),
    /// It may be told again what has grown.
    Grown,
    /// The runner may be given a step.
    Give(Box<Giving>),
    /// Steps come by this from now on.
    Joined(tasks::Worker),
    /// Something is asked, and has no answer yet.
    Asks(Task, u32),
    /// It was looked what people did: the answers to what it has asked, and what it has not heard of what they say.
    Looked(Vec<Answer>, Vec<Say>),
    /// What the fleet may take of the day is used up in the project.
    UsedUp(ProjectId),
    /// Of the days of these projects something is left again.
    Left(Vec<ProjectId>),
}

/// A step that is to be given to the runner.
struct Giving {
    lease: tasks::Lease,
    order: RemoteOrder,
    ticket: Option<Ticket<RunnerId>>,
}

/// A step that the runner has.
struct Given {
    lease: tasks::Lease,
    /// The most bytes of its output.
    output: u64,
    /// Whether its end says something of the runner's health.
    ticket: Option<Ticket<RunnerId>>,
    /// Whether a command or a tool call of the server's choice is done, of which a bad end is no fault of the runner.
    is_command: bool,
    /// Whether people may say something to it while it is done.
    hears: bool,
    /// Whether the runner has said that it does it.
    acknowledged: bool,
    /// Parts of its streams that are not stored yet.
    unstored: usize,
    noted: Option<Instant>,
    told: Option<Instant>,
}

/// All that a connection has to do with steps.
pub(crate) struct Work {
    gateway: Gateway,
    runner: RunnerId,
    /// As a worker of `tasks`.
    name: String,
    slots: u32,
    commands: bool,
    agents: Vec<String>,
    tools: Vec<String>,
    projects: Vec<ProjectId>,
    /// Those of them of whose day nothing is left: they are not worked for.
    used_up: BTreeSet<ProjectId>,
    /// When to look whether something is left again.
    days: Interval,
    worker: Option<tasks::Worker>,
    /// With how many slots, and for which projects, that worker has joined.
    joined: (u32, Vec<ProjectId>),
    given: HashMap<Task, Given>,
    stopping: FuturesUnordered<Pin<Box<dyn Future<Output = Task> + Send>>>,
    doing: FuturesUnordered<Doing>,
    /// Parts of streams that wait to be stored, with the most that there may be of each.
    waiting: Vec<(Part, Task, u64)>,
    /// Bytes of parts that are not stored yet.
    unstored: usize,
    /// Whether parts are being stored.
    storing: bool,
    /// Tasks of which more was stored than was told, with their projects, and when it was told last.
    grown: BTreeMap<Task, ProjectId>,
    told_of_growth: Option<Instant>,
    /// What was asked on this connection, and not answered on it. What is answered on another is asked on this one first.
    asked: BTreeSet<(Task, u32)>,
    /// What was withdrawn before it was written down that it is asked, if it is at all.
    withdrawn: BTreeSet<(Task, u32)>,
    /// What was said to agents on this connection, and when.
    said: HashMap<(Task, u32), Instant>,
    /// Comes when something may be answered or said, or the runner may be given work again.
    nudge: Arc<Notify>,
    look: Interval,
    /// Whether it is being looked.
    looking: bool,
}

/// What a runner says that it can do.
#[derive(Clone)]
pub(crate) struct Can {
    pub(crate) slots: u32,
    pub(crate) commands: bool,
    pub(crate) agents: Vec<String>,
    pub(crate) tools: Vec<String>,
}

impl Work {
    pub(crate) fn new(
        gateway: Gateway,
        runner: RunnerId,
        can: Can,
        projects: Vec<ProjectId>,
        nudge: Arc<Notify>,
    ) -> Self {
        let Can { slots, commands, agents, tools } = can;
        let [mut look, mut days] = [LOOK, days::LOOK].map(interval);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        days.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            gateway,
            runner,
            name: runners::worker(runner),
            slots,
            commands,
            agents,
            tools,
            projects,
            used_up: BTreeSet::new(),
            days,
            worker: None,
            joined: (0, Vec::new()),
            given: HashMap::new(),
            stopping: FuturesUnordered::new(),
            doing: FuturesUnordered::new(),
            waiting: Vec::new(),
            unstored: 0,
            storing: false,
            grown: BTreeMap::new(),
            told_of_growth: None,
            asked: BTreeSet::new(),
            withdrawn: BTreeSet::new(),
            said: HashMap::new(),
            nudge,
            look,
            looking: false,
        }
    }

    /// Takes up the leases that the runner has, and its breaker. Gives those that it knows of, with what is stored of their streams; the others
    /// are submitted again.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn resume(&mut self, known: &[Task]) -> Result<(Vec<Kept>, Vec<ToRunner>)> {
        let (name, turns) =
            (self.name.clone(), self.projects.iter().map(|id| orders::turn(*id)).collect::<Vec<_>>());
        let (store, runner) = (self.gateway.inner.store.clone(), self.runner);
        let read = store.read(move |tx| {
            let held = executions::held(tx, &name, &turns)?;
            let held = held.into_iter().map(|lease| Ok((lease, executions::streams(tx, lease)?)));
            Ok((held.collect::<Result<Vec<_>>>()?, runners::breaker(tx, runner)?))
        });
        let (held, breaker) = read.await?;
        self.gateway.go_on(runner, breaker.as_deref());
        let (mut kept, mut submits) = (Vec::new(), Vec::new());
        for (held, streams) in held {
            let lease = self.gateway.inner.tasks.keep(&self.name, held.run, held.step, held.fence).await;
            // One that ended just now is no longer the runner's.
            let Ok(lease) = lease else { continue };
            let task = task_of(&lease);
            let Some(order) = order_of(&lease) else { continue };
            store.transact(move |tx| executions::begin(tx, held, runner)).await?;
            let submit = self.take(Giving { lease, order, ticket: None });
            if known.contains(&task) {
                let streams = streams.into_iter().map(|stream| (stream.name, stream.length)).collect();
                kept.push(Kept { task, streams });
            } else {
                submits.push(ToRunner::TaskSubmit(Box::new(submit)));
            }
        }
        Ok((kept, submits))
    }

    /// Follows which projects the runner serves. What it has of others is taken away.
    pub(crate) fn serves(&mut self, projects: Vec<ProjectId>) -> Vec<ToRunner> {
        let mut over = Vec::new();
        if projects != self.projects {
            let gone: Vec<Task> = self
                .given
                .iter()
                .filter(|(_, given)| !projects.contains(&given.lease.step().project))
                .map(|(task, _)| *task)
                .collect();
            for task in gone {
                if let Some(given) = self.take_away(task) {
                    self.doing.push(Box::pin(async move {
                        // A lease that is over already is given back, too.
                        let _ = given.lease.give_back().await;
                        Ok(Vec::new())
                    }));
                }
                over.push(ToRunner::TaskSettled(task));
            }
            self.used_up.retain(|id| projects.contains(id));
            self.projects = projects;
            self.want();
        }
        over
    }

    /// What is to be said next. It may be dropped at any time, and nothing is lost.
    ///
    /// # Errors
    /// Why the connection has to end.
    pub(crate) async fn next(&mut self) -> Result<Vec<ToRunner>, End> {
        loop {
            let (rests, until, watches) = (self.joined.0 < self.slots, self.rest(), self.is_watching());
            let worker = &mut self.worker;
            let lease = async {
                match worker {
                    Some(worker) => worker.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                lease = lease => self.give(lease.ok_or(End::Away)?),
                Some(task) = self.stopping.next() => if self.given.contains_key(&task) {
                    return Ok(vec![ToRunner::TaskCancel(task)]);
                },
                Some(done) = self.doing.next() => {
                    let says = self.done(done?);
                    if !says.is_empty() {
                        return Ok(says);
                    }
                }
                () = tokio::time::sleep(until), if rests => self.want(),
                () = self.nudge.notified(), if !self.looking => {
                    self.look();
                    self.look_at_days();
                    self.want();
                }
                _ = self.days.tick(), if !self.used_up.is_empty() => self.look_at_days(),
                _ = self.look.tick(), if watches => self.look(),
            }
        }
    }

    /// Follows what was done.
    fn done(&mut self, done: Vec<Done>) -> Vec<ToRunner> {
        let mut says = Vec::new();
        for done in done {
            match done {
                Done::Say(said) => says.push(said),
                Done::Stored(parts) => {
                    self.storing = false;
                    for (task, bytes) in parts {
                        self.unstored =
                            self.unstored.saturating_sub(usize::try_from(bytes).unwrap_or(usize::MAX));
                        if let Some(given) = self.given.get_mut(&task) {
                            given.unstored = given.unstored.saturating_sub(1);
                        }
                        self.note(task);
                        self.grew(task);
                    }
                    self.store();
                }
                Done::Grown => self.tell_of_growth(),
                Done::Give(giving) => {
                    says.push(ToRunner::TaskSubmit(Box::new(self.take(*giving))));
                }
                Done::Joined(worker) => self.worker = Some(worker),
                Done::Asks(task, ask_id) if self.withdrawn.remove(&(task, ask_id)) => {
                    self.keep_withdrawn(task, ask_id);
                }
                Done::Asks(task, ask) => {
                    if self.given.contains_key(&task) {
                        self.asked.insert((task, ask));
                        // It may have been answered while it was written down.
                        self.nudge.notify_one();
                    }
                }
                Done::Looked(answers, said) => says.extend(self.looked(answers, said)),
                Done::UsedUp(project) => drop(self.used_up.insert(project)),
                Done::Left(projects) => self.used_up.retain(|id| !projects.contains(id)),
            }
        }
        self.want();
        says
    }

    /// Gives the runner a step, unless it cannot be understood, its breaker has opened meanwhile, or its project's day is used up.
    fn give(&mut self, lease: tasks::Lease) {
        let (store, runner) = (self.gateway.inner.store.clone(), self.runner);
        let ticket = self.gateway.inner.breakers.admit(&runner);
        self.doing.push(Box::pin(async move {
            let Some(mut order) = order_of(&lease) else {
                let error = "this is no order that runners understand".to_owned();
                let _ = lease.fail(Failure { error, kind: Kind::Fatal }).await;
                return Ok(Vec::new());
            };
            let (held, project) = (held(task_of(&lease)), lease.step().project);
            let began = match ticket {
                Ok(ticket) => days::begin(&store, project, held, runner).await.map(|left| (ticket, left)),
                Err(_) => Err(Error::new(Code::Unavailable, "the runner rests")),
            };
            let mut done = Vec::new();
            match began {
                Ok((ticket, Some(left))) => {
                    left.bound(&mut order);
                    return Ok(vec![Done::Give(Box::new(Giving { lease, order, ticket: Some(ticket) }))]);
                }
                Ok((_, None)) => done.push(Done::UsedUp(project)),
                Err(error) => tracing::warn!(%error, %runner, "a step could not be given to a runner"),
            }
            // If that is not written either, the connection ends, and the lease with its time.
            lease.decline().await.map(|()| done).map_err(|_| End::Later)
        }));
    }

    /// Notes that the runner has a step.
    fn take(&mut self, Giving { lease, order, ticket }: Giving) -> Submit {
        let (task, stopped) = (task_of(&lease), lease.stopped());
        self.stopping.push(Box::pin(async move {
            stopped.await;
            task
        }));
        let (project_id, hears) = (lease.step().project, matches!(order.engine, Engine::Agent { .. }));
        if hears {
            // Something may have been said to it on another connection.
            self.nudge.notify_one();
        }
        let given = Given {
            lease,
            output: u64::from(order.bounds.output_mib) * MIB,
            ticket,
            is_command: !hears,
            hears,
            acknowledged: false,
            unstored: 0,
            noted: None,
            told: None,
        };
        self.given.insert(task, given);
        Submit { task, project_id, order }
    }
}

/// What a step is to do, if it is a remote one.
fn order_of(lease: &tasks::Lease) -> Option<RemoteOrder> {
    serde_json::from_value(lease.input().clone()).ok()
}

fn task_of(lease: &tasks::Lease) -> Task {
    let step = lease.step();
    Task { task_id: step.run, step_id: step.id, fence: step.fence }
}

fn held(task: Task) -> executions::Lease {
    executions::Lease { run: task.task_id, step: task.step_id, fence: task.fence }
}
