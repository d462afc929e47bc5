//! `cargo run --release -p recall`: how well each arm of the memory finds what is asked for; `--latency`: how fast.

mod corpus;
mod evaluate;
mod house;
mod latency;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use brain::indexer::Options;
use embedding::{Machine, Places};
use kernel::Ambient;

/// What stands between the parts of the results that the two runs write.
const RECALL: &str = "# Recall";
const LATENCY: &str = "# Latency";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (head, report) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => (RECALL, evaluate::run(model().await?, false).await?),
        ["--tune"] => {
            print!("{}", evaluate::run(model().await?, true).await?);
            return Ok(());
        }
        ["--latency"] => (LATENCY, latency::run().await?),
        _ => return Err("usage: recall [--tune | --latency]".into()),
    };
    let part = format!("{head}\n\n{}\n\n{report}", machine());
    print!("{part}");
    keep(head, &part)
}

/// The weights: those that `ATELIER_WEIGHTS` names, or those of the build's cache, fetched if they are not there yet.
async fn model() -> Result<Options, Box<dyn Error>> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let given = std::env::var_os("ATELIER_WEIGHTS").map(PathBuf::from);
    let options =
        Options { places: Places { given, cache: target.join("weights") }, ..Options::in_cache(target) };
    let folder = options.places.fetch(&Machine::of_this_process(), |_| ()).await?;
    eprintln!("embedding with the weights in {}", folder.display());
    Ok(options)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// On what, with what, of what, and when this was measured.
fn machine() -> String {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(root()).output();
        output.map_or_else(
            |_| "unknown".to_owned(),
            |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )
    };
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let changed =
        if said("git", &["status", "--porcelain", "crates", "benches/recall/src", "benches/recall/texts"])
            .is_empty()
        {
            ""
        } else {
            " and changes"
        };
    format!(
        "Measured {} at {}{changed}, {}, {} build, SQLite, {}, on {cores} cores of {cpu}.",
        Ambient::system().now().to_rfc3339().split_at(10).0,
        said("git", &["rev-parse", "--short", "HEAD"]),
        said("rustc", &["--version"]),
        if cfg!(debug_assertions) { "debug" } else { "release" },
        embedding::Embedder::MODEL,
    )
}

/// Puts a part of the results in the place of the earlier one.
fn keep(head: &str, part: &str) -> Result<(), Box<dyn Error>> {
    let file = root().join("benches/recall/RESULTS.md");
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    let (recall, latency) = before.split_at(before.find(LATENCY).unwrap_or(before.len()));
    let (recall, latency) = if head == RECALL { (part, latency) } else { (recall, part) };
    let all: Vec<&str> =
        [recall.trim(), latency.trim()].into_iter().filter(|part| !part.is_empty()).collect();
    std::fs::write(file, all.join("\n\n") + "\n")?;
    Ok(())
}
