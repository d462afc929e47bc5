//! How a line may go on.

use kernel::{PageRequest, Result};
use store::{Store, runners, runs, schedules};

use super::Who;
use super::parse::command;
use super::registry::{Argument, COMMANDS, Kind};

/// Completions at most.
const MOST: usize = 20;
/// Things that an argument may name that are looked through.
const NAMED: u32 = 200;
/// A line that is longer is not completed.
const LONGEST: usize = 1_000;

/// What is wanted next in a line.
#[derive(Debug, PartialEq, Eq)]
enum Next<'a> {
    /// A command that begins so.
    Command(String),
    /// A thing of a kind that begins so, behind what is there.
    Named { before: &'a str, kind: Kind, begun: &'a str },
    /// Nothing that is known here.
    Nothing,
}

/// The whole lines that a line may become, in the order of the table or of what they name.
pub(crate) async fn of(store: &Store, who: &Who, line: &str) -> Result<Vec<String>> {
    if line.len() > LONGEST {
        return Ok(Vec::new());
    }
    let (before, kind, begun) = match next(line) {
        Next::Nothing => return Ok(Vec::new()),
        Next::Command(begun) => return Ok(names(who, &begun, "")),
        Next::Named { before, kind: Kind::Command, begun } => return Ok(names(who, begun, before)),
        Next::Named { before, kind, begun } => (before, kind, begun),
    };
    let page = PageRequest { limit: NAMED, after: None };
    let found = store.read_in(&who.scope, move |t| {
        Ok(match kind {
            Kind::Run => {
                let runs = runs::list(t, &runs::Which::default(), &page)?.rows.into_iter();
                runs.map(|run| run.id.to_string()).collect()
            }
            Kind::Runner | Kind::On => {
                runners::of_project(t)?.into_iter().map(|runner| runner.name).collect::<Vec<_>>()
            }
            Kind::Schedule => {
                schedules::list(t, &page)?.rows.into_iter().map(|schedule| schedule.name).collect()
            }
            _ => Vec::new(),
        })
    });
    let begun = begun.trim_start_matches(['"', '\'']).to_lowercase();
    let found = found.await?.into_iter().filter(|name| name.to_lowercase().starts_with(&begun));
    let whole = found.filter_map(|name| Some(format!("{before}{}", shlex::try_quote(&name).ok()?)));
    Ok(whole.take(MOST).collect())
}

fn names(who: &Who, begun: &str, before: &str) -> Vec<String> {
    let begun = begun.to_lowercase();
    let fit = COMMANDS.iter().filter(|command| command.name.starts_with(&begun) && who.may(command).is_ok());
    fit.map(|command| format!("{before}{}", command.name)).take(MOST).collect()
}

/// What is wanted at the end of a line.
fn next(line: &str) -> Next<'_> {
    let line = line.trim_start();
    let typed = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((command, rest)) = command(line) else { return Next::Command(typed) };
    let named = rest.len() < line.len() && (!rest.is_empty() || line.ends_with(char::is_whitespace));
    if !named {
        // `health` may go on as `health reset`.
        return Next::Command(typed);
    }
    let begins = rest.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let (done, begun) = rest.split_at(begins);
    let before = &line[..line.len() - begun.len()];
    let words: Vec<&str> = done.split_whitespace().collect();
    if words.contains(&"--") {
        return Next::Nothing;
    }
    if command.arguments.iter().any(|argument| argument.kind() == Kind::On) {
        return match words.as_slice() {
            ["--on"] => Next::Named { before, kind: Kind::On, begun },
            _ => Next::Nothing,
        };
    }
    match command.arguments.get(words.len()).copied().map(Argument::kind) {
        Some(Kind::Lines | Kind::Days | Kind::Agent | Kind::Prompt | Kind::Program) => Next::Nothing,
        Some(kind) => Next::Named { before, kind, begun },
        // The second word of a command's name.
        None if command.arguments.is_empty() && words.is_empty() => Next::Command(typed),
        None => Next::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<'a>(before: &'a str, kind: Kind, begun: &'a str) -> Next<'a> {
        Next::Named { before, kind, begun }
    }

    #[test]
    fn a_line_goes_on_with_a_command_and_then_with_what_it_is_about() {
        assert_eq!(next(""), Next::Command(String::new()));
        assert_eq!(next("sta"), Next::Command("sta".into()));
        assert_eq!(next("health"), Next::Command("health".into()));
        assert_eq!(next("health re"), Next::Command("health re".into()));
        assert_eq!(next("schedule  pa"), Next::Command("schedule pa".into()));
        assert_eq!(next("cancel "), named("cancel ", Kind::Run, ""));
        assert_eq!(next("cancel run_0"), named("cancel ", Kind::Run, "run_0"));
        assert_eq!(next("logs run_0 "), Next::Nothing);
        assert_eq!(next("cancel run_0 x"), Next::Nothing);
        assert_eq!(next("health reset fo"), named("health reset ", Kind::Runner, "fo"));
        assert_eq!(next("help heal"), named("help ", Kind::Command, "heal"));
        assert_eq!(next("do --on fo"), named("do --on ", Kind::On, "fo"));
        assert_eq!(next("do -- ls "), Next::Nothing);
        assert_eq!(next("ask "), Next::Nothing);
        assert_eq!(next("schedule pause  Cu"), named("schedule pause  ", Kind::Schedule, "Cu"));
    }
}
