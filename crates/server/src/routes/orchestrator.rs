//! The orchestrator: chat, query, ingest, and the stream of a conversation.

use std::convert::Infallible;
use std::time::Duration;

use agents::departments::plan::Order;
use agents::departments::progress;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use identity::{Caller, Editor, Right, Viewer};
use kernel::{Error, ProjectId, ReviewId};
use studios::film;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::live::TaskStatus;
use wire::orchestrator::{
    Begun, ChatRequest, ChatResponse, IngestDecided, IngestDecisionRequest, IngestRequest, IngestResponse,
    QueryRequest, QueryResponse, StreamEvent, StreamQuery, TaskRequest, TaskResponse,
};

use super::runs;
use crate::app::{App, Quota};
use crate::body::{Body, Path, Query};
use crate::caller::{Listening, SignedIn};
use crate::orders;
use crate::problem::{Answer, quota};

/// How long an answer waits for a task's end.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a silent stream says that it is alive.
const ALIVE: Duration = Duration::from_secs(15);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(chat))
        .routes(routes!(query))
        .routes(routes!(ingest))
        .routes(routes!(proposal))
        .routes(routes!(decide))
        .routes(routes!(stream))
        .routes(routes!(task))
}

/// Say something to the orchestrator
///
/// The answer comes when it is whole, and meanwhile over the conversation's stream. With `Prefer: respond-async` the
/// request is answered at once, with 202.
#[utoipa::path(post, path = "/orchestrator/chat", tag = "orchestrator", request_body = ChatRequest,
    params(("Prefer" = Option<String>, Header, description = "`respond-async` to be answered at once")),
    responses((status = 200, body = ChatResponse), (status = 202, body = Begun)),
    extensions(("x-refuses" = json!(["INVALID_MODE", "MISSING_PROJECT", "NOT_FOUND", "CONFLICT", "RATE_LIMITED", "AGENT_ERROR", "ORCHESTRATION_ERROR"]))))]
async fn chat(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    headers: HeaderMap,
    Body(request): Body<ChatRequest>,
) -> Answer<Response> {
    caller.may_write()?;
    // Who may only look may ask, but not tell the project anything.
    let permit = match request.mode.as_str() {
        "data" => scope::<Editor>(&app, &caller, request.project_id).await?,
        _ => scope::<Viewer>(&app, &caller, request.project_id).await?,
    };
    let left = app.spend(caller.person(), "chat").await?;
    let later = headers.get("prefer").is_some_and(|value| value.as_bytes() == b"respond-async");
    if later {
        let turn = app.orchestrator.begin(&permit, &film::CATALOGUE, request).await?;
        let begun = Begun { conversation_id: turn.conversation_id, message_id: turn.message_id };
        return Ok((StatusCode::ACCEPTED, told(left), Json(begun)).into_response());
    }
    let answer = app.orchestrator.chat(&permit, &film::CATALOGUE, request).await?;
    Ok((told(left), Json(answer)).into_response())
}

/// Ask the project a question
#[utoipa::path(post, path = "/orchestrator/query", tag = "orchestrator", request_body = QueryRequest,
    responses((status = 200, body = QueryResponse)),
    extensions(("x-refuses" = json!(["MISSING_PROJECT", "NOT_FOUND", "RATE_LIMITED"]))))]
async fn query(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(request): Body<QueryRequest>,
) -> Answer<impl IntoResponse> {
    let scope = scope::<Viewer>(&app, &caller, request.project_id).await?;
    let left = app.spend(caller.person(), "query").await?;
    Ok((told(left), Json(app.orchestrator.query(&scope, &film::CATALOGUE, request).await?)))
}

/// Give the project something to know: it is read and shown, and saved only by a decision
#[utoipa::path(post, path = "/orchestrator/ingest", tag = "orchestrator", request_body = IngestRequest,
    responses((status = 200, body = IngestResponse)),
    extensions(("x-refuses" = json!(["MISSING_PROJECT", "NOT_FOUND", "RATE_LIMITED"]))))]
async fn ingest(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(request): Body<IngestRequest>,
) -> Answer<impl IntoResponse> {
    let scope = scope::<Editor>(&app, &caller, request.project_id).await?;
    let left = app.spend(caller.person(), "ingest").await?;
    Ok((told(left), Json(app.ingest.propose(&scope, &film::CATALOGUE, request).await?)))
}

/// Order work of the departments
///
/// It becomes a run, which can be followed, paused, cancelled and retried like any other.
#[utoipa::path(post, path = "/orchestrator/task", tag = "orchestrator", request_body = TaskRequest,
    responses((status = 200, body = TaskResponse), (status = 202, body = TaskResponse)),
    extensions(("x-refuses" = json!(["MISSING_PROJECT", "NOT_FOUND", "RATE_LIMITED"]))))]
async fn task(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(request): Body<TaskRequest>,
) -> Answer<impl IntoResponse> {
    let scope = scope::<Editor>(&app, &caller, request.project_id).await?;
    let left = app.spend(caller.person(), "task").await?;
    let order = Order {
        project: scope.project(),
        by: scope.actor(),
        request: wire::clean_message("task", &request.task)?,
        priority: request.priority.unwrap_or_default(),
        departments: request.departments.unwrap_or_default(),
        auto_ingest: request.auto_ingest.unwrap_or(false),
    };
    let (roster, one_by_one) = (app.desk.roster().clone(), request.one_by_one.unwrap_or(false));
    let read = app.store.read_in(&scope, move |t| {
        Ok((roster.departments_in(t)?, orders::planned(t, &roster, &order, one_by_one)?))
    });
    let (departments, new) = read.await?;
    let (run, _) = app.tasks.make(new).await?;
    if !request.r#async.unwrap_or(false) {
        // Whoever waits longer looks at the run.
        runs::ended(&app, &scope, run, PATIENCE).await?;
    }
    let told_of = progress::of(&app.store, &scope, run, &departments).await?;
    let status = match told_of.status {
        TaskStatus::Queued | TaskStatus::Running => StatusCode::ACCEPTED,
        TaskStatus::Complete | TaskStatus::Failed => StatusCode::OK,
    };
    Ok((status, told(left), Json(told_of)))
}

/// A proposal that was made from what someone told
#[utoipa::path(get, path = "/orchestrator/ingest/{preview}", tag = "orchestrator",
    params(("preview" = ReviewId, Path)), responses((status = 200, body = IngestResponse)))]
async fn proposal(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(preview): Path<ReviewId>,
) -> Answer<Json<IngestResponse>> {
    let project = app.store.read(move |tx| store::reviews::project_of(tx, preview)).await?;
    let scope = scope::<Viewer>(&app, &caller, project).await?;
    Ok(Json(app.ingest.get(&scope, &film::CATALOGUE, preview).await?))
}

/// Decide on a proposal: save it, change it first, or drop it
#[utoipa::path(post, path = "/orchestrator/ingest/{preview}/decision", tag = "orchestrator",
    params(("preview" = ReviewId, Path)), request_body = IngestDecisionRequest,
    responses((status = 200, body = IngestDecided)),
    extensions(("x-refuses" = json!(["ALREADY_DECIDED", "CONFLICT"]))))]
async fn decide(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(preview): Path<ReviewId>,
    Body(request): Body<IngestDecisionRequest>,
) -> Answer<Json<IngestDecided>> {
    let project = app.store.read(move |tx| store::reviews::project_of(tx, preview)).await?;
    let scope = scope::<Editor>(&app, &caller, project).await?;
    Ok(Json(app.ingest.decide(&scope, &film::CATALOGUE, preview, request).await?))
}

/// Listen to a conversation
///
/// Server-sent events named `message`, each with an id; who comes back with `Last-Event-ID` gets exactly what is missing.
/// A browser's own `EventSource`, which sends no header, is known by a cookie that the sign-in set for this path.
#[utoipa::path(get, path = "/orchestrator/stream", tag = "orchestrator",
    params(StreamQuery, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event seen")),
    responses((status = 200, body = StreamEvent, content_type = "text/event-stream")),
    extensions(("x-refuses" = json!(["FORBIDDEN", "NOT_FOUND"]))))]
async fn stream(
    State(app): State<App>,
    Listening(caller): Listening,
    headers: HeaderMap,
    Query(wanted): Query<StreamQuery>,
) -> Answer<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>> {
    let id = wanted.conversation_id;
    let project = app.store.read(move |tx| store::conversations::project_of(tx, id)).await?;
    let scope = scope::<Viewer>(&app, &caller, project).await?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let hearing = app.live.hear(caller, project).await?;
    let listener = app.orchestrator.listen(&scope, id, last.as_deref()).await?;
    let open = app.metrics.open("sse");
    let events = futures_util::stream::unfold(
        (listener, hearing, open),
        |(mut listener, mut hearing, open)| async move {
            let (id, event) = tokio::select! {
                biased;
                () = hearing.over() => return None,
                next = listener.next() => next?,
            };
            let event = sse::Event::default().event("message").id(id).json_data(&event).ok()?;
            Some((Ok(event), (listener, hearing, open)))
        },
    );
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)))
}

/// The scope of a caller who may do what `R` stands for in a project that the body, not the path, names.
async fn scope<R: Right>(app: &App, caller: &Caller, project: ProjectId) -> Result<store::Scope, Error> {
    Ok(*app.identity.permit::<R>(caller, project).await?.scope())
}

/// The headers that say what is left of the caller's quota.
fn told(left: Quota) -> HeaderMap {
    quota(left.limit.into(), left.remaining.into(), left.reset)
}
