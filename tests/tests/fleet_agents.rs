//! Coding agents on the fleet's machines: what they want permission for is asked of people, and the answer reaches them.

use reqwest::Method;
use serde_json::json;
use tests::fleet::{self, answer, asked, ended_as};
use tests::machine::joined_with_agent;
use tests::{Actor, two_people, within};

/// Has the agent do something; gives the run's id.
async fn told(actor: &Actor, project: &str) -> String {
    let engine = json!({ "kind": "agent", "name": "double", "prompt": "Write two files" });
    fleet::told(actor, project, &json!({ "order": { "engine": engine } })).await
}

#[tokio::test]
async fn what_an_agent_wants_permission_for_is_asked_and_done_once_it_is_allowed() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let machine = joined_with_agent(&app, &ada, &film, "writes").await;
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
    assert_eq!(ended_as(&ada, &film, &run).await, "complete");
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
    let mut machine = joined_with_agent(&app, &ada, &film, "writes").await;
    let run = told(&ada, &film).await;
    let ask = asked(&ada, &film).await;
    app.kill().await;
    machine.says("The next try is in").await;
    app.start_again().await;
    assert_eq!(asked(&ada, &film).await, ask);
    // The machine is away, or not: it hears of it.
    assert_eq!(answer(&ada, &film, &ask, "no").await.0, 204);
    assert_eq!(ended_as(&ada, &film, &run).await, "complete");
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
    let _machine = joined_with_agent(&app, &ada, &film, "writes").await;
    let run = told(&ada, &film).await;
    let ask = asked(&ada, &film).await;
    assert_eq!(ada.send(Method::POST, &format!("/projects/{film}/runs/{run}/cancel")).await.0, 204);
    assert_eq!(ended_as(&ada, &film, &run).await, "cancelled");
    assert_eq!(answer(&ada, &film, &ask, "yes").await.0, 409);
    assert_eq!(ada.get(&format!("/projects/{film}/asks")).await, json!([]));
}

#[tokio::test]
async fn an_ask_that_its_agent_withdraws_is_open_for_nobody_and_everybody_is_told() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let machine = joined_with_agent(&app, &ada, &film, "withdraws").await;
    let run = told(&ada, &film).await;
    let ask = asked(&ada, &film).await;
    std::fs::write(machine.folder.path().join("withdraw"), "").unwrap();
    let path = format!("/projects/{film}/runs/{run}/asks");
    let seen = within("that it is withdrawn", async {
        loop {
            let all = ada.get(&path).await;
            if all[0]["withdrawnAt"].is_string() {
                return all[0].clone();
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!((&seen["open"], &seen["answeredAt"]), (&json!(false), &json!(null)));
    assert_eq!(ada.get(&format!("/projects/{film}/asks")).await, json!([]));
    let (status, late) = answer(&ada, &film, &ask, "yes").await;
    assert_eq!((status, &late["code"]), (409, &json!("CONFLICT")), "{late}");
    assert!(late.to_string().contains("has withdrawn this"), "{late}");
    // The task goes on.
    assert_eq!(ada.get(&format!("/projects/{film}/runs/{run}")).await["run"]["state"], "running");
    assert_eq!(ada.send(Method::POST, &format!("/projects/{film}/runs/{run}/cancel")).await.0, 204);
    assert_eq!(ended_as(&ada, &film, &run).await, "cancelled");
}
