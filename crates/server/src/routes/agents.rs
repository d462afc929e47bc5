//! Who works in the departments of a project, which its owners may change; and how many are at work on this server.

use agents::departments::definition::{LONGEST, Role};
use agents::departments::roster::{MOST_AGENTS, Origin, Put, Standing};
use agents::tools::Tool;
use axum::Json;
use axum::extract::State;
use identity::{Owner, Viewer};
use kernel::{Error, ProjectId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::agents::{
    Agent, AgentChanged, AgentChoices, AgentFault, AgentOrigin, AgentPool, AgentPoolStats, AgentRole, Agents,
    PutAgent,
};
use wire::records::{Changed, RecordVersion};
use wire::{Page, PageQuery};

use super::Paging;
use crate::app::App;
use crate::body::{Body, Path, Query};
use crate::caller::{Admin, Permit};
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, put, put_back))
        .routes(routes!(history))
        .routes(routes!(pool))
}

/// The agents of a project, department by department
///
/// Each with its file, where it comes from, and what an owner may do about it.
#[utoipa::path(get, path = "/projects/{id}/agents", tag = "agents", params(("id" = ProjectId, Path)),
    responses((status = 200, body = Agents)))]
async fn list(State(app): State<App>, Permit(permit): Permit<Viewer>) -> Answer<Json<Agents>> {
    let roster = app.desk.roster();
    Ok(Json(Agents {
        agents: roster.agents(permit.scope()).await?.into_iter().map(told).collect(),
        engines: roster.studio().engines().into_iter().map(str::to_owned).collect(),
        tools: Tool::names().map(str::to_owned).into(),
        most: MOST_AGENTS,
        longest: LONGEST,
    }))
}

/// An agent of a project
#[utoipa::path(get, path = "/projects/{id}/agents/{department}/{agent}", tag = "agents",
    params(("id" = ProjectId, Path), ("department" = String, Path), ("agent" = String, Path)),
    responses((status = 200, body = Agent)))]
async fn get(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, department, agent)): Path<(ProjectId, String, String)>,
) -> Answer<Json<Agent>> {
    let all = app.desk.roster().agents(permit.scope()).await?;
    let found = all.into_iter().find(|one| one.department == department && one.name == agent);
    Ok(Json(told(found.ok_or_else(|| Error::not_found("agent"))?)))
}

/// Change an agent, add one, or switch one off
///
/// What is said takes the place of all that was said before. It holds for every attempt at a step that begins from then on; a run
/// that was planned for someone who is switched off goes on without them.
#[utoipa::path(put, path = "/projects/{id}/agents/{department}/{agent}", tag = "agents",
    params(("id" = ProjectId, Path), ("department" = String, Path), ("agent" = String, Path)),
    request_body = PutAgent, responses((status = 200, body = AgentChanged)),
    extensions(("x-refuses" = json!(["CONFLICT", "UNREADABLE_DOCUMENT"]))))]
async fn put(
    State(app): State<App>,
    Permit(permit): Permit<Owner>,
    Path((_project, department, agent)): Path<(ProjectId, String, String)>,
    Body(request): Body<PutAgent>,
) -> Answer<Json<AgentChanged>> {
    let put = Put { definition: request.definition, off: request.off, version: request.version };
    let changed = app.desk.roster().put(permit.scope(), &department, &agent, put).await?;
    let standing = changed.standing.ok_or_else(|| Error::internal("an agent that was put is not there"))?;
    Ok(Json(AgentChanged { agent: told(standing), change_id: changed.change }))
}

/// Put back an agent as it is built in, or take out one that was added
#[utoipa::path(delete, path = "/projects/{id}/agents/{department}/{agent}", tag = "agents",
    params(("id" = ProjectId, Path), ("department" = String, Path), ("agent" = String, Path)),
    responses((status = 200, body = Changed)))]
async fn put_back(
    State(app): State<App>,
    Permit(permit): Permit<Owner>,
    Path((_project, department, agent)): Path<(ProjectId, String, String)>,
) -> Answer<Json<Changed>> {
    let changed = app.desk.roster().put_back(permit.scope(), &department, &agent).await?;
    Ok(Json(Changed { change_id: changed.change, records: vec![changed.record] }))
}

/// What a project has said of an agent, newest first
#[utoipa::path(get, path = "/projects/{id}/agents/{department}/{agent}/history", tag = "agents",
    params(("id" = ProjectId, Path), ("department" = String, Path), ("agent" = String, Path), PageQuery),
    responses((status = 200, body = Page<RecordVersion>)))]
async fn history(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, department, agent)): Path<(ProjectId, String, String)>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<RecordVersion>>> {
    let (paging, roster) = (Paging::of(&query)?, app.desk.roster().clone());
    let list = move |t: &mut store::Tenant<'_, '_>, page: &kernel::PageRequest| {
        roster.history(t, &department, &agent, page)
    };
    Ok(Json(paging.read(&app, permit.scope(), list).await?))
}

/// The agents of this server, by type
///
/// A type is `department/agent`, whatever the project. What projects call their agents is here, so only who administers the server
/// is told.
#[utoipa::path(get, path = "/agents/pool", tag = "agents", responses((status = 200, body = AgentPool)),
    extensions(("x-refuses" = json!(["FORBIDDEN"]))))]
async fn pool(State(app): State<App>, Admin(_admin): Admin) -> Answer<Json<AgentPool>> {
    let told = app.desk.slots().stats().into_iter().map(|(kind, stats, _)| {
        let resilience::pool::Stats { total, in_use, idle, total_requests } = stats;
        (kind, AgentPoolStats { total, in_use, idle, total_requests })
    });
    Ok(Json(AgentPool(told.collect())))
}

fn told(standing: Standing) -> Agent {
    let (off, own) = (standing.can_be_off(), standing.has_own());
    let added = standing.origin == Origin::Added;
    Agent {
        title: standing.definition.map_or_else(|| standing.name.clone(), |definition| definition.title),
        department: standing.department,
        name: standing.name,
        role: match standing.role {
            Role::Head => AgentRole::Head,
            Role::Specialist => AgentRole::Specialist,
        },
        origin: match standing.origin {
            Origin::BuiltIn => AgentOrigin::BuiltIn,
            Origin::Changed => AgentOrigin::Changed,
            Origin::Added => AgentOrigin::Added,
        },
        off: standing.off,
        definition: standing.file,
        built_in: standing.built_in,
        fault: standing.fault.map(|fault| AgentFault {
            line: fault.line,
            field: fault.field,
            reason: fault.reason,
        }),
        version: standing.version,
        updated_at: standing.updated_at,
        updated_by: standing.updated_by,
        choices: AgentChoices { switch_off: off, put_back: own && !added, remove: added },
    }
}
