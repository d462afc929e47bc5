//! What a studio brings along: its departments, the files that define their agents, and the engines that do their work.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kernel::{Error, Result};

use super::Departments;
use super::definition::{Definition, Fault, Role};
use super::engine::Engine;
use crate::outside::Wish;
use crate::tools::Tool;

/// A studio's departments as they are built in.
pub struct Studio {
    departments: Arc<Departments>,
    /// The files, by department and agent.
    files: BTreeMap<(String, String), String>,
    engines: HashMap<&'static str, Arc<dyn Engine>>,
}

impl Studio {
    /// A studio of these files. `order` names the departments with those that they build on, which come before them.
    ///
    /// # Errors
    /// `UNREADABLE_DOCUMENT` when a file cannot be read, names an engine or a tool that there is not, or the agents do not make
    /// up these departments.
    pub fn of(
        order: &[(&str, &[&str])],
        files: impl IntoIterator<Item = impl Into<String>>,
        engines: impl IntoIterator<Item = Arc<dyn Engine>>,
    ) -> Result<Self> {
        let engines: HashMap<&'static str, Arc<dyn Engine>> =
            engines.into_iter().map(|engine| (engine.name(), engine)).collect();
        let mut studio = Self { departments: Arc::default(), files: BTreeMap::new(), engines };
        let mut agents = Vec::new();
        for file in files {
            let file = file.into();
            let agent = studio.read(&file)?;
            studio.files.insert((agent.department.clone(), agent.name.clone()), file);
            agents.push(agent);
        }
        studio.departments = Arc::new(Departments::of(order, agents)?);
        Ok(studio)
    }

    /// The departments as they are built in.
    #[must_use]
    pub fn departments(&self) -> &Arc<Departments> {
        &self.departments
    }

    /// The file of an agent that is built in.
    #[must_use]
    pub fn file(&self, department: &str, agent: &str) -> Option<&str> {
        self.files.get(&(department.to_owned(), agent.to_owned())).map(String::as_str)
    }

    /// The engine of that name.
    #[must_use]
    pub fn engine(&self, name: &str) -> Option<&Arc<dyn Engine>> {
        self.engines.get(name)
    }

    /// The names of the engines that can work part by part.
    #[must_use]
    pub fn by_parts(&self) -> BTreeSet<&'static str> {
        let can = self.engines.iter().filter(|(_, engine)| engine.by_parts().is_some());
        can.map(|(name, _)| *name).collect()
    }

    /// The names of all engines, sorted.
    #[must_use]
    pub fn engines(&self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = self.engines.keys().copied().collect();
        names.sort_unstable();
        names
    }

    /// Reads a definition that can be worked by here.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn read(&self, file: &str) -> Result<Definition, Fault> {
        let agent = Definition::parse(file)?;
        if agent.role == Role::Specialist && !self.engines.contains_key(agent.engine.as_str()) {
            let there = self.engines().join(", ");
            let what = format!("there is no engine {}; there are {there}", agent.engine);
            return Err(Fault::of(file, "engine", what));
        }
        for name in &agent.tools {
            let wrong = match Wish::read(name) {
                Ok(None) if Tool::named(name).is_err() => {
                    format!("there is no tool {name}; there are {}", Tool::names().join(", "))
                }
                Ok(_) => continue,
                Err(error) => error.message().to_owned(),
            };
            return Err(Fault::of(file, "tools", wrong));
        }
        Ok(agent)
    }

    /// Reads the definition of one agent: it must be the one that it is kept for.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn read_for(&self, department: &str, name: &str, file: &str) -> Result<Definition, Fault> {
        let agent = self.read(file)?;
        for (field, says, kept) in
            [("department", &agent.department, department), ("name", &agent.name, name)]
        {
            if says != kept {
                return Err(Fault::of(file, field, format!("must be {kept}: that is whom it is kept for")));
            }
        }
        let Some(department) = self.departments.named(department) else {
            return Err(Fault::of(file, "department", format!("there is no department {department}")));
        };
        let role = if department.head.name == name { Role::Head } else { Role::Specialist };
        if agent.role != role {
            let what = match role {
                Role::Head => "must be head",
                Role::Specialist => "must be specialist: a department has one head",
            };
            return Err(Fault::of(file, "role", what));
        }
        Ok(agent)
    }

    /// The department of that name.
    ///
    /// # Errors
    /// `NOT_FOUND` when there is none.
    pub fn department(&self, name: &str) -> Result<&super::Department> {
        self.departments.named(name).ok_or_else(|| Error::not_found("department"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::departments::engine::{Job, Work};

    struct Idle(&'static str);

    impl Engine for Idle {
        fn name(&self) -> &'static str {
            self.0
        }

        fn work<'j>(&'j self, _job: &'j Job) -> BoxFuture<'j, Result<Work>> {
            Box::pin(std::future::pending())
        }
    }

    pub(crate) fn file(department: &str, name: &str, role: &str, more: &str) -> String {
        format!(
            "---\nname: {name}\ntitle: The {name}\ndepartment: {department}\nrole: {role}\nengine: test.work\n{more}---\nWork.\n"
        )
    }

    /// Sound with two specialists, and a cut that builds on it.
    pub(crate) fn studio() -> Studio {
        let files = [
            file("sound", "head", "head", ""),
            file("sound", "cues", "specialist", ""),
            file("sound", "noises", "specialist", ""),
            file("cut", "head", "head", ""),
            file("cut", "timing", "specialist", ""),
        ];
        Studio::of(&[("sound", &[]), ("cut", &["sound"])], files, [engine("test.work")]).unwrap()
    }

    pub(crate) fn engine(name: &'static str) -> Arc<dyn Engine> {
        Arc::new(Idle(name))
    }

    #[test]
    fn a_studio_whose_agents_need_an_engine_or_a_tool_that_there_is_not_is_not_opened() {
        let of = |more: &str, engines: &[&'static str]| {
            let files = [file("sound", "head", "head", ""), file("sound", "cues", "specialist", more)];
            let engines = engines.iter().map(|name| engine(name));
            Studio::of(&[("sound", &[])], files, engines)
                .map(drop)
                .map_err(|error| error.message().to_owned())
        };
        assert_eq!(of("tools: [recall]\n", &["test.work"]), Ok(()));
        assert!(of("", &["test.other"]).unwrap_err().contains("test.other"));
        assert!(
            of("tools: [shell]\n", &["test.work"])
                .unwrap_err()
                .contains("line 7: tools: there is no tool shell")
        );
    }

    #[test]
    fn a_definition_is_read_only_for_the_agent_that_it_is_of() {
        let studio = studio();
        let cues = file("sound", "cues", "specialist", "");
        assert!(studio.read_for("sound", "cues", &cues).is_ok());
        let fault = |department: &str, name: &str, file: &str| {
            studio.read_for(department, name, file).unwrap_err().field.unwrap()
        };
        assert_eq!(fault("cut", "cues", &cues), "department");
        assert_eq!(fault("sound", "noises", &cues), "name");
        assert_eq!(fault("sound", "head", &file("sound", "head", "specialist", "")), "role");
        assert_eq!(fault("sound", "second", &file("sound", "second", "head", "")), "role");
        assert_eq!(fault("catering", "cook", &file("catering", "cook", "specialist", "")), "department");
    }
}
