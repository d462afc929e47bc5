//! Conversations: a person's talks with the orchestrator. Only that person sees them.

use kernel::{ConversationId, Error, MessageId, PageRequest, Result};
use wire::orchestrator::{Author, ChatMetadata, Conversation, Message, MessageState, Mode};

use crate::db::{DbError, Row, Tx, args};
use crate::events::Listed;
use crate::scope::Tenant;

/// How much of the first message becomes the title, in characters.
const TITLE: usize = 60;

fn read(row: &Row<'_>) -> Result<Conversation, DbError> {
    Ok(Conversation {
        id: row.id(0)?,
        project_id: row.id(1)?,
        title: row.get(2)?,
        created_at: row.get(3)?,
        updated_at: row.get(4)?,
    })
}

const COLUMNS: &str = "id, project_id, title, created_at, updated_at";

fn read_message(row: &Row<'_>) -> Result<Message, DbError> {
    let metadata: Option<String> = row.get(6)?;
    Ok(Message {
        id: row.id(0)?,
        conversation_id: row.id(1)?,
        author: row.tag(2)?,
        mode: row.tag::<Mode>(3)?,
        state: row.tag(4)?,
        content: row.get(5)?,
        metadata: metadata.and_then(|text| serde_json::from_str(&text).ok()),
        created_at: row.get(7)?,
    })
}

const MESSAGE: &str = "id, conversation_id, author, mode, state, content, metadata, created_at";

/// Begins a conversation.
///
/// # Errors
/// When the database fails.
pub fn create(t: &mut Tenant<'_, '_>) -> Result<Conversation> {
    let (project, actor, now) = (t.project(), t.scope().actor(), t.now());
    let id: ConversationId = t.id();
    t.execute(
        "INSERT INTO conversations (id, project_id, person_id, title, created_at, updated_at)
         VALUES ($1, $2, $3, '', $4, $4)",
        args![id, project, actor, now],
    )?;
    get(t, id)
}

/// The actor's conversation of that id.
///
/// # Errors
/// `NOT_FOUND` when there is none, or it is someone else's.
pub fn get(t: &mut Tenant<'_, '_>, id: ConversationId) -> Result<Conversation> {
    let (project, actor) = (t.project(), t.scope().actor());
    t.query_opt(
        &format!("SELECT {COLUMNS} FROM conversations WHERE project_id = $1 AND person_id = $2 AND id = $3"),
        args![project, actor, id],
        read,
    )?
    .ok_or_else(|| Error::not_found("conversation"))
}

/// The project that a conversation is in, so that the caller's right to it can be checked.
///
/// # Errors
/// `NOT_FOUND` when there is none.
pub fn project_of(tx: &mut Tx<'_>, id: ConversationId) -> Result<kernel::ProjectId> {
    tx.query_opt("SELECT project_id FROM conversations WHERE id = $1", args![id], |row| row.id(0))?
        .ok_or_else(|| Error::not_found("conversation"))
}

/// The actor's conversations, last used first.
///
/// # Errors
/// When the database fails.
pub fn list(t: &mut Tenant<'_, '_>, page: &PageRequest) -> Result<Listed<Conversation>> {
    let (key, id) = page.after.as_ref().map_or((i64::MAX, "~"), |cursor| (cursor.key, cursor.id.as_str()));
    let (project, actor) = (t.project(), t.scope().actor());
    let total = t.query_one(
        "SELECT COUNT(*) FROM conversations WHERE project_id = $1 AND person_id = $2",
        args![project, actor],
        |row| row.get(0),
    )?;
    let rows = t.query(
        &format!(
            "SELECT {COLUMNS} FROM conversations
             WHERE project_id = $1 AND person_id = $2 AND (updated_at < $3 OR (updated_at = $3 AND id < $4))
             ORDER BY updated_at DESC, id DESC LIMIT $5"
        ),
        args![project, actor, key, id, i64::from(page.limit) + 1],
        read,
    )?;
    Ok(Listed::of(rows, total, page, |row| (row.updated_at.0, row.id.to_string())))
}

/// Removes a conversation with its messages.
///
/// # Errors
/// `NOT_FOUND` when there is none, or it is someone else's.
pub fn remove(t: &mut Tenant<'_, '_>, id: ConversationId) -> Result<()> {
    get(t, id)?;
    t.execute("DELETE FROM conversations WHERE id = $1", args![id])?;
    Ok(())
}

/// Adds a message. The first one of a person gives the conversation its title.
///
/// # Errors
/// `NOT_FOUND` when the conversation is not of this project.
pub fn add(t: &mut Tenant<'_, '_>, message: &Message) -> Result<()> {
    let project = t.project();
    let metadata =
        message.metadata.as_ref().map(serde_json::to_string).transpose().map_err(Error::internal)?;
    t.execute(
        "INSERT INTO messages (id, project_id, conversation_id, author, mode, state, content, metadata, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![
            message.id,
            project,
            message.conversation_id,
            author(message.author),
            message.mode.as_str(),
            message.state.as_str(),
            &message.content,
            metadata.as_deref(),
            message.created_at
        ],
    )?;
    let title: String = message.content.lines().next().unwrap_or_default().chars().take(TITLE).collect();
    let title = if message.author == Author::User { title } else { String::new() };
    let here = t.execute(
        "UPDATE conversations SET updated_at = $3, title = CASE WHEN title = '' THEN $4 ELSE title END
         WHERE project_id = $1 AND id = $2",
        args![project, message.conversation_id, message.created_at, &title],
    )?;
    if here == 1 { Ok(()) } else { Err(Error::not_found("conversation")) }
}

fn author(author: Author) -> &'static str {
    match author {
        Author::User => "user",
        Author::Assistant => "assistant",
    }
}

/// Notes how far an answer is.
///
/// # Errors
/// When the database fails.
pub fn update(
    t: &mut Tenant<'_, '_>,
    id: MessageId,
    state: MessageState,
    content: &str,
    metadata: Option<&ChatMetadata>,
) -> Result<()> {
    let project = t.project();
    let metadata = metadata.map(serde_json::to_string).transpose().map_err(Error::internal)?;
    t.execute(
        "UPDATE messages SET state = $3, content = $4, metadata = COALESCE($5, metadata)
         WHERE project_id = $1 AND id = $2",
        args![project, id, state.as_str(), content, metadata.as_deref()],
    )?;
    Ok(())
}

/// The messages of the actor's conversation, newest first.
///
/// # Errors
/// `NOT_FOUND` when the conversation is not theirs.
pub fn messages(t: &mut Tenant<'_, '_>, id: ConversationId, page: &PageRequest) -> Result<Listed<Message>> {
    get(t, id)?;
    // A letter sorts behind the prefix of all messages in every collation, which a `~` does not.
    let before = page.after.as_ref().map_or("n", |cursor| cursor.id.as_str());
    let total =
        t.query_one("SELECT COUNT(*) FROM messages WHERE conversation_id = $1", args![id], |row| row.get(0))?;
    let rows = t.query(
        &format!(
            "SELECT {MESSAGE} FROM messages WHERE conversation_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
        ),
        args![id, before, i64::from(page.limit) + 1],
        read_message,
    )?;
    Ok(Listed::of(rows, total, page, |message| (0, message.id.to_string())))
}

/// One message of the actor's conversation.
///
/// # Errors
/// `NOT_FOUND` when the conversation is not theirs, or has no such message.
pub fn message(t: &mut Tenant<'_, '_>, conversation: ConversationId, id: MessageId) -> Result<Message> {
    get(t, conversation)?;
    t.query_opt(
        &format!("SELECT {MESSAGE} FROM messages WHERE conversation_id = $1 AND id = $2"),
        args![conversation, id],
        read_message,
    )?
    .ok_or_else(|| Error::not_found("message"))
}

/// The first answer in the actor's conversation that came after the message `after`; without one, the very first.
///
/// # Errors
/// `NOT_FOUND` when the conversation is not theirs.
pub fn answer_after(
    t: &mut Tenant<'_, '_>,
    conversation: ConversationId,
    after: Option<MessageId>,
) -> Result<Option<Message>> {
    get(t, conversation)?;
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    Ok(t.query_opt(
        &format!(
            "SELECT {MESSAGE} FROM messages
             WHERE conversation_id = $1 AND author = 'assistant' AND id > $2 ORDER BY id LIMIT 1"
        ),
        args![conversation, &after],
        read_message,
    )?)
}

/// The answers that are being written, or were when their server ended, with the conversation of each.
///
/// # Errors
/// When the database fails.
pub fn under_way(tx: &mut Tx<'_>) -> Result<Vec<(ConversationId, MessageId)>> {
    Ok(tx.query("SELECT conversation_id, id FROM messages WHERE state = 'streaming'", args![], |row| {
        Ok((row.id(0)?, row.id(1)?))
    })?)
}

/// Marks an answer that its server's end broke off. What was written of it is kept. False if it has ended otherwise.
///
/// # Errors
/// When the database fails.
pub fn break_off(tx: &mut Tx<'_>, id: MessageId) -> Result<bool> {
    let broken =
        tx.execute("UPDATE messages SET state = 'failed' WHERE id = $1 AND state = 'streaming'", args![id])?;
    Ok(broken == 1)
}
