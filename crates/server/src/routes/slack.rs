//! Slack: what it tells us, how people are known there, and by what Atelier is.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gateway::slack::{APP_TOKEN, Answer as Told, BOT_TOKEN, SIGNING_SECRET, Signed};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::slack::{SlackCode, SlackSettings, UpdateSlackSettings};

use crate::app::{App, Parts};
use crate::body::{Body, unread};
use crate::caller::{Admin, NO_STORE, SignedIn};
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(receive)).routes(routes!(link, unlink)).routes(routes!(settings, set))
}

/// Where Slack tells of events, commands and buttons
///
/// One address for all three. What Slack did not sign, or longer than five minutes ago, is refused; what it tells again is not done
/// again. Until a signing secret is set nothing is here.
#[utoipa::path(post, path = "/slack", tag = "settings", security(()),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, content_type = "text/plain", body = String)),
    extensions(("x-refuses" = json!(["AUTH_ERROR", "NOT_FOUND", "CONFLICT"]))))]
async fn receive(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Response> {
    let body = body.map_err(|rejection| unread(&rejection))?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signed = match (text("x-slack-request-timestamp"), text("x-slack-signature")) {
        (Some(timestamp), Some(signature)) => Some(Signed { timestamp, signature }),
        _ => None,
    };
    let kind = text(header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let is_form =
        kind.split(';').next().is_some_and(|kind| kind.trim() == "application/x-www-form-urlencoded");
    Ok(match app.slack.receive(signed, is_form, &body).await? {
        Told::Heard => StatusCode::OK.into_response(),
        Told::Challenge(challenge) => challenge.into_response(),
    })
}

/// Take a code by which to be known in Slack
///
/// Whoever says `/atelier link CODE` there within ten minutes is known as the caller.
#[utoipa::path(post, path = "/slack/link", tag = "account", responses((status = 201, body = SlackCode)))]
async fn link(State(app): State<App>, SignedIn(caller): SignedIn) -> Answer<impl IntoResponse> {
    let (code, until) = app.identity.slack_code(&caller).await?;
    Ok((StatusCode::CREATED, NO_STORE, Json(SlackCode { code, until })))
}

/// Have nobody in Slack be known as the caller any more
#[utoipa::path(delete, path = "/slack/link", tag = "account", responses((status = 204)))]
async fn unlink(State(app): State<App>, SignedIn(caller): SignedIn) -> Answer<StatusCode> {
    app.identity.unlink_slack(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// By what Atelier is known at Slack
#[utoipa::path(get, path = "/settings/slack", tag = "settings", responses((status = 200, body = SlackSettings)),
    extensions(("x-refuses" = json!(["FORBIDDEN"]))))]
async fn settings(State(app): State<App>, Admin(_admin): Admin) -> Answer<Json<SlackSettings>> {
    Ok(Json(kept(&app).await?))
}

/// Set by what Atelier is known at Slack
#[utoipa::path(put, path = "/settings/slack", tag = "settings", request_body = UpdateSlackSettings,
    responses((status = 200, body = SlackSettings)))]
async fn set(
    State(app): State<App>,
    Admin(admin): Admin,
    Body(change): Body<UpdateSlackSettings>,
) -> Answer<Json<SlackSettings>> {
    let secrets = [
        (SIGNING_SECRET, change.sealed_signing_secret),
        (BOT_TOKEN, change.sealed_bot_token),
        (APP_TOKEN, change.sealed_app_token),
    ];
    for (name, sealed) in secrets {
        match sealed {
            None => {}
            Some(none) if none.is_empty() && name == APP_TOKEN => {
                app.identity.remove_secret(&admin, name).await?
            }
            Some(sealed) => app.identity.keep_secret(&admin, name, &sealed).await?,
        }
    }
    app.slack.changed();
    Ok(Json(kept(&app).await?))
}

async fn kept(app: &Parts) -> kernel::Result<SlackSettings> {
    Ok(SlackSettings {
        has_signing_secret: app.identity.has_secret(SIGNING_SECRET).await?,
        has_bot_token: app.identity.has_secret(BOT_TOKEN).await?,
        has_app_token: app.identity.has_secret(APP_TOKEN).await?,
        socket_is_open: app.slack.is_open(),
    })
}
