//! What people do with the fleet: telling it something, and reading what came of it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{Actor, within};

/// A command for the fleet.
pub fn command(argv: &[&str]) -> Value {
    json!({ "order": { "engine": { "kind": "command", "argv": argv } } })
}

/// A shell's script, for what no program does alone.
pub fn script(text: &str) -> Value {
    command(&["sh", "-c", text])
}

/// Tells the fleet to do something; gives the run's id.
///
/// # Panics
/// When it cannot be had.
pub async fn told(actor: &Actor, project: &str, what: &Value) -> String {
    let run = actor.post(&format!("/projects/{project}/fleet/runs"), what).await;
    run["id"].as_str().expect("an id").to_owned()
}

/// The run with its steps, once it has ended.
///
/// # Panics
/// When it cannot be had.
pub async fn ended(actor: &Actor, project: &str, run: &str) -> Value {
    within("the run's end", async {
        loop {
            let seen = actor.get(&format!("/projects/{project}/runs/{run}?wait=10")).await;
            if ["complete", "failed", "cancelled"].contains(&seen["run"]["state"].as_str().expect("a state"))
            {
                return seen;
            }
        }
    })
    .await
}

/// How the run has ended, once it has.
///
/// # Panics
/// When it cannot be had.
pub async fn ended_as(actor: &Actor, project: &str, run: &str) -> Value {
    ended(actor, project, run).await["run"]["state"].take()
}

/// What runners did for a run.
///
/// # Panics
/// When it cannot be had.
pub async fn executions(actor: &Actor, project: &str, run: &str) -> Vec<Value> {
    let seen = actor.get(&format!("/projects/{project}/runs/{run}/executions")).await;
    seen.as_array().expect("a list").clone()
}

/// A stream of an execution, whole.
///
/// # Panics
/// When it cannot be had.
pub async fn stream(actor: &Actor, project: &str, execution: &Value, name: &str) -> Vec<u8> {
    let text = |field: &str| execution[field].as_str().expect("a text").to_owned();
    let (run, step, fence) = (text("runId"), text("stepId"), &execution["fence"]);
    let name = name.replace('/', "%2F");
    let mut bytes = Vec::new();
    loop {
        let path = format!(
            "/projects/{project}/runs/{run}/steps/{step}/executions/{fence}/streams/{name}?from={}",
            bytes.len()
        );
        let answer = actor.request(Method::GET, &path).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        let length: usize = answer.headers()["atelier-length"].to_str().unwrap().parse().unwrap();
        bytes.extend(answer.bytes().await.expect("bytes"));
        if bytes.len() >= length {
            return bytes;
        }
    }
}

/// What is asked in the project, once something is.
///
/// # Panics
/// When it cannot be had.
pub async fn asked(actor: &Actor, project: &str) -> Value {
    within("an ask", async {
        loop {
            let open = actor.get(&format!("/projects/{project}/asks")).await;
            if let Some(ask) = open.as_array().expect("a list").first() {
                return ask.clone();
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// Answers an ask; gives the status and what is said.
///
/// # Panics
/// When the ask is none.
pub async fn answer(actor: &Actor, project: &str, ask: &Value, option: &str) -> (u16, Value) {
    let text = |field: &str| ask[field].as_str().expect("a text").to_owned();
    let (run, step, fence, number) = (text("runId"), text("stepId"), &ask["fence"], &ask["askId"]);
    let path = format!("/projects/{project}/runs/{run}/steps/{step}/executions/{fence}/asks/{number}/answer");
    let (status, said) = actor.send_json(Method::POST, &path, &json!({ "option": option })).await;
    (status.as_u16(), said)
}
