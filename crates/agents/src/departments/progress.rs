//! How far an order is: what its run and its steps say, department by department.

use std::collections::HashMap;

use kernel::{Error, Result, RunId, StepId};
use store::runs::{self, Detail};
use store::{Scope, Store};
use wire::orchestrator::{DepartmentStatus, TaskDepartment, TaskProgress, TaskResponse};
use wire::runs::{Reason, Run, StepState};

use super::Departments;
use super::outputs::Headed;
use super::plan::{HEAD, KIND, head};

/// How far a run of this kind is.
///
/// # Errors
/// `NOT_FOUND` when there is no such run, or it is of another kind.
pub async fn of(store: &Store, scope: &Scope, id: RunId, departments: &Departments) -> Result<TaskResponse> {
    let read = store.read_in(scope, move |t| {
        // Of what steps gave only the heads' is wanted.
        let steps = runs::steps_of(t, id, 0)?;
        let heads =
            steps.iter().filter(|detail| detail.step.name.ends_with(HEAD)).map(|detail| detail.step.id);
        let outputs = runs::outputs(t, &heads.collect::<Vec<_>>())?;
        Ok((runs::get(t, id)?, steps, outputs.into_iter().collect::<HashMap<_, _>>(), runs::input(t, id)?))
    });
    let (run, steps, outputs, input) = read.await?;
    if run.kind != KIND {
        return Err(Error::not_found("task"));
    }
    let input: serde_json::Value = serde_json::from_str(&input).map_err(Error::internal)?;
    let involved = departments.all().iter().filter_map(|department| {
        let relevance = input["relevance"][&department.name].as_f64()?;
        Some(part(&department.name, relevance, &steps, &outputs))
    });
    let departments = involved.collect::<Result<Vec<TaskDepartment>>>()?;
    Ok(TaskResponse {
        task_id: run.id,
        status: run.state.into(),
        progress: progress(&run, &steps),
        departments,
        websocket_channel: format!("execution:{id}"),
    })
}

fn progress(run: &Run, steps: &[Detail]) -> TaskProgress {
    let ended = run.complete + run.failed + run.cancelled;
    let under_way: Vec<&str> = steps
        .iter()
        .filter(|detail| detail.step.state.is_held())
        .map(|detail| detail.step.name.as_str())
        .collect();
    let asked = steps.iter().find_map(|detail| match &detail.step.reason {
        Some(Reason::Person { question }) => Some(question),
        _ => None,
    });
    let description = match (run.state.has_ended(), &run.paused, under_way.is_empty()) {
        (true, ..) => format!("It is {}.", run.state.as_str()),
        (false, Some(why), _) => format!("It is paused: {why}"),
        (false, None, true) => asked.map_or_else(
            || String::from("It waits for its turn."),
            |question| format!("It waits for an answer: {question}"),
        ),
        (false, None, false) => format!("Under way: {}.", under_way.join(", ")),
    };
    TaskProgress {
        current_step: ended,
        total_steps: run.total,
        percentage: ended * 100 / run.total.max(1),
        description,
    }
}

/// A department's part: it is as far as its steps are.
fn part(
    name: &str,
    relevance: f64,
    steps: &[Detail],
    outputs: &HashMap<StepId, String>,
) -> Result<TaskDepartment> {
    let own =
        |detail: &&Detail| detail.step.name.split_once('/').is_some_and(|(department, _)| department == name);
    let mut states = steps.iter().filter(own).map(|detail| detail.step.state);
    let last = steps.iter().find(|detail| detail.step.name == head(name));
    let status = match last.map(|last| last.step.state) {
        Some(StepState::Complete) => DepartmentStatus::Complete,
        Some(StepState::Failed | StepState::Cancelled) => DepartmentStatus::Failed,
        _ if states.any(|state| state != StepState::Queued) => DepartmentStatus::Running,
        _ => DepartmentStatus::Pending,
    };
    let output = last.and_then(|last| outputs.get(&last.step.id));
    let headed = output.map(|output| serde_json::from_str::<Headed>(output));
    let outputs = match headed.transpose().map_err(Error::internal)? {
        Some(headed) => headed
            .outputs
            .iter()
            .map(serde_json::to_value)
            .collect::<Result<_, _>>()
            .map_err(Error::internal)?,
        None => Vec::new(),
    };
    Ok(TaskDepartment { name: name.to_owned(), status, relevance, outputs })
}
