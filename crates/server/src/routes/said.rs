//! What people say to a coding agent while it works: steering it, giving it more to do, and breaking off what it does.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use identity::{Editor, Viewer};
use kernel::{Error, ProjectId, RunId, StepId};
use serde_json::json;
use store::{audit, said};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::fleet::{SAY_BYTES, Said, SayToAgent};

use crate::app::App;
use crate::body::{Body, Path};
use crate::caller::Permit;
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(say)).routes(routes!(list))
}

/// Say something to the coding agent that does a step
///
/// `steer` has it turn to this when the tool call is over that it makes now, `queue` when it is done with what it does,
/// `interrupt` at once. It knows what it did before. The runner hears of it at once if it is connected, else when it is again; what it
/// has heard it does once. At most 64 things are said to one lease of a step. A step that no agent has now hears nothing.
#[utoipa::path(post, path = "/projects/{id}/runs/{run}/steps/{step}/say", tag = "runners",
    params(("id" = ProjectId, Path), ("run" = RunId, Path), ("step" = StepId, Path)),
    request_body = SayToAgent, responses((status = 201, body = Said)),
    extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn say(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, run, step)): Path<(ProjectId, RunId, StepId)>,
    Body(SayToAgent { verb, text }): Body<SayToAgent>,
) -> Answer<impl IntoResponse> {
    if text.trim().is_empty() || text.len() > SAY_BYTES || text.contains('\0') {
        return Err(Error::field("text", format!("must be 1 to {SAY_BYTES} bytes, and not blank")).into());
    }
    let scope = *permit.scope();
    let says = app.store.transact_in(&scope, move |t| {
        let said = said::say(t, run, Some(step), verb, &text)?;
        let details = json!({ "verb": verb });
        audit::write(t, Some(scope.project()), scope.actor(), "fleet.said", &run.to_string(), &details)?;
        Ok(said)
    });
    let (said, runner) = says.await?;
    if let Some(runner) = runner {
        app.gateway.said(runner);
    }
    Ok((StatusCode::CREATED, Json(said)))
}

/// What was said to a run's coding agents, the latest last
#[utoipa::path(get, path = "/projects/{id}/runs/{run}/said", tag = "runners",
    params(("id" = ProjectId, Path), ("run" = RunId, Path)), responses((status = 200, body = Vec<Said>)))]
async fn list(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, run)): Path<(ProjectId, RunId)>,
) -> Answer<Json<Vec<Said>>> {
    Ok(Json(app.store.read_in(permit.scope(), move |t| said::of_run(t, run)).await?))
}
