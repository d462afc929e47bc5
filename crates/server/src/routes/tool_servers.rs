//! Servers of others whose tools a project's agents may use: named by its owners, tried by them, seen by all members.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use identity::{Owner, Viewer};
use kernel::ProjectId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::tools::{PutToolServer, ToolServer, ToolServerList, ToolServerTest};

use crate::app::App;
use crate::body::{Body, Path};
use crate::caller::Permit;
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, put, remove)).routes(routes!(test))
}

/// The servers whose tools the project's agents may use
#[utoipa::path(get, path = "/projects/{id}/tool-servers", tag = "tool servers", params(("id" = ProjectId, Path)),
    responses((status = 200, body = ToolServerList)))]
async fn list(State(app): State<App>, Permit(permit): Permit<Viewer>) -> Answer<Json<ToolServerList>> {
    Ok(Json(app.outside.list(permit.scope()).await?))
}

/// One of them
#[utoipa::path(get, path = "/projects/{id}/tool-servers/{name}", tag = "tool servers",
    params(("id" = ProjectId, Path), ("name" = String, Path)), responses((status = 200, body = ToolServer)))]
async fn get(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, name)): Path<(ProjectId, String)>,
) -> Answer<Json<ToolServer>> {
    Ok(Json(app.outside.get(permit.scope(), &name).await?))
}

/// Name a server of others, or change it
///
/// By its address, or by a command of the server's configuration. Agents whose definitions name `mcp:NAME` or `mcp:NAME/TOOL`
/// have its tools from then on; one that may write is called when a person allows it, unless it is trusted.
#[utoipa::path(put, path = "/projects/{id}/tool-servers/{name}", tag = "tool servers", request_body = PutToolServer,
    params(("id" = ProjectId, Path), ("name" = String, Path)), responses((status = 200, body = ToolServer)),
    extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn put(
    State(app): State<App>,
    Permit(permit): Permit<Owner>,
    Path((_project, name)): Path<(ProjectId, String)>,
    Body(new): Body<PutToolServer>,
) -> Answer<Json<ToolServer>> {
    Ok(Json(app.outside.put(&permit, &name, new).await?))
}

/// Forget a server of others, and its token
#[utoipa::path(delete, path = "/projects/{id}/tool-servers/{name}", tag = "tool servers",
    params(("id" = ProjectId, Path), ("name" = String, Path)), responses((status = 204)))]
async fn remove(
    State(app): State<App>,
    Permit(permit): Permit<Owner>,
    Path((_project, name)): Path<(ProjectId, String)>,
) -> Answer<StatusCode> {
    app.outside.remove(&permit, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Try a server of others: it is asked for its tools
#[utoipa::path(post, path = "/projects/{id}/tool-servers/{name}/test", tag = "tool servers",
    params(("id" = ProjectId, Path), ("name" = String, Path)), responses((status = 200, body = ToolServerTest)),
    extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn test(
    State(app): State<App>,
    Permit(permit): Permit<Owner>,
    Path((_project, name)): Path<(ProjectId, String)>,
) -> Answer<Json<ToolServerTest>> {
    Ok(Json(app.outside.test(&permit, &name).await?))
}
