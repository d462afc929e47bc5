//! Proposals kept in a store and decided on.

use std::sync::Arc;

use kernel::{Ambient, Code, Error, EventKind, ManualClock, Result, ReviewId, Role, SeededRandom, Timestamp};
use serde_json::{Value, json};
use store::{Options, Scope, Store, changes, entities, events, facts, people, projects};
use wire::imports::{Decision, ReviewState};
use wire::orchestrator::{
    EnrichmentLevel, IngestDecided, IngestDecisionRequest, IngestRequest, IngestResponse,
};
use wire::projects::ProjectType;
use wire::records::{Origin, Record};

use super::super::Ingest;
use super::film::FILM;
use crate::language::Language;

/// A server with one project, whose owner acts.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) scope: Scope,
    pub(crate) ingest: Ingest,
    pub(crate) language: Language,
    pub(crate) ambient: Ambient,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp(1_000_000)));
        let ambient = Ambient::new(clock, Arc::new(SeededRandom::new(7)));
        let options = Options::sqlite(folder.path().join("atelier.db"));
        let store = Store::open(options, ambient.clone()).await.unwrap();
        let scope = store
            .transact(|tx| {
                let ada = people::create(tx, "ada@example.org", "Ada", None, false)?;
                let project = projects::create(tx, ada.id, "Tides", ProjectType::Movie)?;
                Scope::admit(tx, ada.id, project.id, Role::Editor)
            })
            .await
            .unwrap();
        let language = Language::none();
        let ingest = Ingest::new(store.clone(), language.clone(), ambient.clone());
        Self { store, scope, ingest, language, ambient, _folder: folder }
    }

    pub(crate) fn request(&self, content: &str) -> IngestRequest {
        IngestRequest {
            content: content.to_owned(),
            project_id: self.scope.project(),
            suggested_type: None,
            auto_ingest: None,
            enrichment_level: None,
        }
    }

    pub(crate) async fn propose(&self, content: &str) -> IngestResponse {
        self.ingest.propose(&self.scope, &FILM, self.request(content)).await.unwrap()
    }

    pub(crate) async fn decide(&self, id: ReviewId, request: Value) -> Result<IngestDecided> {
        let request: IngestDecisionRequest = serde_json::from_value(request).unwrap();
        self.ingest.decide(&self.scope, &FILM, id, request).await
    }

    async fn add(&self, content: &str) -> IngestDecided {
        let id = self.propose(content).await.preview_id;
        self.decide(id, json!({ "decision": "ingest" })).await.unwrap()
    }

    async fn records(&self, collection: &'static str) -> Vec<Record> {
        self.store.read_in(&self.scope, move |t| entities::whole(t, collection)).await.unwrap()
    }

    /// The relationships of a record, as `subject predicate object`.
    async fn facts(&self, id: kernel::EntityId) -> Vec<String> {
        let told = self.store.read_in(&self.scope, move |t| {
            let mut told = Vec::new();
            for fact in facts::about(t, &[id])? {
                let object = fact.object.ok_or_else(|| Error::not_found("object"))?;
                let (subject, object) =
                    (entities::any(t, fact.subject)?.name, entities::any(t, object)?.name);
                told.push(format!("{subject} {} {object}", fact.predicate));
            }
            told.sort();
            Ok(told)
        });
        told.await.unwrap()
    }

    async fn events(&self) -> Vec<kernel::Event> {
        self.store.read_in(&self.scope, |t| events::after(t, 0, 500)).await.unwrap()
    }
}

const MARA: &str = "Mara Voss, a 34-year-old ferry captain, is Joss's sister. She lives at the Harbour.";

#[tokio::test]
async fn a_preview_saves_nothing_until_it_is_decided_on() {
    let world = World::new().await;
    let preview = world.propose(MARA).await;
    assert_eq!(preview.preview.entity_type, "character");
    assert_eq!(preview.preview.parsed_data["name"], "Mara Voss");
    assert_eq!((preview.read_by.as_str(), preview.departments_involved.len()), ("rules", 2));
    assert!(world.records("characters").await.is_empty());
    let again = world.ingest.get(&world.scope, &FILM, preview.preview_id).await.unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), serde_json::to_value(&preview).unwrap());
}

#[tokio::test]
async fn what_is_ingested_is_a_record_with_its_relationships_and_everyone_is_told_in_one_commit() {
    let world = World::new().await;
    world.add("type: character\nname: Joss").await;
    world.add("type: location\nname: Harbour").await;
    let decided = world.add(MARA).await;
    assert_eq!((decided.decided.state, decided.decided.created), (ReviewState::Ingested, 1));
    let id = decided.entity_id.unwrap();
    let characters = world.records("characters").await;
    let record = characters.iter().find(|record| record.id == id).unwrap();
    assert_eq!((record.name.as_str(), record.origin), ("Mara Voss", Origin::Ingest));
    assert_eq!(json!(record.metadata), json!({ "role": "ferry captain", "age": 34 }));
    assert_eq!(world.facts(id).await, ["Mara Voss lives_at Harbour", "Mara Voss sister_of Joss"]);
    let told = world.events().await;
    let last = told.last().unwrap();
    assert_eq!((last.kind, last.payload["level"].as_str()), (EventKind::Notification, Some("success")));
    assert!(last.payload["action"]["url"].as_str().unwrap().ends_with(&id.to_string()));
    let created = |event: &&kernel::Event| {
        event.kind == EventKind::EntityUpdated && event.payload["entityId"] == json!(id)
    };
    assert_eq!(told.iter().filter(created).count(), 1);
}

#[tokio::test]
async fn undo_takes_record_and_relationships_back() {
    let world = World::new().await;
    let joss = world.add("type: character\nname: Joss").await.entity_id.unwrap();
    let change = world.add(MARA).await.decided.change_id.unwrap();
    assert_eq!(world.facts(joss).await.len(), 1);
    world.store.transact_in(&world.scope, move |t| changes::undo(t, change)).await.unwrap();
    assert_eq!(world.records("characters").await.len(), 1);
    assert!(world.facts(joss).await.is_empty());
}

#[tokio::test]
async fn a_second_decision_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let id = world.propose(MARA).await.preview_id;
    let both = tokio::join!(
        world.decide(id, json!({ "decision": "ingest" })),
        world.decide(id, json!({ "decision": "ingest" }))
    );
    let codes: Vec<Option<Code>> =
        [both.0.err(), both.1.err()].iter().map(|error| error.as_ref().map(Error::code)).collect();
    assert!(codes.contains(&None) && codes.contains(&Some(Code::AlreadyDecided)), "{codes:?}");
    assert_eq!(world.records("characters").await.len(), 1);
    for decision in ["discard", "modify"] {
        let late = world
            .decide(
                id,
                json!({ "decision": decision, "changes": if decision == "modify" {
            json!({ "hair": "red" }) } else { Value::Null } }),
            )
            .await;
        assert_eq!(late.unwrap_err().code(), Code::AlreadyDecided, "{decision}");
    }
    let shown = world.ingest.get(&world.scope, &FILM, id).await.unwrap().decided.unwrap();
    assert_eq!((shown.state, shown.created, shown.changed), (ReviewState::Ingested, 1, 0));
}

#[tokio::test]
async fn what_is_discarded_is_never_saved() {
    let world = World::new().await;
    let id = world.propose(MARA).await.preview_id;
    let decided = world.decide(id, json!({ "decision": "discard" })).await.unwrap();
    assert_eq!((decided.decided.state, decided.entity_id), (ReviewState::Discarded, None));
    assert!(world.records("characters").await.is_empty());
}

#[tokio::test]
async fn a_modified_preview_is_weighed_again_and_then_saved_as_it_is_now() {
    let world = World::new().await;
    let preview = world.propose("age: 34\nrole: ferry captain\nhair: red").await;
    assert!(!preview.validation.is_valid);
    let refused = world.decide(preview.preview_id, json!({ "decision": "ingest" })).await.unwrap_err();
    assert_eq!(refused.code(), Code::ValidationError);
    let changes =
        json!({ "name": "Mara Voss", "age": "35", "hair": null, "description": "At sea since ten." });
    let modified =
        world.decide(preview.preview_id, json!({ "decision": "modify", "changes": changes })).await.unwrap();
    let now = modified.preview.unwrap();
    assert_eq!(modified.decided.state, ReviewState::Pending);
    assert!(now.validation.is_valid && now.quality_scores.overall > preview.quality_scores.overall);
    let saved = world.decide(preview.preview_id, json!({ "decision": "ingest" })).await.unwrap();
    let records = world.records("characters").await;
    assert_eq!(records[0].id, saved.entity_id.unwrap());
    assert_eq!(
        (records[0].name.as_str(), records[0].description.as_str()),
        ("Mara Voss", "At sea since ten.")
    );
    assert_eq!(json!(records[0].metadata), json!({ "age": 35, "role": "ferry captain" }));
}

#[tokio::test]
async fn a_change_that_does_not_fit_is_refused_by_its_path() {
    let world = World::new().await;
    let id = world.propose(MARA).await.preview_id;
    for (request, field) in [
        (json!({ "decision": "modify", "changes": { "age": "old" } }), "changes.age"),
        (json!({ "decision": "modify", "changes": { "name": " " } }), "changes.name"),
        (json!({ "decision": "modify", "changes": { "description": 5 } }), "changes.description"),
        (json!({ "decision": "modify" }), "changes"),
        (json!({ "decision": "ingest", "changes": { "age": 5 } }), "changes"),
        (json!({ "decision": "discard", "mergeInto": world.ambient.id::<kernel::EntityId>() }), "mergeInto"),
    ] {
        let error = world.decide(id, request).await.unwrap_err();
        assert_eq!(
            (error.code(), &error.details().unwrap()["field"]),
            (Code::ValidationError, &json!(field))
        );
    }
}

#[tokio::test]
async fn a_merge_adds_to_the_record_and_takes_nothing_away() {
    let world = World::new().await;
    world.add("type: character\nname: Joss").await;
    let first = world.add("name: Mara Voss\nage: 34\ntraits: brave\nrole: captain").await.entity_id.unwrap();
    let preview =
        world.propose("name: Mara Voss\nage: 34\ntraits: stubborn\nhair: red\nsister of: Joss").await;
    assert_eq!((preview.duplicates[0].id, preview.duplicates[0].advice.as_str()), (first, "merge"));
    let merged =
        world.decide(preview.preview_id, json!({ "decision": "ingest", "mergeInto": first })).await.unwrap();
    assert_eq!((merged.entity_id, merged.decided.created, merged.decided.changed), (Some(first), 0, 1));
    let records = world.records("characters").await;
    let mara = records.iter().find(|record| record.id == first).unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(
        json!(mara.metadata),
        json!({ "age": 34, "traits": ["brave", "stubborn"], "role": "captain", "hair": "red" })
    );
    assert_eq!(world.facts(first).await, ["Mara Voss sister_of Joss"]);
    let again = world.propose("name: Mara Voss\nsister of: Joss").await.preview_id;
    world.decide(again, json!({ "decision": "ingest", "mergeInto": first })).await.unwrap();
    assert_eq!(world.facts(first).await.len(), 1, "what is known is not said twice");
}

#[tokio::test]
async fn a_record_of_another_kind_cannot_be_merged_into_and_the_preview_stays_open() {
    let world = World::new().await;
    let harbour = world.add("type: location\nname: Harbour").await.entity_id.unwrap();
    let id = world.propose(MARA).await.preview_id;
    let error = world.decide(id, json!({ "decision": "ingest", "mergeInto": harbour })).await.unwrap_err();
    assert_eq!(error.code(), Code::ValidationError);
    assert!(world.decide(id, json!({ "decision": "ingest" })).await.is_ok());
}

#[tokio::test]
async fn only_what_is_asked_for_good_and_new_is_saved_without_a_decision() {
    let world = World::new().await;
    let automatic = |content: &str| IngestRequest { auto_ingest: Some(true), ..world.request(content) };
    let propose = async |content: &str| {
        world.ingest.propose(&world.scope, &FILM, automatic(content)).await.unwrap().decided.is_some()
    };
    assert!(world.propose(MARA).await.decided.is_none(), "not asked for");
    assert!(!propose("type: character\nname: Bob").await, "not good enough");
    assert!(propose(MARA).await);
    assert!(!propose(MARA).await, "there already");
    assert_eq!(world.records("characters").await.len(), 1);
}

#[tokio::test]
async fn records_of_one_text_that_are_saved_together_know_each_other_and_are_undone_as_one() {
    let world = World::new().await;
    let text = "Mara Voss, a 34-year-old captain, is Tom Bright's sister. Tom Bright is a 40-year-old cook. He has red hair.";
    let request = IngestRequest { auto_ingest: Some(true), ..world.request(text) };
    let response = world.ingest.propose(&world.scope, &FILM, request).await.unwrap();
    assert_eq!(response.others.len(), 1);
    let (first, second) = (response.decided.unwrap(), response.others[0].decided.clone().unwrap());
    assert_eq!((first.change_id, first.created), (second.change_id, 2));
    let records = world.records("characters").await;
    let mara = records.iter().find(|record| record.name == "Mara Voss").unwrap();
    assert_eq!(world.facts(mara.id).await, ["Mara Voss sister_of Tom Bright"]);
    let shown = world.ingest.get(&world.scope, &FILM, response.preview_id).await.unwrap();
    assert_eq!(shown.others[0].preview_id, response.others[0].preview_id);
    let change = first.change_id.unwrap();
    world.store.transact_in(&world.scope, move |t| changes::undo(t, change)).await.unwrap();
    assert!(world.records("characters").await.is_empty());
}

#[tokio::test]
async fn a_relationship_with_what_came_to_be_since_is_saved_too() {
    let world = World::new().await;
    let early = world.propose(MARA).await;
    assert!(early.preview.suggested_relationships.iter().all(|link| link.target_id.is_none()));
    world.add("type: character\nname: Joss").await;
    let id =
        world.decide(early.preview_id, json!({ "decision": "ingest" })).await.unwrap().entity_id.unwrap();
    assert_eq!(world.facts(id).await, ["Mara Voss sister_of Joss"]);
}

#[tokio::test]
async fn a_suggested_relationship_tells_what_its_target_is_once_it_is_there() {
    let world = World::new().await;
    world.add("type: location\nname: Harbour").await;
    let told = world.propose("Mara Voss, a captain, works at the Harbour and is Joss's sister.").await;
    let links = told.preview.suggested_relationships.iter();
    let kinds: Vec<_> = links.map(|link| (link.target.as_str(), link.target_type.as_deref())).collect();
    assert!(kinds.contains(&("Harbour", Some("location"))), "{kinds:?}");
    assert!(kinds.contains(&("Joss", None)), "{kinds:?}");
}

#[tokio::test]
async fn scenes_that_mention_a_name_are_found_by_the_text_index() {
    let world = World::new().await;
    world.add("number: 4\nname: INT. MILL - DAY\ndescription: Mara Voss hides the map.").await;
    world.add("number: 5\nname: EXT. QUAY - DAY\ndescription: Nobody is here; Mara is far away.").await;
    let links = |response: IngestResponse| -> Vec<String> {
        let links = response.preview.suggested_relationships.into_iter();
        links.map(|link| format!("{} {}", link.r#type, link.target)).collect()
    };
    let text = "Mara Voss is a 34-year-old ferry captain.";
    assert_eq!(links(world.propose(text).await), ["appears_in INT. MILL - DAY"]);
    let minimal = IngestRequest { enrichment_level: Some(EnrichmentLevel::Minimal), ..world.request(text) };
    assert!(links(world.ingest.propose(&world.scope, &FILM, minimal).await.unwrap()).is_empty());
}

#[tokio::test]
async fn a_request_for_another_project_or_of_an_unknown_type_is_refused() {
    let world = World::new().await;
    let elsewhere = IngestRequest { project_id: world.ambient.id(), ..world.request(MARA) };
    let error = world.ingest.propose(&world.scope, &FILM, elsewhere).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    let unknown = IngestRequest { suggested_type: Some("spaceship".into()), ..world.request(MARA) };
    let error = world.ingest.propose(&world.scope, &FILM, unknown).await.unwrap_err();
    assert_eq!(
        (error.code(), &error.details().unwrap()["field"]),
        (Code::ValidationError, &json!("suggestedType"))
    );
    let blank = world.ingest.propose(&world.scope, &FILM, world.request(" \n")).await.unwrap_err();
    assert_eq!(blank.code(), Code::ValidationError);
}

#[tokio::test]
async fn a_project_sees_nothing_of_anothers_previews() {
    let world = World::new().await;
    let id = world.propose(MARA).await.preview_id;
    let actor = world.scope.actor().unwrap();
    let other = world
        .store
        .transact(move |tx| {
            let project = projects::create(tx, actor, "Other", ProjectType::Movie)?;
            Scope::admit(tx, actor, project.id, Role::Owner)
        })
        .await
        .unwrap();
    assert_eq!(world.ingest.get(&other, &FILM, id).await.unwrap_err().code(), Code::NotFound);
    let request = IngestDecisionRequest { decision: Decision::Ingest, changes: None, merge_into: None };
    let error = world.ingest.decide(&other, &FILM, id, request).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}
