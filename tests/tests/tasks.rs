//! Task mode: an order becomes a run of departments, live over the socket, and its result can be looked at.

use serde_json::{Value, json};
use tests::{Atelier, on_both};

/// The sample film, whose records all departments work on.
async fn film(ada: &tests::Actor) -> String {
    let project = ada.post("/projects/sample", &json!({})).await;
    project["id"].as_str().unwrap().to_owned()
}

on_both! {
    async fn preparing_an_episode_has_all_seven_departments_do_their_work(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = film(&ada).await;
        let task = ada.post("/orchestrator/task", &json!({ "projectId": project, "task": "Prepare the film for shooting" })).await;
        assert_eq!((task["status"].as_str(), task["progress"]["percentage"].as_i64()), (Some("complete"), Some(100)), "{task}");
        let departments = task["departments"].as_array().unwrap();
        assert_eq!(departments.len(), 7);
        for department in departments {
            assert_eq!(department["status"], "complete", "{department}");
            assert!(!department["outputs"].as_array().unwrap().is_empty(), "{department}");
        }
        let run = task["taskId"].as_str().unwrap();
        let detail = ada.get(&format!("/projects/{project}/runs/{run}")).await;
        assert_eq!(detail["run"]["state"], "complete");
        let steps = detail["steps"].as_array().unwrap();
        let step = |name: &str| steps.iter().find(|step| step["name"] == name).unwrap();
        // Production comes after all whom it builds on.
        let ended = |name: &str| step(name)["endedAt"].as_str().unwrap().to_owned();
        assert!(ended("video/head") <= ended("production/plan"));
        assert!(ended("character/head") <= ended("visual/shots"));
        // Real work: every scene of the film has its breakdown sheet, and every sheet its strip.
        let scenes = ada.get(&format!("/projects/{project}/scenes?limit=200")).await["totalDocs"].as_i64().unwrap();
        let plan = ada.get(&format!("/projects/{project}/runs/{run}/steps/{}", step("production/plan")["id"].as_str().unwrap())).await;
        let content = &plan["output"]["content"];
        assert_eq!(content["sheets"].as_array().unwrap().len() as i64, scenes);
        let strips = content["schedule"]["days"].as_array().unwrap().iter().map(|day| day["strips"].as_array().unwrap().len());
        assert_eq!(strips.sum::<usize>() as i64, scenes);
    }

    async fn an_order_for_one_department_involves_no_other(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = film(&ada).await;
        let order = json!({ "projectId": project, "task": "Which sounds and music cues do we need?", "priority": "high" });
        let task = ada.post("/orchestrator/task", &order).await;
        let names: Vec<&str> = task["departments"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["audio"]);
        let run = task["taskId"].as_str().unwrap();
        let runs = ada.get(&format!("/projects/{project}/runs?state=complete")).await;
        assert_eq!(runs["docs"][0]["id"], run);
        assert_eq!(ada.get(&format!("/projects/{project}/runs?state=failed")).await["totalDocs"], 0);
    }

    async fn whom_an_order_would_concern_is_told_before_it_is_given_by_the_rule_of_its_run(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = film(&ada).await;
        let told = ada.get(&format!("/projects/{project}/departments?task=Which+sounds+and+music+cues+do+we+need")).await;
        let told = told.as_array().unwrap();
        assert_eq!(told.len(), 7);
        let involved: Vec<&Value> = told.iter().filter(|d| d["involved"] == true).collect();
        let order = json!({ "projectId": project, "task": "Which sounds and music cues do we need" });
        let task = ada.post("/orchestrator/task", &order).await;
        let worked = task["departments"].as_array().unwrap();
        assert_eq!(involved.len(), worked.len());
        assert_eq!((&involved[0]["name"], &involved[0]["relevance"]), (&worked[0]["name"], &worked[0]["relevance"]));
        // Before anything is said nobody is concerned; too much is refused, not cut.
        let silent = ada.get(&format!("/projects/{project}/departments")).await;
        assert!(silent.as_array().unwrap().iter().all(|d| d["involved"] == false), "{silent}");
        let long = format!("/projects/{project}/departments?task={}", "a".repeat(2_001));
        assert_eq!(ada.send(reqwest::Method::GET, &long).await.0, 400);
    }

    async fn a_run_is_told_with_its_place_on_the_stream(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = film(&ada).await;
        let seq = async |run: &str| ada.get(&format!("/projects/{project}/runs/{run}")).await["seq"].as_i64().unwrap();
        let order = json!({ "projectId": project, "task": "The cast" });
        let first = ada.post("/orchestrator/task", &order).await["taskId"].as_str().unwrap().to_owned();
        let before = seq(&first).await;
        // The newest of what people read is no newer than that; whatever happens in the project moves it on.
        let activity = ada.get(&format!("/projects/{project}/activity?limit=1")).await;
        assert!(activity["docs"][0]["seq"].as_i64().unwrap() <= before, "{activity}");
        ada.post(&format!("/projects/{project}/concepts"), &json!({ "name": "The sea" })).await;
        assert!(seq(&first).await > before);
    }

    async fn an_order_that_concerns_nobody_is_refused_by_its_field(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = film(&ada).await;
        let (status, refused) = ada.send_json(reqwest::Method::POST, "/orchestrator/task", &json!({ "projectId": project, "task": "Hello" })).await;
        assert_eq!((status.as_u16(), refused["details"]["field"].as_str()), (400, Some("task")), "{refused}");
    }
}

#[tokio::test]
async fn a_step_that_is_done_can_be_done_again_with_all_that_comes_after() {
    let app = Atelier::start().await;
    let ada = app.first_person().await;
    let project = film(&ada).await;
    let order = json!({ "projectId": project, "task": "The cast", "departments": ["audio"] });
    let task = ada.post("/orchestrator/task", &order).await;
    let path = format!("/projects/{project}/runs/{}", task["taskId"].as_str().unwrap());
    let attempts = async || ada.get(&path).await["attempts"].as_array().unwrap().len();
    let before = attempts().await;
    let step = |detail: &Value, name: &str| {
        let steps = detail["steps"].as_array().unwrap();
        steps.iter().find(|step| step["name"] == name).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let head = step(&ada.get(&path).await, "audio/head");
    let retried = ada.send(reqwest::Method::POST, &format!("{path}/steps/{head}/retry")).await;
    assert_eq!(retried.0, 204);
    loop {
        let detail = ada.get(&path).await;
        assert_ne!(detail["run"]["state"], "failed", "{detail}");
        if detail["run"]["state"] == "complete" && attempts().await == before + 2 {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_step_that_failed_is_listed_until_it_is_done_again() {
    let app = Atelier::start().await;
    let ada = app.first_person().await;
    let project = film(&ada).await;
    let order = json!({ "projectId": project, "task": "The cast", "departments": ["audio"] });
    let task = ada.post("/orchestrator/task", &order).await;
    let (run, list) = (task["taskId"].as_str().unwrap(), format!("/projects/{project}/runs/failed-steps"));
    assert_eq!(ada.get(&list).await["totalDocs"], 0);
    // As if its last attempt had failed: nothing over HTTP makes a department fail.
    let id: kernel::RunId = run.parse().unwrap();
    let store = app.store().await;
    let spoilt = store.transact(move |tx| {
        let (mut steps, _) = store::runs::family(tx, id)?;
        let head = steps.iter_mut().find(|step| step.name == "audio/head");
        let head = head.ok_or_else(|| kernel::Error::not_found("step"))?;
        head.state = wire::runs::StepState::Failed;
        head.reason = Some(wire::runs::Reason::Error { error: "the lamp broke".into(), fatal: false });
        store::runs::save_steps(tx, [&*head])
    });
    spoilt.await.unwrap();
    let failed = ada.get(&list).await;
    let one = &failed["docs"][0];
    assert_eq!(
        (&failed["totalDocs"], &one["runId"], &one["name"]),
        (&json!(1), &json!(run), &json!("audio/head"))
    );
    assert_eq!(one["reason"]["error"], "the lamp broke");
    let again = format!("/projects/{project}/runs/{run}/steps/{}/retry", one["stepId"].as_str().unwrap());
    assert_eq!(ada.send(reqwest::Method::POST, &again).await.0, 204);
    assert_eq!(ada.get(&list).await["totalDocs"], 0);
}
