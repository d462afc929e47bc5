//! Tools that an agent's definition may name, and that its model may then call: within one project, checked, bounded.

mod calculator;
mod memory;
mod proposing;
mod talking;

use brain::Brain;
use kernel::{Code, Error, Result};
use models::{BadSchema, Schema, ToolCall};
use serde_json::{Value, json};
use store::{Scope, Store};

use crate::catalogue::Catalogue;
use crate::departments::engine::Citation;
use crate::ingest::Ingest;

/// The most bytes of what a tool answers.
pub const LONGEST_ANSWER: usize = 8_000;
/// The most bytes of arguments.
pub(crate) const LONGEST_ARGUMENTS: usize = 4_000;

/// A tool. What is not here no agent has, whatever a prompt, a record or a model says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Asks the project's memory.
    Recall,
    /// Reads a record.
    ReadRecord,
    /// Proposes a record, which waits for a person's decision.
    ProposeRecord,
    /// Calculates.
    Calculator,
    /// Asks another agent of the run.
    Ask,
    /// Tells other agents of the run.
    Tell,
}

/// What tools work with.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Toolbox {
    pub store: Store,
    pub brain: Brain,
    pub ingest: Ingest,
    pub catalogue: &'static Catalogue,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// For the model: JSON, or what went wrong.
    pub text: String,
    /// Whether it went wrong.
    pub failed: bool,
    /// The records that it tells of, which may be cited from now on.
    pub records: Vec<Citation>,
}

/// What a tool gives: an answer and the records that it tells of, or what to tell the model went wrong.
pub(crate) type Given = Result<(Value, Vec<Citation>), String>;

impl Tool {
    const ALL: [Self; 6] =
        [Self::Recall, Self::ReadRecord, Self::ProposeRecord, Self::Calculator, Self::Ask, Self::Tell];

    /// The name by which definitions call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Recall => "recall",
            Self::ReadRecord => "record.read",
            Self::ProposeRecord => "record.propose",
            Self::Calculator => "calculator",
            Self::Ask => "ask",
            Self::Tell => "tell",
        }
    }

    /// The tool of that name.
    ///
    /// # Errors
    /// `UNREADABLE_DOCUMENT` when there is none, naming those that there are.
    pub fn named(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name).ok_or_else(|| {
            let known = Self::names().join(", ");
            Error::new(Code::UnreadableDocument, format!("There is no tool {name}; there are {known}."))
        })
    }

    /// The names of all tools.
    #[must_use]
    pub fn names() -> [&'static str; 6] {
        Self::ALL.map(Self::name)
    }

    /// The name by which models call it; theirs have no dots.
    #[must_use]
    pub fn models_name(self) -> String {
        self.name().replace('.', "_")
    }

    /// The tool as models are told of it.
    ///
    /// # Errors
    /// Never: a test holds the schemas to that.
    pub fn described(self, catalogue: &Catalogue) -> Result<models::Tool, BadSchema> {
        let (description, arguments) = match self {
            Self::Recall => memory::describe_recall(),
            Self::ReadRecord => memory::describe_read(),
            Self::ProposeRecord => proposing::describe(catalogue),
            Self::Calculator => calculator::describe(),
            Self::Ask => talking::describe_ask(),
            Self::Tell => talking::describe_tell(),
        };
        Ok(models::Tool {
            description: description.to_owned(),
            arguments: Schema::new(self.models_name(), arguments)?,
        })
    }
}

impl Toolbox {
    /// Does what a model calls for, as far as its agent has that tool. `by` is the model.
    ///
    /// # Errors
    /// When the database fails. What is wrong with the call is told to the model.
    pub async fn call(&self, scope: &Scope, tools: &[Tool], by: &str, call: &ToolCall) -> Result<Answer> {
        let given = match self.checked(tools, call) {
            Ok(tool) => self.done(scope, tool, by, &call.arguments).await?,
            Err(why) => Err(why),
        };
        Ok(answer(given))
    }

    /// The tool that a model calls, if its agent has it and the arguments keep to their form; or what to tell the model.
    pub(crate) fn checked(&self, tools: &[Tool], call: &ToolCall) -> Result<Tool, String> {
        let tool = tools.iter().copied().find(|tool| tool.models_name() == call.name);
        let tool = tool.ok_or_else(|| "You do not have that tool.".to_owned())?;
        if call.arguments.to_string().len() > LONGEST_ARGUMENTS {
            return Err(format!("The arguments are longer than {LONGEST_ARGUMENTS} bytes."));
        }
        tool.described(self.catalogue).map_err(|error| error.to_string())?.check(call)?;
        Ok(tool)
    }

    async fn done(&self, scope: &Scope, tool: Tool, by: &str, arguments: &Value) -> Result<Given> {
        match tool {
            Tool::Recall => self.recall(scope, arguments).await,
            Tool::ReadRecord => self.read(scope, arguments).await,
            Tool::ProposeRecord => self.propose(scope, by, arguments).await,
            Tool::Calculator => Ok(calculator::calculate(text(arguments, "expression"))
                .map(|result| (json!({ "result": result }), Vec::new()))),
            // Whoever talks is at a run's step, which a toolbox is not.
            Tool::Ask | Tool::Tell => Ok(Err("There is nobody to talk to here.".into())),
        }
    }
}

/// What a tool gave, as far as a model is told of it.
pub(crate) fn answer(given: Given) -> Answer {
    match given {
        Ok((value, records)) => Answer { text: clipped(value.to_string()), failed: false, records },
        Err(why) => Answer { text: clipped(why), failed: true, records: Vec::new() },
    }
}

fn text<'a>(arguments: &'a Value, name: &str) -> &'a str {
    arguments[name].as_str().unwrap_or_default()
}

pub(crate) fn clipped(mut text: String) -> String {
    if text.len() > LONGEST_ANSWER {
        text.truncate(text.floor_char_boundary(LONGEST_ANSWER));
        text.push_str(" … (cut)");
    }
    text
}

/// An error of the caller is told to the model; one of the database ends the step.
pub(crate) fn told<T>(result: Result<T>) -> Result<Result<T, String>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error)
            if matches!(
                error.code(),
                Code::NotFound | Code::ValidationError | Code::Conflict | Code::RateLimited
            ) =>
        {
            Ok(Err(error.message().to_owned()))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
