//! A store in a temporary folder, with a person who owns a project.

use std::collections::HashMap;

use kernel::{Ambient, PersonId, ProjectId, Role};
use store::{Options, Scope, Store, Tenant, entities, facts, people, projects};
use studios::film::imports;
use wire::imports::{Decision, DecisionRequest, Import, ImportDecided};
use wire::projects::ProjectType;
use wire::records::Record;

pub(crate) struct Studio {
    pub(crate) store: Store,
    pub(crate) scope: Scope,
    pub(crate) person: PersonId,
    _folder: tempfile::TempDir,
}

impl Studio {
    pub(crate) async fn open(kind: ProjectType) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::sqlite(folder.path().join("atelier.db"));
        let store = Store::open(options, Ambient::system()).await.unwrap();
        let (person, scope) = store
            .transact(move |tx| {
                let person = people::create(tx, "ada@example.org", "Ada", None, true)?.id;
                let project = projects::create(tx, person, "Tides", kind)?;
                Ok((person, Scope::admit(tx, person, project.id, Role::Owner)?))
            })
            .await
            .unwrap();
        Self { store, scope, person, _folder: folder }
    }

    /// Another person who edits the project.
    pub(crate) async fn admit(&self, project: ProjectId) -> Scope {
        let person = self.person;
        self.store.transact(move |tx| Scope::admit(tx, person, project, Role::Owner)).await.unwrap()
    }

    pub(crate) async fn propose(&self, filename: &str, content: &str) -> Import {
        imports::propose(&self.store, &self.scope, filename, content.as_bytes().to_vec()).await.unwrap()
    }

    pub(crate) async fn decide(&self, import: &Import, decision: Decision) -> kernel::Result<ImportDecided> {
        let request = DecisionRequest { decision, modifications: None };
        imports::decide(&self.store, &self.scope, import.import_id, request).await
    }

    pub(crate) async fn import(&self, filename: &str, content: &str) -> ImportDecided {
        let import = self.propose(filename, content).await;
        self.decide(&import, Decision::Ingest).await.unwrap()
    }

    pub(crate) async fn records(&self, collection: &'static str) -> Vec<Record> {
        self.store.read_in(&self.scope, move |t| entities::whole(t, collection)).await.unwrap()
    }

    /// The relationships that hold, by the names of their ends and the scenes' places, in no order of their own.
    pub(crate) async fn facts(&self) -> Vec<String> {
        let told = |t: &mut Tenant<'_, '_>| {
            let mut names = HashMap::new();
            for collection in ["scenes", "characters", "locations"] {
                for (at, record) in entities::whole(t, collection)?.into_iter().enumerate() {
                    let place = if collection == "scenes" { at } else { 0 };
                    names.insert(record.id, format!("{} {place}", record.name));
                }
            }
            let facts = facts::with(t, &["appears_in", "speaks_in", "set_in"])?;
            let told = facts.into_iter().map(|fact| {
                let (subject, object) = (&names[&fact.subject], &names[&fact.object.unwrap()]);
                format!("{subject} {} {object} {:?}", fact.predicate, fact.weight)
            });
            let mut told: Vec<String> = told.collect();
            told.sort();
            Ok(told)
        };
        self.store.read_in(&self.scope, told).await.unwrap()
    }

    pub(crate) async fn names(&self, collection: &'static str) -> Vec<String> {
        self.records(collection).await.into_iter().map(|record| record.name).collect()
    }
}

/// A film of three scenes.
pub(crate) const TIDES: &str = "Title: Tides

FADE IN:

INT. BOATHOUSE - DAY

MARA (34) mends a NET.

MARA
Low water at nine.

EXT. HARBOUR - PIER - NIGHT

Mara waits. JOSS comes with a LANTERN. A BELL rings.

JOSS
You came. I did not think that you would.

MARA (CONT'D)
(quietly)
I live here.

INT. LIGHTHOUSE - CONTINUOUS

The LAMP turns.

QUILL (V.O.)
All clear.
";
