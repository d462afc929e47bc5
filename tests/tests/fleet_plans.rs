//! Large orders: planned by an agent, agreed to by a person, and submitted once.

use reqwest::Method;
use serde_json::{Value, json};
use tests::fleet::{ended, executions, stream, told};
use tests::machine::{Machine, runner};
use tests::{Actor, Atelier, Database, Moment, two_people, within};

const PLAN: &str = r#"I looked around.
```json
{"tasks": [{"title": "Walls", "prompt": "Build the walls"}, {"title": "Roof", "prompt": "Build the roof", "after": [0]}]}
```
"#;

async fn joined(app: &Atelier, owner: &Actor, project: &str, plan: &str) -> Machine {
    let (_, key) = runner(owner, "forge").await;
    let mut machine = Machine::start_with_agent(app, &key, project, "plans");
    std::fs::write(machine.folder.path().join("plan.txt"), plan).unwrap();
    machine.keep_in_git();
    machine.says("joined").await;
    machine
}

/// Orders a house; gives the run that plans it.
async fn ordered(actor: &Actor, project: &str) -> String {
    let engine = json!({ "kind": "agent", "name": "double", "prompt": "Build a house" });
    told(actor, project, &json!({ "title": "A house", "order": { "engine": engine }, "decompose": true }))
        .await
}

/// The step that asks, once it does.
async fn asks(actor: &Actor, project: &str, run: &str) -> Value {
    within("the question", async {
        loop {
            let seen = actor.get(&format!("/projects/{project}/runs/{run}")).await;
            if seen["steps"][1]["state"] == "waiting" {
                return seen["steps"][1].clone();
            }
            assert_ne!(seen["run"]["state"], "failed", "{seen}");
        }
    })
    .await
}

async fn answer(actor: &Actor, project: &str, run: &str, step: &Value, answer: &str) -> u16 {
    let path = format!("/projects/{project}/runs/{run}/steps/{}/answer", step["id"].as_str().unwrap());
    actor.send_json(Method::POST, &path, &json!({ "answer": answer })).await.0.as_u16()
}

/// The ids of the runs that were planned.
async fn planned(actor: &Actor, project: &str) -> Vec<String> {
    let runs = actor.get(&format!("/projects/{project}/runs?kind=fleet.tasks")).await;
    let ids = runs["docs"].as_array().unwrap().iter();
    ids.map(|run| run["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_plan_is_shown_and_becomes_one_run_of_its_tasks_however_often_it_is_agreed_to() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let _machine = joined(&app, &ada, &film, PLAN).await;
    let run = ordered(&ada, &film).await;
    let step = asks(&ada, &film, &run).await;
    let question = step["reason"]["question"].as_str().unwrap();
    assert!(question.contains("1. Walls") && question.contains("2. Roof (after 1)"), "{question}");
    assert_eq!(planned(&ada, &film).await, Vec::<String>::new());
    let both =
        tokio::join!(answer(&ada, &film, &run, &step, "allow"), answer(&ada, &film, &run, &step, "allow"),);
    assert!(both == (204, 409) || both == (409, 204), "{both:?}");
    let seen = ended(&ada, &film, &run).await;
    assert_eq!(
        (&seen["run"]["kind"], &seen["run"]["state"]),
        (&json!("fleet.plan"), &json!("complete")),
        "{seen}"
    );
    let made = planned(&ada, &film).await;
    assert_eq!(json!(made), json!([seen["steps"][1]["output"]["runId"]]));
    let tasks = ended(&ada, &film, &made[0]).await;
    assert_eq!((&tasks["run"]["state"], &tasks["plannedBy"]), (&json!("complete"), &json!(run)), "{tasks}");
    assert_eq!((&tasks["run"]["title"], &tasks["run"]["createdBy"]), (&json!("A house"), &json!(ada.id)));
    assert_eq!(
        (&tasks["steps"][1]["name"], &tasks["steps"][1]["after"]),
        (&json!("2. Roof"), &json!([tasks["steps"][0]["id"]]))
    );
    let done = executions(&ada, &film, &made[0]).await;
    let output = String::from_utf8(stream(&ada, &film, &done[1], "output").await).unwrap();
    assert!(output.contains("Build the roof"), "{output}");
    // Whoever has the step done again submits nothing again.
    let path = format!("/projects/{film}/runs/{run}/steps/{}/retry", step["id"].as_str().unwrap());
    assert_eq!(ada.send(Method::POST, &path).await.0, 204);
    let step = asks(&ada, &film, &run).await;
    assert_eq!(answer(&ada, &film, &run, &step, "allow").await, 204);
    assert_eq!(ended(&ada, &film, &run).await["steps"][1]["output"]["runId"], json!(made[0]));
    assert_eq!(planned(&ada, &film).await, made);
}

#[tokio::test]
async fn a_plan_that_is_refused_submits_nothing_and_one_that_makes_no_sense_is_told() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let machine = joined(&app, &ada, &film, PLAN).await;
    let run = ordered(&ada, &film).await;
    let step = asks(&ada, &film, &run).await;
    assert_eq!(answer(&ada, &film, &run, &step, "refuse").await, 204);
    let seen = ended(&ada, &film, &run).await;
    assert_eq!(
        (&seen["run"]["state"], &seen["steps"][1]["output"]),
        (&json!("complete"), &json!({ "submitted": false }))
    );
    let circle =
        r#"{"tasks":[{"title":"a","prompt":"p","after":[1]},{"title":"b","prompt":"p","after":[0]}]}"#;
    std::fs::write(machine.folder.path().join("plan.txt"), circle).unwrap();
    machine.keep_in_git();
    let run = ordered(&ada, &film).await;
    let seen = ended(&ada, &film, &run).await;
    assert_eq!(seen["run"]["state"], "failed");
    let why = seen["steps"][1]["reason"]["error"].as_str().unwrap();
    assert!(why.contains("Tasks [0, 1] wait for each other."), "{why}");
    let log = ada.get(&format!("/projects/{film}/runs/{run}/log")).await;
    let kept = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .any(|entry| entry["text"].as_str().unwrap().contains(circle));
    assert!(kept, "{log}");
    assert_eq!(planned(&ada, &film).await, Vec::<String>::new());
    let command =
        json!({ "order": { "engine": { "kind": "command", "argv": ["true"] } }, "decompose": true });
    assert_eq!(ada.send_json(Method::POST, &format!("/projects/{film}/fleet/runs"), &command).await.0, 400);
}

/// What becomes of an order whose server is killed at that moment, which comes before or after it was agreed to.
async fn killed_before(event: &str, table: &'static str, so: &str, is_agreed: bool) {
    let Some(database) = Database::postgres() else { return };
    let mut app = Atelier::start_on(&database).await;
    let ada = app.first_person().await;
    let film = ada.film("Tides").await;
    let _machine = joined(&app, &ada, &film, PLAN).await;
    let mut moment = Moment::before(&app, event, table, so).await;
    let run = ordered(&ada, &film).await;
    if is_agreed {
        let step = asks(&ada, &film, &run).await;
        assert_eq!(answer(&ada, &film, &run, &step, "allow").await, 204);
    }
    moment.comes().await;
    app.kill().await;
    moment.is_over().await;
    app.start_again().await;
    if !is_agreed {
        let step = asks(&ada, &film, &run).await;
        assert_eq!(answer(&ada, &film, &run, &step, "allow").await, 204);
    }
    assert_eq!(ended(&ada, &film, &run).await["run"]["state"], "complete");
    let made = planned(&ada, &film).await;
    assert_eq!(made.len(), 1);
    assert_eq!(ended(&ada, &film, &made[0]).await["run"]["state"], "complete");
}

#[tokio::test]
async fn a_server_that_is_killed_with_a_plan_that_nobody_was_shown_shows_it_when_it_is_back() {
    killed_before("UPDATE", "steps", "NEW.queue = 'fleet/plans' AND NEW.state = 'waiting'", false).await;
}

#[tokio::test]
async fn a_server_that_is_killed_before_it_submits_what_was_agreed_to_submits_it_once_when_it_is_back() {
    killed_before("INSERT", "runs", "NEW.kind = 'fleet.tasks'", true).await;
}

#[tokio::test]
async fn a_server_that_is_killed_before_it_notes_that_it_has_submitted_does_not_submit_twice() {
    killed_before("UPDATE", "steps", "NEW.queue = 'fleet/plans' AND NEW.state = 'complete'", true).await;
}
