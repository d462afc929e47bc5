//! A task from its beginning to when it is forgotten, over the ends of the runner and of its keeper.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use runner::{Folders, OpenError, Workshop};
use wire::fleet::{End, RemoteOrder};

use crate::bench::{
    Bench, DOUBLE, PATIENCE, ended, gone, lives, names, numbers, output, pids, shell, stream, submit, task,
    until,
};

/// A tree with a process that has left it by all the rules: of a session of its own, and its parent gone. None ends when asked.
const TREE: &str = "trap '' TERM
    (setsid sh -c 'trap \"\" TERM; echo $$ > orphan; while :; do sleep 1000; done' &)
    sleep 1000 &
    while ! [ -s orphan ]; do sleep 0.01; done
    echo all $$ $! $(cat orphan)
    while :; do sleep 1000; done";

/// A runner in a process of its own, which does one task.
fn runner(bench: &Bench, order: RemoteOrder) -> Child {
    started(bench, Command::new(DOUBLE), [order])
}

/// A runner in a process of its own, which does tasks that are numbered from 1 on.
fn started(bench: &Bench, mut program: Command, orders: impl IntoIterator<Item = RemoteOrder>) -> Child {
    let mut runner = program
        .arg("work")
        .arg(bench.state.path())
        .args([&bench.declared(), "500"])
        .env("ATELIER_RUNNER_KEY", "secret")
        .env("GIT_DIR", "/nowhere")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = runner.stdin.take().unwrap();
    for (number, order) in (1..).zip(orders) {
        writeln!(input, "{}", serde_json::to_string(&submit(number, order)).unwrap()).unwrap();
    }
    runner
}

fn folder(bench: &Bench) -> PathBuf {
    bench.state.path().join("tasks").join(format!("{}-1", task(1).step_id))
}

/// The numbers in a line that the task of a runner in another process writes, once it has.
async fn pids_of(bench: &Bench, begin: &str) -> Vec<u32> {
    seen(|| {
        let output = std::fs::read_to_string(folder(bench).join("output")).unwrap_or_default();
        numbers(&output, begin)
    })
    .await
}

/// Waits for what can only be looked for.
async fn seen<T>(what: impl Fn() -> Option<T>) -> T {
    let seen = async {
        let mut look = tokio::time::interval(std::time::Duration::from_millis(20));
        loop {
            look.tick().await;
            if let Some(seen) = what() {
                return seen;
            }
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.expect("it comes in time")
}

#[tokio::test]
async fn a_cancelled_task_leaves_no_process_behind() {
    let bench = Bench::new();
    let workshop = bench.open().await;
    workshop.begin(submit(1, shell(TREE))).unwrap();
    let all = pids(&workshop, "all ").await;
    assert!(all.len() == 3 && all.iter().all(|pid| lives(*pid)), "{all:?}");
    workshop.cancel(task(1));
    let outcome = ended(&workshop, task(1)).await;
    assert_eq!((outcome.end, outcome.message.as_str()), (End::Cancelled, "It was cancelled."));
    assert!(!all.iter().any(|pid| lives(*pid)), "{all:?}");
    workshop.cancel(task(1));
    assert_eq!(ended(&workshop, task(1)).await, outcome, "what has ended is not cancelled");
}

#[tokio::test]
async fn processes_that_multiply_are_gone_all_the_same() {
    let bench = Bench::new();
    let workshop = bench.open().await;
    let script = "trap '' TERM; echo all $$; while :; do (setsid sleep 1000 &); done";
    workshop.begin(submit(1, shell(script))).unwrap();
    let all = pids(&workshop, "all ").await;
    workshop.cancel(task(1));
    let outcome = ended(&workshop, task(1)).await;
    assert_eq!(
        (outcome.end, outcome.notes.iter().any(|note| note.contains("could not be ended"))),
        (End::Cancelled, false)
    );
    assert!(!lives(all[0]));
    let mark = format!("ATELIER_TASK={}", folder(&bench).canonicalize().unwrap().display());
    let left = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|set| set == mark.as_bytes())
    });
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn a_task_may_clear_up_when_it_is_asked_to_end() {
    let bench = Bench::new();
    let workshop = bench.open().await;
    let script = "trap 'echo cleared; exit 3' TERM; echo all $$; while :; do sleep 0.05; done";
    workshop.begin(submit(1, shell(script))).unwrap();
    pids(&workshop, "all ").await;
    workshop.cancel(task(1));
    assert_eq!(ended(&workshop, task(1)).await.end, End::Cancelled);
    assert!(output(&workshop).ends_with("cleared\n"));
}

#[tokio::test]
async fn when_the_runner_is_killed_all_processes_go_and_the_task_is_lost() {
    let bench = Bench::new();
    let mut runner = runner(&bench, shell(TREE));
    let all = pids_of(&bench, "all ").await;
    runner.kill().unwrap();
    runner.wait().unwrap();
    for pid in all {
        gone(pid).await;
    }
    let workshop = bench.open().await;
    assert_eq!(workshop.tasks(), [task(1)]);
    let outcome = workshop.outcome(task(1)).unwrap();
    assert_eq!((outcome.end, outcome.message.as_str()), (End::Lost, "The runner ended while it ran."));
    assert!(output(&workshop).starts_with("all "), "what it had written is there");
}

#[tokio::test]
async fn a_workshop_that_opens_at_once_waits_until_an_earlier_starts_processes_are_gone() {
    let bench = Bench::new();
    let mut runner = runner(&bench, shell(TREE));
    let all = pids_of(&bench, "all ").await;
    runner.kill().unwrap();
    runner.wait().unwrap();
    let workshop = bench.open().await;
    assert!(!all.iter().any(|pid| lives(*pid)), "{all:?}");
    assert_eq!(workshop.outcome(task(1)).unwrap().end, End::Lost);
}

#[tokio::test]
async fn a_command_does_not_see_the_runners_own_settings() {
    let bench = Bench::new();
    let mut runner = runner(&bench, shell("env; echo all"));
    pids_of(&bench, "all").await;
    runner.kill().unwrap();
    runner.wait().unwrap();
    let seen = output(&bench.open().await);
    let own: Vec<&str> = seen.lines().filter(|line| line.starts_with("ATELIER_")).collect();
    let folder = folder(&bench).canonicalize().unwrap();
    assert_eq!(own, [format!("ATELIER_TASK={}", folder.display())]);
    assert!(!seen.contains("secret") && !seen.contains("GIT_DIR") && seen.contains("PATH="));
}

#[tokio::test]
async fn a_disk_that_takes_no_more_ends_the_task_and_loses_no_other() {
    let bench = Bench::new();
    // No file of this runner grows beyond some 100 kB.
    let mut program = Command::new("sh");
    program.args(["-c", "ulimit -f 200; trap '' XFSZ; exec \"$0\" \"$@\"", DOUBLE]);
    let mut runner = started(&bench, program, [shell("yes"), shell("echo fine")]);
    let tasks = bench.state.path().join("tasks");
    let outcome = |number| tasks.join(format!("{}-1/outcome.json", task(number).step_id));
    seen(|| (outcome(1).exists() && outcome(2).exists()).then_some(())).await;
    runner.kill().unwrap();
    runner.wait().unwrap();
    let workshop = bench.open().await;
    let (full, other) = (workshop.outcome(task(1)).unwrap(), workshop.outcome(task(2)).unwrap());
    assert_eq!((full.end, other.end), (End::Broken, End::Complete), "{}", full.message);
    assert!(full.message.starts_with("The runner could not write down what it did"), "{}", full.message);
    assert!(output(&workshop).starts_with("y\ny\n"), "what there was room for is there");
}

#[tokio::test]
async fn an_outcome_that_cannot_be_written_down_is_not_told_until_it_is() {
    let bench = Bench::new();
    let workshop = bench.open().await;
    let draft = folder(&bench).join("outcome.json.draft");
    // A folder, where the file is to be.
    workshop.begin(submit(1, shell(&format!("mkdir {}", draft.display())))).unwrap();
    seen(|| draft.exists().then_some(())).await;
    let lock = std::fs::File::open(folder(&bench).join("keeper.lock")).unwrap();
    seen(|| lock.try_lock().ok()).await;
    assert_eq!(workshop.outcome(task(1)), None);
    std::fs::remove_dir(draft).unwrap();
    assert_eq!(ended(&workshop, task(1)).await.end, End::Complete);
}

#[tokio::test]
async fn when_the_keeper_is_killed_the_processes_are_killed_without_it() {
    let bench = Bench::new();
    let workshop = bench.open().await;
    workshop.begin(submit(1, shell(&format!("echo keeper $PPID; {TREE}")))).unwrap();
    let keeper = pids(&workshop, "keeper ").await[0];
    let all = pids(&workshop, "all ").await;
    let killed = Command::new("kill").args(["-9", &keeper.to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(ended(&workshop, task(1)).await.end, End::Broken);
    for pid in all {
        gone(pid).await;
    }
}

#[tokio::test]
async fn a_task_that_is_begun_twice_is_done_once() {
    let bench = Bench::new();
    let workshop = bench.open().await;
    let order = shell("echo once >> file; cat file");
    assert!(workshop.begin(submit(1, order.clone())).unwrap());
    assert!(!workshop.begin(submit(1, order.clone())).unwrap());
    ended(&workshop, task(1)).await;
    assert!(!workshop.begin(submit(1, order)).unwrap());
    assert_eq!((output(&workshop).as_str(), workshop.tasks().len()), ("once\n", 1));
}

#[tokio::test]
async fn what_has_ended_is_there_after_a_restart_byte_for_byte() {
    let bench = Bench::new();
    let mut order = shell("head -c 300000 /dev/urandom; head -c 1000 /dev/urandom > 'a file'");
    order.collect = vec!["a file".into(), "none".into()];
    let (workshop, outcome) = bench.run(order).await;
    let (streams, written) = (workshop.streams(task(1)), stream(&workshop, "output"));
    let file = stream(&workshop, "file:a file");
    assert_eq!((written.len(), file.len()), (300_000, 1_000));
    assert!(outcome.notes.contains(&"none is not there.".to_owned()), "{:?}", outcome.notes);
    workshop.close().await;
    drop(workshop);
    let workshop = bench.open().await;
    assert_eq!(workshop.outcome(task(1)), Some(outcome));
    assert_eq!(workshop.streams(task(1)), streams);
    assert!(stream(&workshop, "output") == written && stream(&workshop, "file:a file") == file);
}

#[tokio::test]
async fn a_workshop_that_closes_ends_what_runs_as_lost() {
    let bench = Bench::new();
    let workshop = bench.open().await;
    workshop.begin(submit(1, shell(TREE))).unwrap();
    let all = pids(&workshop, "all ").await;
    workshop.close().await;
    assert!(!all.iter().any(|pid| lives(*pid)), "{all:?}");
    let outcome = workshop.outcome(task(1)).unwrap();
    assert_eq!(outcome.end, End::Lost);
    assert!(workshop.begin(submit(2, shell("echo"))).is_err());
    drop(workshop);
    assert_eq!(bench.open().await.outcome(task(1)), Some(outcome));
}

#[tokio::test]
async fn a_forgotten_task_is_killed_and_nothing_is_left_of_it() {
    let bench = Bench::new();
    let workshop = bench.open().await;
    workshop.begin(submit(1, shell(TREE))).unwrap();
    let all = pids(&workshop, "all ").await;
    workshop.forget(task(1));
    assert_eq!(
        (workshop.tasks(), workshop.streams(task(1)), workshop.outcome(task(1))),
        (vec![], vec![], None)
    );
    let tasks = bench.state.path().join("tasks");
    until(&workshop, || names(&tasks).is_empty().then_some(())).await;
    assert!(!all.iter().any(|pid| lives(*pid)), "{all:?}");
}

#[tokio::test]
async fn a_state_folder_is_open_once_at_a_time() {
    let bench = Bench::new();
    let workshop = bench.open().await;
    let again = Workshop::open(
        bench.state.path(),
        Folders::default(),
        bench.tools.clone(),
        kernel::Ambient::system(),
    );
    assert!(matches!(again.await.err(), Some(OpenError::InUse(_))));
    drop(workshop);
    bench.open().await;
}

#[tokio::test]
async fn a_task_whose_beginning_was_not_written_down_whole_is_none() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.state.path().join("tasks/torn")).unwrap();
    std::fs::write(bench.state.path().join("tasks/torn/task.json.draft"), "{").unwrap();
    assert!(bench.open().await.tasks().is_empty());
    assert!(names(&bench.state.path().join("tasks")).is_empty());
}
