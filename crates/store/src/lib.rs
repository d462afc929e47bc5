//! All SQL, behind one closed door. Callers see typed functions on a [`Tx`] or a [`Tenant`]; they never see a database.

mod archive;
mod db;
mod doctor;
mod migrations;
mod scope;
mod scoped;
mod sweep;

pub mod asks;
pub mod audit;
pub mod changes;
pub mod conversations;
pub mod entities;
pub mod events;
pub mod executions;
pub mod facts;
pub mod fleet;
pub mod keys;
pub mod members;
pub mod passages;
pub mod people;
pub mod project_secrets;
pub mod projects;
pub mod reviews;
pub mod runners;
pub mod runs;
pub mod said;
pub mod schedules;
pub mod sessions;
pub mod settings;
pub mod slack;
pub mod slug;
pub mod tool_servers;
pub mod uploads;
pub mod usage;

pub use archive::{BackupReport, Progress, restore, verify, verify_runs};
pub use db::{Durability, Options, Tx};
pub use doctor::{Check, Finding};
pub use scope::{Scope, Tenant};
pub use sweep::Swept;

use kernel::{Ambient, ProjectId, Result};
use tokio::sync::broadcast;

/// How many commits a listener may lag behind before it must look at everything anew.
const HINTS: usize = 1024;

/// The database. A cheap clone of one shared thing.
#[derive(Clone)]
pub struct Store {
    db: db::Db,
    commits: broadcast::Sender<ProjectId>,
    hints: broadcast::Sender<ProjectId>,
}

impl Store {
    /// Opens the database, creating it if need be, and brings its tables up to date.
    ///
    /// # Errors
    /// When it cannot be reached, is newer than this program, or a migration fails.
    pub async fn open(options: Options, ambient: Ambient) -> Result<Self> {
        let ((commits, _), (hints, _)) = (broadcast::channel(HINTS), broadcast::channel(HINTS));
        let (here, everywhere) = (commits.clone(), hints.clone());
        let publish = move |project| {
            // Nobody listening is fine: the stream is read from the table, the hint only says when.
            let _ = here.send(project);
            let _ = everywhere.send(project);
        };
        let db = tokio::task::spawn_blocking(move || {
            db::Db::open(&options, &ambient, std::sync::Arc::new(publish), |tx| {
                migrations::apply(tx, migrations::newest())
            })
        })
        .await
        .map_err(kernel::Error::internal)??;
        Ok(Self { db, commits, hints })
    }

    /// Does `work` in one transaction that no project is behind: people, sessions, keys, settings.
    ///
    /// `work` may run more than once if the database asks for it, and must do nothing but what the transaction undoes.
    ///
    /// # Errors
    /// What `work` says, or that the database failed; then nothing is kept.
    pub async fn transact<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.db.write(work).await
    }

    /// Reads in one snapshot, outside any project.
    ///
    /// # Errors
    /// What `work` says, or that the database failed.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.db.read(work).await
    }

    /// Does `work` in one transaction within the project that `scope` admits to.
    ///
    /// # Errors
    /// What `work` says, or that the database failed; then nothing is kept.
    pub async fn transact_in<T: Send + 'static>(
        &self,
        scope: &Scope,
        work: impl Fn(&mut Tenant<'_, '_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let scope = *scope;
        self.db.write(move |tx| work(&mut Tenant::new(tx, scope))).await
    }

    /// Reads in one snapshot within the project that `scope` admits to.
    ///
    /// # Errors
    /// What `work` says, or that the database failed.
    pub async fn read_in<T: Send + 'static>(
        &self,
        scope: &Scope,
        work: impl Fn(&mut Tenant<'_, '_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let scope = *scope;
        self.db.read(move |tx| work(&mut Tenant::new(tx, scope))).await
    }

    /// Tells which projects have new events: of this process at once, of others as far as [`Store::heard`] is told of them.
    /// A listener that lags reads what it missed from the stream.
    #[must_use]
    pub fn hints(&self) -> broadcast::Receiver<ProjectId> {
        self.hints.subscribe()
    }

    /// Tells which projects have new events that this process committed, so that others can be told.
    #[must_use]
    pub fn commits(&self) -> broadcast::Receiver<ProjectId> {
        self.commits.subscribe()
    }

    /// Another process on the same database has committed events of a project.
    pub fn heard(&self, project: ProjectId) {
        let _ = self.hints.send(project);
    }

    /// Looks whether the database is there and can be read.
    ///
    /// # Errors
    /// When it was removed, replaced or damaged, or cannot be reached.
    pub async fn probe(&self) -> Result<()> {
        self.db.probe().await
    }

    /// Which database this is: `sqlite` or `postgres`.
    #[must_use]
    pub fn backend(&self) -> &'static str {
        self.db.name()
    }
}
