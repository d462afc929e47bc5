//! Relationships that people draw between records.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use identity::Editor;
use kernel::{Error, FactId, ProjectId};
use store::changes::{self, Draft};
use store::facts::NewFact;
use store::{entities, facts};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::records::{Changed, CreateRelationship, Origin};

use crate::app::App;
use crate::body::{Body, Path};
use crate::caller::Permit;
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(remove))
}

/// Relate two records
#[utoipa::path(post, path = "/projects/{id}/relationships", tag = "records",
    params(("id" = ProjectId, Path)), request_body = CreateRelationship, responses((status = 201, body = Changed)))]
async fn create(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Body(request): Body<CreateRelationship>,
) -> Answer<impl IntoResponse> {
    if request.source == request.target {
        return Err(Error::field("target", "must be another record than `source`").into());
    }
    let applied = app
        .store
        .transact_in(permit.scope(), move |t| {
            let (source, target) = (entities::any(t, request.source)?, entities::any(t, request.target)?);
            let fact = NewFact {
                subject: source.id,
                predicate: request.r#type.clone(),
                object: Some(target.id),
                value: None,
                weight: None,
                confidence: 1.0,
                origin: Origin::Person,
                source: None,
            };
            let summary = format!("Related {} to {}", source.name, target.name);
            changes::apply(t, &Draft { summary, facts: vec![fact], ..Draft::default() })
                .map(|applied| (applied.change, vec![source.id, target.id]))
        })
        .await?;
    let (change_id, records) = applied;
    Ok((StatusCode::CREATED, Json(Changed { change_id, records })))
}

/// End a relationship
#[utoipa::path(delete, path = "/projects/{id}/relationships/{relationship}", tag = "records",
    params(("id" = ProjectId, Path), ("relationship" = FactId, Path)), responses((status = 200, body = Changed)))]
async fn remove(
    State(app): State<App>,
    Permit(permit): Permit<Editor>,
    Path((_project, relationship)): Path<(ProjectId, FactId)>,
) -> Answer<Json<Changed>> {
    let (change_id, records) = app
        .store
        .transact_in(permit.scope(), move |t| {
            let fact = facts::get(t, relationship)?;
            let object = fact.object.ok_or_else(|| Error::not_found("relationship"))?;
            let draft = Draft {
                summary: format!("Ended a relationship: {}", fact.predicate),
                ended: vec![fact.id],
                ..Draft::default()
            };
            changes::apply(t, &draft).map(|applied| (applied.change, vec![fact.subject, object]))
        })
        .await?;
    Ok(Json(Changed { change_id, records }))
}
