//! Chat mode: general talk, without the project; with no model it says so, and still knows Atelier itself.

use kernel::{PageRequest, Result};
use models::Message as Said;
use store::conversations;
use wire::orchestrator::{Author, Message, Mode};

use super::answer::Job;
use super::live::Pen;
use super::speak::{Silence, speak};
use super::{RULES, help, prompts};
use crate::budget::Purse;

/// Who answers, as reports of usage name it.
const AGENT: &str = "chat";
/// Messages of the conversation that are looked at for earlier talk.
const LOOKED_AT: u32 = 100;
/// Bytes of a token, roughly: the rule of thumb for English, which `models` estimates by as well.
const BYTES_PER_TOKEN: usize = 4;

/// Answers what the person said.
pub(super) async fn answer(job: &Job, pen: &mut Pen) -> Result<()> {
    let shared = &job.shared;
    let Some(voice) = shared.language.current() else {
        pen.note("No language model is set. An administrator can set one under Settings, Model.");
        by_rules(job, pen, "General talk needs a language model, and none is set.").await;
        return Ok(());
    };
    let conversation = job.conversation;
    let page = PageRequest { limit: LOOKED_AT, after: None };
    let listed =
        shared.store.read_in(&job.scope, move |t| conversations::messages(t, conversation, &page)).await?;
    let turns = turns(&listed.rows, &job.content, shared.options.history_tokens);
    let request = prompts::talk(turns, shared.options.answer_tokens);
    let mut purse = Purse::of_person(shared.store.clone(), shared.ambient.clone(), job.scope, AGENT);
    let reserved = match purse.reserve_for(&voice, &request, 1).await?.or_why() {
        Ok(reserved) => reserved,
        Err(why) => {
            pen.note(why.as_str());
            by_rules(job, pen, &why).await;
            return Ok(());
        }
    };
    if let Err(Silence(why)) = speak(pen, &voice, request, reserved).await {
        pen.note(why.as_str());
        if pen.is_empty() {
            by_rules(job, pen, &why).await;
        } else {
            pen.say(&format!("\n\n{why}")).await;
        }
    }
    Ok(())
}

/// What is known of Atelier itself; and if that is not what was asked for, why there is no more.
async fn by_rules(job: &Job, pen: &mut Pen, why: &str) {
    pen.metadata.answered_by = Some(RULES.to_owned());
    pen.say(&help::answer(&job.content, why)).await;
}

/// The earlier talk, oldest first, and what is said now. Only what was said in chat mode is part of it: answers of the
/// other modes are about the project. Each turn is what the person said with its answer; as many of the newest are
/// taken as fit.
fn turns(newest_first: &[Message], now: &str, tokens: usize) -> Vec<Said> {
    let mut room = tokens.saturating_mul(BYTES_PER_TOKEN);
    let mut earlier: Vec<Said> = Vec::new();
    let mut answer: Option<&Message> = None;
    for message in newest_first.iter().filter(|message| message.mode == Mode::Chat) {
        match (message.author, answer.take()) {
            (Author::Assistant, _) => answer = Some(message).filter(|message| !message.content.is_empty()),
            (Author::User, Some(answer)) => {
                let size = message.content.len() + answer.content.len();
                if size > room {
                    break;
                }
                room -= size;
                earlier.push(Said::assistant(&answer.content));
                earlier.push(Said::user(&message.content));
            }
            // The one that is being answered, or one whose answer never began.
            (Author::User, None) => {}
        }
    }
    earlier.reverse();
    earlier.push(Said::user(now));
    earlier
}

#[cfg(test)]
mod tests {
    use kernel::{Ambient, ConversationId, Timestamp};
    use proptest::prelude::*;
    use wire::orchestrator::MessageState;

    use super::*;

    fn said(author: Author, mode: Mode, content: &str) -> Message {
        let ambient = Ambient::system();
        Message {
            id: ambient.id(),
            conversation_id: ambient.id::<ConversationId>(),
            author,
            mode,
            state: MessageState::Complete,
            content: content.to_owned(),
            metadata: None,
            created_at: Timestamp(0),
        }
    }

    #[test]
    fn earlier_talk_comes_in_order_and_without_what_other_modes_said() {
        let newest_first = [
            said(Author::Assistant, Mode::Chat, ""),
            said(Author::User, Mode::Chat, "now"),
            said(Author::Assistant, Mode::Query, "Mara is in two scenes."),
            said(Author::User, Mode::Query, "Where is Mara?"),
            said(Author::User, Mode::Chat, "unanswered"),
            said(Author::Assistant, Mode::Chat, "hello"),
            said(Author::User, Mode::Chat, "hi"),
        ];
        let turns = turns(&newest_first, "now", 100);
        assert_eq!(turns, [Said::user("hi"), Said::assistant("hello"), Said::user("now")]);
    }

    proptest! {
        #[test]
        fn earlier_talk_keeps_within_its_bound_and_what_is_said_now_is_always_there(
            lengths in proptest::collection::vec((1usize..50, 1usize..50), 0..20),
            tokens in 0usize..100,
        ) {
            let mut newest_first = Vec::new();
            for (asked, answered) in lengths {
                newest_first.push(said(Author::Assistant, Mode::Chat, &"a".repeat(answered)));
                newest_first.push(said(Author::User, Mode::Chat, &"u".repeat(asked)));
            }
            let turns = turns(&newest_first, "now", tokens);
            let (last, earlier) = turns.split_last().unwrap();
            prop_assert_eq!(last, &Said::user("now"));
            prop_assert!(earlier.iter().map(|turn| turn.text().len()).sum::<usize>() <= tokens * BYTES_PER_TOKEN);
            prop_assert!(earlier.len() % 2 == 0);
        }
    }
}
