//! Passwords: hashed by argon2id away from the threads that serve, only so many at once.

use std::sync::Arc;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use kernel::{Ambient, Code, Error, Result};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::credentials::MAX_PASSWORD;

/// Memory of one hash, in KiB. This and the two below: OWASP Password Storage Cheat Sheet, argon2id, second choice
/// ("m=19456 (19 MiB), t=2, p=1").
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes under way at once: each takes a core and 19 MiB.
const AT_ONCE: usize = 2;
/// Hashes under way or waiting; more are turned away at once rather than late.
const PLACES: usize = 64;

/// Hashes and checks passwords. A cheap clone of one shared thing.
#[derive(Clone)]
pub(crate) struct Passwords {
    argon: Argon2<'static>,
    working: Arc<Semaphore>,
    places: Arc<Semaphore>,
    ambient: Ambient,
    /// A hash that no password has, checked in the place of one that is not there, so that both take as long.
    decoy: Arc<str>,
}

impl Passwords {
    pub(crate) fn new(ambient: Ambient) -> Result<Self> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Error::internal)?;
        let decoy = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(Error::internal)?,
            salt: Some(Salt::new(&ambient.bytes::<16>()).map_err(Error::internal)?),
            hash: Some(Output::new(&ambient.bytes::<32>()).map_err(Error::internal)?),
        };
        Ok(Self {
            argon: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            working: Arc::new(Semaphore::new(AT_ONCE)),
            places: Arc::new(Semaphore::new(PLACES)),
            ambient,
            decoy: decoy.to_string().into(),
        })
    }

    /// The hash of a password, in PHC form.
    ///
    /// # Errors
    /// `UNAVAILABLE` when too many wait.
    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        let salt = self.ambient.bytes::<16>();
        let password = Zeroizing::new(password);
        self.work(move |argon| {
            let hash = argon.hash_password_with_salt(password.as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(Error::internal)
        })
        .await
    }

    /// Whether a password has that hash. Without a hash it has not, which takes as long to find.
    ///
    /// # Errors
    /// `UNAVAILABLE` when too many wait.
    pub(crate) async fn matches(&self, password: String, hash: Option<String>) -> Result<bool> {
        let password = Zeroizing::new(password);
        // No password that long was ever set.
        let known = hash.is_some() && password.chars().count() <= MAX_PASSWORD;
        let hash = hash.unwrap_or_else(|| self.decoy.to_string());
        self.work(move |argon| {
            let hash = PasswordHash::new(&hash).map_err(Error::internal)?;
            let bounded = password.get(..password.len().min(4 * MAX_PASSWORD)).unwrap_or_default();
            let same = argon.verify_password(bounded.as_bytes(), &hash).is_ok();
            Ok(same && known)
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let busy = |_| {
            Error::new(
                Code::Unavailable,
                "Too many people sign in at this moment. Try again in a few seconds.",
            )
        };
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(busy)?;
        let turn = Arc::clone(&self.working).acquire_owned().await.map_err(Error::internal)?;
        let argon = self.argon.clone();
        // The permits go along: a caller who hangs up leaves a hash that still takes its core.
        tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            work(&argon)
        })
        .await
        .map_err(Error::internal)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_itself_matches_its_hash() {
        let passwords = Passwords::new(Ambient::system()).unwrap();
        let hash = passwords.hash("correct horse battery".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.matches("correct horse battery".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.matches("correct horse batterz".to_owned(), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn the_hash_of_nobody_costs_what_others_cost_and_is_never_matched() {
        let passwords = Passwords::new(Ambient::system()).unwrap();
        assert!(passwords.decoy.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", passwords.decoy);
        assert!(PasswordHash::new(&passwords.decoy).is_ok());
        assert!(!passwords.matches("correct horse battery".to_owned(), None).await.unwrap());
    }

    #[tokio::test]
    async fn beyond_the_places_one_is_turned_away_at_once() {
        let passwords = Passwords::new(Ambient::system()).unwrap();
        let _all = Arc::clone(&passwords.places).try_acquire_many_owned(PLACES as u32).unwrap();
        let refused = passwords.hash("correct horse battery".to_owned()).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable);
    }
}
