//! Presence: who is in a project and where. Several tabs of a person are one person.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use kernel::{PersonId, ProjectId};
use socketioxide::socket::Sid;
use wire::live::{PresenceState, Present, ToClient};

use super::spoken::Spoken;
use super::{Live, Rooms, Seat, Wake};

/// Colours that the interface has for people.
const COLORS: u8 = 8;
/// The longest path of a screen, in characters.
const LONGEST_VIEW: usize = 200;

impl Rooms {
    /// Seats a connection. True if the person was not there yet.
    pub(super) fn sit(&mut self, project: ProjectId, seat: Seat) -> bool {
        let seats = &mut self.by_project.entry(project).or_default().seats;
        let person = seat.caller.person();
        let first = seats.values().all(|other| other.caller.person() != person);
        seats.insert(seat.socket.id, seat);
        first
    }

    /// Frees a seat. The person, if it was their last.
    pub(super) fn rise(&mut self, project: ProjectId, sid: Sid) -> Option<PersonId> {
        let Entry::Occupied(mut room) = self.by_project.entry(project) else { return None };
        let person = room.get_mut().seats.remove(&sid)?.caller.person();
        let last = room.get().seats.values().all(|other| other.caller.person() != person);
        if room.get().is_empty() {
            room.remove();
        }
        last.then_some(person)
    }

    /// Everyone who is there, in the order of their ids.
    pub(super) fn present(&self, project: ProjectId) -> Vec<Present> {
        let mut people: HashMap<PersonId, &Seat> = HashMap::new();
        for seat in self.by_project.get(&project).into_iter().flat_map(|room| room.seats.values()) {
            let shown = people.entry(seat.caller.person()).or_insert(seat);
            // Of several tabs the one that says where it is.
            if shown.state.view.is_none() {
                *shown = seat;
            }
        }
        let mut present: Vec<Present> = people
            .into_iter()
            .map(|(person, seat)| Present {
                user_id: person,
                user_name: seat.name.clone(),
                color: color(person),
                state: seat.state.clone(),
            })
            .collect();
        present.sort_by_key(|one| one.user_id);
        present
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

impl Live {
    /// Notes where a connection's person is.
    pub(super) fn moved(&self, project: ProjectId, sid: Sid, mut state: PresenceState) {
        if let Some(view) = &mut state.view {
            *view = view.chars().take(LONGEST_VIEW).collect();
        }
        let mut rooms = self.rooms();
        let Some(seat) = rooms.by_project.get_mut(&project).and_then(|room| room.seats.get_mut(&sid)) else {
            return;
        };
        if seat.state != state {
            seat.state = state;
            drop(rooms);
            self.wake(Wake::Presence(project));
        }
    }
}

/// A person's colour: the same on every screen and every day.
fn color(person: PersonId) -> u8 {
    // Summed, because the id's end is chance and its beginning time.
    person.to_string().bytes().fold(0_u8, u8::wrapping_add) % COLORS
}
