//! The Model Context Protocol: other people's agents work here with the API's own operations as tools, over streamable HTTP
//! at `/mcp` and by `atelier mcp` on standard input and output. What a tool may do is what its caller may do by the API.

mod api;
mod tools;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::request::Parts;
use rmcp::ServiceExt;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, Implementation,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use utoipa::openapi::OpenApi;

use crate::app::App;
use crate::caller::SignedIn;
use api::Api;
use tools::Tools;

/// The most that a message to the server may have, in bytes.
const LARGEST_MESSAGE: usize = 1 << 20;
/// What an agent is told before it uses the tools.
const INSTRUCTIONS: &str = "Atelier is where a team of people and agents makes a film. Find a project with list_projects. \
     recall answers questions from what the project knows and names its sources; search finds records by their words. Nothing \
     that you add is saved before somebody decides: propose_record makes a proposal, decide_proposal takes the decision, which \
     is a person's unless they told you to take it. order_work has the departments work; follow what becomes of it with get_run, \
     whose `wait` spares you from asking again and again.";

/// The operations of the API, as tools.
#[derive(Clone)]
struct Server {
    tools: Arc<Tools>,
    api: Api,
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("atelier", env!("CARGO_PKG_VERSION")).with_title("Atelier"))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.listed()))
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tool = self
            .tools
            .named(&call.name)
            .ok_or_else(|| ErrorData::invalid_params(format!("There is no tool {}.", call.name), None))?;
        // Over HTTP each call bears the caller's own key; on standard input and output there is one for all.
        let parts = context.extensions.get::<Parts>();
        let bearer = parts.and_then(|parts| parts.headers.get(http::header::AUTHORIZATION)).cloned();
        let answered = match tool.request(call.arguments.unwrap_or_default()) {
            Ok(request) => self.api.ask(request, bearer).await,
            Err(why) => Err(why),
        };
        Ok(CallToolResponse::Complete(match answered {
            Ok(answer) => told(answer),
            Err(why) => CallToolResult::error(vec![ContentBlock::text(why)]),
        }))
    }
}

/// What the API answered, as a tool's result. What it refuses the model is told with its code, so that it can do better.
fn told(answer: api::Answer) -> CallToolResult {
    if !answer.is_success {
        return CallToolResult::error(vec![ContentBlock::text(answer.text)]);
    }
    if answer.text.is_empty() {
        return CallToolResult::success(vec![ContentBlock::text("Done.")]);
    }
    let structured = serde_json::from_str(&answer.text).ok().filter(serde_json::Value::is_object);
    let mut result = CallToolResult::success(vec![ContentBlock::text(answer.text)]);
    result.structured_content = structured;
    result
}

/// The route, for `api`, the router of all other routes.
pub(crate) fn routes(app: &App, api: Router, described: &OpenApi) -> Router {
    let server = Server { tools: Arc::new(Tools::of(described)), api: Api::Here(api) };
    // Each request stands for itself, so any server answers it. Names of hosts need no list: nothing is done here without
    // a key, which no page of another site has.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(LARGEST_MESSAGE)
        .disable_allowed_hosts();
    let service =
        StreamableHttpService::new(move || Ok(server.clone()), Arc::<NeverSessionManager>::default(), config);
    Router::new().route_service("/mcp", service).layer(from_fn_with_state(app.clone(), known))
}

/// Lets in who is known.
async fn known(_caller: SignedIn, request: Request, next: Next) -> Response {
    next.run(request).await
}

/// Serves on standard input and output, with the tools of the server at `url`, until the input ends.
///
/// # Errors
/// A sentence that says what is wrong with the address, the key or the connection.
pub async fn on_stdio(url: &str, key: &str) -> Result<(), String> {
    let server =
        Server { tools: Arc::new(Tools::of(&crate::http::description())), api: Api::there(url, key)? };
    let serving = server.serve(rmcp::transport::stdio()).await.map_err(|error| error.to_string())?;
    serving.waiting().await.map(drop).map_err(|error| error.to_string())
}
