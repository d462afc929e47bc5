//! From a line to a command and its arguments.

use kernel::{Code, Error, Result};
use serde_json::json;

use super::registry::{self, Argument, Command, Kind};

/// The most bytes of a line.
const LINE: usize = 40_000;

/// The arguments that were given.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    values: Vec<(Kind, String)>,
    /// A program and its arguments.
    pub(crate) program: Vec<String>,
}

impl Given {
    /// What was given of a kind; empty if nothing was.
    pub(crate) fn text(&self, kind: Kind) -> &str {
        self.find(kind).unwrap_or_default()
    }

    /// What was given of a kind, if anything was.
    pub(crate) fn find(&self, kind: Kind) -> Option<&str> {
        self.values.iter().find(|(found, _)| *found == kind).map(|(_, value)| value.as_str())
    }

    /// The number that was given of a kind.
    pub(crate) fn number(&self, kind: Kind) -> Option<u32> {
        self.find(kind)?.parse().ok()
    }
}

/// That a line makes no sense, in a sentence.
pub(crate) fn wrong(why: impl Into<String>) -> Error {
    let why = why.into();
    let details = json!({ "field": "line", "reason": why });
    Error::new(Code::ValidationError, why).with_details(details)
}

/// Reads a line.
///
/// # Errors
/// `VALIDATION_ERROR` with a sentence: what was probably meant, or how the command is typed.
pub(crate) fn line(line: &str) -> Result<(&'static Command, Given)> {
    if line.len() > LINE || line.contains('\0') {
        return Err(wrong(format!("A command has at most {LINE} bytes, and no zero in it.")));
    }
    let line = line.trim();
    let Some((command, rest)) = command(line) else { return Err(unknown(line)) };
    let given =
        arguments(command, rest).map_err(|why| wrong(format!("{why} It is typed: {}", command.usage())))?;
    Ok((command, given))
}

/// The command that a line begins with, and what is left of the line: the longer name, if two would do.
pub(crate) fn command(line: &str) -> Option<(&'static Command, &str)> {
    let (first, rest) = word(line);
    let (second, after) = word(rest);
    let name = first.to_lowercase();
    match registry::find(&format!("{name} {}", second.to_lowercase())) {
        Some(command) => Some((command, after)),
        None => registry::find(&name).map(|command| (command, rest)),
    }
}

fn unknown(line: &str) -> Error {
    let (first, _) = word(line);
    if first.is_empty() {
        return wrong("Type a command; help lists them.");
    }
    let several: Vec<&str> =
        registry::beginning_with(&first.to_lowercase()).map(|command| command.name).collect();
    if !several.is_empty() {
        return wrong(format!("That is not whole. There are: {}.", several.join(", ")));
    }
    let first: String = first.chars().filter(|c| !c.is_control()).take(40).collect();
    match registry::nearest(line) {
        Some(near) => wrong(format!("There is no command {first}. Did you mean {}?", near.name)),
        None => wrong(format!("There is no command {first}; help lists those that there are.")),
    }
}

/// The first word of a text, and what follows.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

fn arguments(command: &Command, rest: &str) -> Result<Given, String> {
    let mut given = Given::default();
    match command.arguments {
        // What people write is no shell's language: its apostrophes stay as they are.
        [Argument::Must(whom), Argument::Must(Kind::Prompt)] => {
            let (first, prompt) = word(rest);
            for (kind, value) in [(*whom, first), (Kind::Prompt, prompt)] {
                if value.is_empty() {
                    return Err(missing(kind));
                }
                given.values.push((kind, value.to_owned()));
            }
        }
        [Argument::May(Kind::Command)] if !rest.is_empty() => {
            given.values.push((Kind::Command, rest.to_owned()));
        }
        wanted => {
            let words = shlex::split(rest).ok_or("A quote is not closed.")?;
            fill(&mut given, wanted, words)?;
        }
    }
    Ok(given)
}

fn missing(kind: Kind) -> String {
    format!("{} is missing.", kind.shown().trim_start_matches("-- "))
}

/// Takes words for arguments, one after the other.
fn fill(given: &mut Given, wanted: &[Argument], words: Vec<String>) -> Result<(), String> {
    let mut words = words.into_iter().peekable();
    for argument in wanted {
        let kind = argument.kind();
        let value = match kind {
            Kind::Program => {
                if words.peek().is_some_and(|word| word != "--") {
                    return Err("The program comes behind --.".into());
                }
                given.program = words.by_ref().skip(1).collect();
                if given.program.is_empty() {
                    return Err(missing(kind));
                }
                break;
            }
            Kind::On => match words.next_if(|word| word == "--on") {
                Some(_) => words.next_if(|word| word != "--"),
                None => continue,
            },
            _ => words.next(),
        };
        match (value, argument) {
            (Some(value), _) => given.values.push((kind, checked(kind, value)?)),
            (None, Argument::May(Kind::On) | Argument::Must(_)) => return Err(missing(kind)),
            (None, Argument::May(_)) => break,
        }
    }
    match words.next() {
        Some(more) => Err(format!("{} is too much.", more.chars().take(40).collect::<String>())),
        None => Ok(()),
    }
}

fn checked(kind: Kind, value: String) -> Result<String, String> {
    let Some((least, most)) = kind.bounds() else { return Ok(value) };
    match value.parse::<u32>() {
        Ok(number) if (least..=most).contains(&number) => Ok(value),
        _ => Err(format!("{} is a number from {least} to {most}.", kind.shown())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (&'static str, Given) {
        let (command, given) = line(text).unwrap();
        (command.name, given)
    }

    fn refused(text: &str) -> String {
        line(text).err().unwrap().message().to_owned()
    }

    #[test]
    fn a_command_of_two_words_is_told_from_that_of_one() {
        assert_eq!(read("health").0, "health");
        let (name, given) = read("  Health   RESET 'the forge' ");
        assert_eq!((name, given.text(Kind::Runner)), ("health reset", "the forge"));
    }

    #[test]
    fn quotes_hold_a_programs_arguments_together() {
        let (name, given) = read(r#"do --on forge -- grep -r "a b" 'c"d' e\ f --on x"#);
        assert_eq!((name, given.text(Kind::On)), ("do", "forge"));
        assert_eq!(given.program, ["grep", "-r", "a b", "c\"d", "e f", "--on", "x"]);
        assert_eq!(read("do -- true").1, Given { program: vec!["true".into()], ..Given::default() });
        assert!(refused("do -- echo 'never closed").starts_with("A quote is not closed."));
    }

    #[test]
    fn what_an_agent_is_asked_stays_as_it_was_typed() {
        let (name, given) = read("ask scribe  Don't  lose \"this\"\nor this");
        assert_eq!((name, given.text(Kind::Agent)), ("ask", "scribe"));
        assert_eq!(given.text(Kind::Prompt), "Don't  lose \"this\"\nor this");
    }

    #[test]
    fn what_is_wrong_is_said_with_how_it_is_typed() {
        assert_eq!(refused("cancel"), "RUN is missing. It is typed: cancel RUN");
        assert!(refused("do cargo test").starts_with("The program comes behind --."));
        assert!(refused("do --on -- true").starts_with("--on RUNNER is missing."));
        assert!(refused("do --").starts_with("PROGRAM ARGUMENTS… is missing."));
        assert!(refused("do").starts_with("PROGRAM ARGUMENTS… is missing."));
        assert!(refused("ask scribe").starts_with("PROMPT… is missing."));
        assert!(refused("logs run_1 0").starts_with("LINES is a number from 1 to 200."));
        assert!(refused("usage month").starts_with("DAYS is a number from 1 to 366."));
        assert!(refused("status now").starts_with("now is too much."));
    }

    #[test]
    fn an_unknown_command_is_answered_by_the_nearest() {
        assert_eq!(refused("stauts"), "There is no command stauts. Did you mean status?");
        assert_eq!(refused("dance"), "There is no command dance; help lists those that there are.");
        assert_eq!(
            refused("schedule"),
            "That is not whole. There are: schedule list, schedule pause, schedule resume."
        );
        assert_eq!(refused("  "), "Type a command; help lists them.");
    }

    #[test]
    fn a_line_without_an_end_is_not_read() {
        assert!(line(&"x".repeat(LINE + 1)).is_err());
        assert!(line("status\0").is_err());
    }

    #[test]
    fn help_takes_a_command_of_two_words() {
        assert_eq!(read("help health reset").1.text(Kind::Command), "health reset");
        assert_eq!(read("help").1, Given::default());
    }
}
