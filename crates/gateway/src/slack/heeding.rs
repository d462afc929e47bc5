//! What is done about what someone says in Slack: who they are here is looked at first, then what they may.

use std::sync::Arc;

use kernel::{Code, Error, PageRequest, PersonId, ProjectId, Result, Role, RunId};
use serde_json::json;
use store::slack::{self, Taken, Thread};
use store::{Scope, Tenant, audit, projects, runs};
use wire::fleet::CommandReply;
use wire::runs::StepState;

use super::said::{COMMAND, What, Word};
use super::{Inner, MOST, progress, shown};
use crate::commands::told::reply;
use crate::commands::{Who, parse};
use crate::{orders, plans};

/// Projects of a person that are looked through for a name.
const PROJECTS: u32 = 200;

/// What came of a word.
enum Heeded {
    /// It was not for us.
    Nothing,
    /// Tell them.
    Told(CommandReply),
    /// A run was ordered, or done again.
    Begun(Scope, RunId, CommandReply),
}

/// Does what someone says, and answers them. Gives the thread that is to tell of a run, if one was begun.
///
/// A server may die at any moment of this, and another heed it again: an order bears the word's id, what an agent is told is
/// told with the note that it was, and all else can be said twice.
pub(super) async fn heed(inner: Arc<Inner>, taken: Taken) -> Option<Thread> {
    let Taken { id, word, last } = taken;
    let heeded = match serde_json::from_str(&word) {
        Ok(word) => match tokio::time::timeout(MOST, inner.heed(&word)).await {
            Ok(thread) => Ok(thread),
            Err(_) if last => Err("what was said in Slack took too long, and is given up"),
            Err(_) => {
                tracing::warn!(id, "what was said in Slack took too long; it is begun again");
                return None;
            }
        },
        Err(_) => Err("what was said in Slack was kept by another Atelier, and cannot be read"),
    };
    if let Err(why) = heeded {
        tracing::error!(id, "{why}");
    }
    if let Err(error) = inner.store.transact(move |tx| slack::heeded(tx, &id)).await {
        tracing::warn!(%error, "what was said in Slack and was heeded may be begun again");
    }
    heeded.ok().flatten()
}

impl Inner {
    async fn heed(&self, word: &Word) -> Option<Thread> {
        match self.obey(word).await {
            Ok(Heeded::Nothing) => None,
            Ok(Heeded::Told(reply)) => {
                self.answer(word, &shown::reply(&reply), false).await;
                None
            }
            Ok(Heeded::Begun(scope, run, mut told)) => match progress::begin(self, word, scope, run).await {
                Ok(thread) => thread,
                Err(error) => {
                    told.lines.push(format!("How it gets on cannot be told here. {}", error.message()));
                    self.answer(word, &shown::reply(&told), true).await;
                    None
                }
            },
            Err(error) => {
                if error.code() == Code::UnknownError {
                    tracing::error!(?error, "what was said in Slack could not be done");
                }
                self.answer(word, &shown::escaped(error.message()), true).await;
                None
            }
        }
    }

    async fn obey(&self, word: &Word) -> Result<Heeded> {
        let thread = self.thread(word).await?;
        let line = match &word.what {
            What::Line(line) => line.trim(),
            // In a thread that is not ours people talk to each other.
            What::Reply(_) if thread.is_none() => return Ok(Heeded::Nothing),
            What::Reply(text) => text.trim(),
        };
        let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let is_line = matches!(word.what, What::Line(_));
        if is_line && first.eq_ignore_ascii_case("link") {
            self.identity.link_slack(&word.at.team, &word.member, rest).await?;
            return Ok(Heeded::Told(reply(
                "You are known in Atelier now",
                vec![format!("{COMMAND} help tells what you may say.")],
            )));
        }
        let (team, member) = (word.at.team.clone(), word.member.clone());
        let person = self.store.read(move |tx| slack::person(tx, &team, &member)).await?;
        let person = person.ok_or_else(stranger)?;
        if is_line && first.eq_ignore_ascii_case("use") {
            return self.use_project(word, person, rest.trim()).await.map(Heeded::Told);
        }
        let project = match &thread {
            Some(thread) => Some(thread.project),
            None => {
                let at = word.at.clone();
                self.store.read(move |tx| slack::project(tx, &at)).await?
            }
        };
        let scope = match project {
            Some(project) => match self.admitted(person, project, Role::Viewer).await {
                Ok(scope) => Some(scope),
                Err(error) if error.code() == Code::NotFound => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        // Whoever is no member is told the same as if there were no project.
        let scope = scope.ok_or_else(|| {
            let why = format!("No project of yours is talked of in this channel. An owner of one says {COMMAND} use PROJECT.");
            Error::new(Code::NotFound, why)
        })?;
        let line = match (&word.what, &thread) {
            (What::Reply(text), Some(thread)) => self.meant(&scope, thread.run, text).await?,
            _ if line.is_empty() => "help".to_owned(),
            _ => line.to_owned(),
        };
        let told = self.commands.run(&Who::in_slack(scope), &line, Some(&word.id)).await?;
        let begins = parse::command(&line)
            .is_some_and(|(command, _)| ["do", "ask", "continue", "plan", "retry"].contains(&command.name));
        Ok(match told.run_id {
            Some(run) if begins => Heeded::Begun(scope, run, told),
            _ => Heeded::Told(told),
        })
    }

    /// The thread of ours that something is said in.
    async fn thread(&self, word: &Word) -> Result<Option<Thread>> {
        let Some(first) = word.thread.clone() else { return Ok(None) };
        let at = word.at.clone();
        self.store.read(move |tx| slack::thread(tx, &at, &first)).await
    }

    /// The command that someone means who writes into a run's thread: an answer if it asks something, what its agent is to do
    /// next if an agent does it or did it, else what it says.
    async fn meant(&self, scope: &Scope, run: RunId, text: &str) -> Result<String> {
        let read = move |t: &mut Tenant<'_, '_>| Ok((runs::get(t, run)?.kind, runs::steps_of(t, run, 0)?));
        let (kind, steps) = self.store.read_in(scope, read).await?;
        let is = |which: &[StepState]| steps.iter().any(|detail| which.contains(&detail.step.state));
        let agent = steps.iter().find_map(orders::agent).map(|(name, _)| name);
        Ok(match agent {
            _ if is(&[StepState::Waiting]) => format!("answer {run} {text}"),
            None => text.to_owned(),
            Some(_) if is(&[StepState::Leased, StepState::Running]) => format!("say {run} {text}"),
            // What was planned is a run of its own.
            Some(agent) if kind == plans::PLANS => format!("ask {agent} {text}"),
            Some(_) => format!("continue {run} {text}"),
        })
    }

    async fn admitted(&self, person: PersonId, project: ProjectId, least: Role) -> Result<Scope> {
        self.store.read(move |tx| Scope::admit(tx, person, project, least)).await
    }

    /// Has the channel talk of a project, which only an owner may.
    async fn use_project(&self, word: &Word, person: PersonId, given: &str) -> Result<CommandReply> {
        let page = PageRequest { limit: PROJECTS, after: None };
        let mine = self.store.read(move |tx| projects::list(tx, person, &page)).await?.rows;
        let named: Vec<_> = match given.parse::<ProjectId>() {
            Ok(id) => mine.iter().filter(|project| project.id == id).collect(),
            Err(_) => mine.iter().filter(|project| project.name.eq_ignore_ascii_case(given)).collect(),
        };
        let project = match named.as_slice() {
            [project] => *project,
            [] => return Err(Error::not_found("project")),
            _ => {
                return Err(Error::new(Code::ValidationError, "Several projects are called so. Say the id."));
            }
        };
        let scope = self.admitted(person, project.id, Role::Owner).await?;
        let at = word.at.clone();
        let set = self.store.transact_in(&scope, move |t| {
            slack::set_project(t, &at)?;
            let details = json!({ "team": at.team, "from": "slack" });
            audit::write(t, Some(scope.project()), scope.actor(), "slack.channel_set", &at.channel, &details)
        });
        set.await?;
        Ok(reply(format!("This channel talks of {} now", project.name), Vec::new()))
    }

    /// Answers someone, if that is possible; what is only for them, or refused, nobody else is shown.
    async fn answer(&self, word: &Word, text: &str, for_them: bool) {
        let answered = match (&word.answer_at, &word.thread) {
            (Some(url), _) => {
                let body = json!({ "response_type": "ephemeral", "replace_original": false, "text": text });
                self.client.answer(url, &body).await
            }
            (None, thread) => {
                let (channel, mut body) =
                    (&word.at.channel, json!({ "channel": word.at.channel, "text": text }));
                if let Some(thread) = thread {
                    body["thread_ts"] = json!(thread);
                }
                let method = if for_them { "chat.postEphemeral" } else { "chat.postMessage" };
                if for_them {
                    body["user"] = json!(word.member);
                }
                self.client.call(method, channel, &body).await.map(drop)
            }
        };
        if let Err(error) = answered {
            tracing::warn!(%error, "someone in Slack could not be answered");
        }
    }
}

fn stranger() -> Error {
    let why = format!(
        "Atelier does not know you yet. Sign in there, take a code for Slack in your account, and say {COMMAND} link CODE."
    );
    Error::new(Code::AuthError, why)
}
