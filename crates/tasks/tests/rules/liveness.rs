//! L: three clocks, and a limit in all.

use serde_json::json;
use tasks::machine::{Command, LOSSES};
use wire::runs::{Limits, Reason, StepState};

use crate::stage::{Stage, step};

/// A run of one step that is tried twice; claimed and begun.
async fn begun(stage: &Stage, limits: Limits) -> tasks::ledger::Claim {
    let mut new = step("only", &[]);
    new.limits = limits;
    stage.made(stage.run_of(vec![new])).await;
    let claim = stage.one().await;
    stage.say(&claim, Command::Start { fence: claim.step.fence }).await.unwrap();
    claim
}

async fn outcome(stage: &Stage, claim: &tasks::ledger::Claim) -> Option<String> {
    stage.attempts(claim.step.run).await.pop().map(|attempt| attempt.outcome)
}

on_both! {
    async fn l1_a_lease_without_a_heartbeat_ends(stage) {
        let claim = begun(stage, Limits::default()).await;
        stage.pass(20_000).await;
        stage.say(&claim, Command::Beat { fence: claim.step.fence }).await.unwrap();
        stage.pass(29_999).await;
        assert_eq!(outcome(stage, &claim).await, None);
        stage.pass(1).await;
        assert_eq!(outcome(stage, &claim).await.as_deref(), Some("lost"));
        let after = stage.step(claim.step.run, "only").await;
        assert!(matches!(after.reason, Some(Reason::Retry { .. })), "{after:?}");
    }

    async fn l2_a_worker_that_does_not_hear_that_it_should_stop_loses_its_lease(stage) {
        let claim = begun(stage, Limits::default()).await;
        stage.cancel(claim.step.run).await;
        stage.pass(9_999).await;
        assert_eq!(stage.step(claim.step.run, "only").await.state, StepState::Running);
        stage.pass(1).await;
        let after = stage.step(claim.step.run, "only").await;
        assert_eq!((after.state, after.reason), (StepState::Cancelled, Some(Reason::Asked { by: Some(stage.ada) })));
        assert_eq!(outcome(stage, &claim).await.as_deref(), Some("unheard"));
        assert!(stage.complete(&claim, json!("late")).await.is_err());
    }

    async fn l3_a_worker_that_beats_but_does_not_get_on_is_stalled(stage) {
        let claim = begun(stage, Limits { quiet_ms: 60_000, ..Limits::default() }).await;
        for _ in 0..2 {
            stage.pass(25_000).await;
            stage.say(&claim, Command::Beat { fence: claim.step.fence }).await.unwrap();
        }
        stage.log(&claim, "getting on").await.unwrap();
        for _ in 0..2 {
            stage.pass(25_000).await;
            stage.say(&claim, Command::Beat { fence: claim.step.fence }).await.unwrap();
        }
        assert_eq!(outcome(stage, &claim).await, None, "100 s in all, but 50 s since it got on");
        stage.pass(10_000).await;
        assert_eq!(outcome(stage, &claim).await.as_deref(), Some("stalled"));
    }

    async fn l4_a_step_that_takes_longer_than_it_may_is_timed_out(stage) {
        let claim = begun(stage, Limits { run_ms: 50_000, ..Limits::default() }).await;
        stage.pass(25_000).await;
        stage.say(&claim, Command::Beat { fence: claim.step.fence }).await.unwrap();
        stage.log(&claim, "getting on").await.unwrap();
        stage.pass(25_000).await;
        assert_eq!(outcome(stage, &claim).await.as_deref(), Some("timeout"));
    }

    async fn l5_a_worker_that_is_gone_costs_no_attempt_unless_it_happens_time_and_again(stage) {
        let run = stage.single().await;
        for _ in 0..LOSSES {
            let claim = stage.one().await;
            assert_eq!(claim.step.attempt, 1);
            stage.say(&claim, Command::GiveBack { fence: claim.step.fence }).await.unwrap();
            stage.pass(10_000).await;
        }
        for attempt in 1..=3 {
            let claim = stage.one().await;
            assert_eq!(claim.step.attempt, attempt);
            stage.pass(30_000).await;
            stage.pass(60_000).await;
        }
        let dead = stage.step(run, "only").await;
        assert_eq!((dead.state, dead.lost), (StepState::Failed, LOSSES + 3));
    }

    async fn l6_a_step_that_nobody_did_in_its_life_has_expired(stage) {
        let mut new = step("only", &[]);
        new.limits.life_ms = 60_000;
        let run = stage.made(stage.run_of(vec![new, step("after", &["only"])])).await;
        stage.pass(59_999).await;
        assert_eq!(stage.step(run, "only").await.state, StepState::Queued);
        stage.pass(1).await;
        let after = stage.step(run, "only").await;
        assert_eq!((after.state, after.reason), (StepState::Failed, Some(Reason::Expired)));
        assert_eq!(stage.step(run, "after").await.state, StepState::Cancelled);
        assert_eq!(stage.claim(1).await, []);
    }
}
