//! Runs every check and test that the project has, and says what could not be run and why.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::generate;

/// Formatting, lints, the invariants, dependencies and all tests.
///
/// # Errors
/// The first step that failed; and, with `ATELIER_NO_SKIP=1`, a step that could not be run.
pub(crate) fn run() -> Result<(), String> {
    step("formatting", "cargo", &["fmt", "--all", "--check"])?;
    super::tidy::run()?;
    step("lints", "cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    if has("cargo-deny") {
        step("dependencies", "cargo", &["deny", "check", "bans", "licenses", "sources"])?;
    } else {
        skipped("dependencies", "cargo-deny is not installed (`cargo install cargo-deny`)")?;
    }
    if std::env::var_os("ATELIER_TEST_POSTGRES_URL").is_none() {
        skipped("the store's rules on Postgres", "ATELIER_TEST_POSTGRES_URL names no server (see .ci/run)")?;
    }
    let redis_is_here = std::net::TcpStream::connect(("127.0.0.1", 6379)).is_ok();
    if std::env::var_os("ATELIER_TEST_REDIS_URL").is_none() && !redis_is_here {
        let why = "no Redis is on this machine, and ATELIER_TEST_REDIS_URL names none (see .ci/run)";
        skipped("the backplane's rules through Redis", why)?;
    }
    // All at once: what is built alone is built with other features of its libraries, and those once more. The whole-app tests
    // start the server's binary, and the references are what it says of itself.
    step("the build", "cargo", &["build", "--workspace", "--all-targets"])?;
    let server = generate::Server::Built(built("atelier")?);
    println!("== references");
    up_to_date(generate::references(&server)?)?;
    if has("npm") {
        web(&server)?;
    } else {
        skipped("the web UI", "npm is not installed (Node 20 or newer has it)")?;
    }
    let mut tests = Command::new("cargo");
    tests.args(["test", "--workspace", "--no-fail-fast"]);
    match weights() {
        Some(folder) => {
            tests.env("ATELIER_WEIGHTS", folder);
        }
        None => skipped("the embedder against its reference", "its weights cannot be had (see above)")?,
    }
    watch("tests", &mut tests)?;
    let schemathesis = std::env::var("SCHEMATHESIS").unwrap_or_else(|_| String::from("schemathesis"));
    if has(&schemathesis) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/schemathesis.sh");
        step("the API against its description", &script.display().to_string(), &[])?;
    } else {
        let why = "schemathesis is not installed (`pip install schemathesis`)";
        skipped("the API against its description", why)?;
    }
    if has("npm") && (std::env::var_os("ATELIER_CHROMIUM").is_some() || has("chromium")) {
        browser()
    } else {
        skipped("the browser tests", "npm or Chromium is not installed (ATELIER_CHROMIUM names one)")
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder that cargo builds into.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A program that was built.
fn built(name: &str) -> Result<PathBuf, String> {
    let path = target().join("debug").join(name);
    fs::canonicalize(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The browser tests, on the binary that the whole-app tests used.
fn browser() -> Result<(), String> {
    let binary = built("atelier")?;
    let folder = root().join("e2e");
    step_in(&folder, "the browser tests' packages", "npm", &["ci", "--no-audit", "--no-fund"])?;
    watch("browser tests", Command::new("npm").arg("test").current_dir(folder).env("ATELIER_BINARY", binary))
}

/// The folder of the embedder's weights: given by `ATELIER_WEIGHTS`, in the build's cache, or fetched into it as the
/// program itself does.
fn weights() -> Option<String> {
    let cache = std::path::absolute(target().join("weights")).ok()?;
    println!("== the embedder's weights, in {}", cache.display());
    let mut fetch = Command::new(built("examples/fetch").ok()?);
    let output =
        fetch.arg(cache).stderr(Stdio::inherit()).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// The web UI's own checks; and whether its types are those that the server's description gives.
fn web(server: &generate::Server) -> Result<(), String> {
    let web = root().join("web");
    step_in(&web, "the web UI's packages", "npm", &["ci", "--no-audit", "--no-fund"])?;
    up_to_date(generate::browser_types(server)?)?;
    step_in(&web, "the web UI", "npm", &["run", "check"])
}

/// Whether what is generated was as it should be.
fn up_to_date(changed: impl IntoIterator<Item = &'static str>) -> Result<(), String> {
    let changed: Vec<&str> = changed.into_iter().collect();
    if changed.is_empty() {
        return Ok(());
    }
    Err(format!("out of date, and made anew now: {}. Commit what changed.", changed.join(", ")))
}

/// Whether the program can be run here.
pub(crate) fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn skipped(name: &str, why: &str) -> Result<(), String> {
    if std::env::var_os("ATELIER_NO_SKIP").is_some_and(|value| value == "1") {
        return Err(format!("{name}: {why}, and nothing may be skipped here"));
    }
    println!("SKIPPED {name}: {why}");
    Ok(())
}

fn step(name: &str, program: &str, args: &[&str]) -> Result<(), String> {
    step_in(Path::new("."), name, program, args)
}

fn step_in(folder: &Path, name: &str, program: &str, args: &[&str]) -> Result<(), String> {
    watch(name, Command::new(program).args(args).current_dir(folder))
}

fn watch(name: &str, command: &mut Command) -> Result<(), String> {
    let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
    println!("== {name}: {} {}", command.get_program().to_string_lossy(), args.join(" "));
    let status = command.status().map_err(|error| format!("{name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} failed")) }
}
