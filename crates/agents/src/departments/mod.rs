//! Departments: a head and its specialists each, in an order in which they build on each other.

pub mod definition;
pub mod desk;
pub mod engine;
pub mod grading;
pub mod mind;
pub mod outputs;
mod parts;
pub mod plan;
pub mod progress;
pub mod relevance;
pub mod roster;
pub mod slots;
pub mod studio;
mod telling;

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Code, Error, Result};

use definition::{Definition, Role};

/// A department.
#[derive(Debug, Clone, PartialEq)]
pub struct Department {
    /// Its name: `character` …
    pub name: String,
    /// The departments whose work it builds on.
    pub after: Vec<String>,
    /// Who grades and puts together.
    pub head: Definition,
    /// Who does the work.
    pub specialists: Vec<Definition>,
}

/// All departments of a studio, each behind those that it builds on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Departments(Vec<Department>);

impl Departments {
    /// Puts agents into departments. `order` names the departments with those that they build on, which come before them.
    ///
    /// # Errors
    /// `UNREADABLE_DOCUMENT` when a department has no head or two, no specialist, or two agents of one name; when an agent is
    /// of a department that is not in the order, or a department builds on one that does not come before it.
    pub fn of(order: &[(&str, &[&str])], agents: impl IntoIterator<Item = Definition>) -> Result<Self> {
        let mut by_department: BTreeMap<String, Vec<Definition>> = BTreeMap::new();
        for agent in agents {
            by_department.entry(agent.department.clone()).or_default().push(agent);
        }
        let mut all: Vec<Department> = Vec::with_capacity(order.len());
        for (name, after) in order {
            let own = by_department.remove(*name).unwrap_or_default();
            let names: BTreeSet<&str> = own.iter().map(|agent| agent.name.as_str()).collect();
            if names.len() < own.len() {
                return Err(wrong(format!("{name} has two agents of one name")));
            }
            if let Some(missing) = after.iter().find(|before| all.iter().all(|d| d.name != **before)) {
                return Err(wrong(format!("{name} builds on {missing}, which does not come before it")));
            }
            let (mut heads, specialists): (Vec<_>, Vec<_>) =
                own.into_iter().partition(|agent| agent.role == Role::Head);
            let (Some(head), true, false) = (heads.pop(), heads.is_empty(), specialists.is_empty()) else {
                return Err(wrong(format!("{name} needs one head and at least one specialist")));
            };
            let after = after.iter().map(|before| (*before).to_owned()).collect();
            all.push(Department { name: (*name).to_owned(), after, head, specialists });
        }
        match by_department.into_keys().next() {
            Some(stray) => Err(wrong(format!("there is no department {stray}"))),
            None => Ok(Self(all)),
        }
    }

    /// The same departments with others in them. A department keeps its head if no other is given, and may be left without
    /// specialists: then it does no work.
    #[must_use]
    pub fn staffed(&self, mut agents: BTreeMap<String, Vec<Definition>>) -> Self {
        let staffed = self.0.iter().map(|department| {
            let own = agents.remove(&department.name).unwrap_or_default();
            let (heads, specialists): (Vec<_>, Vec<_>) =
                own.into_iter().partition(|agent| agent.role == Role::Head);
            let head = heads.into_iter().next().unwrap_or_else(|| department.head.clone());
            Department { head, specialists, ..department.clone() }
        });
        Self(staffed.collect())
    }

    /// All of them, each behind those that it builds on.
    #[must_use]
    pub fn all(&self) -> &[Department] {
        &self.0
    }

    /// The department of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Department> {
        self.0.iter().find(|department| department.name == name)
    }

    /// Who does the step of that name: `department/agent`, or `department/agent/4` for the fourth part.
    #[must_use]
    pub fn agent(&self, step: &str) -> Option<&Definition> {
        let step = plan::agent_of(step);
        let (department, name) = step.split_once('/')?;
        let department = self.named(department)?;
        if plan::head(&department.name) == step {
            return Some(&department.head);
        }
        department.specialists.iter().find(|agent| agent.name == name)
    }

    /// Of the `involved`, those that a department builds on directly, or by way of departments that are not involved.
    #[must_use]
    pub fn before<'d>(&'d self, name: &str, involved: &BTreeSet<&str>) -> BTreeSet<&'d str> {
        let mut found = BTreeSet::new();
        for before in self.named(name).into_iter().flat_map(|department| &department.after) {
            if involved.contains(before.as_str()) {
                found.insert(before.as_str());
            } else {
                found.extend(self.before(before, involved));
            }
        }
        found
    }
}

fn wrong(reason: String) -> Error {
    Error::new(Code::UnreadableDocument, format!("The departments cannot be put together: {reason}."))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn agent(department: &str, name: &str, role: &str, cues: &str) -> Definition {
        let file = format!(
            "---\nname: {name}\ntitle: {name}\ndepartment: {department}\nrole: {role}\nengine: test.{name}\ncues: [{cues}]\n---\nWork.\n"
        );
        Definition::parse(&file).unwrap()
    }

    const ORDER: &[(&str, &[&str])] =
        &[("character", &[]), ("audio", &["character"]), ("production", &["audio"])];

    fn agents() -> Vec<Definition> {
        vec![
            agent("character", "head", "head", "character"),
            agent("character", "cast", "specialist", "cast, actor"),
            agent("audio", "head", "head", "sound"),
            agent("audio", "cues", "specialist", "music, noise"),
            agent("production", "head", "head", "schedule"),
            agent("production", "strips", "specialist", "strip board"),
        ]
    }

    pub(crate) fn three() -> Departments {
        Departments::of(ORDER, agents()).unwrap()
    }

    #[test]
    fn departments_that_do_not_fit_together_are_refused() {
        let without =
            |name: &str| agents().into_iter().filter(|agent| agent.name != name).collect::<Vec<_>>();
        let with = |agent: Definition| agents().into_iter().chain([agent]).collect::<Vec<_>>();
        for (order, agents, why) in [
            (ORDER, without("head"), "head"),
            (ORDER, without("cast"), "specialist"),
            (ORDER, with(agent("audio", "second", "head", "")), "head"),
            (ORDER, with(agent("audio", "cues", "specialist", "")), "two agents"),
            (ORDER, with(agent("catering", "cook", "specialist", "")), "catering"),
            (&[("audio", &["character"]), ("character", &[]), ("production", &[])], agents(), "before"),
        ] {
            let refused = Departments::of(order, agents).unwrap_err();
            assert!(refused.message().contains(why), "{why}: {refused}");
        }
    }

    #[test]
    fn a_department_waits_for_those_that_it_builds_on_even_past_one_that_is_not_involved() {
        let departments = three();
        let all = BTreeSet::from(["character", "audio", "production"]);
        assert_eq!(departments.before("production", &all), BTreeSet::from(["audio"]));
        let some = BTreeSet::from(["character", "production"]);
        assert_eq!(departments.before("production", &some), BTreeSet::from(["character"]));
        assert_eq!(departments.before("character", &all), BTreeSet::new());
    }
}
