//! Doubles: a real server of tools over HTTP, by the same library's other half, and ones that answer wrongly.

use std::convert::Infallible;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;
use tokio::net::TcpListener;

/// The token that a double which wants one takes.
pub(crate) const TOKEN: &str = "right";

/// A server of tools: one that reads, one that writes, one that fails, one that says too much, one that never answers.
#[derive(Clone, Default)]
pub(crate) struct Tools {
    pub(crate) written: Arc<AtomicU32>,
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let form = json!({ "type": "object", "properties": { "place": { "type": "string" } } });
        let form = Arc::new(form.as_object().cloned().unwrap_or_default());
        let tool = |name: &'static str, reads: bool| {
            let says = ToolAnnotations::from_raw(None, Some(reads), None, None, None);
            Tool::new(name, "Tells of the tide.", form.clone()).with_annotations(says)
        };
        let mute = Tool::new("mute", "Says nothing of what it does.", form.clone());
        let tools = vec![
            tool("tide", true),
            tool("post", false),
            tool("fail", true),
            tool("flood", true),
            tool("hang", true),
            mute,
        ];
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let text = |text: String| vec![ContentBlock::text(text)];
        Ok(CallToolResponse::Complete(match call.name.as_ref() {
            "tide" => {
                let place = call.arguments.unwrap_or_default()["place"].clone();
                CallToolResult::success(text(format!("High tide at {place}: 6:12.")))
            }
            "post" => {
                let count = self.written.fetch_add(1, Ordering::Relaxed) + 1;
                CallToolResult::success(text(format!("Posted {count}.")))
            }
            "fail" => CallToolResult::error(text("The gauge is broken.".into())),
            "flood" => CallToolResult::success(text("x".repeat(300 << 10))),
            // As a command: a line without an end, for as long as somebody reads it.
            "gush" => {
                while std::io::stdout().write_all(&[b'x'; 64 << 10]).is_ok() {}
                std::process::exit(0);
            }
            "hang" => std::future::pending().await,
            other => return Err(ErrorData::invalid_params(format!("no tool {other}"), None)),
        }))
    }
}

/// Serves these tools over HTTP; gives the address. With a token others are turned away.
pub(crate) async fn serve(tools: Tools, token: bool) -> String {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .disable_allowed_hosts();
    let service =
        StreamableHttpService::new(move || Ok(tools.clone()), Arc::<NeverSessionManager>::default(), config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            let guarded = service_fn(move |request: Request<Incoming>| {
                let service = service.clone();
                let known = request
                    .headers()
                    .get("authorization")
                    .is_some_and(|value| value == format!("Bearer {TOKEN}").as_str());
                async move {
                    if token && !known {
                        let refused = Response::builder()
                            .status(StatusCode::UNAUTHORIZED)
                            .body(http_body_util::Either::Left(Full::new(Bytes::new())));
                        return Ok::<_, Infallible>(refused.unwrap());
                    }
                    let answer = hyper::service::Service::call(&service, request).await.unwrap();
                    Ok(answer.map(http_body_util::Either::Right))
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), guarded),
            );
        }
    });
    address
}

/// Answers each request so; gives the address.
pub(crate) async fn answering(
    answer: impl Fn() -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            let service = service_fn(move |_: Request<Incoming>| {
                let answer = answer();
                async move { Ok::<_, Infallible>(answer) }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    address
}

/// Takes connections and never says a word; gives the address.
pub(crate) async fn silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    address
}
