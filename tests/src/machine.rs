//! A machine of the fleet: `atelier runner` as a process of its own, with a folder.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::server::binary;
use crate::{Actor, Atelier, within};

/// A runner that works in one folder, for one project.
pub struct Machine {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    arguments: Vec<String>,
    key: String,
    /// The folder that it declares.
    pub folder: TempDir,
    /// Where it keeps what it does.
    _state: TempDir,
}

/// What `atelier runner` says with these arguments and under this environment: whether it succeeded, and all that it said.
///
/// # Panics
/// When it does not start.
pub async fn asked(arguments: &[&str], environment: &[(&str, &str)]) -> (bool, String) {
    let output =
        Command::new(binary()).arg("runner").args(arguments).envs(environment.iter().copied()).output();
    let output = within("what the program says", output).await.expect("the binary starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).expect("text"))
}

/// Makes a runner of a person; gives its id and its key.
pub async fn runner(owner: &Actor, name: &str) -> (String, String) {
    let made = owner.post("/runners", &json!({ "name": name })).await;
    let text = |field: &str| made[field].as_str().expect("a text").to_owned();
    (text("id"), text("key"))
}

/// A machine of that person that has joined, as forge.
pub async fn joined(app: &Atelier, owner: &Actor, project: &str) -> Machine {
    let (_, key) = runner(owner, "forge").await;
    let mut machine = Machine::start(app, &key, project);
    machine.says("joined").await;
    machine
}

/// The same, with the coding agent `double` of that kind.
pub async fn joined_with_agent(app: &Atelier, owner: &Actor, project: &str, kind: &str) -> Machine {
    let (_, key) = runner(owner, "forge").await;
    let mut machine = Machine::start_with_agent(app, &key, project, kind);
    machine.says("joined").await;
    machine
}

impl Machine {
    /// Starts a runner by that key, which has a folder for the project, and runs commands there.
    pub fn start(app: &Atelier, key: &str, project: &str) -> Self {
        Self::start_at(&app.url, key, project)
    }

    /// The same, with the coding agent `double` of that kind: `runner-double`, which is built beside the server.
    pub fn start_with_agent(app: &Atelier, key: &str, project: &str, kind: &str) -> Self {
        let double = binary().with_file_name("runner-double");
        assert!(double.exists(), "`cargo build -p runner` makes {}", double.display());
        let agent = format!("double='{}' agent {kind}", double.display());
        Self::start_so(&app.url, key, project, &["--agent", &agent])
    }

    /// The same, with the server of tools `double`.
    pub fn start_with_tools(app: &Atelier, key: &str, project: &str) -> Self {
        let double = binary().with_file_name("runner-double");
        assert!(double.exists(), "`cargo build -p runner` makes {}", double.display());
        let tools = format!("double='{}' tools", double.display());
        Self::start_so(&app.url, key, project, &["--tools", &tools])
    }

    /// The same as [`Machine::start`], by an address that may lead there on another way.
    pub fn start_at(url: &str, key: &str, project: &str) -> Self {
        Self::start_so(url, key, project, &[])
    }

    /// The same, to a server whose certificate that authority has signed, too, if one is named.
    pub fn start_trusting(url: &str, key: &str, project: &str, authority: Option<&Path>) -> Self {
        let file = authority.map(|file| file.display().to_string());
        let more: Vec<&str> = file.iter().flat_map(|file| ["--authority", file.as_str()]).collect();
        Self::start_so(url, key, project, &more)
    }

    fn start_so(url: &str, key: &str, project: &str, more: &[&str]) -> Self {
        let (folder, state) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
        let declared = format!("{project}={}", folder.path().display());
        let state_folder = state.path().display().to_string();
        let arguments =
            ["runner", "--server", url, "--commands", "--project", &declared, "--state", &state_folder];
        let arguments: Vec<String> = arguments.iter().chain(more).map(ToString::to_string).collect();
        let (child, lines) = spawn(&arguments, key);
        Self { child, lines, arguments, key: key.to_owned(), folder, _state: state }
    }

    /// Has git keep the folder, with all that is in it.
    pub fn keep_in_git(&self) {
        let git = |arguments: &[&str]| {
            let git =
                std::process::Command::new("git").arg("-C").arg(self.folder.path()).args(arguments).status();
            assert!(git.expect("git is there").success(), "{arguments:?}");
        };
        git(&["init", "--quiet"]);
        git(&["add", "--all"]);
        let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet"];
        git(&[&who[..], &["--allow-empty", "--message", "Begun"]].concat());
    }

    /// Starts it again, as it was, after it was killed.
    pub fn start_again(&mut self) {
        (self.child, self.lines) = spawn(&self.arguments, &self.key);
    }

    /// The next line that it tells which has that in it.
    pub async fn says(&mut self, what: &str) -> String {
        within(what, async {
            loop {
                let line = self.lines.next_line().await.expect("readable").expect("it runs");
                if line.contains(what) {
                    return line;
                }
            }
        })
        .await
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Kills it as a power cut would, without a word.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it runs");
    }

    /// Waits until it has ended by itself; gives whether it succeeded, and what it said of a fault.
    pub async fn ends(mut self) -> (bool, String) {
        let status = within("the runner's end", self.child.wait()).await.expect("it runs");
        let mut fault = String::new();
        self.child.stderr.take().expect("it is piped").read_to_string(&mut fault).await.expect("a text");
        (status.success(), fault)
    }
}

fn spawn(arguments: &[String], key: &str) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new(binary())
        .args(arguments)
        .env("ATELIER_RUNNER_KEY", key)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary starts");
    let output = child.stdout.take().expect("it is piped");
    (child, BufReader::new(output).lines())
}

/// The runners that serve a project, once they are as wanted.
pub async fn serving(actor: &Actor, project: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    within("the runners of the project", async {
        loop {
            let runners = actor.get(&format!("/projects/{project}/runners")).await;
            let runners = runners.as_array().expect("a list").clone();
            if wanted(&runners) {
                return runners;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}
