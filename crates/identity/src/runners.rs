//! The keys by which machines join the fleet. A key says which runner it is, whatever the machine says of itself.

use kernel::{Ambient, Code, Error, PageRequest, ProjectId, Result, RunnerId};
use store::events::Listed;
use store::runners::{self, Bearer};
use wire::fleet::{AdmitRunner, CreateRunner, CreatedRunner, Runner};
use wire::runner::PROJECTS;

use crate::caller::Caller;
use crate::credentials::label;
use crate::sessions::unknown;
use crate::{Identity, tokens};

/// Runners of one person.
const RUNNERS: i64 = 5_000;
/// How long the key before the present one is good, in milliseconds: long enough to put the new one on the machine.
const GRACE_MS: i64 = 5 * 60_000;

/// A key that a machine makes for itself, with what it tells of it.
pub struct OwnKey {
    /// What it joins with. Nobody else is told.
    pub key: String,
    /// Its SHA-256.
    pub hash: String,
    /// Its first characters.
    pub hint: String,
}

impl OwnKey {
    /// A new one.
    #[must_use]
    pub fn make(ambient: &Ambient) -> Self {
        Self::of(tokens::new(ambient, tokens::RUNNER))
    }

    /// One that was made before.
    #[must_use]
    pub fn of(key: String) -> Self {
        Self { hash: tokens::hash(&key), hint: tokens::hint(&key), key }
    }
}

impl Identity {
    /// Lets a machine of the caller join the fleet by a key, which is given this once.
    ///
    /// # Errors
    /// `FORBIDDEN` for an API key; `VALIDATION_ERROR` naming the field; `CONFLICT` when there are too many.
    pub async fn create_runner(&self, caller: &Caller, request: CreateRunner) -> Result<CreatedRunner> {
        caller.in_person()?;
        let key = self.runner_key();
        let (hash, hint) = (tokens::hash(&key), tokens::hint(&key));
        let about = self.make_runner(caller, &request.name, (hash, hint), Vec::new()).await?;
        Ok(CreatedRunner { key, about })
    }

    /// Lets a machine of the caller join the fleet that has made a key of its own: nobody else ever has it.
    ///
    /// # Errors
    /// As [`Identity::create_runner`].
    pub async fn admit_runner(&self, caller: &Caller, request: AdmitRunner) -> Result<Runner> {
        caller.in_person()?;
        let AdmitRunner { name, hash, hint, projects } = request;
        if hash.len() != 64 || !hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(Error::field("hash", "must be 64 hexadecimal digits"));
        }
        if !(4..=10).contains(&hint.len()) || !hint.starts_with(tokens::RUNNER) {
            return Err(Error::field("hint", "must be the first characters of a runner's key"));
        }
        if projects.len() > PROJECTS {
            return Err(Error::field("projects", format!("must be at most {PROJECTS}")));
        }
        self.make_runner(caller, &name, (hash, hint), projects).await
    }

    async fn make_runner(
        &self,
        caller: &Caller,
        name: &str,
        (hash, hint): (String, String),
        projects: Vec<ProjectId>,
    ) -> Result<Runner> {
        let (person, name) = (caller.person, label("name", name)?);
        let made = self.inner.store.transact(move |tx| {
            if runners::bearer(tx, &hash)?.is_some() {
                return Err(Error::new(
                    Code::Conflict,
                    "A runner with this key has joined the fleet already.",
                ));
            }
            if runners::count(tx, person)? >= RUNNERS {
                let sentence = format!("You have {RUNNERS} runners, which is the most. Remove one first.");
                return Err(Error::new(Code::Conflict, sentence));
            }
            let runner = runners::create(tx, person, &name, &hash, &hint)?;
            let bearer = Bearer { runner: runner.id, owner: person };
            runners::note(tx, bearer, "runner.created")?;
            runners::mean(tx, bearer, &projects)?;
            Ok(runner)
        });
        made.await
    }

    /// The caller's runners, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn runners(&self, caller: &Caller, page: &PageRequest) -> Result<Listed<Runner>> {
        let (person, page) = (caller.person, page.clone());
        self.inner.store.read(move |tx| runners::list(tx, person, &page)).await
    }

    /// Gives a runner of the caller another key, which is given this once. The present one is good for five minutes more,
    /// one before that no longer.
    ///
    /// # Errors
    /// `NOT_FOUND` when they have none of that id; `FORBIDDEN` for an API key.
    pub async fn renew_runner_key(&self, caller: &Caller, runner: RunnerId) -> Result<CreatedRunner> {
        caller.in_person()?;
        let person = caller.person;
        let key = self.runner_key();
        let (hash, hint) = (tokens::hash(&key), tokens::hint(&key));
        let about = self.inner.store.transact(move |tx| {
            let until = tx.now().plus_millis(GRACE_MS);
            let renewed = runners::renew(tx, person, runner, (&hash, &hint), until)?;
            let renewed = renewed.ok_or_else(|| Error::not_found("runner"))?;
            runners::note(tx, Bearer { runner, owner: person }, "runner.key_changed")?;
            Ok(renewed)
        });
        Ok(CreatedRunner { key, about: about.await? })
    }

    /// Takes a runner of the caller out of the fleet: its keys are good no longer from this moment.
    ///
    /// # Errors
    /// `NOT_FOUND` when they have none of that id; `FORBIDDEN` for an API key.
    pub async fn remove_runner(&self, caller: &Caller, runner: RunnerId) -> Result<()> {
        caller.in_person()?;
        let person = caller.person;
        let removed = self.inner.store.transact(move |tx| {
            // Before: what it serves goes with it. If it is another's, nothing of this stays.
            runners::note(tx, Bearer { runner, owner: person }, "runner.removed")?;
            if runners::remove(tx, person, runner)? { Ok(()) } else { Err(Error::not_found("runner")) }
        });
        removed.await
    }

    /// Which runner bears a key, and whose it is.
    ///
    /// # Errors
    /// `AUTH_ERROR` when no runner does, or does any more.
    pub async fn runner(&self, key: &str) -> Result<Bearer> {
        let hash = tokens::hash(key);
        self.inner.store.read(move |tx| runners::bearer(tx, &hash)).await?.ok_or_else(unknown)
    }

    fn runner_key(&self) -> String {
        tokens::new(&self.inner.ambient, tokens::RUNNER)
    }
}
