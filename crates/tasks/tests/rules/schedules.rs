//! Schedules: an order is given at its time, once, and what was missed is said.

use kernel::{Code, EventKind, Timestamp};
use store::{events, schedules};
use tasks::Tasks;
use tasks::graph::NewRun;
use tasks::schedules::{change, give_now, look, make};
use wire::schedules::{
    ChangeSchedule, Missed, NewSchedule, Occurrence, Outcome, Schedule, ScheduleState, ScheduledOrder, When,
};

use crate::stage::{Stage, step};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn hourly() -> When {
    When::Cron { cron: "0 * * * *".into(), time_zone: "UTC".into() }
}

/// A schedule of Ada's. It is 08:00 UTC.
async fn set(stage: &Stage, when: When, missed: Missed) -> Schedule {
    let order = ScheduledOrder::Task {
        task: "Count".into(),
        priority: Default::default(),
        departments: vec![],
        auto_ingest: false,
        one_by_one: false,
    };
    let new = NewSchedule { name: "Daily count".into(), order, when, missed };
    stage.store.transact_in(&stage.scope, move |t| make(t, &new)).await.unwrap()
}

fn planned(schedule: &Schedule) -> kernel::Result<NewRun> {
    let ScheduledOrder::Task { task, .. } = &schedule.order;
    if task == "nonsense" {
        return Err(kernel::Error::field("task", "concerns nobody"));
    }
    Ok(NewRun {
        project: schedule.project_id,
        by: None,
        kind: "test".into(),
        title: task.clone(),
        input: serde_json::json!(null),
        idempotency_key: None,
        steps: vec![step("count", &[])],
    })
}

async fn looked(stage: &Stage, tasks: &Tasks) -> Option<Timestamp> {
    look(&stage.store, tasks, &stage.ambient, |schedule| std::future::ready(planned(&schedule)))
        .await
        .unwrap()
}

/// What became of its times, oldest first.
async fn of(stage: &Stage, schedule: &Schedule) -> Vec<Occurrence> {
    let id = schedule.id;
    let mut found = stage.store.read_in(&stage.scope, move |t| schedules::occurrences(t, id)).await.unwrap();
    found.reverse();
    found
}

async fn outcomes(stage: &Stage, schedule: &Schedule) -> Vec<(i64, Outcome, i64)> {
    let begun = schedule.created_at;
    of(stage, schedule).await.iter().map(|one| (one.at.since(begun), one.outcome, one.times)).collect()
}

async fn now_is(stage: &Stage, schedule: &Schedule) -> Schedule {
    let id = schedule.id;
    stage.store.read_in(&stage.scope, move |t| schedules::get(t, id)).await.unwrap()
}

async fn changed(stage: &Stage, schedule: &Schedule, what: ChangeSchedule) -> kernel::Result<Schedule> {
    let id = schedule.id;
    let done = stage.store.transact_in(&stage.scope, move |t| {
        let mut schedule = schedules::hold(t, id)?;
        change(t, &mut schedule, &what)?;
        Ok(schedule)
    });
    done.await
}

/// What people were told, oldest first.
async fn told(stage: &Stage) -> Vec<String> {
    let all = stage.store.read_in(&stage.scope, |t| events::after(t, 0, 1_000)).await.unwrap();
    let notes = all.into_iter().filter(|event| event.kind == EventKind::Notification);
    notes.map(|event| event.payload["title"].as_str().unwrap().to_owned()).collect()
}

/// Does all steps of all runs.
async fn work(stage: &Stage) {
    loop {
        let claims = stage.claim(8).await;
        if claims.is_empty() {
            return;
        }
        for claim in claims {
            stage.complete(&claim, serde_json::json!(1)).await.unwrap();
        }
    }
}

on_both! {
    async fn s4_at_its_time_an_order_becomes_one_run_of_whoever_set_it(stage) {
        let served = stage.serve("one");
        let schedule = set(stage, hourly(), Missed::Run).await;
        assert_eq!(looked(stage, &served.tasks).await, Some(schedule.created_at.plus_millis(HOUR)));
        assert_eq!(outcomes(stage, &schedule).await, []);
        for hour in 1..=2 {
            stage.clock.advance(HOUR);
            assert_eq!(looked(stage, &served.tasks).await, Some(schedule.created_at.plus_millis((hour + 1) * HOUR)));
            looked(stage, &served.tasks).await;
            work(stage).await;
        }
        assert_eq!(outcomes(stage, &schedule).await, [(HOUR, Outcome::Started, 1), (2 * HOUR, Outcome::Started, 1)]);
        for occurrence in of(stage, &schedule).await {
            let run = stage.run(occurrence.run_id.unwrap()).await;
            assert_eq!((run.title.as_str(), run.created_by), ("Count", Some(stage.ada)));
        }
        assert_eq!(told(stage).await, [] as [&str; 0]);
        served.end().await;
    }

    async fn s4_two_servers_that_look_at_once_give_an_order_once(stage) {
        let (one, two) = (stage.serve("one"), stage.serve("two"));
        let schedule = set(stage, hourly(), Missed::Run).await;
        stage.clock.advance(HOUR);
        tokio::join!(looked(stage, &one.tasks), looked(stage, &two.tasks), looked(stage, &one.tasks));
        assert_eq!(outcomes(stage, &schedule).await, [(HOUR, Outcome::Started, 1)]);
        assert_eq!(runs(stage).await, 1);
        one.end().await;
        two.end().await;
    }

    async fn s5_what_was_noted_and_not_given_is_given_with_the_next_look_and_becomes_one_run(stage) {
        let served = stage.serve("one");
        let schedule = set(stage, hourly(), Missed::Run).await;
        stage.clock.advance(HOUR);
        // The server ends after it has made the run, and before it could say so; and then before it has made it.
        let again = NewRun {
            idempotency_key: Some(format!("{}/{}", schedule.id, stage.ambient.now().0)),
            by: Some(stage.ada),
            ..planned(&schedule).unwrap()
        };
        let first = stage.made(again).await;
        let stopping = || Err(kernel::Error::new(Code::Unavailable, "The server is stopping."));
        let broken = look(&stage.store, &served.tasks, &stage.ambient, |_| std::future::ready(stopping()));
        broken.await.unwrap();
        assert_eq!(outcomes(stage, &schedule).await, [(HOUR, Outcome::Due, 1)]);
        looked(stage, &served.tasks).await;
        assert_eq!(of(stage, &schedule).await[0].run_id, Some(first));
        assert_eq!(runs(stage).await, 1);
        served.end().await;
    }

    async fn s6_what_was_missed_is_said_and_one_run_stands_for_all(stage) {
        let served = stage.serve("one");
        let schedule = set(stage, hourly(), Missed::Run).await;
        stage.clock.advance(5 * HOUR + 10 * MINUTE);
        assert_eq!(looked(stage, &served.tasks).await, Some(schedule.created_at.plus_millis(6 * HOUR)));
        assert_eq!(outcomes(stage, &schedule).await, [(4 * HOUR, Outcome::Missed, 4), (5 * HOUR, Outcome::Started, 1)]);
        assert!(of(stage, &schedule).await.iter().all(|one| one.reason.as_ref().is_some_and(|why| why.contains("No server") || why.contains("no server"))));
        assert_eq!(told(stage).await, ["Daily count was missed"]);
        served.end().await;
    }

    async fn s6_a_schedule_that_skips_what_was_missed_says_so_and_waits(stage) {
        let served = stage.serve("one");
        let schedule = set(stage, hourly(), Missed::Skip).await;
        stage.clock.advance(5 * HOUR + 10 * MINUTE);
        looked(stage, &served.tasks).await;
        assert_eq!(outcomes(stage, &schedule).await, [(5 * HOUR, Outcome::Missed, 5)]);
        assert_eq!((told(stage).await.len(), runs(stage).await), (1, 0));
        // What is not late is given, even if others were missed.
        stage.clock.advance(2 * HOUR - 10 * MINUTE);
        looked(stage, &served.tasks).await;
        assert_eq!(outcomes(stage, &schedule).await[1..], [(6 * HOUR, Outcome::Missed, 1), (7 * HOUR, Outcome::Started, 1)]);
        served.end().await;
    }

    async fn s7_a_time_at_which_the_run_before_goes_on_is_skipped_and_says_so(stage) {
        let served = stage.serve("one");
        let schedule = set(stage, hourly(), Missed::Run).await;
        for _ in 0..2 {
            stage.clock.advance(HOUR);
            looked(stage, &served.tasks).await;
        }
        assert_eq!(outcomes(stage, &schedule).await, [(HOUR, Outcome::Started, 1), (2 * HOUR, Outcome::Skipped, 1)]);
        work(stage).await;
        stage.clock.advance(HOUR);
        looked(stage, &served.tasks).await;
        assert_eq!(outcomes(stage, &schedule).await[2], (3 * HOUR, Outcome::Started, 1));
        served.end().await;
    }

    async fn s8_a_paused_schedule_gives_nothing_and_makes_nothing_up_when_it_is_resumed(stage) {
        let served = stage.serve("one");
        let schedule = set(stage, hourly(), Missed::Run).await;
        let paused = changed(stage, &schedule, ChangeSchedule { paused: Some(true), ..Default::default() }).await.unwrap();
        assert_eq!((paused.state, paused.next_at), (ScheduleState::Paused, None));
        stage.clock.advance(3 * HOUR);
        assert_eq!(looked(stage, &served.tasks).await, None);
        let renamed = ChangeSchedule { name: Some("Hourly count".into()), when: Some(hourly()), ..Default::default() };
        assert_eq!(changed(stage, &schedule, renamed).await.unwrap().next_at, None);
        let resumed = changed(stage, &schedule, ChangeSchedule { paused: Some(false), ..Default::default() }).await.unwrap();
        assert_eq!(resumed.next_at, Some(schedule.created_at.plus_millis(4 * HOUR)));
        looked(stage, &served.tasks).await;
        assert_eq!(outcomes(stage, &schedule).await, []);
        served.end().await;
    }

    async fn s9_an_order_for_one_moment_is_given_once_and_its_schedule_has_ended(stage) {
        let served = stage.serve("one");
        let at = stage.ambient.now().plus_millis(MINUTE);
        let schedule = set(stage, When::Once { at }, Missed::Run).await;
        for _ in 0..3 {
            stage.clock.advance(MINUTE);
            looked(stage, &served.tasks).await;
        }
        assert_eq!(outcomes(stage, &schedule).await, [(MINUTE, Outcome::Started, 1)]);
        assert_eq!(now_is(stage, &schedule).await.state, ScheduleState::Ended);
        let over = changed(stage, &schedule, ChangeSchedule { when: Some(When::Once { at }), ..Default::default() }).await;
        assert_eq!(over.unwrap_err().code(), Code::ValidationError);
        let later = When::Once { at: stage.ambient.now().plus_millis(HOUR) };
        let again = changed(stage, &schedule, ChangeSchedule { when: Some(later), ..Default::default() }).await.unwrap();
        assert_eq!(again.state, ScheduleState::Active);
        served.end().await;
    }

    async fn s10_an_order_that_is_refused_pauses_its_schedule_which_says_why(stage) {
        let served = stage.serve("one");
        let schedule = set(stage, hourly(), Missed::Run).await;
        let order = ScheduledOrder::Task { task: "nonsense".into(), priority: Default::default(), departments: vec![], auto_ingest: false, one_by_one: false };
        changed(stage, &schedule, ChangeSchedule { order: Some(order), ..Default::default() }).await.unwrap();
        stage.clock.advance(HOUR);
        assert_eq!(looked(stage, &served.tasks).await, None);
        assert_eq!(outcomes(stage, &schedule).await, [(HOUR, Outcome::Refused, 1)]);
        let paused = now_is(stage, &schedule).await;
        assert_eq!(paused.state, ScheduleState::Paused);
        assert!(paused.reason.unwrap().contains("concerns nobody"));
        assert_eq!(told(stage).await, ["Daily count is paused"]);
        served.end().await;
    }

    async fn s10_who_may_order_nothing_any_more_has_nothing_ordered(stage) {
        let served = stage.serve("one");
        let schedule = set(stage, hourly(), Missed::Run).await;
        // Ben set it, and has left the project since.
        let gone = schedule.clone();
        let set_by_ben = stage.store.transact(move |tx| {
            let ben = store::people::create(tx, "ben@example.org", "Ben", None, false)?.id;
            schedules::save(tx, &Schedule { set_by: Some(ben), ..gone.clone() })
        });
        set_by_ben.await.unwrap();
        stage.clock.advance(HOUR);
        looked(stage, &served.tasks).await;
        assert_eq!(outcomes(stage, &schedule).await, [(HOUR, Outcome::Refused, 1)]);
        assert_eq!(runs(stage).await, 0);
        served.end().await;
    }

    async fn s11_an_order_can_be_given_at_once_even_if_its_schedule_is_paused(stage) {
        let served = stage.serve("one");
        let schedule = set(stage, hourly(), Missed::Run).await;
        changed(stage, &schedule, ChangeSchedule { paused: Some(true), ..Default::default() }).await.unwrap();
        let wanted = schedule.clone();
        stage.store.transact_in(&stage.scope, move |t| give_now(t, &wanted).map(drop)).await.unwrap();
        looked(stage, &served.tasks).await;
        assert_eq!(outcomes(stage, &schedule).await, [(0, Outcome::Started, 1)]);
        assert_eq!(now_is(stage, &schedule).await.state, ScheduleState::Paused);
        served.end().await;
    }

    async fn a_project_has_a_bounded_number_of_schedules_and_a_schedule_of_occurrences(stage) {
        let served = stage.serve("one");
        let schedule = set(stage, When::Cron { cron: "* * * * *".into(), time_zone: "UTC".into() }, Missed::Run).await;
        for _ in 0..103 {
            stage.clock.advance(MINUTE);
            looked(stage, &served.tasks).await;
        }
        assert_eq!(outcomes(stage, &schedule).await.len(), 100);
        for _ in 0..99 {
            set(stage, hourly(), Missed::Run).await;
        }
        let order = ScheduledOrder::Task { task: "Count".into(), priority: Default::default(), departments: vec![], auto_ingest: false, one_by_one: false };
        let new = NewSchedule { name: "One more".into(), order, when: hourly(), missed: Missed::Run };
        let refused = stage.store.transact_in(&stage.scope, move |t| make(t, &new)).await.unwrap_err();
        assert_eq!(refused.code(), Code::Conflict);
        served.end().await;
    }
}

/// How many runs the project has.
async fn runs(stage: &Stage) -> i64 {
    let page = kernel::PageRequest::default();
    stage
        .store
        .read_in(&stage.scope, move |t| store::runs::list(t, &Default::default(), &page))
        .await
        .unwrap()
        .total
}
