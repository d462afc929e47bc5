//! The departments that work can be ordered of, and how much an order concerns each.

use std::collections::BTreeSet;

use agents::departments::relevance;
use axum::Json;
use axum::extract::State;
use identity::Viewer;
use kernel::{Error, ProjectId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::runs::{Department, DepartmentsQuery};

use crate::app::App;
use crate::body::{Path, Query};
use crate::caller::Permit;
use crate::problem::Answer;

/// The longest order that is looked at, in characters; what comes after is read when it is given.
const LONGEST: usize = 2_000;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The departments, in the order in which they work
///
/// With `task`, the words of an order that is not given yet, each says how much it is concerned. Nothing is begun.
#[utoipa::path(get, path = "/projects/{id}/departments", tag = "runs",
    params(("id" = ProjectId, Path), DepartmentsQuery), responses((status = 200, body = Vec<Department>)))]
async fn list(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path(_project): Path<ProjectId>,
    Query(query): Query<DepartmentsQuery>,
) -> Answer<Json<Vec<Department>>> {
    let task = query.task.unwrap_or_default();
    if task.chars().count() > LONGEST {
        return Err(Error::field("task", format!("must be at most {LONGEST} characters")).into());
    }
    let departments = app.desk.roster().departments(permit.scope()).await?;
    let concerned = relevance::of(&task, &departments);
    let all: BTreeSet<&str> = departments.all().iter().map(|department| department.name.as_str()).collect();
    let told = departments.all().iter().map(|department| {
        let relevance = concerned.get(&department.name).copied().unwrap_or_default();
        Department {
            name: department.name.clone(),
            after: departments.before(&department.name, &all).into_iter().map(str::to_owned).collect(),
            agents: department.specialists.iter().map(|agent| agent.title.clone()).collect(),
            relevance,
            involved: relevance >= relevance::LEAST,
        }
    });
    Ok(Json(told.collect()))
}
