//! Runners: the machines of one's own that may join the fleet, with their keys, and those that serve a project.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use identity::Viewer;
use kernel::{ProjectId, RunnerId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::fleet::{AdmitRunner, CreateRunner, CreatedRunner, Runner, ServingRunner};
use wire::{Page, PageQuery};

use super::Paging;
use crate::app::App;
use crate::body::{Body, Path, Query};
use crate::caller::{NO_STORE, Permit, SignedIn};
use crate::others;
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(admit))
        .routes(routes!(remove))
        .routes(routes!(renew))
        .routes(routes!(serving))
}

/// One's runners, newest first
#[utoipa::path(get, path = "/runners", tag = "runners", params(PageQuery),
    responses((status = 200, body = Page<Runner>)))]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<Runner>>> {
    let paging = Paging::of(&query)?;
    Ok(Json(paging.page(app.identity.runners(&caller, &paging.request).await?)))
}

/// Let a machine join the fleet
///
/// Its key is shown this once; it says which runner the machine is. The runner serves those of its owner's projects that the
/// machine declares.
#[utoipa::path(post, path = "/runners", tag = "runners", request_body = CreateRunner,
    responses((status = 201, body = CreatedRunner)), extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(request): Body<CreateRunner>,
) -> Answer<impl IntoResponse> {
    let created = app.identity.create_runner(&caller, request).await?;
    Ok((StatusCode::CREATED, NO_STORE, Json(created)))
}

/// Let a machine join the fleet that has made a key of its own
///
/// It is what `atelier runner --demo` asks for: the key never leaves the machine, which joins as soon as it may.
#[utoipa::path(post, path = "/runners/admitted", tag = "runners", request_body = AdmitRunner,
    responses((status = 201, body = Runner)), extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn admit(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(request): Body<AdmitRunner>,
) -> Answer<impl IntoResponse> {
    let admitted = app.identity.admit_runner(&caller, request).await?;
    Ok((StatusCode::CREATED, Json(admitted)))
}

/// Take a runner out of the fleet
///
/// Its keys are good no longer from this moment.
#[utoipa::path(delete, path = "/runners/{runner}", tag = "runners", params(("runner" = RunnerId, Path)),
    responses((status = 204)))]
async fn remove(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(runner): Path<RunnerId>,
) -> Answer<StatusCode> {
    app.identity.remove_runner(&caller, runner).await?;
    app.gateway.send_away(runner);
    others::tell(app.backplane.bus(), others::REMOVED, runner);
    Ok(StatusCode::NO_CONTENT)
}

/// Give a runner another key
///
/// It is shown this once. The present key is good for five minutes more.
#[utoipa::path(post, path = "/runners/{runner}/key", tag = "runners", params(("runner" = RunnerId, Path)),
    responses((status = 201, body = CreatedRunner)))]
async fn renew(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(runner): Path<RunnerId>,
) -> Answer<impl IntoResponse> {
    let renewed = app.identity.renew_runner_key(&caller, runner).await?;
    Ok((StatusCode::CREATED, NO_STORE, Json(renewed)))
}

/// The runners that serve the project
///
/// Those that are there first, each with what it can do, what it has to do and how it does.
#[utoipa::path(get, path = "/projects/{id}/runners", tag = "runners", params(("id" = ProjectId, Path)),
    responses((status = 200, body = Vec<ServingRunner>)))]
async fn serving(State(app): State<App>, Permit(permit): Permit<Viewer>) -> Answer<Json<Vec<ServingRunner>>> {
    Ok(Json(app.gateway.serving(permit.scope()).await?))
}
