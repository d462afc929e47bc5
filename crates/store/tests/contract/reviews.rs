//! Reviews: decided once, whoever is faster; modified only as they were read; made once for what a step gave.

use kernel::{Code, PageRequest, ReviewId, RunId, StepId};
use store::changes::{Draft, Write};
use store::reviews::{self, Filter, Kind, NewOfRun, Review};
use store::runs;
use wire::imports::ReviewState;
use wire::runs::{Limits, Priority, Run, RunState, StepState};

use crate::stage::Stage;

async fn proposed(stage: &Stage, scope: &store::Scope) -> Review {
    stage
        .store
        .transact_in(scope, |t| reviews::create(t, Kind::Ingest, "Mara", "{\"n\":1}", 0.5))
        .await
        .unwrap()
}

async fn read(stage: &Stage, scope: &store::Scope, id: ReviewId) -> Review {
    stage.store.read_in(scope, move |t| reviews::get(t, Kind::Ingest, id)).await.unwrap()
}

on_both! {
    async fn a_second_decision_is_refused(stage) {
        let scope = stage.begun().await;
        let id = proposed(stage, &scope).await.id;
        let all = (0..10).map(|n| {
            let state = if n % 2 == 0 { ReviewState::Ingested } else { ReviewState::Discarded };
            stage.store.transact_in(&scope, move |t| {
                reviews::decide(t, id, state)?;
                reviews::decided(t, id, state, None)?;
                Ok(state)
            })
        });
        let done = futures_util::future::join_all(all).await;
        let won: Vec<ReviewState> = done.iter().filter_map(|done| done.as_ref().ok().copied()).collect();
        assert_eq!(won.len(), 1);
        assert!(done.iter().filter_map(|done| done.as_ref().err()).all(|e| e.code() == Code::AlreadyDecided));
        let review = read(stage, &scope, id).await;
        assert_eq!((review.state, review.decided_by), (won[0], scope.actor()));
        // Told of twice: that it was made, that it was decided.
        assert_eq!(stage.store.read_in(&scope, store::events::newest).await.unwrap(), 2);
    }

    async fn a_decision_whose_work_failed_was_not_taken(stage) {
        let scope = stage.begun().await;
        let id = proposed(stage, &scope).await.id;
        let failed = stage.store.transact_in(&scope, move |t| {
            reviews::decide(t, id, ReviewState::Ingested)?;
            Err::<(), _>(kernel::Error::new(Code::ValidationError, "no"))
        });
        failed.await.unwrap_err();
        assert_eq!(read(stage, &scope, id).await.state, ReviewState::Pending);
    }

    async fn a_proposal_is_modified_only_as_it_was_read(stage) {
        let scope = stage.begun().await;
        let review = proposed(stage, &scope).await;
        let modify = |payload: &'static str| {
            let review = Review { payload: payload.into(), ..review.clone() };
            stage.store.transact_in(&scope, move |t| reviews::modify(t, &review))
        };
        modify("{\"n\":2}").await.unwrap();
        assert_eq!(modify("{\"n\":3}").await.unwrap_err().code(), Code::Conflict);
        let now = read(stage, &scope, review.id).await;
        assert_eq!((now.version, now.payload.as_str()), (2, "{\"n\":2}"));
    }

    async fn a_decided_proposal_is_not_modified(stage) {
        let scope = stage.begun().await;
        let review = proposed(stage, &scope).await;
        let id = review.id;
        stage.store.transact_in(&scope, move |t| reviews::decide(t, id, ReviewState::Discarded)).await.unwrap();
        let refused = stage.store.transact_in(&scope, move |t| reviews::modify(t, &review)).await.unwrap_err();
        assert_eq!(refused.code(), Code::AlreadyDecided);
    }

    async fn a_proposal_of_another_project_or_kind_is_not_there(stage) {
        let hers = stage.begun().await;
        let ben = stage.person("ben").await;
        let his = stage.project(ben).await;
        let id = proposed(stage, &hers).await.id;
        let other = stage.store.transact_in(&his, move |t| reviews::decide(t, id, ReviewState::Ingested)).await;
        assert_eq!(other.unwrap_err().code(), Code::NotFound);
        let import = stage.store.read_in(&hers, move |t| reviews::get(t, Kind::Import, id)).await;
        assert_eq!(import.unwrap_err().code(), Code::NotFound);
    }

    async fn what_a_step_gave_is_proposed_once_however_often_it_is_proposed(stage) {
        let scope = stage.begun().await;
        let held = held(stage, &scope, 1).await;
        let new = of_step(held.step, 1, 1);
        let id = new.id;
        for made in [1, 0, 0] {
            let new = new.clone();
            let propose = move |t: &mut store::Tenant<'_, '_>| reviews::propose(t, held.run, (held.step, 1), std::slice::from_ref(&new));
            assert_eq!(stage.store.transact_in(&scope, propose).await.unwrap().len(), made);
        }
        let filter = Filter { run: Some(held.run), ..Filter::default() };
        let listed = stage.store.read_in(&scope, move |t| reviews::list(t, &filter, &PageRequest::default())).await.unwrap();
        assert_eq!(listed.rows.iter().map(|review| review.id).collect::<Vec<_>>(), [id]);
        let origin = listed.rows[0].origin.clone().unwrap();
        assert_eq!((origin.run_title.as_deref(), origin.line.as_str()), (Some("Prepare"), "sound/cues/cues"));
        assert_eq!(stage.store.read_in(&scope, move |t| reviews::content(t, id)).await.unwrap(), "[1]");
        // Told of once.
        assert_eq!(stage.store.read_in(&scope, store::events::newest).await.unwrap(), 1);
    }

    async fn who_has_lost_the_lease_proposes_nothing(stage) {
        let scope = stage.begun().await;
        let held = held(stage, &scope, 2).await;
        for fence in [0, 1, 3] {
            let new = of_step(held.step, 1, 1);
            let late = stage.store.transact_in(&scope, move |t| reviews::propose(t, held.run, (held.step, fence), std::slice::from_ref(&new)));
            assert_eq!(late.await.unwrap_err().code(), Code::Conflict);
        }
        let listed = stage.store.read_in(&scope, |t| reviews::list(t, &Filter::default(), &PageRequest::default()));
        assert_eq!(listed.await.unwrap().total, 0);
    }

    async fn what_is_done_again_takes_the_place_of_what_waited_but_not_of_what_was_decided(stage) {
        let scope = stage.begun().await;
        let held = held(stage, &scope, 1).await;
        let propose = async |news: Vec<NewOfRun>| {
            stage.store.transact_in(&scope, move |t| reviews::propose(t, held.run, (held.step, 1), &news)).await.unwrap()
        };
        let (kept, again) = (of_step(held.step, 1, 1), of_step(held.step, 2, 2));
        let decided = of_step(held.step, 3, 3);
        propose(vec![kept.clone(), decided.clone()]).await;
        let id = decided.id;
        stage.store.transact_in(&scope, move |t| reviews::decide(t, id, ReviewState::Discarded)).await.unwrap();
        propose(vec![again.clone()]).await;
        for (id, state, by) in [
            (kept.id, ReviewState::Returned, None),
            (again.id, ReviewState::Pending, None),
            (decided.id, ReviewState::Discarded, scope.actor()),
        ] {
            let review = stage.store.read_in(&scope, move |t| reviews::get(t, Kind::Deliverable, id)).await.unwrap();
            assert_eq!((review.state, review.decided_by), (state, by));
        }
        let waiting = stage.store.read_in(&scope, reviews::waiting_lines).await.unwrap();
        assert_eq!(waiting, [("sound/cues/cues".to_owned(), 1)]);
    }

    async fn a_line_goes_on_from_the_record_that_it_became_last_if_that_is_there(stage) {
        let scope = stage.begun().await;
        let held = held(stage, &scope, 1).await;
        let records = stage.make(&scope, "deliverables", &["Cues", "Cues anew"]).await;
        let last = async || {
            stage.store.read_in(&scope, |t| reviews::last_of_line(t, "sound/cues/cues")).await.unwrap()
        };
        assert_eq!(last().await, None);
        for (n, record) in (1..).zip(records.clone()) {
            stage.clock.advance(1_000);
            let new = of_step(held.step, n, n);
            stage.store.transact_in(&scope, move |t| {
                let id = new.id;
                reviews::propose(t, held.run, (held.step, 1), std::slice::from_ref(&new))?;
                reviews::decide(t, id, ReviewState::Ingested)?;
                reviews::saved_as(t, id, record)
            }).await.unwrap();
            assert_eq!(last().await, Some(record));
        }
        let gone = Draft { writes: vec![Write::Remove(records[1])], ..Draft::default() };
        stage.apply(&scope, gone).await.unwrap();
        assert_eq!(last().await, Some(records[0]));
    }

    async fn the_reasons_of_the_last_who_sent_it_back_are_those_of_the_step(stage) {
        let scope = stage.begun().await;
        let held = held(stage, &scope, 1).await;
        let step = held.step;
        for (n, why) in [(1, "too long"), (2, "too short")] {
            stage.clock.advance(1_000);
            let new = of_step(step, n, n);
            stage.store.transact_in(&scope, move |t| {
                let id = new.id;
                reviews::propose(t, held.run, (step, 1), std::slice::from_ref(&new))?;
                reviews::decide(t, id, ReviewState::Returned)?;
                reviews::sent_back(t, id, &[why.to_owned()])
            }).await.unwrap();
            assert_eq!(stage.store.read_in(&scope, move |t| reviews::reasons(t, step)).await.unwrap(), [why]);
        }
    }

    async fn reviews_are_listed_by_their_kind_state_and_run(stage) {
        let scope = stage.begun().await;
        let (held, other) = (held(stage, &scope, 1).await, held(stage, &scope, 1).await);
        let import = proposed(stage, &scope).await.id;
        let (one, two) = (of_step(held.step, 1, 1), of_step(other.step, 1, 1));
        let (first, second) = (one.id, two.id);
        stage.store.transact_in(&scope, move |t| {
            reviews::propose(t, held.run, (held.step, 1), std::slice::from_ref(&one))?;
            reviews::propose(t, other.run, (other.step, 1), std::slice::from_ref(&two))?;
            reviews::decide(t, second, ReviewState::Discarded)
        }).await.unwrap();
        let listed = async |filter: Filter| {
            let page = PageRequest::default();
            let listed = stage.store.read_in(&scope, move |t| reviews::list(t, &filter, &page)).await.unwrap();
            assert_eq!(listed.total as usize, listed.rows.len());
            listed.rows.into_iter().map(|review| review.id).collect::<Vec<_>>()
        };
        assert_eq!(listed(Filter::default()).await.len(), 3);
        assert_eq!(listed(Filter { kind: Some(Kind::Ingest), ..Filter::default() }).await, [import]);
        assert_eq!(listed(Filter { state: Some(ReviewState::Discarded), ..Filter::default() }).await, [second]);
        assert_eq!(listed(Filter { run: Some(held.run), ..Filter::default() }).await, [first]);
        assert_eq!(listed(Filter { run: Some(held.run), state: Some(ReviewState::Discarded), kind: None }).await, []);
    }
}

/// A run of one step that is held under a lease.
#[derive(Clone, Copy)]
struct Held {
    run: RunId,
    step: StepId,
}

async fn held(stage: &Stage, scope: &store::Scope, fence: i64) -> Held {
    let make = move |t: &mut store::Tenant<'_, '_>| {
        let held = Held { run: t.id(), step: t.id() };
        let (project, now) = (t.project(), t.now());
        let step = runs::Step {
            id: held.step,
            run: held.run,
            project,
            ordinal: 0,
            name: "result".into(),
            queue: "agents".into(),
            priority: Priority::Medium,
            limits: Limits::default(),
            delay_until: None,
            state: StepState::Running,
            reason: None,
            open_parents: 0,
            attempt: 1,
            lost: 0,
            fence,
            settled: 0,
            worker: None,
            rank: None,
            wake_at: None,
            not_before: None,
            expires_at: None,
            leased_at: None,
            lease_until: None,
            progressed_at: None,
            asked_at: None,
            ended_at: None,
            answer: None,
        };
        let run = Run {
            id: held.run,
            project_id: project,
            kind: "task".into(),
            title: "Prepare".into(),
            state: RunState::Running,
            paused: None,
            asked_at: None,
            asked_by: None,
            total: 1,
            complete: 0,
            failed: 0,
            cancelled: 0,
            log_end: 0,
            created_at: now,
            created_by: None,
            started_at: None,
            ended_at: None,
        };
        let run = runs::NewRunRow { run, input: "{}".into(), idempotency_key: None, fingerprint: None };
        // A step is made without a lease, and gets one later.
        runs::create(t, &[run], &[runs::NewStepRow { step: step.clone(), input: "null".into() }], &[])?;
        runs::save_steps(t, [&step])?;
        Ok(held)
    };
    stage.store.transact_in(scope, make).await.unwrap()
}

fn of_step(step: StepId, fence: i64, head: i64) -> NewOfRun {
    NewOfRun {
        id: reviews::id_of(step, fence, head),
        step,
        line: "sound/cues/cues".into(),
        title: "Cues".into(),
        payload: "{}".into(),
        content: "[1]".into(),
        score: 0.8,
    }
}
