//! Data mode over HTTP: what is told is shown, decided once, found at once, and taken back.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{Actor, Database, a_film_on};

/// A sheet that says enough of a person to be saved without a question.
const SHEET: &str = "name: Mara Voss\nrole: ferry captain\nage: 34\ndescription: She has run the last ferry of the island for \
eleven years, mends its engine herself, and will not hand over the key.";

async fn told(ada: &Actor, film: &str, content: &str) -> Value {
    let request = json!({ "projectId": film, "content": content, "suggestedType": "character" });
    ada.post("/orchestrator/ingest", &request).await
}

async fn decide(ada: &Actor, preview: &Value, decision: &Value) -> (StatusCode, Value) {
    let path = format!("/orchestrator/ingest/{}/decision", preview["previewId"].as_str().expect("an id"));
    ada.send_json(Method::POST, &path, decision).await
}

async fn found(ada: &Actor, film: &str, words: &str) -> Value {
    ada.get(&format!("/projects/{film}/search?q={words}")).await["hits"].clone()
}

#[tokio::test]
async fn a_preview_has_the_seeds_shape_and_saves_nothing() {
    let (_app, ada, film) = a_film_on(&Database::Sqlite).await;
    let preview = told(&ada, &film, SHEET).await;
    assert_eq!(preview["preview"]["entityType"], "character");
    assert_eq!(preview["preview"]["parsedData"]["name"], "Mara Voss");
    assert!(preview["preview"]["suggestedRelationships"].is_array());
    let validation = &preview["validation"];
    assert_eq!((&validation["isValid"], &validation["errors"]), (&json!(true), &json!([])));
    for score in ["dataCompleteness", "brainConsistency", "relationshipQuality", "overall"] {
        let score = preview["qualityScores"][score].as_f64().expect("a score");
        assert!((0.0..=1.0).contains(&score));
    }
    assert!(["ingest", "modify", "discard"].contains(&preview["recommendation"].as_str().unwrap()));
    assert!(preview["reasoning"].as_str().is_some_and(|why| !why.is_empty()));
    assert!(preview["departmentsInvolved"].as_array().is_some_and(|all| all.contains(&json!("character"))));
    assert_eq!(ada.get(&format!("/projects/{film}/characters")).await["totalDocs"], 0);
    let path = format!("/orchestrator/ingest/{}", preview["previewId"].as_str().unwrap());
    assert_eq!(ada.get(&path).await, preview);
}

#[tokio::test]
async fn what_is_ingested_is_found_at_once_told_to_everyone_and_taken_back() {
    let (_app, ada, film) = a_film_on(&Database::Sqlite).await;
    let preview = told(&ada, &film, SHEET).await;
    assert_eq!(found(&ada, &film, "ferry%20captain").await, json!([]));
    let (status, decided) = decide(&ada, &preview, &json!({ "decision": "ingest" })).await;
    assert_eq!(
        (status, &decided["state"], &decided["created"]),
        (StatusCode::OK, &json!("ingested"), &json!(1))
    );
    let mara = decided["entityId"].as_str().expect("a record");
    assert_eq!(found(&ada, &film, "eleven").await[0]["id"], mara);
    let asked =
        ada.post("/orchestrator/query", &json!({ "projectId": film, "query": "Who is Mara Voss?" })).await;
    assert_eq!(asked["results"][0]["id"], mara);
    let activity = ada.get(&format!("/projects/{film}/activity")).await;
    let kinds: Vec<&str> =
        activity["docs"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    for kind in ["notification", "entity:updated", "review:updated"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let change = decided["changeId"].as_str().unwrap();
    ada.post(&format!("/projects/{film}/changes/{change}/undo"), &json!({})).await;
    assert_eq!(found(&ada, &film, "eleven").await, json!([]));
    assert_eq!(ada.get(&format!("/projects/{film}/characters")).await["totalDocs"], 0);
}

#[tokio::test]
async fn a_modified_preview_is_weighed_again_and_saves_what_was_modified() {
    let (_app, ada, film) = a_film_on(&Database::Sqlite).await;
    let preview = told(&ada, &film, SHEET).await;
    let change = json!({ "decision": "modify", "changes": { "role": "ferry owner", "age": null } });
    let (status, modified) = decide(&ada, &preview, &change).await;
    assert_eq!((status, &modified["state"]), (StatusCode::OK, &json!("pending")));
    assert_eq!(modified["preview"]["preview"]["parsedData"]["role"], "ferry owner");
    let (_, decided) = decide(&ada, &preview, &json!({ "decision": "ingest" })).await;
    let path = format!("/projects/{film}/characters/{}", decided["entityId"].as_str().unwrap());
    let metadata = &ada.get(&path).await["metadata"];
    assert_eq!((&metadata["role"], metadata.get("age")), (&json!("ferry owner"), None));
}

#[tokio::test]
async fn a_preview_is_decided_once_and_a_discarded_one_leaves_nothing() {
    let (app, ada, film) = a_film_on(&Database::Sqlite).await;
    let ben = ada.invite(&app, &film, "ben", "editor").await;
    let preview = told(&ada, &film, SHEET).await;
    let (ingest, discard) = (json!({ "decision": "ingest" }), json!({ "decision": "discard" }));
    let (one, other) = tokio::join!(decide(&ada, &preview, &ingest), decide(&ben, &preview, &discard));
    let (won, lost) = if one.0 == 200 { (one, other) } else { (other, one) };
    assert_eq!(
        (won.0, lost.0, &lost.1["code"]),
        (StatusCode::OK, StatusCode::CONFLICT, &json!("ALREADY_DECIDED"))
    );
    let kept = i64::from(won.1["state"] == "ingested");
    assert_eq!(ada.get(&format!("/projects/{film}/characters")).await["totalDocs"], kept);
}

#[tokio::test]
async fn what_may_be_there_already_is_shown_as_a_duplicate_and_can_be_merged() {
    let (_app, ada, film) = a_film_on(&Database::Sqlite).await;
    let first = told(&ada, &film, SHEET).await;
    let (_, decided) = decide(&ada, &first, &json!({ "decision": "ingest" })).await;
    let mara = decided["entityId"].clone();
    let again = told(&ada, &film, "name: Mara Voss\nage: 35\ndescription: Captain, of few words.").await;
    assert_eq!(again["duplicates"][0]["id"], mara, "{again}");
    let (status, merged) = decide(&ada, &again, &json!({ "decision": "ingest", "mergeInto": mara })).await;
    assert_eq!(
        (status, &merged["entityId"], &merged["created"]),
        (StatusCode::OK, &mara, &json!(0)),
        "{merged}"
    );
    assert_eq!(ada.get(&format!("/projects/{film}/characters")).await["totalDocs"], 1);
}

#[tokio::test]
async fn data_mode_in_a_conversation_gives_a_preview_that_can_be_decided_on() {
    let (_app, ada, film) = a_film_on(&Database::Sqlite).await;
    let said = json!({ "projectId": film, "mode": "data", "content": SHEET });
    let answer = ada.post("/orchestrator/chat", &said).await;
    let seeds = ["messageId", "conversationId", "content", "mode", "metadata", "timestamp"];
    assert!(seeds.iter().all(|field| answer.get(field).is_some()), "{answer}");
    let (status, _) = decide(&ada, &answer["metadata"]["ingest"], &json!({ "decision": "ingest" })).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(ada.get(&format!("/projects/{film}/characters")).await["docs"][0]["name"], "Mara Voss");
}
