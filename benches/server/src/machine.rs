//! On what, with what, of what and when it was measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use kernel::Ambient;

use crate::Result;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The version of a peer, as its own package says.
pub(crate) fn peer(package: &str) -> String {
    let file = root().join("benches/server/peers/node_modules").join(package).join("package.json");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    manifest["version"].as_str().unwrap_or("unknown").to_owned()
}

/// The load average over the last minute, as the system has it.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}

/// The machine and the versions, in sentences.
pub(crate) fn described(data: &Path) -> Result<String> {
    let cpu = field("/proc/cpuinfo", "model name");
    let memory = field("/proc/meminfo", "MemTotal");
    let kib: f64 = memory.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or_default();
    let cores = std::thread::available_parallelism()?;
    let changed = if said("git", &["status", "--porcelain", "crates", "web/src"]).is_empty() {
        ""
    } else {
        " and changes"
    };
    Ok(format!(
        "Measured {} at {}{changed}, with {}, SQLite {} on {}, on {cores} cores of {cpu} with {:.0} GiB.",
        Ambient::system().now().to_rfc3339().split_at(10).0,
        said("git", &["rev-parse", "--short", "HEAD"]),
        said("rustc", &["--version"]),
        sqlite(&data.join("atelier.db"))?,
        file_system(data),
        kib / f64::from(1 << 20),
    ))
}

/// The version of SQLite that wrote the file last: it stands at byte 96 of the header, as 3051002 for 3.51.2.
fn sqlite(file: &Path) -> Result<String> {
    let bytes = std::fs::read(file)?;
    let number: [u8; 4] = bytes.get(96..100).ok_or("not a database")?.try_into()?;
    let number = u32::from_be_bytes(number);
    Ok(format!("{}.{}.{}", number / 1_000_000, number / 1000 % 1000, number % 1000))
}

/// The kind of file system that a folder is on: that of the longest mount point that leads to it.
fn file_system(folder: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let fields = mounts.lines().map(|line| line.split_whitespace().skip(1).take(2).collect::<Vec<_>>());
    let over = fields.filter(|fields| fields.len() == 2 && folder.starts_with(fields[0]));
    over.max_by_key(|fields| fields[0].len())
        .map_or_else(|| "unknown".to_owned(), |fields| fields[1].to_owned())
}

fn field(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let value =
        text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':').map(|(_, value)| value.trim()));
    value.unwrap_or("unknown").to_owned()
}

/// The first words of a program's answer.
pub(crate) fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
