//! What a project's policy has for the fleet: whose role may order what, and how much the fleet may take.

use reqwest::Method;
use serde_json::{Value, json};
use tests::fleet::{ended, script, told};
use tests::machine::{Machine, runner};
use tests::{Actor, two_people, within};

fn agent() -> Value {
    json!({ "order": { "engine": { "kind": "agent", "name": "scribe", "prompt": "Write" } } })
}

/// The status with which an order is answered, and what is said.
async fn ordered(actor: &Actor, project: &str, what: &Value) -> (u16, Value) {
    let (status, said) =
        actor.send_json(Method::POST, &format!("/projects/{project}/fleet/runs"), what).await;
    (status.as_u16(), said)
}

async fn set(owner: &Actor, project: &str, policy: &Value) -> (u16, Value) {
    let (status, said) =
        owner.send_json(Method::PUT, &format!("/projects/{project}/fleet/policy"), policy).await;
    (status.as_u16(), said)
}

/// The status with which a command is answered, and what is said.
async fn given(actor: &Actor, project: &str, line: &str) -> (u16, Value) {
    let body = json!({ "line": line });
    let (status, said) = actor.send_json(Method::POST, &format!("/projects/{project}/commands"), &body).await;
    (status.as_u16(), said)
}

#[tokio::test]
async fn a_policy_says_whose_role_may_order_what_however_it_is_ordered() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let eli = ada.invite(&app, &film, "eli", "editor").await;
    let path = format!("/projects/{film}/fleet/policy");
    assert_eq!(eli.get(&path).await["commands"], "editor");
    assert_eq!(ordered(&eli, &film, &script("true")).await.0, 201);
    let policy = json!({ "commands": "owner", "push": "owner" });
    assert_eq!(set(&eli, &film, &policy).await.0, 403);
    assert_eq!(set(&ada, &film, &policy).await.0, 200);
    assert_eq!(
        (&eli.get(&path).await["commands"], &eli.get(&path).await["agents"]),
        (&json!("owner"), &json!("editor"))
    );
    let (status, said) = ordered(&eli, &film, &script("true")).await;
    assert_eq!((status, &said["code"]), (403, &json!("FORBIDDEN")), "{said}");
    assert_eq!(given(&eli, &film, "do -- true").await.0, 403);
    assert_eq!(ordered(&eli, &film, &agent()).await.0, 201);
    assert_eq!(given(&eli, &film, "ask scribe Write").await.0, 200);
    let mut pushed = agent();
    pushed["order"]["deliver"] = json!("push");
    assert_eq!(ordered(&eli, &film, &pushed).await.0, 403);
    assert_eq!(ordered(&ada, &film, &pushed).await.0, 201);
    assert_eq!(ordered(&ada, &film, &script("true")).await.0, 201);
    for wrong in [
        json!({ "commands": "viewer" }),
        json!({ "taskMinutes": 0 }),
        json!({ "dayMinutes": 1_441 }),
        json!({ "taskTokens": -1 }),
        json!({ "weekMinutes": 1 }),
    ] {
        assert_eq!(set(&ada, &film, &wrong).await.0, 400, "{wrong}");
    }
    let audit = ada.get(&format!("/projects/{film}/audit")).await;
    let entries = audit["docs"].as_array().unwrap();
    let set: Vec<_> = entries.iter().filter(|entry| entry["action"] == "fleet.policy_set").collect();
    assert_eq!(set.len(), 1, "{audit}");
    assert_eq!(
        (&set[0]["details"]["before"]["commands"], &set[0]["details"]["after"]["commands"]),
        (&json!("editor"), &json!("owner"))
    );
}

#[tokio::test]
async fn a_task_is_bounded_by_the_policy_when_it_is_ordered() {
    let (_app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let policy = json!({ "taskMinutes": 5, "taskTokens": 1000, "taskCostMicros": 20 });
    assert_eq!(set(&ada, &film, &policy).await.0, 200);
    let bounds = async |order: &Value| {
        let run = told(&ada, &film, order).await;
        let seen = ada.get(&format!("/projects/{film}/runs/{run}")).await;
        seen["steps"][0]["input"]["bounds"].clone()
    };
    let bounded = bounds(&agent()).await;
    assert_eq!(
        (&bounded["minutes"], &bounded["tokens"], &bounded["costMicros"]),
        (&json!(5), &json!(1000), &json!(20))
    );
    let mut less = agent();
    less["order"]["bounds"] = json!({ "minutes": 2, "tokens": 10 });
    let bounded = bounds(&less).await;
    assert_eq!((&bounded["minutes"], &bounded["tokens"]), (&json!(2), &json!(10)));
}

#[tokio::test]
async fn what_comes_when_the_day_is_used_up_waits_and_begins_when_an_owner_gives_more() {
    let (mut app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start(&app, &key, &film);
    machine.says("joined").await;
    assert_eq!(set(&ada, &film, &json!({ "dayMinutes": 1 })).await.0, 200);
    let first = told(&ada, &film, &script("sleep 0.01")).await;
    assert_eq!(ended(&ada, &film, &first).await["run"]["state"], "complete");
    // A minute that was begun is taken.
    let (status, said) = given(&ada, &film, "do -- true").await;
    assert!(
        status == 200 && said["lines"][1].as_str().unwrap().contains("minutes of this day are used up"),
        "{said}"
    );
    let second = said["runId"].as_str().unwrap().to_owned();
    let waits = async || {
        let queue = ada.get(&format!("/projects/{film}/fleet/queue")).await;
        (
            queue[0]["runId"].clone(),
            queue[0]["reason"]["kind"].clone(),
            queue[0]["reason"]["until"].is_string(),
        )
    };
    // The runner is given it, looks at the day, and declines it.
    let declined = async |times: usize| {
        within("the runner's look at the day", async {
            loop {
                let seen = ada.get(&format!("/projects/{film}/runs/{second}")).await;
                let attempts = seen["attempts"].as_array().unwrap().iter();
                if attempts.filter(|attempt| attempt["outcome"] == "declined").count() >= times {
                    return;
                }
            }
        })
        .await;
    };
    declined(1).await;
    assert_eq!(waits().await, (json!(second), json!("budget"), true));
    // Neither a server that starts anew nor a runner that joins anew gives it away.
    app.kill().await;
    machine.says("The next try is in").await;
    app.start_again().await;
    machine.says("joined").await;
    declined(2).await;
    assert_eq!(waits().await, (json!(second), json!("budget"), true));
    assert_eq!(ada.get(&format!("/projects/{film}/runs/{second}/executions")).await, json!([]));
    assert_eq!(set(&ada, &film, &json!({ "dayMinutes": 10 })).await.0, 200);
    assert_eq!(ended(&ada, &film, &second).await["run"]["state"], "complete");
}

#[tokio::test]
async fn what_is_done_again_is_held_to_the_policy_like_what_is_ordered() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let eli = ada.invite(&app, &film, "eli", "editor").await;
    let run = told(&eli, &film, &script("true")).await;
    assert_eq!(eli.send(Method::POST, &format!("/projects/{film}/runs/{run}/cancel")).await.0, 204);
    let seen = ended(&eli, &film, &run).await;
    let step = seen["steps"][0]["step"]["id"].as_str().or(seen["steps"][0]["id"].as_str()).expect("an id");
    let again = format!("/projects/{film}/runs/{run}/steps/{step}/retry");
    assert_eq!(set(&ada, &film, &json!({ "commands": "owner", "dayMinutes": 0 })).await.0, 200);
    let (status, said) = eli.send_json(Method::POST, &again, &json!({})).await;
    assert_eq!((status.as_u16(), &said["code"]), (403, &json!("FORBIDDEN")), "{said}");
    let (status, said) = given(&eli, &film, &format!("retry {run}")).await;
    assert_eq!((status, &said["code"]), (403, &json!("FORBIDDEN")), "{said}");
    assert_eq!(ended(&eli, &film, &run).await["run"]["state"], "cancelled");
    // An owner may, and it waits like all else.
    let (status, said) = given(&ada, &film, &format!("retry {run}")).await;
    assert!(status == 200 && said["lines"].to_string().contains("minutes of this day are used up"), "{said}");
    let queue = ada.get(&format!("/projects/{film}/fleet/queue")).await;
    assert_eq!((&queue[0]["runId"], &queue[0]["reason"]["kind"]), (&json!(run), &json!("budget")), "{queue}");
}
