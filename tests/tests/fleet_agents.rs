//! Coding agents on the fleet's machines: what they want permission for is asked of people, and the answer reaches them.

use reqwest::Method;
use serde_json::{Value, json};
use tests::fleet::{answer, asked};
use tests::machine::{Machine, runner};
use tests::{Actor, Atelier, two_people, within};

async fn joined(app: &Atelier, owner: &Actor, project: &str, kind: &str) -> Machine {
    let (_, key) = runner(owner, "forge").await;
    let mut machine = Machine::start_with_agent(app, &key, project, kind);
    machine.says("joined").await;
    machine
}

/// Has the agent do something; gives the run's id.
async fn told(actor: &Actor, project: &str) -> String {
    let engine = json!({ "kind": "agent", "name": "double", "prompt": "Write two files" });
    let body = json!({ "order": { "engine": engine } });
    let run = actor.post(&format!("/projects/{project}/fleet/runs"), &body).await;
    run["id"].as_str().expect("an id").to_owned()
}

/// How the run ended.
async fn ended(actor: &Actor, project: &str, run: &str) -> Value {
    within("the run's end", async {
        loop {
            let seen = actor.get(&format!("/projects/{project}/runs/{run}?wait=10")).await;
            if ["complete", "failed", "cancelled"].contains(&seen["run"]["state"].as_str().expect("a state"))
            {
                return seen["run"]["state"].clone();
            }
        }
    })
    .await
}

#[tokio::test]
async fn what_an_agent_wants_permission_for_is_asked_and_done_once_it_is_allowed() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let machine = joined(&app, &ada, &film, "writes").await;
    let run = told(&ada, &film).await;
    let ask = asked(&ada, &film).await;
    assert_eq!(
        (&ask["title"], &ask["open"], &ask["runnerName"]),
        (&json!("Write written.txt"), &json!(true), &json!("forge"))
    );
    let eve = ada.invite(&app, &film, "eve", "viewer").await;
    assert_eq!(answer(&eve, &film, &ask, "yes").await.0, 403);
    assert_eq!(answer(&ada, &film, &ask, "maybe").await.0, 400);
    assert_eq!(answer(&ada, &film, &ask, "yes").await.0, 204);
    let (status, late) = answer(&ada, &film, &ask, "no").await;
    assert_eq!((status, &late["code"]), (409, &json!("ALREADY_DECIDED")), "{late}");
    assert_eq!(ended(&ada, &film, &run).await, "complete");
    let read = |name: &str| std::fs::read_to_string(machine.folder.path().join(name)).unwrap();
    assert_eq!(
        (read("new/written.txt"), read("direct.txt")),
        ("by the client\n".into(), "by itself\n".into())
    );
    let all = ada.get(&format!("/projects/{film}/runs/{run}/asks")).await;
    assert_eq!((&all[0]["answer"], &all[0]["open"]), (&json!("yes"), &json!(false)));
    assert_eq!(ada.get(&format!("/projects/{film}/asks")).await, json!([]));
}

#[tokio::test]
async fn what_is_asked_outlives_the_server_and_is_answered_on_the_next_connection() {
    let (mut app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let mut machine = joined(&app, &ada, &film, "writes").await;
    let run = told(&ada, &film).await;
    let ask = asked(&ada, &film).await;
    app.kill().await;
    machine.says("The next try is in").await;
    app.start_again().await;
    assert_eq!(asked(&ada, &film).await, ask);
    // The machine is away, or not: it hears of it.
    assert_eq!(answer(&ada, &film, &ask, "no").await.0, 204);
    assert_eq!(ended(&ada, &film, &run).await, "complete");
    assert!(!machine.folder.path().join("direct.txt").exists());
    assert_eq!(
        ada.get(&format!("/projects/{film}/runs/{run}/executions")).await.as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn an_ask_of_a_run_that_was_cancelled_is_asked_no_more() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let _machine = joined(&app, &ada, &film, "writes").await;
    let run = told(&ada, &film).await;
    let ask = asked(&ada, &film).await;
    assert_eq!(ada.send(Method::POST, &format!("/projects/{film}/runs/{run}/cancel")).await.0, 204);
    assert_eq!(ended(&ada, &film, &run).await, "cancelled");
    assert_eq!(answer(&ada, &film, &ask, "yes").await.0, 409);
    assert_eq!(ada.get(&format!("/projects/{film}/asks")).await, json!([]));
}
