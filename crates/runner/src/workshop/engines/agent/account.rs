//! What an agent tells of its work, as a text that people read and as how far it is: no IO.

use std::collections::{HashMap, VecDeque};

use agent_client_protocol::v1::schema::{
    ContentBlock, EmbeddedResourceResource, Plan, PlanEntry, PlanEntryStatus, SessionUpdate, ToolCallId,
    ToolCallStatus, ToolKind,
};
use wire::runner::{NAME, Progress, STREAMS, Say, Task};

use super::usage::Usage;

/// The most tool calls and plan entries that are followed.
const FOLLOWED: usize = 500;
/// The most bytes that are kept of what an agent says to people in a turn.
pub(super) const ANSWER: usize = 256 * 1024;
/// The most entries of a plan that are written down.
const ENTRIES: usize = 64;

/// Who speaks in the text. Each line that is not what the agent says to people has a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// The agent, to people.
    Message,
    /// The agent, to itself.
    Thought,
    /// This runner, of what the agent does.
    Tool,
    Plan,
    Note,
    /// People, to the agent.
    Told,
    /// The agent's program, on its standard error.
    Error,
}

impl Voice {
    fn mark(self) -> &'static [u8] {
        match self {
            Self::Message => b"",
            Self::Thought => b"[thought] ",
            Self::Tool => b"[tool] ",
            Self::Plan => b"[plan] ",
            Self::Note => b"[note] ",
            Self::Told => b"[told] ",
            Self::Error => b"[stderr] ",
        }
    }
}

/// What is known of a task by what its agent has told.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Who spoke last, and whether the line goes on.
    voice: Option<Voice>,
    midline: bool,
    tools: HashMap<ToolCallId, (String, ToolCallStatus)>,
    /// Of what kind they are, where that is known.
    kinds: HashMap<ToolCallId, ToolKind>,
    plan: Vec<PlanEntry>,
    /// What it does now.
    now: Option<String>,
    /// Tool calls that are done, the latest.
    done: VecDeque<String>,
    /// Whether it was not told since it changed.
    changed: bool,
    /// Whether a tool call has ended, and none was in progress then, since this was asked last.
    boundary: bool,
    pub(super) usage: Usage,
    /// What it said to people in the turn that goes on, or was the last.
    answer: Vec<u8>,
    /// Bytes of that which are more than are kept.
    unkept: usize,
}

impl Account {
    /// What somebody says, as it is to be written down after all that was before.
    pub(super) fn say(&mut self, voice: Voice, words: &[u8]) -> Vec<u8> {
        let mut said = Vec::with_capacity(words.len() + 16);
        if self.voice != Some(voice) && self.midline {
            said.push(b'\n');
            self.midline = false;
        }
        self.voice = Some(voice);
        for part in words.split_inclusive(|byte| *byte == b'\n') {
            if !self.midline {
                said.extend_from_slice(voice.mark());
            }
            said.extend_from_slice(part);
            self.midline = !part.ends_with(b"\n");
        }
        said
    }

    /// One line of this runner's own.
    fn line(&mut self, voice: Voice, words: &str) -> Vec<u8> {
        let mut said = Vec::new();
        if self.midline {
            said.push(b'\n');
            self.midline = false;
        }
        said.extend(self.say(voice, words.as_bytes()));
        said.extend(self.say(voice, b"\n"));
        said
    }

    /// Something that this runner has to say of it.
    pub(super) fn note(&mut self, words: &str) -> Vec<u8> {
        self.does(words.to_owned());
        self.line(Voice::Note, words)
    }

    /// A turn begins.
    pub(super) fn begin(&mut self) {
        self.answer.clear();
        self.unkept = 0;
    }

    fn answers(&mut self, words: &[u8]) {
        let room = ANSWER - self.answer.len();
        let kept = if self.unkept == 0 { room.min(words.len()) } else { 0 };
        self.answer.extend_from_slice(&words[..kept]);
        self.unkept += words.len() - kept;
    }

    /// What it said to people in its last turn, and how many bytes of that were left out.
    pub(super) fn answer(&self) -> (&[u8], usize) {
        (&self.answer, self.unkept)
    }

    /// What people say to it, as the agent turns to it now.
    pub(super) fn told(&mut self, Say { verb, text, by_name, .. }: &Say) -> Vec<u8> {
        self.does("It turns to what it was told.".to_owned());
        self.line(Voice::Told, &format!("{by_name} ({}): {}", verb.as_str(), text.trim_end()))
    }

    /// Whether it has passed a place since this was asked last where it may be steered: a tool call has ended, and none other was
    /// in progress.
    pub(super) fn passed_boundary(&mut self) -> bool {
        std::mem::take(&mut self.boundary)
    }

    /// Takes an update in; gives what is to be written down of it.
    pub(super) fn hear(&mut self, update: SessionUpdate) -> Vec<u8> {
        match update {
            SessionUpdate::AgentMessageChunk(chunk) => {
                self.does("It writes.".to_owned());
                let words = words(&chunk.content);
                self.answers(words.as_bytes());
                self.say(Voice::Message, words.as_bytes())
            }
            SessionUpdate::AgentThoughtChunk(chunk) => {
                self.does("It thinks.".to_owned());
                self.say(Voice::Thought, words(&chunk.content).as_bytes())
            }
            SessionUpdate::ToolCall(call) => {
                self.is_of_kind(&call.tool_call_id, Some(call.kind));
                self.tool(call.tool_call_id, Some(call.title), Some(call.status))
            }
            SessionUpdate::ToolCallUpdate(update) => {
                self.is_of_kind(&update.tool_call_id, update.fields.kind);
                self.tool(update.tool_call_id, update.fields.title, update.fields.status)
            }
            SessionUpdate::Plan(plan) => self.plan(plan),
            SessionUpdate::UsageUpdate(usage) => {
                self.usage.update(&usage);
                self.changed = true;
                Vec::new()
            }
            SessionUpdate::Notice(notice) => {
                let more = notice.description.map(|more| format!(": {more}")).unwrap_or_default();
                self.line(Voice::Note, &short(&format!("{}{more}", notice.title)))
            }
            // What people do not read.
            _ => Vec::new(),
        }
    }

    fn is_of_kind(&mut self, id: &ToolCallId, kind: Option<ToolKind>) {
        if let Some(kind) = kind
            && (self.kinds.len() < FOLLOWED || self.kinds.contains_key(id))
        {
            self.kinds.insert(id.clone(), kind);
        }
    }

    /// Of what kind a tool call is, if the agent has said it.
    pub(super) fn kind(&self, id: &ToolCallId) -> Option<ToolKind> {
        self.kinds.get(id).copied()
    }

    fn tool(&mut self, id: ToolCallId, title: Option<String>, status: Option<ToolCallStatus>) -> Vec<u8> {
        let before = self.tools.get(&id);
        let title = title.map(|title| short(&title)).filter(|title| !title.is_empty());
        let title = title.or_else(|| before.map(|(title, _)| title.clone()));
        let title = title.unwrap_or_else(|| "(a tool)".to_owned());
        let status = status.or(before.map(|(_, status)| *status)).unwrap_or_default();
        let now = (title, status);
        if before == Some(&now) {
            return Vec::new();
        }
        let over = |status| matches!(status, ToolCallStatus::Completed | ToolCallStatus::Failed);
        if self.tools.len() >= FOLLOWED {
            self.tools.retain(|_, (_, status)| !over(*status));
            let tools = &self.tools;
            self.kinds.retain(|id, _| tools.contains_key(id));
        }
        let was_over = self.tools.get(&id).is_some_and(|(_, status)| over(*status));
        if self.tools.len() < FOLLOWED {
            self.tools.insert(id, now.clone());
        }
        let (title, status) = now;
        if over(status) && !was_over {
            let failed = if status == ToolCallStatus::Failed { " (failed)" } else { "" };
            self.done.push_back(short(&format!("{title}{failed}")));
            if self.done.len() > STREAMS / 2 {
                self.done.pop_front();
            }
            self.changed = true;
            let goes_on = |(_, status): &(String, ToolCallStatus)| *status == ToolCallStatus::InProgress;
            self.boundary |= !self.tools.values().any(goes_on);
        } else {
            self.does(title.clone());
        }
        let status = match status {
            ToolCallStatus::Pending => "pending",
            ToolCallStatus::InProgress => "in progress",
            ToolCallStatus::Completed => "completed",
            ToolCallStatus::Failed => "failed",
            _ => "…",
        };
        self.line(Voice::Tool, &format!("{title}: {status}"))
    }

    fn plan(&mut self, Plan { mut entries, .. }: Plan) -> Vec<u8> {
        entries.truncate(ENTRIES);
        if entries == self.plan {
            return Vec::new();
        }
        self.plan = entries;
        self.changed = true;
        let current = self.plan.iter().find(|entry| entry.status == PlanEntryStatus::InProgress);
        if let Some(entry) = current {
            self.does(short(&entry.content));
        }
        let lines: Vec<String> = self
            .plan
            .iter()
            .map(|entry| {
                let sign = match entry.status {
                    PlanEntryStatus::Completed => 'x',
                    PlanEntryStatus::InProgress => '>',
                    _ => ' ',
                };
                format!("[{sign}] {}", short(&entry.content))
            })
            .collect();
        lines.iter().flat_map(|line| self.line(Voice::Plan, line)).collect()
    }

    fn does(&mut self, what: String) {
        if self.now.as_ref() != Some(&what) {
            self.now = Some(what);
            self.changed = true;
        }
    }

    /// How far it is, if that has changed since this was asked last.
    pub(super) fn progress(&mut self, task: Task) -> Option<Progress> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let completed = self.plan.iter().filter(|entry| entry.status == PlanEntryStatus::Completed);
        let completed: Vec<String> = completed.map(|entry| short(&entry.content)).collect();
        let (of, all) = (completed.len(), self.plan.len());
        // A plan has few entries: each of these numbers is exact.
        #[allow(clippy::cast_precision_loss)]
        let progress = (all > 0).then(|| of as f32 * 100.0 / all as f32);
        let skip = of.saturating_sub(STREAMS / 2);
        let steps = completed.into_iter().skip(skip).chain(self.done.iter().cloned()).collect();
        Some(Progress {
            task,
            progress,
            message: self.now.as_deref().map(short),
            steps,
            used: self.usage.used(),
        })
    }
}

/// In one line, of no more characters than a sentence may have.
pub(super) fn short(text: &str) -> String {
    let mut line = String::new();
    for (number, word) in text.split_whitespace().enumerate() {
        if number > 0 {
            line.push(' ');
        }
        line.extend(word.chars().filter(|character| !character.is_control()));
        if line.len() > 4 * NAME {
            break;
        }
    }
    if line.chars().count() > NAME {
        line = line.chars().take(NAME - 1).chain(['…']).collect();
    }
    line
}

/// What people read of a piece of content.
pub(super) fn words(content: &ContentBlock) -> String {
    match content {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(_) => "[an image]\n".to_owned(),
        ContentBlock::Audio(_) => "[a sound]\n".to_owned(),
        ContentBlock::ResourceLink(link) => format!("{}\n", link.uri),
        ContentBlock::Resource(resource) => match &resource.resource {
            EmbeddedResourceResource::TextResourceContents(text) => text.text.clone(),
            EmbeddedResourceResource::BlobResourceContents(blob) => format!("{}\n", blob.uri),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use agent_client_protocol::v1::schema::{
        ContentChunk, PlanEntryPriority, ToolCall, ToolCallUpdate, ToolCallUpdateFields,
    };
    use kernel::{Id, RunId, StepId};

    use super::*;

    fn task() -> Task {
        Task { task_id: RunId::from_bits(1), step_id: StepId::from_bits(1), fence: 1 }
    }

    fn text(account: &mut Account, updates: impl IntoIterator<Item = SessionUpdate>) -> String {
        let said = updates.into_iter().flat_map(|update| account.hear(update)).collect();
        String::from_utf8(said).unwrap()
    }

    fn message(text: &str) -> SessionUpdate {
        SessionUpdate::AgentMessageChunk(ContentChunk::new(text.into()))
    }

    fn thought(text: &str) -> SessionUpdate {
        SessionUpdate::AgentThoughtChunk(ContentChunk::new(text.into()))
    }

    fn entry(content: &str, status: PlanEntryStatus) -> PlanEntry {
        PlanEntry::new(content, PlanEntryPriority::Medium, status)
    }

    #[test]
    fn what_an_agent_says_is_read_as_it_is_and_all_else_is_marked() {
        let mut account = Account::default();
        let call = ToolCall::new("1", "Read\n  a.txt").status(ToolCallStatus::InProgress);
        let done = ToolCallUpdateFields::new().status(ToolCallStatus::Completed);
        let said = text(
            &mut account,
            [
                message("Hel"),
                message("lo"),
                thought("hm\nwell"),
                SessionUpdate::ToolCall(call),
                SessionUpdate::ToolCallUpdate(ToolCallUpdate::new("1", done.clone())),
                SessionUpdate::ToolCallUpdate(ToolCallUpdate::new("1", done)),
                message("Done.\n"),
            ],
        );
        assert_eq!(
            said,
            "Hello\n[thought] hm\n[thought] well\n[tool] Read a.txt: in progress\n[tool] Read a.txt: completed\nDone.\n"
        );
    }

    #[test]
    fn a_plan_is_written_when_it_changes_and_says_how_far_it_is() {
        let mut account = Account::default();
        use PlanEntryStatus::{Completed, InProgress, Pending};
        let plan = |first, second| {
            SessionUpdate::Plan(Plan::new(vec![entry("look", first), entry("write", second)]))
        };
        let said = text(&mut account, [plan(InProgress, Pending), plan(InProgress, Pending)]);
        assert_eq!(said, "[plan] [>] look\n[plan] [ ] write\n");
        let progress = account.progress(task()).unwrap();
        assert_eq!((progress.progress, progress.message.as_deref()), (Some(0.0), Some("look")));
        assert_eq!(account.progress(task()), None, "nothing changed");
        text(&mut account, [plan(Completed, InProgress)]);
        let progress = account.progress(task()).unwrap();
        assert_eq!((progress.progress, progress.steps), (Some(50.0), vec!["look".to_owned()]));
    }

    #[test]
    fn how_far_it_is_fits_into_a_message() {
        let mut account = Account::default();
        let title = "\u{1F4BE}".repeat(5_000);
        for n in 0..2_000 {
            let call = ToolCall::new(n.to_string(), title.clone()).status(ToolCallStatus::Completed);
            account.hear(SessionUpdate::ToolCall(call));
        }
        let entries = vec![entry(&title, PlanEntryStatus::Completed); 2_000];
        account.hear(SessionUpdate::Plan(Plan::new(entries)));
        let progress = account.progress(task()).unwrap();
        assert!(progress.steps.len() <= STREAMS);
        assert!(progress.steps.iter().all(|step| step.chars().count() <= NAME));
        assert!(account.tools.len() <= FOLLOWED && account.plan.len() <= ENTRIES);
    }
}
