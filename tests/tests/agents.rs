//! Who works in a project over the API: its owners change it, its runs go by it, and nobody waits for an agent without end.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::model::Call;
use tests::{Actor, Atelier, Model, on_both, within};

fn definition(name: &str, more: &str) -> String {
    format!(
        "---\nname: {name}\ntitle: The {name}\ndepartment: audio\nrole: specialist\nengine: film.cues\n{more}---\nYou listen.\n"
    )
}

async fn sample(ada: &Actor) -> String {
    ada.post("/projects/sample", &json!({})).await["id"].as_str().unwrap().to_owned()
}

async fn put(actor: &Actor, project: &str, agent: &str, body: &Value) -> (StatusCode, Value) {
    actor.send_json(Method::PUT, &format!("/projects/{project}/agents/{agent}"), body).await
}

fn named<'a>(all: &'a Value, department: &str, name: &str) -> Option<&'a Value> {
    let is = |one: &&Value| one["department"] == department && one["name"] == name;
    all["agents"].as_array().unwrap().iter().find(is)
}

/// Orders work of the audio department, and gives the run's path.
async fn order(ada: &Actor, project: &str) -> String {
    let order =
        json!({ "projectId": project, "task": "Which sounds and music cues do we need?", "async": true });
    let task = ada.post("/orchestrator/task", &order).await;
    format!("/projects/{project}/runs/{}", task["taskId"].as_str().unwrap())
}

fn step<'d>(run: &'d Value, name: &str) -> &'d Value {
    run["steps"].as_array().unwrap().iter().find(|step| step["name"] == name).unwrap()
}

async fn until(ada: &Actor, run: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    within(what, async {
        loop {
            let detail = ada.get(run).await;
            if is_so(&detail) {
                return detail;
            }
        }
    })
    .await
}

async fn ended(ada: &Actor, run: &str) -> Value {
    until(ada, run, "the run's end", |run| run["run"]["state"] == "complete").await
}

/// Answers in the form that is asked for, with nothing in it.
async fn nothing_to_add(mut call: Call) {
    let answer = json!({ "summary": { "text": "", "sources": [] }, "remarks": [], "suggestions": [] });
    call.say(&answer.to_string()).await;
    call.end().await;
}

on_both! {
    async fn owners_change_who_works_and_the_next_run_goes_by_it(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = sample(&ada).await;
        let path = format!("/projects/{project}/agents");
        let all = ada.get(&path).await;
        assert_eq!(all["agents"].as_array().unwrap().len(), 15);
        let cues = named(&all, "audio", "cues").unwrap();
        assert_eq!((&cues["origin"], &cues["off"], &cues["version"]), (&json!("built-in"), &json!(false), &json!(0)));
        assert!(cues["definition"].as_str().unwrap().contains("engine: film.cues"));
        assert_eq!(cues["choices"], json!({ "switchOff": true, "putBack": false, "remove": false }));
        assert_eq!(named(&all, "audio", "head").unwrap()["choices"]["switchOff"], false);

        let (status, sea) = put(&ada, &project, "audio/sea", &json!({ "definition": definition("sea", ""), "version": 0 })).await;
        assert_eq!((status, &sea["origin"], &sea["version"]), (StatusCode::OK, &json!("added"), &json!(1)));
        let (status, off) = put(&ada, &project, "audio/cues", &json!({ "off": true })).await;
        assert_eq!((status, &off["off"], &off["origin"]), (StatusCode::OK, &json!(true), &json!("built-in")));
        let departments = ada.get(&format!("/projects/{project}/departments")).await;
        let audio = departments.as_array().unwrap().iter().find(|one| one["name"] == "audio").unwrap();
        assert_eq!(audio["agents"], json!(["The sea"]));
        let run = ended(&ada, &order(&ada, &project).await).await;
        let names: Vec<&str> = run["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["audio/sea", "audio/head", "result"]);
        let made = step(&run, "audio/sea")["id"].as_str().unwrap();
        let made = ada.get(&format!("/projects/{project}/runs/{}/steps/{made}", run["run"]["id"].as_str().unwrap())).await;
        assert_eq!(made["output"]["title"].as_str().unwrap().split(':').next(), Some("Cue list"));

        // An owner takes a change back; who may only edit does not.
        let eli = ada.invite(&app, &project, "eli", "editor").await;
        let undo = format!("/projects/{project}/changes/{}/undo", off["changeId"].as_str().unwrap());
        let (status, refused) = eli.send_json(Method::POST, &undo, &json!({})).await;
        assert_eq!((status, &refused["code"]), (StatusCode::FORBIDDEN, &json!("FORBIDDEN")));
        assert_eq!(ada.get(&format!("{path}/audio/cues")).await["off"], true);
        ada.post(&undo, &json!({})).await;
        assert_eq!(ada.get(&format!("{path}/audio/cues")).await["off"], false);
        let (status, _) = ada.send(Method::DELETE, &format!("{path}/audio/sea")).await;
        assert_eq!(status, StatusCode::OK);
        let all = ada.get(&path).await;
        assert!(named(&all, "audio", "sea").is_none());
        let history = ada.get(&format!("{path}/audio/sea/history")).await;
        assert_eq!(history["totalDocs"], 2);
    }

    async fn a_definition_that_cannot_be_used_is_refused_with_its_line_and_one_that_moved_on_with_both(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = ada.film("Tides").await;
        let bad = json!({ "definition": definition("cues", "tools: [shell]\n") });
        let (status, refused) = put(&ada, &project, "audio/cues", &bad).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        let details = &refused["details"];
        assert_eq!((&refused["code"], &details["line"], &details["field"]), (&json!("UNREADABLE_DOCUMENT"), &json!(7), &json!("tools")));
        assert!(details["reason"].as_str().unwrap().contains("there is no tool shell"));
        let good = |version: i64| json!({ "definition": definition("cues", ""), "version": version });
        assert_eq!(put(&ada, &project, "audio/cues", &good(0)).await.0, StatusCode::OK);
        let (status, refused) = put(&ada, &project, "audio/cues", &good(0)).await;
        assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("CONFLICT")));
        assert_eq!((&refused["details"]["yours"]["version"], &refused["details"]["theirs"]["version"]), (&json!(0), &json!(1)));
        let (status, refused) = put(&ada, &project, "audio/head", &json!({ "off": true })).await;
        assert_eq!((status, &refused["details"]["field"]), (StatusCode::BAD_REQUEST, &json!("off")));
        // The records' own routes do not lead there.
        assert_eq!(ada.send(Method::POST, &format!("/projects/{project}/agents")).await.0, StatusCode::METHOD_NOT_ALLOWED);
        let found = ada.get(&format!("/projects/{project}/search?q=listen")).await;
        assert_eq!(found["hits"], json!([]));
    }
}

#[tokio::test]
async fn nobody_waits_for_an_agent_without_end_and_the_pool_says_who_is_at_work() {
    let app = Atelier::start_with(&[
        ("ATELIER_LIMITS_ORCHESTRATOR_PER_MINUTE", "100000"),
        ("ATELIER_LIMITS_AGENTS_PER_TYPE", "1"),
        ("ATELIER_LIMITS_AGENTS_WAIT_SECONDS", "1"),
    ])
    .await;
    let ada = app.first_person().await;
    let mut model = Model::start().await;
    model.serve(&ada).await;
    let project = sample(&ada).await;
    let budgets = format!("/projects/{project}/budgets");
    assert_eq!(ada.send_json(Method::PUT, &budgets, &json!({ "unpriced": true })).await.0, StatusCode::OK);
    // The first is at work for as long as its model does not answer.
    let first = order(&ada, &project).await;
    let call = model.asked().await;
    let pool = ada.get("/agents/pool").await;
    assert_eq!(pool["audio/cues"], json!({ "total": 1, "inUse": 1, "idle": 0, "totalRequests": 1 }));
    let second = order(&ada, &project).await;
    let back = until(&ada, &second, "a step that is given back", |run| {
        step(run, "audio/cues")["reason"]["kind"] == "retry"
    });
    let back = back.await;
    let back = step(&back, "audio/cues");
    assert_eq!((&back["state"], &back["attempt"]), (&json!("queued"), &json!(0)));
    let why = back["reason"]["error"].as_str().unwrap();
    assert_eq!(why, "The one slot of the agent audio/cues stayed taken for 1 s; it waits for another turn");
    assert!(back["reason"]["until"].as_str().is_some());
    let log = ada.get(&format!("{second}/log")).await;
    assert_eq!(log["entries"][0]["kind"], "waits");
    let metrics =
        tests::client().get(format!("{}/metrics", app.url)).send().await.unwrap().text().await.unwrap();
    assert!(
        metrics.contains("agent_pool{department=\"audio\",agent=\"cues\",state=\"in_use\"} 1"),
        "{metrics}"
    );
    assert!(
        metrics.contains("agent_pool_requests_total{department=\"audio\",agent=\"cues\"} 1"),
        "{metrics}"
    );
    // It is done all the same, when the slot is free.
    nothing_to_add(call).await;
    ended(&ada, &first).await;
    nothing_to_add(model.asked().await).await;
    let done = ended(&ada, &second).await;
    assert_eq!(step(&done, "audio/cues")["attempt"], 1);
    let ben = ada.befriend(&app, "ben").await;
    assert_eq!(ben.send(Method::GET, "/agents/pool").await.0, StatusCode::FORBIDDEN);
}
