//! What an agent may use up and change, and what is kept of its answer.

use runner::Workshop;
use wire::fleet::{Bounds, Deliver, End, RemoteOrder, Used, Verb};
use wire::runner::Say;

use crate::agents::{begun, bench, prompt, with};
use crate::bench::{ended, git, names, output, repository, shell, stream, task, until};

fn bounded(text: &str, tokens: Option<u64>, cost_micros: Option<u64>) -> RemoteOrder {
    RemoteOrder { bounds: Bounds { tokens, cost_micros, ..Bounds::default() }, ..prompt(text) }
}

fn looking(text: &str) -> RemoteOrder {
    RemoteOrder { read_only: true, ..prompt(text) }
}

fn more() -> Say {
    Say { task: task(1), said_id: 1, verb: Verb::Queue, text: "more".into(), by_name: "Ada".into() }
}

fn streams(workshop: &Workshop) -> Vec<String> {
    workshop.streams(task(1)).into_iter().map(|stream| stream.name).collect()
}

#[tokio::test]
async fn an_agent_that_uses_more_than_it_may_is_ended_and_what_it_did_is_kept() {
    for (tokens, cost, why) in [
        (Some(1_000), None, "It used 2000 tokens, and may use 1000."),
        (None, Some(100_000), "It cost $0.500000, and may cost $0.100000."),
    ] {
        let bench = with(repository(), "spends");
        let (workshop, outcome) = bench.run(bounded("stay", tokens, cost)).await;
        assert_eq!((outcome.end, outcome.message.as_str()), (End::Budget, why));
        let used = Used { input_tokens: 2_000, output_tokens: 0, cost_micros: 500_000 };
        assert_eq!(outcome.used, Some(used));
        assert_eq!(output(&workshop), "I was told: stay\n");
    }
}

#[tokio::test]
async fn an_agent_that_is_done_before_it_is_ended_for_its_use_is_done() {
    let bench = bench("spends");
    let (_, outcome) = bench.run(bounded("nothing", Some(2_000), Some(500_000))).await;
    assert_eq!((outcome.end, outcome.notes.len()), (End::Complete, 1), "{outcome:?}");
    let (_, outcome) = with(repository(), "spends").run(bounded("nothing", Some(1_999), None)).await;
    let note = "It used 2000 tokens, and may use 1999.";
    assert_eq!((outcome.end, outcome.notes.as_slice()), (End::Complete, &[note.to_owned()][..]));
}

#[tokio::test]
async fn an_agent_that_has_used_more_than_it_may_when_its_turn_ends_is_not_told_more() {
    let bench = with(repository(), "spends");
    let workshop = begun(&bench, bounded("ask", Some(3_000), None)).await;
    until(&workshop, || workshop.asks(task(1)).pop()).await;
    assert!(workshop.say(more()).unwrap());
    workshop.answer(task(1), 1, Some("yes".into()));
    let outcome = ended(&workshop, task(1)).await;
    let why = "It used 5000 tokens, and may use 3000.";
    assert_eq!((outcome.end, outcome.message.as_str()), (End::Budget, why));
    let note = "It ended before it turned to what it was told last: 1 of that.";
    assert_eq!(outcome.notes, [note]);
    let used = Used { input_tokens: 4_000, output_tokens: 1_000, cost_micros: 500_000 };
    assert_eq!(outcome.used, Some(used));
}

#[tokio::test]
async fn what_an_agent_has_used_goes_along_with_how_far_it_is() {
    let bench = with(repository(), "spends");
    let workshop = begun(&bench, prompt("stay")).await;
    let used = until(&workshop, || workshop.progress(task(1))?.used).await;
    assert_eq!((used.input_tokens, used.cost_micros), (2_000, 500_000));
    workshop.cancel(task(1));
    assert_eq!(ended(&workshop, task(1)).await.end, End::Cancelled);
}

#[tokio::test]
async fn the_answer_is_what_an_agent_said_to_people_in_its_last_turn() {
    let bench = bench("listens");
    let workshop = begun(&bench, prompt("ask")).await;
    until(&workshop, || workshop.asks(task(1)).pop()).await;
    assert!(workshop.say(more()).unwrap());
    workshop.answer(task(1), 1, Some("yes".into()));
    assert_eq!(ended(&workshop, task(1)).await.end, End::Complete);
    assert_eq!(stream(&workshop, "answer"), b"I was told: more\n");
    let bench = crate::agents::bench("floods");
    let (workshop, _) = bench.run(prompt("Do")).await;
    let all = output(&workshop);
    assert!(all.len() < 256 * 1024 && stream(&workshop, "answer") == all.as_bytes());
}

#[tokio::test]
async fn an_agent_that_is_to_look_only_is_refused_what_changes_something_and_people_are_not_asked() {
    let bench = with(repository(), "writes");
    let (workshop, outcome) = bench.run(looking("Write two files")).await;
    assert_eq!((outcome.end, outcome.notes.as_slice()), (End::Complete, &[][..]), "{outcome:?}");
    let said = output(&workshop);
    assert!(said.contains("[note] It may only look, and was refused: Write written.txt\n"), "{said}");
    assert!(said.contains("I may not.\n"), "{said}");
    assert_eq!(streams(&workshop), ["answer", "output"]);
}

#[tokio::test]
async fn an_agent_that_is_to_look_only_reads_files_and_writes_none() {
    let bench = with(repository(), "reads");
    let workshop = bench.open().await;
    let path = bench.state.path().canonicalize().unwrap().join("checkouts");
    let path = path.join(format!("{}-1/kept.txt", task(1).step_id));
    let order = looking(&path.display().to_string());
    assert!(workshop.begin(crate::bench::submit(1, order)).unwrap());
    assert_eq!(ended(&workshop, task(1)).await.end, End::Complete);
    assert_eq!(output(&workshop), "kept.txt: 1\n2\n3\n, this task may only look: nothing is written\n");
}

#[tokio::test]
async fn what_an_agent_changes_that_is_to_look_only_is_thrown_away_and_that_is_said() {
    let bench = with(repository(), "sneaks");
    let before = names(&bench.root());
    let (workshop, outcome) = bench.run(looking("Look")).await;
    let note = "It was to look only, and changed something all the same. That was thrown away.";
    assert_eq!((outcome.end, outcome.notes.as_slice()), (End::Complete, &[note.to_owned()][..]));
    assert_eq!((outcome.files.len(), streams(&workshop)), (0, vec!["answer".into(), "output".into()]));
    assert_eq!((names(&bench.root()), git(&bench.root(), &["status", "--short"])), (before, String::new()));
}

#[tokio::test]
async fn who_is_to_look_only_is_an_agent_in_a_folder_that_git_keeps_and_delivers_nothing() {
    let (_, outcome) = bench("sneaks").run(looking("Look")).await;
    assert_eq!(outcome.end, End::Refused);
    assert!(outcome.message.contains("takes a folder that git keeps"), "{}", outcome.message);
    for order in [
        RemoteOrder { read_only: true, ..shell("true") },
        RemoteOrder { deliver: Deliver::Branch, ..looking("Look") },
        RemoteOrder { collect: vec!["kept.txt".into()], ..looking("Look") },
    ] {
        let (_, outcome) = with(repository(), "sneaks").run(order).await;
        assert_eq!(outcome.end, End::Refused, "{outcome:?}");
    }
}
