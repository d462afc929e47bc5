//! The fleet's work in a project: what it is told to do, what came of it, and what it wrote.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use gateway::noting;
use identity::{Editor, Viewer};
use kernel::{Error, ProjectId, RunId, StepId};
use serde_json::json;
use store::executions::{self, Lease};
use store::{asks, audit, runs};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::fleet::{AgentAsk, AnswerAgentAsk, CreateRemote, Execution, StreamQuery};
use wire::runs::Run;

use crate::app::App;
use crate::body::{Body, Path, Query};
use crate::caller::Permit;
use crate::problem::Answer;

/// The most bytes of a stream that are given at once.
const AT_ONCE: u32 = 1024 * 1024;
/// How long the stream is so far.
const LENGTH: HeaderName = HeaderName::from_static("atelier-length");

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(list))
        .routes(routes!(stream))
        .routes(routes!(list_open_asks))
        .routes(routes!(list_asks))
        .routes(routes!(answer_ask))
}

/// Tell the fleet to do something
///
/// It is done by a runner that serves the project and can do it, one thing at a time in each project. While none is there it
/// waits, for a day. The project's policy says whose role may order what, and bounds what a task takes. The order is in the audit log.
#[utoipa::path(post, path = "/projects/{id}/fleet/runs", tag = "runners", params(("id" = ProjectId, Path)),
    request_body = CreateRemote, responses((status = 201, body = Run)))]
async fn create(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Body(wanted): Body<CreateRemote>,
) -> Answer<impl IntoResponse> {
    let scope = permit.scope();
    let details = noting::told(&wanted);
    let run = app.gateway.order(scope, wanted, None).await?.run;
    app.gateway.note(scope, "fleet.ordered", &run.to_string(), details.into()).await?;
    Ok((StatusCode::CREATED, Json(app.store.read_in(scope, move |t| runs::get(t, run)).await?)))
}

/// What runners did for a run, the latest last
#[utoipa::path(get, path = "/projects/{id}/runs/{run}/executions", tag = "runners",
    params(("id" = ProjectId, Path), ("run" = RunId, Path)), responses((status = 200, body = Vec<Execution>)))]
async fn list(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, run)): Path<(ProjectId, RunId)>,
) -> Answer<Json<Vec<Execution>>> {
    Ok(Json(app.store.read_in(permit.scope(), move |t| executions::of_run(t, run)).await?))
}

/// What a runner wrote
///
/// Bytes of a stream from an offset on: `output` is what the task wrote as it ran, `answer` what its agent said to people in its last
/// turn, `diff` what it changed, `file:` and a path a file that was asked for. The header `Atelier-Length` says how long the stream is so far.
#[utoipa::path(get, path = "/projects/{id}/runs/{run}/steps/{step}/executions/{fence}/streams/{stream}",
    tag = "runners", params(("id" = ProjectId, Path), ("run" = RunId, Path), ("step" = StepId, Path),
        ("fence" = i64, Path), ("stream" = String, Path), StreamQuery),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
async fn stream(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, run, step, fence, stream)): Path<(ProjectId, RunId, StepId, i64, String)>,
    Query(query): Query<StreamQuery>,
) -> Answer<impl IntoResponse> {
    let limit = query.limit.unwrap_or(AT_ONCE);
    if !(1..=AT_ONCE).contains(&limit) {
        return Err(Error::field("limit", format!("must be from 1 to {AT_ONCE}")).into());
    }
    let (lease, from) = (Lease { run, step, fence }, query.from.unwrap_or(0));
    let read = move |t: &mut store::Tenant<'_, '_>| executions::read(t, lease, &stream, from, limit as usize);
    let (bytes, length) = app.store.read_in(permit.scope(), read).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        // Nothing that a machine wrote is ever taken for a page of ours.
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (LENGTH, HeaderValue::from(length)),
    ];
    Ok((headers, bytes))
}

/// What coding agents ask in the project
///
/// Each waits for an answer, the oldest first; at most 200.
#[utoipa::path(get, path = "/projects/{id}/asks", tag = "runners", params(("id" = ProjectId, Path)),
    responses((status = 200, body = Vec<AgentAsk>)))]
async fn list_open_asks(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path(_project): Path<ProjectId>,
) -> Answer<Json<Vec<AgentAsk>>> {
    Ok(Json(app.store.read_in(permit.scope(), asks::of_project).await?))
}

/// What coding agents asked in a run, the latest last
#[utoipa::path(get, path = "/projects/{id}/runs/{run}/asks", tag = "runners",
    params(("id" = ProjectId, Path), ("run" = RunId, Path)), responses((status = 200, body = Vec<AgentAsk>)))]
async fn list_asks(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, run)): Path<(ProjectId, RunId)>,
) -> Answer<Json<Vec<AgentAsk>>> {
    Ok(Json(app.store.read_in(permit.scope(), move |t| asks::of_run(t, run)).await?))
}

/// Answer what a coding agent asks
///
/// The first answer counts. The runner hears of it at once if it is connected, else when it is again.
#[utoipa::path(post, path = "/projects/{id}/runs/{run}/steps/{step}/executions/{fence}/asks/{ask}/answer",
    tag = "runners", params(("id" = ProjectId, Path), ("run" = RunId, Path), ("step" = StepId, Path),
        ("fence" = i64, Path), ("ask" = u32, Path)),
    request_body = AnswerAgentAsk, responses((status = 204)),
    extensions(("x-refuses" = json!(["CONFLICT", "ALREADY_DECIDED"]))))]
async fn answer_ask(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, run, step, fence, ask)): Path<(ProjectId, RunId, StepId, i64, u32)>,
    Body(AnswerAgentAsk { option }): Body<AnswerAgentAsk>,
) -> Answer<StatusCode> {
    let lease = Lease { run, step, fence };
    let scope = *permit.scope();
    let answer = move |t: &mut store::Tenant<'_, '_>| {
        let runner = asks::answer(t, lease, ask, option.as_deref())?;
        let details = json!({ "option": option });
        audit::write(t, Some(scope.project()), scope.actor(), "fleet.answered", &run.to_string(), &details)?;
        Ok(runner)
    };
    if let Some(runner) = app.store.transact_in(&scope, answer).await? {
        app.gateway.answered(runner);
    }
    Ok(StatusCode::NO_CONTENT)
}
