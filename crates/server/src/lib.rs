//! The server: configuration, composition, HTTP, live connections, the UI.

mod app;
mod assets;
mod body;
mod breakers;
mod caller;
pub mod config;
mod download;
mod drain;
mod folder;
mod health;
mod http;
mod live;
pub mod mcp;
mod metrics;
mod openapi;
mod orders;
mod others;
mod problem;
mod routes;
mod schedules;
mod settings;
pub mod telemetry;
mod tools;

use std::net::SocketAddr;
use std::time::Duration;

use agents::departments::plan;
use axum::serve::ListenerExt;
use backplane::lease::Hold;
use config::Config;
use folder::Folder;
use kernel::{Ambient, Error, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a start waits for Redis before it goes on by itself, and the end for it to take the last word.
const LINK: Duration = Duration::from_secs(3);

/// How long no other server sweeps after one did, in milliseconds: somewhat less than the hour.
const SWEPT_MS: u32 = 55 * 60 * 1000;

/// A server that listens, and is not serving yet.
pub struct Server {
    listener: TcpListener,
    app: app::App,
    folder: Folder,
    /// Held until it ends.
    name: Hold,
    backplane: Running,
}

/// The service that keeps what servers share; it ends when it is told so, or dropped.
struct Running {
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Opens the data and takes the address.
    ///
    /// # Errors
    /// When the address is taken, another server works on the data, or it cannot be opened.
    pub async fn bind(config: Config, ambient: Ambient) -> Result<Self> {
        std::fs::create_dir_all(&config.data).map_err(Error::internal)?;
        let folder = Folder::take(&config.data)?;
        let listener = TcpListener::bind(config.listen).await.map_err(Error::internal)?;
        let bound = listener.local_addr().map_err(Error::internal)?;
        let (service, backplane) = backplane::Service::new(config.backplane(), ambient.clone())
            .map_err(|bad| Error::field("redis", bad.to_string()))?;
        let (stop, stopped) = watch::channel(());
        let running = Running { stop, task: tokio::spawn(service.run(gone(stopped))) };
        if tokio::time::timeout(LINK, backplane.until_linked(true)).await.is_err() {
            tracing::warn!("Redis cannot be reached; this server begins by itself");
        }
        let app = app::Parts::compose(config, &folder, bound, backplane, ambient).await?;
        let name = others::take_name(&app).await?;
        let broken_off = app.orchestrator.recover().await?;
        if broken_off > 0 {
            tracing::info!(
                broken_off,
                "answers that the last run did not finish are kept as far as they came"
            );
        }
        Ok(Self { listener, app, folder, name, backplane: running })
    }

    /// The address for links: where a browser finds the server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.app.public_url
    }

    /// The one-time link by which the first person is made, if there is none yet.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn setup_link(&self) -> Result<Option<String>> {
        let token = self.app.identity.setup_token().await?;
        Ok(token.map(|token| format!("{}/setup#token={token}", self.app.public_url)))
    }

    /// Serves until `end` comes, then lets the requests under way finish.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, end: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
        let router = http::router(&self.app);
        let relay = tokio::spawn(self.app.live.clone().run());
        let guard = tokio::spawn(self.app.live.clone().guard());
        let growth = tokio::spawn(self.app.live.clone().tell_of_growth(self.app.gateway.grown()));
        let (stop, stopped) = watch::channel(());
        let ended = move || gone(stopped.clone());
        let mut name = self.name;
        let name = tokio::spawn({
            let ended = ended();
            async move {
                tokio::select! {
                    () = ended => name.release().await,
                    () = name.keep() => {}
                }
            }
        });
        let conversations = tokio::spawn(self.app.orchestrator.clone().keep());
        let others = self.app.backplane.is_shared().then(|| {
            [
                tokio::spawn(others::hear(self.app.clone())),
                tokio::spawn(others::tell_of_commits(self.app.clone())),
                tokio::spawn(others::tell_of_left_over(self.app.clone())),
                tokio::spawn(self.app.live.clone().hear_others()),
            ]
        });
        let indexer = self.app.indexer().map(|indexer| tokio::spawn(indexer.run(ended())));
        let runs = self.app.tasks_service().map(|service| {
            let ended = ended();
            tokio::spawn(async move {
                if let Err(error) = service.run(ended).await {
                    tracing::error!(%error, "no steps of runs are done until the server is started again");
                }
            })
        });
        let desk = tokio::spawn(work(self.app.clone()));
        let plans = tokio::spawn(self.app.gateway.clone().submit_plans());
        let clock = tokio::spawn({
            let app = self.app.clone();
            async move { schedules::keep(&app).await }
        });
        let sweeper = tokio::spawn(sweep(self.app.clone()));
        let store = &self.app.store;
        let breakers = self.app.settings.breakers().clone();
        let providers = tokio::spawn(breakers::keep(store.clone(), breakers::PROVIDERS, breakers));
        let breakers = self.app.outside.servers().breakers().clone();
        let tools = tokio::spawn(breakers::keep(store.clone(), breakers::TOOL_SERVERS, breakers));
        let runners = tokio::spawn(self.app.gateway.clone().keep_breakers());
        let talk = self.app.talk().map(|talk| tokio::spawn(talk.run(ended())));
        let slack = self.app.slack_service().map(|slack| tokio::spawn(slack.run(ended())));
        let (orchestrator, gateway) = (self.app.orchestrator.clone(), self.app.gateway.clone());
        let end = async move {
            end.await;
            // What runners do goes on without this server.
            gateway.close();
            // Streams would hold the server up; who listens comes back and gets the rest.
            orchestrator.close().await;
        };
        let listener = self.listener.tap_io(|stream| {
            // Small messages go out at once.
            let _ = stream.set_nodelay(true);
        });
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(listener, service).with_graceful_shutdown(end).await;
        for task in
            [relay, guard, growth, clock, sweeper, providers, tools, runners, desk, plans, conversations]
        {
            task.abort();
        }
        drop(stop);
        // What was said in Slack may become a run.
        if let Some(slack) = slack {
            let _ = slack.await;
        }
        if let Some(runs) = runs {
            let _ = runs.await;
        }
        if let Some(indexer) = indexer {
            let _ = indexer.await;
        }
        if let Some(talk) = talk {
            let _ = talk.await;
        }
        let _ = name.await;
        others.into_iter().flatten().for_each(|task| task.abort());
        self.app.live.empty();
        drop(self.backplane.stop);
        let _ = tokio::time::timeout(LINK, self.backplane.task).await;
        self.folder.close();
        served
    }
}

/// Comes when the other half goes away.
async fn gone(mut stopped: watch::Receiver<()>) {
    // It changes only so.
    drop(stopped.changed().await);
}

/// Does the steps of agents, as many at a time as are configured; and besides as many about parts as one agent may have.
async fn work(app: app::App) {
    let limits = &app.config.limits;
    let serve = async |queue, slots| match app.tasks.worker(queue, slots).await {
        Ok(worker) => app.desk.clone().serve(worker).await,
        // The server is ending before it began.
        Err(error) => tracing::debug!(%error, "no steps of agents are done"),
    };
    tokio::join!(
        serve(plan::QUEUE, limits.agents),
        serve(plan::PARTS, limits.agents.min(limits.agents_per_type)),
    );
}

/// Takes away, every hour, what has had its time: one server for all.
async fn sweep(app: app::App) {
    let mut clock = tokio::time::interval(std::time::Duration::from_secs(60 * 60));
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let now = app.ambient.now();
        // It is not given back, so that the others find it taken at their own hour. Without Redis it is done twice, which
        // only costs.
        if let Ok(None) = app.backplane.leases().acquire("sweep", SWEPT_MS).await {
            continue;
        }
        if let Err(error) = app.store.sweep(now).await {
            tracing::warn!(%error, "what has had its time could not be taken away; it is tried again in an hour");
        }
        let Some(before) = app.config.runs_kept_since(now) else { continue };
        match app.store.retire_runs(&app.config.data.join("archive"), before).await {
            Ok(0) => {}
            Ok(runs) => tracing::info!(runs, "runs that ended long ago were moved into the archive"),
            Err(error) => {
                tracing::warn!(%error, "old runs could not be archived, and were kept; it is tried again in an hour")
            }
        }
    }
}

/// The API's description as JSON, for the files that are generated from it.
///
/// # Errors
/// Never in practice: it is made of plain values.
pub fn openapi() -> serde_json::Result<String> {
    http::description().to_pretty_json()
}

/// How identity is opened under a configuration, for commands that run without a server.
///
/// # Errors
/// When the store or the master key cannot be opened.
pub async fn identity(config: &Config, store: store::Store, ambient: Ambient) -> Result<identity::Identity> {
    let url = config.public_url(config.listen);
    let backplane = backplane::Handle::alone(ambient.clone());
    identity::Identity::open(store, &backplane, ambient, app::identity_options(config, &url)).await
}
