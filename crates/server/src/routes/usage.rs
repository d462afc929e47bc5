//! What language models took in a project, and what they may take.

use axum::Json;
use axum::extract::State;
use identity::{Owner, Viewer};
use kernel::{Error, ProjectId, Timestamp};
use store::usage::{self, DAY_MS};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::usage::{Budgets, UsageQuery, UsageReport};

use crate::app::App;
use crate::body::{Body, Query};
use crate::caller::Permit;
use crate::problem::Answer;

/// Days that are told of, unless others are asked for.
const DAYS: u32 = 30;
/// The most.
const MOST_DAYS: u32 = 366;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(report)).routes(routes!(budgets, set_budgets))
}

/// What language models took
///
/// By day, agent, person (who ordered the work) or model. Calls under way are not in it yet.
#[utoipa::path(get, path = "/projects/{id}/usage", tag = "usage", params(("id" = ProjectId, Path), UsageQuery),
    responses((status = 200, body = UsageReport)))]
async fn report(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Query(query): Query<UsageQuery>,
) -> Answer<Json<UsageReport>> {
    let days = query.days.unwrap_or(DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(Error::field("days", format!("must be from 1 to {MOST_DAYS}")).into());
    }
    let today = app.ambient.now().0.div_euclid(DAY_MS) * DAY_MS;
    let since = Timestamp(today).plus_millis(-DAY_MS * i64::from(days - 1));
    let by = query.by.unwrap_or_default();
    let rows = app.store.read_in(permit.scope(), move |t| usage::report(t, by, since)).await?;
    Ok(Json(UsageReport { rows, prices: app.settings.prices() }))
}

/// What language models may take
#[utoipa::path(get, path = "/projects/{id}/budgets", tag = "usage", params(("id" = ProjectId, Path)),
    responses((status = 200, body = Budgets)))]
async fn budgets(State(app): State<App>, Permit(permit): Permit<Viewer>) -> Answer<Json<Budgets>> {
    Ok(Json(app.store.read_in(permit.scope(), usage::budgets).await?.unwrap_or_default()))
}

/// Set what language models may take
///
/// What is absent has its default: tokens are bounded, and nothing that costs money is called.
#[utoipa::path(put, path = "/projects/{id}/budgets", tag = "usage", params(("id" = ProjectId, Path)),
    request_body = Budgets, responses((status = 200, body = Budgets)))]
async fn set_budgets(
    State(app): State<App>,
    Permit(permit): Permit<Owner>,
    Body(budgets): Body<Budgets>,
) -> Answer<Json<Budgets>> {
    app.store.transact_in(permit.scope(), move |t| usage::set_budgets(t, &budgets)).await?;
    Ok(Json(budgets))
}
