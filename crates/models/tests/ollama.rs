//! Ollama's chat as this crate writes and reads it.
#![allow(clippy::unwrap_used, reason = "what tests are set up with must work")]

mod doubles;

use doubles::{Double, Part, Reply, fault, hear, models, part, text};
use models::{
    Cost, Delta, Kind, Message, Ollama, Provider, Request, Route, Schema, Stop, Target, Tool, ToolResult,
};
use serde_json::{Value, json};

fn route(double: &Double) -> Route {
    Target::new(Provider::Ollama(Ollama::at(double.base(""), None)), "llama").into()
}

fn hello() -> Request {
    Request::new(vec![Message::user("Hello")])
}

fn line(message: Value) -> Value {
    json!({"model": "llama", "created_at": "2026-11-21T00:00:00Z", "message": message, "done": false})
}

fn done(reason: &str) -> Value {
    json!({"model": "llama", "message": {"role": "assistant", "content": ""}, "done": true, "done_reason": reason,
        "total_duration": 5, "prompt_eval_count": 11, "eval_count": 3})
}

fn look() -> Tool {
    Tool { description: "Looks".into(), arguments: Schema::new("look", json!({"type": "object"})).unwrap() }
}

#[tokio::test]
async fn a_request_is_written_as_the_api_wants_it() {
    let mut double = Double::serving([Reply::lines([line(json!({"content": "{}"})), done("stop")])]).await;
    let schema = Schema::new("form", json!({"type": "object"})).unwrap();
    let request = Request::new(vec![Message::system("Be brief"), Message::user("Hello")])
        .with_schema(schema)
        .with_tools(vec![look()])
        .with_max_tokens(9)
        .with_temperature(0.5);
    models().complete(&route(&double), request).await.unwrap();
    let seen = double.request().await;
    assert_eq!(seen.path, "/api/chat");
    assert!(!seen.headers.contains_key("authorization"));
    assert_eq!(
        seen.body,
        json!({
            "model": "llama",
            "messages": [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hello"}],
            "stream": true,
            "options": {"temperature": 0.5, "num_predict": 9},
            "format": {"type": "object"},
            "tools": [{"type": "function", "function": {
                "name": "look", "description": "Looks", "parameters": {"type": "object"}}}],
        })
    );
}

#[tokio::test]
async fn a_normal_stream_is_read_and_costs_nothing() {
    let double = Double::serving([Reply::lines([
        line(json!({"role": "assistant", "content": "", "thinking": "Hm"})),
        line(json!({"role": "assistant", "content": "Hi"})),
        line(json!({"role": "assistant", "content": " there"})),
        done("stop"),
    ])])
    .await;
    let (heard, error) = hear(&models(), &route(&double), hello()).await;
    assert_eq!((text(&heard).as_str(), error), ("Hi there", None));
    assert!(matches!(&heard[1], Delta::Thinking { text } if text == "Hm"));
    let [.., Delta::Spent(spent), Delta::Done { stop: Stop::End }] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((spent.usage.input_tokens, spent.usage.output_tokens), (11, 3));
    assert_eq!(spent.cost, Cost::MicroUsd(0));
}

#[tokio::test]
async fn tool_calls_get_ids_and_their_results_are_handed_back_by_name() {
    let calls = json!({"content": "", "thinking": "Look.", "tool_calls": [
        {"function": {"name": "look", "arguments": {"at": "quay"}}},
        {"function": {"index": 1, "name": "look", "arguments": {"at": "harbour"}}}]});
    let mut double = Double::serving([
        Reply::lines([line(calls), done("stop")]),
        Reply::lines([line(json!({"content": "Fog"})), done("stop")]),
    ])
    .await;
    let models = models();
    let mut request = hello().with_tools(vec![look()]);
    let first = models.complete(&route(&double), request.clone()).await.unwrap();
    assert_eq!(first.stop, Stop::ToolCalls);
    let ids: Vec<String> = first.turn.tool_calls.iter().map(|call| call.id.clone()).collect();
    assert_ne!(ids[0], ids[1]);
    request.messages.push(Message::Assistant(first.turn));
    for call in ids {
        let result = ToolResult { call, name: "look".into(), text: "fog".into(), failed: false };
        request.messages.push(Message::Tool(result));
    }
    models.complete(&route(&double), request).await.unwrap();
    double.request().await;
    let call = |at: &str| json!({"function": {"name": "look", "arguments": {"at": at}}});
    assert_eq!(
        double.request().await.body["messages"],
        json!([
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "", "tool_calls": [call("quay"), call("harbour")], "thinking": "Look."},
            {"role": "tool", "tool_name": "look", "content": "fog"},
            {"role": "tool", "tool_name": "look", "content": "fog"},
        ])
    );
}

#[tokio::test]
async fn a_line_cut_by_the_connection_keeps_what_arrived() {
    let broken = Reply::lines([line(json!({"content": "Once"}))]).then(part("{\"mess")).then(Part::Cut);
    let double = Double::serving([broken]).await;
    let (heard, error) = hear(&models(), &route(&double), hello()).await;
    assert_eq!((text(&heard).as_str(), error.unwrap().kind()), ("Once", Kind::Cut));
}

#[tokio::test]
async fn an_error_in_a_line_is_told() {
    let double = Double::serving([Reply::lines([
        line(json!({"content": "Once"})),
        json!({"error": "the runner has crashed"}),
    ])])
    .await;
    let (_, error) = hear(&models(), &route(&double), hello()).await;
    assert_eq!(error.unwrap().kind(), Kind::Overloaded);
}

#[tokio::test]
async fn a_model_that_is_not_there_is_told_in_the_servers_words() {
    let double = Double::serving([Reply::status(404, r#"{"error": "model 'llama' not found"}"#)]).await;
    let error = models().complete(&route(&double), hello()).await.unwrap_err();
    assert!(error.to_string().contains("model 'llama' not found"), "{error}");
    assert_eq!(fault(Err(error)).kind(), Kind::BadRequest);
}

#[tokio::test]
async fn a_line_that_is_no_json_or_never_ends_is_not_usable() {
    for body in ["not json\n".to_owned(), "x".repeat(2_000_000)] {
        let double = Double::serving([Reply::lines(Vec::<String>::new()).then(part(&body))]).await;
        assert_eq!(fault(models().complete(&route(&double), hello()).await).kind(), Kind::InvalidOutput);
    }
}
