//! The desk at which agents' steps are done: specialists by their engines, heads by grading, the result by putting together.

use std::sync::Arc;

use kernel::{Code, Error, ProjectId, Result};
use resilience::retry::Kind;
use serde::Serialize;
use serde_json::{Value, json};
use store::runs::Step;
use store::{Scope, Store, reviews, runs};
use tasks::machine::Failure;
use tasks::{Lease, Worker};

use super::definition::{Definition, Role};
use super::engine::{Engine, Job};
use super::grading::{Scores, Verdict, advice, together};
use super::mind::{Mind, Thought};
use super::outputs::{Compiled, Done, Graded, Headed, PassedOver};
use super::roster::Roster;
use super::slots::{AGAIN_MS, Asked, Busy, Slot, Slots};
use super::{Departments, parts, plan, telling};
use crate::deliverables;
use crate::messages::Messages;

/// Who does agents' steps, and what they need for it.
pub struct Desk {
    store: Store,
    roster: Roster,
    slots: Slots,
    /// What lets models say more; without it agents work by rules.
    mind: Option<Mind>,
    /// Where heads tell the others what they accepted.
    messages: Option<Messages>,
}

/// What comes of a step.
enum Next {
    Give(Value),
    /// A person has to answer first.
    Ask(String),
    /// There was no slot for its agent.
    Busy(Busy),
}

impl Desk {
    /// A desk for those on the roster, each of whom has so many slots.
    #[must_use]
    pub fn new(store: Store, roster: Roster, slots: Slots) -> Self {
        Self { store, roster, slots, mind: None, messages: None }
    }

    /// Lets models say more about what the engines do.
    #[must_use]
    pub fn with_mind(mut self, mind: Mind) -> Self {
        self.mind = Some(mind);
        self
    }

    /// Has heads tell the others of their run what they accepted.
    #[must_use]
    pub fn with_messages(mut self, messages: Messages) -> Self {
        self.messages = Some(messages);
        self
    }

    /// Who works here.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// How many are at work.
    #[must_use]
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Does steps until the worker gets none any more.
    pub async fn serve(self: Arc<Self>, mut worker: Worker) {
        let keep = self.slots.keep();
        tokio::pin!(keep);
        loop {
            tokio::select! {
                lease = worker.next() => match lease {
                    Some(lease) => drop(tokio::spawn(self.clone().one(lease))),
                    None => return,
                },
                () = &mut keep => {}
            }
        }
    }

    /// Does a step, and says what came of it. Stopped, it gives the step back.
    async fn one(self: Arc<Self>, lease: Lease) {
        let said = tokio::select! {
            () = lease.stopped() => return,
            done = self.step(&lease) => match done {
                Ok(Next::Give(output)) => lease.complete(output).await,
                Ok(Next::Ask(question)) => lease.ask(question).await,
                Ok(Next::Busy(busy)) => {
                    lease.fail(Failure { error: busy.to_string(), kind: Kind::After { millis: AGAIN_MS } }).await
                }
                Err(error) => lease.fail(failure(&error)).await,
            },
        };
        if let Err(error) = said {
            tracing::warn!(%error, "what a step gave was not accepted");
        }
    }

    async fn step(&self, lease: &Lease) -> Result<Next> {
        let name = lease.step().name.as_str();
        if name == plan::RESULT {
            lease.start().await?;
            return self.compile(lease).await.map(Next::Give);
        }
        let _slot = match self.slot(lease, plan::agent_of(name)).await? {
            Ok(slot) => slot,
            Err(busy) => return Ok(Next::Busy(busy)),
        };
        lease.start().await?;
        // Whoever changes a definition changes it for all attempts that begin from then on.
        let scope = Scope::server(lease.step().project);
        let departments = self.roster.departments(&scope).await?;
        let Some(agent) = departments.agent(name) else {
            return passed_over(
                name,
                "The agent was switched off or taken out after this was ordered.".to_owned(),
            );
        };
        match agent.role {
            Role::Head => self.head(lease, agent, &departments).await,
            Role::Specialist => self.specialist(lease, agent).await,
        }
    }

    async fn specialist(&self, lease: &Lease, agent: &Definition) -> Result<Next> {
        let Step { id: step, project, name, .. } = lease.step();
        let (step, scope) = (*step, Scope::server(*project));
        // A person may have sent back what it gave before.
        let reasons = self.store.read_in(&scope, move |t| reviews::reasons(t, step)).await?;
        let (of_parts, before) = parts::apart(name, self.before(lease).await?);
        let job = Job { part: parts::of(lease.input())?, ..self.job(lease, agent, before, reasons) };
        if let Some(part) = &job.part
            && !parts::is_there(&self.store, &scope, part).await?
        {
            return passed_over(name, format!("{} was removed after this was ordered.", part.name));
        }
        // What was sent back is done anew, with the reasons, by who sees the whole.
        if !of_parts.is_empty()
            && job.reasons.is_empty()
            && let Some(done) = parts::together(self.engine(&job)?, &job, of_parts).await?
        {
            return written(&done).map(Next::Give);
        }
        Ok(match self.thought(lease, &job).await? {
            Thought::Done(done) => Next::Give(written(&*done)?),
            Thought::Ask(question) => Next::Ask(question),
        })
    }

    /// The engine's work, and what a model says about it.
    async fn thought(&self, lease: &Lease, job: &Job) -> Result<Thought> {
        let done = self.done(lease, job).await?;
        match &self.mind {
            Some(mind) => mind.enrich(lease, job, done).await,
            None => Ok(Thought::Done(Box::new(done))),
        }
    }

    /// A slot of an agent. Where all are taken the step waits for its turn, with its lease; it says so in the run's log.
    async fn slot(&self, lease: &Lease, agent: &str) -> Result<Result<Slot, Busy>> {
        Ok(match self.slots.ask(agent) {
            Ok(Asked::Lent(slot)) => Ok(slot),
            Ok(Asked::Wait(turn)) => {
                lease.log("waits", format!("All slots of the agent {agent} are taken.")).await?;
                turn.come().await
            }
            Err(busy) => Err(busy),
        })
    }

    fn job(&self, lease: &Lease, agent: &Definition, before: Vec<Value>, reasons: Vec<String>) -> Job {
        let (store, agent) = (self.store.clone(), Arc::new(agent.clone()));
        let scope = Scope::server(lease.step().project);
        let request = lease.run_input()["request"].as_str().unwrap_or_default().to_owned();
        Job { store, scope, request, agent, part: None, before, reasons }
    }

    fn engine(&self, job: &Job) -> Result<&dyn Engine> {
        let engine = self.roster.studio().engine(&job.agent.engine);
        Ok(engine.ok_or_else(|| Error::internal("an agent without its engine"))?.as_ref())
    }

    /// What the steps before a step gave, by their names.
    async fn before(&self, lease: &Lease) -> Result<Vec<(String, Value)>> {
        let (id, project): (_, ProjectId) = (lease.step().id, lease.step().project);
        let given = self.store.read_in(&Scope::server(project), move |t| runs::given_before(t, id)).await?;
        given
            .into_iter()
            .map(|(name, output)| Ok((name, serde_json::from_str(&output).map_err(Error::internal)?)))
            .collect()
    }

    async fn done(&self, lease: &Lease, job: &Job) -> Result<Done> {
        let engine = self.engine(job)?;
        let work = engine.work(job).await?;
        Ok(Done::of(work, &job.agent, engine.name(), lease.step().leased_at))
    }

    /// Grades what the specialists did; what may become better is done once more, with the reasons.
    async fn head(&self, lease: &Lease, head: &Definition, departments: &Departments) -> Result<Next> {
        let relevance = lease.run_input()["relevance"][&head.department].as_f64().unwrap_or(0.0);
        let mut outputs = Vec::new();
        for (step, output) in self.before(lease).await? {
            if output.get("passedOver").is_some() {
                continue;
            }
            let done: Done = serde_json::from_value(output).map_err(Error::internal)?;
            // Who is not at work any more does nothing again.
            let agent = departments.agent(&step);
            let mut graded = grade(&done, relevance, agent.is_none());
            if let Some(agent) = agent.filter(|_| graded.verdict == Verdict::Revise) {
                let reasons = if done.lacks.is_empty() {
                    vec!["It is not complete.".into()]
                } else {
                    done.lacks.clone()
                };
                lease.log("revise", json!({ "step": step, "reasons": reasons }).to_string()).await?;
                let _slot = match self.slot(lease, &step).await? {
                    Ok(slot) => slot,
                    Err(busy) => return Ok(Next::Busy(busy)),
                };
                let before = self.before(lease).await?.into_iter().map(|(_, output)| output).collect();
                let job = self.job(lease, agent, before, reasons.clone());
                let again = match self.thought(lease, &job).await? {
                    Thought::Done(again) => *again,
                    Thought::Ask(question) => return Ok(Next::Ask(question)),
                };
                graded = Graded { reasons, ..grade(&again, relevance, true) };
                graded.again = Some(again);
            }
            outputs.push(graded);
        }
        outputs.sort_by(|a, b| b.overall.total_cmp(&a.overall));
        let kept: Vec<f64> = outputs
            .iter()
            .filter(|graded| graded.verdict == Verdict::Accept)
            .map(|graded| graded.overall)
            .collect();
        let score = together(&kept);
        let summaries: Vec<&str> = outputs
            .iter()
            .filter(|graded| graded.verdict == Verdict::Accept)
            .map(|graded| graded.summary.as_str())
            .collect();
        let headed = Headed {
            department: head.department.clone(),
            relevance,
            score,
            passed: score >= head.threshold,
            summary: summaries.join(" "),
            outputs,
        };
        if let Some(messages) = &self.messages {
            telling::of_work(messages, &self.store, lease, &headed).await?;
        }
        written(&headed).map(Next::Give)
    }

    /// Puts together what the departments gave; the most relevant one counts half. What their heads accepted waits for a
    /// person from then on.
    async fn compile(&self, lease: &Lease) -> Result<Value> {
        let mut departments = Vec::new();
        for (_, output) in self.before(lease).await? {
            departments.push(serde_json::from_value::<Headed>(output).map_err(Error::internal)?);
        }
        departments.sort_by(|a, b| b.relevance.total_cmp(&a.relevance));
        let score = together(&departments.iter().map(|department| department.score).collect::<Vec<_>>());
        let summary: Vec<String> = departments
            .iter()
            .map(|headed| {
                format!(
                    "{}: {}",
                    headed.department,
                    if headed.summary.is_empty() { "nothing that could be kept." } else { &headed.summary }
                )
            })
            .collect();
        let compiled = Compiled { score, advice: advice(score), summary: summary.join("\n"), departments };
        let (step, input) = (lease.step(), lease.run_input());
        let offered = deliverables::offer(&self.store, step, input, &compiled).await?;
        for title in offered.too_long {
            lease.log("too_long", format!("{title} is too long to be kept as a deliverable.")).await?;
        }
        written(&compiled)
    }
}

/// What a step gives that nobody can do any more. The run goes on without it.
fn passed_over(step: &str, why: String) -> Result<Next> {
    let specialist = plan::agent_of(step).split_once('/').filter(|_| !step.ends_with(plan::HEAD));
    let Some((department, agent)) = specialist else {
        return Err(Error::new(Code::AgentError, format!("There is no agent for the step {step} any more.")));
    };
    let given = PassedOver { department: department.to_owned(), agent: agent.to_owned(), passed_over: why };
    written(&given).map(Next::Give)
}

/// What a head says to work that is relevant by so much.
fn grade(done: &Done, relevance: f64, revised: bool) -> Graded {
    let Done { quality, consistency, creativity, .. } = *done;
    let scores = Scores { quality, relevance, consistency, creativity };
    Graded {
        agent: done.agent.clone(),
        title: done.title.clone(),
        summary: done.summary.clone(),
        scores,
        overall: scores.overall(),
        verdict: scores.verdict(revised),
        reasons: Vec::new(),
        again: None,
    }
}

fn written(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(Error::internal)
}

/// Whether an error may pass: what was asked wrongly stays wrong, all else may be better next time.
fn failure(error: &Error) -> Failure {
    let lasting = matches!(
        error.code(),
        Code::ValidationError
            | Code::NotFound
            | Code::Forbidden
            | Code::UnreadableDocument
            | Code::AgentError
    );
    Failure { error: error.message().to_owned(), kind: if lasting { Kind::Fatal } else { Kind::Retryable } }
}
