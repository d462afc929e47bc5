//! T: what people are told of runs.

use kernel::EventKind;
use serde_json::json;
use store::events;
use tasks::ledger::{LOG_BYTES, Order, Reply, TOOL_CALL};
use tasks::machine::Command;

use crate::stage::step;

on_both! {
    async fn t1_a_step_that_is_not_running_says_why(stage) {
        let run = stage.made(stage.run_of(vec![step("a", &[]), step("b", &["a"])])).await;
        assert!(stage.details(run).await.iter().all(|detail| detail.step.reason.is_some()));
        let claim = stage.one().await;
        stage.say(&claim, Command::Start { fence: claim.step.fence }).await.unwrap();
        assert_eq!(stage.step(run, "a").await.reason, None);
    }

    async fn t2_what_happens_is_on_the_stream_in_its_order(stage) {
        let before = stage.store.read_in(&stage.scope, events::newest).await.unwrap();
        let run = stage.made(stage.run_of(vec![step("a", &[]), step("b", &["a"])])).await;
        let a = stage.one().await;
        stage.say(&a, Command::Start { fence: a.step.fence }).await.unwrap();
        stage.complete(&a, json!(1)).await.unwrap();
        let b = stage.one().await;
        stage.complete(&b, json!(2)).await.unwrap();
        let told = stage.store.read_in(&stage.scope, move |t| events::after(t, before, 100)).await.unwrap();
        assert!(told.iter().all(|event| event.payload["runId"] == json!(run)));
        // That it was made is somebody's doing; the rest comes of itself.
        let by: Vec<_> = told.iter().map(|event| event.actor).collect();
        assert_eq!((by[0], &by[1..]), (Some(stage.ada), &[None; 6][..]));
        let told: Vec<String> = told
            .iter()
            .map(|event| {
                let text = |of: &serde_json::Value, field: &str| of[field].as_str().unwrap().to_owned();
                match event.kind {
                    EventKind::RunUpdated => format!("run {}", text(&event.payload, "state")),
                    _ => {
                        let run = text(&event.payload["run"], "state");
                        format!("{} {}, run {run}", text(&event.payload, "name"), text(&event.payload, "state"))
                    }
                }
            })
            .collect();
        assert_eq!(told, [
            "run queued", "a leased, run running", "a running, run running", "a complete, run running",
            "b queued, run running", "b leased, run running", "b complete, run complete",
        ]);
    }

    async fn t3_a_log_is_addressed_by_offsets_without_a_gap(stage) {
        let run = stage.made(stage.run_of(vec![step("a", &[]), step("b", &[])])).await;
        let claims = stage.claim(2).await;
        let texts = ["Möwen ", "over the ", "harbour"];
        for (n, text) in texts.iter().enumerate() {
            stage.log(&claims[n % 2], text).await.unwrap();
        }
        let entries = stage.entries(run, 0).await;
        let mut end = 0;
        for (entry, text) in entries.iter().zip(texts) {
            assert_eq!((entry.start, entry.text.as_str()), (end, text));
            end += text.len() as i64;
        }
        assert_eq!(stage.run(run).await.log_end, end);
        // From within a piece, that piece comes whole; from the end, nothing.
        assert_eq!(stage.entries(run, 8).await, entries[1..]);
        assert_eq!(stage.entries(run, 7).await, entries[1..]);
        assert_eq!(stage.entries(run, end).await, []);
    }

    async fn t7_a_logged_tool_call_is_on_the_stream_and_one_of_an_old_lease_is_not(stage) {
        let run = stage.single().await;
        let claim = stage.one().await;
        let before = stage.store.read_in(&stage.scope, events::newest).await.unwrap();
        let (step, fence) = (claim.step.id, claim.step.fence);
        let call = |fence, text: &str| Order::Log { run, step, fence, kind: TOOL_CALL.into(), text: text.into() };
        let text = json!({ "agent": "audio/cues", "tool": "recall", "input": { "question": "Where?" } }).to_string();
        stage.order(call(fence, &text)).await.unwrap();
        // What is no call is logged, and told to nobody.
        stage.order(call(fence, "recall")).await.unwrap();
        stage.order(call(fence - 1, &text)).await.unwrap_err();
        let told = stage.store.read_in(&stage.scope, move |t| events::after(t, before, 100)).await.unwrap();
        assert_eq!(told.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::AgentToolCall]);
        assert_eq!(told[0].payload, json!({
            "executionId": run, "agentId": "audio/cues", "tool": "recall", "input": { "question": "Where?" },
        }));
        assert_eq!(stage.entries(run, 0).await.len(), 2);
    }

    async fn t3_a_full_log_says_so_once_and_keeps_no_more(stage) {
        let run = stage.single().await;
        let claim = stage.one().await;
        let (step, fence, text) = (claim.step.id, claim.step.fence, "x".repeat(64 * 1024));
        let log = Order::Log { run, step, fence, kind: "text".into(), text };
        let whole = (LOG_BYTES / (64 * 1024)) as usize;
        for _ in 0..whole / 32 {
            stage.write(vec![log.clone(); 32]).await;
        }
        let end = stage.run(run).await.log_end;
        assert!(end > LOG_BYTES);
        assert_eq!(stage.order(log.clone()).await.unwrap(), Reply::Logged { end });
        let last = stage.entries(run, LOG_BYTES).await;
        assert_eq!(last.len(), 1);
        assert_eq!((last[0].kind.as_str(), last[0].start + last[0].text.len() as i64), ("full", end));
        let large = Order::Log { run, step, fence, kind: "text".into(), text: "x".repeat(64 * 1024 + 1) };
        assert!(stage.order(large).await.is_err());
    }

    async fn t5_what_was_leased_when_a_server_ended_is_claimed_again(stage) {
        let run = stage.single().await;
        let claim = stage.one().await;
        // The server ends, and starts anew; it knows nothing but what is stored.
        let disown = Order::Disown { server: "w".into(), present: "w2/".into() };
        stage.order(Order::Disown { server: "other".into(), present: "other".into() }).await.unwrap();
        assert_eq!(stage.step(run, "only").await.worker.as_deref(), Some("w"));
        stage.order(disown).await.unwrap();
        stage.pass(10_000).await;
        let again = stage.one().await;
        assert_eq!((again.step.id, again.step.attempt), (claim.step.id, 1));
        assert!(stage.complete(&claim, json!("of the old server")).await.is_err());
        stage.complete(&again, json!(1)).await.unwrap();
        assert_eq!(stage.run(run).await.complete, 1);
    }
}
