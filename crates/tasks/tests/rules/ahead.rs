//! C12: steps that a server reads before a worker is free for them.

use kernel::RunId;
use serde_json::json;
use store::runs::Step;
use tasks::graph::NewStep;
use tasks::ledger::{Claim, Order};
use tasks::machine::Command;
use wire::runs::{Priority, RunState, StepState};

use crate::stage::{Stage, step, wants};

/// A worker of the server itself.
const OURS: &str = "sim/boot/1";
/// One that is elsewhere.
const THEIRS: &str = "@far";

/// Runs of one step each, of which one became ready after the other.
async fn singles(stage: &Stage, count: usize) -> Vec<RunId> {
    let mut runs = Vec::new();
    for _ in 0..count {
        stage.clock.advance(1);
        runs.push(stage.single().await);
    }
    runs
}

fn runs(claims: &[Claim]) -> Vec<RunId> {
    claims.iter().map(|claim| claim.step.run).collect()
}

on_alone! {
    async fn c12_a_free_worker_is_given_what_was_read_ahead(stage) {
        let made = singles(stage, 6).await;
        assert!(stage.ahead(&[(OURS, 9)]).is_empty());
        assert_eq!(runs(&stage.claims(&[(OURS, 2)]).await), made[..2]);
        let given = stage.ahead(&[(OURS, 3)]);
        assert_eq!(runs(&given), made[2..5]);
        assert_eq!((given[0].step.state, given[0].step.fence, &given[0].input), (StepState::Leased, 1, &json!(null)));
        assert_eq!(stage.run(made[2]).await.state, RunState::Queued);
        for claim in &given {
            stage.complete(claim, json!(1)).await.unwrap();
        }
        let run = stage.run(made[2]).await;
        assert_eq!((run.state, run.started_at, stage.attempts(run.id).await.len()), (RunState::Complete, given[0].step.leased_at, 1));
        assert_eq!(runs(&stage.ahead(&[(OURS, 3)])), made[5..]);
    }

    async fn c12_more_and_more_is_read_ahead_of_a_queue_that_is_long(stage) {
        let made = singles(stage, 60).await;
        let mut given = runs(&stage.claims(&[(OURS, 1)]).await);
        let mut at_once = Vec::new();
        while given.len() < made.len() {
            let next = stage.ahead(&[(OURS, 60)]);
            at_once.push(next.len());
            given.extend(runs(&next));
            stage.wanted("q", &[(OURS, 0)], Vec::new()).await;
        }
        assert_eq!(given, made);
        assert_eq!(at_once, [8, 16, 32, 3]);
    }

    async fn c12_what_becomes_ready_before_others_comes_before_them(stage) {
        let made = singles(stage, 4).await;
        stage.claims(&[(OURS, 1)]).await;
        let mut urgent = NewStep::new("urgent", "q", json!(null));
        urgent.priority = Priority::Critical;
        let urgent = stage.made(stage.run_of(vec![urgent])).await;
        let later = singles(stage, 1).await;
        let order: Vec<RunId> = [&[urgent], &made[1..], &later].concat();
        assert!(stage.ahead(&[(OURS, 9)]).is_empty());
        assert_eq!(runs(&stage.claims(&[(OURS, 5)]).await), order);
    }

    async fn c12_what_was_given_back_comes_again_before_those_that_were_read_ahead(stage) {
        let made = singles(stage, 4).await;
        stage.claims(&[(OURS, 1)]).await;
        let first = stage.ahead(&[(OURS, 2)]).swap_remove(0);
        stage.say(&first, Command::Decline { fence: 1 }).await.unwrap();
        assert!(stage.ahead(&[(OURS, 9)]).is_empty());
        assert_eq!(runs(&stage.claims(&[(OURS, 9)]).await), [made[1], made[3]]);
    }

    async fn c12_what_a_person_does_with_a_run_counts(stage) {
        let made = singles(stage, 5).await;
        stage.claims(&[(OURS, 1)]).await;
        stage.cancel(made[2]).await;
        assert_eq!(runs(&stage.ahead(&[(OURS, 9)])), [made[1]]);
        assert_eq!(stage.run(made[2]).await.state, RunState::Cancelled);
        let (project, why) = (stage.scope.project(), Some("wait".to_owned()));
        stage.order(Order::Pause { project, run: made[3], why }).await.unwrap();
        assert_eq!(runs(&stage.claims(&[(OURS, 9)]).await), [made[4]]);
    }

    async fn c12_what_was_taken_back_is_looked_for_again(stage) {
        let made = singles(stage, 4).await;
        // All that there are, so that nothing is left to look for.
        let looked = stage.wanted("q", &[(OURS, 1)], Vec::new()).await;
        assert!(looked.ready.is_empty());
        let cancel = Order::Cancel { project: stage.scope.project(), run: made[2], by: None };
        let again = stage.write(vec![cancel]).await.ready;
        assert!(again.contains("q"));
        assert!(stage.wanted("q", &[(OURS, 0)], Vec::new()).await.ready.is_empty());
        assert!(stage.write(vec![Order::Tick]).await.ready.contains("q"));
    }

    async fn c12_what_the_clock_says_counts(stage) {
        let mut short = NewStep::new("short", "q", json!(null));
        short.limits.life_ms = 1_000;
        singles(stage, 1).await;
        let run = stage.made(stage.run_of(vec![short])).await;
        stage.claims(&[(OURS, 1)]).await;
        stage.pass(1_000).await;
        assert!(stage.ahead(&[(OURS, 9)]).is_empty());
        assert_eq!(stage.run(run).await.state, RunState::Failed);
    }

    async fn c12_of_a_run_only_the_last_step_is_read_ahead_and_nothing_that_comes_after_others(stage) {
        let several = stage.made(stage.run_of(vec![step("a", &[]), step("b", &[]), step("c", &["a", "b"])])).await;
        let single = singles(stage, 2).await;
        assert_eq!(runs(&stage.claims(&[(OURS, 1)]).await), [several]);
        assert!(stage.ahead(&[(OURS, 9)]).is_empty());
        let claims = stage.claims(&[(OURS, 2)]).await;
        assert_eq!(runs(&claims), [several, single[0]]);
        assert!(stage.claims(&[(OURS, 0)]).await.is_empty());
        assert_eq!(runs(&stage.ahead(&[(OURS, 9)])), single[1..]);
    }

    async fn c12_what_a_step_is_given_is_read_ahead_only_if_it_is_short(stage) {
        singles(stage, 1).await;
        let long = NewStep::new("long", "q", json!("x".repeat(5_000)));
        let long = stage.made(stage.run_of(vec![long])).await;
        stage.claims(&[(OURS, 1)]).await;
        assert!(stage.ahead(&[(OURS, 9)]).is_empty());
        assert_eq!(runs(&stage.claims(&[(OURS, 9)]).await), [long]);
    }

    async fn c12_a_worker_elsewhere_is_given_the_next_step_too_and_that_is_written(stage) {
        let made = singles(stage, 4).await;
        stage.claims(&[(OURS, 1)]).await;
        let theirs = stage.claims(&[(THEIRS, 1)]).await;
        assert_eq!((runs(&theirs), runs(&stage.ahead(&[(OURS, 1)]))), (vec![made[1]], vec![made[2]]));
        assert_eq!(stage.step(made[1], "only").await.state, StepState::Leased);
        assert_eq!(stage.step(made[2], "only").await.state, StepState::Queued);
    }

    async fn c12_what_was_read_in_a_transaction_that_was_not_committed_is_not_given(stage) {
        let made = singles(stage, 3).await;
        let writing = stage.unwritten.begin();
        let (ambient, (ready, demand)) = (stage.ambient.clone(), wants("q", &[(OURS, 1)]));
        let lost = stage.store.transact({
            let writing = writing.clone();
            move |tx| {
                tasks::ledger::write(tx, &[], &ready, &demand, &writing, &ambient)?;
                Err::<(), _>(kernel::Error::internal("the disk is full"))
            }
        });
        let lost = lost.await.is_ok();
        assert!(stage.ahead(&[(OURS, 9)]).is_empty());
        writing.end(lost);
        assert!(stage.ahead(&[(OURS, 9)]).is_empty());
        assert_eq!(runs(&stage.claims(&[(OURS, 9)]).await), made);
    }

    async fn c12_what_was_taken_in_a_transaction_that_was_not_committed_comes_next_still(stage) {
        let made = singles(stage, 4).await;
        stage.claims(&[(OURS, 1)]).await;
        let writing = stage.unwritten.begin();
        let (ambient, (ready, demand)) = (stage.ambient.clone(), wants("q", &[(THEIRS, 1)]));
        let lost = stage.store.transact({
            let writing = writing.clone();
            move |tx| {
                assert_eq!(tasks::ledger::write(tx, &[], &ready, &demand, &writing, &ambient)?.claims.len(), 1);
                Err::<(), _>(kernel::Error::internal("the disk is full"))
            }
        });
        writing.end(lost.await.is_ok());
        assert!(stage.ahead(&[(OURS, 9)]).is_empty());
        assert_eq!(runs(&stage.claims(&[(OURS, 9)]).await), made[1..]);
    }

    async fn c12_a_run_that_is_removed_with_its_project_harms_nobody_else(stage) {
        let other = stage.other().await;
        let made = singles(stage, 2).await;
        let gone = stage.made(tasks::graph::NewRun { project: other.project(), ..stage.run_of(vec![step("only", &[])]) }).await;
        stage.claims(&[(OURS, 1)]).await;
        stage.store.transact_in(&other, store::projects::remove).await.unwrap();
        let given = stage.ahead(&[(OURS, 9)]);
        assert_eq!(runs(&given), [made[1], gone]);
        let of = |Step { run, id: step, fence, .. }: &Step| Order::Say {
            run: *run,
            step: *step,
            command: Command::Complete { fence: *fence },
            output: Some(json!(1)),
        };
        let orders: Vec<Order> = given.iter().map(|claim| of(&claim.step)).collect();
        // The service tries them one by one, then.
        let (ambient, unwritten) = (&stage.ambient, &stage.unwritten);
        let both = orders.clone().into();
        let together = tasks::ledger::transact(&stage.store, ambient, unwritten, &both, Default::default());
        assert!(together.await.is_err());
        assert!(stage.order(orders[1].clone()).await.is_err());
        stage.order(orders[0].clone()).await.unwrap();
        assert_eq!(stage.run(made[1]).await.state, RunState::Complete);
    }

    async fn c12_a_server_that_ends_has_given_nothing(stage) {
        let made = singles(stage, 3).await;
        stage.claims(&[(OURS, 1)]).await;
        assert_eq!(stage.ahead(&[(OURS, 1)]).len(), 1);
        let next = stage.after().await;
        assert_eq!(runs(&next.claims(&[(OURS, 9)]).await), made);
    }
}
