//! One's own account: sign-in, sessions, API keys.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use kernel::{KeyId, SessionId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::auth::{
    CreateKey, CreatedKey, Key, LoginRequest, Session, SignInProvider, SignedIn as Opened, UpdateMe, User,
};

use crate::app::App;
use crate::body::{Body, Path, Query};
use crate::caller::{Client, Departed, NO_STORE, Refresh, SignedIn, departed, signed_in, signed_out};
use crate::problem::{Answer, unknown_caller};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(me, update_me))
        .routes(routes!(sessions))
        .routes(routes!(end_session))
        .routes(routes!(keys, create_key))
        .routes(routes!(remove_key))
        .routes(routes!(providers))
        .routes(routes!(start))
        .routes(routes!(callback))
}

/// Sign in with e-mail and password
#[utoipa::path(post, path = "/auth/login", tag = "account", security(()), request_body = LoginRequest,
    responses((status = 200, body = Opened)),
    extensions(("x-refuses" = json!(["AUTH_ERROR", "RATE_LIMITED"]))))]
async fn login(
    State(app): State<App>,
    client: Client,
    Body(request): Body<LoginRequest>,
) -> Answer<impl IntoResponse> {
    let opened = app.identity.login(request, &client.device, client.address).await?;
    Ok((NO_STORE, signed_in(&app, &opened), Json(opened.signed_in)))
}

/// Get a new access token by the refresh cookie
#[utoipa::path(post, path = "/auth/refresh", tag = "account", security(()),
    responses((status = 200, body = Opened)),
    extensions(("x-refuses" = json!(["AUTH_ERROR", "FORBIDDEN"]))))]
async fn refresh(State(app): State<App>, Refresh(token): Refresh) -> Answer<impl IntoResponse> {
    let opened = app.identity.refresh(&token).await?;
    Ok((NO_STORE, signed_in(&app, &opened), Json(opened.signed_in)))
}

/// End this browser's session
#[utoipa::path(post, path = "/auth/logout", tag = "account", security(()), responses((status = 204)),
    extensions(("x-refuses" = json!(["AUTH_ERROR", "FORBIDDEN"]))))]
async fn logout(State(app): State<App>, Refresh(token): Refresh) -> Answer<impl IntoResponse> {
    app.identity.logout(&token).await?;
    Ok((StatusCode::NO_CONTENT, signed_out(&app)))
}

/// Who the caller is
#[utoipa::path(get, path = "/auth/me", tag = "account", responses((status = 200, body = User)))]
async fn me(State(app): State<App>, SignedIn(caller): SignedIn) -> Answer<Json<User>> {
    Ok(Json(app.identity.me(&caller).await?))
}

/// Change one's name or password
#[utoipa::path(patch, path = "/auth/me", tag = "account", request_body = UpdateMe,
    responses((status = 200, body = User)),
    extensions(("x-refuses" = json!(["RATE_LIMITED"]))))]
async fn update_me(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(change): Body<UpdateMe>,
) -> Answer<Json<User>> {
    Ok(Json(app.identity.update_me(&caller, change).await?))
}

/// One's signed-in devices
#[utoipa::path(get, path = "/auth/sessions", tag = "account", responses((status = 200, body = Vec<Session>)),
    extensions(("x-refuses" = json!(["FORBIDDEN"]))))]
async fn sessions(State(app): State<App>, SignedIn(caller): SignedIn) -> Answer<Json<Vec<Session>>> {
    Ok(Json(app.identity.sessions(&caller).await?))
}

/// End a session
#[utoipa::path(delete, path = "/auth/sessions/{session}", tag = "account",
    params(("session" = SessionId, Path)), responses((status = 204)))]
async fn end_session(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(session): Path<SessionId>,
) -> Answer<StatusCode> {
    app.identity.end_session(&caller, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's API keys
#[utoipa::path(get, path = "/auth/keys", tag = "account", responses((status = 200, body = Vec<Key>)),
    extensions(("x-refuses" = json!(["FORBIDDEN"]))))]
async fn keys(State(app): State<App>, SignedIn(caller): SignedIn) -> Answer<Json<Vec<Key>>> {
    Ok(Json(app.identity.keys(&caller).await?))
}

/// Make an API key
#[utoipa::path(post, path = "/auth/keys", tag = "account", request_body = CreateKey,
    responses((status = 201, body = CreatedKey)),
    extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn create_key(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(request): Body<CreateKey>,
) -> Answer<impl IntoResponse> {
    let key = app.identity.create_key(&caller, request).await?;
    Ok((StatusCode::CREATED, NO_STORE, Json(key)))
}

/// Take an API key back
#[utoipa::path(delete, path = "/auth/keys/{key}", tag = "account", params(("key" = KeyId, Path)),
    responses((status = 204)))]
async fn remove_key(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(key): Path<KeyId>,
) -> Answer<StatusCode> {
    app.identity.remove_key(&caller, key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The other ways to sign in
#[utoipa::path(get, path = "/auth/providers", tag = "account", security(()),
    responses((status = 200, body = Vec<SignInProvider>)))]
async fn providers(State(app): State<App>) -> Json<Vec<SignInProvider>> {
    Json(app.identity.providers())
}

/// Go to a provider to sign in there
#[utoipa::path(get, path = "/auth/oidc/{provider}/start", tag = "account", security(()),
    params(("provider" = String, Path)), responses((status = 303)),
    extensions(("x-refuses" = json!(["VALIDATION_ERROR", "PROVIDER_ERROR"]))))]
async fn start(State(app): State<App>, Path(provider): Path<String>) -> Answer<impl IntoResponse> {
    let departure = app.identity.begin(&provider).await?;
    Ok((departed(&app, &departure.state), Redirect::to(&departure.url)))
}

/// What a provider sends the browser back with.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Callback {
    /// What the provider vouches by; absent when the person declined.
    code: Option<String>,
    state: String,
}

/// Come back from a provider
#[utoipa::path(get, path = "/auth/oidc/{provider}/callback", tag = "account", security(()),
    params(("provider" = String, Path), Callback), responses((status = 303)),
    extensions(("x-refuses" = json!(["AUTH_ERROR", "FORBIDDEN", "CONFLICT", "PROVIDER_ERROR"]))))]
async fn callback(
    State(app): State<App>,
    client: Client,
    Departed(departed): Departed,
    Path(provider): Path<String>,
    Query(back): Query<Callback>,
) -> Answer<impl IntoResponse> {
    // Only the browser that left may come back: else a stranger's sign-in could be slipped to it.
    if departed.as_deref() != Some(back.state.as_str()) {
        return Err(unknown_caller().into());
    }
    let code = back.code.unwrap_or_default();
    let opened = app.identity.finish(&provider, &code, &back.state, &client.device).await?;
    Ok((signed_in(&app, &opened), Redirect::to("/")))
}
