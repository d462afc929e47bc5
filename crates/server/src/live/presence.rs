//! Presence: who is in a project and where. Several tabs of a person are one person.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, btree_map};

use kernel::{PersonId, ProjectId};
use socketioxide::socket::Sid;
use wire::live::{PresenceState, Present, ToClient};

use super::spoken::Spoken;
use super::{Room, Rooms, Seat};

/// Colours that the interface has for people.
const COLORS: u8 = 8;
/// The longest path of a screen, in characters.
const LONGEST_VIEW: usize = 200;

impl Room {
    /// Everyone who is there, on any server, in the order of their ids.
    pub(super) fn people(&self) -> Vec<Present> {
        let elsewhere = self.elsewhere.values().flat_map(|elsewhere| elsewhere.people.iter().cloned());
        one_each(self.seats.values().map(Seat::present).chain(elsewhere))
    }

    fn has(&self, person: PersonId) -> bool {
        let elsewhere = self.elsewhere.values().flat_map(|elsewhere| &elsewhere.people);
        self.seats.values().any(|seat| seat.caller.person() == person)
            || elsewhere.into_iter().any(|one| one.user_id == person)
    }
}

impl Seat {
    fn present(&self) -> Present {
        let person = self.caller.person();
        Present {
            user_id: person,
            user_name: self.name.clone(),
            color: color(person),
            state: self.state.clone(),
        }
    }
}

/// Each person once: of several tabs the one that says where it is.
fn one_each(tabs: impl Iterator<Item = Present>) -> Vec<Present> {
    let mut people: BTreeMap<PersonId, Present> = BTreeMap::new();
    for tab in tabs {
        match people.entry(tab.user_id) {
            btree_map::Entry::Vacant(place) => drop(place.insert(tab)),
            btree_map::Entry::Occupied(mut place) if place.get().state.view.is_none() => {
                place.insert(tab);
            }
            btree_map::Entry::Occupied(_) => {}
        }
    }
    people.into_values().collect()
}

impl Rooms {
    /// Seats a connection. True if the person was not there yet.
    pub(super) fn sit(&mut self, project: ProjectId, seat: Seat) -> bool {
        let room = self.by_project.entry(project).or_default();
        let first = !room.has(seat.caller.person());
        room.seats.insert(seat.socket.id, seat);
        first
    }

    /// Frees a seat. The person, if it was their last.
    pub(super) fn rise(&mut self, project: ProjectId, sid: Sid) -> Option<PersonId> {
        let Entry::Occupied(mut room) = self.by_project.entry(project) else { return None };
        let person = room.get_mut().seats.remove(&sid)?.caller.person();
        let last = !room.get().has(person);
        if room.get().is_empty() {
            room.remove();
        }
        last.then_some(person)
    }

    /// Everyone who is in a project on this server.
    pub(super) fn here(&self, project: ProjectId) -> Vec<Present> {
        let seats = self.by_project.get(&project).into_iter().flat_map(|room| room.seats.values());
        one_each(seats.map(Seat::present))
    }

    /// Says who is there, on any server: to everyone if that has changed, else to those who have not heard it. A thousand tabs
    /// that open would hear of each other otherwise, and each keep the room that this takes in its queue.
    pub(super) fn say_presence(&mut self, project: ProjectId) {
        let Some(room) = self.by_project.get_mut(&project) else { return };
        let present = room.people();
        let changed = room.told != present;
        room.told.clone_from(&present);
        let Some(spoken) = Spoken::new(&ToClient::Presence { present }) else { return };
        for seat in room.seats.values_mut().filter(|seat| changed || !seat.greeted) {
            seat.greeted = spoken.to(&seat.socket);
        }
    }

    /// Says something volatile to everyone in a project, but for one connection. Who is too slow misses it.
    pub(super) fn say(&self, project: ProjectId, message: &ToClient, but: Option<Sid>) {
        let Some(spoken) = Spoken::new(message) else { return };
        for (sid, seat) in self.by_project.get(&project).into_iter().flat_map(|room| &room.seats) {
            if Some(*sid) != but {
                spoken.to(&seat.socket);
            }
        }
    }
}

impl Seat {
    /// Notes where the connection's person is. Whether that is elsewhere than before.
    pub(super) fn moves(&mut self, mut state: PresenceState) -> bool {
        if let Some(view) = &mut state.view {
            *view = view.chars().take(LONGEST_VIEW).collect();
        }
        let moved = self.state != state;
        self.state = state;
        moved
    }
}

/// A person's colour: the same on every screen and every day.
fn color(person: PersonId) -> u8 {
    // Summed, because the id's end is chance and its beginning time.
    person.to_string().bytes().fold(0_u8, u8::wrapping_add) % COLORS
}
