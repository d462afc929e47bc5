//! `atelier runner install`: a service of systemd that starts the runner with the machine.

use std::fs;
use std::path::PathBuf;

use super::{NO_KEY, Setting, secret, told};

/// Writes the unit and the file with the key, and says what comes next. What is there already is not touched.
pub(super) fn write(setting: &Setting, say: fn(&str)) -> Result<(), String> {
    if setting.key.is_empty() {
        return Err(NO_KEY.into());
    }
    if setting.key.contains(['\n', '"', '\\']) {
        return Err("this is no runner's key".into());
    }
    let configuration =
        std::env::var_os("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let configuration = configuration
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".config")))
        .ok_or("HOME must say where the service is to be written")?;
    let (units, own) = (configuration.join("systemd/user"), configuration.join("atelier"));
    let (unit, key) = (units.join("atelier-runner.service"), own.join("runner.env"));
    if let Some(there) = [&unit, &key].into_iter().find(|file| file.exists()) {
        return Err(format!("{} is there already; nothing was written. Remove it first.", there.display()));
    }
    let program = std::env::current_exe().map_err(told)?;
    let mut arguments = vec![program.display().to_string(), "runner".into(), "--server".into()];
    arguments.push(setting.server.page().to_owned());
    arguments.extend(["--slots".into(), setting.slots.to_string()]);
    arguments.extend(setting.commands.then(|| "--commands".into()));
    for declared in &setting.projects {
        let (project, folder) = declared.split_once('=').ok_or("PROJECT=FOLDER is what is declared")?;
        let folder = fs::canonicalize(folder).map_err(|error| format!("{folder}: {error}"))?;
        arguments.extend(["--project".into(), format!("{project}={}", folder.display())]);
    }
    for agent in &setting.agents {
        arguments.extend(["--agent".into(), agent.clone()]);
    }
    for tools in &setting.tools {
        arguments.extend(["--tools".into(), tools.clone()]);
    }
    arguments.extend(["--state".into(), setting.state()?.display().to_string()]);
    for folder in [&units, &own] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    secret(&key, &format!("ATELIER_RUNNER_KEY={}\n", setting.key)).map_err(told)?;
    let start: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
    let text = format!(
        "[Unit]\nDescription=Atelier runner\nWants=network-online.target\nAfter=network-online.target\n\n\
         [Service]\nEnvironmentFile={}\nExecStart={}\nRestart=on-failure\nRestartSec=5\nKillMode=mixed\nTimeoutStopSec=30\n\n\
         [Install]\nWantedBy=default.target\n",
        // A path as it is, without quotes.
        key.display().to_string().replace('%', "%%"),
        start.join(" "),
    );
    fs::write(&unit, text).map_err(|error| format!("{}: {error}", unit.display()))?;
    say(&format!("{} is written; the key stands in {}.", unit.display(), key.display()));
    say(
        "Start it with `systemctl --user enable --now atelier-runner`, and let it run while nobody is signed in with `loginctl enable-linger`.",
    );
    Ok(())
}

/// An argument as systemd reads it (systemd.service, "Command lines"): quoted, with nothing in it that it would replace.
fn quoted(argument: &str) -> String {
    let mut text = String::from("\"");
    for letter in argument.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            '%' => text.push_str("%%"),
            '$' => text.push_str("$$"),
            letter => text.push(letter),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_read_by_systemd_as_it_is() {
        assert_eq!(quoted("a b"), "\"a b\"");
        assert_eq!(quoted("50% of $HOME \"\\"), "\"50%% of $$HOME \\\"\\\\\"");
    }
}
