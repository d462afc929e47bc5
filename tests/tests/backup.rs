//! The commands that look after the data: backup, restore, doctor and migrate, while the server runs and when it does not.

use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::server::command;
use tests::{Actor, Atelier, Database, PASSWORD, a_film_on};

/// A screenplay with scenes, people and places.
const FERRY: &str = include_str!("../../crates/studios/src/film/sample.fountain");

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn signed_in(url: &str) -> Actor {
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    let answer = tests::client().post(format!("{url}/api/v1/auth/login")).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    Actor::of(url, &answer.json::<Value>().await.unwrap())
}

#[tokio::test]
async fn a_backup_of_a_running_server_restores_into_one_that_is_the_same() {
    let (app, ada, film) = a_film_on(&Database::Sqlite).await;
    ada.import(&film, "ferry.fountain", FERRY).await;
    let elsewhere = TempDir::new().unwrap();
    let file = elsewhere.path().join("atelier.backup");
    let file = file.to_str().unwrap();
    // Someone writes while it is taken.
    let characters = format!("/projects/{film}/characters");
    let writing = async {
        for n in 0..20 {
            ada.post(&characters, &json!({ "name": format!("Extra {n}") })).await;
        }
    };
    let order = ["backup", file];
    let ((), backup) = tokio::join!(writing, command(app.data(), &order, ""));
    assert!(backup.status.success(), "{}", said(&backup));
    let later = ada.post(&characters, &json!({ "name": "Late" })).await;
    let data = elsewhere.path().join("data");
    let restored = command(&data, &["restore", file], "").await;
    assert!(restored.status.success(), "{}", said(&restored));
    let doctor = command(&data, &["doctor"], "").await;
    assert!(doctor.status.success() && said(&doctor).contains("No faults"), "{}", said(&doctor));
    let second = app.start_in(&data).await;
    let her = signed_in(&second.url).await;
    let path = format!("/projects/{film}");
    assert_eq!(her.get(&path).await["stats"]["scenes"], 13);
    let export = her.request(reqwest::Method::GET, &format!("{path}/exports/screenplay.fountain"));
    assert_eq!(export.send().await.unwrap().text().await.unwrap(), FERRY);
    let hits = &her.get(&format!("{path}/search?q=foghorn")).await["hits"];
    assert!(hits.as_array().is_some_and(|hits| !hits.is_empty()), "the text index came along");
    let (status, _) =
        her.send(reqwest::Method::GET, &format!("{characters}/{}", later["id"].as_str().unwrap())).await;
    assert_eq!(status, 404, "what came after the backup is not in it");
}

#[tokio::test]
async fn a_backup_goes_only_into_an_empty_place_and_only_whole() {
    let (app, ada, film) = a_film_on(&Database::Sqlite).await;
    ada.post(&format!("/projects/{film}/characters"), &json!({ "name": "Mara" })).await;
    let elsewhere = TempDir::new().unwrap();
    let file = elsewhere.path().join("atelier.backup");
    let backup = command(app.data(), &["backup", file.to_str().unwrap()], "").await;
    assert!(backup.status.success(), "{}", said(&backup));
    let over = command(app.data(), &["restore", file.to_str().unwrap()], "").await;
    assert!(!over.status.success(), "a database that has people is not written over");
    assert_eq!(ada.get(&format!("/projects/{film}/characters")).await["totalDocs"], 1);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let damaged = elsewhere.path().join("damaged.backup");
    std::fs::write(&damaged, &bytes).unwrap();
    let cut = elsewhere.path().join("cut.backup");
    std::fs::write(&cut, &bytes[..middle]).unwrap();
    for bad in [&damaged, &cut] {
        let data = elsewhere.path().join("data");
        let refused = command(&data, &["restore", bad.to_str().unwrap()], "").await;
        assert!(!refused.status.success(), "{}", said(&refused));
        let whole = command(&data, &["restore", file.to_str().unwrap()], "").await;
        assert!(whole.status.success(), "a refused one leaves nothing in the way: {}", said(&whole));
        std::fs::remove_dir_all(&data).unwrap();
    }
}

#[tokio::test]
async fn the_doctor_and_migrate_may_look_while_the_server_runs() {
    let (app, ada, film) = a_film_on(&Database::Sqlite).await;
    ada.import(&film, "ferry.fountain", FERRY).await;
    for order in ["doctor", "migrate", "doctor"] {
        let done = command(app.data(), &[order], "").await;
        assert!(done.status.success(), "{order}: {}", said(&done));
    }
    assert_eq!(ada.get(&format!("/projects/{film}")).await["stats"]["scenes"], 13);
}

#[tokio::test]
async fn migrate_makes_an_empty_database_that_a_server_then_takes() {
    let (app, ..) = a_film_on(&Database::Sqlite).await;
    let data = TempDir::new().unwrap();
    for _ in 0..2 {
        let done = command(data.path(), &["migrate"], "").await;
        assert!(done.status.success(), "{}", said(&done));
    }
    assert!(app.start_in(data.path()).await.setup.is_some());
}

#[tokio::test]
async fn a_command_that_cannot_be_done_says_why_and_fails() {
    let data = TempDir::new().unwrap();
    let missing = command(data.path(), &["restore", "/nowhere/atelier.backup"], "").await;
    assert!(!missing.status.success() && said(&missing).starts_with("atelier: "), "{}", said(&missing));
    std::fs::write(data.path().join("atelier.toml"), "[limits]\nimport_bytes = 0\n").unwrap();
    let wrong = command(data.path(), &["doctor"], "").await;
    assert!(!wrong.status.success() && said(&wrong).contains("limits.import_bytes"), "{}", said(&wrong));
}

#[tokio::test]
async fn a_database_whose_certificate_nobody_vouches_for_is_one_warning_and_no_error() {
    let Some(database) = Database::postgres() else { return };
    let app = Atelier::start_on(&database).await;
    let migrated = app.command(&["migrate"]).await;
    let told = said(&migrated);
    assert!(migrated.status.success() && !told.contains("ERROR"), "{told}");
    // None where the server of the tests speaks no TLS, or has a certificate that this machine trusts.
    assert!(told.matches("WARN").count() <= 1, "{told}");
    assert!(!told.contains("WARN") || told.contains("sslmode=require"), "{told}");
}
