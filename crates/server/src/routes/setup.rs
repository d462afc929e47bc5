//! The first run: whether the server waits for its first person, and making them.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::auth::{SetupRequest, SetupStatus, SignedIn};

use crate::app::App;
use crate::body::Body;
use crate::caller::{Client, NO_STORE, signed_in};
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(status, create))
}

/// Whether the server waits for its first person
#[utoipa::path(get, path = "/setup", tag = "set-up", security(()), responses((status = 200, body = SetupStatus)))]
async fn status(State(app): State<App>) -> Answer<Json<SetupStatus>> {
    Ok(Json(SetupStatus { required: app.identity.setup_required().await? }))
}

/// Make the first person, who administers the server
#[utoipa::path(post, path = "/setup", tag = "set-up", security(()), request_body = SetupRequest,
    responses((status = 201, body = SignedIn)),
    extensions(("x-refuses" = json!(["AUTH_ERROR"]))))]
async fn create(
    State(app): State<App>,
    client: Client,
    Body(request): Body<SetupRequest>,
) -> Answer<impl IntoResponse> {
    let opened = app.identity.setup(request, &client.device).await?;
    Ok((axum::http::StatusCode::CREATED, NO_STORE, signed_in(&app, &opened), Json(opened.signed_in)))
}
