//! A run's log as it grows: what its agents' models say and do, word by word.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{self, KeepAlive, Sse};
use futures_util::Stream;
use identity::Viewer;
use kernel::{Error, ProjectId, Result, RunId};
use store::{Scope, runs};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::runs::{LogEntry, RunStreamQuery, RunStreamed};

use crate::app::App;
use crate::body::{Path, Query};
use crate::caller::Permit;
use crate::problem::Answer;

/// Pieces that are read at once.
const PIECES: u32 = 200;
/// How often what no hint told of is looked for: another server may be at work on the run.
const POLL: Duration = Duration::from_secs(2);
/// How often a silent stream says that it is alive.
const ALIVE: Duration = Duration::from_secs(15);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(stream))
}

/// Follow a run's log
///
/// Server-sent events named `entry`, each with the offset at which it ends as its id; who comes back with `Last-Event-ID` gets
/// exactly what is missing. When the run has ended, `end` is the last one. A person follows at most 50 runs at once.
#[utoipa::path(get, path = "/projects/{id}/runs/{run}/stream", tag = "runs",
    params(("id" = ProjectId, Path), ("run" = RunId, Path), RunStreamQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event seen")),
    responses((status = 200, body = RunStreamed, content_type = "text/event-stream")),
    extensions(("x-refuses" = json!(["RATE_LIMITED"]))))]
async fn stream(
    State(app): State<App>,
    Permit(permit): Permit<Viewer>,
    Path((project, run)): Path<(ProjectId, RunId)>,
    headers: HeaderMap,
    Query(query): Query<RunStreamQuery>,
) -> Answer<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let from = last.or(query.from).unwrap_or(0);
    if from < 0 {
        return Err(Error::field("from", "must be 0 or more").into());
    }
    let place = app.listeners.take(permit.caller().person())?;
    // Before the first look, so that nothing falls between the two.
    let grown = app.tasks.logged();
    app.store.read_in(permit.scope(), move |t| runs::get(t, run)).await?;
    let mut hearing = app.live.hear(*permit.caller(), project).await?;
    let open = app.metrics.open("sse");
    let tail = Tail { app, scope: *permit.scope(), run, from, waiting: VecDeque::new(), grown, ended: false };
    let events = futures_util::stream::unfold((tail, open, place), |(mut tail, open, place)| async move {
        let event = tail.next().await?;
        Some((Ok(event), (tail, open, place)))
    });
    let over = async move { hearing.over().await };
    let events = futures_util::StreamExt::take_until(events, over);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)))
}

/// One listener's place in a log.
struct Tail {
    app: App,
    scope: Scope,
    run: RunId,
    from: i64,
    waiting: VecDeque<LogEntry>,
    grown: broadcast::Receiver<RunId>,
    ended: bool,
}

impl Tail {
    /// The next piece, once there is one; nothing after the run's end, or when the log cannot be read.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(entry) = self.waiting.pop_front() {
                self.from = entry.start + entry.text.len() as i64;
                if !runs::is_told(&entry) {
                    continue;
                }
                return sse::Event::default().event("entry").id(self.from.to_string()).json_data(&entry).ok();
            }
            if self.ended {
                return None;
            }
            let (run, from) = (self.run, self.from);
            let read = self.app.store.read_in(&self.scope, move |t| {
                Ok((runs::get(t, run)?.state, runs::log(t, run, from, PIECES)?))
            });
            let (state, entries) = read
                .await
                .inspect_err(|error| tracing::warn!(%error, "a run's log could not be read"))
                .ok()?;
            if !entries.is_empty() {
                self.waiting.extend(entries);
            } else if state.has_ended() {
                self.ended = true;
                return sse::Event::default().event("end").id(self.from.to_string()).json_data(state).ok();
            } else {
                // What was not told of by then is looked for.
                let _ = tokio::time::timeout(POLL, self.grows()).await;
            }
        }
    }

    /// Waits for the hint that there is more.
    async fn grows(&mut self) {
        loop {
            match self.grown.recv().await {
                Ok(run) if run != self.run => {}
                Ok(_) | Err(RecvError::Lagged(_)) => return,
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}
