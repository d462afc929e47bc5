//! Invitations: a link that lets one address into one project, once.

use kernel::{Code, Error, Result};
use store::{members, people};
use wire::people::{AcceptInvitation, AcceptedInvitation, CreateInvitation, CreatedInvitation};

use crate::caller::{Caller, Owner, Permit};
use crate::credentials::{check_password, email, name};
use crate::sessions::{Opened, unknown};
use crate::{Identity, tokens};

/// How long an invitation is open: 7 days.
const INVITATION_MS: i64 = 7 * 24 * 3_600_000;

impl Identity {
    /// Invites someone to the permit's project. The link is given this once.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` naming the field; `CONFLICT` when that address is a member's.
    pub async fn invite(
        &self,
        permit: &Permit<Owner>,
        request: CreateInvitation,
    ) -> Result<CreatedInvitation> {
        let email = email(&request.email)?;
        let token = tokens::new(&self.inner.ambient, tokens::INVITATION);
        let hash = tokens::hash(&token);
        let made = self.inner.store.transact_in(permit.scope(), move |t| {
            let expires = t.now().plus_millis(INVITATION_MS);
            members::invite(t, &email, request.role, &hash, expires)
        });
        let invitation = made.await?;
        Ok(CreatedInvitation { link: format!("{}/invite#token={token}", self.inner.public_url), invitation })
    }

    /// Accepts an invitation: as the caller whose address it is for, or as a new person, who is then signed in.
    ///
    /// # Errors
    /// `NOT_FOUND` when the invitation is not open; `FORBIDDEN` when it is for another address, and for API keys;
    /// `CONFLICT` when nobody is signed in but the address has an account; `VALIDATION_ERROR` naming the field.
    pub async fn accept(
        &self,
        caller: Option<&Caller>,
        request: AcceptInvitation,
        device: &str,
    ) -> Result<(AcceptedInvitation, Option<Opened>)> {
        let token = tokens::hash(&request.token);
        match caller {
            Some(caller) => self.accept_as(caller, token).await,
            None => self.accept_as_new(request, token, device).await,
        }
    }

    async fn accept_as(
        &self,
        caller: &Caller,
        token: String,
    ) -> Result<(AcceptedInvitation, Option<Opened>)> {
        caller.in_person()?;
        let person = caller.person;
        let joined = self.inner.store.transact(move |tx| {
            let found = members::by_token(tx, &token)?;
            let person = people::get(tx, person)?.ok_or_else(unknown)?;
            if person.email != found.email {
                return Err(Error::new(
                    Code::Forbidden,
                    "This invitation is for another e-mail address. Ask for one to the address of your account.",
                ));
            }
            members::accept(tx, &found, person.id)?;
            Ok(found.project)
        });
        Ok((AcceptedInvitation { project_id: joined.await?, signed_in: None }, None))
    }

    async fn accept_as_new(
        &self,
        request: AcceptInvitation,
        token: String,
        device: &str,
    ) -> Result<(AcceptedInvitation, Option<Opened>)> {
        let shown = token.clone();
        // First the token: a stranger learns nothing and costs no hash.
        let found = self.inner.store.read(move |tx| {
            let found = members::by_token(tx, &shown)?;
            if people::by_email(tx, &found.email)?.is_some() {
                return Err(has_account());
            }
            Ok(found)
        });
        let email = found.await?.email;
        let name = name(request.name.as_deref(), &email)?;
        let password =
            request.password.ok_or_else(|| Error::field("password", "is needed for a new account"))?;
        check_password("password", &password, &email)?;
        let hash = self.inner.passwords.hash(password).await?;
        let entry = self.entry(device, "invitation");
        let joined = self.inner.store.transact(move |tx| {
            let found = members::by_token(tx, &token)?;
            if people::by_email(tx, &found.email)?.is_some() {
                return Err(has_account());
            }
            let person = people::create(tx, &found.email, &name, Some(&hash), false)?;
            members::accept(tx, &found, person.id)?;
            Ok((found.project, entry.begin(tx, person)?))
        });
        let (project_id, begun) = joined.await?;
        let opened = self.opened(begun)?;
        Ok((AcceptedInvitation { project_id, signed_in: Some(opened.signed_in.clone()) }, Some(opened)))
    }
}

/// Who holds the link may know this: it was sent to the address.
fn has_account() -> Error {
    Error::new(
        Code::Conflict,
        "There is an account with this e-mail address. Sign in, then open the link again.",
    )
}
