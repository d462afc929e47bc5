//! Scope: the proof that someone was let into a project. Every tenant query takes one, and only a check mints it.

use std::ops::{Deref, DerefMut};

use kernel::{Error, PersonId, ProjectId, Result, Role};

use crate::db::{Tx, args};

/// The proof that a person may act in a project, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    project: ProjectId,
    actor: Option<PersonId>,
    role: Role,
}

impl Scope {
    /// Admits `person` to `project` if they are a member with at least the role `least`.
    ///
    /// # Errors
    /// `NOT_FOUND` for those who are no members, who thereby learn nothing; `FORBIDDEN` for members of a lower role.
    pub fn admit(tx: &mut Tx<'_>, person: PersonId, project: ProjectId, least: Role) -> Result<Self> {
        let role = tx
            .query_opt(
                "SELECT role FROM members WHERE project_id = $1 AND person_id = $2",
                args![project, person],
                |row| row.named::<Role>(0),
            )?
            .ok_or_else(|| Error::not_found("project"))?;
        if role < least {
            return Err(Error::new(
                kernel::Code::Forbidden,
                format!(
                    "This needs the role {least}; yours is {role}. An owner of the project can change that."
                ),
            ));
        }
        Ok(Self { project, actor: Some(person), role })
    }

    /// The server's own scope on a project, for work that no person asked for at this moment: indexing, relaying,
    /// retention. Never to be made from what a request says.
    #[must_use]
    pub fn server(project: ProjectId) -> Self {
        Self { project, actor: None, role: Role::Owner }
    }

    /// The project that this admits to.
    #[must_use]
    pub fn project(&self) -> ProjectId {
        self.project
    }

    /// Who acts; nobody for the server itself.
    #[must_use]
    pub fn actor(&self) -> Option<PersonId> {
        self.actor
    }

    /// As what they act.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }
}

/// A transaction within one project.
pub struct Tenant<'t, 'c> {
    tx: &'t mut Tx<'c>,
    scope: Scope,
}

impl<'t, 'c> Tenant<'t, 'c> {
    /// Narrows a transaction to the project that `scope` admits to.
    pub fn new(tx: &'t mut Tx<'c>, scope: Scope) -> Self {
        Self { tx, scope }
    }

    /// The scope of this transaction.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The project of this transaction.
    #[must_use]
    pub fn project(&self) -> ProjectId {
        self.scope.project
    }

    /// Waits until no other transaction holds the project, and holds it until this one ends. SQLite has one writer, so
    /// there nothing is to be waited for.
    ///
    /// # Errors
    /// `NOT_FOUND` when the project is gone.
    pub fn one_at_a_time(&mut self) -> Result<()> {
        let lock = if self.is_sqlite() { "" } else { "FOR NO KEY UPDATE" };
        let project = self.project();
        self.query_opt(&format!("SELECT id FROM projects WHERE id = $1 {lock}"), args![project], |_| Ok(()))?
            .ok_or_else(|| Error::not_found("project"))
    }
}

impl<'c> Deref for Tenant<'_, 'c> {
    type Target = Tx<'c>;
    fn deref(&self) -> &Tx<'c> {
        self.tx
    }
}

impl<'c> DerefMut for Tenant<'_, 'c> {
    fn deref_mut(&mut self) -> &mut Tx<'c> {
        self.tx
    }
}
