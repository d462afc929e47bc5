//! The tools: operations of the API under names for agents. What they take is made from the API's description.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use http::Method;
use rmcp::model::{JsonObject, Tool as Listed, ToolAnnotations};
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use super::api::Asked;

/// Every tool: its name, its operation, what it does to the project, and what an agent is told of it.
const TOOLS: &[(&str, &str, &str, Effect, &str)] = &[
    (
        "list_projects",
        "get",
        "/projects",
        Effect::Reads,
        "The projects that you may see, with what they hold.",
    ),
    (
        "get_schema",
        "get",
        "/projects/{id}/schema",
        Effect::Reads,
        "A project's collections, and the fields that their records have.",
    ),
    (
        "recall",
        "post",
        "/orchestrator/query",
        Effect::Reads,
        "Ask the project a question in plain words. The answer names its sources.",
    ),
    (
        "search",
        "get",
        "/projects/{id}/search",
        Effect::Reads,
        "Find records by words in their names and texts.",
    ),
    (
        "list_records",
        "get",
        "/projects/{id}/{collection}",
        Effect::Reads,
        "The records of one collection, such as scenes, characters or locations, a page at a time.",
    ),
    (
        "get_record",
        "get",
        "/projects/{id}/{collection}/{record}",
        Effect::Reads,
        "One record with all its fields.",
    ),
    (
        "get_relationships",
        "get",
        "/projects/{id}/{collection}/{record}/relationships",
        Effect::Reads,
        "What a record is related to, and how.",
    ),
    (
        "propose_record",
        "post",
        "/orchestrator/ingest",
        Effect::Adds,
        "Tell the project something in plain words. It is understood as a proposal with scores and possible duplicates, and saved only when somebody decides.",
    ),
    (
        "get_proposal",
        "get",
        "/orchestrator/ingest/{preview}",
        Effect::Reads,
        "A proposal that was made before.",
    ),
    (
        "decide_proposal",
        "post",
        "/orchestrator/ingest/{preview}/decision",
        Effect::Changes,
        "Save a proposal, change it first, or drop it. The decision is a person's, unless they told you to take it.",
    ),
    (
        "list_reviews",
        "get",
        "/projects/{id}/reviews",
        Effect::Reads,
        "What waits for a decision, or was decided: imports, proposals, and what departments made.",
    ),
    (
        "get_review",
        "get",
        "/projects/{id}/reviews/{review}",
        Effect::Reads,
        "What a department made, with its scores, its sources and what it lacks.",
    ),
    (
        "decide_review",
        "post",
        "/projects/{id}/reviews/{review}/decision",
        Effect::Changes,
        "Save what a department made, change it, send it back with reasons, or drop it. The decision is a person's, unless they \
         told you to take it.",
    ),
    (
        "get_readiness",
        "get",
        "/projects/{id}/readiness",
        Effect::Reads,
        "How ready the film is for production, by department, and what to do next.",
    ),
    (
        "order_work",
        "post",
        "/orchestrator/task",
        Effect::Adds,
        "Have the film's departments do work: analyses, breakdowns, schedules, shot and cue lists. It becomes a run. With `async` you are answered at once.",
    ),
    ("list_runs", "get", "/projects/{id}/runs", Effect::Reads, "The runs of a project, newest first."),
    (
        "get_run",
        "get",
        "/projects/{id}/runs/{run}",
        Effect::Reads,
        "A run with its steps, and why each waits. With `wait` the answer comes when it has ended, or after so many seconds.",
    ),
    (
        "get_step",
        "get",
        "/projects/{id}/runs/{run}/steps/{step}",
        Effect::Reads,
        "A step of a run, with all that it gave.",
    ),
    (
        "get_run_log",
        "get",
        "/projects/{id}/runs/{run}/log",
        Effect::Reads,
        "A part of a run's log, by offset.",
    ),
    (
        "retry_step",
        "post",
        "/projects/{id}/runs/{run}/steps/{step}/retry",
        Effect::Changes,
        "Do a step of a run again, and all that come after it.",
    ),
    (
        "answer_step",
        "post",
        "/projects/{id}/runs/{run}/steps/{step}/answer",
        Effect::Changes,
        "Answer a step that asks a person. The answer is a person's, unless they told you what to say.",
    ),
    (
        "cancel_run",
        "post",
        "/projects/{id}/runs/{run}/cancel",
        Effect::Changes,
        "End a run before it is done.",
    ),
];

/// What a tool does to the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Reads,
    /// Adds what somebody decides about later.
    Adds,
    Changes,
}

/// Where an argument belongs in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Query,
    Body,
}

/// One tool.
pub(super) struct Tool {
    listed: Listed,
    method: Method,
    path: &'static str,
    places: BTreeMap<String, Place>,
    has_body: bool,
}

/// All tools.
pub(super) struct Tools(Vec<Tool>);

impl Tools {
    /// The tools of an API.
    pub(super) fn of(described: &OpenApi) -> Self {
        let api = serde_json::to_value(described).unwrap_or_default();
        let tools = TOOLS.iter().filter_map(|(name, method, path, effect, about)| {
            Tool::of(&api, name, method, path, *effect, about)
        });
        Self(tools.collect())
    }

    /// As the protocol lists them.
    pub(super) fn listed(&self) -> Vec<Listed> {
        self.0.iter().map(|tool| tool.listed.clone()).collect()
    }

    /// The one of that name.
    pub(super) fn named(&self, name: &str) -> Option<&Tool> {
        self.0.iter().find(|tool| tool.listed.name == name)
    }
}

impl Tool {
    fn of(
        api: &Value,
        name: &'static str,
        method: &str,
        path: &'static str,
        effect: Effect,
        about: &'static str,
    ) -> Option<Self> {
        let operation = api["paths"][format!("/api/v1{path}")].get(method)?;
        let (mut properties, mut required, mut places) = (Map::new(), Vec::new(), BTreeMap::new());
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let place = match parameter["in"].as_str() {
                Some("path") => Place::Path,
                Some("query") => Place::Query,
                _ => continue,
            };
            let own = parameter["name"].as_str()?;
            let mut schema = parameter["schema"].clone();
            if let (Some(schema), Some(about)) = (schema.as_object_mut(), parameter.get("description")) {
                schema.insert("description".into(), about.clone());
            }
            let called = called(own);
            if parameter["required"] == true {
                required.push(json!(called));
            }
            properties.insert(called.into(), schema);
            places.insert(called.to_owned(), place);
        }
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        let body = resolved(api, body);
        for (own, schema) in body["properties"].as_object().into_iter().flatten() {
            properties.insert(own.clone(), schema.clone());
            places.insert(own.clone(), Place::Body);
        }
        required.extend(body["required"].as_array().into_iter().flatten().cloned());

        let mut schema = json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
        let parts = parts(api, &mut schema);
        if !parts.is_empty() {
            schema["$defs"] = Value::Object(parts);
        }
        let listed = Listed::new(name, about, Arc::new(schema.as_object()?.clone()));
        let annotations = ToolAnnotations::from_raw(
            None,
            Some(effect == Effect::Reads),
            Some(effect == Effect::Changes),
            None,
            Some(false),
        );
        let listed = listed.with_annotations(annotations);
        let method = method.to_uppercase().parse().ok()?;
        Some(Self { listed, method, path, places, has_body: !body.is_null() })
    }

    /// The request that these arguments make.
    ///
    /// # Errors
    /// A sentence for the agent: which argument is wrong, and how.
    pub(super) fn request(&self, arguments: JsonObject) -> Result<Asked, String> {
        let mut path = format!("/api/v1{}", self.path);
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut body = Map::new();
        let mut asks = false;
        for (name, value) in arguments {
            let place = self.places.get(&name).ok_or_else(|| {
                let known: Vec<&str> = self.places.keys().map(String::as_str).collect();
                format!("{} takes no {name}. It takes {}.", self.listed.name, known.join(", "))
            })?;
            match place {
                // A part of a path that is no plain word could lead elsewhere.
                Place::Path => {
                    let word = value.as_str().filter(|word| is_word(word)).ok_or_else(|| {
                        format!("{name} must be an id or a name of letters, digits, `_` and `-`.")
                    })?;
                    path = path.replace(&format!("{{{}}}", own(&name)), word);
                }
                Place::Query => {
                    asks = true;
                    let text = value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed);
                    query.append_pair(&name, &text);
                }
                Place::Body => {
                    body.insert(name, value);
                }
            }
        }
        if let Some((_, lacks)) = path.split_once('{') {
            let lacks = lacks.split('}').next().unwrap_or_default();
            return Err(format!("{} needs {}.", self.listed.name, called(lacks)));
        }
        if asks {
            path = format!("{path}?{}", query.finish());
        }
        let body = self.has_body.then(|| Value::Object(body).to_string());
        Ok(Asked { method: self.method.clone(), address: path, body })
    }
}

/// How a parameter is called to agents: in a path under `/projects`, `id` is the project's.
fn called(own: &str) -> &str {
    if own == "id" { "projectId" } else { own }
}

fn own(called: &str) -> &str {
    if called == "projectId" { "id" } else { called }
}

fn is_word(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (1..=80).contains(&word.len()) && word.bytes().all(plain)
}

/// A schema, or the one that it refers to.
fn resolved<'a>(api: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|at| at.strip_prefix(COMPONENTS)) {
        Some(name) => &api["components"]["schemas"][name],
        None => schema,
    }
}

const COMPONENTS: &str = "#/components/schemas/";

/// Turns what a schema refers to into references to parts of its own, and gives these parts.
fn parts(api: &Value, schema: &mut Value) -> Map<String, Value> {
    let (mut parts, mut wanted) = (Map::new(), BTreeSet::new());
    localize(schema, &mut wanted);
    while let Some(name) = wanted.pop_first() {
        if parts.contains_key(&name) {
            continue;
        }
        let mut part = api["components"]["schemas"][&name].clone();
        localize(&mut part, &mut wanted);
        parts.insert(name, part);
    }
    parts
}

fn localize(schema: &mut Value, wanted: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(at)) = fields.get_mut("$ref")
                && let Some(name) = at.strip_prefix(COMPONENTS).map(str::to_owned)
            {
                *at = format!("#/$defs/{name}");
                wanted.insert(name);
            }
            fields.values_mut().for_each(|value| localize(value, wanted));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| localize(value, wanted)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools() -> Tools {
        Tools::of(&crate::http::description())
    }

    fn asked(tool: &str, arguments: Value) -> Result<Asked, String> {
        let Value::Object(arguments) = arguments else { unreachable!("arguments are an object") };
        tools().named(tool).unwrap().request(arguments)
    }

    #[test]
    fn every_tool_is_an_operation_whose_arguments_have_one_place_each_and_a_schema_that_stands_alone() {
        let tools = tools();
        assert_eq!(tools.0.len(), TOOLS.len());
        for tool in &tools.0 {
            let schema = Value::Object((*tool.listed.input_schema).clone());
            assert_eq!(
                tool.places.len(),
                schema["properties"].as_object().unwrap().len(),
                "{}",
                tool.listed.name
            );
            assert!(!schema.to_string().contains(COMPONENTS), "{schema}");
            jsonschema::validator_for(&schema).unwrap();
        }
    }

    #[test]
    fn arguments_go_to_path_query_and_body() {
        let list = asked("list_records", json!({ "projectId": "prj_1", "collection": "scenes", "limit": 5 }))
            .unwrap();
        assert_eq!((list.address.as_str(), list.body), ("/api/v1/projects/prj_1/scenes?limit=5", None));
        let order =
            asked("order_work", json!({ "projectId": "prj_1", "task": "Prepare", "async": true })).unwrap();
        assert_eq!(order.address, "/api/v1/orchestrator/task");
        let body: Value = serde_json::from_str(&order.body.unwrap()).unwrap();
        assert_eq!(body, json!({ "projectId": "prj_1", "task": "Prepare", "async": true }));
    }

    #[test]
    fn an_argument_cannot_lead_to_another_route() {
        for collection in ["../../../auth/keys", "scenes/x", "a?b", "", "a#b", "%2e%2e"] {
            let error = asked("list_records", json!({ "projectId": "prj_1", "collection": collection }))
                .err()
                .unwrap();
            assert!(error.starts_with("collection must be"), "{error}");
        }
        let error = asked("list_records", json!({ "projectId": "{collection}", "collection": "scenes" }))
            .err()
            .unwrap();
        assert!(error.starts_with("projectId must be"), "{error}");
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        let error =
            asked("get_record", json!({ "projectId": "prj_1", "collection": "scenes" })).err().unwrap();
        assert_eq!(error, "get_record needs record.");
        let error = asked("get_run", json!({ "projekt": "prj_1" })).err().unwrap();
        assert!(error.starts_with("get_run takes no projekt. It takes projectId, run"), "{error}");
    }
}
