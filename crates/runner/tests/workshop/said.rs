//! What people say to a coding agent while it works: when it turns to it, and that it does so once.

use std::time::Duration;

use runner::Workshop;
use wire::fleet::{End, Verb};
use wire::runner::{SAYS, Say};

use crate::agents::{begun, bench, prompt};
use crate::bench::{Bench, ended, gone, output, pids, shell, submit, task, until};

fn words(said_id: u32, verb: Verb, text: &str) -> Say {
    Say { task: task(1), said_id, verb, text: text.into(), by_name: "Ada".into() }
}

fn say(workshop: &Workshop, said_id: u32, verb: Verb, text: &str) {
    assert!(workshop.say(words(said_id, verb, text)).unwrap());
}

/// A task whose agent asks for a tool call, and then does what else its prompt says; what it asked is told.
async fn asking(bench: &Bench, text: &str) -> Workshop {
    let workshop = begun(bench, prompt(text)).await;
    until(&workshop, || workshop.asks(task(1)).pop()).await;
    workshop
}

fn allow(workshop: &Workshop) {
    workshop.answer(task(1), 1, Some("yes".into()));
}

/// What the agent was told, turn by turn.
fn turns(workshop: &Workshop) -> Vec<String> {
    let said = output(workshop);
    said.lines().filter_map(|line| line.strip_prefix("I was told: ")).map(str::to_owned).collect()
}

#[tokio::test]
async fn what_is_queued_is_done_turn_by_turn_when_the_agent_is_done() {
    let bench = bench("listens");
    let workshop = asking(&bench, "ask").await;
    say(&workshop, 1, Verb::Queue, "more");
    say(&workshop, 2, Verb::Queue, "and more");
    assert_eq!(turns(&workshop), ["ask"]);
    allow(&workshop);
    assert_eq!(ended(&workshop, task(1)).await.end, End::Complete);
    assert_eq!(turns(&workshop), ["ask", "more", "and more"]);
    assert!(output(&workshop).contains("\n[told] Ada (queue): more\nI was told: more\n"));
}

#[tokio::test]
async fn an_interruption_breaks_the_turn_off_and_what_it_asked_is_not_answered() {
    let bench = bench("listens");
    let workshop = asking(&bench, "ask").await;
    say(&workshop, 1, Verb::Queue, "later");
    say(&workshop, 2, Verb::Interrupt, "now");
    let outcome = ended(&workshop, task(1)).await;
    assert_eq!((outcome.end, outcome.notes.len()), (End::Complete, 1), "{outcome:?}");
    assert!(output(&workshop).contains("\n[told] Ada (interrupt): now\n"));
    assert_eq!(turns(&workshop), ["ask", "now", "later"]);
    assert!(workshop.asks(task(1)).is_empty());
}

#[tokio::test]
async fn a_steered_agent_turns_when_its_tool_call_is_over_and_not_before() {
    let bench = bench("listens");
    let workshop = asking(&bench, "ask and stay").await;
    say(&workshop, 1, Verb::Steer, "left");
    say(&workshop, 2, Verb::Steer, "then right");
    assert_eq!(workshop.asks(task(1)).len(), 1);
    allow(&workshop);
    assert_eq!(ended(&workshop, task(1)).await.end, End::Complete);
    assert_eq!(turns(&workshop), ["ask and stay", "left & then right"]);
    assert!(output(&workshop).contains(
        "[tool] Look around: completed\n[note] Its turn is broken off.\n[told] Ada (steer): left\n"
    ));
}

#[tokio::test]
async fn a_steered_agent_whose_turn_ends_before_turns_then() {
    let bench = bench("listens");
    let workshop = asking(&bench, "ask").await;
    say(&workshop, 1, Verb::Steer, "left");
    workshop.answer(task(1), 1, None);
    assert_eq!(ended(&workshop, task(1)).await.end, End::Complete);
    assert_eq!(turns(&workshop), ["ask", "left"]);
}

#[tokio::test]
async fn what_is_said_again_is_not_done_again() {
    let bench = bench("listens");
    let workshop = asking(&bench, "ask").await;
    for _ in 0..3 {
        say(&workshop, 1, Verb::Queue, "more");
    }
    allow(&workshop);
    ended(&workshop, task(1)).await;
    assert_eq!(turns(&workshop), ["ask", "more"]);
    assert!(workshop.say(words(1, Verb::Queue, "more")).unwrap(), "it was heard");
    workshop.close().await;
    drop(workshop);
    let workshop = bench.open().await;
    assert!(workshop.say(words(1, Verb::Queue, "more")).unwrap(), "it was heard before the new start");
}

#[tokio::test]
async fn what_has_ended_or_runs_a_program_hears_nothing() {
    let bench = bench("listens");
    let (workshop, _) = bench.run(prompt("nothing")).await;
    assert!(!workshop.say(words(1, Verb::Queue, "more")).unwrap());
    let bench = Bench::new();
    let workshop = bench.open().await;
    workshop.begin(submit(1, shell("echo here $$; read line"))).unwrap();
    pids(&workshop, "here ").await;
    assert!(!workshop.say(words(1, Verb::Queue, "more")).unwrap());
    workshop.cancel(task(1));
    ended(&workshop, task(1)).await;
}

#[tokio::test]
async fn no_more_is_heard_than_a_task_may_be_told() {
    let bench = bench("listens");
    let workshop = asking(&bench, "ask and stay").await;
    for number in 1..=u32::try_from(SAYS).unwrap() {
        say(&workshop, number, Verb::Queue, "more");
    }
    assert!(!workshop.say(words(99, Verb::Queue, "more")).unwrap());
    workshop.cancel(task(1));
    let outcome = ended(&workshop, task(1)).await;
    let note = "It ended before it turned to what it was told last: 64 of that.";
    assert_eq!((outcome.end, outcome.notes.last().map(String::as_str)), (End::Cancelled, Some(note)));
}

#[tokio::test]
async fn an_agent_that_does_not_leave_its_turn_has_failed() {
    let bench = bench("deaf");
    let workshop = begun(&bench, prompt("Wait")).await;
    let pid = pids(&workshop, "here ").await[0];
    say(&workshop, 1, Verb::Interrupt, "now");
    until(&workshop, || output(&workshop).contains("broken off").then_some(())).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    let outcome = ended(&workshop, task(1)).await;
    let why = "The agent did not leave its turn when it was told something that could not wait.";
    assert_eq!((outcome.end, outcome.message.as_str()), (End::Failed, why));
    gone(pid).await;
}
