//! What a task goes on with: the conversation of an earlier one, and what that had changed.

use kernel::Ambient;
use runner::{Folders, Workshop};
use wire::fleet::{Continued, Deliver, End, Outcome, RemoteOrder};

use crate::agents::prompt;
use crate::bench::{
    Bench, DOUBLE, PATIENCE, ended, git, names, repository, shell, submit, task, until, write,
};

/// A runner on a repository, whose agent is of that kind and has a memory in a folder of its own.
fn bench(how: &str) -> (Bench, tempfile::TempDir) {
    let (mut bench, memory) = (repository(), tempfile::tempdir().unwrap());
    let argv = [DOUBLE, "agent", how, memory.path().to_str().unwrap()].map(str::to_owned).to_vec();
    bench.tools.agents = [("double".to_owned(), argv)].into();
    (bench, memory)
}

/// What that task did.
fn earlier(number: u128) -> Continued {
    Continued { run_id: task(number).task_id, step_id: task(number).step_id }
}

fn more(text: &str, step: u128) -> RemoteOrder {
    RemoteOrder { continues: Some(earlier(step)), ..prompt(text) }
}

/// The workshop again, after it was closed. What removes its last task may have a hold on it for a moment.
async fn reopened(bench: &Bench) -> Workshop {
    let opened = async {
        loop {
            let folders = Folders::read([bench.declared()]).unwrap();
            match Workshop::open(bench.state.path(), folders, bench.tools.clone(), Ambient::system()).await {
                Ok(workshop) => break workshop,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, opened).await.expect("it opens")
}

/// Does a task to its end and forgets it; gives what it said, its diff, and how it ended.
async fn does(
    bench: &Bench,
    workshop: &Workshop,
    number: u128,
    order: RemoteOrder,
) -> (String, String, Outcome) {
    assert!(workshop.begin(submit(number, order)).unwrap());
    let outcome = ended(workshop, task(number)).await;
    let text = |stream| {
        let read = workshop.read(task(number), stream, 0, usize::MAX).unwrap_or_default();
        String::from_utf8(read).unwrap()
    };
    let (said, diff) = (text("output"), text("diff"));
    workshop.forget(task(number));
    let left = bench.state.path().join("checkouts");
    until(workshop, || names(&left).is_empty().then_some(())).await;
    (said, diff, outcome)
}

#[tokio::test]
async fn an_agent_goes_on_in_its_session_with_what_it_had_changed() {
    for how in ["recalls", "repeats"] {
        let (bench, _memory) = bench(how);
        let workshop = bench.open().await;
        let (said, _, first) = does(&bench, &workshop, 1, prompt("one")).await;
        assert_eq!((said.as_str(), first.end), ("I was told: one\n", End::Complete), "{first:?}");
        workshop.close().await;
        drop(workshop);
        // Also after the runner's restart.
        let workshop = reopened(&bench).await;
        let (said, diff, second) = does(&bench, &workshop, 2, more("two", 1)).await;
        assert_eq!(
            said, "I was told: one | two\n",
            "{how}: and nothing of what was said before is said again"
        );
        assert!(diff.contains("+one\n+two\n"), "{diff}");
        assert_eq!((second.end, second.notes.as_slice()), (End::Complete, &[][..]));
        let used = |outcome: &Outcome| outcome.used.map(|used| (used.input_tokens, used.output_tokens));
        assert_eq!((used(&first), used(&second)), (Some((20, 10)), Some((20, 10))), "each counts its own");
        let (said, diff, _) = does(&bench, &workshop, 3, more("three", 2)).await;
        assert_eq!(said, "I was told: one | two | three\n");
        assert!(diff.contains("+one\n+two\n+three\n"), "{diff}");
        assert!(!names(&bench.root()).contains(&"told.txt".to_owned()));
    }
}

#[tokio::test]
async fn an_agent_that_has_lost_its_session_is_told_what_was_said() {
    let (bench, memory) = bench("recalls");
    let workshop = bench.open().await;
    does(&bench, &workshop, 1, prompt("Look at the scene")).await;
    std::fs::remove_file(memory.path().join("session-1")).unwrap();
    let (said, diff, outcome) = does(&bench, &workshop, 2, more("And now", 1)).await;
    assert_eq!(outcome.end, End::Complete);
    let note = "[note] The agent cannot go on in its session, and is told what was said.\n";
    assert!(said.starts_with(note), "{said}");
    let parts = ["What was asked: Look at the scene", "What was answered: I was told: Look at the scene"];
    assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    assert!(said.ends_with("What is asked now:  & And now\n"), "{said}");
    assert!(diff.contains("+Look at the scene\n"), "{diff}");
}

#[tokio::test]
async fn of_two_that_go_on_with_the_same_the_second_finds_the_files_as_the_first_did() {
    let (bench, _memory) = bench("recalls");
    let workshop = bench.open().await;
    does(&bench, &workshop, 1, prompt("one")).await;
    does(&bench, &workshop, 2, more("two", 1)).await;
    let (said, diff, _) = does(&bench, &workshop, 3, more("three", 1)).await;
    // Its session knows what was said to the other, too: it is not gone on with.
    assert!(said.contains("What was asked: one") && !said.contains("two"), "{said}");
    assert!(diff.contains("+one\n") && diff.contains("three\n") && !diff.contains("two"), "{diff}");
}

#[tokio::test]
async fn what_was_changed_before_meets_what_the_project_is_now() {
    let (bench, _memory) = bench("recalls");
    let root = bench.root();
    let workshop = bench.open().await;
    does(&bench, &workshop, 1, prompt("one")).await;
    // Something else has changed in the project.
    write(&root, "kept.txt", "other\n");
    git(&root, &["commit", "--quiet", "--all", "--message", "second"]);
    let (_, diff, outcome) = does(&bench, &workshop, 2, more("two", 1)).await;
    assert!(diff.contains("+one\n+two\n") && !diff.contains("kept.txt"), "{diff}");
    assert_eq!(outcome.notes, Vec::<String>::new());
    // Somebody has taken what was changed.
    write(&root, "told.txt", "one\ntwo\n");
    git(&root, &["add", "."]);
    git(&root, &["commit", "--quiet", "--message", "third"]);
    let branch = RemoteOrder { deliver: Deliver::Branch, ..more("three", 2) };
    let (_, diff, outcome) = does(&bench, &workshop, 3, branch).await;
    assert!(diff.contains(" one\n two\n+three\n"), "{diff}");
    assert_eq!(outcome.notes, ["What was changed before is in the project already."]);
    assert_eq!(git(&root, &["show", &format!("{}:told.txt", outcome.branch.unwrap())]), "one\ntwo\nthree");
    // Somebody has changed the same otherwise.
    write(&root, "told.txt", "else\n");
    git(&root, &["commit", "--quiet", "--all", "--message", "fourth"]);
    let (_, diff, outcome) = does(&bench, &workshop, 4, more("four", 3)).await;
    assert!(diff.contains(" two\n+three\n+four\n"), "{diff}");
    assert_eq!(
        outcome.notes,
        ["The project has changed since in the same places: this is on what it was then."]
    );
}

#[tokio::test]
async fn what_was_changed_in_a_folder_within_the_repository_is_there_too() {
    let (bench, _memory) = bench("recalls");
    let film = bench.project.path().join("film");
    let declared = format!("{}={}", crate::bench::project(), film.display());
    let workshop = bench.open_with(&declared).await;
    does(&bench, &workshop, 1, prompt("one")).await;
    let (said, diff, _) = does(&bench, &workshop, 2, more("two", 1)).await;
    assert_eq!(said, "I was told: one | two\n");
    assert!(diff.contains("b/told.txt") && diff.contains("+one\n+two\n"), "{diff}");
}

#[tokio::test]
async fn what_nobody_has_any_more_is_not_gone_on_with() {
    let (bench, _memory) = bench("recalls");
    let workshop = bench.open().await;
    let (_, _, outcome) = does(&bench, &workshop, 1, more("two", 9)).await;
    let why = "This runner does not have that conversation any more. Order it anew.";
    assert_eq!((outcome.end, outcome.message.as_str()), (End::Refused, why));
    let command = RemoteOrder { continues: Some(earlier(1)), ..shell("true") };
    let (_, _, outcome) = does(&bench, &workshop, 2, command).await;
    assert_eq!(outcome.end, End::Refused);
}

#[tokio::test]
async fn a_task_whose_agent_does_not_start_leaves_the_conversation_to_the_next() {
    let (bench, _memory) = bench("recalls");
    let there = bench.tools.agents.clone();
    let workshop = bench.open().await;
    does(&bench, &workshop, 1, prompt("one")).await;
    workshop.close().await;
    drop(workshop);
    let mut bench = bench;
    bench.tools.agents = [("double".to_owned(), vec!["no-such-program".to_owned()])].into();
    let workshop = reopened(&bench).await;
    assert_eq!(does(&bench, &workshop, 2, more("two", 1)).await.2.end, End::Refused);
    workshop.close().await;
    drop(workshop);
    bench.tools.agents = there;
    let workshop = reopened(&bench).await;
    let (said, diff, third) = does(&bench, &workshop, 3, more("three", 2)).await;
    assert_eq!(said, "I was told: one | three\n");
    assert!(diff.contains("+one\n+three\n"), "{diff}");
    let used = third.used.map(|used| (used.input_tokens, used.output_tokens));
    assert_eq!(used, Some((20, 10)), "what was used before is still known");
}

#[tokio::test]
async fn a_task_that_was_lost_midway_is_gone_on_with_and_that_its_changes_are_not_there_is_said() {
    let (bench, _memory) = bench("recalls");
    let workshop = bench.open().await;
    assert!(workshop.begin(submit(1, prompt("one, and stay"))).unwrap());
    until(&workshop, || crate::bench::output(&workshop).contains("I was told").then_some(())).await;
    workshop.close().await;
    drop(workshop);
    let workshop = reopened(&bench).await;
    assert_eq!(ended(&workshop, task(1)).await.end, End::Lost);
    workshop.forget(task(1));
    let (said, diff, outcome) = does(&bench, &workshop, 2, more("two", 1)).await;
    let told = "What was changed before could not be kept: it is not in the files.  & two";
    assert_eq!(said, format!("I was told: one, and stay | {told}\n"));
    assert!(diff.contains("& two\n") && !diff.contains("one"), "{diff}");
    assert_eq!(outcome.notes, ["What was changed before could not be kept, and is not there."]);
}
