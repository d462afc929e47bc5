//! A tool of a server that the runner declares is called, within the same bounds as all else.

use serde_json::{Map, Value, json};
use wire::fleet::{Bounds, End, Engine, Outcome, RemoteOrder};

use crate::bench::{Bench, DOUBLE, ended, gone, lives, output, pids, submit, task};

fn bench() -> Bench {
    let mut bench = Bench::new();
    let argv = [DOUBLE, "tools"].map(str::to_owned).to_vec();
    bench.tools.servers = [("double".to_owned(), argv)].into();
    bench
}

fn call(tool: &str, arguments: &Value) -> RemoteOrder {
    let arguments: Map<String, Value> = arguments.as_object().unwrap().clone();
    RemoteOrder::of(Engine::Mcp { server: "double".into(), tool: tool.into(), arguments })
}

/// What such a tool wrote, and how that ended.
async fn does(tool: &str) -> (String, Outcome) {
    let bench = bench();
    let (workshop, outcome) = bench.run(call(tool, &json!({ "city": "Zoë" }))).await;
    (output(&workshop), outcome)
}

#[tokio::test]
async fn what_a_tool_answers_is_the_output() {
    let (said, outcome) = does("echo").await;
    assert_eq!((outcome.end, outcome.message.as_str()), (End::Complete, ""));
    assert_eq!(said, "{\"city\":\"Zoë\"}\n");
}

#[tokio::test]
async fn a_tool_that_says_that_it_failed_has_failed_and_its_words_are_kept() {
    let (said, outcome) = does("fails").await;
    let why = "The tool says that it failed; the output says why.";
    assert_eq!((outcome.end, outcome.message.as_str()), (End::Failed, why));
    assert_eq!(said, "no such city\n");
}

#[tokio::test]
async fn tools_that_end_before_they_answer_have_failed_with_their_code() {
    let (_, outcome) = does("leaves").await;
    let why = "`double` ended with 3 before it answered.";
    assert_eq!((outcome.end, outcome.exit_code, outcome.message.as_str()), (End::Failed, Some(3), why));
    let mut bench = bench();
    bench.tools.servers = [("double".to_owned(), vec!["cat".to_owned()])].into();
    let (_, outcome) = bench.run(call("echo", &json!({}))).await;
    assert_eq!(outcome.end, End::Failed, "it is no server of tools: {outcome:?}");
}

#[tokio::test]
async fn a_call_that_is_cancelled_leaves_no_process() {
    let bench = bench();
    let workshop = bench.open().await;
    assert!(workshop.begin(submit(1, call("stays", &json!({})))).unwrap());
    let pid = pids(&workshop, "[stderr] here ").await[0];
    assert!(lives(pid));
    workshop.cancel(task(1));
    assert_eq!(ended(&workshop, task(1)).await.end, End::Cancelled);
    gone(pid).await;
}

#[tokio::test]
async fn an_answer_that_is_longer_than_it_may_be_is_cut_and_that_is_said() {
    let mut order = call("counts", &json!({}));
    order.bounds = Bounds { output_mib: 1, ..Bounds::default() };
    let bench = bench();
    let (workshop, outcome) = bench.run(order).await;
    assert_eq!((outcome.end, output(&workshop).len()), (End::Complete, 1 << 20));
    let note = "The output was longer than it may be: its last 16 bytes were left out.";
    assert_eq!(outcome.notes.last().map(String::as_str), Some(note));
}

#[tokio::test]
async fn tools_that_the_runner_has_not_are_refused() {
    let (_, outcome) = Bench::new().run(call("echo", &json!({}))).await;
    let why = "This runner has no tools of the name `double`.";
    assert_eq!((outcome.end, outcome.message.as_str()), (End::Refused, why));
}
