//! What the fleet took in a project.

use axum::Json;
use axum::extract::State;
use identity::Viewer;
use kernel::{Error, ProjectId};
use store::fleet::days;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::fleet::{FleetUsageQuery, FleetUsageRow};

use crate::app::App;
use crate::body::Query;
use crate::caller::Permit;
use crate::problem::Answer;

/// Days that are told of, unless others are asked for.
const DAYS: u32 = 30;
/// The most.
const MOST_DAYS: u32 = 366;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(report))
}

/// What the fleet took
///
/// By day, person (who ordered it), runner or agent: the newest days, else whoever had most done, first; at most 1,000 rows. What is
/// under way is not in it yet; what was done stays in it when its run goes.
#[utoipa::path(get, path = "/projects/{id}/fleet/usage", tag = "runners", params(("id" = ProjectId, Path), FleetUsageQuery),
    responses((status = 200, body = Vec<FleetUsageRow>)))]
async fn report(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Query(query): Query<FleetUsageQuery>,
) -> Answer<Json<Vec<FleetUsageRow>>> {
    let (by, wanted) = (query.by.unwrap_or_default(), query.days.unwrap_or(DAYS));
    if !(1..=MOST_DAYS).contains(&wanted) {
        return Err(Error::field("days", format!("must be from 1 to {MOST_DAYS}")).into());
    }
    Ok(Json(app.store.read_in(permit.scope(), move |t| days::report(t, by, wanted)).await?))
}
