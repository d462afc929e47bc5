//! The roster: who works in the departments of a project. A project's own word on an agent is a record of a hidden
//! collection, so it has versions, can be taken back, and is told of like any other record.

mod changing;
mod standing;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::{EntityId, ProjectId, Result};
use store::{Scope, Store, Tenant, entities};

pub use changing::{Changed, Put};
pub use standing::{Origin, Standing};

use super::Departments;
use super::studio::Studio;
use standing::Word;

/// The hidden collection in which projects keep their definitions.
pub const COLLECTION: &str = "agents";
/// Agents that a project has at most, the built-in ones among them.
pub const MOST_AGENTS: usize = 64;
/// Projects whose departments are remembered at once; of those the one that was not asked for longest is forgotten.
const REMEMBERED: usize = 256;

/// Knows who works in each project. A cheap clone.
#[derive(Clone)]
pub struct Roster {
    store: Store,
    studio: Arc<Studio>,
    remembered: Arc<Mutex<Remembered>>,
}

/// Departments by project, each good for as long as its records have these versions.
#[derive(Default)]
struct Remembered {
    by_project: HashMap<ProjectId, Entry>,
    /// Counts what was asked for.
    asked: u64,
}

struct Entry {
    versions: Vec<(EntityId, i64)>,
    departments: Arc<Departments>,
    asked: u64,
}

impl Roster {
    /// The roster of a studio's projects.
    #[must_use]
    pub fn new(store: Store, studio: Studio) -> Self {
        Self { store, studio: Arc::new(studio), remembered: Arc::default() }
    }

    /// What is built in.
    #[must_use]
    pub fn studio(&self) -> &Studio {
        &self.studio
    }

    /// A project's departments: one query, unless something of them has changed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn departments(&self, scope: &Scope) -> Result<Arc<Departments>> {
        let own = self.clone();
        self.store.read_in(scope, move |t| own.departments_in(t)).await
    }

    /// The same, within a transaction that has not changed any of them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn departments_in(&self, t: &mut Tenant<'_, '_>) -> Result<Arc<Departments>> {
        let outlines = entities::outlines_in(t, COLLECTION)?;
        if outlines.is_empty() {
            return Ok(self.studio.departments().clone());
        }
        let versions = outlines.iter().map(|outline| (outline.id, outline.version)).collect();
        if let Some(departments) = self.remembered().departments(t.project(), &versions) {
            return Ok(departments);
        }
        let departments = Arc::new(standing::departments(&self.studio, &Word::all(t)?));
        self.remembered().put(t.project(), versions, departments.clone());
        Ok(departments)
    }

    /// All agents of a project, department by department, its head first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn agents(&self, scope: &Scope) -> Result<Vec<Standing>> {
        let studio = self.shared_studio();
        self.store.read_in(scope, move |t| Ok(standing::standings(&studio, &Word::all(t)?))).await
    }

    fn shared_studio(&self) -> Arc<Studio> {
        self.studio.clone()
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    fn departments(
        &mut self,
        project: ProjectId,
        versions: &Vec<(EntityId, i64)>,
    ) -> Option<Arc<Departments>> {
        self.asked += 1;
        let entry = self.by_project.get_mut(&project).filter(|entry| entry.versions == *versions)?;
        entry.asked = self.asked;
        Some(entry.departments.clone())
    }

    fn put(&mut self, project: ProjectId, versions: Vec<(EntityId, i64)>, departments: Arc<Departments>) {
        if self.by_project.len() >= REMEMBERED && !self.by_project.contains_key(&project) {
            let oldest = self.by_project.iter().min_by_key(|(_, entry)| entry.asked).map(|(id, _)| *id);
            oldest.map(|oldest| self.by_project.remove(&oldest));
        }
        self.by_project.insert(project, Entry { versions, departments, asked: self.asked });
    }
}

#[cfg(test)]
mod tests {
    use kernel::Ambient;

    use super::*;
    use crate::departments::studio::tests::studio;

    #[test]
    fn what_was_not_asked_for_longest_is_forgotten_first() {
        let (ambient, departments) = (Ambient::system(), studio().departments().clone());
        let mut remembered = Remembered::default();
        let record = ambient.id::<EntityId>();
        let version = |n: i64| vec![(record, n)];
        let projects: Vec<ProjectId> = (0..=REMEMBERED).map(|_| ambient.id()).collect();
        for project in &projects[..REMEMBERED] {
            assert!(remembered.departments(*project, &version(1)).is_none());
            remembered.put(*project, version(1), departments.clone());
        }
        assert!(remembered.departments(projects[0], &version(1)).is_some());
        assert!(remembered.departments(projects[0], &version(2)).is_none(), "it has changed");
        remembered.put(projects[REMEMBERED], version(1), departments);
        assert!(remembered.departments(projects[0], &version(1)).is_some());
        assert!(remembered.departments(projects[1], &version(1)).is_none());
        assert_eq!(remembered.by_project.len(), REMEMBERED);
    }
}
