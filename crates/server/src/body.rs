//! What comes in: JSON bodies checked against the schema that the API documents, paths and queries that name the field.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use kernel::{Code, Error};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::Refusal;

/// As much of an unknown field's name as is told back, in characters.
const LONGEST_NAME: usize = 100;

/// A JSON body that keeps to the schema of `T`, lengths and bounds included.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + ToSchema + 'static> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            return Err(Error::new(Code::UnsupportedMedia, "Send the body as application/json.").into());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        Ok(Self(read(&bytes)?))
    }
}

/// Whether the body says that it is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Why a body could not be taken in.
pub(crate) fn unread(rejection: &BytesRejection) -> Error {
    if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return Error::new(
            Code::TooLarge,
            "The request is larger than this endpoint takes. Nothing was saved.",
        );
    }
    Error::new(Code::ValidationError, "The body did not arrive whole. Nothing was saved.")
}

/// Reads a body that is here.
pub(crate) fn read<T: DeserializeOwned + ToSchema + 'static>(bytes: &[u8]) -> Result<T, Error> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| Error::field("body", format!("is not JSON: {error}")))?;
    check::<T>(&value)?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        Error::field(if path == "." { String::from("body") } else { path }, error.into_inner().to_string())
    })
}

/// The first thing in which `value` does not keep to the schema, by its path.
fn check<T: ToSchema + 'static>(value: &Value) -> Result<(), Error> {
    let validator = validator::<T>()?;
    if let Some(error) = validator.iter_errors(value).next() {
        let path = error.instance_path().to_string();
        let mut path = path.trim_start_matches('/').replace('/', ".");
        // What is there but unknown, or known but not there, is a field too.
        let (field, reason) = match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let name = unexpected.first().map(|name| name.chars().take(LONGEST_NAME).collect());
                (name, Some("is not a field that is known here"))
            }
            ValidationErrorKind::Required { property } => {
                (property.as_str().map(str::to_owned), Some("is missing"))
            }
            _ => (None, None),
        };
        if let Some(field) = field {
            path = if path.is_empty() { field } else { format!("{path}.{field}") };
        }
        let path = if path.is_empty() { String::from("body") } else { path };
        let reason = reason.map_or_else(|| error.masked_with("it").to_string(), str::to_owned);
        return Err(refused(&path, &reason));
    }
    plain(value, &mut String::from("body"))
}

/// A field that cannot be used. Two have codes of their own, by which clients of the orchestrator tell them apart.
fn refused(path: &str, reason: &str) -> Error {
    let code = match path {
        "mode" => Code::InvalidMode,
        "projectId" => Code::MissingProject,
        _ => return Error::field(path, reason),
    };
    Error::new(code, format!("{path}: {reason}")).with_details(json!({ "field": path, "reason": reason }))
}

/// No text may hold U+0000: Postgres keeps none, and nobody types it.
fn plain(value: &Value, path: &mut String) -> Result<(), Error> {
    match value {
        Value::String(text) if text.contains('\0') => {
            Err(Error::field(path.as_str(), "must not contain the character U+0000"))
        }
        Value::Array(values) => values.iter().try_for_each(|value| plain(value, path)),
        Value::Object(values) => values.iter().try_for_each(|(key, value)| {
            if key.contains('\0') {
                return Err(Error::field(path.as_str(), "must not contain the character U+0000"));
            }
            let mut path = if path == "body" { key.clone() } else { format!("{path}.{key}") };
            plain(value, &mut path)
        }),
        _ => Ok(()),
    }
}

/// The compiled schema of `T`, made once.
fn validator<T: ToSchema + 'static>() -> Result<Arc<Validator>, Error> {
    static COMPILED: OnceLock<RwLock<HashMap<TypeId, Arc<Validator>>>> = OnceLock::new();
    let compiled = COMPILED.get_or_init(RwLock::default);
    let known = compiled.read().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<T>()).cloned();
    if let Some(known) = known {
        return Ok(known);
    }
    let mut parts = Vec::new();
    T::schemas(&mut parts);
    let parts: serde_json::Map<String, Value> = parts
        .into_iter()
        .map(|(name, schema)| Ok((name, serde_json::to_value(schema)?)))
        .collect::<Result<_, serde_json::Error>>()
        .map_err(Error::internal)?;
    let mut whole = serde_json::to_value(<T as PartialSchema>::schema()).map_err(Error::internal)?;
    if let Some(whole) = whole.as_object_mut() {
        whole.insert(String::from("components"), json!({ "schemas": parts }));
    }
    let made =
        Arc::new(jsonschema::draft202012::new(&whole).map_err(|error| Error::internal(error.to_string()))?);
    compiled.write().unwrap_or_else(PoisonError::into_inner).insert(TypeId::of::<T>(), made.clone());
    Ok(made)
}

/// The parts of a path. What cannot be an id names nothing that is there.
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|rejection: PathRejection| {
            tracing::debug!(%rejection, "a path that names nothing");
            Error::not_found("thing").into()
        })
    }
}

/// A query string, whose unknown or wrong fields are named.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let text = parts.uri.query().unwrap_or_default();
        if text.contains("%00") {
            return Err(Error::field("query", "must not contain the character U+0000").into());
        }
        let fields = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
        let read = serde_path_to_error::deserialize(fields).map_err(|error| {
            let path = error.path().to_string();
            let path = if path == "." { String::from("query") } else { path };
            Error::field(path, error.into_inner().to_string())
        })?;
        Ok(Self(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::auth::SetupRequest;
    use wire::records::CreateRecord;

    fn field<T: DeserializeOwned + ToSchema + 'static>(body: Value) -> String {
        let error = read::<T>(body.to_string().as_bytes()).err().expect("must be refused");
        error.details().unwrap()["field"].as_str().unwrap().to_owned()
    }

    #[test]
    fn what_does_not_keep_to_the_schema_names_the_field() {
        assert_eq!(field::<CreateRecord>(json!({ "name": "" })), "name");
        assert_eq!(field::<CreateRecord>(json!({ "name": 7 })), "name");
        assert_eq!(field::<CreateRecord>(json!({ "name": "x".repeat(201) })), "name");
        assert_eq!(field::<CreateRecord>(json!({ "name": "x", "metadata": 1 })), "metadata");
        assert_eq!(field::<CreateRecord>(json!({ "name": "x", "surprise": 1 })), "surprise");
        assert_eq!(field::<CreateRecord>(json!({})), "name");
        assert_eq!(field::<CreateRecord>(json!({ "name": "a\0b" })), "name");
        assert_eq!(field::<CreateRecord>(json!([])), "body");
        let short = json!({ "token": "t", "email": "a@b.c", "password": "short" });
        assert_eq!(field::<SetupRequest>(short), "password");
    }

    #[test]
    fn a_mode_that_is_none_and_a_project_that_is_missing_have_codes_of_their_own() {
        let code = |body: Value| {
            read::<wire::orchestrator::ChatRequest>(body.to_string().as_bytes()).unwrap_err().code()
        };
        let project = "prj_00000000000000000000000000";
        assert_eq!(code(json!({ "content": "x", "mode": "sing", "projectId": project })), Code::InvalidMode);
        assert_eq!(code(json!({ "content": "x", "mode": "chat" })), Code::MissingProject);
        assert_eq!(code(json!({ "content": "x", "mode": "chat", "projectId": "x" })), Code::MissingProject);
        assert_eq!(
            code(json!({ "content": "", "mode": "chat", "projectId": project })),
            Code::ValidationError
        );
    }

    #[test]
    fn the_reason_does_not_repeat_what_was_sent() {
        let body = json!({ "token": "t", "email": "a@b.c", "password": "hunter2" });
        let error = read::<SetupRequest>(body.to_string().as_bytes()).err().unwrap();
        assert!(!format!("{error} {:?}", error.details()).contains("hunter2"), "{error}");
    }

    #[test]
    fn what_may_be_absent_may_also_be_null() {
        let record: CreateRecord = read(br#"{ "name": "Mara", "description": null }"#).unwrap();
        assert_eq!((record.name.as_str(), record.description), ("Mara", None));
    }
}
