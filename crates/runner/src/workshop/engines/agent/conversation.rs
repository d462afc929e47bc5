//! One session with an agent, new or gone on with: greeted, prompted, answered when it asks for something, prompted again with what people say to it
//! meanwhile, and cancelled when it is to stop.

use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::schema::{
    CancelNotification, ClientCapabilities, ContentBlock, FileSystemCapabilities, Implementation,
    InitializeRequest, LoadSessionRequest, NewSessionRequest, PromptRequest, PromptResponse,
    ReadTextFileRequest, RequestPermissionOutcome, RequestPermissionRequest, RequestPermissionResponse,
    ResumeSessionRequest, SessionId, SessionNotification, StopReason, WriteTextFileRequest,
};
use agent_client_protocol::v1::{ConnectionTo, Dispatch};
use agent_client_protocol::{
    Agent, Client, Error, ErrorCode, Handled, on_receive_dispatch, on_receive_notification,
    on_receive_request,
};
use tokio::net::UnixStream;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};
use wire::fleet::Bounds;
use wire::runner::Say;

use super::account::{Account, Voice};
use super::asking::Asker;
use super::course::Course;
use super::files::Files;
use super::memory::Memory;
use super::transport::{Gate, lines};
use crate::workshop::spool::Writer;
use crate::workshop::words::Words;

/// How long an agent may take until it can be prompted. Some fetch themselves first.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long an agent may take to leave its turn for what people say to it.
const LEAVES: Duration = Duration::from_secs(60);

/// After how many bytes it is not remembered what more people said.
const ASKED: usize = 64 * 1024;

/// What an agent has told, written down.
pub(super) struct Book {
    pub(super) account: Account,
    pub(super) writer: Writer,
    /// Why nothing more is written down.
    pub(super) fault: Option<io::Error>,
    /// What the agent may use up.
    pub(super) bounds: Bounds,
    /// All that people said to it.
    pub(super) asked: String,
    /// Whether it says again what was said before.
    pub(super) repeats: bool,
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

    /// In a sentence, how the agent has used more than it may.
    pub(super) fn over(&self) -> Option<String> {
        self.account.usage.over(&self.bounds)
    }

    /// What people say to the agent, as it is brought in.
    async fn told(&mut self, say: &Say) {
        if self.asked.len() < ASKED {
            self.asked.push_str("\n\n");
            self.asked.push_str(&say.text);
        }
        let words = self.account.told(say);
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
    /// What people say to it.
    pub(super) words: Arc<Words>,
    pub(super) course: Course,
    pub(super) memory: Memory,
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
    /// It took too long to leave its turn.
    Stays,
    /// People have told it more, and it has used more than it may.
    Spent(String),
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

/// Has the whole conversation; gives what the agent says at the end of its last turn.
pub(super) async fn hold(socket: UnixStream, setting: Setting) -> Result<PromptResponse, Silence> {
    let Setting { folder, prompt, files, book, gate, asker, words, course, memory } = setting;
    let transport = lines(socket, &gate);
    let (writing, asking, asked) = (files.clone(), Arc::clone(&book), course.clone());
    let writes = !files.read_only();
    let (notes, passing) = (Arc::clone(&book), Arc::clone(&words));
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
                let mut book = notes.lock().await;
                if book.repeats {
                    return Ok(());
                }
                let heard = book.account.hear(told.update);
                book.write(&heard).await;
                if book.account.passed_boundary() {
                    passing.boundary();
                }
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
            async move |wanted: RequestPermissionRequest, responder, agent| {
                // It may take days, and what the agent says meanwhile is heard.
                let (asker, book, course) = (asker.clone(), Arc::clone(&asking), asked.clone());
                let turn = course.turn();
                agent.spawn(async move {
                    let given_up = responder.cancellation();
                    let outcome = tokio::select! {
                        outcome = asker.ask(wanted, &book, &course, turn) => outcome,
                        () = given_up.cancelled() => {
                            book.lock().await.note("It does not ask that any more").await;
                            RequestPermissionOutcome::Cancelled
                        }
                    };
                    responder.respond(RequestPermissionResponse::new(outcome))
                })
            },
            on_receive_request!(),
        )
        .connect_with(transport, async move |agent: ConnectionTo<Agent>| {
            let session = tokio::select! {
                session = timeout(PATIENCE, greet(&agent, folder, writes, &memory, &book)) => session,
                () = course.stopped() => return Ok(Err(Silence::Stopped)),
            };
            Ok(match session {
                Ok(Ok((session, knows))) => {
                    if let Err(error) = memory.begin(&session.0, knows, &prompt).await {
                        let why = format!("Nobody can go on with this conversation: {error}.");
                        book.lock().await.note(&why).await;
                    }
                    let prompt = [memory.told(knows), Some(prompt)].into_iter().flatten();
                    let prompt = prompt.map(ContentBlock::from).collect();
                    speak(&agent, &session, prompt, &book, &words, &course).await
                }
                Ok(Err(silence)) => Err(silence),
                Err(_) => Err(Silence::Late),
            })
        })
        .await;
    heard?
}

/// What this side says: the order, and then whatever people say, until a turn ends and nothing more was said.
async fn speak(
    agent: &ConnectionTo<Agent>,
    session: &SessionId,
    mut prompt: Vec<ContentBlock>,
    book: &Mutex<Book>,
    words: &Words,
    course: &Course,
) -> Result<PromptResponse, Silence> {
    loop {
        course.begin();
        book.lock().await.account.begin();
        let response = turn(agent, session, prompt, book, words, course).await?;
        let mut book = book.lock().await;
        if let Some(usage) = &response.usage {
            book.account.usage.turned(usage);
        }
        if course.stops() {
            return Ok(response);
        }
        if let Some(over) = book.over().filter(|_| words.wait()) {
            return Err(Silence::Spent(over));
        }
        let next = words.next();
        if next.is_empty() {
            return Ok(response);
        }
        for say in &next {
            book.told(say).await;
        }
        prompt = next.into_iter().map(|say| ContentBlock::from(say.text)).collect();
    }
}

/// One turn, to its end: its own, or because people say something that does not wait for it.
async fn turn(
    agent: &ConnectionTo<Agent>,
    session: &SessionId,
    prompt: Vec<ContentBlock>,
    book: &Mutex<Book>,
    words: &Words,
    course: &Course,
) -> Result<PromptResponse, Silence> {
    let cancel = || agent.send_notification(CancelNotification::new(session.clone()));
    let mut answer = pin!(agent.send_request(PromptRequest::new(session.clone(), prompt)).block_task());
    tokio::select! {
        answer = &mut answer => return Ok(answer?),
        () = course.stopped() => {
            cancel()?;
            return Ok(answer.await?);
        }
        () = words.due() => course.break_off(),
    }
    cancel()?;
    book.lock().await.note("Its turn is broken off.").await;
    tokio::select! {
        answer = &mut answer => match answer.map_err(Silence::from) {
            // Some answer so when they are cancelled. The session is there all the same.
            Err(Silence::Said(_)) => Ok(PromptResponse::new(StopReason::Cancelled)),
            answer => answer,
        },
        () = course.stopped() => Ok(answer.await?),
        () = sleep(LEAVES) => Err(Silence::Stays),
    }
}

/// Says what this side can, and begins a session, or goes on with one. Tells, too, whether the agent knows what was said before.
async fn greet(
    agent: &ConnectionTo<Agent>,
    folder: PathBuf,
    writes: bool,
    memory: &Memory,
    book: &Mutex<Book>,
) -> Result<(SessionId, bool), Silence> {
    let files = FileSystemCapabilities::new().read_text_file(true).write_text_file(writes);
    let hello = InitializeRequest::new(ProtocolVersion::V1)
        .client_capabilities(ClientCapabilities::new().fs(files))
        .client_info(Implementation::new("atelier", env!("CARGO_PKG_VERSION")));
    let hello = agent.send_request(hello).block_task().await?;
    if hello.protocol_version != ProtocolVersion::V1 {
        return Err(Silence::Version);
    }
    if let Some(session) = memory.session() {
        let can = hello.agent_capabilities;
        let taken_up = if can.session_capabilities.resume.is_some() {
            let resume = ResumeSessionRequest::new(session.clone(), folder.clone());
            agent.send_request(resume).block_task().await.map(drop)
        } else if can.load_session {
            book.lock().await.repeats = true;
            let load = LoadSessionRequest::new(session.clone(), folder.clone());
            let loaded = agent.send_request(load).block_task().await.map(drop);
            book.lock().await.repeats = false;
            loaded
        } else {
            Err(Error::method_not_found())
        };
        match taken_up.map_err(Silence::from) {
            Ok(()) => {
                book.lock().await.account.usage.goes_on(memory.spent());
                return Ok((session, true));
            }
            // It may have forgotten that one, or never keep any.
            Err(Silence::Said(_)) => {}
            Err(silence) => return Err(silence),
        }
    }
    if memory.goes_on() {
        book.lock().await.note("The agent cannot go on in its session, and is told what was said.").await;
    }
    let begun = agent.send_request(NewSessionRequest::new(folder)).block_task().await?;
    Ok((begun.session_id, false))
}
