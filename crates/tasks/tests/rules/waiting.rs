//! W: waiting for a person.

use kernel::{Code, Error, EventKind};
use resilience::retry::Kind;
use serde_json::json;
use tasks::ledger::Order;
use tasks::machine::Command;
use wire::runs::{Reason, StepState};

on_both! {
    async fn w1_a_step_that_asks_frees_its_worker(stage) {
        let run = stage.single().await;
        let claim = stage.one().await;
        let ask = Command::Ask { fence: claim.step.fence, question: "May I?".into() };
        stage.say(&claim, ask.clone()).await.unwrap();
        let asking = stage.step(run, "only").await;
        assert_eq!((asking.state, asking.worker, asking.lease_until), (StepState::Waiting, None, None));
        assert_eq!(asking.reason, Some(Reason::Person { question: "May I?".into() }));
        stage.say(&claim, ask).await.unwrap();
        assert!(stage.complete(&claim, json!("unasked")).await.is_err());
        // People take their time.
        stage.pass(400 * 24 * 3_600_000).await;
        assert_eq!(stage.step(run, "only").await.state, StepState::Waiting);
    }

    async fn w2_the_first_answer_counts(stage) {
        let run = stage.single().await;
        let claim = stage.one().await;
        assert!(stage.answer(&claim.step, json!("unasked")).await.is_err());
        stage.say(&claim, Command::Ask { fence: claim.step.fence, question: "May I?".into() }).await.unwrap();
        stage.answer(&claim.step, json!("yes")).await.unwrap();
        let second: Error = stage.answer(&claim.step, json!("no")).await.unwrap_err().into();
        assert_eq!(second.code(), Code::AlreadyDecided);
        assert_eq!(second.details().unwrap()["decidedBy"], json!(stage.ada));
        let answer = stage.step(run, "only").await.answer.unwrap();
        assert_eq!((answer.by, answer.at, answer.value), (Some(stage.ada), stage.ambient.now(), json!("yes")));
    }

    async fn w2_of_two_answers_at_once_one_counts(stage) {
        let run = stage.single().await;
        let claim = stage.one().await;
        stage.say(&claim, Command::Ask { fence: claim.step.fence, question: "May I?".into() }).await.unwrap();
        let (yes, no) = tokio::join!(stage.answer(&claim.step, json!("yes")), stage.answer(&claim.step, json!("no")));
        assert_eq!(u8::from(yes.is_ok()) + u8::from(no.is_ok()), 1);
        let counted = stage.step(run, "only").await.answer.unwrap().value;
        assert_eq!(counted, if yes.is_ok() { json!("yes") } else { json!("no") });
    }

    async fn w3_an_answered_step_goes_on_as_the_same_attempt(stage) {
        stage.single().await;
        let claim = stage.one().await;
        stage.say(&claim, Command::Ask { fence: claim.step.fence, question: "May I?".into() }).await.unwrap();
        assert_eq!(stage.claim(1).await, []);
        stage.answer(&claim.step, json!("yes")).await.unwrap();
        let next = stage.one().await;
        assert_eq!((next.step.attempt, next.step.answer.clone().unwrap().value), (1, json!("yes")));
        // A failure does not lose the answer.
        stage.fail(&next, Kind::Retryable).await.unwrap();
        stage.pass(10_000).await;
        assert_eq!(stage.one().await.step.answer.unwrap().value, json!("yes"));
    }

    async fn w4_a_question_is_told_once_each_time_to_those_who_may_answer(stage) {
        let run = stage.single().await;
        let told = async || {
            let events = stage.store.read_in(&stage.scope, |t| store::events::after(t, 0, 1_000)).await.unwrap();
            let told = events.into_iter().filter(|event| event.kind == EventKind::Notification);
            told.map(|event| event.payload).collect::<Vec<_>>()
        };
        for (times, question) in [(1, "May I?"), (2, "And now?")] {
            let claim = stage.one().await;
            let ask = Command::Ask { fence: claim.step.fence, question: question.into() };
            stage.say(&claim, ask.clone()).await.unwrap();
            // Said again, paused and resumed: it is the same question.
            stage.say(&claim, ask).await.unwrap();
            let project = stage.scope.project();
            for why in [Some("so".to_owned()), None] {
                stage.order(Order::Pause { project, run, why }).await.unwrap();
            }
            let all = told().await;
            assert_eq!(all.len(), times, "{all:?}");
            let last = all.last().unwrap();
            assert_eq!((&last["message"], &last["least"]), (&json!(question), &json!("editor")));
            let url = format!("/projects/{project}/runs/{run}?step={}", claim.step.id);
            assert_eq!(last["action"], json!({ "label": "Answer", "url": url }));
            stage.answer(&claim.step, json!("yes")).await.unwrap();
        }
        // One that someone ends instead asks nothing.
        let claim = stage.one().await;
        stage.cancel(run).await;
        stage.say(&claim, Command::Ask { fence: claim.step.fence, question: "Still?".into() }).await.unwrap();
        assert_eq!(told().await.len(), 2);
    }

    async fn a_stranger_to_the_project_can_do_nothing_to_its_runs(stage) {
        let run = stage.single().await;
        let claim = stage.one().await;
        stage.say(&claim, Command::Ask { fence: claim.step.fence, question: "May I?".into() }).await.unwrap();
        let project = stage.other().await.project();
        let (step, by) = (claim.step.id, None);
        let before = (stage.run(run).await, stage.step(run, "only").await);
        for order in [
            Order::Answer { project, run, step, by, value: json!("yes") },
            Order::Cancel { project, run, by },
            Order::Pause { project, run, why: Some("so".into()) },
            Order::Retry { project, run, step },
        ] {
            let refused: Error = stage.order(order).await.unwrap_err().into();
            assert_eq!(refused.code(), Code::NotFound);
        }
        assert_eq!((stage.run(run).await, stage.step(run, "only").await), before);
    }
}
