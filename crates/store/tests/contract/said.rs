//! What people say to coding agents: kept for the lease that goes on, said until it is heard, and no more of it than is heard.

use kernel::Code;
use store::executions::{self, Lease};
use store::{Scope, runners, said};
use wire::fleet::{End, Outcome, Said, Verb};
use wire::runner::{SAYS, Say, Task};

use crate::archives;
use crate::asks::hold;
use crate::stage::Stage;

impl Stage {
    /// A lease on a step of that input, which a runner has.
    async fn at_work(&self, scope: &Scope, input: &'static str) -> Lease {
        let owner = scope.actor().unwrap();
        let made = self.store.transact_in(scope, move |t| {
            let key = t.project().to_string();
            let runner = runners::create(t, owner, "forge", &key, "atn_hint")?.id;
            let lease = archives::run_of(t, input)?;
            executions::begin(t, lease, runner)?;
            hold(t, lease)?;
            Ok(lease)
        });
        made.await.unwrap()
    }

    async fn say(&self, scope: &Scope, lease: Lease, verb: Verb, text: &str) -> kernel::Result<Said> {
        let text = text.to_owned();
        let said =
            self.store.transact_in(scope, move |t| said::say(t, lease.run, Some(lease.step), verb, &text));
        said.await.map(|(said, runner)| {
            assert!(runner.is_some());
            said
        })
    }

    async fn unheard(&self, lease: Lease) -> Vec<Say> {
        let task = Task { task_id: lease.run, step_id: lease.step, fence: lease.fence };
        self.store.read(move |tx| said::unheard(tx, &[task])).await.unwrap()
    }

    async fn heard(&self, lease: Lease, number: u32) {
        self.store.transact(move |tx| said::heard(tx, lease, number)).await.unwrap();
    }
}

on_both! {
    async fn what_is_said_is_kept_in_its_order_until_it_is_heard(stage) {
        let scope = stage.begun().await;
        let lease = stage.at_work(&scope, archives::AGENT).await;
        let one = stage.say(&scope, lease, Verb::Queue, "Grüße").await.unwrap();
        assert_eq!((one.said_id, one.fence, one.by, one.heard_at), (1, 1, scope.actor(), None));
        stage.say(&scope, lease, Verb::Interrupt, "Stop").await.unwrap();
        let unheard = stage.unheard(lease).await;
        let told: Vec<_> = unheard.iter().map(|say| (say.said_id, say.verb, say.text.as_str())).collect();
        assert_eq!(told, [(1, Verb::Queue, "Grüße"), (2, Verb::Interrupt, "Stop")]);
        assert_eq!(unheard[0].by_name, one.by_name);
        stage.heard(lease, 1).await;
        assert_eq!(stage.unheard(lease).await, unheard[1..]);
        let first = |of: Vec<Said>| of[0].heard_at;
        let of_run = || stage.store.read_in(&scope, move |t| said::of_run(t, lease.run));
        let at = first(of_run().await.unwrap());
        assert!(at.is_some());
        stage.heard(lease, 1).await;
        assert_eq!(first(of_run().await.unwrap()), at, "it is heard once");
    }

    async fn a_run_with_one_agent_at_work_needs_no_step_named(stage) {
        let scope = stage.begun().await;
        let lease = stage.at_work(&scope, archives::AGENT).await;
        let said = stage.store.transact_in(&scope, move |t| said::say(t, lease.run, None, Verb::Steer, "Left"));
        assert_eq!(said.await.unwrap().0.step_id, lease.step);
    }

    async fn nothing_is_said_to_what_does_not_go_on_or_hears_nothing(stage) {
        let scope = stage.begun().await;
        let command = stage.at_work(&scope, r#"{"engine":{"kind":"command","argv":["true"]}}"#).await;
        let refused = stage.say(&scope, command, Verb::Queue, "Hello").await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::Conflict, "A program does this, and hears nothing. Nothing was said."));
        let other = stage.project(scope.actor().unwrap()).await;
        let lease = stage.at_work(&other, archives::AGENT).await;
        assert_eq!(stage.say(&scope, lease, Verb::Queue, "Hello").await.unwrap_err().code(), Code::NotFound);
        let strange = Lease { step: kernel::Id::from_bits(7), ..lease };
        assert_eq!(stage.say(&other, strange, Verb::Queue, "Hello").await.unwrap_err().code(), Code::NotFound);
        stage.say(&other, lease, Verb::Queue, "Hello").await.unwrap();
        let end = move |tx: &mut store::Tx<'_>| executions::end(tx, lease, &Outcome::of(End::Lost, ""));
        stage.store.transact(end).await.unwrap();
        assert_eq!(stage.say(&other, lease, Verb::Queue, "Hello").await.unwrap_err().code(), Code::Conflict);
        let next = Lease { fence: 2, ..lease };
        stage.store.transact_in(&other, move |t| hold(t, next)).await.unwrap();
        assert_eq!(stage.unheard(next).await, [], "it was said to another lease");
    }

    async fn no_more_is_said_to_a_lease_than_it_hears(stage) {
        let scope = stage.begun().await;
        let lease = stage.at_work(&scope, archives::AGENT).await;
        for _ in 0..SAYS {
            stage.say(&scope, lease, Verb::Queue, "More").await.unwrap();
        }
        assert_eq!(stage.say(&scope, lease, Verb::Queue, "More").await.unwrap_err().code(), Code::Conflict);
    }

    async fn of_two_things_said_at_the_same_moment_both_are_kept(stage) {
        let scope = stage.begun().await;
        let lease = stage.at_work(&scope, archives::AGENT).await;
        let (one, other) = tokio::join!(
            stage.say(&scope, lease, Verb::Queue, "One"),
            stage.say(&scope, lease, Verb::Queue, "Other")
        );
        let mut numbers = [one.unwrap().said_id, other.unwrap().said_id];
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2]);
    }
}
