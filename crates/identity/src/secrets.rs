//! Secrets of the server: sealed by the browser, kept under the master key, never given back.

use std::sync::Arc;

use kernel::{Code, Error, Result};
use serde_json::json;
use store::{Scope, Tenant, audit, project_secrets, settings};
use wire::settings::SealingKey;

use crate::caller::{Admin, Owner, Permit};
use crate::keyring::Keyring;
use crate::{Identity, Secret};

/// What the names of secrets begin with in the settings.
const PREFIX: &str = "secret.";
/// The longest secret, in bytes.
const MAX_SECRET: usize = 2_000;

fn place(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// The place of what the server keeps for itself, beside all secrets: those begin otherwise.
fn place_for(purpose: &str) -> String {
    format!("kept/{purpose}")
}

/// The place of a project's secret. No other secret has it: names of settings have no slash.
fn place_in(project: &str, name: &str) -> String {
    format!("project/{project}/{name}")
}

impl Identity {
    /// The key that browsers seal secrets to.
    #[must_use]
    pub fn sealing_key(&self) -> SealingKey {
        SealingKey { public_key: self.keyring().public() }
    }

    /// Keeps a secret that a browser sealed, in the place of the one there was.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` naming `sealedKey` when it was not sealed to this server's key, or holds no usable text.
    pub async fn keep_secret(&self, admin: &Admin, name: &str, sealed_base64: &str) -> Result<()> {
        // Not while the master key changes: what is sealed under the old one now would be opened by nobody later.
        let _one = self.inner.sealing.lock().await;
        let place = place(name);
        let value = self.sealed_anew(&place, "sealedKey", sealed_base64)?;
        let (person, name) = (admin.person(), name.to_owned());
        self.inner
            .store
            .transact(move |tx| {
                settings::set(tx, &place, &value)?;
                audit::write(tx, None, Some(person), "secret.set", &name, &json!({}))
            })
            .await
    }

    /// The secret of that name.
    ///
    /// # Errors
    /// `CONFLICT` when it was sealed under a master key that this server does not have.
    pub async fn secret(&self, name: &str) -> Result<Option<Secret>> {
        let place = place(name);
        let read = place.clone();
        let Some(value) = self.inner.store.read(move |tx| settings::get(tx, &read)).await? else {
            return Ok(None);
        };
        self.unsealed(&place, &value).map(Some)
    }

    /// Takes a secret that a browser sealed for a project, and has `keep` store it, sealed anew, with whatever belongs to it.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` naming `field` when it was not sealed to this server's key, or holds no usable text; what `keep` says.
    pub async fn keep_project_secret<T: Send + 'static>(
        &self,
        permit: &Permit<Owner>,
        name: &str,
        (field, sealed_base64): (&str, &str),
        keep: impl Fn(&mut Tenant<'_, '_>, &str) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _one = self.inner.sealing.lock().await;
        let place = place_in(&permit.scope().project().to_string(), name);
        let value = self.sealed_anew(&place, field, sealed_base64)?;
        self.inner.store.transact_in(permit.scope(), move |t| keep(t, &value)).await
    }

    /// A secret of a project.
    ///
    /// # Errors
    /// `CONFLICT` when it was sealed under a master key that this server does not have.
    pub async fn project_secret(&self, scope: &Scope, name: &str) -> Result<Option<Secret>> {
        let (read, place) = (name.to_owned(), place_in(&scope.project().to_string(), name));
        let value = self.inner.store.read_in(scope, move |t| project_secrets::get(t, &read)).await?;
        value.map(|value| self.unsealed(&place, &value)).transpose()
    }

    /// What a browser sealed, checked and sealed for its place.
    fn sealed_anew(&self, place: &str, field: &str, sealed_base64: &str) -> Result<String> {
        let keys = self.keyring();
        let bytes = keys.open_box(sealed_base64).ok_or_else(|| {
            Error::field(field, "was not sealed to this server's key; load the page anew and try again")
        })?;
        let text = std::str::from_utf8(&bytes).map(str::trim).unwrap_or_default();
        if text.is_empty() || text.len() > MAX_SECRET || text.chars().any(char::is_control) {
            return Err(Error::field(field, format!("must hold a text of 1 to {MAX_SECRET} bytes")));
        }
        keys.seal(place, text.as_bytes(), &self.inner.ambient)
    }

    fn unsealed(&self, place: &str, value: &str) -> Result<Secret> {
        let opened = self.keyring().unseal(place, value).ok_or_else(|| {
            Error::new(
                Code::Conflict,
                "This secret was kept under another master key. Bring that key back, or set the secret anew.",
            )
        })?;
        Ok(Secret::new(std::str::from_utf8(&opened).map_err(Error::internal)?))
    }

    /// Seals a text that the server keeps for itself. It opens for this purpose and no other, on every server of the
    /// installation; whoever changes the master key loses it.
    ///
    /// # Errors
    /// When it is too long to be sealed.
    pub fn seal(&self, purpose: &str, text: &str) -> Result<String> {
        self.keyring().seal(&place_for(purpose), text.as_bytes(), &self.inner.ambient)
    }

    /// The text that was sealed for this purpose; nothing if it was not, or under a master key that is not here.
    #[must_use]
    pub fn unseal(&self, purpose: &str, sealed: &str) -> Option<String> {
        let text = self.keyring().unseal(&place_for(purpose), sealed)?;
        String::from_utf8(text.to_vec()).ok()
    }

    /// Whether there is a secret of that name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_secret(&self, name: &str) -> Result<bool> {
        let place = place(name);
        Ok(self.inner.store.read(move |tx| settings::get(tx, &place)).await?.is_some())
    }

    /// Forgets the secret of that name, if there is one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_secret(&self, admin: &Admin, name: &str) -> Result<()> {
        let (person, place, name) = (admin.person(), place(name), name.to_owned());
        self.inner
            .store
            .transact(move |tx| {
                if settings::get(tx, &place)?.is_none() {
                    return Ok(());
                }
                settings::remove(tx, &place)?;
                audit::write(tx, None, Some(person), "secret.removed", &name, &json!({}))
            })
            .await
    }

    /// Puts a new master key in the place of the one in use and seals all secrets anew. Access tokens made before are
    /// no longer good (sessions are); a crash at any moment leaves a state from which the next start goes on.
    ///
    /// # Errors
    /// `CONFLICT` when the key comes from the configuration; or when the file or the database fails.
    pub async fn rotate_master_key(&self) -> Result<()> {
        let _one = self.inner.sealing.lock().await;
        let (old, ambient, issuer) =
            (self.keyring(), self.inner.ambient.clone(), self.inner.public_url.clone());
        let renewed = tokio::task::spawn_blocking(move || old.renewed(&issuer, &ambient))
            .await
            .map_err(Error::internal)??;
        self.set_keyring(Arc::new(renewed));
        self.settle().await?;
        self.inner
            .store
            .transact(|tx| audit::write(tx, None, None, "master_key.rotated", "", &json!({})))
            .await
    }

    /// Seals anew whatever is sealed under a former master key, and forgets those keys when nothing needs them.
    pub(crate) async fn settle(&self) -> Result<()> {
        let (keys, ambient) = (self.keyring(), self.inner.ambient.clone());
        let lost = self.inner.store.transact(move |tx| reseal(tx, &keys, &ambient)).await?;
        if lost.is_empty() {
            let keys = self.keyring();
            tokio::task::spawn_blocking(move || keys.trim()).await.map_err(Error::internal)??;
        } else {
            tracing::warn!(secrets = ?lost, "kept under a master key that is not here: bring it back or set them anew");
        }
        Ok(())
    }
}

/// Seals all secrets under the first key; gives the names of those that no key opens.
fn reseal(tx: &mut store::Tx<'_>, keys: &Keyring, ambient: &kernel::Ambient) -> Result<Vec<String>> {
    let mut lost = Vec::new();
    for (place, value) in settings::beginning_with(tx, PREFIX)? {
        if keys.is_current(&value) {
            continue;
        }
        match keys.unseal(&place, &value) {
            Some(text) => settings::set(tx, &place, &keys.seal(&place, &text, ambient)?)?,
            None => lost.push(place),
        }
    }
    for (project, name, value) in project_secrets::all(tx)? {
        if keys.is_current(&value) {
            continue;
        }
        let place = place_in(&project, &name);
        match keys.unseal(&place, &value) {
            Some(text) => project_secrets::reseal(tx, &project, &name, &keys.seal(&place, &text, ambient)?)?,
            None => lost.push(place),
        }
    }
    Ok(lost)
}
