//! The first person: made once, by who can read the server's console.

use kernel::{Code, Error, Result};
use serde_json::json;
use store::people::{self, Person};
use store::{Tx, audit, settings};
use wire::auth::{SetupRequest, User};

use crate::credentials::{check_password, email, name};
use crate::sessions::{Opened, user};
use crate::{Identity, tokens};

/// Where the hash of the one-time token is kept.
const TOKEN: &str = "setup.token";

impl Identity {
    /// Whether the server still waits for its first person.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn setup_required(&self) -> Result<bool> {
        Ok(!self.inner.store.read(people::any).await?)
    }

    /// A new one-time token for the set-up, in the place of any before it; nothing once there is a person.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn setup_token(&self) -> Result<Option<String>> {
        let token = tokens::new(&self.inner.ambient, tokens::SETUP);
        let hash = tokens::hash(&token);
        let made = self.inner.store.transact(move |tx| {
            if people::any(tx)? {
                return Ok(false);
            }
            settings::set(tx, TOKEN, &hash)?;
            Ok(true)
        });
        Ok(made.await?.then_some(token))
    }

    /// Makes the first person, who administers the server, and signs them in.
    ///
    /// # Errors
    /// `AUTH_ERROR` when the token is wrong and when there is a person already, which look the same;
    /// `VALIDATION_ERROR` naming the field.
    pub async fn setup(&self, request: SetupRequest, device: &str) -> Result<Opened> {
        let token = tokens::hash(&request.token);
        let shown = token.clone();
        // First the token: a stranger learns nothing and costs no hash.
        self.inner.store.read(move |tx| check(tx, &shown)).await?;
        let email = email(&request.email)?;
        let name = name(request.name.as_deref(), &email)?;
        check_password("password", &request.password, &email)?;
        let hash = self.inner.passwords.hash(request.password).await?;
        let entry = self.entry(device, "setup");
        let begun = self.inner.store.transact(move |tx| {
            check(tx, &token)?;
            let person = first_person(tx, &email, &name, &hash)?.ok_or_else(refused)?;
            entry.begin(tx, person)
        });
        self.opened(begun.await?)
    }

    /// Makes the first person from the command line of the server's own machine.
    ///
    /// # Errors
    /// `CONFLICT` when there is a person already; `VALIDATION_ERROR` naming the field.
    pub async fn setup_headless(
        &self,
        email_text: &str,
        password: &str,
        said: Option<String>,
    ) -> Result<User> {
        let done = || Error::new(Code::Conflict, "This server has been set up already; nothing was changed.");
        if !self.setup_required().await? {
            return Err(done());
        }
        let email = email(email_text)?;
        let name = name(said.as_deref(), &email)?;
        check_password("password", password, &email)?;
        let hash = self.inner.passwords.hash(password.to_owned()).await?;
        let person =
            self.inner.store.transact(move |tx| first_person(tx, &email, &name, &hash)?.ok_or_else(done));
        Ok(user(&person.await?))
    }
}

fn refused() -> Error {
    Error::new(
        Code::AuthError,
        "This set-up link is not good, or no longer. The newest one stands on the server's console.",
    )
}

/// Whether a token, by its hash, is the one that waits. Hashes of 256 random bits may be compared in any time.
fn check(tx: &mut Tx<'_>, token_hash: &str) -> Result<()> {
    let good = settings::get(tx, TOKEN)?.is_some_and(|kept| kept == token_hash) && !people::any(tx)?;
    if good { Ok(()) } else { Err(refused()) }
}

/// Makes the first person; nobody if there is one. The token dies with it.
fn first_person(tx: &mut Tx<'_>, email: &str, name: &str, hash: &str) -> Result<Option<Person>> {
    // Whoever writes this row first goes first; the other finds the person there.
    settings::set(tx, TOKEN, "")?;
    if people::any(tx)? {
        return Ok(None);
    }
    let person = people::create(tx, email, name, Some(hash), true)?;
    settings::remove(tx, TOKEN)?;
    audit::write(tx, None, Some(person.id), "server.set_up", &person.id.to_string(), &json!({}))?;
    Ok(Some(person))
}
