//! Who is in a project, who is invited, and what was done.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use identity::{Owner, Viewer};
use kernel::{InvitationId, PersonId, ProjectId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::people::{
    AcceptInvitation, AcceptedInvitation, AuditEntry, AuditQuery, CreateInvitation, CreatedInvitation,
    Invitation, Member, UpdateMember,
};
use wire::{Page, PageQuery};

use super::Paging;
use crate::app::App;
use crate::body::{Body, Path, Query};
use crate::caller::{Client, NO_STORE, Permit, SignedIn, signed_in};
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(update, remove))
        .routes(routes!(leave))
        .routes(routes!(invitations, invite))
        .routes(routes!(withdraw))
        .routes(routes!(accept))
        .routes(routes!(audit))
}

/// The members of a project
#[utoipa::path(get, path = "/projects/{id}/members", tag = "people", params(("id" = ProjectId, Path), PageQuery),
    responses((status = 200, body = Page<Member>)))]
async fn list(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<Member>>> {
    let paging = Paging::of(&query)?;
    Ok(Json(paging.read(&app, permit.scope(), store::members::list).await?))
}

/// Give a member another role
#[utoipa::path(patch, path = "/projects/{id}/members/{person}", tag = "people",
    params(("id" = ProjectId, Path), ("person" = PersonId, Path)), request_body = UpdateMember,
    responses((status = 200, body = Member)),
    extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn update(
    State(app): State<App>,
    Permit(permit): Permit<Owner>,
    Path((_project, person)): Path<(ProjectId, PersonId)>,
    Body(request): Body<UpdateMember>,
) -> Answer<Json<Member>> {
    let role = request.role;
    Ok(Json(app.store.transact_in(permit.scope(), move |t| store::members::set_role(t, person, role)).await?))
}

/// Take a member out of a project
#[utoipa::path(delete, path = "/projects/{id}/members/{person}", tag = "people",
    params(("id" = ProjectId, Path), ("person" = PersonId, Path)), responses((status = 204)),
    extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn remove(
    State(app): State<App>,
    Permit(permit): Permit<Owner>,
    Path((_project, person)): Path<(ProjectId, PersonId)>,
) -> Answer<StatusCode> {
    app.store.transact_in(permit.scope(), move |t| store::members::remove(t, person)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leave a project
#[utoipa::path(post, path = "/projects/{id}/leave", tag = "people", params(("id" = ProjectId, Path)),
    responses((status = 204)),
    extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn leave(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Permit(permit): Permit<Viewer>,
) -> Answer<StatusCode> {
    caller.may_write()?;
    let person = caller.person();
    app.store.transact_in(permit.scope(), move |t| store::members::remove(t, person)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The open invitations
#[utoipa::path(get, path = "/projects/{id}/invitations", tag = "people",
    params(("id" = ProjectId, Path), PageQuery), responses((status = 200, body = Page<Invitation>)),
    extensions(("x-refuses" = json!(["FORBIDDEN"]))))]
async fn invitations(
    State(app): State<App>,
    Permit(permit): Permit<Owner>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<Invitation>>> {
    let paging = Paging::of(&query)?;
    Ok(Json(paging.read(&app, permit.scope(), store::members::invitations).await?))
}

/// Invite a person
#[utoipa::path(post, path = "/projects/{id}/invitations", tag = "people", params(("id" = ProjectId, Path)),
    request_body = CreateInvitation, responses((status = 201, body = CreatedInvitation)),
    extensions(("x-refuses" = json!(["CONFLICT"]))))]
async fn invite(
    State(app): State<App>,
    Permit(permit): Permit<Owner>,
    Body(request): Body<CreateInvitation>,
) -> Answer<impl IntoResponse> {
    let created = app.identity.invite(&permit, request).await?;
    Ok((StatusCode::CREATED, NO_STORE, Json(created)))
}

/// Take an invitation back
#[utoipa::path(delete, path = "/projects/{id}/invitations/{invitation}", tag = "people",
    params(("id" = ProjectId, Path), ("invitation" = InvitationId, Path)), responses((status = 204)))]
async fn withdraw(
    State(app): State<App>,
    Permit(permit): Permit<Owner>,
    Path((_project, invitation)): Path<(ProjectId, InvitationId)>,
) -> Answer<StatusCode> {
    app.store.transact_in(permit.scope(), move |t| store::members::withdraw(t, invitation)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Accept an invitation, signed in or as a new person
#[utoipa::path(post, path = "/invitations/accept", tag = "people", security((), ("token" = [])),
    request_body = AcceptInvitation, responses((status = 200, body = AcceptedInvitation)),
    extensions(("x-refuses" = json!(["AUTH_ERROR", "FORBIDDEN", "NOT_FOUND", "CONFLICT"]))))]
async fn accept(
    State(app): State<App>,
    client: Client,
    caller: Result<SignedIn, crate::problem::Refusal>,
    headers: axum::http::HeaderMap,
    Body(request): Body<AcceptInvitation>,
) -> Answer<impl IntoResponse> {
    // A token that is sent must be good; only its absence says that a new person asks.
    let caller = match caller {
        Ok(SignedIn(caller)) => Some(caller),
        Err(refusal) if headers.contains_key(axum::http::header::AUTHORIZATION) => return Err(refusal),
        Err(_) => None,
    };
    let (accepted, opened) = app.identity.accept(caller.as_ref(), request, &client.device).await?;
    let cookies = opened.as_ref().map(|opened| signed_in(&app, opened));
    Ok((NO_STORE, cookies.unwrap_or_default(), Json(accepted)))
}

/// What was done in a project, and by whom
#[utoipa::path(get, path = "/projects/{id}/audit", tag = "people", params(("id" = ProjectId, Path), AuditQuery),
    responses((status = 200, body = Page<AuditEntry>)),
    extensions(("x-refuses" = json!(["FORBIDDEN"]))))]
async fn audit(
    State(app): State<App>,
    Permit(permit): Permit<Owner>,
    Query(query): Query<AuditQuery>,
) -> Answer<Json<Page<AuditEntry>>> {
    let paging = Paging::of(&PageQuery { limit: query.limit, cursor: query.cursor })?;
    let filter = store::audit::Filter { about: query.about, person: query.person };
    let list =
        move |t: &mut store::Tenant<'_, '_>, page: &kernel::PageRequest| store::audit::list(t, filter, page);
    Ok(Json(paging.read(&app, permit.scope(), list).await?))
}
