//! Servers of others: named by an owner, tried, and used within what is allowed. Another Atelier stands in for one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dryoc::classic::crypto_box::crypto_box_seal;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{Actor, Atelier, Model, within};

const ALLOWED: (&str, &str) = ("ATELIER_TOOLS_PRIVATE_ADDRESSES", "true");

/// A server that may look into its own networks, its owner and a film's tool servers; and another one with an API key for its tools.
struct World {
    app: Atelier,
    ada: Actor,
    path: String,
    other: Atelier,
    ben: Actor,
    key: String,
}

impl World {
    async fn new() -> Self {
        let app = Atelier::start_with(&[ALLOWED]).await;
        let ada = app.first_person().await;
        let path = format!("/projects/{}/tool-servers", ada.film("Tides").await);
        let other = Atelier::start().await;
        let ben = other.first_person().await;
        let key = ben.post("/auth/keys", &json!({ "name": "tools", "scope": "read" })).await;
        let key = key["key"].as_str().unwrap().to_owned();
        Self { app, ada, path, other, ben, key }
    }

    async fn put(&self, name: &str, body: &Value) -> (StatusCode, Value) {
        self.ada.send_json(Method::PUT, &format!("{}/{name}", self.path), body).await
    }

    async fn test(&self, name: &str) -> Value {
        let (status, answer) = self.ada.send(Method::POST, &format!("{}/{name}/test", self.path)).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// A text as a browser seals it to the server's key.
    async fn sealed(&self, text: &str) -> String {
        let key = self.ada.get("/settings/sealing-key").await["publicKey"].as_str().unwrap().to_owned();
        let key: [u8; 32] = STANDARD.decode(key).unwrap().try_into().unwrap();
        let mut sealed = vec![0; text.len() + 48];
        crypto_box_seal(&mut sealed, text.as_bytes(), &key).unwrap();
        STANDARD.encode(sealed)
    }
}

#[tokio::test]
async fn an_owner_names_a_server_tries_it_and_forgets_it_and_its_token_is_told_to_nobody() {
    let world = World::new().await;
    let url = format!("{}/mcp", world.other.url);
    let sealed = world.sealed(&world.key).await;
    let (status, named) = world.put("atelier", &json!({ "url": url, "sealedToken": sealed })).await;
    assert_eq!(
        (status, &named["hasToken"], &named["trusted"]),
        (StatusCode::OK, &json!(true), &json!([])),
        "{named}"
    );
    let tried = world.test("atelier").await;
    assert_eq!(tried["ok"], true, "{tried}");
    let tool = |name: &str| {
        tried["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap().clone()
    };
    assert_eq!((&tool("recall")["onlyReads"], &tool("recall")["asks"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&tool("order_work")["onlyReads"], &tool("order_work")["asks"]),
        (&json!(false), &json!(true))
    );

    // What is said nothing of stays, and the token with it.
    let (_, trusting) = world.put("atelier", &json!({ "url": url, "trusted": ["order_work"] })).await;
    assert_eq!((&trusting["hasToken"], &trusting["trusted"]), (&json!(true), &json!(["order_work"])));
    let tried = world.test("atelier").await;
    assert!(
        tried["tools"]
            .as_array()
            .unwrap()
            .iter()
            .any(|tool| tool["name"] == "order_work" && tool["asks"] == false)
    );

    let listed = world.ada.get(&world.path).await;
    assert_eq!((&listed["servers"][0]["name"], &listed["commands"]), (&json!("atelier"), &json!([])));
    assert!(!listed.to_string().contains(&world.key));

    // A token goes to the address that it was given for, and to no other.
    let (_, moved) = world.put("atelier", &json!({ "url": format!("{url}/") })).await;
    assert_eq!(moved["hasToken"], false);
    let (_, back) = world.put("atelier", &json!({ "url": url })).await;
    assert_eq!(back["hasToken"], false);
    let tried = world.test("atelier").await;
    assert_eq!(tried["ok"], false);
    assert!(tried["message"].as_str().unwrap().contains("does not accept the token"), "{tried}");

    let one = format!("{}/atelier", world.path);
    assert_eq!(world.ada.send(Method::DELETE, &one).await.0, 204);
    assert_eq!(world.ada.send(Method::DELETE, &one).await.0, 404);
    assert_eq!(world.ada.send(Method::GET, &one).await.0, 404);
}

#[tokio::test]
async fn what_cannot_be_a_server_is_refused_and_the_field_is_named() {
    let app = Atelier::start().await;
    let ada = app.first_person().await;
    let path = format!("/projects/{}/tool-servers", ada.film("Tides").await);
    for (name, body, field) in [
        ("weather", json!({ "url": "http://tools.example.com/mcp" }), "url"),
        ("weather", json!({ "url": "https://127.0.0.1/mcp" }), "url"),
        ("weather", json!({ "url": "https://localhost/mcp" }), "url"),
        ("weather", json!({ "url": "https://169.254.169.254/latest" }), "url"),
        ("weather", json!({ "url": "https://[::1]/mcp" }), "url"),
        ("weather", json!({ "url": "file:///etc/passwd" }), "url"),
        ("weather", json!({}), "url"),
        ("weather", json!({ "command": "/bin/sh" }), "command"),
        ("weather", json!({ "url": "https://tools.example.com/mcp", "command": "x" }), "url"),
        (
            "weather",
            json!({ "url": "https://tools.example.com/mcp", "sealedToken": "in clear" }),
            "sealedToken",
        ),
        ("We%20ather", json!({ "url": "https://tools.example.com/mcp" }), "name"),
        ("weather", json!({ "url": "https://tools.example.com/mcp", "trusted": [""] }), "trusted"),
    ] {
        let (status, refused) = ada.send_json(Method::PUT, &format!("{path}/{name}"), &body).await;
        assert_eq!(
            (status, &refused["details"]["field"]),
            (StatusCode::BAD_REQUEST, &json!(field)),
            "{body}: {refused}"
        );
    }
    assert_eq!(ada.get(&path).await["servers"], json!([]));
}

#[tokio::test]
async fn a_server_that_keeps_failing_rests_also_after_a_restart_until_it_is_another_one() {
    let mut world = World::new().await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (status, named) = world.put("gone", &json!({ "url": format!("http://{gone}/mcp") })).await;
    assert_eq!(status, 200, "{named}");
    for _ in 0..5 {
        assert_eq!(world.test("gone").await["ok"], false);
    }
    let resting = world.ada.get(&format!("{}/gone", world.path)).await;
    assert!(resting["health"]["restingUntil"].is_string(), "{resting}");
    assert!(world.test("gone").await["message"].as_str().unwrap().contains("is not asked for another"));
    // The breaker is kept beside the work: what it was is there when the server is again.
    let store = world.app.store().await;
    let kept = tests::within("the breaker", async {
        loop {
            let kept = store.read(|tx| store::settings::get(tx, "tools.breakers")).await.unwrap();
            if kept.as_deref().is_some_and(|kept| kept.contains("open")) {
                return kept.unwrap();
            }
            tokio::task::yield_now().await;
        }
    });
    assert!(kept.await.contains("/gone"));
    drop(store);
    world.app.kill().await;
    world.app.start_again().await;
    let ada = world.ada.at(&world.app);
    let (_, again) = ada.send(Method::POST, &format!("{}/gone/test", world.path)).await;
    assert!(again["message"].as_str().unwrap().contains("is not asked for another"), "{again}");
    let url = format!("{}/mcp", world.other.url);
    let (_, moved) =
        ada.send_json(Method::PUT, &format!("{}/gone", world.path), &json!({ "url": url })).await;
    assert!(moved["health"]["restingUntil"].is_null(), "{moved}");
}

#[tokio::test]
async fn a_call_that_is_allowed_after_a_power_cut_is_made_once_and_the_conversation_goes_on_with_its_answer()
{
    let mut world = World::new().await;
    let (ada, mut model) = (world.ada.clone(), Model::start().await);
    model.serve(&ada).await;
    let project = ada.post("/projects/sample", &json!({})).await["id"].as_str().unwrap().to_owned();
    model.allow(&ada, &project).await;
    let film = world.ben.film("Skerry").await;
    let key = world.ben.post("/auth/keys", &json!({ "name": "writes", "scope": "write" })).await;
    let sealed = world.sealed(key["key"].as_str().unwrap()).await;
    let other = json!({ "url": format!("{}/mcp", world.other.url), "sealedToken": sealed });
    let file = "---\nname: cues\ntitle: Cue list\ndepartment: audio\nrole: specialist\nengine: film.cues\n\
        tools: [\"mcp:atelier/propose_record\"]\n---\nYou listen.\n";
    for (place, body) in
        [("tool-servers/atelier", other), ("agents/audio/cues", json!({ "definition": file }))]
    {
        let (status, put) = ada.send_json(Method::PUT, &format!("/projects/{project}/{place}"), &body).await;
        assert_eq!(status, StatusCode::OK, "{put}");
    }
    let order =
        json!({ "projectId": project, "task": "Which sounds and music cues do we need?", "async": true });
    let task = ada.post("/orchestrator/task", &order).await;
    let run = format!("/projects/{project}/runs/{}", task["taskId"].as_str().unwrap());
    let step = async |state: &str| {
        within(state, async {
            loop {
                let detail = ada.get(&run).await;
                let steps = detail["steps"].as_array().unwrap();
                let cues = steps.iter().find(|step| step["name"] == "audio/cues").unwrap();
                if cues["state"] == state {
                    return cues.clone();
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    };
    let mut call = model.asked().await;
    let told = json!({ "projectId": film, "content": "Tomas is a customs officer, 52." });
    call.use_tool("c1", "mcp_atelier_propose_record", &told).await;
    call.end().await;
    let asks = step("waiting").await;
    assert!(asks["reason"]["question"].as_str().unwrap().contains("mcp:atelier/propose_record"), "{asks}");
    world.app.kill().await;
    world.app.start_again().await;
    let answer = format!("{run}/steps/{}/answer", asks["id"].as_str().unwrap());
    assert_eq!(ada.send_json(Method::POST, &answer, &json!({ "answer": "allow" })).await.0, 204);
    let mut call = model.asked().await;
    let messages = call.body["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &messages[3]["role"]), (4, &json!("tool")), "{messages:?}");
    assert!(messages[3]["content"].as_str().unwrap().contains("outsideServerSaid"), "{messages:?}");
    let nothing = json!({ "summary": { "text": "", "sources": [] }, "remarks": [], "suggestions": [] });
    call.say(&nothing.to_string()).await;
    call.end().await;
    step("complete").await;
    let proposed = world.ben.get(&format!("/projects/{film}/reviews?kind=ingest")).await;
    assert_eq!(proposed["docs"].as_array().unwrap().len(), 1, "{proposed}");
    let log = ada.get(&format!("{run}/log?limit=1000")).await;
    let kinds = log["entries"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap());
    let kinds: Vec<&str> =
        kinds.filter(|kind| ["prompt", "tool_call", "goes_on", "kept"].contains(kind)).collect();
    assert_eq!(kinds, ["prompt", "tool_call", "goes_on"]);
}
