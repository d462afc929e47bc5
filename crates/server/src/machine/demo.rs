//! `atelier runner --demo`: what runners do, in a folder that is made for it.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use identity::OwnKey;
use kernel::Ambient;

use super::{Setting, VERSION, secret, told};

/// How often a machine that waits for its admission asks for it.
const ASK: Duration = Duration::from_secs(1);

/// A folder with something to work on, a key of its own, and the project that whoever admits it means it for.
pub(super) async fn show(machine: Setting, ambient: &Ambient, say: fn(&str)) -> Result<Setting, String> {
    let folder = std::env::current_dir().map_err(told)?.join("atelier-demo");
    let state = machine.state.clone().unwrap_or_else(|| folder.join("state"));
    let work = folder.join("tides");
    let key = prepare(&work, &state, ambient).map_err(told)?;
    let name = "demo";
    let mut asked = false;
    let project = loop {
        match runner::offered(&machine.server, &key.key, VERSION, ambient).await? {
            Some((_, offered)) => match offered.first() {
                Some(project) => break *project,
                None => return Err("the project that this machine was admitted for is gone; remove the folder atelier-demo, and start again".into()),
            },
            None if !asked => {
                let OwnKey { hash, hint, .. } = &key;
                say(&format!(
                    "This machine works in {}. Let it join: {}/runners/admit#name={name}&hash={hash}&hint={hint}&demo=1",
                    work.display(),
                    machine.server.page(),
                ));
                asked = true;
            }
            None => {}
        }
        tokio::time::sleep(ASK).await;
    };
    Ok(Setting {
        projects: vec![format!("{project}={}", work.display())],
        commands: true,
        state: Some(state),
        key: key.key,
        ..machine
    })
}

/// Makes the folder of the demonstration, as far as it is not there, and gives its key.
fn prepare(work: &Path, state: &Path, ambient: &Ambient) -> io::Result<OwnKey> {
    fs::create_dir_all(state)?;
    let file = state.join("key");
    let key = match fs::read_to_string(&file) {
        Ok(key) => OwnKey::of(key.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = OwnKey::make(ambient);
            secret(&file, &key.key)?;
            key
        }
        Err(error) => return Err(error),
    };
    if !work.join(".git").exists() {
        fs::create_dir_all(work)?;
        for (name, text) in [("scenes.txt", SCENES), ("number.sh", NUMBER)] {
            fs::write(work.join(name), text)?;
        }
        for arguments in [&["init", "--quiet"][..], &["add", "."], COMMIT] {
            let done = std::process::Command::new("git").args(arguments).current_dir(work).status();
            if !done.is_ok_and(|status| status.success()) {
                tracing::warn!("git is not here or failed; the demonstration has no diff");
                break;
            }
        }
    }
    Ok(key)
}

const COMMIT: &[&str] = &[
    "-c",
    "user.name=Atelier",
    "-c",
    "user.email=atelier@localhost",
    "commit",
    "--quiet",
    "--message",
    "Scenes without numbers",
];
/// What the demonstration works on.
const SCENES: &str = "The harbour, at dawn\nA kitchen with a view of the sea\nThe lighthouse, in the storm\nThe harbour, at dusk\n";
/// What it does there: it takes a moment, so that it can be watched.
const NUMBER: &str = "#!/bin/sh
# Numbers the scenes, one after the other.
set -e
n=0
: > numbered.txt
while IFS= read -r scene; do
  n=$((n + 1))
  printf '\\033[36mScene %d\\033[0m %s\\n' \"$n\" \"$scene\"
  printf '%d. %s\\n' \"$n\" \"$scene\" >> numbered.txt
  sleep 1
done < scenes.txt
mv numbered.txt scenes.txt
printf '\\033[32m%d scenes are numbered.\\033[0m\\n' \"$n\"
";
