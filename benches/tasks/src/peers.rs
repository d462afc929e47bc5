//! Others, each in a process of its own, by their public interface.

use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use tokio::process::Command;

use crate::{Plan, Result, Seen};

/// Has a peer do what the plan says, on the database at `url`, as it comes or tuned for throughput.
pub(crate) async fn measure(script: &str, plan: Plan, url: &str, tuned: bool) -> Result<Seen> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let mut argument = serde_json::to_value(plan)?;
    argument["url"] = json!(url);
    argument["tuned"] = json!(tuned);
    let mut peer = Command::new("node");
    peer.arg(script)
        .arg(argument.to_string())
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    let output = peer.output().await?;
    if !output.status.success() {
        return Err(format!("{script} ended with {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The version of a peer, as its own package says.
pub(crate) fn version(package: &str) -> String {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/node_modules").join(package).join("package.json");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    manifest["version"].as_str().unwrap_or("unknown").to_owned()
}
