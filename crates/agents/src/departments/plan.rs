//! From an order to a run: which departments are involved, and the graph of their steps.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Error, PersonId, ProjectId, Result};
use resilience::pool::AGENTS;
use serde_json::json;
use tasks::graph::{NewRun, NewStep};
use wire::runs::{Limits, Priority};

use super::definition::Definition;
use super::{Departments, relevance};

/// The queue of the agents' steps.
pub const QUEUE: &str = "agents";
/// The kind of their runs.
pub const KIND: &str = "task";
/// The step that puts everything together.
pub const RESULT: &str = "result";
/// What the names of the heads' steps end with.
pub const HEAD: &str = "/head";
/// The most characters of an order that become the run's title.
const TITLE_CHARS: usize = 120;

/// Work that a person orders.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Order {
    pub project: ProjectId,
    pub by: Option<PersonId>,
    /// What is to be done, in words.
    pub request: String,
    pub priority: Priority,
    /// Departments that are involved whatever the words say.
    pub departments: Vec<String>,
    /// Whether outputs whose scores allow it are saved without asking.
    pub auto_ingest: bool,
}

/// The run for an order.
///
/// # Errors
/// `VALIDATION_ERROR` when a department is named that is none or has nobody at work, or the order concerns no department.
pub fn plan(order: &Order, departments: &Departments) -> Result<NewRun> {
    let mut relevance = relevance::of(&order.request, departments);
    for name in &order.departments {
        let known = relevance.get_mut(name);
        let known =
            known.ok_or_else(|| Error::field("departments", format!("there is no department {name}")))?;
        if departments.named(name).is_some_and(|department| department.specialists.is_empty()) {
            return Err(Error::field("departments", format!("all agents of {name} are switched off")));
        }
        *known = 1.0;
    }
    let involved: BTreeSet<&str> = relevance
        .iter()
        .filter(|(_, relevance)| **relevance >= relevance::LEAST)
        .map(|(name, _)| name.as_str())
        .collect();
    if involved.is_empty() {
        let all: Vec<&str> = departments.all().iter().map(|department| department.name.as_str()).collect();
        let what =
            format!("it does not say which work is wanted. Name it, or a department: {}.", all.join(", "));
        return Err(Error::field("task", what));
    }
    let mut steps = Vec::new();
    for department in
        departments.all().iter().filter(|department| involved.contains(department.name.as_str()))
    {
        let name = &department.name;
        let before: Vec<String> = departments.before(name, &involved).into_iter().map(head).collect();
        for agent in &department.specialists {
            steps.push(step(format!("{name}/{}", agent.name), agent, order.priority).after(before.iter()));
        }
        let own = department.specialists.iter().map(|agent| format!("{name}/{}", agent.name));
        steps.push(step(head(name), &department.head, order.priority).after(own));
    }
    let mut result = NewStep::new(RESULT, QUEUE, json!({})).after(involved.iter().map(|name| head(name)));
    result.priority = order.priority;
    steps.push(result);
    let relevance: BTreeMap<&str, f64> = involved.iter().map(|name| (*name, relevance[*name])).collect();
    Ok(NewRun {
        project: order.project,
        by: order.by,
        kind: KIND.into(),
        title: order.request.chars().take(TITLE_CHARS).collect(),
        input: json!({ "request": order.request, "relevance": relevance, "autoIngest": order.auto_ingest }),
        idempotency_key: None,
        steps,
    })
}

/// The name of a department's head's step.
#[must_use]
pub fn head(department: &str) -> String {
    format!("{department}{HEAD}")
}

fn step(name: String, agent: &Definition, priority: Priority) -> NewStep {
    let input = json!({ "department": agent.department, "agent": agent.name, "title": agent.title });
    // The time in which it waits for a slot is not taken from the agent's.
    let run_ms = i64::from(agent.limits.minutes) * 60_000 + AGENTS.patience_ms;
    let limits = Limits { attempts: agent.limits.attempts, run_ms, ..Limits::default() };
    NewStep { priority, limits, ..NewStep::new(name, QUEUE, input) }
}

#[cfg(test)]
mod tests {
    use kernel::Ambient;

    use super::*;
    use crate::departments::tests::{agent, three};

    fn order(request: &str, departments: &[&str]) -> Order {
        Order {
            project: Ambient::system().id(),
            by: None,
            request: request.into(),
            priority: Priority::High,
            departments: departments.iter().map(|name| (*name).to_owned()).collect(),
            auto_ingest: false,
        }
    }

    fn graph(run: &NewRun) -> Vec<(&str, Vec<&str>)> {
        run.steps
            .iter()
            .map(|step| (step.name.as_str(), step.after.iter().map(String::as_str).collect()))
            .collect()
    }

    #[test]
    fn departments_work_in_their_order_and_their_heads_last() {
        let run = plan(&order("Prepare everything", &[]), &three()).unwrap();
        assert_eq!(
            graph(&run),
            [
                ("character/cast", vec![]),
                ("character/head", vec!["character/cast"]),
                ("audio/cues", vec!["character/head"]),
                ("audio/head", vec!["audio/cues"]),
                ("production/strips", vec!["audio/head"]),
                ("production/head", vec!["production/strips"]),
                ("result", vec!["audio/head", "character/head", "production/head"]),
            ]
        );
        assert!(run.parents().is_ok());
        assert!(run.steps.iter().all(|step| step.priority == Priority::High));
    }

    #[test]
    fn who_is_not_concerned_is_not_involved_unless_asked_for() {
        let run = plan(&order("Which sounds?", &["production"]), &three()).unwrap();
        let names: Vec<&str> = run.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names, ["audio/cues", "audio/head", "production/strips", "production/head", "result"]);
        assert_eq!(run.input["relevance"]["production"], 1.0);
    }

    #[test]
    fn a_department_whose_agents_are_all_off_does_no_work_and_holds_nobody_up() {
        let staff = [
            agent("character", "cast", "specialist", "cast"),
            agent("production", "strips", "specialist", "strips"),
        ];
        let staff = staff.map(|agent| (agent.department.clone(), vec![agent]));
        let departments = three().staffed(staff.into_iter().collect());
        let run = plan(&order("Prepare everything", &[]), &departments).unwrap();
        let names: Vec<&str> = run.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(
            names,
            ["character/cast", "character/head", "production/strips", "production/head", "result"]
        );
        assert_eq!(graph(&run)[2].1, ["character/head"]);
        let refused = plan(&order("the cast", &["audio"]), &departments).unwrap_err();
        assert!(refused.message().contains("switched off"), "{refused}");
    }

    #[test]
    fn an_order_that_concerns_nobody_says_whom_it_could_concern() {
        let refused = plan(&order("Hello", &[]), &three()).unwrap_err();
        assert!(refused.message().contains("character, audio, production"), "{refused}");
        assert!(
            plan(&order("the cast", &["catering"]), &three()).unwrap_err().message().contains("catering")
        );
    }
}
