//! What an agent wants permission for, as people are asked it.

use std::sync::Arc;

use agent_client_protocol::v1::schema::{
    PermissionOption, PermissionOptionKind, RequestPermissionOutcome, RequestPermissionRequest,
    SelectedPermissionOutcome, ToolCallContent, ToolCallUpdateFields, ToolKind,
};
use tokio::sync::Mutex;
use wire::fleet::{AgentAskKind, AgentAskOption};
use wire::runner::{DETAIL, NAME, OPTIONS, Task};

use super::account::{short, words};
use super::conversation::Book;
use super::course::Course;
use crate::workshop::Shared;

/// Asks people on behalf of one task. A clone asks for the same.
#[derive(Clone)]
pub(super) struct Asker {
    shared: Arc<Shared>,
    task: Task,
    /// Whether what would change something is refused without asking.
    read_only: bool,
}

/// Asks no more when it is dropped, by whichever way.
struct Asked<'a>(&'a Asker, u32);

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.shared.withdraw(self.0.task, self.1);
    }
}

impl Asker {
    pub(super) fn new(shared: &Arc<Shared>, task: Task, read_only: bool) -> Self {
        Self { shared: Arc::clone(shared), task, read_only }
    }

    /// Asks, and waits for the answer or until the agent's turn is over. What cannot be asked is refused.
    pub(super) async fn ask(
        &self,
        asked: RequestPermissionRequest,
        book: &Mutex<Book>,
        course: &Course,
        turn: u32,
    ) -> RequestPermissionOutcome {
        if course.is_over(turn) {
            return RequestPermissionOutcome::Cancelled;
        }
        let title = asked.tool_call.fields.title.as_deref().map(short).filter(|title| !title.is_empty());
        let title = title.unwrap_or_else(|| "It wants to go on".to_owned());
        if self.read_only {
            let mut book = book.lock().await;
            let kind = asked.tool_call.fields.kind.or(book.account.kind(&asked.tool_call.tool_call_id));
            if changes(kind) {
                book.note(&format!("It may only look, and was refused: {title}")).await;
                return refused(&asked);
            }
        }
        let options = options(&asked.options);
        let sense = options.and_then(|options| {
            self.shared.ask(self.task, (title.clone(), detail(&asked.tool_call.fields)), options)
        });
        let Some((number, answered)) = sense else {
            book.lock().await.note(&format!("It could not be asked, and was refused: {title}")).await;
            return refused(&asked);
        };
        let open = Asked(self, number);
        book.lock().await.note(&format!("It asks: {title}")).await;
        let answer = tokio::select! {
            answer = answered => answer.ok().flatten(),
            () = course.over(turn) => None,
        };
        drop(open);
        let chosen = asked.options.iter().find(|option| Some(&*option.option_id.0) == answer.as_deref());
        let told = chosen.map_or_else(|| "(none)".to_owned(), |option| short(&option.name));
        book.lock().await.note(&format!("The answer: {told}")).await;
        chosen.map_or(RequestPermissionOutcome::Cancelled, selected)
    }
}

fn selected(option: &PermissionOption) -> RequestPermissionOutcome {
    RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(option.option_id.clone()))
}

/// The answer to what nobody is asked about.
fn refused(asked: &RequestPermissionRequest) -> RequestPermissionOutcome {
    let of = |kind| asked.options.iter().find(|option| option.kind == kind);
    let rejects = of(PermissionOptionKind::RejectOnce).or(of(PermissionOptionKind::RejectAlways));
    rejects.map_or(RequestPermissionOutcome::Cancelled, selected)
}

/// Whether a tool call of that kind may change something, or what its agent may do. Of an unknown kind people are asked.
fn changes(kind: Option<ToolKind>) -> bool {
    use ToolKind::{Delete, Edit, Execute, Move, SwitchMode};
    matches!(kind, Some(Edit | Delete | Move | Execute | SwitchMode))
}

/// What may be answered, if people can be asked that: a few options, which can be told from each other.
fn options(given: &[PermissionOption]) -> Option<Vec<AgentAskOption>> {
    let mut options: Vec<AgentAskOption> = Vec::new();
    for option in given {
        let id = option.option_id.0.to_string();
        let fits = (1..=NAME).contains(&id.chars().count()) && !id.contains('\0');
        if !fits || options.len() >= OPTIONS || options.iter().any(|other| other.id == id) {
            return None;
        }
        let kind = match option.kind {
            PermissionOptionKind::AllowOnce => AgentAskKind::AllowOnce,
            PermissionOptionKind::AllowAlways => AgentAskKind::AllowAlways,
            PermissionOptionKind::RejectOnce => AgentAskKind::RejectOnce,
            PermissionOptionKind::RejectAlways => AgentAskKind::RejectAlways,
            // What it means cannot be said.
            _ => return None,
        };
        options.push(AgentAskOption { id, name: short(&option.name), kind });
    }
    (!options.is_empty()).then_some(options)
}

/// What it wants to do, in full: what it shows of it, else what it gives the tool.
fn detail(call: &ToolCallUpdateFields) -> String {
    let mut detail = String::new();
    for content in call.content.iter().flatten() {
        match content {
            ToolCallContent::Content(content) => detail.push_str(&words(&content.content)),
            ToolCallContent::Diff(diff) => {
                detail.push_str(&format!("{}:\n{}", diff.path.display(), diff.new_text));
            }
            _ => continue,
        }
        detail.push('\n');
        if detail.len() > 4 * DETAIL {
            break;
        }
    }
    if detail.is_empty()
        && let Some(input) = &call.raw_input
    {
        detail = serde_json::to_string_pretty(input).unwrap_or_default();
    }
    detail.retain(|character| character != '\0');
    let detail = detail.trim_end();
    if detail.chars().count() > DETAIL {
        return detail.chars().take(DETAIL - 1).chain(['…']).collect();
    }
    detail.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(id: &str) -> PermissionOption {
        PermissionOption::new(id.to_owned(), "Allow", PermissionOptionKind::AllowOnce)
    }

    #[test]
    fn options_that_cannot_be_told_apart_are_not_asked_for() {
        assert_eq!(options(&[option("a"), option("b")]).unwrap().len(), 2);
        assert!(options(&[]).is_none() && options(&[option("a"), option("a")]).is_none());
        assert!(options(&[option("")]).is_none() && options(&[option("a\0")]).is_none());
        let many: Vec<_> = (0..=OPTIONS).map(|n| option(&n.to_string())).collect();
        assert!(options(&many).is_none() && options(&many[1..]).is_some());
    }

    #[test]
    fn what_is_asked_is_told_in_full_within_a_bound() {
        let input = serde_json::json!({ "command": "rm -r \u{e4}" });
        let call = ToolCallUpdateFields::new().raw_input(input);
        assert!(detail(&call).contains("rm -r ä"));
        let long = ToolCallContent::from("ä\0".repeat(3 * DETAIL));
        let told = detail(&call.content(vec![long]));
        assert_eq!((told.chars().count(), told.contains('\0')), (DETAIL, false));
    }
}
