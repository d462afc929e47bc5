//! C: whose turn it is, and what a lease is worth.

use resilience::retry::Kind;
use serde_json::json;
use store::runs::Step;
use tasks::graph::NewStep;
use tasks::ledger::{Order, Refused};
use tasks::machine::{Command, Failure, Refusal};
use wire::runs::{Priority, Reason, StepState};

use crate::stage::{Stage, step, wants};

const TURN: &str = "one/q";

fn in_turn(name: &str) -> NewStep {
    NewStep { queue: TURN.into(), ..step(name, &[]) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c8_two_servers_that_look_at_the_same_time_do_not_both_take_the_turn() {
    let Some(stage) = Stage::postgres().await else { return };
    stage.made(stage.run_of(["first", "second"].map(in_turn).into())).await;
    let (claimed, was_claimed) = std::sync::mpsc::channel();
    let (commit, may_commit) = std::sync::mpsc::channel();
    let may_commit = std::sync::Mutex::new(may_commit);
    let (ambient, (ready, demand)) = (stage.ambient.clone(), wants(TURN, &[("one", 1)]));
    let one = stage.store.transact(move |tx| {
        let writing = tasks::ledger::Unwritten::default().begin();
        let outcome = tasks::ledger::write(tx, &[], &ready, &demand, &writing, &ambient)?;
        claimed.send(()).unwrap();
        may_commit.lock().unwrap().recv().unwrap();
        Ok(outcome)
    });
    let other = async {
        tokio::task::spawn_blocking(move || was_claimed.recv().unwrap()).await.unwrap();
        let other = stage.wanted(TURN, &[("two", 1)], Vec::new()).await;
        commit.send(()).unwrap();
        other
    };
    let (one, other) = tokio::join!(one, other);
    assert_eq!((one.unwrap().claims.len(), other.claims.len()), (1, 0));
}

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
        let later = |n: i32| NewStep { delay_until: Some(until), ..step(&n.to_string(), &[]) };
        stage.made(stage.run_of((0..300).map(later).collect())).await;
        stage.clock.advance(1_000);
        let first = stage.write(vec![Order::Tick]).await;
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
        assert_eq!(workers, ["two", "one", "two"], "whoever has most slots free comes first");
        assert_eq!(stage.claim(9).await.len(), 2);
    }

    async fn c8_of_a_queue_that_is_done_in_turn_one_step_has_a_lease_at_a_time(stage) {
        let names = ["first", "second", "third"];
        stage.made(stage.run_of(names.map(in_turn).into())).await;
        let all = [("one", 3), ("two", 3)];
        let mut first = stage.wanted(TURN, &all, Vec::new()).await;
        assert_eq!((first.claims.len(), first.claims[0].step.name.as_str()), (1, "first"));
        assert_eq!(stage.wanted(TURN, &all, Vec::new()).await.claims, []);

        let first = first.claims.remove(0).step;
        let done = |step: &Step, command| Order::Say { run: step.run, step: step.id, command, output: Some(json!(1)) };
        let asks = done(&first, Command::Ask { fence: first.fence, question: "?".into() });
        let mut second = stage.wanted(TURN, &all, vec![asks]).await;
        assert_eq!(second.claims.len(), 1, "who waits for a person does not keep the turn");

        let second = second.claims.remove(0).step;
        let asked = stage.answer(&stage.step(first.run, "first").await, json!("yes")).await;
        assert!(asked.is_ok());
        assert_eq!(stage.wanted(TURN, &all, Vec::new()).await.claims, [], "the turn was given to the next one");
        let left = stage.write(vec![done(&second, Command::Complete { fence: second.fence })]).await;
        assert!(left.ready.contains(TURN), "others are told that the turn is free");
        let next = stage.wanted(TURN, &all, Vec::new()).await.claims;
        assert_eq!(next.len(), 1);
    }

    async fn c8_queues_that_differ_in_what_their_steps_take_are_done_in_one_turn(stage) {
        let of = |queue: &str, name: &str| NewStep { queue: queue.into(), ..step(name, &[]) };
        let steps = vec![of("one/q#saw", "sawn"), of("one/q#drill", "drilled"), of("one/r#saw", "elsewhere")];
        stage.made(stage.run_of(steps)).await;
        let all = [("one", 3)];
        assert_eq!(stage.wanted("one/q#saw", &all, Vec::new()).await.claims.len(), 1);
        assert_eq!(stage.wanted("one/q#drill", &all, Vec::new()).await.claims, []);
        assert_eq!(stage.wanted("one/r#saw", &all, Vec::new()).await.claims.len(), 1);
    }

    async fn c9_where_steps_are_done_in_turn_one_that_lost_its_worker_keeps_its_place(stage) {
        stage.made(stage.run_of(["first", "second"].map(in_turn).into())).await;
        let first = stage.wanted(TURN, &[("one", 1)], Vec::new()).await;
        stage.clock.advance(30_000);
        let again = stage.wanted(TURN, &[("two", 1)], vec![Order::Tick]).await;
        let again = again.claims[0].step.clone();
        assert_eq!([&first.claims[0].step.name, &again.name], ["first", "first"]);
        assert_eq!((again.attempt, again.lost, again.fence), (1, 1, 2));
        let command = Command::Complete { fence: again.fence };
        let done = Order::Say { run: again.run, step: again.id, command, output: None };
        let second = stage.wanted(TURN, &[("one", 1)], vec![done]).await;
        assert_eq!(second.claims[0].step.name, "second");
    }

    async fn c10_what_a_worker_declines_has_lost_nothing_however_often(stage) {
        stage.made(stage.run_of(["first", "second"].map(in_turn).into())).await;
        for fence in 1..=20 {
            let given = stage.wanted(TURN, &[("one", 1)], Vec::new()).await.claims.remove(0).step;
            assert_eq!((given.name.as_str(), given.attempt, given.lost, given.fence), ("first", 1, 0, fence));
            let decline = Order::Say { run: given.run, step: given.id, command: Command::Decline { fence }, output: None };
            stage.order(decline.clone()).await.unwrap();
            // Said again, it changes nothing.
            stage.order(decline).await.unwrap();
        }
    }

    async fn which_of_the_queues_have_ready_steps_is_found_out_at_once(stage) {
        stage.single().await;
        stage.made(stage.run_of(vec![in_turn("only")])).await;
        let queues = ["none", TURN, "q", "'"].map(str::to_owned);
        let looked = stage.write(vec![Order::Look { queues: queues.into() }]).await;
        assert_eq!(Vec::from_iter(looked.ready), [TURN, "q"]);
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
