//! Anthropic's messages as this crate writes and reads them.
#![allow(clippy::unwrap_used, reason = "what tests are set up with must work")]

mod doubles;

use doubles::{Double, Reply, fault, hear, key, models, text};
use models::{
    Anthropic, Delta, Kind, Message, Provider, Request, Route, Schema, Stop, Target, Tool, ToolCall,
    ToolResult, Turn,
};
use serde_json::{Value, json};

fn route(double: &Double, model: &str) -> Route {
    Target::new(Provider::Anthropic(Anthropic::at(double.base(""), key())), model).into()
}

fn hello() -> Request {
    Request::new(vec![Message::user("Hello")])
}

fn start() -> Value {
    json!({"type": "message_start", "message": {"id": "m1", "role": "assistant", "content": [],
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 2,
            "output_tokens": 1}}})
}

fn end(reason: &str) -> [Value; 2] {
    [
        json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 7}}),
        json!({"type": "message_stop"}),
    ]
}

fn block(index: u64, block: Value, deltas: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut events = vec![json!({"type": "content_block_start", "index": index, "content_block": block})];
    let deltas = deltas.into_iter();
    events.extend(deltas.map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})));
    events.push(json!({"type": "content_block_stop", "index": index}));
    events
}

fn text_block(index: u64, words: &[&str]) -> Vec<Value> {
    let deltas = words.iter().map(|text| json!({"type": "text_delta", "text": text}));
    block(index, json!({"type": "text", "text": ""}), deltas)
}

fn stream(blocks: Vec<Vec<Value>>, reason: &str) -> Reply {
    let ping = vec![json!({"type": "ping"})];
    let parts = [vec![start()], ping].into_iter().chain(blocks).chain([end(reason).to_vec()]);
    Reply::events(parts.flatten())
}

fn look() -> Tool {
    let json = json!({"type": "object", "properties": {"at": {"type": "string"}}});
    Tool { description: "Looks".into(), arguments: Schema::new("look", json).unwrap() }
}

#[tokio::test]
async fn a_request_is_written_as_the_api_wants_it() {
    let mut double = Double::serving([stream(vec![text_block(0, &["{\"n\": 1}"])], "end_turn")]).await;
    let json =
        json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]});
    let call = ToolCall { id: "t1".into(), name: "look".into(), arguments: json!({"at": "quay"}) };
    let turn = Turn {
        text: " ".into(),
        tool_calls: vec![call.clone(), ToolCall { id: "t2".into(), ..call }],
        echo: None,
    };
    let result = |call: &str, failed| ToolResult {
        call: call.into(),
        name: "look".into(),
        text: "fog".into(),
        failed,
    };
    let messages = vec![
        Message::system("Be brief"),
        Message::user("Hello"),
        Message::system("Be kind"),
        Message::Assistant(turn),
        Message::Tool(result("t1", false)),
        Message::Tool(result("t2", true)),
    ];
    let request = Request::new(messages)
        .with_schema(Schema::new("form", json).unwrap())
        .with_tools(vec![look()])
        .with_temperature(1.5);
    models().complete(&route(&double, "claude"), request).await.unwrap();
    let seen = double.request().await;
    assert_eq!(seen.path, "/v1/messages");
    assert_eq!(seen.headers["x-api-key"], "sk-test-0123456789");
    assert_eq!(seen.headers["anthropic-version"], "2023-06-01");
    let answer = |call: &str, failed: bool| json!({"type": "tool_result", "tool_use_id": call, "content": "fog", "is_error": failed});
    assert_eq!(
        seen.body,
        json!({
            "model": "claude",
            "max_tokens": 16_000,
            "system": "Be brief\n\nBe kind",
            "messages": [
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "quay"}},
                    {"type": "tool_use", "id": "t2", "name": "look", "input": {"at": "quay"}}]},
                {"role": "user", "content": [answer("t1", false), answer("t2", true)]}],
            "stream": true,
            "temperature": 1.0,
            "output_config": {"format": {"type": "json_schema", "schema": {
                "type": "object", "required": ["n"], "additionalProperties": false,
                "properties": {"n": {"type": "integer", "description": "(minimum: 1)"}}}}},
            "tools": [{"name": "look", "description": "Looks", "input_schema": look().arguments.json()}],
        })
    );
}

#[tokio::test]
async fn a_form_that_no_grammar_takes_is_asked_for_in_words() {
    let mut double =
        Double::serving([stream(vec![text_block(0, &["{\"any\": \"thing\"}"])], "end_turn")]).await;
    let open = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let request = hello().with_schema(Schema::new("open", open.clone()).unwrap());
    let answer = models().complete(&route(&double, "claude"), request).await.unwrap();
    assert_eq!(answer.value, Some(json!({"any": "thing"})));
    let body = double.request().await.body;
    assert!(body.get("output_config").is_none());
    assert!(body["system"].as_str().unwrap().contains(&open.to_string()));
}

#[tokio::test]
async fn a_normal_stream_is_read_and_all_input_is_counted() {
    let unknown =
        vec![json!({"type": "content_block_start", "index": 1, "content_block": {"type": "new_thing"}})];
    let double = Double::serving([stream(vec![text_block(0, &["Hi", " there"]), unknown], "end_turn")]).await;
    let (heard, error) = hear(&models(), &route(&double, "claude"), hello()).await;
    assert_eq!((text(&heard).as_str(), error), ("Hi there", None));
    let [.., Delta::Spent(spent), Delta::Done { stop: Stop::End }] = &heard[..] else { panic!("{heard:?}") };
    let usage = spent.usage;
    assert_eq!((usage.input_tokens, usage.cached_tokens, usage.cache_write_tokens), (17, 5, 2));
    assert_eq!((usage.output_tokens, usage.estimated), (7, false));
}

#[tokio::test]
async fn signed_thoughts_are_handed_back_word_for_word_to_the_same_model_only() {
    let thought = block(
        0,
        json!({"type": "thinking", "thinking": "", "signature": ""}),
        [
            json!({"type": "thinking_delta", "thinking": "I should "}),
            json!({"type": "thinking_delta", "thinking": "look."}),
            json!({"type": "signature_delta", "signature": "c2ln"}),
        ],
    );
    let hidden = block(1, json!({"type": "redacted_thinking", "data": "eA=="}), []);
    let call = block(
        3,
        json!({"type": "tool_use", "id": "t1", "name": "look", "input": {}}),
        [
            json!({"type": "input_json_delta", "partial_json": ""}),
            json!({"type": "input_json_delta", "partial_json": "{\"at\": \"qu"}),
            json!({"type": "input_json_delta", "partial_json": "ay\"}"}),
        ],
    );
    let first = stream(vec![thought, hidden, text_block(2, &["Wait."]), call], "tool_use");
    let mut double = Double::serving([first, stream(vec![text_block(0, &["Fog"])], "end_turn")]).await;
    let models = models();
    let mut request = hello().with_tools(vec![look()]);
    let answer = models.complete(&route(&double, "claude"), request.clone()).await.unwrap();
    assert_eq!((answer.stop, answer.turn.text.as_str()), (Stop::ToolCalls, "Wait."));
    assert_eq!(answer.turn.tool_calls[0].arguments, json!({"at": "quay"}));

    request.messages.push(Message::Assistant(answer.turn));
    let result = ToolResult { call: "t1".into(), name: "look".into(), text: "fog".into(), failed: false };
    request.messages.push(Message::Tool(result));
    models.complete(&route(&double, "claude"), request.clone()).await.unwrap();
    models.complete(&route(&double, "another"), request).await.unwrap();
    double.request().await;
    let said = json!({"type": "text", "text": "Wait."});
    let called = json!({"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "quay"}});
    assert_eq!(
        double.request().await.body["messages"][1]["content"],
        json!([
            {"type": "thinking", "thinking": "I should look.", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "eA=="}, said, called])
    );
    assert_eq!(double.request().await.body["messages"][1]["content"], json!([said, called]));
}

#[tokio::test]
async fn an_overload_in_the_stream_before_the_first_word_is_tried_again() {
    let overloaded = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let double = Double::serving([
        Reply::events([start(), overloaded]),
        stream(vec![text_block(0, &["Hi"])], "end_turn"),
    ])
    .await;
    let answer = models().complete(&route(&double, "claude"), hello()).await.unwrap();
    assert_eq!((answer.turn.text.as_str(), answer.served.attempts), ("Hi", 2));
}

#[tokio::test]
async fn what_was_counted_before_a_cut_is_kept() {
    let double =
        Double::serving([Reply::events([vec![start()], text_block(0, &["Once upon a time"])].concat())])
            .await;
    let (heard, error) = hear(&models(), &route(&double, "claude"), hello()).await;
    assert_eq!(error.unwrap().kind(), Kind::Cut);
    let Some(Delta::Spent(spent)) = heard.last() else { panic!("{heard:?}") };
    let usage = spent.usage;
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.estimated), (17, 4, true));
}

#[tokio::test]
async fn reasons_to_stop_are_understood() {
    for (reason, stop) in [
        ("max_tokens", Stop::MaxTokens),
        ("stop_sequence", Stop::End),
        ("refusal", Stop::Declined),
        ("a_new_one", Stop::Other),
    ] {
        let double = Double::serving([stream(vec![text_block(0, &["Hi"])], reason)]).await;
        assert_eq!(models().complete(&route(&double, "claude"), hello()).await.unwrap().stop, stop);
    }
}

#[tokio::test]
async fn an_empty_account_is_told_by_its_words() {
    let body = json!({"type": "error", "error": {"type": "invalid_request_error",
        "message": "Your credit balance is too low to access the API."}});
    let double = Double::serving([Reply::status(400, body.to_string())]).await;
    assert_eq!(fault(models().complete(&route(&double, "claude"), hello()).await).kind(), Kind::QuotaSpent);
}
