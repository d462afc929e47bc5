//! A runner's WebSocket: what the session decides is done here, and the connection's clocks are kept.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::Secret;
use kernel::{Code, Error, ProjectId, Result};
use store::runners::{self, Bearer, Joining};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};
use wire::runner::{Close, Hello, LARGEST, SILENCE_MS, Task, ToRunner, Welcome};

use crate::session::{Next, Session};
use crate::work::{Can, Work};
use crate::{End, Gateway};

/// How long a runner may take to say who it is, and a message to be taken.
const PATIENCE: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_millis(SILENCE_MS);
/// How often it is looked at whether a runner may still be there: its key may be over, its owner may have left a project.
const LOOK: Duration = Duration::from_secs(60);
/// Bytes that a connection reads at a time: there may be thousands, which have little to say.
const READ: usize = 4 * 1024;

/// A runner that has joined.
struct Joined {
    bearer: Bearer,
    connection: String,
    key: Secret,
    declared: Vec<ProjectId>,
    /// The tasks that it says it has.
    known: Vec<Task>,
}

impl Gateway {
    /// Takes a runner's connection over.
    pub fn upgrade(&self, upgrade: WebSocketUpgrade) -> Response {
        let gateway = self.clone();
        upgrade.max_message_size(LARGEST).max_frame_size(LARGEST).read_buffer_size(READ).on_upgrade(
            async move |mut socket| {
                let end = gateway.converse(&mut socket).await.err().unwrap_or(End::Gone);
                if let Some((code, reason)) = end.told() {
                    let frame = CloseFrame { code, reason: reason.into() };
                    // A runner that is gone does not hear it.
                    let _ = timeout(PATIENCE, socket.send(Message::Close(Some(frame)))).await;
                }
            },
        )
    }

    /// Speaks with a runner until the connection ends, and tells why it does. What takes time but rarely is boxed, so that an
    /// idle connection has no room for it.
    async fn converse(&self, socket: &mut WebSocket) -> Result<(), End> {
        let mut session = Session::new(self.chance());
        let challenge = session.challenge();
        self.say(socket, &mut session, challenge).await?;
        let greeting = self.hear(socket, &mut session, Instant::now() + PATIENCE).await?;
        let Next::Admit(hello) = greeting else { return Err(End::Close(Close::Malformed)) };
        let (joined, joining, can) = Box::pin(self.recognise(hello)).await.map_err(refused)?;
        let runner = joined.bearer.runner;
        // Before it is noted that it is there: whoever removes the runner from then on finds the seat.
        let nudge = Arc::new(Notify::new());
        let ended = self.sit(runner, &joined.connection, &nudge);
        let end = async {
            let joins = Box::pin(self.join(&joined, joining, can, nudge));
            let (welcome, mut work, submits) = joins.await.map_err(refused)?;
            self.say(socket, &mut session, ToRunner::AuthOk(welcome)).await?;
            tracing::info!(%runner, "a runner has joined");
            for submit in submits {
                self.say(socket, &mut session, submit).await?;
            }
            work.want();
            self.accompany(socket, &mut session, &joined, &mut work, ended).await
        };
        let end = end.await;
        self.stand_up(runner, &joined.connection);
        let leaves = self.inner.store.transact(move |tx| runners::leave(tx, runner, &joined.connection));
        if let Err(error) = Box::pin(leaves).await {
            tracing::warn!(%error, %runner, "that a runner has left could not be noted; it is taken for absent soon");
        }
        tracing::info!(%runner, "a runner has left");
        end
    }

    /// Finds out who greets.
    async fn recognise(&self, hello: Hello) -> Result<(Joined, Joining, Can)> {
        let Hello {
            key,
            runner_id,
            version,
            platform,
            slots,
            projects: declared,
            commands,
            agents,
            tools,
            tasks: known,
            nonce: _,
        } = hello;
        let can = Can { slots, commands, agents, tools };
        let key = Secret::new(key);
        let bearer = self.inner.identity.runner(key.expose()).await?;
        if runner_id.is_some_and(|id| id != bearer.runner) {
            return Err(Error::new(Code::AuthError, "The key is another runner's."));
        }
        let connection = self.chance();
        let Can { slots, commands, agents, tools } = can.clone();
        let joining = Joining {
            connection: connection.clone(),
            version,
            platform,
            slots,
            commands,
            agents,
            tools,
            projects: declared.clone(),
        };
        Ok((Joined { bearer, connection, key, declared, known }, joining, can))
    }

    /// Notes that a runner is there, and finds out what it serves and which steps it has.
    async fn join(
        &self,
        joined: &Joined,
        joining: Joining,
        can: Can,
        nudge: Arc<Notify>,
    ) -> Result<(Welcome, Work, Vec<ToRunner>)> {
        let bearer = joined.bearer;
        let joins = self.inner.store.transact(move |tx| runners::join(tx, bearer, &joining));
        let runners::Joined { name, serves: projects, offered } = joins.await?;
        let mut refused = joined.declared.clone();
        refused.retain(|project| !projects.contains(project));
        let mut work = Work::new(self.clone(), bearer.runner, can, projects.clone(), nudge);
        let (tasks, submits) = work.resume(&joined.known).await?;
        Ok((Welcome { runner_id: bearer.runner, name, projects, refused, offered, tasks }, work, submits))
    }

    /// Hears and answers a runner that has joined, and looks now and then whether it may still be there.
    async fn accompany(
        &self,
        socket: &mut WebSocket,
        session: &mut Session,
        joined: &Joined,
        work: &mut Work,
        mut ended: tokio::sync::oneshot::Receiver<End>,
    ) -> Result<(), End> {
        let mut look = interval_at(Instant::now() + LOOK, LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent_at = Instant::now() + SILENCE;
        loop {
            tokio::select! {
                next = self.hear(socket, session, silent_at) => {
                    silent_at = Instant::now() + SILENCE;
                    match next? {
                        Next::Say(answer) => self.say(socket, session, answer).await?,
                        Next::Note(said) => work.hear(said).map_err(End::Close)?,
                        Next::Admit(_) => return Err(End::Close(Close::Malformed)),
                    }
                }
                says = work.next() => for said in says? {
                    self.say(socket, session, said).await?;
                },
                end = &mut ended => return Err(end.unwrap_or(End::Gone)),
                _ = look.tick() => if let Some(projects) = Box::pin(self.look(joined)).await? {
                    for said in work.serves(projects) {
                        self.say(socket, session, said).await?;
                    }
                },
            }
        }
    }

    /// Whether a runner may still be there, and what it serves. When that cannot be found out, it stays.
    async fn look(&self, joined: &Joined) -> Result<Option<Vec<ProjectId>>, End> {
        let looked = async {
            let bearer = self.inner.identity.runner(joined.key.expose()).await?;
            let (connection, declared) = (joined.connection.clone(), joined.declared.clone());
            self.inner.store.transact(move |tx| runners::stay(tx, bearer, &connection, &declared)).await
        };
        match looked.await {
            Ok(Some(projects)) => Ok(Some(projects)),
            // It has joined on another server, or its presence was noted as over.
            Ok(None) => Err(End::Close(Close::Replaced)),
            Err(error) if error.code() == Code::AuthError => Err(End::Close(Close::Unknown)),
            Err(error) => {
                tracing::warn!(%error, "whether a runner may still be there could not be looked at");
                Ok(None)
            }
        }
    }

    /// What is to be done about the next message.
    async fn hear(&self, socket: &mut WebSocket, session: &mut Session, until: Instant) -> Result<Next, End> {
        loop {
            match timeout_at(until, socket.recv()).await {
                Err(_) => return Err(End::Close(Close::Silent)),
                Ok(Some(Ok(Message::Text(text)))) => return session.hear(&text).map_err(End::Close),
                Ok(Some(Ok(Message::Binary(_)))) => return Err(End::Close(Close::Malformed)),
                // Answered by the library.
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                Ok(Some(Ok(Message::Close(_))) | None) => return Err(End::Gone),
                // Too long, no text, or the connection broke: there is nothing more to be heard on it.
                Ok(Some(Err(_))) => return Err(End::Close(Close::Malformed)),
            }
        }
    }

    async fn say(&self, socket: &mut WebSocket, session: &mut Session, message: ToRunner) -> Result<(), End> {
        let text = session.write(message, self.inner.ambient.now());
        match timeout(PATIENCE, socket.send(Message::Text(text.into()))).await {
            Ok(Ok(())) => Ok(()),
            // It does not read, or is gone.
            _ => Err(End::Gone),
        }
    }

    /// A text that comes but once.
    fn chance(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.inner.ambient.bytes::<16>())
    }
}

/// Why who greeted was not let in.
fn refused(error: Error) -> End {
    match error.code() {
        // It may have been removed just now.
        Code::AuthError | Code::NotFound => End::Close(Close::Unknown),
        _ => {
            tracing::error!(%error, "a runner could not be let in");
            End::Later
        }
    }
}
