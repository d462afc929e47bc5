//! Definitions of agents: a file of Markdown whose front matter says what the agent is, and whose text is what it is told.

use kernel::{Code, Error};
use serde::Deserialize;
use serde_json::json;
use serde_saphyr::{DefaultMessageFormatter, MessageFormatter};

/// The longest definition, in bytes.
pub const LONGEST: usize = 16 * 1024;
/// The longest title or name of a model, and the longest cue, in characters.
const LONGEST_WORDS: usize = 120;
/// Tools, and cues, that a definition names at most.
const MOST_LISTED: usize = 60;
/// The most tokens that an attempt may have.
const MOST_TOKENS: u32 = 10_000_000;

/// What an agent is in its department.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Grades what the specialists did, and puts it together.
    Head,
    /// Does one kind of work.
    Specialist,
}

/// How much an agent may use for one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// How often its step is tried.
    pub attempts: u32,
    /// How long an attempt may take, in minutes.
    pub minutes: u32,
    /// How many tokens of a model an attempt may use; with none left it asks a person.
    pub tokens: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { attempts: 3, minutes: 10, tokens: 40_000 }
    }
}

/// An agent, as its file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Names it within its department.
    pub name: String,
    /// For people.
    pub title: String,
    /// The department that it is in.
    pub department: String,
    /// What it is there.
    pub role: Role,
    /// The algorithm that does its work.
    pub engine: String,
    /// The tools that its model may use.
    pub tools: Vec<String>,
    /// Which of the configured models it asks; the usual one if none is named.
    pub model: Option<String>,
    /// The least score that its work is kept with, 0 to 1.
    pub threshold: f64,
    /// What it may use.
    pub limits: Limits,
    /// Words in a request that speak for its department.
    pub cues: Vec<String>,
    /// What a model is told before all else.
    pub prompt: String,
}

/// The front matter, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matter {
    name: String,
    title: String,
    department: String,
    role: Role,
    engine: String,
    #[serde(default)]
    tools: Vec<String>,
    model: Option<String>,
    threshold: Option<f64>,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    cues: Vec<String>,
}

/// What a specialist's work needs at least (F10).
const SPECIALIST: f64 = 0.50;
/// What a department's work needs at least (F10).
const DEPARTMENT: f64 = 0.60;

/// Why a definition cannot be used, and where that stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1, if one is to blame.
    pub line: Option<u32>,
    /// The field of the front matter, if one is to blame.
    pub field: Option<String>,
    /// What is wrong, for people.
    pub reason: String,
}

impl Fault {
    fn new(line: Option<u32>, reason: impl Into<String>) -> Self {
        Self { line, field: None, reason: reason.into() }
    }

    /// What is wrong with a field, at the line of `file` where it stands.
    pub fn of(file: &str, field: &str, reason: impl Into<String>) -> Self {
        let is_it =
            |line: &str| line.strip_prefix(field).is_some_and(|rest| rest.trim_start().starts_with(':'));
        let matter = file.lines().enumerate().skip(1).take_while(|(_, line)| line.trim_end() != "---");
        let line = matter.into_iter().find(|(_, line)| is_it(line));
        let line = line.and_then(|(index, _)| u32::try_from(index + 1).ok());
        Self { line, field: Some(field.to_owned()), reason: reason.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.reason)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Error::new(Code::UnreadableDocument, format!("The definition of the agent cannot be used: {fault}."))
            .with_details(json!({ "line": fault.line, "field": fault.field, "reason": fault.reason }))
    }
}

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(file: &str) -> Result<Self, Fault> {
        if file.len() > LONGEST {
            return Err(Fault::new(None, format!("it is longer than {LONGEST} bytes")));
        }
        let file = file.replace("\r\n", "\n");
        let (matter, prompt) = file
            .strip_prefix("---\n")
            .and_then(|rest| rest.split_once("\n---\n").or_else(|| Some((rest.strip_suffix("\n---")?, ""))))
            .ok_or_else(|| {
                Fault::new(Some(1), "it must begin with front matter between two lines of `---`")
            })?;
        let matter: Matter = serde_saphyr::from_str(matter).map_err(|error| unreadable(&error))?;
        let threshold = matter.threshold.unwrap_or(match matter.role {
            Role::Head => DEPARTMENT,
            Role::Specialist => SPECIALIST,
        });
        matter.check(&file, threshold)?;
        Ok(Self {
            name: matter.name,
            title: matter.title,
            department: matter.department,
            role: matter.role,
            engine: matter.engine,
            tools: matter.tools,
            model: matter.model,
            threshold,
            limits: matter.limits,
            cues: matter.cues,
            prompt: prompt.trim().to_owned(),
        })
    }
}

impl Matter {
    /// Whether all is within its bounds.
    fn check(&self, file: &str, threshold: f64) -> Result<(), Fault> {
        let wrong = |field: &str, reason: &str| Err(Fault::of(file, field, reason));
        if !(0.0..=1.0).contains(&threshold) {
            return wrong("threshold", "must be from 0 to 1");
        }
        for (field, text) in
            [("name", &self.name), ("department", &self.department), ("engine", &self.engine)]
        {
            if !is_name(text) {
                return wrong(field, "must be 1 to 60 of a to z, 0 to 9, `-` and `.`");
            }
        }
        let words = |text: &str| {
            !text.trim().is_empty()
                && text.chars().count() <= LONGEST_WORDS
                && !text.chars().any(char::is_control)
        };
        if !words(&self.title) {
            return wrong("title", "must be 1 to 120 characters, on one line");
        }
        if self.model.as_ref().is_some_and(|model| !words(model)) {
            return wrong("model", "must be 1 to 120 characters, on one line");
        }
        if self.cues.len() > MOST_LISTED || !self.cues.iter().all(|cue| words(cue)) {
            return wrong("cues", "must be at most 60, of 1 to 120 characters each");
        }
        if self.tools.len() > MOST_LISTED {
            return wrong("tools", "must be at most 60");
        }
        let Limits { attempts, minutes, tokens } = self.limits;
        if !(1..=10).contains(&attempts) || !(1..=24 * 60).contains(&minutes) || tokens > MOST_TOKENS {
            return wrong("limits", "must be 1 to 10 attempts, 1 to 1440 minutes, at most 10000000 tokens");
        }
        Ok(())
    }
}

/// Whether a text can name an agent, a department or an engine.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    (1..=60).contains(&text.len()) && text.bytes().all(plain)
}

/// What the front matter's reader says, at its line within the file, which begins with a line more.
fn unreadable(error: &serde_saphyr::Error) -> Fault {
    let line = error.location().and_then(|at| u32::try_from(at.line() + 1).ok());
    Fault::new(line, DefaultMessageFormatter.format_message(error.without_snippet()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAST: &str = "---\nname: cast\ntitle: Cast list\ndepartment: character\nrole: specialist\nengine: film.cast\n\
        cues: [cast, actor]\nlimits:\n  tokens: 500\n---\n\nYou list who is in the film.\n";

    #[test]
    fn a_definition_is_its_front_matter_and_its_text() {
        let cast = Definition::parse(CAST).unwrap();
        assert_eq!(
            (cast.name.as_str(), cast.engine.as_str(), cast.role),
            ("cast", "film.cast", Role::Specialist)
        );
        assert_eq!(cast.limits, Limits { attempts: 3, minutes: 10, tokens: 500 });
        assert_eq!((cast.threshold, cast.prompt.as_str()), (0.5, "You list who is in the film."));
        let head = CAST.replace("specialist", "head").replace('\n', "\r\n");
        assert_eq!(Definition::parse(&head).unwrap().threshold, 0.6);
    }

    #[test]
    fn a_definition_that_cannot_be_read_says_why() {
        for (file, why) in [
            ("You list who is in the film.".to_owned(), "front matter"),
            (CAST.replace("title: Cast list\n", ""), "title"),
            (CAST.replace("engine", "motor"), "motor"),
            (CAST.replace("role: specialist", "role: extra"), "extra"),
            (CAST.replace("name: cast", "name: ../cast"), "name"),
            (CAST.replace("cues:", "threshold: 1.5\ncues:"), "threshold"),
            (CAST.replace("tokens: 500", "attempts: 0"), "limits"),
            (CAST.replace("You", &"x".repeat(LONGEST)), "longer"),
            (CAST.replace("title: Cast list", "title: \"\""), "title"),
            (CAST.replace("[cast, actor]", &format!("[{}]", "a,".repeat(61))), "cues"),
            (CAST.replace("tokens: 500", "tokens: 4000000000"), "tokens"),
        ] {
            let error = Error::from(Definition::parse(&file).unwrap_err());
            assert_eq!(error.code(), Code::UnreadableDocument);
            assert!(error.message().contains(why), "{why}: {error}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_field() {
        let fault = |file: &str| Definition::parse(file).unwrap_err();
        let threshold = fault(&CAST.replace("cues:", "threshold: 1.5\ncues:"));
        assert_eq!((threshold.line, threshold.field.as_deref()), (Some(7), Some("threshold")));
        assert_eq!(threshold.to_string(), "line 7: threshold: must be from 0 to 1");
        assert_eq!(fault(&CAST.replace("engine", "motor")).line, Some(6));
        assert_eq!(
            fault(&CAST.replace("role: specialist", "role: [")).line.map(|line| line >= 5),
            Some(true)
        );
        assert_eq!(fault("You list who is in the film.").line, Some(1));
        let reason = fault(&CAST.replace("role: specialist", "role: extra")).reason;
        assert!(!reason.contains(" at line ") && !reason.contains('\n'), "{reason}");
        // A field that is not there has no line.
        assert_eq!(Fault::of(CAST, "model", "is unknown").line, None);
    }
}
