//! Checks the invariants that a machine can check: the ladder of crates, who may name which driver, file heads,
//! and a page for each error code.

use std::fs;
use std::path::{Path, PathBuf};

use kernel::Code;

/// The rungs of the ladder. A crate depends only on crates of lower rank.
const RANKS: &[(&str, u8)] = &[
    ("kernel", 0),
    ("wire", 1),
    ("resilience", 1),
    ("store", 2),
    ("backplane", 2),
    ("runner", 2),
    ("embedding", 2),
    ("identity", 3),
    ("models", 3),
    ("tasks", 3),
    ("toolservers", 3),
    ("brain", 4),
    ("agents", 5),
    ("gateway", 6),
    ("studios", 6),
    ("server", 7),
];

/// The benches stand above all crates.
const ABOVE_ALL: u8 = 8;

/// Dependencies that only some crates may name.
const RESERVED: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("postgres", &["store"]),
    ("tokio-postgres", &["store"]),
    ("sqlx", &["store"]),
    ("redis", &["backplane"]),
    ("axum", &["server", "gateway"]),
];

/// Module names that say nothing.
const EMPTY_NAMES: &[&str] =
    &["utils.rs", "util.rs", "common.rs", "helpers.rs", "helper.rs", "manager.rs", "misc.rs"];

/// What every page on an error code tells.
const TOLD_OF_ERRORS: &[&str] = &["## What happened", "## What was kept", "## What to do"];

/// Checks all, and tells every fault at once.
///
/// # Errors
/// The faults, a line each.
pub(crate) fn run() -> Result<(), String> {
    println!("== tidy");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut faults = Vec::new();
    for folder in entries(&root.join("crates"))? {
        check_crate(&folder, rank(&folder), &mut faults)?;
    }
    for folder in entries(&root.join("benches"))? {
        check_crate(&folder, Some(ABOVE_ALL), &mut faults)?;
    }
    let mut sources = Vec::new();
    for top in ["crates", "xtask", "tests", "benches"] {
        rust_files(&root.join(top), &mut sources)?;
    }
    for file in &sources {
        check_file(&root, file, &mut faults)?;
    }
    check_error_pages(&root.join("docs/errors"), &mut faults)?;
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let read = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut found: Vec<PathBuf> = read.filter_map(Result::ok).map(|entry| entry.path()).collect();
    found.sort();
    Ok(found)
}

fn name(folder: &Path) -> &str {
    folder.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn rank(folder: &Path) -> Option<u8> {
    rank_of(name(folder))
}

fn rank_of(name: &str) -> Option<u8> {
    RANKS.iter().find(|(known, _)| *known == name).map(|(_, rank)| *rank)
}

fn check_crate(folder: &Path, rank: Option<u8>, faults: &mut Vec<String>) -> Result<(), String> {
    let manifest = folder.join("Cargo.toml");
    if !manifest.exists() {
        return Ok(());
    }
    let name = name(folder);
    let Some(own) = rank else {
        faults.push(format!("{name}: has no rank in xtask/src/tidy.rs"));
        return Ok(());
    };
    let text = fs::read_to_string(&manifest).map_err(|error| error.to_string())?;
    let manifest: toml::Table = toml::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
    let empty = toml::Table::new();
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table).unwrap_or(&empty);
    for dependency in dependencies.keys() {
        if let Some(other) = rank_of(dependency)
            && other >= own
        {
            faults.push(format!("{name} (rank {own}) must not depend on {dependency} (rank {other})"));
        }
        let reserved = RESERVED.iter().find(|(reserved, _)| reserved == dependency);
        if let Some((_, allowed)) = reserved.filter(|(_, allowed)| !allowed.contains(&name)) {
            faults.push(format!("{name} must not name {dependency}; only {} may", allowed.join(" and ")));
        }
    }
    Ok(())
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) -> Result<(), String> {
    for path in entries(folder)? {
        if path.is_dir() {
            rust_files(&path, into)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
    Ok(())
}

fn check_file(root: &Path, file: &Path, faults: &mut Vec<String>) -> Result<(), String> {
    let shown = file.strip_prefix(root).unwrap_or(file).display().to_string();
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if EMPTY_NAMES.contains(&name) {
        faults.push(format!("{shown}: name it by its noun"));
    }
    let text = fs::read_to_string(file).map_err(|error| format!("{shown}: {error}"))?;
    if !text.starts_with("//!") {
        faults.push(format!("{shown}: must begin with a sentence on what it is for (`//! …`)"));
    }
    Ok(())
}

/// Each code has a page that tells all that a page should, and there is no page without a code.
fn check_error_pages(folder: &Path, faults: &mut Vec<String>) -> Result<(), String> {
    for code in Code::ALL {
        let shown = format!("docs/errors/{code}.md");
        let Ok(text) = fs::read_to_string(folder.join(format!("{code}.md"))) else {
            faults.push(format!("{shown}: is missing, and kernel::Code has {code}"));
            continue;
        };
        if !text.starts_with(&format!("# {code}\n")) {
            faults.push(format!("{shown}: must begin with `# {code}`"));
        }
        for heading in TOLD_OF_ERRORS {
            if !text.lines().any(|line| line == *heading) {
                faults.push(format!("{shown}: lacks `{heading}`"));
            }
        }
    }
    for page in entries(folder)? {
        let name = page.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if name != "README" && !Code::ALL.iter().any(|code| code.as_str() == name) {
            faults.push(format!("docs/errors/{name}.md: kernel::Code has no {name}"));
        }
    }
    Ok(())
}
