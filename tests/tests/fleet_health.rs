//! The health of the fleet's machines: one on which too much fails is given no more work, until it has rested or a person says so.

use serde_json::{Value, json};
use tests::fleet::{command, ended, executions, told};
use tests::machine::{Machine, runner};
use tests::{Actor, two_people};

/// How often work has to fail until a runner rests: `resilience::breaker::RUNNERS`.
const FAILURES: usize = 10;

/// What a command answers.
async fn give(actor: &Actor, project: &str, line: &str) -> String {
    actor.post(&format!("/projects/{project}/commands"), &json!({ "line": line })).await.to_string()
}

/// An order that only one runner may do.
fn on(id: &str, mut order: Value) -> Value {
    order["runner"] = json!(id);
    order
}

#[tokio::test]
async fn a_runner_on_which_work_fails_is_given_none_until_a_person_says_so() {
    let (mut app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (forge, key) = runner(&ada, "forge").await;
    let mut first = Machine::start_with_agent(&app, &key, &film, "refuses");
    first.says("joined").await;
    let agent = json!({ "order": { "engine": { "kind": "agent", "name": "double", "prompt": "Do it" } } });
    for _ in 0..FAILURES {
        let run = told(&ada, &film, &on(&forge, agent.clone())).await;
        assert_eq!(ended(&ada, &film, &run).await["run"]["state"], "failed");
    }

    let (_, key) = runner(&ada, "anvil").await;
    let mut second = Machine::start(&app, &key, &film);
    second.says("joined").await;
    let waits = told(&ada, &film, &on(&forge, command(&["true"]))).await;
    for _ in 0..3 {
        let run = told(&ada, &film, &command(&["true"])).await;
        assert_eq!(ended(&ada, &film, &run).await["run"]["state"], "complete");
        assert_eq!(executions(&ada, &film, &run).await[0]["runnerName"], "anvil");
    }

    // A restart of the server does not let it work again.
    app.kill().await;
    app.start_again().await;
    first.says("joined").await;
    second.says("joined").await;
    let run = told(&ada, &film, &command(&["true"])).await;
    assert_eq!(ended(&ada, &film, &run).await["run"]["state"], "complete");
    assert_eq!(executions(&ada, &film, &waits).await, Vec::<Value>::new());
    let told = give(&ada, &film, "health").await;
    assert!(told.contains("open for"), "{told}");

    give(&ada, &film, "health reset forge").await;
    assert_eq!(ended(&ada, &film, &waits).await["run"]["state"], "complete");
    assert_eq!(executions(&ada, &film, &waits).await[0]["runnerName"], "forge");
}
