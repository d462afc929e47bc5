//! One connection to the server: the greeting, then two lanes. What is said of tasks and beats goes before what tasks write, and
//! what the server says is heard meanwhile.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use kernel::Ambient;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use wire::fleet::{End, Outcome, Stream};
use wire::runner::{
    Answer, Ask, BEAT_MS, Challenge, Close, Ended, Envelope, FromRunner, HeardSay, Hello, Progress,
    SILENCE_MS, SLOTS, Say, Submit, Task, ToRunner, Welcome,
};

use crate::Options;
use crate::address::{Address, Socket, dial};
use crate::delivery::{Delivery, Source};
use crate::workshop::Workshop;

/// How long a server may take to let a runner in.
const PATIENCE: Duration = Duration::from_secs(20);
/// Answers that may wait to be sent.
const CONTROL: usize = 8 * SLOTS as usize;
const BEAT: Duration = Duration::from_millis(BEAT_MS);
const SILENCE: Duration = Duration::from_millis(SILENCE_MS);

/// Why a connection is over, or never was.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The server closed it, and said why.
    Closed(Close),
    /// The server closed it for a reason of its own.
    Ended(String),
    /// Nothing was heard for too long.
    Silent,
    /// The server says what no server of this version does.
    Strange,
    /// The server is not the one that is meant, or nobody who is trusted says that it is.
    Untrusted(String),
    /// It could not be made, or broke.
    Broken(String),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(close) => f.write_str(close.reason()),
            Self::Ended(why) if why.is_empty() => f.write_str("The server closed the connection."),
            Self::Ended(why) => f.write_str(why),
            Self::Silent => f.write_str("Nothing was heard of the server for too long."),
            Self::Strange => f.write_str("What answers there is no Atelier, or one of another version."),
            Self::Untrusted(why) => write!(
                f,
                "The server's certificate is not trusted: {why}. Nothing was said to it, the key neither. If an authority of your own has signed it, name that by --authority."
            ),
            Self::Broken(why) => write!(f, "The server cannot be reached: {why}."),
        }
    }
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        match error {
            // A proxy whose server is away.
            Error::Http(answer) if answer.status().is_server_error() => {
                Self::Broken(format!("it answers {}", answer.status()))
            }
            Error::Http(_) => Self::Strange,
            Error::Io(error) => match untrusted(&error) {
                Some(why) => Self::Untrusted(why),
                None => Self::Broken(error.to_string()),
            },
            error => Self::Broken(error.to_string()),
        }
    }
}

/// Why a certificate is not trusted, if that is what went wrong.
fn untrusted(error: &std::io::Error) -> Option<String> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => {
            Some("this machine does not know who has signed it".to_owned())
        }
        rustls::Error::InvalidCertificate(why) => Some(why.to_string()),
        _ => None,
    }
}

/// Joins and stays, until the connection is lost.
pub(crate) async fn keep(options: &Options, ambient: &Ambient, joined: impl FnOnce(Welcome)) -> Lost {
    let kept = async {
        let mut socket = timeout(PATIENCE, dial(&options.server)).await.map_err(|_| Lost::Silent)??;
        let mut sent = Numbers { ambient, sent: 0 };
        let known = options.workshop.tasks();
        let mut welcome = greet(&mut socket, &mut sent, options.hello(known.clone())).await?;
        let kept = std::mem::take(&mut welcome.tasks);
        let own: Vec<Task> = kept.iter().map(|kept| kept.task).collect();
        known.iter().filter(|task| !own.contains(task)).for_each(|task| options.workshop.forget(*task));
        joined(welcome);
        let (say, says) = mpsc::channel(CONTROL);
        let line = Line {
            workshop: &options.workshop,
            delivery: Mutex::new(Delivery::after(kept)),
            stored: Notify::new(),
            say,
        };
        // It may have been told of the task, and not have said so.
        own.iter().filter(|task| known.contains(task)).for_each(|task| line.say(FromRunner::TaskAck(*task)));
        let (mut sink, mut stream) = socket.split();
        tokio::select! {
            lost = line.listen(&mut stream) => lost,
            lost = line.speak(&mut sink, &mut sent, says) => lost,
        }
    };
    match kept.await {
        Ok(never) => match never {},
        Err(lost) => lost,
    }
}

/// What nothing is of.
enum Never {}

/// Numbers what is sent.
struct Numbers<'a> {
    ambient: &'a Ambient,
    sent: u64,
}

impl Numbers<'_> {
    fn write(&mut self, message: FromRunner) -> Message {
        self.sent += 1;
        let envelope = Envelope { id: self.sent, message, timestamp: self.ambient.now() };
        // What it is made of cannot fail to be JSON.
        Message::text(serde_json::to_string(&envelope).unwrap_or_default())
    }
}

/// Says who this is.
async fn greet(socket: &mut Socket, sent: &mut Numbers<'_>, hello: Hello) -> Result<Welcome, Lost> {
    let until = Instant::now() + PATIENCE;
    let ToRunner::AuthChallenge(Challenge { nonce }) = hear(socket, until).await? else {
        return Err(Lost::Strange);
    };
    say(socket, sent.write(FromRunner::Auth(Hello { nonce, ..hello }))).await?;
    match hear(socket, until).await? {
        ToRunner::AuthOk(welcome) => Ok(welcome),
        _ => Err(Lost::Strange),
    }
}

impl Options {
    fn hello(&self, tasks: Vec<Task>) -> Hello {
        Hello {
            slots: self.slots,
            projects: self.workshop.projects(),
            commands: self.workshop.runs_commands(),
            agents: self.workshop.agents(),
            tools: self.workshop.tools(),
            tasks,
            ..stranger(&self.key, self.version)
        }
    }
}

/// A runner that declares nothing.
fn stranger(key: &str, version: &str) -> Hello {
    Hello {
        nonce: String::new(),
        key: key.to_owned(),
        runner_id: None,
        version: version.to_owned(),
        platform: format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
        slots: 1,
        projects: Vec::new(),
        commands: false,
        agents: Vec::new(),
        tools: Vec::new(),
        tasks: Vec::new(),
    }
}

/// Asks a server who the bearer of a key is, and what it is meant for. It has joined for this moment only.
pub(crate) async fn ask(
    server: &Address,
    key: &str,
    version: &str,
    ambient: &Ambient,
) -> Result<Welcome, Lost> {
    let mut socket = timeout(PATIENCE, dial(server)).await.map_err(|_| Lost::Silent)??;
    let welcome = greet(&mut socket, &mut Numbers { ambient, sent: 0 }, stranger(key, version)).await?;
    // It has what it wants.
    let _ = timeout(PATIENCE, socket.close(None)).await;
    Ok(welcome)
}

/// A connection that is there.
struct Line<'a> {
    workshop: &'a Workshop,
    delivery: Mutex<Delivery>,
    /// Told when the server has stored something, so that more may be sent.
    stored: Notify,
    /// What goes before all that tasks write.
    say: mpsc::Sender<FromRunner>,
}

impl Line<'_> {
    /// Hears what the server says, and that it is alive.
    async fn listen(&self, stream: &mut SplitStream<Socket>) -> Result<Never, Lost> {
        let mut silent_at = Instant::now() + SILENCE;
        loop {
            let heard = hear(stream, silent_at).await?;
            silent_at = Instant::now() + SILENCE;
            match heard {
                ToRunner::Heartbeat {} => {}
                ToRunner::TaskSubmit(submit) => self.begin(*submit).await,
                ToRunner::TaskCancel(task) => self.workshop.cancel(task),
                ToRunner::TaskAnswer(Answer { task, ask_id, option_id }) => {
                    self.workshop.answer(task, ask_id, option_id);
                }
                ToRunner::TaskSay(say) => self.hear_said(say).await,
                ToRunner::TaskStreamAck(stored) => {
                    self.delivery().stored(&stored);
                    self.stored.notify_one();
                }
                ToRunner::TaskSettled(task) => {
                    self.delivery().forget(task);
                    self.workshop.forget(task);
                }
                ToRunner::AuthChallenge(_) | ToRunner::AuthOk(_) => return Err(Lost::Strange),
            }
        }
    }

    /// Begins a task, and says so once it is on the disk.
    async fn begin(&self, submit: Submit) {
        let (task, workshop) = (submit.task, self.workshop.clone());
        let begun = tokio::task::spawn_blocking(move || workshop.begin(submit)).await;
        match begun {
            Ok(Ok(_)) => {
                self.delivery().begin(task);
                self.say(FromRunner::TaskAck(task));
                self.stored.notify_one();
            }
            failed => {
                let why = match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => "it ended in a fault of its own".to_owned(),
                };
                let message = format!("The runner could not write the task down: {why}. Nothing was done.");
                self.say(FromRunner::TaskError(Ended { task, outcome: Outcome::of(End::Broken, message) }));
            }
        }
    }

    /// Hears what people say to a task, and says so once that is on the disk. What is not heard is said again.
    async fn hear_said(&self, say: Say) {
        let (heard, workshop) = (HeardSay { task: say.task, said_id: say.said_id }, self.workshop.clone());
        match tokio::task::spawn_blocking(move || workshop.say(say)).await {
            Ok(Ok(true)) => self.say(FromRunner::TaskHeard(heard)),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "what was said to a task cannot be written down yet"),
            Err(error) => tracing::warn!(%error, "what was said to a task was not heard"),
        }
    }

    /// Beats, and says what there is to say: what is short first.
    async fn speak(
        &self,
        sink: &mut SplitSink<Socket, Message>,
        sent: &mut Numbers<'_>,
        mut says: mpsc::Receiver<FromRunner>,
    ) -> Result<Never, Lost> {
        let mut beat = interval_at(Instant::now() + BEAT, BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut more = true;
        loop {
            let next = tokio::select! {
                biased;
                _ = beat.tick() => Some(FromRunner::Heartbeat {}),
                said = says.recv() => said,
                () = std::future::ready(()), if more => {
                    let next = self.delivery().next(self.workshop);
                    more = next.is_some();
                    next
                }
                () = self.stored.notified() => { more = true; None }
                () = self.workshop.changed() => { more = true; None }
            };
            if let Some(next) = next {
                say(sink, sent.write(next)).await?;
            }
        }
    }

    /// Says something before all that tasks write. A server that has said more than can be answered hears nothing: it says it again.
    fn say(&self, message: FromRunner) {
        if self.say.try_send(message).is_err() {
            tracing::warn!("the server says more than this runner can answer");
        }
    }

    /// What is done under this lock cannot fail midway.
    fn delivery(&self) -> MutexGuard<'_, Delivery> {
        self.delivery.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Workshop {
    fn tasks(&self) -> Vec<Task> {
        self.tasks()
    }
    fn outcome(&self, task: Task) -> Option<Outcome> {
        self.outcome(task)
    }
    fn progress(&self, task: Task) -> Option<Progress> {
        self.progress(task)
    }
    fn asks(&self, task: Task) -> Vec<Ask> {
        self.asks(task)
    }
    fn withdrawn(&self, task: Task) -> Vec<u32> {
        self.withdrawn(task)
    }
    fn streams(&self, task: Task) -> Vec<Stream> {
        self.streams(task)
    }
    fn read(&self, task: Task, stream: &str, offset: u64, most: usize) -> std::io::Result<Vec<u8>> {
        self.read(task, stream, offset, most)
    }
}

async fn hear(
    stream: &mut (impl futures_util::Stream<Item = Result<Message, Error>> + Unpin),
    until: Instant,
) -> Result<ToRunner, Lost> {
    loop {
        match timeout_at(until, stream.next()).await {
            Err(_) => return Err(Lost::Silent),
            Ok(Some(Ok(Message::Text(text)))) => {
                let heard: Envelope<ToRunner> = serde_json::from_str(&text).map_err(|_| Lost::Strange)?;
                return Ok(heard.message);
            }
            // Answered by the library.
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
            Ok(Some(Ok(Message::Close(frame)))) => return Err(closed(frame)),
            Ok(Some(Ok(Message::Binary(_) | Message::Frame(_)))) => return Err(Lost::Strange),
            Ok(Some(Err(error))) => return Err(error.into()),
            Ok(None) => return Err(Lost::Ended(String::new())),
        }
    }
}

async fn say(
    sink: &mut (impl futures_util::Sink<Message, Error = Error> + Unpin),
    message: Message,
) -> Result<(), Lost> {
    match timeout(PATIENCE, sink.send(message)).await {
        Ok(sent) => Ok(sent?),
        Err(_) => Err(Lost::Silent),
    }
}

fn closed(frame: Option<CloseFrame>) -> Lost {
    let Some(CloseFrame { code, reason }) = frame else { return Lost::Ended(String::new()) };
    Close::of(code.into()).map_or_else(|| Lost::Ended(reason.to_string()), Lost::Closed)
}
