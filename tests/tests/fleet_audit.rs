//! What people did to the fleet stands in the audit log of the project that it concerns, and in no other.

use reqwest::Method;
use serde_json::{Value, json};
use tests::fleet::{command, told};
use tests::machine::{Machine, runner};
use tests::{Actor, two_people};

/// What was done to the fleet and by whom, newest first.
async fn log(actor: &Actor, project: &str, more: &str) -> Vec<(String, String)> {
    let said = actor.get(&format!("/projects/{project}/audit?about=fleet{more}")).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let docs = said["docs"].as_array().expect("a list").iter();
    docs.map(|entry| (text(&entry["action"]), text(&entry["personName"]))).collect()
}

fn pairs(told: &[(&str, &str)]) -> Vec<(String, String)> {
    told.iter().map(|(action, person)| ((*action).to_owned(), (*person).to_owned())).collect()
}

#[tokio::test]
async fn orders_and_what_people_do_about_them_are_noted_once_however_they_are_given() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let eli = ada.invite(&app, &film, "eli", "editor").await;
    let run = told(&eli, &film, &command(&["echo", "secret"])).await;
    ada.post(&format!("/projects/{film}/runs/{run}/cancel"), &json!({})).await;
    ada.post(&format!("/projects/{film}/commands"), &json!({ "line": "do -- true" })).await;
    let schedule = json!({
        "name": "Nightly",
        "order": { "kind": "fleet", "order": { "engine": { "kind": "command", "argv": ["true"] } } },
        "when": { "kind": "cron", "cron": "30 1 * * *", "timeZone": "UTC" },
    });
    let made = eli.post(&format!("/projects/{film}/schedules"), &schedule).await;
    let path = format!("/projects/{film}/schedules/{}", made["id"].as_str().expect("an id"));
    ada.send_json(Method::PATCH, &path, &json!({ "paused": true })).await;
    ada.send_json(Method::DELETE, &path, &json!({})).await;
    let all = [
        ("fleet.schedule_removed", "Ada"),
        ("fleet.schedule_changed", "Ada"),
        ("fleet.scheduled", "eli"),
        ("command.do", "Ada"),
        ("fleet.cancelled", "Ada"),
        ("fleet.ordered", "eli"),
    ];
    assert_eq!(log(&ada, &film, "").await, pairs(&all));
    let elis = log(&ada, &film, &format!("&person={}", eli.id)).await;
    assert_eq!(elis, pairs(&[("fleet.scheduled", "eli"), ("fleet.ordered", "eli")]));
    let said = ada.get(&format!("/projects/{film}/audit?about=fleet")).await.to_string();
    assert!(!said.contains("secret"), "{said}");
}

#[tokio::test]
async fn what_is_done_about_a_runner_is_noted_where_it_serves_and_nowhere_else() {
    let (app, ada, ben) = two_people().await;
    let (film, other) = (ada.film("Tides").await, ben.film("Ebb").await);
    let (id, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start(&app, &key, &film);
    machine.says("joined").await;
    assert_eq!(ben.send_json(Method::DELETE, &format!("/runners/{id}"), &json!({})).await.0.as_u16(), 404);
    ada.post(&format!("/runners/{id}/key"), &json!({})).await;
    ada.send_json(Method::DELETE, &format!("/runners/{id}"), &json!({})).await;
    let all = [("runner.removed", "Ada"), ("runner.key_changed", "Ada"), ("runner.serves", "Ada")];
    assert_eq!(log(&ada, &film, "").await, pairs(&all));
    assert_eq!(log(&ben, &other, "").await, pairs(&[]));
}
