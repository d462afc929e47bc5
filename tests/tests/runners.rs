//! Runners: machines that join by a key, serve what their owners may work in, and are gone when they are removed.

use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tests::machine::{Machine, asked, runner, serving};
use tests::{Atelier, House, two_people, within};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

fn is_there(runners: &[Value]) -> bool {
    runners.iter().any(|runner| runner["present"] == true)
}

#[tokio::test]
async fn a_machine_joins_by_its_key_is_seen_by_the_projects_members_and_is_seen_to_be_gone() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (id, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start(&app, &key, &film);
    assert_eq!(machine.says("joined").await, format!("forge has joined. It serves {film}."));
    let eve = ada.invite(&app, &film, "eve", "viewer").await;
    let seen = serving(&eve, &film, is_there).await;
    let one = &seen[0];
    assert_eq!(
        (seen.len(), one["id"].as_str(), one["ownerName"].as_str()),
        (1, Some(id.as_str()), Some("Ada"))
    );
    assert_eq!(one["platform"], format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH));
    assert_eq!(ada.get("/runners").await["docs"][0]["present"], true);
    machine.kill().await;
    let gone = serving(&eve, &film, |runners| !is_there(runners)).await;
    assert_eq!(gone[0]["id"], id, "who is gone is still known to serve the project");
}

#[tokio::test]
async fn a_runner_serves_only_projects_in_which_its_owner_may_change_things() {
    let (app, ada, ben) = two_people().await;
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ben, "anvil").await;
    let mut stranger = Machine::start(&app, &key, &film);
    let told = format!("anvil has joined. Its owner may not work in {film}, if there is such a project.");
    assert_eq!(stranger.says("joined").await, told);
    let eve = ada.invite(&app, &film, "eve", "viewer").await;
    let (_, key) = runner(&eve, "bellows").await;
    let mut viewer = Machine::start(&app, &key, &film);
    assert!(viewer.says("joined").await.contains("may not work"));
    assert_eq!(ada.get(&format!("/projects/{film}/runners")).await, json!([]));
}

#[tokio::test]
async fn a_runner_joins_again_when_the_server_is_back() {
    let (mut app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start(&app, &key, &film);
    machine.says("joined").await;
    app.kill().await;
    machine.says("The next try is in").await;
    app.start_again().await;
    machine.says("joined").await;
    serving(&ada, &film, is_there).await;
}

#[tokio::test]
async fn a_runner_that_is_removed_is_sent_away_at_once_and_does_not_come_back() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (id, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start(&app, &key, &film);
    machine.says("joined").await;
    assert_eq!(ada.send(Method::DELETE, &format!("/runners/{id}")).await.0, 204);
    let (well, fault) = machine.ends().await;
    assert!(!well && fault.contains("This key is not good"), "{fault}");
    let (well, fault) = Machine::start(&app, &key, &film).ends().await;
    assert!(!well && fault.contains("This key is not good"), "{fault}");
    assert_eq!(ada.get(&format!("/projects/{film}/runners")).await, json!([]));
}

#[tokio::test]
async fn a_runner_that_is_removed_on_one_server_is_sent_away_by_the_other() {
    let Some((house, ada)) = House::open().await else { return };
    let film = ada.film("Tides").await;
    let (id, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start(&house.two, &key, &film);
    machine.says("joined").await;
    serving(&ada, &film, is_there).await;
    assert_eq!(ada.send(Method::DELETE, &format!("/runners/{id}")).await.0, 204);
    assert!(!machine.ends().await.0);
}

#[tokio::test]
async fn of_two_programs_with_one_key_the_later_one_stays() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let mut first = Machine::start(&app, &key, &film);
    first.says("joined").await;
    let mut second = Machine::start(&app, &key, &film);
    second.says("joined").await;
    let (well, fault) = first.ends().await;
    assert!(!well && fault.contains("Another program has joined"), "{fault}");
    assert!(is_there(&serving(&ada, &film, |_| true).await));
}

/// A runner by hand.
struct Line(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Line {
    async fn open(app: &Atelier) -> Self {
        let url = app.url.replace("http://", "ws://");
        Self(connect_async(format!("{url}/ws/runner")).await.expect("a connection").0)
    }

    async fn say(&mut self, kind: &str, payload: Value) {
        let message =
            json!({ "id": 1, "type": kind, "payload": payload, "timestamp": "2026-11-22T00:00:00.000Z" });
        self.0.send(Message::text(message.to_string())).await.expect("it is open");
    }

    async fn hear(&mut self) -> Value {
        match within("a message", self.0.next()).await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("{other:?}"),
        }
    }

    /// The code with which the server closes the connection.
    async fn closed(&mut self) -> u16 {
        within("the end of the connection", async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                    Some(Ok(Message::Text(_))) => {}
                    other => panic!("{other:?}"),
                }
            }
        })
        .await
    }

    /// Greets by a key, with what is different from a greeting that is good.
    async fn greet(&mut self, key: &str, different: Value) {
        let challenge = self.hear().await;
        assert_eq!((&challenge["type"], &challenge["id"]), (&json!("AUTH_CHALLENGE"), &json!(1)));
        let mut hello = json!({
            "nonce": challenge["payload"]["nonce"], "key": key, "runnerId": null, "version": "0", "platform": "by hand",
            "slots": 1, "projects": [], "commands": false, "agents": [], "tasks": [],
        });
        hello.as_object_mut().unwrap().extend(different.as_object().unwrap().clone());
        self.say("AUTH", hello).await;
    }
}

#[tokio::test]
async fn whoever_is_no_runner_is_sent_away_by_a_code_that_says_why() {
    let (app, ada, _) = two_people().await;
    let (id, key) = runner(&ada, "forge").await;
    let (other, _) = runner(&ada, "anvil").await;
    for (key, different, code) in [
        ("atn_wrong", json!({}), 4001),
        (ada.token.as_str(), json!({}), 4001),
        (key.as_str(), json!({ "nonce": "of another connection" }), 4001),
        (key.as_str(), json!({ "runnerId": other }), 4001),
        (key.as_str(), json!({ "slots": 0 }), 4002),
        (key.as_str(), json!({ "folder": "/" }), 4002),
        (key.as_str(), json!({ "version": "v".repeat(70_000) }), 4002),
    ] {
        let mut line = Line::open(&app).await;
        line.greet(key, different.clone()).await;
        assert_eq!(line.closed().await, code, "{different}");
    }
    for text in [
        "",
        "{}",
        "[]",
        "\u{0}",
        r#"{"id":1,"type":"HEARTBEAT","payload":{},"timestamp":"2026-11-22T00:00:00.000Z"}"#,
    ] {
        let mut line = Line::open(&app).await;
        line.hear().await;
        line.0.send(Message::text(text)).await.unwrap();
        assert_eq!(line.closed().await, 4002, "{text}");
    }
    let mut line = Line::open(&app).await;
    line.greet(&key, json!({ "runnerId": id })).await;
    let welcome = line.hear().await;
    assert_eq!((&welcome["type"], &welcome["payload"]["runnerId"]), (&json!("AUTH_OK"), &json!(id)));
    line.say("HEARTBEAT", json!({})).await;
    assert_eq!(line.hear().await["type"], "HEARTBEAT");
    line.say("TASK_COMPLETE", json!({})).await;
    assert_eq!(line.closed().await, 4002);
}

#[tokio::test]
async fn a_machine_is_told_what_keeps_it_from_being_a_runner() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let (folder, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let declared = format!("{film}={}", folder.path().display());
    let state = state.path().display().to_string();
    let doctor = ["doctor", "--server", &app.url, "--state", &state, "--project"];
    let (well, said) =
        asked(&[&doctor[..], &[&declared, "--commands"]].concat(), &[("ATELIER_RUNNER_KEY", &key)]).await;
    assert!(
        well && said.contains("knows this key as forge") && said.contains("is not kept by git"),
        "{said}"
    );
    let wrong = format!("{film}=/no/such/folder");
    let agent = ["--agent", "scribe=no-such-program --fast"];
    let (well, said) = asked(
        &[&doctor[..], &[&declared, "--project", &wrong], &agent].concat(),
        &[("ATELIER_RUNNER_KEY", "atn_wrong")],
    )
    .await;
    assert!(!well, "{said}");
    for fault in ["/no/such/folder is no folder", "no-such-program is not here", "does not know this key"] {
        assert!(said.contains(fault), "{fault}: {said}");
    }
}

#[tokio::test]
async fn a_service_is_written_once_with_the_key_in_a_file_that_nobody_else_reads() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let place = home.path().display().to_string();
    let declared = format!("{}={place}", "prj_00000000000000000000000001");
    let environment = [("XDG_CONFIG_HOME", place.as_str()), ("ATELIER_RUNNER_KEY", "atn_secret")];
    let install = ["install", "--commands", "--project", &declared, "--state", &place];
    let (well, said) = asked(&install, &environment).await;
    assert!(well && !said.contains("atn_secret"), "{said}");
    let unit = std::fs::read_to_string(home.path().join("systemd/user/atelier-runner.service")).unwrap();
    assert!(
        unit.contains(&format!("\"--project\" \"{declared}\"")) && !unit.contains("atn_secret"),
        "{unit}"
    );
    let key = home.path().join("atelier/runner.env");
    assert_eq!(std::fs::read_to_string(&key).unwrap(), "ATELIER_RUNNER_KEY=atn_secret\n");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let (well, said) = asked(&install, &environment).await;
    assert!(!well && said.contains("is there already; nothing was written"), "{said}");
}
