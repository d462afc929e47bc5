//! `atelier runner`: this machine as one of the fleet.

mod demo;
mod doctor;
mod install;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use kernel::{Ambient, ProjectId};
use runner::{Address, Folders, Limits, Options, Told, Tools, Workshop};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is to be done with this machine.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Machine {
    #[command(subcommand)]
    act: Option<Act>,
    #[command(flatten)]
    setting: Option<Setting>,
}

#[derive(Subcommand)]
enum Act {
    /// Look whether this machine can be a runner as it would be started so, and say what is missing.
    Doctor(Setting),
    /// Write a service of systemd for the user who asks, which starts the runner so with the machine.
    Install(Setting),
}

/// How a runner is started.
#[derive(Args)]
struct Setting {
    /// The server's address.
    #[arg(long, default_value = "http://127.0.0.1:4400")]
    server: Address,
    /// A folder that a project is worked on in, as PROJECT=FOLDER. Nothing outside of those that are named here is touched.
    #[arg(long = "project", value_name = "PROJECT=FOLDER", required_unless_present = "demo")]
    projects: Vec<String>,
    /// How many steps it does at a time.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=i64::from(wire::runner::SLOTS)))]
    slots: u32,
    /// Run the programs that the projects' members name, in those folders. Without it only the agents and the tools that are
    /// named here are started.
    #[arg(long)]
    commands: bool,
    /// A coding agent that speaks the Agent Client Protocol, as NAME=COMMAND.
    #[arg(long = "agent", value_name = "NAME=COMMAND")]
    agents: Vec<String>,
    /// A server of tools that speaks the Model Context Protocol by its standard input and output, as NAME=COMMAND.
    #[arg(long = "tools", value_name = "NAME=COMMAND")]
    tools: Vec<String>,
    /// Where it keeps what it does, until the server has it; a folder of its own for each runner. In the home folder, if it is not
    /// said.
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
    /// Show what runners do: in the folder `atelier-demo`, which is made here, with a key that this machine makes for itself and you
    /// admit in the browser.
    #[arg(long, conflicts_with_all = ["projects", "key"])]
    demo: bool,
    /// The key. On a command line others could see it.
    #[arg(env = "ATELIER_RUNNER_KEY", hide_env_values = true, hide = true, default_value = "")]
    key: String,
}

/// Is a runner, until `end` comes; or does what else was asked for.
///
/// # Errors
/// Why it cannot be one.
pub(crate) async fn run(
    machine: Machine,
    ambient: &Ambient,
    say: fn(&str),
    end: impl Future<Output = ()>,
) -> Result<(), String> {
    match (machine.act, machine.setting) {
        (Some(Act::Doctor(setting)), _) => doctor::look(setting, ambient, say).await,
        (Some(Act::Install(setting)), _) => install::write(&setting, say),
        (None, Some(setting)) => serve(setting, ambient, say, end).await,
        (None, None) => Err("say which projects it serves: --project PROJECT=FOLDER, or --demo".into()),
    }
}

async fn serve(
    setting: Setting,
    ambient: &Ambient,
    say: fn(&str),
    end: impl Future<Output = ()>,
) -> Result<(), String> {
    tokio::pin!(end);
    runner::conceal()
        .map_err(|error| format!("the runner's key cannot be hidden from what it starts: {error}"))?;
    let setting = if setting.demo {
        tokio::select! {
            setting = demo::show(setting, ambient, say) => setting?,
            () = &mut end => return Ok(()),
        }
    } else {
        setting
    };
    if setting.key.is_empty() {
        return Err(NO_KEY.into());
    }
    let workshop = setting.workshop(ambient).await?;
    let Setting { server, key, slots, .. } = setting;
    let options = Options { server, key, workshop, slots, version: VERSION };
    let served = runner::serve(&options, ambient, |news| say(&line(news)), end);
    served.await.map_err(|ended| ended.to_string())
}

const NO_KEY: &str =
    "ATELIER_RUNNER_KEY must hold the runner's key, which the server gives when the runner is made";

impl Setting {
    /// What does the work.
    async fn workshop(&self, ambient: &Ambient) -> Result<Workshop, String> {
        let folders = Folders::read(&self.projects).map_err(told)?;
        let (agents, servers) = (named(&self.agents)?, named(&self.tools)?);
        let tools = Tools { commands: self.commands, agents, servers, ..keeper().map_err(told)? };
        Workshop::open(&self.state()?, folders, tools, ambient.clone()).await.map_err(told)
    }

    /// Where it keeps what it does.
    fn state(&self) -> Result<PathBuf, String> {
        let own = self.state.clone().or_else(own_state);
        own.ok_or_else(|| "--state must say where the runner keeps what it does".into())
    }
}

/// Writes a file that nobody else may read.
fn secret(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A runner with nothing, of whose commands this program is the keeper.
fn keeper() -> io::Result<Tools> {
    Ok(Tools {
        commands: false,
        agents: BTreeMap::new(),
        servers: BTreeMap::new(),
        keeper: vec![std::env::current_exe()?.into(), "runner-keep".into()],
        limits: Limits::default(),
    })
}

/// Where a runner keeps what it does, unless it is told.
fn own_state() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").filter(|state| !state.is_empty()).map(PathBuf::from);
    let state = state.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")));
    Some(state?.join("atelier-runner"))
}

/// Reads coding agents, or servers of tools, of the form `NAME=COMMAND`.
fn named(declared: &[String]) -> Result<BTreeMap<String, Vec<String>>, String> {
    let read = |text: &String| {
        let (name, command) = text.split_once('=')?;
        let command = shlex::split(command).filter(|command| !command.is_empty())?;
        wire::runner::is_agent(name).then(|| (name.to_owned(), command))
    };
    let wrong = |text| {
        format!("`{text}` is not of the form NAME=COMMAND, with letters, digits, and - _ . in the name")
    };
    declared.iter().map(|text| read(text).ok_or_else(|| wrong(text))).collect()
}

/// What becomes of a runner, in a line.
fn line(news: Told) -> String {
    let names =
        |projects: Vec<ProjectId>| projects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match news {
        Told::Joined { name, serves, refused } => {
            let mut line = format!("{name} has joined.");
            if !serves.is_empty() {
                line += &format!(" It serves {}.", names(serves));
            }
            if !refused.is_empty() {
                line +=
                    &format!(" Its owner may not work in {}, if there is such a project.", names(refused));
            }
            line
        }
        Told::Waits { why, pause } => format!("{why} The next try is in {} s.", pause.as_secs_f64().round()),
    }
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}
