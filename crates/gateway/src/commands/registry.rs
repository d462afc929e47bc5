//! The table of commands.

use std::cmp::Reverse;
use std::fmt::Write;

use kernel::Role;
use wire::fleet::Verb;

use super::{Ask, Doing, doing, health, reading, saying};

/// A command.
pub(crate) struct Command {
    /// One word, or two.
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static [Argument],
    /// What it does, in a sentence.
    pub(crate) help: &'static str,
    /// The least role that may give it.
    pub(crate) needs: Role,
    /// Whether it changes something; then it is written into the audit log.
    pub(crate) changes: bool,
    pub(crate) handler: fn(Ask) -> Doing,
}

/// An argument of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argument {
    /// It has to be there.
    Must(Kind),
    /// It may be there.
    May(Kind),
}

impl Argument {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Must(kind) | Self::May(kind) => kind,
        }
    }
}

/// What an argument says. A command has no two of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A command, all that is left of the line.
    Command,
    /// A run's id, or how it begins.
    Run,
    /// A runner's name or id.
    Runner,
    /// The same, as an option.
    On,
    /// What a runner calls a coding agent.
    Agent,
    /// A schedule's name or id.
    Schedule,
    /// How many lines.
    Lines,
    /// How many days.
    Days,
    /// A program and its arguments, behind `--`.
    Program,
    /// All that is left of the line, as it is.
    Prompt,
}

impl Kind {
    /// How it stands in the line's description.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Self::Command => "COMMAND",
            Self::Run => "RUN",
            Self::Runner => "RUNNER",
            Self::On => "--on RUNNER",
            Self::Agent => "AGENT",
            Self::Schedule => "SCHEDULE",
            Self::Lines => "LINES",
            Self::Days => "DAYS",
            Self::Program => "-- PROGRAM ARGUMENTS…",
            Self::Prompt => "PROMPT…",
        }
    }

    /// From where to where a number may be, if it is one.
    pub(crate) fn bounds(self) -> Option<(u32, u32)> {
        match self {
            Self::Lines => Some((1, 200)),
            Self::Days => Some((1, 366)),
            _ => None,
        }
    }
}

use Argument::{May, Must};

/// All commands, in the order in which help lists them.
pub(crate) const COMMANDS: &[Command] = &[
    Command {
        name: "help",
        arguments: &[May(Kind::Command)],
        help: "Lists the commands, or tells of one.",
        needs: Role::Viewer,
        changes: false,
        handler: |ask| Box::pin(std::future::ready(reading::help(&ask))),
    },
    Command {
        name: "status",
        arguments: &[],
        help: "Which runs are under way and how many wait, and which runners are there.",
        needs: Role::Viewer,
        changes: false,
        handler: |ask| Box::pin(reading::status(ask)),
    },
    Command {
        name: "runners",
        arguments: &[],
        help: "The machines that serve the project.",
        needs: Role::Viewer,
        changes: false,
        handler: |ask| Box::pin(reading::runners(ask)),
    },
    Command {
        name: "queue",
        arguments: &[],
        help: "What waits, in its order, and for what.",
        needs: Role::Viewer,
        changes: false,
        handler: |ask| Box::pin(reading::queue(ask)),
    },
    Command {
        name: "do",
        arguments: &[May(Kind::On), Must(Kind::Program)],
        help: "Has a runner run a program. No shell reads its arguments.",
        needs: Role::Editor,
        changes: true,
        handler: |ask| Box::pin(doing::program(ask)),
    },
    Command {
        name: "ask",
        arguments: &[Must(Kind::Agent), Must(Kind::Prompt)],
        help: "Has a coding agent on a runner do something.",
        needs: Role::Editor,
        changes: true,
        handler: |ask| Box::pin(doing::agent(ask)),
    },
    Command {
        name: "say",
        arguments: &[Must(Kind::Run), Must(Kind::Prompt)],
        help: "Has the coding agent of a run do more when it is done with what it does.",
        needs: Role::Editor,
        changes: true,
        handler: |ask| Box::pin(saying::say(ask, Verb::Queue)),
    },
    Command {
        name: "steer",
        arguments: &[Must(Kind::Run), Must(Kind::Prompt)],
        help: "Has the coding agent of a run turn to this when its tool call is over.",
        needs: Role::Editor,
        changes: true,
        handler: |ask| Box::pin(saying::say(ask, Verb::Steer)),
    },
    Command {
        name: "interrupt",
        arguments: &[Must(Kind::Run), Must(Kind::Prompt)],
        help: "Has the coding agent of a run break off what it does, and do this.",
        needs: Role::Editor,
        changes: true,
        handler: |ask| Box::pin(saying::say(ask, Verb::Interrupt)),
    },
    Command {
        name: "continue",
        arguments: &[Must(Kind::Run), Must(Kind::Prompt)],
        help: "Has the coding agent of a run that has ended go on with it, where it was done.",
        needs: Role::Editor,
        changes: true,
        handler: |ask| Box::pin(doing::go_on(ask)),
    },
    Command {
        name: "plan",
        arguments: &[Must(Kind::Agent), Must(Kind::Prompt)],
        help: "Has a coding agent divide something into tasks, which are done once you allow it.",
        needs: Role::Editor,
        changes: true,
        handler: |ask| Box::pin(doing::plan(ask)),
    },
    Command {
        name: "answer",
        arguments: &[Must(Kind::Run), Must(Kind::Prompt)],
        help: "Answers what a run asks: `allow` or `refuse`, or what else it wants to know.",
        needs: Role::Editor,
        changes: true,
        handler: |ask| Box::pin(doing::answer(ask)),
    },
    Command {
        name: "cancel",
        arguments: &[Must(Kind::Run)],
        help: "Ends a run before it is done.",
        needs: Role::Editor,
        changes: true,
        handler: |ask| Box::pin(doing::cancel(ask)),
    },
    Command {
        name: "retry",
        arguments: &[Must(Kind::Run)],
        help: "Does again what failed or was cancelled of a run, and all that comes after it.",
        needs: Role::Editor,
        changes: true,
        handler: |ask| Box::pin(doing::retry(ask)),
    },
    Command {
        name: "logs",
        arguments: &[Must(Kind::Run), May(Kind::Lines)],
        help: "The last lines that a run wrote, 20 if it is not said.",
        needs: Role::Viewer,
        changes: false,
        handler: |ask| Box::pin(reading::logs(ask)),
    },
    Command {
        name: "usage",
        arguments: &[May(Kind::Days)],
        help: "What language models and the fleet took, in 7 days if it is not said.",
        needs: Role::Viewer,
        changes: false,
        handler: |ask| Box::pin(reading::usage(ask)),
    },
    Command {
        name: "policy",
        arguments: &[],
        help: "Who may order what of the fleet, how much it may take, and what it took today.",
        needs: Role::Viewer,
        changes: false,
        handler: |ask| Box::pin(reading::policy(ask)),
    },
    Command {
        name: "schedule list",
        arguments: &[],
        help: "The project's schedules, and when each is due.",
        needs: Role::Viewer,
        changes: false,
        handler: |ask| Box::pin(reading::schedules(ask)),
    },
    Command {
        name: "schedule pause",
        arguments: &[Must(Kind::Schedule)],
        help: "Has a schedule give nothing until it is resumed.",
        needs: Role::Owner,
        changes: true,
        handler: |ask| Box::pin(doing::pause(ask)),
    },
    Command {
        name: "schedule resume",
        arguments: &[Must(Kind::Schedule)],
        help: "Has a paused schedule wait for its next time.",
        needs: Role::Owner,
        changes: true,
        handler: |ask| Box::pin(doing::resume(ask)),
    },
    Command {
        name: "health",
        arguments: &[],
        help: "How the runners do: their breakers, and how the last executions ended.",
        needs: Role::Viewer,
        changes: false,
        handler: |ask| Box::pin(health::show(ask)),
    },
    Command {
        name: "health reset",
        arguments: &[Must(Kind::Runner)],
        help: "Closes a runner's breaker, for its owner or an owner of the project.",
        // Whose runner serves a project may change things in it.
        needs: Role::Editor,
        changes: true,
        handler: |ask| Box::pin(health::reset(ask)),
    },
    Command {
        name: "retention",
        arguments: &[],
        help: "How long things are kept.",
        needs: Role::Viewer,
        changes: false,
        handler: |ask| Box::pin(reading::retention(ask)),
    },
];

impl Command {
    /// How it is typed.
    pub(crate) fn usage(&self) -> String {
        let mut usage = self.name.to_owned();
        for argument in self.arguments {
            // Writing into a text cannot fail.
            let _ = match argument {
                Must(kind) => write!(usage, " {}", kind.shown()),
                May(kind) => write!(usage, " [{}]", kind.shown()),
            };
        }
        usage
    }
}

/// The command of that name.
pub(crate) fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// The commands whose first word that is, of two.
pub(crate) fn beginning_with(word: &str) -> impl Iterator<Item = &'static Command> {
    COMMANDS
        .iter()
        .filter(move |command| command.name.split_once(' ').is_some_and(|(first, _)| first == word))
}

/// The command that is nearest to what was typed, if one is near.
pub(crate) fn nearest(typed: &str) -> Option<&'static Command> {
    let typed: String = typed.to_lowercase().chars().take(40).collect();
    let mut words = typed.split_whitespace();
    let one = words.next().unwrap_or_default().to_owned();
    let two = format!("{one} {}", words.next().unwrap_or_default());
    let distance = |command: &Command| {
        let typed = if command.name.contains(' ') { two.trim_end() } else { &one };
        strsim::osa_distance(typed, command.name)
    };
    // Of two that are as near the longer one, since more of it is right.
    let near = |command: &&Command| (distance(command), Reverse(command.name.len()));
    let nearest = COMMANDS.iter().min_by_key(near)?;
    // A third of it wrong is another word; but of a short one a letter may be.
    (distance(nearest) * 3 < nearest.name.len().max(4)).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_name_of_its_own_and_a_sentence() {
        for (n, command) in COMMANDS.iter().enumerate() {
            assert!(COMMANDS[..n].iter().all(|other| other.name != command.name), "{}", command.name);
            assert!(command.help.ends_with('.') && command.help.len() < 100, "{}", command.name);
            assert!(command.name.split(' ').count() <= 2);
            assert!(!command.changes || command.needs > Role::Viewer, "{}", command.name);
        }
    }

    #[test]
    fn what_is_left_out_comes_last_and_what_takes_the_rest_is_the_last_one() {
        for command in COMMANDS {
            let kinds: Vec<Kind> = command.arguments.iter().map(|argument| argument.kind()).collect();
            for (n, argument) in command.arguments.iter().enumerate() {
                let last = n + 1 == kinds.len();
                let takes_all = matches!(kinds[n], Kind::Command | Kind::Program | Kind::Prompt);
                assert!(last || !takes_all, "{}", command.name);
                assert!(last || kinds[n] == Kind::On || matches!(argument, Must(_)), "{}", command.name);
                assert!(!kinds[..n].contains(&kinds[n]), "{}", command.name);
            }
        }
    }

    #[test]
    fn a_command_tells_how_it_is_typed() {
        let usage = |name| find(name).unwrap().usage();
        assert_eq!(usage("do"), "do [--on RUNNER] -- PROGRAM ARGUMENTS…");
        assert_eq!(usage("logs"), "logs RUN [LINES]");
        assert_eq!(usage("schedule list"), "schedule list");
    }

    #[test]
    fn the_nearest_command_is_what_was_probably_meant() {
        let nearest = |typed| nearest(typed).map(|command| command.name);
        assert_eq!(nearest("stauts"), Some("status"));
        assert_eq!(nearest("runer"), Some("runners"));
        assert_eq!(nearest("schedul pause x"), Some("schedule pause"));
        assert_eq!(nearest("healht reset forge"), Some("health reset"));
        assert_eq!(nearest("Cancle run_1"), Some("cancel"));
        assert_eq!(nearest("bananas"), None);
        assert_eq!(nearest(""), None);
    }
}
