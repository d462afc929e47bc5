//! Presence on other servers: each tells the others who is in its rooms, and forgets what a server says no more.

use std::collections::HashSet;
use std::time::Duration;

use backplane::bus::{Delivery, Pattern, Refused};
use kernel::{NodeId, PersonId, ProjectId};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, MissedTickBehavior, interval};
use wire::live::{Present, ToClient};

use super::{Live, Room, Wake};
use crate::others;

/// Who is in a project on a server.
const HERE: &str = "presence.here";
/// Someone wants to know who is in the project that the message names.
const ASK: &str = "presence.ask";
/// How often a server says who is there, whether that has changed or not.
const BEAT: Duration = Duration::from_secs(5);
/// How long after that it is believed: a server that died has nobody in its rooms by then.
const BELIEVED: Duration = Duration::from_secs(15);
/// Servers that are remembered for one project at most; of others nobody is seen.
const SERVERS: usize = 64;

/// What another server last said of a project.
pub(super) struct Elsewhere {
    pub(super) people: Vec<Present>,
    heard: Instant,
}

/// Who is in a project on one server.
#[derive(Serialize, Deserialize)]
struct Here {
    project: ProjectId,
    people: Vec<Present>,
    /// Whether someone came, went or moved: if not, those who are new to the reader have been there before.
    moved: bool,
}

impl Live {
    /// Hears who is on other servers and tells them who is here, until it is dropped.
    pub(crate) async fn hear_others(self) {
        let bus = self.backplane.bus();
        let (mut here, mut asked) = (bus.subscribe(Pattern::topic(HERE)), bus.subscribe(Pattern::topic(ASK)));
        let mut clock = interval(BEAT);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                said = here.next() => match said {
                    Delivery::Message(message) if message.node == bus.node() => {}
                    Delivery::Message(message) => {
                        if let Ok(here) = serde_json::from_slice(&message.payload) {
                            self.heard(message.node, here);
                        }
                    }
                    Delivery::Missed(_) => self.occupied().into_iter().for_each(|project| self.ask(project)),
                },
                said = asked.next() => match said {
                    Delivery::Message(message) if message.node == bus.node() => {}
                    Delivery::Message(message) => {
                        let project = std::str::from_utf8(&message.payload).ok().and_then(|id| id.parse().ok());
                        if let Some(project) = project.filter(|project| self.occupied().contains(project)) {
                            self.tell(project, false);
                        }
                    }
                    // Everyone hears of this server with its next beat.
                    Delivery::Missed(_) => {}
                },
                _ = clock.tick() => {
                    self.forget_silent();
                    self.occupied().into_iter().for_each(|project| self.tell(project, false));
                }
            }
        }
    }

    /// Asks other servers who is in a project.
    pub(super) fn ask(&self, project: ProjectId) {
        if self.backplane.is_shared() {
            others::tell(self.backplane.bus(), ASK, project);
        }
    }

    /// Tells other servers who is in a project here. Of more people than a message holds the last are not told.
    pub(super) fn tell(&self, project: ProjectId, moved: bool) {
        if !self.backplane.is_shared() {
            return;
        }
        let mut here = Here { project, people: self.rooms().here(project), moved };
        while let Ok(text) = serde_json::to_vec(&here) {
            match self.backplane.bus().publish(HERE, text) {
                Err(Refused::TooLarge) if !here.people.is_empty() => {
                    here.people.truncate(here.people.len() / 2)
                }
                _ => return,
            }
        }
    }

    /// Tells other servers that nobody is here any more: this one ends.
    pub(crate) fn empty(&self) {
        let rooms = self.occupied();
        self.rooms().by_project.clear();
        rooms.into_iter().for_each(|project| self.tell(project, true));
    }

    /// The projects in which someone has a seat here.
    fn occupied(&self) -> Vec<ProjectId> {
        let rooms = self.rooms();
        let occupied = rooms.by_project.iter().filter(|(_, room)| !room.seats.is_empty());
        occupied.map(|(project, _)| *project).collect()
    }

    /// Another server says who is there. What nobody here would see is not remembered.
    fn heard(&self, node: NodeId, here: Here) {
        self.look_again(here.project, here.moved, |room| {
            if room.elsewhere.len() < SERVERS || room.elsewhere.contains_key(&node) {
                room.elsewhere.insert(node, Elsewhere { people: here.people, heard: Instant::now() });
            }
        });
    }

    /// Forgets what was said too long ago.
    fn forget_silent(&self) {
        for project in self.occupied() {
            self.look_again(project, false, |room| {
                room.elsewhere.retain(|_, elsewhere| elsewhere.heard.elapsed() < BELIEVED);
            });
        }
    }

    /// Changes what is known of other servers, and tells those who are here what that means.
    fn look_again(&self, project: ProjectId, moved: bool, change: impl FnOnce(&mut Room)) {
        let mut rooms = self.rooms();
        let Some(room) = rooms.by_project.get_mut(&project).filter(|room| !room.seats.is_empty()) else {
            return;
        };
        let before = room.people();
        change(room);
        let after = room.people();
        let ids =
            |people: &[Present]| -> HashSet<PersonId> { people.iter().map(|one| one.user_id).collect() };
        let (were, are) = (ids(&before), ids(&after));
        for new in after.iter().filter(|one| moved && !were.contains(&one.user_id)) {
            let (user_id, user_name) = (new.user_id, new.user_name.clone());
            rooms.say(project, &ToClient::UserJoined { user_id, user_name, project_id: project }, None);
        }
        for user_id in were.difference(&are).copied() {
            rooms.say(project, &ToClient::UserLeft { user_id, project_id: project }, None);
        }
        drop(rooms);
        if before != after {
            self.wake(Wake::Elsewhere(project));
        }
    }
}
