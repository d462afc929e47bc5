//! C11 among several servers: what one holds back is reserved, and whoever else has to do with the run writes the claim.

use std::collections::BTreeSet;

use kernel::{EventKind, StepId};
use serde_json::json;
use store::{events, projects};
use tasks::ledger::{Claim, Order, Refused};
use tasks::machine::{Command, LOSSES, Refusal};
use wire::runs::{Attempt, RunState, StepState};

use crate::stage::{Stage, step};

/// Workers of two servers themselves.
const OURS: &str = "one/boot/1";
const OTHERS: &str = "two/boot/1";

async fn ours(stage: &Stage) -> Claim {
    stage.claims(&[(OURS, 1)]).await.pop().unwrap()
}

/// The first server ends, and comes again under its name.
fn disown() -> Order {
    Order::Disown { server: "one/".into(), present: "one/again/".into() }
}

/// What was told of steps.
async fn told(stage: &Stage) -> Vec<String> {
    let events = stage.store.read_in(&stage.scope, |t| events::after(t, 0, 1_000)).await.unwrap();
    let of_steps = events.iter().filter(|event| event.kind == EventKind::StepUpdated);
    of_steps.map(|event| event.payload["state"].as_str().unwrap().to_owned()).collect()
}

fn outcomes(attempts: &[Attempt]) -> Vec<(i64, &str)> {
    attempts.iter().map(|attempt| (attempt.fence, attempt.outcome.as_str())).collect()
}

on_reserved! {
    async fn c11_another_server_is_not_given_what_is_reserved(stage) {
        let (run, other) = (stage.single().await, stage.after().await);
        let claim = ours(stage).await;
        assert_eq!((stage.reservations().await, stage.step(run, "only").await.state), (1, StepState::Queued));
        assert_eq!(other.claims(&[(OTHERS, 9), ("@far", 9)]).await.len(), 0);
        stage.complete(&claim, json!(1)).await.unwrap();
        assert_eq!((stage.reservations().await, told(stage).await), (0, vec!["complete".to_owned()]));
    }

    async fn c11_a_person_on_another_server_meets_the_claim(stage) {
        let (run, other) = (stage.single().await, stage.after().await);
        let claim = ours(stage).await;
        other.cancel(run).await;
        let asked = other.step(run, "only").await;
        assert_eq!((asked.state, asked.fence, asked.worker.as_deref()), (StepState::Leased, 1, Some(OURS)));
        assert_eq!((asked.leased_at, asked.asked_at.is_some()), (claim.step.leased_at, true));
        assert_eq!(stage.reservations().await, 0);
        // What was done before its worker heard of it counts (X2), and once.
        for _ in 0..2 {
            stage.complete(&claim, json!(1)).await.unwrap();
        }
        assert_eq!(outcomes(&stage.attempts(run).await), [(1, "complete")]);
        assert_eq!(stage.run(run).await.state, RunState::Complete);
        assert!(stage.unwritten.is_empty());
    }

    async fn c11_a_lease_that_another_server_ended_is_over(stage) {
        let (run, other) = (stage.single().await, stage.after().await);
        let claim = ours(stage).await;
        other.retry(&claim.step).await.unwrap();
        let next = other.claims(&[(OTHERS, 1)]).await.pop().unwrap();
        assert_eq!(next.step.fence, 2);
        let refused = stage.complete(&claim, json!("old")).await.unwrap_err();
        assert!(matches!(refused, Refused::Step(Refusal::Over)), "{refused}");
        // Whoever has to do with the run has written what the other reserved.
        assert!(stage.unwritten.is_empty());
        assert_eq!((stage.reservations().await, stage.step(run, "only").await), (0, next.step.clone()));
        other.complete(&next, json!("new")).await.unwrap();
        assert_eq!(outcomes(&stage.attempts(run).await), [(1, "reset"), (2, "complete")]);
    }

    async fn c11_what_one_server_reserved_is_not_taken_for_what_another_did(stage) {
        let (run, other) = (stage.single().await, stage.after().await);
        let claim = ours(stage).await;
        other.retry(&claim.step).await.unwrap();
        let next = other.claims(&[(OTHERS, 1)]).await.pop().unwrap();
        // The first writes what it remembers, while the second has reserved the same step.
        for _ in 0..2 {
            stage.order(Order::Flush).await.unwrap();
        }
        assert!(stage.unwritten.is_empty());
        assert_eq!((stage.reservations().await, stage.step(run, "only").await.fence), (1, 1));
        other.complete(&next, json!(1)).await.unwrap();
        assert_eq!(stage.run(run).await.state, RunState::Complete);
    }

    async fn c11_the_claims_of_a_run_are_written_before_another_server_claims_of_it(stage) {
        let other = stage.after().await;
        let run = stage.made(stage.run_of(vec![step("a", &[]), step("b", &[])])).await;
        let first = ours(stage).await;
        let second = other.claims(&[(OTHERS, 1)]).await.pop().unwrap();
        assert_ne!(first.step.id, second.step.id);
        assert_eq!(stage.step(run, &first.step.name).await, first.step);
        stage.complete(&first, json!(1)).await.unwrap();
        other.complete(&second, json!(2)).await.unwrap();
        let run = stage.run(run).await;
        assert_eq!((run.state, run.complete), (RunState::Complete, 2));
    }

    async fn c11_a_reservation_that_nobody_redeems_becomes_a_lease(stage) {
        let (run, other) = (stage.single().await, stage.after().await);
        let claim = ours(stage).await;
        other.pass(1_000).await;
        assert_eq!(other.step(run, "only").await.state, StepState::Queued);
        other.pass(1).await;
        assert_eq!((other.step(run, "only").await, told(stage).await), (claim.step.clone(), vec!["leased".to_owned()]));
        // It is the worker's still.
        stage.say(&claim, Command::Start { fence: 1 }).await.unwrap();
        stage.complete(&claim, json!(1)).await.unwrap();
        assert_eq!(outcomes(&stage.attempts(run).await), [(1, "complete")]);
    }

    async fn l1_a_server_that_dies_with_reservations_loses_no_step(stage) {
        let (run, other) = (stage.single().await, stage.after().await);
        let claim = ours(stage).await;
        // Counted from the claim, not from when another server saw it.
        other.pass(29_999).await;
        assert_eq!(other.step(run, "only").await.state, StepState::Leased);
        other.pass(1).await;
        let lost = other.step(run, "only").await;
        assert_eq!((lost.state, lost.attempt, lost.lost), (StepState::Queued, 0, 1));
        other.pass(60_000).await;
        let again = other.claims(&[(OTHERS, 1)]).await.pop().unwrap();
        assert_eq!((again.step.fence, again.step.attempt), (2, 1));
        assert!(stage.complete(&claim, json!("late")).await.is_err());
        other.complete(&again, json!(1)).await.unwrap();
        assert_eq!(outcomes(&stage.attempts(run).await), [(1, "lost"), (2, "complete")]);
    }

    async fn l5_a_step_that_kills_its_server_before_its_claim_is_written_is_counted(stage) {
        let run = stage.single().await;
        for loss in 1..=LOSSES + 1 {
            let server = stage.after().await;
            assert_eq!(server.claims(&[(OURS, 1)]).await.len(), 1);
            let next = stage.after().await;
            next.order(disown()).await.unwrap();
            let after = next.step(run, "only").await;
            assert_eq!((after.lost, after.attempt), (loss, i64::from(loss > LOSSES)));
            next.pass(60_000).await;
        }
        assert_eq!(stage.reservations().await, 0);
    }

    async fn c11_of_a_server_that_comes_again_only_what_it_held_before_is_freed(stage) {
        let other = stage.after().await;
        let runs = [stage.single().await, stage.single().await];
        let before = ours(stage).await;
        let present = other.claims(&[("one/again/1", 1)]).await.pop().unwrap();
        other.order(disown()).await.unwrap();
        let states = [other.attempts(before.step.run).await.len(), other.attempts(present.step.run).await.len()];
        assert_eq!(states, [1, 0]);
        other.complete(&present, json!(1)).await.unwrap();
        assert!(runs.contains(&before.step.run));
    }

    async fn c11_what_is_reserved_goes_with_its_project(stage) {
        stage.single().await;
        let claim = ours(stage).await;
        stage.after().await.store.transact_in(&stage.scope, projects::remove).await.unwrap();
        assert_eq!(stage.reservations().await, 0);
        assert!(matches!(stage.complete(&claim, json!(1)).await, Err(Refused::Order(_))));
        assert!(stage.unwritten.is_empty());
    }

    async fn c11_a_claim_whose_commit_nobody_heard_of_becomes_a_lease(stage) {
        let run = stage.single().await;
        let writing = stage.unwritten.begin();
        let (ambient, (ready, demand)) = (stage.ambient.clone(), crate::stage::wants("q", &[(OURS, 1)]));
        let written = stage.store.transact({
            let writing = writing.clone();
            move |tx| tasks::ledger::write(tx, &[], &ready, &demand, &writing, &ambient)
        });
        let claim = written.await.unwrap().claims.pop().unwrap();
        writing.end(false);
        assert!(stage.unwritten.is_empty());
        // A transaction of the same server that begins meanwhile does not take it for its own to redeem, either.
        assert_eq!(stage.claims(&[(OURS, 1)]).await.len(), 0);
        stage.pass(1_001).await;
        assert_eq!(stage.step(run, "only").await, claim.step);
    }

    async fn c3_servers_that_claim_at_the_same_time_are_given_each_step_once(stage) {
        const RUNS: usize = 120;
        let other = stage.after().await;
        for n in 0..RUNS {
            let siblings = if n % 3 == 0 { vec![step("a", &[]), step("b", &[])] } else { vec![step("a", &[])] };
            stage.made(stage.run_of(siblings)).await;
        }
        let all = RUNS + RUNS.div_ceil(3);
        let work = |server: Stage, worker: &'static str| async move {
            let mut done: Vec<StepId> = Vec::new();
            loop {
                let claims = server.claims(&[(worker, 7)]).await;
                if claims.is_empty() && server.open_steps().await == 0 {
                    return done;
                }
                for claim in claims {
                    server.complete(&claim, json!(worker)).await.unwrap();
                    done.push(claim.step.id);
                }
            }
        };
        let (third, fourth) = (stage.after().await, stage.after().await);
        let (one, two) = tokio::join!(
            tokio::spawn(work(third, OURS)),
            tokio::spawn(work(other, OTHERS)),
        );
        let (one, two) = (one.unwrap(), two.unwrap());
        let distinct: BTreeSet<StepId> = one.iter().chain(&two).copied().collect();
        assert_eq!((one.len() + two.len(), distinct.len()), (all, all));
        assert_eq!((fourth.reservations().await, told(&fourth).await.iter().filter(|state| *state == "complete").count()), (0, all));
    }
}
