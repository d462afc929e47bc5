//! What those are told besides who follow a run: its agents' and departments' events, made of what happens to its steps.

use std::collections::{HashMap, HashSet};

use gateway::Grown;
use kernel::{Event, EventKind, ProjectId, RunId, StepId, Timestamp};
use serde_json::Value;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use wire::live::{AgentStatus, AgentStep, Follow, RunStanding, ToClient, Unfollow};
use wire::runs::{Reason, StepState};

use super::spoken::Spoken;
use super::{Live, Seat};

/// Runs that one connection follows at most; the one that it follows beyond that is not followed.
const FOLLOWED: usize = 50;
/// Departments that one connection names at most.
const DEPARTMENTS: usize = 20;

/// What steps gave, as JSON.
pub(super) type Outputs = HashMap<StepId, String>;

/// What followers of a run are told, each with the department that it is about, if it is about one.
pub(super) struct Followers {
    run: RunId,
    messages: Vec<(Option<String>, Spoken)>,
}

impl Followers {
    /// What one is told who follows these runs.
    pub(super) fn to<'f>(
        &'f self,
        follows: &'f HashMap<RunId, Vec<String>>,
    ) -> impl Iterator<Item = &'f Spoken> {
        let departments = follows.get(&self.run);
        self.messages.iter().filter_map(move |(department, message)| {
            let wanted = departments?;
            let all = wanted.is_empty() || department.as_ref().is_none_or(|own| wanted.contains(own));
            all.then_some(message)
        })
    }
}

/// The steps that are complete since these events, in runs that someone follows.
pub(super) fn ended(events: &[Event], followed: &HashSet<RunId>) -> Vec<StepId> {
    let id = |event: &Event, field: &str| event.payload[field].as_str().map(str::to_owned);
    let complete = events
        .iter()
        .filter(|event| event.kind == EventKind::StepUpdated && event.payload["state"] == "complete")
        .filter(|event| {
            id(event, "runId").and_then(|run| run.parse().ok()).is_some_and(|run| followed.contains(&run))
        });
    complete.filter_map(|event| id(event, "stepId")?.parse().ok()).collect()
}

/// Whether only those who follow its run are told of an event.
pub(super) fn is_followers_own(event: &ToClient) -> bool {
    matches!(event, ToClient::AgentToolCall { .. })
}

/// What followers are told of an event, if its run has any.
pub(super) fn told(event: &ToClient, followed: &HashSet<RunId>, outputs: &Outputs) -> Option<Followers> {
    match event {
        ToClient::AgentToolCall { execution_id, agent_id, .. } if followed.contains(execution_id) => {
            let department = agent_id.split_once('/').map(|(department, _)| department);
            Some(Followers { run: *execution_id, messages: spoken(department, vec![event.clone()]) })
        }
        ToClient::RunUpdated { run, timestamp, .. } if followed.contains(&run.run_id) => {
            let messages = spoken(None, vec![task(run, None, *timestamp)]);
            Some(Followers { run: run.run_id, messages })
        }
        ToClient::StepUpdated { run_id, step_id, name, state, reason, run, timestamp, .. }
            if followed.contains(run_id) =>
        {
            let output =
                outputs.get(step_id).and_then(|output| serde_json::from_str(output).ok()).map(shortened);
            let messages = match name.split_once('/') {
                Some((department, _)) => {
                    let mut messages =
                        agent(run, name, department, *state, reason.as_ref(), output, *timestamp);
                    messages.push(task(run, Some(department), *timestamp));
                    spoken(Some(department), messages)
                }
                // The step that puts all together is of no department.
                None => spoken(None, vec![task(run, None, *timestamp)]),
            };
            Some(Followers { run: *run_id, messages })
        }
        _ => None,
    }
}

/// Messages in the form in which they go out, each with the department that it is about.
fn spoken(department: Option<&str>, messages: Vec<ToClient>) -> Vec<(Option<String>, Spoken)> {
    let forms = messages.iter().filter_map(Spoken::new);
    forms.map(|form| (department.map(str::to_owned), form)).collect()
}

/// What an agent gave without its content, which is looked at by itself: a socket is no place for megabytes.
fn shortened(mut output: Value) -> Value {
    if let Some(fields) = output.as_object_mut() {
        fields.remove("content");
    }
    for graded in output["outputs"].as_array_mut().into_iter().flatten() {
        if let Some(fields) = graded.as_object_mut() {
            fields.remove("again");
        }
    }
    output
}

fn task(run: &RunStanding, department: Option<&str>, timestamp: Timestamp) -> ToClient {
    let ended = run.complete + run.failed + run.cancelled;
    ToClient::TaskUpdate {
        task_id: run.run_id,
        status: run.state.into(),
        progress: u32::try_from(ended * 100 / run.total.max(1)).unwrap_or(100),
        current_department: department.map(str::to_owned),
        timestamp,
    }
}

/// What happened to an agent's step, in the words of the socket's contract.
fn agent(
    run: &RunStanding,
    name: &str,
    department: &str,
    state: StepState,
    reason: Option<&Reason>,
    output: Option<Value>,
    timestamp: Timestamp,
) -> Vec<ToClient> {
    let (execution_id, agent_id, department) = (run.run_id, name.to_owned(), department.to_owned());
    let progress = |status| ToClient::AgentProgress {
        execution_id,
        agent_id: agent_id.clone(),
        step: AgentStep {
            number: run.complete + run.failed + run.cancelled,
            total: run.total,
            description: name.to_owned(),
            status,
        },
        timestamp,
    };
    let error = |error: &str, recoverable| ToClient::AgentError {
        execution_id,
        agent_id: agent_id.clone(),
        error: error.to_owned(),
        recoverable,
        timestamp,
    };
    match (state, reason) {
        (StepState::Running, _) => vec![
            ToClient::AgentStarted { execution_id, agent_id: agent_id.clone(), department, timestamp },
            progress(AgentStatus::Running),
        ],
        (StepState::Complete, _) => {
            let result = output.unwrap_or_default();
            let score = |field: &str| result[field].as_f64();
            let quality_score = score("score").or(score("quality")).unwrap_or(0.0);
            let mut messages = vec![progress(AgentStatus::Complete)];
            let outputs = result["outputs"].as_array().cloned();
            messages.push(ToClient::AgentComplete {
                execution_id,
                agent_id: agent_id.clone(),
                department: department.clone(),
                result,
                quality_score,
                timestamp,
            });
            // Only a head has outputs, and it is the last of its department.
            if let Some(outputs) = outputs {
                let task_id = execution_id;
                messages.push(ToClient::DepartmentComplete {
                    task_id,
                    department,
                    outputs,
                    quality_score,
                    timestamp,
                });
            }
            messages
        }
        (StepState::Queued, Some(Reason::Retry { error: why, .. })) => vec![error(why, true)],
        (StepState::Failed, Some(Reason::Error { error: why, .. })) => vec![error(why, false)],
        (StepState::Failed, _) => vec![error("It was not done in the time that it had.", false)],
        _ => Vec::new(),
    }
}

impl Live {
    /// Tells those who follow a run that what its steps write on runners has grown, for as long as there are runners.
    pub(crate) async fn tell_of_growth(self, mut grown: broadcast::Receiver<Grown>) {
        loop {
            let Grown { project, run, step, fence } = match grown.recv().await {
                Ok(grown) => grown,
                // Whoever looks on looks by itself, too.
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            };
            let rooms = self.rooms();
            let seats = rooms.by_project.get(&project).into_iter().flat_map(|room| room.seats.values());
            let mut seats = seats.filter(|seat| seat.follows.contains_key(&run)).peekable();
            if seats.peek().is_none() {
                continue;
            }
            let told = ToClient::StreamGrown { execution_id: run, step_id: step, fence };
            if let Some(spoken) = Spoken::new(&told) {
                // Who is too slow misses it.
                for seat in seats {
                    spoken.to(&seat.socket);
                }
            }
        }
    }

    /// The runs of a project that someone follows.
    pub(super) fn followed(&self, project: ProjectId) -> HashSet<RunId> {
        let rooms = self.rooms();
        let seats = rooms.by_project.get(&project).into_iter().flat_map(|room| room.seats.values());
        seats.flat_map(|seat| seat.follows.keys().copied()).collect()
    }
}

impl Seat {
    /// Follows a run from now on. One of another project is never told of, so it need not be looked for.
    pub(super) fn follow(&mut self, follow: Follow) {
        if self.follows.len() < FOLLOWED || self.follows.contains_key(&follow.execution_id) {
            let departments = follow.departments.into_iter().take(DEPARTMENTS).collect();
            self.follows.insert(follow.execution_id, departments);
        }
    }

    /// Follows a run no longer.
    pub(super) fn unfollow(&mut self, unfollow: &Unfollow) {
        self.follows.remove(&unfollow.execution_id);
    }
}

#[cfg(test)]
mod tests {
    use kernel::Ambient;
    use serde_json::json;
    use wire::runs::RunState;

    use super::*;

    fn step(name: &str, state: StepState, reason: Option<Reason>, output: Option<Value>) -> Vec<Value> {
        let ambient = Ambient::system();
        let (run_id, step_id): (RunId, StepId) = (ambient.id(), ambient.id());
        let run = RunStanding {
            run_id,
            kind: "task".into(),
            title: "Prepare".into(),
            state: RunState::Running,
            paused: None,
            total: 8,
            complete: 2,
            failed: 0,
            cancelled: 0,
        };
        let event = ToClient::StepUpdated {
            seq: 1,
            run_id,
            step_id,
            name: name.into(),
            state,
            reason,
            attempt: 1,
            run,
            timestamp: ambient.now(),
        };
        let outputs = output.map(|output| (step_id, output.to_string())).into_iter().collect();
        let followers = told(&event, &HashSet::from([run_id]), &outputs).unwrap();
        assert!(told(&event, &HashSet::new(), &outputs).is_none());
        let all = HashMap::from([(run_id, Vec::new())]);
        followers.to(&all).map(Spoken::value).collect()
    }

    fn kinds(messages: &[Value]) -> Vec<&str> {
        messages.iter().map(|message| message["type"].as_str().unwrap()).collect()
    }

    #[test]
    fn a_step_that_begins_is_an_agent_that_has_started() {
        let told = step("character/cast", StepState::Running, None, None);
        assert_eq!(kinds(&told), ["agent:started", "agent:progress", "task:update"]);
        assert_eq!(
            (&told[0]["agentId"], &told[0]["department"]),
            (&json!("character/cast"), &json!("character"))
        );
        assert_eq!(
            told[1]["step"],
            json!({ "number": 2, "total": 8, "description": "character/cast", "status": "running" })
        );
        assert_eq!((&told[2]["progress"], &told[2]["status"]), (&json!(25), &json!("running")));
    }

    #[test]
    fn a_head_that_is_done_completes_its_department() {
        let output = json!({ "score": 0.8, "outputs": [{ "agent": "cast" }] });
        let told = step("character/head", StepState::Complete, None, Some(output));
        assert_eq!(kinds(&told), ["agent:progress", "agent:complete", "department:complete", "task:update"]);
        assert_eq!(
            (&told[2]["qualityScore"], &told[2]["outputs"]),
            (&json!(0.8), &json!([{ "agent": "cast" }]))
        );
    }

    #[test]
    fn an_error_says_whether_it_will_be_tried_again() {
        let until = Timestamp(0);
        let retry = Reason::Retry { until, error: "the lamp broke".into() };
        let told = step("audio/cues", StepState::Queued, Some(retry), None);
        assert_eq!((&told[0]["error"], &told[0]["recoverable"]), (&json!("the lamp broke"), &json!(true)));
        let last = Reason::Error { error: "the lamp broke".into(), fatal: false };
        assert_eq!(step("audio/cues", StepState::Failed, Some(last), None)[0]["recoverable"], json!(false));
    }

    #[test]
    fn a_tool_call_is_told_to_followers_of_its_department_only() {
        let ambient = Ambient::system();
        let execution_id: RunId = ambient.id();
        let call = ToClient::AgentToolCall {
            execution_id,
            agent_id: "audio/cues".into(),
            tool: "recall".into(),
            input: json!({ "question": "Where is the bell?" }),
            timestamp: ambient.now(),
        };
        assert!(is_followers_own(&call));
        let followers = told(&call, &HashSet::from([execution_id]), &Outputs::new()).unwrap();
        for (department, hears) in [("audio", 1), ("visual", 0)] {
            let follows = HashMap::from([(execution_id, vec![department.to_owned()])]);
            assert_eq!(followers.to(&follows).count(), hears);
        }
    }

    #[test]
    fn who_follows_one_department_hears_of_no_other() {
        let run = Ambient::system().id();
        let followers = |department: &str| Followers {
            run,
            messages: spoken(Some(department), vec![ToClient::Resync { seq: 1 }]),
        };
        let follows = HashMap::from([(run, vec!["audio".to_owned()])]);
        assert_eq!(followers("audio").to(&follows).count(), 1);
        assert_eq!(followers("visual").to(&follows).count(), 0);
        assert_eq!(followers("audio").to(&HashMap::new()).count(), 0);
    }
}
