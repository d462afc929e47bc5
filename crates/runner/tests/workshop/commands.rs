//! What a command writes and how it ends, within its bounds.

use std::time::Duration;

use wire::fleet::{Bounds, End, Engine};

use crate::bench::{Bench, ended, gone, lives, names, output, pids, shell, stream, submit, task, until};

#[tokio::test]
async fn what_a_command_writes_and_its_code_arrive() {
    let bench = Bench::new();
    let (workshop, outcome) = bench.run(shell("echo one; echo two >&2; echo three; exit 7")).await;
    assert_eq!(output(&workshop), "one\ntwo\nthree\n");
    assert_eq!((outcome.end, outcome.exit_code), (End::Failed, Some(7)));
    assert_eq!(outcome.message, "It ended with 7.");
    let bench = Bench::new();
    let (workshop, outcome) = bench.run(shell("pwd")).await;
    assert_eq!((outcome.end, outcome.exit_code), (End::Complete, Some(0)));
    assert_eq!(output(&workshop).trim(), bench.root().to_str().unwrap());
}

#[tokio::test]
async fn no_shell_reads_the_arguments() {
    let bench = Bench::new();
    let mut order = shell("");
    let argument = "$(touch x); `touch y` > z && echo *";
    order.engine = Engine::Command { argv: vec!["echo".into(), argument.into()] };
    let (workshop, _) = bench.run(order).await;
    assert_eq!(output(&workshop), format!("{argument}\n"));
    assert!(names(&bench.root()).is_empty());
}

#[tokio::test]
async fn a_long_output_passes_whole() {
    let bench = Bench::new();
    let (workshop, outcome) = bench.run(shell("head -c 5000000 /dev/zero | tr '\\0' x; printf end")).await;
    assert_eq!(outcome.end, End::Complete);
    let output = stream(&workshop, "output");
    assert_eq!(output.len(), 5_000_003);
    assert!(output.ends_with(b"xend"));
    assert_eq!(workshop.read(task(1), "output", 4_999_999, 3).unwrap(), b"xen");
    assert_eq!(workshop.streams(task(1))[0].length, 5_000_003);
}

#[tokio::test]
async fn what_is_written_beyond_the_bound_is_dropped_and_that_is_said() {
    let bench = Bench::new();
    let mut order = shell("head -c 3145728 /dev/zero; echo more");
    order.bounds.output_mib = 1;
    let (workshop, outcome) = bench.run(order).await;
    assert_eq!(outcome.end, End::Complete, "the command was not held up");
    assert_eq!(stream(&workshop, "output").len(), 1024 * 1024);
    let note = "The output was longer than it may be: its last 2097157 bytes were left out.";
    assert!(outcome.notes.iter().any(|said| said == note), "{:?}", outcome.notes);
}

#[tokio::test]
async fn no_new_task_is_done_while_the_spool_is_full() {
    let mut bench = Bench::new();
    bench.tools.limits.spool = 1_000;
    let (workshop, outcome) = bench.run(shell("head -c 1500 /dev/zero")).await;
    assert_eq!((stream(&workshop, "output").len(), outcome.end), (1_000, End::Complete));
    assert!(outcome.notes.iter().any(|note| note.contains("has room for")), "{:?}", outcome.notes);
    workshop.begin(submit(2, shell("echo"))).unwrap();
    assert_eq!(ended(&workshop, task(2)).await.end, End::Broken);
    workshop.forget(task(1));
    let tasks = bench.state.path().join("tasks");
    until(&workshop, || (names(&tasks).len() == 1).then_some(())).await;
    workshop.begin(submit(3, shell("echo"))).unwrap();
    assert_eq!(ended(&workshop, task(3)).await.end, End::Complete);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_refused() {
    let bench = Bench::new();
    let mut order = shell("");
    order.engine = Engine::Command { argv: vec!["no-such-program".into()] };
    let (_, outcome) = bench.run(order).await;
    assert_eq!(outcome.end, End::Refused);
    assert!(outcome.message.contains("no-such-program"), "{}", outcome.message);
}

#[tokio::test]
async fn a_runner_that_runs_no_commands_refuses_them_and_says_so() {
    let mut bench = Bench::new();
    bench.tools.commands = false;
    let (_, outcome) = bench.run(shell("touch x")).await;
    assert_eq!((outcome.end, outcome.message.as_str()), (End::Refused, "This runner runs no commands."));
    assert!(names(&bench.root()).is_empty());
}

#[tokio::test]
async fn a_command_ends_when_its_time_is_over() {
    let bench = Bench::new();
    let workshop = bench.open().await;
    let mut order = shell("echo here $$; exec sleep 1000");
    order.bounds.minutes = 1;
    workshop.begin(submit(1, order)).unwrap();
    let pid = pids(&workshop, "here ").await[0];
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    let outcome = ended(&workshop, task(1)).await;
    assert_eq!((outcome.end, outcome.message.as_str()), (End::Timeout, "It took longer than 1 min."));
    assert!(!lives(pid));
}

#[tokio::test]
async fn a_command_ends_when_its_processes_take_too_much_memory_together() {
    let bench = Bench::new();
    // Two that hold 24 MiB each, beside what shells take.
    let mut order =
        shell("for i in 1 2; do { head -c 25165824 /dev/zero; sleep 1000; } | sort > /dev/null & done; wait");
    order.bounds = Bounds { memory_mib: Some(32), ..order.bounds };
    let (_, outcome) = bench.run(order).await;
    assert_eq!((outcome.end, outcome.message.as_str()), (End::Memory, "It took more than 32 MiB of memory."));
}

#[tokio::test]
async fn what_a_command_leaves_running_ends_with_it() {
    let bench = Bench::new();
    let left = "trap '' TERM; echo left $$; touch ready; while :; do sleep 1000; done";
    let script = format!("setsid sh -c \"{left}\" & while ! [ -e ready ]; do sleep 0.01; done; echo done");
    let (workshop, outcome) = bench.run(shell(&script.replace("$$", "\\$\\$"))).await;
    assert_eq!(outcome.end, End::Complete);
    gone(pids(&workshop, "left ").await[0]).await;
    assert!(output(&workshop).contains("done"));
}
