//! Who may tell the fleet what in a project, and how much it may take.

use axum::Json;
use axum::extract::State;
use gateway::orders;
use identity::{Owner, Viewer};
use kernel::ProjectId;
use store::fleet::policy;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::fleet::FleetPolicy;

use crate::app::App;
use crate::body::Body;
use crate::caller::Permit;
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, set))
}

/// Who may tell the fleet what, and how much it may take
#[utoipa::path(get, path = "/projects/{id}/fleet/policy", tag = "runners", params(("id" = ProjectId, Path)),
    responses((status = 200, body = FleetPolicy)))]
async fn get(State(app): State<App>, Permit(permit): Permit<Viewer>) -> Answer<Json<FleetPolicy>> {
    Ok(Json(app.store.read_in(permit.scope(), policy::get).await?))
}

/// Set who may tell the fleet what, and how much it may take
///
/// What is absent has its default: editors may order everything, and nothing is bounded. What waits because a day was used up begins
/// at once if there is something left of it now. The change is in the audit log.
#[utoipa::path(put, path = "/projects/{id}/fleet/policy", tag = "runners", params(("id" = ProjectId, Path)),
    request_body = FleetPolicy, responses((status = 200, body = FleetPolicy)))]
async fn set(
    State(app): State<App>,
    Permit(permit): Permit<Owner>,
    Body(wanted): Body<FleetPolicy>,
) -> Answer<Json<FleetPolicy>> {
    orders::sensible(&wanted)?;
    app.store.transact_in(permit.scope(), move |t| policy::set(t, &wanted)).await?;
    app.gateway.policy_changed(permit.scope().project());
    Ok(Json(wanted))
}
