//! A workshop in folders of its own, with the real keeper, and what tests want of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use kernel::{Ambient, Id, ProjectId, RunId, StepId};
use runner::{Folders, Limits, Tools, Workshop};
use tempfile::TempDir;
use wire::fleet::{Engine, Outcome, RemoteOrder};
use wire::runner::{Submit, Task};

pub(crate) const DOUBLE: &str = env!("CARGO_BIN_EXE_runner-double");
/// How long anything here may take before the test has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A state folder, and a project's folder.
pub(crate) struct Bench {
    pub(crate) state: TempDir,
    pub(crate) project: TempDir,
    pub(crate) tools: Tools,
}

pub(crate) fn project() -> ProjectId {
    ProjectId::from_bits(1)
}

pub(crate) fn task(number: u128) -> Task {
    Task { task_id: RunId::from_bits(number), step_id: StepId::from_bits(number), fence: 1 }
}

/// What a shell is to do in the project's folder.
pub(crate) fn shell(script: &str) -> RemoteOrder {
    RemoteOrder::of(Engine::Command { argv: vec!["sh".into(), "-c".into(), script.into()] })
}

pub(crate) fn submit(number: u128, order: RemoteOrder) -> Submit {
    Submit { task: task(number), project_id: project(), order }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let limits = Limits { grace: Duration::from_millis(500), ..Limits::default() };
        let keeper = vec![DOUBLE.into(), "keep".into()];
        let tools = Tools { commands: true, agents: [].into(), servers: [].into(), keeper, limits };
        Self { state: tempfile::tempdir().unwrap(), project: tempfile::tempdir().unwrap(), tools }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.project.path().canonicalize().unwrap()
    }

    pub(crate) fn declared(&self) -> String {
        format!("{}={}", project(), self.project.path().display())
    }

    pub(crate) async fn open(&self) -> Workshop {
        self.open_with(&self.declared()).await
    }

    pub(crate) async fn open_with(&self, declared: &str) -> Workshop {
        let folders = Folders::read([declared]).unwrap();
        let opened = Workshop::open(self.state.path(), folders, self.tools.clone(), Ambient::system());
        opened.await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Does one task in a workshop of its own.
    pub(crate) async fn run(&self, order: RemoteOrder) -> (Workshop, Outcome) {
        let workshop = self.open().await;
        assert!(workshop.begin(submit(1, order)).unwrap());
        let outcome = ended(&workshop, task(1)).await;
        (workshop, outcome)
    }
}

/// Waits until what is asked for is there.
pub(crate) async fn until<T>(workshop: &Workshop, what: impl Fn() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = what() {
                return found;
            }
            workshop.changed().await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("it comes in time")
}

pub(crate) async fn ended(workshop: &Workshop, task: Task) -> Outcome {
    until(workshop, || workshop.outcome(task)).await
}

/// All of a stream.
pub(crate) fn stream(workshop: &Workshop, name: &str) -> Vec<u8> {
    workshop.read(task(1), name, 0, usize::MAX).unwrap()
}

pub(crate) fn output(workshop: &Workshop) -> String {
    workshop
        .read(task(1), "output", 0, usize::MAX)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

/// Waits until the task has written a line that begins so, and gives the numbers in it.
pub(crate) async fn pids(workshop: &Workshop, begin: &str) -> Vec<u32> {
    until(workshop, || numbers(&output(workshop), begin)).await
}

/// The numbers in the line of a text that begins so and is whole.
pub(crate) fn numbers(text: &str, begin: &str) -> Option<Vec<u32>> {
    let line = text.split_inclusive('\n').find(|line| line.starts_with(begin) && line.ends_with('\n'))?;
    Some(line[begin.len()..].split_whitespace().map(|number| number.parse().unwrap()).collect())
}

/// Whether there is a process of that number that does anything.
pub(crate) fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Waits until a process is gone.
pub(crate) async fn gone(pid: u32) {
    let gone = async {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        while lives(pid) {
            look.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap_or_else(|_| panic!("{pid} is still there"));
}

/// What is in a folder, by name.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What git answers in a folder.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let settings =
        ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"];
    let done = Command::new("git").args(settings).args(arguments).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim_end().to_owned()
}

pub(crate) fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    std::fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
    std::fs::write(folder.join(name), text).unwrap();
}

/// A repository with some files and one commit.
pub(crate) fn repository() -> Bench {
    let bench = Bench::new();
    let root = bench.root();
    git(&root, &["init", "--quiet"]);
    write(&root, "kept.txt", "1\n2\n3\n");
    write(&root, "gone.txt", "gone\n");
    write(&root, "old name.txt", "a\nb\nc\nd\ne\nf\ng\n");
    write(&root, "image.bin", [0, 1, 2, 255]);
    write(&root, "film/scene.txt", "scene\n");
    git(&root, &["add", "."]);
    git(&root, &["commit", "--quiet", "--message", "first"]);
    bench
}
