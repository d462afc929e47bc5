//! What coding agents ask people: kept once, answered once, and open for as long as their lease is.

use kernel::Code;
use store::asks::{self, Answered};
use store::executions::{self, Lease};
use store::runs::{self, Step};
use store::{Tenant, events, runners};
use wire::fleet::{AgentAskKind, AgentAskOption, End, Outcome};
use wire::runner::{Ask, Task};
use wire::runs::StepState;

use crate::archives;
use crate::stage::Stage;

/// What a lease asks.
pub(crate) fn ask(lease: Lease, ask_id: u32) -> Ask {
    let option = |id: &str, kind| AgentAskOption { id: id.into(), name: id.to_uppercase(), kind };
    Ask {
        task: Task { task_id: lease.run, step_id: lease.step, fence: lease.fence },
        ask_id,
        title: "Write a.txt".into(),
        detail: "a\nb".into(),
        options: vec![option("yes", AgentAskKind::AllowOnce), option("no", AgentAskKind::RejectOnce)],
    }
}

/// Has a worker hold a lease, as the service would.
pub(crate) fn hold(t: &mut Tenant<'_, '_>, lease: Lease) -> kernel::Result<()> {
    let mut steps = Step::many(t, &[lease.step])?;
    for step in &mut steps {
        (step.fence, step.worker, step.state) = (lease.fence, Some("@runner".into()), StepState::Running);
    }
    runs::save_steps(t, &steps).map(drop)
}

impl Stage {
    /// A lease that a runner has.
    async fn held(&self, scope: &store::Scope) -> Lease {
        let owner = scope.actor().unwrap();
        let made = self.store.transact_in(scope, move |t| {
            let runner = runners::create(t, owner, "forge", "hash", "atn_hint")?.id;
            let lease = archives::run(t)?;
            executions::begin(t, lease, runner)?;
            hold(t, lease)?;
            Ok(lease)
        });
        made.await.unwrap()
    }

    async fn ask(&self, asked: Ask) -> kernel::Result<Option<Answered>> {
        self.store.transact(move |tx| asks::ask(tx, &asked)).await
    }

    async fn answer(
        &self,
        scope: &store::Scope,
        lease: Lease,
        ask: u32,
        option: Option<&'static str>,
    ) -> kernel::Result<bool> {
        let answer = self.store.transact_in(scope, move |t| asks::answer(t, lease, ask, option));
        answer.await.map(|runner| runner.is_some())
    }

    /// How often each title was told on the project's stream.
    async fn told(&self, scope: &store::Scope) -> Vec<String> {
        let told = self.store.read_in(scope, |t| events::after(t, 0, 1_000));
        let titles = told
            .await
            .unwrap()
            .into_iter()
            .filter_map(|event| Some(event.payload["title"].as_str()?.to_owned()));
        titles.filter(|title| title.starts_with('“')).collect()
    }
}

on_both! {
    async fn what_is_asked_is_kept_and_told_once_however_often_it_is_said(stage) {
        let scope = stage.begun().await;
        let lease = stage.held(&scope).await;
        for _ in 0..3 {
            assert_eq!(stage.ask(ask(lease, 1)).await.unwrap(), None);
        }
        assert_eq!(stage.told(&scope).await, ["“Möwen” asks for permission"]);
        let open = stage.store.read_in(&scope, asks::of_project).await.unwrap();
        assert_eq!((open.len(), open[0].ask_id, open[0].runner_name.as_str()), (1, 1, "forge"));
        assert_eq!((open[0].open, &open[0].options), (true, &ask(lease, 1).options));
        assert_eq!(open, stage.store.read_in(&scope, move |t| asks::of_run(t, lease.run)).await.unwrap());
    }

    async fn the_first_answer_counts_and_whoever_comes_later_is_told_whose(stage) {
        let scope = stage.begun().await;
        let lease = stage.held(&scope).await;
        stage.ask(ask(lease, 1)).await.unwrap();
        stage.ask(ask(lease, 2)).await.unwrap();
        let refused = stage.answer(&scope, lease, 1, Some("maybe")).await.unwrap_err();
        assert_eq!(refused.code(), Code::ValidationError);
        assert!(stage.answer(&scope, lease, 1, Some("yes")).await.unwrap(), "there is a runner that waits");
        let late = stage.answer(&scope, lease, 1, Some("no")).await.unwrap_err();
        assert_eq!(late.code(), Code::AlreadyDecided);
        let details = late.details().unwrap();
        assert_eq!((&details["answer"], &details["decidedBy"]), (&"yes".into(), &scope.actor().unwrap().to_string().into()));
        assert_eq!(stage.ask(ask(lease, 1)).await.unwrap(), Some(Answered { ask: 1, option: Some("yes".into()) }));
        stage.answer(&scope, lease, 2, None).await.unwrap();
        let answers = stage.store.read(move |tx| asks::answers(tx, lease.step, lease.fence)).await.unwrap();
        let options: Vec<_> = answers.iter().map(|answered| (answered.ask, answered.option.as_deref())).collect();
        assert_eq!(options, [(1, Some("yes")), (2, None)]);
        assert!(stage.store.read_in(&scope, asks::of_project).await.unwrap().is_empty());
        let told = stage.told(&scope).await;
        assert_eq!(told.iter().filter(|title| title.contains("was answered")).count(), 2, "{told:?}");
    }

    async fn of_two_answers_at_the_same_moment_one_counts(stage) {
        let scope = stage.begun().await;
        let lease = stage.held(&scope).await;
        stage.ask(ask(lease, 1)).await.unwrap();
        let (one, other) = tokio::join!(
            stage.answer(&scope, lease, 1, Some("yes")),
            stage.answer(&scope, lease, 1, Some("no"))
        );
        assert_eq!(u32::from(one.is_ok()) + u32::from(other.is_ok()), 1);
        assert_eq!(one.and(other).unwrap_err().code(), Code::AlreadyDecided);
    }

    async fn what_is_withdrawn_is_open_no_more_and_what_is_answered_is_not_withdrawn(stage) {
        let scope = stage.begun().await;
        let lease = stage.held(&scope).await;
        for number in [1, 2] {
            stage.ask(ask(lease, number)).await.unwrap();
        }
        assert!(stage.answer(&scope, lease, 2, Some("yes")).await.unwrap());
        let other = stage.project(scope.actor().unwrap()).await;
        for (scope, number) in [(&other, 1), (&scope, 1), (&scope, 1), (&scope, 2), (&scope, 3)] {
            stage.store.transact_in(scope, move |t| asks::withdraw(t, lease, number)).await.unwrap();
            let open = stage.store.read_in(scope, asks::of_project).await.unwrap();
            assert!(open.is_empty(), "{open:?}");
        }
        let all = stage.store.read_in(&scope, move |t| asks::of_run(t, lease.run)).await.unwrap();
        assert_eq!(all.iter().map(|ask| ask.withdrawn_at.is_some()).collect::<Vec<_>>(), [true, false]);
        assert_eq!(stage.answer(&scope, lease, 1, Some("yes")).await.unwrap_err().code(), Code::Conflict);
        let told = stage.told(&scope).await;
        assert_eq!(told.iter().filter(|title| title.contains("not asked any more")).count(), 1, "{told:?}");
    }

    async fn what_a_lease_that_is_over_asks_is_neither_kept_nor_answered(stage) {
        let scope = stage.begun().await;
        let lease = stage.held(&scope).await;
        stage.ask(ask(lease, 1)).await.unwrap();
        let end = move |tx: &mut store::Tx<'_>| executions::end(tx, lease, &Outcome::of(End::Lost, ""));
        stage.store.transact(end).await.unwrap();
        assert!(stage.store.read_in(&scope, asks::of_project).await.unwrap().is_empty());
        assert_eq!(stage.answer(&scope, lease, 1, Some("yes")).await.unwrap_err().code(), Code::Conflict);
        assert_eq!(stage.ask(ask(lease, 2)).await.unwrap_err().code(), Code::Conflict);
        let next = Lease { fence: 2, ..lease };
        stage.store.transact_in(&scope, move |t| hold(t, next)).await.unwrap();
        assert_eq!(stage.ask(ask(next, 1)).await.unwrap_err().code(), Code::Conflict, "no runner was given it");
    }

    async fn nobody_sees_or_answers_what_is_asked_in_anothers_project(stage) {
        let scope = stage.begun().await;
        let lease = stage.held(&scope).await;
        stage.ask(ask(lease, 1)).await.unwrap();
        let other = stage.project(scope.actor().unwrap()).await;
        assert!(stage.store.read_in(&other, asks::of_project).await.unwrap().is_empty());
        let of_run = stage.store.read_in(&other, move |t| asks::of_run(t, lease.run)).await;
        assert_eq!(of_run.unwrap_err().code(), Code::NotFound);
        assert_eq!(stage.answer(&other, lease, 1, Some("yes")).await.unwrap_err().code(), Code::NotFound);
        let wrong = Lease { run: kernel::Id::from_bits(7), ..lease };
        assert_eq!(stage.answer(&scope, wrong, 1, Some("yes")).await.unwrap_err().code(), Code::NotFound);
    }
}
