//! The API's description: what the routes say of themselves, and the refusals that all of them share.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, InfoBuilder, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::status;
use kernel::Code;

/// Completes the description that the routes made.
pub(crate) fn completed(mut api: OpenApi) -> OpenApi {
    api.info = InfoBuilder::new()
        .title("Atelier")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Sign in with `POST /api/v1/auth/login`, or make an API key, and send it as `Authorization: Bearer …`. \
             Live events come over Socket.IO at `/socket.io` with the handshake `{ token, projectId, lastSeq? }`.",
        ))
        .build();
    let components = api.components.get_or_insert_default();
    components.schemas.insert(String::from("Problem"), wire::Problem::schema());
    let mut parts = Vec::new();
    wire::Problem::schemas(&mut parts);
    parts.extend([
        (<wire::live::ToClient as ToSchema>::name().into_owned(), wire::live::ToClient::schema()),
        (wire::live::ToServer::name().into_owned(), wire::live::ToServer::schema()),
        (wire::live::Handshake::name().into_owned(), wire::live::Handshake::schema()),
    ]);
    wire::live::ToClient::schemas(&mut parts);
    wire::live::ToServer::schemas(&mut parts);
    wire::live::Handshake::schemas(&mut parts);
    components.schemas.extend(parts);
    components
        .security_schemes
        .insert(String::from("token"), RefOr::T(SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer))));
    api.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    for (path, item) in &mut api.paths.paths {
        for (operation, has_body) in operations(item) {
            refusals(path, operation, has_body);
        }
    }
    api
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&mut Operation, bool)> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete]
        .into_iter()
        .flatten()
        .map(|operation| {
            let has_body = operation.request_body.is_some();
            (operation, has_body)
        })
}

/// The refusals that an operation may answer with, by what it takes.
fn refusals(path: &str, operation: &mut Operation, has_body: bool) {
    let open = operation
        .security
        .as_ref()
        .is_some_and(|all| all.iter().any(|one| *one == SecurityRequirement::default()));
    let mut codes = vec![Code::ValidationError, Code::RateLimited, Code::Unavailable, Code::UnknownError];
    // Cookies are refused where they come from another site's page.
    codes.extend([Code::AuthError, Code::Forbidden]);
    if !open || path.contains('{') {
        codes.push(Code::NotFound);
    }
    if has_body || operation.operation_id.as_deref().is_some_and(|id| id.contains("undo")) {
        codes.push(Code::Conflict);
    }
    if has_body {
        codes.extend([Code::TooLarge, Code::UnsupportedMedia]);
    }
    if path.contains("/imports") || path.contains("/members") || path.contains("/model") {
        codes.extend([Code::UnreadableDocument, Code::Conflict]);
    }
    if path.contains("/orchestrator") || path.contains("/settings") {
        codes.extend([Code::ProviderError, Code::NotFound, Code::Conflict]);
    }
    if path.contains("/oidc/") || path.contains("/leave") || path.contains("/stop") {
        codes.extend([Code::ProviderError, Code::Conflict, Code::NotFound]);
    }
    for code in codes {
        let status = status(code);
        let answer = ResponseBuilder::new()
            .description(status.canonical_reason().unwrap_or("Refused"))
            .content(
                "application/json",
                ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build(),
            )
            .build();
        operation.responses.responses.entry(status.as_str().to_owned()).or_insert(RefOr::T(answer));
    }
}
