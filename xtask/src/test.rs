//! Runs every check and test that the project has, and says what could not be run and why.

use std::path::Path;
use std::process::Command;

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
    // The whole-app tests start this binary, and the references are what it says of itself.
    step("the server", "cargo", &["build", "--package", "server"])?;
    println!("== references");
    up_to_date(generate::references()?)?;
    if has("npm") {
        web()?;
    } else {
        skipped("the web UI", "npm is not installed (Node 20 or newer has it)")?;
    }
    step("tests", "cargo", &["test", "--workspace", "--no-fail-fast"])
}

/// The web UI's own checks; and whether its types are those that the server's description gives.
fn web() -> Result<(), String> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    step_in(&web, "the web UI's packages", "npm", &["ci", "--no-audit", "--no-fund"])?;
    up_to_date(generate::browser_types()?)?;
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
    println!("== {name}: {program} {}", args.join(" "));
    let status = Command::new(program)
        .args(args)
        .current_dir(folder)
        .status()
        .map_err(|error| format!("{name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} failed")) }
}
