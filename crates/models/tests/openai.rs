//! OpenAI's chat completions as this crate writes and reads them.
#![allow(clippy::unwrap_used, reason = "what tests are set up with must work")]

mod doubles;

use doubles::{Double, Reply, fault, hear, key, models, text};
use models::{
    Adjustment, Cost, Delta, Fault, Kind, Message, OpenAi, Provider, Request, Route, Schema, Stop, Target,
    Tool, ToolResult,
};
use serde_json::{Value, json};

fn route(double: &Double) -> Route {
    Target::new(Provider::OpenAi(OpenAi::at(double.base("/v1"), Some(key()))), "gpt").into()
}

fn hello() -> Request {
    Request::new(vec![Message::user("Hello")])
}

fn choice(delta: Value, finish: Option<&str>) -> Value {
    json!({"id": "c1", "object": "chat.completion.chunk", "system_fingerprint": null, "new_field": {"a": [1]},
        "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]})
}

fn stream(chunks: Vec<Value>) -> Reply {
    Reply::events(chunks.into_iter().map(|chunk| chunk.to_string()).chain(["[DONE]".to_owned()]))
}

fn look() -> Tool {
    let json = json!({"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"],
        "additionalProperties": false});
    Tool { description: "Looks at a place".into(), arguments: Schema::new("look", json).unwrap() }
}

#[tokio::test]
async fn a_request_is_written_as_the_api_wants_it() {
    let mut double = Double::serving([stream(vec![choice(json!({"content": "{}"}), Some("stop"))])]).await;
    let schema = Schema::new("form", json!({"type": "object"})).unwrap();
    let request = Request::new(vec![Message::system("Be brief"), Message::user("Hello")])
        .with_schema(schema)
        .with_tools(vec![look()])
        .with_max_tokens(9)
        .with_temperature(0.5);
    models().complete(&route(&double), request).await.unwrap();
    let seen = double.request().await;
    assert_eq!(seen.path, "/v1/chat/completions");
    assert_eq!(seen.headers["authorization"], "Bearer sk-test-0123456789");
    assert_eq!(
        seen.body,
        json!({
            "model": "gpt",
            "messages": [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hello"}],
            "stream": true,
            "stream_options": {"include_usage": true},
            "max_tokens": 9,
            "temperature": 0.5,
            "response_format": {"type": "json_schema", "json_schema": {
                "name": "form", "schema": {"type": "object"}, "strict": false}},
            "tools": [{"type": "function", "function": {
                "name": "look", "description": "Looks at a place", "parameters": look().arguments.json()}}],
        })
    );
}

#[tokio::test]
async fn a_normal_stream_is_read_and_unknown_fields_are_passed_over() {
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": 14,
        "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0}}});
    let double = Double::serving([stream(vec![
        choice(json!({"role": "assistant", "content": "", "refusal": null}), None),
        choice(json!({"content": "Hi"}), None),
        choice(json!({"content": " there"}), None),
        choice(json!({}), Some("stop")),
        usage,
    ])])
    .await;
    let (heard, error) = hear(&models(), &route(&double), hello()).await;
    assert_eq!((text(&heard).as_str(), error), ("Hi there", None));
    let [.., Delta::Spent(spent), Delta::Done { stop: Stop::End }] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((spent.usage.input_tokens, spent.usage.cached_tokens, spent.usage.output_tokens), (12, 4, 2));
    assert_eq!((spent.usage.estimated, spent.cost), (false, Cost::Unknown));
}

#[tokio::test]
async fn a_server_that_counts_no_tokens_has_them_estimated_and_marked() {
    let double = Double::serving([stream(vec![choice(json!({"content": "12345678"}), Some("stop"))])]).await;
    let own = OpenAi::at(double.base("/v1"), None).free();
    let answer =
        models().complete(&Target::new(Provider::OpenAi(own), "local").into(), hello()).await.unwrap();
    assert_eq!((answer.spent.usage.output_tokens, answer.spent.usage.estimated), (2, true));
    assert_eq!(answer.spent.cost, Cost::MicroUsd(0), "the operator says that it is free");
}

#[tokio::test]
async fn a_server_that_says_no_farewell_is_understood() {
    let double = Double::serving([Reply::events([choice(json!({"content": "Hi"}), Some("length"))])]).await;
    let answer = models().complete(&route(&double), hello()).await.unwrap();
    assert_eq!(answer.stop, Stop::MaxTokens);
}

#[tokio::test]
async fn tool_calls_are_put_together_and_their_results_handed_back() {
    let call = |index: u64, id: Option<&str>, name: Option<&str>, arguments: &str| {
        choice(
            json!({"tool_calls": [{"index": index, "id": id, "type": "function",
                "function": {"name": name, "arguments": arguments}}]}),
            None,
        )
    };
    let mut double = Double::serving([
        stream(vec![
            choice(json!({"content": null, "reasoning_content": "I should"}), None),
            choice(json!({"reasoning_content": " look."}), None),
            call(0, Some("a"), Some("look"), ""),
            call(0, None, None, "{\"at\": \"har"),
            call(1, Some("b"), Some("look"), "{\"at\": \"quay\"}"),
            call(0, None, None, "bour\"}"),
            choice(json!({}), Some("tool_calls")),
        ]),
        stream(vec![choice(json!({"content": "Seen"}), Some("stop"))]),
    ])
    .await;
    let models = models();
    let mut request = hello().with_tools(vec![look()]);
    let first = models.complete(&route(&double), request.clone()).await.unwrap();
    assert_eq!(first.stop, Stop::ToolCalls);
    assert_eq!(first.turn.tool_calls[0].arguments, json!({"at": "harbour"}));
    assert_eq!(first.turn.tool_calls[1].arguments, json!({"at": "quay"}));
    request.messages.push(Message::Assistant(first.turn));
    for (call, failed) in [("a", false), ("b", true)] {
        let result = ToolResult { call: call.into(), name: "look".into(), text: "fog".into(), failed };
        request.messages.push(Message::Tool(result));
    }
    models.complete(&route(&double), request).await.unwrap();
    double.request().await;
    assert_eq!(
        double.request().await.body["messages"],
        json!([
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": null, "reasoning_content": "I should look.", "tool_calls": [
                {"id": "a", "type": "function",
                    "function": {"name": "look", "arguments": "{\"at\":\"harbour\"}"}},
                {"id": "b", "type": "function", "function": {"name": "look", "arguments": "{\"at\":\"quay\"}"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "fog"},
            {"role": "tool", "tool_call_id": "b", "content": "Error: fog"},
        ])
    );
}

#[tokio::test]
async fn arguments_that_are_no_json_are_not_usable() {
    let call = json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "look", "arguments": "{\"at\""}}]});
    let double = Double::serving([stream(vec![choice(call, Some("tool_calls"))])]).await;
    let request = hello().with_tools(vec![look()]);
    assert_eq!(fault(models().complete(&route(&double), request).await).kind(), Kind::InvalidOutput);
}

#[tokio::test]
async fn a_refusal_is_declined() {
    let double = Double::serving([stream(vec![
        choice(json!({"refusal": "I can't"}), None),
        choice(json!({}), Some("stop")),
    ])])
    .await;
    let answer = models().complete(&route(&double), hello()).await.unwrap();
    assert_eq!((answer.turn.text.as_str(), answer.stop), ("I can't", Stop::Declined));
}

#[tokio::test]
async fn a_frame_that_is_no_json_is_not_usable() {
    let double = Double::serving([Reply::events(["{\"choices\": ["])]).await;
    assert_eq!(fault(models().complete(&route(&double), hello()).await).kind(), Kind::InvalidOutput);
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_is_told_by_its_kind() {
    let error = json!({"error": {"message": "busy", "type": "server_error", "code": null}});
    let double = Double::serving([stream(vec![choice(json!({"content": "Hi"}), None), error])]).await;
    let (heard, error) = hear(&models(), &route(&double), hello()).await;
    assert_eq!((text(&heard).as_str(), error.unwrap().kind()), ("Hi", Kind::Overloaded));
}

#[tokio::test]
async fn a_setting_that_a_model_no_longer_takes_is_left_out_named_and_remembered() {
    let refusal = |message: &str| Reply::status(400, json!({"error": {"message": message}}).to_string());
    let mut double = Double::serving([
        refusal("Unsupported value: 'temperature' does not support 0.5 with this model."),
        refusal("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        refusal("Function tools with reasoning_effort are not supported for this model."),
        stream(vec![choice(json!({"content": "Hi"}), Some("stop"))]),
    ])
    .await;
    let models = models();
    let request = hello().with_temperature(0.5).with_max_tokens(9).with_tools(vec![look()]);
    let answer = models.complete(&route(&double), request.clone()).await.unwrap();
    assert_eq!(
        answer.served.adjusted,
        [Adjustment::NoTemperature, Adjustment::NewerTokenLimit, Adjustment::NoReasoning]
    );
    for _ in 0..4 {
        double.request().await;
    }
    models.complete(&route(&double), request).await.unwrap();
    let body = double.request().await.body;
    assert!(body.get("temperature").is_none() && body.get("max_tokens").is_none());
    assert_eq!((&body["max_completion_tokens"], &body["reasoning_effort"]), (&json!(9), &json!("none")));
    assert!(double.is_quiet(), "one call was enough");
}

#[tokio::test]
async fn a_refusal_that_nothing_can_mend_is_told() {
    let double = Double::serving([Reply::status(400, r#"{"error": {"message": "context too long"}}"#)]).await;
    let fault = fault(models().complete(&route(&double), hello()).await);
    assert_eq!(fault, Fault::BadRequest { message: "status 400: context too long".into() });
}

#[tokio::test]
async fn an_empty_account_is_not_a_busy_provider() {
    let body = r#"{"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}"#;
    let mut double = Double::serving([Reply::status(429, body)]).await;
    assert_eq!(fault(models().complete(&route(&double), hello()).await), Fault::QuotaSpent);
    double.request().await;
    assert!(double.is_quiet(), "it is not tried again");
}
