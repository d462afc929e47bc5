//! The fleet's queue in a project.

use axum::Json;
use axum::extract::State;
use identity::Viewer;
use kernel::ProjectId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::fleet::Queued;

use crate::app::App;
use crate::body::Path;
use crate::caller::Permit;
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(queue))
}

/// What runners do and are to do in the project
///
/// In the order in which it will be done, each with why it waits, if it does; at most 200.
#[utoipa::path(get, path = "/projects/{id}/fleet/queue", tag = "runners", params(("id" = ProjectId, Path)),
    responses((status = 200, body = Vec<Queued>)))]
async fn queue(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path(_project): Path<ProjectId>,
) -> Answer<Json<Vec<Queued>>> {
    Ok(Json(app.gateway.queue(permit.scope()).await?))
}
