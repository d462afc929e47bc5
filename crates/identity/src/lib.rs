//! Who people are and what they may: set-up, sign-in, sessions, API keys, permits, invitations, sealed secrets.
//!
//! Nothing here knows HTTP. What a request bears (a token, an address, a device's name) comes in as an argument; what a
//! caller may do goes out as a proof, a [`Permit`] or an [`Admin`], that only the checks here can make.

mod access;
mod account;
mod attempts;
mod caller;
mod credentials;
mod invitations;
mod keyring;
mod outside;
mod password;
mod runners;
pub mod same_origin;
mod secret;
mod secrets;
mod sessions;
mod setup;
mod sign_in;
mod slack;
mod standing;
mod tokens;

pub use caller::{Admin, Caller, Editor, Owner, Permit, Right, Viewer};
pub use outside::{Departure, Protocol, ProviderOptions};
pub use runners::OwnKey;
pub use secret::Secret;
pub use sessions::Opened;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use kernel::{Ambient, Error, Result};
use store::Store;

/// How identity is configured.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder for the master key's file.
    pub data: PathBuf,
    /// Where browsers reach the server, without a slash at the end: links begin with it, and tokens name it.
    pub public_url: String,
    /// The master key, 32 bytes in base 64, if it is not to be kept in a file. Former keys may stand behind it, with
    /// commas between them; what was sealed under them is sealed anew at the start.
    pub master_key: Option<Secret>,
    /// Where else people may sign in.
    pub providers: Vec<ProviderOptions>,
}

/// Who people are and what they may. A cheap clone of one shared thing.
#[derive(Clone)]
pub struct Identity {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    ambient: Ambient,
    public_url: String,
    keys: RwLock<Arc<keyring::Keyring>>,
    /// Held while secrets are sealed and while the master key changes.
    sealing: tokio::sync::Mutex<()>,
    passwords: password::Passwords,
    attempts: attempts::Attempts,
    standings: standing::Standings,
    providers: outside::Providers,
}

impl Identity {
    /// Opens identity over a store and what servers share; makes the master key if there is none yet.
    ///
    /// # Errors
    /// When the master key cannot be read or made, a provider is not configured well, or the database fails.
    pub async fn open(
        store: Store,
        backplane: &backplane::Handle,
        ambient: Ambient,
        options: Options,
    ) -> Result<Self> {
        let providers = outside::Providers::new(options.providers)?;
        let public_url = options.public_url.trim_end_matches('/').to_owned();
        let (issuer, world) = (public_url.clone(), ambient.clone());
        let keys = tokio::task::spawn_blocking(move || {
            keyring::Keyring::open(&options.data, options.master_key.as_ref(), &issuer, &world)
        })
        .await
        .map_err(Error::internal)??;
        let identity = Self {
            inner: Arc::new(Inner {
                store,
                public_url,
                keys: RwLock::new(Arc::new(keys)),
                sealing: tokio::sync::Mutex::default(),
                passwords: password::Passwords::new(ambient.clone())?,
                attempts: attempts::Attempts::new(backplane),
                standings: standing::Standings::new(backplane.cache()),
                providers,
                ambient,
            }),
        };
        identity.settle().await?;
        Ok(identity)
    }

    fn keyring(&self) -> Arc<keyring::Keyring> {
        Arc::clone(&self.inner.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_keyring(&self, keys: Arc<keyring::Keyring>) {
        *self.inner.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("public_url", &self.inner.public_url).finish_non_exhaustive()
    }
}
