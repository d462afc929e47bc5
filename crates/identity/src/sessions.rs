//! Sessions: begun by a sign-in, carried on by rotating refresh tokens, ended by their person or by a token used twice.

use kernel::{Code, Error, PersonId, Result, SessionId, Timestamp};
use serde_json::json;
use store::people::{self, Person};
use store::sessions::{self, Presented};
use store::{Tx, audit};
use wire::auth::{SignedIn, User};

use crate::caller::{Caller, Means};
use crate::standing::Standing;
use crate::{Identity, tokens};

/// How long a session stands after it was last refreshed: 30 days.
const SESSION_MS: i64 = 30 * 24 * 3_600_000;
/// For how long the token before the newest is still answered: two tabs, or an answer that was lost on its way.
const GRACE_MS: i64 = 30_000;
/// Sessions of one person; the one that was quiet for longest ends when there would be more.
const SESSIONS: usize = 100;

/// What a sign-in or a refresh gives.
#[derive(Debug)]
pub struct Opened {
    /// For the body of the answer.
    pub signed_in: SignedIn,
    /// For the cookie that only the browser itself can read.
    pub refresh_token: String,
    /// When the refresh token ends.
    pub refresh_expires: Timestamp,
}

/// A session that was begun in a transaction, before its tokens are made.
pub(crate) struct Begun {
    pub(crate) person: Person,
    session: SessionId,
    refresh_token: String,
    expires: Timestamp,
}

/// A sign-in that can begin a session in any transaction that lets a person in.
#[derive(Clone)]
pub(crate) struct Entry {
    device: String,
    refresh_token: String,
    /// By what the person came in: for the audit log.
    by: String,
}

impl Entry {
    /// Begins the session of `person`.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn begin(&self, tx: &mut Tx<'_>, person: Person) -> Result<Begun> {
        let expires = tx.now().plus_millis(SESSION_MS);
        let hash = tokens::hash(&self.refresh_token);
        let session = sessions::create(tx, person.id, &hash, &self.device, expires)?;
        for quiet in sessions::list(tx, person.id)?.iter().skip(SESSIONS) {
            sessions::end(tx, person.id, quiet.id)?;
        }
        let details = json!({ "by": self.by, "device": session.device });
        audit::write(tx, None, Some(person.id), "session.begun", &session.id.to_string(), &details)?;
        Ok(Begun { person, session: session.id, refresh_token: self.refresh_token.clone(), expires })
    }
}

/// What became of a refresh token that was presented.
enum Renewal {
    Renewed {
        person: PersonId,
        session: SessionId,
        expires: Timestamp,
    },
    /// Someone used it before: it was copied, so the session has ended.
    Reused(SessionId),
    Unknown,
}

/// Who asks is not known. The same words for a bad token, an old one and one whose session has ended.
pub(crate) fn unknown() -> Error {
    Error::new(Code::AuthError, "You are not signed in, or no longer. Sign in and try again.")
}

pub(crate) fn user(person: &Person) -> User {
    User { id: person.id, email: person.email.clone(), name: person.name.clone(), admin: person.admin }
}

impl Identity {
    /// A new entry for someone who comes in `by` something, at a device that names itself.
    pub(crate) fn entry(&self, device: &str, by: &str) -> Entry {
        Entry {
            device: device.chars().filter(|c| !c.is_control()).take(200).collect(),
            refresh_token: tokens::new(&self.inner.ambient, tokens::REFRESH),
            by: by.to_owned(),
        }
    }

    /// The tokens of a session that was begun.
    pub(crate) fn opened(&self, begun: Begun) -> Result<Opened> {
        let (access_token, expires_at) =
            self.keyring().access.token(begun.person.id, begun.session, self.inner.ambient.now())?;
        Ok(Opened {
            signed_in: SignedIn { access_token, expires_at, user: user(&begun.person) },
            refresh_token: begun.refresh_token,
            refresh_expires: begun.expires,
        })
    }

    /// Gives new tokens for a refresh token, which is good no longer. Two tabs that come with the same token within half
    /// a minute get the same new one; later, whoever comes with it ends the session, as one of the two has stolen it.
    ///
    /// # Errors
    /// `AUTH_ERROR` when the token is not good.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Opened> {
        let next = tokens::successor(refresh_token, self.keyring().refresh());
        let (hash, next_hash) = (tokens::hash(refresh_token), tokens::hash(&next));
        let done = self.inner.store.transact(move |tx| {
            let renewal = renew(tx, &hash, &next_hash)?;
            let person = match &renewal {
                Renewal::Renewed { person, .. } => people::get(tx, *person)?,
                _ => None,
            };
            Ok((renewal, person))
        });
        match done.await? {
            (Renewal::Renewed { session, expires, .. }, Some(person)) => {
                self.opened(Begun { person, session, refresh_token: next, expires })
            }
            (Renewal::Reused(session), _) => {
                self.inner.standings.forget(session).await;
                tracing::warn!(%session, "a refresh token was used a second time; its session was ended");
                Err(unknown())
            }
            _ => Err(unknown()),
        }
    }

    /// Ends the session of a refresh token. A token that is not good is fine: there is nothing to end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn logout(&self, refresh_token: &str) -> Result<()> {
        let hash = tokens::hash(refresh_token);
        let ended = self.inner.store.transact(move |tx| {
            let (Presented::Current(session) | Presented::Previous(session)) =
                sessions::presented(tx, &hash)?
            else {
                return Ok(None);
            };
            end(tx, session.person, session.id)?;
            Ok(Some(session.id))
        });
        if let Some(session) = ended.await? {
            self.inner.standings.forget(session).await;
        }
        Ok(())
    }

    /// Who bears a token: an access token of a session that stands, or an API key.
    ///
    /// # Errors
    /// `AUTH_ERROR` when it is neither, or has ended.
    pub async fn authenticate(&self, token: &str) -> Result<Caller> {
        if token.starts_with(tokens::KEY) {
            return self.by_key(token).await;
        }
        let (person, session) =
            self.keyring().access.read(token, self.inner.ambient.now()).ok_or_else(unknown)?;
        let standing = self.standing(person, session).await?.ok_or_else(unknown)?;
        Ok(Caller { person, means: Means::Session { id: session, admin: standing.admin } })
    }

    /// What is known of a person's session, if it stands.
    async fn standing(&self, person: PersonId, session: SessionId) -> Result<Option<Standing>> {
        let read = || {
            self.inner.store.read(move |tx| {
                let Some(session) = sessions::get(tx, session)?.filter(|session| session.person == person)
                else {
                    return Ok(None);
                };
                let admin = people::get(tx, person)?.map(|person| person.admin);
                Ok(admin.map(|admin| Standing { admin, ends: session.expires_at }))
            })
        };
        self.inner.standings.get(person, session, self.inner.ambient.now(), read).await
    }
}

/// Ends a session and says so in the audit log. False if the person has none of that id.
pub(crate) fn end(tx: &mut Tx<'_>, person: PersonId, session: SessionId) -> Result<bool> {
    let ended = sessions::end(tx, person, session)?;
    if ended {
        audit::write(tx, None, Some(person), "session.ended", &session.to_string(), &json!({}))?;
    }
    Ok(ended)
}

fn renew(tx: &mut Tx<'_>, hash: &str, next_hash: &str) -> Result<Renewal> {
    let now = tx.now();
    if let Presented::Current(session) = sessions::presented(tx, hash)? {
        let expires = now.plus_millis(SESSION_MS);
        if session.expires_at <= now {
            return Ok(Renewal::Unknown);
        }
        if sessions::rotate(tx, session.id, hash, next_hash, expires)? {
            return Ok(Renewal::Renewed { person: session.person, session: session.id, expires });
        }
        // Another request with the same token was faster: for this one it is the token before by now.
    }
    let Presented::Previous(session) = sessions::presented(tx, hash)? else {
        return Ok(Renewal::Unknown);
    };
    if session.expires_at <= now {
        return Ok(Renewal::Unknown);
    }
    if now.since(session.rotated_at) >= GRACE_MS {
        let details = json!({ "device": session.device });
        sessions::end(tx, session.person, session.id)?;
        audit::write(tx, None, Some(session.person), "session.reused", &session.id.to_string(), &details)?;
        return Ok(Renewal::Reused(session.id));
    }
    match sessions::presented(tx, next_hash)? {
        Presented::Current(newest) if newest.id == session.id => {
            Ok(Renewal::Renewed { person: session.person, session: session.id, expires: newest.expires_at })
        }
        // The master key changed in between, so that the newest token cannot be told again.
        _ => Ok(Renewal::Unknown),
    }
}
