//! The desk at which agents' steps are done: specialists by their engines, heads by grading, the result by putting together.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::{Code, Error, ProjectId, Result};
use resilience::retry::Kind;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Scope, Store, reviews, runs};
use tasks::machine::Failure;
use tasks::{Lease, Worker};

use super::definition::{Definition, Role};
use super::engine::{Citation, Engine, Job, Work};
use super::grading::{Advice, Scores, Verdict, advice, together};
use super::mind::{self, Added, Mind, Thought};
use super::{Departments, plan, telling};
use crate::deliverables;
use crate::messages::Messages;

/// Who does agents' steps, and what they need for it.
pub struct Desk {
    store: Store,
    departments: Departments,
    engines: HashMap<&'static str, Arc<dyn Engine>>,
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
}

/// What a specialist gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Done {
    pub department: String,
    pub agent: String,
    pub title: String,
    pub summary: String,
    pub content: Value,
    pub citations: Vec<Citation>,
    pub lacks: Vec<String>,
    /// How good it is, but for its relevance, which its head knows.
    pub quality: f64,
    pub consistency: f64,
    pub creativity: f64,
    /// Who did it: the engine's name.
    pub by: String,
    /// What a model added, or why none did; absent where no model is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<Added>,
}

/// What a head says of a specialist's work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Graded {
    pub agent: String,
    pub title: String,
    pub summary: String,
    pub scores: Scores,
    pub overall: f64,
    pub verdict: Verdict,
    /// Why it was done twice, if it was.
    pub reasons: Vec<String>,
    /// The work, if it was done again; else it is what the specialist's own step gave.
    pub again: Option<Done>,
}

/// What a head gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Headed {
    pub department: String,
    pub relevance: f64,
    /// The best work counts half.
    pub score: f64,
    /// Whether the score meets the department's threshold.
    pub passed: bool,
    pub summary: String,
    pub outputs: Vec<Graded>,
}

/// What a run gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Compiled {
    pub score: f64,
    pub advice: Advice,
    pub summary: String,
    pub departments: Vec<Headed>,
}

impl Desk {
    /// A desk for these departments.
    ///
    /// # Errors
    /// When a specialist names an engine that is not among them, or a tool that there is not.
    pub fn new(
        store: Store,
        departments: Departments,
        engines: impl IntoIterator<Item = Arc<dyn Engine>>,
    ) -> Result<Self> {
        let engines: HashMap<&'static str, Arc<dyn Engine>> =
            engines.into_iter().map(|engine| (engine.name(), engine)).collect();
        let specialists = departments.all().iter().flat_map(|department| &department.specialists);
        if let Some(agent) =
            specialists.into_iter().find(|agent| !engines.contains_key(agent.engine.as_str()))
        {
            let what =
                format!("The agent {} needs the engine {}, which there is not.", agent.name, agent.engine);
            return Err(Error::new(Code::UnreadableDocument, what));
        }
        for agent in departments.all().iter().flat_map(|department| &department.specialists) {
            mind::tools(agent)?;
        }
        Ok(Self { store, departments, engines, mind: None, messages: None })
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

    /// The departments that work here.
    #[must_use]
    pub fn departments(&self) -> &Departments {
        &self.departments
    }

    /// Does steps until the worker gets none any more.
    pub async fn serve(self: Arc<Self>, mut worker: Worker) {
        while let Some(lease) = worker.next().await {
            tokio::spawn(self.clone().one(lease));
        }
    }

    /// Does a step, and says what came of it. Stopped, it gives the step back.
    async fn one(self: Arc<Self>, lease: Lease) {
        let said = tokio::select! {
            () = lease.stopped() => return,
            done = self.step(&lease) => match done {
                Ok(Next::Give(output)) => lease.complete(output).await,
                Ok(Next::Ask(question)) => lease.ask(question).await,
                Err(error) => lease.fail(failure(&error)).await,
            },
        };
        if let Err(error) = said {
            tracing::warn!(%error, "what a step gave was not accepted");
        }
    }

    async fn step(&self, lease: &Lease) -> Result<Next> {
        lease.start().await?;
        let name = lease.step().name.as_str();
        if name == plan::RESULT {
            return self.compile(lease).await.map(Next::Give);
        }
        let agent = self.agent(name)?;
        match agent.role {
            Role::Head => self.head(lease, agent).await,
            Role::Specialist => {
                // A person may have sent back what it gave before.
                let step = lease.step().id;
                let scope = Scope::server(lease.step().project);
                let reasons = self.store.read_in(&scope, move |t| reviews::reasons(t, step)).await?;
                let job = self.job(lease, agent, reasons).await?;
                Ok(match self.thought(lease, &job).await? {
                    Thought::Done(done) => Next::Give(written(&*done)?),
                    Thought::Ask(question) => Next::Ask(question),
                })
            }
        }
    }

    /// The engine's work, and what a model says about it.
    async fn thought(&self, lease: &Lease, job: &Job) -> Result<Thought> {
        let done = self.done(job).await?;
        match &self.mind {
            Some(mind) => mind.enrich(lease, job, done).await,
            None => Ok(Thought::Done(Box::new(done))),
        }
    }

    fn agent(&self, step: &str) -> Result<&Definition> {
        let gone =
            || Error::new(Code::AgentError, format!("There is no agent for the step {step} any more."));
        let (department, name) = step.split_once('/').ok_or_else(gone)?;
        let department = self.departments.named(department).ok_or_else(gone)?;
        if plan::head(&department.name) == step {
            return Ok(&department.head);
        }
        department.specialists.iter().find(|agent| agent.name == name).ok_or_else(gone)
    }

    async fn job(&self, lease: &Lease, agent: &Definition, reasons: Vec<String>) -> Result<Job> {
        let scope = Scope::server(lease.step().project);
        let before = self.before(lease).await?.into_iter().map(|(_, output)| output).collect();
        let request = lease.run_input()["request"].as_str().unwrap_or_default().to_owned();
        Ok(Job { store: self.store.clone(), scope, request, agent: Arc::new(agent.clone()), before, reasons })
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

    async fn done(&self, job: &Job) -> Result<Done> {
        let engine = self.engines.get(job.agent.engine.as_str());
        let engine = engine.ok_or_else(|| Error::internal("a desk without an engine that it had"))?;
        let Work { title, summary, content, citations, quality, consistency, creativity, lacks } =
            engine.work(job).await?;
        let (department, agent, by) =
            (job.agent.department.clone(), job.agent.name.clone(), engine.name().to_owned());
        Ok(Done {
            department,
            agent,
            title,
            summary,
            content,
            citations,
            lacks,
            quality,
            consistency,
            creativity,
            by,
            added: None,
        })
    }

    /// Grades what the specialists did; what may become better is done once more, with the reasons.
    async fn head(&self, lease: &Lease, head: &Definition) -> Result<Next> {
        let relevance = lease.run_input()["relevance"][&head.department].as_f64().unwrap_or(0.0);
        let mut outputs = Vec::new();
        for (step, output) in self.before(lease).await? {
            let done: Done = serde_json::from_value(output).map_err(Error::internal)?;
            let mut graded = grade(&done, relevance, false);
            if graded.verdict == Verdict::Revise {
                let reasons = if done.lacks.is_empty() {
                    vec!["It is not complete.".into()]
                } else {
                    done.lacks.clone()
                };
                lease.log("revise", json!({ "step": step, "reasons": reasons }).to_string()).await?;
                let job = self.job(lease, self.agent(&step)?, reasons.clone()).await?;
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
        let offered = deliverables::offer(&self.store, &self.departments, step, input, &compiled).await?;
        for title in offered.too_long {
            lease.log("too_long", format!("{title} is too long to be kept as a deliverable.")).await?;
        }
        written(&compiled)
    }
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
