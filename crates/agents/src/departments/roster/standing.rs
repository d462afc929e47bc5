//! How a project's agents stand: what is built in, and what the project says of it, put together without a database.

use std::collections::BTreeMap;

use kernel::{EntityId, PersonId, Result, Timestamp};
use serde_json::json;
use store::{Tenant, entities};
use wire::records::{Metadata, Record};

use super::{COLLECTION, MOST_AGENTS};
use crate::departments::Departments;
use crate::departments::definition::{Definition, Fault, Role};
use crate::departments::studio::Studio;

/// The attribute of a record by which an agent is switched off.
const OFF: &str = "off";

/// A project's own word on an agent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) id: EntityId,
    pub(super) department: String,
    pub(super) agent: String,
    /// The project's definition; the built-in one stands if absent.
    pub(super) definition: Option<String>,
    pub(super) off: bool,
    pub(super) version: i64,
    pub(super) updated_at: Timestamp,
    pub(super) updated_by: Option<PersonId>,
}

/// The name of an agent's record.
pub(super) fn record_name(department: &str, agent: &str) -> String {
    format!("{department}/{agent}")
}

/// The attributes of an agent's record.
pub(super) fn attributes(off: bool) -> Metadata {
    Metadata::from_iter([(OFF.to_owned(), json!(off))])
}

impl Word {
    /// All that a project says, in the order in which it was first said. What comes back by undoing beyond the bound is not heard.
    pub(super) fn all(t: &mut Tenant<'_, '_>) -> Result<Vec<Self>> {
        Ok(entities::whole(t, COLLECTION)?.into_iter().filter_map(Self::read).take(MOST_AGENTS).collect())
    }

    pub(super) fn read(record: Record) -> Option<Self> {
        let (department, agent) = record.name.split_once('/')?;
        Some(Self {
            id: record.id,
            department: department.to_owned(),
            agent: agent.to_owned(),
            off: record.metadata.get(OFF).and_then(serde_json::Value::as_bool).unwrap_or(false),
            definition: record.body,
            version: record.version,
            updated_at: record.updated_at,
            updated_by: record.updated_by,
        })
    }

    pub(super) fn is_of(&self, department: &str, agent: &str) -> bool {
        self.department == department && self.agent == agent
    }

    /// Whether it changes nothing: what was changed has been put back.
    pub(super) fn is_empty(&self) -> bool {
        self.definition.is_none() && !self.off
    }
}

/// Where an agent comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It is the studio's.
    BuiltIn,
    /// It is the studio's, and the project has a definition of its own for it.
    Changed,
    /// The project has added it.
    Added,
}

/// How an agent of a project stands.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Standing {
    pub department: String,
    pub name: String,
    /// By what it works, unless it is off; nothing where there is nothing that it could work by.
    pub definition: Option<Definition>,
    pub role: Role,
    pub origin: Origin,
    /// Whether it gets no work.
    pub off: bool,
    /// The project's file, or the built-in one.
    pub file: String,
    /// The built-in file, where the project has another.
    pub built_in: Option<String>,
    /// Why the project's file cannot be worked by: since it was saved, what it names was taken out of the program. A changed
    /// agent then works as built in, an added one not at all.
    pub fault: Option<Fault>,
    /// Counts what the project said of it; 0 if nothing yet.
    pub version: i64,
    pub updated_at: Option<Timestamp>,
    pub updated_by: Option<PersonId>,
}

impl Standing {
    /// The definition by which it works; nothing if it does no work.
    fn works(&self) -> Option<&Definition> {
        self.definition.as_ref().filter(|_| !self.off)
    }

    fn of(
        studio: &Studio,
        department: &str,
        name: &str,
        built_in: Option<&Definition>,
        word: Option<&Word>,
    ) -> Self {
        let built_in_file = studio.file(department, name);
        let own = word.and_then(|word| word.definition.as_deref());
        let read = own.map(|file| studio.read_for(department, name, file));
        let (own_definition, fault) = match read {
            Some(Ok(definition)) => (Some(definition), None),
            Some(Err(fault)) => (None, Some(fault)),
            None => (None, None),
        };
        let role = built_in.map_or(Role::Specialist, |agent| agent.role);
        Self {
            department: department.to_owned(),
            name: name.to_owned(),
            definition: own_definition.or_else(|| built_in.cloned()),
            role,
            origin: match (built_in, own) {
                (None, _) => Origin::Added,
                (Some(_), Some(_)) => Origin::Changed,
                (Some(_), None) => Origin::BuiltIn,
            },
            // A department without a head has nobody to grade and put together.
            off: role == Role::Specialist && word.is_some_and(|word| word.off),
            file: own.or(built_in_file).unwrap_or_default().to_owned(),
            built_in: built_in_file.filter(|_| own.is_some()).map(str::to_owned),
            fault,
            version: word.map_or(0, |word| word.version),
            updated_at: word.map(|word| word.updated_at),
            updated_by: word.and_then(|word| word.updated_by),
        }
    }
}

/// All agents, department by department: its head, its built-in specialists, and those that were added. What was said of
/// departments that there are no more comes last.
pub(super) fn standings(studio: &Studio, words: &[Word]) -> Vec<Standing> {
    let said = |department: &str, agent: &str| words.iter().find(|word| word.is_of(department, agent));
    let mut all = Vec::new();
    for department in studio.departments().all() {
        let name = department.name.as_str();
        let built_in = || std::iter::once(&department.head).chain(&department.specialists);
        all.extend(
            built_in()
                .map(|agent| Standing::of(studio, name, &agent.name, Some(agent), said(name, &agent.name))),
        );
        let added = words.iter().filter(|word| word.department == name && word.definition.is_some());
        let added = added.filter(|word| built_in().all(|agent| agent.name != word.agent));
        all.extend(added.map(|word| Standing::of(studio, name, &word.agent, None, Some(word))));
    }
    let stray = words
        .iter()
        .filter(|word| word.definition.is_some() && studio.departments().named(&word.department).is_none());
    all.extend(stray.map(|word| Standing::of(studio, &word.department, &word.agent, None, Some(word))));
    all
}

/// The departments of those who work.
pub(super) fn departments(studio: &Studio, words: &[Word]) -> Departments {
    let mut working: BTreeMap<String, Vec<Definition>> = BTreeMap::new();
    for standing in standings(studio, words) {
        if let Some(fault) = &standing.fault {
            let (department, agent) = (&standing.department, &standing.name);
            tracing::warn!(department, agent, %fault, "a project's definition of an agent cannot be used");
        }
        if let Some(definition) = standing.works() {
            working.entry(standing.department.clone()).or_default().push(definition.clone());
        }
    }
    studio.departments().staffed(working)
}

#[cfg(test)]
mod tests {
    use kernel::Ambient;

    use super::*;
    use crate::departments::studio::tests::{file, studio};

    fn word(department: &str, agent: &str, definition: Option<String>, off: bool) -> Word {
        Word {
            id: Ambient::system().id(),
            department: department.into(),
            agent: agent.into(),
            definition,
            off,
            version: 3,
            updated_at: Timestamp(7),
            updated_by: None,
        }
    }

    fn specialists<'d>(departments: &'d Departments, name: &str) -> Vec<(&'d str, &'d str)> {
        let department = departments.named(name).unwrap();
        department.specialists.iter().map(|agent| (agent.name.as_str(), agent.title.as_str())).collect()
    }

    #[test]
    fn a_project_that_says_nothing_has_what_is_built_in() {
        let studio = studio();
        let all = standings(&studio, &[]);
        let names: Vec<String> =
            all.iter().map(|agent| record_name(&agent.department, &agent.name)).collect();
        assert_eq!(names, ["sound/head", "sound/cues", "sound/noises", "cut/head", "cut/timing"]);
        assert!(all.iter().all(|agent| agent.origin == Origin::BuiltIn && agent.version == 0 && !agent.off));
        assert_eq!(departments(&studio, &[]), **studio.departments());
    }

    #[test]
    fn an_agent_can_be_changed_added_switched_off_and_put_back() {
        let studio = studio();
        let changed = file("sound", "cues", "specialist", "").replace("The cues", "Bells");
        let words = [
            word("sound", "cues", Some(changed), false),
            word("sound", "music", Some(file("sound", "music", "specialist", "cues: [song]\n")), false),
            word("sound", "noises", None, true),
            word("cut", "timing", None, false),
        ];
        let all = standings(&studio, &words);
        let stands: Vec<(&str, Origin, bool)> =
            all.iter().map(|agent| (agent.name.as_str(), agent.origin, agent.off)).collect();
        assert_eq!(
            stands,
            [
                ("head", Origin::BuiltIn, false),
                ("cues", Origin::Changed, false),
                ("noises", Origin::BuiltIn, true),
                ("music", Origin::Added, false),
                ("head", Origin::BuiltIn, false),
                ("timing", Origin::BuiltIn, false),
            ]
        );
        assert!(all[1].built_in.is_some() && all[2].built_in.is_none());
        let departments = departments(&studio, &words);
        assert_eq!(specialists(&departments, "sound"), [("cues", "Bells"), ("music", "The music")]);
        assert_eq!(departments.named("cut").unwrap().after, ["sound"]);
    }

    #[test]
    fn a_department_keeps_its_head_and_its_place_even_if_all_its_specialists_are_off() {
        let studio = studio();
        let off = [
            word("sound", "cues", None, true),
            word("sound", "noises", None, true),
            word("sound", "head", None, true),
        ];
        let departments = departments(&studio, &off);
        let sound = departments.named("sound").unwrap();
        assert_eq!((sound.head.name.as_str(), sound.specialists.len()), ("head", 0));
        assert_eq!(departments.all().len(), 2);
    }

    #[test]
    fn a_file_that_can_be_worked_by_no_more_stops_only_what_has_no_other() {
        let studio = studio();
        let old = |name: &str| file("sound", name, "specialist", "").replace("test.work", "test.gone");
        let words = [
            word("sound", "cues", Some(old("cues")), false),
            word("sound", "music", Some(old("music")), false),
            word("catering", "cook", Some(file("catering", "cook", "specialist", "")), false),
        ];
        let all = standings(&studio, &words);
        let faulty: Vec<&str> =
            all.iter().filter(|agent| agent.fault.is_some()).map(|agent| agent.name.as_str()).collect();
        assert_eq!(faulty, ["cues", "music", "cook"]);
        assert!(all[1].fault.as_ref().unwrap().reason.contains("there is no engine test.gone"));
        assert_eq!(
            specialists(&departments(&studio, &words), "sound"),
            [("cues", "The cues"), ("noises", "The noises")]
        );
    }
}
