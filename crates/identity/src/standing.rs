//! Which sessions stand: a small cache, so that a request with an access token needs no query.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kernel::{PersonId, SessionId, Timestamp};

/// How long an answer of the database is good. What this server itself ends, it forgets at once; a session that another
/// server on the same database ended is known here after this time.
const GOOD_FOR_MS: i64 = 30_000;
/// Sessions that are remembered. At the bound all are forgotten, which costs each of them one query.
const SESSIONS: usize = 20_000;

/// What is known of a session that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) person: PersonId,
    pub(crate) admin: bool,
    /// When the session ends if it is not refreshed.
    pub(crate) ends: Timestamp,
    /// When the database said so.
    pub(crate) read_at: Timestamp,
}

/// How often something was forgotten, as a reader saw it before it asked the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen(u64);

#[derive(Default)]
struct Known {
    sessions: HashMap<SessionId, Standing>,
    forgotten: u64,
}

/// The sessions that are known to stand.
#[derive(Default)]
pub(crate) struct Standings(Mutex<Known>);

impl Standings {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a session, or what [`Self::learn`] needs to be told with the database's answer.
    pub(crate) fn get(&self, session: SessionId, now: Timestamp) -> Result<Standing, Seen> {
        let known = self.known();
        let fresh = |standing: &&Standing| {
            now < standing.ends && (0..GOOD_FOR_MS).contains(&now.since(standing.read_at))
        };
        known.sessions.get(&session).filter(fresh).copied().ok_or(Seen(known.forgotten))
    }

    /// Remembers what the database said, unless something was forgotten since: that may have been this session.
    pub(crate) fn learn(&self, session: SessionId, standing: Standing, seen: Seen) {
        let mut known = self.known();
        if known.forgotten != seen.0 {
            return;
        }
        if known.sessions.len() >= SESSIONS {
            known.sessions.clear();
        }
        known.sessions.insert(session, standing);
    }

    /// A session has ended.
    pub(crate) fn forget(&self, session: SessionId) {
        let mut known = self.known();
        known.forgotten += 1;
        known.sessions.remove(&session);
    }

    /// Some of a person's sessions have ended.
    pub(crate) fn forget_all_of(&self, person: PersonId) {
        let mut known = self.known();
        known.forgotten += 1;
        known.sessions.retain(|_, standing| standing.person != person);
    }
}

#[cfg(test)]
mod tests {
    use kernel::Id;

    use super::*;

    fn standing(read_at: i64) -> Standing {
        Standing {
            person: PersonId::from_bits(1),
            admin: false,
            ends: Timestamp(90_000),
            read_at: Timestamp(read_at),
        }
    }

    #[test]
    fn an_answer_is_good_for_half_a_minute_and_not_beyond_the_sessions_end() {
        let (standings, session) = (Standings::default(), SessionId::from_bits(1));
        let seen = standings.get(session, Timestamp(0)).unwrap_err();
        standings.learn(session, standing(0), seen);
        assert_eq!(standings.get(session, Timestamp(29_999)), Ok(standing(0)));
        assert!(standings.get(session, Timestamp(30_000)).is_err());
        standings.learn(session, standing(80_000), seen);
        assert!(standings.get(session, Timestamp(89_999)).is_ok());
        assert!(standings.get(session, Timestamp(90_000)).is_err());
    }

    #[test]
    fn an_answer_from_before_the_end_of_a_session_is_not_remembered() {
        let (standings, session) = (Standings::default(), SessionId::from_bits(1));
        let seen = standings.get(session, Timestamp(0)).unwrap_err();
        standings.forget(session);
        standings.learn(session, standing(0), seen);
        assert!(standings.get(session, Timestamp(0)).is_err());
    }

    #[test]
    fn the_cache_has_a_bound() {
        let standings = Standings::default();
        for bits in 0..=SESSIONS as u128 {
            let session = SessionId::from_bits(bits);
            let seen = standings.get(session, Timestamp(0)).unwrap_err();
            standings.learn(session, standing(0), seen);
        }
        assert!(standings.known().sessions.len() <= SESSIONS);
    }
}
