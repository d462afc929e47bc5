//! Definitions of agents: a file of Markdown whose front matter says what the agent is, and whose text is what it is told.

use kernel::{Code, Error, Result};
use serde::Deserialize;

/// The longest definition, in bytes.
const LONGEST: usize = 16 * 1024;

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

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    /// `UNREADABLE_DOCUMENT`, with what is wrong.
    pub fn parse(file: &str) -> Result<Self> {
        if file.len() > LONGEST {
            return Err(unreadable(format!("it is longer than {LONGEST} bytes")));
        }
        let file = file.replace("\r\n", "\n");
        let (matter, prompt) = file
            .strip_prefix("---\n")
            .and_then(|rest| rest.split_once("\n---\n").or_else(|| Some((rest.strip_suffix("\n---")?, ""))))
            .ok_or_else(|| unreadable("it must begin with front matter between two lines of `---`"))?;
        let matter: Matter = serde_saphyr::from_str(matter).map_err(|error| unreadable(error.to_string()))?;
        let threshold = matter.threshold.unwrap_or(match matter.role {
            Role::Head => DEPARTMENT,
            Role::Specialist => SPECIALIST,
        });
        if !(0.0..=1.0).contains(&threshold) {
            return Err(unreadable("threshold: must be from 0 to 1"));
        }
        for (field, text) in
            [("name", &matter.name), ("department", &matter.department), ("engine", &matter.engine)]
        {
            let plain = text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte));
            if text.is_empty() || text.len() > 60 || !plain {
                return Err(unreadable(format!("{field}: must be 1 to 60 of a to z, 0 to 9, `-` and `.`")));
            }
        }
        let Limits { attempts, minutes, .. } = matter.limits;
        if !(1..=10).contains(&attempts) || !(1..=24 * 60).contains(&minutes) {
            return Err(unreadable("limits: 1 to 10 attempts, 1 to 1440 minutes"));
        }
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

fn unreadable(reason: impl Into<String>) -> Error {
    let reason = reason.into();
    Error::new(Code::UnreadableDocument, format!("The definition of the agent cannot be read: {reason}"))
        .with_details(serde_json::json!({ "reason": reason }))
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
        ] {
            let error = Definition::parse(&file).unwrap_err();
            assert_eq!(error.code(), Code::UnreadableDocument);
            assert!(error.message().contains(why), "{why}: {error}");
        }
    }
}
