//! Listeners: how many streams of runs' logs each person has open on this server, and no more than that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::{Code, Error, PersonId, Result};
use serde_json::json;

/// Streams of runs that one person has open at once: tabs and scripts of a busy day, and far from what a server bears.
pub(crate) const MOST: usize = 50;
/// Seconds after which it is worth trying again: a tab that was closed is known to be by then.
const AGAIN: u64 = 5;

/// Who listens to runs. A cheap clone of one shared thing.
#[derive(Clone, Default)]
pub(crate) struct Listeners(Arc<Mutex<HashMap<PersonId, usize>>>);

impl Listeners {
    /// Takes a place for one more stream of a person, until it is dropped.
    ///
    /// # Errors
    /// `RATE_LIMITED` when they have as many as one may have.
    pub(crate) fn take(&self, person: PersonId) -> Result<Place> {
        let mut open = self.lock();
        let own = open.entry(person).or_default();
        if *own >= MOST {
            let told = format!("You follow {MOST} runs at once already. Close one of them, and try again.");
            let details = json!({ "retryAfter": AGAIN, "limit": MOST, "remaining": 0 });
            return Err(Error::new(Code::RateLimited, told).with_details(details));
        }
        *own += 1;
        Ok(Place { listeners: self.clone(), person })
    }

    /// Every change under the lock is whole, so a panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, HashMap<PersonId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One stream's place.
pub(crate) struct Place {
    listeners: Listeners,
    person: PersonId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.listeners.lock();
        if let Some(own) = open.get_mut(&self.person) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::Ambient;

    use super::*;

    #[test]
    fn a_person_has_so_many_streams_and_one_that_ends_makes_room() {
        let (listeners, ambient) = (Listeners::default(), Ambient::system());
        let (ada, ben) = (ambient.id(), ambient.id());
        let mut places: Vec<Place> = (0..MOST).map(|_| listeners.take(ada).unwrap()).collect();
        let refused = listeners.take(ada).err().unwrap();
        assert_eq!(refused.code(), Code::RateLimited);
        // Nobody else has to wait for that.
        drop(listeners.take(ben).unwrap());
        places.pop();
        places.push(listeners.take(ada).unwrap());
        assert!(listeners.take(ada).is_err());
        drop(places);
        assert!(listeners.lock().is_empty(), "who listens to nothing is not remembered");
    }
}
