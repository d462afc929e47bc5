//! G: how a run is made, and how it ends.

use kernel::{Code, Error};
use resilience::retry::Kind;
use serde_json::json;
use store::runs;
use tasks::graph::{NewStep, STEPS};
use tasks::ledger::{Order, Reply};
use wire::runs::{Limits, Reason, RunState, StepState};

use crate::stage::step;

fn limited(limits: Limits) -> NewStep {
    NewStep { limits, ..step("a", &[]) }
}

on_both! {
    async fn g1_a_run_is_made_whole_or_not_at_all(stage) {
        let run = stage.made(stage.run_of(vec![step("a", &[]), step("b", &["a"])])).await;
        let details = stage.details(run).await;
        assert_eq!(details.len(), 2);
        assert_eq!(details[1].parents, [details[0].step.id]);
        assert_eq!(details[0].input, json!({ "of": "a" }).to_string());
        // The second is refused, and leaves nothing of itself beside the first.
        let refused = stage.write(vec![
            Order::Make(stage.run_of(vec![step("c", &[])])),
            Order::Make(stage.run_of(vec![step("d", &["nobody"])])),
        ]).await;
        assert!(refused.replies[0].is_ok() && refused.replies[1].is_err());
        let all = stage.store.read_in(&stage.scope, |t| runs::list(t, &Default::default(), &kernel::PageRequest::default())).await.unwrap();
        assert_eq!(all.total, 2);
    }

    async fn g2_a_graph_that_makes_no_sense_is_refused(stage) {
        let many = (0..=STEPS).map(|n| step(&n.to_string(), &[])).collect();
        for (steps, field) in [
            (vec![], "steps"),
            (many, "steps"),
            (vec![step("a", &["b"]), step("b", &["a"])], "steps.0.after"),
            (vec![step("a", &["a"])], "steps.0.after"),
            (vec![step("a", &[]), step("b", &["c"])], "steps.1.after"),
            (vec![step("a", &[]), step("a", &[])], "steps.1.name"),
            (vec![step(" ", &[])], "steps.0.name"),
            (vec![NewStep::new("a", "q", json!("x".repeat(300_000)))], "steps.0.input"),
            (vec![limited(Limits { attempts: 0, ..Limits::default() })], "steps.0.limits.attempts"),
            (vec![limited(Limits { lease_ms: 14_999, ..Limits::default() })], "steps.0.limits.leaseMs"),
            (vec![limited(Limits { life_ms: 0, ..Limits::default() })], "steps.0.limits.lifeMs"),
        ] {
            let refused: Error = stage.order(Order::Make(stage.run_of(steps))).await.unwrap_err().into();
            assert_eq!((refused.code(), refused.details().unwrap()["field"].as_str()), (Code::ValidationError, Some(field)));
        }
    }

    async fn g3_the_same_run_under_a_key_is_made_once(stage) {
        let mut new = stage.run_of(vec![step("a", &[])]);
        new.idempotency_key = Some("k".into());
        let twice = stage.write(vec![Order::Make(new.clone()), Order::Make(new.clone())]).await;
        let [Ok(Reply::Made { run, again: false }), Ok(Reply::Made { run: same, again: true })] = &twice.replies[..] else {
            panic!("{twice:?}")
        };
        assert_eq!(run, same);
        let later = stage.order(Order::Make(new.clone())).await.unwrap();
        assert_eq!(later, Reply::Made { run: *run, again: true });
        let mut other = new.clone();
        other.title = "Another".into();
        let refused: Error = stage.order(Order::Make(other)).await.unwrap_err().into();
        assert_eq!((refused.code(), refused.details().unwrap()["runId"].clone()), (Code::Conflict, json!(run)));
        new.project = stage.other().await.project();
        assert!(matches!(stage.order(Order::Make(new)).await.unwrap(), Reply::Made { again: false, .. }));
    }

    async fn g4_a_step_is_claimed_only_when_all_its_parents_are_complete(stage) {
        let run = stage.made(stage.run_of(vec![step("a", &[]), step("b", &[]), step("c", &["a", "b"])])).await;
        assert_eq!(stage.step(run, "c").await.reason, Some(Reason::Parents { open: 2 }));
        let claims = stage.claim(9).await;
        assert_eq!(claims.len(), 2);
        stage.complete(&claims[0], json!(1)).await.unwrap();
        assert_eq!(stage.claim(9).await, []);
        assert_eq!(stage.step(run, "c").await.reason, Some(Reason::Parents { open: 1 }));
        stage.complete(&claims[1], json!(2)).await.unwrap();
        assert_eq!(stage.one().await.step.name, "c");
    }

    async fn g5_what_comes_after_a_failed_step_is_cancelled_and_says_which_it_was(stage) {
        let run = stage
            .made(stage.run_of(vec![step("a", &[]), step("b", &["a"]), step("c", &["b"]), step("d", &[])]))
            .await;
        let claims = stage.claim(9).await;
        let a = claims.iter().find(|claim| claim.step.name == "a").unwrap();
        stage.fail(a, Kind::Fatal).await.unwrap();
        let (b, c) = (stage.step(run, "b").await, stage.step(run, "c").await);
        assert_eq!((b.state, c.state), (StepState::Cancelled, StepState::Cancelled));
        assert_eq!(b.reason, Some(Reason::Parent { step: a.step.id, name: "a".into(), state: StepState::Failed }));
        assert_eq!(c.reason, Some(Reason::Parent { step: b.id, name: "b".into(), state: StepState::Cancelled }));
        assert_eq!(stage.run(run).await.state, RunState::Running, "d is still to be done");
    }

    async fn g6_a_run_ends_with_its_last_step(stage) {
        let whole = stage.made(stage.run_of(vec![step("a", &[]), step("b", &["a"])])).await;
        assert_eq!(stage.run(whole).await.state, RunState::Queued);
        let a = stage.one().await;
        assert_eq!(stage.run(whole).await.state, RunState::Running);
        stage.complete(&a, json!(null)).await.unwrap();
        assert_eq!(stage.run(whole).await.ended_at, None);
        let b = stage.one().await;
        stage.complete(&b, json!(null)).await.unwrap();
        let ended = stage.run(whole).await;
        assert_eq!((ended.state, ended.ended_at, ended.complete), (RunState::Complete, Some(stage.ambient.now()), 2));

        let failing = stage.made(stage.run_of(vec![step("a", &[]), step("b", &["a"])])).await;
        let a = stage.one().await;
        stage.fail(&a, Kind::Fatal).await.unwrap();
        let ended = stage.run(failing).await;
        assert_eq!((ended.state, ended.failed, ended.cancelled), (RunState::Failed, 1, 1));

        let cancelled = stage.single().await;
        stage.cancel(cancelled).await;
        assert_eq!(stage.run(cancelled).await.state, RunState::Cancelled);
    }
}
