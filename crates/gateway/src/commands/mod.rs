//! Commands that people type about the fleet and its work: one table of them, from which come parsing, help, completion and
//! permission, whether they are typed in the UI or in Slack.

mod completion;
mod doing;
mod health;
mod named;
pub(crate) mod parse;
mod reading;
mod registry;
mod saying;
pub(crate) mod told;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use identity::{Permit, Viewer};
use kernel::{Ambient, Code, Error, PersonId, ProjectId, Result, Timestamp};
use serde_json::{Map, Value, json};
use store::{Scope, Store};
use tasks::Tasks;
use wire::fleet::{Command as Told, CommandReply, Commands as List};

use crate::Gateway;
use parse::Given;
use registry::{COMMANDS, Command};

/// What commands need to know that is decided elsewhere.
#[derive(Clone)]
pub struct Options {
    /// What is kept, and for how long, in words.
    pub retention: Vec<(String, String)>,
    /// Called when a schedule was changed.
    pub scheduled: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("retention", &self.retention).finish_non_exhaustive()
    }
}

/// From where a command is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Whence {
    Ui,
    Slack,
}

impl Whence {
    /// The name in the audit log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ui => "ui",
            Self::Slack => "slack",
        }
    }
}

/// Who gives a command, in which project and as what.
#[derive(Debug, Clone, Copy)]
pub struct Who {
    scope: Scope,
    /// An API key may only read.
    writes: bool,
    whence: Whence,
}

impl Who {
    /// Whoever was let in by the API.
    #[must_use]
    pub fn by(permit: &Permit<Viewer>) -> Self {
        Self { scope: *permit.scope(), writes: permit.caller().may_write().is_ok(), whence: Whence::Ui }
    }

    /// Whoever was let in as the person that a word in Slack is from.
    #[must_use]
    pub fn in_slack(scope: Scope) -> Self {
        Self { scope, writes: true, whence: Whence::Slack }
    }

    /// Whether they may give a command.
    fn may(&self, command: &Command) -> Result<()> {
        let Command { name, needs, changes, .. } = command;
        if self.scope.role() < *needs {
            let role = self.scope.role();
            let why = format!(
                "{name} needs the role {needs}; yours is {role}. An owner of the project can change that."
            );
            return Err(Error::new(Code::Forbidden, why));
        }
        if *changes && !self.writes {
            return Err(Error::new(Code::Forbidden, "This API key may only read. Make one that may write."));
        }
        Ok(())
    }
}

/// What a handler is given.
pub(crate) struct Ask {
    commands: Commands,
    who: Who,
    given: Given,
    /// The id of the word in Slack that it came by, if it did: that may come twice.
    word: Option<String>,
}

impl Ask {
    fn gateway(&self) -> &Gateway {
        &self.commands.inner.gateway
    }

    fn store(&self) -> &Store {
        &self.gateway().inner.store
    }

    fn tasks(&self) -> &Tasks {
        &self.gateway().inner.tasks
    }

    fn ambient(&self) -> &Ambient {
        &self.gateway().inner.ambient
    }

    fn now(&self) -> Timestamp {
        self.ambient().now()
    }

    fn scope(&self) -> &Scope {
        &self.who.scope
    }

    fn project(&self) -> ProjectId {
        self.who.scope.project()
    }

    fn actor(&self) -> Option<PersonId> {
        self.who.scope.actor()
    }
}

/// What came of a command.
pub(crate) struct Done {
    reply: CommandReply,
    /// What was changed, for the audit log.
    target: String,
    /// What the log says of it; never a secret, nor what may hold one.
    details: Map<String, Value>,
}

impl Done {
    /// Something to read: nothing was changed.
    fn told(reply: CommandReply) -> Self {
        Self { reply, target: String::new(), details: Map::new() }
    }

    /// Something was changed.
    fn changed(reply: CommandReply, target: impl ToString) -> Self {
        Self { reply, target: target.to_string(), details: Map::new() }
    }

    fn noting(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    fn noting_all(self, details: Map<String, Value>) -> Self {
        Self { details, ..self }
    }
}

/// What a handler does.
pub(crate) type Doing = Pin<Box<dyn Future<Output = Result<Done>> + Send>>;

/// The commands. A cheap clone of one shared thing.
#[derive(Clone)]
pub struct Commands {
    inner: Arc<Inner>,
}

struct Inner {
    gateway: Gateway,
    options: Options,
}

impl Commands {
    /// Commands about what comes through a gateway.
    #[must_use]
    pub fn new(gateway: Gateway, options: Options) -> Self {
        Self { inner: Arc::new(Inner { gateway, options }) }
    }

    /// Does what a line says. What changes something is in the audit log when this gives its reply. By one
    /// `word` in Slack nothing is ordered, or said to an agent, a second time.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` when the line is no command, with what was probably meant; `FORBIDDEN` when it is not for this person;
    /// what the command says otherwise.
    pub async fn run(&self, who: &Who, line: &str, word: Option<&str>) -> Result<CommandReply> {
        let (command, given) = parse::line(line)?;
        who.may(command)?;
        let ask = Ask { commands: self.clone(), who: *who, given, word: word.map(str::to_owned) };
        let done = (command.handler)(ask).await?;
        if command.changes {
            self.note(who, command, &done).await?;
        }
        Ok(done.reply)
    }

    async fn note(&self, who: &Who, command: &Command, done: &Done) -> Result<()> {
        let action = format!("command.{}", command.name.replace(' ', "_"));
        let mut details = done.details.clone();
        details.insert("from".into(), json!(who.whence.as_str()));
        self.inner.gateway.note(&who.scope, &action, &done.target, Value::Object(details)).await
    }

    /// All commands, and how a line may go on that is typed so far.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, who: &Who, line: Option<&str>) -> Result<List> {
        let commands = COMMANDS.iter().map(|command| Told {
            name: command.name.into(),
            usage: command.usage(),
            help: command.help.into(),
            needs: command.needs,
            allowed: who.may(command).is_ok(),
            changes: command.changes,
        });
        let completions = match line {
            Some(line) => completion::of(&self.inner.gateway.inner.store, who, line).await?,
            None => Vec::new(),
        };
        Ok(List { commands: commands.collect(), completions })
    }
}
