//! One session with an agent: greeted, prompted once, answered when it asks for something, and cancelled when it is to stop.

use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::schema::{
    CancelNotification, ClientCapabilities, ContentBlock, FileSystemCapabilities, Implementation,
    InitializeRequest, NewSessionRequest, PromptRequest, PromptResponse, ReadTextFileRequest,
    RequestPermissionOutcome, RequestPermissionRequest, RequestPermissionResponse, SessionNotification,
    WriteTextFileRequest,
};
use agent_client_protocol::v1::{ConnectionTo, Dispatch};
use agent_client_protocol::{
    Agent, Client, Error, ErrorCode, Handled, on_receive_dispatch, on_receive_notification,
    on_receive_request,
};
use tokio::net::UnixStream;
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

use super::account::{Account, Voice};
use super::asking::Asker;
use super::files::Files;
use super::transport::{Gate, lines};
use crate::workshop::spool::Writer;

/// How long an agent may take until it can be prompted. Some fetch themselves first.
const PATIENCE: Duration = Duration::from_secs(300);

/// What an agent has told, written down.
pub(super) struct Book {
    pub(super) account: Account,
    pub(super) writer: Writer,
    /// Why nothing more is written down.
    pub(super) fault: Option<io::Error>,
}

impl Book {
    pub(super) async fn write(&mut self, words: &[u8]) {
        if self.fault.is_none()
            && let Err(error) = self.writer.append(words).await
        {
            self.fault = Some(error);
        }
    }

    pub(super) async fn note(&mut self, words: &str) {
        let words = self.account.note(words);
        self.write(&words).await;
    }

    pub(super) async fn say(&mut self, voice: Voice, words: &[u8]) {
        let words = self.account.say(voice, words);
        self.write(&words).await;
    }
}

/// What an agent is given, and what it is heard with.
pub(super) struct Setting {
    pub(super) folder: PathBuf,
    pub(super) prompt: String,
    pub(super) files: Files,
    pub(super) book: Arc<Mutex<Book>>,
    pub(super) gate: Gate,
    pub(super) asker: Asker,
    /// Whether it is to stop.
    pub(super) stops: watch::Receiver<bool>,
}

/// Why there is no answer to the prompt.
#[derive(Debug)]
pub(super) enum Silence {
    /// It was to stop before it had begun.
    Stopped,
    /// It speaks another version of the protocol.
    Version,
    /// It took too long to begin.
    Late,
    /// Its side of the connection ended, or it has said what it may not.
    Ended,
    /// It wants somebody to sign in.
    SignIn,
    /// It says why.
    Said(String),
}

impl From<Error> for Silence {
    fn from(error: Error) -> Self {
        if agent_client_protocol::is_incoming_transport_closed(&error)
            || agent_client_protocol::is_connection_terminated(&error)
        {
            return Self::Ended;
        }
        if error.code == ErrorCode::AUTH_REQUIRED {
            return Self::SignIn;
        }
        let more = error.data.as_ref().map(|data| match data.as_str() {
            Some(text) => format!(" ({text})"),
            None => format!(" ({data})"),
        });
        Self::Said(format!("{}{}", error.message, more.unwrap_or_default()))
    }
}

/// Has the whole conversation; gives what the agent says at the end of its turn.
pub(super) async fn hold(socket: UnixStream, setting: Setting) -> Result<PromptResponse, Silence> {
    let Setting { folder, prompt, files, book, gate, asker, stops } = setting;
    let transport = lines(socket, &gate);
    let (writing, asking, patience) = (files.clone(), Arc::clone(&book), stops.clone());
    let heard = Client
        .v1()
        .name("atelier")
        .on_receive_dispatch(
            async move |message: Dispatch, _| {
                match &message {
                    Dispatch::Request(..) => {
                        gate.taken();
                        gate.owe().await;
                    }
                    Dispatch::Notification(_) => gate.taken(),
                    Dispatch::Response(..) => {}
                }
                Ok(Handled::No { message, retry: false })
            },
            on_receive_dispatch!(),
        )
        .on_receive_notification(
            async move |told: SessionNotification, _| {
                let mut book = book.lock().await;
                let words = book.account.hear(told.update);
                book.write(&words).await;
                Ok(())
            },
            on_receive_notification!(),
        )
        .on_receive_request(
            async move |wanted: ReadTextFileRequest, responder, _| {
                responder.respond_with_result(files.read(wanted).await)
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |wanted: WriteTextFileRequest, responder, _| {
                responder.respond_with_result(writing.write(wanted).await)
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |asked: RequestPermissionRequest, responder, agent| {
                // It may take days, and what the agent says meanwhile is heard.
                let (asker, book, stops) = (asker.clone(), Arc::clone(&asking), patience.clone());
                agent.spawn(async move {
                    let given_up = responder.cancellation();
                    let outcome = tokio::select! {
                        outcome = asker.ask(asked, &book, stops) => outcome,
                        () = given_up.cancelled() => RequestPermissionOutcome::Cancelled,
                    };
                    responder.respond(RequestPermissionResponse::new(outcome))
                })
            },
            on_receive_request!(),
        )
        .connect_with(transport, async move |agent: ConnectionTo<Agent>| {
            Ok(speak(&agent, folder, prompt, stops).await)
        })
        .await;
    heard?
}

/// What this side says.
async fn speak(
    agent: &ConnectionTo<Agent>,
    folder: PathBuf,
    prompt: String,
    mut stops: watch::Receiver<bool>,
) -> Result<PromptResponse, Silence> {
    let session = tokio::select! {
        session = timeout(PATIENCE, greet(agent, folder)) => session.map_err(|_| Silence::Late)??,
        () = stop(&mut stops) => return Err(Silence::Stopped),
    };
    let prompt = PromptRequest::new(session.clone(), vec![ContentBlock::from(prompt)]);
    let mut answer = pin!(agent.send_request(prompt).block_task());
    tokio::select! {
        answer = &mut answer => return Ok(answer?),
        () = stop(&mut stops) => agent.send_notification(CancelNotification::new(session))?,
    }
    Ok(answer.await?)
}

/// Says what this side can, and begins a session.
async fn greet(
    agent: &ConnectionTo<Agent>,
    folder: PathBuf,
) -> Result<agent_client_protocol::v1::schema::SessionId, Silence> {
    let files = FileSystemCapabilities::new().read_text_file(true).write_text_file(true);
    let hello = InitializeRequest::new(ProtocolVersion::V1)
        .client_capabilities(ClientCapabilities::new().fs(files))
        .client_info(Implementation::new("atelier", env!("CARGO_PKG_VERSION")));
    let hello = agent.send_request(hello).block_task().await?;
    if hello.protocol_version != ProtocolVersion::V1 {
        return Err(Silence::Version);
    }
    Ok(agent.send_request(NewSessionRequest::new(folder)).block_task().await?.session_id)
}

pub(super) async fn stop(stops: &mut watch::Receiver<bool>) {
    if stops.wait_for(|stops| *stops).await.is_err() {
        // Nobody is there who could want it.
        std::future::pending().await
    }
}
