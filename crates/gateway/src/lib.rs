//! Machines that have joined the fleet: the runner protocol, and the connections by which they are there.
//!
//! What a runner may say is `wire::runner`. [`session`] decides what follows from it, without IO; [`socket`] performs that
//! over a WebSocket; [`work`] has the steps that a runner does; [`orders`] makes them; [`queue`] tells of them; [`plans`] makes several of one; [`commands`] is what people type about
//! them, and [`slack`] where else they do; [`Gateway`] knows who is connected to this server, and sends away whom it is told to.

mod breakers;
mod budget;
pub mod commands;
pub mod noting;
pub mod orders;
pub mod plans;
mod queue;
mod session;
pub mod slack;
mod socket;
mod work;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity::Identity;
use kernel::{Ambient, ProjectId, RunId, RunnerId, StepId};
use resilience::breakers::Breakers;
use store::Store;
use tasks::Tasks;
use tokio::sync::{Notify, broadcast, oneshot};
use wire::runner::Close;

/// What servers tell each other of runners, since the one that it is about may be connected to any of them. What is lost on the
/// way is found out later: whoever waits for such a word also looks by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Something that the runner asks was answered, or something was said to its agents.
    Told(RunnerId),
    /// A person lets the runner be given work again.
    Reset(RunnerId),
    /// What the fleet may do in a project was changed.
    Policy(ProjectId),
    /// What a task writes has grown.
    Grown(Grown),
}

/// A task of which more was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Grown {
    pub project: ProjectId,
    pub run: RunId,
    pub step: StepId,
    pub fence: i64,
}

/// How many words of growth wait for whoever listens; one who is slower misses some, and looks by itself.
const GROWTHS: usize = 1_024;

/// Tells the other servers.
pub type Tell = Arc<dyn Fn(Word) + Send + Sync>;

/// The runners that are connected to this server. A cheap clone of one shared thing.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    identity: Identity,
    ambient: Ambient,
    tasks: Tasks,
    breakers: Breakers<RunnerId>,
    tell: Tell,
    grown: broadcast::Sender<Grown>,
    seats: Mutex<HashMap<RunnerId, Seat>>,
}

/// A runner's connection.
struct Seat {
    /// Tells it from the others of the same runner.
    connection: String,
    /// Ends it.
    end: oneshot::Sender<End>,
    /// Told when something was answered that the runner asks, or said to its agents, or it may be given work that it was not given.
    nudge: Arc<Notify>,
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// For a reason that is the runner's.
    Close(Close),
    /// The server cannot let it in now.
    Later,
    /// The server ends.
    Away,
    /// It is over already.
    Gone,
}

impl End {
    /// The code and the sentence that the runner is told, if it can still hear.
    fn told(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Close(close) => Some((close.code(), close.reason())),
            // RFC 6455, 7.4.1, and the registry that it began.
            Self::Later => Some((1013, "The server cannot let runners in now.")),
            Self::Away => Some((1001, "The server ends.")),
            Self::Gone => None,
        }
    }
}

impl Gateway {
    /// A gateway that nobody has come through yet.
    #[must_use]
    pub fn new(
        store: Store,
        identity: Identity,
        tasks: Tasks,
        breakers: Breakers<RunnerId>,
        ambient: Ambient,
        tell: Tell,
    ) -> Self {
        let (grown, seats) = (broadcast::Sender::new(GROWTHS), Mutex::default());
        Self { inner: Arc::new(Inner { store, identity, ambient, tasks, breakers, tell, grown, seats }) }
    }

    /// Ends the connection of a runner that was removed, if it has one here.
    pub fn send_away(&self, runner: RunnerId) {
        if let Some(seat) = self.seats().remove(&runner) {
            seat.close(End::Close(Close::Unknown));
        }
    }

    /// Something was said to an agent of a runner: it hears of it now, whichever server it is connected to.
    pub fn said(&self, runner: RunnerId) {
        self.spread(Word::Told(runner));
    }

    /// Something that a runner asks was answered: it hears of it now, whichever server it is connected to.
    pub fn answered(&self, runner: RunnerId) {
        self.spread(Word::Told(runner));
    }

    /// A project's policy was changed: what waits for its budgets may be done now.
    pub fn policy_changed(&self, project: ProjectId) {
        self.spread(Word::Policy(project));
    }

    /// Comes when what a task writes has grown, whichever server its runner is connected to; a few times a second at most.
    #[must_use]
    pub fn grown(&self) -> broadcast::Receiver<Grown> {
        self.inner.grown.subscribe()
    }

    /// Follows a word, and tells it the others.
    fn spread(&self, word: Word) {
        self.heard(word);
        (self.inner.tell)(word);
    }

    /// Follows what another server told.
    pub fn heard(&self, word: Word) {
        match word {
            Word::Told(runner) => self.nudge(runner),
            Word::Reset(runner) => {
                self.inner.breakers.reset(&runner);
                self.nudge(runner);
            }
            // Nobody may listen.
            Word::Grown(grown) => drop(self.inner.grown.send(grown)),
            // Any runner may serve it; those that wait for nothing have nothing to look at.
            Word::Policy(_) => self.seats().values().for_each(|seat| seat.nudge.notify_one()),
        }
    }

    fn nudge(&self, runner: RunnerId) {
        if let Some(seat) = self.seats().get(&runner) {
            seat.nudge.notify_one();
        }
    }

    /// Ends all connections, because the server does.
    pub fn close(&self) {
        self.seats().drain().for_each(|(_, seat)| seat.close(End::Away));
    }

    /// Takes a seat for a connection; another one of the same runner ends. Gives what comes when this one is to end.
    fn sit(&self, runner: RunnerId, connection: &str, nudge: &Arc<Notify>) -> oneshot::Receiver<End> {
        let (end, ended) = oneshot::channel();
        let seat = Seat { connection: connection.to_owned(), end, nudge: Arc::clone(nudge) };
        if let Some(former) = self.seats().insert(runner, seat) {
            former.close(End::Close(Close::Replaced));
        }
        ended
    }

    /// Gives a connection's seat up, if it still has it.
    fn stand_up(&self, runner: RunnerId, connection: &str) {
        let mut seats = self.seats();
        if seats.get(&runner).is_some_and(|seat| seat.connection == connection) {
            seats.remove(&runner);
        }
    }

    /// What is done under this lock cannot fail midway.
    fn seats(&self) -> MutexGuard<'_, HashMap<RunnerId, Seat>> {
        self.inner.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    fn close(self, why: End) {
        // A connection that is ending by itself does not want to know.
        let _ = self.end.send(why);
    }
}
