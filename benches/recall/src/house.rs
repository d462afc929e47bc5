//! A store for the time of a run, filled with records and facts.

use std::error::Error;

use kernel::{Ambient, EntityId, Role};
use serde_json::json;
use store::changes::{self, Draft, New, Write};
use store::facts::NewFact;
use store::{Options, Scope, Store, people, projects};
use wire::projects::ProjectType;
use wire::records::Origin;

/// Records that are written in one change.
const AT_ONCE: usize = 500;

/// A store in a folder that goes with it.
pub(crate) struct House {
    pub(crate) store: Store,
    ambient: Ambient,
    _folder: tempfile::TempDir,
}

/// A record that is to be written.
pub(crate) struct Draught {
    pub(crate) collection: &'static str,
    pub(crate) name: String,
    pub(crate) body: Option<String>,
    pub(crate) metadata: serde_json::Value,
}

impl House {
    pub(crate) async fn build() -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let ambient = Ambient::system();
        let store = Store::open(Options::sqlite(folder.path().join("recall.db")), ambient.clone()).await?;
        Ok(Self { store, ambient, _folder: folder })
    }

    /// A new project.
    pub(crate) async fn project(&self, title: &'static str) -> Result<Scope, Box<dyn Error>> {
        let scope = self
            .store
            .transact(move |tx| {
                let email = format!(
                    "{}@example.org",
                    title.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "-")
                );
                let person = people::create(tx, &email, "Reader", None, false)?.id;
                let project = projects::create(tx, person, title, ProjectType::Movie)?;
                Scope::admit(tx, person, project.id, Role::Editor)
            })
            .await?;
        Ok(scope)
    }

    /// Writes records, and gives their ids in the same order.
    pub(crate) async fn write(
        &self,
        scope: &Scope,
        records: Vec<Draught>,
    ) -> Result<Vec<EntityId>, Box<dyn Error>> {
        let mut ids = Vec::with_capacity(records.len());
        let mut writes: Vec<Write> = Vec::with_capacity(records.len());
        for record in records {
            let id = self.ambient.id();
            ids.push(id);
            writes.push(Write::Create(New {
                id,
                collection: record.collection.to_owned(),
                name: record.name,
                description: String::new(),
                metadata: record.metadata.as_object().cloned().unwrap_or_default(),
                body: record.body,
                position: None,
                origin: Origin::Import,
            }));
        }
        for part in writes.chunks(AT_ONCE) {
            let draft = Draft { summary: "Wrote".to_owned(), writes: part.to_vec(), ..Draft::default() };
            self.store.transact_in(scope, move |t| changes::apply(t, &draft)).await?;
        }
        Ok(ids)
    }

    /// Records that subjects stand in relationships to objects, with weights.
    pub(crate) async fn relate(
        &self,
        scope: &Scope,
        facts: &[(EntityId, &str, EntityId, f64)],
    ) -> Result<(), Box<dyn Error>> {
        for part in facts.chunks(2_000) {
            let facts = part.iter().map(|(subject, predicate, object, weight)| NewFact {
                subject: *subject,
                predicate: (*predicate).to_owned(),
                object: Some(*object),
                value: None,
                weight: Some(*weight),
                confidence: 1.0,
                origin: Origin::Import,
                source: None,
            });
            let draft = Draft { summary: "Related".to_owned(), facts: facts.collect(), ..Draft::default() };
            self.store.transact_in(scope, move |t| changes::apply(t, &draft)).await?;
        }
        Ok(())
    }
}

/// A record that has no text of its own.
pub(crate) fn named(collection: &'static str, name: &str) -> Draught {
    Draught { collection, name: name.to_owned(), body: None, metadata: json!({}) }
}
