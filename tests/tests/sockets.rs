//! Live connections by the seed's own client: what it is told, who is refused, and how nothing is missed or told twice.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Actor, Atelier, Database, Deaf, Socket, a_film_on, socket};

/// Enough of a person to be saved.
const SHEET: &str =
    "name: Mara Voss\nrole: ferry captain\ndescription: She has run the last ferry for eleven years.";

/// A script of so many scenes.
fn scenes(count: usize) -> String {
    (0..count).map(|n| format!("INT. ROOM {n} - DAY\n\nWater.\n\n")).collect()
}

/// A server with a film, its owner, and another member of it; nothing where there is no Node.
async fn a_team() -> Option<(Atelier, Actor, Actor, String)> {
    if !socket::available().await {
        return None;
    }
    let (app, ada, film) = a_film_on(&Database::Sqlite).await;
    let ben = ada.invite(&app, &film, "ben", "editor").await;
    Some((app, ada, ben, film))
}

async fn make(actor: &Actor, film: &str, name: &str) -> Value {
    actor.post(&format!("/projects/{film}/characters"), &json!({ "name": name })).await
}

/// The numbers of the events that clients are told of, oldest first.
async fn told(ada: &Actor, film: &str) -> Vec<i64> {
    let (mut numbers, mut address) = (Vec::new(), format!("/projects/{film}/activity?limit=200"));
    loop {
        let page = ada.get(&address).await;
        for event in page["docs"].as_array().unwrap() {
            // What the studio keeps to itself is told to nobody.
            if event["payload"]["collection"] != "screenplays" {
                numbers.push(event["seq"].as_i64().unwrap());
            }
        }
        match page["nextCursor"].as_str() {
            Some(cursor) => address = format!("/projects/{film}/activity?limit=200&cursor={cursor}"),
            None => break,
        }
    }
    numbers.reverse();
    numbers
}

#[tokio::test]
async fn a_change_is_told_with_the_seeds_fields() {
    let Some((app, ada, ben, film)) = a_team().await else { return };
    let mut socket = Socket::join(&ben, &app.url, &film).await;
    let mara = make(&ada, &film, "Mara").await;
    let event = socket.hear("entity:updated").await;
    assert_eq!(event["type"], "entity:updated");
    assert_eq!((&event["entityType"], &event["entityId"]), (&json!("character"), &mara["id"]));
    assert_eq!((&event["userId"], &event["changes"]["action"]), (&json!(ada.id), &json!("created")));
    assert!(
        event["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')) && event["seq"].is_i64(),
        "{event}"
    );
    let path = format!("/projects/{film}/characters/{}", mara["id"].as_str().unwrap());
    ada.send_json(Method::PATCH, &path, &json!({ "description": "A captain." })).await;
    let event = socket.hear("entity:updated").await;
    assert_eq!((&event["entityId"], &event["changes"]["action"]), (&mara["id"], &json!("changed")));
    assert!(event["changes"].to_string().contains("description"), "{event}");
    ada.send(Method::DELETE, &path).await;
    assert_eq!(socket.hear("entity:updated").await["changes"]["action"], "removed");
}

#[tokio::test]
async fn who_comes_and_goes_is_told_and_several_tabs_are_one_person() {
    let Some((app, ada, ben, film)) = a_team().await else { return };
    let mut hers = Socket::join(&ada, &app.url, &film).await;
    let first = Socket::join(&ben, &app.url, &film).await;
    let joined = hers.hear("user:joined").await;
    assert_eq!(
        joined,
        json!({ "type": "user:joined", "userId": ben.id, "userName": "ben", "projectId": film })
    );
    let second = Socket::join(&ben, &app.url, &film).await;
    first.leave().await;
    second.leave().await;
    let left = hers.hear("user:left").await;
    assert_eq!((&left["userId"], &left["projectId"]), (&json!(ben.id), &json!(film)));
    let rest = hers.leave().await;
    let again = rest.iter().filter(|(name, _)| name == "user:joined" || name == "user:left").count();
    assert_eq!(again, 0, "a second tab is nobody new, and one tab's end is not a person's: {rest:?}");
    let told = rest.iter().filter(|(name, _)| name == "presence:state").count();
    assert!(told <= 2, "who is there is told when that has changed, and not for every tab: {rest:?}");
}

#[tokio::test]
async fn a_notification_has_the_seeds_fields() {
    let Some((app, ada, ben, film)) = a_team().await else { return };
    let mut socket = Socket::join(&ben, &app.url, &film).await;
    let told = json!({ "projectId": film, "content": SHEET, "suggestedType": "character" });
    let preview = ada.post("/orchestrator/ingest", &told).await;
    let path = format!("/orchestrator/ingest/{}/decision", preview["previewId"].as_str().unwrap());
    ada.post(&path, &json!({ "decision": "ingest" })).await;
    let notification = socket.hear("notification").await;
    assert_eq!((&notification["type"], &notification["level"]), (&json!("notification"), &json!("success")));
    for field in ["title", "message", "timestamp"] {
        assert!(notification[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {notification}");
    }
    assert_eq!(notification["action"]["label"], "Open");
    assert!(
        notification["action"]["url"]
            .as_str()
            .is_some_and(|url| url.starts_with(&format!("/projects/{film}/")))
    );
}

#[tokio::test]
async fn a_handshake_that_is_not_good_is_refused_without_a_word_of_why() {
    let Some((app, ada, _, film)) = a_team().await else { return };
    let stranger = ada.befriend(&app, "eve").await;
    let key = ada.post("/auth/keys", &json!({ "name": "script" })).await;
    let removed = ada.by(key["key"].as_str().unwrap());
    ada.send(Method::DELETE, &format!("/auth/keys/{}", key["id"].as_str().unwrap())).await;
    let mut said = Vec::new();
    for handshake in [
        json!({ "token": "nonsense", "projectId": film }),
        json!({ "token": format!("{}x", ada.token), "projectId": film }),
        json!({ "token": removed.token, "projectId": film }),
        json!({ "token": "", "projectId": film }),
    ] {
        let refused = Socket::dial(&app.url, &handshake).await.hear("connect_error").await;
        said.push(refused.to_string());
        let words = refused.to_string();
        for leak in ["nonsense", "Tides", "JWT", "jwt", "signature", "base64", "Token", "decode"] {
            assert!(!words.contains(leak), "{words}");
        }
    }
    said.dedup();
    assert_eq!(said.len(), 1, "a bad token looks like any other: {said:?}");
    for handshake in [json!({ "projectId": film }), json!({ "token": ada.token }), json!(null), json!([1])] {
        Socket::dial(&app.url, &handshake).await.hear("connect_error").await;
    }
    // Whether a project is there is not for strangers to know.
    let nowhere = json!({ "token": stranger.token, "projectId": "prj_00000000000000000000000000" });
    let foreign = json!({ "token": stranger.token, "projectId": film });
    let nowhere = Socket::dial(&app.url, &nowhere).await.hear("connect_error").await;
    let foreign = Socket::dial(&app.url, &foreign).await.hear("connect_error").await;
    assert_eq!(nowhere, foreign);
    assert!(!foreign.to_string().contains("Tides"));
}

#[tokio::test]
async fn whoever_is_taken_out_of_a_project_is_disconnected_and_hears_no_more_of_it() {
    let Some((app, ada, ben, film)) = a_team().await else { return };
    let mut hers = Socket::join(&ada, &app.url, &film).await;
    let mut his = Socket::join(&ben, &app.url, &film).await;
    make(&ada, &film, "Before").await;
    his.hear("entity:updated").await;
    let (status, _) = ada.send(Method::DELETE, &format!("/projects/{film}/members/{}", ben.id)).await;
    assert_eq!(status, 204);
    his.hear("disconnect").await;
    make(&ada, &film, "After").await;
    while hers.hear("entity:updated").await["changes"]["name"] != "After" {}
    let rest = his.leave().await;
    assert!(
        rest.iter().all(|(name, what)| name != "entity:updated" && !what.to_string().contains("After")),
        "{rest:?}"
    );
    let again = json!({ "token": ben.token, "projectId": film });
    Socket::dial(&app.url, &again).await.hear("connect_error").await;
}

#[tokio::test]
async fn whoever_listens_to_a_project_that_is_removed_is_disconnected() {
    let Some((app, ada, ben, film)) = a_team().await else { return };
    let mut his = Socket::join(&ben, &app.url, &film).await;
    assert_eq!(ada.send(Method::DELETE, &format!("/projects/{film}")).await.0, 204);
    his.hear("disconnect").await;
}

#[tokio::test]
async fn whoever_says_what_they_saw_last_gets_what_they_missed_in_order_and_once() {
    let Some((app, ada, ben, film)) = a_team().await else { return };
    // More than the queue of one connection holds.
    ada.import(&film, "long.fountain", &scenes(350)).await;
    let all = told(&ada, &film).await.len();
    assert!((600..1000).contains(&all), "{all}");
    for from in [0, 7, 690] {
        let expected = told(&ada, &film).await;
        let handshake = json!({ "token": ben.token, "projectId": film, "lastSeq": from });
        let mut socket = Socket::dial(&app.url, &handshake).await;
        let missed: Vec<i64> = expected.iter().copied().filter(|seq| *seq > from).collect();
        let mut heard = Vec::new();
        while heard.last() != missed.last() {
            let (name, what) = socket.next().await;
            assert_ne!(name, "resync");
            heard.extend(what["seq"].as_i64());
        }
        assert_eq!(heard, missed, "from {from}");
        // And goes on with what is new.
        let new = make(&ada, &film, &format!("After {from}")).await;
        loop {
            let (_, what) = socket.next().await;
            if let Some(seq) = what["seq"].as_i64() {
                assert_eq!(what["entityId"], new["id"], "nothing between {:?} and {seq}", heard.last());
                break;
            }
        }
        socket.leave().await;
    }
}

#[tokio::test]
async fn whoever_missed_too_much_is_told_to_read_everything_anew() {
    let Some((app, ada, ben, film)) = a_team().await else { return };
    ada.import(&film, "long.fountain", &scenes(600)).await;
    let expected = told(&ada, &film).await;
    assert!(expected.len() > 1000, "{}", expected.len());
    let handshake = json!({ "token": ben.token, "projectId": film, "lastSeq": 0 });
    let mut socket = Socket::dial(&app.url, &handshake).await;
    let resync = socket.hear("resync").await;
    assert_eq!((&resync["type"], &resync["seq"]), (&json!("resync"), &json!(expected.last())));
    let new = make(&ada, &film, "After").await;
    assert_eq!(socket.hear("entity:updated").await["entityId"], new["id"]);
}

#[tokio::test]
async fn a_burst_that_is_longer_than_its_queue_reaches_who_reads_without_waiting_for_the_next_second() {
    let Some((app, ada, ben, film)) = a_team().await else { return };
    let mut socket = Socket::join(&ben, &app.url, &film).await;
    let before = told(&ada, &film).await.len();
    ada.import(&film, "long.fountain", &scenes(450)).await;
    let expected = told(&ada, &film).await.split_off(before);
    assert!((800..1_000).contains(&expected.len()), "{}", expected.len());
    let (mut heard, mut began) = (Vec::new(), None);
    while heard.len() < expected.len() {
        let (name, what) = socket.next().await;
        assert_ne!(name, "resync");
        if name == "entity:updated" {
            began.get_or_insert_with(std::time::Instant::now);
        }
        heard.extend(what["seq"].as_i64());
    }
    assert_eq!(heard, expected, "in order, once and without a gap");
    // With 256 a second it would be three.
    let took = began.unwrap().elapsed();
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn a_socket_that_stops_reading_holds_up_nobody_and_reads_everything_anew_when_it_goes_on() {
    let Some((app, ada, ben, film)) = a_team().await else { return };
    let mut deaf = Deaf::join(&ben, &app, &film).await;
    let mut hers = Socket::join(&ada, &app.url, &film).await;
    // More than its queue and the buffers of both ends hold.
    ada.import(&film, "long.fountain", &scenes(1900)).await;
    assert!(told(&ada, &film).await.len() > 3500);
    let new = make(&ada, &film, "After").await;
    while hers.hear("entity:updated").await["entityId"] != new["id"] {}
    // What it had not been handed by then is told as one word.
    let resync = deaf.hear("resync").await;
    assert!(resync["seq"].as_i64().is_some_and(|seq| seq > 3500), "{resync}");
    let later = make(&ada, &film, "Later").await;
    while deaf.hear("entity:updated").await["entityId"] != later["id"] {}
}

#[tokio::test]
async fn what_a_client_says_wrongly_is_answered_and_breaks_nothing() {
    let Some((app, ada, ben, film)) = a_team().await else { return };
    let mut hers = Socket::join(&ada, &app.url, &film).await;
    let mut his = Socket::join(&ben, &app.url, &film).await;
    for (name, what) in [
        ("presence:update", json!({ "surprise": 1 })),
        ("presence:update", json!({ "view": 7 })),
        ("presence:update", json!([1, 2])),
        ("presence:update", json!("scenes")),
        ("presence:update", json!(null)),
        ("drop:tables", json!({})),
        ("entity:updated", json!({ "entityId": "ent_00000000000000000000000000" })),
    ] {
        his.say(name, &what).await;
        let problem = his.hear("problem").await;
        assert_eq!(
            (&problem["code"], problem["error"].is_string()),
            (&json!("VALIDATION_ERROR"), true),
            "{name} {what}"
        );
    }
    his.say("presence:update", &json!({ "view": "/scenes" })).await;
    loop {
        let state = hers.hear("presence:state").await;
        let present = state["present"].as_array().unwrap();
        let him = present.iter().find(|one| one["userId"] == json!(ben.id)).expect("he is there");
        if him["state"]["view"] == "/scenes" {
            break;
        }
    }
    make(&ada, &film, "After").await;
    assert_eq!(his.hear("entity:updated").await["changes"]["name"], "After");
}

#[tokio::test]
async fn what_a_client_says_as_soon_as_it_is_let_in_is_heard() {
    let Some((app, ada, ben, film)) = a_team().await else { return };
    let order = json!({ "projectId": film, "task": "Which sounds and music cues do we need?" });
    let run = ada.post("/orchestrator/task", &order).await["taskId"].clone();
    let path = format!("/projects/{film}/runs/{}", run.as_str().unwrap());
    let step = ada.get(&path).await["steps"][0]["id"].clone();
    for _ in 0..10 {
        let handshake = json!({ "token": ben.token, "projectId": film });
        let mut socket = Socket::dial(&app.url, &handshake).await;
        // The client keeps it until it is connected, and sends it then at once.
        socket.say("subscribe:execution", &json!({ "executionId": run })).await;
        socket.hear("presence:state").await;
        ada.post(&format!("{path}/steps/{}/retry", step.as_str().unwrap()), &json!({})).await;
        assert_eq!(socket.hear("task:update").await["taskId"], run);
    }
}
