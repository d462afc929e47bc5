//! What is let through: calls in a minute, sizes, content types, fields, and characters that no database keeps.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::actor::answered;
use tests::{Actor, Atelier, Database, a_film_on};

async fn refused(ada: &Actor, method: Method, path: &str, body: &Value, field: &str) {
    let (status, refused) = ada.send_json(method, path, body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {refused}");
    assert_eq!(refused["code"], "VALIDATION_ERROR", "{path}: {refused}");
    assert_eq!(refused["details"]["field"], field, "{path}: {refused}");
    assert!(refused["requestId"].as_str().is_some_and(|id| id.starts_with("req_")), "{refused}");
}

#[tokio::test]
async fn the_eleventh_call_of_an_endpoint_in_a_minute_is_refused_with_when_to_come_back() {
    let app = Atelier::start_with(&[]).await;
    let ada = app.first_person().await;
    let ben = ada.befriend(&app, "ben").await;
    let film = ada.film("Tides").await;
    let query = json!({ "projectId": film, "query": "Who is Mara?" });
    let ask = async || ada.request(Method::POST, "/orchestrator/query").json(&query).send().await.unwrap();
    for left in (0..10).rev() {
        let answer = ask().await;
        assert_eq!(answer.status(), StatusCode::OK);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().parse::<i64>().unwrap();
        assert_eq!((header("ratelimit-limit"), header("ratelimit-remaining")), (10, left));
        assert!((1..=60).contains(&header("ratelimit-reset")));
    }
    let answer = ask().await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    for (name, value) in [("ratelimit-limit", "10"), ("ratelimit-remaining", "0")] {
        assert_eq!(answer.headers().get(name).map(|value| value.to_str().unwrap()), Some(value), "{name}");
    }
    let reset: u64 = answer.headers()["ratelimit-reset"].to_str().unwrap().parse().unwrap();
    assert_eq!(reset, wait);
    let refused: Value = answer.json().await.unwrap();
    assert_eq!((&refused["code"], &refused["details"]["retryAfter"]), (&json!("RATE_LIMITED"), &json!(wait)));
    // Another endpoint, and another person, have quotas of their own.
    let chat = json!({ "projectId": film, "mode": "query", "content": "Who is Mara?" });
    ada.post("/orchestrator/chat", &chat).await;
    let his = ben.film("Elsewhere").await;
    ben.post("/orchestrator/query", &json!({ "projectId": his, "query": "Who?" })).await;
}

#[tokio::test]
async fn a_call_that_is_refused_for_another_reason_is_not_counted_against_a_stranger() {
    let app = Atelier::start_with(&[]).await;
    let ada = app.first_person().await;
    let ben = ada.befriend(&app, "ben").await;
    let (film, his) = (ada.film("Tides").await, ben.film("Elsewhere").await);
    for _ in 0..12 {
        let foreign = json!({ "projectId": film, "query": "Who is Mara?" });
        let (status, _) = ben.send_json(Method::POST, "/orchestrator/query", &foreign).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    ben.post("/orchestrator/query", &json!({ "projectId": his, "query": "Who?" })).await;
}

#[tokio::test]
async fn a_field_that_is_unknown_missing_wrong_or_too_long_is_named() {
    let (_app, ada, film) = a_film_on(&Database::Sqlite).await;
    let characters = format!("/projects/{film}/characters");
    for (body, field) in [
        (json!({ "name": "Mara", "surprise": 1 }), "surprise"),
        (json!({ "name": "Mara", "metadata": [] }), "metadata"),
        (json!({}), "name"),
        (json!({ "name": 7 }), "name"),
        (json!({ "name": "" }), "name"),
        (json!({ "name": "  " }), "name"),
        (json!({ "name": "x".repeat(201) }), "name"),
        (json!({ "name": "Mara", "description": "x".repeat(20_001) }), "description"),
        (json!({ "name": "Mara\u{0}" }), "name"),
        (json!({ "name": "Mara", "metadata": { "notes": ["a", "b\u{0}"] } }), "metadata.notes"),
    ] {
        refused(&ada, Method::POST, &characters, &body, field).await;
    }
    let talk = |content: &str| json!({ "projectId": film, "mode": "chat", "content": content });
    for content in ["", "   ", "<b></b>", &"x".repeat(10_001)] {
        refused(&ada, Method::POST, "/orchestrator/chat", &talk(content), "content").await;
    }
    for (body, code) in [
        (json!({ "projectId": film, "mode": "sing", "content": "La" }), "INVALID_MODE"),
        (json!({ "projectId": film, "mode": "task", "content": "Plan the shoot." }), "INVALID_MODE"),
        (json!({ "mode": "chat", "content": "La" }), "MISSING_PROJECT"),
        (json!({ "projectId": "mine", "mode": "chat", "content": "La" }), "MISSING_PROJECT"),
    ] {
        let (status, refused) = ada.send_json(Method::POST, "/orchestrator/chat", &body).await;
        assert_eq!((status, &refused["code"]), (StatusCode::BAD_REQUEST, &json!(code)), "{refused}");
    }
    assert_eq!(ada.get(&characters).await["totalDocs"], 0);
}

#[tokio::test]
async fn a_query_string_that_cannot_be_used_names_the_field() {
    let (_app, ada, film) = a_film_on(&Database::Sqlite).await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("page=0", "page"),
        ("page=1001", "page"),
        ("cursor=elsewhere", "cursor"),
        ("cursor=1~x.y&page=1", "page"),
        ("surprise=1", "surprise"),
        ("name=%00", "query"),
    ] {
        let (status, refused) = ada.send(Method::GET, &format!("/projects/{film}/characters?{query}")).await;
        assert_eq!(
            (status, &refused["details"]["field"]),
            (StatusCode::BAD_REQUEST, &json!(field)),
            "{query}: {refused}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_json_is_refused() {
    let (_app, ada, film) = a_film_on(&Database::Sqlite).await;
    let characters = format!("/projects/{film}/characters");
    let post = || ada.request(Method::POST, &characters);
    // Nobody needs two megabytes for a record, whatever a document may have.
    let large = json!({ "name": "Mara", "description": "x".repeat(2 << 20) });
    let (status, refused) = answered(post().json(&large)).await;
    assert_eq!((status, &refused["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("TOO_LARGE")));
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let (status, refused) =
            answered(post().header("content-type", kind).body("{\"name\":\"Mara\"}")).await;
        assert_eq!(
            (status, &refused["code"]),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, &json!("UNSUPPORTED_MEDIA")),
            "{kind}"
        );
    }
    for text in ["", "{", "{\"name\":\"Mara\"", "\u{feff}{}", "[1"] {
        let (status, refused) = answered(post().header("content-type", "application/json").body(text)).await;
        assert_eq!(
            (status, &refused["details"]["field"]),
            (StatusCode::BAD_REQUEST, &json!("body")),
            "{text}"
        );
    }
    assert_eq!(ada.get(&characters).await["totalDocs"], 0);
}

#[tokio::test]
async fn an_address_or_method_that_is_not_there_is_told_as_such() {
    let (app, ada, film) = a_film_on(&Database::Sqlite).await;
    let (status, refused) = ada.send(Method::GET, "/nowhere/at/all").await;
    assert_eq!((status, &refused["code"]), (StatusCode::NOT_FOUND, &json!("NOT_FOUND")));
    let (status, refused) = ada.send(Method::PUT, &format!("/projects/{film}")).await;
    assert_eq!((status, &refused["code"]), (StatusCode::METHOD_NOT_ALLOWED, &json!("METHOD_NOT_ALLOWED")));
    let answer = tests::client().get(format!("{}/projects/{film}/characters", app.url)).send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe-"), "{policy}");
    for (name, value) in [("x-frame-options", "DENY"), ("x-content-type-options", "nosniff")] {
        assert_eq!(answer.headers()[name], value);
    }
}
