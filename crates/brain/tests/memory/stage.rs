//! A small film in a store of its own, and the words that people use for it.

use std::sync::Arc;

use brain::Brain;
use brain::lexicon::{Attribute, Collection, Lexicon, Measure, MeasureBy, NamedBy, Relation};
use kernel::{Ambient, EntityId, ManualClock, PersonId, Role, SeededRandom, Timestamp};
use serde_json::{Value, json};
use store::changes::{self, Draft, New, Write};
use store::facts::NewFact;
use store::{Options, Scope, Store, people, projects};
use wire::orchestrator::{QueryFilters, QueryResponse};
use wire::projects::ProjectType;
use wire::records::Origin;

/// Scenes, characters and locations; a collection `screenplays` is not among them.
pub(crate) static LEXICON: Lexicon = Lexicon {
    collections: &[
        Collection {
            name: "scenes",
            singular: "scene",
            words: &["scene", "scenes"],
            named_by: NamedBy::Number,
        },
        Collection {
            name: "characters",
            singular: "character",
            words: &["who", "character", "characters"],
            named_by: NamedBy::Words,
        },
        Collection {
            name: "locations",
            singular: "location",
            words: &["where", "location", "locations"],
            named_by: NamedBy::Words,
        },
    ],
    hub: "scenes",
    prose: str::to_owned,
    relations: &[
        Relation { predicate: "appears_in", with: "characters", from_hub: false },
        Relation { predicate: "set_in", with: "locations", from_hub: true },
    ],
    measures: &[Measure {
        of: "characters",
        by: MeasureBy::Weight("speaks_in"),
        words: &["dialogue", "lines", "words"],
        unit: ("word", "words"),
    }],
    attributes: &[Attribute { field: "timeOfDay", values: &[("night", &["night"]), ("day", &["day"])] }],
};

/// A store with one project.
pub(crate) struct Stage {
    pub(crate) store: Store,
    pub(crate) brain: Brain,
    pub(crate) scope: Scope,
    pub(crate) ambient: Ambient,
    pub(crate) clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// An empty project.
    pub(crate) async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp(1_800_000_000_000)));
        let ambient = Ambient::new(clock.clone(), Arc::new(SeededRandom::new(7)));
        let options = Options::sqlite(folder.path().join("brain.db"));
        let store = Store::open(options, ambient.clone()).await.unwrap();
        let scope = project(&store, "ada@example.org").await;
        Self { brain: Brain::new(store.clone()), store, scope, ambient, clock, _folder: folder }
    }

    /// Writes records, and gives their ids.
    pub(crate) async fn write(&self, records: &[(&str, &str, &str, Value)]) -> Vec<EntityId> {
        self.write_in(&self.scope, records).await
    }

    /// Writes records into another project of the same store.
    pub(crate) async fn write_in(
        &self,
        scope: &Scope,
        records: &[(&str, &str, &str, Value)],
    ) -> Vec<EntityId> {
        let writes: Vec<Write> = records
            .iter()
            .map(|(collection, name, body, metadata)| {
                Write::Create(New {
                    id: self.ambient.id(),
                    collection: (*collection).to_owned(),
                    name: (*name).to_owned(),
                    description: String::new(),
                    metadata: metadata.as_object().cloned().unwrap_or_default(),
                    body: (!body.is_empty()).then(|| (*body).to_owned()),
                    position: None,
                    origin: Origin::Import,
                })
            })
            .collect();
        let draft = Draft { summary: "Wrote".to_owned(), writes, ..Draft::default() };
        let applied = self.store.transact_in(scope, move |t| changes::apply(t, &draft)).await.unwrap();
        applied.records.iter().map(|record| record.id).collect()
    }

    /// Puts a record into the bin.
    pub(crate) async fn remove(&self, id: EntityId) {
        let draft =
            Draft { summary: "Removed".to_owned(), writes: vec![Write::Remove(id)], ..Draft::default() };
        self.store.transact_in(&self.scope, move |t| changes::apply(t, &draft)).await.unwrap();
    }

    /// Says that records stand in a relationship.
    pub(crate) async fn relate(&self, facts: &[(EntityId, &str, EntityId, f64)]) {
        let facts = facts
            .iter()
            .map(|(subject, predicate, object, weight)| NewFact {
                subject: *subject,
                predicate: (*predicate).to_owned(),
                object: Some(*object),
                value: None,
                weight: Some(*weight),
                confidence: 1.0,
                origin: Origin::Import,
                source: None,
            })
            .collect();
        let draft = Draft { summary: "Related".to_owned(), facts, ..Draft::default() };
        self.store.transact_in(&self.scope, move |t| changes::apply(t, &draft)).await.unwrap();
    }

    /// Asks the project.
    pub(crate) async fn ask(&self, question: &str) -> Asked {
        let filters = QueryFilters::default();
        Asked(self.brain.query(&self.scope, &LEXICON, question, filters, 20).await.unwrap())
    }

    /// What a search of the palette finds: names.
    pub(crate) async fn search(&self, words: &str) -> Vec<String> {
        let found = self.brain.search(&self.scope, &LEXICON, words, 10).await.unwrap();
        found.hits.into_iter().map(|hit| hit.name).collect()
    }
}

/// What came of a question.
pub(crate) struct Asked(pub(crate) QueryResponse);

impl Asked {
    pub(crate) fn titles(&self) -> Vec<&str> {
        self.0.results.iter().map(|result| result.title.as_str()).collect()
    }

    pub(crate) fn arms(&self) -> &[String] {
        &self.0.arms
    }
}

/// A new project of a new person.
pub(crate) async fn project(store: &Store, email: &'static str) -> Scope {
    store
        .transact(move |tx| {
            let person: PersonId = people::create(tx, email, "Ada", None, false)?.id;
            let project = projects::create(tx, person, "Tides", ProjectType::Movie)?;
            Scope::admit(tx, person, project.id, Role::Editor)
        })
        .await
        .unwrap()
}

/// No attributes.
pub(crate) fn plain() -> Value {
    json!({})
}
