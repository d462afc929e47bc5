//! Writes the files that are made from the server's own words: its configuration, its commands, the browser's types.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands in every file that nobody should edit by hand.
const MADE: &str = "<!-- Made by `cargo xtask generate`; edit the Rust source that it comes from. -->";

/// Makes all of them anew.
///
/// # Errors
/// When the server cannot be run, a file cannot be written, or npm fails.
pub(crate) fn run() -> Result<(), String> {
    let server = Server::of_this_source();
    let mut changed = references(&server)?;
    if super::test::has("npm") {
        changed.extend(browser_types(&server)?);
    } else {
        println!("SKIPPED the browser's types: npm is not installed (Node 20 or newer has it)");
    }
    for file in changed {
        println!("{file} is made anew");
    }
    Ok(())
}

/// Writes the references under `docs/`, and tells which of them were out of date.
///
/// # Errors
/// When the server cannot be run, or a file cannot be written.
pub(crate) fn references(server: &Server) -> Result<Vec<&'static str>, String> {
    let mut changed = Vec::new();
    for (file, text) in
        [("docs/configuration.md", configuration(server)?), ("docs/cli.md", commands(server)?)]
    {
        if replaced(&root().join(file), &text)? {
            changed.push(file);
        }
    }
    Ok(changed)
}

/// Writes the browser's types by the packages that are installed in `web/`, and tells whether they were out of date.
///
/// # Errors
/// When the server or npm cannot be run.
pub(crate) fn browser_types(server: &Server) -> Result<Option<&'static str>, String> {
    let (web, types) = (root().join("web"), "web/src/generated/api.ts");
    fs::write(web.join("node_modules/openapi.json"), server.says(&["openapi"])?)
        .map_err(|error| format!("web/node_modules: {error}; run `npm ci` in web/ first"))?;
    let read = || fs::read_to_string(root().join(types)).map_err(|error| format!("{types}: {error}"));
    let before = read()?;
    let made = Command::new("npm")
        .args(["run", "generate", "--", "node_modules/openapi.json"])
        .current_dir(&web)
        .status()
        .map_err(|error| format!("npm: {error}"))?;
    if !made.success() {
        return Err(String::from("the browser's types could not be made"));
    }
    Ok((read()? != before).then_some(types))
}

fn configuration(server: &Server) -> Result<String, String> {
    let reference = server.says(&["config"])?;
    // The first paragraph tells readers of the source what the struct is.
    let values = reference.split_once("\n\n").map_or(reference.as_str(), |(_, values)| values);
    Ok(format!(
        "# Configuration\n\n{MADE}\n\nA flag wins over the environment, the environment over the file, the file over the \
         default. The file is `atelier.toml` in the\ndata folder, or the one that `--config` names; `atelier config` prints \
         this reference as such a file. A value that cannot be\nread is named, and the server does not start.\n\n\
         ```toml\n{}\n```\n",
        values.trim()
    ))
}

fn commands(server: &Server) -> Result<String, String> {
    let overview = server.says(&["--help"])?;
    let mut page = format!("# Commands\n\n{MADE}\n\n```text\n{}\n```\n", trimmed(&overview));
    for command in listed(&overview) {
        let help = trimmed(&server.says(&[command, "--help"])?);
        page.push_str(&format!("\n## atelier {command}\n\n```text\n{help}\n```\n"));
    }
    Ok(page)
}

/// The commands that the overview lists, but for `help` itself.
fn listed(overview: &str) -> Vec<&str> {
    overview
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect()
}

/// Without the blanks at line ends that an option without a text leaves.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// The server whose words are written down.
pub(crate) enum Server {
    /// A binary that is there.
    Built(PathBuf),
    /// The one that cargo makes of this source.
    Cargo,
}

impl Server {
    /// The one that `ATELIER_BINARY` names, as for the tests, or the one that cargo makes.
    fn of_this_source() -> Self {
        std::env::var_os("ATELIER_BINARY").map_or(Self::Cargo, |binary| Self::Built(binary.into()))
    }

    /// What it prints.
    fn says(&self, args: &[&str]) -> Result<String, String> {
        let mut command = match self {
            Self::Built(binary) => Command::new(binary),
            Self::Cargo => {
                let mut cargo = Command::new("cargo");
                cargo.args(["run", "--quiet", "--package", "server", "--"]);
                cargo
            }
        };
        let said = command.args(args).output();
        let said = said.map_err(|error| format!("atelier {}: {error}", args.join(" ")))?;
        if !said.status.success() {
            return Err(format!("atelier {}: {}", args.join(" "), String::from_utf8_lossy(&said.stderr)));
        }
        String::from_utf8(said.stdout).map_err(|error| error.to_string())
    }
}

/// Writes `text` if the file does not hold it, and tells whether it did not.
fn replaced(file: &Path, text: &str) -> Result<bool, String> {
    if fs::read_to_string(file).is_ok_and(|before| before == text) {
        return Ok(false);
    }
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(true)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_those_of_the_overview_without_help() {
        let overview =
            "About\n\nUsage: x\n\nCommands:\n  serve  Serve\n  help   Help\n\nOptions:\n  -h  Help\n";
        assert_eq!(listed(overview), ["serve"]);
    }

    #[test]
    fn a_file_is_written_only_when_it_differs() {
        let file = std::env::temp_dir().join(format!("atelier-generate-{}", std::process::id()));
        assert!(replaced(&file, "a\n").unwrap());
        assert!(!replaced(&file, "a\n").unwrap());
        assert!(replaced(&file, "b\n").unwrap());
        fs::remove_file(&file).unwrap();
    }
}
