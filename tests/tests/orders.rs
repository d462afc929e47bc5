//! Orders that are done scene by scene: over the API, by a schedule, and what people have of them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{Actor, Atelier, on_both, within};

/// Scenes of the sample film.
const SCENES: usize = 13;

async fn sample(ada: &Actor) -> String {
    ada.post("/projects/sample", &json!({})).await["id"].as_str().unwrap().to_owned()
}

async fn ended(ada: &Actor, run: &str) -> Value {
    within("the end of a run", async {
        loop {
            let detail = ada.get(run).await;
            if detail["run"]["state"] == "complete" {
                return detail;
            }
        }
    })
    .await
}

fn steps<'d>(run: &'d Value, of: &str) -> Vec<&'d Value> {
    let steps = run["steps"].as_array().unwrap().iter();
    steps.filter(|step| step["name"].as_str().unwrap().starts_with(of)).collect()
}

on_both! {
    async fn scene_by_scene_each_scene_has_a_step_and_people_have_one_output_of_each_agent(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = sample(&ada).await;
        let order = json!({ "projectId": project, "task": "The shot list and the cast", "oneByOne": true });
        let task = ada.post("/orchestrator/task", &order).await;
        assert_eq!(task["status"], "complete", "{task}");
        let path = format!("/projects/{project}/runs/{}", task["taskId"].as_str().unwrap());
        let run = ended(&ada, &path).await;
        // Who is with whom is seen in the whole only.
        assert_eq!(steps(&run, "character/cast").len(), 1);
        let shots = steps(&run, "visual/shots");
        assert_eq!(shots.len(), 1 + SCENES);
        let fifth = ada.get(&format!("{path}/steps/{}", shots[5]["id"].as_str().unwrap())).await;
        assert_eq!(shots[5]["name"], "visual/shots/5");
        let (title, scenes) = (shots[5]["input"]["title"].as_str().unwrap(), fifth["output"]["content"]["shots"].as_array().unwrap());
        assert_eq!(fifth["output"]["title"], format!("Shot list and looks: {title}"));
        assert!(scenes.iter().all(|shot| shot["record"] == shots[5]["input"]["part"]["id"]) && !scenes.is_empty());

        let reviews = ada.get(&format!("/projects/{project}/reviews?state=pending&run={}", task["taskId"].as_str().unwrap())).await;
        let reviews = reviews["docs"].as_array().unwrap();
        let of: Vec<&str> = reviews.iter().map(|review| review["origin"]["agent"].as_str().unwrap()).collect();
        assert_eq!(of.iter().filter(|agent| **agent == "shots").count(), 1, "{of:?}");
        let review = reviews.iter().find(|review| review["origin"]["agent"] == "shots").unwrap()["reviewId"].as_str().unwrap();
        let review = format!("/projects/{project}/reviews/{review}");
        // It is the same as what is made of all scenes at once.
        let whole = json!({ "projectId": project, "task": "The shot list" });
        let whole = ada.post("/orchestrator/task", &whole).await;
        let whole = format!("/projects/{project}/runs/{}", whole["taskId"].as_str().unwrap());
        let one = ada.get(&whole).await;
        let one = ada.get(&format!("{whole}/steps/{}", steps(&one, "visual/shots")[0]["id"].as_str().unwrap())).await;
        assert_eq!(ada.get(&review).await["content"], one["output"]["content"]);
        let csv = ada.request(Method::GET, &format!("{review}/exports/shot-list.csv")).send().await.unwrap();
        assert_eq!(csv.status(), StatusCode::OK);
        let (status, saved) = ada.send_json(Method::POST, &format!("{review}/decision"), &json!({ "decision": "ingest" })).await;
        assert_eq!((status, &saved["created"]), (StatusCode::OK, &json!(1)));
        // Once a scene is changed, it is out of date like any other.
        let stale = async || {
            let readiness = ada.get(&format!("/projects/{project}/readiness")).await;
            let visual = readiness["departments"].as_array().unwrap().iter().find(|one| one["name"] == "visual").unwrap();
            visual["points"].as_array().unwrap().iter().map(|point| point["stale"].as_u64().unwrap()).sum::<u64>()
        };
        assert_eq!(stale().await, 0);
        let scene = shots[5]["input"]["part"]["id"].as_str().unwrap();
        let version = ada.get(&format!("/projects/{project}/scenes/{scene}")).await["version"].clone();
        let change = json!({ "version": version, "description": "Now it rains." });
        let (status, answer) = ada.send_json(Method::PATCH, &format!("/projects/{project}/scenes/{scene}"), &change).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(stale().await, 1);
    }

    async fn a_scene_is_done_again_alone_and_reads_what_it_has_become(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = sample(&ada).await;
        let order = json!({ "projectId": project, "task": "Which sounds and music cues do we need?", "oneByOne": true });
        let task = ada.post("/orchestrator/task", &order).await;
        let path = format!("/projects/{project}/runs/{}", task["taskId"].as_str().unwrap());
        let before = ended(&ada, &path).await;
        let scene = steps(&before, "audio/cues/3")[0];
        ada.post(&format!("{path}/steps/{}/retry", scene["id"].as_str().unwrap()), &json!({})).await;
        let after = ended(&ada, &path).await;
        let leases = |run: &Value, name: &str| {
            let step = run["steps"].as_array().unwrap().iter().find(|step| step["name"] == name).unwrap();
            run["attempts"].as_array().unwrap().iter().filter(|attempt| attempt["stepId"] == step["id"]).count()
        };
        let done = ["audio/cues/2", "audio/cues/3", "audio/cues", "audio/head", "result"].map(|name| leases(&after, name));
        assert_eq!(done, [1, 2, 2, 2, 2]);
    }

    async fn a_schedule_orders_scene_by_scene_too(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = sample(&ada).await;
        let order = json!({ "kind": "task", "task": "The shot list", "oneByOne": true });
        let when = json!({ "kind": "cron", "cron": "0 4 1 1 *", "timeZone": "UTC" });
        let new = json!({ "name": "Shots", "order": order, "when": when });
        let schedule = ada.post(&format!("/projects/{project}/schedules"), &new).await;
        assert_eq!(schedule["order"]["oneByOne"], true);
        let path = format!("/projects/{project}/schedules/{}/run", schedule["id"].as_str().unwrap());
        let given = ada.post(&path, &json!({})).await;
        let run = ended(&ada, &format!("/projects/{project}/runs/{}", given["runId"].as_str().unwrap())).await;
        assert_eq!(steps(&run, "visual/shots").len(), 1 + SCENES);
    }
}

#[tokio::test]
async fn an_order_of_more_scenes_than_a_run_holds_is_refused_in_words_that_say_what_to_do() {
    let app = Atelier::start_with(&[("ATELIER_LIMITS_ORCHESTRATOR_PER_MINUTE", "1000")]).await;
    let ada = app.first_person().await;
    let project = ada.film("Long").await;
    let script: String = (0..700).map(|n| format!("INT. ROOM {n} - DAY\n\nRain.\n\n")).collect();
    ada.import(&project, "long.fountain", &script).await;
    let mut order = json!({ "projectId": project, "task": "Prepare the film for shooting", "oneByOne": true, "async": true });
    let (status, refused) = ada.send_json(Method::POST, "/orchestrator/task", &order).await;
    assert_eq!(
        (status, &refused["details"]["field"]),
        (StatusCode::BAD_REQUEST, &json!("oneByOne")),
        "{refused}"
    );
    assert!(refused["error"].as_str().unwrap().contains("fewer departments"), "{refused}");
    let schedule = json!({ "name": "Long", "order": { "kind": "task", "task": "Prepare the film for shooting", "oneByOne": true },
        "when": { "kind": "cron", "cron": "0 4 1 1 *", "timeZone": "UTC" } });
    let (status, _) = ada.send_json(Method::POST, &format!("/projects/{project}/schedules"), &schedule).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    order["task"] = json!("The shot list");
    let task = ada.post("/orchestrator/task", &order).await;
    assert_eq!(task["progress"]["totalSteps"], 700 + 3);
}
