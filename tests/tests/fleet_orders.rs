//! What the fleet is told beside a program or a prompt: tools that are called, agents that are bounded or look only.

use reqwest::Method;
use serde_json::{Value, json};
use tests::fleet::{ended, executions, stream, told};
use tests::machine::{Machine, runner};
use tests::{Actor, two_people};

/// How the run ended, and the last of what runners did for it.
async fn came(actor: &Actor, film: &str, run: &str) -> (Value, Value) {
    let state = ended(actor, film, run).await["run"]["state"].clone();
    (state, executions(actor, film, run).await.pop().expect("an execution"))
}

async fn read(actor: &Actor, film: &str, execution: &Value, name: &str) -> String {
    String::from_utf8(stream(actor, film, execution, name).await).expect("a text")
}

async fn refused(actor: &Actor, film: &str, order: &Value) -> (u16, Value) {
    let path = format!("/projects/{film}/fleet/runs");
    let (status, said) = actor.send_json(Method::POST, &path, &json!({ "order": order })).await;
    (status.as_u16(), said["details"]["field"].clone())
}

#[tokio::test]
async fn a_tool_of_a_machine_is_called_and_its_answer_comes_back() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start_with_tools(&app, &key, &film);
    machine.says("joined").await;
    let call = |tool: &str| {
        let engine =
            json!({ "kind": "mcp", "server": "double", "tool": tool, "arguments": { "city": "Zoë" } });
        json!({ "order": { "engine": engine } })
    };
    let run = told(&ada, &film, &call("echo")).await;
    let (state, done) = came(&ada, &film, &run).await;
    assert_eq!(state, "complete", "{done}");
    assert_eq!(read(&ada, &film, &done, "output").await, "{\"city\":\"Zoë\"}\n");
    let run = told(&ada, &film, &call("fails")).await;
    let (state, done) = came(&ada, &film, &run).await;
    assert_eq!((&state, &done["outcome"]["end"]), (&json!("failed"), &json!("failed")));
    let engine = json!({ "kind": "mcp", "server": "a b", "tool": "echo" });
    assert_eq!(refused(&ada, &film, &json!({ "engine": engine })).await, (400, json!("order.engine.server")));
}

#[tokio::test]
async fn an_agent_that_uses_more_than_it_may_is_ended() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start_with_agent(&app, &key, &film, "spends");
    machine.says("joined").await;
    let engine = json!({ "kind": "agent", "name": "double", "prompt": "stay" });
    let order = json!({ "engine": engine, "bounds": { "costMicros": 100_000 } });
    let run = told(&ada, &film, &json!({ "order": order })).await;
    let (state, done) = came(&ada, &film, &run).await;
    let outcome = &done["outcome"];
    assert_eq!((&state, &outcome["end"]), (&json!("failed"), &json!("budget")), "{done}");
    assert_eq!(outcome["message"], "It cost $0.500000, and may cost $0.100000.");
    assert_eq!(outcome["used"]["costMicros"], 500_000);
    assert_eq!(read(&ada, &film, &done, "answer").await, "I was told: stay\n");
    let command = json!({ "kind": "command", "argv": ["true"] });
    let bounded = json!({ "engine": command, "bounds": { "tokens": 5 } });
    assert_eq!(refused(&ada, &film, &bounded).await, (400, json!("order.bounds.tokens")));
}

#[tokio::test]
async fn what_is_to_look_only_is_refused_where_nothing_can_be_thrown_away() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start_with_agent(&app, &key, &film, "sneaks");
    machine.says("joined").await;
    let engine = json!({ "kind": "agent", "name": "double", "prompt": "Look" });
    let order = json!({ "engine": engine, "readOnly": true });
    let run = told(&ada, &film, &json!({ "order": order })).await;
    let (state, done) = came(&ada, &film, &run).await;
    assert_eq!((&state, &done["outcome"]["end"]), (&json!("failed"), &json!("refused")), "{done}");
    assert!(!machine.folder.path().join("direct.txt").exists());
    let delivered = json!({ "engine": engine, "readOnly": true, "deliver": "branch" });
    assert_eq!(refused(&ada, &film, &delivered).await, (400, json!("order.readOnly")));
}
