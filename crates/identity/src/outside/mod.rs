//! Signing in elsewhere: by `OpenID` Connect or GitHub, for people who are known here or were invited.

mod github;
mod http;
mod oidc;

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{Ambient, Code, Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::people::Person;
use store::{Tx, audit, members, people};
use wire::auth::SignInProvider;

use crate::credentials::{email, name};
use crate::sessions::{Begun, Entry, Opened};
use crate::{Identity, Secret};

/// How long one may take at the provider.
const AWAY_MS: i64 = 10 * 60_000;
/// What a sign-in's state is sealed for.
const STATE: &str = "sign-in.state";

/// A provider that people may sign in at.
#[derive(Debug, Clone)]
pub struct ProviderOptions {
    /// As addresses name it: lower-case letters, digits and `-`. Kept with each account that came by it.
    pub id: String,
    /// As people know it.
    pub label: String,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// What the provider calls this server.
    pub client_id: String,
    /// What this server proves itself by.
    pub client_secret: Secret,
    /// Where the provider sends the browser back: it must be registered there.
    pub redirect_url: String,
}

/// How a provider is spoken to.
#[derive(Debug, Clone)]
pub enum Protocol {
    /// `OpenID` Connect: everything else is found at the issuer's address.
    OpenId {
        /// The issuer's address, exactly as it names itself.
        issuer: String,
    },
    /// GitHub's OAuth, which is no `OpenID` Connect.
    Github {
        /// Where people sign in: `https://github.com`, or a server of one's own.
        web: String,
        /// Where programs ask: `https://api.github.com`, or `https://HOST/api/v3`.
        api: String,
    },
}

impl Protocol {
    /// GitHub itself.
    #[must_use]
    pub fn github() -> Self {
        Self::Github { web: "https://github.com".to_owned(), api: "https://api.github.com".to_owned() }
    }
}

/// The way to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// Where to send the browser.
    pub url: String,
    /// What the browser will come back with. To be kept in a cookie too, and compared: so nobody can be made to finish
    /// the sign-in of someone else.
    pub state: String,
}

/// What must be known again when the browser comes back. It travels sealed, so that no server needs to remember it.
#[derive(Serialize, Deserialize)]
struct Away {
    provider: String,
    nonce: String,
    verifier: String,
    until: Timestamp,
}

/// What a provider says of a person.
struct Vouched {
    /// Who they are there, for good.
    subject: String,
    /// Their address, only if the provider has verified it.
    email: Option<String>,
    name: Option<String>,
}

/// The providers of this server.
pub(crate) struct Providers {
    list: Vec<Provider>,
    /// Absent when there is no provider to talk to.
    http: Option<http::Http>,
}

struct Provider {
    options: ProviderOptions,
    found: oidc::Found,
}

impl Providers {
    /// # Errors
    /// `VALIDATION_ERROR` when a provider's id is not one, or is there twice.
    pub(crate) fn new(options: Vec<ProviderOptions>) -> Result<Self> {
        let mut seen = HashSet::new();
        for provider in &options {
            let plain = provider.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            if provider.id.is_empty() || !plain || !seen.insert(provider.id.clone()) {
                let reason =
                    format!("`{}` must be lower-case letters, digits and `-`, and there once", provider.id);
                return Err(Error::field("signIn.id", reason));
            }
        }
        let http = (!options.is_empty()).then(http::Http::new).transpose().map_err(Error::internal)?;
        let list =
            options.into_iter().map(|options| Provider { options, found: oidc::Found::default() }).collect();
        Ok(Self { list, http })
    }

    fn named(&self, id: &str) -> Result<(&Provider, &http::Http)> {
        let provider = self.list.iter().find(|provider| provider.options.id == id);
        provider.zip(self.http.as_ref()).ok_or_else(|| Error::not_found("way to sign in"))
    }
}

impl Identity {
    /// The other ways to sign in.
    #[must_use]
    pub fn providers(&self) -> Vec<SignInProvider> {
        let shown = |provider: &Provider| SignInProvider {
            id: provider.options.id.clone(),
            label: provider.options.label.clone(),
        };
        self.inner.providers.list.iter().map(shown).collect()
    }

    /// Where to send a browser to sign in at a provider.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown provider; `PROVIDER_ERROR` when it cannot be reached.
    pub async fn begin(&self, provider: &str) -> Result<Departure> {
        let (provider, http) = self.inner.providers.named(provider)?;
        let ambient = &self.inner.ambient;
        let away = Away {
            provider: provider.options.id.clone(),
            nonce: chance(ambient),
            verifier: chance(ambient),
            until: ambient.now().plus_millis(AWAY_MS),
        };
        let text = serde_json::to_vec(&away).map_err(Error::internal)?;
        let state = self.keyring().seal(STATE, &text, ambient)?;
        let options = &provider.options;
        let url = match &options.protocol {
            Protocol::OpenId { issuer } => {
                let metadata = provider.found.metadata(http, issuer, ambient.now()).await?;
                oidc::leave(metadata, options, &away, &state)?
            }
            Protocol::Github { web, .. } => github::leave(web, options, &away, &state)?,
        };
        Ok(Departure { url, state })
    }

    /// Signs in whom a provider sent back. Who is not known here comes in only by an open invitation to the address that
    /// the provider has verified; an account here that has that address is theirs.
    ///
    /// # Errors
    /// `AUTH_ERROR` when the sign-in was declined, took too long, or is not what the provider vouched for; `FORBIDDEN`
    /// for those who were not invited; `PROVIDER_ERROR` when the provider fails.
    pub async fn finish(&self, provider: &str, code: &str, state: &str, device: &str) -> Result<Opened> {
        let (provider, http) = self.inner.providers.named(provider)?;
        let (options, now) = (&provider.options, self.inner.ambient.now());
        let text = self.keyring().unseal(STATE, state).ok_or_else(lapsed)?;
        let away: Away = serde_json::from_slice(&text).map_err(|_| lapsed())?;
        if away.provider != options.id || away.until <= now {
            return Err(lapsed());
        }
        if code.is_empty() {
            return Err(Error::new(
                Code::AuthError,
                "The sign-in was declined there. Nothing was changed here.",
            ));
        }
        let vouched = match &options.protocol {
            Protocol::OpenId { issuer } => {
                let metadata = provider.found.metadata(http, issuer, now).await?;
                Box::pin(oidc::come_back(http, metadata, options, &away, code, now)).await?
            }
            Protocol::Github { web, api } => {
                Box::pin(github::come_back(http, web, api, options, &away, code)).await?
            }
        };
        let entry = self.entry(device, &options.id);
        let id = options.id.clone();
        let begun = self.inner.store.transact(move |tx| admit(tx, &id, &vouched, &entry)).await?;
        self.opened(begun)
    }
}

/// Lets in whom a provider vouches for.
fn admit(tx: &mut Tx<'_>, provider: &str, vouched: &Vouched, entry: &Entry) -> Result<Begun> {
    if let Some(person) = people::by_identity(tx, provider, &vouched.subject)? {
        return entry.begin(tx, person);
    }
    let email = vouched.email.as_deref().ok_or_else(stranger)?;
    if let Some(person) = people::by_email(tx, email)? {
        link(tx, &person, provider, &vouched.subject)?;
        return entry.begin(tx, person);
    }
    let invitations = members::by_email(tx, email)?;
    if invitations.is_empty() {
        return Err(stranger());
    }
    // A name that does not fit is no reason to stay outside.
    let shown = name(vouched.name.as_deref(), email).or_else(|_| name(None, email))?;
    let person = people::create(tx, email, &shown, None, false)?;
    link(tx, &person, provider, &vouched.subject)?;
    for invitation in &invitations {
        members::accept(tx, invitation, person.id)?;
    }
    entry.begin(tx, person)
}

fn link(tx: &mut Tx<'_>, person: &Person, provider: &str, subject: &str) -> Result<()> {
    people::link_identity(tx, person.id, provider, subject)?;
    let details = json!({ "provider": provider });
    audit::write(tx, None, Some(person.id), "identity.linked", &person.id.to_string(), &details)
}

/// The address that a provider has verified, if it can be one.
fn verified(address: Option<&str>, verified: bool) -> Option<String> {
    address.filter(|_| verified).and_then(|address| email(address).ok())
}

/// 256 bits of chance as text: a nonce, or a verifier of RFC 7636.
fn chance(ambient: &Ambient) -> String {
    URL_SAFE_NO_PAD.encode(ambient.bytes::<32>())
}

fn lapsed() -> Error {
    Error::new(Code::AuthError, "This sign-in has lapsed, or was begun elsewhere. Begin it anew.")
}

/// The same for those who are unknown and those whose address is not verified.
fn stranger() -> Error {
    Error::new(
        Code::Forbidden,
        "Nobody has invited you here yet. Ask an owner of a project to invite your (verified) e-mail address.",
    )
}

/// The provider did not do its part. The cause goes to the log.
fn failed(cause: impl std::error::Error) -> Error {
    // Some of its errors say what went wrong only in the errors behind them.
    let mut text = cause.to_string();
    let mut behind = cause.source();
    while let Some(error) = behind {
        text.push_str(": ");
        text.push_str(&error.to_string());
        behind = error.source();
    }
    Error::new(
        Code::ProviderError,
        "The sign-in provider did not answer as it should. Try again, or in another way.",
    )
    .caused_by(text)
}

fn misconfigured(field: &str, cause: impl std::fmt::Display) -> Error {
    Error::field(format!("signIn.{field}"), cause.to_string())
}
