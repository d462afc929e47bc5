//! The relay: reads each project's stream when it is told of something new, and hands it to those who listen, in order.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use kernel::{Event, EventKind, PersonId, ProjectId, Result, Role, RunId};
use store::{Scope, events, members, runs};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use wire::live::ToClient;

use super::executions::{self, Followers, Outputs};
use super::lag::Lag;
use super::spoken::Spoken;
use super::{Live, Seat, Wake, told};

/// An event as it is told.
struct Message {
    seq: i64,
    /// Whom it takes out of the project.
    removes: Option<PersonId>,
    /// To everyone, if it is told at all …
    whole: Option<Spoken>,
    /// … but for those whose role is less than this.
    least: Option<Role>,
    /// And besides to those who follow its run.
    followers: Option<Followers>,
}

impl Message {
    fn new(event: &Event, followed: &HashSet<RunId>, outputs: &Outputs) -> Self {
        let told = told(event);
        let removes = match &told {
            Some(ToClient::MemberUpdated { user_id, removed: true, .. }) => Some(*user_id),
            _ => None,
        };
        let least = match &told {
            Some(ToClient::Notification { least, .. }) => *least,
            _ => None,
        };
        let followers = told.as_ref().and_then(|told| executions::told(told, followed, outputs));
        let whole = told.filter(|told| !executions::is_followers_own(told)).as_ref().and_then(Spoken::new);
        Self { seq: event.seq, removes, whole, least, followers }
    }
}

/// What was read of a stream.
struct Read {
    newest: i64,
    events: Vec<Event>,
    /// What the steps gave that ended there in runs that someone follows.
    outputs: Outputs,
    /// The members' roles, if something there is not for all of them.
    roles: HashMap<PersonId, Role>,
}

/// Events that are read at once.
const BATCH: u32 = 500;
/// A listener who missed more than this reads everything anew instead.
const CATCH_UP: i64 = 1000;
/// How often events are looked for of which other servers' word was lost.
const TICK: Duration = Duration::from_secs(1);

impl Live {
    /// Relays until the store closes. Runs once; a second call returns at once.
    pub(crate) async fn run(self) {
        let taken = self.relay.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let Some(mut woken) = taken else { return };
        let mut hints = self.store.hints();
        let mut clock = tokio::time::interval(TICK);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // Projects in which someone lags, with when the first of them is tried again.
        let mut lagging = Lagging::new();
        loop {
            let (_, soonest) = lagging.iter().min_by_key(|(_, until)| **until).unzip();
            let soonest = soonest.copied();
            tokio::select! {
                hint = hints.recv() => match hint {
                    Ok(project) => self.relay(project, &mut lagging).await,
                    // Too many hints at once: every project that is listened to is looked at.
                    Err(RecvError::Lagged(_)) => self.relay_all(&mut lagging).await,
                    Err(RecvError::Closed) => return,
                },
                wake = woken.recv() => match wake {
                    Some(wake) => self.woken(wake, &mut woken, &mut lagging).await,
                    None => return,
                },
                () = tokio::time::sleep_until(soonest.unwrap_or_else(Instant::now)), if soonest.is_some() => {
                    let now = Instant::now();
                    let due = lagging.iter().filter(|(_, until)| **until <= now).map(|(project, _)| *project);
                    for project in due.collect::<Vec<_>>() {
                        self.relay(project, &mut lagging).await;
                    }
                }
                _ = clock.tick() => self.relay_all(&mut lagging).await,
            }
        }
    }

    /// Does what waits. Several wake-ups for one thing are one.
    async fn woken(&self, first: Wake, more: &mut tokio::sync::mpsc::Receiver<Wake>, lagging: &mut Lagging) {
        let mut wakes = HashSet::from([first]);
        while let Ok(wake) = more.try_recv() {
            wakes.insert(wake);
        }
        for wake in wakes {
            match wake {
                Wake::Joined(project) => self.relay(project, lagging).await,
                Wake::Presence(project) => {
                    self.rooms().say_presence(project);
                    self.tell(project, true);
                }
                Wake::Elsewhere(project) => self.rooms().say_presence(project),
                Wake::Closed(project) => {
                    let gone = self.rooms().by_project.remove(&project);
                    for seat in gone.into_iter().flat_map(|room| room.seats.into_values()) {
                        let _ = seat.socket.disconnect();
                    }
                }
            }
        }
    }

    async fn relay_all(&self, lagging: &mut Lagging) {
        let projects: Vec<ProjectId> = self.rooms().by_project.keys().copied().collect();
        for project in projects {
            self.relay(project, lagging).await;
        }
    }

    /// Hands everyone in a project what they have not had yet, and notes when who lags is tried again.
    async fn relay(&self, project: ProjectId, lagging: &mut Lagging) {
        self.hand_on(project).await;
        let rooms = self.rooms();
        let seats = rooms.by_project.get(&project).into_iter().flat_map(|room| room.seats.values());
        match seats.filter_map(|seat| seat.lags).map(|lag| lag.until).min() {
            // What could not be read now is not looked for again and again.
            Some(until) if until <= Instant::now() => drop(lagging.insert(project, Instant::now() + TICK)),
            Some(until) => drop(lagging.insert(project, until)),
            None => drop(lagging.remove(&project)),
        }
    }

    async fn hand_on(&self, project: ProjectId) {
        while let Some(behind) = self.furthest_behind(project) {
            let followed = self.followed(project);
            match self.read(project, behind, followed.clone()).await {
                Ok(read) => {
                    let whole = read.events.len() < BATCH as usize;
                    self.hand_out(project, &read, &followed);
                    if whole {
                        return;
                    }
                }
                Err(error) => {
                    // The next tick tries again; nobody's place in the stream is lost.
                    tracing::warn!(%error, %project, "the stream could not be read");
                    return;
                }
            }
        }
    }

    /// The place in the stream of whoever is furthest behind, if anyone listens who keeps up.
    fn furthest_behind(&self, project: ProjectId) -> Option<i64> {
        let rooms = self.rooms();
        let room = rooms.by_project.get(&project)?;
        let now = Instant::now();
        let seats = room.seats.values().filter(|seat| !Lag::holds(seat.lags, now)).map(|seat| seat.sent);
        seats.chain(room.streams.values().map(|stream| stream.seen)).min()
    }

    /// What comes after a place in the stream.
    async fn read(&self, project: ProjectId, after: i64, followed: HashSet<RunId>) -> Result<Read> {
        self.store
            .read_in(&Scope::server(project), move |t| {
                let newest = events::newest(t)?;
                let after = after.max(newest - CATCH_UP);
                let events = events::after(t, after, BATCH)?;
                let ended = executions::ended(&events, &followed);
                let outputs = runs::outputs(t, &ended)?.into_iter().collect();
                let some = |event: &Event| {
                    event.kind == EventKind::Notification && event.payload["least"].is_string()
                };
                let roles = if events.iter().any(some) { members::roles(t)? } else { HashMap::new() };
                Ok(Read { newest, events, outputs, roles })
            })
            .await
    }

    fn hand_out(&self, project: ProjectId, read: &Read, followed: &HashSet<RunId>) {
        let Read { newest, events, outputs, roles } = read;
        let messages: Vec<Message> =
            events.iter().map(|event| Message::new(event, followed, outputs)).collect();
        let mut gone: HashSet<PersonId> = HashSet::new();
        {
            let mut rooms = self.rooms();
            let Some(room) = rooms.by_project.get_mut(&project) else { return };
            let now = Instant::now();
            for seat in room.seats.values_mut().filter(|seat| !Lag::holds(seat.lags, now)) {
                if seat.hear(*newest, &messages, roles) == Heard::Removed {
                    gone.insert(seat.caller.person());
                }
            }
            for stream in room.streams.values_mut() {
                let person = stream.caller.person();
                if messages.iter().any(|message| message.seq > stream.seen && message.removes == Some(person))
                {
                    gone.insert(person);
                }
                stream.seen = messages.last().map_or(*newest, |message| message.seq).max(stream.seen);
            }
        }
        if !gone.is_empty() {
            self.send_away(project, |caller| gone.contains(&caller.person()));
        }
    }
}

/// Projects in which someone lags, with when the first of them is tried again.
type Lagging = HashMap<ProjectId, Instant>;

/// How a listener took what was handed to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// They go on listening.
    On,
    /// They were told that they are out of the project, and nothing after that.
    Removed,
}

impl Seat {
    /// Hands on what this listener has not had yet; stops where the socket's queue is full.
    fn hear(&mut self, newest: i64, messages: &[Message], roles: &HashMap<PersonId, Role>) -> Heard {
        let (before, sent) = (self.lags.take(), self.sent);
        let (heard, full) = self.take(newest, messages, roles);
        self.lags = full.then(|| Lag::of(before, self.sent > sent, Instant::now()));
        heard
    }

    /// The same; and whether the queue was full before all was handed on.
    fn take(&mut self, newest: i64, messages: &[Message], roles: &HashMap<PersonId, Role>) -> (Heard, bool) {
        let role = roles.get(&self.caller.person()).copied();
        if newest - self.sent > CATCH_UP {
            let resync = ToClient::Resync { seq: newest };
            let full = self.socket.emit(resync.name(), &resync).is_err();
            if !full {
                self.sent = newest;
            }
            return (Heard::On, full);
        }
        for Message { seq, removes, whole, least, followers } in messages {
            if *seq <= self.sent {
                continue;
            }
            let concerned = least.is_none_or(|least| role.is_some_and(|role| role >= least));
            if let Some(whole) = whole.as_ref().filter(|_| concerned)
                && !whole.to(&self.socket)
            {
                return (Heard::On, true);
            }
            // What followers are told besides may get lost when they are slow: the event itself has told them the state.
            for also in followers.iter().flat_map(|followers| followers.to(&self.follows)) {
                also.to(&self.socket);
            }
            self.sent = *seq;
            if *seq > self.admitted && *removes == Some(self.caller.person()) {
                return (Heard::Removed, false);
            }
        }
        (Heard::On, false)
    }
}
