//! Where a task works, and what of it is brought back: what was declared, and nothing else.

use std::os::unix::fs::symlink;

use kernel::{Id, ProjectId};
use wire::fleet::{End, Engine};

use crate::bench::{Bench, ended, names, output, shell, stream, submit, task};

#[tokio::test]
async fn a_task_works_in_the_folder_that_its_order_names() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.root().join("a/b")).unwrap();
    let mut order = shell("pwd");
    order.folder = Some("a/b".into());
    let (workshop, _) = bench.run(order).await;
    assert_eq!(output(&workshop).trim(), bench.root().join("a/b").to_str().unwrap());
}

#[tokio::test]
async fn no_path_leads_out_of_the_declared_folder() {
    let (bench, outside) = (Bench::new(), tempfile::tempdir().unwrap());
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    std::fs::create_dir(bench.root().join("Folder")).unwrap();
    symlink(outside.path(), bench.root().join("out")).unwrap();
    let absolute = outside.path().to_str().unwrap();
    let workshop = bench.open().await;
    let mut number = 1;
    for wrong in [absolute, "..", "Folder/../..", "out", "folder", "", "a\0b", "none"] {
        let mut order = shell("touch worked");
        order.folder = Some(wrong.into());
        workshop.begin(submit(number, order)).unwrap();
        let outcome = ended(&workshop, task(number)).await;
        assert_eq!(outcome.end, End::Refused, "{wrong:?}: {}", outcome.message);
        number += 1;
    }
    for wrong in [&format!("{absolute}/secret"), "../secret", "a/../../b", "", "a\0b"] {
        let mut order = shell("touch worked");
        order.collect = vec![wrong.into()];
        workshop.begin(submit(number, order)).unwrap();
        assert_eq!(ended(&workshop, task(number)).await.end, End::Refused, "{wrong:?}");
        number += 1;
    }
    assert_eq!((names(&bench.root()).len(), names(outside.path()).len()), (2, 1));
}

#[tokio::test]
async fn a_file_behind_a_link_that_leads_out_is_not_brought_back() {
    let (bench, outside) = (Bench::new(), tempfile::tempdir().unwrap());
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    let secret = outside.path().join("secret").display().to_string();
    let mut order = shell(&format!(
        "ln -s {secret} link; ln -s {} folder; ln -s inside near; echo in > inside; mkfifo pipe",
        outside.path().display()
    ));
    let wanted = ["link", "folder/secret", "near", "pipe", "near"];
    order.collect = wanted.iter().map(ToString::to_string).collect();
    let (workshop, outcome) = bench.run(order).await;
    assert_eq!(outcome.end, End::Complete);
    let files: Vec<String> = workshop.streams(task(1)).into_iter().map(|stream| stream.name).collect();
    assert_eq!(files, ["file:near", "output"]);
    assert_eq!(stream(&workshop, "file:near"), b"in\n");
    for name in ["link", "folder/secret", "pipe"] {
        assert!(outcome.notes.iter().any(|note| note.starts_with(name)), "{name}: {:?}", outcome.notes);
    }
}

#[tokio::test]
async fn what_was_not_declared_is_refused_in_words() {
    let bench = Bench::new();
    let workshop = bench.open().await;
    let mut stranger = submit(1, shell("touch worked"));
    stranger.project_id = ProjectId::from_bits(99);
    workshop.begin(stranger).unwrap();
    let mut order = shell("");
    order.engine = Engine::Agent { name: "coder".into(), prompt: "Write it.".into() };
    workshop.begin(submit(2, order)).unwrap();
    for number in [1, 2] {
        let outcome = ended(&workshop, task(number)).await;
        assert!(
            outcome.end == End::Refused && outcome.message.starts_with("This runner has no"),
            "{outcome:?}"
        );
    }
}
