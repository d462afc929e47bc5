//! Who asks, and what they may: extractors that check and yield the proof of it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use identity::{Caller, Opened, Right, same_origin};
use kernel::{Code, Error, ProjectId};

use crate::app::App;
use crate::problem::{Refusal, unknown_caller};

/// The cookie that a browser refreshes its sign-in by.
const REFRESH: &str = "atelier_refresh";
/// Where it is sent.
const REFRESH_PATH: &str = "/api/v1/auth";
/// The cookie that lets a browser's own `EventSource`, which can send no header, listen to a conversation.
const STREAM: &str = "atelier_stream";
/// Where it is sent.
const STREAM_PATH: &str = "/api/v1/orchestrator/stream";

/// The cookie that a browser leaves with to sign in elsewhere, and comes back with.
const DEPARTED: &str = "atelier_departed";
/// Where it is sent.
const DEPARTED_PATH: &str = "/api/v1/auth/oidc";
/// How long a sign-in elsewhere may take, in seconds.
const AWAY: i64 = 10 * 60;

/// A caller who is known, by access token or API key.
pub(crate) struct SignedIn(pub(crate) Caller);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let token = bearer(&parts.headers).ok_or_else(unknown_caller)?;
        Ok(Self(app.identity.authenticate(token).await?))
    }
}

/// A caller who is known by token, key or the stream's cookie.
pub(crate) struct Listening(pub(crate) Caller);

impl FromRequestParts<App> for Listening {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        if let Some(token) = bearer(&parts.headers) {
            return Ok(Self(app.identity.authenticate(token).await?));
        }
        own_page(&parts.headers, app)?;
        let jar = CookieJar::from_headers(&parts.headers);
        let cookie = jar.get(STREAM).ok_or_else(unknown_caller)?;
        Ok(Self(app.identity.authenticate(cookie.value()).await?))
    }
}

/// A caller who may do what `R` stands for in the project of the path.
pub(crate) struct Permit<R>(pub(crate) identity::Permit<R>);

impl<R: Right> FromRequestParts<App> for Permit<R> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let SignedIn(caller) = SignedIn::from_request_parts(parts, app).await?;
        let path = RawPathParams::from_request_parts(parts, app).await;
        let path = path.map_err(|_| Error::not_found("project"))?;
        let project: ProjectId = path
            .iter()
            .find_map(|(name, value)| (name == "id").then(|| value.parse().ok())?)
            .ok_or_else(|| Error::not_found("project"))?;
        Ok(Self(app.identity.permit::<R>(&caller, project).await?))
    }
}

/// A caller who administers the server.
pub(crate) struct Admin(pub(crate) identity::Admin);

impl FromRequestParts<App> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let SignedIn(caller) = SignedIn::from_request_parts(parts, app).await?;
        Ok(Self(app.identity.admin(&caller)?))
    }
}

/// The refresh token of the cookie; only from a page of this server.
pub(crate) struct Refresh(pub(crate) String);

impl FromRequestParts<App> for Refresh {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        own_page(&parts.headers, app)?;
        let jar = CookieJar::from_headers(&parts.headers);
        let cookie = jar.get(REFRESH).ok_or_else(unknown_caller)?;
        Ok(Self(cookie.value().to_owned()))
    }
}

/// What a browser left with to sign in elsewhere, if it did.
pub(crate) struct Departed(pub(crate) Option<String>);

impl FromRequestParts<App> for Departed {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        let jar = CookieJar::from_headers(&parts.headers);
        Ok(Self(jar.get(DEPARTED).map(|cookie| cookie.value().to_owned())))
    }
}

/// The cookie of a browser that leaves to sign in elsewhere. It is sent when the other site sends the browser back.
pub(crate) fn departed(app: &App, state: &str) -> CookieJar {
    let mut cookie = cookie(app, DEPARTED, DEPARTED_PATH, state.to_owned(), AWAY);
    cookie.set_same_site(SameSite::Lax);
    CookieJar::new().add(cookie)
}

/// From where, and with what, a person signs in.
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    /// The browser, as it names itself.
    pub(crate) device: String,
}

impl FromRequestParts<App> for Client {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let forwarded = (app.config.behind_proxy).then(|| forwarded_for(&parts.headers)).flatten();
        let address = forwarded.or(peer).unwrap_or(IpAddr::from([0, 0, 0, 0]));
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self { address, device: agent.unwrap_or_default().chars().take(200).collect() })
    }
}

/// The last address that the proxy added: those before it are the caller's own words.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()?
        .to_str()
        .ok()?
        .rsplit(',')
        .next()?
        .trim()
        .parse()
        .ok()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Lets a request that is known by a cookie through only if a page of this server, or an allowed one, made it.
fn own_page(headers: &HeaderMap, app: &App) -> Result<(), Refusal> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text(header::HeaderName::from_static("sec-fetch-site"));
    let own = match &app.config.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        // Without a public address the server is whatever the browser calls it by.
        None => format!("http://{}", text(header::HOST).unwrap_or_default()),
    };
    if same_origin::allowed(text(header::ORIGIN), site, &own, &app.config.allowed_origins) {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "Pages of other sites may not do this.").into())
}

/// The cookies of a sign-in, beside `body`.
pub(crate) fn signed_in(app: &App, opened: &Opened) -> CookieJar {
    let refresh_left = opened.refresh_expires.since(app.ambient.now()) / 1000;
    let access_left = opened.signed_in.expires_at.since(app.ambient.now()) / 1000;
    CookieJar::new()
        .add(cookie(app, REFRESH, REFRESH_PATH, opened.refresh_token.clone(), refresh_left))
        .add(cookie(app, STREAM, STREAM_PATH, opened.signed_in.access_token.clone(), access_left))
}

/// Takes the cookies of a sign-in out of the browser.
pub(crate) fn signed_out(app: &App) -> CookieJar {
    CookieJar::new().add(cookie(app, REFRESH, REFRESH_PATH, String::new(), 0)).add(cookie(
        app,
        STREAM,
        STREAM_PATH,
        String::new(),
        0,
    ))
}

fn cookie(app: &App, name: &'static str, path: &'static str, value: String, seconds: i64) -> Cookie<'static> {
    let secure = app.config.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    Cookie::build((name, value))
        .path(path)
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Strict)
        .max_age(cookie::time::Duration::seconds(seconds.max(0)))
        .build()
}

/// Nothing that holds a token is kept by a cache.
pub(crate) const NO_STORE: [(header::HeaderName, HeaderValue); 1] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_address_that_the_proxy_itself_saw_is_believed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6, 10.1.2.3"));
        assert_eq!(forwarded_for(&headers), "10.1.2.3".parse().ok());
    }

    #[test]
    fn the_scheme_is_read_whatever_its_case() {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("bearer abc"));
        assert_eq!(bearer(&headers), Some("abc"));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Basic abc"));
        assert_eq!(bearer(&headers), None);
    }
}
