//! Schedules: orders that are given at their time, and what became of them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use identity::{Editor, Viewer};
use kernel::{Error, ProjectId, ScheduleId};
use serde_json::json;
use store::{Tenant, audit};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::schedules::{ChangeSchedule, NewSchedule, Occurrence, Schedule, ScheduleDetail, ScheduledOrder};
use wire::{Page, PageQuery};

use super::Paging;
use crate::app::App;
use crate::body::{Body, Path, Query};
use crate::caller::Permit;
use crate::problem::Answer;
use crate::schedules::{look, planned};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, remove))
        .routes(routes!(run))
}

/// The project's schedules, newest first
#[utoipa::path(get, path = "/projects/{id}/schedules", tag = "schedules",
    params(("id" = ProjectId, Path), PageQuery), responses((status = 200, body = Page<Schedule>)))]
async fn list(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<Schedule>>> {
    let paging = Paging::of(&query)?;
    Ok(Json(paging.read(&app, permit.scope(), store::schedules::list).await?))
}

/// Have an order given once, or again and again
#[utoipa::path(post, path = "/projects/{id}/schedules", tag = "schedules", request_body = NewSchedule,
    params(("id" = ProjectId, Path)), responses((status = 201, body = Schedule)), extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn create(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Body(new): Body<NewSchedule>,
) -> Answer<(StatusCode, Json<Schedule>)> {
    let parts = app.clone();
    let made = app.store.transact_in(permit.scope(), move |t| {
        let made = tasks::schedules::make(t, &new)?;
        // What would be refused at its time is refused now.
        planned(t, parts.desk.roster(), &made)?;
        note(t, &made, "fleet.scheduled")?;
        Ok(made)
    });
    let made = made.await?;
    app.bell.ring();
    Ok((StatusCode::CREATED, Json(made)))
}

/// A schedule, and what became of its latest occurrences
#[utoipa::path(get, path = "/projects/{id}/schedules/{schedule}", tag = "schedules",
    params(("id" = ProjectId, Path), ("schedule" = ScheduleId, Path)), responses((status = 200, body = ScheduleDetail)))]
async fn get(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, id)): Path<(ProjectId, ScheduleId)>,
) -> Answer<Json<ScheduleDetail>> {
    let read = app.store.read_in(permit.scope(), move |t| {
        Ok(ScheduleDetail {
            schedule: store::schedules::get(t, id)?,
            occurrences: store::schedules::occurrences(t, id)?,
        })
    });
    Ok(Json(read.await?))
}

/// Change, pause or resume a schedule
#[utoipa::path(patch, path = "/projects/{id}/schedules/{schedule}", tag = "schedules", request_body = ChangeSchedule,
    params(("id" = ProjectId, Path), ("schedule" = ScheduleId, Path)), responses((status = 200, body = Schedule)))]
async fn change(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, id)): Path<(ProjectId, ScheduleId)>,
    Body(changes): Body<ChangeSchedule>,
) -> Answer<Json<Schedule>> {
    let parts = app.clone();
    let changed = app.store.transact_in(permit.scope(), move |t| {
        let mut schedule = store::schedules::hold(t, id)?;
        tasks::schedules::change(t, &mut schedule, &changes)?;
        planned(t, parts.desk.roster(), &schedule)?;
        note(t, &schedule, "fleet.schedule_changed")?;
        Ok(schedule)
    });
    let changed = changed.await?;
    app.bell.ring();
    Ok(Json(changed))
}

/// Remove a schedule; the runs that it started stay
#[utoipa::path(delete, path = "/projects/{id}/schedules/{schedule}", tag = "schedules",
    params(("id" = ProjectId, Path), ("schedule" = ScheduleId, Path)), responses((status = 204)))]
async fn remove(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, id)): Path<(ProjectId, ScheduleId)>,
) -> Answer<StatusCode> {
    let removed = app.store.transact_in(permit.scope(), move |t| {
        let schedule = store::schedules::hold(t, id)?;
        store::schedules::remove(t, id)?;
        note(t, &schedule, "fleet.schedule_removed")
    });
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a schedule's order now, besides its times
///
/// It is given in the name of whoever set the schedule, whether or not it is paused.
#[utoipa::path(post, path = "/projects/{id}/schedules/{schedule}/run", tag = "schedules",
    params(("id" = ProjectId, Path), ("schedule" = ScheduleId, Path)), responses((status = 200, body = Occurrence)),
    extensions(("x-refuses" = json!(["RATE_LIMITED"]))))]
async fn run(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, id)): Path<(ProjectId, ScheduleId)>,
) -> Answer<Json<Occurrence>> {
    let scope = permit.scope();
    if let Some(person) = scope.actor() {
        app.spend(person, "task").await?;
    }
    let at = app.store.transact_in(scope, move |t| {
        let schedule = store::schedules::hold(t, id)?;
        tasks::schedules::give_now(t, &schedule)
    });
    let at = at.await?;
    look(&app).await?;
    let found = app.store.read_in(scope, move |t| store::schedules::occurrences(t, id)).await?;
    let given = found.into_iter().find(|occurrence| occurrence.at == at);
    Ok(Json(given.ok_or_else(|| Error::not_found("schedule"))?))
}

/// Notes what was done to a schedule of the fleet's.
fn note(t: &mut Tenant<'_, '_>, schedule: &Schedule, action: &str) -> Result<(), Error> {
    let ScheduledOrder::Fleet { .. } = schedule.order else { return Ok(()) };
    let (project, actor, details) = (t.project(), t.scope().actor(), json!({ "name": schedule.name }));
    audit::write(t, Some(project), actor, action, &schedule.id.to_string(), &details)
}
