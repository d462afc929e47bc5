//! Projects: the films that people make, what stands in them, and what happened there.

use agents::departments::roster;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use identity::{Editor, Owner, Viewer};
use kernel::{ChangeId, Code, Error, ProjectId, Role};
use store::Tenant;
use studios::film;
use studios::film::screenplay::Format;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::projects::{CreateProject, Project, UpdateProject};
use wire::records::{Activity, Changed, CollectionSchema, Record, SearchQuery, SearchResults};
use wire::{Page, PageQuery};

use super::Paging;
use crate::app::App;
use crate::body::{Body, Path, Query};
use crate::caller::{Permit, SignedIn};
use crate::download::Download;
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(sample))
        .routes(routes!(get, update, remove))
        .routes(routes!(schema))
        .routes(routes!(activity))
        .routes(routes!(search))
        .routes(routes!(export))
        .routes(routes!(undo))
}

/// The caller's projects
#[utoipa::path(get, path = "/projects", tag = "projects", params(PageQuery),
    responses((status = 200, body = Page<Project>)))]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<Project>>> {
    let paging = Paging::of(&query)?;
    let (person, request) = (caller.person(), paging.request.clone());
    let listed = app.store.read(move |tx| store::projects::list(tx, person, &request)).await?;
    Ok(Json(paging.page(listed)))
}

/// Make a project
#[utoipa::path(post, path = "/projects", tag = "projects", request_body = CreateProject,
    responses((status = 201, body = Project)))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(request): Body<CreateProject>,
) -> Answer<impl IntoResponse> {
    caller.may_write()?;
    let (person, name) = (caller.person(), named("name", &request.name)?);
    let project =
        app.store.transact(move |tx| store::projects::create(tx, person, &name, request.r#type)).await?;
    Ok((StatusCode::CREATED, Json(project)))
}

/// Make a project with a short screenplay in it, to look around
#[utoipa::path(post, path = "/projects/sample", tag = "projects", responses((status = 201, body = Project)))]
async fn sample(State(app): State<App>, SignedIn(caller): SignedIn) -> Answer<impl IntoResponse> {
    caller.may_write()?;
    let project = film::sample_project(&app.store, caller.person()).await?;
    Ok((StatusCode::CREATED, Json(project)))
}

/// A project
#[utoipa::path(get, path = "/projects/{id}", tag = "projects", params(("id" = ProjectId, Path)),
    responses((status = 200, body = Project)))]
async fn get(State(app): State<App>, Permit(permit): Permit<Viewer>) -> Answer<Json<Project>> {
    Ok(Json(app.store.read_in(permit.scope(), store::projects::get).await?))
}

/// Change a project
#[utoipa::path(patch, path = "/projects/{id}", tag = "projects", params(("id" = ProjectId, Path)),
    request_body = UpdateProject, responses((status = 200, body = Project)))]
async fn update(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Body(mut change): Body<UpdateProject>,
) -> Answer<Json<Project>> {
    if let Some(name) = &change.name {
        change.name = Some(named("name", name)?);
    }
    let changed = app.store.transact_in(permit.scope(), move |t| store::projects::update(t, &change)).await?;
    Ok(Json(changed))
}

/// Remove a project with everything in it, for good
#[utoipa::path(delete, path = "/projects/{id}", tag = "projects", params(("id" = ProjectId, Path)),
    responses((status = 204)))]
async fn remove(State(app): State<App>, Permit(permit): Permit<Owner>) -> Answer<StatusCode> {
    app.store.transact_in(permit.scope(), store::projects::remove).await?;
    app.live.closed(permit.scope().project());
    Ok(StatusCode::NO_CONTENT)
}

/// The collections of a project, and their fields
#[utoipa::path(get, path = "/projects/{id}/schema", tag = "projects", params(("id" = ProjectId, Path)),
    responses((status = 200, body = Vec<CollectionSchema>)))]
async fn schema(Permit(_permit): Permit<Viewer>) -> Json<Vec<CollectionSchema>> {
    Json(film::CATALOGUE.schema())
}

/// What happened in a project, newest first
#[utoipa::path(get, path = "/projects/{id}/activity", tag = "projects",
    params(("id" = ProjectId, Path), PageQuery), responses((status = 200, body = Page<Activity>)))]
async fn activity(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<Activity>>> {
    let paging = Paging::of(&query)?;
    Ok(Json(paging.read(&app, permit.scope(), store::events::activity).await?))
}

/// Find records by their words
#[utoipa::path(get, path = "/projects/{id}/search", tag = "projects",
    params(("id" = ProjectId, Path), SearchQuery), responses((status = 200, body = SearchResults)))]
async fn search(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Query(query): Query<SearchQuery>,
) -> Answer<Json<SearchResults>> {
    let length = query.q.chars().count();
    if !(1..=200).contains(&length) {
        return Err(Error::field("q", "must have 1 to 200 characters").into());
    }
    let limit = query.limit.unwrap_or(20);
    if !(1..=50).contains(&limit) {
        return Err(Error::field("limit", "must be from 1 to 50").into());
    }
    Ok(Json(app.brain.search(permit.scope(), &film::LEXICON, &query.q, limit as usize).await?))
}

/// The screenplay, as a file
#[utoipa::path(get, path = "/projects/{id}/exports/{file}", tag = "projects",
    params(("id" = ProjectId, Path), ("file" = String, Path, description = "`screenplay.fountain` or `screenplay.fdx`")),
    responses((status = 200, content((String = "text/plain"), (String = "application/xml")))),
    extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn export(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, file)): Path<(ProjectId, String)>,
) -> Answer<Download> {
    let (format, kind) = match file.as_str() {
        "screenplay.fountain" => (Format::Fountain, "text/plain; charset=utf-8"),
        "screenplay.fdx" => (Format::Fdx, "application/xml"),
        _ => return Err(Error::not_found("export").into()),
    };
    let (name, bytes) = film::export(&app.store, permit.scope(), format).await?;
    Ok(Download { name, kind, bytes })
}

/// Take a change back
#[utoipa::path(post, path = "/projects/{id}/changes/{change}/undo", tag = "projects",
    params(("id" = ProjectId, Path), ("change" = ChangeId, Path)), responses((status = 200, body = Changed)),
    extensions(("x-refuses" = json!(["ALREADY_DECIDED", "CONFLICT"]))))]
async fn undo(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, change)): Path<(ProjectId, ChangeId)>,
) -> Answer<Json<Changed>> {
    let undo = move |t: &mut Tenant<'_, '_>| {
        let undone = store::changes::undo(t, change)?;
        // Who works in a project is its owners' to say, also by taking back what was said.
        let of_agents = |record: &Record| record.collection == roster::COLLECTION;
        if t.scope().role() < Role::Owner && undone.records.iter().any(of_agents) {
            let what = "Only an owner can take back what was changed about the project's agents.";
            return Err(Error::new(Code::Forbidden, what));
        }
        Ok(undone)
    };
    let undone = app.store.transact_in(permit.scope(), undo).await?;
    Ok(Json(Changed {
        change_id: undone.change,
        records: undone.records.iter().map(|record| record.id).collect(),
    }))
}

/// A name without blanks around it.
///
/// # Errors
/// `VALIDATION_ERROR` when nothing is left of it.
pub(super) fn named(field: &str, name: &str) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::field(field, "must not be blank"));
    }
    Ok(name.to_owned())
}
