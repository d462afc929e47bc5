//! Budgets: reserved before a call and made true after it, never overspent, given back when a lease is over, raised once.

use kernel::{RunId, StepId};
use store::runs::{self, NewRunRow, NewStepRow, Step};
use store::usage::{self, Amount, Call, DAY_MS, For, Of};
use store::{Scope, Tenant};
use wire::runs::{Limits, Priority, Run, RunState, StepState};
use wire::usage::{Budgets, UsageBy};

use crate::stage::Stage;

/// A step that a worker holds under the lease 1.
pub(crate) async fn held(stage: &Stage, scope: &Scope) -> Step {
    let (project, by) = (scope.project(), scope.actor());
    let make = move |t: &mut Tenant<'_, '_>| {
        let (run, now) = (t.id::<RunId>(), t.now());
        let step = Step {
            id: t.id(),
            run,
            project,
            ordinal: 0,
            name: "audio/cues".into(),
            queue: "agents".into(),
            priority: Priority::Medium,
            limits: Limits::default(),
            delay_until: None,
            state: StepState::Running,
            reason: None,
            open_parents: 0,
            attempt: 1,
            lost: 0,
            fence: 1,
            settled: 0,
            worker: Some("w".into()),
            rank: None,
            wake_at: None,
            not_before: None,
            expires_at: None,
            leased_at: Some(now),
            lease_until: None,
            progressed_at: None,
            asked_at: None,
            ended_at: None,
            answer: None,
        };
        let row = Run {
            id: run,
            project_id: project,
            kind: "task".into(),
            title: "Cues".into(),
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
            created_by: by,
            started_at: None,
            ended_at: None,
        };
        let row = NewRunRow { run: row, input: "{}".into(), idempotency_key: None, fingerprint: None };
        runs::create(t, &[row], &[NewStepRow { step: step.clone(), input: "{}".into() }], &[])?;
        runs::save_steps(t, [&step])?;
        Ok(step)
    };
    stage.store.transact_in(scope, make).await.unwrap()
}

/// A call that may take so many tokens and so much money.
fn call(stage: &Stage, step: &Step, tokens: i64, micro_usd: Option<i64>) -> Call {
    Call {
        id: stage.ambient.id(),
        made_for: For::Step { run: step.run, step: step.id, fence: step.fence },
        agent: "audio/cues".into(),
        provider: "openai".into(),
        model: "understudy".into(),
        input_tokens: tokens - 1,
        output_tokens: 1,
        micro_usd,
        at: stage.ambient.now(),
    }
}

async fn spent(stage: &Stage, scope: &Scope, of: Of) -> Amount {
    stage.store.read_in(scope, move |t| usage::spent(t, of)).await.unwrap()
}

/// Reserves if what is left of `most` allows it.
async fn try_reserve(stage: &Stage, scope: &Scope, call: Call, most: i64) -> bool {
    let reserve = move |t: &mut Tenant<'_, '_>| {
        usage::hold(t)?;
        let tokens = call.input_tokens + call.output_tokens;
        let of = match call.made_for {
            For::Step { run, .. } => Of::Run(run),
            For::Person(_) => Of::Day(call.at),
        };
        let room = usage::spent(t, of)?.tokens + tokens <= most;
        if room {
            usage::reserve(t, &call)?;
        }
        Ok(room)
    };
    stage.store.transact_in(scope, reserve).await.unwrap()
}

on_both! {
    async fn of_many_calls_at_once_none_takes_what_another_has(stage) {
        let scope = stage.begun().await;
        let step = held(stage, &scope).await;
        let all = (0..16).map(|_| try_reserve(stage, &scope, call(stage, &step, 30, Some(5)), 100));
        let granted = futures_util::future::join_all(all).await;
        assert_eq!(granted.iter().filter(|granted| **granted).count(), 3);
        assert_eq!(spent(stage, &scope, Of::Run(step.run)).await, Amount { tokens: 90, micro_usd: 15 });
    }

    async fn what_is_reserved_under_a_lease_that_is_over_is_given_back(stage) {
        let scope = stage.begun().await;
        let (mut dead, alive) = (held(stage, &scope).await, held(stage, &scope).await);
        for step in [&dead, &alive] {
            assert!(try_reserve(stage, &scope, call(stage, step, 60, None), 60).await);
        }
        let settled = call(stage, &dead, 40, None);
        let again = settled.clone();
        stage.store.transact_in(&scope, move |t| usage::settle(t, &again)).await.unwrap();
        // The next lease of the step: what the one before it had reserved is free, what it spent is not.
        dead.fence = 2;
        let leased = dead.clone();
        stage.store.transact_in(&scope, move |t| runs::save_steps(t, [&leased])).await.unwrap();
        assert!(!try_reserve(stage, &scope, call(stage, &dead, 30, None), 60).await);
        assert!(try_reserve(stage, &scope, call(stage, &dead, 20, None), 60).await);
        assert_eq!(spent(stage, &scope, Of::Run(dead.run)).await.tokens, 60);
        assert_eq!(spent(stage, &scope, Of::Run(alive.run)).await.tokens, 60);
    }

    async fn a_call_counts_once_and_for_what_it_took(stage) {
        let scope = stage.begun().await;
        let step = held(stage, &scope).await;
        let reserved = call(stage, &step, 50, Some(9));
        assert!(try_reserve(stage, &scope, reserved.clone(), 100).await);
        let took = Call { input_tokens: 10, output_tokens: 2, micro_usd: Some(3), ..reserved };
        for _ in 0..2 {
            let took = took.clone();
            stage.store.transact_in(&scope, move |t| usage::settle(t, &took)).await.unwrap();
        }
        assert_eq!(spent(stage, &scope, Of::Step { step: step.id, fence: 1 }).await, Amount { tokens: 12, micro_usd: 3 });
        assert_eq!(spent(stage, &scope, Of::Step { step: step.id, fence: 2 }).await, Amount::default());
        // What was spent cannot be taken back; what was only reserved can.
        let open = call(stage, &step, 50, None);
        assert!(try_reserve(stage, &scope, open.clone(), 100).await);
        let ids = [took.id, open.id];
        stage.store.transact_in(&scope, move |t| ids.iter().try_for_each(|id| usage::release(t, *id))).await.unwrap();
        assert_eq!(spent(stage, &scope, Of::Project).await.tokens, 12);
    }

    async fn what_a_person_asks_counts_for_them_and_the_day_and_is_given_back_when_it_cannot_be_under_way_any_more(stage) {
        let scope = stage.begun().await;
        let step = held(stage, &scope).await;
        let asked = |tokens| Call {
            made_for: For::Person(scope.actor()),
            agent: "query".into(),
            ..call(stage, &step, tokens, None)
        };
        assert!(try_reserve(stage, &scope, asked(60), 100).await);
        // It has no lease that could be over.
        assert!(!try_reserve(stage, &scope, asked(60), 100).await);
        assert_eq!(spent(stage, &scope, Of::Run(step.run)).await.tokens, 0);
        stage.clock.advance(31 * 60 * 1000);
        let now = asked(60);
        assert!(try_reserve(stage, &scope, now.clone(), 100).await);
        stage.store.transact_in(&scope, move |t| usage::settle(t, &now)).await.unwrap();
        let since = stage.ambient.now().plus_millis(-1);
        let by = async |by| stage.store.read_in(&scope, move |t| usage::report(t, by, since)).await.unwrap().remove(0);
        assert_eq!(by(UsageBy::Agent).await.key, "query");
        let person = by(UsageBy::Person).await;
        assert_eq!((person.key, person.sum.calls), (scope.actor().unwrap().to_string(), 1));
    }

    async fn a_day_ends_at_midnight_and_the_project_goes_on(stage) {
        let scope = stage.begun().await;
        let step = held(stage, &scope).await;
        assert!(try_reserve(stage, &scope, call(stage, &step, 50, None), 100).await);
        let today = stage.ambient.now();
        stage.clock.advance(DAY_MS);
        let tomorrow = stage.ambient.now();
        assert_eq!(spent(stage, &scope, Of::Day(today)).await.tokens, 50);
        assert_eq!(spent(stage, &scope, Of::Day(tomorrow)).await.tokens, 0);
        assert_eq!(spent(stage, &scope, Of::Project).await.tokens, 50);
    }

    async fn an_answer_raises_a_budget_once(stage) {
        let scope = stage.begun().await;
        let step = held(stage, &scope).await;
        let (id, now) = (step.id, stage.ambient.now());
        let of = Of::Run(step.run);
        for at in [now, now, now.plus_millis(1)] {
            let by = Amount { tokens: 100, micro_usd: 7 };
            stage.store.transact_in(&scope, move |t| usage::raise(t, id, (at, None), of, by)).await.unwrap();
        }
        let raised = stage.store.read_in(&scope, move |t| usage::raised(t, of)).await.unwrap();
        assert_eq!(raised, Amount { tokens: 200, micro_usd: 14 });
    }

    async fn what_was_spent_is_told_by_day_agent_person_and_step_and_in_no_other_project(stage) {
        let scope = stage.begun().await;
        let other = stage.project(scope.actor().unwrap()).await;
        let step = held(stage, &scope).await;
        let calls = [call(stage, &step, 10, Some(4)), call(stage, &step, 20, None), call(stage, &step, 99, None)];
        let kept = calls.clone();
        stage.store.transact_in(&scope, move |t| {
            usage::settle(t, &kept[0])?;
            usage::settle(t, &kept[1])?;
            usage::reserve(t, &kept[2])
        }).await.unwrap();
        let (since, run) = (stage.ambient.now().plus_millis(-1), step.run);
        let report = async |scope: &Scope, by| stage.store.read_in(scope, move |t| usage::report(t, by, since)).await.unwrap();
        for (by, key) in [
            (UsageBy::Day, "2027-01-15".to_owned()),
            (UsageBy::Agent, "audio/cues".into()),
            (UsageBy::Model, "understudy".into()),
            (UsageBy::Person, scope.actor().unwrap().to_string()),
        ] {
            let rows = report(&scope, by).await;
            assert_eq!(rows.len(), 1, "{by:?}");
            assert_eq!(rows[0].key, key);
            assert_eq!(rows[0].label.as_deref(), (by == UsageBy::Person).then_some("ada"));
            let sum = rows[0].sum;
            assert_eq!((sum.calls, sum.input_tokens, sum.output_tokens, sum.cost_micro_usd, sum.unpriced_calls), (2, 28, 2, 4, 1));
            assert_eq!(report(&other, by).await, []);
        }
        let steps = stage.store.read_in(&scope, move |t| usage::of_run(t, run)).await.unwrap();
        assert_eq!(steps.iter().map(|step| (step.step_id, step.sum.calls)).collect::<Vec<(StepId, i64)>>(), [(step.id, 2)]);
        assert_eq!(stage.store.read_in(&other, move |t| usage::of_run(t, run)).await.unwrap(), []);
    }

    async fn budgets_are_the_projects_own(stage) {
        let scope = stage.begun().await;
        let other = stage.project(scope.actor().unwrap()).await;
        let budgets = Budgets { day_tokens: Some(5), run_micro_usd: Some(6), unpriced: true, ..Budgets::default() };
        for set in [Budgets::default(), budgets] {
            stage.store.transact_in(&scope, move |t| usage::set_budgets(t, &set)).await.unwrap();
        }
        assert_eq!(stage.store.read_in(&scope, usage::budgets).await.unwrap(), Some(budgets));
        assert_eq!(stage.store.read_in(&other, usage::budgets).await.unwrap(), None);
    }
}
