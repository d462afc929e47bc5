//! Which sessions stand: through the cache, so that a request with an access token needs no query, and the end of a
//! session is known to all servers at once.

use backplane::cache::Cache;
use bytes::Bytes;
use kernel::{Error, PersonId, Result, SessionId, Timestamp};
use serde::{Deserialize, Serialize};

/// How long an answer of the database is good, in milliseconds: so long, at most, is a session good whose end a server
/// stored and, ending itself for good, told nobody.
const GOOD_FOR_MS: i64 = 30_000;

/// What is known of a session that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) admin: bool,
    /// When the session ends if it is not refreshed.
    pub(crate) ends: Timestamp,
}

/// The sessions that are known to stand.
pub(crate) struct Standings(Cache);

/// Why there is nothing to keep.
enum Miss {
    Ended,
    Failed(Error),
}

impl Standings {
    pub(crate) fn new(cache: &Cache) -> Self {
        Self(cache.at_most(GOOD_FOR_MS))
    }

    /// What is known of a person's session, if it stands at `now`; `read` asks the database.
    ///
    /// # Errors
    /// Those of `read`.
    pub(crate) async fn get<F: Future<Output = Result<Option<Standing>>>>(
        &self,
        person: PersonId,
        session: SessionId,
        now: Timestamp,
        read: impl Fn() -> F,
    ) -> Result<Option<Standing>> {
        let (of_session, of_person) = (session_tag(session), person_tag(person));
        let fetch = async {
            let standing = read().await.map_err(Miss::Failed)?.ok_or(Miss::Ended)?;
            serde_json::to_vec(&standing)
                .map(Bytes::from)
                .map_err(|error| Miss::Failed(Error::internal(error)))
        };
        match self.0.get(&format!("standing:{session}"), &[&of_session, &of_person], fetch).await {
            Ok(kept) => match serde_json::from_slice::<Standing>(&kept) {
                Ok(standing) if now < standing.ends => Ok(Some(standing)),
                // It may have been refreshed since.
                _ => read().await,
            },
            Err(Miss::Ended) => Ok(None),
            Err(Miss::Failed(error)) => Err(error),
        }
    }

    /// A session has ended.
    pub(crate) async fn forget(&self, session: SessionId) {
        self.0.invalidate(&[&session_tag(session)]).await;
    }

    /// Some of a person's sessions have ended.
    pub(crate) async fn forget_all_of(&self, person: PersonId) {
        self.0.invalidate(&[&person_tag(person)]).await;
    }
}

fn session_tag(session: SessionId) -> String {
    format!("session:{session}")
}

fn person_tag(person: PersonId) -> String {
    format!("person:{person}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use kernel::{Ambient, Clock, Id, ManualClock, SeededRandom};

    use super::*;

    const SESSION_MS: i64 = 90_000;

    /// Standings over a database in which the session stands until it is ended, and which counts how often it is asked.
    struct House {
        clock: Arc<ManualClock>,
        standings: Standings,
        asked: AtomicU32,
        ends: Option<Timestamp>,
    }

    impl House {
        fn new() -> Self {
            let clock = Arc::new(ManualClock::at(Timestamp(0)));
            let ambient = Ambient::new(clock.clone(), Arc::new(SeededRandom::new(1)));
            let standings = Standings::new(backplane::Handle::alone(ambient).cache());
            Self { clock, standings, asked: AtomicU32::new(0), ends: Some(Timestamp(SESSION_MS)) }
        }

        /// Whether it stands, and how often the database was asked for that by now.
        async fn look(&self) -> (bool, u32) {
            let (person, session, now) = (PersonId::from_bits(1), SessionId::from_bits(2), self.clock.now());
            let read = || async {
                self.asked.fetch_add(1, Ordering::SeqCst);
                Ok(self.ends.filter(|ends| now < *ends).map(|ends| Standing { admin: false, ends }))
            };
            let standing = self.standings.get(person, session, now, read).await.unwrap();
            (standing.is_some(), self.asked.load(Ordering::SeqCst))
        }
    }

    #[tokio::test]
    async fn an_answer_is_good_for_half_a_minute_and_not_beyond_the_sessions_end() {
        let house = House::new();
        assert_eq!(house.look().await, (true, 1));
        house.clock.advance(GOOD_FOR_MS - 1);
        assert_eq!(house.look().await, (true, 1));
        house.clock.advance(1);
        assert_eq!(house.look().await, (true, 2));
        house.clock.advance(GOOD_FOR_MS);
        assert_eq!(house.look().await, (true, 3));
        house.clock.advance(GOOD_FOR_MS - 1);
        assert_eq!(house.look().await, (true, 3));
        house.clock.advance(1);
        assert!(!house.look().await.0);
    }

    #[tokio::test]
    async fn a_session_that_was_ended_stands_no_longer_from_that_moment() {
        let mut house = House::new();
        for all in [false, true] {
            house.ends = Some(Timestamp(SESSION_MS));
            assert!(house.look().await.0);
            house.ends = None;
            match all {
                false => house.standings.forget(SessionId::from_bits(2)).await,
                true => house.standings.forget_all_of(PersonId::from_bits(1)).await,
            }
            assert!(!house.look().await.0);
        }
    }

    #[tokio::test]
    async fn a_session_that_does_not_stand_is_asked_for_each_time() {
        let mut house = House::new();
        house.ends = None;
        assert_eq!(house.look().await, (false, 1));
        house.ends = Some(Timestamp(SESSION_MS));
        assert_eq!(house.look().await, (true, 2));
    }
}
