//! A runner's processes for its tests: the keeper (`keep`), a runner that begins tasks and then stays (`work`), a coding
//! agent (`agent`), and a server of tools (`tools`).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that meets an error has failed")]

mod agent;
mod tools;

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use runner::{Folders, Limits, Tools, Workshop};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["keep"] => runner::keeper::run(),
        ["agent", how] => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(agent::serve(how, None))
        }
        ["agent", how, memory] => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(agent::serve(how, Some(memory.into())))
        }
        ["tools"] => tools::serve(),
        ["work", state, declared, grace] => {
            let grace = Duration::from_millis(grace.parse().unwrap());
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(work(Path::new(state), declared, grace))
        }
        _ => ExitCode::FAILURE,
    }
}

/// Begins the tasks that standard input says, a line each, and never ends by itself.
async fn work(state: &Path, declared: &str, grace: Duration) -> ExitCode {
    let mut submits = String::new();
    std::io::stdin().read_to_string(&mut submits).unwrap();
    runner::conceal().unwrap();
    let folders = Folders::read([declared]).unwrap();
    let keeper = vec![std::env::current_exe().unwrap().into(), "keep".into()];
    let limits = Limits { grace, ..Limits::default() };
    let tools = Tools { commands: true, agents: [].into(), servers: [].into(), keeper, limits };
    let workshop = Workshop::open(state, folders, tools, kernel::Ambient::system()).await.unwrap();
    for line in submits.lines() {
        workshop.begin(serde_json::from_str(line).unwrap()).unwrap();
    }
    std::future::pending().await
}
