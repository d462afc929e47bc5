//! Machines that have joined the fleet: the runner protocol, and the connections by which they are there.
//!
//! What a runner may say is `wire::runner`. [`session`] decides what follows from it, without IO; [`socket`] performs that
//! over a WebSocket; [`work`] has the steps that a runner does; [`orders`] makes them; [`queue`] tells of them; [`commands`] is what people type about
//! them, and [`slack`] where else they do; [`Gateway`] knows who is connected to this server, and sends away whom it is told to.

pub mod commands;
pub mod orders;
mod queue;
mod session;
pub mod slack;
mod socket;
mod work;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity::Identity;
use kernel::{Ambient, RunnerId};
use resilience::breakers::Breakers;
use store::Store;
use tasks::Tasks;
use tokio::sync::{Notify, oneshot};
use wire::runner::Close;

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
    seats: Mutex<HashMap<RunnerId, Seat>>,
}

/// A runner's connection.
struct Seat {
    /// Tells it from the others of the same runner.
    connection: String,
    /// Ends it.
    end: oneshot::Sender<End>,
    /// Told when something was answered that the runner asks, or said to its agents, or a person lets it be given work again.
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
    ) -> Self {
        Self { inner: Arc::new(Inner { store, identity, ambient, tasks, breakers, seats: Mutex::default() }) }
    }

    /// The breakers before the runners.
    #[must_use]
    pub fn breakers(&self) -> &Breakers<RunnerId> {
        &self.inner.breakers
    }

    /// Ends the connection of a runner that was removed, if it has one here.
    pub fn send_away(&self, runner: RunnerId) {
        if let Some(seat) = self.seats().remove(&runner) {
            seat.close(End::Close(Close::Unknown));
        }
    }

    /// Something was said to an agent of a runner: if it is connected here, it hears of it now.
    pub fn said(&self, runner: RunnerId) {
        self.nudge(runner);
    }

    /// Something that a runner asks was answered: if it is connected here, it hears of it now.
    pub fn answered(&self, runner: RunnerId) {
        self.nudge(runner);
    }

    /// A person lets a runner be given work again that was given none because too much failed there. One that is connected to
    /// another server is given some when that server has waited long enough.
    pub fn reset(&self, runner: RunnerId) {
        self.inner.breakers.reset(&runner);
        self.nudge(runner);
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
