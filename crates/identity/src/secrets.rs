//! Secrets of the server: sealed by the browser, kept under the master key, never given back.

use std::sync::Arc;

use kernel::{Code, Error, Result};
use serde_json::json;
use store::{audit, settings};
use wire::settings::SealingKey;

use crate::caller::Admin;
use crate::keyring::Keyring;
use crate::{Identity, Secret};

/// What the names of secrets begin with in the settings.
const PREFIX: &str = "secret.";
/// The longest secret, in bytes.
const MAX_SECRET: usize = 2_000;

fn place(name: &str) -> String {
    format!("{PREFIX}{name}")
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
        let keys = self.keyring();
        let bytes = keys.open_box(sealed_base64).ok_or_else(|| {
            Error::field("sealedKey", "was not sealed to this server's key; load the page anew and try again")
        })?;
        let text = std::str::from_utf8(&bytes).map(str::trim).unwrap_or_default();
        if text.is_empty() || text.len() > MAX_SECRET || text.chars().any(char::is_control) {
            return Err(Error::field("sealedKey", format!("must hold a text of 1 to {MAX_SECRET} bytes")));
        }
        let place = place(name);
        let value = keys.seal(&place, text.as_bytes(), &self.inner.ambient)?;
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
        let opened = self.keyring().unseal(&place, &value).ok_or_else(|| {
            Error::new(
                Code::Conflict,
                "This secret was kept under another master key. Bring that key back, or set the secret anew.",
            )
        })?;
        Ok(Some(Secret::new(std::str::from_utf8(&opened).map_err(Error::internal)?)))
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
    Ok(lost)
}
