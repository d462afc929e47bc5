//! The fleet of two servers: what is said on one reaches the runner that is connected to the other.

use reqwest::Method;
use serde_json::json;
use tests::fleet::{ended, script, told};
use tests::machine::{Machine, runner};
use tests::{House, within};

#[tokio::test]
async fn what_waits_for_a_budget_begins_when_an_owner_gives_more_on_another_server() {
    let Some((house, ada)) = House::open().await else { return };
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start(&house.two, &key, &film);
    machine.says("joined").await;
    let serving = ada.get(&format!("/projects/{film}/runners")).await;
    assert_eq!((&serving[0]["present"], &serving[0]["commands"]), (&json!(true), &json!(true)), "{serving}");
    let policy = format!("/projects/{film}/fleet/policy");
    assert_eq!(ada.send_json(Method::PUT, &policy, &json!({ "dayMinutes": 0 })).await.0, 200);
    let run = told(&ada, &film, &script("true")).await;
    within("the runner's look at the day", async {
        loop {
            let seen = ada.get(&format!("/projects/{film}/runs/{run}")).await;
            if seen["attempts"].as_array().unwrap().iter().any(|attempt| attempt["outcome"] == "declined") {
                return;
            }
        }
    })
    .await;
    let queue = ada.get(&format!("/projects/{film}/fleet/queue")).await;
    assert_eq!(queue[0]["reason"]["kind"], "budget", "{queue}");
    // It would look by itself only in a minute.
    assert_eq!(ada.send_json(Method::PUT, &policy, &json!({})).await.0, 200);
    assert_eq!(ended(&ada, &film, &run).await["run"]["state"], "complete");
}
