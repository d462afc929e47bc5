//! Records: the episodes, characters, scenes, locations and concepts of a project.

use agents::catalogue::Collection;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use identity::{Editor, Viewer};
use kernel::{EntityId, Error, PageRequest, ProjectId, Result};
use store::changes::{self, Applied, Draft, New, Patch, Write};
use store::{Tenant, entities, facts};
use studios::film;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::records::{
    Changed, CreateRecord, Origin, Record, RecordChanged, RecordQuery, RecordVersion, Relationship,
    RestoreRecord, UpdateRecord,
};
use wire::{Page, PageQuery};

use super::Paging;
use super::projects::named;
use crate::app::App;
use crate::body::{Body, Path, Query};
use crate::caller::Permit;
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, remove))
        .routes(routes!(restore))
        .routes(routes!(history))
        .routes(routes!(relationships))
}

fn collection(name: &str) -> Result<&'static Collection> {
    film::CATALOGUE.collection(name)
}

/// The records of a collection, in its order
#[utoipa::path(get, path = "/projects/{id}/{collection}", tag = "records",
    params(("id" = ProjectId, Path), ("collection" = String, Path), RecordQuery),
    responses((status = 200, body = Page<Record>)))]
async fn list(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, name)): Path<(ProjectId, String)>,
    Query(query): Query<RecordQuery>,
) -> Answer<Json<Page<Record>>> {
    let collection = collection(&name)?;
    if query.name.as_ref().is_some_and(|name| name.chars().count() > 200) {
        return Err(Error::field("name", "must have at most 200 characters").into());
    }
    let (paging, skip) = match (query.page, &query.cursor) {
        (Some(_), Some(_)) => {
            return Err(Error::field("page", "cannot be used together with `cursor`").into());
        }
        (Some(number), None) => Paging::numbered(query.limit, number)?,
        (None, _) => (Paging::of(&PageQuery { limit: query.limit, cursor: query.cursor })?, 0),
    };
    let request = paging.request.clone();
    let filter = entities::Filter { name: query.name, removed: query.removed.unwrap_or(false) };
    let listed = app
        .store
        .read_in(permit.scope(), move |t| entities::list(t, collection.name, &filter, &request, skip))
        .await?;
    Ok(Json(paging.page(listed)))
}

/// Make a record
#[utoipa::path(post, path = "/projects/{id}/{collection}", tag = "records",
    params(("id" = ProjectId, Path), ("collection" = String, Path)), request_body = CreateRecord,
    responses((status = 201, body = RecordChanged)))]
async fn create(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, name)): Path<(ProjectId, String)>,
    Body(request): Body<CreateRecord>,
) -> Answer<impl IntoResponse> {
    let collection = collection(&name)?;
    let mut metadata = request.metadata.unwrap_or_default();
    collection.check(&metadata)?;
    metadata.retain(|_, value| !value.is_null());
    let new = New {
        id: app.ambient.id(),
        collection: collection.name.to_owned(),
        name: named("name", &request.name)?,
        description: request.description.unwrap_or_default(),
        metadata,
        body: request.body,
        position: None,
        origin: Origin::Person,
    };
    let draft = Draft {
        summary: format!("Made the {} {}", collection.singular, new.name),
        writes: vec![Write::Create(new)],
        ..Draft::default()
    };
    let applied = app.store.transact_in(permit.scope(), move |t| changes::apply(t, &draft)).await?;
    Ok((StatusCode::CREATED, Json(changed(applied)?)))
}

/// A record
#[utoipa::path(get, path = "/projects/{id}/{collection}/{record}", tag = "records",
    params(("id" = ProjectId, Path), ("collection" = String, Path), ("record" = EntityId, Path)),
    responses((status = 200, body = Record)))]
async fn get(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, name, id)): Path<(ProjectId, String, EntityId)>,
) -> Answer<Json<Record>> {
    let collection = collection(&name)?;
    Ok(Json(app.store.read_in(permit.scope(), move |t| entities::get(t, collection.name, id)).await?))
}

/// Change a record
#[utoipa::path(patch, path = "/projects/{id}/{collection}/{record}", tag = "records",
    params(("id" = ProjectId, Path), ("collection" = String, Path), ("record" = EntityId, Path)),
    request_body = UpdateRecord, responses((status = 200, body = RecordChanged)),
    extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn update(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, name, id)): Path<(ProjectId, String, EntityId)>,
    Body(request): Body<UpdateRecord>,
) -> Answer<Json<RecordChanged>> {
    let collection = collection(&name)?;
    if let Some(metadata) = &request.metadata {
        collection.check(metadata)?;
    }
    let patch = Patch {
        name: request.name.as_deref().map(|name| named("name", name)).transpose()?,
        description: request.description,
        metadata: request.metadata,
        body: request.body,
        origin: Some(Origin::Person),
        ..Patch::default()
    };
    let expected = request.version;
    let applied = app
        .store
        .transact_in(permit.scope(), move |t| {
            let before = entities::get(t, collection.name, id)?;
            let draft = Draft {
                summary: format!("Changed the {} {}", collection.singular, before.name),
                writes: vec![Write::Change { id, expected, patch: patch.clone() }],
                ..Draft::default()
            };
            changes::apply(t, &draft)
        })
        .await?;
    Ok(Json(changed(applied)?))
}

/// Put a record into the bin
#[utoipa::path(delete, path = "/projects/{id}/{collection}/{record}", tag = "records",
    params(("id" = ProjectId, Path), ("collection" = String, Path), ("record" = EntityId, Path)),
    responses((status = 200, body = Changed)))]
async fn remove(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, name, id)): Path<(ProjectId, String, EntityId)>,
) -> Answer<Json<Changed>> {
    let collection = collection(&name)?;
    let applied = app
        .store
        .transact_in(permit.scope(), move |t| {
            let before = entities::get(t, collection.name, id)?;
            let draft = Draft {
                summary: format!("Removed the {} {}", collection.singular, before.name),
                writes: vec![Write::Remove(id)],
                ..Draft::default()
            };
            changes::apply(t, &draft)
        })
        .await?;
    Ok(Json(Changed { change_id: applied.change, records: vec![id] }))
}

/// Take a record out of the bin, or bring an earlier version back
#[utoipa::path(post, path = "/projects/{id}/{collection}/{record}/restore", tag = "records",
    params(("id" = ProjectId, Path), ("collection" = String, Path), ("record" = EntityId, Path)),
    request_body = RestoreRecord, responses((status = 200, body = RecordChanged)))]
async fn restore(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, name, id)): Path<(ProjectId, String, EntityId)>,
    Body(request): Body<RestoreRecord>,
) -> Answer<Json<RecordChanged>> {
    let collection = collection(&name)?;
    let applied = app
        .store
        .transact_in(permit.scope(), move |t| {
            let (before, write) = earlier(t, collection, id, request.version)?;
            let summary = format!("Restored the {} {}", collection.singular, before.name);
            changes::apply(t, &Draft { summary, writes: vec![write], ..Draft::default() })
        })
        .await?;
    Ok(Json(changed(applied)?))
}

fn earlier(
    t: &mut Tenant<'_, '_>,
    collection: &Collection,
    id: EntityId,
    version: Option<i64>,
) -> Result<(Record, Write)> {
    match version {
        None => Ok((entities::removed(t, collection.name, id)?, Write::Restore(id))),
        Some(version) => {
            let before = entities::get(t, collection.name, id)?;
            Ok((before, changes::back_to(t, id, version)?))
        }
    }
}

/// The versions of a record, newest first
#[utoipa::path(get, path = "/projects/{id}/{collection}/{record}/history", tag = "records",
    params(("id" = ProjectId, Path), ("collection" = String, Path), ("record" = EntityId, Path), PageQuery),
    responses((status = 200, body = Page<RecordVersion>)))]
async fn history(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, name, id)): Path<(ProjectId, String, EntityId)>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<RecordVersion>>> {
    let collection = collection(&name)?;
    let paging = Paging::of(&query)?;
    let list = move |t: &mut Tenant<'_, '_>, page: &PageRequest| {
        // A removed record has a history too.
        entities::get(t, collection.name, id).or_else(|_| entities::removed(t, collection.name, id))?;
        entities::history(t, id, page)
    };
    Ok(Json(paging.read(&app, permit.scope(), list).await?))
}

/// What a record is related to, strongest first
#[utoipa::path(get, path = "/projects/{id}/{collection}/{record}/relationships", tag = "records",
    params(("id" = ProjectId, Path), ("collection" = String, Path), ("record" = EntityId, Path), PageQuery),
    responses((status = 200, body = Page<Relationship>)))]
async fn relationships(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((_project, name, id)): Path<(ProjectId, String, EntityId)>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<Relationship>>> {
    let collection = collection(&name)?;
    let paging = Paging::of(&query)?;
    let list = move |t: &mut Tenant<'_, '_>, page: &PageRequest| {
        entities::get(t, collection.name, id)?;
        facts::relationships(t, id, page)
    };
    Ok(Json(paging.read(&app, permit.scope(), list).await?))
}

/// The one record that a change wrote.
fn changed(applied: Applied) -> Result<RecordChanged> {
    let change_id = applied.change;
    let record =
        applied.records.into_iter().next().ok_or_else(|| Error::internal("a change without a record"))?;
    Ok(RecordChanged { record, change_id })
}
