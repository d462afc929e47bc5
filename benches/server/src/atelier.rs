//! The server that is measured: a process of its own, its first person, its memory and its time.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::Result;
use crate::client::{Ask, Client};
use crate::{machine, process};

const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse battery";

/// A running server.
pub(crate) struct Atelier {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first answer that all is well.
    pub(crate) started_in: Duration,
}

/// The binary to measure: `ATELIER_BINARY`, or the one beside this program, which is built first so that it is never an
/// old one.
pub(crate) fn binary() -> Result<PathBuf> {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    if let Some(known) = BINARY.get() {
        return Ok(known.clone());
    }
    let found = match std::env::var_os("ATELIER_BINARY") {
        Some(given) => given.into(),
        None => built()?,
    };
    Ok(BINARY.get_or_init(|| found).clone())
}

fn built() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = std::process::Command::new(cargo);
    build.args(["build", "--package", "server"]).current_dir(machine::root());
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    if !build.status()?.success() {
        return Err("the server cannot be built".into());
    }
    Ok(std::env::current_exe()?.with_file_name("atelier"))
}

/// Makes the first person of an empty folder.
pub(crate) async fn set_up(data: &Path) -> Result<()> {
    let mut child = Command::new(binary()?)
        .args(["setup", "--email", EMAIL, "--password-stdin", "--data"])
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("the set-up takes no input")?;
    input.write_all(PASSWORD.as_bytes()).await?;
    drop(input);
    let status = child.wait().await?;
    if status.success() { Ok(()) } else { Err(format!("the set-up ended with {status}").into()) }
}

impl Atelier {
    /// Starts a server on a folder, and waits for its first answer.
    pub(crate) async fn start(data: &Path, environment: &[(&str, OsString)]) -> Result<Self> {
        Self::start_at(data, "127.0.0.1:0", environment).await
    }

    /// The same, at an address.
    pub(crate) async fn start_at(
        data: &Path,
        listen: &str,
        environment: &[(&str, OsString)],
    ) -> Result<Self> {
        let binary = binary()?;
        let began = Instant::now();
        let mut child = Command::new(binary)
            .args(["--listen", listen, "--data"])
            .arg(data)
            // More questions a minute than a person asks.
            .env("ATELIER_LIMITS_ORCHESTRATOR_PER_MINUTE", "100000000")
            // With weights it would embed in the background while other things are measured.
            .env_remove("ATELIER_EMBEDDER_WEIGHTS")
            .envs(environment.iter().map(|(name, value)| (*name, value)))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().ok_or("the server says nothing")?;
        let said =
            BufReader::new(output).lines().next_line().await?.ok_or("the server ended at its start")?;
        let (_, url) = said.split_once("http://").ok_or("the server does not say where it listens")?;
        let address = url.split('/').next().unwrap_or(url).parse()?;
        Client::connect(address, None).await?.send(&Ask::get("/health")).await?;
        Ok(Self { child, address, started_in: began.elapsed() })
    }

    /// Ends it as a power cut would.
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Ends it as an operator would.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let id = self.id()?.to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await?;
        if !asked.success() {
            return Err("the server cannot be asked to stop".into());
        }
        let status = self.child.wait().await?;
        if status.success() { Ok(()) } else { Err(format!("the server ended with {status}").into()) }
    }

    /// A new access token: they end after a quarter of an hour.
    pub(crate) async fn sign_in(&self) -> Result<String> {
        let credentials = json!({ "email": EMAIL, "password": PASSWORD });
        let mut client = Client::connect(self.address, None).await?;
        let opened = client.json(&Ask::post("/api/v1/auth/login", &credentials)).await?;
        Ok(opened["accessToken"].as_str().ok_or("a sign-in without a token")?.to_owned())
    }

    /// A connection of the first person.
    pub(crate) async fn client(&self) -> Result<Client> {
        Client::connect(self.address, Some(&self.sign_in().await?)).await
    }

    /// Resident memory in MiB, now and at most.
    pub(crate) fn memory(&self) -> Result<(f64, f64)> {
        process::memory(self.id()?)
    }

    /// The processor's time that it took so far.
    pub(crate) fn busy(&self) -> Result<Duration> {
        process::busy(self.id()?)
    }

    /// The process.
    pub(crate) fn id(&self) -> Result<u32> {
        Ok(self.child.id().ok_or("the server has ended")?)
    }
}
