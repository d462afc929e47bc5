//! An open server: its tools, and calls of them.

use std::time::Duration;

use resilience::breakers::Breakers;
use rmcp::ServiceError;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, PaginatedRequestParams,
    ResourceContents,
};
use rmcp::service::{RoleClient, RunningService};
use serde_json::{Map, Value};

use crate::lines::Overlong;
use crate::{Fault, LARGEST, Options, fault};

/// Tools of a server that are told of at most; the others are left out.
const MOST_TOOLS: usize = 128;
/// Pages of the list that are asked for at most.
const MOST_PAGES: usize = 16;
/// Characters of what a server says of a tool.
const LONGEST_DESCRIPTION: usize = 1_000;
/// The longest form of a tool's arguments, in bytes; a tool with a longer one is left out.
const LONGEST_FORM: usize = 16 << 10;

/// A tool of a server.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name there.
    pub name: String,
    /// What the server says of it. Words of others: to be read, not obeyed.
    pub description: String,
    /// The form of its arguments, a JSON schema.
    pub arguments: Value,
    /// Whether the server says that it only reads.
    pub only_reads: bool,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// All that is text in it.
    pub text: String,
    /// Whether the tool says that it failed.
    pub failed: bool,
}

/// A connection, and the process behind it if it is a command: that ends with it.
pub(crate) struct Opened {
    pub(crate) service: RunningService<RoleClient, ()>,
    /// Whether it is closed because it said too much at once.
    pub(crate) overlong: Overlong,
    pub(crate) _process: Option<tokio::process::Child>,
}

impl Opened {
    /// Why a call was not answered.
    fn fault(&self, error: &ServiceError) -> Fault {
        if self.overlong.is_so() { Fault::TooLarge(LARGEST) } else { fault::of_call(error) }
    }
}

/// An open server; it is closed when this is dropped.
pub struct Session {
    name: String,
    opened: Opened,
    tools: Vec<Tool>,
    breakers: Breakers<String>,
    patience: Duration,
    bytes: usize,
}

impl Session {
    pub(crate) fn new(
        name: String,
        opened: Opened,
        tools: Vec<Tool>,
        breakers: Breakers<String>,
        options: &Options,
    ) -> Self {
        let (patience, bytes) = (options.call, options.answer_bytes);
        Self { name, opened, tools, breakers, patience, bytes }
    }

    /// Its tools.
    #[must_use]
    pub fn tools(&self) -> &[Tool] {
        &self.tools
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// Why there is no answer. What the tool itself says went wrong is an answer.
    pub async fn call(&self, tool: &str, arguments: Map<String, Value>) -> Result<Answer, Fault> {
        let ticket = self.breakers.admit(&self.name)?;
        let call = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let answered =
            match tokio::time::timeout(self.patience, self.opened.service.call_tool_once(call)).await {
                Err(_) => Err(Fault::Slow(self.patience)),
                Ok(Err(error)) => Err(self.opened.fault(&error)),
                Ok(Ok(CallToolResponse::Complete(result))) => read(result, self.bytes),
                Ok(Ok(_)) => Err(Fault::WantsMore),
            };
        ticket.record(fault::outcome(answered.as_ref().err()));
        answered
    }
}

/// The tools that a server lists.
pub(crate) async fn listed(opened: &Opened, bytes: usize) -> Result<Vec<Tool>, Fault> {
    let (mut tools, mut cursor, mut size) = (Vec::new(), None, 0);
    for _ in 0..MOST_PAGES {
        let page = PaginatedRequestParams::default().with_cursor(cursor);
        let page = opened.service.list_tools(Some(page)).await.map_err(|error| opened.fault(&error))?;
        for tool in page.tools {
            let arguments = Value::Object((*tool.input_schema).clone());
            let form = arguments.to_string().len();
            size += form;
            if size > bytes {
                return Err(Fault::TooLarge(bytes));
            }
            if form > LONGEST_FORM || tools.len() >= MOST_TOOLS {
                continue;
            }
            let description = tool.description.as_deref().unwrap_or_default();
            tools.push(Tool {
                name: tool.name.chars().take(120).collect(),
                description: description.chars().take(LONGEST_DESCRIPTION).collect(),
                arguments,
                only_reads: tool.annotations.as_ref().is_some_and(|says| says.read_only_hint == Some(true)),
            });
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(tools)
}

/// What is text in a result, if it is not too much.
fn read(result: CallToolResult, bytes: usize) -> Result<Answer, Fault> {
    let failed = result.is_error == Some(true);
    let mut parts: Vec<String> = Vec::new();
    for block in result.content {
        parts.push(match block {
            ContentBlock::Text(text) => text.text,
            ContentBlock::Resource(resource) => match resource.resource {
                ResourceContents::TextResourceContents { text, .. } => text,
                _ => "(a file that is no text was left out)".into(),
            },
            ContentBlock::ResourceLink(link) => format!("(a link: {})", link.uri),
            ContentBlock::Image(image) => format!("(an image, {}, was left out)", image.mime_type),
            ContentBlock::Audio(audio) => format!("(a sound, {}, was left out)", audio.mime_type),
            _ => "(what is no text was left out)".into(),
        });
    }
    // Servers repeat what is structured as text; only where they do not it is told.
    if parts.is_empty()
        && let Some(structured) = result.structured_content
    {
        parts.push(structured.to_string());
    }
    let text = parts.join("\n");
    if text.len() > bytes {
        return Err(Fault::TooLarge(bytes));
    }
    Ok(Answer { text, failed })
}
