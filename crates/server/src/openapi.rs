//! The API's description: what the routes say of themselves, and the refusals that all of them share.

use std::collections::BTreeMap;

use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, ObjectBuilder, OpenApi, Ref, RefOr, ResponseBuilder, Schema, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::status;
use kernel::Code;

/// Where a route declares the codes that do not follow from what it takes.
const DECLARED: &str = "x-refuses";

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
        // What stands in a run's log under `message`.
        (wire::messages::AgentMessage::name().into_owned(), wire::messages::AgentMessage::schema()),
    ]);
    wire::live::ToClient::schemas(&mut parts);
    wire::live::ToServer::schemas(&mut parts);
    wire::live::Handshake::schemas(&mut parts);
    wire::messages::AgentMessage::schemas(&mut parts);
    components.schemas.extend(parts);
    components
        .security_schemes
        .insert(String::from("token"), RefOr::T(SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer))));
    api.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            let words: Vec<&str> =
                path.split(['/', '{', '}']).filter(|word| !matches!(*word, "" | "api" | "v1")).collect();
            operation.operation_id = Some(format!("{method}_{}", words.join("_")));
            streams(operation);
            refusals(path, method, operation);
        }
    }
    api
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, post, put, patch, delete, .. } = item;
    [("get", get), ("post", post), ("put", put), ("patch", patch), ("delete", delete)]
        .into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Documents a stream by its events: what a route says of it is what stands, as JSON, in the data of each.
fn streams(operation: &mut Operation) {
    for answer in operation.responses.responses.values_mut() {
        if let RefOr::T(answer) = answer
            && let Some(RefOr::T(content)) = answer.content.get_mut("text/event-stream")
        {
            content.schema = content.schema.take().map(|data| RefOr::T(event(data)));
        }
    }
}

fn event(data: RefOr<Schema>) -> Schema {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let fields = [
        ("id", text()),
        ("event", text().enum_values(Some(["message"]))),
        ("data", text().content_media_type("application/json").content_schema(Some(data))),
    ];
    let event = fields.into_iter().fold(ObjectBuilder::new(), |event, (name, field)| {
        event.property(name, field.build()).required(name)
    });
    event.build().into()
}

/// Documents what an operation may refuse: what follows from what it takes, and what it declares as `x-refuses`.
fn refusals(path: &str, method: &str, operation: &mut Operation) {
    let mut codes = vec![Code::UnknownError, Code::Unavailable];
    let declared = operation.extensions.take().and_then(|mut extensions| extensions.remove(DECLARED));
    codes.extend(
        declared.and_then(|codes| serde_json::from_value::<Vec<Code>>(codes).ok()).unwrap_or_default(),
    );
    let open = operation
        .security
        .as_ref()
        .is_some_and(|all| all.iter().any(|one| *one == SecurityRequirement::default()));
    if !open {
        codes.push(Code::AuthError);
        // Who may only look may look at whatever they are let in to.
        if method != "get" {
            codes.push(Code::Forbidden);
        }
    }
    if path.contains('{') {
        codes.push(Code::NotFound);
    }
    let mut parameters = operation.parameters.iter().flatten();
    if parameters.any(|one| matches!(one, RefOr::T(one) if one.parameter_in != ParameterIn::Path)) {
        codes.push(Code::ValidationError);
    }
    if let Some(RefOr::T(body)) = &operation.request_body {
        codes.extend([Code::ValidationError, Code::TooLarge]);
        if body.content.contains_key("application/json") {
            codes.push(Code::UnsupportedMedia);
        }
    }
    let mut by_status: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for code in codes {
        let names = by_status.entry(status(code).as_str().to_owned()).or_default();
        if !names.contains(&code.as_str()) {
            names.push(code.as_str());
        }
    }
    for (status, names) in by_status {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let answer = ResponseBuilder::new()
            .description(names.join(" or "))
            .content("application/json", content)
            .build();
        operation.responses.responses.insert(status, RefOr::T(answer));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa_axum::router::OpenApiRouter;

    use super::*;

    /// The names that a description refers to.
    fn referred<'d>(value: &'d serde_json::Value, names: &mut BTreeSet<&'d str>) {
        match value {
            serde_json::Value::Object(fields) => {
                names.extend(fields.get("$ref").and_then(serde_json::Value::as_str));
                fields.values().for_each(|value| referred(value, names));
            }
            serde_json::Value::Array(values) => values.iter().for_each(|value| referred(value, names)),
            _ => {}
        }
    }

    #[test]
    fn everything_that_the_description_refers_to_stands_in_it() {
        let told = serde_json::to_value(crate::http::description()).unwrap();
        let mut names = BTreeSet::new();
        referred(&told, &mut names);
        assert!(names.len() > 100, "{names:?}");
        names.retain(|name| name.strip_prefix('#').is_none_or(|place| told.pointer(place).is_none()));
        assert_eq!(names, BTreeSet::new());
    }

    #[test]
    fn an_answer_to_an_agent_may_come_too_late() {
        let told = serde_json::to_value(crate::http::description()).unwrap();
        let path = "/api/v1/projects/{id}/runs/{run}/steps/{step}/executions/{fence}/asks/{ask}/answer";
        let refused = &told["paths"][path]["post"]["responses"]["409"]["description"];
        assert_eq!(refused, "CONFLICT or ALREADY_DECIDED");
    }

    #[test]
    fn every_operation_has_an_id_of_its_own_and_declares_only_codes_that_there_are() {
        let (_, mut api) = OpenApiRouter::new().nest("/api/v1", crate::routes::all()).split_for_parts();
        for item in api.paths.paths.values_mut() {
            for (_, operation) in operations(item) {
                let declared = operation.extensions.as_ref().and_then(|all| all.get(DECLARED)).cloned();
                if let Some(codes) = declared {
                    serde_json::from_value::<Vec<Code>>(codes).unwrap();
                }
            }
        }
        let mut ids = Vec::new();
        for item in completed(api).paths.paths.values_mut() {
            ids.extend(operations(item).map(|(_, operation)| operation.operation_id.clone().unwrap()));
        }
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}
