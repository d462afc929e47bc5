//! What a model calls for: tools of our own, other agents, and tools of others.

use kernel::{Error, Result};
use models::{BadSchema, ToolCall};
use serde_json::{Value, json};
use tasks::{Lease, TOOL_CALL};
use wire::messages::{MessagePayload, Recipients};

use super::approving::{Approvals, Ruling};
use super::notes::{TOOL_RESULT, note};
use super::{Mind, asking};
use crate::budget::Purse;
use crate::catalogue::Catalogue;
use crate::departments::definition::Definition;
use crate::departments::engine::{Citation, Job};
use crate::messages::{Said, Seat};
use crate::outside::{Open, Wish};
use crate::tools::{Answer, Given, LONGEST_ARGUMENTS, Tool, answer, clipped, told};

/// The most bytes of a tool call that are kept and told of.
const LONGEST_CALL: usize = 4_000;
/// Questions to others that one attempt at a step asks at most.
const ASKED: usize = 8;
/// What the topics of what models tell begin with.
const NOTE: &str = "note";

/// The tools that an agent's definition names: ours, and those of others.
///
/// # Errors
/// `UNREADABLE_DOCUMENT` when there is no such tool of ours, or one of others is not named as it must be.
pub(crate) fn named(agent: &Definition) -> Result<(Vec<Tool>, Vec<Wish>)> {
    let (mut own, mut wishes) = (Vec::new(), Vec::new());
    for name in &agent.tools {
        match Wish::read(name)? {
            Some(wish) => wishes.push(wish),
            None => own.push(Tool::named(name)?),
        }
    }
    Ok((own, wishes))
}

/// An agent's tools while it talks.
pub(super) struct Tools {
    own: Vec<Tool>,
    open: Open,
    approvals: Approvals,
    /// Questions to others so far.
    pub(super) asked: usize,
}

/// What came of a call.
pub(super) enum Done {
    /// An answer for the model, and records that may be cited from now on.
    Told(Answer),
    /// A person is asked this first.
    Ask(String),
}

impl Tools {
    pub(super) fn new(own: Vec<Tool>, open: Open, approvals: Approvals) -> Self {
        Self { own, open, approvals, asked: 0 }
    }

    /// As models are told of them.
    pub(super) fn described(&self, catalogue: &Catalogue) -> Result<Vec<models::Tool>, BadSchema> {
        let own: Result<Vec<models::Tool>, BadSchema> =
            self.own.iter().map(|tool| tool.described(catalogue)).collect();
        let mut all = own?;
        all.extend(self.open.tools().iter().map(|tool| tool.described.clone()));
        Ok(all)
    }

    /// Their names.
    pub(super) fn names(&self) -> Vec<&str> {
        let own = self.own.iter().map(|tool| tool.name());
        own.chain(self.open.tools().iter().map(|tool| tool.name.as_str())).collect()
    }

    /// Makes the calls that people allowed, and gives what they decided about all, for a model that is told from the start.
    ///
    /// # Errors
    /// When the lease is over.
    pub(super) async fn make_allowed(&mut self, lease: &Lease) -> Result<Vec<Value>> {
        self.approvals.make_allowed(lease, &self.open).await
    }

    /// Does what a model calls for, and writes down the call, unless that was `noted` before a person was asked, and what came
    /// of it.
    ///
    /// # Errors
    /// When the database fails, or the lease is over.
    pub(super) async fn call(
        &mut self,
        (mind, job): (&Mind, &Job),
        (lease, seat): (&Lease, &Seat<'_>),
        purse: &mut Purse,
        (by, call, noted): (&str, &ToolCall, bool),
    ) -> Result<Done> {
        let own = self.own.iter().copied().find(|tool| tool.models_name() == call.name);
        let outside = self.open.called(call).map(|tool| (tool.name.clone(), tool.asks));
        let name =
            own.map(|tool| tool.name().to_owned()).or_else(|| outside.as_ref().map(|(name, _)| name.clone()));
        let name: String = name.unwrap_or_else(|| call.name.clone()).chars().take(180).collect();
        let mut input = call.arguments.clone();
        if input.to_string().len() > LONGEST_CALL {
            input = json!({ "tooLong": input.to_string().len() });
        }
        let agent = lease.step().name.as_str();
        if !noted {
            let told = json!({ "agent": agent, "tool": name, "input": input, "call": call.id });
            note(lease, TOOL_CALL, &told).await?;
        }
        let told = match (own, outside) {
            (Some(tool @ (Tool::Ask | Tool::Tell)), _) => {
                let given = match mind.toolbox.checked(&self.own, call) {
                    Err(why) => Err(why),
                    Ok(_) if tool == Tool::Tell => tell(seat, &call.arguments).await?,
                    Ok(_) if self.asked >= ASKED => {
                        Err(format!("You have asked {ASKED} times, which is as often as you may."))
                    }
                    Ok(_) => {
                        self.asked += 1;
                        asking::ask(mind, seat, lease, job, purse, &call.arguments).await?
                    }
                };
                answer(given)
            }
            (None, Some(_)) => match self.outside(lease, call).await? {
                Done::Told(answer) => answer,
                ask @ Done::Ask(_) => return Ok(ask),
            },
            _ => mind.toolbox.call(&job.scope, &self.own, by, call).await?,
        };
        note(
            lease,
            TOOL_RESULT,
            &json!({ "tool": name, "call": call.id, "failed": told.failed, "text": told.text }),
        )
        .await?;
        Ok(Done::Told(told))
    }

    /// Calls a tool of others, if nobody has to be asked, or somebody has allowed it.
    async fn outside(&mut self, lease: &Lease, call: &ToolCall) -> Result<Done> {
        let tool = self.open.called(call).ok_or_else(|| Error::internal("a tool that is gone"))?;
        let length = call.arguments.to_string().len();
        let refused = if length > LONGEST_ARGUMENTS {
            Some(format!("The arguments are longer than {LONGEST_ARGUMENTS} bytes."))
        } else {
            tool.described.check(call).err()
        };
        let (text, failed) = match refused {
            Some(why) => (why, true),
            None if tool.asks => match self.approvals.rule(lease, &self.open, tool, &call.arguments).await? {
                Ruling::Told(text, failed) => (text, failed),
                Ruling::Ask(question) => return Ok(Done::Ask(question)),
            },
            None => self.open.call(tool, &call.arguments).await,
        };
        Ok(Done::Told(Answer { text: clipped(text), failed, records: Vec::<Citation>::new() }))
    }
}

/// Tells others what a model wants them to know.
async fn tell(seat: &Seat<'_>, arguments: &Value) -> Result<Given> {
    let names = |field: &str| -> Option<Vec<String>> {
        let names = arguments[field].as_array()?;
        Some(names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect())
    };
    let payload = MessagePayload {
        action: Some("tell".into()),
        data: Some(json!({ "text": arguments["text"] })),
        ..MessagePayload::default()
    };
    let memory_key = arguments["remember"].as_str().map(|key| format!("{}: {key}", seat.name()));
    let said = Said {
        to: names("to").map(Recipients::Many),
        topic: format!("{NOTE}.{}", seat.name().replace('/', ".")),
        payload,
        memory_key,
    };
    Ok(told(seat.tell(said).await)?.map(|message| (json!({ "told": message.correlation_id }), Vec::new())))
}
