//! R: what is tried again, when, and how often.

use kernel::PageRequest;
use resilience::retry::Kind;
use serde_json::json;
use store::runs;
use wire::runs::{Reason, RunState, StepState};

use crate::stage::step;

on_both! {
    async fn r1_a_failure_that_may_pass_is_tried_again_after_a_pause_that_doubles(stage) {
        let run = stage.single().await;
        for longest in [2_000, 4_000] {
            let claim = stage.one().await;
            stage.fail(&claim, Kind::Retryable).await.unwrap();
            let failed = stage.step(run, "only").await;
            let Some(Reason::Retry { until, error }) = failed.reason else { panic!("{failed:?}") };
            assert_eq!(error, "the lamp broke");
            assert!((0..=longest).contains(&until.since(stage.ambient.now())), "{until}");
            stage.pass(longest).await;
        }
        stage.one().await;

        let run = stage.single().await;
        let claim = stage.one().await;
        stage.fail(&claim, Kind::Fatal).await.unwrap();
        assert_eq!(
            stage.step(run, "only").await.reason,
            Some(Reason::Error { error: "the lamp broke".into(), fatal: true })
        );
    }

    async fn r2_a_step_stays_away_as_long_as_it_was_told_and_that_costs_no_attempt(stage) {
        let run = stage.single().await;
        for _ in 0..5 {
            let claim = stage.one().await;
            assert_eq!(claim.step.attempt, 1);
            stage.fail(&claim, Kind::After { millis: 7_000 }).await.unwrap();
            let failed = stage.step(run, "only").await;
            let Some(Reason::Retry { until, .. }) = failed.reason else { panic!("{failed:?}") };
            assert!(until.since(stage.ambient.now()) >= 7_000);
            stage.pass(6_999).await;
            assert_eq!(stage.claim(1).await, []);
            stage.pass(10_000).await;
        }
    }

    async fn r3_with_its_attempts_used_up_a_step_is_a_dead_letter(stage) {
        let run = stage.single().await;
        for _ in 0..3 {
            let claim = stage.one().await;
            stage.fail(&claim, Kind::Retryable).await.unwrap();
            stage.pass(60_000).await;
        }
        let dead = stage.step(run, "only").await;
        assert_eq!((dead.state, dead.attempt), (StepState::Failed, 3));
        assert_eq!(dead.reason, Some(Reason::Error { error: "the lamp broke".into(), fatal: false }));
        assert_eq!(stage.run(run).await.state, RunState::Failed);
        assert_eq!(stage.attempts(run).await.len(), 3);

        // It is found among all of the project, until someone retries it.
        let second = stage.single().await;
        let claim = stage.one().await;
        stage.fail(&claim, Kind::Fatal).await.unwrap();
        let failed = async || {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let page = PageRequest { limit: 1, after };
                let found = stage.store.read_in(&stage.scope, move |t| runs::failed_steps(t, &page)).await.unwrap();
                all.extend(found.rows.into_iter().map(|step| step.run_id));
                after = found.next;
                if after.is_none() {
                    assert_eq!(all.len() as i64, found.total);
                    return all;
                }
            }
        };
        assert_eq!(failed().await, [second, run]);
        stage.retry(&stage.step(second, "only").await).await.unwrap();
        assert_eq!(failed().await, [run]);
        let other = stage.other().await;
        let theirs = stage.store.read_in(&other, |t| runs::failed_steps(t, &PageRequest::default())).await.unwrap();
        assert_eq!(theirs.total, 0);
    }

    async fn r4_a_retry_gives_a_step_and_all_below_it_a_new_beginning(stage) {
        let steps = vec![step("a", &[]), step("b", &["a"]), step("c", &["b"]), step("d", &["a"])];
        let run = stage.made(stage.run_of(steps)).await;
        let a = stage.one().await;
        stage.complete(&a, json!("a")).await.unwrap();
        let claims = stage.claim(9).await;
        let b = claims.iter().find(|claim| claim.step.name == "b").unwrap();
        let d = claims.iter().find(|claim| claim.step.name == "d").unwrap();
        stage.complete(d, json!("d")).await.unwrap();
        stage.fail(b, Kind::Fatal).await.unwrap();
        assert_eq!(stage.run(run).await.state, RunState::Failed);

        stage.retry(&b.step).await.unwrap();
        let open = stage.run(run).await;
        assert_eq!((open.state, open.complete, open.failed, open.cancelled, open.ended_at), (RunState::Running, 2, 0, 0, None));
        let again = stage.one().await;
        assert_eq!((again.step.name.as_str(), again.step.attempt), ("b", 1));
        assert!(again.step.fence > b.step.fence);
        stage.complete(&again, json!("b")).await.unwrap();
        let c = stage.one().await;
        assert_eq!(c.step.name, "c");
        stage.complete(&c, json!("c")).await.unwrap();
        assert_eq!(stage.run(run).await.state, RunState::Complete);

        // From the first step on, everything is done again.
        stage.retry(&a.step).await.unwrap();
        assert_eq!(stage.run(run).await.complete, 0);
        // What it gave before is no longer what it gives.
        assert!(stage.details(run).await.iter().all(|detail| detail.output.is_none()));
        assert_eq!(stage.step(run, "d").await.reason, Some(Reason::Parents { open: 1 }));
        assert_eq!(stage.one().await.step.name, "a");
    }

    async fn r5_a_run_that_was_ended_stays_cancelled_when_a_step_of_it_was_done_again(stage) {
        let run = stage.made(stage.run_of(vec![step("a", &[]), step("b", &["a"]), step("c", &[])])).await;
        stage.cancel(run).await;
        let ended = stage.run(run).await;
        assert_eq!((ended.state, ended.cancelled), (RunState::Cancelled, 3));
        let c = stage.step(run, "c").await;
        stage.retry(&c).await.unwrap();
        assert_eq!(stage.run(run).await.state, RunState::Running);
        let claim = stage.one().await;
        stage.complete(&claim, json!("c")).await.unwrap();
        let ended = stage.run(run).await;
        assert_eq!((ended.state, ended.complete, ended.failed, ended.cancelled), (RunState::Cancelled, 1, 0, 2));

        // One that fails when it is done again has gone wrong.
        stage.retry(&c).await.unwrap();
        let claim = stage.one().await;
        stage.fail(&claim, Kind::Fatal).await.unwrap();
        assert_eq!(stage.run(run).await.state, RunState::Failed);
    }

    async fn r4_a_retry_below_a_step_that_failed_is_cancelled_again(stage) {
        let run = stage.made(stage.run_of(vec![step("a", &[]), step("b", &["a"])])).await;
        let a = stage.one().await;
        stage.fail(&a, Kind::Fatal).await.unwrap();
        stage.retry(&stage.step(run, "b").await).await.unwrap();
        let b = stage.step(run, "b").await;
        assert_eq!(b.state, StepState::Cancelled);
        assert!(matches!(b.reason, Some(Reason::Parent { .. })));
        assert_eq!(stage.run(run).await.state, RunState::Failed);
    }

    async fn r4_a_retry_takes_the_lease_from_what_runs_below(stage) {
        let run = stage.made(stage.run_of(vec![step("a", &[]), step("b", &["a"])])).await;
        let a = stage.one().await;
        stage.complete(&a, json!(1)).await.unwrap();
        let b = stage.one().await;
        stage.retry(&a.step).await.unwrap();
        assert!(stage.complete(&b, json!("too late")).await.is_err());
        assert_eq!(stage.step(run, "b").await.reason, Some(Reason::Parents { open: 1 }));
    }
}
