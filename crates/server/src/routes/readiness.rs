//! Readiness: how far a project is prepared, and what to do next.

use axum::Json;
use axum::extract::State;
use identity::Viewer;
use kernel::ProjectId;
use studios::film;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::readiness::{Readiness, ReadinessQuery};

use crate::app::App;
use crate::body::Query;
use crate::caller::Permit;
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get))
}

/// How far a project is prepared, department by department, and what to do next
///
/// An output counts while no scene that it rests on was changed since. With `episode`, only what its scenes need is counted.
#[utoipa::path(get, path = "/projects/{id}/readiness", tag = "projects", params(("id" = ProjectId, Path), ReadinessQuery),
    responses((status = 200, body = Readiness)))]
async fn get(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Query(query): Query<ReadinessQuery>,
) -> Answer<Json<Readiness>> {
    let departments = app.desk.roster().departments(permit.scope()).await?;
    let now = app.ambient.now();
    Ok(Json(film::readiness::readiness(&app.store, permit.scope(), &departments, query.episode, now).await?))
}
