//! Servers of others whose tools agents may use, by the Model Context Protocol: over streamable HTTP, or as a command that the
//! operator has configured. What they answer is data; how long and how large it may be, and where it may come from, is decided here.

mod address;
mod fault;
mod lines;
mod session;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::Ambient;
use reqwest::Client;
use resilience::breaker;
use resilience::breakers::Breakers;
use resilience::registry::Saved;
use rmcp::ServiceExt;
use rmcp::service::{ClientLifecycleMode, ClientServiceExt};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rustls_platform_verifier::ConfigVerifierExt;
use zeroize::Zeroizing;

pub use address::{Address, BadAddress};
pub use fault::Fault;
pub use session::{Answer, Session, Tool};

use address::Checked;
use lines::{Bounded, Overlong};
use session::Opened;

/// Servers whose breakers are known at most; which is forgotten at the bound says [`resilience::registry`].
const MOST: usize = 1_024;
/// The largest message, in bytes: an event of a stream, or a command's line.
const LARGEST: usize = 1 << 20;

/// How servers are reached.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether addresses on this machine and in its own networks may be reached, and over plain HTTP.
    pub private_addresses: bool,
    /// Commands that are servers on their standard input and output.
    pub commands: Vec<Command>,
    /// How long a server may take until it is ready and has listed its tools.
    pub opening: Duration,
    /// How long a call may take.
    pub call: Duration,
    /// Bytes of one answer that are taken; a larger one is refused.
    pub answer_bytes: usize,
    /// The breakers as they were kept, each by its server's name.
    pub breakers: Vec<Saved<String>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            private_addresses: false,
            commands: Vec::new(),
            opening: Duration::from_secs(15),
            call: Duration::from_secs(60),
            answer_bytes: 256 << 10,
            breakers: Vec::new(),
        }
    }
}

/// A command that is a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// As projects name it.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    #[allow(missing_docs)]
    pub args: Vec<String>,
    /// What its environment has besides `PATH`; nothing else of the server's own.
    pub env: BTreeMap<String, String>,
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An address, and the token that it asks for.
    Address(Address, Option<Token>),
    /// The command of that name.
    Command(String),
}

/// A token. It shows itself to nobody, and is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Zeroizing<String>);

impl Token {
    #[allow(missing_docs)]
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The handle. A cheap clone.
#[derive(Clone)]
pub struct ToolServers {
    options: Arc<Options>,
    client: Client,
    breakers: Breakers<String>,
}

/// The HTTP library refused its own settings, or this machine has no TLS.
#[derive(Debug, thiserror::Error)]
#[error("the client for tool servers cannot be made: {0}")]
pub struct NoClient(String);

impl ToolServers {
    /// The service. It does nothing by itself.
    ///
    /// # Errors
    /// When TLS or the HTTP library cannot be set up.
    pub fn new(mut options: Options, ambient: Ambient) -> Result<Self, NoClient> {
        let tls =
            rustls::ClientConfig::with_platform_verifier().map_err(|error| NoClient(error.to_string()))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            // A redirect could lead where the address itself may not.
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would look names up by itself: what was checked here would not be what is reached.
            .no_proxy()
            .dns_resolver(Arc::new(Checked { private_addresses: options.private_addresses }))
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(options.opening)
            // One call, one connection: a body that was not read to its end spoils no other.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("Atelier/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| NoClient(error.to_string()))?;
        let saved = std::mem::take(&mut options.breakers);
        let breakers = Breakers::new(ambient, breaker::ENGINES, MOST, saved);
        Ok(Self { options: Arc::new(options), client, breakers })
    }

    /// Reads an address, as far as it may be reached.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn address(&self, text: &str) -> Result<Address, BadAddress> {
        Address::parse(text, self.options.private_addresses)
    }

    /// The names of the commands that there are.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        self.options.commands.iter().map(|command| command.name.as_str())
    }

    /// Opens a server and has it list its tools. `name` is the server's own, by which its breaker is known. The session ends when
    /// it is dropped.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub async fn open(&self, name: &str, place: &Place) -> Result<Session, Fault> {
        let name = name.to_owned();
        let ticket = self.breakers.admit(&name)?;
        let opened = tokio::time::timeout(self.options.opening, async {
            let opened = self.connect(place).await?;
            session::listed(&opened, self.options.answer_bytes).await.map(|tools| (opened, tools))
        });
        let opened = opened.await.unwrap_or(Err(Fault::Slow(self.options.opening)));
        ticket.record(fault::outcome(opened.as_ref().err()));
        let (opened, tools) = opened?;
        Ok(Session::new(name, opened, tools, self.breakers.clone(), &self.options))
    }

    async fn connect(&self, place: &Place) -> Result<Opened, Fault> {
        match place {
            Place::Address(address, token) => {
                // It may have been written down when more was allowed.
                let address = self.address(address.as_str()).map_err(Fault::Address)?;
                let mut config = StreamableHttpClientTransportConfig::with_uri(address.as_str());
                config.max_sse_event_size = LARGEST;
                config.auth_header = token.as_ref().map(|token| token.0.to_string());
                let transport = StreamableHttpClientTransport::with_client(self.client.clone(), config);
                // Servers of every age are spoken to: those that know no `server/discover` are greeted as they expect.
                let any = ClientLifecycleMode::Auto {
                    preferred_versions: vec![rmcp::model::ProtocolVersion::LATEST],
                    legacy_version: None,
                };
                let service = ().serve_with_lifecycle(transport, any).await;
                let service = service.map_err(|error| fault::of_opening(&error))?;
                Ok(Opened { service, overlong: Overlong::default(), _process: None })
            }
            Place::Command(name) => {
                let command = self.options.commands.iter().find(|command| command.name == *name);
                let command = command.ok_or_else(|| Fault::NoCommand(name.clone()))?;
                let mut child = tokio::process::Command::new(&command.program);
                child
                    .args(&command.args)
                    .env_clear()
                    .envs(std::env::var_os("PATH").map(|path| ("PATH".to_owned(), path)))
                    .envs(&command.env)
                    .stdin(std::process::Stdio::piped())
                    .stdout(std::process::Stdio::piped())
                    .stderr(std::process::Stdio::null())
                    .kill_on_drop(true);
                let mut child = child.spawn().map_err(|error| Fault::Unreachable(error.to_string()))?;
                let (Some(output), Some(input)) = (child.stdout.take(), child.stdin.take()) else {
                    return Err(Fault::Unreachable("it has no input and output".into()));
                };
                let overlong = Overlong::default();
                let service = ().serve((Bounded::new(output, LARGEST, overlong.clone()), input)).await;
                let service = service.map_err(|error| {
                    if overlong.is_so() { Fault::TooLarge(LARGEST) } else { fault::of_opening(&error) }
                })?;
                Ok(Opened { service, overlong, _process: Some(child) })
            }
        }
    }

    /// The breakers before the servers, by their names: how they stand, and what is given to [`Options::breakers`] after a
    /// restart.
    #[must_use]
    pub fn breakers(&self) -> &Breakers<String> {
        &self.breakers
    }
}
