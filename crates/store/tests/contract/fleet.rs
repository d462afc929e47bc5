//! What the fleet did, by days: counted once, kept when runs and runners go.

use kernel::{PersonId, RunnerId};
use store::executions::{self, Lease};
use store::fleet::days::{self, Did};
use store::{Scope, runners};
use wire::fleet::{End, Outcome, Used};

use crate::archives;
use crate::stage::Stage;

const DAY: i64 = 24 * 60 * 60 * 1000;

impl Stage {
    /// A runner of the project's owner, and a lease whose fences stand for as many executions.
    pub(crate) async fn fleet(&self, scope: &Scope) -> (RunnerId, Lease) {
        let owner: PersonId = scope.actor().unwrap();
        let made = self.store.transact_in(scope, move |t| {
            Ok((runners::create(t, owner, "forge", "hash", "atn_hint")?.id, archives::run(t)?))
        });
        made.await.unwrap()
    }

    /// Has a runner do something that ends so, after that many milliseconds.
    pub(crate) async fn did(&self, runner: RunnerId, lease: Lease, end: End, ran_ms: u64) {
        let used = Some(Used { input_tokens: 100, output_tokens: 20, cost_micros: 7 });
        let outcome = Outcome { duration_ms: ran_ms, used, ..Outcome::of(end, "") };
        let done = self.store.transact(move |tx| {
            executions::begin(tx, lease, runner)?;
            executions::end(tx, lease, &outcome)
        });
        done.await.unwrap();
    }
}

on_both! {
    async fn what_a_runner_did_is_counted_by_how_it_ended_and_each_execution_once(stage) {
        let scope = stage.begun().await;
        let (runner, lease) = stage.fleet(&scope).await;
        let ends = [End::Failed, End::Complete, End::Complete, End::Cancelled, End::Refused];
        for (fence, end) in (0..).zip(ends) {
            let lease = Lease { fence, ..lease };
            for _ in 0..2 {
                stage.did(runner, lease, end, 100).await;
            }
        }
        let did = async |scope| stage.store.read_in(scope, |t| days::of_runners(t, 7)).await.unwrap();
        let expected = Did { tasks: 5, complete: 2, failed: 1, ran_ms: 500 };
        assert_eq!(did(&scope).await.get(&runner), Some(&expected));
        let other = stage.project(scope.actor().unwrap()).await;
        assert!(did(&other).await.is_empty());
        stage.clock.advance(6 * DAY);
        assert_eq!(did(&scope).await.get(&runner), Some(&expected));
        stage.clock.advance(DAY);
        assert!(did(&scope).await.is_empty());
    }

    async fn a_runner_tells_what_it_can_do_what_it_has_and_how_it_did(stage) {
        let scope = stage.begun().await;
        let (runner, lease) = stage.fleet(&scope).await;
        stage.did(runner, Lease { fence: 7, ..lease }, End::Complete, 300).await;
        let (owner, project) = (scope.actor().unwrap(), scope.project());
        let joining = runners::Joining {
            connection: "first".into(),
            version: "1".into(),
            platform: "linux".into(),
            slots: 2,
            commands: true,
            agents: vec!["scribe".into(), "painter".into()],
            tools: vec!["blender".into()],
            projects: vec![project],
        };
        let join = stage.store.transact(move |tx| {
            runners::join(tx, runners::Bearer { runner, owner }, &joining)
        });
        join.await.unwrap();
        let serving = stage.store.read_in(&scope, runners::of_project).await.unwrap();
        let [one] = serving.as_slice() else { panic!("{serving:?}") };
        assert!(one.commands && one.agents == ["scribe", "painter"] && one.tools == ["blender"]);
        assert_eq!((one.busy, one.done, one.failed, one.mean_ms), (0, 1, 0, Some(300)));
    }
}
