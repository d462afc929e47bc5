//! The tools of others that one agent has while it talks: its servers are opened at its first round, and closed when it ends.

use futures_util::future::join_all;
use kernel::{Code, Error, Result};
use models::{Schema, ToolCall};
use serde_json::{Map, Value, json};
use store::{Scope, tool_servers};
use toolservers::Session;

use super::{Outside, PREFIX, asks, is_name};
use crate::tools::clipped;

/// Tools of others that one agent has at most; models do worse with more.
const MOST: usize = 32;

/// What an agent's definition names: all tools of a server, or one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Wish {
    pub server: String,
    pub tool: Option<String>,
}

impl Wish {
    /// Reads `mcp:server` or `mcp:server/tool`; nothing if it does not begin so.
    ///
    /// # Errors
    /// `UNREADABLE_DOCUMENT` when it is neither.
    pub fn read(name: &str) -> Result<Option<Self>> {
        let Some(rest) = name.strip_prefix(PREFIX) else { return Ok(None) };
        let (server, tool) = match rest.split_once('/') {
            Some((server, tool)) => (server, Some(tool.to_owned())),
            None => (rest, None),
        };
        if !is_name(server) || tool.as_ref().is_some_and(|tool| tool.is_empty() || tool.len() > 120) {
            let what = format!("{name} names no tool: it must be {PREFIX}server or {PREFIX}server/tool.");
            return Err(Error::new(Code::UnreadableDocument, what));
        }
        Ok(Some(Self { server: server.to_owned(), tool }))
    }
}

/// A tool of others as an agent has it.
pub struct Called {
    /// `mcp:server/tool`.
    pub name: String,
    /// Whether a person has to be asked before it is called.
    pub asks: bool,
    /// As models are told of it.
    pub described: models::Tool,
    tool: String,
    session: usize,
}

/// What an agent has of others.
#[derive(Default)]
pub struct Open {
    sessions: Vec<Session>,
    tools: Vec<Called>,
    /// What could not be had, and why, for the log.
    pub lacks: Vec<String>,
}

impl Outside {
    /// Opens the servers that an agent wishes tools of. What cannot be had is left out, and named.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(&self, scope: &Scope, wishes: &[Wish]) -> Result<Open> {
        let mut open = Open::default();
        if wishes.is_empty() {
            return Ok(open);
        }
        let rows = self.store.read_in(scope, tool_servers::list).await?;
        let named = |server: &str| wishes.iter().any(|wish| wish.server == server);
        for wish in wishes {
            let missing = format!("The project has no tool server {}.", wish.server);
            if rows.iter().all(|row| row.name != wish.server) && !open.lacks.contains(&missing) {
                open.lacks.push(missing);
            }
        }
        // One that is slow does not keep the others waiting.
        let opening =
            rows.iter().filter(|row| named(&row.name)).map(async |row| (row, self.opened(scope, row).await));
        for (row, opened) in join_all(opening).await {
            let server = row.name.as_str();
            let session = match opened {
                Ok(Ok(session)) => session,
                Ok(Err(fault)) => {
                    open.lacks.push(format!("The tool server {server} cannot be used: {fault}."));
                    continue;
                }
                Err(error) if error.code() == Code::Conflict => {
                    open.lacks.push(format!("The tool server {server} cannot be used: {}", error.message()));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let wanted: Vec<Option<&str>> =
                wishes.iter().filter(|wish| wish.server == server).map(|wish| wish.tool.as_deref()).collect();
            for missing in wanted.iter().flatten() {
                if session.tools().iter().all(|tool| tool.name != **missing) {
                    open.lacks.push(format!("The tool server {server} has no tool {missing}."));
                }
            }
            let place = open.sessions.len();
            for tool in session.tools() {
                if !wanted.iter().any(|wanted| wanted.is_none_or(|wanted| wanted == tool.name)) {
                    continue;
                }
                let name = format!("{PREFIX}{server}/{}", tool.name);
                if open.tools.len() >= MOST {
                    open.lacks.push(format!("{name} is one tool too many."));
                    continue;
                }
                let own = models_name(server, &tool.name, &open.tools);
                match Schema::new(own, tool.arguments.clone()) {
                    Ok(arguments) => open.tools.push(Called {
                        asks: asks(row, tool),
                        described: models::Tool {
                            description: format!("(of the outside server {server}) {}", tool.description),
                            arguments,
                        },
                        tool: tool.name.clone(),
                        session: place,
                        name,
                    }),
                    Err(bad) => open.lacks.push(format!("{name} cannot be called: {bad}.")),
                }
            }
            open.sessions.push(session);
        }
        Ok(open)
    }
}

impl Open {
    /// The tools.
    #[must_use]
    pub fn tools(&self) -> &[Called] {
        &self.tools
    }

    /// The tool that a model calls so.
    #[must_use]
    pub fn called(&self, call: &ToolCall) -> Option<&Called> {
        self.tools.iter().find(|tool| tool.described.name() == call.name)
    }

    /// The tool of that name: `mcp:server/tool`.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Called> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// Calls a tool. Gives its text and whether it failed; why there is no answer is a text, too.
    pub async fn call(&self, tool: &Called, arguments: &Value) -> (String, bool) {
        let arguments: Map<String, Value> = arguments.as_object().cloned().unwrap_or_default();
        let Some(session) = self.sessions.get(tool.session) else {
            return ("That server is not open.".into(), true);
        };
        match session.call(&tool.tool, arguments).await {
            // Whatever it says is something to read: as one text of JSON nothing in it can pass for the words around it.
            Ok(answer) => (json!({ "outsideServerSaid": clipped(answer.text) }).to_string(), answer.failed),
            Err(fault) => (format!("There is no answer: {fault}."), true),
        }
    }
}

/// A name by which models call it: of letters, digits, `_` and `-`, and no other tool's.
fn models_name(server: &str, tool: &str, others: &[Called]) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' };
    let base: String =
        format!("mcp_{server}_{tool}").chars().map(plain).take(models::MAX_TOOL_NAME - 3).collect();
    let taken = |name: &str| others.iter().any(|other| other.described.name() == name);
    let numbered = (2..100).map(|number| format!("{base}_{number}"));
    std::iter::once(base.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_names_a_server_or_one_of_its_tools() {
        let wish = |server: &str, tool: Option<&str>| {
            Some(Wish { server: server.into(), tool: tool.map(str::to_owned) })
        };
        assert_eq!(Wish::read("recall").unwrap(), None);
        assert_eq!(Wish::read("mcp:weather").unwrap(), wish("weather", None));
        assert_eq!(Wish::read("mcp:weather/tide.table").unwrap(), wish("weather", Some("tide.table")));
        for wrong in ["mcp:", "mcp:/x", "mcp:weather/", "mcp:We ather", "mcp:../x/y"] {
            assert!(Wish::read(wrong).is_err(), "{wrong}");
        }
    }
}
