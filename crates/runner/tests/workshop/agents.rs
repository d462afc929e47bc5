//! What a coding agent tells and does, and how it is ended.

use std::time::Duration;

use runner::Workshop;
use wire::fleet::{AgentAskKind, Deliver, End, Engine, Outcome, RemoteOrder, Used};

use crate::bench::{
    Bench, DOUBLE, ended, git, gone, lives, names, output, pids, repository, submit, task, until,
};

/// A runner whose agent is of that kind.
pub(crate) fn bench(how: &str) -> Bench {
    with(Bench::new(), how)
}

pub(crate) fn with(mut bench: Bench, how: &str) -> Bench {
    let argv = [DOUBLE, "agent", how].map(str::to_owned).to_vec();
    bench.tools.agents = [("double".to_owned(), argv)].into();
    bench
}

pub(crate) fn prompt(text: &str) -> RemoteOrder {
    RemoteOrder::of(Engine::Agent { name: "double".into(), prompt: text.into() })
}

pub(crate) async fn begun(bench: &Bench, order: RemoteOrder) -> Workshop {
    let workshop = bench.open().await;
    assert!(workshop.begin(submit(1, order)).unwrap());
    workshop
}

/// What such an agent wrote, and how it ended.
async fn does(how: &str) -> (String, Outcome) {
    let bench = bench(how);
    let (workshop, outcome) = bench.run(prompt("Do")).await;
    (output(&workshop), outcome)
}

#[tokio::test]
async fn what_an_agent_says_and_changes_comes_back() {
    let bench = with(repository(), "writes");
    let order = RemoteOrder { deliver: Deliver::Branch, ..prompt("Write two files") };
    let workshop = begun(&bench, order).await;
    let ask = until(&workshop, || workshop.asks(task(1)).pop()).await;
    assert_eq!((ask.task, ask.ask_id, ask.title.as_str()), (task(1), 1, "Write written.txt"));
    let options: Vec<_> = ask.options.iter().map(|option| (option.id.as_str(), option.kind)).collect();
    assert_eq!(options, [("yes", AgentAskKind::AllowOnce), ("no", AgentAskKind::RejectOnce)]);
    assert_eq!(workshop.outcome(task(1)), None);
    workshop.answer(task(1), 1, Some("yes".into()));
    workshop.answer(task(1), 1, Some("no".into()));
    assert!(workshop.asks(task(1)).is_empty());
    let outcome = ended(&workshop, task(1)).await;
    assert_eq!((outcome.end, outcome.message.as_str()), (End::Complete, ""), "{}", output(&workshop));
    let files: Vec<&str> = outcome.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(files, ["direct.txt", "new/written.txt"]);
    let branch = format!("{}:new/written.txt", outcome.branch.unwrap());
    assert_eq!(git(&bench.root(), &["show", &branch]), "by the client");
    let said = output(&workshop);
    for line in [
        "I was told: Write two files\n",
        "[thought] Where am I?\n",
        "[plan] [x] look around\n[plan] [>] write\n",
        "[tool] Write written.txt: pending\n",
        "[note] It asks: Write written.txt\n[note] The answer: Allow\n[tool] Write written.txt: completed\n",
    ] {
        assert!(said.contains(line), "{line:?} in {said}");
    }
    assert_eq!(outcome.used, Some(Used { input_tokens: 20, output_tokens: 10, cost_micros: 250_000 }));
}

#[tokio::test]
async fn an_agent_that_is_told_no_does_not_do_it() {
    let bench = bench("writes");
    let workshop = begun(&bench, prompt("Write two files")).await;
    let ask = until(&workshop, || workshop.asks(task(1)).pop()).await;
    workshop.answer(task(1), ask.ask_id + 1, Some("yes".into()));
    workshop.answer(task(1), ask.ask_id, Some("no".into()));
    let outcome = ended(&workshop, task(1)).await;
    assert_eq!(outcome.end, End::Complete);
    assert!(output(&workshop).contains("I may not.\n[tool] Write written.txt: failed\n"));
    assert!(names(&bench.root()).is_empty());
}

#[tokio::test]
async fn an_ask_without_an_answer_or_with_one_that_it_does_not_know_is_cancelled() {
    for answer in [None, Some("maybe".to_owned())] {
        let bench = bench("writes");
        let workshop = begun(&bench, prompt("Write two files")).await;
        let ask = until(&workshop, || workshop.asks(task(1)).pop()).await;
        workshop.answer(task(1), ask.ask_id, answer);
        let outcome = ended(&workshop, task(1)).await;
        let said = "The agent says that it was cancelled.";
        assert_eq!((outcome.end, outcome.message.as_str()), (End::Cancelled, said));
    }
}

#[tokio::test]
async fn what_is_asked_is_over_when_its_task_is_cancelled() {
    let bench = bench("writes");
    let workshop = begun(&bench, prompt("Write two files")).await;
    until(&workshop, || workshop.asks(task(1)).pop()).await;
    workshop.cancel(task(1));
    assert_eq!(ended(&workshop, task(1)).await.end, End::Cancelled);
    assert!(workshop.asks(task(1)).is_empty());
}

#[tokio::test]
async fn an_agent_reads_and_writes_files_of_the_project_only() {
    let bench = bench("reads");
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    std::fs::write(bench.root().join("kept"), "kept").unwrap();
    std::os::unix::fs::symlink(outside.path(), bench.root().join("link")).unwrap();
    let root = bench.root();
    let path = |path: &str| root.join(path).display().to_string();
    let paths = [
        path("kept"),
        path("none"),
        path("link/secret"),
        path("../secret"),
        outside.path().join("secret").display().to_string(),
        "relative".to_owned(),
    ];
    let (workshop, outcome) = bench.run(prompt(&paths.join("\n"))).await;
    assert_eq!(outcome.end, End::Complete, "{outcome:?}");
    let no = "it is no path within the folder, it is no path within the folder";
    let out = "it leads out of the folder, it leads out of the folder";
    assert_eq!(
        output(&workshop),
        format!(
            "kept: kept, written\nnone: Resource not found, written\nsecret: {out}\nsecret: {no}\nsecret: {no}\nrelative: {no}\n"
        )
    );
    assert_eq!(std::fs::read_to_string(outside.path().join("secret")).unwrap(), "secret");
    assert_eq!(std::fs::read_to_string(bench.root().join("none")).unwrap(), "mine");
    assert_eq!(names(outside.path()), ["secret"]);
}

#[tokio::test]
async fn a_turn_that_does_not_end_well_fails_with_the_reason() {
    for (how, why) in [
        ("refuses", "The agent refused to do it."),
        ("stops", "The agent stopped: it has used up the tokens of a turn."),
        ("signs-in", "The agent wants somebody to sign in to it on the runner's machine first."),
    ] {
        let (_, outcome) = does(how).await;
        assert_eq!((outcome.end, outcome.message.as_str()), (End::Failed, why));
    }
}

#[tokio::test]
async fn an_agent_that_breaks_the_protocol_is_ended_and_that_is_said() {
    for (how, why) in [
        ("garbage", "It wrote what is no message of the Agent Client Protocol: Warning: this is not JSON"),
        ("huge", "It said more than 1 MiB in one line."),
    ] {
        let (_, outcome) = does(how).await;
        assert_eq!((outcome.end, outcome.message.as_str()), (End::Failed, why));
    }
}

#[tokio::test]
async fn an_agent_that_leaves_midway_has_failed_with_its_code() {
    let (said, outcome) = does("leaves").await;
    assert_eq!(
        (outcome.end, outcome.exit_code, outcome.message.as_str()),
        (End::Failed, Some(3), "The agent ended with 3 before it was done.")
    );
    assert_eq!(said, "[stderr] out of memory\n");
}

#[tokio::test]
async fn what_this_runner_does_not_know_of_the_protocol_is_passed_over() {
    let (said, outcome) = does("strange").await;
    assert_eq!((outcome.end, said.as_str()), (End::Complete, "All the same.\n"), "{outcome:?}");
}

#[tokio::test]
async fn all_that_an_agent_says_arrives_in_its_order() {
    let (said, outcome) = does("floods").await;
    assert_eq!(outcome.end, End::Complete);
    let expected: String = (0..20_000).map(|n| format!("line {n}\n")).collect();
    assert!(said == expected);
}

#[tokio::test]
async fn an_agent_that_is_cancelled_is_told_and_leaves_no_process() {
    for how in ["heeds", "deaf"] {
        let bench = bench(how);
        let workshop = begun(&bench, prompt("Wait")).await;
        let pid = pids(&workshop, "here ").await[0];
        assert!(lives(pid));
        workshop.cancel(task(1));
        let outcome = ended(&workshop, task(1)).await;
        assert_eq!((outcome.end, outcome.message.as_str()), (End::Cancelled, "It was cancelled."), "{how}");
        gone(pid).await;
    }
}

#[tokio::test]
async fn an_agent_ends_when_its_time_is_over() {
    let bench = bench("deaf");
    let mut order = prompt("Wait");
    order.bounds.minutes = 1;
    let workshop = begun(&bench, order).await;
    let pid = pids(&workshop, "here ").await[0];
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    let outcome = ended(&workshop, task(1)).await;
    assert_eq!((outcome.end, outcome.message.as_str()), (End::Timeout, "It took longer than 1 min."));
    gone(pid).await;
}

#[tokio::test]
async fn how_far_an_agent_is_is_told() {
    let bench = bench("heeds");
    let workshop = begun(&bench, prompt("Wait")).await;
    let progress = until(&workshop, || workshop.progress(task(1))).await;
    assert_eq!(progress.message.as_deref(), Some("It writes."));
    workshop.cancel(task(1));
    ended(&workshop, task(1)).await;
}

#[tokio::test]
async fn an_agent_that_the_runner_has_not_is_refused() {
    let bench = Bench::new();
    let (_, outcome) = bench.run(prompt("Do")).await;
    let why = "This runner has no coding agent of the name `double`.";
    assert_eq!((outcome.end, outcome.message.as_str()), (End::Refused, why));
    let mut bench = Bench::new();
    bench.tools.agents = [("double".to_owned(), vec!["no-such-agent".to_owned()])].into();
    let (_, outcome) = bench.run(prompt("Do")).await;
    assert_eq!(outcome.end, End::Refused);
    assert!(outcome.message.contains("no-such-agent"), "{}", outcome.message);
}
