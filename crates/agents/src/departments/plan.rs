//! From an order to a run: which departments are involved, and the graph of their steps.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Error, PersonId, ProjectId, Result};
use resilience::pool::AGENTS;
use serde_json::json;
use tasks::graph::{NewRun, NewStep, STEPS};
use wire::runs::{Limits, Priority};

use super::definition::Definition;
use super::engine::Part;
use super::{Departments, relevance};

/// The queue of the agents' steps.
pub const QUEUE: &str = "agents";
/// The queue of their steps about parts: however many those are, all other steps wait for none of them.
pub const PARTS: &str = "parts";
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

/// What an order that is done one by one is divided into.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// In their order; where there are none, the order is done as a whole.
    pub parts: Vec<Part>,
    /// The engines that can work part by part.
    pub engines: BTreeSet<&'static str>,
}

impl Parts {
    /// Those that an agent works through.
    fn of(&self, agent: &Definition) -> &[Part] {
        if self.engines.contains(agent.engine.as_str()) { &self.parts } else { &[] }
    }
}

/// The run for an order, divided into these parts.
///
/// # Errors
/// `VALIDATION_ERROR` when a department is named that is none or has nobody at work, or the order concerns no department, or
/// has so many parts that a run cannot hold their steps.
pub fn plan(order: &Order, departments: &Departments, parts: &Parts) -> Result<NewRun> {
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
            steps.extend(by(agent, order.priority, &before, parts.of(agent)));
        }
        let own = department.specialists.iter().map(|agent| format!("{name}/{}", agent.name));
        steps.push(step(head(name), &department.head, order.priority).after(own));
    }
    let mut result = NewStep::new(RESULT, QUEUE, json!({})).after(involved.iter().map(|name| head(name)));
    result.priority = order.priority;
    steps.push(result);
    if steps.len() > STEPS {
        let what = format!(
            "done one by one it has {} steps, and a run has at most {STEPS}. Order it of fewer departments, or as a whole",
            steps.len()
        );
        return Err(Error::field("oneByOne", what));
    }
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

/// The agent that does a step, as `department/agent`: the step's name, or what it begins with if it is about a part.
#[must_use]
pub fn agent_of(step: &str) -> &str {
    step.match_indices('/').nth(1).map_or(step, |(end, _)| &step[..end])
}

/// The steps of a specialist: one for the whole; or one for each part, and one that puts these together.
fn by(agent: &Definition, priority: Priority, before: &[String], parts: &[Part]) -> Vec<NewStep> {
    let own = format!("{}/{}", agent.department, agent.name);
    let whole = step(own.clone(), agent, priority).after(before);
    let parts = parts.iter().enumerate().map(|(place, part)| {
        let mut step = step(format!("{own}/{}", place + 1), agent, priority).after(before);
        step.queue = PARTS.to_owned();
        step.input["title"] = json!(part.name);
        step.input["part"] = json!(part);
        step
    });
    let parts: Vec<NewStep> = parts.collect();
    let mut steps = vec![whole.after(parts.iter().map(|part| &part.name))];
    steps.extend(parts);
    steps
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

    fn scenes(count: usize, engine: &'static str) -> Parts {
        let scene = |n: usize| Part { id: Ambient::system().id(), name: format!("{n} INT. BAR - DAY") };
        Parts { parts: (1..=count).map(scene).collect(), engines: BTreeSet::from([engine]) }
    }

    fn graph(run: &NewRun) -> Vec<(&str, Vec<&str>)> {
        run.steps
            .iter()
            .map(|step| (step.name.as_str(), step.after.iter().map(String::as_str).collect()))
            .collect()
    }

    #[test]
    fn departments_work_in_their_order_and_their_heads_last() {
        let run = plan(&order("Prepare everything", &[]), &three(), &Parts::default()).unwrap();
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
        let run = plan(&order("Which sounds?", &["production"]), &three(), &Parts::default()).unwrap();
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
        let run = plan(&order("Prepare everything", &[]), &departments, &Parts::default()).unwrap();
        let names: Vec<&str> = run.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(
            names,
            ["character/cast", "character/head", "production/strips", "production/head", "result"]
        );
        assert_eq!(graph(&run)[2].1, ["character/head"]);
        let refused = plan(&order("the cast", &["audio"]), &departments, &Parts::default()).unwrap_err();
        assert!(refused.message().contains("switched off"), "{refused}");
    }

    #[test]
    fn one_by_one_an_agent_has_a_step_for_each_part_and_one_that_puts_them_together() {
        let order = order("Prepare everything", &[]);
        let run = plan(&order, &three(), &scenes(2, "test.cues")).unwrap();
        assert_eq!(
            graph(&run)[2..6],
            [
                ("audio/cues", vec!["character/head", "audio/cues/1", "audio/cues/2"]),
                ("audio/cues/1", vec!["character/head"]),
                ("audio/cues/2", vec!["character/head"]),
                ("audio/head", vec!["audio/cues"]),
            ]
        );
        assert!(run.parents().is_ok());
        assert_eq!([2, 3].map(|place| run.steps[place].queue.as_str()), [QUEUE, PARTS]);
        let of_part = &run.steps[4].input;
        assert_eq!((&of_part["title"], &of_part["agent"]), (&json!("2 INT. BAR - DAY"), &json!("cues")));
        assert_eq!(of_part["part"]["name"], "2 INT. BAR - DAY");
        // Whose engine cannot do so works as a whole, as all do where there are no parts.
        assert_eq!(graph(&run)[0], ("character/cast", vec![]));
        let none = plan(&order, &three(), &scenes(0, "test.cues")).unwrap();
        assert_eq!(none.steps.len(), 7);
    }

    #[test]
    fn an_order_of_more_steps_than_a_run_holds_is_refused_and_says_what_to_do() {
        let of = |count| plan(&order("Prepare everything", &[]), &three(), &scenes(count, "test.cues"));
        assert_eq!(of(STEPS - 7).unwrap().steps.len(), STEPS);
        let refused = of(STEPS - 6).unwrap_err();
        assert!(
            refused.message().contains("2001 steps") && refused.message().contains("as a whole"),
            "{refused}"
        );
    }

    #[test]
    fn a_step_is_done_by_the_agent_that_its_name_begins_with() {
        for (step, agent) in [("audio/cues", "audio/cues"), ("audio/cues/12", "audio/cues"), (RESULT, RESULT)]
        {
            assert_eq!(agent_of(step), agent);
        }
        assert_eq!(three().agent("audio/cues/12"), three().agent("audio/cues"));
    }

    #[test]
    fn an_order_that_concerns_nobody_says_whom_it_could_concern() {
        let refused = plan(&order("Hello", &[]), &three(), &Parts::default()).unwrap_err();
        assert!(refused.message().contains("character, audio, production"), "{refused}");
        assert!(
            plan(&order("the cast", &["catering"]), &three(), &Parts::default())
                .unwrap_err()
                .message()
                .contains("catering")
        );
    }
}
