//! What two servers count and do together: limits, failed sign-ins, steps of runs, and a name of its own for each.

use std::sync::Arc;

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{Actor, Atelier, House, PASSWORD, Socket, house, socket, within};

/// Requests at once, and how many of them may pass.
const REQUESTS: usize = 1_000;
const LIMIT: usize = 10;

/// How many of a thousand questions at once pass, asked by one person on these servers in turn.
async fn passed(film: &str, askers: &[Actor]) -> usize {
    let query: Arc<Value> = json!({ "projectId": film, "query": "Who is Mara?" }).into();
    let asking = (0..REQUESTS).map(|n| {
        let (asker, query) = (askers[n % askers.len()].clone(), query.clone());
        tokio::spawn(async move { asker.send_json(Method::POST, "/orchestrator/query", &query).await.0 })
    });
    let statuses = join_all(asking).await.into_iter().map(|status| status.expect("no panic"));
    let (passed, refused): (Vec<_>, Vec<_>) = statuses.partition(|status| *status == StatusCode::OK);
    assert!(refused.iter().all(|status| *status == StatusCode::TOO_MANY_REQUESTS), "{refused:?}");
    passed.len()
}

#[tokio::test]
async fn of_a_thousand_calls_at_once_against_a_limit_of_ten_exactly_ten_pass_on_one_server() {
    let app = Atelier::start_with(&[]).await;
    let ada = app.first_person().await;
    let film = ada.film("Tides").await;
    assert_eq!(passed(&film, &[ada]).await, LIMIT);
}

#[tokio::test]
async fn of_a_thousand_calls_at_once_against_a_limit_of_ten_exactly_ten_pass_on_two_servers() {
    let Some(redis) = house::redis() else { return };
    let Some((house, ada)) = House::open_over(&redis, &[]).await else { return };
    let film = ada.film("Tides").await;
    let there = ada.at(&house.two);
    assert_eq!(passed(&film, &[ada, there]).await, LIMIT);
}

/// How many characters lack a description, as a server says on whichever of its caches.
async fn lacking(actor: &Actor, film: &str) -> u64 {
    let readiness = actor.get(&format!("/projects/{film}/readiness")).await;
    let departments = readiness["departments"].as_array().expect("departments");
    let character = departments.iter().find(|one| one["name"] == "character").expect("its department");
    let point = &character["points"][0];
    point["of"].as_u64().expect("a count") - point["met"].as_u64().expect("a count")
}

#[tokio::test]
async fn who_has_heard_of_a_change_on_one_server_reads_nothing_older_on_any() {
    if !socket::available().await {
        return;
    }
    let Some((house, ada)) = House::open().await else { return };
    let film = ada.post("/projects/sample", &json!({})).await["id"].as_str().unwrap().to_owned();
    let there = ada.at(&house.two);
    let people = ada.get(&format!("/projects/{film}/characters")).await["docs"].take();
    let people: Vec<String> =
        people.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    let mut socket = Socket::join(&ada, &house.one.url, &film).await;
    // Others look all the time, so that whatever can be kept is kept on both.
    let looking = [ada.clone(), there.clone()].map(|actor| {
        let film = film.clone();
        tokio::spawn(async move {
            loop {
                lacking(&actor, &film).await;
            }
        })
    });
    for round in 0..6 {
        for person in &people {
            let (writer, reader) = if round % 2 == 0 { (&there, &ada) } else { (&ada, &there) };
            let text = if round % 2 == 0 { "" } else { "Somebody." };
            let path = format!("/projects/{film}/characters/{person}");
            let before = lacking(&ada, &film).await;
            let (status, changed) =
                writer.send_json(Method::PATCH, &path, &json!({ "description": text })).await;
            assert_eq!(status, StatusCode::OK, "{changed}");
            while socket.hear("entity:updated").await["changes"]["version"] != changed["version"] {}
            let (here, elsewhere) = tokio::join!(lacking(reader, &film), lacking(writer, &film));
            assert_eq!(here, elsewhere);
            let after = if round % 2 == 0 { before + 1 } else { before - 1 };
            // In the first round some had no description to begin with.
            assert!(here == after || (round == 0 && here == before), "{before} {here}");
        }
    }
    looking.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn failed_sign_ins_are_counted_by_both_servers_together_and_good_ones_are_not() {
    let Some((house, _)) = House::open().await else { return };
    let sign_in = async |server: &Atelier, password: &str| {
        let body = json!({ "email": "ada@example.org", "password": password });
        let request = tests::client().post(format!("{}/api/v1/auth/login", server.url)).json(&body);
        tests::actor::answered(request).await.0
    };
    for n in 0..10 {
        let server = if n % 2 == 0 { &house.one } else { &house.two };
        assert_eq!(sign_in(server, PASSWORD).await, StatusCode::OK, "{n}");
        assert_eq!(sign_in(server, "wrong horse battery").await, StatusCode::UNAUTHORIZED, "{n}");
    }
    for server in [&house.one, &house.two] {
        assert_eq!(sign_in(server, PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
    }
}

#[tokio::test]
async fn two_servers_do_not_run_under_one_name() {
    let Some((house, _)) = House::open().await else { return };
    let said = house.start_copy_of_two().await;
    assert!(!said.status.success());
    let why = String::from_utf8_lossy(&said.stderr);
    assert!(why.contains("Another server runs under the name of this one"), "{why}");
}

/// The runs as they are once all have ended.
async fn ended(actor: &Actor, film: &str, runs: &[String]) -> Vec<Value> {
    let mut details = Vec::new();
    for run in runs {
        let path = format!("/projects/{film}/runs/{run}");
        details.push(
            within("the end of a run", async {
                loop {
                    let detail = actor.get(&path).await;
                    if !matches!(detail["run"]["state"].as_str(), Some("queued" | "running")) {
                        return detail;
                    }
                    tokio::task::yield_now().await;
                }
            })
            .await,
        );
    }
    details
}

/// Checks that every step of a run is complete by one accepted attempt, and gives the servers that had attempts.
fn worked_by(detail: &Value) -> Vec<String> {
    assert_eq!(detail["run"]["state"], "complete", "{detail}");
    let attempts = detail["attempts"].as_array().unwrap();
    for step in detail["steps"].as_array().unwrap() {
        assert_eq!(step["state"], "complete", "{step}");
        let of_step = attempts.iter().filter(|attempt| attempt["stepId"] == step["id"]);
        assert_eq!(
            of_step.filter(|attempt| attempt["outcome"] == "complete").count(),
            1,
            "{step}: {attempts:?}"
        );
    }
    let worker = |attempt: &Value| attempt["worker"].as_str().unwrap().split('/').next().unwrap().to_owned();
    attempts.iter().map(worker).collect()
}

async fn order(ada: &Actor, film: &str) -> String {
    let order = json!({ "projectId": film, "task": "Prepare the film for shooting", "async": true });
    ada.post("/orchestrator/task", &order).await["taskId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_order_is_worked_by_both_servers_and_each_result_counts_once() {
    // With slots for all steps of an order the first to look would take them all.
    let environment = [("ATELIER_LIMITS_ORCHESTRATOR_PER_MINUTE", "100000"), ("ATELIER_LIMITS_AGENTS", "4")];
    let Some((house, ada)) = House::open_with(&environment).await else { return };
    let film = ada.post("/projects/sample", &json!({})).await["id"].as_str().unwrap().to_owned();
    let mut runs = Vec::new();
    for _ in 0..5 {
        runs.push(order(&ada, &film).await);
    }
    let there = ada.at(&house.two);
    let mut servers: Vec<String> = ended(&there, &film, &runs).await.iter().flat_map(worked_by).collect();
    servers.sort();
    servers.dedup();
    assert_eq!(servers.len(), 2, "both have worked");
    // Whoever waits for the end hears of it, whichever server did the last step.
    let waited = json!({ "projectId": film, "task": "Which sounds and music cues do we need?" });
    assert_eq!(there.post("/orchestrator/task", &waited).await["status"], "complete");
}

#[tokio::test]
async fn when_a_server_is_killed_its_steps_go_on_on_the_other() {
    let Some((mut house, ada)) = House::open().await else { return };
    let film = ada.post("/projects/sample", &json!({})).await["id"].as_str().unwrap().to_owned();
    let there = ada.at(&house.two);
    let name = std::fs::read_to_string(house.one.data().join("server.id")).unwrap();
    let mut runs = Vec::new();
    for _ in 0..10 {
        runs.push(order(&ada, &film).await);
    }
    // Once it has done some of the work it has more in its hands.
    let path = format!("/projects/{film}/runs/{}", runs[0]);
    within("work of the first server", async {
        let mine =
            |attempt: &Value| attempt["worker"].as_str().is_some_and(|worker| worker.starts_with(&name));
        while !there.get(&path).await["attempts"].as_array().unwrap().iter().any(mine) {}
    })
    .await;
    house.one.kill().await;
    let details = ended(&there, &film, &runs).await;
    let attempts = details.iter().flat_map(|detail| detail["attempts"].as_array().unwrap());
    let lost = attempts.filter(|attempt| attempt["outcome"] == "lost").count();
    assert!(lost > 0, "it was killed with steps in its hands");
    details.iter().for_each(|detail| drop(worked_by(detail)));
}
