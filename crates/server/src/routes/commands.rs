//! Commands about the fleet and its work, as they are typed.

use axum::Json;
use axum::extract::State;
use gateway::commands::Who;
use identity::Viewer;
use kernel::{Error, ProjectId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::fleet::{CommandReply, Commands, CommandsQuery, RunCommand};

use crate::app::App;
use crate::body::{Body, Query};
use crate::caller::Permit;
use crate::problem::Answer;

/// The most characters of a line that is to be completed.
const LINE: usize = 1_000;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, run))
}

/// The commands that there are
///
/// With a line they also tell how it may go on: by commands, and by the project's runs, runners and schedules.
#[utoipa::path(get, path = "/projects/{id}/commands", tag = "runners", params(("id" = ProjectId, Path), CommandsQuery),
    responses((status = 200, body = Commands)))]
async fn list(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Query(query): Query<CommandsQuery>,
) -> Answer<Json<Commands>> {
    if query.line.as_ref().is_some_and(|line| line.chars().count() > LINE) {
        return Err(Error::field("line", format!("must be at most {LINE} characters")).into());
    }
    Ok(Json(app.commands.list(&Who::by(&permit), query.line.as_deref()).await?))
}

/// Give a command
///
/// `help` lists them. Each says which role it needs; what changes something is in the audit log.
#[utoipa::path(post, path = "/projects/{id}/commands", tag = "runners", params(("id" = ProjectId, Path)),
    request_body = RunCommand, responses((status = 200, body = CommandReply)),
    extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn run(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Body(command): Body<RunCommand>,
) -> Answer<Json<CommandReply>> {
    Ok(Json(app.commands.run(&Who::by(&permit), &command.line, None).await?))
}
