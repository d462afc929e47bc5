//! Other people's agents: the official client of the Model Context Protocol works at a server, over HTTP and by `atelier mcp`.

use serde_json::{Value, json};
use tests::{Actor, Agent, Atelier, socket};

/// A server with the sample film, its owner, and a key of hers; nothing where there is no Node.
async fn a_film(scope: &str) -> Option<(Atelier, Actor, String, String)> {
    if !socket::available().await {
        return None;
    }
    let app = Atelier::start().await;
    let ada = app.first_person().await;
    let film = ada.post("/projects/sample", &json!({})).await["id"].as_str().unwrap().to_owned();
    let key = ada.post("/auth/keys", &json!({ "name": "agent", "scope": scope })).await["key"]
        .as_str()
        .unwrap()
        .to_owned();
    Some((app, ada, film, key))
}

/// Finds the film, asks, orders work, follows it to its end and saves some of it, and proposes a record that is saved by a decision.
async fn works(agent: &mut Agent, ada: &Actor, film: &str) {
    assert_eq!(agent.greeted["connected"]["name"], "atelier", "{}", agent.greeted);
    let projects = agent.ask("list_projects", json!({})).await;
    assert_eq!(projects["docs"][0]["id"], film);

    let answer =
        agent.ask("recall", json!({ "projectId": film, "query": "Who has the most dialogue?" })).await;
    assert!(!answer["results"].as_array().unwrap().is_empty(), "{answer}");

    let order =
        json!({ "projectId": film, "task": "Which sounds and music cues do we need?", "async": true });
    let run = agent.ask("order_work", order).await["taskId"].clone();
    let detail = agent.ask("get_run", json!({ "projectId": film, "run": run, "wait": 30 })).await;
    assert_eq!(detail["run"]["state"], "complete", "{detail}");

    let waiting =
        agent.ask("list_reviews", json!({ "projectId": film, "run": run, "state": "pending" })).await;
    let review = waiting["docs"][0]["reviewId"].clone();
    let decision = json!({ "projectId": film, "review": review, "decision": "ingest" });
    agent.ask("decide_review", decision.clone()).await;
    let late = agent.call("decide_review", decision).await;
    assert_eq!((late.is_error, &late.value["code"]), (true, &json!("ALREADY_DECIDED")), "{late:?}");

    let told = json!({ "projectId": film, "content": "Tomas is a customs officer, 52." });
    let proposal = agent.ask("propose_record", told).await;
    let characters = format!("/projects/{film}/characters?limit=200");
    let before = ada.get(&characters).await["totalDocs"].as_i64().unwrap();
    agent.ask("decide_proposal", json!({ "preview": proposal["previewId"], "decision": "ingest" })).await;
    assert_eq!(ada.get(&characters).await["totalDocs"].as_i64().unwrap(), before + 1);
}

#[tokio::test]
async fn an_agent_works_over_http() {
    let Some((app, ada, film, key)) = a_film("write").await else { return };
    works(&mut Agent::over_http(&app, &key).await, &ada, &film).await;
}

#[tokio::test]
async fn an_agent_works_through_the_program_on_its_machine() {
    let Some((app, ada, film, key)) = a_film("write").await else { return };
    works(&mut Agent::on_stdio(&app, &key).await, &ada, &film).await;
}

#[tokio::test]
async fn an_agent_may_do_what_its_key_may_and_nothing_more() {
    let Some((app, ada, film, key)) = a_film("read").await else { return };
    let mut agent = Agent::over_http(&app, &key).await;
    agent.ask("list_records", json!({ "projectId": film, "collection": "scenes" })).await;
    let refused =
        agent.call("order_work", json!({ "projectId": film, "task": "Prepare the film for shooting" })).await;
    assert_eq!((refused.is_error, &refused.value["code"]), (true, &json!("FORBIDDEN")), "{refused:?}");

    let ben = ada.befriend(&app, "ben").await;
    let key = ben.post("/auth/keys", &json!({ "name": "agent", "scope": "write" })).await;
    let mut stranger = Agent::over_http(&app, key["key"].as_str().unwrap()).await;
    let refused = stranger.call("get_schema", json!({ "projectId": film })).await;
    assert_eq!((refused.is_error, &refused.value["code"]), (true, &json!("NOT_FOUND")), "{refused:?}");
}

#[tokio::test]
async fn who_has_no_key_or_one_that_was_taken_away_is_not_let_in() {
    let Some((app, ada, _, key)) = a_film("write").await else { return };
    let refused = Agent::over_http(&app, "no key").await;
    assert!(refused.greeted["refused"].is_string(), "{}", refused.greeted);
    let mut agent = Agent::over_http(&app, &key).await;
    let keys = ada.get("/auth/keys").await;
    let id = keys[0]["id"].as_str().unwrap();
    assert_eq!(ada.send(reqwest::Method::DELETE, &format!("/auth/keys/{id}")).await.0, 204);
    let given = agent.call("list_projects", json!({})).await;
    assert!(given.is_error || given.value.get("refused").is_some(), "{given:?}");
}

#[tokio::test]
async fn what_an_agent_gets_wrong_it_is_told_in_words_and_the_next_call_works() {
    let Some((app, _, film, key)) = a_film("write").await else { return };
    let mut agent = Agent::over_http(&app, &key).await;
    let names: Vec<&Value> =
        agent.greeted["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert!(names.contains(&&json!("order_work")), "{names:?}");
    for (tool, arguments, told) in [
        (
            "get_record",
            json!({ "projectId": film, "collection": "../../auth", "record": "keys" }),
            "collection must be",
        ),
        ("get_record", json!({ "projectId": film, "collection": "scenes" }), "needs record"),
        ("recall", json!({ "projectId": film, "query": "" }), "VALIDATION_ERROR"),
        ("get_run", json!({ "projectId": film, "run": "run_0", "wait": 3 }), "NOT_FOUND"),
        ("no_such_tool", json!({}), "no tool"),
    ] {
        let given = agent.call(tool, arguments).await;
        assert!(given.value.to_string().contains(told), "{tool}: {given:?}");
    }
    agent.ask("list_projects", json!({})).await;
}
