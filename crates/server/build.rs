//! Builds the web UI, so that `cargo run` alone makes the whole program.

use std::path::Path;
use std::process::Command;

fn main() {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
    for watched in ["src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts"] {
        println!("cargo::rerun-if-changed={}", web.join(watched).display());
    }
    println!("cargo::rerun-if-env-changed=ATELIER_WEB_DIST");
    if let Err(why) = build(&web) {
        // A program without its screens still serves the API; whoever opens it in a browser is told.
        println!("cargo::warning=The web UI was not built: {why}");
        let _ = std::fs::create_dir_all(web.join("dist"));
    }
}

fn build(web: &Path) -> Result<(), String> {
    if std::env::var("ATELIER_WEB_DIST").is_ok_and(|value| value == "ready") {
        return if web.join("dist/index.html").exists() { Ok(()) } else { Err("web/dist is empty".into()) };
    }
    let lock = std::fs::metadata(web.join("package-lock.json")).and_then(|file| file.modified());
    let installed =
        std::fs::metadata(web.join("node_modules/.package-lock.json")).and_then(|file| file.modified());
    let fresh = matches!((lock, installed), (Ok(lock), Ok(installed)) if installed >= lock);
    if !fresh {
        npm(web, &["ci", "--no-audit", "--no-fund"])?;
    }
    npm(web, &["run", "build"])
}

fn npm(web: &Path, args: &[&str]) -> Result<(), String> {
    let output = Command::new("npm")
        .args(args)
        .current_dir(web)
        .output()
        .map_err(|error| format!("npm cannot be run ({error}); install Node 20 or newer"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().rev().take(8).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Err(format!("`npm {}` failed: {}", args.join(" "), last.join(" / ")))
}
