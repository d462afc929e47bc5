//! Others, each in a process of its own, by their public interface.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::json;
use tokio::process::Command;

use crate::{Plan, Result, Seen};

/// Has a peer do what the plan says, on the database at `url`, as it comes or tuned for throughput.
pub(crate) async fn measure(mut peer: Command, plan: Plan, url: &str, tuned: bool) -> Result<Seen> {
    let mut argument = serde_json::to_value(plan)?;
    argument["url"] = json!(url);
    argument["tuned"] = json!(tuned);
    peer.arg(argument.to_string()).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = peer.output().await?;
    if !output.status.success() {
        return Err(format!("{:?} ended with {}", peer.as_std().get_program(), output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A peer in JavaScript.
pub(crate) fn node(script: &str) -> Command {
    let mut node = Command::new("node");
    node.arg(script).current_dir(folder());
    node
}

/// apalis, built first and optimised, in a workspace of its own.
pub(crate) fn apalis() -> Result<Command> {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    if let Some(known) = BINARY.get() {
        return Ok(Command::new(known));
    }
    // Beside `target/release`, in which this program is.
    let own = std::env::current_exe()?;
    let target = own.ancestors().nth(2).ok_or("this program is in no folder of cargo's")?.join("peers");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = std::process::Command::new(cargo)
        .args(["build", "--release", "--locked", "--target-dir"])
        .arg(&target)
        .current_dir(folder().join("apalis"))
        // Its SQLite is built as it comes, not as ours is.
        .env("LIBSQLITE3_FLAGS", "")
        .status()?;
    if !built.success() {
        return Err("apalis cannot be built".into());
    }
    Ok(Command::new(BINARY.get_or_init(|| target.join("release/atelier-bench-apalis"))))
}

/// The version of a peer in JavaScript, as its own package says.
pub(crate) fn version(package: &str) -> String {
    let text = std::fs::read_to_string(folder().join("node_modules").join(package).join("package.json"));
    let manifest: serde_json::Value = serde_json::from_str(&text.unwrap_or_default()).unwrap_or_default();
    manifest["version"].as_str().unwrap_or("unknown").to_owned()
}

/// The version of a peer in Rust, as it is locked.
pub(crate) fn locked(package: &str) -> String {
    let lock = std::fs::read_to_string(folder().join("apalis/Cargo.lock")).unwrap_or_default();
    let mut lines = lock.lines().skip_while(|line| *line != format!("name = \"{package}\""));
    let version = lines.nth(1).and_then(|line| line.split('"').nth(1));
    version.unwrap_or("unknown").to_owned()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}
