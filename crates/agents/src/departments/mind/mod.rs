//! A mind: after the engine's work a language model says more about it, within budgets and with the tools that the agent's
//! definition names. When there is no model, no budget, or the model fails, the engine's work stands, and says so.

pub(super) mod added;
mod approving;
mod asking;
mod calling;
mod found;
mod hearing;
mod kept;
mod notes;
mod prompt;
mod talk;

use identity::Identity;
use kernel::{Ambient, Result};
use models::Route;
use serde_json::json;
use store::Store;
use tasks::{Lease, Tasks};
use wire::runs::Answer;

use super::engine::Job;
use super::outputs::Done;
use super::roster::Roster;
use crate::budget::{Answered, Purse, Reply, question};
use crate::language::{Language, Voice};
use crate::messages::{Messages, Seat};
use crate::outside::Outside;
use crate::tools::Toolbox;
use approving::Approvals;
use calling::Tools;
use notes::{BUDGET, FALLBACK, LACKS, OUTPUT, SCORE, note};
use talk::{End, Means, Talk};

/// What agents with a model need.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Mind {
    pub store: Store,
    pub ambient: Ambient,
    pub language: Language,
    pub roster: Roster,
    pub tasks: Tasks,
    pub toolbox: Toolbox,
    pub messages: Messages,
    pub outside: Outside,
    /// Seals what is kept of conversations.
    pub identity: Identity,
}

/// What came of it.
pub(super) enum Thought {
    /// The work, with or without what a model added.
    Done(Box<Done>),
    /// A person has to be asked this first.
    Ask(String),
}

/// What a person answered, if the step asked before.
enum Said {
    Nothing,
    Reply(Reply, Answered),
    Unreadable,
}

impl Mind {
    /// Lets the agent's model say more about what its engine did.
    ///
    /// # Errors
    /// When the database fails, or the lease is over.
    pub(super) async fn enrich(&self, lease: &Lease, job: &Job, mut done: Done) -> Result<Thought> {
        let Some(voice) = self.voice(job.agent.model.as_deref()) else {
            return Ok(Thought::Done(Box::new(done)));
        };
        let (approvals, unclear) = Approvals::read(&self.store, lease).await?;
        if let (Some(question), Said::Unreadable) = (unclear, said(lease.step().answer.as_ref())) {
            return Ok(Thought::Ask(question));
        }
        let answered = match said(lease.step().answer.as_ref()) {
            Said::Nothing => None,
            Said::Unreadable => {
                return Ok(Thought::Ask(
                    "That answer was not understood. Answer `raise 20000 tokens` or `raise 1.50 usd` (an owner can), `rules` \
                     to go on without a model, or `cancel` to end the run."
                        .into(),
                ));
            }
            Said::Reply(Reply::Rules, _) => {
                return self.by_rules(lease, done, "A person decided to go on without a model.").await;
            }
            Said::Reply(Reply::Cancel, _) => {
                self.tasks.cancel(&job.scope, lease.step().run).await?;
                // The lease hears of it, and whoever waits for this stops waiting.
                return std::future::pending().await;
            }
            Said::Reply(Reply::Raise(_), answered) => Some(answered),
        };
        if let Some(Answered { amount, .. }) = answered {
            note(
                lease,
                BUDGET,
                &json!({ "raised": { "tokens": amount.tokens, "microUsd": amount.micro_usd } }),
            )
            .await?;
        }
        let tokens = job.agent.limits.tokens;
        let purse = Purse::new(self.store.clone(), self.ambient.clone(), lease, tokens, answered);
        let seat = Seat::take(&self.messages, &self.store, lease)?;
        let (own, wishes) = calling::named(&job.agent)?;
        let open = self.outside.open(&job.scope, &wishes).await?;
        if !open.lacks.is_empty() {
            note(lease, LACKS, &json!({ "tools": open.lacks })).await?;
        }
        let tools = Tools::new(own, open, approvals);
        let means = Means { mind: self, lease, seat: &seat, job, voice, purse, tools };
        let mut talk = Talk::begin(means, &done).await?;
        let found = serde_json::to_value(&done).map_err(kernel::Error::internal)?;
        let end = tokio::select! {
            end = Box::pin(talk.hold()) => end?,
            // Others may ask meanwhile.
            never = asking::answer(&seat, &found) => match never? {},
        };
        match end {
            End::Said { value, by, note: remark } => {
                added::add(&mut done, &value, &talk.given, &by);
                if let Some(added) = &mut done.added {
                    added.note = remark;
                    note(lease, OUTPUT, &json!({ "by": by.model, "kept": added })).await?;
                }
                self.scored(lease, &done).await?;
                Ok(Thought::Done(Box::new(done)))
            }
            End::Rules(why) => self.by_rules(lease, done, &why).await,
            End::Short(wanted, short) => {
                let question = question(wanted, &short);
                note(lease, BUDGET, &json!({ "asked": question })).await?;
                talk.keep().await?;
                Ok(Thought::Ask(question))
            }
            End::Ask(question) => {
                talk.keep().await?;
                Ok(Thought::Ask(question))
            }
        }
    }

    /// The model that an agent asks: its own of the configured provider, if its definition names one.
    fn voice(&self, own: Option<&str>) -> Option<Voice> {
        let voice = self.language.current()?;
        let Some(model) = own else { return Some(voice) };
        let mut target = voice.route.first().clone();
        model.clone_into(&mut target.model);
        Some(Voice { models: voice.models, route: Route::new(target) })
    }

    /// The work stays as the rules made it, and says why.
    async fn by_rules(&self, lease: &Lease, mut done: Done, why: &str) -> Result<Thought> {
        note(lease, FALLBACK, &json!({ "to": "rules", "because": why })).await?;
        done.added = Some(added::nothing(why));
        self.scored(lease, &done).await?;
        Ok(Thought::Done(Box::new(done)))
    }

    async fn scored(&self, lease: &Lease, done: &Done) -> Result<()> {
        let Done { quality, consistency, creativity, .. } = done;
        note(
            lease,
            SCORE,
            &json!({ "quality": quality, "consistency": consistency, "creativity": creativity }),
        )
        .await
    }
}

fn said(answer: Option<&Answer>) -> Said {
    let Some(answer) = answer else { return Said::Nothing };
    // That is for a call of an outside tool, and is kept with it.
    if approving::reply(answer).is_some() {
        return Said::Nothing;
    }
    match answer.value.as_str().and_then(Reply::read) {
        Some(reply) => {
            let amount = if let Reply::Raise(amount) = reply { amount } else { Default::default() };
            Said::Reply(reply, Answered { at: answer.at, by: answer.by, amount })
        }
        None => Said::Unreadable,
    }
}
