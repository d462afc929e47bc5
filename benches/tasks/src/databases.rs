//! Databases for one run: a Redis of our own, and two databases on a Postgres that is there.

use std::process::Stdio;

use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::Result;

/// A Redis with a data folder of its own.
pub(crate) struct Redis {
    port: u16,
    server: Child,
    _folder: TempDir,
}

impl Redis {
    /// Starts one that syncs its log as often as `fsync` says.
    pub(crate) async fn start(fsync: &str) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        let mut redis = Command::new("redis-server");
        redis.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", fsync]);
        redis.arg("--port").arg(port.to_string()).arg("--dir").arg(folder.path());
        let server = redis.stdout(Stdio::null()).kill_on_drop(true).spawn()?;
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::task::yield_now().await;
        }
        Ok(Self { port, server, _folder: folder })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        Ok(self.server.kill().await?)
    }
}

const NAMES: [&str; 3] = ["ours", "peer", "tuned"];

/// Three empty databases on the server that the environment names.
pub(crate) struct Postgres {
    server: String,
    suffix: String,
}

impl Postgres {
    /// Makes them; none if no server is named.
    pub(crate) async fn make() -> Result<Option<Self>> {
        let Ok(server) = std::env::var("ATELIER_TEST_POSTGRES_URL") else {
            eprintln!("Postgres is left out: ATELIER_TEST_POSTGRES_URL is not set");
            return Ok(None);
        };
        let made = Self { server, suffix: std::process::id().to_string() };
        for name in NAMES {
            made.say(&format!("CREATE DATABASE atelier_bench_{name}_{}", made.suffix)).await?;
        }
        Ok(Some(made))
    }

    pub(crate) fn url(&self, name: &str) -> String {
        let host = self.server.rsplit_once('/').map_or(self.server.as_str(), |(host, _)| host);
        format!("{host}/atelier_bench_{name}_{}", self.suffix)
    }

    /// What a commit survives, as the server has it.
    pub(crate) async fn durability(&self) -> Result<String> {
        let commit = self.say("SHOW synchronous_commit").await?;
        let fsync = self.say("SHOW fsync").await?;
        Ok(format!("synchronous_commit {}, fsync {}", commit.trim(), fsync.trim()))
    }

    pub(crate) async fn drop(self) -> Result<()> {
        for name in NAMES {
            self.say(&format!("DROP DATABASE atelier_bench_{name}_{} WITH (FORCE)", self.suffix)).await?;
        }
        Ok(())
    }

    async fn say(&self, sql: &str) -> Result<String> {
        let output = Command::new("psql").args(["-qAtw", "-c", sql, &self.server]).output().await?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}
