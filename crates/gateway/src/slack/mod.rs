//! Slack: people who are known there give the commands of a channel's project, and see how what they ordered gets on.
//!
//! [`signature`] decides whether Slack itself sent something, [`said`] what that says; both are pure. Whatever is new is
//! kept before it is acknowledged, and heeded afterwards by the [`Service`] of any server; [`shown`] says how things look there. A
//! server that Slack cannot reach opens a [`socket`], over which the same is said.

mod client;
mod files;
mod heeding;
mod progress;
mod said;
mod shown;
mod signature;
mod socket;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use identity::Identity;
use kernel::{Ambient, Code, Error, Result};
use store::Store;
use store::slack::{self, Taken, Thread};
use tokio::sync::Notify;

use crate::commands::Commands;
use client::Client;
use said::Said;
pub use signature::Signed;

/// The name of the sealed secret that Slack signs with.
pub const SIGNING_SECRET: &str = "slack.signing_secret";
/// The name of the sealed token that Atelier is known by at Slack.
pub const BOT_TOKEN: &str = "slack.bot_token";
/// The name of the sealed token by which Slack lets Atelier open a socket. With one, Slack need not be able to reach the server.
pub const APP_TOKEN: &str = "slack.app_token";
/// Where Slack's API is.
pub const API: &str = "https://slack.com/api";

/// Words that are heeded at once.
const AT_ONCE: usize = 16;
/// How long a word may take. One that takes longer is begun again.
const MOST: Duration = Duration::from_secs(4 * 60);
/// For how long a word is the server's that has taken it: one that dies does not heed it.
const TAKEN_MS: i64 = 5 * 60 * 1000;
/// How often it is looked whether words wait that others heard.
const LOOK: Duration = Duration::from_secs(20);
/// Runs that are told of at once. Of one more it is only said that it was ordered.
const WATCHED: usize = 200;
/// How long what is under way may take when the server ends.
const LAST: Duration = Duration::from_secs(5);

/// How Slack is reached.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where its API is: [`API`], unless something stands in for it.
    pub api: String,
    /// What this server is called, so that after a restart it tells on of what it told of.
    pub server: String,
}

/// What Slack is answered at once.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// That it was heard.
    Heard,
    /// What it wanted to hear.
    Challenge(String),
}

/// The handle. A cheap clone of one shared thing.
#[derive(Clone)]
pub struct Slack {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    identity: Identity,
    commands: Commands,
    ambient: Ambient,
    client: Client,
    server: String,
    /// Comes when the settings were changed here.
    changed: Notify,
    /// Comes when something was heard here.
    heard: Notify,
    /// Whether a socket to Slack is open.
    is_open: AtomicBool,
}

/// What heeds what is said, for as long as the server runs.
pub struct Service {
    inner: Arc<Inner>,
}

impl Slack {
    /// A service, and the handle to it.
    ///
    /// # Errors
    /// When no client of HTTP can be made.
    pub fn new(
        store: Store,
        identity: Identity,
        commands: Commands,
        ambient: Ambient,
        options: Options,
    ) -> Result<(Service, Self)> {
        let client = Client::new(identity.clone(), &options)?;
        let server = options.server;
        let (changed, heard, is_open) = (Notify::new(), Notify::new(), AtomicBool::new(false));
        let inner =
            Arc::new(Inner { store, identity, commands, ambient, client, server, changed, heard, is_open });
        Ok((Service { inner: inner.clone() }, Self { inner }))
    }

    /// Takes in what was sent as if by Slack: a JSON body, or a form.
    ///
    /// # Errors
    /// `NOT_FOUND` while no signing secret is set; `AUTH_ERROR` when Slack did not send it, or not now; `VALIDATION_ERROR` when it
    /// makes no sense; `UNAVAILABLE` when too much waits, so that Slack says it again.
    pub async fn receive(&self, signed: Option<Signed<'_>>, is_form: bool, body: &[u8]) -> Result<Answer> {
        let secret = self.inner.identity.secret(SIGNING_SECRET).await?;
        let secret = secret.ok_or_else(|| Error::not_found("connection to Slack"))?;
        let now = self.inner.ambient.now();
        if !signed.is_some_and(|signed| signature::is_signed(secret.expose(), signed, body, now)) {
            return Err(Error::new(Code::AuthError, "This was not signed by Slack, or too long ago."));
        }
        let said = if is_form { said::form(body) } else { said::event(body) };
        let said = said.ok_or_else(|| Error::field("body", "is nothing that Slack says"))?;
        self.inner.hear(said).await
    }

    /// The settings were changed: what follows from them is done at once.
    pub fn changed(&self) {
        self.inner.changed.notify_one();
    }

    /// Whether this server has a socket to Slack.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.inner.is_open.load(Ordering::Relaxed)
    }
}

impl Inner {
    /// Takes in what Slack says, once: it is kept when this gives an answer.
    async fn hear(&self, said: Said) -> Result<Answer> {
        let word = match said {
            Said::Nothing => return Ok(Answer::Heard),
            Said::Challenge(challenge) => return Ok(Answer::Challenge(challenge)),
            Said::Word(word) => *word,
        };
        let kept = serde_json::to_string(&word).map_err(Error::internal)?;
        let (id, server) = (word.id, self.server.clone());
        if self.store.transact(move |tx| slack::hear(tx, &id, &kept, &server)).await? {
            self.heard.notify_one();
        }
        Ok(Answer::Heard)
    }

    /// Takes words that wait.
    async fn take(&self, most: usize) -> Result<Vec<Taken>> {
        let (server, until) = (self.server.clone(), self.ambient.now().plus_millis(TAKEN_MS));
        self.store.transact(move |tx| slack::take(tx, &server, most as u32, until)).await
    }

    /// Frees what this server had taken when it ended the last time.
    async fn resume(&self) -> Result<()> {
        let server = self.server.clone();
        self.store.transact(move |tx| slack::resume(tx, &server)).await
    }
}

type Doing<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl Service {
    /// Heeds what is said until `ended` comes, and tells of runs meanwhile. What is not begun by then is kept for the next start.
    pub async fn run(self, ended: impl Future<Output = ()> + Send) {
        tokio::pin!(ended);
        let mut taking: FuturesUnordered<Doing<Result<Vec<Taken>>>> = FuturesUnordered::new();
        let mut heeding: FuturesUnordered<Doing<Option<Thread>>> = FuturesUnordered::new();
        let mut telling: FuturesUnordered<Doing<()>> = FuturesUnordered::new();
        let tell = |thread| -> Doing<()> { Box::pin(progress::tell(self.inner.clone(), thread)) };
        let (server, sockets) = (self.inner.server.clone(), socket::listen(&self.inner));
        tokio::pin!(sockets);
        match self.inner.store.read(move |tx| slack::untold(tx, &server)).await {
            Ok(untold) => telling.extend(untold.into_iter().take(WATCHED).map(tell)),
            Err(error) => tracing::warn!(%error, "what Slack was not told to the end could not be read"),
        }
        if let Err(error) = self.inner.resume().await {
            tracing::warn!(%error, "what was being heeded in Slack at the end is heeded some minutes later");
        }
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // Whether words may wait.
        let mut waiting = false;
        loop {
            tokio::select! {
                () = &mut ended => break,
                never = &mut sockets => match never {},
                _ = look.tick() => waiting = true,
                () = self.inner.heard.notified() => waiting = true,
                Some(begun) = heeding.next() => {
                    if let Some(thread) = begun.filter(|_| telling.len() < WATCHED) {
                        telling.push(tell(thread));
                    }
                }
                Some(()) = telling.next() => {}
                Some(taken) = taking.next() => match taken {
                    Ok(taken) => {
                        waiting |= !taken.is_empty();
                        let heed = |taken| -> Doing<_> { Box::pin(heeding::heed(self.inner.clone(), taken)) };
                        heeding.extend(taken.into_iter().map(heed));
                    }
                    Err(error) => tracing::warn!(%error, "what was said in Slack could not be read"),
                },
            }
            let room = AT_ONCE - heeding.len();
            if waiting && room > 0 && taking.is_empty() {
                waiting = false;
                let inner = self.inner.clone();
                taking.push(Box::pin(async move { inner.take(room).await }));
            }
        }
        // What was taken is done if there is time; the rest stays where it is.
        let rest = async { while heeding.next().await.is_some() {} };
        if tokio::time::timeout(LAST, rest).await.is_err() {
            tracing::warn!(
                "not all that was said in Slack was heeded before the end; the next start goes on with it"
            );
        }
    }
}
