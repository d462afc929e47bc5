//! A real server process on a port and in a folder of its own.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Actor;

/// A server that is thrown away with its data at the end of the test.
pub struct Atelier {
    child: Child,
    /// Its address, without a slash at the end.
    pub url: String,
    setup: Option<String>,
    /// Its data folder.
    pub data: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// The binary under test: `ATELIER_BINARY`, or the one that the same build made.
fn binary() -> PathBuf {
    if let Some(given) = std::env::var_os("ATELIER_BINARY") {
        return given.into();
    }
    let tests = std::env::current_exe().expect("a test has a path");
    let built = tests.ancestors().nth(2).expect("tests stand in deps/").join("atelier");
    assert!(built.exists(), "{}: build it first (`cargo build -p server`)", built.display());
    built
}

impl Atelier {
    /// Starts a server on an empty folder.
    pub async fn start() -> Self {
        // Tests ask more than ten questions a minute.
        Self::start_with(&[("ATELIER_LIMITS_ORCHESTRATOR_PER_MINUTE", "100000")]).await
    }

    /// Starts a server under an environment of its own.
    pub async fn start_with(environment: &[(&'static str, &str)]) -> Self {
        let data = TempDir::new().expect("a folder");
        let environment = environment.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let (child, url, setup) = spawn(&data, &environment).await;
        Self { child, url, setup, data, environment }
    }

    /// Kills the server as a power cut would, without a word.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it runs");
    }

    /// Starts it again on the same data, at another address.
    pub async fn start_again(&mut self) {
        let (child, url, setup) = spawn(&self.data, &self.environment).await;
        (self.child, self.url, self.setup) = (child, url, setup);
    }

    /// The token of the set-up link that the console showed.
    pub fn setup_token(&self) -> Option<&str> {
        self.setup.as_deref()
    }

    /// Makes the first person, who administers the server.
    pub async fn first_person(&self) -> Actor {
        let token = self.setup_token().expect("nobody is there yet");
        let body = json!({ "token": token, "email": "ada@example.org", "password": "correct horse battery", "name": "Ada" });
        let answer =
            reqwest::Client::new().post(format!("{}/api/v1/setup", self.url)).json(&body).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 201, "{:?}", answer.text().await);
        Actor::of(&self.url, &answer.json().await.expect("JSON"))
    }

    /// The store of a server that does not run, to look at what it left.
    pub async fn store(&self) -> store::Store {
        let options = store::Options::sqlite(self.data.path().join("atelier.db"));
        store::Store::open(options, kernel::Ambient::system()).await.expect("it opens")
    }
}

async fn spawn(data: &TempDir, environment: &Vec<(&'static str, String)>) -> (Child, String, Option<String>) {
    let mut child = Command::new(binary())
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(data.path())
        .envs(environment.iter().map(|(name, value)| (*name, value.as_str())))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary starts");
    let output = child.stdout.take().expect("it is piped");
    let line =
        BufReader::new(output).lines().next_line().await.expect("readable").expect("it says its address");
    let address = line.rsplit(": ").next().expect("`…: address`");
    let (url, setup) = match address.split_once("/setup#token=") {
        Some((url, token)) => (url, Some(token.to_owned())),
        None => (address, None),
    };
    (child, url.trim_end_matches('/').to_owned(), setup)
}
