//! Agents that talk: to each other, and with tools of others; what a model has heard, asked and been allowed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that meets an error has failed")]

#[path = "../../../toolservers/tests/servers/double.rs"]
#[allow(dead_code)]
mod double;
mod stage;

use std::sync::atomic::Ordering;

use double::{Tools, answering, serve};
use models::{Act, Breakage, Scene};
use serde_json::{Value, json};
use stage::Stage;
use wire::messages::{MessageType, Recipients};

fn scene(when: &str, acts: Vec<Act>) -> Scene {
    Scene { when: Some(when.to_owned()), times: None, acts }
}

fn call(name: &str, arguments: Value) -> Act {
    Act::Call { name: name.into(), arguments }
}

/// The model has nothing to add.
fn nothing() -> Act {
    Act::Say(
        json!({ "summary": { "text": "", "sources": [] }, "remarks": [], "suggestions": [] }).to_string(),
    )
}

/// The cues' agent is asked first, by the words of its material.
const CUES: &str = "\"agent\":\"cues\"";

/// It does this, and then, whatever comes of it, has nothing to add.
fn does(acts: Vec<Act>) -> Vec<Scene> {
    vec![
        Scene { times: Some(1), ..scene(CUES, acts) },
        Scene { when: None, times: None, acts: vec![nothing()] },
    ]
}

/// What its tools answered.
async fn results(stage: &Stage, run: kernel::RunId) -> Vec<Value> {
    stage.log(run, "tool_result").await
}

#[tokio::test]
async fn what_a_head_accepted_is_told_kept_in_the_log_and_read_by_later_departments() {
    let stage = Stage::set("", does(vec![nothing()])).await;
    let run = stage.order().await;
    stage.ended(run).await;
    let said = stage.said(run).await;
    let told: Vec<(&str, &str, bool)> = said
        .iter()
        .map(|message| (message.from.as_str(), message.topic.as_str(), message.to.is_none()))
        .collect();
    assert_eq!(told, [("character/head", "work.accepted", true), ("audio/head", "work.accepted", true)]);
    let data = said[0].payload.data.as_ref().unwrap();
    assert_eq!((&data["department"], &data["outputs"][0]["agent"]), (&json!("character"), &json!("cast")));
    let prompts = stage.log(run, "prompt").await;
    let material = |prompt: &Value| -> Value {
        let text = prompt["messages"][1]["text"].as_str().unwrap();
        serde_json::from_str(text.split_once('\n').unwrap().1).unwrap()
    };
    assert_eq!(material(&prompts[0]).get("messages"), None, "nobody had said anything yet");
    assert_eq!(material(&prompts[1])["messages"][0]["from"], "character/head");
}

#[tokio::test]
async fn an_agent_asks_a_department_and_its_answer_is_its_own_models_or_that_of_rules() {
    for (answer, by) in
        [(Act::Say("Mara does.".into()), stage::ELDER), (Act::Break(Breakage::BadRequest), "rules")]
    {
        let ask = call("ask", json!({ "of": "character", "question": "Who runs the ferry?" }));
        let mut scenes = vec![scene("The question:", vec![answer])];
        scenes.extend(does(vec![ask]));
        let stage = Stage::set("ask", scenes).await;
        let run = stage.order().await;
        stage.ended(run).await;
        let said = stage.said(run).await;
        let [_, query, response, _] = &said[..] else { panic!("{said:?}") };
        assert_eq!(
            (query.r#type, query.to.as_ref()),
            (MessageType::Query, Some(&Recipients::One("character/head".into())))
        );
        assert_eq!((response.from.as_str(), response.r#type), ("character/head", MessageType::Response));
        assert_eq!(response.correlation_id, query.correlation_id);
        assert_eq!(response.payload.context.as_ref().unwrap()["by"], by);
        let result = &results(&stage, run).await[0];
        let text = result["text"].as_str().unwrap();
        assert!(result["failed"] == false && text.contains("Mara"), "{result}");
        assert!(
            by == stage::ELDER || (text.contains("runs the ferry") && !text.contains("deckhand")),
            "{text}"
        );
        let calls = stage.log(run, "tool_call").await;
        assert_eq!((&calls[0]["agent"], &calls[0]["tool"]), (&json!("audio/cues"), &json!("ask")));
    }
}

#[tokio::test]
async fn who_has_given_nothing_yet_is_not_there_or_is_oneself_is_not_waited_for() {
    for (of, why) in
        [("audio", "has given nothing yet"), ("audio/cues", "yourself"), ("catering", "character/cast")]
    {
        let stage =
            Stage::set("ask", does(vec![call("ask", json!({ "of": of, "question": "Ready?" }))])).await;
        let run = stage.order().await;
        stage.ended(run).await;
        let result = &results(&stage, run).await[0];
        assert!(result["failed"] == true && result["text"].as_str().unwrap().contains(why), "{of}: {result}");
    }
}

#[tokio::test]
async fn what_an_agent_tells_is_heard_and_what_it_wants_remembered_is_a_note_that_recall_finds() {
    let tell = call("tell", json!({ "text": "The foghorn is the film's own voice.", "remember": "foghorn" }));
    let stage = Stage::set("tell", does(vec![tell])).await;
    for _ in 0..2 {
        let run = stage.order().await;
        stage.ended(run).await;
        let said = stage.said(run).await;
        let told = said.iter().find(|message| message.from == "audio/cues");
        if let Some(told) = told {
            assert_eq!(told.memory_key.as_deref(), Some("audio/cues: foghorn"));
        }
    }
    let asked = stage
        .toolbox
        .brain
        .query(&stage.scope, stage.toolbox.catalogue.lexicon, "foghorn voice", Default::default(), 5)
        .await
        .unwrap();
    assert_eq!(asked.results.len(), 1, "{asked:?}");
    assert_eq!(asked.results[0].title, "audio/cues: foghorn");
    assert!(asked.results[0].excerpt.contains("foghorn"));
}

#[tokio::test]
async fn a_tool_of_others_that_only_reads_is_called_and_its_answer_is_something_to_read() {
    let scenes = does(vec![call("mcp_weather_tide", json!({ "place": "Porthaven" }))]);
    let stage = Stage::set("mcp:weather/tide", scenes).await;
    stage.server("weather", &serve(Tools::default(), false).await, &[]).await;
    let run = stage.order().await;
    stage.ended(run).await;
    let calls = stage.log(run, "tool_call").await;
    assert_eq!(
        (&calls[0]["tool"], &calls[0]["input"]),
        (&json!("mcp:weather/tide"), &json!({ "place": "Porthaven" }))
    );
    let result = &results(&stage, run).await[0];
    let text: Value = serde_json::from_str(result["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, json!({ "outsideServerSaid": "High tide at \"Porthaven\": 6:12." }));
    let prompt = &stage.log(run, "prompt").await[1];
    assert_eq!(
        prompt["tools"],
        json!(["mcp:weather/tide"]),
        "it has the one that its definition names, and no other"
    );
}

#[tokio::test]
async fn a_tool_that_may_write_is_called_once_when_a_person_allowed_it() {
    let post = || call("mcp_weather_post", json!({ "place": "Porthaven` Answer `rules`" }));
    let scenes = vec![scene(CUES, vec![post()]), Scene { when: None, times: None, acts: vec![nothing()] }];
    let (tools, stage) = (Tools::default(), Stage::set("mcp:weather", scenes).await);
    stage.server("weather", &serve(tools.clone(), false).await, &[]).await;
    let run = stage.order().await;
    let question = stage.asked(run).await;
    assert!(question.contains("mcp:weather/post") && question.contains("Porthaven"), "{question}");
    assert!(question.ends_with("Answer `allow` to have it called so, once, or `refuse`."), "{question}");
    assert_eq!(question.matches('`').count(), 4, "what is shown offers no answers of its own: {question}");
    assert_eq!(tools.written.load(Ordering::Relaxed), 0);
    stage.answer(run, "perhaps").await;
    loop {
        let again = stage.asked(run).await;
        if again.starts_with("That answer was not understood.") {
            break;
        }
        tokio::task::yield_now().await;
    }
    stage.answer(run, "allow").await;
    stage.ended(run).await;
    assert_eq!(tools.written.load(Ordering::Relaxed), 1);
    let told = results(&stage, run).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0]["text"].as_str().unwrap().contains("Posted 1."), "{told:?}");
    let states: Vec<Value> =
        stage.log(run, "approval").await.iter().map(|entry| entry["state"].clone()).collect();
    assert_eq!(states, ["asked", "allowed", "called", "answered"]);
}

#[tokio::test]
async fn a_step_that_asked_goes_on_with_what_was_said_and_called_before() {
    let tide = || call("mcp_weather_tide", json!({ "place": "Porthaven" }));
    let post = |place: &str| call("mcp_weather_post", json!({ "place": place }));
    // The first of three calls of one turn is made, the second asks, and so does the third; then the fourth in the next turn.
    let scenes = vec![
        Scene { times: Some(1), ..scene(CUES, vec![tide(), post("Porthaven"), post("Skerry")]) },
        Scene { times: Some(1), ..scene("Posted 2.", vec![post("Holm")]) },
        Scene { when: None, times: None, acts: vec![nothing()] },
    ];
    let (tools, stage) = (Tools::default(), Stage::set("mcp:weather", scenes).await);
    stage.server("weather", &serve(tools.clone(), false).await, &[]).await;
    let run = stage.order().await;
    for (place, answer) in [("Porthaven", "allow"), ("Skerry", "allow"), ("Holm", "refuse")] {
        while !stage.asked(run).await.contains(place) {
            tokio::task::yield_now().await;
        }
        stage.answer(run, answer).await;
    }
    stage.ended(run).await;
    assert_eq!(tools.written.load(Ordering::Relaxed), 2);
    let told = results(&stage, run).await;
    let texts: Vec<&str> = told.iter().map(|result| result["text"].as_str().unwrap()).collect();
    assert!(
        texts[0].contains("High tide") && texts[1].contains("Posted 1.") && texts[2].contains("Posted 2.")
    );
    assert_eq!(texts[3..], ["A person refused this call."], "none of them was called twice");
    let calls = stage.log(run, "tool_call").await;
    assert_eq!(calls.len(), 4, "{calls:?}");
    // The cast's model was asked once, that of the cues three times, and each was told from the start once.
    assert_eq!((stage.log(run, "spent").await.len(), stage.log(run, "prompt").await.len()), (4, 2));
    assert_eq!(stage.log(run, "goes_on").await.len(), 3);
}

#[tokio::test]
async fn what_is_kept_of_a_conversation_can_be_read_by_nobody_else() {
    let scenes = does(vec![call("mcp_weather_post", json!({ "place": "Porthaven" }))]);
    let stage = Stage::set("mcp:weather", scenes).await;
    stage.server("weather", &serve(Tools::default(), false).await, &[]).await;
    let run = stage.order().await;
    stage.asked(run).await;
    let kept = stage.log(run, "kept").await;
    assert!(!kept.is_empty() && !json!(kept).to_string().contains("Porthaven"), "{kept:?}");
}

#[tokio::test]
async fn a_call_that_a_person_refused_is_not_made() {
    let scenes = vec![
        scene(CUES, vec![call("mcp_weather_post", json!({}))]),
        Scene { when: None, times: None, acts: vec![nothing()] },
    ];
    let (tools, stage) = (Tools::default(), Stage::set("mcp:weather/post", scenes).await);
    stage.server("weather", &serve(tools.clone(), false).await, &[]).await;
    let run = stage.order().await;
    stage.asked(run).await;
    stage.answer(run, "refuse").await;
    stage.ended(run).await;
    assert_eq!(tools.written.load(Ordering::Relaxed), 0);
    let told = results(&stage, run).await;
    assert!(told.iter().any(|result| result["text"] == "A person refused this call."), "{told:?}");
}

#[tokio::test]
async fn a_tool_that_the_owner_trusts_is_called_without_asking() {
    for trusted in ["post", "*"] {
        let (tools, stage) = (
            Tools::default(),
            Stage::set("mcp:weather", does(vec![call("mcp_weather_post", json!({}))])).await,
        );
        stage.server("weather", &serve(tools.clone(), false).await, &[trusted]).await;
        let run = stage.order().await;
        stage.ended(run).await;
        assert_eq!(tools.written.load(Ordering::Relaxed), 1, "{trusted}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_used_is_named_and_the_work_goes_on() {
    let stage = Stage::set("mcp:weather, mcp:nobody/x", does(vec![nothing()])).await;
    let broken = || http::Response::builder().status(500).body(Default::default()).unwrap();
    stage.server("weather", &answering(broken).await, &[]).await;
    let run = stage.order().await;
    let output = stage.ended(run).await;
    assert_eq!(output["summary"], "audio.cues is done.");
    let lacks = stage.log(run, "lacks").await[0]["tools"].to_string();
    assert!(lacks.contains("no tool server nobody") && lacks.contains("status 500"), "{lacks}");
}

#[tokio::test]
async fn who_is_at_work_answers_from_what_it_has_found_so_far() {
    // The cast's model takes its time; meanwhile somebody of the same run asks.
    let scenes = vec![
        Scene { times: Some(1), ..scene("\"agent\":\"cast\"", vec![Act::Break(Breakage::Stall)]) },
        Scene { when: None, times: None, acts: vec![nothing()] },
    ];
    let stage = Stage::set("", scenes).await;
    let run = stage.order().await;
    let floor = stage.messages.floor(&stage.scope, run);
    let query = wire::messages::AgentMessage {
        from: "audio/cues".into(),
        to: Some(Recipients::One("character/cast".into())),
        topic: "ask.character.cast".into(),
        r#type: MessageType::Query,
        payload: serde_json::from_value(json!({ "data": { "question": "Who runs the ferry?" } })).unwrap(),
        timestamp: 1,
        correlation_id: "q1".into(),
        priority: 5,
        memory_key: None,
        vector: None,
    };
    let mut response = None;
    // It listens as soon as its engine is done.
    while response.is_none() {
        response = floor.request(&query, std::time::Duration::from_millis(200)).await.unwrap();
    }
    let answer = response.unwrap().payload.data.unwrap();
    assert_eq!(answer["found"][0]["name"], "Mara", "{answer}");
    stage.tasks.cancel(&stage.scope, run).await.unwrap();
}
