//! `OpenID` Connect: discovery, the code flow with PKCE, state and nonce, and the ID token's checks, by `openidconnect`.

use chrono::{DateTime, Utc};
use kernel::{Code, Error, Result, Timestamp};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse as _,
};
use tokio::sync::Mutex;

use super::http::Http;
use super::{Away, ProviderOptions, Vouched, failed, lapsed, misconfigured, verified};

/// How long what was found at an issuer is good. Providers show new keys for longer before they sign by them.
const FOUND_FOR_MS: i64 = 5 * 60_000;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What was found at an issuer, and when.
#[derive(Default)]
pub(super) struct Found(Mutex<Option<(Timestamp, CoreProviderMetadata)>>);

impl Found {
    /// The issuer's addresses and keys. Those who ask at once wait for one answer.
    pub(super) async fn metadata(
        &self,
        http: &Http,
        issuer: &str,
        now: Timestamp,
    ) -> Result<CoreProviderMetadata> {
        let mut found = self.0.lock().await;
        if let Some((at, metadata)) = &*found
            && (0..FOUND_FOR_MS).contains(&now.since(*at))
        {
            return Ok(metadata.clone());
        }
        let issuer = IssuerUrl::new(issuer.to_owned()).map_err(|bad| misconfigured("issuer", bad))?;
        let metadata = CoreProviderMetadata::discover_async(issuer, http).await.map_err(failed)?;
        *found = Some((now, metadata.clone()));
        Ok(metadata)
    }
}

fn client(metadata: CoreProviderMetadata, options: &ProviderOptions) -> Result<Client> {
    let redirect =
        RedirectUrl::new(options.redirect_url.clone()).map_err(|bad| misconfigured("redirectUrl", bad))?;
    let secret = ClientSecret::new(options.client_secret.expose().to_owned());
    let id = ClientId::new(options.client_id.clone());
    Ok(CoreClient::from_provider_metadata(metadata, id, Some(secret)).set_redirect_uri(redirect))
}

/// Where to send the browser.
pub(super) fn leave(
    metadata: CoreProviderMetadata,
    options: &ProviderOptions,
    away: &Away,
    state: &str,
) -> Result<String> {
    let verifier = PkceCodeVerifier::new(away.verifier.clone());
    let (state, nonce) = (state.to_owned(), away.nonce.clone());
    let client = client(metadata, options)?;
    let (url, _, _) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            move || CsrfToken::new(state),
            move || Nonce::new(nonce),
        )
        .add_scope(Scope::new("email".to_owned()))
        .add_scope(Scope::new("profile".to_owned()))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .url();
    Ok(url.into())
}

/// Whom the provider vouches for by `code`.
pub(super) async fn come_back(
    http: &Http,
    metadata: CoreProviderMetadata,
    options: &ProviderOptions,
    away: &Away,
    code: &str,
    now: Timestamp,
) -> Result<Vouched> {
    let client = client(metadata, options)?;
    let answer = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .map_err(failed)?
        .set_pkce_verifier(PkceCodeVerifier::new(away.verifier.clone()))
        .request_async(http)
        .await
        .map_err(failed)?;
    let token = answer.id_token().ok_or_else(|| {
        Error::new(
            Code::ProviderError,
            "The sign-in provider told nothing of who you are. Is it set up for OpenID?",
        )
    })?;
    let instant = DateTime::<Utc>::from_timestamp_millis(now.0).unwrap_or_default();
    let verifier = client.id_token_verifier().set_time_fn(move || instant);
    // A token that is not what we asked for is nobody's sign-in, whoever made it.
    let claims = token
        .claims(&verifier, &Nonce::new(away.nonce.clone()))
        .map_err(|cause| lapsed().caused_by(cause.to_string()))?;
    let name = claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
    let mut vouched = Vouched {
        subject: claims.subject().to_string(),
        email: verified(claims.email().map(|email| email.as_str()), claims.email_verified() == Some(true)),
        name,
    };
    // Some providers tell the address only when they are asked for it.
    if claims.email().is_none()
        && let Ok(ask) = client.user_info(answer.access_token().clone(), Some(claims.subject().clone()))
    {
        let more: CoreUserInfoClaims = ask.request_async(http).await.map_err(failed)?;
        vouched.email =
            verified(more.email().map(|email| email.as_str()), more.email_verified() == Some(true));
        vouched.name =
            vouched.name.or_else(|| more.name().and_then(|name| name.get(None)).map(|name| name.to_string()));
    }
    Ok(vouched)
}
