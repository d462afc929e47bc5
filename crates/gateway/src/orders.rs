//! What people tell the fleet to do, as runs of `tasks`; and which queues that is in.

mod allowed;
mod continued;

pub use allowed::{Ordered, planned, sensible};
pub(crate) use allowed::{allowed, bound};
pub(crate) use continued::{agent, more};

use kernel::{Error, ProjectId, Result, RunnerId};
use serde_json::json;
use store::Scope;
use tasks::graph::{NewRun, NewStep};
use wire::fleet::{CreateRemote, Deliver, Engine, RemoteOrder, ServingRunner};
use wire::runner::{AGENT_CHARS, is_agent};
use wire::runs::{Limits, Priority};

use crate::plans;

const MINUTE: i64 = 60_000;
/// How long a runner may be out of sight before a step that it has is another's.
const AWAY_MS: i64 = 3 * MINUTE;
/// How long a step may write nothing.
const QUIET_MS: i64 = 30 * MINUTE;
/// How long a runner has, besides the order's own time, to get ready and to bring back what came of it.
const ASIDE_MS: i64 = 30 * MINUTE;
/// How long a runner that is to stop has to say so.
const GRACE_MS: i64 = MINUTE;
/// The most bytes of a program's arguments together.
const ARGUMENT_BYTES: usize = 32 * 1024;
const ARGUMENTS: usize = 200;
const TOOL_CHARS: usize = 200;
const PROMPT_BYTES: usize = 32 * 1024;
const FILES: usize = 50;
const PATH_CHARS: usize = 500;
const TITLE_CHARS: usize = 200;

/// The only step of a run that is one order.
pub const STEP: &str = "do";

/// What the queues of a project's remote steps have in common: of all of them one step is done at a time.
#[must_use]
pub fn turn(project: ProjectId) -> String {
    format!("one/fleet/{project}")
}

/// The queues whose steps a runner does in a project.
pub(crate) fn queues(
    project: ProjectId,
    runner: RunnerId,
    commands: bool,
    agents: &[String],
    tools: &[String],
) -> Vec<String> {
    let turn = turn(project);
    let mut queues = vec![format!("{turn}#on/{runner}")];
    queues.extend(commands.then(|| format!("{turn}#command")));
    queues.extend(agents.iter().map(|agent| format!("{turn}#agent/{agent}")));
    queues.extend(tools.iter().map(|tool| format!("{turn}#tool/{tool}")));
    queues
}

/// The queue of an order.
fn queue(project: ProjectId, order: &RemoteOrder, runner: Option<RunnerId>) -> String {
    let turn = turn(project);
    match (runner, &order.engine) {
        (Some(runner), _) => format!("{turn}#on/{runner}"),
        (None, Engine::Command { .. }) => format!("{turn}#command"),
        (None, Engine::Agent { name, .. }) => format!("{turn}#agent/{name}"),
        (None, Engine::Mcp { server, .. }) => format!("{turn}#tool/{server}"),
    }
}

/// What it takes to do the steps of a project's queue: what comes after the `#` in its name.
fn takes(project: ProjectId, queue: &str) -> &str {
    queue.strip_prefix(&turn(project)).and_then(|rest| rest.strip_prefix('#')).unwrap_or_default()
}

/// Whether the steps of a project's queue are for that runner alone.
pub(crate) fn is_for(project: ProjectId, queue: &str, runner: RunnerId) -> bool {
    takes(project, queue).strip_prefix("on/").is_some_and(|only| only == runner.to_string())
}

/// Whether a runner that serves the project does the steps of that queue.
pub(crate) fn can(project: ProjectId, queue: &str, runner: &ServingRunner) -> bool {
    queues(project, runner.id, runner.commands, &runner.agents, &runner.tools)
        .iter()
        .any(|does| does == queue)
}

/// What no runner of the project has that the steps of that queue take, in a sentence.
pub(crate) fn lacking(project: ProjectId, queue: &str) -> String {
    match takes(project, queue).split_once('/') {
        Some(("agent", agent)) => format!("No runner that serves the project has the agent {agent}."),
        Some(("tool", server)) => format!("No runner that serves the project has the tools {server}."),
        Some(("on", _)) => "The runner that it is meant for does not serve the project.".into(),
        _ => "No runner that serves the project runs commands.".into(),
    }
}

/// The run that an order becomes that its project allows.
///
/// # Errors
/// `VALIDATION_ERROR`, naming what makes no sense.
fn run(scope: &Scope, wanted: CreateRemote, idempotency_key: Option<String>) -> Result<NewRun> {
    if wanted.decompose {
        return plans::run(scope, wanted, idempotency_key);
    }
    let CreateRemote { title, order, runner, priority, .. } = wanted;
    check(&order)?;
    let title = titled(title, &order.engine)?;
    let kind = match order.engine {
        Engine::Command { .. } => "fleet.command",
        Engine::Agent { .. } => "fleet.agent",
        Engine::Mcp { .. } => "fleet.tool",
    };
    let step = step(STEP, scope.project(), &order, runner, priority);
    Ok(NewRun {
        project: scope.project(),
        by: scope.actor(),
        kind: kind.into(),
        title,
        input: json!(null),
        idempotency_key,
        steps: vec![step],
    })
}

/// The step that an order becomes.
pub(crate) fn step(
    name: impl Into<String>,
    project: ProjectId,
    order: &RemoteOrder,
    runner: Option<RunnerId>,
    priority: Priority,
) -> NewStep {
    let run_ms = i64::from(order.bounds.minutes) * MINUTE + ASIDE_MS;
    let limits = Limits {
        lease_ms: AWAY_MS,
        quiet_ms: QUIET_MS.min(run_ms),
        run_ms,
        grace_ms: GRACE_MS,
        ..Limits::default()
    };
    NewStep { priority, limits, ..NewStep::new(name, queue(project, order, runner), json!(order)) }
}

/// What an order is called: as was said, else by what it is.
///
/// # Errors
/// `VALIDATION_ERROR` when that is too long.
pub(crate) fn titled(title: Option<String>, engine: &Engine) -> Result<String> {
    let title = title.map(|title| title.trim().to_owned()).filter(|title| !title.is_empty());
    let title = title.unwrap_or_else(|| named(engine));
    if title.chars().count() > TITLE_CHARS {
        return Err(Error::field("title", format!("must be at most {TITLE_CHARS} characters")));
    }
    Ok(title)
}

/// What an order is called of which nobody said it.
fn named(engine: &Engine) -> String {
    let text = match engine {
        Engine::Command { argv } => argv.join(" "),
        Engine::Agent { prompt, .. } => prompt.lines().next().unwrap_or_default().to_owned(),
        Engine::Mcp { server, tool, .. } => format!("{server}: {tool}"),
    };
    text.chars().take(80).collect()
}

/// Whether an order makes sense. The runner, which has the folder, looks again.
pub(crate) fn check(order: &RemoteOrder) -> Result<()> {
    let wrong = |field: &str, why: String| Err(Error::field(format!("order.{field}"), why));
    match &order.engine {
        Engine::Command { argv } => {
            let bytes: usize = argv.iter().map(String::len).sum();
            if argv.is_empty() || argv.len() > ARGUMENTS || bytes > ARGUMENT_BYTES {
                return wrong(
                    "engine.argv",
                    format!("must be 1 to {ARGUMENTS} arguments, together at most {ARGUMENT_BYTES} bytes"),
                );
            }
            if argv[0].is_empty() || argv.iter().any(|argument| argument.contains('\0')) {
                return wrong("engine.argv", "must begin with a program, and have no zero in it".into());
            }
        }
        Engine::Agent { name, prompt } => {
            if !is_agent(name) {
                return wrong(
                    "engine.name",
                    format!("must be 1 to {AGENT_CHARS} letters, digits, and - _ ."),
                );
            }
            if prompt.trim().is_empty() || prompt.len() > PROMPT_BYTES || prompt.contains('\0') {
                return wrong("engine.prompt", format!("must be 1 to {PROMPT_BYTES} bytes"));
            }
        }
        Engine::Mcp { server, tool, arguments } => {
            if !is_agent(server) {
                return wrong(
                    "engine.server",
                    format!("must be 1 to {AGENT_CHARS} letters, digits, and - _ ."),
                );
            }
            if !(1..=TOOL_CHARS).contains(&tool.chars().count()) || tool.contains(char::is_control) {
                return wrong("engine.tool", format!("must be 1 to {TOOL_CHARS} characters"));
            }
            let bytes = serde_json::to_vec(arguments).map_or(usize::MAX, |json| json.len());
            if bytes > ARGUMENT_BYTES {
                return wrong("engine.arguments", format!("must be at most {ARGUMENT_BYTES} bytes as JSON"));
            }
        }
    }
    if let Some(folder) = &order.folder
        && !is_inside(folder)
    {
        return wrong("folder", INSIDE.into());
    }
    if order.collect.len() > FILES {
        return wrong("collect", format!("must be at most {FILES} files"));
    }
    if !order.collect.iter().all(|file| is_inside(file)) {
        return wrong("collect", INSIDE.into());
    }
    if !(1..=24 * 60).contains(&order.bounds.minutes) {
        return wrong("bounds.minutes", "must be from 1 to 1440".into());
    }
    if order.bounds.memory_mib.is_some_and(|memory| memory < 16) {
        return wrong("bounds.memoryMib", "must be at least 16".into());
    }
    if !(1..=1_024).contains(&order.bounds.output_mib) {
        return wrong("bounds.outputMib", "must be from 1 to 1024".into());
    }
    let is_agents = matches!(order.engine, Engine::Agent { .. });
    for (field, bound) in [("tokens", order.bounds.tokens), ("costMicros", order.bounds.cost_micros)] {
        if bound == Some(0) {
            return wrong(&format!("bounds.{field}"), "must be at least 1".into());
        }
        if bound.is_some() && !is_agents {
            return wrong(&format!("bounds.{field}"), "bounds a coding agent: nothing else says it".into());
        }
    }
    if order.read_only && !(is_agents && order.deliver == Deliver::Diff && order.collect.is_empty()) {
        let why = "is for coding agents, which then deliver nothing and bring no files back";
        return wrong("readOnly", why.into());
    }
    Ok(())
}

const INSIDE: &str = "must be a path within the project's folder: not absolute, and without ..";

/// Whether a path stays below where it begins, whatever the system. The runner looks where its links lead.
fn is_inside(path: &str) -> bool {
    let plain = (1..=PATH_CHARS).contains(&path.chars().count()) && !path.contains('\0');
    plain
        && !path.starts_with(['/', '\\'])
        && path.get(1..2) != Some(":")
        && path.split(['/', '\\']).all(|part| part != "..")
}

#[cfg(test)]
mod tests {
    use kernel::Id;
    use wire::fleet::Bounds;

    use super::*;

    fn order() -> RemoteOrder {
        RemoteOrder::of(Engine::Command { argv: vec!["cargo".into(), "test".into()] })
    }

    fn tool(server: &str, tool: &str) -> RemoteOrder {
        let arguments = serde_json::Map::new();
        RemoteOrder::of(Engine::Mcp { server: server.into(), tool: tool.into(), arguments })
    }

    #[test]
    fn a_runner_does_what_it_can_in_each_of_its_projects_and_what_is_meant_for_it_alone() {
        let (project, runner) = (ProjectId::from_bits(1), RunnerId::from_bits(2));
        let agents = ["scribe".to_owned()];
        let queues = queues(project, runner, true, &agents, &["weather".to_owned()]);
        let agent = RemoteOrder {
            engine: Engine::Agent { name: "scribe".into(), prompt: "Write".into() },
            ..order()
        };
        for one in [
            queue(project, &order(), None),
            queue(project, &order(), Some(runner)),
            queue(project, &agent, None),
            queue(project, &tool("weather", "now"), None),
        ] {
            assert!(queues.contains(&one), "{one}");
            assert_eq!(store::runs::turn(&one), turn(project));
            assert!(store::runs::is_in_turn(&one));
        }
        let other = queue(project, &order(), Some(RunnerId::from_bits(3)));
        assert!(!queues.contains(&other));
    }

    #[test]
    fn an_order_that_makes_no_sense_is_refused_with_what_is_wrong() {
        assert!(check(&order()).is_ok());
        let argv = |argv: &[&str]| Engine::Command { argv: argv.iter().map(|&a| a.to_owned()).collect() };
        let agent = |name: &str, prompt: &str| Engine::Agent { name: name.into(), prompt: prompt.into() };
        for engine in [
            argv(&[]),
            argv(&[""]),
            argv(&["a", "b\0"]),
            agent("a b", "do"),
            agent("a", " "),
            agent("", "do"),
        ] {
            assert!(check(&RemoteOrder { engine: engine.clone(), ..order() }).is_err(), "{engine:?}");
        }
        assert!(check(&tool("weather", "now")).is_ok());
        for (server, name) in [("a b", "now"), ("weather", ""), ("weather", "a\0")] {
            assert!(check(&tool(server, name)).is_err(), "{server} {name}");
        }
        for path in ["", "/etc", "..", "a/../../b", "\\\\host", "C:\\x", "a\0"] {
            let folder = RemoteOrder { folder: Some(path.into()), ..order() };
            let collect = RemoteOrder { collect: vec!["fine".into(), path.into()], ..order() };
            assert!(check(&folder).is_err() && check(&collect).is_err(), "{path}");
        }
        for bounds in [
            Bounds { minutes: 0, ..Bounds::default() },
            Bounds { minutes: 1_441, ..Bounds::default() },
            Bounds { memory_mib: Some(1), ..Bounds::default() },
            Bounds { output_mib: 0, ..Bounds::default() },
            Bounds { tokens: Some(0), ..Bounds::default() },
            Bounds { tokens: Some(1), ..Bounds::default() },
            Bounds { cost_micros: Some(1), ..Bounds::default() },
        ] {
            assert!(check(&RemoteOrder { bounds, ..order() }).is_err(), "{bounds:?}");
        }
    }

    #[test]
    fn only_an_agent_is_bounded_by_its_use_or_told_to_look_only() {
        let agent = || RemoteOrder::of(Engine::Agent { name: "a".into(), prompt: "do".into() });
        let bounds = Bounds { tokens: Some(1), cost_micros: Some(1), ..Bounds::default() };
        assert!(check(&RemoteOrder { bounds, ..agent() }).is_ok());
        let none = Bounds { tokens: Some(0), ..Bounds::default() };
        assert!(check(&RemoteOrder { bounds: none, ..agent() }).is_err());
        let looks = |order| RemoteOrder { read_only: true, ..order };
        assert!(check(&looks(agent())).is_ok() && check(&looks(order())).is_err());
        assert!(check(&looks(RemoteOrder { deliver: Deliver::Branch, ..agent() })).is_err());
        assert!(check(&looks(RemoteOrder { collect: vec!["a".into()], ..agent() })).is_err());
    }
}
