//! Runs every check and test that the project has, and says what could not be run and why.

use std::process::Command;

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
    step("tests", "cargo", &["test", "--workspace", "--no-fail-fast"])
}

fn has(program: &str) -> bool {
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
    println!("== {name}: {program} {}", args.join(" "));
    let status = Command::new(program).args(args).status().map_err(|error| format!("{name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} failed")) }
}
