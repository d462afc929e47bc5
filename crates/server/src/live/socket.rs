//! Socket.IO: the handshake, what a client may say, and the end of a connection.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, header};
use hyper::upgrade::OnUpgrade;
use identity::{Caller, Viewer};
use kernel::{Code, Error, ProjectId};
use serde_json::Value;
use socketioxide::extract::{Event, Extension, SocketRef, TryData};
use socketioxide::handler::ConnectHandler;
use socketioxide::layer::SocketIoLayer;
use socketioxide::socket::Sid;
use socketioxide::{SocketIo, TransportType};
use wire::live::{Handshake, PresenceState, ToClient, ToServer};

use super::{Live, Seat, Wake};
use crate::app::App;
use crate::problem::unknown_caller;

/// Where sockets are opened.
const PATH: &str = "/socket.io";
/// The most that a client may send at once, in bytes.
const LARGEST_MESSAGE: usize = 16 << 10;
/// Messages of a client that wait for its seat; more are dropped.
const EARLY: usize = 16;
/// Messages that wait for a slow client before it lags.
const QUEUE: usize = 256;
/// How many bytes a socket reads at once: what clients say is short, and each socket has the room for it all the time.
const READ: usize = 512;

/// Who was let in, to what, and what they have seen.
#[derive(Clone)]
struct Admitted {
    caller: Caller,
    name: String,
    project: ProjectId,
    last_seq: Option<i64>,
    /// The newest event when they were let in.
    newest: i64,
    early: Early,
}

/// What a client said before it had a seat. It goes with the socket, whatever becomes of that.
type Early = Arc<Mutex<Vec<ToServer>>>;

/// Why a connection was refused, as the client's `connect_error` tells it.
struct Refused(Error);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message())
    }
}

/// The layer that serves `/socket.io`.
pub(crate) fn layer(app: App) -> SocketIoLayer {
    let (layer, io) = SocketIo::builder()
        .req_path(PATH)
        .max_payload(LARGEST_MESSAGE as u64)
        .ws_max_message_size(LARGEST_MESSAGE)
        .ws_max_frame_size(LARGEST_MESSAGE)
        .ws_read_buffer_size(READ)
        .max_buffer_size(QUEUE)
        .transports([TransportType::Websocket, TransportType::Polling])
        .build_layer();
    let (for_seats, for_admission) = (app.clone(), app);
    let seat = async move |socket: SocketRef, Extension(admitted): Extension<Admitted>| {
        sit(&for_seats, &socket, admitted);
    };
    let admission = move |socket: SocketRef, TryData(said): TryData<Value>| {
        let app = for_admission.clone();
        async move { admit(&app, &socket, said.ok()).await.map_err(Refused) }
    };
    io.ns("/", seat.with(admission));
    layer
}

/// Leaves of the head of a request that opens a socket what the protocol reads, in memory of its own. The socket keeps it for
/// as long as it lives, and what hyper gives are views of the buffer into which it read, 16 KiB that would stay, too.
pub(crate) async fn detached(mut request: Request) -> Request {
    let below = request.uri().path().strip_prefix(PATH);
    if below.is_none_or(|rest| !rest.is_empty() && !rest.starts_with('/')) {
        return request;
    }
    let copied = |name: HeaderName| {
        let value = HeaderValue::from_bytes(request.headers().get(&name)?.as_bytes()).ok()?;
        Some((name, value))
    };
    let headers: HeaderMap =
        [header::SEC_WEBSOCKET_KEY, header::CONTENT_TYPE].into_iter().filter_map(copied).collect();
    let uri = request.uri().to_string().parse();
    let mut extensions = Extensions::new();
    if let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() {
        extensions.insert(upgrade);
    }
    *request.headers_mut() = headers;
    *request.extensions_mut() = extensions;
    if let Ok(uri) = uri {
        *request.uri_mut() = uri;
    }
    request
}

/// Checks the handshake as REST checks a request.
async fn admit(app: &App, socket: &SocketRef, said: Option<Value>) -> Result<(), Error> {
    let said = said.ok_or_else(unknown_caller)?;
    let handshake: Handshake = serde_json::from_value(said).map_err(|_| {
        Error::new(
            Code::AuthError,
            "The handshake needs `auth: { token, projectId }` and may have `lastSeq`.",
        )
    })?;
    let caller = app.identity.authenticate(&handshake.token).await?;
    app.identity.permit::<Viewer>(&caller, handshake.project_id).await?;
    let name = app.identity.me(&caller).await?.name;
    let (project, last_seq) = (handshake.project_id, handshake.last_seq.map(|seq| seq.max(0)));
    let newest = app.live.place(caller.person(), project).await?;
    let early = Early::default();
    // Before the client hears that it is let in: it may speak at once.
    listen(app, socket, project, &early);
    socket.extensions.insert(Admitted { caller, name, project, last_seq, newest, early });
    Ok(())
}

/// Gives a seat to a client that has just heard that it is let in.
fn sit(app: &App, socket: &SocketRef, admitted: Admitted) {
    // The seat knows it from here on.
    socket.extensions.remove::<Admitted>();
    let (live, project, sid) = (&app.live, admitted.project, socket.id);
    let (person, newest) = (admitted.caller.person(), admitted.newest);
    let mut seat = Seat {
        socket: socket.clone(),
        caller: admitted.caller,
        name: admitted.name.clone(),
        admitted: newest,
        sent: admitted.last_seq.unwrap_or(newest).min(newest),
        lags: None,
        state: PresenceState::default(),
        follows: HashMap::new(),
        greeted: false,
        _open: app.metrics.open("socket"),
    };
    let mut rooms = live.rooms();
    for said in std::mem::take(&mut *held(&admitted.early)) {
        seat.does(said);
    }
    if rooms.sit(project, seat) {
        let joined = ToClient::UserJoined { user_id: person, user_name: admitted.name, project_id: project };
        rooms.say(project, &joined, Some(sid));
    }
    drop(rooms);
    live.ask(project);
    // It may be gone already: then its end was told before it had a seat.
    if !socket.connected() {
        live.left(project, sid);
    }
    live.wake(Wake::Joined(project));
    live.wake(Wake::Presence(project));
}

/// What the client may say. The handler does its work before it returns, so that messages keep their order; there is one for
/// all names, because each socket keeps its own.
fn listen(app: &App, socket: &SocketRef, project: ProjectId, early: &Early) {
    let (heard, early) = (app.clone(), early.clone());
    socket.on_fallback(async move |socket: SocketRef, Event(name): Event, TryData(said): TryData<Value>| {
        match said.ok().and_then(|said| parsed(&name, said)) {
            Some(said) => heard.live.hear_client(project, socket.id, said, &early),
            None => answer_unreadable(&socket),
        }
    });
    let left = app.clone();
    socket.on_disconnect(async move |socket: SocketRef| left.live.left(project, socket.id));
}

/// A client's message, read into the closed enum.
fn parsed(name: &str, mut said: Value) -> Option<ToServer> {
    said.as_object_mut()?.insert("type".into(), name.into());
    serde_json::from_value(said).ok()
}

fn answer_unreadable(socket: &SocketRef) {
    let problem = ToClient::Problem {
        error: String::from("The server does not know this message, or cannot read it. Nothing changed."),
        code: Code::ValidationError,
    };
    let _ = socket.emit(problem.name(), &problem);
}

fn held(early: &Early) -> MutexGuard<'_, Vec<ToServer>> {
    early.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seat {
    /// Does what the client says. Whether others see its person elsewhere since then.
    fn does(&mut self, said: ToServer) -> bool {
        match said {
            ToServer::Presence(state) => return self.moves(state),
            ToServer::Follow(follow) => self.follow(follow),
            ToServer::Unfollow(unfollow) => self.unfollow(&unfollow),
        }
        false
    }
}

impl Live {
    /// Does what a client says. What it says before it has a seat, which is only moments, waits for that.
    fn hear_client(&self, project: ProjectId, sid: Sid, said: ToServer, early: &Early) {
        let mut rooms = self.rooms();
        let moved = match rooms.by_project.get_mut(&project).and_then(|room| room.seats.get_mut(&sid)) {
            Some(seat) => seat.does(said),
            None => {
                // Under the same lock under which the seat is taken: it is heard there or here.
                let mut early = held(early);
                if early.len() < EARLY {
                    early.push(said);
                }
                false
            }
        };
        drop(rooms);
        if moved {
            self.wake(Wake::Presence(project));
        }
    }

    /// Frees the seat of a connection that ended.
    pub(super) fn left(&self, project: ProjectId, sid: Sid) {
        let mut rooms = self.rooms();
        if let Some(person) = rooms.rise(project, sid) {
            rooms.say(project, &ToClient::UserLeft { user_id: person, project_id: project }, None);
        }
        drop(rooms);
        self.wake(Wake::Presence(project));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_says_is_one_of_a_closed_set_or_nothing() {
        let state = parsed("presence:update", serde_json::json!({ "view": "/scenes" }));
        assert!(matches!(state, Some(ToServer::Presence(state)) if state.view.as_deref() == Some("/scenes")));
        assert!(parsed("presence:update", serde_json::json!({ "surprise": 1 })).is_none());
        assert!(parsed("presence:update", serde_json::json!([])).is_none());
        assert!(parsed("drop:tables", serde_json::json!({})).is_none());
    }
}
