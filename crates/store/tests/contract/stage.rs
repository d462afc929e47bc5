//! A store on a fresh database, and the few things that most tests begin with.

use std::sync::Arc;

use kernel::{Ambient, EntityId, ManualClock, PersonId, Role, SeededRandom, Timestamp};
use store::changes::{self, Applied, Draft, New, Write};
use store::facts::NewFact;
use store::{Scope, Store, people, projects};
use wire::projects::ProjectType;
use wire::records::{Metadata, Origin};

use crate::place::Place;

/// A store on a fresh database, with a clock that stands still.
pub(crate) struct Stage {
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ambient: Ambient,
    pub(crate) place: Place,
}

impl Stage {
    pub(crate) async fn on(place: Place) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(1_800_000_000_000)));
        let ambient = Ambient::new(clock.clone(), Arc::new(SeededRandom::new(7)));
        let store = Store::open(place.options(), ambient.clone()).await.unwrap();
        Self { store, clock, ambient, place }
    }

    pub(crate) async fn sqlite() -> Self {
        Self::on(Place::folder()).await
    }

    pub(crate) async fn postgres() -> Option<Self> {
        Some(Self::on(Place::server().await?).await)
    }

    pub(crate) async fn person(&self, name: &str) -> PersonId {
        let (email, name) = (format!("{name}@example.org"), name.to_owned());
        let made = self.store.transact(move |tx| people::create(tx, &email, &name, None, false)).await;
        made.unwrap().id
    }

    /// A project of `owner`'s, and their scope on it.
    pub(crate) async fn project(&self, owner: PersonId) -> Scope {
        let made = self.store.transact(move |tx| {
            let project = projects::create(tx, owner, "Tides", ProjectType::Movie)?;
            Scope::admit(tx, owner, project.id, Role::Owner)
        });
        made.await.unwrap()
    }

    /// Ada's project.
    pub(crate) async fn begun(&self) -> Scope {
        let ada = self.person("ada").await;
        self.project(ada).await
    }

    pub(crate) async fn apply(&self, scope: &Scope, draft: Draft) -> kernel::Result<Applied> {
        self.store.transact_in(scope, move |t| changes::apply(t, &draft)).await
    }

    pub(crate) fn new_entity(&self, collection: &str, name: &str) -> New {
        New {
            id: self.ambient.id(),
            collection: collection.into(),
            name: name.into(),
            description: String::new(),
            metadata: Metadata::new(),
            body: None,
            position: None,
            origin: Origin::Person,
        }
    }

    /// Makes an entity for each name, in one change.
    pub(crate) async fn make(&self, scope: &Scope, collection: &str, names: &[&str]) -> Vec<EntityId> {
        let writes = names.iter().map(|name| Write::Create(self.new_entity(collection, name))).collect();
        let applied = self.apply(scope, Draft { writes, ..Draft::default() }).await.unwrap();
        applied.records.iter().map(|record| record.id).collect()
    }
}

/// A relationship as tests need it.
pub(crate) fn fact(subject: EntityId, predicate: &str, object: EntityId) -> NewFact {
    NewFact {
        subject,
        predicate: predicate.into(),
        object: Some(object),
        value: None,
        weight: Some(1.5),
        confidence: 0.9,
        origin: Origin::Import,
        source: Some("page 3".into()),
    }
}
