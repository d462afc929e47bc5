//! C11: claims that are not written at once, by a server that has its database for itself, and by one of several.

use kernel::EventKind;
use serde_json::json;
use store::events;
use tasks::ledger::Order;
use tasks::machine::Command;
use wire::runs::{RunState, StepState};

use crate::stage::{Stage, step};

/// A worker of the server itself.
const OURS: &str = "sim/boot/1";
/// One that is elsewhere.
const THEIRS: &str = "@far";

/// What was told of steps.
async fn told(stage: &Stage) -> Vec<String> {
    let events = stage.store.read_in(&stage.scope, |t| events::after(t, 0, 1_000)).await.unwrap();
    let of_steps = events.iter().filter(|event| event.kind == EventKind::StepUpdated);
    of_steps.map(|event| event.payload["state"].as_str().unwrap().to_owned()).collect()
}

on_late! {
    async fn c11_a_step_that_is_done_at_once_is_written_once(stage) {
        let run = stage.single().await;
        let claim = stage.claims(&[(OURS, 1)]).await.pop().unwrap();
        assert_eq!((claim.step.state, claim.step.fence), (StepState::Leased, 1));
        assert_eq!((stage.step(run, "only").await.state, stage.run(run).await.state), (StepState::Queued, RunState::Queued));
        stage.complete(&claim, json!("all")).await.unwrap();
        let (after, run) = (stage.step(run, "only").await, stage.run(run).await);
        assert_eq!((after.state, after.fence, after.attempt), (StepState::Complete, 1, 1));
        assert_eq!((run.state, run.complete), (RunState::Complete, 1));
        assert_eq!((run.started_at, stage.attempts(run.id).await.len()), (Some(claim.step.leased_at.unwrap()), 1));
        assert_eq!(told(stage).await, ["complete"]);
        assert!(stage.unwritten.is_empty());
    }

    async fn c11_nobody_else_is_given_it_meanwhile(stage) {
        stage.single().await;
        assert_eq!(stage.claims(&[(OURS, 1)]).await.len(), 1);
        assert_eq!(stage.claims(&[(OURS, 9), (THEIRS, 9)]).await.len(), 0);
    }

    async fn c11_what_takes_longer_is_written_when_it_is_asked_for_twice(stage) {
        let run = stage.single().await;
        let claim = stage.claims(&[(OURS, 1)]).await.pop().unwrap();
        stage.order(Order::Flush).await.unwrap();
        assert_eq!(stage.step(run, "only").await.state, StepState::Queued);
        stage.order(Order::Flush).await.unwrap();
        assert_eq!((stage.step(run, "only").await, told(stage).await), (claim.step, vec!["leased".to_owned()]));
        assert!(stage.unwritten.is_empty());
    }

    async fn c11_what_a_worker_says_is_said_of_what_is_written(stage) {
        let run = stage.single().await;
        let claim = stage.claims(&[(OURS, 1)]).await.pop().unwrap();
        stage.say(&claim, Command::Start { fence: 1 }).await.unwrap();
        assert_eq!((stage.step(run, "only").await.state, told(stage).await), (StepState::Running, vec!["running".to_owned()]));
        assert_eq!(stage.log(&claim, "so far").await.unwrap(), tasks::ledger::Reply::Logged { end: 6 });
    }

    async fn c11_of_a_run_with_other_steps_the_claims_are_written_with_whatever_changes_it(stage) {
        let run = stage.made(stage.run_of(vec![step("a", &[]), step("b", &[]), step("c", &[])])).await;
        let claims = stage.claims(&[(OURS, 2)]).await;
        assert_eq!(claims.len(), 2);
        // The third goes elsewhere, so it is written at once; and with it the run as the others made it.
        assert_eq!(stage.claims(&[(THEIRS, 1)]).await.len(), 1);
        let states: Vec<StepState> = stage.details(run).await.into_iter().map(|detail| detail.step.state).collect();
        assert_eq!(states, [StepState::Leased; 3]);
        for claim in &claims {
            stage.complete(claim, json!(1)).await.unwrap();
        }
        assert_eq!(stage.run(run).await.complete, 2);
    }

    async fn c11_a_person_who_ends_the_run_meets_the_claim(stage) {
        let run = stage.single().await;
        let claim = stage.claims(&[(OURS, 1)]).await.pop().unwrap();
        stage.cancel(run).await;
        let asked = stage.step(run, "only").await;
        assert_eq!((asked.state, asked.asked_at.is_some()), (StepState::Leased, true));
        stage.complete(&claim, json!(1)).await.unwrap();
        assert_eq!(stage.run(run).await.state, RunState::Complete);
    }

    async fn c11_a_worker_elsewhere_may_outlive_the_server_so_its_claim_is_written_at_once(stage) {
        let run = stage.single().await;
        stage.claims(&[(THEIRS, 1)]).await;
        assert_eq!(stage.step(run, "only").await.state, StepState::Leased);
    }

    async fn c11_a_claim_that_was_not_committed_was_not_made(stage) {
        let run = stage.single().await;
        let writing = stage.unwritten.begin();
        let (ambient, (ready, demand)) = (stage.ambient.clone(), crate::stage::wants("q", &[(OURS, 1)]));
        let lost = stage.store.transact({
            let writing = writing.clone();
            move |tx| {
                tasks::ledger::write(tx, &[], &ready, &demand, &writing, &ambient)?;
                Err::<(), _>(kernel::Error::internal("the disk is full"))
            }
        });
        writing.end(lost.await.is_ok());
        assert!(stage.unwritten.is_empty());
        let claim = stage.claims(&[(OURS, 1)]).await.pop().unwrap();
        stage.complete(&claim, json!(1)).await.unwrap();
        assert_eq!(stage.run(run).await.state, RunState::Complete);
    }

    async fn c11_an_outcome_that_was_not_committed_can_be_said_again(stage) {
        let run = stage.single().await;
        let claim = stage.claims(&[(OURS, 1)]).await.pop().unwrap();
        let writing = stage.unwritten.begin();
        let (ambient, id) = (stage.ambient.clone(), claim.step.id);
        let lost = stage.store.transact({
            let writing = writing.clone();
            move |tx| {
                let complete = Command::Complete { fence: 1 };
                let order = Order::Say { run, step: id, command: complete, output: Some(json!(1)) };
                tasks::ledger::write(tx, &[order], &Default::default(), &Default::default(), &writing, &ambient)?;
                Err::<(), _>(kernel::Error::internal("the disk is full"))
            }
        });
        writing.end(lost.await.is_ok());
        assert_eq!(stage.claims(&[(OURS, 1)]).await.len(), 0);
        stage.complete(&claim, json!(1)).await.unwrap();
        assert_eq!((stage.run(run).await.state, stage.attempts(run).await.len()), (RunState::Complete, 1));
    }

    async fn c11_a_transaction_that_the_database_wants_again_begins_from_the_beginning(stage) {
        let (run, writing) = (stage.single().await, stage.unwritten.begin());
        let (ambient, (ready, demand)) = (stage.ambient.clone(), crate::stage::wants("q", &[(OURS, 1)]));
        for again in [true, false] {
            let (ambient, ready, demand, writing) = (ambient.clone(), ready.clone(), demand.clone(), writing.clone());
            let written = stage.store.transact(move |tx| {
                let outcome = tasks::ledger::write(tx, &[], &ready, &demand, &writing, &ambient)?;
                assert_eq!(outcome.claims.len(), 1);
                if again { Err(kernel::Error::internal("once more")) } else { Ok(()) }
            });
            assert_eq!(written.await.is_ok(), !again);
        }
        writing.end(true);
        let writing = stage.unwritten.begin();
        for again in [true, false] {
            let (ambient, writing, step) = (ambient.clone(), writing.clone(), stage.step(run, "only").await.id);
            let written = stage.store.transact(move |tx| {
                let complete = Command::Complete { fence: 1 };
                let order = Order::Say { run, step, command: complete, output: Some(json!(1)) };
                let outcome =
                    tasks::ledger::write(tx, &[order], &Default::default(), &Default::default(), &writing, &ambient)?;
                assert!(outcome.replies[0].is_ok());
                if again { Err(kernel::Error::internal("once more")) } else { Ok(()) }
            });
            assert_eq!(written.await.is_ok(), !again);
        }
        writing.end(true);
        assert_eq!((stage.run(run).await.state, stage.attempts(run).await.len()), (RunState::Complete, 1));
        assert_eq!(told(stage).await, ["complete"]);
        assert!(stage.unwritten.is_empty());
    }
}

on_alone! {
    async fn c11_a_server_that_ends_takes_its_unwritten_claims_with_it(stage) {
        let run = stage.single().await;
        assert_eq!(stage.claims(&[(OURS, 1)]).await.len(), 1);
        let next = stage.after().await;
        let again = next.claims(&[(OURS, 1)]).await.pop().unwrap();
        assert_eq!((again.step.attempt, again.step.lost), (1, 0));
        next.complete(&again, json!(1)).await.unwrap();
        assert_eq!((next.run(run).await.state, next.attempts(run).await.len()), (RunState::Complete, 1));
    }
}
