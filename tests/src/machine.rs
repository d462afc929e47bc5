//! A machine of the fleet: `atelier runner` as a process of its own, with a folder.

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
    /// The folder that it declares.
    _folder: TempDir,
}

/// Makes a runner of a person; gives its id and its key.
pub async fn runner(owner: &Actor, name: &str) -> (String, String) {
    let made = owner.post("/runners", &json!({ "name": name })).await;
    let text = |field: &str| made[field].as_str().expect("a text").to_owned();
    (text("id"), text("key"))
}

impl Machine {
    /// Starts a runner by that key, which has a folder for the project.
    pub fn start(app: &Atelier, key: &str, project: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut child = Command::new(binary())
            .args(["runner", "--server", &app.url, "--project"])
            .arg(format!("{project}={}", folder.path().display()))
            .env("ATELIER_RUNNER_KEY", key)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let output = child.stdout.take().expect("it is piped");
        Self { child, lines: BufReader::new(output).lines(), _folder: folder }
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
