//! X: ending a run before it is done, and pausing one.

use resilience::retry::Kind;
use serde_json::json;
use tasks::ledger::{Order, Reply};
use tasks::machine::Command;
use wire::runs::{Reason, RunState, StepState};

use crate::stage::step;

on_both! {
    async fn x1_what_no_worker_has_is_cancelled_at_once_and_workers_are_told(stage) {
        let run = stage.made(stage.run_of(vec![step("a", &[]), step("b", &["a"]), step("c", &[])])).await;
        let claim = stage.one().await;
        let outcome = stage.write(vec![Order::Cancel { project: stage.scope.project(), run, by: Some(stage.ada) }]).await;
        assert_eq!(outcome.stop, [claim.step.id]);
        let states: Vec<StepState> = stage.details(run).await.iter().map(|detail| detail.step.state).collect();
        assert_eq!(states.iter().filter(|state| **state == StepState::Cancelled).count(), 2);
        assert_eq!(stage.run(run).await.state, RunState::Running);
        let beat = stage.say(&claim, Command::Beat { fence: claim.step.fence }).await.unwrap();
        assert_eq!(beat, Reply::Done { stop: true });
        stage.say(&claim, Command::GiveBack { fence: claim.step.fence }).await.unwrap();
        let ended = stage.run(run).await;
        assert_eq!((ended.state, ended.cancelled), (RunState::Cancelled, 3));
        // Once more is no fault, and changes nothing.
        stage.cancel(run).await;
        assert_eq!(stage.run(run).await, ended);
    }

    async fn x1_a_failure_after_the_asking_is_not_tried_again(stage) {
        let run = stage.single().await;
        let claim = stage.one().await;
        stage.cancel(run).await;
        stage.fail(&claim, Kind::Retryable).await.unwrap();
        assert_eq!(stage.step(run, "only").await.state, StepState::Cancelled);
    }

    async fn x2_what_was_done_in_time_is_kept(stage) {
        let run = stage.single().await;
        let claim = stage.one().await;
        stage.cancel(run).await;
        stage.complete(&claim, json!("done")).await.unwrap();
        assert_eq!(stage.step(run, "only").await.state, StepState::Complete);
        assert_eq!(stage.run(run).await.state, RunState::Complete);
    }

    async fn x3_a_paused_run_starts_nothing_new_and_says_why(stage) {
        let run = stage.made(stage.run_of(vec![step("a", &[]), step("b", &["a"]), step("c", &[])])).await;
        let claim = stage.one().await;
        let project = stage.scope.project();
        stage.order(Order::Pause { project, run, why: Some("The budget is used up.".into()) }).await.unwrap();
        assert_eq!(stage.claim(9).await, []);
        stage.complete(&claim, json!(1)).await.unwrap();
        assert_eq!(stage.claim(9).await, []);
        let c = stage.details(run).await.into_iter().find(|d| d.step.id != claim.step.id && d.parents.is_empty()).unwrap();
        assert_eq!(c.step.reason, Some(Reason::Paused { why: "The budget is used up.".into() }));
        // A pause takes nothing of a step's life.
        stage.pass(48 * 3_600_000).await;
        assert_eq!(stage.run(run).await.failed, 0);
        stage.order(Order::Pause { project, run, why: None }).await.unwrap();
        assert!(!stage.claim(9).await.is_empty());
    }
}
