//! Two servers on one Postgres and one Redis: whoever uses one of them sees what happens on the other.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{Actor, Atelier, House, Model, Socket, house, socket, within};

#[path = "../../crates/backplane/tests/contract/proxy.rs"]
mod proxy;

/// Two servers, a film, its owner, and another member of it; nothing where something is missing for that.
async fn a_team() -> Option<(House, Actor, Actor, String)> {
    if !socket::available().await {
        return None;
    }
    let (house, ada) = House::open().await?;
    let film = ada.film("Tides").await;
    let ben = ada.invite(&house.one, &film, "ben", "editor").await;
    Some((house, ada, ben, film))
}

async fn make(actor: &Actor, film: &str, name: &str) {
    actor.post(&format!("/projects/{film}/characters"), &json!({ "name": name })).await;
}

async fn health(server: &Atelier) -> (StatusCode, Value) {
    tests::actor::answered(tests::client().get(format!("{}/health", server.url))).await
}

/// Asks again and again until it holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    within(what, async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Waits for a state of presence of which that holds.
async fn until_present(socket: &mut Socket, holds: impl Fn(&[Value]) -> bool) {
    while !holds(socket.hear("presence:state").await["present"].as_array().expect("people")) {}
}

#[tokio::test]
async fn a_change_on_one_server_is_heard_on_the_other_at_once() {
    let Some((house, ada, ben, film)) = a_team().await else { return };
    let mut his = Socket::join(&ben, &house.two.url, &film).await;
    let began = Instant::now();
    let mut last = None;
    for n in 0..20 {
        make(&ada, &film, &n.to_string()).await;
        let event = his.hear("entity:updated").await;
        assert_eq!(event["changes"]["name"], n.to_string());
        let seq = event["seq"].as_i64();
        assert!(last.is_none_or(|last: i64| Some(last + 1) == seq), "{last:?} {event}");
        last = seq;
    }
    // A server looks by itself once a second: without a word of the other this would take ten seconds.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(health(&house.two).await.1["checks"], json!({ "database": "ok", "redis": "ok" }));
}

#[tokio::test]
async fn who_is_there_is_seen_on_both_servers_and_several_tabs_are_one_person() {
    let Some((mut house, ada, ben, film)) = a_team().await else { return };
    let mut hers = Socket::join(&ada, &house.one.url, &film).await;
    // The first that he is told of who is there may be all that there is to tell.
    let mut his = Socket::dial(&house.two.url, &json!({ "token": ben.token, "projectId": film })).await;
    let joined = hers.hear("user:joined").await;
    assert_eq!(
        joined,
        json!({ "type": "user:joined", "userId": ben.id, "userName": "ben", "projectId": film })
    );
    until_present(&mut hers, |people| people.len() == 2).await;
    until_present(&mut his, |people| people.len() == 2).await;
    his.say("presence:update", &json!({ "view": "/scenes" })).await;
    until_present(&mut hers, |people| people.iter().any(|one| one["state"]["view"] == "/scenes")).await;
    // A second tab of his on the other server is nobody new, and its end is not his.
    let second = Socket::join(&ben, &house.one.url, &film).await;
    second.leave().await;
    // His server dies, and says nothing any more.
    house.two.kill().await;
    let left = hers.hear("user:left").await;
    assert_eq!((&left["userId"], &left["projectId"]), (&json!(ben.id), &json!(film)));
    until_present(&mut hers, |people| people.len() == 1).await;
    let rest = hers.leave().await;
    assert!(rest.iter().all(|(name, _)| name != "user:joined" && name != "user:left"), "{rest:?}");
}

#[tokio::test]
async fn whoever_is_taken_out_of_a_project_on_one_server_is_out_on_the_other() {
    let Some((house, ada, ben, film)) = a_team().await else { return };
    let (path, he) = (format!("/projects/{film}"), ben.at(&house.two));
    let mut his = Socket::join(&ben, &house.two.url, &film).await;
    he.get(&path).await;
    let (status, _) = ada.send(Method::DELETE, &format!("{path}/members/{}", ben.id)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(he.send(Method::GET, &path).await.0, StatusCode::NOT_FOUND, "from that moment");
    his.hear("disconnect").await;
}

#[tokio::test]
async fn whoever_listens_on_one_server_to_a_project_that_is_removed_on_the_other_is_disconnected() {
    let Some((house, ada, ben, film)) = a_team().await else { return };
    let mut his = Socket::join(&ben, &house.two.url, &film).await;
    let began = Instant::now();
    assert_eq!(ada.send(Method::DELETE, &format!("/projects/{film}")).await.0, StatusCode::NO_CONTENT);
    his.hear("disconnect").await;
    // The guard would find it, too, within half a minute.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_session_that_ends_on_one_server_is_over_on_the_other_though_that_knew_it() {
    let Some((house, ada)) = House::open().await else { return };
    let there = ada.at(&house.two);
    let sessions = there.get("/auth/sessions").await;
    let session = sessions[0]["id"].as_str().unwrap();
    let began = Instant::now();
    let (status, _) = ada.send(Method::DELETE, &format!("/auth/sessions/{session}")).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    until("the end of a session", async || {
        there.send(Method::GET, "/auth/me").await.0 == StatusCode::UNAUTHORIZED
    })
    .await;
    // What is known of a session is asked for anew after half a minute in any case.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_language_model_that_is_set_on_one_server_answers_on_the_other() {
    let Some((house, ada)) = House::open().await else { return };
    let film = ada.film("Tides").await;
    let mut model = Model::start().await;
    model.serve(&ada).await;
    model.allow(&ada, &film).await;
    let there = ada.at(&house.two);
    let said = json!({ "projectId": film, "mode": "chat", "content": "Tell me of the tide." });
    let asked = async {
        loop {
            // Until it is known there the rules answer.
            let answer = there.post("/orchestrator/chat", &said).await;
            if answer["content"] == "Ebb." {
                return;
            }
        }
    };
    let answered = async {
        let mut call = model.asked().await;
        call.say("Ebb.").await;
        call.end().await;
    };
    let began = Instant::now();
    let ((), ()) = tokio::join!(asked, answered);
    // Without a word the settings are read anew once a minute.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test]
async fn without_redis_nothing_is_lost_and_with_it_again_the_servers_are_one_again() {
    let Some(redis) = house::redis() else { return };
    if !socket::available().await {
        return;
    }
    let proxy = proxy::Proxy::before(&redis).await;
    let Some((house, ada)) = House::open_over(&proxy.url, &[]).await else { return };
    let film = ada.film("Tides").await;
    let there = ada.at(&house.two);
    let mut heard = Socket::join(&ada, &house.two.url, &film).await;
    let linked = async |wanted: &str| {
        until(wanted, async || {
            let [one, two] = [health(&house.one).await, health(&house.two).await];
            // It serves, whatever Redis does.
            assert_eq!((one.0, two.0), (StatusCode::OK, StatusCode::OK));
            one.1["checks"]["redis"] == wanted && two.1["checks"]["redis"] == wanted
        })
        .await;
    };
    linked("ok").await;
    let mut n = 0;
    for round in 0..3 {
        match round {
            0 => proxy.cut(),
            1 => proxy.freeze(),
            _ => {}
        }
        if round < 2 {
            linked("unreachable").await;
            assert_eq!(health(&house.one).await.1["status"], "degraded");
        }
        // On both servers, and each is heard once and in its order.
        for actor in [&ada, &there] {
            make(actor, &film, &n.to_string()).await;
            assert_eq!(heard.hear("entity:updated").await["changes"]["name"], n.to_string());
            n += 1;
        }
        proxy.heal();
        linked("ok").await;
    }
    let events: Vec<i64> = heard
        .leave()
        .await
        .iter()
        .filter(|(name, _)| name == "entity:updated")
        .filter_map(|(_, e)| e["seq"].as_i64())
        .collect();
    assert!(events.is_empty(), "told twice: {events:?}");
}
