//! A coding agent for tests: it speaks the protocol by the same library, does little, and misbehaves if it is told to.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema::{
    AgentCapabilities, CancelNotification, ContentChunk, Cost, InitializeRequest, InitializeResponse,
    LoadSessionRequest, LoadSessionResponse, NewSessionRequest, NewSessionResponse, PermissionOption,
    PermissionOptionKind, Plan, PlanEntry, PlanEntryPriority, PlanEntryStatus, PromptRequest, PromptResponse,
    ReadTextFileRequest, RequestPermissionOutcome, RequestPermissionRequest, ResumeSessionRequest,
    ResumeSessionResponse, SessionCapabilities, SessionId, SessionNotification, SessionResumeCapabilities,
    SessionUpdate, StopReason, ToolCall, ToolCallStatus, ToolCallUpdate, ToolCallUpdateFields, ToolKind,
    Usage, UsageUpdate, WriteTextFileRequest,
};
use agent_client_protocol::{Agent, Client, Error, Lines, on_receive_notification, on_receive_request};
use futures_util::{sink, stream};
use tokio::sync::{mpsc, watch};

/// Is an agent of that kind until its input ends:
///
/// - `writes` asks whether it may write, and writes `written.txt` by the client and `direct.txt` itself;
/// - `reads` tells what the client lets it read and write of the paths in its prompt;
/// - `refuses`, `stops` (at the most tokens), `signs-in` do not do it;
/// - `heeds` does nothing until it is cancelled, `deaf` not even then;
/// - `listens` does what its prompt says: `stay` until it is cancelled, `ask` by a tool call first, or nothing;
/// - `spends` says that it has used 2000 tokens and half a dollar, and does then as `listens`; if it is to ask, it says at the end that it
///   has used 5000;
/// - `withdraws` asks, and asks no more once its folder has a file `withdraw`; it stays then;
/// - `sneaks` writes `direct.txt` without asking;
/// - `garbage`, `huge` and `leaves` break off midway;
/// - `floods` says much, `strange` what no client knows;
/// - `recalls` and `repeats` keep what they were told in the folder `memory`, tell all of it and write it into `told.txt`; they go on with
///   a session that was begun in the same folder, the first by `session/resume`, the second by `session/load`. If they are to `stay`, they
///   do until they are cancelled.
pub(crate) async fn serve(how: &str, memory: Option<PathBuf>) -> ExitCode {
    let (said, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        std::io::stdin().lock().lines().try_for_each(|line| said.send(line)).ok();
    });
    let incoming = stream::unfold(lines, async |mut lines| Some((lines.recv().await?, lines)));
    let outgoing = sink::unfold((), async |(), line: String| writeln!(std::io::stdout(), "{line}"));
    let (cancel, cancelled) = watch::channel(0);
    let folder = Arc::new(Mutex::new(PathBuf::new()));
    let (how, begun, prompted) = (how.to_owned(), how.to_owned(), Arc::clone(&folder));
    let (greeted, memory) = (how.clone(), memory.map(Memory));
    let (resumed, loaded) = (memory.clone(), memory.clone());
    let [resuming, loading] = [(); 2].map(|()| Arc::clone(&folder));
    let begins = memory.clone();
    let served = Agent
        .v1()
        .on_receive_request(
            async move |hello: InitializeRequest, responder, _| {
                let resume = (greeted == "recalls").then(SessionResumeCapabilities::new);
                let can = AgentCapabilities::new().load_session(greeted == "repeats");
                let can = can.session_capabilities(SessionCapabilities::new().resume(resume));
                responder.respond(InitializeResponse::new(hello.protocol_version).agent_capabilities(can))
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |wanted: NewSessionRequest, responder, _| {
                if begun == "signs-in" {
                    return responder.respond_with_error(Error::auth_required());
                }
                let session =
                    begins.as_ref().map_or("the-session".into(), |memory| memory.begin(&wanted.cwd));
                *folder.lock().unwrap() = wanted.cwd;
                responder.respond(NewSessionResponse::new(session))
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |wanted: ResumeSessionRequest, responder, _| {
                if !resumed.as_ref().is_some_and(|memory| memory.knows(&wanted.session_id, &wanted.cwd)) {
                    return responder.respond_with_error(Error::invalid_params());
                }
                *resuming.lock().unwrap() = wanted.cwd;
                responder.respond(ResumeSessionResponse::new())
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |wanted: LoadSessionRequest, responder, client: ConnectionTo<Client>| {
                if !loaded.as_ref().is_some_and(|memory| memory.knows(&wanted.session_id, &wanted.cwd)) {
                    return responder.respond_with_error(Error::invalid_params());
                }
                *loading.lock().unwrap() = wanted.cwd;
                let again =
                    SessionUpdate::AgentMessageChunk(ContentChunk::new("What I said before.\n".into()));
                client.send_notification(SessionNotification::new(wanted.session_id, again))?;
                responder.respond(LoadSessionResponse::new())
            },
            on_receive_request!(),
        )
        .on_receive_notification(
            async move |_: CancelNotification, _| {
                cancel.send_modify(|cancels: &mut u32| *cancels += 1);
                Ok(())
            },
            on_receive_notification!(),
        )
        .on_receive_request(
            async move |asked: PromptRequest, responder, client: ConnectionTo<Client>| {
                let words = asked.prompt.iter().map(|block| match block {
                    agent_client_protocol::v1::schema::ContentBlock::Text(text) => text.text.as_str(),
                    other => panic!("{other:?}"),
                });
                let turn = Turn {
                    client: client.clone(),
                    session: asked.session_id.clone(),
                    memory: memory.clone(),
                    folder: prompted.lock().unwrap().clone(),
                    prompt: words.collect::<Vec<_>>().join(" & "),
                    before: *cancelled.borrow(),
                    cancelled: cancelled.clone(),
                };
                let how = how.clone();
                client.spawn(async move { responder.respond_with_result(turn.does(&how).await) })
            },
            on_receive_request!(),
        )
        .connect_to(Lines::new(outgoing, incoming))
        .await;
    if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What an agent keeps of its sessions: a file each, with where it was begun and then all that it was told.
#[derive(Clone)]
struct Memory(PathBuf);

impl Memory {
    fn begin(&self, folder: &Path) -> SessionId {
        let name = format!("session-{}", std::fs::read_dir(&self.0).unwrap().count() + 1);
        std::fs::write(self.0.join(&name), format!("{}\n", folder.display())).unwrap();
        SessionId::new(name)
    }

    fn knows(&self, session: &SessionId, folder: &Path) -> bool {
        let known = std::fs::read_to_string(self.0.join(&*session.0)).unwrap_or_default();
        known.lines().next() == folder.to_str()
    }

    /// Keeps what it is told; gives all that it was told.
    fn tell(&self, session: &SessionId, prompt: &str) -> Vec<String> {
        let file = self.0.join(&*session.0);
        let mut known = std::fs::read_to_string(&file).unwrap();
        known.push_str(&prompt.replace('\n', " "));
        known.push('\n');
        std::fs::write(file, &known).unwrap();
        known.lines().skip(1).map(str::to_owned).collect()
    }
}

struct Turn {
    client: ConnectionTo<Client>,
    session: SessionId,
    memory: Option<Memory>,
    folder: PathBuf,
    prompt: String,
    /// How often the client had cancelled before.
    before: u32,
    cancelled: watch::Receiver<u32>,
}

impl Turn {
    fn tell(&self, update: SessionUpdate) {
        self.client.send_notification(SessionNotification::new(self.session.clone(), update)).unwrap();
    }

    fn say(&self, text: &str) {
        self.tell(SessionUpdate::AgentMessageChunk(ContentChunk::new(text.into())));
    }

    fn plan(&self, first: PlanEntryStatus, second: PlanEntryStatus) {
        let entry = |what: &str, status| PlanEntry::new(what, PlanEntryPriority::Medium, status);
        let entries = vec![entry("look around", first), entry("write", second)];
        self.tell(SessionUpdate::Plan(Plan::new(entries)));
    }

    async fn does(self, how: &str) -> Result<PromptResponse, Error> {
        let ended = |reason| Ok(PromptResponse::new(reason));
        match how {
            "writes" => self.writes().await,
            "reads" => self.reads().await,
            "plans" => {
                // Whoever tests it says which plan it has.
                let plan = std::fs::read_to_string(self.folder.join("plan.txt")).unwrap();
                self.say(if self.prompt.contains("You plan work") { &plan } else { &self.prompt });
                ended(StopReason::EndTurn)
            }
            "refuses" => ended(StopReason::Refusal),
            "stops" => ended(StopReason::MaxTokens),
            "heeds" => {
                self.here();
                self.is_cancelled().await;
                ended(StopReason::Cancelled)
            }
            "listens" => self.listens().await,
            "recalls" | "repeats" => self.recalls().await,
            "withdraws" => self.withdraws().await,
            "spends" => {
                let spent = UsageUpdate::new(2_000, 10_000).cost(Cost::new(0.5, "USD"));
                self.tell(SessionUpdate::UsageUpdate(spent));
                let response = self.listens().await?;
                let asks = self.prompt.contains("ask");
                Ok(if asks { response.usage(Usage::new(5_000, 4_000, 1_000)) } else { response })
            }
            "sneaks" => {
                std::fs::write(self.folder.join("direct.txt"), "by itself\n").unwrap();
                self.say("Done.\n");
                ended(StopReason::EndTurn)
            }
            "deaf" => {
                self.here();
                std::future::pending().await
            }
            "garbage" => self.breaks("Warning: this is not JSON\n"),
            "huge" => self.breaks(&"x".repeat(3 * 1024 * 1024)),
            "leaves" => {
                eprintln!("out of memory");
                std::process::exit(3);
            }
            "floods" => {
                for n in 0..20_000 {
                    self.say(&format!("line {n}\n"));
                }
                ended(StopReason::EndTurn)
            }
            "strange" => {
                let update = r#"{"sessionId":"the-session","update":{"sessionUpdate":"of_tomorrow","x":1}}"#;
                let line = format!(r#"{{"jsonrpc":"2.0","method":"session/update","params":{update}}}"#);
                println!("{line}");
                println!(r#"{{"jsonrpc":"2.0","method":"_house/of_cards","params":{{}}}}"#);
                println!(r#"{{"jsonrpc":"2.0","id":77,"method":"terminal/create","params":{{}}}}"#);
                println!(r#"{{"jsonrpc":"2.0","id":9999,"result":{{}}}}"#);
                println!();
                self.say("All the same.\n");
                ended(StopReason::EndTurn)
            }
            other => panic!("{other}"),
        }
    }

    async fn recalls(&self) -> Result<PromptResponse, Error> {
        let told = self.memory.as_ref().unwrap().tell(&self.session, &self.prompt);
        self.say(&format!("I was told: {}\n", told.join(" | ")));
        let file = self.folder.join("told.txt");
        let before = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::write(file, format!("{before}{}\n", told.last().unwrap())).unwrap();
        if self.prompt.contains("stay") {
            self.is_cancelled().await;
            return Ok(PromptResponse::new(StopReason::Cancelled));
        }
        let turns = told.len() as u64;
        let usage = Usage::new(30 * turns, 20 * turns, 10 * turns);
        Ok(PromptResponse::new(StopReason::EndTurn).usage(usage))
    }

    /// Says which process it is.
    fn here(&self) {
        self.say(&format!("here {}\n", std::process::id()));
    }

    /// Writes what is no message, and stays.
    fn breaks(&self, what: &str) -> ! {
        let mut out = std::io::stdout();
        out.write_all(what.as_bytes()).unwrap();
        out.flush().unwrap();
        loop {
            std::thread::park();
        }
    }

    async fn writes(&self) -> Result<PromptResponse, Error> {
        self.say("I was told: ");
        self.say(&format!("{}\n", self.prompt));
        self.tell(SessionUpdate::AgentThoughtChunk(ContentChunk::new("Where am I?".into())));
        self.plan(PlanEntryStatus::Completed, PlanEntryStatus::InProgress);
        let call = ToolCall::new("call-1", "Write written.txt").kind(ToolKind::Edit);
        self.tell(SessionUpdate::ToolCall(call));
        let Some(allowed) = self.may("call-1", "Write written.txt").await? else {
            return Ok(PromptResponse::new(StopReason::Cancelled));
        };
        let status = if allowed { ToolCallStatus::Completed } else { ToolCallStatus::Failed };
        if allowed {
            let (path, text) = (self.folder.join("new/written.txt"), "by the client\n");
            self.client
                .send_request(WriteTextFileRequest::new(self.session.clone(), path, text))
                .block_task()
                .await?;
            std::fs::write(self.folder.join("direct.txt"), "by itself\n").unwrap();
        } else {
            self.say("I may not.\n");
        }
        let done = ToolCallUpdate::new("call-1", ToolCallUpdateFields::new().status(status));
        self.tell(SessionUpdate::ToolCallUpdate(done));
        self.plan(PlanEntryStatus::Completed, PlanEntryStatus::Completed);
        let cost = UsageUpdate::new(10, 100).cost(Cost::new(0.25, "USD"));
        self.tell(SessionUpdate::UsageUpdate(cost));
        Ok(PromptResponse::new(StopReason::EndTurn).usage(Usage::new(30, 20, 10)))
    }

    /// Comes when the turn is cancelled.
    async fn is_cancelled(&self) {
        self.cancelled.clone().wait_for(|cancels| *cancels > self.before).await.unwrap();
    }

    /// Asks whether it may make a tool call; nothing, if it is cancelled or nobody answers.
    async fn may(&self, call: &'static str, title: &str) -> Result<Option<bool>, Error> {
        // The protocol has the client answer what is open when it cancels.
        let answer = self.client.send_request(asking(&self.session, call, title)).block_task().await?;
        Ok(match answer.outcome {
            RequestPermissionOutcome::Selected(chosen) => Some(&*chosen.option_id.0 == "yes"),
            _ => None,
        })
    }

    async fn withdraws(&self) -> Result<PromptResponse, Error> {
        let asked = self.client.send_request(asking(&self.session, "call-1", "Write written.txt"));
        let file = self.folder.join("withdraw");
        while !file.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        asked.cancel()?;
        self.is_cancelled().await;
        drop(asked);
        Ok(PromptResponse::new(StopReason::Cancelled))
    }

    async fn listens(&self) -> Result<PromptResponse, Error> {
        self.say(&format!("I was told: {}\n", self.prompt));
        if self.prompt.contains("ask") {
            let call = ToolCall::new("call-1", "Look around").status(ToolCallStatus::InProgress);
            self.tell(SessionUpdate::ToolCall(call));
            if self.may("call-1", "Look around").await?.is_none() {
                self.say("Nobody answers.\n");
                return Ok(PromptResponse::new(StopReason::Cancelled));
            }
            let done = ToolCallUpdateFields::new().status(ToolCallStatus::Completed);
            self.tell(SessionUpdate::ToolCallUpdate(ToolCallUpdate::new("call-1", done)));
        }
        if self.prompt.contains("stay") {
            self.is_cancelled().await;
            return Ok(PromptResponse::new(StopReason::Cancelled));
        }
        Ok(PromptResponse::new(StopReason::EndTurn))
    }

    /// Reads and writes each path of its prompt, which are a line each, and tells what came of it.
    async fn reads(&self) -> Result<PromptResponse, Error> {
        for path in self.prompt.lines() {
            let read = self
                .client
                .send_request(ReadTextFileRequest::new(self.session.clone(), path))
                .block_task()
                .await;
            let read = read.map(|read| read.content).unwrap_or_else(|error| refusal(&error));
            let write = WriteTextFileRequest::new(self.session.clone(), path, "mine");
            let wrote = self.client.send_request(write).block_task().await;
            let wrote = wrote.map(|_| "written".to_owned()).unwrap_or_else(|error| refusal(&error));
            self.say(&format!("{}: {read}, {wrote}\n", path.rsplit('/').next().unwrap()));
        }
        Ok(PromptResponse::new(StopReason::EndTurn))
    }
}

/// Whether it may make a tool call.
fn asking(session: &SessionId, call: &'static str, title: &str) -> RequestPermissionRequest {
    let option = |id: &str, name: &str, kind| PermissionOption::new(id.to_owned(), name, kind);
    RequestPermissionRequest::new(
        session.clone(),
        ToolCallUpdate::new(call, ToolCallUpdateFields::new().title(title.to_owned())),
        vec![
            option("yes", "Allow", PermissionOptionKind::AllowOnce),
            option("no", "Do not", PermissionOptionKind::RejectOnce),
        ],
    )
}

fn refusal(error: &Error) -> String {
    error.data.as_ref().map_or(error.message.clone(), |data| data.as_str().unwrap().to_owned())
}
