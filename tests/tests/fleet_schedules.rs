//! Orders to the fleet that are given at their time: as if whoever set them ordered them then.

use reqwest::Method;
use serde_json::{Value, json};
use tests::machine::{Machine, runner};
use tests::{Actor, two_people};

/// Sets an order for the fleet that is not due in a test; gives the status and what is said.
async fn set(actor: &Actor, project: &str, order: Value) -> (u16, Value) {
    let when = json!({ "kind": "once", "at": "2199-01-01T00:00:00Z" });
    let new = json!({ "name": "Nightly", "order": order, "when": when });
    let (status, said) = actor.send_json(Method::POST, &format!("/projects/{project}/schedules"), &new).await;
    (status.as_u16(), said)
}

fn order(argv: &[&str]) -> Value {
    json!({ "kind": "fleet", "title": "Nightly", "order": { "engine": { "kind": "command", "argv": argv } } })
}

#[tokio::test]
async fn an_order_to_the_fleet_that_is_set_is_done_by_a_runner_in_the_name_of_who_set_it() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let eli = ada.invite(&app, &film, "eli", "editor").await;
    let (_, key) = runner(&ada, "forge").await;
    let _machine = Machine::start(&app, &key, &film);
    let (status, made) = set(&eli, &film, order(&["true"])).await;
    assert_eq!((status, &made["order"]["order"]["engine"]["argv"]), (201, &json!(["true"])), "{made}");
    let path = format!("/projects/{film}/schedules/{}/run", made["id"].as_str().unwrap());
    let given = ada.post(&path, &json!({})).await;
    assert_eq!(given["outcome"], "started", "{given}");
    let run = given["runId"].as_str().unwrap();
    let seen = tests::fleet::ended(&ada, &film, run).await;
    assert_eq!(
        (&seen["run"]["kind"], &seen["run"]["state"], &seen["run"]["createdBy"], &seen["run"]["title"]),
        (&json!("fleet.command"), &json!("complete"), &json!(eli.id), &json!("Nightly"))
    );
}

#[tokio::test]
async fn what_would_be_refused_at_its_time_is_refused_when_it_is_set() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let eli = ada.invite(&app, &film, "eli", "editor").await;
    assert_eq!(set(&ada, &film, order(&[])).await.0, 400);
    assert_eq!(set(&ada, &film, order(&["a\u{0}"])).await.0, 400);
    let policy = format!("/projects/{film}/fleet/policy");
    let owners = json!({ "commands": "owner" });
    assert_eq!(ada.send_json(Method::PUT, &policy, &owners).await.0, 200);
    assert_eq!(set(&eli, &film, order(&["true"])).await.0, 403);
    assert_eq!(set(&ada, &film, order(&["true"])).await.0, 201);
}

#[tokio::test]
async fn an_order_that_its_setter_may_not_give_any_more_is_refused_at_its_time_and_says_so() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let eli = ada.invite(&app, &film, "eli", "editor").await;
    let (_, made) = set(&eli, &film, order(&["true"])).await;
    let path = format!("/projects/{film}/schedules/{}", made["id"].as_str().unwrap());
    let policy = format!("/projects/{film}/fleet/policy");
    assert_eq!(ada.send_json(Method::PUT, &policy, &json!({ "commands": "owner" })).await.0, 200);
    let given = ada.post(&format!("{path}/run"), &json!({})).await;
    assert_eq!(given["outcome"], "refused", "{given}");
    let seen = ada.get(&path).await;
    assert_eq!(seen["schedule"]["state"], "paused");
    assert!(seen["schedule"]["reason"].as_str().unwrap().contains("needs the role owner"), "{seen}");
    assert_eq!(ada.get(&format!("/projects/{film}/runs?kind=fleet")).await["totalDocs"], 0);
}
