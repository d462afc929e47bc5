//! Tasks in folders that git keeps: a checkout for each, what is told of its changes, and what becomes of them.

use std::os::unix::fs::PermissionsExt;

use wire::fleet::{Change, Deliver, End, RemoteOrder};

use crate::bench::{Bench, ended, git, names, output, repository, shell, stream, submit, task, until, write};

fn delivering(script: &str, deliver: Deliver) -> RemoteOrder {
    RemoteOrder { deliver, ..shell(script) }
}

fn branch() -> String {
    format!("atelier/{}", task(1).step_id)
}

const CHANGES: &str =
    "echo 4 >> kept.txt; rm gone.txt; mv 'old name.txt' new.txt; printf '\\0\\5' > image.bin;
    printf 'ä\\n' > 'neü file.txt'; echo ignored > x.log; echo '*.log' > .gitignore";

#[tokio::test]
async fn what_a_task_changed_is_told_and_the_projects_folder_is_as_it_was() {
    let bench = repository();
    let before = (names(&bench.root()), git(&bench.root(), &["rev-parse", "HEAD"]));
    let (workshop, outcome) = bench.run(shell(CHANGES)).await;
    assert_eq!((outcome.end, &outcome.notes, outcome.branch), (End::Complete, &vec![], None));
    let files: Vec<_> = outcome
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.change, file.added, file.removed))
        .collect();
    assert_eq!(
        files,
        [
            (".gitignore", Change::Added, Some(1), Some(0)),
            ("gone.txt", Change::Deleted, Some(0), Some(1)),
            ("image.bin", Change::Modified, None, None),
            ("kept.txt", Change::Modified, Some(1), Some(0)),
            ("new.txt", Change::Renamed, Some(0), Some(0)),
            ("neü file.txt", Change::Added, Some(1), Some(0)),
        ]
    );
    // The diff is all that it takes to do the same again.
    let other = tempfile::tempdir().unwrap();
    git(other.path(), &["clone", "--quiet", bench.root().to_str().unwrap(), "."]);
    write(other.path(), "../the.diff", stream(&workshop, "diff"));
    let diff = other.path().join("../the.diff");
    git(other.path(), &["apply", "--index", diff.to_str().unwrap()]);
    std::fs::remove_file(diff).unwrap();
    assert_eq!(std::fs::read(other.path().join("image.bin")).unwrap(), [0, 5]);
    assert_eq!(std::fs::read_to_string(other.path().join("kept.txt")).unwrap(), "1\n2\n3\n4\n");
    assert!(other.path().join("neü file.txt").exists() && !other.path().join("gone.txt").exists());
    assert_eq!((names(&bench.root()), git(&bench.root(), &["rev-parse", "HEAD"])), before);
    assert_eq!(git(&bench.root(), &["status", "--porcelain"]), "");
    assert_eq!(git(&bench.root(), &["count-objects"]).split(' ').next(), Some("8"), "no object came");
}

#[tokio::test]
async fn what_a_failed_task_changed_is_told_too_and_is_not_committed() {
    let bench = repository();
    let (workshop, outcome) = bench.run(delivering("echo 4 >> kept.txt; exit 1", Deliver::Branch)).await;
    assert_eq!((outcome.end, outcome.files.len(), outcome.branch), (End::Failed, 1, None));
    assert!(String::from_utf8(stream(&workshop, "diff")).unwrap().contains("\n+4\n"));
    assert!(outcome.notes.iter().any(|note| note.contains("Nothing was committed")), "{:?}", outcome.notes);
    assert_eq!(git(&bench.root(), &["branch", "--list", "atelier/*"]), "");
}

#[tokio::test]
async fn a_task_that_changes_nothing_has_no_diff_and_no_branch() {
    let bench = repository();
    let (workshop, outcome) = bench.run(delivering("cat kept.txt", Deliver::Branch)).await;
    assert_eq!((outcome.end, outcome.files.len(), outcome.branch), (End::Complete, 0, None));
    assert_eq!(outcome.notes, ["Nothing changed, and so there is no branch."]);
    assert_eq!((output(&workshop).as_str(), workshop.streams(task(1)).len()), ("1\n2\n3\n", 1));
}

#[tokio::test]
async fn a_project_in_a_part_of_a_repository_works_there_and_tells_of_nothing_else() {
    let mut bench = repository();
    let top = std::mem::replace(&mut bench.project, tempfile::tempdir().unwrap());
    let declared = format!("{}={}", crate::bench::project(), top.path().join("film").display());
    let workshop = bench.open_with(&declared).await;
    let mut order = delivering("echo more >> scene.txt; echo no >> ../kept.txt; pwd", Deliver::Branch);
    order.collect = vec!["scene.txt".into()];
    workshop.begin(submit(1, order)).unwrap();
    let outcome = ended(&workshop, task(1)).await;
    assert!(output(&workshop).trim().ends_with("-1/film"));
    assert_eq!(outcome.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["scene.txt"]);
    assert!(outcome.notes.contains(&"What changed outside of the project's folder was left out.".to_owned()));
    assert_eq!(stream(&workshop, "file:scene.txt"), b"scene\nmore\n");
    let changed = git(top.path(), &["diff", "--name-only", "HEAD", &branch()]);
    assert_eq!(changed, "film/scene.txt");
}

#[tokio::test]
async fn changes_are_committed_to_a_branch_of_their_own() {
    let bench = repository();
    let (_, outcome) = bench.run(delivering(CHANGES, Deliver::Branch)).await;
    assert_eq!((outcome.end, outcome.branch), (End::Complete, Some(branch())), "{}", outcome.message);
    let root = bench.root();
    assert_eq!(git(&root, &["rev-parse", &format!("{}^", branch())]), git(&root, &["rev-parse", "HEAD"]));
    assert_eq!(git(&root, &["show", &format!("{}:kept.txt", branch())]), "1\n2\n3\n4");
    let message = git(&root, &["log", "-1", "--format=%s", &branch()]);
    assert!(
        message.starts_with("sh -c echo 4") && message.contains(&task(1).task_id.to_string()),
        "{message}"
    );
    assert_eq!(git(&root, &["status", "--porcelain"]), "");
}

#[tokio::test]
async fn what_a_task_commits_itself_is_on_its_branch() {
    let bench = repository();
    let script = "echo 4 >> kept.txt
        git -c user.name=B -c user.email=b@example.org commit --quiet --all --message own
        echo 5 >> kept.txt";
    let (_, outcome) = bench.run(delivering(script, Deliver::Branch)).await;
    assert_eq!((outcome.end, outcome.files.len()), (End::Complete, 1));
    assert_eq!(outcome.files[0].added, Some(2));
    let log = git(&bench.root(), &["log", "--format=%s", &branch()]);
    assert_eq!(log.lines().skip(1).collect::<Vec<_>>(), ["own", "first"]);
}

#[tokio::test]
async fn a_branch_is_pushed_if_that_is_ordered() {
    let (bench, remote) = (repository(), tempfile::tempdir().unwrap());
    git(remote.path(), &["init", "--quiet", "--bare"]);
    git(&bench.root(), &["remote", "add", "origin", remote.path().to_str().unwrap()]);
    let (_, outcome) = bench.run(delivering("echo 4 >> kept.txt", Deliver::Push)).await;
    assert_eq!((outcome.end, outcome.branch), (End::Complete, Some(branch())), "{}", outcome.message);
    assert_eq!(git(remote.path(), &["show", &format!("{}:kept.txt", branch())]), "1\n2\n3\n4");
}

#[tokio::test]
async fn a_push_that_fails_fails_the_task_and_keeps_the_branch() {
    let bench = repository();
    let (_, outcome) = bench.run(delivering("echo 4 >> kept.txt", Deliver::Push)).await;
    assert_eq!((outcome.end, outcome.branch), (End::Failed, Some(branch())));
    assert!(outcome.message.contains("could not be pushed"), "{}", outcome.message);
    git(&bench.root(), &["rev-parse", "--verify", &branch()]);
}

#[tokio::test]
async fn no_hook_of_the_repository_is_run() {
    let bench = repository();
    let (root, remote) = (bench.root(), tempfile::tempdir().unwrap());
    git(remote.path(), &["init", "--quiet", "--bare"]);
    git(&root, &["remote", "add", "origin", remote.path().to_str().unwrap()]);
    let seen = bench.state.path().join("hooked");
    for hook in
        ["post-checkout", "pre-commit", "post-commit", "pre-push", "reference-transaction", "fsmonitor"]
    {
        let path = root.join(".git/hooks").join(hook);
        std::fs::write(&path, format!("#!/bin/sh\necho {hook} >> {}\n", seen.display())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    git(&root, &["config", "core.fsmonitor", root.join(".git/hooks/fsmonitor").to_str().unwrap()]);
    let (_, outcome) = bench.run(delivering("echo 4 >> kept.txt", Deliver::Push)).await;
    assert_eq!(outcome.end, End::Complete, "{}", outcome.message);
    assert!(!seen.exists(), "{}", std::fs::read_to_string(&seen).unwrap());
}

#[tokio::test]
async fn a_forgotten_tasks_checkout_is_gone_from_the_repository() {
    let bench = repository();
    // What git does not take for a checkout any more, with a folder that nothing may be removed from.
    let script = "mkdir locked; touch locked/file; chmod 555 locked; rm .git";
    let (workshop, outcome) = bench.run(shell(script)).await;
    assert_eq!((outcome.end, outcome.files.len()), (End::Complete, 1), "{}", outcome.message);
    assert_eq!(git(&bench.root(), &["worktree", "list"]).lines().count(), 2);
    workshop.forget(task(1));
    let tasks = bench.state.path().join("tasks");
    until(&workshop, || names(&tasks).is_empty().then_some(())).await;
    assert_eq!(git(&bench.root(), &["worktree", "list"]).lines().count(), 1);
}

#[tokio::test]
async fn what_is_not_committed_in_the_projects_folder_is_not_seen_and_that_is_said() {
    let bench = repository();
    write(&bench.root(), "kept.txt", "mine\n");
    write(&bench.root(), "mine.txt", "mine\n");
    let (workshop, outcome) = bench.run(shell("cat kept.txt; ls mine.txt || echo none")).await;
    assert!(output(&workshop).starts_with("1\n2\n3\n") && output(&workshop).ends_with("none\n"));
    assert!(outcome.notes.iter().any(|note| note.contains("not committed")), "{:?}", outcome.notes);
    assert!(outcome.files.is_empty());
}

#[tokio::test]
async fn a_folder_that_no_commit_has_is_worked_in_itself_and_that_is_said() {
    let (plain, fresh, beside) = (Bench::new(), Bench::new(), repository());
    git(&fresh.root(), &["init", "--quiet"]);
    std::fs::create_dir(beside.root().join("untracked")).unwrap();
    let beside_folder = beside.root().join("untracked");
    let declared = format!("{}={}", crate::bench::project(), beside_folder.display());
    for (bench, declared, folder) in [
        (&plain, plain.declared(), plain.root()),
        (&fresh, fresh.declared(), fresh.root()),
        (&beside, declared, beside_folder),
    ] {
        let workshop = bench.open_with(&declared).await;
        workshop.begin(submit(1, shell("echo new > file; pwd"))).unwrap();
        let outcome = ended(&workshop, task(1)).await;
        assert_eq!((outcome.end, output(&workshop).trim()), (End::Complete, folder.to_str().unwrap()));
        assert!(outcome.notes.iter().any(|note| note.contains("there is no diff")), "{:?}", outcome.notes);
        assert!(folder.join("file").exists());
        workshop.begin(submit(2, delivering("touch worked", Deliver::Branch))).unwrap();
        assert_eq!(ended(&workshop, task(2)).await.end, End::Refused);
        assert!(!folder.join("worked").exists());
    }
}

#[tokio::test]
async fn a_diff_that_is_too_long_is_cut_and_that_is_said() {
    let bench = repository();
    let (workshop, outcome) = bench.run(shell("seq 1 2600000 > many; echo 4 >> kept.txt")).await;
    assert_eq!((outcome.end, outcome.files.len()), (End::Complete, 2), "{}", outcome.message);
    let diff = stream(&workshop, "diff");
    assert!(diff.len() <= 16 * 1024 * 1024 && diff.ends_with(b"was cut here.\n"));
    assert!(outcome.notes.iter().any(|note| note.starts_with("The diff was cut")), "{:?}", outcome.notes);
}

#[tokio::test]
async fn a_checkout_that_the_command_puts_elsewhere_is_not_looked_into() {
    let bench = repository();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    let mut order =
        shell(&format!("here=$(pwd); cd ..; mv $here moved; ln -s {} $here", outside.path().display()));
    order.collect = vec!["secret".into(), "kept.txt".into()];
    let (workshop, outcome) = bench.run(order).await;
    assert_eq!((outcome.end, outcome.files.len()), (End::Broken, 0), "{outcome:?}");
    let names: Vec<String> = workshop.streams(task(1)).into_iter().map(|stream| stream.name).collect();
    assert_eq!(names, ["file:kept.txt", "output"], "files are those of the folder that it began in");
}
