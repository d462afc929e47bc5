//! One's own account: name, password, sessions, API keys.

use kernel::{Code, Error, KeyId, Result, SessionId};
use serde_json::json;
use store::{audit, keys, people, sessions};
use wire::auth::{CreateKey, CreatedKey, Key, KeyScope, Session, UpdateMe, User};

use crate::caller::{Caller, Means};
use crate::credentials::{check_password, label};
use crate::sessions::{end, unknown, user};
use crate::{Identity, tokens};

/// Days that a key is good if nobody says how many.
const KEY_DAYS: u32 = 90;
/// The most days that a key is good.
const MAX_KEY_DAYS: u32 = 365;
const DAY_MS: i64 = 24 * 3_600_000;
/// Keys of one person.
const KEYS: usize = 100;

impl Identity {
    /// Who the caller is.
    ///
    /// # Errors
    /// `AUTH_ERROR` when the person is gone.
    pub async fn me(&self, caller: &Caller) -> Result<User> {
        let person = caller.person;
        let found = self.inner.store.read(move |tx| people::get(tx, person)).await?;
        found.as_ref().map(user).ok_or_else(unknown)
    }

    /// Changes the caller's name or password. A new password ends all their other sessions.
    ///
    /// # Errors
    /// `FORBIDDEN` for an API key; `VALIDATION_ERROR` naming the field; `RATE_LIMITED` after too many wrong passwords.
    pub async fn update_me(&self, caller: &Caller, change: UpdateMe) -> Result<User> {
        let (id, stays) = (caller.person, caller.in_person()?);
        let name = change.name.as_deref().map(|name| label("name", name)).transpose()?;
        let person = self.inner.store.read(move |tx| people::get(tx, id)).await?.ok_or_else(unknown)?;
        let hash = match change.new_password {
            Some(new) => {
                check_password("newPassword", &new, &person.email)?;
                self.prove(&person, change.current_password).await?;
                Some(self.inner.passwords.hash(new).await?)
            }
            None => None,
        };
        let fresh = hash.is_some();
        let changed = self.inner.store.transact(move |tx| {
            people::update(tx, id, name.as_deref(), hash.as_deref())?;
            if hash.is_some() {
                sessions::end_others(tx, id, Some(stays))?;
                audit::write(tx, None, Some(id), "password.changed", &id.to_string(), &json!({}))?;
            }
            people::get(tx, id)?.ok_or_else(unknown)
        });
        let changed = changed.await?;
        if fresh {
            self.inner.standings.forget_all_of(id).await;
        }
        Ok(user(&changed))
    }

    /// Whether a person knows their present password. Who has none, because they sign in elsewhere, has nothing to know.
    async fn prove(&self, person: &people::Person, current: Option<String>) -> Result<()> {
        if person.password_hash.is_none() {
            return Ok(());
        }
        let current =
            current.ok_or_else(|| Error::field("currentPassword", "is needed to set a new password"))?;
        let attempt = self.inner.attempts.begin(&person.email, None).await?;
        if !self.inner.passwords.matches(current, person.password_hash.clone()).await? {
            return Err(Error::field("currentPassword", "is not right"));
        }
        self.inner.attempts.forgive(&attempt).await;
        Ok(())
    }

    /// The caller's signed-in devices, the one used last first.
    ///
    /// # Errors
    /// `FORBIDDEN` for an API key.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<Session>> {
        let (person, current) = (caller.person, caller.in_person()?);
        let rows = self.inner.store.read(move |tx| sessions::list(tx, person)).await?;
        let shown = rows.into_iter().map(|row| Session {
            id: row.id,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            device: row.device,
            current: row.id == current,
        });
        Ok(shown.collect())
    }

    /// Ends a session of the caller; its access token is good no longer from this moment.
    ///
    /// # Errors
    /// `NOT_FOUND` when they have none of that id; `FORBIDDEN` for an API key.
    pub async fn end_session(&self, caller: &Caller, session: SessionId) -> Result<()> {
        caller.in_person()?;
        let person = caller.person;
        let ended = self.inner.store.transact(move |tx| end(tx, person, session)).await?;
        self.inner.standings.forget(session).await;
        if ended { Ok(()) } else { Err(Error::not_found("session")) }
    }

    /// Makes an API key, which is given this once.
    ///
    /// # Errors
    /// `FORBIDDEN` for an API key; `VALIDATION_ERROR` naming the field; `CONFLICT` when there are too many.
    pub async fn create_key(&self, caller: &Caller, request: CreateKey) -> Result<CreatedKey> {
        caller.in_person()?;
        let (person, name) = (caller.person, label("name", &request.name)?);
        let days = request.expires_in_days.unwrap_or(KEY_DAYS);
        if !(1..=MAX_KEY_DAYS).contains(&days) {
            return Err(Error::field("expiresInDays", format!("must be 1 to {MAX_KEY_DAYS}")));
        }
        let scope = request.scope.unwrap_or(KeyScope::Write);
        let key = tokens::new(&self.inner.ambient, tokens::KEY);
        let (hash, hint) = (tokens::hash(&key), tokens::hint(&key));
        let about = self.inner.store.transact(move |tx| {
            let now = tx.now();
            // What has ended is only kept as long as there is room.
            let (good, ended): (Vec<_>, Vec<_>) =
                keys::list(tx, person)?.into_iter().partition(|key| key.expires_at > now);
            if good.len() >= KEYS {
                let sentence = format!("You have {KEYS} API keys, which is the most. Take one back first.");
                return Err(Error::new(Code::Conflict, sentence));
            }
            for old in ended.iter().rev().take((good.len() + ended.len() + 1).saturating_sub(KEYS)) {
                keys::remove(tx, person, old.id)?;
            }
            let key = keys::create(
                tx,
                person,
                &name,
                scope,
                &hash,
                &hint,
                now.plus_millis(i64::from(days) * DAY_MS),
            )?;
            let details = json!({ "name": name, "scope": scope, "expiresAt": key.expires_at });
            audit::write(tx, None, Some(person), "key.created", &key.id.to_string(), &details)?;
            Ok(key)
        });
        Ok(CreatedKey { key, about: about.await? })
    }

    /// The caller's API keys, newest first.
    ///
    /// # Errors
    /// `FORBIDDEN` for an API key.
    pub async fn keys(&self, caller: &Caller) -> Result<Vec<Key>> {
        caller.in_person()?;
        let person = caller.person;
        self.inner.store.read(move |tx| keys::list(tx, person)).await
    }

    /// Takes an API key of the caller back, from this moment.
    ///
    /// # Errors
    /// `NOT_FOUND` when they have none of that id; `FORBIDDEN` for an API key.
    pub async fn remove_key(&self, caller: &Caller, key: KeyId) -> Result<()> {
        caller.in_person()?;
        let person = caller.person;
        let removed = self.inner.store.transact(move |tx| {
            if !keys::remove(tx, person, key)? {
                return Err(Error::not_found("key"));
            }
            audit::write(tx, None, Some(person), "key.removed", &key.to_string(), &json!({}))
        });
        removed.await
    }

    /// Who bears an API key.
    pub(crate) async fn by_key(&self, key: &str) -> Result<Caller> {
        let hash = tokens::hash(key);
        let holder = self.inner.store.read(move |tx| keys::holder(tx, &hash)).await?.ok_or_else(unknown)?;
        if holder.note_use {
            self.inner.store.transact(move |tx| keys::used(tx, holder.key)).await?;
        }
        Ok(Caller { person: holder.person, means: Means::Key { id: holder.key, scope: holder.scope } })
    }
}
