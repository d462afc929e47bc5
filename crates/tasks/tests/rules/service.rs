//! The service: what workers and callers see of it.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::{Code, RunId};
use serde_json::json;
use store::runs;
use tasks::graph::{NewRun, NewStep};
use tasks::{Lease, Tasks, Worker};
use wire::runs::{Reason, RunState, StepState};

use crate::stage::{Stage, step};

const HOUR: i64 = 60 * 60 * 1_000;
/// Only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run of steps that are tried again without a pause.
fn eager(stage: &Stage, steps: impl IntoIterator<Item = NewStep>) -> NewRun {
    let eager = steps.into_iter().map(|mut step| {
        step.limits.backoff_ms = 0;
        step
    });
    stage.run_of(eager.collect())
}

/// Waits until the run has ended.
async fn ended(stage: &Stage, run: RunId) -> RunState {
    loop {
        let state = stage.run(run).await.state;
        if state.has_ended() {
            return state;
        }
        tokio::task::yield_now().await;
    }
}

/// Waits until a step is in that state.
async fn becomes(stage: &Stage, run: RunId, name: &str, state: StepState) {
    while stage.step(run, name).await.state != state {
        tokio::task::yield_now().await;
    }
}

async fn worker(tasks: &Tasks, slots: u32) -> Worker {
    tasks.worker("q", slots).await.unwrap()
}

async fn next(worker: &mut Worker) -> Lease {
    worker.next().await.unwrap()
}

on_each! {
    async fn a_run_is_worked_through_in_its_order(stage) {
        let served = stage.serve("one");
        let mut worker = worker(&served.tasks, 2).await;
        let new = eager(stage, [step("a", &[]), step("b", &["a"]), step("c", &["a"]), step("d", &["b", "c"])]);
        let (run, again) = served.tasks.make(new).await.unwrap();
        assert!(!again);
        let a = next(&mut worker).await;
        assert_eq!((a.step().name.as_str(), a.input()), ("a", &json!({ "of": "a" })));
        a.start().await.unwrap();
        a.complete(json!("a")).await.unwrap();
        let (b, c) = (next(&mut worker).await, next(&mut worker).await);
        b.complete(json!("b")).await.unwrap();
        c.complete(json!("c")).await.unwrap();
        next(&mut worker).await.complete(json!("d")).await.unwrap();
        assert_eq!(ended(stage, run).await, RunState::Complete);
        served.end().await;
    }

    async fn l5_a_lease_that_is_dropped_is_given_back(stage) {
        let served = stage.serve("one");
        let mut worker = worker(&served.tasks, 1).await;
        let (run, _) = served.tasks.make(eager(stage, [step("a", &[])])).await.unwrap();
        drop(next(&mut worker).await);
        let again = next(&mut worker).await;
        assert_eq!((again.step().attempt, again.step().lost), (1, 1));
        again.complete(json!(1)).await.unwrap();
        assert_eq!(ended(stage, run).await, RunState::Complete);
        served.end().await;
    }

    async fn x1_a_cancelled_run_stops_its_workers(stage) {
        let served = stage.serve("one");
        let mut worker = worker(&served.tasks, 1).await;
        let (run, _) = served.tasks.make(eager(stage, [step("a", &[])])).await.unwrap();
        let lease = next(&mut worker).await;
        assert!(!lease.is_stopped());
        served.tasks.cancel(&stage.scope, run).await.unwrap();
        lease.stopped().await;
        drop(lease);
        assert_eq!(ended(stage, run).await, RunState::Cancelled);
        served.end().await;
    }

    async fn w1_a_step_that_asks_lets_others_run_meanwhile(stage) {
        let served = stage.serve("one");
        let mut worker = worker(&served.tasks, 1).await;
        let (run, _) = served.tasks.make(eager(stage, [step("a", &[]), step("b", &[])])).await.unwrap();
        let asking = next(&mut worker).await;
        let (id, name) = (asking.step().id, asking.step().name.clone());
        asking.ask("May I?").await.unwrap();
        next(&mut worker).await.complete(json!(1)).await.unwrap();
        served.tasks.answer(&stage.scope, run, id, json!("yes")).await.unwrap();
        let second = served.tasks.answer(&stage.scope, run, id, json!("no")).await.unwrap_err();
        assert_eq!(second.code(), Code::AlreadyDecided);
        let answered = next(&mut worker).await;
        assert_eq!((&answered.step().name, &answered.step().answer.as_ref().unwrap().value), (&name, &json!("yes")));
        answered.complete(json!(1)).await.unwrap();
        assert_eq!(ended(stage, run).await, RunState::Complete);
        served.end().await;
    }

    async fn nobody_suffers_for_anothers_order(stage) {
        let served = stage.serve("one");
        let gone = stage.other().await;
        let project = gone.project();
        stage.store.transact_in(&gone, store::projects::remove).await.unwrap();
        let good = |n: usize| NewRun { title: n.to_string(), ..eager(stage, [step("a", &[])]) };
        let bad = NewRun { project, ..good(0) };
        let (one, two, three) = tokio::join!(
            served.tasks.make(good(1)), served.tasks.make(bad), served.tasks.make(good(3))
        );
        assert!(one.is_ok() && three.is_ok());
        assert!(two.is_err());
        served.end().await;
    }

    async fn a_worker_whose_project_is_removed_gets_the_next_step(stage) {
        let served = stage.serve("one");
        let mut worker = worker(&served.tasks, 1).await;
        let gone = stage.other().await;
        let doomed = NewRun { project: gone.project(), ..eager(stage, [step("a", &[])]) };
        served.tasks.make(doomed).await.unwrap();
        let lease = next(&mut worker).await;
        stage.store.transact_in(&gone, store::projects::remove).await.unwrap();
        assert_eq!(lease.complete(json!(1)).await.unwrap_err().code(), Code::NotFound);
        served.tasks.make(eager(stage, [step("b", &[])])).await.unwrap();
        let after = next(&mut worker).await;
        assert_eq!(after.step().name, "b");
        after.complete(json!(1)).await.unwrap();
        served.end().await;
    }

    async fn t3_who_listens_hears_that_a_log_has_grown(stage) {
        let served = stage.serve("one");
        let mut worker = worker(&served.tasks, 1).await;
        let mut logged = served.tasks.logged();
        let (run, _) = served.tasks.make(eager(stage, [step("a", &[])])).await.unwrap();
        let lease = next(&mut worker).await;
        assert_eq!(lease.log("text", "Möwen").await.unwrap(), 6);
        assert_eq!(logged.recv().await.unwrap(), run);
        assert_eq!(stage.entries(run, 0).await[0].text, "Möwen");
        lease.complete(json!(1)).await.unwrap();
        served.end().await;
    }

    async fn a_step_waits_for_its_time_and_says_so(stage) {
        let served = stage.serve("one");
        let mut worker = worker(&served.tasks, 1).await;
        let until = kernel::Ambient::system().now().plus_millis(300);
        let later = NewStep { delay_until: Some(until), ..step("later", &[]) };
        let (run, _) = served.tasks.make(eager(stage, [later])).await.unwrap();
        assert_eq!(stage.step(run, "later").await.reason, Some(Reason::Delay { until }));
        let lease = next(&mut worker).await;
        assert!(kernel::Ambient::system().now() >= until);
        becomes(stage, run, "later", StepState::Leased).await;
        lease.complete(json!(1)).await.unwrap();
        served.end().await;
    }
}

on_both! {
    async fn c6_a_worker_gets_the_next_step_when_it_has_a_free_slot(stage) {
        let served = stage.serve("one");
        let mut worker = worker(&served.tasks, 2).await;
        let (run, _) = served.tasks.make(eager(stage, (0..5).map(|n| step(&n.to_string(), &[])))).await.unwrap();
        let (first, _second) = (next(&mut worker).await, next(&mut worker).await);
        let held = |details: Vec<runs::Detail>| details.iter().filter(|detail| detail.step.state.is_held()).count();
        // A wish is written after all that came before it.
        served.tasks.resume(&stage.scope, run).await.unwrap();
        assert_eq!(held(stage.details(run).await), 2);
        first.complete(json!(null)).await.unwrap();
        let _third = next(&mut worker).await;
        served.tasks.resume(&stage.scope, run).await.unwrap();
        assert_eq!(held(stage.details(run).await), 2);
        served.end().await;
    }

    async fn c7_what_one_server_leaves_over_another_does_as_soon_as_it_is_told(stage) {
        let rarely = |server| tasks::Options { poll: Duration::from_secs(3_600), ..tasks::Options::new(server) };
        let (one, two) = (stage.serve_with(rarely("one")), stage.serve_with(rarely("two")));
        let (mut here, mut there) = (worker(&one.tasks, 1).await, worker(&two.tasks, 1).await);
        // The other has looked, and found nothing.
        let (before, _) = two.tasks.make(eager(stage, [step("before", &[])])).await.unwrap();
        next(&mut there).await.complete(json!(null)).await.unwrap();
        assert_eq!(ended(stage, before).await, RunState::Complete);
        let (run, _) = one.tasks.make(eager(stage, [step("a", &[]), step("b", &[])])).await.unwrap();
        let first = next(&mut here).await;
        one.tasks.left_over().await;
        two.tasks.look();
        next(&mut there).await.complete(json!(null)).await.unwrap();
        first.complete(json!(null)).await.unwrap();
        assert_eq!(ended(stage, run).await, RunState::Complete);
        one.end().await;
        two.end().await;
    }

    async fn t5_a_server_that_starts_anew_goes_on_where_it_was(stage) {
        let served = stage.serve("one");
        let mut old = worker(&served.tasks, 2).await;
        let (run, _) = served.tasks.make(eager(stage, [step("a", &[]), step("b", &["a"])])).await.unwrap();
        let lost = next(&mut old).await;
        served.crash().await;
        assert_eq!(lost.complete(json!("too late")).await.unwrap_err().code(), Code::Unavailable);

        let served = stage.serve("one");
        let mut worker = worker(&served.tasks, 2).await;
        let a = next(&mut worker).await;
        // A transaction that was under way at the crash may have claimed it once more, for a worker that is gone, too.
        assert_eq!(a.step().attempt, 1);
        assert!((1..=2).contains(&a.step().lost), "{:?}", a.step());
        a.complete(json!("a")).await.unwrap();
        let b = next(&mut worker).await;
        // In good order it costs the step nothing at all.
        served.end().await;
        let after = stage.step(run, "b").await;
        assert_eq!((after.state, after.attempt, after.lost), (StepState::Queued, 0, 0));
        drop(b);
    }

    async fn t6_what_a_killed_server_came_to_hold_after_its_successor_began_waits_for_no_lease(stage) {
        let mut hours = step("a", &[]);
        (hours.limits.lease_ms, hours.limits.run_ms) = (HOUR, 2 * HOUR);
        let served = stage.serve("one");
        let (run, _) = served.tasks.make(eager(stage, [hours])).await.unwrap();
        // The order was answered, so what the last start held has been freed; and only now does its claim commit.
        assert_eq!(stage.claims(&[("one/before/1", 1)]).await.len(), 1);
        let mut worker = worker(&served.tasks, 1).await;
        // Its lease would end in an hour.
        let lease = tokio::time::timeout(PATIENCE, next(&mut worker)).await.unwrap();
        assert_eq!((lease.step().attempt, lease.step().lost), (1, 1));
        lease.complete(json!(1)).await.unwrap();
        assert_eq!(ended(stage, run).await, RunState::Complete);
        served.end().await;
    }

    async fn l7_what_is_done_elsewhere_outlives_the_server_that_gave_it(stage) {
        let served = stage.serve("one");
        let elsewhere = |tasks: tasks::Tasks, slots| async move {
            tasks.worker_elsewhere("@far".into(), vec!["none".into(), "q".into()], slots).await.unwrap()
        };
        let mut far = elsewhere(served.tasks.clone(), 1).await;
        let (run, _) = served.tasks.make(eager(stage, [step("a", &[])])).await.unwrap();
        let lease = next(&mut far).await;
        lease.start().await.unwrap();
        let (id, fence) = (lease.step().id, lease.step().fence);
        served.end().await;
        drop(lease);

        let served = stage.serve("one");
        let before = stage.step(run, "a").await;
        assert_eq!((before.state, before.lost, before.worker.as_deref()), (StepState::Running, 0, Some("@far")));
        let refused = served.tasks.keep("@other", run, id, fence).await.unwrap_err();
        assert_eq!(refused.code(), Code::Conflict);
        let kept = served.tasks.keep("@far", run, id, fence).await.unwrap();
        assert_eq!(kept.input(), &json!({ "of": "a" }));
        // What it has counts among its slots.
        let mut far = elsewhere(served.tasks.clone(), 1).await;
        served.tasks.make(eager(stage, [step("b", &[])])).await.unwrap();
        let again = served.tasks.keep("@far", run, id, fence).await.unwrap();
        // The one before has been replaced, so that it says nothing when it is dropped.
        drop(kept);
        again.log("text", "still here").await.unwrap();
        again.complete(json!(1)).await.unwrap();
        assert_eq!(ended(stage, run).await, RunState::Complete);
        let late = next(&mut far).await;
        assert_eq!(late.step().name, "b");
        late.complete(json!(1)).await.unwrap();
        served.end().await;
    }

    async fn l7_what_a_worker_elsewhere_was_given_but_never_heard_of_is_given_back(stage) {
        let served = stage.serve("one");
        let far = served.tasks.worker_elsewhere("@far".into(), vec!["q".into()], 1).await.unwrap();
        let (run, _) = served.tasks.make(eager(stage, [step("a", &[])])).await.unwrap();
        becomes(stage, run, "a", StepState::Leased).await;
        let mut other = served.tasks.worker_elsewhere("@other".into(), vec!["q".into()], 1).await.unwrap();
        drop(far);
        let lease = next(&mut other).await;
        assert_eq!(lease.step().lost, 1);
        lease.complete(json!(1)).await.unwrap();
        served.end().await;
    }

    async fn l7_a_worker_elsewhere_that_is_not_seen_for_too_long_loses_its_lease(stage) {
        let served = stage.serve("one");
        let mut far = served.tasks.worker_elsewhere("@far".into(), vec!["q".into()], 1).await.unwrap();
        let (run, _) = served.tasks.make(eager(stage, [step("a", &[])])).await.unwrap();
        let lease = next(&mut far).await;
        let (id, fence) = (lease.step().id, lease.step().fence);
        drop((lease, far));
        // The last beat was for the lease's time from now.
        stage.clock.advance(60_000);
        stage.pass(0).await;
        assert_eq!(stage.step(run, "a").await.lost, 1);
        let refused = served.tasks.keep("@far", run, id, fence).await.unwrap_err();
        assert_eq!(refused.code(), Code::Conflict);
        served.end().await;
    }

    async fn two_servers_share_the_work_and_do_nothing_twice(stage) {
        let servers = [stage.serve("one"), stage.serve("two")];
        let steps = (0..60).map(|n| {
            let parents: Vec<String> = if n < 6 { vec![] } else { vec![(n - 6).to_string()] };
            NewStep::new(n.to_string(), "q", json!(n)).after(parents)
        });
        let (run, _) = servers[0].tasks.make(eager(stage, steps)).await.unwrap();
        let mut workers = Vec::new();
        for (place, served) in servers.iter().enumerate() {
            let mut worker = worker(&served.tasks, 3).await;
            workers.push(tokio::spawn(async move {
                let mut done = Vec::new();
                while let Some(lease) = worker.next().await {
                    let name = lease.step().name.clone();
                    if lease.complete(json!(place)).await.is_ok() {
                        done.push(name);
                    }
                }
                done
            }));
        }
        assert_eq!(ended(stage, run).await, RunState::Complete);
        for served in servers {
            served.end().await;
        }
        let mut times: BTreeMap<String, u32> = BTreeMap::new();
        for worker in workers {
            for name in worker.await.unwrap() {
                *times.entry(name).or_default() += 1;
            }
        }
        assert_eq!(times.len(), 60);
        assert!(times.values().all(|times| *times == 1), "{times:?}");
    }
}

/// Another program holds the database for longer than anyone waits for it: what could not be given back then is given back
/// later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_a_lease_that_could_not_be_given_back_is_given_back_later() {
    let stage = Stage::sqlite().await;
    let served = stage.serve("one");
    let mut worker = worker(&served.tasks, 1).await;
    let (run, _) = served.tasks.make(eager(&stage, [step("a", &[])])).await.unwrap();
    let lease = next(&mut worker).await;
    let other = stage.connection();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    drop(lease);
    // Written after what was dropped, and like it in vain.
    assert_eq!(served.tasks.resume(&stage.scope, run).await.unwrap_err().code(), Code::Unavailable);
    other.execute_batch("ROLLBACK").unwrap();
    next(&mut worker).await.complete(json!(1)).await.unwrap();
    assert_eq!(ended(&stage, run).await, RunState::Complete);
    served.end().await;
}

/// Another program holds the database for a while: what a worker says is not written, but the worker has its slot free.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c6_c12_a_worker_gets_the_next_step_as_soon_as_it_has_said_what_came_of_the_one_before() {
    let stage = Stage::alone().await;
    // Each look at the clock takes back what was read ahead; here it would not come again before the other program lets go.
    let hour = Duration::from_hours(1);
    let served = stage.serve_with(tasks::Options { poll: hour, ..tasks::Options::new("one") });
    let mut runs = Vec::new();
    for name in ["a", "b", "c"] {
        runs.push(served.tasks.make(eager(&stage, [step(name, &[])])).await.unwrap().0);
    }
    let mut worker = worker(&served.tasks, 1).await;
    let first = next(&mut worker).await;
    // Once a claim of it is written, the transaction that read ahead is committed.
    first.start().await.unwrap();
    let other = stage.connection();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let told: Vec<_> = {
        let mut told = vec![tokio::spawn(first.complete(json!(1)))];
        for _ in 0..2 {
            told.push(tokio::spawn(next(&mut worker).await.complete(json!(1))));
        }
        told
    };
    assert_ne!(stage.run(runs[2]).await.state, RunState::Complete);
    assert!(told.iter().all(|told| !told.is_finished()));
    other.execute_batch("ROLLBACK").unwrap();
    for told in told {
        told.await.unwrap().unwrap();
    }
    for run in runs {
        assert_eq!((stage.run(run).await.state, stage.attempts(run).await.len()), (RunState::Complete, 1));
    }
    served.end().await;
}
