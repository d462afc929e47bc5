//! The server's settings: the language model and the memory's embedder.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::settings::{EmbedderStatus, ModelSettings, ModelTest, SealingKey, UpdateModelSettings};

use crate::app::App;
use crate::body::Body;
use crate::caller::{Admin, SignedIn};
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sealing_key))
        .routes(routes!(model, update_model))
        .routes(routes!(test_model))
        .routes(routes!(embedder))
        .routes(routes!(fetch_embedder))
}

/// The key that a browser seals secrets to
#[utoipa::path(get, path = "/settings/sealing-key", tag = "settings", responses((status = 200, body = SealingKey)))]
async fn sealing_key(State(app): State<App>, SignedIn(_caller): SignedIn) -> Json<SealingKey> {
    Json(app.identity.sealing_key())
}

/// The language model
#[utoipa::path(get, path = "/settings/model", tag = "settings", responses((status = 200, body = ModelSettings)),
    extensions(("x-refuses" = json!(["FORBIDDEN"]))))]
async fn model(State(app): State<App>, Admin(_admin): Admin) -> Answer<Json<ModelSettings>> {
    Ok(Json(app.settings.model().await?))
}

/// Set the language model
#[utoipa::path(put, path = "/settings/model", tag = "settings", request_body = UpdateModelSettings,
    responses((status = 200, body = ModelSettings)),
    extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn update_model(
    State(app): State<App>,
    Admin(admin): Admin,
    Body(change): Body<UpdateModelSettings>,
) -> Answer<Json<ModelSettings>> {
    Ok(Json(app.settings.set_model(&admin, change).await?))
}

/// Ask the language model for a word, to see whether it answers
#[utoipa::path(post, path = "/settings/model/test", tag = "settings", responses((status = 200, body = ModelTest)),
    extensions(("x-refuses" = json!(["VALIDATION_ERROR", "CONFLICT"]))))]
async fn test_model(State(app): State<App>, Admin(_admin): Admin) -> Answer<Json<ModelTest>> {
    Ok(Json(app.settings.test_model().await?))
}

/// How the memory's embedder is
#[utoipa::path(get, path = "/settings/embedder", tag = "settings", responses((status = 200, body = EmbedderStatus)))]
async fn embedder(State(app): State<App>, SignedIn(_caller): SignedIn) -> Answer<Json<EmbedderStatus>> {
    Ok(Json(app.settings.embedder().await?))
}

/// Fetch the embedder's weights, once
#[utoipa::path(post, path = "/settings/embedder/fetch", tag = "settings", responses((status = 202, body = EmbedderStatus)))]
async fn fetch_embedder(
    State(app): State<App>,
    Admin(_admin): Admin,
) -> Answer<(StatusCode, Json<EmbedderStatus>)> {
    Ok((StatusCode::ACCEPTED, Json(app.settings.fetch_embedder().await?)))
}
