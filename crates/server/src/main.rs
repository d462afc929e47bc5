//! `atelier`: serves, and looks after its data.

mod machine;

use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use kernel::{Ambient, Error};
use machine::Machine;
use server::config::{Config, Flags, LogFormat};
use server::telemetry::Traces;
use store::Store;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Much is made by one thread and let go of by another, and SQLite's pages of a few kilobytes come and go: see
/// `docs/decisions/0036-jemalloc.md`.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A self-hosted server on which people and teams of AI agents make things together.
#[derive(Parser)]
#[command(name = "atelier", version)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (what happens without a command, too).
    Serve,
    /// Make the first person without a browser.
    Setup {
        /// The address that the person signs in with.
        #[arg(long)]
        email: String,
        /// How others see the person; the e-mail's first part if absent.
        #[arg(long)]
        name: Option<String>,
        /// Read the password from standard input, to its first line's end.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Bring the database's tables up to date, and stop.
    Migrate,
    /// Write everything into one file, while the server runs or not.
    Backup {
        /// The file to write.
        file: PathBuf,
    },
    /// Read a backup into an empty data folder or database.
    Restore {
        /// The file to read.
        file: PathBuf,
    },
    /// Look for faults in the data.
    Doctor,
    /// Let an agent on this machine work at a server, by the Model Context Protocol on standard input and output. The
    /// environment's ATELIER_KEY is an API key of whoever it works for.
    Mcp {
        /// The server's address.
        #[arg(long, default_value = "http://127.0.0.1:4400")]
        server: String,
        /// The key. On a command line others could see it.
        #[arg(env = "ATELIER_KEY", hide_env_values = true, hide = true, default_value = "")]
        key: String,
    },
    /// Have this machine join the fleet of a server, until it is stopped. The environment's ATELIER_RUNNER_KEY is the runner's
    /// key.
    Runner(Box<Machine>),
    /// Be what stands between a runner and a command.
    #[command(hide = true)]
    RunnerKeep,
    /// Print the configuration's reference.
    Config,
    /// Print the API's description.
    Openapi,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::Serve);
    if matches!(command, Command::RunnerKeep) {
        return runner::keeper::run();
    }
    let done = Config::load(&cli.flags).and_then(|config| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let traces = {
            let _within = runtime.enter();
            let collector = config.telemetry.otlp.as_deref().filter(|_| matches!(command, Command::Serve));
            collector.map(Traces::open).transpose()?
        };
        log(&config, traces.as_ref());
        let done = runtime.block_on(run(command, config));
        if let Some(traces) = traces {
            traces.close();
        }
        done
    });
    match done {
        Ok(code) => code,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "atelier: {why}");
            ExitCode::FAILURE
        }
    }
}

fn log(config: &Config, traces: Option<&Traces>) {
    // What TLS has against a certificate is told by whoever asked, as an error, and what an agent called wrongly is told to the
    // agent; the libraries log it as well.
    let filter = EnvFilter::new(format!("rustls_platform_verifier=off,rmcp=error,{}", config.log.filter));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match config.log.format {
        LogFormat::Json => lines.json().boxed(),
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
    };
    tracing_subscriber::registry().with(traces.map(Traces::layer)).with(lines.with_filter(filter)).init();
}

/// An error as the operator, who may know everything, is told it.
fn told(error: Error) -> String {
    match std::error::Error::source(&error) {
        Some(cause) => format!("{} ({cause})", error.message()),
        None => error.message().to_owned(),
    }
}

async fn run(command: Command, config: Config) -> Result<ExitCode, String> {
    let ambient = Ambient::system();
    match command {
        Command::Serve => serve(config, ambient).await,
        Command::Setup { email, name, .. } => {
            let mut password = String::new();
            std::io::stdin().take(1024).read_to_string(&mut password).map_err(|error| error.to_string())?;
            let password = password.lines().next().unwrap_or_default();
            let store = open(&config, &ambient).await?;
            let identity = server::identity(&config, store, ambient).await.map_err(told)?;
            let user = identity.setup_headless(&email, password, name).await.map_err(told)?;
            say(&format!("{} can sign in now and administers this server.", user.email));
            Ok(ExitCode::SUCCESS)
        }
        Command::Migrate => {
            open(&config, &ambient).await?;
            say("The database is up to date.");
            Ok(ExitCode::SUCCESS)
        }
        Command::Backup { file } => {
            let store = open(&config, &ambient).await?;
            let report = store.backup(&file, |_| {}).await.map_err(told)?;
            let rows: u64 = report.rows.values().sum();
            say(&format!("{}: {rows} rows, {} bytes, read back and whole.", file.display(), report.bytes));
            Ok(ExitCode::SUCCESS)
        }
        Command::Restore { file } => {
            std::fs::create_dir_all(&config.data).map_err(|error| error.to_string())?;
            let report = store::restore(config.store(), ambient, &file).await.map_err(told)?;
            say(&format!("{} rows restored.", report.rows.values().sum::<u64>()));
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor => {
            let findings = open(&config, &ambient).await?.check().await.map_err(told)?;
            for finding in &findings {
                say(&finding.message);
            }
            if findings.is_empty() {
                say("No faults found.");
                return Ok(ExitCode::SUCCESS);
            }
            Ok(ExitCode::FAILURE)
        }
        Command::Mcp { server, key } => {
            if key.is_empty() {
                return Err("ATELIER_KEY must hold an API key; make one in the account's settings".into());
            }
            server::mcp::on_stdio(&server, &key).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Runner(machine) => {
            machine::run(*machine, &ambient, say, end()).await?;
            Ok(ExitCode::SUCCESS)
        }
        // Before all else.
        Command::RunnerKeep => Ok(ExitCode::SUCCESS),
        Command::Config => {
            say(&Config::reference());
            Ok(ExitCode::SUCCESS)
        }
        Command::Openapi => {
            say(&server::openapi().map_err(|error| error.to_string())?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn open(config: &Config, ambient: &Ambient) -> Result<Store, String> {
    std::fs::create_dir_all(&config.data).map_err(|error| format!("{}: {error}", config.data.display()))?;
    Store::open(config.store(), ambient.clone()).await.map_err(told)
}

async fn serve(config: Config, ambient: Ambient) -> Result<ExitCode, String> {
    let listen = config.listen;
    let server =
        server::Server::bind(config, ambient).await.map_err(|error| format!("{listen}: {}", told(error)))?;
    match server.setup_link().await.map_err(told)? {
        Some(link) => say(&format!("Atelier waits for its first person: {link}")),
        None => say(&format!("Atelier: {}", server.url())),
    }
    server.serve(end()).await.map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// Comes when the operator or the system asks the server to stop.
async fn end() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}

/// A line for whoever started the program. A closed pipe is no fault of ours.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
