//! Runs: what is under way in a project, its steps, its log, and what people may do about it.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use identity::{Editor, Viewer};
use kernel::{Error, ProjectId, RunId, StepId};
use serde_json::{Value, json};
use store::runs::Which;
use store::{Scope, events, runs};
use tokio::sync::broadcast::error::RecvError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::runs::{
    AnswerStep, FailedStep, LogQuery, PauseRun, Run, RunDetail, RunLog, RunQuery, RunsQuery, Step,
};
use wire::{Page, PageQuery};

use super::Paging;
use crate::app::App;
use crate::body::{Body, Path, Query};
use crate::caller::Permit;
use crate::problem::Answer;

/// What steps gave is told with their run up to this many characters.
const SHORT: i64 = 4_000;
/// How often whoever waits for a run's end looks at it.
const LOOK: Duration = Duration::from_secs(1);
/// How long an answer waits for a run's end, in seconds.
const LONGEST_WAIT: u32 = 30;
/// The most characters of a kind of runs.
const KIND: usize = 40;
/// Pieces of a log that are given at once, unless fewer are asked for.
const PIECES: u32 = 200;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(failed))
        .routes(routes!(get))
        .routes(routes!(step))
        .routes(routes!(log))
        .routes(routes!(cancel))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(retry))
        .routes(routes!(answer))
}

/// The project's runs, newest first
#[utoipa::path(get, path = "/projects/{id}/runs", tag = "runs", params(("id" = ProjectId, Path), RunsQuery),
    responses((status = 200, body = Page<Run>)))]
async fn list(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Query(query): Query<RunsQuery>,
) -> Answer<Json<Page<Run>>> {
    let paging = Paging::of(&PageQuery { limit: query.limit, cursor: query.cursor })?;
    if query.kind.as_ref().is_some_and(|kind| kind.chars().count() > KIND) {
        return Err(Error::field("kind", format!("must be at most {KIND} characters")).into());
    }
    let which = Which { state: query.state, kind: query.kind };
    let list = move |t: &mut store::Tenant<'_, '_>, page: &kernel::PageRequest| runs::list(t, &which, page);
    Ok(Json(paging.read(&app, permit.scope(), list).await?))
}

/// The steps of all runs that failed and can be retried, the latest first
#[utoipa::path(get, path = "/projects/{id}/runs/failed-steps", tag = "runs",
    params(("id" = ProjectId, Path), PageQuery), responses((status = 200, body = Page<FailedStep>)))]
async fn failed(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<FailedStep>>> {
    let paging = Paging::of(&query)?;
    Ok(Json(paging.read(&app, permit.scope(), runs::failed_steps).await?))
}

/// A run with its steps
#[utoipa::path(get, path = "/projects/{id}/runs/{run}", tag = "runs",
    params(("id" = ProjectId, Path), ("run" = RunId, Path), RunQuery), responses((status = 200, body = RunDetail)))]
async fn get(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, id)): Path<(ProjectId, RunId)>,
    Query(query): Query<RunQuery>,
) -> Answer<Json<RunDetail>> {
    match query.wait.unwrap_or(0) {
        0 => {}
        wait @ 1..=LONGEST_WAIT => ended(&app, permit.scope(), id, Duration::from_secs(wait.into())).await?,
        _ => return Err(Error::field("wait", format!("must be from 0 to {LONGEST_WAIT}")).into()),
    }
    let read = app.store.read_in(permit.scope(), move |t| {
        // First, so that nothing is told that it does not count.
        let seq = events::newest(t)?;
        let run = runs::get(t, id)?;
        let (steps, attempts) = (runs::steps_of(t, id, SHORT)?, runs::attempts(t, id)?);
        let planned_by = gateway::plans::planned_by(t, &run)?;
        Ok((seq, run, planned_by, steps, attempts, store::usage::of_run(t, id)?))
    });
    let (seq, run, planned_by, steps, attempts, usage) = read.await?;
    let steps = steps.into_iter().map(told_step).collect::<Result<_, Error>>()?;
    Ok(Json(RunDetail { seq, run, planned_by, steps, attempts, usage }))
}

/// Waits until a run has ended, but no longer than `patience`: looks at it with every change of its project, and now and
/// then, since what other servers say of theirs may be lost.
///
/// # Errors
/// `NOT_FOUND`, or that the store failed.
pub(super) async fn ended(app: &App, scope: &Scope, run: RunId, patience: Duration) -> Result<(), Error> {
    let patience = tokio::time::sleep(patience);
    tokio::pin!(patience);
    let mut hints = app.store.hints();
    loop {
        if app.store.read_in(scope, move |t| runs::get(t, run)).await?.state.has_ended() {
            return Ok(());
        }
        let changed = async {
            loop {
                match hints.recv().await {
                    Ok(project) if project != scope.project() => {}
                    other => return other,
                }
            }
        };
        tokio::select! {
            () = &mut patience => return Ok(()),
            () = tokio::time::sleep(LOOK) => {}
            changed = changed => if let Err(RecvError::Closed) = changed {
                return Ok(());
            },
        }
    }
}

/// A step of a run, with all that it gave
#[utoipa::path(get, path = "/projects/{id}/runs/{run}/steps/{step}", tag = "runs",
    params(("id" = ProjectId, Path), ("run" = RunId, Path), ("step" = StepId, Path)), responses((status = 200, body = Step)))]
async fn step(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, run, step)): Path<(ProjectId, RunId, StepId)>,
) -> Answer<Json<Step>> {
    let detail = app.store.read_in(permit.scope(), move |t| runs::step_of(t, run, step)).await?;
    Ok(Json(told_step(detail)?))
}

/// A part of a run's log
#[utoipa::path(get, path = "/projects/{id}/runs/{run}/log", tag = "runs",
    params(("id" = ProjectId, Path), ("run" = RunId, Path), LogQuery), responses((status = 200, body = RunLog)))]
async fn log(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, id)): Path<(ProjectId, RunId)>,
    Query(query): Query<LogQuery>,
) -> Answer<Json<RunLog>> {
    let (from, limit) = (query.from.unwrap_or(0), query.limit.unwrap_or(PIECES));
    if from < 0 {
        return Err(Error::field("from", "must be 0 or more").into());
    }
    if !(1..=1_000).contains(&limit) {
        return Err(Error::field("limit", "must be from 1 to 1000").into());
    }
    let read = app
        .store
        .read_in(permit.scope(), move |t| Ok((runs::get(t, id)?.log_end, runs::log(t, id, from, limit)?)));
    let (end, mut entries) = read.await?;
    let next = entries.last().map_or(from.min(end), |entry| entry.start + entry.text.len() as i64);
    entries.retain(runs::is_told);
    Ok(Json(RunLog { entries, next, end }))
}

/// End a run before it is done
///
/// What no worker has is cancelled at once; workers are asked to stop, and what they finish within ten seconds is kept.
#[utoipa::path(post, path = "/projects/{id}/runs/{run}/cancel", tag = "runs",
    params(("id" = ProjectId, Path), ("run" = RunId, Path)), responses((status = 204)))]
async fn cancel(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, id)): Path<(ProjectId, RunId)>,
) -> Answer<StatusCode> {
    app.tasks.cancel(permit.scope(), id).await?;
    app.gateway.note_run(permit.scope(), id, "fleet.cancelled").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Start nothing more of a run for now
#[utoipa::path(post, path = "/projects/{id}/runs/{run}/pause", tag = "runs", request_body = PauseRun,
    params(("id" = ProjectId, Path), ("run" = RunId, Path)), responses((status = 204)))]
async fn pause(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, id)): Path<(ProjectId, RunId)>,
    Body(request): Body<PauseRun>,
) -> Answer<StatusCode> {
    app.tasks.pause(permit.scope(), id, request.why).await?;
    app.gateway.note_run(permit.scope(), id, "fleet.paused").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Go on with a paused run
#[utoipa::path(post, path = "/projects/{id}/runs/{run}/resume", tag = "runs",
    params(("id" = ProjectId, Path), ("run" = RunId, Path)), responses((status = 204)))]
async fn resume(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, id)): Path<(ProjectId, RunId)>,
) -> Answer<StatusCode> {
    app.tasks.resume(permit.scope(), id).await?;
    app.gateway.note_run(permit.scope(), id, "fleet.resumed").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Do a step, and all that come after it, again
///
/// What the fleet does in it is held to the project's policy, as if it were ordered now.
#[utoipa::path(post, path = "/projects/{id}/runs/{run}/steps/{step}/retry", tag = "runs",
    params(("id" = ProjectId, Path), ("run" = RunId, Path), ("step" = StepId, Path)), responses((status = 204)))]
async fn retry(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, run, step)): Path<(ProjectId, RunId, StepId)>,
) -> Answer<StatusCode> {
    app.gateway.retry(permit.scope(), run, &[step]).await?;
    app.gateway.note_run(permit.scope(), run, "fleet.retried").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Answer a step that asks; the first answer counts
#[utoipa::path(post, path = "/projects/{id}/runs/{run}/steps/{step}/answer", tag = "runs", request_body = AnswerStep,
    params(("id" = ProjectId, Path), ("run" = RunId, Path), ("step" = StepId, Path)), responses((status = 204)),
    extensions(("x-refuses" = json!(["CONFLICT", "ALREADY_DECIDED"]))))]
async fn answer(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, run, step)): Path<(ProjectId, RunId, StepId)>,
    Body(request): Body<AnswerStep>,
) -> Answer<StatusCode> {
    app.tasks.answer(permit.scope(), run, step, json!(request.answer)).await?;
    app.gateway.note_run(permit.scope(), run, "fleet.answered").await?;
    Ok(StatusCode::NO_CONTENT)
}

fn told_step(detail: runs::Detail) -> Result<Step, Error> {
    let read = |text: &str| serde_json::from_str::<Value>(text).map_err(Error::internal);
    let (input, output) = (read(&detail.input)?, detail.output.as_deref().map(read).transpose()?);
    let step = detail.step;
    Ok(Step {
        id: step.id,
        name: step.name,
        queue: step.queue,
        after: detail.parents,
        priority: step.priority,
        limits: step.limits,
        state: step.state,
        reason: step.reason,
        attempt: step.attempt,
        worker: step.worker,
        leased_at: step.leased_at,
        ended_at: step.ended_at,
        answer: step.answer,
        input,
        output,
        output_length: detail.output_length,
    })
}
