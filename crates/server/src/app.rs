//! The application: all parts put together, and the one value that every handler is given.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use agents::deliverables::Deliverables;
use agents::departments::desk::Desk;
use agents::departments::mind::Mind;
use agents::departments::roster::Roster;
use agents::departments::slots::Slots;
use agents::ingest::Ingest;
use agents::language::Language;
use agents::messages::{self, Messages};
use agents::orchestrator::Orchestrator;
use agents::outside::Outside;
use agents::tools::Toolbox;
use backplane::limiter::Limiter;
use brain::Brain;
use brain::indexer::{self, Indexer};
use gateway::Gateway;
use gateway::commands::{self, Commands};
use gateway::slack::{self, Slack};
use identity::Identity;
use kernel::{Ambient, Code, Error, NodeId, PersonId, Result};
use resilience::breaker;
use resilience::breakers::Breakers;
use resilience::limiter::{self, Verdict};
use resilience::pool;
use store::Store;
use studios::film;
use tasks::Tasks;

use crate::config::Config;
use crate::folder::Folder;
use crate::health::Pulse;
use crate::live::{Listeners, Live};
use crate::metrics::Metrics;
use crate::others;
use crate::schedules::Bell;
use crate::settings::Settings;

/// What every handler is given. A cheap clone of one shared thing.
pub(crate) type App = Arc<Parts>;

/// The parts of the application.
pub(crate) struct Parts {
    pub(crate) config: Config,
    /// The address for links.
    pub(crate) public_url: String,
    pub(crate) ambient: Ambient,
    pub(crate) store: Store,
    /// What is shared with other servers.
    pub(crate) backplane: backplane::Handle,
    /// What this server is called among them.
    pub(crate) name: String,
    pub(crate) identity: Identity,
    pub(crate) brain: Brain,
    pub(crate) ingest: Ingest,
    pub(crate) orchestrator: Orchestrator,
    pub(crate) settings: Settings,
    pub(crate) tasks: Tasks,
    pub(crate) desk: Arc<Desk>,
    pub(crate) deliverables: Deliverables,
    /// What agents say to each other.
    pub(crate) messages: Messages,
    /// Tools of others.
    pub(crate) outside: Outside,
    /// Runners.
    pub(crate) gateway: Gateway,
    /// What people type about them.
    pub(crate) commands: Commands,
    pub(crate) slack: Slack,
    pub(crate) bell: Arc<Bell>,
    pub(crate) live: Live,
    pub(crate) listeners: Listeners,
    pub(crate) pulse: Pulse,
    pub(crate) metrics: Metrics,
    /// Taken when the server begins to serve.
    indexer: Mutex<Option<Indexer>>,
    /// Likewise.
    tasks_service: Mutex<Option<tasks::Service>>,
    /// Likewise.
    talk: Mutex<Option<messages::Service>>,
    /// Likewise.
    slack_service: Mutex<Option<slack::Service>>,
    orchestrator_limit: Limiter,
}

/// The most runners whose health is known.
const RUNNERS: usize = 10_000;

/// What is left of a caller's quota.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quota {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Seconds until a counted call leaves the window.
    pub(crate) reset: u64,
}

impl Parts {
    /// Opens the store and puts everything above it together.
    ///
    /// # Errors
    /// When the database or the master key cannot be opened.
    pub(crate) async fn compose(
        config: Config,
        folder: &Folder,
        bound: SocketAddr,
        backplane: backplane::Handle,
        ambient: Ambient,
    ) -> Result<App> {
        let store = Store::open(config.store(), ambient.clone()).await?;
        let public_url = config.public_url(bound);
        let options = identity_options(&config, &public_url);
        let identity = Identity::open(store.clone(), &backplane, ambient.clone(), options).await?;
        let brain = Brain::new(store.clone());
        let language = Language::default();
        let (indexer, embedder) =
            Indexer::new(&brain, backplane.clone(), &film::LEXICON, indexer_options(&config));
        let bus = backplane.bus().clone();
        let settings =
            Settings::open(&store, &identity, bus, embedder, language.clone(), ambient.clone()).await?;
        let ingest = Ingest::new(store.clone(), language.clone(), ambient.clone());
        let orchestrator = Orchestrator::new(
            store.clone(),
            backplane.clone(),
            brain.clone(),
            ingest.clone(),
            language.clone(),
            ambient.clone(),
            agents::orchestrator::Options::default(),
        );
        let name = server_name(&config, &ambient)?;
        // A step that ends the server as soon as it is begun has to be found out: what was claimed before such an end must have
        // been written.
        let alone = config.database.url.is_none() && folder.ended_well();
        let options = tasks::Options { alone, ..tasks::Options::new(name.clone()) };
        let (tasks_service, tasks) = tasks::Service::new(store.clone(), ambient.clone(), options);
        let (talk, messages) =
            messages::Service::new(backplane.bus().clone(), ambient.clone(), messages::Options::default());
        let servers = crate::tools::open(&store, &config, ambient.clone()).await?;
        let private = config.tools.private_addresses;
        let outside = Outside::new(store.clone(), identity.clone(), ambient.clone(), servers, private);
        let roster = Roster::new(store.clone(), film::crew::studio()?);
        let mind = Mind {
            store: store.clone(),
            ambient: ambient.clone(),
            language,
            roster: roster.clone(),
            tasks: tasks.clone(),
            toolbox: Toolbox {
                store: store.clone(),
                brain: brain.clone(),
                ingest: ingest.clone(),
                catalogue: &film::CATALOGUE,
            },
            messages: messages.clone(),
            outside: outside.clone(),
            identity: identity.clone(),
        };
        let slots = slots(&config, ambient.clone());
        let desk = Desk::new(store.clone(), roster, slots).with_mind(mind).with_messages(messages.clone());
        let deliverables = Deliverables::new(store.clone(), tasks.clone(), film::departments::exports::files);
        let runners = Breakers::new(ambient.clone(), breaker::RUNNERS, RUNNERS, Vec::new());
        let tell = others::tell_of_runners(backplane.bus().clone());
        let gateway =
            Gateway::new(store.clone(), identity.clone(), tasks.clone(), runners, ambient.clone(), tell);
        let bell = Arc::new(Bell::default());
        let commands = Commands::new(gateway.clone(), command_options(&config, &bell));
        let options = slack::Options { api: config.slack.api.clone(), server: name.clone() };
        let (slack_service, slack) =
            Slack::new(store.clone(), identity.clone(), commands.clone(), ambient.clone(), options)?;
        let limit = limiter::Params { limit: config.limits.orchestrator_per_minute, ..limiter::ORCHESTRATOR };
        Ok(Arc::new(Self {
            public_url,
            live: Live::new(store.clone(), identity.clone(), backplane.clone()),
            listeners: Listeners::default(),
            pulse: Pulse::new(store.clone(), ambient.clone()),
            metrics: Metrics::of(&desk),
            gateway,
            commands,
            slack,
            slack_service: Mutex::new(Some(slack_service)),
            bell,
            indexer: Mutex::new(Some(indexer)),
            tasks_service: Mutex::new(Some(tasks_service)),
            talk: Mutex::new(Some(talk)),
            messages,
            outside,
            orchestrator_limit: backplane.limiter("orchestrator", limit),
            backplane,
            name,
            config,
            ambient,
            store,
            identity,
            brain,
            ingest,
            orchestrator,
            settings,
            tasks,
            desk: Arc::new(desk),
            deliverables,
        }))
    }

    /// The worker that embeds passages; it is given out once.
    pub(crate) fn indexer(&self) -> Option<Indexer> {
        self.indexer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What hands out the steps of runs; it is given out once.
    pub(crate) fn tasks_service(&self) -> Option<tasks::Service> {
        self.tasks_service.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What hears agents on other servers; it is given out once.
    pub(crate) fn talk(&self) -> Option<messages::Service> {
        self.talk.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What heeds what is said in Slack; it is given out once.
    pub(crate) fn slack_service(&self) -> Option<slack::Service> {
        self.slack_service.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Counts a call of an orchestrator endpoint by a person.
    ///
    /// # Errors
    /// `RATE_LIMITED`, with the seconds to wait in `details.retryAfter`.
    pub(crate) async fn spend(&self, person: PersonId, endpoint: &'static str) -> Result<Quota> {
        let limit = self.config.limits.orchestrator_per_minute;
        match self.orchestrator_limit.check(&format!("{person}:{endpoint}")).await {
            Verdict::Allowed { remaining, reset } => {
                let reset = u64::try_from(reset.since(self.ambient.now())).unwrap_or(0).div_ceil(1000);
                Ok(Quota { limit, remaining, reset })
            }
            Verdict::Refused { retry_after_ms } => {
                let seconds = retry_after_ms.div_ceil(1000);
                Err(Error::new(
                    Code::RateLimited,
                    format!("That is more than {limit} calls in a minute. Try again in {seconds} s; nothing was done."),
                )
                .with_details(serde_json::json!({ "retryAfter": seconds, "limit": limit, "remaining": 0 })))
            }
        }
    }
}

/// What this server is called among those on the same database: made once, and kept in its data folder, so that after a
/// restart it knows which steps it held.
fn server_name(config: &Config, ambient: &Ambient) -> Result<String> {
    let file = config.data.join("server.id");
    match std::fs::read_to_string(&file) {
        Ok(name) if name.trim().parse::<NodeId>().is_ok() => return Ok(name.trim().to_owned()),
        Ok(_) => tracing::warn!(file = %file.display(), "this is no server's name; another is made"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::internal(error)),
    }
    let name = ambient.id::<NodeId>().to_string();
    std::fs::write(&file, &name).map_err(Error::internal)?;
    Ok(name)
}

/// The slots of agents. At least half of the steps that this server has in hand are to be worked on: those that wait for an
/// agent of one type must not keep all others out.
fn slots(config: &Config, ambient: Ambient) -> Slots {
    let limits = &config.limits;
    let params = pool::Params {
        slots: usize::try_from(limits.agents_per_type).unwrap_or(usize::MAX),
        patience_ms: i64::from(limits.agents_wait_seconds) * 1_000,
        ..pool::AGENTS
    };
    let waiting = usize::try_from(limits.agents / 2).unwrap_or(usize::MAX).max(1);
    Slots::new(ambient, params, waiting)
}

/// What commands tell of retention, and how they wake who looks after schedules.
fn command_options(config: &Config, bell: &Arc<Bell>) -> commands::Options {
    let runs = match config.retention.runs_days {
        0 => "for good".to_owned(),
        days => format!("{days} days after they have ended; then they are in a file of the archive"),
    };
    let retention = [
        ("runs, their logs and what runners wrote", runs.as_str()),
        ("an order that waits for a runner", "a day"),
        ("uploads that are not finished", "a day"),
        ("proposals that nobody decided", "30 days"),
        ("invitations and API keys that have ended", "30 days"),
        ("records, members, usage and the audit log", "for good"),
    ];
    let retention = retention.map(|(what, long)| (what.to_owned(), long.to_owned())).to_vec();
    let bell = bell.clone();
    commands::Options { retention, scheduled: Arc::new(move || bell.ring()) }
}

/// Where the embedder's weights are, and where they may come from.
fn indexer_options(config: &Config) -> indexer::Options {
    let mut options = indexer::Options::in_cache(config.data.join("embedder"));
    options.places.given.clone_from(&config.embedder.weights);
    options
}

/// How identity is opened under a configuration.
pub(crate) fn identity_options(config: &Config, public_url: &str) -> identity::Options {
    let providers = config.sign_in.iter().map(|sign_in| sign_in.provider(public_url)).collect();
    identity::Options {
        providers,
        data: config.data.clone(),
        public_url: public_url.to_owned(),
        master_key: config.master_key.clone().map(identity::Secret::new),
    }
}
