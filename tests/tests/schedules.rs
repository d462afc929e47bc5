//! Schedules over the API: an order that is set is given at its time, also when the server was down meanwhile.

use serde_json::{Value, json};
use tests::{Actor, Atelier, Database, on_both, within};

/// Sets an order for one department.
async fn set(ada: &Actor, project: &str, when: Value) -> Value {
    let order = json!({ "kind": "task", "task": "Which sounds and music cues do we need?" });
    let new = json!({ "name": "Cues", "order": order, "when": when });
    ada.post(&format!("/projects/{project}/schedules"), &new).await
}

async fn sample(ada: &Actor) -> String {
    ada.post("/projects/sample", &json!({})).await["id"].as_str().unwrap().to_owned()
}

/// Looks at a schedule until something has become of its order.
async fn occurrence(ada: &Actor, path: &str) -> Value {
    within("an occurrence", async {
        loop {
            let all = ada.get(path).await;
            let latest = all["occurrences"].as_array().and_then(|all| all.first().cloned());
            if let Some(latest) = latest.filter(|latest| latest["outcome"] != "due") {
                return latest;
            }
        }
    })
    .await
}

/// So many milliseconds from now, as the API writes it.
fn soon(millis: i64) -> String {
    kernel::Ambient::system().now().plus_millis(millis).to_rfc3339()
}

on_both! {
    async fn an_order_that_is_set_becomes_a_run_at_its_time(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = sample(&ada).await;
        let at = soon(1_500);
        let made = set(&ada, &project, json!({ "kind": "once", "at": at })).await;
        assert_eq!((&made["state"], &made["nextAt"], &made["setBy"]), (&json!("active"), &json!(at), &json!(ada.id)));
        let path = format!("/projects/{project}/schedules/{}", made["id"].as_str().unwrap());
        let given = occurrence(&ada, &path).await;
        assert_eq!((&given["outcome"], &given["at"], &given["times"]), (&json!("started"), &json!(at), &json!(1)));
        assert!(kernel::Ambient::system().now().to_rfc3339() >= at);
        let run = ada.get(&format!("/projects/{project}/runs/{}", given["runId"].as_str().unwrap())).await;
        assert_eq!((&run["run"]["kind"], &run["run"]["createdBy"]), (&json!("task"), &json!(ada.id)));
        assert_eq!(ada.get(&path).await["schedule"]["state"], "ended");
    }

    async fn what_a_server_missed_is_made_up_for_once_and_said(database) {
        let mut app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = sample(&ada).await;
        // Half an hour from now, and each hour after: no occurrence falls into the test.
        let minute = (kernel::Ambient::system().now().0 / 60_000 + 30) % 60;
        let when = json!({ "kind": "cron", "cron": format!("{minute} * * * *"), "timeZone": "Europe/Berlin" });
        let made = set(&ada, &project, when).await;
        let id: kernel::ScheduleId = made["id"].as_str().unwrap().parse().unwrap();
        let of: kernel::ProjectId = project.parse().unwrap();
        app.kill().await;
        // As if it had been down for the last ten hours.
        let store = app.store().await;
        let aged = store.transact(move |tx| {
            let scope = store::Scope::server(of);
            let mut schedule = store::schedules::hold(&mut store::Tenant::new(tx, scope), id)?;
            schedule.next_at = schedule.next_at.map(|next| next.plus_millis(-10 * 3_600_000));
            store::schedules::save(tx, &schedule)
        });
        aged.await.unwrap();
        drop(store);
        app.start_again().await;
        let path = format!("/projects/{project}/schedules/{id}");
        let given = occurrence(&ada, &path).await;
        assert_eq!(given["outcome"], "started", "{given}");
        let all = ada.get(&path).await;
        assert_eq!(all["occurrences"][1]["outcome"], "missed", "{all}");
        let runs = ada.get(&format!("/projects/{project}/runs")).await["totalDocs"].clone();
        assert_eq!(runs, 1);
        let told = ada.get(&format!("/projects/{project}/activity")).await;
        let said = |event: &&Value| event["kind"] == "notification" && event["payload"]["title"] == "Cues was missed";
        assert_eq!(told["docs"].as_array().unwrap().iter().filter(said).count(), 1, "{told}");
    }

    async fn a_schedule_can_be_changed_paused_run_at_once_and_removed(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = sample(&ada).await;
        let made = set(&ada, &project, json!({ "kind": "cron", "cron": "0 4 1 1 *", "timeZone": "UTC" })).await;
        let path = format!("/projects/{project}/schedules/{}", made["id"].as_str().unwrap());
        let patch = async |body: Value| ada.send_json(reqwest::Method::PATCH, &path, &body).await;
        let (_, paused) = patch(json!({ "name": "Sounds", "paused": true })).await;
        assert_eq!((&paused["name"], &paused["state"], &paused["nextAt"]), (&json!("Sounds"), &json!("paused"), &Value::Null));
        let given = ada.post(&format!("{path}/run"), &json!({})).await;
        assert_eq!(given["outcome"], "started", "{given}");
        let (_, resumed) = patch(json!({ "paused": false })).await;
        assert_eq!((&resumed["state"], &resumed["nextAt"]), (&json!("active"), &made["nextAt"]));
        let list = ada.get(&format!("/projects/{project}/schedules")).await;
        assert_eq!((&list["totalDocs"], &list["docs"][0]), (&json!(1), &resumed));
        assert_eq!(ada.send(reqwest::Method::DELETE, &path).await.0, 204);
        assert_eq!(ada.send(reqwest::Method::GET, &path).await.0, 404);
        assert_eq!(ada.get(&format!("/projects/{project}/runs")).await["totalDocs"], 1);
    }
}

#[tokio::test]
async fn what_would_be_refused_at_its_time_is_refused_by_its_field_now() {
    let app = Atelier::start_on(&Database::Sqlite).await;
    let ada = app.first_person().await;
    let project = sample(&ada).await;
    let cron = |cron: &str, zone: &str| json!({ "kind": "cron", "cron": cron, "timeZone": zone });
    for (task, when, field) in [
        ("Prepare the film", cron("0 4 * *", "UTC"), "when.cron"),
        ("Prepare the film", cron("0 4 * * *", "Mars/Olympus"), "when.timeZone"),
        ("Prepare the film", json!({ "kind": "once", "at": "2020-01-01T00:00:00Z" }), "when.at"),
        ("Feed the cat", cron("0 4 * * *", "UTC"), "task"),
    ] {
        let new = json!({ "name": "x", "order": { "kind": "task", "task": task }, "when": when });
        let (status, problem) =
            ada.send_json(reqwest::Method::POST, &format!("/projects/{project}/schedules"), &new).await;
        assert_eq!((status.as_u16(), &problem["details"]["field"]), (400, &json!(field)), "{problem}");
    }
    assert_eq!(ada.get(&format!("/projects/{project}/schedules")).await["totalDocs"], 0);
}
