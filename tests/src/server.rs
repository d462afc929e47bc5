//! A real server process on a port and in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::database::{Database, Place};
use crate::{Actor, PASSWORD};

/// An address whose port the system chooses.
const ANYWHERE: &str = "127.0.0.1:0";

/// A server that is thrown away with its data at the end of the test.
pub struct Atelier {
    // Before the place: the process must be gone when its database goes.
    child: Child,
    /// Its address, without a slash at the end.
    pub url: String,
    setup: Option<String>,
    place: Place,
    environment: Vec<(&'static str, String)>,
}

/// The binary under test: `ATELIER_BINARY`, or the one that the same build made.
pub(crate) fn binary() -> PathBuf {
    if let Some(given) = std::env::var_os("ATELIER_BINARY") {
        return given.into();
    }
    let tests = std::env::current_exe().expect("a test has a path");
    let built = tests.ancestors().nth(2).expect("tests stand in deps/").join("atelier");
    assert!(built.exists(), "{}: build it first (`cargo build -p server`)", built.display());
    built
}

/// Runs a command of the binary on a data folder, with a text on its standard input.
pub async fn command(data: &Path, args: &[&str], input: &str) -> Output {
    run(data, args, input, &[]).await
}

async fn run(data: &Path, args: &[&str], input: &str, environment: &[(&'static str, String)]) -> Output {
    let mut child = Command::new(binary())
        .args(args)
        .arg("--data")
        .arg(data)
        .envs(environment.iter().map(|(name, value)| (*name, value.as_str())))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    // A command that reads nothing may have ended by now.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    child.wait_with_output().await.expect("it ends")
}

impl Atelier {
    /// Starts a server on an empty folder.
    pub async fn start() -> Self {
        Self::start_on(&Database::Sqlite).await
    }

    /// Starts a server on an empty database of a kind.
    pub async fn start_on(database: &Database) -> Self {
        // Tests ask more than ten questions a minute.
        Self::start_on_with(database, &[("ATELIER_LIMITS_ORCHESTRATOR_PER_MINUTE", "100000")]).await
    }

    /// Starts a server on an empty folder that listens there.
    pub async fn start_at(listen: &str) -> Self {
        Self::begin_at(listen, Database::Sqlite.place().await, Vec::new()).await
    }

    /// Starts a server under an environment of its own.
    pub async fn start_with(environment: &[(&'static str, &str)]) -> Self {
        Self::start_on_with(&Database::Sqlite, environment).await
    }

    /// The same, on an empty database of a kind.
    pub async fn start_on_with(database: &Database, environment: &[(&'static str, &str)]) -> Self {
        let environment = environment.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self::begin_at(ANYWHERE, database.place().await, environment).await
    }

    async fn begin_at(listen: &str, place: Place, mut environment: Vec<(&'static str, String)>) -> Self {
        if let Some(url) = place.url() {
            environment.push(("ATELIER_DATABASE_URL", url.to_owned()));
            environment.push(("ATELIER_DATABASE_CONNECTIONS", String::from("4")));
        }
        let (child, url, setup) = spawn(place.folder.path(), listen, &environment).await;
        Self { child, url, setup, place, environment }
    }

    /// Starts a server of an installation that others may belong to: on an empty database, at an address that is not the
    /// installation's.
    pub(crate) async fn start_shared(database: &Database, environment: Vec<(&'static str, String)>) -> Self {
        Self::share(database.place().await, environment).await
    }

    /// Starts another server of the same installation, with a data folder of its own.
    pub(crate) async fn start_beside(&self) -> Self {
        Self::share(self.place.beside(), self.environment.clone()).await
    }

    async fn share(place: Place, environment: Vec<(&'static str, String)>) -> Self {
        // Its console names the installation's address, so its own has to be chosen here.
        let free = std::net::TcpListener::bind(ANYWHERE).and_then(|free| free.local_addr());
        let listen = free.expect("a free port").to_string();
        Self { url: format!("http://{listen}"), ..Self::begin_at(&listen, place, environment).await }
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        self.place.folder.path()
    }

    /// The address of its database, if that is not in the folder.
    pub fn database(&self) -> Option<String> {
        self.place.url().map(str::to_owned)
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Kills the server as a power cut would, without a word.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it runs");
    }

    /// Starts it again on the same data, at the same address.
    pub async fn start_again(&mut self) {
        let listen = self.url.trim_start_matches("http://");
        let (child, _, setup) = spawn(self.place.folder.path(), listen, &self.environment).await;
        (self.child, self.setup) = (child, setup);
    }

    /// Runs a command on the server's own data and database.
    pub async fn command(&self, args: &[&str]) -> Output {
        self.command_in(self.data(), args).await
    }

    /// Runs a command on another data folder and the server's own database.
    pub async fn command_in(&self, data: &Path, args: &[&str]) -> Output {
        run(data, args, "", &self.environment).await
    }

    /// Starts a second server on a copy of the data that a command has made.
    pub async fn start_in(&self, data: &Path) -> Second {
        let (child, url, setup) = spawn(data, ANYWHERE, &self.environment).await;
        Second { _child: child, url, setup }
    }

    /// The token of the set-up link that the console showed.
    pub fn setup_token(&self) -> Option<&str> {
        self.setup.as_deref()
    }

    /// Makes the first person, who administers the server.
    pub async fn first_person(&self) -> Actor {
        let token = self.setup_token().expect("nobody is there yet");
        let body = json!({ "token": token, "email": "ada@example.org", "password": PASSWORD, "name": "Ada" });
        let answer = crate::client().post(format!("{}/api/v1/setup", self.url)).json(&body).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 201, "{:?}", answer.text().await);
        Actor::of(&self.url, &answer.json().await.expect("JSON"))
    }

    /// The store of a server that does not run, to look at what it left.
    pub async fn store(&self) -> store::Store {
        store::Store::open(self.place.options(), kernel::Ambient::system()).await.expect("it opens")
    }
}

/// A server beside the one of the test.
pub struct Second {
    _child: Child,
    /// Its address, without a slash at the end.
    pub url: String,
    /// The token of its set-up link, if it waits for a first person.
    pub setup: Option<String>,
}

async fn spawn(
    data: &Path,
    listen: &str,
    environment: &[(&'static str, String)],
) -> (Child, String, Option<String>) {
    let mut child = Command::new(binary())
        .args(["--listen", listen, "--data"])
        .arg(data)
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
