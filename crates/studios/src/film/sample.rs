//! The sample project: a short film, made by the way that every import takes.

use kernel::{PersonId, Result, Role};
use store::{Scope, Store, Tenant, projects};
use wire::projects::{Project, ProjectType};

use super::import::{State, prepare, read};
use super::{SAMPLE, imports};

/// Makes "The Last Ferry" for a person, who owns it: all of it, or nothing.
///
/// # Errors
/// When the database fails.
pub async fn sample_project(store: &Store, person: PersonId) -> Result<Project> {
    let prepared = tokio::task::spawn_blocking(|| {
        let reading = read("the-last-ferry.fountain", SAMPLE.as_bytes())?;
        Ok::<_, kernel::Error>(prepare(reading, &State::empty(ProjectType::Movie)))
    });
    let prepared = prepared.await.map_err(kernel::Error::internal)??;
    store
        .transact(move |tx| {
            let project = projects::create(tx, person, prepared.title(), ProjectType::Movie)?;
            let scope = Scope::admit(tx, person, project.id, Role::Owner)?;
            let mut t = Tenant::new(tx, scope);
            imports::save(&mut t, &prepared)?;
            projects::get(&mut t)
        })
        .await
}
