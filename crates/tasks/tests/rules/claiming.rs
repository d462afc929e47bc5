//! C: whose turn it is, and what a lease is worth.

use resilience::retry::Kind;
use serde_json::json;
use tasks::ledger::Refused;
use tasks::machine::{Command, Failure, Refusal};
use wire::runs::{Priority, Reason, StepState};

use crate::stage::step;

on_both! {
    async fn c1_a_priority_counts_as_time_that_was_waited(stage) {
        let of = |name: &str, priority| {
            let mut new = step(name, &[]);
            new.priority = priority;
            stage.run_of(vec![new])
        };
        stage.made(of("low", Priority::Low)).await;
        stage.clock.advance(20_000);
        stage.made(of("medium", Priority::Medium)).await;
        stage.clock.advance(120_000);
        stage.made(of("high", Priority::High)).await;
        stage.clock.advance(400_000);
        stage.made(of("critical", Priority::Critical)).await;
        let turns: Vec<String> = stage.claim(9).await.into_iter().map(|claim| claim.step.name).collect();
        // `high` came 140 s after `low`, which is more than its 2 min are worth.
        assert_eq!(turns, ["critical", "medium", "low", "high"]);
    }

    async fn c2_a_delayed_step_waits_for_its_time(stage) {
        let mut later = step("later", &[]);
        let until = stage.ambient.now().plus_millis(5_000);
        later.delay_until = Some(until);
        let run = stage.made(stage.run_of(vec![later])).await;
        assert_eq!(stage.step(run, "later").await.reason, Some(Reason::Delay { until }));
        stage.pass(4_999).await;
        assert_eq!(stage.claim(1).await, []);
        stage.pass(1).await;
        assert_eq!(stage.one().await.step.name, "later");
    }

    async fn c2_more_delayed_steps_than_are_looked_at_in_one_go_are_looked_at_one_after_the_other(stage) {
        let until = stage.ambient.now().plus_millis(1_000);
        let later = |n: i32| tasks::graph::NewStep { delay_until: Some(until), ..step(&n.to_string(), &[]) };
        stage.made(stage.run_of((0..300).map(later).collect())).await;
        stage.clock.advance(1_000);
        let first = stage.write(vec![tasks::ledger::Order::Tick]).await;
        assert_eq!(first.wake, Some(until), "the others are due now, not with the next poll");
        stage.pass(0).await;
        assert_eq!(stage.claim(999).await.len(), 300);
    }

    async fn c3_a_step_has_one_lease_and_each_a_higher_fence(stage) {
        stage.single().await;
        let first = stage.one().await;
        assert_eq!(stage.claim(1).await, []);
        stage.say(&first, Command::GiveBack { fence: first.step.fence }).await.unwrap();
        stage.pass(10_000).await;
        let second = stage.one().await;
        assert!(second.step.fence > first.step.fence);
    }

    async fn c4_what_comes_with_an_old_fence_changes_nothing(stage) {
        let run = stage.single().await;
        let old = stage.one().await;
        stage.pass(30_000).await;
        stage.pass(60_000).await;
        let new = stage.one().await;
        let fence = old.step.fence;
        let before = stage.step(run, "only").await;
        let failure = Failure { error: "late".into(), kind: Kind::Fatal };
        for command in [
            Command::Start { fence },
            Command::Beat { fence },
            Command::Progress { fence },
            Command::Complete { fence },
            Command::Ask { fence: fence - 1, question: "?".into() },
            Command::Fail { fence: fence - 1, failure },
        ] {
            let refused = stage.say(&old, command).await.unwrap_err();
            assert!(matches!(refused, Refused::Step(Refusal::Over)), "{refused:?}");
        }
        assert!(stage.log(&old, "late").await.is_err());
        assert_eq!(stage.step(run, "only").await, before);
        assert_eq!(stage.entries(run, 0).await, []);
        stage.complete(&new, json!("done")).await.unwrap();
    }

    async fn c5_an_outcome_is_accepted_once_and_said_again_is_answered_as_before(stage) {
        let run = stage.single().await;
        let claim = stage.one().await;
        let first = stage.complete(&claim, json!("first")).await.unwrap();
        assert_eq!(stage.complete(&claim, json!("again")).await.unwrap(), first);
        assert!(stage.fail(&claim, Kind::Retryable).await.is_err(), "the other outcome was accepted");
        assert_eq!(stage.details(run).await[0].output, Some(json!("first").to_string()));
        assert_eq!(stage.attempts(run).await.len(), 1);

        let run = stage.single().await;
        let claim = stage.one().await;
        stage.fail(&claim, Kind::Retryable).await.unwrap();
        let after = stage.step(run, "only").await;
        stage.fail(&claim, Kind::Fatal).await.unwrap();
        assert_eq!(stage.step(run, "only").await, after);
        assert!(stage.complete(&claim, json!("late")).await.is_err());
    }

    async fn c6_a_worker_gets_no_more_steps_than_it_has_slots(stage) {
        stage.made(stage.run_of((0..5).map(|n| step(&n.to_string(), &[])).collect())).await;
        let given = stage.claims(&[("one", 1), ("none", 0), ("two", 2)]).await;
        let workers: Vec<&str> = given.iter().filter_map(|claim| claim.step.worker.as_deref()).collect();
        assert_eq!(workers, ["one", "two", "two"]);
        assert_eq!(stage.claim(9).await.len(), 2);
    }

    async fn a_claimed_step_is_leased_until_its_worker_begins(stage) {
        let run = stage.single().await;
        let claim = stage.one().await;
        assert_eq!(claim.run_input, json!({ "wish": "all of it" }));
        assert_eq!(stage.step(run, "only").await.state, StepState::Leased);
        stage.say(&claim, Command::Start { fence: claim.step.fence }).await.unwrap();
        assert_eq!(stage.step(run, "only").await.state, StepState::Running);
    }
}
