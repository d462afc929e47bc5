//! Tools of others: the servers that a project's owner has named, which of their tools an agent has, and what trying one gives.

mod open;

use identity::{Identity, Owner, Permit};
use kernel::{Ambient, Error, Result};
use serde_json::json;
use store::tool_servers::{self, Row};
use store::{Scope, Store, audit, project_secrets};
use toolservers::{Fault, Place, Token, ToolServers};
use wire::tools::{OutsideTool, PutToolServer, ToolServer, ToolServerHealth, ToolServerList, ToolServerTest};

pub use open::{Called, Open, Wish};

/// What the names of tools of others begin with in definitions.
pub const PREFIX: &str = "mcp:";
/// The longest name of a server.
const LONGEST_NAME: usize = 40;
/// The longest name of a tool that is trusted, in bytes.
const LONGEST_TOOL: usize = 120;
/// Stands for all tools of a server.
const ALL: &str = "*";

/// The handle. A cheap clone.
#[derive(Clone)]
pub struct Outside {
    store: Store,
    identity: Identity,
    ambient: Ambient,
    servers: ToolServers,
    private_addresses: bool,
}

/// The name of a server's token among the project's secrets.
fn token(name: &str) -> String {
    format!("tool-server.{name}")
}

/// How the breaker before a project's server is called.
fn breaker(scope: &Scope, name: &str) -> String {
    format!("{}/{name}", scope.project())
}

/// Whether a text can name a server.
fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(plain)
}

impl Outside {
    /// Tools of others, reached by `servers`. `private_addresses` is what those were made with.
    #[must_use]
    pub fn new(
        store: Store,
        identity: Identity,
        ambient: Ambient,
        servers: ToolServers,
        private_addresses: bool,
    ) -> Self {
        Self { store, identity, ambient, servers, private_addresses }
    }

    /// What reaches them.
    #[must_use]
    pub fn servers(&self) -> &ToolServers {
        &self.servers
    }

    /// All servers of a project.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, scope: &Scope) -> Result<ToolServerList> {
        let read = self.store.read_in(scope, |t| Ok((tool_servers::list(t)?, project_secrets::names(t)?)));
        let (rows, secrets) = read.await?;
        Ok(ToolServerList {
            servers: rows.into_iter().map(|row| self.told(scope, row, &secrets)).collect(),
            commands: self.servers.commands().map(str::to_owned).collect(),
            private_addresses: self.private_addresses,
        })
    }

    /// One of them.
    ///
    /// # Errors
    /// `NOT_FOUND` when the project has none of that name.
    pub async fn get(&self, scope: &Scope, name: &str) -> Result<ToolServer> {
        let wanted = name.to_owned();
        let read = self
            .store
            .read_in(scope, move |t| Ok((tool_servers::get(t, &wanted)?, project_secrets::names(t)?)));
        let (row, secrets) = read.await?;
        Ok(self.told(scope, row, &secrets))
    }

    fn told(&self, scope: &Scope, row: Row, secrets: &[String]) -> ToolServer {
        let view = self.servers.breakers().view(&breaker(scope, &row.name));
        let health = view.map_or_else(ToolServerHealth::default, |view| ToolServerHealth {
            failures: view.failures,
            resting_until: view.retry_at,
        });
        let has_token = secrets.contains(&token(&row.name));
        let Row { name, url, command, trusted, updated_at } = row;
        ToolServer { name, url, command, has_token, trusted, health, updated_at }
    }

    /// Names a server, or changes the one of that name.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` naming the field; `CONFLICT` when the project has as many as it may. Then nothing is changed.
    pub async fn put(&self, permit: &Permit<Owner>, name: &str, new: PutToolServer) -> Result<ToolServer> {
        let row = self.checked(name, &new)?;
        let scope = permit.scope();
        let wanted = name.to_owned();
        let before = self.store.read_in(scope, move |t| tool_servers::get(t, &wanted)).await;
        let before = match before {
            Ok(row) => Some(row),
            Err(error) if error.code() == kernel::Code::NotFound => None,
            Err(error) => return Err(error),
        };
        let moved =
            before.as_ref().is_none_or(|before| (&before.url, &before.command) != (&row.url, &row.command));
        let (secret, actor) = (token(name), scope.actor());
        // A token goes to the place that it was given for, and to no other.
        let forgets = moved || new.sealed_token.as_deref() == Some("");
        let keep = move |t: &mut store::Tenant<'_, '_>, value: Option<&str>| {
            tool_servers::put(t, &row)?;
            if value.is_some() || forgets {
                project_secrets::set(t, &secret, value)?;
            }
            let project = t.project();
            let details = json!({ "url": row.url, "command": row.command, "trusted": row.trusted });
            audit::write(t, Some(project), actor, "tool_server.set", &row.name, &details)
        };
        match new.sealed_token.as_deref().filter(|sealed| !sealed.is_empty()) {
            Some(sealed) => {
                let field = ("sealedToken", sealed);
                let keep = move |t: &mut store::Tenant<'_, '_>, value: &str| keep(t, Some(value));
                self.identity.keep_project_secret(permit, &token(name), field, keep).await?;
            }
            None => self.store.transact_in(scope, move |t| keep(t, None)).await?,
        }
        if moved {
            self.servers.breakers().reset(&breaker(scope, name));
        }
        self.get(scope, name).await
    }

    fn checked(&self, name: &str, new: &PutToolServer) -> Result<Row> {
        if !is_name(name) {
            return Err(Error::field(
                "name",
                format!("must be 1 to {LONGEST_NAME} of a to z, 0 to 9 and `-`"),
            ));
        }
        let url = new.url.as_deref().map(|url| self.servers.address(url)).transpose();
        let url = url.map_err(|bad| Error::field("url", bad.to_string()))?;
        match (&url, &new.command) {
            (Some(_), None) => {}
            (None, Some(command)) if self.servers.commands().any(|known| known == command) => {}
            (None, Some(_)) => {
                return Err(Error::field(
                    "command",
                    "must be one of the commands in the server's configuration",
                ));
            }
            _ => return Err(Error::field("url", "name either an address or a command")),
        }
        if new.command.is_some() && new.sealed_token.as_deref().is_some_and(|sealed| !sealed.is_empty()) {
            return Err(Error::field("sealedToken", "is for addresses only"));
        }
        if new.trusted.iter().any(|tool| tool.is_empty() || tool.len() > LONGEST_TOOL) {
            return Err(Error::field(
                "trusted",
                format!("each must be a tool's name of 1 to {LONGEST_TOOL} bytes"),
            ));
        }
        let mut trusted = new.trusted.clone();
        trusted.sort();
        trusted.dedup();
        Ok(Row {
            name: name.to_owned(),
            url: url.map(|url| url.as_str().to_owned()),
            command: new.command.clone(),
            trusted,
            updated_at: self.ambient.now(),
        })
    }

    /// Forgets a server and its token.
    ///
    /// # Errors
    /// `NOT_FOUND` when the project has none of that name.
    pub async fn remove(&self, permit: &Permit<Owner>, name: &str) -> Result<()> {
        let (wanted, actor) = (name.to_owned(), permit.scope().actor());
        let removed = self.store.transact_in(permit.scope(), move |t| {
            tool_servers::remove(t, &wanted)?;
            project_secrets::set(t, &token(&wanted), None)?;
            let project = t.project();
            audit::write(t, Some(project), actor, "tool_server.removed", &wanted, &json!({}))
        });
        removed.await?;
        self.servers.breakers().reset(&breaker(permit.scope(), name));
        Ok(())
    }

    /// Opens a server and lists its tools, so that its owner sees whether it works.
    ///
    /// # Errors
    /// `NOT_FOUND` when the project has none of that name; a server that cannot be used is told in the result.
    pub async fn test(&self, permit: &Permit<Owner>, name: &str) -> Result<ToolServerTest> {
        let scope = permit.scope();
        let wanted = name.to_owned();
        let row = self.store.read_in(scope, move |t| tool_servers::get(t, &wanted)).await?;
        let begun = self.ambient.now();
        let opened = self.opened(scope, &row).await?;
        let milliseconds = u64::try_from(self.ambient.now().since(begun)).unwrap_or(0);
        Ok(match opened {
            Ok(session) => {
                let tools: Vec<OutsideTool> = session
                    .tools()
                    .iter()
                    .map(|tool| OutsideTool {
                        name: tool.name.clone(),
                        description: tool.description.clone(),
                        only_reads: tool.only_reads,
                        asks: asks(&row, tool),
                    })
                    .collect();
                let message = format!("It answered, and has {} tools.", tools.len());
                ToolServerTest { ok: true, message, tools, milliseconds }
            }
            Err(fault) => {
                let message = format!("{name}: {fault}.");
                ToolServerTest { ok: false, message, tools: Vec::new(), milliseconds }
            }
        })
    }

    /// Opens a server, as the project names it.
    async fn opened(
        &self,
        scope: &Scope,
        row: &Row,
    ) -> Result<std::result::Result<toolservers::Session, Fault>> {
        let place = match (&row.url, &row.command) {
            (Some(url), _) => {
                let address = match self.servers.address(url) {
                    Ok(address) => address,
                    // What the configuration allowed when it was named it may not allow any more.
                    Err(bad) => return Ok(Err(Fault::Address(bad))),
                };
                let token = self.identity.project_secret(scope, &token(&row.name)).await?;
                Place::Address(address, token.map(|token| Token::new(token.expose())))
            }
            (None, Some(command)) => Place::Command(command.clone()),
            (None, None) => return Err(Error::internal("a tool server that is nowhere")),
        };
        Ok(self.servers.open(&breaker(scope, &row.name), &place).await)
    }
}

/// Whether a person is asked before a tool is called: unless it only reads, as far as the server says, or the owner trusts it.
fn asks(row: &Row, tool: &toolservers::Tool) -> bool {
    !tool.only_reads && !row.trusted.iter().any(|trusted| trusted == ALL || *trusted == tool.name)
}
