//! Orders that go on with what a coding agent did: on the machine where it did that, in its session, with what it had changed.

use reqwest::Method;
use serde_json::{Value, json};
use tests::fleet::{ended, ended_as, executions, stream, told};
use tests::machine::{Machine, runner};
use tests::{Actor, Atelier, two_people};

/// A machine whose agent remembers what it is told.
async fn machine(app: &Atelier, ada: &Actor, film: &str, memory: &tempfile::TempDir) -> Machine {
    let (_, key) = runner(ada, "forge").await;
    let kind = format!("recalls '{}'", memory.path().display());
    let mut machine = Machine::start_with_agent(app, &key, film, &kind);
    machine.keep_in_git();
    machine.says("joined").await;
    machine
}

fn order(prompt: &str, continues: Option<&Value>) -> Value {
    let mut order = json!({ "engine": { "kind": "agent", "name": "double", "prompt": prompt } });
    if let Some(step) = continues {
        order["continues"] = step.clone();
    }
    json!({ "order": order })
}

/// A stream of what was done last in a run.
async fn text(actor: &Actor, film: &str, run: &str, name: &str) -> String {
    let done = executions(actor, film, run).await;
    let last = done.last().expect("an execution");
    String::from_utf8(stream(actor, film, last, name).await).expect("a text")
}

/// The step of a run, once that has ended, as an order names it that goes on with it.
async fn done(actor: &Actor, film: &str, run: &str) -> Value {
    let step = ended(actor, film, run).await["steps"][0]["id"].take();
    json!({ "runId": run, "stepId": step })
}

async fn refused(actor: &Actor, film: &str, what: &Value) -> (u16, String) {
    let path = format!("/projects/{film}/fleet/runs");
    let (status, problem) = actor.send_json(Method::POST, &path, what).await;
    (status.as_u16(), problem.to_string())
}

#[tokio::test]
async fn an_order_goes_on_where_another_was_done() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let memory = tempfile::tempdir().unwrap();
    let _machine = machine(&app, &ada, &film, &memory).await;
    let first = told(&ada, &film, &order("one", None)).await;
    let step = done(&ada, &film, &first).await;
    let second = told(&ada, &film, &order("two", Some(&step))).await;
    assert_eq!(ended_as(&ada, &film, &second).await, "complete");
    assert_eq!(text(&ada, &film, &second, "answer").await, "I was told: one | two\n");
    assert!(text(&ada, &film, &second, "diff").await.contains("+one\n+two\n"));
    // By its run, as people say it in the console and in Slack: what was done last there.
    let said = ada
        .post(&format!("/projects/{film}/commands"), &json!({ "line": format!("continue {second} three") }))
        .await;
    let third = said["runId"].as_str().expect("an id").to_owned();
    assert_eq!(ended_as(&ada, &film, &third).await, "complete");
    assert_eq!(text(&ada, &film, &third, "answer").await, "I was told: one | two | three\n");
}

#[tokio::test]
async fn only_what_can_be_gone_on_with_is_gone_on_with() {
    let (app, ada, _) = two_people().await;
    let (film, other) = (ada.film("Tides").await, ada.film("Storm").await);
    let memory = tempfile::tempdir().unwrap();
    let machine = machine(&app, &ada, &film, &memory).await;
    let first = told(&ada, &film, &order("one", None)).await;
    let step = done(&ada, &film, &first).await;
    let command = told(&ada, &film, &tests::fleet::command(&["true"])).await;
    let no_agents = done(&ada, &film, &command).await;
    let none = json!({ "runId": step["runId"], "stepId": no_agents["stepId"] });
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut order = order("two", Some(&step));
        change(&mut order);
        order
    };
    for (what, status, why) in [
        (changed(&|order| order["order"]["continues"] = no_agents.clone()), 400, "the same coding agent"),
        (changed(&|order| order["order"]["engine"]["name"] = json!("scribe")), 400, "the same coding agent"),
        (changed(&|order| order["decompose"] = json!(true)), 400, "planned first"),
        (
            changed(&|order| order["order"]["engine"] = json!({ "kind": "command", "argv": ["true"] })),
            400,
            "coding agents",
        ),
        (changed(&|order| order["order"]["continues"] = none.clone()), 404, "no such step"),
    ] {
        let (got, message) = refused(&ada, &film, &what).await;
        assert_eq!(got, status, "{what}: {message}");
        assert!(message.contains(why), "{message}");
    }
    assert_eq!(refused(&ada, &other, &order("two", Some(&step))).await.0, 404, "it is another project's");
    let schedule = json!({
        "name": "Nightly", "when": { "kind": "once", "at": "2199-01-01T00:00:00Z" },
        "order": { "kind": "fleet", "order": order("two", Some(&step))["order"] }
    });
    let (status, problem) =
        ada.send_json(Method::POST, &format!("/projects/{film}/schedules"), &schedule).await;
    assert_eq!(status, 400, "{problem}");
    assert!(problem.to_string().contains("not for a schedule"), "{problem}");
    // Another machine has it not.
    let (id, key) = runner(&ada, "anvil").await;
    let mut anvil = Machine::start_with_agent(&app, &key, &film, "listens");
    anvil.says("joined").await;
    let (status, why) = refused(&ada, &film, &changed(&|order| order["runner"] = json!(id))).await;
    assert!(status == 400 && why.contains("the one that has the conversation"), "{status} {why}");
    // It waits for the one that has it.
    drop(machine);
    let waits = told(&ada, &film, &order("two", Some(&step))).await;
    let forge = ada.get("/runners").await["docs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "forge")
        .unwrap()["id"]
        .clone();
    let queue = ada.get(&format!("/projects/{film}/fleet/queue")).await;
    assert!(queue.to_string().contains(&waits), "{queue}");
    assert_eq!(ada.send(Method::DELETE, &format!("/runners/{}", forge.as_str().unwrap())).await.0, 204);
    let (status, why) = refused(&ada, &film, &order("three", Some(&step))).await;
    assert!(status == 409 && why.contains("its runner is gone"), "{status} {why}");
}
