//! Slack: people who are known there give the commands of a channel's project, and see how what they ordered gets on.
//!
//! [`signature`] decides whether Slack itself sent something, [`said`] what that says; both are pure. Whatever is new is
//! acknowledged at once and heeded afterwards, at most once, by the [`Service`]; [`shown`] says how things look there. A server that
//! Slack cannot reach opens a [`socket`], over which the same is said.

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
use store::slack::{self, Thread};
use tokio::sync::{Notify, mpsc};

use crate::commands::Commands;
use client::Client;
use said::{Said, Word};
pub use signature::Signed;

/// The name of the sealed secret that Slack signs with.
pub const SIGNING_SECRET: &str = "slack.signing_secret";
/// The name of the sealed token that Atelier is known by at Slack.
pub const BOT_TOKEN: &str = "slack.bot_token";
/// The name of the sealed token by which Slack lets Atelier open a socket. With one, Slack need not be able to reach the server.
pub const APP_TOKEN: &str = "slack.app_token";
/// Where Slack's API is.
pub const API: &str = "https://slack.com/api";

/// Words that wait to be heeded. One more is refused, and Slack says it again.
const WORDS: usize = 128;
/// Words that are heeded at once.
const AT_ONCE: usize = 16;
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
    words: mpsc::Sender<Word>,
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
    /// Whether a socket to Slack is open.
    is_open: AtomicBool,
}

/// What heeds what is said, for as long as the server runs.
pub struct Service {
    inner: Arc<Inner>,
    words: mpsc::Receiver<Word>,
    /// For what comes over a socket.
    to: mpsc::Sender<Word>,
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
        let (changed, is_open) = (Notify::new(), AtomicBool::new(false));
        let inner = Inner { store, identity, commands, ambient, client, server, changed, is_open };
        let (inner, (to, words)) = (Arc::new(inner), mpsc::channel(WORDS));
        Ok((Service { inner: inner.clone(), words, to: to.clone() }, Self { inner, words: to }))
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
        self.inner.hear(&self.words, said).await
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
    /// Takes in what Slack says, once.
    async fn hear(&self, words: &mpsc::Sender<Word>, said: Said) -> Result<Answer> {
        let word = match said {
            Said::Nothing => return Ok(Answer::Heard),
            Said::Challenge(challenge) => return Ok(Answer::Challenge(challenge)),
            Said::Word(word) => *word,
        };
        // Room first: what is noted as heard has to be heeded.
        let room = words.try_reserve().map_err(|_| {
            Error::new(Code::Unavailable, "Too much is being said at once, or the server is stopping.")
        })?;
        let id = word.id.clone();
        if self.store.transact(move |tx| slack::is_new(tx, &id)).await? {
            room.send(word);
        }
        Ok(Answer::Heard)
    }
}

type Doing<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl Service {
    /// Heeds what is said until `ended` comes, and tells of runs meanwhile.
    pub async fn run(mut self, ended: impl Future<Output = ()> + Send) {
        tokio::pin!(ended);
        let mut heeding: FuturesUnordered<Doing<Option<Thread>>> = FuturesUnordered::new();
        let mut telling: FuturesUnordered<Doing<()>> = FuturesUnordered::new();
        let tell = |thread| -> Doing<()> { Box::pin(progress::tell(self.inner.clone(), thread)) };
        let (server, sockets) = (self.inner.server.clone(), socket::listen(&self.inner, &self.to));
        tokio::pin!(sockets);
        match self.inner.store.read(move |tx| slack::untold(tx, &server)).await {
            Ok(untold) => telling.extend(untold.into_iter().take(WATCHED).map(tell)),
            Err(error) => tracing::warn!(%error, "what Slack was not told to the end could not be read"),
        }
        loop {
            tokio::select! {
                () = &mut ended => break,
                never = &mut sockets => match never {},
                Some(begun) = heeding.next() => {
                    if let Some(thread) = begun.filter(|_| telling.len() < WATCHED) {
                        telling.push(tell(thread));
                    }
                }
                Some(()) = telling.next() => {}
                Some(word) = self.words.recv(), if heeding.len() < AT_ONCE => {
                    heeding.push(Box::pin(heeding::heed(self.inner.clone(), word)));
                }
            }
        }
        // Nothing new, but what was acknowledged is done.
        self.words.close();
        while let Ok(word) = self.words.try_recv() {
            heeding.push(Box::pin(heeding::heed(self.inner.clone(), word)));
        }
        let rest = async { while heeding.next().await.is_some() {} };
        if tokio::time::timeout(LAST, rest).await.is_err() {
            tracing::warn!("not all that was said in Slack was heeded before the end");
        }
    }
}
