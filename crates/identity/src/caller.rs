//! Who asks, and the proofs of what they may: only the checks here make them.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use kernel::{Code, Error, KeyId, PersonId, ProjectId, Result, Role, SessionId};
use store::{Scope, members};
use wire::auth::KeyScope;

use crate::Identity;

/// Someone who is known, and by what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Caller {
    pub(crate) person: PersonId,
    pub(crate) means: Means,
}

/// By what a caller is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Means {
    Session { id: SessionId, admin: bool },
    Key { id: KeyId, scope: KeyScope },
}

impl Caller {
    /// Who it is.
    #[must_use]
    pub fn person(&self) -> PersonId {
        self.person
    }

    /// The session that they are known by; absent for an API key.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        match self.means {
            Means::Session { id, .. } => Some(id),
            Means::Key { .. } => None,
        }
    }

    /// Whether they are known by an API key.
    #[must_use]
    pub fn is_key(&self) -> bool {
        matches!(self.means, Means::Key { .. })
    }

    /// Whether they may change anything at all.
    ///
    /// # Errors
    /// `FORBIDDEN` for an API key that may only read.
    pub fn may_write(&self) -> Result<()> {
        match self.means {
            Means::Key { scope: KeyScope::Read, .. } => {
                Err(Error::new(Code::Forbidden, "This API key may only read. Make one that may write."))
            }
            _ => Ok(()),
        }
    }

    /// The session of a person who is there themselves.
    ///
    /// # Errors
    /// `FORBIDDEN` for an API key.
    pub(crate) fn in_person(&self) -> Result<SessionId> {
        self.session().ok_or_else(|| {
            Error::new(
                Code::Forbidden,
                "An API key may not do this. Sign in with your password in the browser.",
            )
        })
    }
}

mod sealed {
    pub trait Sealed {}
}

/// What a permit stands for: [`Viewer`], [`Editor`] or [`Owner`].
pub trait Right: sealed::Sealed + Send + Sync + 'static {
    /// The least role that has it.
    const LEAST: Role;
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}

        impl sealed::Sealed for $name {}

        impl Right for $name {
            const LEAST: Role = Role::$name;
        }
    )*};
}

rights! {
    /// To read and to ask.
    Viewer;
    /// To change what is in the project.
    Editor;
    /// To decide who is in the project, and whether it exists.
    Owner;
}

/// The proof that a caller may do in a project what `R` stands for.
pub struct Permit<R> {
    caller: Caller,
    scope: Scope,
    right: PhantomData<fn() -> R>,
}

impl<R> Permit<R> {
    /// What the store lets into the project by.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whose permit it is.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

impl<R> Clone for Permit<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Permit<R> {}

impl<R> fmt::Debug for Permit<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("caller", &self.caller).field("scope", &self.scope).finish()
    }
}

/// The proof that a person administers the server, and is there themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admin(PersonId);

impl Admin {
    /// Who it is.
    #[must_use]
    pub fn person(&self) -> PersonId {
        self.0
    }
}

impl Identity {
    /// Permits a caller to do in a project what `R` stands for.
    ///
    /// # Errors
    /// `NOT_FOUND` for those who are no members, who thereby learn nothing; `FORBIDDEN` for members of a lower role and
    /// for API keys that may only read.
    pub async fn permit<R: Right>(&self, caller: &Caller, project: ProjectId) -> Result<Permit<R>> {
        let person = caller.person;
        let scope = self.inner.store.read(move |tx| Scope::admit(tx, person, project, R::LEAST)).await?;
        if R::LEAST > Role::Viewer {
            caller.may_write()?;
        }
        Ok(Permit { caller: *caller, scope, right: PhantomData })
    }

    /// The proof that a caller administers the server.
    ///
    /// # Errors
    /// `FORBIDDEN` for everyone else, and for API keys whosesoever they are.
    pub fn admin(&self, caller: &Caller) -> Result<Admin> {
        match caller.means {
            Means::Session { admin: true, .. } => Ok(Admin(caller.person)),
            Means::Session { .. } => {
                Err(Error::new(Code::Forbidden, "Only who administers this server may do this."))
            }
            Means::Key { .. } => Err(Error::new(
                Code::Forbidden,
                "An API key may not administer the server. Sign in in the browser.",
            )),
        }
    }

    /// As what a person is in a project; nothing for those who are no members.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn membership(&self, person: PersonId, project: ProjectId) -> Result<Option<Role>> {
        let admitted = self.inner.store.read(move |tx| Scope::admit(tx, person, project, Role::Viewer)).await;
        match admitted {
            Ok(scope) => Ok(Some(scope.role())),
            Err(error) if error.code() == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Those of the callers, who opened connections earlier, that may no longer hear of a project: they have signed out,
    /// their key is good no more, or they are no members any more. The database is asked once for all of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn turned_out(&self, callers: HashSet<Caller>, project: ProjectId) -> Result<HashSet<Caller>> {
        let of_project = Scope::server(project);
        let turned_out = self.inner.store.read_in(&of_project, move |t| {
            let (mut sessions, mut keys) = (Vec::new(), Vec::new());
            for caller in &callers {
                match caller.means {
                    Means::Session { id, .. } => sessions.push(id),
                    Means::Key { id, .. } => keys.push(id),
                }
            }
            let (sessions, keys) = members::present(t, &sessions, &keys)?;
            let out = |caller: &&Caller| match caller.means {
                Means::Session { id, .. } => !sessions.contains(&id),
                Means::Key { id, .. } => !keys.contains(&id),
            };
            Ok(callers.iter().filter(out).copied().collect())
        });
        turned_out.await
    }
}
