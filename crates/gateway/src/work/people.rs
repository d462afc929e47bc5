//! What runners ask people and people say to agents: kept, answered and said again until it is known on the other side.

use std::collections::BTreeSet;
use std::time::Duration;

use kernel::Code;
use store::{Scope, asks, said};
use tokio::time::Instant;
use wire::runner::{Answer, Ask, Close, DETAIL, HeardSay, NAME, OPTIONS, Say, Task, ToRunner, Withdrawn};

use super::{Done, Work, held};
use crate::End;

/// After how long a runner is told again what it has not said that it heard.
const AGAIN: Duration = Duration::from_secs(30);

impl Work {
    /// Keeps what a task asks. What it has asked before may have an answer.
    pub(super) fn ask(&mut self, ask: Ask) -> Result<(), Close> {
        if !is_askable(&ask) {
            return Err(Close::Malformed);
        }
        let (store, task, ask_id) = (self.gateway.inner.store.clone(), ask.task, ask.ask_id);
        self.note(task);
        self.doing.push(Box::pin(async move {
            let answer = |option_id| Done::Say(ToRunner::TaskAnswer(Answer { task, ask_id, option_id }));
            match store.transact(move |tx| asks::ask(tx, &ask)).await {
                Ok(Some(answered)) => Ok(vec![answer(answered.option)]),
                Ok(None) => Ok(vec![Done::Asks(task, ask_id)]),
                // Nobody can answer what a lease asks that is over.
                Err(error) if matches!(error.code(), Code::Conflict | Code::NotFound) => {
                    Ok(vec![answer(None)])
                }
                Err(error) if error.code() == Code::ValidationError => Err(End::Close(Close::Malformed)),
                Err(error) => {
                    tracing::warn!(%error, "what a runner's task asks could not be kept; it says so again");
                    Err(End::Later)
                }
            }
        }));
        Ok(())
    }

    /// Notes that a task asks something no more.
    ///
    /// # Errors
    /// When more is withdrawn than may be asked.
    pub(super) fn withdraw(&mut self, Withdrawn { task, ask_id }: Withdrawn) -> Result<(), Close> {
        if !self.given.contains_key(&task) {
            return Ok(());
        }
        if !self.asked.remove(&(task, ask_id)) {
            // It may not be written down yet that it is asked.
            self.withdrawn.insert((task, ask_id));
            if self.withdrawn.len() > self.given.len() * asks::OF_A_LEASE {
                return Err(Close::Malformed);
            }
        }
        self.keep_withdrawn(task, ask_id);
        Ok(())
    }

    /// Writes down that a task asks something no more.
    pub(super) fn keep_withdrawn(&mut self, task: Task, ask_id: u32) {
        let Some(given) = self.given.get(&task) else { return };
        let (scope, store) = (Scope::server(given.lease.step().project), self.gateway.inner.store.clone());
        self.doing.push(Box::pin(async move {
            let withdrawn = store.transact_in(&scope, move |t| asks::withdraw(t, held(task), ask_id)).await;
            withdrawn.map(|()| Vec::new()).map_err(|error| {
                tracing::warn!(%error, "that a task asks something no more could not be kept; it says so again");
                End::Later
            })
        }));
    }

    /// Looks which of what the runner has asked is answered, and what people say to its agents. Waiting for people, a task gets on.
    pub(super) fn look(&mut self) {
        let asking: BTreeSet<Task> = self.asked.iter().map(|(task, _)| *task).collect();
        let hearing: Vec<Task> =
            self.given.iter().filter(|(_, given)| given.hears).map(|(task, _)| *task).collect();
        if asking.is_empty() && hearing.is_empty() {
            return;
        }
        asking.iter().for_each(|task| self.note(*task));
        self.looking = true;
        let store = self.gateway.inner.store.clone();
        self.doing.push(Box::pin(async move {
            let looked = store.read(move |tx| {
                let mut answers = Vec::new();
                for &task in &asking {
                    let given = asks::answers(tx, task.step_id, task.fence)?;
                    let to_it =
                        |given: asks::Answered| Answer { task, ask_id: given.ask, option_id: given.option };
                    answers.extend(given.into_iter().map(to_it));
                }
                Ok((answers, said::unheard(tx, &hearing)?))
            });
            let (answers, says) = looked.await.unwrap_or_else(|error| {
                tracing::warn!(%error, "whether people answered or said something could not be looked at");
                (Vec::new(), Vec::new())
            });
            Ok(vec![Done::Looked(answers, says)])
        }));
    }

    /// Whether it has to be looked now and then for what people did on another server.
    pub(super) fn is_watching(&self) -> bool {
        !self.looking && (!self.asked.is_empty() || self.given.values().any(|given| given.hears))
    }

    /// What the runner is told of what people did.
    pub(super) fn looked(&mut self, answers: Vec<Answer>, says: Vec<Say>) -> Vec<ToRunner> {
        self.looking = false;
        let mut told = Vec::new();
        for answer in answers {
            if self.asked.remove(&(answer.task, answer.ask_id)) {
                told.push(ToRunner::TaskAnswer(answer));
            }
        }
        for say in says {
            let key = (say.task, say.said_id);
            let is_late = self.said.get(&key).is_none_or(|at| at.elapsed() > AGAIN);
            if is_late && self.given.contains_key(&say.task) {
                self.said.insert(key, Instant::now());
                told.push(ToRunner::TaskSay(say));
            }
        }
        told
    }

    /// Notes that the runner has heard what people say. If that cannot be kept, it is said again, and heard again.
    pub(super) fn heard(&mut self, HeardSay { task, said_id }: HeardSay) {
        let store = self.gateway.inner.store.clone();
        self.doing.push(Box::pin(async move {
            if let Err(error) = store.transact(move |tx| said::heard(tx, held(task), said_id)).await {
                tracing::warn!(%error, "that a runner has heard something could not be noted");
            }
            Ok(Vec::new())
        }));
    }
}

/// Whether an ask says no more than is kept, and people can answer it.
fn is_askable(ask: &Ask) -> bool {
    let ids: BTreeSet<&str> = ask.options.iter().map(|option| option.id.as_str()).collect();
    let short = |text: &str| text.chars().count() <= NAME && !text.contains('\0');
    (1..=OPTIONS).contains(&ids.len())
        && ids.len() == ask.options.len()
        && ask.options.iter().all(|option| !option.id.is_empty() && short(&option.id) && short(&option.name))
        && short(&ask.title)
        && ask.detail.chars().count() <= DETAIL
        && !ask.detail.contains('\0')
}

#[cfg(test)]
mod tests {
    use kernel::{Id, RunId, StepId};
    use wire::fleet::{AgentAskKind, AgentAskOption};

    use super::*;

    #[test]
    fn what_people_cannot_answer_or_is_too_much_is_not_asked() {
        let option =
            |id: &str| AgentAskOption { id: id.into(), name: "Yes".into(), kind: AgentAskKind::AllowOnce };
        let task = Task { task_id: RunId::from_bits(1), step_id: StepId::from_bits(2), fence: 3 };
        let ask = Ask {
            task,
            ask_id: 1,
            title: "Write".into(),
            detail: String::new(),
            options: vec![option("yes")],
        };
        assert!(is_askable(&ask));
        for options in
            [vec![], vec![option("")], vec![option("a"), option("a")], vec![option(&"x".repeat(NAME + 1))]]
        {
            assert!(!is_askable(&Ask { options, ..ask.clone() }));
        }
        assert!(!is_askable(&Ask { title: "x".repeat(NAME + 1), ..ask.clone() }));
        assert!(!is_askable(&Ask { detail: "\0".into(), ..ask.clone() }));
    }
}
