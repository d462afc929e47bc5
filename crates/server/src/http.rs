//! The router: the API, the probes, the live connections and the UI, under one set of layers.

use std::time::{Duration, Instant};

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_request};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use kernel::{Code, Error, RequestId};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::cors::CorsLayer;
use tracing::Instrument;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::metrics;
use crate::problem::{REQUEST, Refusal};
use crate::{assets, drain, health, live, mcp, openapi, routes};

/// The most that a body may have, in bytes, where a document is not what is sent; imports set their own.
const BODY: usize = 2 << 20;
/// How long an answer may take to begin. A model's answer may take long; its own timeouts end it.
const PATIENCE: Duration = Duration::from_secs(660);
/// What a page of this server may load and where it may stand. No inline code or style, nothing from elsewhere.
const CONTENT_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     font-src 'self'; connect-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";

/// The whole server as one service.
pub(crate) fn router(app: &App) -> Router {
    let (api, described) = OpenApiRouter::new().nest("/api/v1", routes::all()).split_for_parts();
    let described = openapi::completed(described);
    let tools = mcp::routes(app, api.clone().with_state(app.clone()), &described);
    let routed = api
        .route("/api/openapi.json", get(async move || Json(described)))
        .route("/health", get(health::health))
        .route("/health/live", get(async || "ok"))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(series))
        .route("/ws/runner", get(join))
        .fallback(assets::serve)
        .method_not_allowed_fallback(async || {
            Refusal(Error::new(Code::MethodNotAllowed, "This address knows other methods than this one."))
        })
        .with_state(app.clone())
        .merge(tools);
    routed
        .layer(live::layer(app.clone()))
        .layer(map_request(live::detached))
        .layer(
            CompressionLayer::new().compress_when(
                SizeAbove::new(1024)
                    .and(NotForContentType::SSE)
                    .and(NotForContentType::IMAGES)
                    .and(NotForContentType::const_new("application/octet-stream")),
            ),
        )
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn(drain::drained))
        .layer(cors(app))
        .layer(CatchPanicLayer::custom(|_| Refusal(Error::internal("a handler panicked")).into_response()))
        .layer(from_fn_with_state(app.clone(), around))
}

/// The API's description, for files that are made from it.
pub(crate) fn description() -> utoipa::openapi::OpenApi {
    let (_, described) = OpenApiRouter::new().nest("/api/v1", routes::all()).split_for_parts();
    openapi::completed(described)
}

fn cors(app: &App) -> CorsLayer {
    let origins: Vec<HeaderValue> = app
        .config
        .allowed_origins
        .iter()
        .filter_map(|origin| origin.trim_end_matches('/').parse().ok())
        .collect();
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::CONTENT_RANGE,
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("prefer"),
            HeaderName::from_static("x-chunk-index"),
            HeaderName::from_static("x-total-chunks"),
        ])
        .expose_headers([
            HeaderName::from_static("ratelimit-limit"),
            HeaderName::from_static("ratelimit-remaining"),
            HeaderName::from_static("ratelimit-reset"),
            HeaderName::from_static("x-request-id"),
            header::RETRY_AFTER,
        ])
        .allow_credentials(true)
}

/// Around every request: its id, its line in the log, its time, and the headers that keep pages safe.
async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let id: RequestId = app.ambient.id();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let span = tracing::info_span!("request", %id, %method, route);
    let began = Instant::now();
    let answered =
        REQUEST.scope(id, tokio::time::timeout(PATIENCE, next.run(request))).instrument(span.clone()).await;
    let mut response = answered.unwrap_or_else(|_| {
        Refusal(Error::new(Code::Unavailable, "The answer took too long to begin.")).into_response()
    });
    let took = began.elapsed();
    let status = response.status();
    span.in_scope(|| tracing::debug!(status = status.as_u16(), ms = took.as_secs_f64() * 1e3, "answered"));
    let series = metrics::Request {
        method: known(&method),
        route: route.unwrap_or_else(|| String::from("ui")),
        status: status.as_u16(),
    };
    app.metrics.requests.get_or_create(&series).observe(took.as_secs_f64());
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert("x-request-id", id);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    if app.public_url.starts_with("https://") {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    response
}

/// The method as the series name it. What is no method of HTTP is one series: a stranger could invent any number.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// Where runners join.
async fn join(State(app): State<App>, upgrade: WebSocketUpgrade) -> Response {
    app.gateway.upgrade(upgrade)
}

async fn series(State(app): State<App>) -> Result<impl IntoResponse, Refusal> {
    let waiting = app.settings.embedder().await?.waiting;
    app.metrics.queues.get_or_create(&metrics::Queue { queue: "embedding" }).set(waiting);
    app.metrics.malformed.set(i64::try_from(app.messages.malformed()).unwrap_or(i64::MAX));
    let text = app.metrics.text().map_err(Error::internal)?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text))
}
