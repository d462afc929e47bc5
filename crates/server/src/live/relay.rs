//! The relay: reads each project's stream when it is told of something new, and hands it to those who listen, in order.

use std::collections::HashSet;
use std::time::Duration;

use kernel::{Event, PersonId, ProjectId, Result};
use store::{Scope, events, runs};
use tokio::sync::broadcast::error::RecvError;
use wire::live::ToClient;

use super::executions::{self, Followers, Outputs};
use super::{Live, Seat, Wake, told};

/// An event as it is told.
struct Message {
    seq: i64,
    /// To everyone, if it is told at all.
    whole: Option<ToClient>,
    /// And besides to those who follow its run.
    followers: Option<Followers>,
}

/// Events that are read at once.
const BATCH: u32 = 500;
/// A listener who missed more than this reads everything anew instead.
const CATCH_UP: i64 = 1000;
/// How often slow listeners are tried again, and events are looked for of which other servers' word was lost.
const TICK: Duration = Duration::from_secs(1);

impl Live {
    /// Relays until the store closes. Runs once; a second call returns at once.
    pub(crate) async fn run(self) {
        let taken = self.relay.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let Some(mut woken) = taken else { return };
        let mut hints = self.store.hints();
        let mut clock = tokio::time::interval(TICK);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                hint = hints.recv() => match hint {
                    Ok(project) => self.relay(project).await,
                    // Too many hints at once: every project that is listened to is looked at.
                    Err(RecvError::Lagged(_)) => self.relay_all().await,
                    Err(RecvError::Closed) => return,
                },
                wake = woken.recv() => match wake {
                    Some(wake) => self.woken(wake, &mut woken).await,
                    None => return,
                },
                _ = clock.tick() => self.relay_all().await,
            }
        }
    }

    /// Does what waits. Several wake-ups for one thing are one.
    async fn woken(&self, first: Wake, more: &mut tokio::sync::mpsc::Receiver<Wake>) {
        let mut wakes = HashSet::from([first]);
        while let Ok(wake) = more.try_recv() {
            wakes.insert(wake);
        }
        for wake in wakes {
            match wake {
                Wake::Joined(project) => self.relay(project).await,
                Wake::Presence(project) => {
                    self.say_presence(project);
                    self.tell(project, true);
                }
                Wake::Elsewhere(project) => self.say_presence(project),
                Wake::Closed(project) => {
                    let gone = self.rooms().by_project.remove(&project);
                    for seat in gone.into_iter().flat_map(|room| room.seats.into_values()) {
                        let _ = seat.socket.disconnect();
                    }
                }
            }
        }
    }

    fn say_presence(&self, project: ProjectId) {
        let rooms = self.rooms();
        rooms.say(project, &ToClient::Presence { present: rooms.present(project) }, None);
    }

    async fn relay_all(&self) {
        let projects: Vec<ProjectId> = {
            let mut rooms = self.rooms();
            rooms
                .by_project
                .values_mut()
                .flat_map(|room| room.seats.values_mut())
                .for_each(|seat| seat.lags = false);
            rooms.by_project.keys().copied().collect()
        };
        for project in projects {
            self.relay(project).await;
        }
    }

    /// Hands everyone in a project what they have not had yet.
    async fn relay(&self, project: ProjectId) {
        while let Some(behind) = self.furthest_behind(project) {
            match self.read(project, behind).await {
                Ok((newest, events, outputs)) => {
                    let whole = events.len() < BATCH as usize;
                    self.hand_out(project, newest, &events, &outputs);
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
        let seats = room.seats.values().filter(|seat| !seat.lags).map(|seat| seat.sent);
        seats.chain(room.streams.values().map(|stream| stream.seen)).min()
    }

    /// What comes after a place in the stream, and what the steps gave that ended there in runs that someone follows.
    async fn read(&self, project: ProjectId, after: i64) -> Result<(i64, Vec<Event>, Outputs)> {
        let followed = self.followed(project);
        self.store
            .read_in(&Scope::server(project), move |t| {
                let newest = events::newest(t)?;
                let after = after.max(newest - CATCH_UP);
                let events = events::after(t, after, BATCH)?;
                let ended = executions::ended(&events, &followed);
                let outputs = runs::outputs(t, &ended)?.into_iter().collect();
                Ok((newest, events, outputs))
            })
            .await
    }

    fn hand_out(&self, project: ProjectId, newest: i64, events: &[Event], outputs: &Outputs) {
        let messages: Vec<Message> = events
            .iter()
            .map(|event| {
                let whole = told(event);
                let followers = whole.as_ref().and_then(|whole| executions::told(whole, outputs));
                Message { seq: event.seq, whole, followers }
            })
            .collect();
        let mut gone: HashSet<PersonId> = HashSet::new();
        {
            let mut rooms = self.rooms();
            let Some(room) = rooms.by_project.get_mut(&project) else { return };
            for seat in room.seats.values_mut().filter(|seat| !seat.lags) {
                if seat.hear(newest, &messages) == Heard::Removed {
                    gone.insert(seat.caller.person());
                }
            }
            for stream in room.streams.values_mut() {
                let person = stream.caller.person();
                if messages.iter().any(|message| message.seq > stream.seen && removes(&message.whole, person))
                {
                    gone.insert(person);
                }
                stream.seen = messages.last().map_or(newest, |message| message.seq).max(stream.seen);
            }
        }
        if !gone.is_empty() {
            self.send_away(project, |caller| gone.contains(&caller.person()));
        }
    }
}

/// Whether an event tells that this person was taken out of the project.
fn removes(message: &Option<ToClient>, person: PersonId) -> bool {
    matches!(message, Some(ToClient::MemberUpdated { user_id, removed: true, .. }) if *user_id == person)
}

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
    fn hear(&mut self, newest: i64, messages: &[Message]) -> Heard {
        if newest - self.sent > CATCH_UP {
            let resync = ToClient::Resync { seq: newest };
            self.lags = self.socket.emit(resync.name(), &resync).is_err();
            if !self.lags {
                self.sent = newest;
            }
            return Heard::On;
        }
        for Message { seq, whole, followers } in messages {
            if *seq <= self.sent {
                continue;
            }
            if let Some(whole) = whole
                && self.socket.emit(whole.name(), whole).is_err()
            {
                self.lags = true;
                return Heard::On;
            }
            // What followers are told besides may get lost when they are slow: the event itself has told them the state.
            for also in followers.iter().flat_map(|followers| followers.to(&self.follows)) {
                let _ = self.socket.emit(also.name(), also);
            }
            self.sent = *seq;
            if *seq > self.admitted && removes(whole, self.caller.person()) {
                return Heard::Removed;
            }
        }
        Heard::On
    }
}
