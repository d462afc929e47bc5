//! Machines that have joined the fleet: the runner protocol, and the connections by which they are there.
//!
//! What a runner may say is `wire::runner`. [`session`] decides what follows from it, without IO; [`socket`] performs that
//! over a WebSocket; [`Gateway`] knows who is connected to this server, and sends away whom it is told to.

mod session;
mod socket;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity::Identity;
use kernel::{Ambient, RunnerId};
use store::Store;
use tokio::sync::oneshot;
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
    seats: Mutex<HashMap<RunnerId, Seat>>,
}

/// A runner's connection.
struct Seat {
    /// Tells it from the others of the same runner.
    connection: String,
    /// Ends it.
    end: oneshot::Sender<End>,
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
    pub fn new(store: Store, identity: Identity, ambient: Ambient) -> Self {
        Self { inner: Arc::new(Inner { store, identity, ambient, seats: Mutex::default() }) }
    }

    /// Ends the connection of a runner that was removed, if it has one here.
    pub fn send_away(&self, runner: RunnerId) {
        if let Some(seat) = self.seats().remove(&runner) {
            seat.close(End::Close(Close::Unknown));
        }
    }

    /// Ends all connections, because the server does.
    pub fn close(&self) {
        self.seats().drain().for_each(|(_, seat)| seat.close(End::Away));
    }

    /// Takes a seat for a connection; another one of the same runner ends. Gives what comes when this one is to end.
    fn sit(&self, runner: RunnerId, connection: &str) -> oneshot::Receiver<End> {
        let (end, ended) = oneshot::channel();
        let seat = Seat { connection: connection.to_owned(), end };
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
