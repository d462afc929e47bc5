//! Conversations: one's own talks with the orchestrator, and their messages.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use identity::Viewer;
use kernel::{ConversationId, Error, ProjectId};
use store::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::orchestrator::{Conversation, CreateConversation, Message};
use wire::{Page, PageQuery};

use super::Paging;
use crate::app::App;
use crate::body::{Body, Path, Query};
use crate::caller::{Permit, SignedIn};
use crate::problem::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(create))
        .routes(routes!(remove))
        .routes(routes!(messages))
        .routes(routes!(stop))
}

/// One's conversations in a project, last used first
#[utoipa::path(get, path = "/projects/{id}/conversations", tag = "orchestrator",
    params(("id" = ProjectId, Path), PageQuery), responses((status = 200, body = Page<Conversation>)))]
async fn list(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<Conversation>>> {
    let paging = Paging::of(&query)?;
    Ok(Json(paging.page(app.orchestrator.conversations(permit.scope(), paging.request.clone()).await?)))
}

/// Begin a conversation
#[utoipa::path(post, path = "/orchestrator/conversations", tag = "orchestrator", request_body = CreateConversation,
    responses((status = 201, body = Conversation)),
    extensions(("x-refuses" = json!(["MISSING_PROJECT", "NOT_FOUND"]))))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(request): Body<CreateConversation>,
) -> Answer<impl IntoResponse> {
    caller.may_write()?;
    let permit = app.identity.permit::<Viewer>(&caller, request.project_id).await?;
    let conversation = app.orchestrator.open(permit.scope()).await?;
    Ok((StatusCode::CREATED, Json(conversation)))
}

/// The project of a conversation, for its person.
async fn within(app: &App, caller: &SignedIn, id: ConversationId) -> Result<Scope, Error> {
    let project = app.store.read(move |tx| store::conversations::project_of(tx, id)).await?;
    // Whoever is not in the project learns as little as someone who asks for a conversation that is not there.
    let permit = app.identity.permit::<Viewer>(&caller.0, project).await;
    let permit = permit.map_err(|error| match error.code() {
        kernel::Code::NotFound => Error::not_found("conversation"),
        _ => error,
    })?;
    Ok(*permit.scope())
}

/// Remove a conversation with its messages
#[utoipa::path(delete, path = "/orchestrator/conversations/{conversation}", tag = "orchestrator",
    params(("conversation" = ConversationId, Path)), responses((status = 204)))]
async fn remove(
    State(app): State<App>,
    caller: SignedIn,
    Path(id): Path<ConversationId>,
) -> Answer<StatusCode> {
    caller.0.may_write()?;
    let scope = within(&app, &caller, id).await?;
    app.orchestrator.remove(&scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was said, newest first
#[utoipa::path(get, path = "/orchestrator/conversations/{conversation}/messages", tag = "orchestrator",
    params(("conversation" = ConversationId, Path), PageQuery), responses((status = 200, body = Page<Message>)))]
async fn messages(
    State(app): State<App>,
    caller: SignedIn,
    Path(id): Path<ConversationId>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<Message>>> {
    let scope = within(&app, &caller, id).await?;
    let paging = Paging::of(&query)?;
    Ok(Json(paging.page(app.orchestrator.messages(&scope, id, paging.request.clone()).await?)))
}

/// Stop the answer that is being written; what was written is kept
#[utoipa::path(post, path = "/orchestrator/conversations/{conversation}/stop", tag = "orchestrator",
    params(("conversation" = ConversationId, Path)), responses((status = 204)))]
async fn stop(
    State(app): State<App>,
    caller: SignedIn,
    Path(id): Path<ConversationId>,
) -> Answer<StatusCode> {
    caller.0.may_write()?;
    let scope = within(&app, &caller, id).await?;
    app.orchestrator.stop(&scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
