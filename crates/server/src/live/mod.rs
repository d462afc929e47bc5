//! Live connections: who is in which project, and the relay that brings each of them the project's stream in order.

mod elsewhere;
mod executions;
mod guard;
mod lag;
mod listeners;
mod presence;
mod relay;
mod socket;
mod spoken;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agents::departments::roster;
use identity::{Caller, Identity};
use kernel::{EventKind, NodeId, PersonId, ProjectId, Result, Role, RunId};
use socketioxide::extract::SocketRef;
use socketioxide::socket::Sid;
use store::{Scope, Store, Tenant, events};
use studios::film;
use tokio::sync::{mpsc, oneshot};
use wire::live::{PresenceState, Present, ToClient};

pub(crate) use listeners::Listeners;
pub(crate) use socket::{detached, layer};

use crate::metrics::Open;
use crate::others;
use elsewhere::Elsewhere;
use lag::Lag;

/// Wake-ups that may wait for the relay. At the bound they are dropped: the next tick finds what they told of.
const WAKES: usize = 4096;

/// All live connections. A cheap clone of one shared thing.
#[derive(Clone)]
pub(crate) struct Live {
    store: Store,
    identity: Identity,
    backplane: backplane::Handle,
    rooms: Arc<Mutex<Rooms>>,
    wakes: mpsc::Sender<Wake>,
    relay: Arc<Mutex<Option<mpsc::Receiver<Wake>>>>,
}

#[derive(Default)]
struct Rooms {
    by_project: HashMap<ProjectId, Room>,
    /// Streams of answers that were opened since the server began.
    streams: u64,
}

/// Who hears of a project.
#[derive(Default)]
struct Room {
    seats: HashMap<Sid, Seat>,
    /// Streams of answers: they hear nothing of what is relayed, and end with their person's right to hear it.
    streams: HashMap<u64, Stream>,
    /// Who was there when it was last told.
    told: Vec<Present>,
    /// Who has a seat on other servers, as each of them says, while someone has one here.
    elsewhere: HashMap<NodeId, Elsewhere>,
}

impl Room {
    fn callers(&self) -> impl Iterator<Item = Caller> {
        let seats = self.seats.values().map(|seat| seat.caller);
        seats.chain(self.streams.values().map(|stream| stream.caller))
    }

    fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.streams.is_empty()
    }
}

/// One connection over a socket.
struct Seat {
    socket: SocketRef,
    caller: Caller,
    name: String,
    /// The newest event when they were let in: whatever took them out of the project comes after it.
    admitted: i64,
    /// The last event that was handed to the socket.
    sent: i64,
    /// If the socket's queue was full: it gets the rest once there is room, and holds up nobody.
    lags: Option<Lag>,
    state: PresenceState,
    /// The runs that they follow, each with the departments whose agents they want to hear of; all if there are none.
    follows: HashMap<RunId, Vec<String>>,
    /// Whether they have been told who is there.
    greeted: bool,
    _open: Open,
}

/// One stream of answers.
struct Stream {
    caller: Caller,
    /// The last event that was looked at.
    seen: i64,
    /// Dropped, it ends the stream.
    _end: oneshot::Sender<Infallible>,
}

/// What the relay is woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Wake {
    /// Someone sat down who may have missed events.
    Joined(ProjectId),
    /// Who is where on this server has changed.
    Presence(ProjectId),
    /// The same on another server.
    Elsewhere(ProjectId),
    /// The project is no more.
    Closed(ProjectId),
}

impl Live {
    pub(crate) fn new(store: Store, identity: Identity, backplane: backplane::Handle) -> Self {
        let (wakes, woken) = mpsc::channel(WAKES);
        Self {
            store,
            identity,
            backplane,
            rooms: Arc::default(),
            wakes,
            relay: Arc::new(Mutex::new(Some(woken))),
        }
    }

    /// Ends the connections of a project that was removed, on all servers.
    pub(crate) fn closed(&self, project: ProjectId) {
        self.close(project);
        others::tell(self.backplane.bus(), others::CLOSED, project);
    }

    /// The same on this server.
    pub(crate) fn close(&self, project: ProjectId) {
        self.wake(Wake::Closed(project));
    }

    fn wake(&self, wake: Wake) {
        let _ = self.wakes.try_send(wake);
    }

    /// The newest event of a project, of which `person` is a member at that moment. Whoever takes a seat from there on
    /// hears of their own removal.
    ///
    /// # Errors
    /// `NOT_FOUND` for those who are no members.
    async fn place(&self, person: PersonId, project: ProjectId) -> Result<i64> {
        let place = self.store.read(move |tx| {
            let scope = Scope::admit(tx, person, project, Role::Viewer)?;
            events::newest(&mut Tenant::new(tx, scope))
        });
        place.await
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event as the socket tells it. Each kind is one variant of the wire's closed enum.
fn told(event: &kernel::Event) -> Option<ToClient> {
    let mut payload = event.payload.clone();
    let fields = payload.as_object_mut()?;
    if event.kind == EventKind::EntityUpdated {
        let collection = fields.remove("collection")?;
        let singular = match collection.as_str()? {
            roster::COLLECTION => "agent",
            // Collections that the studio keeps to itself are not told of.
            name => film::CATALOGUE.collection(name).ok()?.singular,
        };
        fields.insert("entityType".into(), singular.into());
    }
    fields.insert("type".into(), event.kind.as_str().into());
    fields.insert("seq".into(), event.seq.into());
    fields.insert("timestamp".into(), serde_json::to_value(event.at).ok()?);
    // The member that changed stands in the payload itself; otherwise it is whoever acted.
    if event.kind != EventKind::MemberUpdated {
        fields.insert("userId".into(), serde_json::to_value(event.actor).ok()?);
    }
    serde_json::from_value(payload)
        .inspect_err(
            |error| tracing::error!(%error, kind = event.kind.as_str(), "an event that cannot be told"),
        )
        .ok()
}
