//! The step in which a plan is shown to a person and, if that person agrees, submitted.

use kernel::{Code, Error, Result, Role, RunId, RunnerId};
use resilience::retry::Kind;
use serde::Deserialize;
use serde_json::{Value, json};
use store::executions::{self, Lease as Given};
use store::{Scope, Tenant, runs};
use tasks::Lease;
use tasks::graph::NewRun;
use tasks::machine::Failure;
use wire::fleet::{End, Engine, RemoteOrder};
use wire::runs::{Answer, Priority};

use super::reading::{self, Plan};
use super::{PLAN, PLANNED, QUEUE};
use crate::{Gateway, orders};

/// How many plans a server reads and submits at a time.
const SLOTS: u32 = 8;
/// The last bytes of what an agent said that a plan is looked for in.
const SAID: u64 = 256 * 1024;
/// The most bytes of an entry of a run's log.
const LOGGED: usize = 60 * 1024;
/// What the agent said last, and all that it wrote.
const STREAMS: [&str; 2] = ["answer", "output"];

/// What was ordered, as the run that plans keeps it.
#[derive(Debug, Clone, Deserialize)]
struct Wanted {
    order: RemoteOrder,
    runner: Option<RunnerId>,
    priority: Priority,
}

/// What comes of the step.
enum Next {
    Give(Value),
    Ask(String),
}

impl Gateway {
    /// Shows plans to people and submits them, for as long as steps come.
    pub async fn submit_plans(self) {
        let mut worker = match self.inner.tasks.worker(QUEUE, SLOTS).await {
            Ok(worker) => worker,
            // The server is ending before it began.
            Err(error) => return tracing::debug!(%error, "no plans are submitted"),
        };
        while let Some(lease) = worker.next().await {
            tokio::spawn(self.clone().submit(lease));
        }
    }

    /// Does the step. Stopped, it gives it back.
    async fn submit(self, lease: Lease) {
        let done = tokio::select! {
            () = lease.stopped() => return,
            done = self.decide(&lease) => done,
        };
        let said = match done {
            Ok(Next::Give(output)) => lease.complete(output).await,
            Ok(Next::Ask(question)) => lease.ask(question).await,
            Err(error) => {
                let kind = if error.code() == Code::ValidationError { Kind::Fatal } else { Kind::Retryable };
                lease.fail(Failure { error: error.message().to_owned(), kind }).await
            }
        };
        if let Err(error) = said {
            tracing::warn!(%error, "what came of a plan was not accepted; it is looked at again");
        }
    }

    async fn decide(&self, lease: &Lease) -> Result<Next> {
        lease.start().await?;
        let (scope, run) = (Scope::server(lease.step().project), lease.step().run);
        let said = self.inner.store.read_in(&scope, move |t| said(t, run)).await?;
        let plan = match reading::plan(&said) {
            Ok(plan) => plan,
            Err(why) => {
                lease.log("plan", tail(&said, LOGGED)).await?;
                let why = format!(
                    "The agent gave no plan: {why} What it said is in the log; order it again to have another."
                );
                return Err(Error::new(Code::ValidationError, why));
            }
        };
        let Some(answer) = lease.step().answer.clone() else {
            lease.log("plan", tail(&shown(&plan), LOGGED)).await?;
            return Ok(Next::Ask(question(&plan)));
        };
        match answer.value.as_str().unwrap_or_default().trim().to_lowercase().as_str() {
            "allow" | "yes" | "submit" => self.agreed(lease, &plan, &answer).await,
            "refuse" | "no" => Ok(Next::Give(json!({ "submitted": false }))),
            _ => Ok(Next::Ask(format!("Answer `allow` or `refuse`. {}", question(&plan)))),
        }
    }

    /// Makes the run of a plan, in the name of who agreed, if they may order that.
    async fn agreed(&self, lease: &Lease, plan: &Plan, answer: &Answer) -> Result<Next> {
        let (project, run) = (lease.step().project, lease.step().run);
        let wanted: Wanted = serde_json::from_value(lease.run_input().clone()).map_err(Error::internal)?;
        let (person, plan_too) = (answer.by, plan.clone());
        let planned = self.inner.store.read(move |tx| {
            let person = person.ok_or_else(|| Error::new(Code::Forbidden, "Nobody agreed."))?;
            let who = Scope::admit(tx, person, project, Role::Editor)?;
            let t = &mut Tenant::new(tx, who);
            let title = runs::get(t, run)?.title;
            let mut order = wanted.order.clone();
            orders::allowed(t, &who, &mut order)?;
            made(&who, run, title, &plan_too, &Wanted { order, ..wanted.clone() })
        });
        let new = match planned.await {
            Ok(new) => new,
            // Somebody else may.
            Err(error) if matches!(error.code(), Code::Forbidden | Code::NotFound) => {
                return Ok(Next::Ask(format!("{} {}", error.message(), question(plan))));
            }
            Err(error) => return Err(error),
        };
        let made = self.make_once(new).await?;
        Ok(Next::Give(json!({ "submitted": true, "runId": made, "tasks": plan.tasks.len() })))
    }
}

/// The run of a plan. Its key is made of the run that planned it.
fn made(who: &Scope, planned_by: RunId, title: String, plan: &Plan, wanted: &Wanted) -> Result<NewRun> {
    let Engine::Agent { name, .. } = &wanted.order.engine else {
        return Err(Error::internal("what was planned is not for an agent"));
    };
    let named = |place: usize| format!("{}. {}", place + 1, plan.tasks[place].title);
    let step = |(place, task): (usize, &reading::Task)| {
        let engine = Engine::Agent { name: name.clone(), prompt: task.prompt.clone() };
        let order = RemoteOrder { engine, read_only: false, ..wanted.order.clone() };
        let step = orders::step(named(place), who.project(), &order, wanted.runner, wanted.priority);
        step.after(task.after.iter().map(|after| named(*after)))
    };
    Ok(NewRun {
        project: who.project(),
        by: who.actor(),
        kind: PLANNED.into(),
        title,
        input: json!({ "plannedBy": planned_by }),
        idempotency_key: Some(format!("plan/{planned_by}")),
        steps: plan.tasks.iter().enumerate().map(step).collect(),
    })
}

/// What the agent said in the execution that ended well; of much only the end.
fn said(t: &mut Tenant<'_, '_>, run: RunId) -> Result<String> {
    let steps = runs::steps_of(t, run, 0)?;
    let plan = steps.iter().find(|detail| detail.step.name == PLAN).map(|detail| detail.step.id);
    let all = executions::of_run(t, run)?;
    let well = all.iter().rev().find(|done| {
        Some(done.step_id) == plan
            && done.outcome.as_ref().is_some_and(|outcome| outcome.end == End::Complete)
    });
    let Some(done) = well else { return Ok(String::new()) };
    let found = STREAMS.iter().find_map(|name| done.streams.iter().find(|stream| stream.name == *name));
    let Some(stream) = found else { return Ok(String::new()) };
    let given = Given { run, step: done.step_id, fence: done.fence };
    let (bytes, _) =
        executions::read(t, given, &stream.name, stream.length.saturating_sub(SAID), SAID as usize)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What a person is asked.
fn question(plan: &Plan) -> String {
    let mut text = match plan.tasks.len() {
        1 => "Shall this be done? Answer `allow` or `refuse`.".to_owned(),
        all => format!("Shall these {all} tasks be done? Answer `allow` or `refuse`."),
    };
    for (place, task) in plan.tasks.iter().enumerate() {
        let after: Vec<String> = task.after.iter().map(|after| (after + 1).to_string()).collect();
        let after = if after.is_empty() { String::new() } else { format!(" (after {})", after.join(", ")) };
        text.push_str(&format!("\n{}. {}{after}", place + 1, task.title));
    }
    text
}

/// A plan in full, for the run's log.
fn shown(plan: &Plan) -> String {
    let tasks = plan.tasks.iter().enumerate();
    tasks.map(|(place, task)| format!("{}. {}\n{}\n\n", place + 1, task.title, task.prompt)).collect()
}

/// The end of a text, of so many bytes at most.
fn tail(text: &str, most: usize) -> String {
    let mut from = text.len().saturating_sub(most);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text[from..].to_owned()
}
