//! The orchestrator: what a person says becomes an answer that is written once, stored, and heard by whoever listens.

mod answer;
mod data;
mod help;
mod keep;
mod listener;
mod live;
mod others;
mod prompts;
mod query;
mod rooms;
mod speak;
mod talk;

use std::sync::Arc;

use brain::Brain;
use kernel::{Ambient, Code, ConversationId, Error, MessageId, PageRequest, Result, Role};
use store::events::Listed;
use store::{Scope, Store, conversations};
use tracing::Instrument;
use wire::clean_message;
use wire::orchestrator::{
    Author, ChatHints, ChatRequest, ChatResponse, Conversation, Message, MessageState, Mode, QueryFilters,
    QueryRequest, QueryResponse,
};

pub use listener::Listener;

use crate::catalogue::Catalogue;
use crate::ingest::Ingest;
use crate::language::Language;
use answer::Job;
use live::{Halt, Live, Pen};
use others::Others;
use rooms::Rooms;

/// Results of a question that names no number.
const DEFAULT_RESULTS: u32 = 20;
/// The most results of a question.
const MAX_RESULTS: u32 = 100;
/// The most records that a message may name as what it is about.
const MAX_CONTEXT: usize = 50;
/// The most departments that a message may suggest.
const MAX_DEPARTMENTS: usize = 7;
/// The most collections that a question may be narrowed to.
const MAX_TYPES: usize = 10;
/// The most tags that a question may be narrowed to.
const MAX_TAGS: usize = 20;
/// The longest name of a collection or tag, in characters.
const MAX_NAME: usize = 100;

/// How much the orchestrator does at once, and how much of it is kept how often.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Answers that are written at once; beyond it new ones are refused with `UNAVAILABLE`.
    pub max_live: usize,
    /// Listeners at once; beyond it new ones are refused with `UNAVAILABLE`.
    pub max_listeners: usize,
    /// Characters of an answer; there it is cut, and says so.
    pub max_answer: usize,
    /// An answer under way is saved when it has grown by so many characters …
    pub save_chars: usize,
    /// … or when it grows so many milliseconds after it was saved last.
    pub save_millis: i64,
    /// Bytes of records that a model is given with a question; what does not fit is left out, the least relevant first.
    pub material: usize,
    /// Tokens of earlier talk that a model is given, as far as they can be guessed; the oldest is left out first.
    pub history_tokens: usize,
    /// Tokens that a model may answer with.
    pub answer_tokens: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_live: 64,
            max_listeners: 1024,
            max_answer: 100_000,
            save_chars: 2_000,
            save_millis: 1_000,
            material: 24_000,
            history_tokens: 6_000,
            answer_tokens: 2_048,
        }
    }
}

/// An answer that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Turn {
    pub conversation_id: ConversationId,
    /// The answer's message.
    pub message_id: MessageId,
}

/// The orchestrator. A cheap clone of one shared thing.
#[derive(Clone)]
pub struct Orchestrator {
    shared: Arc<Shared>,
}

/// What every answer is made with.
pub(super) struct Shared {
    store: Store,
    brain: Brain,
    ingest: Ingest,
    language: Language,
    ambient: Ambient,
    options: Options,
    rooms: Arc<Rooms>,
    others: Others,
}

impl Orchestrator {
    /// An orchestrator that writes to `store`, asks `brain` about projects, gives `ingest` what projects are told, and
    /// lets `language` speak if it can. Over `backplane` it hears of the answers that other servers write.
    #[must_use]
    pub fn new(
        store: Store,
        backplane: backplane::Handle,
        brain: Brain,
        ingest: Ingest,
        language: Language,
        ambient: Ambient,
        options: Options,
    ) -> Self {
        let rooms = Rooms::new(options.max_live, options.max_listeners);
        let others = Others::new(backplane);
        Self { shared: Arc::new(Shared { store, brain, ingest, language, ambient, options, rooms, others }) }
    }

    /// Stores what a person says and begins to answer. The answer is written to its end even if nobody listens, unless
    /// it is stopped.
    ///
    /// # Errors
    /// `INVALID_MODE`, `VALIDATION_ERROR`; `MISSING_PROJECT` when the request is for another project than the scope;
    /// `FORBIDDEN` when a viewer uses data mode;
    /// `NOT_FOUND` when the conversation is not the person's; `CONFLICT` while an answer is being written in it;
    /// `UNAVAILABLE` when as many answers are being written as may be.
    pub async fn begin(
        &self,
        scope: &Scope,
        catalogue: &'static Catalogue,
        request: ChatRequest,
    ) -> Result<Turn> {
        let (turn, _) = self.start(scope, catalogue, request).await?;
        Ok(turn)
    }

    /// Stores what a person says, and waits for the whole answer. Who no longer waits finds it in the conversation.
    ///
    /// # Errors
    /// As [`Self::begin`]; `AGENT_ERROR` when the agent that answers could not, and `ORCHESTRATION_ERROR` when the answer
    /// broke off otherwise.
    pub async fn chat(
        &self,
        scope: &Scope,
        catalogue: &'static Catalogue,
        request: ChatRequest,
    ) -> Result<ChatResponse> {
        let (turn, live) = self.start(scope, catalogue, request).await?;
        let message = live
            .ended()
            .await
            .ok_or_else(|| Error::new(Code::OrchestrationError, "The answer broke off. Ask again."))?;
        match failure(&message) {
            Some(error) => Err(error),
            None => Ok(ChatResponse {
                message_id: turn.message_id,
                conversation_id: turn.conversation_id,
                content: message.content.clone(),
                mode: message.mode,
                metadata: message.metadata.clone(),
                timestamp: message.created_at,
            }),
        }
    }

    /// Answers a question from the project's memory, by rules. Dropping the future is giving up.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` naming the field; `MISSING_PROJECT` when the request is for another project than the scope.
    #[tracing::instrument(name = "question", skip_all, fields(project = %scope.project()))]
    pub async fn query(
        &self,
        scope: &Scope,
        catalogue: &'static Catalogue,
        request: QueryRequest,
    ) -> Result<QueryResponse> {
        same_project(scope, request.project_id)?;
        let question = clean_message("query", &request.query)?;
        let limit = request.limit.unwrap_or(DEFAULT_RESULTS);
        if !(1..=MAX_RESULTS).contains(&limit) {
            return Err(Error::field("limit", format!("must be from 1 to {MAX_RESULTS}")));
        }
        let filters = request.filters.unwrap_or_default();
        check_filters(&filters)?;
        self.shared.brain.query(scope, catalogue.lexicon, &question, filters, limit as usize).await
    }

    /// Listens to a conversation, from behind the event `last` if it is given; see [`Listener`].
    ///
    /// # Errors
    /// `NOT_FOUND` when the conversation is not the person's; `VALIDATION_ERROR` when `last` is not an id of its
    /// stream; `UNAVAILABLE` when as many listen as may.
    pub async fn listen(
        &self,
        scope: &Scope,
        conversation: ConversationId,
        last: Option<&str>,
    ) -> Result<Listener> {
        Listener::open(self.shared.store.clone(), &self.shared.rooms, *scope, conversation, last).await
    }

    /// Ends the answer that is being written, and waits until what was written is stored. Without one it does nothing.
    ///
    /// # Errors
    /// `NOT_FOUND` when the conversation is not the person's; `UNAVAILABLE` when the server that writes the answer cannot
    /// be reached.
    pub async fn stop(&self, scope: &Scope, conversation: ConversationId) -> Result<()> {
        self.shared.store.read_in(scope, move |t| conversations::get(t, conversation)).await?;
        match self.shared.rooms.live(conversation) {
            Some(live) => {
                live.halt(Halt::Person);
                live.ended().await;
                Ok(())
            }
            None if self.shared.others.are_there() => self.stop_elsewhere(scope, conversation).await,
            None => Ok(()),
        }
    }

    /// Begins a conversation, so that it can be listened to before the first word.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(&self, scope: &Scope) -> Result<Conversation> {
        self.shared.store.transact_in(scope, conversations::create).await
    }

    /// The person's conversations in the project, last used first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn conversations(&self, scope: &Scope, page: PageRequest) -> Result<Listed<Conversation>> {
        self.shared.store.read_in(scope, move |t| conversations::list(t, &page)).await
    }

    /// The messages of a conversation, newest first. An answer under way has the text so far.
    ///
    /// # Errors
    /// `NOT_FOUND` when the conversation is not the person's.
    pub async fn messages(
        &self,
        scope: &Scope,
        conversation: ConversationId,
        page: PageRequest,
    ) -> Result<Listed<Message>> {
        // Looked up first: if it ends in between, the database has the whole text.
        let live = self.shared.rooms.live(conversation);
        let mut listed = self
            .shared
            .store
            .read_in(scope, move |t| conversations::messages(t, conversation, &page))
            .await?;
        if let Some(live) = live
            && let Some(message) = listed.rows.iter_mut().find(|message| message.id == live.id)
            && message.state == MessageState::Streaming
        {
            message.content = live.text();
        }
        Ok(listed)
    }

    /// Removes a conversation with all that was said in it. An answer under way is ended first.
    ///
    /// # Errors
    /// `NOT_FOUND` when the conversation is not the person's.
    pub async fn remove(&self, scope: &Scope, conversation: ConversationId) -> Result<()> {
        self.stop(scope, conversation).await?;
        self.shared.store.transact_in(scope, move |t| conversations::remove(t, conversation)).await?;
        self.shared.rooms.dismiss(conversation);
        self.shared.others.changed(conversation);
        Ok(())
    }

    /// Takes no more requests, breaks off the answers under way and stores what was written of them, and ends all
    /// streams.
    pub async fn close(&self) {
        self.shared.rooms.close().await;
    }

    async fn start(
        &self,
        scope: &Scope,
        catalogue: &'static Catalogue,
        request: ChatRequest,
    ) -> Result<(Turn, Arc<Live>)> {
        let Shared { store, ambient, options, rooms, others, .. } = &*self.shared;
        let mode = mode(&request.mode)?;
        same_project(scope, request.project_id)?;
        may(scope, mode)?;
        let content = clean_message("content", &request.content)?;
        let hints = request.metadata.unwrap_or_default();
        check_hints(&hints)?;
        let conversation = match request.conversation_id {
            // Whose it is comes first, so that nobody learns whether someone else's is busy.
            Some(id) => store.read_in(scope, move |t| conversations::get(t, id)).await?.id,
            None => self.open(scope).await?.id,
        };
        let floor = rooms.take(conversation)?;
        let claim = others.claim(conversation).await?;
        let said = content.clone();
        let message = store
            .transact_in(scope, move |t| {
                let said = Message {
                    id: t.id(),
                    conversation_id: conversation,
                    author: Author::User,
                    mode,
                    state: MessageState::Complete,
                    content: said.clone(),
                    metadata: None,
                    created_at: t.now(),
                };
                conversations::add(t, &said)?;
                let answer = Message {
                    id: t.id(),
                    author: Author::Assistant,
                    state: MessageState::Streaming,
                    content: String::new(),
                    ..said
                };
                conversations::add(t, &answer)?;
                Ok(answer)
            })
            .await?;
        let turn = Turn { conversation_id: conversation, message_id: message.id };
        let live = Live::new(message.id);
        floor.announce(&live);
        others.changed(conversation);
        let pen = Pen::new(
            store.clone(),
            others.clone(),
            ambient.clone(),
            *scope,
            *options,
            Arc::clone(&live),
            message,
        );
        let shared = Arc::clone(&self.shared);
        let job = Job { shared, scope: *scope, catalogue, conversation, content, hints };
        let span = tracing::info_span!("answer", project = %scope.project(), message = %turn.message_id);
        tokio::spawn(job.run(floor, claim, Arc::clone(&live), pen).instrument(span));
        Ok((turn, live))
    }
}

/// What an answer that broke off is told as; nothing for one that did not. The same from memory and from the database.
fn failure(message: &Message) -> Option<Error> {
    if message.state != MessageState::Failed {
        return None;
    }
    let metadata = message.metadata.as_ref();
    let code = metadata.and_then(|metadata| metadata.error).unwrap_or(Code::OrchestrationError);
    let why = metadata.and_then(|metadata| metadata.fallback.as_deref()).unwrap_or(
        "The server stopped while this answer was being written. What was written is kept; ask again.",
    );
    Some(Error::new(code, why))
}

/// Who answered when no model did.
const RULES: &str = "rules";

/// The newest message of a conversation.
async fn newest(store: &Store, scope: &Scope, conversation: ConversationId) -> Result<Option<Message>> {
    let page = PageRequest { limit: 1, after: None };
    let listed = store.read_in(scope, move |t| conversations::messages(t, conversation, &page)).await?;
    Ok(listed.rows.into_iter().next())
}

fn mode(name: &str) -> Result<Mode> {
    let why = match name {
        "query" => return Ok(Mode::Query),
        "data" => return Ok(Mode::Data),
        "chat" => return Ok(Mode::Chat),
        "task" => "This server does no tasks yet: they come with the departments.",
        _ => "There is no such mode.",
    };
    Err(Error::new(Code::InvalidMode, format!("{why} Use query, data or chat. Nothing was saved.")))
}

/// Talking and asking is for everyone in a project; telling it something is for those who may change it.
fn may(scope: &Scope, mode: Mode) -> Result<()> {
    if mode != Mode::Data || scope.role() >= Role::Editor {
        return Ok(());
    }
    Err(Error::new(
        Code::Forbidden,
        "Data mode needs the role editor; yours is viewer. An owner of the project can change that.",
    ))
}

fn same_project(scope: &Scope, project: kernel::ProjectId) -> Result<()> {
    if scope.project() == project {
        return Ok(());
    }
    Err(Error::new(Code::MissingProject, "The request names another project than the one it is for."))
}

fn check_hints(hints: &ChatHints) -> Result<()> {
    if hints.context_entities.as_ref().is_some_and(|ids| ids.len() > MAX_CONTEXT) {
        return Err(Error::field(
            "metadata.contextEntities",
            format!("must have at most {MAX_CONTEXT} records"),
        ));
    }
    if let Some(departments) = &hints.suggested_departments {
        at_most("metadata.suggestedDepartments", departments, MAX_DEPARTMENTS)?;
    }
    Ok(())
}

fn check_filters(filters: &QueryFilters) -> Result<()> {
    if let Some(types) = &filters.entity_types {
        at_most("filters.entityTypes", types, MAX_TYPES)?;
    }
    if let Some(tags) = &filters.tags {
        at_most("filters.tags", tags, MAX_TAGS)?;
    }
    match &filters.date_range {
        Some(range) if range.start > range.end => {
            Err(Error::field("filters.dateRange", "must start before it ends"))
        }
        _ => Ok(()),
    }
}

fn at_most(path: &str, names: &[String], most: usize) -> Result<()> {
    if names.len() > most {
        return Err(Error::field(path, format!("must have at most {most} names")));
    }
    if names.iter().any(|name| name.is_empty() || name.chars().count() > MAX_NAME) {
        return Err(Error::field(path, format!("a name must have 1 to {MAX_NAME} characters")));
    }
    Ok(())
}
