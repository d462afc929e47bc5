//! `atelier runner doctor`: whether this machine can be a runner, and what is missing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kernel::Ambient;
use runner::{Folders, OpenError, Workshop};

use super::{NO_KEY, Setting, VERSION, keeper, named, told};

/// Looks at everything, says of each how it is, and fails if something is missing.
pub(super) async fn look(setting: Setting, ambient: &Ambient, say: fn(&str)) -> Result<(), String> {
    let mut faults = 0;
    let mut tell = |well: bool, what: &str| {
        faults += usize::from(!well);
        say(&format!("{} {what}", if well { "ok   " } else { "wrong" }));
    };
    match Command::new("git").arg("--version").output() {
        Ok(git) if git.status.success() => tell(true, String::from_utf8_lossy(&git.stdout).trim()),
        _ => tell(false, "git is not here: tasks work in the folders themselves, and nothing is a diff"),
    }
    for declared in &setting.projects {
        match declared.split_once('=') {
            Some((project, folder)) => match kept(Path::new(folder)) {
                Ok(how) => tell(true, &format!("{project}: {folder} {how}")),
                Err(why) => tell(false, &format!("{project}: {folder} {why}")),
            },
            None => tell(false, &format!("`{declared}` is not of the form PROJECT=FOLDER")),
        }
    }
    for (what, declared) in [("the agent", &setting.agents), ("the tools", &setting.tools)] {
        match named(declared) {
            Ok(programs) => {
                for (name, argv) in programs {
                    let program = argv.first().map(String::as_str).unwrap_or_default();
                    let found = found(program);
                    let how = if found { "is here" } else { "is not here" };
                    tell(found, &format!("{what} {name}: {program} {how}"));
                }
            }
            Err(why) => tell(false, &why),
        }
    }
    if !setting.commands && setting.agents.is_empty() && setting.tools.is_empty() {
        tell(false, "it would do nothing: give it --commands, an --agent, or --tools");
    }
    let state = setting.state()?;
    // The folders were looked at one by one.
    let tools = keeper().map_err(told)?;
    let here = match Workshop::open(&state, Folders::default(), tools, ambient.clone()).await {
        Ok(workshop) => {
            workshop.close().await;
            tell(true, &format!("what it does is kept in {}", state.display()));
            true
        }
        Err(OpenError::InUse(_)) => {
            tell(true, &format!("a runner works with {} now", state.display()));
            false
        }
        Err(error) => {
            tell(false, &error.to_string());
            true
        }
    };
    if setting.key.is_empty() {
        tell(false, NO_KEY);
    } else if here {
        // A runner that is at work would be taken for replaced.
        match runner::offered(&setting.server, &setting.key, VERSION, ambient).await {
            Ok(Some((name, _))) => tell(true, &format!("{} knows this key as {name}", setting.server.page())),
            Ok(None) => {
                tell(false, &format!("{} does not know this key, or not any more", setting.server.page()));
            }
            Err(why) => tell(false, &why),
        }
    }
    if faults == 0 { Ok(()) } else { Err(format!("{faults} of these have to be mended")) }
}

/// Whether a folder can be worked in, and how.
fn kept(folder: &Path) -> Result<&'static str, &'static str> {
    if !folder.is_dir() {
        return Err("is no folder");
    }
    let git = |arguments: &[&str]| {
        let git = Command::new("git").arg("-C").arg(folder).args(arguments).stderr(Stdio::null()).output();
        git.ok().filter(|git| git.status.success())
    };
    if git(&["rev-parse", "--verify", "--quiet", "HEAD"]).is_none() {
        return Ok("is not kept by git: tasks work in it itself, and there is no diff");
    }
    match git(&["status", "--porcelain"]) {
        Some(status) if status.stdout.is_empty() => Ok("is kept by git, and clean"),
        _ => Ok("is kept by git; what is not committed is not in the checkouts"),
    }
}

/// Whether a program can be started by that name.
fn found(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).is_file();
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).map(|folder: PathBuf| folder.join(program)).any(|path| path.is_file())
}
