//! Runs every check and test that the project has, and says what could not be run and why.

use std::fs;
use std::path::Path;
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
    if has("npm") {
        web()?;
    } else {
        skipped("the web UI", "npm is not installed (Node 20 or newer has it)")?;
    }
    // The whole-app tests start this binary.
    step("the server", "cargo", &["build", "--package", "server"])?;
    step("tests", "cargo", &["test", "--workspace", "--no-fail-fast"])?;
    let schemathesis = std::env::var("SCHEMATHESIS").unwrap_or_else(|_| String::from("schemathesis"));
    if has(&schemathesis) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/schemathesis.sh");
        step("the API against its description", &script.display().to_string(), &[])
    } else {
        skipped(
            "the API against its description",
            "schemathesis is not installed (`pip install schemathesis`)",
        )
    }
}

/// The web UI's own checks; and whether its types are those that the server's description gives.
fn web() -> Result<(), String> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    step_in(&web, "the web UI's packages", "npm", &["ci", "--no-audit", "--no-fund"])?;
    let described = Command::new("cargo")
        .args(["run", "--quiet", "--package", "server", "--", "openapi"])
        .output()
        .map_err(|error| format!("the API's description: {error}"))?;
    if !described.status.success() {
        return Err(format!("the API's description: {}", String::from_utf8_lossy(&described.stderr)));
    }
    let (document, types) = (web.join("node_modules/openapi.json"), web.join("src/generated/api.ts"));
    fs::write(&document, described.stdout).map_err(|error| error.to_string())?;
    let before = fs::read_to_string(&types).map_err(|error| error.to_string())?;
    step_in(&web, "the browser's types", "npm", &["run", "generate", "--", "node_modules/openapi.json"])?;
    if fs::read_to_string(&types).map_err(|error| error.to_string())? != before {
        return Err(String::from("web/src/generated/api.ts was out of date; it is made anew now: commit it"));
    }
    step_in(&web, "the web UI", "npm", &["run", "check"])
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
