//! Readiness: how far a project is prepared, and what to do next.

use axum::Json;
use axum::extract::State;
use identity::Viewer;
use kernel::{Error, ProjectId};
use studios::film::readiness::{basis, readiness};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::readiness::{Readiness, ReadinessQuery};

use crate::app::App;
use crate::body::{Path, Query};
use crate::caller::Permit;
use crate::problem::Answer;

/// How long an answer is kept at most, in milliseconds. It is right for longer; this bounds what is kept of what nobody asks.
const KEPT_MS: i64 = 10 * 60_000;

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
    Path(project): Path<ProjectId>,
    Query(ReadinessQuery { episode }): Query<ReadinessQuery>,
) -> Answer<Json<Readiness>> {
    let (scope, now) = (permit.scope(), app.ambient.now());
    // Everyone in the project asks anew with each change; to weigh all of a film for each of them would be waste. What is
    // kept is named by what it follows from, which is read here: so it can be of no older records, whoever fetched it.
    let basis = app.store.read_in(scope, basis).await?;
    let part = episode.map_or_else(|| String::from("all"), |episode| episode.to_string());
    let key = format!("readiness:{}:{project}:{part}:{basis}", env!("CARGO_PKG_VERSION"));
    let weigh = async {
        let departments = app.desk.roster().departments(scope).await?;
        let readiness = readiness(&app.store, scope, &departments, episode, now).await?;
        serde_json::to_vec(&readiness).map(Into::into).map_err(Error::internal)
    };
    let kept = app.backplane.cache().at_most(KEPT_MS).get(&key, &[], weigh).await?;
    let readiness: Readiness = serde_json::from_slice(&kept).map_err(Error::internal)?;
    Ok(Json(Readiness { as_of: now, ..readiness }))
}
