//! Signing in by e-mail and password: one answer, in one time, for all that is wrong.

use std::net::IpAddr;

use kernel::{Code, Error, Result};
use serde_json::json;
use store::{audit, people};
use wire::auth::LoginRequest;

use crate::Identity;
use crate::credentials::normal_email;
use crate::sessions::Opened;

/// How much of a failed sign-in's address the audit log keeps, in characters.
const KEPT_OF_ADDRESS: usize = 254;

impl Identity {
    /// Signs a person in.
    ///
    /// # Errors
    /// `AUTH_ERROR`, the same for an unknown address and a wrong password; `RATE_LIMITED` after too many failures of the
    /// account or from the address.
    pub async fn login(&self, request: LoginRequest, device: &str, from: IpAddr) -> Result<Opened> {
        let email: String = normal_email(&request.email).chars().take(KEPT_OF_ADDRESS).collect();
        let attempt = self.inner.attempts.begin(&email, Some(from)).await?;
        let sought = email.clone();
        let person = self.inner.store.read(move |tx| people::by_email(tx, &sought)).await?;
        let hash = person.as_ref().and_then(|person| person.password_hash.clone());
        let good = self.inner.passwords.matches(request.password, hash).await?;
        match person {
            Some(person) if good => {
                self.inner.attempts.forgive(&attempt).await;
                let entry = self.entry(device, "password");
                let begun = self.inner.store.transact(move |tx| entry.begin(tx, person.clone())).await?;
                self.opened(begun)
            }
            known => {
                let person = known.map(|person| person.id);
                let write = self.inner.store.transact(move |tx| {
                    audit::write(
                        tx,
                        None,
                        person,
                        "session.refused",
                        &email,
                        &json!({ "from": from.to_string() }),
                    )
                });
                write.await?;
                Err(Error::new(Code::AuthError, "The e-mail address or the password is not right."))
            }
        }
    }
}
