//! GitHub's OAuth: the code flow with PKCE and state, then the account and its addresses as the API tells them.

use kernel::Result;
use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _, TokenUrl,
};
use openidconnect::http::{Request, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::http::{Fault, Http};
use super::{Away, ProviderOptions, Vouched, failed, misconfigured, verified};

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// What the API tells of an account: <https://docs.github.com/rest/users/users#get-the-authenticated-user>.
#[derive(Deserialize)]
struct Account {
    id: u64,
    login: String,
    name: Option<String>,
}

/// What it tells of an address: <https://docs.github.com/rest/users/emails#list-email-addresses-for-the-authenticated-user>.
#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

fn client(web: &str, options: &ProviderOptions) -> Result<Client> {
    let web = web.trim_end_matches('/');
    let ask =
        AuthUrl::new(format!("{web}/login/oauth/authorize")).map_err(|bad| misconfigured("web", bad))?;
    let token =
        TokenUrl::new(format!("{web}/login/oauth/access_token")).map_err(|bad| misconfigured("web", bad))?;
    let redirect =
        RedirectUrl::new(options.redirect_url.clone()).map_err(|bad| misconfigured("redirectUrl", bad))?;
    Ok(BasicClient::new(ClientId::new(options.client_id.clone()))
        .set_client_secret(ClientSecret::new(options.client_secret.expose().to_owned()))
        .set_auth_uri(ask)
        .set_token_uri(token)
        .set_redirect_uri(redirect))
}

/// Where to send the browser.
pub(super) fn leave(web: &str, options: &ProviderOptions, away: &Away, state: &str) -> Result<String> {
    let verifier = PkceCodeVerifier::new(away.verifier.clone());
    let client = client(web, options)?;
    let (url, _) = client
        .authorize_url(|| CsrfToken::new(state.to_owned()))
        .add_scope(Scope::new("read:user".to_owned()))
        .add_scope(Scope::new("user:email".to_owned()))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .url();
    Ok(url.into())
}

/// Whom GitHub vouches for by `code`.
pub(super) async fn come_back(
    http: &Http,
    web: &str,
    api: &str,
    options: &ProviderOptions,
    away: &Away,
    code: &str,
) -> Result<Vouched> {
    let token = client(web, options)?
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(away.verifier.clone()))
        .request_async(http)
        .await
        .map_err(failed)?;
    let (api, token) = (api.trim_end_matches('/'), token.access_token().secret());
    let account: Account = get(http, &format!("{api}/user"), token).await?;
    let addresses: Vec<Address> = get(http, &format!("{api}/user/emails"), token).await?;
    let primary = addresses.iter().find(|address| address.primary);
    Ok(Vouched {
        // The number stays; a login can be given up and taken by someone else.
        subject: account.id.to_string(),
        email: verified(primary.map(|address| address.email.as_str()), primary.is_some_and(|a| a.verified)),
        name: account.name.or(Some(account.login)),
    })
}

async fn get<T: DeserializeOwned>(http: &Http, url: &str, token: &str) -> Result<T> {
    let request = Request::get(url)
        .header(header::ACCEPT, "application/vnd.github+json")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Vec::new())
        .map_err(failed)?;
    let answer = http.send(request).await.map_err(failed)?;
    if !answer.status().is_success() {
        return Err(failed(Fault::Status(answer.status().as_u16())));
    }
    serde_json::from_slice(answer.body()).map_err(failed)
}
